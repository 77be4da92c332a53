"""Texts and numbers of foreign parameters.

This module knows how people and plugins write values ("-18 dB", "1.2 kHz", "On"). It does not know any plugin.
"""

from __future__ import annotations

import math
import re
from typing import Literal, TypeAlias

ParameterKind: TypeAlias = Literal["float", "int", "bool", "enum"]

_NUMBER = re.compile(r"\s*([-+]?(?:\d+\.?\d*(?:[eE][-+]?\d+)?|\.\d+(?:[eE][-+]?\d+)?|inf(?:inity)?|oo|∞))\s*(.*?)\s*$", re.IGNORECASE)

# Units of one family convert into each other: the factor leads to the family's base.
_FAMILIES: dict[str, tuple[str, float]] = {
    "hz": ("frequency", 1.0),
    "khz": ("frequency", 1e3),
    "us": ("time", 1e-6),
    "µs": ("time", 1e-6),
    "ms": ("time", 1e-3),
    "msec": ("time", 1e-3),
    "s": ("time", 1.0),
    "sec": ("time", 1.0),
    "secs": ("time", 1.0),
    "seconds": ("time", 1.0),
    "min": ("time", 60.0),
    "db": ("level", 1.0),
    "dbfs": ("level", 1.0),
    "st": ("pitch", 1.0),
    "semi": ("pitch", 1.0),
    "semitones": ("pitch", 1.0),
    "ct": ("pitch", 0.01),
    "cent": ("pitch", 0.01),
    "cents": ("pitch", 0.01),
    "oct": ("pitch", 12.0),
    "x": ("ratio", 1.0),
    ":1": ("ratio", 1.0),
    "samples": ("samples", 1.0),
    "smp": ("samples", 1.0),
    "frames": ("samples", 1.0),
}

ON = frozenset({"on", "yes", "true", "enabled", "1"})
OFF = frozenset({"off", "no", "false", "disabled", "0"})


def split_number(text: str) -> tuple[float, str] | None:
    """Split "1.2 kHz" into 1.2 and "kHz"; None if it does not start with a number."""
    match = _NUMBER.match(text)
    if match is None:
        return None
    number = match[1].lower().replace("oo", "inf").replace("∞", "inf")
    return float(number), match[2]


def in_unit(number: float, suffix: str, unit: str, *, fraction: bool = False) -> float:
    """Convert `number` written with `suffix` into `unit`. `fraction` says that 100 % is 1 in this parameter.

    Raises:
        ValueError: the suffix is of another kind than the unit.
    """
    if suffix == "%" and (fraction or unit == "%"):
        return number / 100.0 if fraction else number
    if not suffix or suffix.casefold() == unit.casefold():
        return number
    source, target = _FAMILIES.get(suffix.casefold()), _FAMILIES.get(unit.casefold())
    if source is not None and target is not None and source[0] == target[0]:
        return number * source[1] / target[1] if source[1] != target[1] else number
    if source is not None and source[0] == "ratio" and not unit:
        return number
    expected = f'is in "{unit}"' if unit else "has no unit"
    raise ValueError(f'it {expected}, but the value says "{suffix}"')


def parse_value(
    text_or_number: str | float, *, kind: ParameterKind, unit: str, minimum: float, maximum: float, choices: tuple[str, ...]
) -> float:
    """Read one value, checked; see `ForeignPlugin.parse`.

    Raises:
        ValueError: with the reason, without the parameter's name.
    """
    if kind == "enum":
        return _parse_choice(text_or_number, choices)
    if kind == "bool":
        return _parse_switch(text_or_number)
    if isinstance(text_or_number, str):
        parts = split_number(text_or_number)
        if parts is None:
            raise ValueError(f'"{text_or_number}" is not a number')
        # Where a parameter runs up to 1, "35 %" can only mean 0.35 of it.
        number = in_unit(*parts, unit, fraction=unit in {"%", ""} and maximum <= 1.0)
    else:
        number = float(text_or_number)
    return _checked(number, kind=kind, unit=unit, minimum=minimum, maximum=maximum)


def _checked(number: float, *, kind: ParameterKind, unit: str, minimum: float, maximum: float) -> float:
    if math.isnan(number):
        raise ValueError("NaN is not a value")
    # Plugins print their bounds rounded, so a bound may be missed by a hair.
    slack = 1e-6 * max(1.0, maximum - minimum) if math.isfinite(maximum - minimum) else 0.0
    if not minimum - slack <= number <= maximum + slack:
        low, high = (format_value(bound, kind=kind, unit=unit, maximum=maximum) for bound in (minimum, maximum))
        raise ValueError(f"{format_value(number, kind='float', unit=unit, maximum=maximum)} is out of range, it takes {low} .. {high}")
    if kind == "int" and number != round(number):
        raise ValueError(f"{number:g} is not a whole number")
    return min(max(number, minimum), maximum)


def _parse_choice(text_or_number: str | float, choices: tuple[str, ...]) -> float:
    if isinstance(text_or_number, str):
        text = text_or_number.strip()
        if text in choices:
            return float(choices.index(text))
        alike = [index for index, choice in enumerate(choices) if choice.strip().casefold() == text.casefold()]
        if len(alike) == 1:
            return float(alike[0])
        if not re.fullmatch(r"\d+", text):
            raise ValueError(f'"{text}" is none of {", ".join(choices)}')
        number = float(text)
    else:
        number = float(text_or_number)
    if number != number or number != round(number) or not 0 <= number < len(choices):
        raise ValueError(f"{number:g} is no choice, there are {len(choices)}, counted from 0: {', '.join(choices)}")
    return number


def _parse_switch(text_or_number: str | float) -> float:
    word = str(text_or_number).strip().casefold()
    if word in ON or word == "1.0":
        return 1.0
    if word in OFF or word == "0.0":
        return 0.0
    raise ValueError(f'"{text_or_number}" is neither on nor off')


def format_value(value: float, *, kind: ParameterKind, unit: str, maximum: float = math.inf, choices: tuple[str, ...] = ()) -> str:
    """Write a value so that `parse_value` reads the same number back."""
    if kind == "enum" and choices:
        return choices[round(value)]
    if kind == "bool":
        return "on" if value >= 0.5 else "off"
    if unit == "%" and maximum <= 1.0:
        percent = float(f"{value * 100.0:.12g}")
        return f"{_number(percent)} %" if percent / 100.0 == value else _number(value)
    return f"{_number(value)} {unit}" if unit else _number(value)


def _number(value: float) -> str:
    return repr(int(value)) if value == round_or_nan(value) and abs(value) < 1e15 else repr(value)


def round_or_nan(value: float) -> float:
    """Round a finite value; NaN for NaN and the infinities."""
    return float(round(value)) if math.isfinite(value) else math.nan
