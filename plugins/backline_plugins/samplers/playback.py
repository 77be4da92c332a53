"""Playing a sound out of a pool of samples: move a position, read between frames. For kernels; plain Python too.

This module knows positions and interpolation. It does not know files, keys or envelopes.

A position is a whole frame and a fraction, both float32 lanes: together exact over 2**24 frames, where a single float32 would not be, and
twice as many voices fit into a vector as with float64. All that a sound needs before its first and after its last frame lies in the pool
(see `pool`), so reading needs no case for the edges or for a loop's seam.
"""

from __future__ import annotations

from backline.sdk.dsp import Array, floor

ALIGNMENT = 64  # sounds start at multiples of this in the pool, so that a float32 can say where in a pool of 2**30 frames
MASK = 0x3FFFFFFF


def window(pool: Array, place: float, whole: float) -> tuple[float, float, float, float, float, float]:
    """The six frames around a position, two before it and three after the one at it, of the sound that starts at `place * ALIGNMENT`."""
    at = (int(place) * ALIGNMENT + int(whole)) & MASK
    return pool[at], pool[at + 1], pool[at + 2], pool[at + 3], pool[at + 4], pool[at + 5]


def between(a: float, b: float, c: float, d: float, e: float, f: float, fraction: float) -> float:
    """The value `fraction` of the way from c to d among six neighbours, by 6-point, 5th-order Hermite interpolation.

    Source: O. Niemitalo, "Polynomial Interpolators for High-Quality Resampling of Oversampled Audio" (2001): the curve through the two
    inner points whose first and second derivatives are those of the quartics through the five points around each.
    """
    outer = 0.125 * a
    near = 0.4583333333333333 * e
    last = 0.08333333333333333 * f
    k1 = 0.08333333333333333 * (a - e) + 0.6666666666666666 * (d - b)
    k2 = 1.0833333333333333 * b - 2.0833333333333335 * c + 1.5 * d - near + last - outer
    k3 = 0.4166666666666667 * c - 0.5833333333333334 * d + 0.2916666666666667 * e - 0.041666666666666664 * (a + b + f)
    k4 = outer - 0.5833333333333334 * b + 1.0833333333333333 * c - d + near - last
    k5 = 0.041666666666666664 * (f - a) + 0.20833333333333334 * (b - e) + 0.4166666666666667 * (d - c)
    return c + fraction * (k1 + fraction * (k2 + fraction * (k3 + fraction * (k4 + fraction * k5))))


def move(whole: float, fraction: float, step: float, turn: float, loop_length: float) -> tuple[float, float]:
    """Go on by `step` frames: returns (whole, fraction). From `turn` on it goes back by `loop_length` (0: it waits there)."""
    moved = fraction + step
    jump = floor(moved)
    reached = whole + jump
    reached = reached - loop_length if reached >= turn else reached
    return min(reached, turn), moved - jump
