"""pedalboard's own plugins: every one, with every parameter, behind the common interface."""

from __future__ import annotations

import inspect
import math

import numpy as np
import pedalboard
import pytest
import soundfile

from backline.rack.foreign import (
    ForeignLoadError,
    ForeignParameterError,
    ForeignProcessError,
    builtin_class_info,
    builtin_names,
    fuse,
    load_foreign,
)
from backline.rack.foreign.builtin_table import COMMON, REBLOCKED, SPECIAL, range_of

BLOCKS = (1, 7, 64, 441, 4096)
NAMES = builtin_names()
# These two work on whole windows and start that much later.
LONG = {"pedalboard.PitchShift": 72000, "pedalboard.GSMFullRateCompressor": 14000}


@pytest.fixture(scope="session")
def impulse_response(tmp_path_factory):
    path = tmp_path_factory.mktemp("impulse") / "room.wav"
    decay = np.exp(-np.arange(2000) / 300)[:, None]
    soundfile.write(path, np.random.default_rng(3).uniform(-0.1, 0.1, (2000, 2)) * decay, 48000)
    return path


@pytest.fixture
def make(impulse_response):
    def open_one(name, channels=2, rate=48000.0, **values):
        files = {"impulse_response_filename": impulse_response} if name.endswith("Convolution") else None
        plugin = load_foreign(name, channels=channels, files=files)
        for key, value in values.items():
            plugin.set_now(key, value)
        plugin.prepare(rate, 512)
        return plugin

    return open_one


def audible(name):
    """Settings under which a plugin that is neutral by default does something."""
    return {
        "pedalboard.Compressor": {"threshold_db": -30, "ratio": 4},
        "pedalboard.NoiseGate": {"threshold_db": -20},
        "pedalboard.LadderFilter": {"resonance": 0.5, "drive": 2},
        "pedalboard.PitchShift": {"semitones": 3},
        "pedalboard.PeakFilter": {"gain_db": 6},
        "pedalboard.Chorus": {"feedback": 0.3},
    }.get(name, {})


def test_every_plugin_class_of_pedalboard_is_there():
    ours = {name.removeprefix("pedalboard.") for name in NAMES}
    containers = {"Plugin", "PluginContainer", "ExternalPlugin", "VST3Plugin", "AudioUnitPlugin", "Pedalboard", "Chain", "Mix"}
    theirs = {
        name
        for name, kind in vars(pedalboard).items()
        if inspect.isclass(kind) and issubclass(kind, pedalboard.Plugin) and not name.startswith("_")
    }
    assert theirs - ours - containers == {"IIRFilter"}  # an abstract base
    assert len(ours) >= 24


@pytest.mark.parametrize("name", NAMES)
def test_the_table_covers_every_parameter(name):
    info = builtin_class_info(name)
    kind = getattr(pedalboard, info.name)
    settable = {key for key in dir(kind) if isinstance(getattr(kind, key), property) and getattr(kind, key).fset is not None}
    assert set(info.parameters) == settable
    assert len(info.doc) > 20
    for key, parameter in info.parameters.items():
        assert range_of(info.name, key) is not None, key
        assert parameter.minimum <= parameter.default <= parameter.maximum
        assert parameter.kind == "float" or parameter.unit == ""
        expected = {"_db": "dB", "_hz": "Hz", "_ms": "ms", "_seconds": "s"}
        assert all(parameter.unit == unit for ending, unit in expected.items() if key.endswith(ending))


def test_the_table_holds_nothing_that_is_gone():
    parameters = {(info.name, key) for info in map(builtin_class_info, NAMES) for key in info.parameters}
    assert set(SPECIAL) <= parameters
    assert set(COMMON) == {key for _, key in parameters}
    assert {f"pedalboard.{name}" for name in REBLOCKED} <= set(NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_bounds_are_taken_and_defaults_are_true(make, name):
    plugin = make(name)
    for key, parameter in plugin.parameters.items():
        assert plugin.value(key) == pytest.approx(parameter.default, rel=1e-6)
        for value in (parameter.minimum, parameter.maximum, parameter.default):
            plugin.set_now(key, value)
            assert plugin.value(key) == pytest.approx(value, rel=1e-6, abs=1e-9)
            assert plugin.parse(key, plugin.text(key)) == pytest.approx(value, rel=1e-6, abs=1e-9)
        with pytest.raises(ForeignParameterError, match=f"{key}: NaN is not|{key}: .* no choice|{key}: .* neither on nor off"):
            plugin.set_now(key, math.nan)


@pytest.mark.parametrize("name", NAMES)
def test_every_plugin_fills_every_block_and_ignores_the_cut(make, cut, hiss, name):
    frames = LONG.get(name, 5000)
    results = []
    for block in BLOCKS if name not in LONG else (7, 441, 4096):
        plugin = make(name, **audible(name))
        results.append(cut(plugin, frames, block, audio=hiss(2, frames)))
        assert plugin.latency < frames
    assert np.isfinite(results[0]).all()
    assert results[0].any()
    assert np.abs(results[0]).max() < 50
    for result in results[1:]:
        assert np.array_equal(result, results[0])


@pytest.mark.parametrize("name", [name for name in NAMES if name not in LONG])
def test_reset_is_a_fresh_start(make, cut, hiss, name):
    plugin = make(name, **audible(name))
    first = cut(plugin, 3000, 512, audio=hiss(2, 3000))
    plugin.reset()
    assert np.array_equal(cut(plugin, 3000, 512, audio=hiss(2, 3000)), first)


@pytest.mark.parametrize("name", [name for name in NAMES if name.removeprefix("pedalboard.") not in REBLOCKED])
def test_it_sounds_as_in_pedalboard_alone(make, cut, hiss, name):
    plugin = make(name, **audible(name))
    alone = getattr(pedalboard, name.removeprefix("pedalboard."))()
    for key, value in audible(name).items():
        setattr(alone, key, value)
    audio = hiss(2, 4000)
    assert np.array_equal(cut(plugin, 4000, 441, audio=audio), alone.process(audio, 48000.0))


@pytest.mark.parametrize("name", NAMES)
def test_one_channel(make, cut, hiss, name):
    plugin = make(name, channels=1)
    out = cut(plugin, 2000, 441, audio=hiss(1, 2000))
    assert out.shape == (1, 2000)
    assert np.isfinite(out).all()


@pytest.mark.parametrize("name", NAMES)
def test_changes_ignore_the_cut(make, cut, hiss, name):
    frames = LONG.get(name, 3000)
    live = [key for key, parameter in builtin_class_info(name).parameters.items() if parameter.automatable][:2]
    results = []
    for block in (7, 441, 4096):
        plugin = make(name, **audible(name))
        changes = []
        for number, key in enumerate(live):
            parameter = plugin.parameters[key]
            middle = min(max(1.0, parameter.minimum), parameter.maximum)
            changes += [(100 + number, key, parameter.default), (333 + number, key, middle), (1500 + number, key, parameter.default)]
        results.append(cut(plugin, frames, block, audio=hiss(2, frames), changes=sorted(changes), position=5))
    for result in results[1:]:
        assert np.array_equal(result, results[0])


@pytest.mark.parametrize(
    ("name", "rate"),
    [(name, rate) for name in ("Resample", "GSMFullRateCompressor", "BrickwallLimiter") for rate in (22050.0, 44100.0, 96000.0)],
)
def test_queues_never_run_dry(make, cut, hiss, name, rate):
    plugin = make(f"pedalboard.{name}", rate=rate)
    cut(plugin, 40000, 500, audio=hiss(2, 40000))
    assert plugin._queue.underruns == 0


@pytest.mark.parametrize("semitones", [-24.0, -7.0, 0.0, 12.0, 24.0])
def test_a_pitch_shift_never_runs_dry_and_keeps_its_latency(make, cut, hiss, semitones):
    plugin = make("pedalboard.PitchShift")
    declared = plugin.latency
    cut(plugin, 70000, 512, audio=hiss(2, 70000), changes=[(1000, "semitones", semitones)])
    assert plugin._queue.underruns == 0
    assert plugin.latency == declared


@pytest.mark.parametrize("name", ["Convolution", "BrickwallLimiter", "Resample", "GSMFullRateCompressor", "MP3Compressor", "PitchShift"])
def test_the_latency_of_queued_plugins_is_what_they_say(make, cut, name, tmp_path):
    if name == "Convolution":
        soundfile.write(tmp_path / "one.wav", np.array([1.0, 0.0, 0.0, 0.0]), 48000)
        plugin = load_foreign("pedalboard.Convolution", files={"impulse_response_filename": tmp_path / "one.wav"})
        plugin.prepare(48000.0, 512)
    else:
        plugin = make(f"pedalboard.{name}")
    frames = plugin.latency + 12000
    # Noise below 1 kHz goes through all of them nearly as it was.
    spectrum = np.fft.rfft(np.random.default_rng(2).standard_normal(frames))
    spectrum[int(1000 * frames / 48000) :] = 0
    tone = np.fft.irfft(spectrum, frames)
    audio = np.tile((0.2 * tone / np.abs(tone).max()).astype(np.float32), (2, 1))
    out = cut(plugin, frames, 512, audio=audio)
    size = 1 << (2 * frames - 1).bit_length()
    likeness = np.fft.irfft(np.fft.rfft(out[0], size) * np.conj(np.fft.rfft(audio[0], size)))[:frames]
    slack = {
        "Convolution": 0,
        "BrickwallLimiter": 0,
        "Resample": 1,
        "GSMFullRateCompressor": 10,
        "MP3Compressor": 5,
        "PitchShift": 10,
    }[name]
    assert abs(int(likeness.argmax()) - plugin.latency) <= slack


@pytest.mark.parametrize("name", ["Reverb", "Delay", "Chorus", "Phaser", "LadderFilter", "Gain", "BrickwallLimiter"])
def test_not_a_number_never_leaves_and_never_stays(make, hiss, name):
    plugin = make(f"pedalboard.{name}")
    bad = hiss(2, 512)
    bad[0, 100] = np.nan
    out = np.ones((2, 512), np.float32)
    plugin.process(bad, out, 512, 0)
    assert np.isfinite(out).all()
    for start in range(512, 8 * 512, 512):
        plugin.process(hiss(2, 512), out, 512, start)
        assert np.isfinite(out).all()
    assert out.any()
    assert plugin.faults >= 1


def chain(make):
    return [
        make("pedalboard.HighpassFilter", cutoff_frequency_hz=80),
        make("pedalboard.Compressor", threshold_db=-20, ratio=4),
        make("pedalboard.Chorus"),
        make("pedalboard.Delay", delay_seconds=0.01, mix=0.3),
        make("pedalboard.Reverb", room_size=0.6),
        make("pedalboard.Limiter"),
    ]


def test_a_fused_run_is_what_its_parts_are(make, hiss):
    audio = hiss(2, 4000)
    changes = {1: [(70, "ratio", 8.0)], 4: [(700, "room_size", 0.2), (701, "wet_level", 0.9)]}
    single = audio
    for number, effect in enumerate(chain(make)):
        out = np.zeros_like(audio)
        effect.process(single, out, 4000, 3, (), changes.get(number, ()))
        single = out
    for block in BLOCKS:
        run = fuse(chain(make))
        out = np.zeros_like(audio)
        for start in range(0, 4000, block):
            end = min(4000, start + block)
            now = [[(f - start, key, v) for f, key, v in changes.get(number, ()) if start <= f < end] for number in range(6)]
            run.process(audio[:, start:end], out[:, start:end], end - start, 3 + start, (), now)
        assert np.array_equal(out, single), block


def test_a_fused_run_of_vst3_effects(load, cut, hiss):
    audio = hiss(2, 3000)
    first, second = load("LabDelay", "pedalboard"), load("LabGain", "pedalboard")
    second.set_now("gain", -6.0)
    run = fuse([first, second])
    assert run.latency == 64
    for block in (1, 100, 3000):
        run.reset()
        out = cut(run, 3000, block, audio=audio)
        assert np.allclose(out[:, 64:], audio[:, :-64] * 10 ** (-6 / 20), atol=1e-6)
        assert not out[:, :64].any()


def test_a_fused_run_throws_out_what_is_not_a_number(make, hiss):
    run = fuse(chain(make))
    out = np.ones((2, 512), np.float32)
    run.process(np.full((2, 512), np.nan, np.float32), out, 512, 0)
    assert np.abs(out).max() < 1e-3
    assert run.faults == 1
    run.process(hiss(2, 512), out, 512, 512)
    assert out.any()
    assert np.isfinite(out).all()


def test_what_cannot_be_fused(make, load):
    with pytest.raises(ValueError, match=r"cannot share one pedalboard call: pedalboard.Gain, pedalboard.PitchShift"):
        fuse([make("pedalboard.Gain"), make("pedalboard.PitchShift")])
    with pytest.raises(ValueError, match="cannot share"):
        fuse([make("pedalboard.Gain"), make("pedalboard.Gain", channels=1)])
    with pytest.raises(ValueError, match="cannot share"):
        fuse([make("pedalboard.Gain"), load("LabGain", "minihost")])


def test_what_a_builtin_refuses(make, tmp_path):
    cases = [
        (lambda: load_foreign("pedalboard.Reverbb"), 'pedalboard has no plugin "Reverbb", did you mean pedalboard.Reverb?'),
        (lambda: load_foreign("pedalboard.Reverb", host="minihost"), "pedalboard.Reverb is part of pedalboard"),
        (lambda: load_foreign("pedalboard.Reverb", channels=4), "takes one or two channels, not 4"),
        (lambda: load_foreign("pedalboard.Convolution"), "needs impulse_response_filename, an audio file"),
        (lambda: load_foreign("pedalboard.Gain", files={"x": "y"}), "takes no file x"),
        (
            lambda: load_foreign("pedalboard.Convolution", files={"impulse_response_filename": tmp_path / "no.wav"}),
            "impulse_response_filename: there is no file",
        ),
    ]
    for call, message in cases:
        with pytest.raises(ForeignLoadError) as caught:
            call()
        assert message in str(caught.value)
    with pytest.raises(ForeignProcessError, match="MP3Compressor cannot run at 96000 Hz"):
        make("pedalboard.MP3Compressor", rate=96000.0)
    plugin = make("pedalboard.Resample")
    with pytest.raises(ForeignParameterError, match="target_sample_rate cannot change while sound runs"):
        plugin.process(np.zeros((2, 64), np.float32), np.zeros((2, 64), np.float32), 64, 0, (), [(0, "target_sample_rate", 4000.0)])
    with pytest.raises(ForeignParameterError, match='it is in "Hz", but the value says "dB"'):
        plugin.set_now("target_sample_rate", "3 dB")


def test_texts_with_units(make):
    plugin = make("pedalboard.Delay")
    plugin.set_now("mix", "35 %")
    plugin.set_now("delay_seconds", "250 ms")
    assert (plugin.value("mix"), plugin.text("mix")) == (0.35, "35 %")
    assert (plugin.value("delay_seconds"), plugin.text("delay_seconds")) == (0.25, "0.25 s")
    ladder = make("pedalboard.LadderFilter")
    ladder.set_now("mode", "hpf24")
    ladder.set_now("cutoff_hz", "1.2 kHz")
    assert (ladder.text("mode"), ladder.value("cutoff_hz")) == ("HPF24", 1200.0)


def test_a_trusting_run_sounds_the_same_and_still_rids_itself_of_nan(make, hiss):
    """With `trusted`, the caller keeps NaN out; what arises inside all the same must not stay."""
    audio, out, trusting = hiss(2, 512), np.zeros((2, 512), np.float32), np.zeros((2, 512), np.float32)

    run = fuse([*chain(make)[:5], make("pedalboard.Gain", gain_db=0)])
    checked = fuse([*chain(make)[:5], make("pedalboard.Gain", gain_db=0)])
    run.trusted = True
    run.process(audio, trusting, 512, 0)
    checked.process(audio, out, 512, 0)
    assert np.array_equal(trusting, out)
    run.process(np.full((2, 512), np.nan, np.float32), trusting, 512, 512)
    assert not trusting.any()
    run.process(audio, trusting, 512, 1024)
    assert trusting.any()
    assert np.isfinite(trusting).all()
    assert run.faults == 1
