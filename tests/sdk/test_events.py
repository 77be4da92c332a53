"""Events: plain values that move in time and stay what they are."""

from __future__ import annotations

from dataclasses import FrozenInstanceError, fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backline.sdk import events
from backline.sdk.events import Event, NoteOff, NoteOn, ParameterChange, SysEx

KINDS = [kind for kind in vars(events).values() if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event]
VALUES = {"int": st.integers(0, 127), "float": st.floats(0.0, 1.0), "bytes": st.binary(max_size=8), "str": st.text(max_size=8)}


def some_event() -> st.SearchStrategy[Event]:
    return st.sampled_from(KINDS).flatmap(lambda kind: st.builds(kind, **{field.name: VALUES[str(field.type)] for field in fields(kind)}))


@given(some_event(), st.integers(0, 10**9))
def test_moving_changes_nothing_but_the_frame(event: Event, frame: int) -> None:
    moved = event.at(frame)
    assert type(moved) is type(event)
    assert moved.frame == frame
    assert replace(moved, frame=event.frame) == event


@given(some_event())
def test_events_cannot_change(event: Event) -> None:
    with pytest.raises(FrozenInstanceError):
        event.frame = 1  # type: ignore[misc]


def test_there_is_an_event_for_all_that_players_do() -> None:
    assert {kind.__name__ for kind in KINDS} == {
        *("NoteOn", "NoteOff", "NotePitch", "NotePressure", "NoteTimbre", "ControlChange", "PitchBend", "ChannelPressure"),
        *("ProgramChange", "SysEx", "ParameterChange"),
    }


def test_defaults_are_those_of_a_plain_keyboard() -> None:
    assert NoteOn(0, 60) == NoteOn(0, 60, 0.8, 0, -1, 0.0)
    assert NoteOff(5, 60) == NoteOff(5, 60, 0.0, 0, -1)
    assert ParameterChange(3, "cutoff", 100.0).at(4) == ParameterChange(4, "cutoff", 100.0)
    assert SysEx(1, b"\x01").at(2) == SysEx(2, b"\x01")
