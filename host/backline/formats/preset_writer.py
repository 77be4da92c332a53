"""A preset -> its YAML text, with a fixed order of keys and nothing that a default says already.

This module knows the order and form of a preset's keys. It does not know YAML's quoting or files.
"""

from __future__ import annotations

from typing import Any

from backline.formats.small_texts import write_keys
from backline.formats.wires import write_control, write_modulation, write_wires
from backline.formats.yaml_writer import write_yaml
from backline.model.preset import Macro, Node, Preset, Zone
from backline.sdk.units import format_quantity

_OPEN = ("requires", "nodes", "wires", "feedback", "modulation", "macros", "controls", "zones")


def write_preset(preset: Preset) -> str:
    """Return the YAML text of a preset. Equal presets give equal text."""
    document: dict[str, Any] = {
        "preset": str(preset.preset),
        "name": preset.name,
        "description": preset.description,
        "author": preset.author,
        "tags": list(preset.tags),
        "requires": [str(requirement) for requirement in preset.requires],
        "nodes": {name: _node(node) for name, node in preset.nodes.items()},
        "wires": write_wires(preset.wires),
        "feedback": write_wires(preset.feedback),
        "modulation": [write_modulation(modulation) for modulation in preset.modulation],
        "macros": {name: _macro(macro) for name, macro in preset.macros.items()},
        "controls": [write_control(control) for control in preset.controls],
        "zones": {name: _zone(zone) for name, zone in preset.zones.items()},
    }
    return write_yaml({key: value for key, value in document.items() if value}, _OPEN)


def _node(node: Node) -> dict[str, Any]:
    keys: dict[str, Any] = {
        "plugin": node.plugin,
        "rack": node.rack,
        **node.values,
        **node.settings,
        "params": node.params,
        "state": node.state,
        "bypass": "on" if node.bypass else None,
        "mix": node.mix,
        "channels": None if node.channels is None else str(node.channels),
        "host": node.host,
    }
    optional = ("plugin", "rack", "params", "state", "bypass", "mix", "channels", "host")
    return {key: value for key, value in keys.items() if key not in optional or value}


def _macro(macro: Macro) -> dict[str, Any]:
    targets = {name: str(span) for name, span in macro.to.items()}
    return {"default": format_quantity(macro.default, "%"), "to": targets} if macro.default else {"to": targets}


def _zone(zone: Zone) -> dict[str, Any]:
    keys: dict[str, Any] = {}
    if zone.keys != (0, 127):
        keys["keys"] = write_keys(zone.keys)
    if zone.velocity != (1, 127):
        keys["velocity"] = f"{zone.velocity[0]} .. {zone.velocity[1]}"
    if zone.channels:
        keys["channels"] = [str(channel) for channel in zone.channels]
    if zone.transpose:
        keys["transpose"] = format_quantity(zone.transpose, "st")
    return keys
