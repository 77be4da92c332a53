"""Parameters of VST3, AU and LV2 plugins: what the host says about them made into kinds, ranges and exact values.

A host offers a raw value of 0..1 and two translations, text to raw and raw to text, each as good as the plugin wrote it. This
module knows how to get true ranges and exact values out of them. It does not know which library is the host.
"""

from __future__ import annotations

import math
import re
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from backline.rack.foreign.base import ForeignParameter
from backline.rack.foreign.errors import ForeignParameterError
from backline.rack.foreign.names import is_bookkeeping, snake_ids
from backline.rack.foreign.values import OFF, ON, ParameterKind, format_value, in_unit, split_number

_MOST_CHOICES = 128
_PROBES = (0.0, 0.25, 0.5, 0.75, 1.0)


@dataclass(frozen=True, slots=True)
class HostAccess:
    """How to reach one parameter inside the host. `steps` is how many values it has, huge if it is continuous."""

    index: int
    name: str
    unit: str
    steps: int
    default_raw: float
    automatable: bool
    to_text: Callable[[float], str]
    from_text: Callable[[str], float]
    get_raw: Callable[[], float]
    set_raw: Callable[[float], None]


class HostedParameter:
    """One parameter with its translation between raw values and the plugin's own unit."""

    __slots__ = ("_affine", "_asked", "_forgets", "_raws", "access", "parameter")

    def __init__(self, identity: str, access: HostAccess) -> None:
        self.access = access
        self._asked: tuple[float, float] | None = None
        self._raws: tuple[float, ...] = ()
        self._affine = True
        self._forgets = False
        self.parameter = self._describe(identity)

    def _describe(self, identity: str) -> ForeignParameter:
        access = self.access
        unit = access.unit.strip()
        if is_bookkeeping(access.name, access.unit):
            return ForeignParameter(
                identity, access.name, unit, default=access.default_raw, index=access.index, automatable=False, hidden=True
            )
        texts = [access.to_text(raw) for raw in _PROBES]
        kind, choices = self._kind(texts)
        if kind == "bool":
            minimum, maximum, default = 0.0, 1.0, float(access.default_raw >= 0.5)
        elif kind == "enum":
            minimum, maximum, default = 0.0, float(len(choices) - 1), float(self._nearest(access.default_raw))
        else:
            unit = unit or _unit_of(texts[-1])
            values = [_read(text, unit) for text in texts]
            if any(value is None for value in values):
                # It speaks in words we cannot order: offer the raw value itself.
                self._raws = _PROBES[:0]
                return ForeignParameter(identity, access.name, "", default=access.default_raw, index=access.index)
            numbers = [value for value in values if value is not None]
            minimum, maximum = min(numbers), max(numbers)
            self._affine = _is_affine(numbers)
            default = self._rounded(self.shown_at(access.default_raw, unit), minimum, maximum)
        return ForeignParameter(
            identity, access.name, unit, kind, minimum, maximum, default, choices, access.index, automatable=access.automatable
        )

    def _kind(self, texts: list[str]) -> tuple[ParameterKind, tuple[str, ...]]:
        steps = self.access.steps
        words = {texts[0].strip().casefold(), texts[-1].strip().casefold()}
        if steps == 2 and (words <= ON | OFF or {_plain(word) for word in words} == {0.0, 1.0}) and len(words) == 2:
            return "bool", ()
        if any(split_number(text) is None for text in texts) and self._collect(steps):
            return "enum", tuple(self.access.to_text(raw) for raw in self._raws)
        if 2 <= steps <= _MOST_CHOICES and self._collect(steps):
            choices = tuple(self.access.to_text(raw) for raw in self._raws)
            if any(split_number(choice) is None for choice in choices):
                return "enum", choices
        self._raws = ()
        whole = 2 < steps < 1 << 24 and all(_plain(text) == round(_plain(text)) for text in texts if math.isfinite(_plain(text)))
        return ("int" if whole else "float"), ()

    def _collect(self, steps: int) -> bool:
        """Find the raw value of every choice; False if there are too many to be a list."""
        if 2 <= steps <= _MOST_CHOICES:
            self._raws = tuple(step / (steps - 1) for step in range(steps))
            return True
        raws, last = [], None
        for step in range(4 * _MOST_CHOICES + 1):
            raw = step / (4 * _MOST_CHOICES)
            text = self.access.to_text(raw)
            if text != last:
                raws.append(raw)
                last = text
        self._raws = tuple(raws) if 1 <= len(raws) <= _MOST_CHOICES else ()
        return bool(self._raws)

    def _nearest(self, raw: float) -> int:
        """Return the choice at a raw value: of evenly spread ones the nearest, of found ranges the one it lies in."""
        if 2 <= self.access.steps <= _MOST_CHOICES:
            return min(range(len(self._raws)), key=lambda index: abs(self._raws[index] - raw))
        return max((index for index, start in enumerate(self._raws) if start <= raw + 1e-7), default=0)

    def shown_at(self, raw: float, unit: str | None = None) -> float:
        """Return the number the plugin shows at a raw value; the raw value itself if it shows none."""
        shown = _read(self.access.to_text(raw), self.parameter.unit if unit is None else unit)
        return raw if shown is None else shown

    def rounded(self, shown: float) -> float:
        """Take off the digits that come from the 24 bits of the raw value."""
        return self._rounded(shown, self.parameter.minimum, self.parameter.maximum)

    def _rounded(self, shown: float, minimum: float, maximum: float) -> float:
        """Take off the digits that come from the 24 bits of the raw value: -12, not -11.999998."""
        if not self._affine or not 0.0 < maximum - minimum < math.inf:
            return shown
        near = (maximum - minimum) * 2.0**-23
        return next((short + 0.0 for short in (round(shown, digits) for digits in range(7)) if abs(short - shown) <= near), shown)

    def value(self) -> float:
        """Return the present value in the parameter's own unit: exactly what was asked for, while it still holds."""
        raw = self.access.get_raw()
        if self._asked is not None and (self._asked[0] == raw or (self._forgets and raw == 0.0)):
            return self._asked[1]
        parameter = self.parameter
        if parameter.hidden:
            return raw
        if parameter.kind == "bool":
            return float(raw >= 0.5)
        if parameter.kind == "enum":
            return float(self._nearest(raw))
        return self.rounded(self.shown_at(raw))

    def text(self) -> str:
        """Return the present value as people read it: the plugin's own words, and numbers without superfluous digits."""
        parameter = self.parameter
        shown = self.access.to_text(self.raw_for(self.value()) if self._forgets else self.access.get_raw()).strip()
        parts = split_number(shown)
        if parameter.hidden or parameter.kind in {"bool", "enum"} or parts is None or parts[1] not in {"", parameter.unit}:
            return shown
        return format_value(self.value(), kind=parameter.kind, unit=parameter.unit, maximum=parameter.maximum)

    def spoken(self, text: str) -> float | None:
        """Return the value of a text that the plugin itself can read ("-oo", "1/4"): it must show the same text back."""
        parameter = self.parameter
        if parameter.hidden or parameter.kind in {"bool", "enum"}:
            return None
        raw = self.access.from_text(text)
        if not 0.0 <= raw <= 1.0 or self.access.to_text(raw).strip().casefold() != text.strip().casefold():
            return None
        return min(max(self.shown_at(raw), parameter.minimum), parameter.maximum)

    def set(self, value: float) -> None:
        """Set a value in the parameter's own unit, exactly."""
        access = self.access
        access.set_raw(self.raw_for(value))
        self._asked = (access.get_raw(), value)

    def believe(self, value: float) -> None:
        """Set a value that the host may later report as 0, perhaps from another thread: 0 then means this value."""
        self.set(value)
        self._forgets = value != self.shown_at(0.0)

    def raw_for(self, value: float) -> float:
        """Return the raw value that shows `value`.

        The plugin's own reading of the number comes first, if it shows the number back; plugins that cannot read their own
        texts are asked by bisection.
        """
        parameter = self.parameter
        if parameter.kind == "bool" or parameter.hidden:
            return min(max(value, 0.0), 1.0)
        if parameter.kind == "enum":
            return self._raws[round(value)]
        span = parameter.maximum - parameter.minimum
        if span <= 0.0:
            raise ForeignParameterError(f"{parameter.name or parameter.id} cannot be set, the plugin gives it a single value")
        near = 2e-6 * max(span, 1.0) if math.isfinite(span) else 1e-5
        text = repr(round(value)) if parameter.kind == "int" else repr(value)
        for raw in (self.access.from_text(text), self.line(value)):
            if math.isfinite(raw) and 0.0 <= raw <= 1.0 and abs(self.shown_at(raw) - value) <= near:
                return raw
        return self._bisect(value)

    def line(self, value: float) -> float:
        """Return the raw value on the straight line between the bounds; exact where the plugin's scale is straight."""
        parameter = self.parameter
        span = parameter.maximum - parameter.minimum
        return min(max((value - parameter.minimum) / span, 0.0), 1.0) if 0.0 < span < math.inf else math.nan

    def fast_raw(self, value: float) -> float:
        """Return the raw value for a change while sound runs: by the line if the scale is straight."""
        parameter = self.parameter
        if self._affine and parameter.kind in {"float", "int"} and parameter.maximum > parameter.minimum and not parameter.hidden:
            return self.line(value)
        return self.raw_for(value)

    def _bisect(self, value: float) -> float:
        low, high = 0.0, 1.0
        rising = self.shown_at(1.0) >= self.shown_at(0.0)
        for _ in range(40):
            middle = 0.5 * (low + high)
            if (self.shown_at(middle) < value) == rising:
                low = middle
            else:
                high = middle
        return min((low, high), key=lambda raw: abs(self.shown_at(raw) - value))


def describe(accesses: Sequence[HostAccess]) -> dict[str, HostedParameter]:
    """Return the parameters of a plugin by id; ids depend on the shown names in order, so every backend gives the same.

    MIDI controllers in disguise are left out by the caller (`names.is_midi_controller`).
    """
    visible = [access for access in accesses if not is_bookkeeping(access.name, access.unit)]
    hidden = [access for access in accesses if is_bookkeeping(access.name, access.unit)]
    # Visible ones take the plain names; numbers of nameless ones count within the visible list.
    ordered = [*visible, *hidden]
    ids = snake_ids([access.name for access in ordered])
    return {identity: HostedParameter(identity, access) for identity, access in zip(ids, ordered, strict=True)}


_SECONDS_FOR_A_REPORT = 0.1
_DPF_VALUES = re.compile(rb"__dpf_parameters_begin__[\x00\xff][^\x00\xff]+[\x00\xff]([^\x00\xff]+)[\x00\xff]")


def mend_first(hosted: dict[str, HostedParameter], component: bytes = b"") -> None:
    """Put right what the first parameter after the MIDI controllers says.

    Instruments made with DPF 1.6 report 0 for it until it is set, whatever it truly is: the default after loading, or what stands
    first in a state (`component`) that was just brought back; and hosts hand that 0 back to the plugin. Setting the true value
    makes report and sound agree.
    """
    if not hosted:
        return
    first = min(hosted.values(), key=lambda parameter: parameter.access.index)
    if first.access.index == 0:
        return
    stored = _DPF_VALUES.search(component)
    if stored is not None:
        # The host may hear of a new state on another thread, and hands the wrong 0 on to the plugin; only after that can it be mended.
        patience = time.monotonic() + _SECONDS_FOR_A_REPORT
        while first.access.get_raw() != 0.0 and time.monotonic() < patience:
            time.sleep(0.001)
        value = float(stored[1])
        first.believe(min(max(first.rounded(value), first.parameter.minimum), first.parameter.maximum))
    elif not component and first.access.get_raw() == 0.0:
        first.believe(first.parameter.default)


def _plain(text: str) -> float:
    parts = split_number(text)
    return math.nan if parts is None else parts[0]


def _unit_of(text: str) -> str:
    parts = split_number(text)
    suffix = "" if parts is None else parts[1]
    return {"khz": "Hz"}.get(suffix.casefold(), suffix)


def _read(text: str, unit: str) -> float | None:
    parts = split_number(text)
    if parts is None:
        return None
    try:
        return in_unit(*parts, unit)
    except ValueError:
        return None


def _is_affine(values: list[float]) -> bool:
    span = values[-1] - values[0]
    if not 0.0 < span < math.inf:
        return False
    return all(abs(value - (values[0] + raw * span)) <= 2e-6 * max(span, 1.0) for raw, value in zip(_PROBES, values, strict=True))
