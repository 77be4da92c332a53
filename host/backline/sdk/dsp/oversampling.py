"""Twofold oversampling with a half-band filter of two allpass paths: cheap, steep, nearly no delay at low frequencies.

This module knows the filter. It does not know what is computed at the higher rate.

Source: R. A. Valenzuela, A. G. Constantinides, "Digital signal processing schemes for efficient interpolation and decimation", IEE Proc. G
130 (1983): eight elliptic coefficients; pass band flat to 0.23 of the higher rate, stop band below -99 dB from 0.27 of it on.
The memory is a float array of `HALFBAND_MEMORY` values, all zero at the start; one for each direction and channel.
"""

from __future__ import annotations

from .delays import Array

HALFBAND_MEMORY = 16


def allpass_step(memory: Array, at: int, x: float, coefficient: float) -> float:
    """One first-order allpass section whose last input and output stand in memory[at] and memory[at + 1]."""
    y = memory[at] + coefficient * (x - memory[at + 1])
    memory[at] = x
    memory[at + 1] = y
    return y  # type: ignore[no-any-return]


def even_path(memory: Array, x: float) -> float:
    """The first of the two allpass paths (memory 0..7)."""
    y = allpass_step(memory, 0, x, 0.04063346092419326)
    y = allpass_step(memory, 2, y, 0.3007570559918741)
    y = allpass_step(memory, 4, y, 0.6095243148961883)
    return allpass_step(memory, 6, y, 0.8492238103920661)


def odd_path(memory: Array, x: float) -> float:
    """The second of the two allpass paths (memory 8..15)."""
    y = allpass_step(memory, 8, x, 0.1505051290226746)
    y = allpass_step(memory, 10, y, 0.4607745049614506)
    y = allpass_step(memory, 12, y, 0.7385038411188573)
    return allpass_step(memory, 14, y, 0.9497427837050002)


def upsample(memory: Array, x: float) -> tuple[float, float]:
    """Turn one sample into two of twice the rate, the earlier one first."""
    return even_path(memory, x), odd_path(memory, x)


def downsample(memory: Array, first: float, second: float) -> float:
    """Turn two samples of twice the rate, the earlier one first, into one."""
    return 0.5 * (even_path(memory, second) + odd_path(memory, first))
