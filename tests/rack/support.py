"""What the tests of racks share: small plugins whose results can be computed by hand, and a catalog that has them.

The plugins are exact: a gain is one float32 product, a delay moves samples whole, an instrument gives out plain numbers.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np

from backline.catalog import Catalog
from backline.rack import Rack, load, loads
from backline.sdk import DelayLine, Effect, EventEffect, Instrument, Modulator, NoteOn, Param, Port, State, dsp
from backline.sdk.events import Event

RATE = 48000


class Twice(Effect):
    """One factor, changed at once; told that the signal may be anything."""

    factor = Param(1.0, -8.0, 8.0, smoothing=0)

    def sample(x, factor):
        return x * factor


class Glide(Effect):
    """One factor, smoothed over 10 ms, so that modulation reaches it sample by sample."""

    factor = Param(1.0, -8.0, 8.0, smoothing="10 ms")
    pitch = Param("100 Hz", "1 Hz", "10 kHz", curve="log", smoothing="10 ms")
    level = Param("0 dB", "-60 dB", "12 dB", curve="db", smoothing="10 ms")
    share = Param("50 %", "0 %", "100 %", smoothing="10 ms")
    shift = Param("0 st", "-24 st", "24 st", smoothing="10 ms")
    steps = Param(3, 0, 12)

    def sample(x, factor):
        return x * factor


class Reveal(Effect):
    """Gives out its parameters instead of sound: what modulation and controls made of them, exactly."""

    inputs = (Port("in", 1),)
    outputs = (Port("out", 2),)
    pitch = Param("100 Hz", "1 Hz", "10 kHz", curve="log", smoothing="10 ms")
    plain = Param(0.0, -100.0, 100.0, smoothing=0)

    def block(x, out, pitch, plain, frames):
        for i in range(frames):
            out[0, i] = pitch[i]
            out[1, i] = plain


class Late(Effect):
    """A pure delay of 100 samples that declares it."""

    latency = 100
    line = DelayLine("10 ms")

    def sample(x, line):
        dsp.delay_write(line, x)
        return dsp.delay_read_whole(line, 100)


class Later(Effect):
    """A pure delay of 7 samples, written in numpy."""

    latency = 7

    def prepare(self) -> None:
        self._kept = np.zeros((self.channels, 7), np.float32)

    def process(self, block: Any) -> None:
        joined = np.concatenate([self._kept, block.input()], axis=1)
        block.output()[:] = joined[:, : block.frames]
        self._kept[:] = joined[:, block.frames :]

    def _reset_state(self) -> None:
        super()._reset_state()
        if hasattr(self, "_kept"):
            self._kept[:] = 0.0


class Ring(Effect):
    """The input times the sidechain."""

    def sample(x, sidechain):
        return x * sidechain


class Split(Effect):
    """Left and right as two mono outputs, and a stereo one before them."""

    inputs = (Port("in", 2),)
    outputs = (Port("out", 2), Port("left", 1), Port("right", 1))

    def block(x, out, left, right, frames):
        for i in range(frames):
            out[0, i] = x[0, i]
            out[1, i] = x[1, i]
            left[0, i] = x[0, i]
            right[0, i] = x[1, i]


class Mono(Effect):
    """One channel in, one out."""

    inputs = (Port("in", 1),)
    outputs = (Port("out", 1),)

    def sample(x):
        return x


class Quad(Effect):
    """Four channels in, four out."""

    inputs = (Port("in", 4),)
    outputs = (Port("out", 4),)

    def block(x, out, frames):
        for c in range(4):
            for i in range(frames):
                out[c, i] = x[c, i]


class Spread(Effect):
    """One channel in, four out: 1, 2, 3 and 4 times."""

    inputs = (Port("in", 1),)
    outputs = (Port("out", 4),)

    def block(x, out, frames):
        for c in range(4):
            for i in range(frames):
                out[c, i] = x[0, i] * (c + 1)


class Sum(Effect):
    """Adds up what it hears, for ever: what must recover from NaN."""

    total = State(0.0)

    def sample(x, total):
        return total + x, total + x


class Hold(Instrument):
    """While a key is down: its velocity on the left, its key number on the right. Exact to the frame."""

    max_voices = 32
    scale = Param(1.0, 0.0, 4.0, smoothing=0)
    life = State(0.0, life=True)

    def sample(gate, velocity, key, scale, life):
        return gate * velocity * scale, gate * key * scale, gate


class Kit(Instrument):
    """Two outputs: keys below 60 leave by `low`, others by `high`."""

    outputs = (Port("low", 1), Port("high", 1))
    life = State(0.0, life=True)

    def start(self, note: NoteOn) -> Any:
        return ({"port": 0 if note.key < 60 else 1},)

    def sample(gate, velocity, life):
        return gate * velocity, gate


class Ramp(Modulator):
    """Counts frames: 0, 1/1024, 2/1024 and so on."""

    count = State(0.0)

    def sample(count):
        return count * 0.0009765625, count + 1.0


class Follow(Modulator):
    """Its audio input, as it is."""

    def sample(x):
        return x


class Pass(EventEffect):
    """Everything passes. `log` (of the class) keeps what each instance saw, with absolute frames."""

    log: ClassVar[list[tuple[int, Event]]] = []
    note = Param(0, 0, 127)

    def process(self, events: Sequence[Event], frames: int) -> list[Event]:
        assert [event.frame for event in events] == sorted(event.frame for event in events)
        Pass.log += [(self.transport.frame + event.frame, event) for event in events]
        return list(events)


class Stamp(EventEffect):
    """Writes its parameter `mark` into the velocity of each note."""

    mark = Param(0.0, 0.0, 1.0)

    def process(self, events: Sequence[Event], frames: int) -> list[Event]:
        return [
            NoteOn(event.frame, event.key, self.mark, event.channel, event.note_id) if isinstance(event, NoteOn) else event
            for event in events
        ]


class Broken(Effect):
    """Cannot be started."""

    def prepare(self) -> None:
        raise ValueError("no moon tonight")

    def sample(x):
        return x


PLUGINS = {
    kind.plugin_id: kind
    for kind in (Twice, Glide, Reveal, Late, Later, Ring, Split, Mono, Quad, Spread, Sum, Hold, Kit, Ramp, Follow, Pass, Stamp, Broken)
}


class LabCatalog(Catalog):
    """The plugins above and our own; nothing else of the machine."""

    def __init__(self) -> None:
        super().__init__()
        self._other_records = []

    def plugin(self, plugin_id: str) -> Any:
        return PLUGINS.get(plugin_id) or super().plugin(plugin_id)

    def ids(self) -> list[str]:
        return sorted([*PLUGINS, *super().ids()])


CATALOG: Any = LabCatalog()


def make(text: str, **options: Any) -> Rack:
    """A rack from the text of a preset, without its first line."""
    return loads("preset: 1\n" + text, catalog=CATALOG, **options)


def make_file(path: Path, **options: Any) -> Rack:
    """A rack from a file."""
    return load(path, catalog=CATALOG, **options)


def run(
    rack: Rack, frames: int, block: int = 512, *, audio: np.ndarray | None = None, events: Sequence[Event] = (), outs: Sequence[str] = ()
) -> np.ndarray:
    """Process a stream in blocks; events have the frames of the whole stream. Further outputs named in `outs` follow below."""
    parts = []
    for start in range(0, frames, block):
        end = min(start + block, frames)
        now = [event.at(event.frame - start) for event in events if start <= event.frame < end]
        piece = rack.process(end - start, now, None if audio is None else np.ascontiguousarray(audio[:, start:end]))
        parts.append(np.concatenate([piece, *(rack.engine.out(name, end - start) for name in outs)]))
    return np.concatenate(parts, axis=1)


def hiss(frames: int, channels: int = 2, seed: int = 3) -> np.ndarray:
    """Repeatable noise."""
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (channels, frames)).astype(np.float32)


def late(audio: np.ndarray, frames: int) -> np.ndarray:
    """Audio delayed by whole frames, as long as before."""
    return np.concatenate([np.zeros((len(audio), frames), audio.dtype), audio], axis=1)[:, : audio.shape[1]]


def gained(audio: np.ndarray, decibels: float) -> np.ndarray:
    """Audio as a wire gain makes it: one float32 product."""
    return audio * np.float32(10.0 ** (decibels / 20.0))


def lab_bundle(name: str) -> Path:
    """The bundle of a VST3 plugin made for the tests."""
    spec = importlib.util.spec_from_file_location("backline_lab", Path(__file__).parents[1] / "vst3" / "lab.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Callable[[str], Path] = module.lab_bundle
    return found(name)
