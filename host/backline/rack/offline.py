"""Rendering a whole piece: events and audio in, one long array out.

This module knows how blocks follow each other when nobody waits: where they are cut, how long a tail lasts, what latency is trimmed. It
does not know file formats or who asks.
"""

from __future__ import annotations

import bisect
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from backline.sdk.events import Event

from .engine import Engine

QUIET = 10.0 ** (-90.0 / 20.0)
SHORTEST_QUIET_SECONDS = 0.5
LONGEST_QUIET_SECONDS = 5.0
LONGEST_TAIL_SECONDS = 60.0

TimedEvent = tuple[int, Event]
Progress = Callable[[int, int], None]


@dataclass
class Material:
    """What is played: events by absolute frame (sorted), audio float32[channels, frames], tempo changes (frame, beat, tempo), all optional.

    `frames` is how long the material itself lasts, `tempo` what holds until the first tempo change.
    """

    events: Sequence[TimedEvent] = ()
    audio: np.ndarray | None = None
    tempos: Sequence[tuple[int, float, float]] = ()
    meters: Sequence[tuple[int, int, int]] = ()
    frames: int = 0
    tempo: float = 120.0


@dataclass
class Length:
    """How long to render: `frames` of material and then `tail` frames, or until it is quiet when `tail` is None."""

    frames: int
    tail: int | None = None


@dataclass
class _Tail:
    """Finds the first silence after the end of the material that is long enough, frame-exactly and whatever the blocks."""

    after: int
    window: int
    last_loud: int = field(init=False)

    def __post_init__(self) -> None:
        self.last_loud = self.after - 1

    def feed(self, block: np.ndarray, start: int) -> bool:
        """Look at one more block; True once the sound has ended."""
        loud = np.flatnonzero(np.abs(block).max(axis=0) > QUIET) + start
        loud = loud[loud > self.last_loud]
        if len(loud):
            silences = np.flatnonzero(np.diff(loud, prepend=self.last_loud) > self.window)
            if len(silences):
                self.last_loud = int(loud[silences[0] - 1]) if silences[0] else self.last_loud
                return True
            self.last_loud = int(loud[-1])
        return bool(start + block.shape[1] - self.last_loud > self.window)

    @property
    def end(self) -> int:
        return self.last_loud + 1


def render_blocks(
    engine: Engine, material: Material, length: Length, block: int, progress: Progress | None = None, outputs: Sequence[str] = ()
) -> Iterator[np.ndarray]:
    """Yield the piece as float32[2, n] views, latency trimmed, each good until the next one is asked for.

    The engine is reset first, and what gestures moved is taken back, so the same material gives the same bits. The two channels of each
    further output named in `outputs` follow below those of the main one; an automatic tail ends when all of them are quiet.
    """
    engine.take_back()
    engine.transport.numerator, engine.transport.denominator = 4, 4
    engine.set_tempo(next((tempo for frame, _, tempo in material.tempos if frame == 0), material.tempo))
    engine.reset()
    latency = engine.latency
    fixed = length.frames + length.tail if length.tail is not None else None
    limit = fixed if fixed is not None else length.frames + round(LONGEST_TAIL_SECONDS * engine.rate)
    quiet = min(max(engine.tail, SHORTEST_QUIET_SECONDS), LONGEST_QUIET_SECONDS)
    tail = _Tail(length.frames, round(quiet * engine.rate)) if fixed is None else None
    held: list[np.ndarray] = []
    held_from = 0
    produced = 0
    for raw in _stream(engine, material, limit + latency, block, outputs):
        produced += raw.shape[1]
        start = max(produced - latency - raw.shape[1], 0)
        piece = raw[:, raw.shape[1] - min(max(produced - latency, 0), raw.shape[1]) :]
        if progress is not None:
            progress(min(start + piece.shape[1], length.frames), length.frames)
        if tail is None or start + piece.shape[1] <= length.frames:
            yield piece
            continue
        if not held:
            held_from = start
        held.append(piece.copy())
        if tail.feed(piece, start):
            break
    if tail is not None and held:
        yield np.concatenate(held, axis=1)[:, : tail.end - held_from]


def render_whole(engine: Engine, material: Material, length: Length, block: int, progress: Progress | None = None) -> np.ndarray:
    """The piece as one array float32[2, frames]."""
    known = length.frames + (length.tail or 0)
    whole = np.empty((2, known), np.float32)
    at = 0
    for piece in render_blocks(engine, material, length, block, progress):
        if at + piece.shape[1] > whole.shape[1]:
            whole = np.concatenate([whole[:, :at], piece], axis=1)
        else:
            whole[:, at : at + piece.shape[1]] = piece
        at += piece.shape[1]
    return whole[:, :at]


def _stream(engine: Engine, material: Material, total: int, block: int, outputs: Sequence[str]) -> Iterator[np.ndarray]:
    """Run the engine block by block, cut at tempo changes."""
    starts = [frame for frame, _ in material.events]
    cuts = sorted({frame for frame, *_ in (*material.tempos, *material.meters) if 0 < frame < total})
    tempos = {frame: (beat, tempo) for frame, beat, tempo in material.tempos}
    meters = {frame: (numerator, denominator) for frame, numerator, denominator in material.meters}
    position, event_at, cut_at = 0, 0, 0
    channels = len(engine.graph.audio_in.output_buffers[0])
    scratch = np.zeros((channels, block), np.float32)
    while position < total:
        if position in tempos and position:
            beat, tempo = tempos[position]
            engine.transport.locate(position, beat)
            engine.set_tempo(tempo)
        if position in meters:
            engine.transport.numerator, engine.transport.denominator = meters[position]
        end = min(position + block, total)
        while cut_at < len(cuts) and cuts[cut_at] <= position:
            cut_at += 1
        if cut_at < len(cuts):
            end = min(end, cuts[cut_at])
        last = bisect.bisect_left(starts, end, event_at)
        events = [event.at(frame - position) for frame, event in material.events[event_at:last]]
        event_at = last
        main = engine.process(end - position, events, _slice(material.audio, position, end, scratch))
        yield np.concatenate([main, *(engine.out(name, end - position) for name in outputs)]) if outputs else main
        position = end


def _slice(audio: np.ndarray | None, start: int, end: int, scratch: np.ndarray) -> np.ndarray | None:
    """The input of one block, padded with silence; a mono input feeds every channel."""
    if audio is None:
        return None
    if len(audio) == len(scratch) and end <= audio.shape[1]:
        return audio[:, start:end]
    scratch[:] = 0.0
    part = audio[:, start:end]
    if part.shape[1]:
        scratch[:, : part.shape[1]] = part if len(part) == len(scratch) else part[:1] if len(part) == 1 else part[: len(scratch)]
    return scratch
