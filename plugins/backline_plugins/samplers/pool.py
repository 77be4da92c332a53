"""Samples in memory: all that an instrument plays, in one array.

This module knows how sounds lie in the pool. It does not know keys, zones or voices.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from backline.sdk.plugin import AudioReader
from backline.sdk.units import Beats, parse_quantity

from .playback import split_step
from .settings import scalar

ALIGNMENT = 64  # sounds start at multiples of this in the pool, as `dsp.tap_start` counts them
BEFORE, AFTER = 3, 12  # frames that reading between frames needs around a sound
LATE = 4  # a loop turns this many frames late, so that what lies left of its start is its own end
LONGEST = 2**24 - 64
LARGEST = 2**30 - 64
FOREVER = 2.0**30
SHORTEST_LOOP = 8


@dataclass(frozen=True, slots=True)
class Sound:
    """A sample in the pool: where its channels start (in units of ALIGNMENT), how long it is, its rate in Hz, its loop in frames."""

    left: int
    right: int
    frames: int
    rate: float
    loop: tuple[int, int] | None = None

    def values(self, sample_rate: float, root_hz: float, tune: float, home_hz: float) -> dict[str, float]:
        """The note values that play it at a pitch: at `root_hz` it sounds as recorded, moved by `tune` semitones."""
        coarse, fine = split_step(2.0 ** (tune / 12.0) * self.rate / sample_rate * home_hz / root_hz)
        turn = (self.loop[1] if self.loop else self.frames) + LATE
        length = self.loop[1] - self.loop[0] if self.loop else 0
        finish = FOREVER if self.loop else turn
        return {
            "left_place": self.left,
            "right_place": self.right,
            "home_hz": home_hz,
            "home_period": 1.0 / home_hz,
            "coarse": coarse,
            "fine": fine,
            "turn": turn,
            "loop_length": length,
            "finish": finish,
        }


class Pool:
    """Gathers sounds into one float32 array. The same sample with the same loop is kept once."""

    def __init__(self) -> None:
        self._parts: list[np.ndarray] = []
        self._length = 0
        self._known: dict[tuple[str, Any], Sound] = {}
        self._files: dict[str, tuple[np.ndarray, int]] = {}

    def add(self, text: str, loop: Any, read_audio: AudioReader) -> Sound:
        """Read a file, with `loop` None, "on" or [start, end]. ValueError (with the file's name) for what cannot be played."""
        key = (text, str(loop))
        if key not in self._known:
            if text not in self._files:
                self._files[text] = read_audio(text)
            audio, rate = self._files[text]
            self._known[key] = self._put(text, np.atleast_2d(np.asarray(audio, np.float32)), float(rate), loop)
        return self._known[key]

    def _put(self, text: str, audio: np.ndarray, rate: float, loop: Any) -> Sound:
        frames = audio.shape[1]
        if not 1 <= frames <= LONGEST:
            raise ValueError(f"{text} has {frames} frames; a sample may have 1 to {LONGEST}")
        points = loop_points(text, loop, frames, rate)
        left = self._channel(audio[0], points)
        right = self._channel(audio[1], points) if len(audio) > 1 else left
        if self._length > LARGEST:
            raise ValueError(f"{text} makes the samples larger than {LARGEST * 4 // 2**30} GB together")
        return Sound(left, right, frames, rate, points)

    def _channel(self, channel: np.ndarray, loop: tuple[int, int] | None) -> int:
        body = channel if loop is None else channel[: loop[1]]
        after = np.zeros(AFTER, np.float32) if loop is None else np.resize(channel[loop[0] : loop[1]], AFTER)
        place = self._length // ALIGNMENT
        self._append(np.concatenate([np.zeros(BEFORE, np.float32), body, after]))
        return place

    def _append(self, values: np.ndarray) -> None:
        padding = -len(values) % ALIGNMENT
        self._parts += [values, np.zeros(padding, np.float32)]
        self._length += len(values) + padding

    def table(self) -> np.ndarray:
        """All sounds, float32."""
        return np.concatenate([*self._parts, np.zeros(ALIGNMENT, np.float32)], dtype=np.float32)


def loop_points(text: str, loop: Any, frames: int, rate: float) -> tuple[int, int] | None:
    """A loop in frames, from None, on, off or [start, end]. ValueError when it does not lie in the sample."""
    if loop is None or (isinstance(loop, str) and loop.strip().lower() in ("off", "no", "false")) or loop is False:
        return None
    if loop is True or (isinstance(loop, str) and loop.strip().lower() in ("on", "yes", "true")):
        start, end = 0, frames
    elif isinstance(loop, list) and len(loop) == 2:
        start, end = (_frame(scalar(point, f"loop of {text}"), rate, text) for point in loop)
    else:
        raise ValueError(f"loop of {text} must be on, off or [start, end]")
    if not 0 <= start <= end - SHORTEST_LOOP or end > frames:
        raise ValueError(f"loop of {text}: {start} to {end} must be at least {SHORTEST_LOOP} frames within 0 .. {frames}")
    return start, end


def _frame(text: str, rate: float, name: str) -> int:
    try:
        return int(text)
    except ValueError:
        pass
    try:
        seconds = parse_quantity(text, "s")
    except ValueError as error:
        raise ValueError(f"loop of {name}: {error}; give frames or a time") from None
    if isinstance(seconds, Beats):
        raise ValueError(f"loop of {name}: {text}: give frames or a time")
    return round(seconds * rate)
