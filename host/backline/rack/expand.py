"""Lay a preset out flat: nested racks become nodes with a path for a name (`lead/keys`), their ends become buses.

This module knows preset documents and how racks nest. It does not know plugins or audio.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

from backline.formats.document import Path as DocumentPath
from backline.formats.errors import DocumentError, Problem
from backline.formats.paths import PathError, resolve_beside
from backline.formats.preset_file import LoadedPreset, load_preset
from backline.model import EVENTS, INPUT, OUTPUT, Control, End, Macro, Modulation, Node, Target, Wire, Zone

DEEPEST = 8


@dataclass(frozen=True)
class Origin:
    """Where in which document something was written."""

    document: LoadedPreset
    path: DocumentPath

    def below(self, *more: str | int) -> Origin:
        """A part of this part."""
        return Origin(self.document, (*self.path, *more))


class Problems:
    """Problems of one or several documents, gathered so that all are shown at once."""

    def __init__(self) -> None:
        self._found: dict[str, tuple[LoadedPreset, list[Problem]]] = {}

    def add(self, origin: Origin, message: str, hint: str | None = None, *, key: bool = False) -> None:
        """Note one problem; with `key` its place is the key, not the value."""
        problem = origin.document.problem(origin.path, message, hint, part="key" if key else "value")
        self._found.setdefault(origin.document.name, (origin.document, []))[1].append(problem)

    def __bool__(self) -> bool:
        return bool(self._found)

    def all(self) -> list[Problem]:
        """Every problem so far, document by document, from top to bottom."""
        found: list[Problem] = []
        for _, problems in self._found.values():
            found += sorted(problems, key=lambda problem: (problem.place.line, problem.place.column))
        return found

    def stop(self) -> None:
        """Raise what was found, if anything was: the problems of every document."""
        errors = [document.error(problems) for document, problems in self._found.values()]
        if errors:
            raise DocumentError(errors[0].problems, errors[0].source_text, errors[1:])


@dataclass(frozen=True)
class FlatWire:
    """One hop between flat names. `source` and `target` may name a nested rack itself; its ends are chosen by what flows."""

    source: End
    target: End
    gain_db: float
    origin: Origin


@dataclass
class FlatNode:
    """One plugin under its flat name."""

    name: str
    node: Node
    origin: Origin


@dataclass
class FlatMacro:
    """A macro under its flat name; its targets are flat too."""

    name: str
    macro: Macro
    prefix: str
    origin: Origin


@dataclass
class Flat:
    """A preset with all its nested racks laid out."""

    document: LoadedPreset
    documents: list[LoadedPreset] = field(default_factory=list)
    nodes: dict[str, FlatNode] = field(default_factory=dict)
    racks: dict[str, FlatNode] = field(default_factory=dict)
    buses: dict[str, Origin] = field(default_factory=dict)
    zones: dict[str, tuple[Zone, Origin]] = field(default_factory=dict)
    wires: list[FlatWire] = field(default_factory=list)
    feedback: list[FlatWire] = field(default_factory=list)
    modulation: list[tuple[Modulation, str, Origin]] = field(default_factory=list)
    macros: dict[str, FlatMacro] = field(default_factory=dict)
    controls: list[tuple[Control, str, Origin]] = field(default_factory=list)

    def is_rack(self, name: str) -> bool:
        """Whether a flat name is that of a nested rack."""
        return name in self.racks

    def target(self, target: Target, prefix: str) -> Target:
        """A target of a document as a flat one: macros of nested racks are targets without a node."""
        if target.node is None:
            return Target(None, prefix + target.parameter)
        name = prefix + target.node
        return Target(None, f"{name}/{target.parameter}") if self.is_rack(name) else Target(name, target.parameter)


Loader = Callable[[Path], LoadedPreset]


def expand(document: LoadedPreset, problems: Problems, load: Loader = load_preset) -> Flat:
    """Lay out a preset and the racks nested in it. Problems (missing files, racks inside themselves) go to `problems`."""
    flat = Flat(document)
    _expand_into(flat, document, "", problems, load, ())
    return flat


def _expand_into(flat: Flat, document: LoadedPreset, prefix: str, problems: Problems, load: Loader, parents: tuple[Path, ...]) -> None:
    preset = document.preset
    if all(other.path != document.path for other in flat.documents):
        flat.documents.append(document)
    flat.buses[prefix + INPUT] = flat.buses[prefix + EVENTS] = flat.buses[prefix + OUTPUT] = Origin(document, ("wires",))
    for name, node in preset.nodes.items():
        origin = Origin(document, ("nodes", name))
        if node.rack is None:
            flat.nodes[prefix + name] = FlatNode(prefix + name, node, origin)
        else:
            flat.racks[prefix + name] = FlatNode(prefix + name, node, origin)
            _nest(flat, node.rack, prefix + name, origin, problems, load, parents)
    for name, zone in preset.zones.items():
        flat.zones[prefix + name] = (zone, Origin(document, ("zones", name)))
    for part, wires, kept in (("wires", preset.wires, flat.wires), ("feedback", preset.feedback, flat.feedback)):
        kept.extend(_flat_wire(wire, prefix, Origin(document, (part, index)), flat) for index, wire in enumerate(wires))
    for index, modulation in enumerate(preset.modulation):
        flat.modulation.append((modulation, prefix, Origin(document, ("modulation", index))))
    for name, macro in preset.macros.items():
        flat.macros[prefix + name] = FlatMacro(prefix + name, macro, prefix, Origin(document, ("macros", name)))
    for index, control in enumerate(preset.controls):
        flat.controls.append((control, prefix, Origin(document, ("controls", index))))


def _flat_wire(wire: Wire, prefix: str, origin: Origin, flat: Flat) -> FlatWire:
    def end(item: End) -> End:
        if item.node == OUTPUT and item.port:
            flat.buses.setdefault(f"{prefix}{OUTPUT}:{item.port}", origin)
            return End(f"{prefix}{OUTPUT}:{item.port}")
        return End(prefix + item.node, item.port)

    return FlatWire(end(wire.source), end(wire.target), wire.gain_db or 0.0, origin)


def _nest(flat: Flat, rack: str, name: str, origin: Origin, problems: Problems, load: Loader, parents: tuple[Path, ...]) -> None:
    where = origin.below("rack")
    if origin.document.path is None:
        problems.add(where, f"{name} is a nested rack, but this preset is not a file, so there is nothing to look beside")
        return
    try:
        path = resolve_beside(origin.document.path, rack)
        if path in parents or path == origin.document.path.resolve():
            problems.add(where, f"{rack} contains itself: a rack cannot be nested in itself")
            return
        if len(parents) >= DEEPEST:
            problems.add(where, f"racks are nested more than {DEEPEST} deep")
            return
        child = load(path)
    except PathError as error:
        problems.add(where, str(error))
        return
    except OSError as error:
        problems.add(where, f"cannot read {rack}: {error.strerror or error}")
        return
    except DocumentError as error:
        problems.add(where, f"{rack} has problems of its own:\n{error}")
        return
    _expand_into(flat, child, f"{name}/", problems, load, (*parents, origin.document.path.resolve()))
