"""When MIDI and musical time reach a foreign plugin, measured inside the plugin."""

from __future__ import annotations

import numpy as np
import pytest

from backline.sdk.events import (
    ChannelPressure,
    ControlChange,
    NoteOff,
    NoteOn,
    NotePressure,
    NoteTimbre,
    PitchBend,
    ProgramChange,
    SysEx,
)
from backline.sdk.transport import Transport


def heard(out):
    """What LabMidiProbe wrote down: (frame, status, first data byte) of every event."""
    assert (out[1] < 100).all(), "an event lay beyond its block"
    frames = np.nonzero(out[1])[0]
    codes = np.rint(out[0, frames] * 2**24).astype(int)
    return [(int(frame), code >> 16, code >> 8 & 255) for frame, code in zip(frames, codes, strict=True)]


@pytest.mark.parametrize("block", [32, 100, 441, 512])
@pytest.mark.parametrize("rate", [44100.0, 48000.0])
def test_notes_come_on_every_frame(load, host, cut, block, rate):
    probe = load("LabMidiProbe", host, rate=rate)
    events = [NoteOn(frame, frame % 128, 1.0) for frame in range(1024)]
    assert heard(cut(probe, 1024, block, events=events)) == [(frame, 0x90, frame % 128) for frame in range(1024)]


def test_notes_come_on_their_frame_in_blocks_of_every_length(load, cut):
    probe = load("LabMidiProbe", "pedalboard", rate=44100.0)
    position = 0
    for frames in range(1, 600):
        out = np.zeros((2, frames), np.float32)
        last = frames - 1
        probe.process(None, out, frames, position, [NoteOn(last, 60)])
        assert heard(out) == [(last, 0x90, 60)], frames
        position += frames


def test_controllers_come_on_the_grid_or_on_their_frame(load, host, cut):
    probe = load("LabMidiProbe", host)
    events = [ControlChange(10, 74, 0.5), PitchBend(64, 0.25), ChannelPressure(65, 0.5), ControlChange(200, 7, 1.0, channel=3)]
    frames = [frame for frame, _, _ in heard(cut(probe, 512, 441, events=events))]
    assert frames == ([64, 128, 256] if host == "pedalboard" else [10, 64, 65, 200])


def test_the_grid_is_of_absolute_time(load, cut):
    probe = load("LabMidiProbe", "pedalboard")
    frames = [heard(cut(probe, 256, block, events=[ControlChange(10, 74, 0.5)], position=1000))[0][0] for block in (7, 64, 256)]
    assert frames == [24, 24, 24]  # 1010 rounds up to 1024


def test_what_reaches_a_plugin(load, host, cut):
    probe = load("LabMidiProbe", host)
    events = [
        NoteOn(0, 60, 0.001),
        NoteOff(64, 60, 0.5),
        NotePressure(128, 60, 0.5),
        ControlChange(192, 1, 1.0, channel=15),
        PitchBend(256, -1.0),
        ChannelPressure(320, 0.5),
        ProgramChange(384, 5),
        SysEx(448, b"\x7e\x00"),
        NoteTimbre(449, 60, 0.5),
    ]
    got = heard(cut(probe, 512, 128, events=events))
    assert [(frame, status) for frame, status, _ in got] == [(0, 0x90), (64, 0x80), (128, 0xA0), (192, 0xBF), (256, 0xE0), (320, 0xD0)]


def test_many_events_on_one_frame_all_arrive_in_order(load, host):
    probe = load("LabMidiProbe", host)
    out = np.zeros((2, 256), np.float32)
    events = [NoteOn(100, number % 128, 1.0, channel=number // 128) for number in range(300)] + [NoteOn(200, 1)]
    probe.process(None, out, 256, 0, events)
    assert out[1, 100] == 300
    assert np.nonzero(out[1])[0].tolist() == [100, 200]


def test_events_beyond_the_block_are_kept(load, host):
    probe = load("LabMidiProbe", host)
    out = np.zeros((2, 100), np.float32)
    probe.process(None, out, 100, 0, [NoteOn(99, 1), NoteOn(100, 2), NoteOn(250, 3)])
    parts = [out.copy()]
    for start in (100, 200):
        probe.process(None, out, 100, start)
        parts.append(out.copy())
    assert [(frame, key) for frame, _, key in heard(np.concatenate(parts, 1))] == [(99, 1), (100, 2), (250, 3)]


def test_notes_hold_across_blocks(load, host, cut):
    synth = load("LabSynth", host)
    out = cut(synth, 9600, 480, events=[NoteOn(0, 69, 1.0), NoteOff(4800, 69)])
    assert np.abs(out[:, 2400:4800]).max() == pytest.approx(10 ** (-12 / 20), rel=0.01)
    assert not out[:, 7300:].any()
    spectrum = np.abs(np.fft.rfft(out[0, 240:4800] * np.hanning(4560)))
    assert spectrum.argmax() * 48000 / 4560 == pytest.approx(440, abs=6)


def test_minihost_gives_back_midi(load):
    probe = load("LabMidiProbe", "minihost")
    probe.set_now("echo", "on")
    out = np.zeros((2, 128), np.float32)
    probe.process(None, out, 128, 0)
    probe.process(None, out, 128, 128, [NoteOn(5, 60, 1.0), NoteOff(90, 60)])
    assert [(type(event), event.frame, event.key) for event in probe.midi_out] == [(NoteOn, 5, 60), (NoteOff, 90, 60)]
    probe.process(None, out, 128, 256)
    assert probe.midi_out == []


def report(plugin, transport, frames=64, position=0):
    out = np.zeros((2, frames), np.float32)
    plugin.process(np.zeros((2, frames), np.float32), out, frames, position, (), (), transport)
    return out[0, :9]


def test_minihost_tells_the_musical_time(load):
    plugin = load("LabTransport", "minihost")
    transport = Transport(48000.0, 137.0, (7, 8))
    transport.locate(48000, 2.5)
    playing, frame, valid, tempo, bar, _, _, beats, unit = report(plugin, transport, position=48000)
    assert (playing, frame, valid, tempo, bar, beats, unit) == (1, 48000, 1, 137, 1, 7, 8)
    transport.set_playing(False)
    transport.set_tempo(90.0)
    playing, _, _, tempo, *_ = report(plugin, transport, position=48064)
    assert (playing, tempo) == (0, 90)


def test_minihost_tells_the_time_inside_long_blocks(load):
    plugin = load("LabTransport", "minihost")
    transport = Transport(48000.0, 60.0)
    out = np.zeros((2, 16384), np.float32)
    plugin.process(np.zeros((2, 16384), np.float32), out, 16384, 0, (), (), transport)
    assert out[0, 1] == 0
    assert out[0, 8192 + 1] == 8192
    assert out[0, 8192 + 6] == pytest.approx(8192 / 48000 * 1920, rel=1e-3)  # DPF counts 1,920 ticks a beat


def test_pedalboard_has_no_play_head(load):
    plugin = load("LabTransport", "pedalboard")
    playing, frame, _, tempo, *_ = report(plugin, Transport(48000.0, 137.0), position=4800)
    assert (playing, frame, tempo) == (0, 0, 120)
