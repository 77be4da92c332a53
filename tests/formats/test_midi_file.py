from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import mido
import pytest

from backline.formats.midi_file import BadMidiFile, MidiSong, parse_midi, read_midi
from backline.sdk.events import (
    ChannelPressure,
    ControlChange,
    NoteOff,
    NoteOn,
    NotePressure,
    PitchBend,
    ProgramChange,
    SysEx,
)

RATE = 48000
END = b"\x00\xff\x2f\x00"

Reader = Callable[[bytes], MidiSong]


def variable(value: int) -> bytes:
    digits = [value & 0x7F]
    while value := value >> 7:
        digits.insert(0, value & 0x7F | 0x80)
    return bytes(digits)


def track(*messages: tuple[int, bytes], end: int = 0) -> bytes:
    body = b"".join(variable(delta) + data for delta, data in messages) + variable(end) + b"\xff\x2f\x00"
    return b"MTrk" + len(body).to_bytes(4, "big") + body


def midi(tracks: Iterable[bytes], kind: int = 1, division: int = 480) -> bytes:
    tracks = list(tracks)
    return (
        b"MThd" + b"".join(n.to_bytes(size, "big") for n, size in ((6, 4), (kind, 2), (len(tracks), 2), (division, 2))) + b"".join(tracks)
    )


def tempo(microseconds: int) -> bytes:
    return b"\xff\x51\x03" + microseconds.to_bytes(3, "big")


@pytest.fixture
def read(tmp_path: Path) -> Reader:
    def reader(data: bytes) -> MidiSong:
        path = tmp_path / "song.mid"
        path.write_bytes(data)
        return read_midi(path)

    return reader


def test_every_channel_message_becomes_its_event(read: Reader) -> None:
    song = read(
        midi(
            [
                track(
                    (0, b"\x90\x3c\x7f"),
                    (0, b"\xa1\x3c\x40"),
                    (0, b"\xb2\x4a\x7f"),
                    (0, b"\xc3\x05"),
                    (0, b"\xd4\x00"),
                    (0, b"\xe5\x00\x40"),
                    (0, b"\xe5\x00\x00"),
                    (0, b"\xe5\x7f\x7f"),
                    (480, b"\x80\x3c\x20"),
                )
            ],
            kind=0,
        )
    )
    assert [event for _, event in song.events(RATE)] == [
        NoteOn(0, 60, 1.0),
        NotePressure(0, 60, 64 / 127, 1),
        ControlChange(0, 74, 1.0, 2),
        ProgramChange(0, 5, 3),
        ChannelPressure(0, 0.0, 4),
        PitchBend(0.0, 0.0, 5),
        PitchBend(0, -1.0, 5),
        PitchBend(0, 1.0, 5),
        NoteOff(0, 60, 32 / 127),
    ]
    assert [frame for frame, _ in song.events(RATE)] == [0] * 8 + [24000]
    assert (song.type, song.ticks_per_beat, song.frames(RATE), song.remarks) == (0, 480, 24000, ())


def test_running_status_and_note_on_with_velocity_0(read: Reader) -> None:
    song = read(midi([track((0, b"\x91\x3c\x40"), (240, b"\x3e\x40"), (0, b"\xff\x01\x02hi"), (240, b"\x3c\x00"), (0, b"\x3e\x00"))]))
    assert song.events(RATE) == [
        (0, NoteOn(0, 60, 64 / 127, 1)),
        (12000, NoteOn(0, 62, 64 / 127, 1)),
        (24000, NoteOff(0, 60, 64 / 127, 1)),
        (24000, NoteOff(0, 62, 64 / 127, 1)),
    ]


def test_tracks_merge_by_time_then_track_then_file_order(read: Reader) -> None:
    first = track((480, b"\xc0\x01"), (0, b"\xb0\x07\x00"), (480, b"\xc0\x02"))
    second = track((0, b"\xc0\x03"), (480, b"\xc0\x04"), (0, b"\xc0\x05"))
    merged = [(item.tick, item.track, getattr(item.event, "program", "cc")) for item in read(midi([first, second])).merged]
    assert merged == [(0, 1, 3), (480, 0, 1), (480, 0, "cc"), (480, 1, 4), (480, 1, 5), (960, 0, 2)]


def test_a_tempo_map_in_a_later_track_counts_for_all(read: Reader) -> None:
    notes = track(*[(480, b"\xc0" + bytes([n])) for n in range(4)])
    song = read(midi([notes, track((480, tempo(1_000_000)), (480, tempo(250_000)))]))
    assert [frame for frame, _ in song.events(RATE)] == [24000, 72000, 84000, 96000]
    assert song.tempo_frames(RATE) == [(0, 0.0, 120.0), (24000, 1.0, 60.0), (72000, 2.0, 240.0)]


def test_of_two_tempos_at_one_tick_the_last_counts(read: Reader) -> None:
    song = read(midi([track((0, tempo(400_000)), (0, tempo(600_000)), (480, b"\xc0\x00"))]))
    assert song.tempos[0].microseconds == 600_000
    assert song.seconds == Fraction(6, 10)


def test_time_does_not_drift_over_many_odd_tempos(read: Reader, dice: random.Random) -> None:
    messages, expected, clock = [], [], Fraction(0)
    for _ in range(3000):
        microseconds, delta = dice.randrange(100_001, 999_999), dice.randrange(1, 200)
        messages += [(0, tempo(microseconds)), (delta, b"\xc0\x00")]
        clock += Fraction(delta * microseconds, 96 * 1_000_000)
        expected.append(clock)
    song = read(midi([track(*messages)], division=96))
    assert [item.seconds for item in song.merged] == expected
    for rate in (22050, 44100, 48000, 192000, 47999.5):
        frames = [frame for frame, _ in song.events(rate)]
        assert all(abs(frame - time * Fraction(rate)) <= Fraction(1, 2) for frame, time in zip(frames, expected, strict=True))


@pytest.mark.parametrize(("rate", "frames"), [(2, 1), (3, 2), (48000, 24000), (5, 3)])
def test_halves_round_up(read: Reader, rate: int, frames: int) -> None:
    assert read(midi([track((480, b"\xc0\x00"))])).events(rate)[0][0] == frames


def test_type_2_tracks_follow_one_another(read: Reader) -> None:
    patterns = [
        track((0, b"\xc0\x01"), end=480),
        track((0, tempo(1_000_000)), (240, b"\xc0\x02"), end=240),
        track((0, b"\xc0\x03"), end=480),
    ]
    song = read(midi(patterns, kind=2))
    assert [(item.tick, item.track, item.seconds) for item in song.merged] == [(0, 0, 0), (720, 1, 1), (960, 2, Fraction(3, 2))]
    assert song.seconds == Fraction(5, 2)


@pytest.mark.parametrize(
    ("fps", "ticks", "delta", "seconds"),
    [(25, 40, 1000, Fraction(1)), (24, 4, 96, Fraction(1)), (30, 80, 2400, Fraction(1)), (29, 100, 3000, Fraction(1001, 1000))],
)
def test_smpte_time_is_exact_and_ignores_tempo(read: Reader, fps: int, ticks: int, delta: int, seconds: Fraction) -> None:
    song = read(midi([track((0, tempo(250_000)), (delta, b"\xc0\x00"), (0, tempo(500_000)), end=delta)], division=(256 - fps) << 8 | ticks))
    assert song.merged[0].seconds == seconds
    assert song.seconds == 2 * seconds
    assert song.ticks_per_beat is None
    assert [tempo.beat for tempo in song.tempos] == [0, 4 * seconds]


def test_sysex_in_one_piece_and_in_packets(read: Reader) -> None:
    whole = (0, b"\xf0\x04\x7e\x7f\x09\xf7")
    packets = [(10, b"\xf0\x02\x43\x12"), (10, b"\xf7\x02\x01\x02"), (10, b"\xf7\x02\x03\xf7")]
    song = read(midi([track(whole, *packets, (0, b"\xf7\x03\xf0\x01\xf7"), (0, b"\xf7\x01\xf8"))]))
    assert [(item.tick, item.event) for item in song.merged] == [
        (0, SysEx(0, b"\x7e\x7f\x09")),
        (30, SysEx(0, b"\x43\x12\x01\x02\x03")),
        (30, SysEx(0, b"\x01")),
    ]
    assert len(song.remarks) == 1
    assert "escaped bytes" in song.remarks[0]


def test_notes_and_pedals_left_down_are_let_go_at_the_end(read: Reader) -> None:
    down = track((0, b"\x90\x3c\x40"), (0, b"\x90\x3c\x40"), (0, b"\x90\x40\x40"), (0, b"\xb0\x40\x7f"), (100, b"\x80\x3c\x00"), end=380)
    up = track((0, b"\x91\x3c\x40"), (0, b"\xb1\x40\x7f"), (10, b"\x81\x3c\x00"), (0, b"\xb1\x40\x00"))
    song = read(midi([down, up]))
    assert [(frame, event) for frame, event in song.events(RATE) if frame == 24000] == [
        (24000, NoteOff(0, 60, 64 / 127)),
        (24000, NoteOff(0, 64, 64 / 127)),
        (24000, ControlChange(0, 64, 0.0)),
    ]
    assert song.merged[-1].tick == 480


def test_texts_keys_and_meters(read: Reader) -> None:
    song = read(
        midi(
            [
                track(
                    (0, b"\xff\x03\x04Bass"),
                    (0, b"\xff\x58\x04\x07\x03\x18\x08"),
                    (0, b"\xff\x59\x02\xfe\x00"),
                    (480, b"\xff\x06\x05Verse"),
                    (0, b"\xff\x05\x03\xc3\xa4h"),
                    (0, b"\xff\x05\x02\xe4h"),
                    (0, b"\xff\x59\x02\x03\x01"),
                    (0, b"\xff\x7f\x01\x00"),
                )
            ]
        )
    )
    assert [(text.kind, text.text, text.tick) for text in song.texts] == [
        ("track", "Bass", 0),
        ("marker", "Verse", 480),
        ("lyric", "äh", 480),
        ("lyric", "äh", 480),
    ]
    assert song.meter_frames(RATE) == [(0, 7, 8)]
    assert [(key.tick, key.key) for key in song.keys] == [(0, "B♭ major"), (480, "F♯ minor")]


def test_without_a_meter_it_is_common_time_and_without_a_tempo_120(read: Reader) -> None:
    song = read(midi([track(end=480)]))
    assert song.meter_frames(RATE) == [(0, 4, 4)]
    assert song.tempo_frames(RATE) == [(0, 0.0, 120.0)]


@pytest.mark.parametrize(
    "data", [b"\xff\x59\x02\x64\x00", b"\xff\x59\x00", b"\xff\x58\x04\x00\x02\x18\x08", b"\xff\x58\x01\x04", b"\xff\x58\x02\x04\x50"]
)
def test_impossible_keys_and_meters_are_left_out_with_a_remark(read: Reader, data: bytes) -> None:
    song = read(midi([track((0, data), (0, b"\xc0\x01"))]))
    assert len(song.merged) == 1
    assert len(song.remarks) == 1
    assert song.remarks[0].startswith("byte 23: an impossible")


def test_foreign_chunks_long_headers_and_extra_bytes_are_passed_over(read: Reader) -> None:
    plain = midi([track((0, b"\xc0\x01"))])
    odd = b"MThd\0\0\0\x08" + plain[8:14] + b"\0\0" + b"XFIH\0\0\0\x03abc" + plain[14:] + b"trailing"
    assert read(odd).merged == read(plain).merged


def test_a_track_without_an_end_is_read(read: Reader) -> None:
    song = read(midi([b"MTrk\0\0\0\x03\x00\xc0\x01"]))
    assert song.events(RATE) == [(0, ProgramChange(0, 1))]
    assert song.remarks == ("byte 25: the track has no end-of-track message",)


HEAD = midi([b""])


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "byte 0: not a MIDI file: it starts with b'', not b'MThd'"),
        (b"RIFF1234", "byte 0: not a MIDI file: it starts with b'RIFF', not b'MThd'"),
        (b"MThd\0\0\0\6\0\1", "byte 10: the file ends in the middle of its header"),
        (b"MThd\0\0\0\4\0\1\0\1\1\xe0", "byte 4: the header says it has 4 bytes; 6 are needed"),
        (midi([], kind=3), "byte 8: MIDI file type 3 is unknown; there are 0, 1 and 2"),
        (midi([], division=0), "byte 12: a quarter note has 0 ticks"),
        (midi([track()], division=0xE300), "byte 13: an SMPTE frame has 0 ticks"),
        (midi([track()], division=0xD001), "byte 12: SMPTE time with 48 frames a second is unknown; there are 24, 25, 29 and 30"),
        (midi([b""]), "byte 14: the header says 1 tracks, but the file ends after 0"),
        (midi([track()])[:-2], "byte 18: track 0 should have 4 bytes, only 2 are left"),
        (midi([b"MTrk\0\0\0\2\0\x90"]), "byte 24: a channel message should have 2 bytes, only 0 are left"),
        (midi([b"MTrk\0\0\0\1\x80"]), "byte 23: the track ends in the middle of a delta time"),
        (midi([track((0, b"\x3c\x40"))]), "byte 23: data byte 60 without a status before it"),
        (midi([track((0, b"\x90\x3c\x80"))]), "byte 25: data byte 128 is above 127"),
        (midi([track((0, b"\xf8"))]), "byte 23: status 0xf8 has no place in a MIDI file"),
        (midi([b"MTrk\0\0\0\6\xff\xff\xff\xff\x7f\0"]), "byte 22: a delta time is longer than 4 bytes"),
        (midi([track((0, b"\xff\x51\x02\x01\x01"))]), "byte 23: a tempo has 2 bytes; 3 are needed"),
        (midi([track((0, tempo(0)))]), "byte 23: a quarter note lasts 0 microseconds"),
        (midi([track((0, b"\xff\x01\x7fhi"))]), "byte 26: a meta message should have 127 bytes, only 6 are left"),
        (midi([track((0xFFFFFFF, b"\xc0\0"))], division=96), "lasts 1398101 s; up to a day (86400 s) is possible"),
    ],
)
def test_damage_is_told_with_its_byte(read: Reader, tmp_path: Path, data: bytes, message: str) -> None:
    with pytest.raises(BadMidiFile) as caught:
        read(data)
    assert str(caught.value) == f"{tmp_path / 'song.mid'}: {message}"


def test_a_missing_file_and_a_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(BadMidiFile, match=r"none\.mid: cannot be read: No such file or directory"):
        read_midi(tmp_path / "none.mid")
    with pytest.raises(BadMidiFile, match="cannot be read: Is a directory"):
        read_midi(tmp_path)


def test_agrees_with_mido_on_a_file_that_mido_wrote(tmp_path: Path, dice: random.Random) -> None:
    file = mido.MidiFile(ticks_per_beat=960)
    for channel in range(3):
        part = file.add_track()
        for _ in range(200):
            part.append(mido.MetaMessage("set_tempo", tempo=dice.randrange(300_000, 900_000), time=dice.randrange(100)))
            key = dice.randrange(128)
            part.append(mido.Message("note_on", note=key, velocity=dice.randrange(1, 128), channel=channel, time=dice.randrange(500)))
            part.append(mido.Message("pitchwheel", pitch=dice.randrange(-8192, 8192), channel=channel, time=dice.randrange(50)))
            part.append(mido.Message("note_off", note=key, velocity=dice.randrange(128), channel=channel, time=dice.randrange(500)))
    file.save(tmp_path / "mido.mid")
    now, expected = 0.0, []
    for message in file:
        now += message.time
        if not message.is_meta:
            expected.append((round(now, 6), message.type, message.channel))
    kinds = {NoteOn: "note_on", NoteOff: "note_off", PitchBend: "pitchwheel"}
    song = read_midi(tmp_path / "mido.mid")
    assert sorted((round(float(item.seconds), 6), kinds[type(item.event)], item.event.channel) for item in song.merged) == sorted(expected)


def _mutate(data: bytes, dice: random.Random) -> bytes:
    changed = bytearray(data)
    for _ in range(dice.choice((1, 1, 1, 3))):
        position = dice.randrange(len(changed)) if changed else 0
        match dice.randrange(4):
            case 0:
                changed[position : position + 1] = bytes([dice.randrange(256)])
            case 1:
                del changed[position : position + dice.randrange(1, 9)]
            case 2:
                changed[position:position] = dice.randbytes(dice.randrange(1, 9))
            case _:
                changed[position : position + 4] = dice.choice((b"\xff\xff\xff\x7f", b"\0\0\0\0", b"\xff\x51\x03\0", b"\xf0\xf7\xf0\xf7"))
    return bytes(changed)


def _seeds() -> list[bytes]:
    buffer = io.BytesIO()
    file = mido.MidiFile(ticks_per_beat=480)
    part = file.add_track("Lead")
    part += [
        mido.MetaMessage("set_tempo", tempo=400_000),
        mido.MetaMessage("time_signature", numerator=7),
        mido.MetaMessage("key_signature", key="Bb"),
    ]
    part += [mido.Message("note_on", note=60, time=10), mido.Message("sysex", data=(1, 2, 3)), mido.Message("note_off", note=60, time=300)]
    file.save(file=buffer)
    smpte = midi([track((0, b"\x90\x3c\x40"), (100, b"\x3c\x00"), (0, b"\xf0\x02\x01\xf7"))], kind=2, division=0xE728)
    return [buffer.getvalue(), smpte, midi([track((0, tempo(300_000)), (9, b"\xb0\x40\x7f")), track((5, b"\xe0\x01\x02"))])]


def _fuzz(dice: random.Random, count: int) -> tuple[int, int]:
    """Return how many mutated files were read and refused; anything but BadMidiFile fails the test by itself."""
    seeds = _seeds()
    whole = refused = 0
    for _ in range(count):
        try:
            parse_midi(_mutate(dice.choice(seeds), dice)).events(RATE)
            whole += 1
        except BadMidiFile as error:
            assert "\n" not in str(error)  # noqa: PT017 - the loop counts what it catches
            refused += 1
    return whole, refused


def test_a_thousand_damaged_files_are_read_or_refused(dice: random.Random) -> None:
    whole, refused = _fuzz(dice, 1000)
    assert whole > 50
    assert refused > 100


@pytest.mark.slow
def test_20000_damaged_files_are_read_or_refused(dice: random.Random) -> None:
    assert sum(_fuzz(dice, 20_000)) == 20_000
