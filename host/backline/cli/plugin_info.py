"""Describe one plugin fully: parameters, ports, latency, and what its backend cannot do.

This module knows how to ask each sort of plugin and how the answer looks. It does not know how plugins are found or loaded.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from .output import print_table

if TYPE_CHECKING:
    from ..sdk.declaration import Port
    from ..sdk.params import Param
    from ..sdk.plugin import Plugin

FIRST_SENTENCE = re.compile(r"(?<=\w{3})\. |(?<=\W)\. ")  # not after "Dr."
PEDALBOARD_LIMITS = (
    "parameter changes, controllers, bend and pressure take effect on a grid of 64 frames; notes on their frame",
    "tempo and song position do not reach it, it gives no MIDI out, and its sidechain inputs hear silence",
)
MINIHOST_LIMITS = ("program changes are not delivered, and sidechain inputs hear silence",)
BUILTIN_LIMITS = ("parameter changes take effect on a grid of 64 frames",)


def describe(plugin_id: str) -> dict[str, Any]:
    """Return all that is known of a plugin as plain values. Raises CatalogError for one that is unknown or cannot be used."""
    if plugin_id.startswith("pedalboard."):
        return _describe_builtin(plugin_id)
    if plugin_id.partition(":")[0] in ("vst3", "au", "lv2"):
        return _describe_foreign(plugin_id)
    return _describe_python(plugin_id)


def builtin_rows() -> list[dict[str, Any]]:
    """Return a row for each plugin inside pedalboard."""
    from importlib import metadata

    from ..rack.foreign.builtin_info import builtin_class_info, builtin_names

    version = metadata.version("pedalboard")
    rows = []
    for plugin_id in builtin_names():
        info = builtin_class_info(plugin_id)
        rows.append(
            {
                "id": plugin_id,
                "name": info.name,
                "kind": "effect",
                "format": "pedalboard",
                "status": "enabled",
                "message": "",
                "summary": FIRST_SENTENCE.split(info.doc, 1)[0].removesuffix("."),
                "source": "pedalboard",
                "version": version,
            }
        )
    return rows


def print_description(description: dict[str, Any]) -> None:
    """Print a description for people."""
    print(f"{description['name']} ({description['id']}), {description['kind']}, {description['status']}")
    for key in ("summary", "source", "version", "path", "ports", "latency", "tail", "backends"):
        value = description.get(key)
        if value not in (None, "", []):
            print(f"  {key}: {', '.join(value) if isinstance(value, list) else value}")
    if description["parameters"]:
        columns = ["parameter", "shown as", "kind", "range", "default", "curve", "what it does"]
        print_table(columns, [_parameter_cells(parameter) for parameter in description["parameters"]])
    else:
        print("  no parameters")
    for limit in description["limits"]:
        print(f"  note: {limit}")


def _describe_python(plugin_id: str) -> dict[str, Any]:
    from ..catalog import Catalog, UnknownPluginError

    catalog = Catalog()
    try:
        record = catalog.record(plugin_id)
    except UnknownPluginError:
        from .plugins_command import did_you_mean

        raise UnknownPluginError(plugin_id, did_you_mean(plugin_id)) from None
    plugin = record.load()
    record.complete()
    parameters = [_python_parameter(parameter) for parameter in plugin.parameters.values()]
    return {**record.as_dict(), **_python_ports(plugin), "parameters": parameters, "limits": []}


def _python_ports(plugin: type[Plugin]) -> dict[str, Any]:
    inputs = [_port_text(port) for port in plugin.inputs] + ["events"] * plugin.takes_events
    outputs = [_port_text(port) for port in plugin.outputs] + ["events"] * plugin.gives_events
    return {
        "inputs": inputs,
        "outputs": outputs,
        "ports": f"{', '.join(inputs) or 'nothing'} in, {', '.join(outputs) or 'nothing'} out",
        "latency": _plain_attribute(plugin, "latency"),
        "tail": _plain_attribute(plugin, "tail"),
        "settings": dict(plugin.settings),
    }


def _plain_attribute(plugin: type[Plugin], name: str) -> float | None:
    """Return a declared number, or None where the running plugin works it out."""
    value = getattr(plugin, name)
    return value if isinstance(value, (int, float)) else None


def _port_text(port: Port) -> str:
    return port.name + (f" ({port.channels} channels)" if port.channels else "")


def _python_parameter(parameter: Param) -> dict[str, Any]:
    return {
        "id": parameter.id,
        "name": parameter.label,
        "kind": parameter.kind,
        "unit": parameter.unit,
        "minimum": parameter.minimum,
        "maximum": parameter.maximum,
        "default": parameter.default,
        "range_text": _range_text(parameter.format(parameter.minimum), parameter.format(parameter.maximum), parameter.choices),
        "default_text": parameter.format(parameter.default),
        "curve": parameter.curve,
        "choices": list(parameter.choices),
        "synced": parameter.synced,
        "output": parameter.output,
        "description": parameter.description,
    }


def _describe_builtin(plugin_id: str) -> dict[str, Any]:
    from ..catalog import UnknownPluginError
    from ..rack.foreign.builtin_info import builtin_class_info

    rows = {row["id"]: row for row in builtin_rows()}
    if plugin_id not in rows:
        from .plugins_command import did_you_mean

        raise UnknownPluginError(plugin_id, did_you_mean(plugin_id))
    info = builtin_class_info(plugin_id)
    parameters = [
        _foreign_parameter({name: getattr(parameter, name) for name in parameter.__dataclass_fields__})
        for parameter in info.parameters.values()
    ]
    return {**rows[plugin_id], "summary": info.doc, "files": list(info.files), "parameters": parameters, "limits": list(BUILTIN_LIMITS)}


def _describe_foreign(plugin_id: str) -> dict[str, Any]:
    from ..catalog import Scanner
    from ..catalog.backends import installed_backends

    plugin = Scanner().find(plugin_id)
    shown = [parameter for parameter in plugin.info.get("parameters", ()) if not parameter.get("hidden")]
    inputs, outputs = plugin.info.get("inputs"), plugin.info.get("outputs")
    backends = [plugin.info.get("backend")] if plugin.format == "lv2" else installed_backends()
    limits = [f"{name}: {limit}" for name in backends for limit in (MINIHOST_LIMITS if name == "minihost" else PEDALBOARD_LIMITS)]
    return {
        **plugin.as_dict(),
        "inputs": inputs,
        "outputs": outputs,
        "ports": f"{inputs} in, {outputs} out",
        "latency": plugin.info.get("latency"),
        "backends": backends,
        "parameters": [_foreign_parameter(parameter) for parameter in shown],
        "limits": limits,
    }


def _foreign_parameter(parameter: dict[str, Any]) -> dict[str, Any]:
    choices = list(parameter.get("choices") or ())
    unit = str(parameter.get("unit") or "")
    default = parameter.get("default", 0.0)
    low, high = (_number_text(parameter.get(key, 0.0), unit) for key in ("minimum", "maximum"))
    if choices:
        default_text = choices[min(int(default), len(choices) - 1)]
    elif parameter.get("kind") == "bool":
        default_text = "on" if default else "off"
    else:
        default_text = _number_text(default, unit)
    return {
        "id": parameter["id"],
        "name": parameter.get("name", ""),
        "kind": parameter.get("kind", "float"),
        "unit": unit,
        "minimum": parameter.get("minimum"),
        "maximum": parameter.get("maximum"),
        "default": default,
        "range_text": "off, on" if parameter.get("kind") == "bool" else _range_text(low, high, choices),
        "default_text": default_text,
        "curve": parameter.get("curve", "linear"),
        "choices": choices,
        "synced": False,
        "output": False,
        "description": parameter.get("description", ""),
    }


def _number_text(value: float, unit: str) -> str:
    from ..sdk.units import format_quantity

    try:
        return format_quantity(float(f"{value:.6g}"), unit)
    except ValueError:
        return f"{value:g} {unit}".strip()  # a unit that only this plugin knows


def _range_text(low: str, high: str, choices: Any) -> str:
    return ", ".join(choices) if choices else f"{low} .. {high}"


def _parameter_cells(parameter: dict[str, Any]) -> list[str]:
    columns = ("id", "name", "kind", "range_text", "default_text", "curve", "description")
    return [str(parameter[column]) for column in columns]
