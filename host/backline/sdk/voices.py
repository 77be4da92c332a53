"""What the host knows of one sounding voice.

This module knows a voice's note and its place among the lanes. It does not know kernels, stealing or plugins.
"""

from __future__ import annotations

from .events import NoteOff, NoteOn


def same_key(note: NoteOn, other: NoteOn | NoteOff) -> bool:
    """Whether two events are of one key."""
    if note.note_id >= 0 and other.note_id >= 0:
        return note.note_id == other.note_id
    return note.key == other.key and note.channel == other.channel


class Voice:
    """What the host knows of one sounding lane."""

    __slots__ = ("age", "bend", "channel", "choke", "detune", "down", "group", "key", "lane", "note_id", "pedalled", "pitch_hz")

    def __init__(self, group: int, lane: int) -> None:
        self.group, self.lane = group, lane
        self.key = self.channel = self.note_id = -1
        self.age = 0
        self.down = self.pedalled = False
        self.detune = self.bend = self.pitch_hz = 0.0  # pitch_hz: given by the author, instead of the key's
        self.choke = 0
