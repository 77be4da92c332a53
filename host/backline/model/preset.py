"""The preset document: nodes, wires, macros, controls, zones and modulation as plain typed data.

This module knows what a preset may say and how its parts refer to each other by name. It does not know YAML, files, plugins
or audio: parameter values stay the text that was written, since only a parameter knows its own type and unit.

Words: an `End` is one end of a wire (a node, or one of the graph's own ends `in`, `midi`, `out`), a `Target` is a parameter
of a node or a macro, a `Range` is what a macro or control sweeps a target through.

The parts are dataclasses that pydantic understands (see `backline.model.validation`); importing pydantic itself takes longer
than all else that a preset needs to sound, so it is left to those who validate foreign data or want a JSON Schema.
"""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any, Literal, TypeVar

PRESET_VERSION = 1

INPUT = "in"
EVENTS = "midi"
OUTPUT = "out"
RESERVED_NAMES = (INPUT, EVENTS, OUTPUT)
NODE_KEYS = ("plugin", "rack", "params", "state", "bypass", "mix", "channels", "host")

Curve = Literal["linear", "log", "db"]
Host = Literal["auto", "pedalboard", "minihost"]
ModulationRate = Literal["audio", "control"]
GestureKind = Literal["cc", "bend", "pressure", "note", "program"]

Part = TypeVar("Part")


def _closed(part: type[Part]) -> type[Part]:
    """Let pydantic refuse names that a part does not have."""
    part.__pydantic_config__ = {"extra": "forbid"}  # type: ignore[attr-defined]
    return part


def _says(description: str, **limits: Any) -> dict[str, Any]:
    """Return the metadata of a field: what it means, and the limits that pydantic and the JSON Schema take from it."""
    return {"description": description, **limits}


@_closed
@dataclass(frozen=True, slots=True)
class End:
    """One end of a wire: a node's port (None: its main one), or the graph's `in`, `midi`, `out` (port: `out:NAME`)."""

    node: str
    port: str | None = None

    def __str__(self) -> str:
        if self.port is None:
            return self.node
        return f"{self.node}:{self.port}" if self.node == OUTPUT else f"{self.node}.{self.port}"


@_closed
@dataclass(frozen=True, slots=True)
class Target:
    """A parameter of a node; with `node` None it is the macro called `parameter`."""

    node: str | None
    parameter: str

    def __str__(self) -> str:
        return self.parameter if self.node is None else f"{self.node}.{self.parameter}"


@_closed
@dataclass(frozen=True, slots=True)
class Range:
    """What a knob sweeps a target through, as texts in the target's own unit; without a curve the target's own one holds."""

    low: str
    high: str
    curve: Curve | None = None

    def __str__(self) -> str:
        # The comma keeps "0.5, db" (a curve) apart from "0.5 db" (a unit).
        curve = {None: "", "db": ", db"}.get(self.curve, f" {self.curve}")
        return f"{self.low} .. {self.high}{curve}"


@_closed
@dataclass(frozen=True, slots=True)
class Wire:
    """One hop from a source to a target. `gain_db` is None when the wire says nothing about gain."""

    source: End
    target: End
    gain_db: float | None = None


@_closed
@dataclass(frozen=True, slots=True)
class Modulation:
    """A modulator's signal added to a parameter. `depth` is text ("2 oct", "35 %", "500 Hz"), `rate` None lets the host choose."""

    source: End
    target: Target
    depth: str
    rate: ModulationRate | None = None


@_closed
@dataclass(frozen=True, slots=True)
class Gesture:
    """What a player moves. `number` is the controller or key 0..127, `channel` is 1..16 as players count (None: any)."""

    kind: GestureKind
    number: int | None = field(default=None, metadata=_says("The controller or key.", ge=0, le=127))
    channel: int | None = field(default=None, metadata=_says("The MIDI channel; any when left out.", ge=1, le=16))


@_closed
@dataclass(frozen=True, slots=True)
class Control:
    """A gesture that drives a macro or a parameter; `range` None means all of the target's own range."""

    source: Gesture
    target: Target
    range: Range | None = None


@_closed
@dataclass
class Macro:
    """One named knob over several parameters."""

    default: float = field(default=0.0, metadata=_says("Where the knob stands at first, such as `40 %`.", ge=0.0, le=1.0))
    to: dict[str, Range] = field(
        default_factory=dict,
        metadata=_says("The parameters it drives, `node.parameter`, each with a range `LOW .. HIGH` and, if wanted, a curve."),
    )

    def targets(self) -> list[tuple[Target, Range]]:
        """Return what the knob drives, in written order."""
        return [(split_target(name), span) for name, span in self.to.items()]


@_closed
@dataclass
class Zone:
    """A part of the keyboard that event wires may run through: `midi -> low -> bass`."""

    keys: tuple[int, int] = field(default=(0, 127), metadata=_says("Lowest and highest key that pass, such as `C0 .. B3`."))
    velocity: tuple[int, int] = field(default=(1, 127), metadata=_says("Softest and hardest velocity that pass, such as `1 .. 90`."))
    channels: tuple[int, ...] = field(default=(), metadata=_says("The MIDI channels, 1 to 16, that pass; all when left out."))
    transpose: int = field(default=0, metadata=_says("Whole semitones added to each key, such as `-12 st`.", ge=-127, le=127))


@_closed
@dataclass(frozen=True, slots=True)
class Requirement:
    """A plugin, package or Backline itself that must be there; `versions` are comparisons such as ">=1.2", all of which hold."""

    name: str
    versions: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.versions:
            return self.name
        numbers = [version.lstrip("<>=!~") for version in self.versions]
        spaced = [version.removesuffix(number) + " " + number for version, number in zip(self.versions, numbers, strict=True)]
        return f"{self.name} {', '.join(spaced)}"


@_closed
@dataclass
class Node:
    """One plugin, or one nested rack, under a name.

    `values` are the parameters by id and `settings` the lists and mappings (a sampler's `map`), both exactly as written: in
    YAML they stand beside the keys below. Every scalar is text. `plugin` is empty where there is a `rack`.
    """

    plugin: str = field(default="", metadata=_says("Which plugin: an id, `pedalboard.NAME`, `vst3:NAME`, `au:NAME` or `lv2:NAME`."))
    rack: str | None = field(
        default=None, metadata=_says("Instead of a plugin: another preset file, whose macros are the node's parameters.")
    )
    values: dict[str, str] = field(default_factory=dict)
    settings: dict[str, Any] = field(default_factory=dict)
    params: dict[str, str] = field(default_factory=dict, metadata=_says("Parameters whose names are odd or taken, by their own names."))
    state: str | None = field(default=None, metadata=_says("A saved state beside the preset, such as a `.vstpreset` file."))
    bypass: bool = field(default=False, metadata=_says("`on` lets the input pass unchanged."))
    mix: str | None = field(default=None, metadata=_says("How much of the result is heard beside the input, such as `30 %`."))
    channels: int | None = field(default=None, metadata=_says("How many audio channels the node has.", ge=1, le=64))
    host: Host | None = field(
        default=None, metadata=_says("Which backend hosts a VST3, AU or LV2 plugin: `auto`, `pedalboard` or `minihost`.")
    )

    def __post_init__(self) -> None:
        if bool(self.plugin) == (self.rack is not None):
            raise ValueError("a node needs either a plugin or a rack")
        taken = [key for key in (*self.values, *self.settings) if key in NODE_KEYS]
        if taken:
            raise ValueError(f"{taken[0]} is a key of the node itself; put the parameter under params")


@_closed
@dataclass
class Preset:
    """A whole preset. `wires` and `feedback` are single hops: a chain `a -> b -> c` is two of them."""

    preset: Literal[1] = field(default=1, metadata=_says("The format version, 1."))
    name: str = field(default="", metadata=_says("What the preset is called."))
    description: str = field(default="", metadata=_says("What it is for."))
    author: str = field(default="", metadata=_says("Who made it."))
    tags: list[str] = field(default_factory=list, metadata=_says("Words to find it by."))
    requires: list[Requirement] = field(
        default_factory=list, metadata=_says("Plugins, packages and versions it needs, such as `backline >= 0.1`.")
    )
    nodes: dict[str, Node] = field(default_factory=dict, metadata=_says("The plugins, each under a name."))
    wires: list[Wire] = field(default_factory=list, metadata=_says("What is connected, such as `midi -> keys -> out [-3 dB]`."))
    feedback: list[Wire] = field(default_factory=list, metadata=_says("Wires that lead back; each is one block late."))
    modulation: list[Modulation] = field(
        default_factory=list, metadata=_says("Modulators on parameters, such as `lfo -> keys.cutoff [2 oct]`.")
    )
    macros: dict[str, Macro] = field(default_factory=dict, metadata=_says("Named knobs that drive several parameters."))
    controls: list[Control] = field(default_factory=list, metadata=_says("What MIDI gestures drive, such as `cc 74 -> brightness`."))
    zones: dict[str, Zone] = field(default_factory=dict, metadata=_says("Parts of the keyboard for event wires."))


PRESET_KEYS = tuple(part.name for part in fields(Preset))
MACRO_KEYS = tuple(part.name for part in fields(Macro))
ZONE_KEYS = tuple(part.name for part in fields(Zone))


def split_target(text: str) -> Target:
    """Return the target that "node.parameter" or "macro" names."""
    node, dot, parameter = text.partition(".")
    return Target(node, parameter) if dot else Target(None, node)
