"""Ranges and units of pedalboard's own plugins.

pedalboard tells names, types and defaults, but few ranges. The hard limits here are those its setters enforce; the others are
what is musically useful and safe for its filters and delays. A test holds this table against the installed version.
"""

from __future__ import annotations

from typing import Literal, NamedTuple


class Range(NamedTuple):
    """Unit and bounds of one parameter. `live` says whether it may change while sound runs without a break."""

    unit: str
    minimum: float
    maximum: float
    curve: Literal["linear", "log", "db"] = "linear"
    live: bool = True


class Window(NamedTuple):
    """Frames of new sound in each call, of context before and after them, and of the crossfade between two calls."""

    hop: int
    context: int
    fade: int


_FRACTION = Range("%", 0.0, 1.0)
_CUTOFF = Range("Hz", 10.0, 20000.0, "log")
_RATIO = Range("x", 1.0, 100.0, "log")
_ATTACK = Range("ms", 0.0, 1000.0)
_RELEASE = Range("ms", 0.0, 5000.0)
_Q = Range("", 0.05, 50.0, "log")

# Parameters that mean the same wherever they occur.
COMMON: dict[str, Range] = {
    "attack_ms": _ATTACK,
    "bit_depth": Range("", 0.0, 32.0),
    "ceiling_db": Range("dB", -60.0, 0.0, "db"),
    "centre_delay_ms": Range("ms", 1.0, 100.0),
    "centre_frequency_hz": Range("Hz", 20.0, 20000.0, "log"),
    "cutoff_frequency_hz": _CUTOFF,
    "cutoff_hz": _CUTOFF,
    "damping": _FRACTION,
    "delay_seconds": Range("s", 0.0, 30.0),
    "depth": _FRACTION,
    "drive": Range("x", 1.0, 100.0, "log"),
    "drive_db": Range("dB", -60.0, 60.0, "db"),
    "dry_level": _FRACTION,
    "feedback": _FRACTION,
    "freeze_mode": _FRACTION,
    "gain_db": Range("dB", -100.0, 60.0, "db"),
    "lookahead_ms": Range("ms", 0.1, 100.0, live=False),
    "mix": _FRACTION,
    "mode": Range("", 0.0, 1.0),
    "q": _Q,
    "quality": Range("", 0.0, 1.0, live=False),
    "rate_hz": Range("Hz", 0.0, 100.0),
    "ratio": _RATIO,
    "release_ms": _RELEASE,
    "resonance": _FRACTION,
    "room_size": _FRACTION,
    "semitones": Range("st", -72.0, 72.0),
    "target_sample_rate": Range("Hz", 100.0, 384000.0, "log", live=False),
    "threshold_db": Range("dB", -120.0, 24.0, "db"),
    "true_peak": Range("", 0.0, 1.0, live=False),
    "vbr_quality": Range("", 0.0, 10.0),
    "wet_level": _FRACTION,
    "width": _FRACTION,
}

# Where one plugin differs from the others of the same parameter name.
SPECIAL: dict[tuple[str, str], Range] = {
    ("BrickwallLimiter", "release_ms"): Range("ms", 0.1, 5000.0),
    ("Limiter", "release_ms"): Range("ms", 0.1, 5000.0),
    ("Limiter", "threshold_db"): Range("dB", -60.0, 24.0, "db"),
    ("Chorus", "feedback"): Range("%", -1.0, 1.0),
    ("Phaser", "feedback"): Range("%", -1.0, 1.0),
}

# Everything that cannot fill every block, or whose rounding follows the block: fed in blocks of one size through a queue.
REBLOCKED = frozenset({"BrickwallLimiter", "Convolution", "GSMFullRateCompressor", "MP3Compressor", "PitchShift", "Resample"})

# pedalboard empties their inner delay line at every call, so that a stream of short calls is silence: they run on whole windows.
WINDOWED = {"GSMFullRateCompressor": Window(4096, 2048, 256), "PitchShift": Window(32768, 4096, 2048)}

# Made for one or two channels.
STEREO_AT_MOST = frozenset({"Reverb", "MP3Compressor"})


def range_of(plugin: str, parameter: str) -> Range | None:
    """Return unit and bounds of a built-in's parameter; None if the table does not know it."""
    return SPECIAL.get((plugin, parameter)) or COMMON.get(parameter)
