"""Events that travel along event wires: notes, controllers, programs, system exclusive.

This module knows what an event is and when it happens inside a block. It does not know MIDI bytes, files or devices.

Every event carries `frame`, its sample offset from the start of the block that carries it. Values are floats (0..1, bend
-1..1), wide enough for 14-bit and MIDI 2.0 sources. A note may carry a `note_id`, so that two notes of one key stay apart;
-1 means "whichever note sounds on this channel and key". C4 = 60 = middle C. Channels count from 0.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import Self


@dataclass(frozen=True, slots=True)
class Event:
    """Anything that happens at one sample: `frame` counts from the start of the block."""

    frame: int

    def at(self, frame: int) -> Self:
        """Return the same event at another sample offset."""
        values = [getattr(self, name) for name in _field_names(type(self))]
        values[0] = frame
        return type(self)(*values)


@dataclass(frozen=True, slots=True)
class NoteOn(Event):
    """A key goes down. `velocity` is 0..1, `detune` in semitones is added to the key for this note alone."""

    key: int
    velocity: float = 0.8
    channel: int = 0
    note_id: int = -1
    detune: float = 0.0


@dataclass(frozen=True, slots=True)
class NoteOff(Event):
    """A key goes up. `velocity` is the release velocity, 0..1."""

    key: int
    velocity: float = 0.0
    channel: int = 0
    note_id: int = -1


@dataclass(frozen=True, slots=True)
class NotePitch(Event):
    """Bend one sounding note by `semitones` from its key (MPE)."""

    key: int
    semitones: float
    channel: int = 0
    note_id: int = -1


@dataclass(frozen=True, slots=True)
class NotePressure(Event):
    """Pressure of one sounding note, 0..1 (polyphonic aftertouch, MPE)."""

    key: int
    value: float
    channel: int = 0
    note_id: int = -1


@dataclass(frozen=True, slots=True)
class NoteTimbre(Event):
    """Timbre of one sounding note, 0..1 (MPE, CC 74 of a member channel)."""

    key: int
    value: float
    channel: int = 0
    note_id: int = -1


@dataclass(frozen=True, slots=True)
class ControlChange(Event):
    """A controller (0..127) moves to `value`, 0..1."""

    controller: int
    value: float
    channel: int = 0


@dataclass(frozen=True, slots=True)
class PitchBend(Event):
    """The bend wheel of a channel moves to `value`, -1..1."""

    value: float
    channel: int = 0


@dataclass(frozen=True, slots=True)
class ChannelPressure(Event):
    """Aftertouch of a whole channel, 0..1."""

    value: float
    channel: int = 0


@dataclass(frozen=True, slots=True)
class ProgramChange(Event):
    """Select program 0..127 on a channel."""

    program: int
    channel: int = 0


@dataclass(frozen=True, slots=True)
class SysEx(Event):
    """A system exclusive message; `data` is what stands between F0 and F7."""

    data: bytes


@dataclass(frozen=True, slots=True)
class ParameterChange(Event):
    """Parameter `parameter` of the receiving plugin goes to `value` (in the parameter's own unit)."""

    parameter: str
    value: float


NOTE_EVENTS = (NoteOn, NoteOff, NotePitch, NotePressure, NoteTimbre)

SUSTAIN = 64
ALL_SOUND_OFF = 120
RESET_CONTROLLERS = 121
ALL_NOTES_OFF = 123

_FIELDS: dict[type, tuple[str, ...]] = {}


def _field_names(kind: type) -> tuple[str, ...]:
    names = _FIELDS.get(kind)
    if names is None:
        names = tuple(field.name for field in fields(kind))
        _FIELDS[kind] = names
    return names
