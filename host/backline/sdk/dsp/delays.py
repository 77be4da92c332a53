"""Delay lines: write one sample, read any time back, with interpolation.

This module knows a ring of samples. It does not know who owns it.

A line is a float32 array whose element 0 holds the write position; the ring is the rest, a power of two long. `DelayLine` in
`backline.sdk` gives a plugin such an array per channel; as plain Python any numpy array made by `delay_line` serves.

Source of the cubic: the four-point, third-order Hermite form in O. Niemitalo, "Polynomial Interpolators for High-Quality Resampling of
Oversampled Audio" (2001).
"""

from __future__ import annotations

from typing import Any

import numpy as np

Array = Any
"""Annotation: this argument is an array."""


def delay_line(frames: int) -> np.ndarray:
    """Make an empty line that can look back at least `frames` samples."""
    size = 8
    while size < frames + 4:
        size *= 2
    return np.zeros(size + 1, np.float32)


def delay_write(line: Array, x: float) -> int:
    """Put one sample into the line and move on; returns the new write position."""
    mask = len(line) - 2
    at: int = (int(line[0]) + 1) & mask
    line[1 + at] = x
    line[0] = at
    return at


def delay_read(line: Array, frames: float) -> float:
    """Read `frames` samples back (0 is the newest one written), with cubic interpolation; held inside the line's length."""
    mask = len(line) - 2
    back = min(max(frames, 0.0), float(mask - 3))
    whole = int(back)
    f = back - whole
    at = int(line[0]) - whole
    y0 = line[1 + ((at + 1) & mask)] if whole > 0 else line[1 + (at & mask)]
    y1 = line[1 + (at & mask)]
    y2 = line[1 + ((at - 1) & mask)]
    y3 = line[1 + ((at - 2) & mask)]
    slope = 0.5 * (y2 - y0)
    bend = y0 - 2.5 * y1 + 2.0 * y2 - 0.5 * y3
    twist = 0.5 * (y3 - y0) + 1.5 * (y1 - y2)
    return ((twist * f + bend) * f + slope) * f + y1  # type: ignore[no-any-return]


def delay_read_whole(line: Array, frames: int) -> float:
    """Read a whole number of samples back, without interpolation."""
    mask = len(line) - 2
    return line[1 + ((int(line[0]) - int(frames)) & mask)]  # type: ignore[no-any-return]


def cubic(y0: float, y1: float, y2: float, y3: float, f: float) -> float:
    """The value f (0..1) of the way from y1 to y2 on a Hermite cubic through four neighbours."""
    slope = 0.5 * (y2 - y0)
    bend = y0 - 2.5 * y1 + 2.0 * y2 - 0.5 * y3
    twist = 0.5 * (y3 - y0) + 1.5 * (y1 - y2)
    return ((twist * f + bend) * f + slope) * f + y1
