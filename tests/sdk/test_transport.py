"""Musical time: positions that do not depend on blocks, changes of tempo, jumps and stops."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backline.sdk import Transport

RATES = st.sampled_from((22050.0, 44100.0, 48000.0, 96000.0))
TEMPOS = st.floats(20.0, 400.0)
BLOCKS = st.lists(st.integers(1, 5000), min_size=1, max_size=20)


@given(RATES, TEMPOS, BLOCKS)
def test_the_beat_does_not_depend_on_blocks(rate: float, tempo: float, blocks: list[int]) -> None:
    one, many = Transport(rate, tempo), Transport(rate, tempo)
    one.advance(sum(blocks))
    for frames in blocks:
        many.advance(frames)
    assert (many.frame, many.beat) == (one.frame, one.beat)


@given(RATES, TEMPOS, TEMPOS, BLOCKS, BLOCKS)
def test_a_change_of_tempo_keeps_the_position(rate: float, tempo: float, other: float, before: list[int], after: list[int]) -> None:
    transport = Transport(rate, tempo)
    for frames in before:
        transport.advance(frames)
    beat = transport.beat
    transport.set_tempo(other)
    assert transport.beat == beat
    for frames in after:
        transport.advance(frames)
    assert transport.beat == pytest.approx((sum(before) * tempo + sum(after) * other) / (60.0 * rate), rel=1e-12)
    assert transport.tempo == other


@given(RATES, TEMPOS, st.integers(0, 10**7), st.floats(0.0, 1e4))
def test_frame_at_is_the_first_frame_that_is_there(rate: float, tempo: float, frame: int, beat: float) -> None:
    transport = Transport(rate, tempo)
    transport.locate(frame, 0.0)
    found = transport.frame_at(beat)
    per_frame = transport.beats_per_frame
    assert (found - frame) * per_frame >= beat - 1e-8
    assert (found - 1 - frame) * per_frame < beat + 1e-8 or found == frame


@given(RATES, TEMPOS, BLOCKS, st.floats(0.0, 100.0))
def test_frame_at_does_not_depend_on_blocks(rate: float, tempo: float, blocks: list[int], beat: float) -> None:
    transport = Transport(rate, tempo)
    expected = transport.frame_at(beat)
    for frames in blocks:
        transport.advance(frames)
        assert transport.frame_at(beat) == expected


def test_whole_beats_lie_on_their_frame() -> None:
    transport = Transport(48000.0, 120.0)
    assert [transport.frame_at(beat) for beat in range(4)] == [0, 24000, 48000, 72000]
    transport.advance(24000)
    assert transport.beat == 1.0


def test_a_stop_holds_the_beat_while_samples_go_on() -> None:
    transport = Transport(48000.0, 120.0)
    transport.advance(24000)
    transport.set_playing(False)
    transport.advance(5000)
    assert (transport.frame, transport.beat, transport.playing) == (29000, 1.0, False)
    transport.set_playing(True)
    transport.advance(24000)
    assert transport.beat == 2.0


def test_a_jump_counts_from_where_it_lands() -> None:
    transport = Transport(48000.0, 60.0)
    transport.advance(1000)
    transport.locate(1000, 64.0)
    transport.advance(48000)
    assert transport.beat == 65.0
    assert transport.frame_at(66.0) == 1000 + 2 * 48000
