"""Promises about whole streams: the same bits for every block, for every render, and nothing allocated on the way."""

from __future__ import annotations

import tracemalloc

import numpy as np
import pytest

from backline.sdk import ControlChange, NoteOff, NoteOn, PitchBend
from rack.support import hiss, make, run

MIXED = """
nodes:
  arp: {plugin: arpeggiator, rate: 1/16}
  keys: {plugin: hold}
  lfo: {plugin: lfo, rate: 1/8}
  slow: {plugin: lfo, rate: 3 Hz, shape: random}
  tone: {plugin: filter}
  echo: {plugin: delay, time: 1/8D, feedback: 40 %, mix: 30 %}
  late: {plugin: late}
  numpy: {plugin: later}
  glide: {plugin: glide, factor: 0.05}
wires:
  - midi -> arp -> keys -> glide -> tone -> echo -> out [-1 dB]
  - in -> late -> numpy -> tone
  - in -> out:dry
feedback: ["echo -> glide [-12 dB]"]
modulation:
  - lfo -> tone.cutoff [1 oct]
  - slow -> echo.feedback [20 %] rate control
  - slow -> glide.factor [2 %]
macros: {bright: {default: 40 %, to: {tone.cutoff: 200 Hz .. 8 kHz log, echo.feedback: 10 % .. 60 %}}}
controls: [cc 74 -> bright, "cc 1 -> glide.factor [0 .. 0.1]"]
"""


class Song:
    """Notes, gestures, tempo and meter changes."""

    def events(self, rate):
        found = [
            (0, NoteOn(0, 48, 0.5)),
            (7, NoteOn(0, 55, 0.7)),
            (9000, NoteOff(0, 48)),
            (9001, NoteOff(0, 55)),
            (8000, PitchBend(0, 0.5)),
        ]
        found += [(100 * n + 33, ControlChange(0, 74, n / 90)) for n in range(90)] + [(2000, ControlChange(0, 1, 0.3))]
        return sorted(found, key=lambda item: item[0])

    def tempo_frames(self, rate):
        return [(0, 0.0, 130.0), (3001, 3001 * 130 / 60 / rate, 77.0), (6100, 3001 * 130 / 60 / rate + 3099 * 77 / 60 / rate, 200.0)]

    def meter_frames(self, rate):
        return [(0, 4, 4), (5000, 3, 4)]

    def frames(self, rate):
        return 9500


@pytest.fixture(scope="module")
def whole():
    return make(MIXED).render(midi=Song(), audio=hiss(5000) * np.float32(0.1), block=4096, seconds=0.25)


@pytest.mark.parametrize("block", [1, 7, 64, 441, 512, 9999])
def test_a_piece_has_the_same_bits_for_every_block(whole, block):
    frames = {1: 600, 7: 4000}.get(block, 12000)
    got = make(MIXED).render(midi=Song(), audio=hiss(5000) * np.float32(0.1), block=block, seconds=frames / 48000)
    assert got.shape == (2, frames)
    assert np.array_equal(got, whole[:, :frames])


def test_one_rack_gives_the_same_piece_again(whole):
    rack = make(MIXED)
    for _ in range(2):
        assert np.array_equal(rack.render(midi=Song(), audio=hiss(5000) * np.float32(0.1), block=512, seconds=0.25), whole)
        rack.render(notes="C3 D3 E3", seconds=0.05, block=512)


def test_blocks_of_any_lengths_make_one_stream(dice):
    events = [event.at(frame) for frame, event in Song().events(48000)]
    x = hiss(9500) * np.float32(0.1)
    want = run(make(MIXED), 9500, 512, audio=x, events=events, outs=["dry"])
    rack, parts, at = make(MIXED), [], 0
    while at < 9500:
        end = min(at + dice.choice([1, 3, 63, 64, 65, 200, 511, 512]), 9500)
        now = [event.at(event.frame - at) for event in events if at <= event.frame < end]
        parts.append(np.concatenate([rack.process(end - at, now, x[:, at:end]), rack.engine.out("dry", end - at)]))
        at = end
    assert np.array_equal(np.concatenate(parts, axis=1), want)


@pytest.mark.parametrize("block", [64, 441, 4096])
def test_an_automatic_tail_ends_on_the_same_frame(block):
    rack = make("""
nodes: {echo: {plugin: delay, time: 200 ms, feedback: 30 %}}
wires: [in -> echo -> out]
""")
    x = np.zeros((2, 100), np.float32)
    x[:, 50] = 0.5
    got = rack.render(audio=x, block=block)
    last = np.flatnonzero(np.abs(got).max(axis=0) > 10 ** (-90 / 20))[-1]
    assert got.shape[1] == last + 1
    assert last > 9600
    assert rack.render(audio=np.zeros((2, 100), np.float32), block=block).shape[1] == 100


def test_lengths():
    rack = make("wires: [in -> out]")
    x = hiss(1000)
    assert rack.render(audio=x, seconds=0.01).shape == (2, 480)
    assert rack.render(audio=x, tail=0.5).shape == (2, 25000)
    assert rack.render(audio=x, seconds=0).shape == (2, 0)
    assert rack.render(audio=x).shape == (2, 1000)
    assert rack.render(audio=hiss(1000, channels=5), tail=0).shape == (2, 1000)
    seen = []
    rack.render(audio=x, tail=0, block=300, progress=lambda done, total: seen.append((done, total)))
    assert seen[-1] == (1000, 1000)
    with pytest.raises(ValueError, match="transpose"):
        rack.render(audio=x.T)


def test_a_block_allocates_no_audio():
    rack = make(MIXED, block=4096)
    x = np.ascontiguousarray(hiss(4096) * np.float32(0.1))
    events = [NoteOn(5, 60, 0.5), ControlChange(9, 74, 0.4), NoteOff(700, 60)]
    rack.engine.graph.by_name["numpy"].plugin.process = lambda block: block.output().fill(0.0)
    for _ in range(4):
        rack.process(4096, events, x)
    tracemalloc.start()
    try:
        rack.process(4096, events, x)
        before = tracemalloc.get_traced_memory()[0]
        tracemalloc.reset_peak()
        for _ in range(4):
            rack.process(4096, events, x)
        now, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert now - before < 8192
    assert peak - before < 4096 * 4, "not even one channel of a block"
