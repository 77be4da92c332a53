"""The tree of a preset file -> the preset, with every problem that the document alone can show.

This module knows what a preset may say. It does not know plugins: whether a parameter exists, takes such a value, or fits
such a wire is the rack's to say, at the places that are marked here.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any, get_args

from backline.formats.document import MOST_ENTRIES, Source
from backline.formats.errors import quoted
from backline.formats.knob_reader import KnobReader
from backline.formats.paths import PathError, check_relative
from backline.formats.preset_names import PresetNames
from backline.formats.small_texts import (
    TextError,
    parse_requirement,
)
from backline.formats.wires import Hop, parse_wire
from backline.formats.yaml_reader import Mapping, Refused, Scalar, Tree, plain_value
from backline.model.preset import (
    NODE_KEYS,
    PRESET_KEYS,
    RESERVED_NAMES,
    Host,
    Node,
    Preset,
    Requirement,
    Wire,
)

SWITCH = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}


class PresetReader:
    """Reads one preset; problems and places gather in `source`."""

    def __init__(self, root: Mapping, source: Source) -> None:
        self.root = root
        self.source = source
        self.names = PresetNames(root, source)
        knobs = KnobReader(self.names)
        self._sections: dict[str, Callable[[Tree], Any]] = {
            "name": partial(self.names.text, what="name"),
            "description": partial(self.names.text, what="description"),
            "author": partial(self.names.text, what="author"),
            "tags": self._read_tags,
            "requires": self._read_requires,
            "nodes": self._read_nodes,
            "wires": self._read_wires,
            "feedback": self._read_feedback,
            "modulation": knobs.read_modulation,
            "macros": knobs.read_macros,
            "controls": knobs.read_controls,
            "zones": knobs.read_zones,
        }

    def read(self) -> Preset:
        """Return the preset. What is wrong is in `source.problems`; then the preset is not whole."""
        source, root = self.source, self.root
        source.check_keys(root, PRESET_KEYS, "a preset")
        values: dict[str, Any] = {}
        for name, key, value in root.items():
            source.mark((name,), value, key)
            read = self._sections.get(name)
            if read is not None:
                values[name] = read(value)
        return Preset(**values)

    def _read_tags(self, value: Tree) -> list[str]:
        tags: list[str] = []
        items = self.source.sequence(value, "tags", "write [keys, warm]")
        for index, item in enumerate(items.items if items else ()):
            scalar = self.source.scalar(item, "a tag")
            if scalar is None:
                continue
            self.source.mark(("tags", index), scalar)
            if scalar.value in tags:
                self.source.note(scalar, f"the tag {quoted(scalar.value)} is there twice")
            tags.append(scalar.value)
        return tags

    def _read_requires(self, value: Tree) -> list[Requirement]:
        requirements = []
        for index, scalar in self.names.texts(value, "requires"):
            self.source.mark(("requires", index), scalar)
            try:
                requirements.append(parse_requirement(scalar.value))
            except TextError as error:
                self.source.note_text(scalar, error)
        return requirements

    def _read_nodes(self, value: Tree) -> dict[str, Node]:
        nodes = {}
        mapping = self.source.mapping(value, "nodes")
        for name, key, body in mapping.items() if mapping else ():
            self.names.check_name(key, "node")
            self.source.mark(("nodes", name), body, key)
            fields = self.source.mapping(body, quoted(name), _node_hint(name, body))
            if fields is not None:
                nodes[name] = self._read_node(name, key, fields)
        return nodes

    def _read_node(self, name: str, key: Scalar, fields: Mapping) -> Node:
        node: dict[str, Any] = {"values": {}, "params": {}, "settings": {}}
        for field, field_key, value in fields.items():
            self.source.mark(("nodes", name, field), value, field_key)
            if field == "params":
                node["params"] = self._read_params(name, value)
            elif field in NODE_KEYS:
                scalar = self.source.scalar(value, f"{name}.{field}")
                node[field] = self._read_node_key(field, scalar) if scalar else None
            elif isinstance(value, Scalar):
                if self.source.scalar(value, f"{name}.{field}"):
                    node["values"][field] = value.value
            elif not isinstance(value, Refused):
                self._mark_inside(("nodes", name, field), value)
                node["settings"][field] = plain_value(value)
        self._check_node(name, key, fields, node)
        if node.get("rack") is None and not node.get("plugin"):
            node["plugin"] = "?"  # was reported; the rest of the document is still read
        return Node(**{field: value for field, value in node.items() if value is not None})

    def _read_params(self, name: str, value: Tree) -> dict[str, str]:
        params: dict[str, str] = {}
        mapping = self.source.mapping(value, f"{name}.params")
        for parameter, key, setting in mapping.items() if mapping else ():
            self.source.mark(("nodes", name, "params", parameter), setting, key)
            scalar = self.source.scalar(setting, f"{name}.params.{parameter}")
            if scalar:
                params[parameter] = scalar.value
        return params

    def _read_node_key(self, field: str, scalar: Scalar) -> Any:
        """Read one of the keys that every node has; None where it is wrong."""
        if field == "bypass":
            return self._switch(scalar)
        if field == "host":
            return self.source.choice(scalar, get_args(Host), "host")
        if field == "channels":
            if scalar.value.isascii() and scalar.value.isdigit() and 1 <= int(scalar.value[:9]) <= 64:
                return int(scalar.value)
            self.source.note(scalar, f"channels is a number from 1 to 64, not {quoted(scalar.value)}")
            return None
        if field == "mix":
            self.names.share(scalar, "mix")
        elif field in ("state", "rack"):
            try:
                check_relative(scalar.value)
            except PathError as error:
                self.source.note(scalar, str(error))
        return scalar.value

    def _check_node(self, name: str, key: Scalar, fields: Mapping, node: dict[str, Any]) -> None:
        for parameter in node["params"]:
            if parameter in node["values"]:
                place = self.source.marks["nodes", name, "params", parameter].key
                assert place is not None
                self.source.note(place, f"{name}.{parameter} is set twice, beside params and in it")
        if "plugin" in fields.entries and "rack" in fields.entries:
            self.source.note(fields.entries["rack"][0], f"{quoted(name)} is either a plugin or a rack, not both")
            node["rack"] = None
        elif "plugin" not in fields.entries and "rack" not in fields.entries:
            near = [hint for field in node["values"] if (hint := self.source.hint(field, ("plugin", "rack")))]
            self.source.note(key, f"{quoted(name)} has no plugin", near[0] if near else "add plugin: NAME")

    def _mark_inside(self, path: tuple[str | int, ...], tree: Tree) -> None:
        """Mark the places inside a structured setting."""
        waiting = [(path, tree)]
        while waiting:
            path, tree = waiting.pop()
            if isinstance(tree, Mapping):
                for name, key, value in tree.items():
                    self.source.mark((*path, name), value, key)
                    waiting.append(((*path, name), value))
            elif not isinstance(tree, Scalar | Refused):
                for index, item in enumerate(tree.items):
                    self.source.mark((*path, index), item)
                    waiting.append(((*path, index), item))

    def _read_wires(self, value: Tree) -> list[Wire]:
        return self._hops(value, "wires")

    def _read_feedback(self, value: Tree) -> list[Wire]:
        return self._hops(value, "feedback")

    def _hops(self, value: Tree, section: str) -> list[Wire]:
        wires: list[Wire] = []
        seen: dict[tuple[str, str], int] = {}
        for _, scalar in self.names.texts(value, section):
            try:
                hops = parse_wire(scalar.value)
            except TextError as error:
                self.source.note_text(scalar, error)
                continue
            for hop in hops:
                self._check_hop(scalar, hop, section)
                ends = str(hop.wire.source), str(hop.wire.target)
                if ends in seen:
                    if hop.wire.target.node not in self.names.zones or hop.gain:
                        self.names.note_word(scalar, hop.target, f"{ends[0]} -> {ends[1]} is already there, at line {seen[ends]}")
                    continue
                seen[ends] = scalar.line + 1
                self._mark_hop(section, len(wires), scalar, hop)
                wires.append(hop.wire)
            if len(wires) > MOST_ENTRIES:
                self.source.note(scalar, f"{section} has more than {MOST_ENTRIES} connections")
                self.source.stop()
        return wires

    def _check_hop(self, scalar: Scalar, hop: Hop, section: str) -> None:
        for end, word in ((hop.wire.source, hop.source), (hop.wire.target, hop.target)):
            if section == "feedback" and (end.node in RESERVED_NAMES or end.node in self.names.zones):
                self.names.note_word(scalar, word, f"feedback goes from a node to a node; {quoted(end.node)} is none")
            elif end.node in self.names.zones and end.port is not None:
                self.names.note_word(scalar, word, f"{quoted(end.node)} is a zone and has no ports")
            elif end.node not in RESERVED_NAMES and end.node not in self.names.zones:
                self.names.check_node_name(scalar, word, end.node)
        if hop.wire.source.node == hop.wire.target.node and section == "wires":
            self.names.note_word(scalar, hop.target, f"{quoted(hop.target.text)} leads back to itself", "list the wire under feedback:")

    def _mark_hop(self, section: str, index: int, scalar: Scalar, hop: Hop) -> None:
        self.source.mark((section, index), scalar)
        for part, word in (("source", hop.source), ("target", hop.target), ("gain_db", hop.gain)):
            if word is not None:
                self.source.mark((section, index, part), self.names.word(scalar, word))

    def _switch(self, scalar: Scalar) -> bool | None:
        switch = SWITCH.get(scalar.value.lower())
        if switch is None:
            self.source.note(scalar, f"bypass is on or off, not {quoted(scalar.value)}")
        return switch


def _node_hint(name: str, body: Tree) -> str | None:
    if isinstance(body, Scalar) and body.value:
        return f"write {name}: {{plugin: {body.value[:60]}}}"
    return f"write {name}: {{plugin: NAME}}"
