"""SDK events as MIDI bytes and back, for plugins that speak only MIDI 1.0.

This module knows byte values. It does not know plugins or time.
"""

from __future__ import annotations

from backline.sdk.events import (
    ChannelPressure,
    ControlChange,
    Event,
    NoteOff,
    NoteOn,
    NotePressure,
    PitchBend,
    ProgramChange,
)

NOTE_ON, NOTE_OFF, POLY_PRESSURE, CONTROL, PROGRAM, PRESSURE, BEND = 0x90, 0x80, 0xA0, 0xB0, 0xC0, 0xD0, 0xE0
ALL_CHANNELS_SILENT = tuple((CONTROL | channel, controller, 0) for channel in range(16) for controller in (123, 120))


def _seven_bits(value: float) -> int:
    return min(max(round(value * 127.0), 0), 127)


def encode(event: Event) -> tuple[int, int, int] | None:
    """Return status and two data bytes; None for what VST3 hosts do not pass on (system exclusive, MPE pitch and timbre).

    A velocity above zero never becomes 0, which would end the note instead. The bend -1..1 becomes 0..16383 with 8192 as rest.
    """
    match event:
        case NoteOn():
            return NOTE_ON | event.channel & 15, event.key & 127, max(_seven_bits(event.velocity), 1)
        case NoteOff():
            return NOTE_OFF | event.channel & 15, event.key & 127, _seven_bits(event.velocity)
        case ControlChange():
            return CONTROL | event.channel & 15, event.controller & 127, _seven_bits(event.value)
        case PitchBend():
            bend = min(max(8192 + round(event.value * (8191 if event.value > 0 else 8192)), 0), 16383)
            return BEND | event.channel & 15, bend & 127, bend >> 7
        case ChannelPressure():
            return PRESSURE | event.channel & 15, _seven_bits(event.value), 0
        case NotePressure():
            return POLY_PRESSURE | event.channel & 15, event.key & 127, _seven_bits(event.value)
        case ProgramChange():
            return PROGRAM | event.channel & 15, event.program & 127, 0
    return None


def decode(frame: int, status: int, data1: int, data2: int) -> Event | None:
    """Return the event that three MIDI bytes mean; None for system messages."""
    channel = status & 15
    match status & 0xF0:
        case 0x90 if data2 > 0:
            return NoteOn(frame, data1, data2 / 127.0, channel)
        case 0x80 | 0x90:
            return NoteOff(frame, data1, data2 / 127.0 if status & 0xF0 == NOTE_OFF else 0.0, channel)
        case 0xA0:
            return NotePressure(frame, data1, data2 / 127.0, channel)
        case 0xB0:
            return ControlChange(frame, data1, data2 / 127.0, channel)
        case 0xC0:
            return ProgramChange(frame, data1, channel)
        case 0xD0:
            return ChannelPressure(frame, data1 / 127.0, channel)
        case 0xE0:
            bend = (data2 << 7 | data1) - 8192
            return PitchBend(frame, bend / (8191.0 if bend > 0 else 8192.0), channel)
    return None


def is_note(status: int) -> bool:
    """Whether a message belongs to one note (and so reaches plugins on its frame with every host)."""
    return 0x80 <= status < 0xB0
