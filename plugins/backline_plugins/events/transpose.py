"""Transpose: notes up or down by semitones and octaves. Knows which key each held note became, so that every note ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from backline.sdk import ControlChange, Event, EventEffect, NoteOff, NoteOn, NotePitch, NotePressure, NoteTimbre, Param

HIGHEST_KEY = 127
SILENCING = (120, 123)  # all sound off, all notes off
Identity = tuple[int, int, int]


class Transpose(EventEffect):
    """Move notes up or down. A note that would leave the keyboard is dropped.

    A held note ends, bends and swells as the key it became, whatever the value is by then. Everything that is no note passes as it is.
    """

    name = "Transpose"
    tags = ("notes",)

    semitones = Param(0, -48, 48, description="Steps up or down, for the notes that follow.")
    octave = Param(0, -5, 5, description="Octaves up or down, added to the semitones.")

    def prepare(self) -> None:
        """Start with no key held."""
        self._became: dict[Identity, NoteOn | None] = {}

    def reset(self) -> None:
        """Become as new."""
        super().reset()
        self._became.clear()

    def process(self, events: Sequence[Event], frames: int) -> list[Event]:  # noqa: ARG002 - what is moved does not depend on time
        """Return the events of the block with notes moved."""
        passed: list[Event] = []
        for event in events:
            match event:
                case NoteOn():
                    passed += self._begin(event)
                case NoteOff():
                    passed += self._end(event)
                case NotePitch() | NotePressure() | NoteTimbre():
                    found = self._find(event.channel, event.key, event.note_id)
                    sounding = self._became[found] if found else None
                    if sounding is not None:
                        passed.append(replace(event, key=sounding.key))
                case _:
                    if isinstance(event, ControlChange) and event.controller in SILENCING:
                        self._forget(event.channel)
                    passed.append(event)
        return passed

    def _moved(self, key: int) -> int | None:
        """The key that a key becomes now, None beyond the keyboard."""
        moved = key + int(self.semitones) + 12 * int(self.octave)
        return moved if 0 <= moved <= HIGHEST_KEY else None

    def _begin(self, event: NoteOn) -> list[Event]:
        identity = (event.channel, event.key, event.note_id)
        before = self._became.pop(identity, None)
        key = self._moved(event.key)
        note = replace(event, key=key) if key is not None else None
        self._became[identity] = note
        ended: list[Event] = []
        if before is not None and (note is None or note.key != before.key):
            ended.append(_note_off(before, event.frame))  # struck again without an end: the old key would sound for ever
        return ended if note is None else [*ended, note]

    def _end(self, event: NoteOff) -> list[Event]:
        found = self._find(event.channel, event.key, event.note_id)
        if found is None:  # it began before we were here
            key = self._moved(event.key)
            return [] if key is None else [replace(event, key=key)]
        note = self._became.pop(found)
        return [] if note is None else [replace(event, key=note.key)]

    def _find(self, channel: int, key: int, note_id: int) -> Identity | None:
        """The held note that is meant; a note id of -1 on either side means any."""
        if (channel, key, note_id) in self._became:
            return channel, key, note_id
        for identity in self._became:
            if identity[:2] == (channel, key) and (note_id == -1 or identity[2] == -1):
                return identity
        return None

    def _forget(self, channel: int) -> None:
        for identity in [identity for identity in self._became if identity[0] == channel]:
            del self._became[identity]

    def release_all(self) -> list[Event]:
        """Forget every held key and return the note-offs that are owed."""
        owed: list[Event] = [_note_off(note, 0) for note in self._became.values() if note is not None]
        self._became.clear()
        return owed


def _note_off(note: NoteOn, frame: int) -> NoteOff:
    return NoteOff(frame, note.key, 0.0, note.channel, note.note_id)
