"""Transpose: every note ends as the key it became, whatever happens in between."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from backline.sdk import ChannelPressure, ControlChange, NoteOff, NoteOn, NotePitch, NotePressure, NoteTimbre, ParameterChange, PitchBend
from backline.sdk.testing import check_plugin
from backline_plugins.events.transpose import Transpose


def up(semitones=0, octave=0) -> Transpose:
    plugin = Transpose()
    plugin.semitones, plugin.octave = semitones, octave
    return plugin


def test_keeps_the_rules_of_every_plugin():
    check_plugin(Transpose)


def test_notes_move_by_semitones_and_octaves():
    events = [NoteOn(3, 60, 0.5, 2, 7, 0.25), NoteOff(9, 60, 0.1, 2, 7)]
    assert up(-5, 2).translate(events, 64) == [NoteOn(3, 79, 0.5, 2, 7, 0.25), NoteOff(9, 79, 0.1, 2, 7)]


def test_all_else_passes_as_it_is():
    events = [ControlChange(0, 64, 1.0), PitchBend(1, 0.5), ChannelPressure(2, 0.1)]
    assert up(7).translate(events, 64) == events


def test_a_note_ends_as_what_it_became():
    plugin = up(7)
    given_events = [
        NoteOn(0, 60),
        ParameterChange(10, "semitones", -3),
        NoteOn(20, 62),
        NotePitch(25, 60, 0.5),
        NoteOff(30, 60),
        NoteOff(40, 62),
    ]
    assert plugin.translate(given_events, 64) == [NoteOn(0, 67), NoteOn(20, 59), NotePitch(25, 67, 0.5), NoteOff(30, 67), NoteOff(40, 59)]


def test_a_change_holds_from_its_frame_on():
    plugin = up(1)
    assert plugin.translate([NoteOn(9, 60), ParameterChange(10, "semitones", 2), NoteOn(10, 70)], 64) == [NoteOn(9, 61), NoteOn(10, 72)]


def test_what_leaves_the_keyboard_is_dropped_with_its_end_and_its_expression():
    plugin = up(12)
    assert plugin.translate([NoteOn(0, 116), NotePressure(1, 116, 0.5), NoteTimbre(1, 116, 0.5), NoteOff(2, 116)], 64) == []
    assert plugin.translate([NoteOn(0, 115), NoteOff(2, 115)], 64) == [NoteOn(0, 127), NoteOff(2, 127)]


def test_a_key_struck_twice_leaves_nothing_behind():
    plugin = up(1)
    events = [NoteOn(0, 60), ParameterChange(5, "semitones", 2), NoteOn(5, 60), NoteOff(9, 60)]
    assert plugin.translate(events, 64) == [NoteOn(0, 61), NoteOff(5, 61), NoteOn(5, 62), NoteOff(9, 62)]


def test_the_end_of_a_note_that_began_earlier_is_moved_as_well():
    assert up(3).translate([NoteOff(0, 60)], 64) == [NoteOff(0, 63)]


def test_release_all_ends_what_is_held_and_forgets_it():
    plugin = up(4)
    plugin.translate([NoteOn(0, 60, channel=1), NoteOn(0, 64, note_id=9), NoteOn(0, 126)], 64)
    plugin.semitones = 0
    assert plugin.release_all() == [NoteOff(0, 64, channel=1), NoteOff(0, 68, note_id=9)]
    assert plugin.release_all() == []


def test_all_notes_off_forgets_one_channel():
    plugin = up(4)
    plugin.translate([NoteOn(0, 60, channel=1), NoteOn(0, 62, channel=2), ControlChange(5, 123, 0.0, 1)], 64)
    assert plugin.release_all() == [NoteOff(0, 66, channel=2)]


MOVES = st.lists(
    st.one_of(
        st.tuples(st.just("on"), st.integers(55, 66), st.integers(0, 1)),
        st.tuples(st.just("off"), st.integers(55, 66), st.integers(0, 1)),
        st.tuples(st.just("semitones"), st.integers(-48, 48), st.just(0)),
        st.tuples(st.just("octave"), st.integers(-5, 5), st.just(0)),
    ),
    max_size=40,
)


@given(MOVES)
def test_nothing_sounds_when_all_keys_are_up(moves):
    plugin, sounding = Transpose(), set()
    ends = [("off", key, channel) for key in range(55, 67) for channel in (0, 1)]
    for kind, number, channel in [*moves, *ends]:
        if kind in ("on", "off"):
            event = NoteOn(5, number, channel=channel) if kind == "on" else NoteOff(5, number, channel=channel)
        else:
            event = ParameterChange(5, kind, number)
        for given_event in plugin.translate([event], 16):
            note = (given_event.key, given_event.channel)
            assert 0 <= given_event.key <= 127
            if isinstance(given_event, NoteOn):
                sounding.add(note)
            else:
                sounding.discard(note)
    assert not sounding
    assert plugin.release_all() == []
