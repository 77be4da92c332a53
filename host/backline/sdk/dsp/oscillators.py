"""Band-limited oscillators from a phase in turns.

This module knows waveforms. It does not know notes, envelopes or buffers.

Source: V. Valimaki, J. Pekonen, J. Nam, "Perceptually informed synthesis of bandlimited classical waveforms using integrated polynomial
interpolation", J. Acoust. Soc. Am. 131 (2012) for the two-point polynomial BLEP; F. Esqueda, V. Valimaki, S. Bilbao, "Rounding corners
with BLAMP", DAFx 2016, for the polynomial BLAMP of the triangle. Both are written without branches: with a = samples since the step
and b = samples until the next one, the residual is max(0, 1-b)^2 - max(0, 1-a)^2.
"""

from __future__ import annotations

from .scalar import Precise, signed, sin_turn


def saw(phase: float, step: float) -> float:
    """A rising saw, -1..1, for a phase in [0, 1) that moves by step (0 < step < 0.5) each sample."""
    return saw_inverse(phase, 1.0 / step)


def saw_inverse(phase: float, period: float) -> float:
    """`saw` for those who already know the period in samples (1 / step)."""
    y = 2.0 * phase - 1.0
    half = 0.5 * period
    near = max(1.0 - half + abs(y) * half, 0.0)  # 1 at the step, 0 one sample from it
    return y - signed(near * near, y)


def pulse(phase: float, step: float, width: float) -> float:
    """A pulse that is 1 while phase < width and -1 after; width 0..1 (0.5 is a square). The difference of two saws."""
    return pulse_inverse(phase, 1.0 / step, width)


def pulse_inverse(phase: float, period: float, width: float) -> float:
    """`pulse` for those who already know the period in samples."""
    other = phase + 1.0 - width
    other = other - 1.0 if other >= 1.0 else other
    return saw_inverse(other, period) - saw_inverse(phase, period) + 2.0 * width - 1.0


def triangle(phase: float, step: float) -> float:
    """A triangle, -1 at phase 0 and 1 at phase 0.5, its corners rounded by a two-point BLAMP."""
    return triangle_inverse(phase, 1.0 / step, step)


def triangle_inverse(phase: float, period: float, step: float) -> float:
    """`triangle` for those who already know the period in samples."""
    middle = abs(phase - 0.5)
    after = max(1.0 - phase * period, 0.0)
    before = max(1.0 - (1.0 - phase) * period, 0.0)
    top = max(1.0 - middle * period, 0.0)
    corners = after * after * after + before * before * before - top * top * top
    return 1.0 - 4.0 * middle + 1.3333333333333333 * step * corners


def sine(phase: Precise) -> float:
    """A sine from a phase in turns."""
    return sin_turn(phase)
