"""Playing a sound out of a pool of samples: a place that moves for hours without drifting. For kernels; plain Python too.

This module knows places and steps. It does not know files, keys or envelopes.

A place is a whole frame, a fraction and a residue, all float32 lanes: float64 would halve how many voices fit into a vector. A float32
cannot add up a step of, say, 1.4983 frames: its rounding would detune the sound and bury what lies 75 dB below it. So a step has a coarse
part, a whole number of FINE-ths of a frame, which adds up exactly, and a fine rest, which gathers in the residue until it makes a FINE-th.
All that a sound needs before its first and after its last frame lies in the pool (see `pool`), so reading with `dsp.eight_taps` needs no
case for the edges or for a loop's seam.
"""

from __future__ import annotations

import math

from backline.sdk.dsp import floor

FASTEST = 64.0  # frames of a recording in one frame of sound: six octaves up
FINE = 2.0**17


def split_step(step: float) -> tuple[float, float]:
    """The coarse and the fine part of a step in frames, which is held to FASTEST."""
    held = min(step, FASTEST)
    coarse = math.floor(held * FINE) / FINE
    return coarse, held - coarse


def move(
    whole: float, fraction: float, residue: float, coarse: float, other: float, turn: float, loop_length: float
) -> tuple[float, float, float]:
    """Go on by a coarse step and anything besides: returns (whole, fraction, residue).

    From `turn` on it goes back by `loop_length` (0: it waits there).
    """
    residue = residue + min(other, FASTEST - coarse)
    settled = floor(residue * FINE) * (1.0 / FINE)
    residue = residue - settled
    moved = fraction + (coarse + settled)
    jump = floor(moved)
    reached = whole + jump
    reached = reached - (loop_length if reached >= turn else 0.0)
    return min(reached, turn), moved - jump, residue


def beside(coarse: float, fine: float, away_hz: float, home_period: float, transposed: float) -> float:
    """What a step has besides its coarse part: the fine one, a bend of `away_hz` from the note's pitch, a transposition (ratio less 1)."""
    bent = away_hz * home_period
    return coarse * (bent + transposed + bent * transposed) + fine
