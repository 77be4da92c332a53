"""Standard MIDI files as songs in exact time: tempo map, meters, keys, texts, events.

This module knows what the messages of a MIDI file mean and when they happen, in integers and fractions, never in sums of
floats. It does not know racks, devices or how events sound. The bytes are read by `midi_bytes`.

Type 0 and 1 tracks run side by side. Type 2 tracks follow one another: each starts where the one before it ends, and a
tempo stays until the next one.
"""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

from backline.formats.frames import nearest_frame
from backline.formats.midi_bytes import ESCAPE, META, SYSEX, BadMidiFile, Chunks, Message, Track, read_bytes, split_chunks
from backline.sdk.events import (
    SUSTAIN,
    ChannelPressure,
    ControlChange,
    Event,
    NoteOff,
    NoteOn,
    NotePressure,
    PitchBend,
    ProgramChange,
    SysEx,
)

__all__ = ["BadMidiFile", "KeySignature", "Meter", "MidiEvent", "MidiSong", "MidiText", "Tempo", "parse_midi", "read_midi"]

LONGEST_SECONDS = 24 * 3600
DEFAULT_TEMPO = 500_000
# What a note-on of velocity 0 stands for: a note-off of velocity 64 (MIDI 1.0 specification, page A-3).
_IMPLIED_RELEASE = 64 / 127
_TEXT_KINDS = {1: "text", 2: "copyright", 3: "track", 4: "instrument", 5: "lyric", 6: "marker", 7: "cue", 8: "program", 9: "device"}
_MAJOR = ("C♭", "G♭", "D♭", "A♭", "E♭", "B♭", "F", "C", "G", "D", "A", "E", "B", "F♯", "C♯")
_MINOR = ("A♭", "E♭", "B♭", "F", "C", "G", "D", "A", "E", "B", "F♯", "C♯", "G♯", "D♯", "A♯")


@dataclass(frozen=True, slots=True)
class Tempo:
    """From `tick` on (`beat` quarter notes, `seconds` from the start), a quarter note lasts `microseconds`."""

    tick: int
    beat: Fraction
    seconds: Fraction
    microseconds: int

    @property
    def bpm(self) -> float:
        """Quarter notes a minute."""
        return 60e6 / self.microseconds


@dataclass(frozen=True, slots=True)
class Meter:
    """From `tick` on (`seconds` from the start), a bar has `numerator` notes of 1/`denominator`."""

    tick: int
    seconds: Fraction
    numerator: int
    denominator: int


@dataclass(frozen=True, slots=True)
class KeySignature:
    """From `tick` on the music is in `key`, such as "A minor" or "B♭ major"."""

    tick: int
    seconds: Fraction
    key: str


@dataclass(frozen=True, slots=True)
class MidiText:
    """A text in the file. `kind` is text, copyright, track, instrument, lyric, marker, cue, program or device."""

    tick: int
    seconds: Fraction
    track: int
    kind: str
    text: str


@dataclass(frozen=True, slots=True)
class MidiEvent:
    """An event of track `track` at `tick`, `seconds` from the start; the `frame` of `event` is 0."""

    tick: int
    seconds: Fraction
    track: int
    event: Event


@dataclass(frozen=True)
class MidiSong:
    """A MIDI file in exact time.

    `merged` holds the events of all tracks by time; at the same time the lower track comes first, and within a track the
    order of the file stays. Notes and sustain pedals still down at the end are let go there. `ticks_per_beat` is None for
    files in SMPTE time. `remarks` tells what was passed over because it does not change the sound.
    """

    path: Path
    type: int
    ticks_per_beat: int | None
    tempos: tuple[Tempo, ...]
    meters: tuple[Meter, ...]
    keys: tuple[KeySignature, ...]
    texts: tuple[MidiText, ...]
    merged: tuple[MidiEvent, ...]
    seconds: Fraction
    remarks: tuple[str, ...]

    def frames(self, rate: float) -> int:
        """Return the length in frames at `rate` Hz."""
        return nearest_frame(self.seconds, rate)

    def events(self, rate: float) -> list[tuple[int, Event]]:
        """Return all events as (absolute frame, event), each rounded on its own to the nearest frame at `rate` Hz."""
        return [(nearest_frame(item.seconds, rate), item.event) for item in self.merged]

    def tempo_frames(self, rate: float) -> list[tuple[int, float, float]]:
        """Return the tempo map as (absolute frame, beat in quarter notes, quarter notes a minute)."""
        return [(nearest_frame(tempo.seconds, rate), float(tempo.beat), tempo.bpm) for tempo in self.tempos]

    def meter_frames(self, rate: float) -> list[tuple[int, int, int]]:
        """Return the meters as (absolute frame, numerator, denominator)."""
        return [(nearest_frame(meter.seconds, rate), meter.numerator, meter.denominator) for meter in self.meters]


def read_midi(path: str | Path) -> MidiSong:
    """Read a MIDI file of type 0, 1 or 2, in ticks of a beat or in SMPTE time.

    Raises:
        BadMidiFile: the file is missing or damaged, or longer than a day. The message is `path: byte N: what`.
    """
    return parse_midi(read_bytes(Path(path)), path)


def parse_midi(data: bytes, path: str | Path = "MIDI data") -> MidiSong:
    """Read the bytes of a MIDI file, as `read_midi` does; `path` is only named in errors."""
    path = Path(path)
    chunks = split_chunks(data, path)
    tracks = _in_song_time(chunks)
    clock = _Clock(path, chunks.division, tracks)
    end = max((track.end for track in tracks), default=0)
    length = clock.seconds(end)
    if length > LONGEST_SECONDS:
        raise BadMidiFile(path, None, f"lasts {float(length):.0f} s; up to a day ({LONGEST_SECONDS} s) is possible")
    song = _Collector(path, clock, list(chunks.remarks))
    for number, track in enumerate(tracks):
        song.add_track(number, track)
    return song.finish(chunks.type, end)


def _in_song_time(chunks: Chunks) -> list[Track]:
    """Return the tracks with ticks from the start of the song: those of type 2 one after the other."""
    if chunks.type != 2:
        return list(chunks.tracks)
    tracks = []
    start = 0
    for track in chunks.tracks:
        messages = tuple(Message(start + item.tick, item.status, item.data, item.byte, item.kind) for item in track.messages)
        tracks.append(Track(messages, start + track.end))
        start += track.end
    return tracks


class _Clock:
    """Ticks to exact seconds and beats, from the division and all tempo messages of the file."""

    def __init__(self, path: Path, division: int, tracks: list[Track]) -> None:
        changes = self._tempo_changes(path, tracks)
        if division & 0x8000:
            self.ticks_per_beat = None
            tick = self._smpte_tick(path, division)
            points = [(at, at * tick, microseconds) for at, microseconds in changes]
        else:
            self.ticks_per_beat = division
            tick = Fraction(0)
            elapsed, last_tick, last = 0, 0, DEFAULT_TEMPO
            points = []
            for at, microseconds in changes:
                elapsed += (at - last_tick) * last
                points.append((at, Fraction(elapsed, division * 1_000_000), microseconds))
                last_tick, last = at, microseconds
        self._smpte = tick
        self.tempos = self._with_beats(points)
        self._segment = 0

    @staticmethod
    def _tempo_changes(path: Path, tracks: list[Track]) -> list[tuple[int, int]]:
        """Return (tick, microseconds of a quarter note), first at tick 0; of several at one tick the last counts."""
        found = {0: DEFAULT_TEMPO}
        for message in sorted((item for track in tracks for item in track.messages if item.kind == 0x51), key=lambda item: item.tick):
            if len(message.data) != 3:
                raise BadMidiFile(path, message.byte, f"a tempo has {len(message.data)} bytes; 3 are needed")
            microseconds = int.from_bytes(message.data, "big")
            if microseconds == 0:
                raise BadMidiFile(path, message.byte, "a quarter note lasts 0 microseconds")
            found[message.tick] = microseconds
        return sorted(found.items())

    @staticmethod
    def _smpte_tick(path: Path, division: int) -> Fraction:
        """Return the seconds of a tick: SMPTE frames a second (29 means 30 drop, 29.97) times ticks a frame."""
        frames, ticks = 256 - (division >> 8), division & 0xFF
        speeds = {24: Fraction(24), 25: Fraction(25), 29: Fraction(30000, 1001), 30: Fraction(30)}
        if frames not in speeds:
            raise BadMidiFile(path, 12, f"SMPTE time with {frames} frames a second is unknown; there are 24, 25, 29 and 30")
        if ticks == 0:
            raise BadMidiFile(path, 13, "an SMPTE frame has 0 ticks")
        return 1 / (speeds[frames] * ticks)

    def _with_beats(self, points: list[tuple[int, Fraction, int]]) -> tuple[Tempo, ...]:
        tempos: list[Tempo] = []
        beat = Fraction(0)
        for tick, seconds, microseconds in points:
            if self.ticks_per_beat is not None:
                beat = Fraction(tick, self.ticks_per_beat)
            elif tempos:
                beat += (seconds - tempos[-1].seconds) * Fraction(1_000_000, tempos[-1].microseconds)
            tempos.append(Tempo(tick, beat, seconds, microseconds))
        return tuple(tempos)

    def seconds(self, tick: int) -> Fraction:
        """Return the exact time of a tick. Quick when asked in rising order, right in any."""
        if self.ticks_per_beat is None:
            return tick * self._smpte
        if self.tempos[self._segment].tick > tick:
            self._segment = 0
        while self._segment + 1 < len(self.tempos) and self.tempos[self._segment + 1].tick <= tick:
            self._segment += 1
        tempo = self.tempos[self._segment]
        return tempo.seconds + Fraction((tick - tempo.tick) * tempo.microseconds, self.ticks_per_beat * 1_000_000)


class _Collector:
    """Turns messages into what a `MidiSong` holds."""

    def __init__(self, path: Path, clock: _Clock, remarks: list[str]) -> None:
        self._path = path
        self._clock = clock
        self._remarks = remarks
        self._meters: list[Meter] = []
        self._keys: list[KeySignature] = []
        self._texts: list[MidiText] = []
        self._events: list[MidiEvent] = []

    def add_track(self, number: int, track: Track) -> None:
        pending = bytearray()
        tick, seconds = 0, Fraction(0)
        for message in track.messages:
            if message.tick != tick:
                tick, seconds = message.tick, self._clock.seconds(message.tick)
            if message.status == META:
                self._add_meta(number, message, seconds)
                continue
            event = self._system(message, pending) if message.status >= SYSEX else _channel_event(message)
            if event is not None:
                self._events.append(MidiEvent(tick, seconds, number, event))
        if pending:
            self._remarks.append(f"track {number}: a system exclusive message without an end was left out")

    def _system(self, message: Message, pending: bytearray) -> Event | None:
        """Join the packets of a system exclusive message; other escaped bytes have no meaning for a plugin."""
        if message.status == SYSEX:
            pending[:] = b"\xf0" + message.data
        elif pending and message.status == ESCAPE:
            pending += message.data
        elif message.data[:1] == b"\xf0":
            pending[:] = message.data
        else:
            self._remarks.append(f"byte {message.byte}: escaped bytes were left out")
            return None
        if pending[-1] != 0xF7:
            return None
        body = bytes(pending[1:-1])
        pending.clear()
        if any(value > 127 for value in body):
            self._remarks.append(f"byte {message.byte}: a system exclusive message with bytes above 127 was left out")
            return None
        return SysEx(0, body)

    def _add_meta(self, number: int, message: Message, seconds: Fraction) -> None:
        data = message.data
        if message.kind in _TEXT_KINDS:
            self._texts.append(MidiText(message.tick, seconds, number, _TEXT_KINDS[message.kind], _decode(data)))
        elif message.kind == 0x58:
            if len(data) >= 2 and data[0] > 0 and data[1] <= 6:
                self._meters.append(Meter(message.tick, seconds, data[0], 1 << data[1]))
            else:
                self._remarks.append(f"byte {message.byte}: an impossible meter was left out")
        elif message.kind == 0x59:
            sharps = int.from_bytes(data[:1], "big", signed=True)
            if len(data) >= 2 and -7 <= sharps <= 7 and data[1] <= 1:
                key = f"{_MINOR[sharps + 7]} minor" if data[1] else f"{_MAJOR[sharps + 7]} major"
                self._keys.append(KeySignature(message.tick, seconds, key))
            else:
                self._remarks.append(f"byte {message.byte}: an impossible key signature was left out")

    def finish(self, kind: int, end: int) -> MidiSong:
        self._events.sort(key=lambda item: (item.tick, item.track))
        length = self._clock.seconds(end)
        self._events += [MidiEvent(end, length, track, event) for track, event in _left_down(self._events)]
        if not self._meters or self._meters[0].tick > 0:
            self._meters.insert(0, Meter(0, Fraction(0), 4, 4))
        return MidiSong(
            path=self._path,
            type=kind,
            ticks_per_beat=self._clock.ticks_per_beat,
            tempos=self._clock.tempos,
            meters=tuple(sorted(self._meters, key=lambda item: item.tick)),
            keys=tuple(sorted(self._keys, key=lambda item: item.tick)),
            texts=tuple(sorted(self._texts, key=lambda item: (item.tick, item.track))),
            merged=tuple(self._events),
            seconds=length,
            remarks=tuple(self._remarks),
        )


def _channel_event(message: Message) -> Event:
    channel, first = message.status & 0x0F, message.data[0]
    second = message.data[-1]
    match message.status & 0xF0:
        case 0x90 if second:
            return NoteOn(0, first, second / 127, channel)
        case 0x90:
            return NoteOff(0, first, _IMPLIED_RELEASE, channel)
        case 0x80:
            return NoteOff(0, first, second / 127, channel)
        case 0xA0:
            return NotePressure(0, first, second / 127, channel)
        case 0xB0:
            return ControlChange(0, first, second / 127, channel)
        case 0xC0:
            return ProgramChange(0, first, channel)
        case 0xD0:
            return ChannelPressure(0, first / 127, channel)
    return PitchBend(0, _bend(first | second << 7), channel)


def _bend(value: int) -> float:
    """Map 0..16383 to -1..1 so that both ends and the centre (8192) are exact."""
    return (value - 8192) / (8192 if value < 8192 else 8191)


def _left_down(events: list[MidiEvent]) -> list[tuple[int, Event]]:
    """Return what lets go of every note and sustain pedal that the song leaves down, with its track.

    A key struck twice and released once is let go once more: whether a second stroke replaces the first is up to the plugin.
    """
    notes: dict[tuple[int, int], list[int]] = {}
    pedals: dict[int, int] = {}
    for item in events:
        event = item.event
        if isinstance(event, NoteOn):
            notes.setdefault((event.channel, event.key), []).append(item.track)
        elif isinstance(event, NoteOff):
            held = notes.get((event.channel, event.key))
            if held:
                held.pop(0)
        elif isinstance(event, ControlChange) and event.controller == SUSTAIN:
            if event.value >= 0.5:
                pedals[event.channel] = item.track
            else:
                pedals.pop(event.channel, None)
    released: list[tuple[int, Event]] = [
        (track, NoteOff(0, key, _IMPLIED_RELEASE, channel)) for (channel, key), tracks in notes.items() for track in tracks
    ]
    return released + [(track, ControlChange(0, SUSTAIN, 0.0, channel)) for channel, track in pedals.items()]


def _decode(data: bytes) -> str:
    """Files say nothing about their encoding: UTF-8 where it fits, else ISO 8859-1, which fits anything."""
    try:
        return data.decode("utf-8")
    except UnicodeDecodeError:
        return data.decode("latin-1")
