"""LFO: its shapes, and a phase that is the song's own position."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backline.sdk import NoteOff, NoteOn, Transport, dsp
from backline.sdk.testing import check_plugin
from backline_plugins.modulators.lfo import Lfo, wave

RATE = 48000.0
SHAPES = ["sine", "triangle", "saw", "square", "random", "smooth"]


def lfo(block=4096, **values) -> Lfo:
    plugin = Lfo(RATE, block)
    for name, value in values.items():
        setattr(plugin, name, value)
    plugin.reset()
    return plugin


def test_keeps_the_rules_of_every_plugin():
    check_plugin(Lfo)


def test_shapes():
    turns = np.array([0.0, 0.125, 0.25, 0.49, 0.5, 0.75, 0.9])
    assert [wave(0, turn, 1) for turn in turns] == pytest.approx(np.sin(2 * np.pi * turns), abs=1e-8)
    assert [wave(1, turn, 1) for turn in turns] == pytest.approx([0.0, 0.5, 1.0, 0.04, 0.0, -1.0, -0.4])
    assert [wave(2, turn, 1) for turn in turns] == pytest.approx(2 * turns - 1)
    assert [wave(3, turn, 1) for turn in turns] == [1, 1, 1, 1, -1, -1, -1]


def test_random_steps_hold_for_a_cycle_and_smooth_ones_meet_them():
    steps = [wave(4, number + 0.5, 7) for number in range(500)]
    assert [wave(4, number + 0.01, 7) for number in range(500)] == steps
    assert [wave(5, float(number), 7) for number in range(500)] == steps
    assert [wave(4, number + 0.5, 8) for number in range(500)] != steps
    assert len(set(steps)) == 500
    assert abs(np.mean(steps)) < 0.1
    assert np.std(steps) == pytest.approx(math.sqrt(1 / 3), abs=0.05)
    assert wave(5, 3.5, 7) == pytest.approx((steps[3] + steps[4]) / 2)


def test_a_free_rate_keeps_time():
    (out,) = lfo(48000, rate="5 Hz").process_block(frames=48000)
    np.testing.assert_allclose(out[0], np.sin(2 * np.pi * 5 * np.arange(48000) / RATE), atol=1e-5)


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize(("rate", "beats"), [("1/4", 1.0), ("1/8D", 0.75), ("1/8T", 1 / 3), ("2 bars", 8.0)])
def test_a_note_length_follows_the_song_exactly(shape, rate, beats):
    plugin = lfo(shape=shape, rate=rate)
    song = Transport(RATE, 133.0)
    song.locate(1_234_567, 57.3)
    (out,) = plugin.process_block(frames=4096, transport=song)
    place = (57.3 + np.arange(4096) * 133.0 / (60 * RATE)) / beats
    wanted = [wave(SHAPES.index(shape), at, 1) for at in place]
    np.testing.assert_allclose(out[0], wanted, atol=1e-6)


def test_a_jump_of_the_song_is_followed_at_once():
    plugin = lfo(rate="1/4", shape="saw")
    song = Transport(RATE, 120.0)
    plugin.process_block(frames=1000, transport=song)
    song.locate(99, 12.25)
    assert plugin.process_block(frames=1, transport=song)[0][0, 0] == pytest.approx(-0.5)


def test_while_the_song_stands_it_runs_on_at_the_same_speed():
    plugin = lfo(rate="1/4", shape="saw")
    song = Transport(RATE, 120.0, playing=False)
    (out,) = plugin.process_block(frames=4096, transport=song)
    np.testing.assert_allclose(out[0], 2 * (np.arange(4096) / 24000) - 1, atol=1e-5)


def test_phase_and_polarity():
    (out,) = lfo(24001, phase="90 deg", polarity="unipolar").process_block(frames=24001)
    assert out[0, 0] == pytest.approx(1.0)
    assert out[0, 24000] == pytest.approx(0.0, abs=1e-6)


def test_a_note_starts_the_cycle_again_only_when_asked():
    notes = [NoteOn(1000, 60), NoteOn(2000, 60), NoteOff(2500, 60), NoteOn(3000, 60)]
    (free,) = lfo(shape="saw", rate="10 Hz").process_block(frames=4096, events=notes)
    (tied,) = lfo(shape="saw", rate="10 Hz", retrigger=True).process_block(frames=4096, events=notes)
    place = np.arange(4096) - np.select([np.arange(4096) >= 3000, np.arange(4096) >= 2000, np.arange(4096) >= 1000], [3000, 2000, 1000])
    np.testing.assert_allclose(tied[0], 2 * dsp_turn(place / 4800) - 1, atol=1e-5)
    np.testing.assert_allclose(free[0], 2 * dsp_turn(np.arange(4096) / 4800) - 1, atol=1e-5)


def dsp_turn(place: np.ndarray) -> np.ndarray:
    return place - np.floor(place)


def test_retriggered_in_time_with_the_song():
    plugin = lfo(shape="saw", rate="1/4", retrigger=True)
    (out,) = plugin.process_block(frames=4096, events=[NoteOn(700, 60)])
    assert out[0, 700] == pytest.approx(-1.0)
    assert out[0, 700 + 2400] == pytest.approx(-0.8), "a tenth of a beat later"


@given(st.lists(st.integers(1, 500), max_size=10), st.sampled_from(SHAPES), st.sampled_from(["3.3 Hz", "1/16"]))
def test_blocks_can_be_split_anywhere(sizes, shape, rate):
    notes = [NoteOn(137, 60), NoteOn(1500, 62)]
    (whole,) = lfo(shape=shape, rate=rate, retrigger=True).process_block(frames=2000, events=notes)
    plugin, at, parts = lfo(shape=shape, rate=rate, retrigger=True), 0, []
    for size in [*sizes, 2000]:
        end = min(at + size, 2000)
        parts.append(
            plugin.process_block(frames=end - at, events=[note.at(note.frame - at) for note in notes if at <= note.frame < end])[0]
        )
        at = end
    assert np.array_equal(np.concatenate(parts, axis=1), whole)


def test_a_sample_is_plain_python():
    value, place, origin, notes = Lfo.sample(
        0.25,
        0.0,
        0.0,
        shape=0,
        rate=2.0,
        rate_beats=0.0,
        phase=0.0,
        polarity=0,
        retrigger=0,
        seed=1,
        notes=0.0,
        beat=0.0,
        playing=1.0,
        dt=0.01,
    )
    assert (value, place, origin, notes) == pytest.approx((dsp.sin_turn(0.25), 0.27, 0.0, 0.0))
