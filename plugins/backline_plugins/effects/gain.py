"""Gain: a level in decibels, and the phase turned over. Knows one sample of one channel."""

from __future__ import annotations

from backline.sdk import Effect, Param, State, dsp

LOWEST = -96.0
SWITCH_SECONDS = 0.005


def switched(now: float, target: float, dt: float) -> float:
    """One sample of a switch 0..1 that moves within 5 ms, so that it does not click; below 0 means not yet set, then it jumps."""
    step = dt / SWITCH_SECONDS
    return target if now < 0.0 else min(max(target, now - step), now + step)


def fader(level_db: float) -> float:
    """The factor of a fader in decibels whose lowest position is silence."""
    return dsp.gain(level_db) if level_db > LOWEST else 0.0


class Gain(Effect):
    """Make a signal louder or softer, and turn its phase over."""

    name = "Gain"
    tags = ("level",)

    level = Param("0 dB", "-96 dB", "24 dB", curve="db", description="How much louder or softer; the lowest value is silence.")
    invert = Param(False, description="Turn the phase over (180 degrees).")
    turned = State(-1.0)

    @staticmethod
    def sample(x, turned, level, invert, dt):
        """Return one sample, and how far the phase is turned over (0..1)."""
        turned = switched(turned, float(invert), dt)
        return x * fader(level) * (1.0 - 2.0 * turned), turned
