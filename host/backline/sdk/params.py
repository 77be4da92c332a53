"""Parameters and carried state, as a plugin's class body declares them.

This module knows names, kinds, units, ranges and curves. It does not know buffers, smoothing kernels or documents.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal, overload

from .units import Beats, UnitError, format_quantity, infer_unit, parse_quantity

if TYPE_CHECKING:
    from .plugin import Plugin

Kind = Literal["float", "int", "bool", "enum"]
Curve = Literal["linear", "log", "db"]
Value = float | Beats

DEFAULT_SMOOTHING = 0.02


class Param:
    """One named, typed, ranged value of a plugin: a line in its class body.

    `Param("4 Hz", "0.05 Hz", "20 Hz", curve="log")` is a float with a unit; the unit is read from the default. `Param(True)` is a
    switch, `Param(8, 1, 64)` a whole number, `Param("saw", choices=("saw", "square"))` one of several words. `synced` lets a time or a
    rate be given as a note length (`1/8D`). `smoothing` is how long a change takes to arrive (seconds or text; 0 for at once).
    `output=True` makes a read-only value that the plugin reports (a meter): the sample function takes it and returns it like a State.

    Raises TypeError or ValueError at class creation when the default lies outside the range or the range is empty.
    """

    id: str = ""

    def __init__(
        self,
        default: float | str | bool,
        minimum: float | str | None = None,
        maximum: float | str | None = None,
        *,
        unit: str | None = None,
        curve: Curve = "linear",
        label: str | None = None,
        choices: Sequence[str] | None = None,
        smoothing: float | str | None = None,
        synced: bool = False,
        output: bool = False,
        description: str = "",
    ) -> None:
        self.choices: tuple[str, ...] = tuple(choices or ())
        self.kind: Kind = _kind_of(default, minimum, self.choices)
        self.unit = unit if unit is not None else infer_unit(default) if self.kind == "float" and isinstance(default, str) else ""
        self.curve: Curve = curve
        self.label = label or ""
        self.synced = synced
        self.output = output
        self.description = description
        self.minimum, self.maximum = self._range(minimum, maximum)
        smooth = DEFAULT_SMOOTHING if smoothing is None else float(_number(parse_quantity(smoothing, "s")))
        self.smoothing: float = smooth if self.kind == "float" and not output else 0.0
        self.default: Value = self.parse(default)
        if curve == "log" and self.minimum <= 0:
            raise ValueError(f"a logarithmic parameter needs a range above 0, not {self.minimum:g}")

    def _range(self, minimum: float | str | None, maximum: float | str | None) -> tuple[float, float]:
        if self.kind == "bool":
            return 0.0, 1.0
        if self.kind == "enum":
            return 0.0, float(len(self.choices) - 1)
        low = -math.inf if minimum is None else _number(parse_quantity(minimum, self.unit))
        high = math.inf if maximum is None else _number(parse_quantity(maximum, self.unit))
        if not self.output and not (math.isfinite(low) and math.isfinite(high) and low < high):
            raise ValueError(f"a parameter needs a range from low to high, not {minimum!r} to {maximum!r}")
        return low, high

    def __set_name__(self, owner: type, name: str) -> None:
        self.id = name
        if not self.label:
            self.label = name.replace("_", " ").capitalize()

    @overload
    def __get__(self, instance: None, owner: type) -> Param: ...
    @overload
    def __get__(self, instance: Plugin, owner: type) -> float: ...
    def __get__(self, instance: Plugin | None, owner: type) -> Param | float:
        if instance is None:
            return self
        return instance.parameter_value(self.id)

    def __set__(self, instance: Plugin, value: float | str | Beats) -> None:
        instance.set_parameter(self.id, self.parse(value))

    def parse(self, value: float | str | bool | Beats) -> Value:
        """Turn text or a number into a value of this parameter: base unit, enum as index, switch as 0 or 1.

        Raises ValueError with a clear message when it is not one, or when it lies outside the range.
        """
        if isinstance(value, Beats):
            if not self.synced:
                raise UnitError(f"{self.id or 'this parameter'} cannot follow the tempo; give it in {self.unit or 'plain numbers'}")
            return value
        if self.kind == "bool":
            return _switch(value)
        if self.kind == "enum":
            return self._choice(value)
        parsed = parse_quantity(value, self.unit, synced=self.synced)
        if isinstance(parsed, Beats):
            return parsed
        if not self.minimum <= parsed <= self.maximum:
            raise ValueError(f"{value} is outside {self.format(self.minimum)} .. {self.format(self.maximum)}")
        if self.kind == "int" and parsed != int(parsed):
            raise ValueError(f"{value} is not a whole number")
        return float(parsed)

    def _choice(self, value: float | str | bool) -> float:
        if isinstance(value, str):
            wanted = value.strip().lower().replace(" ", "_").replace("-", "_")
            for index, choice in enumerate(self.choices):
                if choice.lower().replace(" ", "_").replace("-", "_") == wanted:
                    return float(index)
        elif not isinstance(value, bool) and 0 <= value < len(self.choices) and value == int(value):
            return float(int(value))
        raise ValueError(f"{value!s} is none of {', '.join(self.choices)}")

    def format(self, value: Value) -> str:
        """The shortest text that parses back to this value."""
        if isinstance(value, Beats):
            return format_quantity(value, self.unit)
        if self.kind == "enum":
            return self.choices[round(value)]
        if self.kind == "bool":
            return "on" if value >= 0.5 else "off"
        return format_quantity(int(value) if self.kind == "int" and math.isfinite(value) else value, self.unit)

    def clamp(self, value: float) -> float:
        """The nearest allowed value."""
        held = min(max(value, self.minimum), self.maximum)
        return float(round(held)) if self.kind != "float" else held

    def normalise(self, value: float) -> float:
        """Where a value lies in the range, 0..1, along the parameter's curve."""
        if self.curve == "log":
            return math.log(value / self.minimum) / math.log(self.maximum / self.minimum)
        return (value - self.minimum) / (self.maximum - self.minimum)

    def denormalise(self, position: float) -> float:
        """The value at a position 0..1 of the range, along the parameter's curve."""
        if self.curve == "log":
            return self.clamp(self.minimum * (self.maximum / self.minimum) ** position)
        return self.clamp(self.minimum + position * (self.maximum - self.minimum))

    def resolve(self, value: Value, tempo: float) -> float:
        """A plain number at a tempo: note lengths become seconds (or hertz, for a rate), held inside the range."""
        if not isinstance(value, Beats):
            return value
        seconds = value.seconds(tempo)
        return self.clamp(1.0 / seconds if self.unit == "Hz" else seconds)

    def __repr__(self) -> str:
        return f"Param({self.id!r}, {self.kind}, {self.format(self.default)})"


class State:
    """A number that the sample function receives and returns: what a plugin carries from one sample to the next.

    `initial` is its value after reset (and, in an instrument, at the start of each note). `precise` keeps it in float64: the default in
    effects and modulators; instruments use float32 unless asked, and want `precise=True` for phases and positions. In an instrument one
    state may be the `life` of a voice: once the key is up and this is exactly 0, the voice is free; a life that starts above 0 does not
    wait for the key.
    """

    id: str = ""

    def __init__(self, initial: float = 0.0, *, precise: bool | None = None, life: bool = False) -> None:
        self.initial = float(initial)
        self.precise = precise
        self.life = life

    def __set_name__(self, owner: type, name: str) -> None:
        self.id = name


class Phase(State):
    """A phase in turns, 0 up to 1, that never drifts: the sample function receives it and returns how far it moves on (-0.5 .. 0.5 turns).

    Kept as 32-bit turns in instruments and as float64 in effects; the SDK adds the step and wraps.
    """


class NoteValue:
    """A number that an instrument gives to each voice at its start (from `start`), constant while the voice lives."""

    id: str = ""

    def __init__(self, initial: float = 0.0, *, precise: bool = False) -> None:
        self.initial = float(initial)
        self.precise = precise

    def __set_name__(self, owner: type, name: str) -> None:
        self.id = name


class Memory:
    """A float32 array carried per channel (effects) or per voice (instruments), zero after reset: filter memories, rings."""

    id: str = ""

    def __init__(self, length: int) -> None:
        self.length = length

    def __set_name__(self, owner: type, name: str) -> None:
        self.id = name

    def frames(self, rate: float) -> int:  # noqa: ARG002 - kinds of memory that are counted in seconds need it
        """The array's length at a sample rate."""
        return self.length


class DelayLine(Memory):
    """A delay line per channel (or voice), for `dsp.delay_read` and `delay_write`: it looks back at least `longest` (seconds or text)."""

    def __init__(self, longest: float | str) -> None:
        super().__init__(0)
        self.longest = float(_number(parse_quantity(longest, "s")))

    def frames(self, rate: float) -> int:
        """The array's length at a sample rate: one for the position and a power of two for the ring."""
        size = 8
        while size < self.longest * rate + 8:
            size *= 2
        return size + 1


class Table:
    """A read-only float32 array shared by all voices or channels: samples, wavetables. Set it with `self.set_table(name, array)`."""

    id: str = ""

    def __set_name__(self, owner: type, name: str) -> None:
        self.id = name


def _kind_of(default: Any, minimum: Any, choices: tuple[str, ...]) -> Kind:
    if choices:
        return "enum"
    if isinstance(default, bool):
        return "bool"
    if isinstance(default, int) and (minimum is None or isinstance(minimum, int)):
        return "int"
    return "float"


def _number(value: Value) -> float:
    if isinstance(value, Beats):
        raise UnitError("a note length cannot stand here; give a time")
    return value


def _switch(value: float | str | bool) -> float:
    words = {"on": 1.0, "yes": 1.0, "true": 1.0, "1": 1.0, "off": 0.0, "no": 0.0, "false": 0.0, "0": 0.0}
    if isinstance(value, str):
        found = words.get(value.strip().lower())
        if found is not None:
            return found
    elif value in (0, 1):
        return float(value)
    raise ValueError(f"{value!s} is neither on nor off")
