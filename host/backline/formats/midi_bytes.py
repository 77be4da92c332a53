"""The bytes of a standard MIDI file: chunks, delta times, running status, messages.

This module knows where each message lies in the file and refuses what cannot be read, with the byte. It does not know
what a message means, nor seconds.

Source: The Complete MIDI 1.0 Detailed Specification (1996), Standard MIDI Files 1.0.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

LARGEST = 64 * 1024 * 1024
META = 0xFF
SYSEX = 0xF0
ESCAPE = 0xF7

_DATA_BYTES = {0x80: 2, 0x90: 2, 0xA0: 2, 0xB0: 2, 0xC0: 1, 0xD0: 1, 0xE0: 2}


class BadMidiFile(ValueError):
    """A MIDI file cannot be read: `path`, `byte` (offset from the start of the file, or None) and what is wrong."""

    def __init__(self, path: str | Path, byte: int | None, what: str) -> None:
        self.path = Path(path)
        self.byte = byte
        self.what = what
        place = f"{path}: " if byte is None else f"{path}: byte {byte}: "
        super().__init__(place + what)


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a track.

    `tick` counts from the start of the track. `status` is the status byte; for meta messages (0xFF) `kind` is the meta
    type. `data` holds the data bytes, without length. `byte` is where the message starts in the file.
    """

    tick: int
    status: int
    data: bytes
    byte: int
    kind: int = -1


@dataclass(frozen=True, slots=True)
class Track:
    """The messages of one track in file order, and the tick at which it ends."""

    messages: tuple[Message, ...]
    end: int


@dataclass(frozen=True, slots=True)
class Chunks:
    """A MIDI file taken apart: its type (0, 1, 2), the raw division, its tracks, and what was passed over."""

    type: int
    division: int
    tracks: tuple[Track, ...]
    remarks: tuple[str, ...]


class _Reader:
    """A cursor over the file that never runs past `end`."""

    def __init__(self, path: Path, data: bytes, position: int, end: int) -> None:
        self.path = path
        self.data = data
        self.position = position
        self.end = end

    def fail(self, what: str, byte: int | None = None) -> BadMidiFile:
        return BadMidiFile(self.path, self.position if byte is None else byte, what)

    def byte(self, what: str) -> int:
        if self.position >= self.end:
            raise self.fail(f"the track ends in the middle of {what}")
        value = self.data[self.position]
        self.position += 1
        return value

    def take(self, count: int, what: str) -> bytes:
        if count > self.end - self.position:
            raise self.fail(f"{what} should have {count} bytes, only {self.end - self.position} are left")
        start = self.position
        self.position += count
        return self.data[start : self.position]

    def variable(self, what: str) -> int:
        """Read a variable-length quantity: 7 bits a byte, at most 4 bytes."""
        start = self.position
        value = 0
        for _ in range(4):
            byte = self.byte(what)
            value = value << 7 | byte & 0x7F
            if byte < 0x80:
                return value
        raise self.fail(f"{what} is longer than 4 bytes", start)


def split_chunks(data: bytes, path: Path) -> Chunks:
    """Take the bytes of a MIDI file apart; raise `BadMidiFile` when that is not possible. `path` is named in errors."""
    if data[:4] != b"MThd":
        raise BadMidiFile(path, 0, f"not a MIDI file: it starts with {data[:4]!r}, not b'MThd'")
    if len(data) < 14:
        raise BadMidiFile(path, len(data), "the file ends in the middle of its header")
    length = int.from_bytes(data[4:8], "big")
    if length < 6:
        raise BadMidiFile(path, 4, f"the header says it has {length} bytes; 6 are needed")
    kind, count, division = (int.from_bytes(data[start : start + 2], "big") for start in (8, 10, 12))
    if kind > 2:
        raise BadMidiFile(path, 8, f"MIDI file type {kind} is unknown; there are 0, 1 and 2")
    if division == 0:
        raise BadMidiFile(path, 12, "a quarter note has 0 ticks")
    remarks: list[str] = []
    tracks = tuple(_read_track(reader, remarks) for reader in _track_readers(path, data, 8 + length, count))
    return Chunks(kind, division, tracks, tuple(remarks))


def read_bytes(path: Path) -> bytes:
    """Return what is in the file at `path`; raise `BadMidiFile` when it is missing or larger than 64 MiB."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST + 1)
    except OSError as error:
        raise BadMidiFile(path, None, f"cannot be read: {error.strerror or error}") from error
    if len(data) > LARGEST:
        raise BadMidiFile(path, None, f"is larger than {LARGEST // 1024**2} MiB")
    return data


def _track_readers(path: Path, data: bytes, position: int, count: int) -> Iterator[_Reader]:
    """Find the declared number of MTrk chunks; chunks of other kinds are passed over, as the specification asks."""
    found = 0
    while found < count:
        if position + 8 > len(data):
            raise BadMidiFile(path, min(position, len(data)), f"the header says {count} tracks, but the file ends after {found}")
        name, length = data[position : position + 4], int.from_bytes(data[position + 4 : position + 8], "big")
        start, position = position + 8, position + 8 + length
        if name != b"MTrk":
            continue
        if position > len(data):
            raise BadMidiFile(path, start - 4, f"track {found} should have {length} bytes, only {len(data) - start} are left")
        found += 1
        yield _Reader(path, data, start, position)


def _read_track(reader: _Reader, remarks: list[str]) -> Track:
    messages: list[Message] = []
    tick = 0
    running = 0
    while reader.position < reader.end:
        tick += reader.variable("a delta time")
        start = reader.position
        status = reader.byte("a message")
        if status < 0x80:
            if not running:
                raise reader.fail(f"data byte {status} without a status before it", start)
            status, reader.position = running, start
        if status == META:
            kind = reader.byte("a meta message")
            data = reader.take(reader.variable("the length of a meta message"), "a meta message")
            if kind == 0x2F:
                return Track(tuple(messages), tick)
            messages.append(Message(tick, META, data, start, kind))
        elif status in (SYSEX, ESCAPE):
            data = reader.take(reader.variable("the length of a system exclusive message"), "a system exclusive message")
            messages.append(Message(tick, status, data, start))
        elif status >= 0xF0:
            raise reader.fail(f"status {status:#x} has no place in a MIDI file", start)
        else:
            running = status
            messages.append(Message(tick, status, _channel_data(reader, status), start))
    remarks.append(f"byte {reader.end}: the track has no end-of-track message")
    return Track(tuple(messages), tick)


def _channel_data(reader: _Reader, status: int) -> bytes:
    """Read the data bytes of a channel message; running status outlives meta messages, since files in the wild rely on it."""
    data = reader.take(_DATA_BYTES[status & 0xF0], "a channel message")
    for offset, value in enumerate(data):
        if value > 127:
            raise reader.fail(f"data byte {value} is above 127", reader.position - len(data) + offset)
    return data
