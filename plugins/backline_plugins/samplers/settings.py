"""Reading the structured settings of a preset: texts, numbers with units, ranges, and clear words for what does not fit.

This module knows settings as a preset writes them. It does not know samples or instruments.
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Collection, Mapping
from typing import Any

from backline.sdk.units import Beats, note_number, parse_quantity


def refuse_unknown(given: Mapping[str, Any], known: Collection[str], where: str) -> None:
    """ValueError for the first key that is none of `known`, with the nearest one."""
    for key in given:
        if key not in known:
            near = difflib.get_close_matches(str(key), known, 1)
            raise ValueError(f"{where} has no key {key!r}; " + (f"did you mean {near[0]}?" if near else f"it takes {', '.join(known)}"))


def scalar(value: Any, where: str) -> str:
    """A text; ValueError for lists and mappings."""
    if isinstance(value, (Mapping, list)) or value is None or not str(value).strip():
        raise ValueError(f"{where} must be a single value")
    return str(value).strip()


def quantity(entry: Mapping[str, Any], key: str, unit: str, default: float, low: float, high: float, where: str) -> float:
    """A number with a unit, low..high. ValueError names the place, the value and the range."""
    if key not in entry:
        return default
    text = scalar(entry[key], f"{where}: {key}")
    try:
        value = parse_quantity(text, unit)
    except ValueError as error:
        raise ValueError(f"{where}: {key}: {error}") from None
    if isinstance(value, Beats) or not low <= value <= high:
        raise ValueError(f"{where}: {key} {text} is outside {low:g} .. {high:g}")
    return value


def decibels(entry: Mapping[str, Any], key: str, where: str) -> float:
    """A level in dB, up to +24, as a factor; -inf dB is 0."""
    value = quantity(entry, key, "dB", 0.0, -math.inf, 24.0, where)
    return float(10.0 ** (value / 20.0))


def whole_range(entry: Mapping[str, Any], key: str, default: tuple[int, int], where: str) -> tuple[int, int]:
    """`C3 .. B4`, `1 .. 64`, or a single one. Keys are 0..127, velocities 1..127."""
    if key not in entry:
        return default
    text = scalar(entry[key], f"{where}: {key}")
    parts = [part.strip() for part in text.split("..")]
    low, high = (0, 127) if key == "keys" else (1, 127)
    try:
        numbers = [note_number(part) if key == "keys" else int(part) for part in parts]
    except ValueError as error:
        hint = str(error) if key == "keys" else "velocities are whole numbers, 1 to 127"
        raise ValueError(f"{where}: {key} {text}: {hint}") from None
    if len(numbers) > 2 or not low <= numbers[0] <= numbers[-1] <= high:
        raise ValueError(f"{where}: {key} {text} must be one value or a range LOW .. HIGH within {low} .. {high}")
    return numbers[0], numbers[-1]
