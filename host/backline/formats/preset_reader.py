"""The tree of a preset file -> the preset, with every problem that the document alone can show.

This module knows what a preset may say. It does not know plugins: whether a parameter exists, takes such a value, or fits
such a wire is the rack's to say, at the places that are marked here.
"""

from __future__ import annotations

from typing import Any, get_args

from backline.formats.document import MOST_ENTRIES, Source
from backline.formats.errors import Place, quoted
from backline.formats.paths import PathError, check_relative
from backline.formats.wires import (
    Hop,
    TextError,
    Word,
    check_name,
    parse_channel,
    parse_control,
    parse_keys,
    parse_modulation,
    parse_range,
    parse_requirement,
    parse_target,
    parse_transpose,
    parse_velocities,
    parse_wire,
)
from backline.formats.yaml_reader import Mapping, Refused, Scalar, Tree, plain_value
from backline.model.preset import (
    MACRO_KEYS,
    NODE_KEYS,
    PRESET_KEYS,
    RESERVED_NAMES,
    ZONE_KEYS,
    Control,
    Host,
    Macro,
    Modulation,
    Node,
    Preset,
    Range,
    Requirement,
    Target,
    Wire,
    Zone,
)
from backline.sdk.units import UnitError, parse_quantity

SWITCH = {"on": True, "true": True, "yes": True, "off": False, "false": False, "no": False}
_WIRES_HINT = "write each on its own line, after '- '"


class PresetReader:
    """Reads one preset; problems and places gather in `source`."""

    def __init__(self, root: Mapping, source: Source) -> None:
        self.root = root
        self.source = source
        self.nodes = self._names("nodes")
        # Where the nodes themselves cannot be read, or may stand under a misspelt key, wires are not blamed as well.
        self.nodes_are_known = isinstance(root.get("nodes"), Mapping) or (
            "nodes" not in root.entries and set(root.entries) <= set(PRESET_KEYS)
        )
        self.zones = self._names("zones")
        self.macros = self._names("macros")

    def read(self) -> Preset:
        """Return the preset. What is wrong is in `source.problems`; then the preset is not whole."""
        source, root = self.source, self.root
        source.check_keys(root, PRESET_KEYS, "a preset")
        values: dict[str, Any] = {}
        for name, key, value in root.items():
            source.mark((name,), value, key)
            read = getattr(self, f"_read_{name}", None) if name in PRESET_KEYS else None
            if read is not None:
                values[name] = read(value)
        return Preset(**values)

    def _names(self, section: str) -> dict[str, None]:
        tree = self.root.get(section)
        return dict.fromkeys(tree.entries) if isinstance(tree, Mapping) else {}

    # -- what it is

    def _read_name(self, value: Tree) -> str:
        return self._text(value, "name")

    def _read_description(self, value: Tree) -> str:
        return self._text(value, "description")

    def _read_author(self, value: Tree) -> str:
        return self._text(value, "author")

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
        for index, scalar in self._texts(value, "requires"):
            self.source.mark(("requires", index), scalar)
            try:
                requirements.append(parse_requirement(scalar.value))
            except TextError as error:
                self.source.note_text(scalar, error)
        return requirements

    # -- nodes

    def _read_nodes(self, value: Tree) -> dict[str, Node]:
        nodes = {}
        mapping = self.source.mapping(value, "nodes")
        for name, key, body in mapping.items() if mapping else ():
            self._check_name(key, "node")
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
            self._share(scalar, "mix")
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

    # -- wires

    def _read_wires(self, value: Tree) -> list[Wire]:
        return self._hops(value, "wires")

    def _read_feedback(self, value: Tree) -> list[Wire]:
        return self._hops(value, "feedback")

    def _hops(self, value: Tree, section: str) -> list[Wire]:
        wires: list[Wire] = []
        seen: dict[tuple[str, str], int] = {}
        for _, scalar in self._texts(value, section):
            try:
                hops = parse_wire(scalar.value)
            except TextError as error:
                self.source.note_text(scalar, error)
                continue
            for hop in hops:
                self._check_hop(scalar, hop, section)
                ends = str(hop.wire.source), str(hop.wire.target)
                if ends in seen:
                    if hop.wire.target.node not in self.zones or hop.gain:
                        self._note_word(scalar, hop.target, f"{ends[0]} -> {ends[1]} is already there, at line {seen[ends]}")
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
            if section == "feedback" and (end.node in RESERVED_NAMES or end.node in self.zones):
                self._note_word(scalar, word, f"feedback goes from a node to a node; {quoted(end.node)} is none")
            elif end.node in self.zones and end.port is not None:
                self._note_word(scalar, word, f"{quoted(end.node)} is a zone and has no ports")
            elif end.node not in RESERVED_NAMES and end.node not in self.zones:
                self._check_node_name(scalar, word, end.node)
        if hop.wire.source.node == hop.wire.target.node and section == "wires":
            self._note_word(scalar, hop.target, f"{quoted(hop.target.text)} leads back to itself", "list the wire under feedback:")

    def _mark_hop(self, section: str, index: int, scalar: Scalar, hop: Hop) -> None:
        self.source.mark((section, index), scalar)
        for part, word in (("source", hop.source), ("target", hop.target), ("gain_db", hop.gain)):
            if word is not None:
                self.source.mark((section, index, part), self._word(scalar, word))

    def _read_modulation(self, value: Tree) -> list[Modulation]:
        modulation: list[Modulation] = []
        for _, scalar in self._texts(value, "modulation"):
            try:
                parsed = parse_modulation(scalar.value)
            except TextError as error:
                self.source.note_text(scalar, error)
                continue
            made = parsed.modulation
            self._check_node_name(scalar, parsed.source, made.source.node)
            self._check_node_name(scalar, parsed.target, made.target.node or "")
            self.source.mark(("modulation", len(modulation)), scalar)
            for part, word in (("source", parsed.source), ("target", parsed.target), ("depth", parsed.depth)):
                self.source.mark(("modulation", len(modulation), part), self._word(scalar, word))
            modulation.append(made)
        return modulation

    # -- macros, controls, zones

    def _read_macros(self, value: Tree) -> dict[str, Macro]:
        macros = {}
        mapping = self.source.mapping(value, "macros")
        for name, key, body in mapping.items() if mapping else ():
            self._check_name(key, "macro")
            self.source.mark(("macros", name), body, key)
            fields = self.source.mapping(body, quoted(name), "write {default: 40 %, to: {node.parameter: LOW .. HIGH}}")
            if fields is None:
                continue
            self.source.check_keys(fields, MACRO_KEYS, "a macro")
            for field, field_key, part in fields.items():
                self.source.mark(("macros", name, field), part, field_key)
            default = fields.get("default")
            scalar = self.source.scalar(default, f"{name}.default") if default is not None else None
            share = self._share(scalar, "the default") if scalar else 0.0
            macros[name] = Macro(default=share, to=self._macro_targets(name, key, fields.get("to")))
        return macros

    def _macro_targets(self, name: str, key: Scalar, value: Tree | None) -> dict[str, Range]:
        ranges: dict[str, Range] = {}
        mapping = self.source.mapping(value, f"{name}.to", "write {node.parameter: LOW .. HIGH}") if value is not None else None
        if value is None or (mapping is not None and not mapping.entries):
            self.source.note(key, f"the macro {quoted(name)} drives nothing", "add to: {node.parameter: LOW .. HIGH}")
        for text, target_key, setting in mapping.items() if mapping else ():
            path = ("macros", name, "to", text)
            self.source.mark(path, setting, target_key)
            try:
                target = parse_target(text)
            except TextError as error:
                self.source.note_text(target_key, error)
                continue
            self._check_macro_target(target_key, target)
            scalar = self.source.scalar(setting, text)
            span = self._range(scalar, path) if scalar else None
            if span is not None:
                ranges[text] = span
        return ranges

    def _check_macro_target(self, key: Scalar, target: Target) -> None:
        if target.node is not None:
            self._check_node_name(key, Word(key.value, 0, len(key.value)), target.node)
        elif target.parameter in self.macros:
            self.source.note(key, "a macro drives parameters, not another macro")
        else:
            self.source.note(key, f"{quoted(key.value)} is no parameter; write node.parameter")

    def _range(self, scalar: Scalar, path: tuple[str | int, ...]) -> Range | None:
        try:
            parsed = parse_range(Word(scalar.value, 0, len(scalar.value)))
        except TextError as error:
            self.source.note_text(scalar, error)
            return None
        self.source.mark((*path, "low"), self._word(scalar, parsed.low))
        self.source.mark((*path, "high"), self._word(scalar, parsed.high))
        return parsed.range

    def _read_controls(self, value: Tree) -> list[Control]:
        controls: list[Control] = []
        for _, scalar in self._texts(value, "controls"):
            try:
                parsed = parse_control(scalar.value)
            except TextError as error:
                self.source.note_text(scalar, error)
                continue
            self._check_control_target(scalar, parsed.target, parsed.control.target)
            path = ("controls", len(controls))
            self.source.mark(path, scalar)
            words = {"source": parsed.source, "target": parsed.target}
            if parsed.range:
                words |= {"low": parsed.range.low, "high": parsed.range.high}
            for part, word in words.items():
                self.source.mark((*path, part), self._word(scalar, word))
            controls.append(parsed.control)
        return controls

    def _check_control_target(self, scalar: Scalar, word: Word, target: Target) -> None:
        if target.node is not None:
            self._check_node_name(scalar, word, target.node)
        elif target.parameter not in self.macros:
            is_node = target.parameter in self.nodes
            hint = f"write {target.parameter}.PARAMETER" if is_node else self.source.hint(target.parameter, self.macros)
            self._note_word(scalar, word, f"there is no macro {quoted(target.parameter)}", hint)

    def _read_zones(self, value: Tree) -> dict[str, Zone]:
        zones = {}
        mapping = self.source.mapping(value, "zones")
        for name, key, body in mapping.items() if mapping else ():
            self._check_name(key, "zone")
            if name in self.nodes:
                self.source.note(key, f"{quoted(name)} is the name of a node already")
            self.source.mark(("zones", name), body, key)
            fields = self.source.mapping(body, quoted(name), "write {keys: C0 .. B3}")
            if fields is not None:
                self.source.check_keys(fields, ZONE_KEYS, "a zone")
                zones[name] = self._read_zone(name, fields)
        return zones

    def _read_zone(self, name: str, fields: Mapping) -> Zone:
        zone: dict[str, Any] = {}
        for field, key, value in fields.items():
            self.source.mark(("zones", name, field), value, key)
            if field == "channels":
                zone[field] = self._channels(value)
            elif field in ZONE_KEYS and (scalar := self.source.scalar(value, f"{name}.{field}")):
                read = {"keys": parse_keys, "velocity": parse_velocities, "transpose": parse_transpose}[field]
                try:
                    zone[field] = read(Word(scalar.value, 0, len(scalar.value)))
                except TextError as error:
                    self.source.note_text(scalar, error)
        return Zone(**zone)

    def _channels(self, value: Tree) -> tuple[int, ...]:
        channels = []
        items = self.source.sequence(value, "channels", "write [1] or [1, 2]")
        for item in items.items if items else ():
            scalar = self.source.scalar(item, "a channel")
            if scalar is None:
                continue
            try:
                channels.append(parse_channel(Word(scalar.value, 0, len(scalar.value))))
            except TextError as error:
                self.source.note_text(scalar, error)
        return tuple(channels)

    # -- shared

    def _text(self, value: Tree, what: str) -> str:
        scalar = self.source.scalar(value, what, empty=True)
        return scalar.value if scalar else ""

    def _texts(self, value: Tree, section: str) -> list[tuple[int, Scalar]]:
        """Return the scalars of a list of texts, with their numbers; whatever is none was noted."""
        items = self.source.sequence(value, section, _WIRES_HINT)
        found = []
        for index, item in enumerate(items.items if items else ()):
            hint_what = f"an entry of {section}"
            scalar = self.source.scalar(item, hint_what)
            if scalar is not None:
                found.append((index, scalar))
        return found

    def _check_name(self, key: Scalar, what: str) -> None:
        if key.value.startswith("\0"):
            return  # a bad key that the YAML reader reported
        try:
            check_name(key.value, what)
        except TextError as error:
            self.source.note_text(key, error)

    def _check_node_name(self, scalar: Scalar, word: Word, name: str) -> None:
        if name not in self.nodes and self.nodes_are_known:
            place = self.source.within(scalar, word.start, word.start + len(name))
            near = [other for other in (*self.nodes, *self.zones, *RESERVED_NAMES) if other != name]
            what = "is a zone, not a node" if name in self.zones else "is not a node of this preset"
            what = "is an end of the graph, not a node" if name in RESERVED_NAMES else what
            self.source.note(place, f"{quoted(name)} {what}", self.source.hint(name, near))

    def _word(self, scalar: Scalar, word: Word) -> Place:
        return self.source.within(scalar, word.start, word.end)

    def _note_word(self, scalar: Scalar, word: Word, message: str, hint: str | None = None) -> None:
        self.source.note(self._word(scalar, word), message, hint)

    def _share(self, scalar: Scalar, what: str) -> float:
        try:
            share = parse_quantity(scalar.value, "%")
        except UnitError as error:
            self.source.note(scalar, f"{what}: {error}")
            return 0.0
        if not 0.0 <= share <= 1.0:
            self.source.note(scalar, f"{what} goes from 0 % to 100 %, not {quoted(scalar.value)}")
            return 0.0
        return float(share)

    def _switch(self, scalar: Scalar) -> bool | None:
        switch = SWITCH.get(scalar.value.lower())
        if switch is None:
            self.source.note(scalar, f"bypass is on or off, not {quoted(scalar.value)}")
        return switch


def _node_hint(name: str, body: Tree) -> str | None:
    if isinstance(body, Scalar) and body.value:
        return f"write {name}: {{plugin: {body.value[:60]}}}"
    return f"write {name}: {{plugin: NAME}}"
