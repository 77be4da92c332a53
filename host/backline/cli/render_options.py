"""Times, rates and blocks as people write them on a command line, checked.

This module knows texts and bounds. It does not know what they are used for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .output import UsageError

if TYPE_CHECKING:
    from ..sdk.units import Quantity

LOWEST_RATE, HIGHEST_RATE = 8_000, 384_000
LARGEST_BLOCK = 65_536
LONGEST_SECONDS = 24 * 3600.0
SLOWEST_TEMPO, FASTEST_TEMPO = 1.0, 1000.0

RATE_HELP = "Samples a second: 44100, 48 kHz."
BLOCK_HELP = f"Frames computed at a time, 1 to {LARGEST_BLOCK}; the result does not depend on it (default: what is quick)."


def checked_seconds(text: str | None) -> float | None:
    """The whole length in seconds, above 0."""
    if text is None:
        return None
    seconds = _quantity("--seconds", text, "s")
    if not 0.0 < seconds <= LONGEST_SECONDS:
        raise UsageError(f"--seconds {text}: a length is above 0 s and up to a day")
    return seconds


def checked_tail(text: str, seconds: str | None) -> float | str:
    """The tail in seconds, or "auto". Only where no whole length is given."""
    if text.strip().lower() == "auto":
        return "auto"
    tail = _quantity("--tail", text, "s")
    if not 0.0 <= tail <= LONGEST_SECONDS:
        raise UsageError(f"--tail {text}: a tail is 0 s or longer, up to a day, or auto")
    if seconds is not None:
        raise UsageError("--seconds is the whole length, tail included; give --seconds or --tail")
    return tail


def checked_rate(text: str) -> int:
    """Samples a second as a whole number."""
    rate = _quantity("--rate", text, "Hz")
    if rate != int(rate) or not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise UsageError(f"--rate {text}: a rate is a whole number from {LOWEST_RATE} to {HIGHEST_RATE} Hz")
    return int(rate)


def checked_block(frames: int | None) -> int | None:
    """Frames at a time."""
    if frames is not None and not 1 <= frames <= LARGEST_BLOCK:
        raise UsageError(f"--block {frames}: a block has 1 to {LARGEST_BLOCK} frames")
    return frames


def checked_tempo(text: str | None) -> float | None:
    """Quarter notes a minute."""
    if text is None:
        return None
    tempo = _quantity("--tempo", text, "bpm")
    if not SLOWEST_TEMPO <= tempo <= FASTEST_TEMPO:
        raise UsageError(f"--tempo {text}: a tempo is {SLOWEST_TEMPO:.0f} to {FASTEST_TEMPO:.0f} bpm")
    return tempo


def _quantity(option: str, text: str, unit: str) -> float:
    from ..sdk.units import Beats, UnitError, parse_quantity

    try:
        value: Quantity = parse_quantity(text, unit)
    except UnitError as error:
        raise UsageError(f"{option}: {error}") from None
    if isinstance(value, Beats):
        raise UsageError(f"{option} {text}: a note length has no meaning here")
    return float(value)
