"""Exact values: what is set is what holds, in the plugin's own unit, whatever the host does to it."""

from __future__ import annotations

import math

import numpy as np
import pytest

from backline.rack.foreign import ForeignParameterError


@pytest.mark.parametrize("value", [-60.0, -18.0, -6.0, -3.0, -0.1, 0.0, 7.25, 24.0])
def test_a_gain_is_exact(load, host, value):
    gain = load("LabGain", host)
    gain.set_now("gain", value)
    assert gain.value("gain") == value
    out = np.zeros((2, 64), np.float32)
    gain.process(np.ones((2, 64), np.float32), out, 64, 0)
    assert 20.0 * math.log10(out[0, -1]) == pytest.approx(value, abs=1e-4)


@pytest.mark.parametrize("key", ["threshold", "Threshold", "THRESHOLD"])
def test_a_text_with_a_unit_is_exact(load, host, key):
    compressor = load("vst3:ZamCompX2", host)
    compressor.set_now(key, "-18 dB")
    assert compressor.value(key) == -18.0
    assert compressor.text(key) == "-18 dB"


@pytest.mark.parametrize(
    ("text", "value"), [("100 ms", 100.0), ("0.1 s", 100.0), ("100", 100.0), ("2.5e1", 25.0), ("50000 us", 50.0), ("  10 MS ", 10.0)]
)
def test_units_of_one_kind_convert(load, host, text, value):
    compressor = load("vst3:ZamCompX2", host)
    compressor.set_now("attack", text)
    assert compressor.value("attack") == pytest.approx(value, rel=1e-12)


def test_kinds_and_ranges(load, host):
    parameters = load("LabGain", host).parameters
    gain, mute, mode, width = (parameters[key] for key in ("gain", "mute", "mode", "width"))
    assert (gain.kind, gain.unit, gain.minimum, gain.maximum, gain.default) == ("float", "dB", -60.0, 24.0, 0.0)
    assert (mute.kind, mute.default) == ("bool", 0.0)
    assert (mode.kind, mode.choices, mode.maximum) == ("enum", ("Stereo", "Mono", "Swap"), 2.0)
    assert (width.unit, width.minimum, width.maximum, width.default) == ("%", 0.0, 200.0, 100.0)


def test_choices_and_switches(load, host):
    gain = load("LabGain", host)
    out = np.zeros((2, 64), np.float32)
    audio = np.stack([np.full(64, 0.25, np.float32), np.full(64, 0.5, np.float32)])
    gain.set_now("mode", "swap")
    gain.process(audio, out, 64, 0)
    assert gain.text("mode") == "Swap"
    assert gain.value("mode") == 2.0
    assert out[:, -1].tolist() == [0.5, 0.25]
    gain.set_now("mute", "on")
    gain.process(audio, out, 64, 64)
    assert not out[:, -1].any()
    gain.set_now("mute", 0)
    gain.set_now("mode", 0)
    gain.process(audio, out, 64, 128)
    assert out[:, -1].tolist() == [0.25, 0.5]


@pytest.mark.parametrize(
    ("key", "value", "message"),
    [
        ("gain", math.nan, "LabGain: Gain: NaN is not a value"),
        ("gain", "nan", 'LabGain: Gain: "nan" is not a number'),
        ("gain", 24.5, "LabGain: Gain: 24.5 dB is out of range, it takes -60 dB .. 24 dB"),
        ("gain", math.inf, "LabGain: Gain: inf dB is out of range, it takes -60 dB .. 24 dB"),
        ("gain", "4 Hz", 'LabGain: Gain: it is in "dB", but the value says "Hz"'),
        ("gain", "loud", 'LabGain: Gain: "loud" is not a number'),
        ("mode", "Sterio", 'LabGain: Mode: "Sterio" is none of Stereo, Mono, Swap'),
        ("mode", 3, "LabGain: Mode: 3 is no choice, there are 3, counted from 0: Stereo, Mono, Swap"),
        ("mode", 0.5, "LabGain: Mode: 0.5 is no choice, there are 3, counted from 0: Stereo, Mono, Swap"),
        ("mute", "perhaps", 'LabGain: Mute: "perhaps" is neither on nor off'),
        ("gian", 0, 'LabGain has no parameter "gian", did you mean gain?'),
    ],
)
def test_what_a_parameter_cannot_take(load, host, key, value, message):
    gain = load("LabGain", host)
    with pytest.raises(ForeignParameterError) as caught:
        gain.set_now(key, value)
    assert str(caught.value).startswith(message)
    assert gain.value("gain") == 0.0


def test_odd_names_are_all_reachable(load, host):
    odd = load("LabOdd", host)
    shown = [key for key, parameter in odd.parameters.items() if not parameter.hidden]
    assert shown == [
        "amount",
        "amount_2",
        "mix_percent_dry_wet_sharp_2",
        "parameter_2nd_osc",
        odd.parameter("Gr").id,
        "class_",
        "process",
        "parameter_8",
        "parameter_9",
        "freq",
        "steps",
        "bypass",
        "curve",
        "raw_value",
        "trigger",
    ]
    wanted = [0.1, 0.2, 30.0, 0.4, 500.0, 0.6, 0.7, 0.8, 0.9, 1000.0, 11.0, 1.0, 3.0, 0.25]
    for key, value in zip(shown, wanted, strict=False):
        odd.set_now(key, value)
    out = np.zeros((2, 64), np.float32)
    odd.process(np.zeros((2, 64), np.float32), out, 64, 0)
    assert out[0, : len(wanted)] == pytest.approx(wanted, rel=1e-4)
    assert [odd.value(key) for key in shown[: len(wanted)]] == wanted
    odd.set_now("Mix (%) / Dry-Wet #2", "75 %")
    odd.set_now("Amount", 0.5)
    assert odd.value("mix_percent_dry_wet_sharp_2") == 75.0
    assert (odd.value("amount"), odd.value("amount_2")) == (0.5, 0.2)
    assert odd.parameters["steps"].kind == "int"
    with pytest.raises(ForeignParameterError, match=r"8\.5 is not a whole number"):
        odd.set_now("steps", 8.5)
    odd.set_now("curve", "lin")
    assert odd.value("curve") == 2.0
    with pytest.raises(ForeignParameterError, match=r'"LIN" is none of Lin, Log, lin, 1\.5 kHz'):
        odd.set_now("curve", "LIN")


def test_midi_controllers_do_not_pose_as_parameters(load, host):
    synth = load("LabSynth", host)
    assert list(synth.parameters) == ["level", "attack", "release", "wave"]
    assert synth.value("level") == -12.0
    assert synth.parameters["level"].default == -12.0


def test_settings_of_the_host_are_hidden_and_refused(load, host):
    compressor = load("vst3:ZamCompX2", host)
    hidden = [key for key, parameter in compressor.parameters.items() if parameter.hidden]
    assert hidden == ["buffer_size", "sample_rate", "current_program"]
    assert not any(compressor.parameters[key].automatable for key in hidden)
    with pytest.raises(ForeignParameterError, match="Buffer Size belongs to the host"):
        compressor.set_now("buffer_size", 0.5)


def test_both_backends_name_and_range_alike(load):
    for name in ("LabGain", "LabOdd", "LabSynth", "vst3:ZamCompX2", "vst3:ZaMultiCompX2"):
        assert load(name, "pedalboard").parameters == load(name, "minihost").parameters


def test_values_and_texts_round_trip(load, host):
    for name in ("LabGain", "LabOdd", "vst3:ZamEQ2"):
        plugin = load(name, host)
        for key, parameter in plugin.parameters.items():
            if not parameter.hidden:
                for value in (parameter.minimum, parameter.default, parameter.maximum):
                    assert plugin.parse(key, plugin.format(key, value)) == value
