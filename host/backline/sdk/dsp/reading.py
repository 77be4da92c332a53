"""Read a table at any place between its values: eight points, with the weights that err least.

This module knows how to read between samples. It does not know voices, loops or files.

The weights are found by least squares: for each of 256 fractions, those eight that reproduce all sines up to `BAND` of the sample rate with
the smallest error, low ones more than high ones (T. Laakso, V. Valimaki, M. Karjalainen, U. Laine, "Splitting the unit delay", IEEE Signal
Processing Magazine 13 (1996), the general least-squares design). Between two fractions they are mixed.
"""

from __future__ import annotations

from functools import cache

import numpy as np

from .delays import Array
from .scalar import intrinsic

FRACTIONS = 256
TAPS = 8
BEFORE = 3  # values before the place that is read
PAGE = 64  # values; tables are addressed by pages
BAND = 0.33  # of the sample rate


@intrinsic("tap_start")
def tap_start(values: Array, page: float, offset: float) -> float:
    """Where in a table the eight neighbours of a place begin: at 64 * page + offset, at most at the last eight.

    Both are whole numbers from 0 on, kept as floats: a float32 counts exactly to 2**24 only, so large tables are addressed by pages. Give
    the result to `eight_taps` alone; in a kernel it is no number.
    """
    return float(min(PAGE * int(page) + int(offset), len(values) - TAPS))


@intrinsic("tap_row")
def tap_row(place: float) -> float:
    """The row of `tap_weights` for a fraction times 256. Give it to `tap_part` and `eight_taps` alone; in a kernel it is no number."""
    return float(min(int(place), FRACTIONS - 1))


@intrinsic("tap_part")
def tap_part(place: float, row: float) -> float:
    """How far a fraction times 256 lies between its row of weights and the next."""
    return place - row


@intrinsic("eight_taps")
def eight_taps(values: Array, weights: Array, start: float, row: float, part: float) -> float:
    """The value of a table between its values, read through eight neighbours: the fourth of them and a fraction.

    `weights` is a table of `tap_weights()`; the others come from `tap_start`, `tap_row` and `tap_part`.
    """
    first, at = int(start), 2 * TAPS * int(row)
    total: float = 0.0
    for k in range(TAPS):
        total += values[first + k] * (weights[at + k] + part * weights[at + TAPS + k])
    return total


@cache
def tap_weights() -> np.ndarray:
    """The weights of `eight_taps`: float32[256, 16], for each fraction eight weights, which sum to 1, and how they change to the next."""
    frequencies = np.linspace(0.0005, BAND, 400)
    emphasis = frequencies**-2.5  # as music does, ask most of the lower octaves: errors of -119 dB at 1 kHz, -98 at 2, -74 at 4, -55 at 10
    places = np.arange(TAPS) - BEFORE
    table = np.empty((FRACTIONS + 1, TAPS))
    waves = np.exp(2j * np.pi * np.outer(frequencies, places))
    rows = np.vstack([waves.real, waves.imag]) * np.tile(emphasis, 2)[:, None]
    for index in range(FRACTIONS + 1):
        wanted = np.exp(2j * np.pi * frequencies * index / FRACTIONS)
        target = np.concatenate([wanted.real, wanted.imag]) * np.tile(emphasis, 2)
        table[index] = np.linalg.lstsq(rows, target, rcond=None)[0]
    table /= table.sum(axis=1, keepdims=True)
    return np.hstack([table[:-1], np.diff(table, axis=0)]).astype(np.float32)
