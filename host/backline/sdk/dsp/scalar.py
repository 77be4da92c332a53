"""Arithmetic that kernels need and that stays branchless: wrapping, rounding, sine, powers of two, decibels, noise, clipping.

This module knows numbers. It does not know sound plugins, buffers or rates. Every function is plain Python and can be called as such;
inside a kernel the marked ones (`intrinsic`) become single machine instructions.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import TypeVar

Precise = float
"""Annotation: this argument or result stays float64 in a 32-bit kernel (phases, positions)."""

WHITE_STEP = 0.3819660112501051
"""How far the phase of `white` moves each sample, in turns."""

_Function = TypeVar("_Function", bound=Callable[..., object])


def intrinsic(name: str) -> Callable[[_Function], _Function]:
    """Mark a function that kernels replace by the machine instruction `name`."""

    def mark(function: _Function) -> _Function:
        function.__kernel_intrinsic__ = name  # type: ignore[attr-defined]
        return function

    return mark


@intrinsic("floor")
def floor(x: float) -> float:
    """The largest whole number not above x, as a float."""
    return float(math.floor(x))


@intrinsic("power_of_two")
def power_of_two(exponent: float) -> float:
    """2 to a whole exponent between -126 and 127; exact."""
    return math.ldexp(1.0, int(exponent))


@intrinsic("signed")
def signed(size: float, sign: float) -> float:
    """The first number with the sign of the second."""
    return math.copysign(size, sign)


@intrinsic("larger_bits")
def highest(known: float, x: float) -> float:
    """The larger of two numbers, the first of which is 0 or more: for carried peaks.

    A carried value that is chosen between its old self and another becomes a masked store, which takes some processors 20 cycles.
    The bits of positive floats compare as whole numbers, and that does not.
    """
    return max(known, x)


def wrap(phase: Precise) -> Precise:
    """Bring a phase in turns back into [0, 1)."""
    return phase - floor(phase)


def advance(phase: Precise, step: float) -> Precise:
    """Move a phase in turns on by one step (0 <= step < 1) and wrap it."""
    moved = phase + step
    return moved - 1.0 if moved >= 1.0 else moved


def sin_turn(phase: Precise) -> float:
    """The sine of a phase in turns: sin(2 pi phase). Error below 1e-9; any phase is allowed.

    Folded to a quarter turn, then the odd Taylor polynomial of degree 13.
    """
    return sin_folded(phase - floor(phase + 0.5))


def sin_folded(z: float) -> float:
    """The sine of a phase in turns that lies in [-0.5, 0.5]."""
    size = abs(z)
    size = min(size, 0.5 - size)
    s = size * size
    tail = 42.05869394489765 + s * (-15.09464257682298 + s * 3.8199525848482803)
    y = size * (6.283185307179586 + s * (-41.341702240399755 + s * (81.60524927607504 + s * (-76.70585975306136 + s * tail))))
    return y if z >= 0.0 else -y


def exp2(x: float) -> float:
    """2 to the power x, relative error below 1e-8, for x between -126 and 126."""
    limited = min(max(x, -126.0), 126.0)
    whole = floor(limited + 0.5)
    f = (limited - whole) * 0.6931471805599453
    series = 1.0 + f * (1.0 + f * (0.5 + f * (1 / 6 + f * (1 / 24 + f * (1 / 120 + f * (1 / 720 + f * (1 / 5040)))))))
    return series * power_of_two(whole)


def exp2_short(x: float) -> float:
    """2 to the power x, relative error below 3e-6 (0.005 cent), for x between -100 and 100; half the work of `exp2`.

    Minimax polynomial of degree 4 on half an octave to both sides.
    """
    whole = floor(x + 0.5)
    f = x - whole
    series = 0.9999992614 + f * (0.6931218148 + f * (0.2402474486 + f * (0.0559178602 + f * 0.0095701006)))
    return series * power_of_two(whole)


def fading(x: float) -> float:
    """1 - exp(-x) for x from 0 on, held at x = 2, without cancellation for the tiny x of long times.

    Relative error below 1e-4 up to 1.6, 2.5e-4 at 2.
    2t / (1 + t) with t = tanh(x/2) as its (3,2) Pade approximant.
    """
    y = 0.5 * min(x, 2.0)
    s = y * y
    t = y * (15.0 + s) / (15.0 + 6.0 * s)
    return 2.0 * t / (1.0 + t)


def semitones(x: float) -> float:
    """The frequency ratio of an interval in semitones."""
    return exp2(x * (1.0 / 12.0))


def gain(level_db: float) -> float:
    """The factor of a level in decibels."""
    return exp2(level_db * 0.16609640474436813)


def clip(x: float, low: float, high: float) -> float:
    """x, but not below low and not above high."""
    return min(max(x, low), high)


def mix(dry: float, wet: float, amount: float) -> float:
    """Cross-fade linearly from dry (0) to wet (1)."""
    return dry + (wet - dry) * amount


def soft_clip(x: float) -> float:
    """A smooth saturator: x for small x, +-1 from +-1.5 on (the cubic 1.0 x - 4/27 x^3)."""
    limited = min(max(x, -1.5), 1.5)
    return limited - 0.14814814814814814 * limited * limited * limited


def tanh_fast(x: float) -> float:
    """Hyperbolic tangent as its (7,6) Pade approximant, clipped where it would leave [-1, 1]; error below 1e-4."""
    limited = min(max(x, -4.97), 4.97)
    s = limited * limited
    numerator = limited * (135135.0 + s * (17325.0 + s * (378.0 + s)))
    return numerator / (135135.0 + s * (62370.0 + s * (3150.0 + s * 28.0)))


def random_next(seed: Precise) -> Precise:
    """The next number of a pseudo-random sequence in [0, 1): fractional part of a linear map, started anywhere in [0, 1)."""
    moved = seed * 9821.0 + 0.211327
    return moved - floor(moved)


def random_at(index: int, seed: int) -> float:
    """The random number in [0, 1) that belongs to a whole number: the same one whenever it is asked for, another one for another seed.

    A 32-bit integer hash in the manner of T. Mueller (two rounds of xor-shift and multiply).
    """
    h = (index * 2654435761 + seed * 2246822519 + 374761393) & 0xFFFFFFFF
    h = ((h ^ (h >> 16)) * 73244475) & 0xFFFFFFFF
    h = ((h ^ (h >> 16)) * 73244475) & 0xFFFFFFFF
    return (h ^ (h >> 16)) / 4294967296.0


def white(phase: float) -> float:
    """White noise, -1..1, from a phase that moves by `WHITE_STEP` each sample: two rounds of scrambling its digits, good in 32 bits."""
    first = phase * (phase * 1579.0 + 911.0)
    first = first - floor(first)
    second = first * (first * 3137.0 + 2029.0)
    return 2.0 * (second - floor(second)) - 1.0


def bipolar(unit: float) -> float:
    """Map 0..1 to -1..1."""
    return 2.0 * unit - 1.0


def pan_gains(position: float) -> tuple[float, float]:
    """Left and right gain of a constant-power pan; position -1 (left) .. 1 (right), -3 dB in the middle."""
    turn = (position + 1.0) * 0.125
    return sin_folded(0.25 - turn), sin_folded(turn)
