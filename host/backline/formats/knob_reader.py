"""What drives a preset's parameters: modulation, macros, controls; and the zones of its keyboard. Tree -> model.

This module knows what these sections may say. It does not know nodes or wires.
"""

from __future__ import annotations

from typing import Any

from backline.formats.errors import quoted
from backline.formats.preset_names import PresetNames
from backline.formats.small_texts import TextError, Word, parse_channel, parse_keys, parse_range, parse_transpose, parse_velocities
from backline.formats.wires import parse_control, parse_modulation, parse_target
from backline.formats.yaml_reader import Mapping, Scalar, Tree
from backline.model.preset import MACRO_KEYS, ZONE_KEYS, Control, Macro, Modulation, Range, Target, Zone


class KnobReader:
    """Reads these sections of one preset; problems and places gather in the source of `names`."""

    def __init__(self, names: PresetNames) -> None:
        self.names = names
        self.source = names.source

    def read_modulation(self, value: Tree) -> list[Modulation]:
        """Return the modulation wires."""
        modulation: list[Modulation] = []
        for _, scalar in self.names.texts(value, "modulation"):
            try:
                parsed = parse_modulation(scalar.value)
            except TextError as error:
                self.source.note_text(scalar, error)
                continue
            made = parsed.modulation
            self.names.check_node_name(scalar, parsed.source, made.source.node)
            self.names.check_node_name(scalar, parsed.target, made.target.node or "")
            self.source.mark(("modulation", len(modulation)), scalar)
            for part, word in (("source", parsed.source), ("target", parsed.target), ("depth", parsed.depth)):
                self.source.mark(("modulation", len(modulation), part), self.names.word(scalar, word))
            modulation.append(made)
        return modulation

    def read_macros(self, value: Tree) -> dict[str, Macro]:
        """Return the macros."""
        macros = {}
        mapping = self.source.mapping(value, "macros")
        for name, key, body in mapping.items() if mapping else ():
            self.names.check_name(key, "macro")
            self.source.mark(("macros", name), body, key)
            fields = self.source.mapping(body, quoted(name), "write {default: 40 %, to: {node.parameter: LOW .. HIGH}}")
            if fields is None:
                continue
            self.source.check_keys(fields, MACRO_KEYS, "a macro")
            for field, field_key, part in fields.items():
                self.source.mark(("macros", name, field), part, field_key)
            default = fields.get("default")
            scalar = self.source.scalar(default, f"{name}.default") if default is not None else None
            share = self.names.share(scalar, "the default") if scalar else 0.0
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
            self.names.check_node_name(key, Word(key.value, 0, len(key.value)), target.node)
        elif target.parameter in self.names.macros:
            self.source.note(key, "a macro drives parameters, not another macro")
        else:
            self.source.note(key, f"{quoted(key.value)} is no parameter; write node.parameter")

    def _range(self, scalar: Scalar, path: tuple[str | int, ...]) -> Range | None:
        try:
            parsed = parse_range(Word(scalar.value, 0, len(scalar.value)))
        except TextError as error:
            self.source.note_text(scalar, error)
            return None
        self.source.mark((*path, "low"), self.names.word(scalar, parsed.low))
        self.source.mark((*path, "high"), self.names.word(scalar, parsed.high))
        return parsed.range

    def read_controls(self, value: Tree) -> list[Control]:
        """Return the controls."""
        controls: list[Control] = []
        for _, scalar in self.names.texts(value, "controls"):
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
                self.source.mark((*path, part), self.names.word(scalar, word))
            controls.append(parsed.control)
        return controls

    def _check_control_target(self, scalar: Scalar, word: Word, target: Target) -> None:
        if target.node is not None:
            self.names.check_node_name(scalar, word, target.node)
        elif target.parameter not in self.names.macros:
            is_node = target.parameter in self.names.nodes
            hint = f"write {target.parameter}.PARAMETER" if is_node else self.source.hint(target.parameter, self.names.macros)
            self.names.note_word(scalar, word, f"there is no macro {quoted(target.parameter)}", hint)

    def read_zones(self, value: Tree) -> dict[str, Zone]:
        """Return the zones."""
        zones = {}
        mapping = self.source.mapping(value, "zones")
        for name, key, body in mapping.items() if mapping else ():
            self.names.check_name(key, "zone")
            if name in self.names.nodes:
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
