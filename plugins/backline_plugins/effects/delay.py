"""Delay: echoes after a time or a note length. Knows one sample of both channels.

A new time is reached as a tape machine does it, by running faster or slower for a while, so that it bends the pitch and never clicks. At
rest the time is a whole number of samples, so that repeats lose nothing to interpolation.
"""

from __future__ import annotations

import math

from backline.sdk import DelayLine, Effect, Param, State, dsp

from .gain import switched

GLIDE_SECONDS = 0.08
GLIDE_SPEED = 0.75  # samples a sample: what is heard meanwhile plays at 25 to 175 % of its speed
CREEP_SPEED = 0.001  # the last few samples of the way: under 2 cents
DARKEST_SECONDS = 0.0003
SILENT = 1e-5


def glide(now: float, target: float, dt: float) -> float:
    """One sample of the way from one delay in samples to another; below 0 means not yet set, then it jumps."""
    distance = target - now
    step = dsp.clip(abs(distance) * dt / GLIDE_SECONDS, CREEP_SPEED, GLIDE_SPEED)
    return target if now < 0.0 or abs(distance) <= step else now + (step if distance > 0.0 else -step)


def dark(damping: float, dt: float) -> float:
    """The pole of the low-pass in the loop: 0 at 0 %, 530 Hz at 100 %."""
    seconds = DARKEST_SECONDS * damping * damping
    return dsp.exp2(-1.4426950408889634 * dt / max(seconds, 1e-9)) if seconds > 1e-8 else 0.0


class Delay(Effect):
    """Echoes after a time or a note length, each softer and darker than the one before.

    `wet` is the balance inside the plugin; the node's own `mix` blends the whole plugin with what came in. In a mono-to-stereo path both
    sides get the same echoes unless they play ping-pong.
    """

    name = "Delay"
    tags = ("delay", "space")

    time = Param(
        "1/4", "1 ms", "8 s", unit="s", curve="log", smoothing=0, synced=True, description="From one echo to the next: time or note length."
    )
    feedback = Param("40 %", "0 %", "98 %", description="How much of an echo goes into the next one.")
    wet = Param("35 %", "0 %", "100 %", description="0 %: only what came in; 100 %: only echoes.")
    damping = Param("20 %", "0 %", "100 %", description="How much darker each echo is than the one before.")
    ping_pong = Param(False, description="Echoes go from left to right and back; what comes in is summed for it.")

    left_line = DelayLine("8 s")
    right_line = DelayLine("8 s")
    away = State(-1.0)
    left_dark = State(0.0)
    right_dark = State(0.0)
    crossed = State(-1.0)

    @property
    def tail(self) -> float:  # type: ignore[override]
        """Seconds until the echoes have faded by 100 dB; each of them is softer by the feedback."""
        parameter, given = self.parameters["feedback"], self.parameter_target("feedback")
        feedback = parameter.resolve(given, self.transport.tempo)
        repeats = 1.0 + (math.log(SILENT) / math.log(feedback) if feedback > SILENT else 0.0)
        return math.ceil(repeats) * self.time + 0.1

    @staticmethod
    def sample(
        left, right, left_line, right_line, away, left_dark, right_dark, crossed, time, feedback, wet, damping, ping_pong, sample_rate, dt
    ):
        """Return left, right, and the delay in samples, both low-passes and how far the sides are crossed (0..1)."""
        away = glide(away, dsp.floor(time * sample_rate + 0.5), dt)
        crossed = switched(crossed, float(ping_pong), dt)
        back = away - 1.0  # the line is read before it is written
        left_echo = dsp.delay_read(left_line, back)
        right_echo = dsp.delay_read(right_line, back)
        pole = dark(damping, dt)
        left_dark = left_echo + pole * (left_dark - left_echo)
        right_dark = right_echo + pole * (right_dark - right_echo)
        left_in = dsp.mix(left, 0.5 * (left + right), crossed) + feedback * dsp.mix(left_dark, right_dark, crossed)
        right_in = dsp.mix(right, 0.0, crossed) + feedback * dsp.mix(right_dark, left_dark, crossed)
        dsp.delay_write(left_line, left_in)
        dsp.delay_write(right_line, right_in)
        return dsp.mix(left, left_dark, wet), dsp.mix(right, right_dark, wet), away, left_dark, right_dark, crossed
