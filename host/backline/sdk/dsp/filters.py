"""Filters by topology-preserving transform, one sample at a time, with a cutoff that may move every sample.

This module knows filter maths. It does not know parameters, channels or buffers.

Source: V. Zavalishin, "The Art of VA Filter Design", rev. 2.1.2 (2018), ch. 3-4; the state-variable form with two integrator states
follows A. Simper, "Linear trapezoidal integrated state variable filter" (2013).
"""

from __future__ import annotations


def tan_ratio(w: float) -> tuple[float, float]:
    """tan(w) as numerator and denominator (continued fraction, error below 1e-4 for w up to 1.35), so that one division is enough later."""
    s = w * w
    return w * (945.0 - s * (105.0 - s)), 945.0 - s * (420.0 - 15.0 * s)


def svf(x: float, first: float, second: float, cutoff: float, damping: float, dt: float) -> tuple[float, float, float, float, float]:
    """One sample of a state-variable filter: returns (low, band, high, first, second).

    `first` and `second` are the carried integrator states, `cutoff` in Hz, `damping` = 1/Q (2 no peak, 0 self-oscillation), `dt` the
    sample period. The cutoff is held below 0.43 of the rate.
    """
    n, d = tan_ratio(min(max(cutoff * dt, 1e-5), 0.43) * 3.141592653589793)
    nd = n * d
    scale = 1.0 / (d * d + n * n + damping * nd)
    v3 = x - second
    band = scale * (d * d * first + nd * v3)
    low = second + scale * (nd * first + n * n * v3)
    high = x - damping * band - low
    return low, band, high, 2.0 * band - first, 2.0 * low - second


def damping(resonance: float) -> float:
    """The damping (1/Q) of a resonance 0..1: 0 is Butterworth-flat (Q 0.707), 1 is Q 50, evenly in between on a log scale of the ear."""
    open_part = 1.0 - resonance
    return 1.3942135623730951 * open_part * open_part + 0.02


def one_pole(x: float, state: float, cutoff: float, dt: float) -> tuple[float, float, float]:
    """One sample of a one-pole filter: returns (low, high, state)."""
    n, d = tan_ratio(min(max(cutoff * dt, 1e-6), 0.43) * 3.141592653589793)
    v = (x - state) * n / (n + d)
    low = v + state
    return low, x - low, low + v


def dc_block(x: float, last_in: float, last_out: float, dt: float) -> tuple[float, float, float]:
    """Remove direct current (first-order high-pass at 5 Hz): returns (y, last_in, last_out)."""
    y = x - last_in + (1.0 - 31.41592653589793 * dt) * last_out
    return y, x, y


def svf_low(x: float, first: float, second: float, w: float, damping: float) -> tuple[float, float, float]:
    """The low-pass of `svf` for instruments that count every operation: returns (low, first, second).

    `w` is the cutoff times pi over the sample rate. tan() is a shorter fraction here: the cutoff is true to 0.1 cent up to a
    fifth of the rate and 5 cents flat at 0.43, where it is held.
    """
    low, _, first, second = svf_short(x, first, second, w, damping)
    return low, first, second


def svf_short(x: float, first: float, second: float, w: float, damping: float) -> tuple[float, float, float, float]:
    """Low-pass, band-pass and the two states of `svf_low`'s filter."""
    w = min(w, 1.3508848410436112)
    s = w * w
    n = w * (15.0 - s)
    d = 15.0 - 6.0 * s
    nd = n * d
    dd = d * d
    nn = n * n
    scale = 1.0 / (dd + nn + damping * nd)
    v3 = x - second
    band = scale * (dd * first + nd * v3)
    low = second + scale * (nd * first + nn * v3)
    return low, band, 2.0 * band - first, 2.0 * low - second
