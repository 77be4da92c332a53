"""The sound of a foreign plugin does not depend on how the caller cuts the stream."""

from __future__ import annotations

import numpy as np
import pytest

from backline.rack.foreign import load_foreign
from backline.sdk.events import ControlChange, NoteOff, NoteOn, ParameterChange, PitchBend

BLOCKS = (1, 7, 64, 441, 4096)

EFFECTS = ("LabGain", "LabDelay", "LabQuad", "LabMono", "vst3:ZamCompX2", "vst3:ZamEQ2", "vst3:ZamDelay", "vst3:ZaMaximX2")


@pytest.mark.parametrize("name", EFFECTS)
def test_effects_do_not_depend_on_blocks(load, host, name, cut, hiss):
    frames = 6000
    plugin = load(name, host)
    audio = hiss(plugin.inputs, frames)
    first = cut(plugin, frames, 4096, audio=audio)
    assert np.isfinite(first).all()
    assert first.any()
    for block in BLOCKS:
        plugin.reset()
        assert np.array_equal(cut(plugin, frames, block, audio=audio), first), block


@pytest.mark.parametrize("name", ["LabGain", "LabDelay", "vst3:ZamCompX2"])
def test_changes_do_not_depend_on_blocks(load, host, name, cut, hiss):
    frames = 3000
    key, maximum = {"LabGain": ("gain", 24.0), "LabDelay": ("echo", 1.0), "vst3:ZamCompX2": ("makeup", 30.0)}[name]
    changes = [(frame, key, maximum * (frame % 7) / 7) for frame in (0, 1, 63, 64, 65, 500, 501, 1000, 2047, 2999)]
    audio = hiss(2, frames)
    results = []
    for block in BLOCKS:
        plugin = load(name, host)
        results.append(cut(plugin, frames, block, audio=audio, changes=changes, position=37))
    for result in results[1:]:
        assert np.array_equal(result, results[0])


def test_a_change_falls_on_its_place(load, host, cut):
    plugin = load("LabGain", host)
    out = cut(plugin, 512, 128, audio=np.ones((2, 512), np.float32), changes=[(70, "gain", -60.0), (200, "mute", 1.0)])
    quiet = np.nonzero(out[0] < 0.5)[0][0]
    silent = np.nonzero(out[0] == 0.0)[0][0]
    assert (quiet, silent) == ((128, 256) if host == "pedalboard" else (70, 200))


def test_a_change_late_in_a_block_waits_for_the_next_one(load):
    plugin = load("LabGain", "pedalboard")
    ones = np.ones((2, 100), np.float32)
    out = np.zeros((2, 100), np.float32)
    plugin.process(ones, out, 100, 0, (), [(99, "mute", 1.0)])
    assert out.all()
    plugin.process(ones, out, 100, 100)
    assert np.nonzero(out[0] == 0.0)[0][0] == 28


def test_parameter_changes_may_come_as_events(load, host, cut):
    plugin = load("LabGain", host)
    out = cut(plugin, 256, 256, audio=np.ones((2, 256), np.float32), events=[ParameterChange(128, "mute", 1.0)])
    assert np.nonzero(out[0] == 0.0)[0][0] == 128


@pytest.mark.parametrize("name", ["LabSynth", "LabMonoSynth"])
def test_instruments_do_not_depend_on_blocks(load, host, name, cut):
    frames = 6000
    events = [
        NoteOn(0, 60, 0.8),
        NoteOn(100, 64, 0.5),
        PitchBend(333, 0.5),
        ControlChange(400, 1, 0.7),
        NoteOff(1000, 60),
        NoteOn(1001, 67, 0.9),
        ControlChange(1500, 7, 0.25),
        PitchBend(2000, -1.0),
        NoteOff(4000, 64),
    ]
    synth = load(name, host)
    assert (synth.inputs, synth.outputs) == (0, 2 if name == "LabSynth" else 1)
    results = []
    for block in BLOCKS:
        synth = load(name, host)
        results.append(cut(synth, frames, block, events=events, position=11))
    assert np.abs(results[0]).max() > 0.05
    for result in results[1:]:
        assert np.array_equal(result, results[0])


def test_blocks_may_grow(load, host):
    plugin = load("LabDelay", host, block=64)
    plugin.set_now("delay", 1000)
    plugin.reset()
    audio = np.zeros((2, 30000), np.float32)
    audio[:, 10] = 1.0
    parts, start = [], 0
    for frames in (64, 1, 700, 20000, 9235):
        out = np.zeros((2, frames), np.float32)
        plugin.process(audio[:, start : start + frames], out, frames, start)
        parts.append(out)
        start += frames
    assert np.nonzero(np.concatenate(parts, 1)[0])[0].tolist() == [1010]


@pytest.mark.parametrize("latency", [0, 1, 64, 1000, 12000, 16384])
def test_latency_is_exact(load, host, latency, cut):
    plugin = load("LabDelay", host)
    plugin.set_now("delay", latency)
    plugin.reset()
    frames = latency + 500
    audio = np.zeros((2, frames), np.float32)
    audio[:, 100] = 1.0
    out = cut(plugin, frames, 256, audio=audio)
    assert plugin.latency == latency
    assert np.nonzero(out[0])[0].tolist() == [100 + latency]
    assert out[0, 100 + latency] == 1.0


def test_a_real_limiter_tells_its_latency(load, host, cut):
    limiter = load("vst3:ZaMaximX2", host)
    audio = np.zeros((2, 4096), np.float32)
    audio[:, 1000] = 0.01
    out = cut(limiter, 4096, 512, audio=audio)
    assert limiter.latency == 480
    assert int(np.abs(out[0]).argmax()) == 1480


def test_reset_forgets_sound_and_keeps_values(load, host, cut, hiss):
    plugin = load("LabDelay", host)
    plugin.set_now("echo", 0.5)
    cut(plugin, 512, 512, audio=hiss(2, 512))
    plugin.reset()
    assert not cut(plugin, 26000, 4096, audio=np.zeros((2, 26000), np.float32)).any()
    assert plugin.value("echo") == 0.5
    plugin.reset()
    out = cut(plugin, 24200, 4096, audio=np.eye(2, 24200, 10, np.float32))
    assert out[0, 10 + 64 + 24000] == 0.5


def test_reset_silences_an_instrument_and_keeps_values(load, host, cut):
    synth = load("LabSynth", host)
    synth.set_now("level", -3.0)
    synth.set_now("wave", "Square")
    held = cut(synth, 4800, 480, events=[NoteOn(0, 69, 1.0)])
    synth.reset()
    assert not cut(synth, 4800, 480).any()
    assert (synth.value("level"), synth.text("wave")) == (-3.0, "Square")
    again = cut(synth, 4800, 480, events=[NoteOn(0, 69, 1.0)])
    assert np.array_equal(again, held)
    synth.set_now("level", -60.0)
    assert np.abs(cut(synth, 480, 480)).max() < 0.01


def test_the_input_stays_as_it_was_and_slices_work(load, host, hiss):
    plugin = load("LabGain", host)
    plugin.set_now("gain", -6.0)
    audio = hiss(2, 1000)
    before = audio.copy()
    out = np.full((2, 1000), 7.0, np.float32)
    plugin.process(audio[:, 100:400], out[:, 100:400], 300, 0)
    plugin.process(audio, out, 50, 300)
    assert np.array_equal(audio, before)
    assert np.allclose(out[:, 100:400], audio[:, 100:400] * 10 ** (-6 / 20), atol=1e-6)
    assert np.allclose(out[:, :50], audio[:, :50] * 10 ** (-6 / 20), atol=1e-6)
    assert (out[:, 400:] == 7.0).all()
    assert (out[:, 50:100] == 7.0).all()


def test_silence_where_no_audio_is_given(load, host):
    plugin = load("LabGain", host)
    out = np.ones((2, 64), np.float32)
    plugin.process(None, out, 64, 0)
    assert not out.any()


@pytest.mark.parametrize(("name", "channels"), [("LabMono", 1), ("LabGain", 2), ("LabQuad", 4)])
def test_every_width(load, host, name, channels, cut, hiss):
    plugin = load(name, host)
    assert (plugin.inputs, plugin.outputs) == (channels, channels)
    audio = hiss(channels, 700)
    factors = np.arange(1, channels + 1)[:, None] if name == "LabQuad" else 1.0
    for block in (1, 2, 3, 4, 5, 64):
        assert np.allclose(cut(plugin, 700, block, audio=audio), audio * factors, atol=1e-6)


def test_one_channel_in_two_out(load, cut, hiss):
    plugin = load("LabOneToTwo", "minihost")
    assert (plugin.inputs, plugin.outputs) == (1, 2)
    audio = hiss(1, 700)
    assert np.array_equal(cut(plugin, 700, 64, audio=audio), np.concatenate([audio, -audio]))


def test_lv2_through_minihost(cut, hiss):
    plugin = load_foreign("lv2:ZamEQ2")
    plugin.prepare(48000.0, 512)
    assert plugin.backend == "minihost"
    plugin.set_now("Master Gain", -6)
    out = cut(plugin, 4800, 480, audio=hiss(plugin.inputs, 4800))
    plugin.close()
    assert 0.05 < np.abs(out).max() < 0.5
