"""Mixer: eight stereo inputs with level, pan and mute, one stereo output. Knows blocks of all of its ports at once."""

from __future__ import annotations

from backline.sdk import Effect, Param, Port, State, dsp

from .gain import fader, switched
from .pan import balance_gains

STRIPS = range(1, 9)


def strip(x: dsp.Array, out: dsp.Array, level: dsp.Array, pan: dsp.Array, mute: int, heard: dsp.Array, dt: float, frames: int) -> None:
    """Add one stereo input to the output; `heard` carries how far its mute is open (0..1)."""
    opened = heard[0]
    for i in range(frames):
        opened = switched(opened, 0.0 if mute > 0 else 1.0, dt)
        left, right = balance_gains(pan[i])
        loudness = fader(level[i]) * opened
        out[0, i] += x[0, i] * left * loudness
        out[1, i] += x[1, i] * right * loudness
    heard[0] = opened


class Mixer(Effect):
    """Eight stereo inputs, each with a level, a place and a mute, become one stereo output.

    Wires name the inputs: `keys -> desk.in_1`, `bass -> desk.in_2`. A mono source reaches both sides. The pan is that of the plugin `pan`:
    unchanged in the middle, constant power to the sides.
    """

    name = "Mixer"
    tags = ("level", "stereo")
    inputs = tuple(Port(f"in_{number}", 2) for number in STRIPS)
    outputs = (Port("out", 2),)

    level_1, level_2, level_3, level_4, level_5, level_6, level_7, level_8 = (
        Param("0 dB", "-96 dB", "12 dB", curve="db", description=f"Level of input {number}; the lowest value is silence.")
        for number in STRIPS
    )
    pan_1, pan_2, pan_3, pan_4, pan_5, pan_6, pan_7, pan_8 = (
        Param("0 %", "-100 %", "100 %", description=f"Place of input {number}, from left to right.") for number in STRIPS
    )
    mute_1, mute_2, mute_3, mute_4, mute_5, mute_6, mute_7, mute_8 = (
        Param(False, description=f"Silence input {number}, without a click.") for number in STRIPS
    )
    heard_1, heard_2, heard_3, heard_4, heard_5, heard_6, heard_7, heard_8 = (State(-1.0) for _ in STRIPS)

    @staticmethod
    def block(
        in_1, in_2, in_3, in_4, in_5, in_6, in_7, in_8, out,
        level_1, level_2, level_3, level_4, level_5, level_6, level_7, level_8,
        pan_1, pan_2, pan_3, pan_4, pan_5, pan_6, pan_7, pan_8,
        mute_1, mute_2, mute_3, mute_4, mute_5, mute_6, mute_7, mute_8,
        heard_1, heard_2, heard_3, heard_4, heard_5, heard_6, heard_7, heard_8,
        dt, frames,
    ):  # fmt: skip
        """Add all inputs up."""
        for i in range(frames):
            out[0, i] = 0.0
            out[1, i] = 0.0
        strip(in_1, out, level_1, pan_1, mute_1, heard_1, dt, frames)
        strip(in_2, out, level_2, pan_2, mute_2, heard_2, dt, frames)
        strip(in_3, out, level_3, pan_3, mute_3, heard_3, dt, frames)
        strip(in_4, out, level_4, pan_4, mute_4, heard_4, dt, frames)
        strip(in_5, out, level_5, pan_5, mute_5, heard_5, dt, frames)
        strip(in_6, out, level_6, pan_6, mute_6, heard_6, dt, frames)
        strip(in_7, out, level_7, pan_7, mute_7, heard_7, dt, frames)
        strip(in_8, out, level_8, pan_8, mute_8, heard_8, dt, frames)
