"""Pads: which key strikes which sound, how it is shaped, and where it goes.

This module knows a drum kit's settings. It does not know voices or how sounds lie in memory.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from backline.sdk.plugin import AudioReader
from backline.sdk.units import note_number

from ..samplers.pool import Pool, Sound
from ..samplers.settings import decibels, quantity, refuse_unknown, scalar, whole_range

MAIN = "out"
HATS = 1  # the choke group that hats are in by themselves
PAD_KEYS = ("sample", "layers", "key", "tune", "decay", "pan", "level", "choke", "out")
LAYER_KEYS = ("sample", "velocity", "tune", "level")

# General MIDI 1 percussion keys (C4 = 60), and the shaker of General MIDI 2
KEYS: Mapping[str, int] = {
    "kick_2": 35, "kick": 36, "rim": 37, "snare": 38, "clap": 39, "snare_2": 40, "low_floor_tom": 41, "closed_hat": 42,
    "high_floor_tom": 43, "pedal_hat": 44, "low_tom": 45, "tom": 45, "open_hat": 46, "mid_tom": 47, "high_mid_tom": 48, "crash": 49,
    "high_tom": 50, "ride": 51, "china": 52, "ride_bell": 53, "tambourine": 54, "splash": 55, "cowbell": 56, "crash_2": 57, "ride_2": 59,
    "high_bongo": 60, "low_bongo": 61, "high_conga": 63, "low_conga": 64, "high_timbale": 65, "low_timbale": 66, "cabasa": 69,
    "maracas": 70, "guiro": 73, "claves": 75, "high_block": 76, "low_block": 77, "triangle": 81, "shaker": 82,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Layer:
    """A sound for a range of velocities (1..127); tune in semitones, level as a factor."""

    sound: Sound
    velocity: tuple[int, int] = (1, 127)
    tune: float = 0.0
    level: float = 1.0

    def holds(self, velocity: float) -> bool:
        """Whether a stroke of a velocity (0..1) plays it."""
        return self.velocity[0] <= max(1, math.floor(velocity * 127.0 + 0.5)) <= self.velocity[1]


@dataclass(frozen=True, slots=True)
class Pad:
    """One pad: its key, its layers, tune in semitones, decay in seconds to -60 dB (inf: as recorded), pan -1..1, choke group, port."""

    name: str
    key: int
    layers: tuple[Layer, ...]
    tune: float = 0.0
    decay: float = math.inf
    pan: float = 0.0
    level: float = 1.0
    choke: int = 0
    out: str = MAIN


def pads_of(settings: Mapping[str, Any], pool: Pool, read_audio: AudioReader) -> tuple[Pad, ...]:
    """The pads of a drum kit's settings: `pads: {kick: {sample: kick.wav, tune: -1 st, decay: 300 ms, ...}}`.

    Only `sample` is needed, or `layers`, a list of {sample, velocity: 1 .. 90, tune, level}. `key` may be left out for names of General
    MIDI (kick, snare, closed_hat, open_hat, clap ...). `decay` to -60 dB, `pan` -100 % .. 100 %, `level` in dB, `choke` a group (1 .. 99,
    0 none) whose pads silence each other: hats are in group 1 by themselves. `out` names a port of its own for the pad.
    """
    refuse_unknown(settings, ("pads",), "drumkit")
    given = settings.get("pads")
    if not isinstance(given, Mapping) or not given:
        raise ValueError("pads must name pads, such as {kick: {sample: kick.wav}}")
    return tuple(_pad(str(name), entry, pool, read_audio) for name, entry in given.items())


def ports_of(pads: tuple[Pad, ...]) -> tuple[str, ...]:
    """The names of the output ports: the main one, then each other in the order of the pads."""
    return tuple(dict.fromkeys([MAIN, *(pad.out for pad in pads)]))


def _pad(name: str, entry: Any, pool: Pool, read_audio: AudioReader) -> Pad:
    where = f"pad {name}"
    if not isinstance(entry, Mapping):
        raise ValueError(f"{where} must be settings such as {{sample: {name}.wav}}")
    refuse_unknown(entry, PAD_KEYS, where)
    return Pad(
        name=name,
        key=_key(name, entry, where),
        layers=_layers(entry, where, pool, read_audio),
        tune=quantity(entry, "tune", "st", 0.0, -60.0, 60.0, where),
        decay=quantity(entry, "decay", "s", math.inf, 0.001, 60.0, where),
        pan=quantity(entry, "pan", "%", 0.0, -1.0, 1.0, where),
        level=decibels(entry, "level", where),
        choke=int(quantity(entry, "choke", "", HATS if name.endswith("_hat") else 0, 0.0, 99.0, where)),
        out=_port(entry, where),
    )


def _key(name: str, entry: Mapping[str, Any], where: str) -> int:
    if "key" in entry:
        text = scalar(entry["key"], f"{where}: key")
        try:
            return note_number(text)
        except ValueError as error:
            raise ValueError(f"{where}: key: {error}") from None
    if name in KEYS:
        return KEYS[name]
    near = difflib.get_close_matches(name, KEYS, 1)
    raise ValueError(f"{where} needs a key, such as key: C3" + (f"; or did you mean {near[0]}?" if near else ""))


def _layers(entry: Mapping[str, Any], where: str, pool: Pool, read_audio: AudioReader) -> tuple[Layer, ...]:
    if ("sample" in entry) == ("layers" in entry):
        raise ValueError(f"{where} needs either a sample or layers")
    if "sample" in entry:
        return (Layer(pool.add(scalar(entry["sample"], f"{where}: sample"), None, read_audio)),)
    given = entry["layers"]
    if not isinstance(given, list) or not given:
        raise ValueError(f"{where}: layers must be a list such as [{{sample: soft.wav, velocity: 1 .. 80}}, ...]")
    return tuple(_layer(layer, f"{where}: layers[{index}]", pool, read_audio) for index, layer in enumerate(given))


def _layer(entry: Any, where: str, pool: Pool, read_audio: AudioReader) -> Layer:
    if not isinstance(entry, Mapping) or "sample" not in entry:
        raise ValueError(f"{where} needs a sample")
    refuse_unknown(entry, LAYER_KEYS, where)
    sound = pool.add(scalar(entry["sample"], f"{where}: sample"), None, read_audio)
    velocity = whole_range(entry, "velocity", (1, 127), where)
    return Layer(sound, velocity, quantity(entry, "tune", "st", 0.0, -60.0, 60.0, where), decibels(entry, "level", where))


def _port(entry: Mapping[str, Any], where: str) -> str:
    if "out" not in entry:
        return MAIN
    text = scalar(entry["out"], f"{where}: out")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", text):
        raise ValueError(f"{where}: out {text} must be a name of lower-case letters, digits and underscores")
    return text
