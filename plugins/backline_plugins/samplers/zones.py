"""Zones: which keys and velocities play which sound of the pool.

This module knows a sampler's settings. It does not know voices or how sounds lie in memory.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backline.sdk import dsp
from backline.sdk.plugin import AudioReader

from .pool import Pool, Sound
from .settings import decibels, quantity, refuse_unknown, scalar, whole_range

ZONE_KEYS = ("sample", "root", "keys", "velocity", "loop", "tune", "gain", "pan", "choke")


@dataclass(frozen=True, slots=True)
class Zone:
    """A range of keys and velocities (1..127) that plays a sound: tune in semitones, gain as a factor, pan -1..1, choke 0 for none."""

    sound: Sound
    root: float
    keys: tuple[int, int] = (0, 127)
    velocity: tuple[int, int] = (1, 127)
    tune: float = 0.0
    gain: float = 1.0
    pan: float = 0.0
    choke: int = 0

    def holds(self, key: int, velocity: float) -> bool:
        """Whether a note of a key and a velocity (0..1) plays it."""
        hardness = max(1, math.floor(velocity * 127.0 + 0.5))
        return self.keys[0] <= key <= self.keys[1] and self.velocity[0] <= hardness <= self.velocity[1]

    def values(self, sample_rate: float, root_hz: float, home_hz: float, loud: float) -> dict[str, float]:
        """The values of a voice that plays it."""
        left, right = dsp.pan_gains(self.pan)
        factor = loud * self.gain * math.sqrt(2.0)
        found = self.sound.values(sample_rate, root_hz, self.tune, home_hz)
        return found | {"left_gain": factor * left, "right_gain": factor * right, "choke": self.choke}


def zones_of(settings: Mapping[str, Any], pool: Pool, read_audio: AudioReader) -> tuple[Zone, ...]:
    """The zones of a sampler's settings: `sample: path` or `map: [{sample: path, root: C4, keys: C3 .. B4, ...}]`.

    Only `sample` is needed in a zone. `root` (C4) is the key that plays it as recorded, `velocity` 1 .. 127, `loop` on (the whole sample)
    or [start, end] in frames or seconds, end not included, `tune` in semitones, `gain` in dB, `pan` -100 % .. 100 %, `choke` a group
    (1 .. 99) whose notes silence each other.
    """
    refuse_unknown(settings, ("sample", "map"), "sampler")
    if "sample" in settings and "map" in settings:
        raise ValueError("sampler takes either sample or map, not both")
    if "sample" in settings:
        return (Zone(pool.add(scalar(settings["sample"], "sample"), None, read_audio), 60.0),)
    entries = settings.get("map", [])
    if not isinstance(entries, list) or not entries:
        raise ValueError("map must be a list of zones, each with a sample")
    return tuple(_zone(entry, f"map[{index}]", pool, read_audio) for index, entry in enumerate(entries))


def _zone(entry: Any, where: str, pool: Pool, read_audio: AudioReader) -> Zone:
    if not isinstance(entry, Mapping):
        raise ValueError(f"{where} must be a zone such as {{sample: piano.wav, root: C4}}")
    refuse_unknown(entry, ZONE_KEYS, where)
    if "sample" not in entry:
        raise ValueError(f"{where} has no sample")
    return Zone(
        sound=pool.add(scalar(entry["sample"], f"{where}: sample"), entry.get("loop"), read_audio),
        root=quantity(entry, "root", "note", 60.0, 0.0, 127.0, where),
        keys=whole_range(entry, "keys", (0, 127), where),
        velocity=whole_range(entry, "velocity", (1, 127), where),
        tune=quantity(entry, "tune", "st", 0.0, -120.0, 120.0, where),
        gain=decibels(entry, "gain", where),
        pan=quantity(entry, "pan", "%", 0.0, -1.0, 1.0, where),
        choke=int(quantity(entry, "choke", "", 0.0, 0.0, 99.0, where)),
    )
