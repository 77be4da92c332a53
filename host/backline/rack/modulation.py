"""What a modulation wire's depth means for a parameter.

This module knows depths with units (`2 oct`, `7 st`, `35 %`, `500 Hz`) and which rate a parameter can follow. It does not know signals.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from backline.model import ModulationRate
from backline.sdk.units import Beats, UnitError, infer_unit, parse_quantity

from .native_node import NativeNode
from .node import Parameter, RackNode


@dataclass(frozen=True)
class Depth:
    """How far a modulator at 1 moves a parameter: `amount` octaves, or `amount` in the parameter's unit.

    It moves per sample (`audio_rate`) or on the 64-frame grid.
    """

    amount: float
    octaves: bool
    audio_rate: bool


def parse_depth(text: str, parameter: Parameter, rate: ModulationRate | None, target: RackNode) -> Depth:
    """Read a depth for a parameter. ValueError with a clear message when unit, parameter or rate do not go together."""
    smooth = isinstance(target, NativeNode) and parameter.id in target.plugin._rows_of
    if rate == "audio" and not smooth:
        raise ValueError(f"{parameter.id} of {target.name} cannot follow audio rate, only control rate")
    amount, octaves = _amount(text, parameter)
    return Depth(amount, octaves, smooth and rate != "control")


def _amount(text: str, parameter: Parameter) -> tuple[float, bool]:
    unit = infer_unit(text)
    span = parameter.maximum - parameter.minimum
    if unit == "st":
        interval = _number(text, "st")
        if parameter.unit == "st":
            return interval, False
        if parameter.minimum < 0.0 or parameter.unit in ("dB", "%", "deg"):
            raise ValueError(f"{text}: {parameter.id} cannot move by octaves; give a depth in {parameter.unit or 'plain numbers'} or in %")
        return interval / 12.0, True
    if unit == "%" and parameter.unit != "%":
        fraction = _number(text, "%")
        if parameter.curve == "log":
            return fraction * math.log2(parameter.maximum / parameter.minimum), True
        return fraction * span, False
    if parameter.unit == "%" and unit == "%" and parameter.maximum > 1.5:
        return _number(text, "%") * 100.0, False  # a foreign parameter that counts in per cent
    return _number(text, parameter.unit), False


def _number(text: str, unit: str) -> float:
    value = parse_quantity(text, unit)
    if isinstance(value, Beats):
        raise UnitError(f"{text}: a depth cannot be a note length")
    return float(value)
