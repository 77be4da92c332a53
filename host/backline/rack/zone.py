"""Zones: parts of the keyboard on event wires.

This module knows which events a zone lets through. It does not know plugins or audio.
"""

from __future__ import annotations

from collections.abc import Mapping

from backline.model import Zone
from backline.sdk.events import Event, NoteOff, NoteOn, NotePitch, NotePressure, NoteTimbre

from .node import Bus, Parameter

NOTE_KINDS = (NoteOff, NotePitch, NotePressure, NoteTimbre)


class ZoneNode(Bus):
    """Lets notes of some keys, velocities and channels through, transposed; what is not a note passes by channel alone.

    A note-off follows the note-on it belongs to, whatever the velocity was.
    """

    def __init__(self, name: str, zone: Zone) -> None:
        super().__init__(name, audio_in=False, audio_out=False, events=True)
        self.zone = zone
        self._open: dict[tuple[int, int, int], int] = {}

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """A zone has none."""
        return {}

    def run(self, frames: int) -> None:  # noqa: ARG002
        """Pass on what lies in the zone."""
        for event in self.events:
            passed = self._passed(event)
            if passed is not None:
                self.given_events.append(passed)

    def _passed(self, event: Event) -> Event | None:
        zone = self.zone
        channel = getattr(event, "channel", None)
        if zone.channels and channel is not None and channel + 1 not in zone.channels:
            return None
        if isinstance(event, NoteOn):
            return self._note_on(event)
        if isinstance(event, NOTE_KINDS):
            who = (event.channel, event.key, event.note_id)
            if self._open.get(who, 0) <= 0:
                return None
            if isinstance(event, NoteOff):
                self._open[who] -= 1
            return self._transposed(event)
        return event

    def _note_on(self, event: NoteOn) -> Event | None:
        low, high = self.zone.keys
        soft, hard = self.zone.velocity
        moved = event.key + self.zone.transpose
        if not (low <= event.key <= high and soft <= max(round(event.velocity * 127), 1) <= hard and 0 <= moved <= 127):
            return None
        who = (event.channel, event.key, event.note_id)
        self._open[who] = self._open.get(who, 0) + 1
        return self._transposed(event)

    def _transposed(self, event: NoteOn | NoteOff | NotePitch | NotePressure | NoteTimbre) -> Event:
        if not self.zone.transpose:
            return event
        match event:
            case NoteOn():
                return NoteOn(event.frame, event.key + self.zone.transpose, event.velocity, event.channel, event.note_id, event.detune)
            case NoteOff():
                return NoteOff(event.frame, event.key + self.zone.transpose, event.velocity, event.channel, event.note_id)
            case NotePitch():
                return NotePitch(event.frame, event.key + self.zone.transpose, event.semitones, event.channel, event.note_id)
            case NotePressure():
                return NotePressure(event.frame, event.key + self.zone.transpose, event.value, event.channel, event.note_id)
            case _:
                return NoteTimbre(event.frame, event.key + self.zone.transpose, event.value, event.channel, event.note_id)

    def reset(self) -> None:
        """Forget open notes."""
        super().reset()
        self._open.clear()
