"""JSON Schemas of the documents as they stand in YAML, for editors and checkers.

This module knows how the model's parts are written. Types and descriptions come from the model; what YAML writes as small
texts (wires, ranges) becomes strings with patterns. A schema cannot see places, names that do not fit each other, or units:
the reader has the last word.
"""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any, get_args

from backline.model.preset import RESERVED_NAMES, Curve, GestureKind, Host, ModulationRate

_FOLDER = "schemas"
_NAME = r"[A-Za-z_]([A-Za-z0-9_-]*[A-Za-z0-9_])?"
_PORT = r"[A-Za-z0-9_]([A-Za-z0-9_-]*[A-Za-z0-9_])?"
_END = rf"{_NAME}([.:]{_PORT})?"
_TARGET = rf"{_NAME}(\.[^\[\]]+)?"
_BRACKET = r"\[[^\[\]]+\]"
_KEY = r"([A-Ga-g][#b♯♭]?-?\d{1,2}|\d{1,3})"
_VERSION = r"(>=|<=|==|!=|~=|>|<)\s*\d[0-9A-Za-z.+-]*"
_RANGE = rf"^[^\[\]]*[^\[\]\s.]\s*\.\.\s*[^\[\]\s.][^\[\]]*?(,?\s*({'|'.join(get_args(Curve))}))?$"
_NUMBERED = {"cc": r"\s+\d{1,3}", "note": r"\s+" + _KEY}
_GESTURE = "|".join(kind + _NUMBERED.get(kind, "") for kind in get_args(GestureKind))

# A scalar as YAML tools see it: they make numbers and booleans of what the reader keeps as text.
_SCALAR = {"type": ["string", "number", "boolean"]}
_SWITCH = {"enum": [True, False, "on", "off", "yes", "no", "true", "false"]}

# How the parts are written that the model keeps parsed: what it is, and a pattern.
_TEXTS = {
    "Wire": (
        "A chain of nodes `a -> b -> c`; a port follows a dot, a gain `[-12 dB]` stands at the end.",
        rf"^\s*{_END}(\s*->\s*{_END})+\s*({_BRACKET})?\s*$",
    ),
    "Modulation": (
        "A modulator, a parameter and a depth: `lfo -> keys.cutoff [2 oct]`; `rate audio` or `rate control` may follow.",
        rf"^\s*{_END}\s*->\s*{_NAME}\.[^\[\]]+{_BRACKET}(\s*rate\s+({'|'.join(get_args(ModulationRate))}))?\s*$",
    ),
    "Control": (
        "A gesture and a macro or parameter, with a range if wanted: `cc 1 channel 2 -> keys.vibrato_depth [0 % .. 60 %]`.",
        rf"^\s*({_GESTURE})(\s+channel\s+\d{{1,2}})?\s*->\s*{_TARGET}\s*(\[[^\[\]]+\.\.[^\[\]]+\])?\s*$",
    ),
    "Range": ("Two ends and, if wanted, a curve: `200 Hz .. 8 kHz log`.", _RANGE),
    "Requirement": (
        "A plugin or package and its versions: `polysynth >= 1.2, < 2`.",
        rf"^[^<>=!~,]+({_VERSION}(\s*,\s*{_VERSION})*)?\s*$",
    ),
}
_ABOUT = "A Backline preset: plugins, how they are wired, and what drives them."
_ABOUT_NODE = "A plugin or another preset under a name. Its parameters stand beside the keys below, by their ids."
_SECTIONS = ("tags", "requires", "nodes", "wires", "feedback", "modulation", "macros", "controls", "zones")


def preset_schema() -> dict[str, Any]:
    """Return the JSON Schema of a preset file, made from the model."""
    from backline.model.validation import preset_adapter

    made = preset_adapter().json_schema()
    parts: dict[str, Any] = made["$defs"]
    for name, (description, pattern) in _TEXTS.items():
        parts[name] = {"type": "string", "pattern": pattern, "description": description}
    _write_node(parts["Node"])
    _write_macro(parts["Macro"])
    _write_zone(parts["Zone"])
    properties: dict[str, Any] = made["properties"]
    for name in ("name", "description", "author"):
        properties[name] = {**_SCALAR, "type": [*_SCALAR["type"], "null"], "description": properties[name]["description"]}
    properties["tags"]["items"] = _SCALAR
    for name in ("nodes", "zones", "macros"):
        properties[name]["propertyNames"] = {"pattern": f"^{_NAME}$", "maxLength": 64, "not": {"enum": list(RESERVED_NAMES)}}
    for name in _SECTIONS:
        properties[name] = {**properties[name], "type": [properties[name]["type"], "null"]}
    used = {name: part for name, part in parts.items() if name not in ("End", "Target", "Gesture")}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "Backline preset",
        "description": _ABOUT,
        "type": "object",
        "required": ["preset"],
        "additionalProperties": False,
        "properties": _plain(properties),
        "$defs": _plain(used),
    }


def schema_text(schema: dict[str, Any]) -> str:
    """Return a schema as the text that is shipped."""
    return json.dumps(schema, indent=2, ensure_ascii=False) + "\n"


def shipped_schema(kind: str) -> str:
    """Return the text of the schema that is shipped for a kind of document, such as "preset". Raises `KeyError`."""
    file = files(__package__).joinpath(_FOLDER, f"{kind}.schema.json")
    if not kind.isidentifier() or not file.is_file():
        raise KeyError(kind)
    return file.read_text(encoding="utf-8")


def write_shipped() -> None:
    """Make the shipped schemas anew, in the source folder."""
    folder = Path(__file__).with_name(_FOLDER)
    folder.mkdir(exist_ok=True)
    (folder / "preset.schema.json").write_text(schema_text(preset_schema()), encoding="utf-8")


def _write_node(node: dict[str, Any]) -> None:
    """Parameters and structured settings stand beside the node's own keys."""
    node["description"] = _ABOUT_NODE
    properties = node["properties"]
    del properties["values"], properties["settings"]
    for name in ("state", "rack", "plugin"):
        properties[name] = {"type": "string", "minLength": 1, "description": properties[name]["description"]}
    properties["params"] = {"type": ["object", "null"], "additionalProperties": _SCALAR, "description": properties["params"]["description"]}
    properties["bypass"] = {**_SWITCH, "description": properties["bypass"]["description"]}
    properties["mix"] = {"type": ["string", "number"], "description": properties["mix"]["description"]}
    properties["channels"] = {"type": "integer", "minimum": 1, "maximum": 64, "description": properties["channels"]["description"]}
    properties["host"] = {"enum": list(get_args(Host)), "description": properties["host"]["description"]}
    node["additionalProperties"] = {"type": ["string", "number", "boolean", "array", "object"]}
    node["oneOf"] = [{"required": ["plugin"]}, {"required": ["rack"]}]


def _write_macro(macro: dict[str, Any]) -> None:
    properties = macro["properties"]
    properties["default"] = {"type": ["string", "number"], "description": properties["default"]["description"]}
    properties["to"] |= {"minProperties": 1, "propertyNames": {"pattern": rf"^{_NAME}\.."}}
    macro["required"] = ["to"]


def _write_zone(zone: dict[str, Any]) -> None:
    written: dict[str, dict[str, Any]] = {
        "keys": {"type": ["string", "integer"], "pattern": rf"^{_KEY}(\s*\.\.\s*{_KEY})?$", "minimum": 0, "maximum": 127},
        "velocity": {"type": ["string", "integer"], "pattern": r"^\d{1,3}(\s*\.\.\s*\d{1,3})?$", "minimum": 1, "maximum": 127},
        "channels": {"type": ["array", "null"], "items": {"type": "integer", "minimum": 1, "maximum": 16}},
        "transpose": {"type": ["string", "number"]},
    }
    zone["properties"] = {name: {**form, "description": zone["properties"][name]["description"]} for name, form in written.items()}


def _plain(part: Any) -> Any:
    """Leave out what only the model needs: titles made from names, and defaults, which stand for absent keys."""
    if isinstance(part, dict):
        return {key: _plain(value) for key, value in part.items() if not (key in ("title", "default") and not isinstance(value, dict))}
    return [_plain(item) for item in part] if isinstance(part, list) else part
