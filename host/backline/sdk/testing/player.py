"""Run one plugin through a stretch of sound, events and musical time, in blocks of any size.

This module knows how a host drives a plugin. It does not know what is promised about the result.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from ..effect import EventEffect
from ..events import Event
from ..params import Value
from ..plugin import AudioReader, Plugin
from ..transport import Transport


@dataclass(frozen=True, slots=True)
class Move:
    """A change of musical time at a frame: a new tempo, a jump to a beat, a start or a stop."""

    frame: int
    tempo: float | None = None
    beat: float | None = None
    playing: bool | None = None

    def apply(self, transport: Transport) -> None:
        """Make the change at the transport's current frame."""
        if self.tempo is not None:
            transport.set_tempo(self.tempo)
        if self.beat is not None:
            transport.locate(transport.frame, self.beat)
        if self.playing is not None:
            transport.set_playing(self.playing)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What a plugin hears: sound for each input port, events at absolute frames (sorted), changes of musical time."""

    frames: int
    inputs: Sequence[np.ndarray] = ()
    events: Sequence[Event] = ()
    moves: Sequence[Move] = ()

    def first(self, frames: int) -> Stretch:
        """The same, cut short."""
        inputs = [sound[:, :frames] for sound in self.inputs]
        events = [event for event in self.events if event.frame < frames]
        return Stretch(frames, inputs, events, [move for move in self.moves if move.frame < frames])


@dataclass(slots=True)
class Result:
    """What came out: sound for each output port, or events at absolute frames."""

    outputs: list[np.ndarray] = field(default_factory=list)
    events: list[Event] = field(default_factory=list)

    def joined(self) -> np.ndarray:
        """All channels of all ports: float32[channels, frames]."""
        return np.concatenate(self.outputs) if self.outputs else np.zeros((0, 0), np.float32)


def blocks(frames: int, sizes: Iterator[int], stops: Iterable[int]) -> Iterator[tuple[int, int]]:
    """(start, end) of blocks of the given sizes, also cut at each of `stops`, as a host does where musical time changes."""
    ends = sorted({stop for stop in stops if 0 < stop < frames} | {frames})
    start = 0
    for size in sizes:
        end = min(start + size, next(stop for stop in ends if stop > start))
        yield start, end
        start = end
        if start >= frames:
            return


def constant(size: int) -> Iterator[int]:
    """The same block size for ever."""
    while True:
        yield size


class Maker:
    """Makes instances of one plugin class with the same structured settings."""

    def __init__(self, plugin: type[Plugin], settings: Mapping[str, Any] | None, read_audio: AudioReader | None) -> None:
        self.plugin = plugin
        self.settings = settings
        self.read_audio = read_audio or example_audio

    def make(self, rate: float = 48000.0, max_block: int = 512, channels: int = 2, values: Mapping[str, Value] | None = None) -> Plugin:
        """A fresh instance; `values` are parameters set before sound starts."""
        made = self.plugin(rate, max_block, channels)
        if self.settings:
            made.configure(self.settings, self.read_audio)
        for name, value in (values or {}).items():
            made.set_parameter(name, value)
        return made


def example_audio(text: str) -> tuple[np.ndarray, int]:
    """Stand in for any file: a tenth of a second of a dying tone at A4, mono, 48 kHz."""
    del text
    time = np.arange(4800) / 48000.0
    tone: np.ndarray = (0.8 * np.sin(2.0 * np.pi * 440.0 * time) * np.exp(-time * 30.0)).astype(np.float32)
    return tone[np.newaxis, :], 48000


def play(plugin: Plugin, stretch: Stretch, sizes: int | Iterator[int] | None = None, tempo: float = 120.0) -> Result:
    """Run a plugin through a stretch in blocks of `sizes` frames (default: the largest it takes)."""
    transport = Transport(plugin.sample_rate, tempo)
    widths = constant(sizes or plugin.max_block) if isinstance(sizes, int | None) else sizes
    at, moving = 0, 0
    pieces: list[list[np.ndarray]] = []
    passed: list[Event] = []
    for start, end in blocks(stretch.frames, widths, [move.frame for move in stretch.moves]):
        while moving < len(stretch.moves) and stretch.moves[moving].frame <= start:
            stretch.moves[moving].apply(transport)
            moving += 1
        now = []
        while at < len(stretch.events) and stretch.events[at].frame < end:
            now.append(stretch.events[at].at(stretch.events[at].frame - start))
            at += 1
        if isinstance(plugin, EventEffect):
            passed += translated(plugin, now, end - start, transport)
        else:
            pieces.append(plugin.process_block([sound[:, start:end] for sound in stretch.inputs], end - start, now, transport))
        transport.advance(end - start)
    return Result([np.concatenate(port, axis=1) for port in zip(*pieces, strict=True)], passed)


def translated(plugin: EventEffect, events: Sequence[Event], frames: int, transport: Transport) -> list[Event]:
    """Run one block of an event effect; what leaves, at absolute frames. ValueError for events out of order or outside the block."""
    plugin.follow(transport)
    given = plugin.translate(events, frames)
    places = [event.frame for event in given]
    if places != sorted(places) or (places and not (places[0] >= 0 and places[-1] < frames)):
        raise ValueError(f"a block of {frames} frames gave events at {places[:8]}: they must be sorted and lie inside the block")
    return [replace(event, frame=event.frame + transport.frame) for event in given]


def inputs_of(plugin: type[Plugin], channels: int) -> list[int]:
    """The number of channels of each input port."""
    return [port.channels or channels for port in plugin.inputs]
