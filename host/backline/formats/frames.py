"""Exact time to whole frames.

This module knows how a moment becomes a sample position. It does not know tempo maps, files or events.
"""

from __future__ import annotations

from fractions import Fraction


def nearest_frame(seconds: Fraction, rate: float) -> int:
    """Return the frame nearest to `seconds` at `rate` Hz, without rounding on the way; halves go up."""
    up, down = rate.as_integer_ratio()
    denominator = seconds.denominator * down
    return (2 * seconds.numerator * up + denominator) // (2 * denominator)
