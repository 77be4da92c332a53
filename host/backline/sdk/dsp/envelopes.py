"""Envelopes and smoothers, one sample at a time.

This module knows how a level moves in time. It does not know notes, voices or buffers.

The ADSR is the usual analogue shape: an exponential towards a target beyond the end of the stage, cut at the end, so that each stage
takes exactly its time (W. Pirkle, "Designing Software Synthesizer Plug-Ins in C++", 2015, ch. 6).
"""

from __future__ import annotations

import math

from .scalar import fading, highest


def stage_rate(seconds: float, overshoot: float, dt: float) -> float:
    """The one-pole coefficient with which a full stage towards a target `overshoot` beyond its end takes `seconds`."""
    return fading(math.log((1.0 + overshoot) / overshoot) * dt / max(seconds, dt))


def adsr(
    level: float, stage: float, gate: float, attack: float, decay: float, sustain: float, release: float, dt: float
) -> tuple[float, float]:
    """One sample of an attack-decay-sustain-release envelope: returns (level, stage).

    Carried: level 0..1 and stage (0 attacking, 1 past the peak); both start at 0. `gate` is 1 while the key is down. Times in seconds:
    attack from 0 to 1, decay until within 0.1 % of the sustain level, release from 1 to exactly 0.
    """
    up = stage_rate(attack, 0.3, dt)
    down = stage_rate(decay, 0.001, dt)
    away = stage_rate(release, 0.001, dt)
    return adsr_step(level, stage, gate, up, down, sustain, away)


def adsr_step(level: float, stage: float, gate: float, up: float, down: float, sustain: float, away: float) -> tuple[float, float]:
    """`adsr` with the stage coefficients already known."""
    attacking = stage < 0.5
    target = 1.3 if attacking else sustain
    rate = up if attacking else down
    target = target if gate > 0.5 else -0.001
    rate = rate if gate > 0.5 else away
    moved = level + (target - level) * rate
    past = 1.0 if moved >= 1.0 else stage
    past = past if gate > 0.5 else 1.0
    return min(max(moved, 0.0), 1.0), past


def adsr_note(level: float, peak: float, gate: float, up: float, down: float, sustain: float, away: float) -> tuple[float, float]:
    """`adsr_step` for instruments, where a voice's gate never comes back once it has gone: a few operations less. Returns (level, peak).

    Carried: the level and the highest level so far; both start at 0.
    """
    attacking = peak < 1.0
    target = 1.3 if attacking else sustain
    rate = up if attacking else down
    target = target if gate > 0.5 else -0.001
    rate = rate if gate > 0.5 else away
    moved = level + (target - level) * rate
    return min(max(moved, 0.0), 1.0), highest(peak, moved)


def follow(level: float, x: float, attack: float, release: float, dt: float) -> float:
    """One sample of a peak follower: the level rises and falls with its own time constants (seconds to 63 %)."""
    size = abs(x)
    seconds = attack if size > level else release
    return level + (size - level) * fading(dt / max(seconds, dt))


def smooth(value: float, target: float, seconds: float, dt: float) -> float:
    """One sample of a one-pole glide towards a target (63 % after `seconds`)."""
    return value + (target - value) * fading(dt / max(seconds, dt))
