"""Promises of event effects: every note they start ends, however and whenever the player lets go.

This module knows which notes are open in a list of events. It does not know how findings are told.
"""

from __future__ import annotations

from collections.abc import Iterable

from ..effect import EventEffect
from ..events import ALL_NOTES_OFF, ALL_SOUND_OFF, ControlChange, Event, NoteOff, NoteOn
from .material import NotePlayer, merged, panic, parameter_changes
from .player import Stretch, play
from .report import Broken
from .subject import Subject


def open_notes(events: Iterable[Event]) -> set[tuple[int, int, int]]:
    """(channel, key, note id) of the notes that were started and not ended."""
    sounding: set[tuple[int, int, int]] = set()
    for event in events:
        if isinstance(event, NoteOn):
            sounding.add((event.channel, event.key, event.note_id))
        elif isinstance(event, NoteOff):
            if event.note_id >= 0:
                sounding = {note for note in sounding if note[2] != event.note_id}
            else:
                sounding = {note for note in sounding if note[:2] != (event.channel, event.key)}
        elif isinstance(event, ControlChange) and event.controller in (ALL_NOTES_OFF, ALL_SOUND_OFF):
            sounding = {note for note in sounding if note[0] != event.channel}
    return sounding


def every_note_ends(subject: Subject) -> None:
    """Each note-on gets its note-off: after the keys go up, and at once after `release_all`."""
    if not subject.is_event_effect:
        return
    rate = min(subject.rates)
    for round_number in range(subject.more(4, 40)):
        dice = subject.dice(f"notes {round_number}")
        player = NotePlayer(dice)
        frames = 2 * rate
        played = player.play(frames, subject.more(200, 4000))
        if round_number % 2:
            played = [event for event in played if not isinstance(event, ControlChange)]
        changes = parameter_changes(dice, subject.plugin.parameters, frames, 8)
        _after_release_all(subject, rate, Stretch(frames, events=merged(played, changes)), round_number)
        ups = player.offs(frames) + (panic(frames) if round_number % 2 == 0 or subject.endless else [])
        settle = int((float(subject.plugin.tail if isinstance(subject.plugin.tail, int | float) else 0.0) + 6.0) * rate)
        _after_keys_up(subject, rate, Stretch(frames + settle, events=[*merged(played, changes), *ups]), round_number)


def _after_release_all(subject: Subject, rate: int, stretch: Stretch, round_number: int) -> None:
    plugin = subject.maker.make(rate)
    assert isinstance(plugin, EventEffect)
    given = play(plugin, stretch).events
    owed = plugin.release_all()
    if any(event.frame != 0 for event in owed):
        raise Broken("release_all() must give events at frame 0")
    # Notes that merely pass through are ended by whoever holds the keys.
    left = open_notes([*given, *owed]) - open_notes(stretch.events)
    if left:
        raise Broken(f"{_told(left)} still on after release_all() (round {round_number})")
    again = open_notes(play(plugin, Stretch(rate // 2)).events)
    if again:
        raise Broken(f"{_told(again)} started and not ended after release_all(): it still remembers keys (round {round_number})")


def _after_keys_up(subject: Subject, rate: int, stretch: Stretch, round_number: int) -> None:
    plugin = subject.maker.make(rate)
    left = open_notes(play(plugin, stretch).events)
    if left:
        raise Broken(f"{_told(left)} still on after all keys went up (round {round_number})")


def _told(notes: set[tuple[int, int, int]]) -> str:
    some = ", ".join(f"key {key} of channel {channel}" for channel, key, _ in sorted(notes)[:4])
    return f"{len(notes)} notes ({some})"
