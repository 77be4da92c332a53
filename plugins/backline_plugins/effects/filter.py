"""Filter: a state-variable filter with four modes and two slopes. Knows one sample of one channel.

One section is V. Zavalishin's state-variable filter (see `dsp.svf`); two in a row, with the dampings of a fourth-order Butterworth filter,
give 24 dB an octave.
"""

from __future__ import annotations

import math

from backline.sdk import Effect, Param, State, dsp

from .gain import switched

WIDE, NARROW = 1.8477590650225735, 0.7653668647301796
"""1/Q of the two sections of a fourth-order Butterworth filter."""


def saturate(x: float, drive_db: float) -> float:
    """Push a signal into a tanh curve: full scale stays where it is, what is softer rises by up to `drive_db`. 0 dB changes nothing."""
    amount = dsp.gain(drive_db) - 1.0
    held = max(amount, 1e-3)
    return x if amount < 1e-3 else dsp.tanh_fast(held * x) / dsp.tanh_fast(held)


class Filter(Effect):
    """Let low, middle or high frequencies pass, or cut a notch; with resonance, and a drive in front.

    At 0 % resonance low- and high-pass are Butterworth filters: flat, and 3 dB down at the cutoff. The band-pass has 0 dB at its middle.
    Modes and slopes change over within 5 ms, so that a switch does not click.
    """

    name = "Filter"
    tags = ("filter", "eq")

    mode = Param("lowpass", choices=("lowpass", "bandpass", "highpass", "notch"), description="Which frequencies pass.")
    cutoff = Param("1 kHz", "20 Hz", "20 kHz", curve="log", description="Corner frequency; the middle of band-pass and notch.")
    resonance = Param("0 %", "0 %", "100 %", description="Emphasis at the cutoff: 0 % is flat, 100 % rings for long.")
    drive = Param("0 dB", "0 dB", "24 dB", curve="db", description="Push the signal into a soft saturation before the filter.")
    slope = Param("12", choices=("12", "24"), description="Steepness in dB an octave (band-pass: half of it on each side).")

    first = State(0.0)
    second = State(0.0)
    third = State(0.0)
    fourth = State(0.0)
    lows = State(-1.0)
    mids = State(-1.0)
    highs = State(-1.0)
    flats = State(-1.0)
    double = State(-1.0)

    @property
    def tail(self) -> float:  # type: ignore[override]
        """Seconds until the ringing has faded by 100 dB: twelve time constants of a resonance of this width, more where two ring."""
        resonance, cutoff = self.resonance, self.cutoff
        return 0.05 + 14.0 / (math.pi * min(cutoff, 0.43 * self.sample_rate) * min(dsp.damping(resonance), NARROW))

    @staticmethod
    def sample(x, first, second, third, fourth, lows, mids, highs, flats, double, mode, cutoff, resonance, drive, slope, dt):
        """Return one sample, the integrators of both sections, and how much of each output and section is heard."""
        lows = switched(lows, 1.0 if mode == 0 or mode == 3 else 0.0, dt)
        mids = switched(mids, 1.0 if mode == 1 else 0.0, dt)
        highs = switched(highs, 1.0 if mode == 2 or mode == 3 else 0.0, dt)
        flats = switched(flats, 1.0 if mode == 0 or mode == 2 else 0.0, dt)
        double = switched(double, float(slope), dt)
        ringing = (1.0 - resonance) * (1.0 - resonance)
        alone = dsp.damping(resonance)
        pair = double * flats
        k = dsp.mix(alone, WIDE, pair)
        low, band, high, first, second = dsp.svf(saturate(x, drive), first, second, cutoff, k, dt)
        once = lows * low + mids * k * band + highs * high
        k = dsp.mix(alone, (NARROW - 0.02) * ringing + 0.02, pair)
        low, band, high, third, fourth = dsp.svf(once, third, fourth, cutoff, k, dt)
        twice = lows * low + mids * k * band + highs * high
        return dsp.mix(once, twice, double), first, second, third, fourth, lows, mids, highs, flats, double
