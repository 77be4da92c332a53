"""Arpeggiator: steps on exact frames of the song's grid, however the stream is split, and no note that does not end."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backline.sdk import ControlChange, NoteOff, NoteOn, NotePressure, ParameterChange, Transport
from backline.sdk.testing import check_plugin
from backline_plugins.events.arpeggiator import Arpeggiator

RATE = 48000.0
CHORD = [NoteOn(0, 64, 0.3), NoteOn(0, 60, 0.5, 2), NoteOn(0, 67, 0.7)]
STEP = 6000  # 1/16 at 120 bpm


class Player:
    """An arpeggiator beside a song; gathers what comes out at absolute frames."""

    def __init__(self, tempo=120.0, *, playing=True, **values) -> None:
        self.plugin = Arpeggiator(RATE)
        self.song = Transport(RATE, tempo, playing=playing)
        self.at = 0
        for name, value in values.items():
            setattr(self.plugin, name, value)

    def play(self, frames, events=()):
        """Play on; `events` and the result count from the start of everything."""
        self.plugin.follow(self.song)
        given_events = self.plugin.translate([event.at(event.frame - self.at) for event in events], frames)
        result = [event.at(event.frame + self.at) for event in given_events]
        self.song.advance(frames)
        self.at += frames
        return result


def starts(events):
    return [(event.frame, event.key) for event in events if isinstance(event, NoteOn)]


def keys(frames=8 * STEP, events=CHORD, **values):
    return [key for _, key in starts(Player(**values).play(frames, events))]


def test_keeps_the_rules_of_every_plugin():
    check_plugin(Arpeggiator, endless=True)  # latched, it plays on by itself


@pytest.mark.parametrize(
    ("values", "wanted"),
    [
        ({"mode": "up"}, [60, 64, 67, 60, 64, 67, 60, 64]),
        ({"mode": "down"}, [67, 64, 60, 67, 64, 60, 67, 64]),
        ({"mode": "updown"}, [60, 64, 67, 64, 60, 64, 67, 64]),
        ({"mode": "played"}, [64, 60, 67, 64, 60, 67, 64, 60]),
        ({"mode": "up", "octaves": 2}, [60, 64, 67, 72, 76, 79, 60, 64]),
        ({"mode": "down", "octaves": 2}, [79, 76, 72, 67, 64, 60, 79, 76]),
    ],
)
def test_modes_and_octaves(values, wanted):
    assert keys(**values) == wanted


def test_one_key_goes_up_and_down_as_well():
    assert keys(events=[NoteOn(0, 60)], mode="updown") == [60] * 8
    assert keys(events=[NoteOn(0, 60)], mode="updown", octaves=2) == [60, 72] * 4


def test_what_would_leave_the_keyboard_is_left_out():
    assert keys(events=[NoteOn(0, 120), NoteOn(0, 110)], octaves=2) == [110, 120, 122, 110, 120, 122, 110, 120]


def test_random_repeats_with_its_seed():
    first, again, other = (keys(64 * STEP, mode="random", seed=seed) for seed in (3, 3, 4))
    assert first == again != other
    assert set(first) == {60, 64, 67}


def test_notes_keep_their_velocity_and_channel():
    events = Player().play(3 * STEP, CHORD)
    assert events[0] == NoteOn(0, 60, 0.5, 2)
    assert events[1] == NoteOff(3600, 60, 0.0, 2)
    assert events[2] == NoteOn(STEP, 64, 0.3, 0)


@pytest.mark.parametrize(("rate", "beats"), [("1/16", 0.25), ("1/8T", 1 / 3), ("1/8D", 0.75), ("1/4", 1.0), ("5 Hz", 97.3 / 300)])
def test_steps_stand_on_the_first_frame_of_their_beat(rate, beats):
    player = Player(97.3, rate=rate)
    frames = [frame for frame, _ in starts(player.play(400_000, [NoteOn(0, 60)]))]
    assert frames == [player.song.frame_at(step * beats) for step in range(len(frames))]
    assert len(frames) == 1 + int((399_999 / (RATE * 60 / 97.3)) / beats)


@pytest.mark.parametrize(("gate", "length"), [("5 %", 300), ("60 %", 3600), ("100 %", 6000)])
def test_gate(gate, length):
    events = Player(gate=gate).play(4 * STEP + 1, [NoteOn(0, 60)])
    ends = [event.frame for event in events if isinstance(event, NoteOff)]
    assert ends[:3] == [length, STEP + length, 2 * STEP + length]
    sounding = 0
    for event in events:  # legato: the old note ends before the new one starts
        sounding += 1 if isinstance(event, NoteOn) else -1
        assert sounding in (0, 1)


def test_swing_delays_every_second_step():
    frames = [frame for frame, _ in starts(Player(swing="66 %").play(4 * STEP, [NoteOn(0, 60)]))]
    assert frames == [0, 7920, 12000, 19920]


def test_keys_join_and_leave_in_the_middle_of_a_block():
    events = [
        NoteOn(10, 60),
        NoteOn(STEP, 64),
        NoteOff(STEP + 1, 60),
        NoteOn(2 * STEP + 1, 48),
        NoteOff(4 * STEP, 64),
        NoteOff(4 * STEP, 48),
    ]
    assert starts(Player().play(6 * STEP, events)) == [(STEP, 60), (2 * STEP, 64), (3 * STEP, 48)]


def test_latch_goes_on_until_new_keys_come():
    player = Player(latch=True)
    played = player.play(4 * STEP, [NoteOn(0, 60), NoteOn(0, 64), NoteOff(100, 60), NoteOff(100, 64), NoteOn(2 * STEP + 9, 50)])
    assert starts(played) == [(0, 60), (STEP, 64), (2 * STEP, 60), (3 * STEP, 50)]
    assert starts(player.play(STEP, [NoteOff(4 * STEP, 50)])) == [(4 * STEP, 50)]
    assert starts(player.play(STEP, [ParameterChange(5 * STEP, "latch", 0.0)])) == []


def test_the_song_may_start_anywhere_and_jump():
    player = Player()
    player.song.locate(777, 10.1)
    assert starts(player.play(STEP, [NoteOn(0, 60)])) == [(3600, 60)], "beat 10.25 is 0.15 beats away"
    player.song.locate(5_000_000, 2.0)
    assert starts(player.play(STEP)) == [(STEP, 60)]


def test_a_change_of_tempo_loses_no_step_and_doubles_none():
    player = Player(120.0, rate="1/32")
    played = player.play(10_000, [NoteOn(0, 60)])
    for tempo in (60.0, 61.0, 240.0, 30.0, 119.0):
        player.song.set_tempo(tempo)
        played += player.play(10_000)
    beat = player.song.beat
    assert len(starts(played)) == 1 + int(beat / 0.125)


def test_while_the_song_stands_the_grid_goes_on():
    player = Player(playing=False)
    assert starts(player.play(3 * STEP, [NoteOn(1, 60)])) == [(STEP, 60), (2 * STEP, 60)]


def test_controllers_pass_and_expression_of_held_keys_does_not():
    events = [NoteOn(0, 60), NotePressure(5, 60, 0.5), ControlChange(7, 1, 0.5)]
    assert Player().play(100, events) == [NoteOn(0, 60), ControlChange(7, 1, 0.5)]


def test_release_all_ends_the_note_and_forgets_the_keys():
    player = Player()
    player.play(100, CHORD)
    assert player.plugin.release_all() == [NoteOff(0, 60, 0.0, 2)]
    assert player.plugin.release_all() == []
    assert player.play(4 * STEP) == []


def test_all_notes_off_is_obeyed_and_passed_on():
    events = [*CHORD, ControlChange(50, 123, 0.0)]
    assert Player().play(4 * STEP, events) == [NoteOn(0, 60, 0.5, 2), NoteOff(50, 60, 0.0, 2), ControlChange(50, 123, 0.0)]


ACTIONS = st.lists(
    st.one_of(
        st.tuples(st.integers(0, 39_999), st.just("on"), st.integers(58, 64)),
        st.tuples(st.integers(0, 39_999), st.just("off"), st.integers(58, 64)),
        st.tuples(st.integers(0, 39_999), st.just("rate"), st.sampled_from([1.0, 12.0, 40.0])),
        st.tuples(st.integers(0, 39_999), st.just("latch"), st.integers(0, 1)),
        st.tuples(st.integers(0, 39_999), st.just("swing"), st.sampled_from([0.5, 0.6, 0.75])),
        st.tuples(st.integers(0, 39_999), st.just("gate"), st.sampled_from([0.05, 0.7, 1.0])),
    ),
    max_size=20,
)
SIZES = st.lists(st.integers(1, 9000), max_size=12)


def as_events(actions):
    events = []
    for frame, kind, number in sorted(actions, key=lambda action: action[0]):
        if kind == "on":
            events.append(NoteOn(frame, number))
        elif kind == "off":
            events.append(NoteOff(frame, number))
        else:
            events.append(ParameterChange(frame, kind, float(number)))
    return events


@given(ACTIONS, SIZES, st.sampled_from([61.7, 120.0, 333.3]), st.booleans())
def test_blocks_can_be_split_anywhere(actions, sizes, tempo, playing):
    events = as_events(actions)
    whole = Player(tempo, playing=playing, rate="1/32", mode="random").play(40_000, events)
    player, parts = Player(tempo, playing=playing, rate="1/32", mode="random"), []
    for size in [*sizes, 40_000]:
        end = min(player.at + size, 40_000)
        parts += player.play(end - player.at, [event for event in events if player.at <= event.frame < end])
    assert parts == whole


@given(ACTIONS, SIZES)
def test_every_note_ends(actions, sizes):
    events = as_events(actions)
    player, played = Player(rate="1/32"), []
    for size in [*sizes, 40_000]:
        end = min(player.at + size, 40_000)
        played += player.play(end - player.at, [event for event in events if player.at <= event.frame < end])
    ups = [ParameterChange(player.at, "latch", 0.0), *(NoteOff(player.at, key) for key in range(58, 65))]
    played += player.play(96_001, ups)
    sounding: list[int] = []
    for event in played:
        if isinstance(event, NoteOn):
            assert not sounding, "one note at a time"
            sounding.append(event.key)
        else:
            sounding.remove(event.key)
    assert not sounding
