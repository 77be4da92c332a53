"""Which plugins pedalboard brings with it, and what they take: read from pedalboard itself.

This module asks pedalboard's classes for names, defaults, types and texts, and the table for units and ranges. It processes
no sound.
"""

from __future__ import annotations

import inspect
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

from backline.rack.foreign.base import ForeignParameter
from backline.rack.foreign.builtin_table import Range, range_of
from backline.rack.foreign.errors import ForeignLoadError
from backline.rack.foreign.names import closest
from backline.rack.foreign.values import ParameterKind

PREFIX = "pedalboard."
_CONSTRUCTOR = re.compile(r"(\w+): [^=,()]*(?:\[[^\]]*\][^=,()]*)* = (<[^>]*>|[^,()]+)")


@dataclass(frozen=True)
class BuiltinInfo:
    """One built-in: `id` as written in presets ("pedalboard.Reverb"), its text, parameters, and the settings that are no numbers.

    `files` are constructor arguments that name a file (the impulse response of `Convolution`).
    """

    id: str
    name: str
    doc: str
    parameters: dict[str, ForeignParameter]
    files: tuple[str, ...]


@cache
def _classes() -> dict[str, Any]:
    import pedalboard

    not_plugins = {
        "Plugin",
        "PluginContainer",
        "ExternalPlugin",
        "VST3Plugin",
        "AudioUnitPlugin",
        "Pedalboard",
        "Chain",
        "Mix",
        "IIRFilter",
    }
    found = {}
    for name in dir(pedalboard):
        member = getattr(pedalboard, name)
        if name not in not_plugins and not name.startswith("_") and inspect.isclass(member) and issubclass(member, pedalboard.Plugin):
            found[name] = member
    return found


def builtin_names() -> list[str]:
    """Return the ids of all plugins inside pedalboard, "pedalboard.Bitcrush" first."""
    return [PREFIX + name for name in sorted(_classes())]


def builtin_class(identity: str) -> Any:
    """Return pedalboard's class for "pedalboard.Reverb" or "Reverb".

    Raises:
        ForeignLoadError: there is none; names the closest.
    """
    name = identity.removeprefix(PREFIX)
    found = _classes().get(name)
    if found is None:
        hint = closest(name, _classes())
        raise ForeignLoadError(f'pedalboard has no plugin "{name}"' + (f", did you mean {PREFIX}{hint}?" if hint else ""))
    return found


@cache
def builtin_class_info(identity: str) -> BuiltinInfo:
    """Return what a built-in takes.

    Raises:
        ForeignLoadError: there is no such built-in.
    """
    kind = builtin_class(identity)
    name = kind.__name__
    signature = (inspect.getdoc(kind.__init__) or "").splitlines()[0] if kind.__init__.__doc__ else ""
    defaults = {match[1]: match[2] for match in _CONSTRUCTOR.finditer(signature)}
    settable = [key for key in vars(kind) if isinstance(getattr(kind, key), property) and getattr(kind, key).fset is not None]
    # The constructor's order is the one people know.
    order = [key for key in defaults if key in settable]
    files = tuple(re.findall(r"(\w+_filename):", signature))
    parameters = {key: _parameter(kind, key, index, defaults[key]) for index, key in enumerate(order)}
    doc = re.sub(r"\s+", " ", inspect.getdoc(kind) or "").strip()
    return BuiltinInfo(PREFIX + name, name, doc, parameters, files)


def _parameter(kind: Any, key: str, index: int, default_text: str) -> ForeignParameter:
    bounds = range_of(kind.__name__, key)
    doc = re.sub(r"\s+", " ", inspect.getdoc(getattr(kind, key)) or "").strip()
    unit, minimum, maximum, curve, live = bounds or Range("", 0.0, 1.0)
    form: ParameterKind = "float"
    choices: tuple[str, ...] = ()
    if default_text.startswith("<"):
        form, choices = "enum", enum_choices(kind, key)
        default = float(choices.index(default_text[1:].split(":", maxsplit=1)[0].rpartition(".")[2]))
        minimum, maximum = 0.0, float(len(choices) - 1)
    elif default_text in {"True", "False"}:
        form, default, minimum, maximum = "bool", float(default_text == "True"), 0.0, 1.0
    else:
        default = float(default_text)
    # pedalboard's defaults lie inside its limits, even where the useful range would be narrower.
    minimum, maximum = min(minimum, default), max(maximum, default)
    return ForeignParameter(key, key, unit, form, minimum, maximum, default, choices, index, automatable=live, curve=curve, description=doc)


def enum_type(kind: Any, key: str) -> Any:
    """Return the enumeration of a choice, found by the type that the constructor names."""
    import pedalboard

    text = kind.__init__.__doc__ or ""
    match = re.search(rf"\b{key}: pedalboard_native\.([\w.]+)", text)
    if match is None:
        raise ForeignLoadError(f"pedalboard.{kind.__name__}: the type of {key} is unknown")
    found: Any = pedalboard
    for part in match[1].split("."):
        found = getattr(found, part)
    return found


def enum_choices(kind: Any, key: str) -> tuple[str, ...]:
    """Return the names of a choice in pedalboard's order."""
    return tuple(enum_type(kind, key).__members__)
