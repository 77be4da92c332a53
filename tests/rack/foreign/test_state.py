"""States and preset files: taken whole, shared between backends, refused when they are wrong."""

from __future__ import annotations

import numpy as np
import pytest

from backline.rack.foreign import ForeignStateError, load_foreign
from backline.sdk.events import NoteOn

VALUES = {"gain": -7.5, "mute": 1.0, "mode": 2.0, "width": 150.0}


def set_all(plugin):
    for key, value in VALUES.items():
        plugin.set_now(key, value)


def values(plugin):
    return {key: pytest.approx(plugin.value(key), abs=1e-4) for key in VALUES}


def test_a_state_goes_to_a_fresh_instance_without_any_block(load, host):
    first = load("LabGain", host)
    set_all(first)
    data = first.state()
    second = load("LabGain", host)
    second.set_state(data)
    assert values(second) == VALUES
    assert second.state() == data
    out = np.zeros((2, 64), np.float32)
    second.set_now("mute", 0)
    second.process(np.ones((2, 64), np.float32) * np.array([[0.0], [1.0]], np.float32), out, 64, 0)
    assert abs(out[0, -1]) > abs(out[1, -1])  # swapped, and wider than wide


@pytest.mark.parametrize(("source", "target"), [("pedalboard", "minihost"), ("minihost", "pedalboard")])
def test_a_state_crosses_backends(load, source, target):
    first, second = load("LabGain", source), load("LabGain", target)
    set_all(first)
    second.set_state(first.state())
    assert values(second) == VALUES
    assert second.state() == first.state()


def test_an_instrument_remembers_its_first_parameter(load, host, cut, tmp_path):
    first = load("LabSynth", host)
    first.set_now("level", -6.0)
    first.set_now("release", "250 ms")
    first.save_vstpreset(tmp_path / "synth.vstpreset")
    second, third = load("LabSynth", host), load("LabSynth", host)
    second.set_state(first.state())
    third.load_vstpreset(tmp_path / "synth.vstpreset")
    sound = cut(first, 4800, 480, events=[NoteOn(0, 69, 1.0)])
    for plugin in (second, third):
        assert plugin.value("level") == pytest.approx(-6.0, abs=1e-4)
        assert plugin.text("level") == "-6 dB"
        assert plugin.value("release") == pytest.approx(250.0, abs=1e-3)
        assert np.allclose(cut(plugin, 4800, 480, events=[NoteOn(0, 69, 1.0)]), sound, atol=1e-6)
        again = load("LabSynth", host)
        again.set_state(plugin.state())
        assert again.value("level") == pytest.approx(-6.0, abs=1e-4)


def test_a_real_plugin_round_trips(load, host):
    first = load("vst3:ZaMultiCompX2", host)
    first.set_now("Threshold 1", "-33 dB")
    first.set_now("ZamComp 2 ON", "on")
    second = load("vst3:ZaMultiCompX2", host)
    second.set_state(first.state())
    assert second.value("Threshold 1") == pytest.approx(-33.0, abs=1e-4)
    assert second.value("ZamComp 2 ON") == 1.0


@pytest.mark.parametrize(
    ("source", "target"), [("pedalboard",) * 2, ("minihost",) * 2, ("pedalboard", "minihost"), ("minihost", "pedalboard")]
)
def test_a_vstpreset_round_trips(load, tmp_path, source, target):
    first, second = load("LabGain", source), load("LabGain", target)
    set_all(first)
    first.save_vstpreset(tmp_path / "warm.vstpreset")
    second.load_vstpreset(tmp_path / "warm.vstpreset")
    assert values(second) == VALUES
    assert [path.name for path in tmp_path.iterdir()] == ["warm.vstpreset"]


def test_both_backends_write_presets_for_the_same_class(load, tmp_path):
    heads = set()
    for host in ("pedalboard", "minihost"):
        load("LabGain", host).save_vstpreset(tmp_path / host)
        heads.add((tmp_path / host).read_bytes()[:40])
    assert len(heads) == 1


def damage(data, how):
    return {
        "empty": b"",
        "garbage": b"\x00\xff" * 40,
        "cut": data[: len(data) // 2],
        "no xml": data[:8] + b"<" * (len(data) - 8),
        "other xml": data[:8] + b"<Other/>".ljust(len(data) - 8),
        "entities": data[:8] + b'<!DOCTYPE a [<!ENTITY b "c">]><a/>'.ljust(len(data) - 8),
    }[how]


@pytest.mark.parametrize("how", ["empty", "garbage", "cut", "no xml", "other xml", "entities"])
def test_a_damaged_state_is_refused(load, host, how):
    plugin = load("LabGain", host)
    set_all(plugin)
    data = plugin.state()
    with pytest.raises(ForeignStateError, match="LabGain: "):
        plugin.set_state(damage(data, how))
    assert values(plugin) == VALUES


def test_a_state_of_another_plugin_is_refused(load, host):
    delay, gain = load("LabDelay", host), load("LabGain", host)
    delay.set_now("echo", 0.5)
    with pytest.raises(ForeignStateError, match="LabGain did not take the state: is it of another plugin or version?"):
        gain.set_state(delay.state())


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ("missing", "No such file"),
        ("garbage", "is no .vstpreset file"),
        ("cut", "is damaged or cut off"),
        ("cut inside", "cut off"),
        ("other", "is a preset of another plugin"),
    ],
)
def test_a_damaged_preset_is_refused(load, host, tmp_path, how, message):
    path = tmp_path / "warm.vstpreset"
    plugin = load("LabGain", host)
    plugin.save_vstpreset(path)
    data = path.read_bytes()
    if how == "missing":
        path.unlink()
    elif how == "other":
        load("LabDelay", host).save_vstpreset(path)
    else:
        path.write_bytes({"garbage": b"hello", "cut": data[:60], "cut inside": data[:-10]}[how])
    with pytest.raises(ForeignStateError, match=message):
        plugin.load_vstpreset(path)


def test_a_failed_save_leaves_nothing(load, host, tmp_path):
    with pytest.raises(OSError, match="No such file"):
        load("LabGain", host).save_vstpreset(tmp_path / "none" / "warm.vstpreset")
    assert list(tmp_path.iterdir()) == []


def test_builtins_have_states_of_their_own():
    first, second = load_foreign("pedalboard.Reverb"), load_foreign("pedalboard.Reverb")
    first.set_now("room_size", "80 %")
    second.set_state(first.state())
    assert second.value("room_size") == 0.8
    for data in (b"", b"{}", b"[1]", b'{"plugin": "pedalboard.Reverb", "values": {"room_size": "x"}}'):
        with pytest.raises(ForeignStateError, match="no state of it"):
            second.set_state(data)
    with pytest.raises(ForeignStateError, match="the state is of pedalboard.Reverb"):
        load_foreign("pedalboard.Delay").set_state(first.state())
