"""What a script holds of a rack: names, values, macros, and that a change counts as if the preset had said so."""

from __future__ import annotations

import numpy as np
import pytest

from backline.formats.errors import DocumentError
from backline.sdk.units import Beats
from rack.support import hiss, make, run

TEXT = """
name: Test
nodes:
  glide: {plugin: glide, pitch: 200 Hz}
  chorus: {plugin: pedalboard.Chorus}
  echo: {plugin: delay, time: 1/8}
wires: [in -> glide -> chorus -> echo -> out, glide -> out:side]
macros:
  bright: {default: 40 %, to: {glide.pitch: 100 Hz .. 10 kHz log, glide.share: 100 % .. 0 %, echo.feedback: 0 % .. 80 %}}
  still: {to: {glide.level: -60 dB .. 0 dB}}
"""


@pytest.fixture
def rack():
    return make(TEXT)


def test_names(rack):
    assert rack.name == "Test"
    assert rack.nodes == ["glide", "chorus", "echo"]
    assert rack.outputs == ["side"]
    assert "glide" in rack
    assert "nobody" not in rack
    assert repr(rack) == "<rack Test: glide, chorus, echo>"
    assert list(rack.macros) == ["bright", "still"]
    assert len(rack.macros) == 2
    assert "pitch" in dir(rack["glide"])
    assert rack["glide"].name == "glide"
    assert "pitch=" in repr(rack["glide"])


def test_attributes_and_items_read_and_write(rack):
    node = rack["glide"]
    node.factor = 0.5
    assert node.factor == node["factor"] == 0.5
    node.pitch = "2 kHz"
    assert node["pitch"] == 2000.0
    node["Share"] = "25 %"
    assert node.share == 0.25
    node.steps = 7
    assert node.steps == 7
    assert node.state() == {
        "factor": "0.5",
        "pitch": "2 kHz",
        "level": node.state()["level"],
        "share": "25 %",
        "shift": "0 st",
        "steps": "7",
    }
    rack["echo"].time = "1/4"
    assert rack["echo"].time == Beats(1)
    rack["echo"].time = Beats("1/2")
    assert rack["echo"].time == Beats("1/2")


def test_a_plugins_own_mix_is_an_item_and_the_nodes_mix_an_attribute(rack):
    chorus = rack["chorus"]
    chorus["mix"] = 0.25
    assert chorus["mix"] == 0.25
    assert chorus.mix == 1.0
    chorus.mix = "50 %"
    assert (chorus["mix"], chorus.mix) == (0.25, 0.5)
    rack.prepare(block=256)
    assert (rack["chorus"]["mix"], rack["chorus"].mix) == (0.25, 0.5)


def test_wrong_names_and_values(rack):
    with pytest.raises(KeyError, match='there is no node "glid"; did you mean glide'):
        rack["glid"]
    with pytest.raises(AttributeError, match='glide has no parameter "pich"; did you mean pitch'):
        rack["glide"].pich = 3
    with pytest.raises(AttributeError, match="pich"):
        rack["glide"].pich  # noqa: B018
    with pytest.raises(KeyError, match='glide has no parameter \\\\?"pich'):
        rack["glide"]["pich"]
    with pytest.raises(KeyError, match="pich"):
        rack["glide"]["pich"] = 1
    with pytest.raises(ValueError, match="outside"):
        rack["glide"].factor = 9
    with pytest.raises(ValueError, match="100 %"):
        rack["glide"].mix = 2
    with pytest.raises(ValueError, match="on or off"):
        rack["glide"].bypass = "perhaps"
    with pytest.raises(KeyError, match='no macro "brigth"; did you mean bright'):
        rack.macros["brigth"]
    with pytest.raises(KeyError, match="brigth"):
        rack.macros["brigth"] = 0.5
    with pytest.raises(ValueError, match="from 0 to 1"):
        rack.macros["bright"] = "200 %"
    with pytest.raises(TypeError):
        del rack.macros["bright"]
    with pytest.raises(KeyError):
        rack["glide"].meter("peak")


def test_set_by_written_names(rack):
    rack.set("glide.pitch", "300 Hz")
    assert rack["glide"].pitch == 300
    rack.set("bright", "75 %")
    assert rack.macros["bright"] == 0.75
    rack.set("chorus.mix", "10 %")
    assert rack["chorus"].mix == 0.1
    rack.set("echo.bypass", "on")
    assert rack["echo"].bypass is True
    for target in ("nobody.pitch", "glide.pich", "brigth"):
        with pytest.raises(ValueError, match="did you mean|there is no"):
            rack.set(target, "1")
    with pytest.raises(ValueError, match="Hz"):
        rack.set("glide.pitch", "3 s")


def test_a_macro_drives_each_target_along_its_own_range_and_curve(rack):
    def values():
        return rack["glide"].pitch, rack["glide"].share, rack["echo"].feedback

    assert values() == pytest.approx((100 * 100**0.4, 0.6, 0.32)), "the default is in force from the start"
    assert rack["glide"].level == 0.0, "a macro without a default leaves things as they are"
    for position in (0.0, 0.5, 1.0):
        rack.macros["bright"] = position
        assert values() == pytest.approx((100 * 100**position, 1 - position, 0.8 * position))
    assert repr(rack.macros) == "{bright: 100%, still: 0%}"


def test_changes_count_from_the_start_of_a_render_and_survive_preparing():
    x = hiss(1000)
    rack, fresh = make(TEXT), make(TEXT.replace("pitch: 200 Hz", "factor: 0.5"))
    rack.render(audio=x, tail=0, block=100)
    rack["glide"].factor = 0.5
    want = fresh.render(audio=x, tail=0, block=100)
    assert np.array_equal(rack.render(audio=x, tail=0, block=100), want)
    assert np.array_equal(rack.render(audio=x, tail=0, block=77), want), "a new engine has the change too"
    assert rack["glide"].factor == 0.5
    other = rack.render(audio=x, tail=0, rate=44100)
    assert other.rate == 44100
    assert rack.rate == 44100
    assert rack["glide"].factor == 0.5


def test_what_came_last_wins_after_preparing_too():
    rack = make("""
nodes: {a: {plugin: twice}}
wires: [in -> a -> out]
macros:
  one: {to: {a.factor: 0 .. 1}}
  two: {to: {a.factor: 0 .. 2}}
""")
    rack.macros["one"] = 0.5
    rack.macros["two"] = 0.5
    rack.macros["one"] = 0.75
    rack.prepare(block=64)
    assert rack["a"].factor == 0.75
    rack["a"].factor = 0.125
    rack.prepare(block=65)
    assert rack["a"].factor == 0.125
    rack.macros["two"] = 1
    rack.prepare(block=66)
    assert rack["a"].factor == 2
    assert dict(rack.macros) == {"one": 0.75, "two": 1.0}


def test_tempo_and_meter_start_anew_with_each_render():
    rack = make("""
nodes: {arp: {plugin: arpeggiator, rate: 1/4}, keys: {plugin: hold}}
wires: [midi -> arp -> keys -> out]
""")

    class Song:
        def events(self, rate):
            return []

        def tempo_frames(self, rate):
            return [(0, 0.0, 90.0), (500, 0.5, 240.0)]

        def meter_frames(self, rate):
            return [(100, 3, 4)]

        def frames(self, rate):
            return 1000

    first = rack.render(notes="C4:1/1", seconds=1)
    rack.render(midi=Song(), seconds=0.1)
    assert (rack.transport.tempo, rack.transport.numerator) == (240.0, 3)
    assert np.array_equal(rack.render(notes="C4:1/1", seconds=1), first)
    rack.set_tempo(60)
    slow = rack.render(notes="C4:4", seconds=2)
    assert np.flatnonzero(np.diff(slow[1], prepend=0) > 0).tolist() == [0, 48000]


def test_bypass_and_mix_fade_without_a_click_and_with_the_dry_sound_in_place():
    rack = make("""
nodes: {late: {plugin: late}, gain: {plugin: twice, factor: 3}}
wires: [in -> late -> gain -> out]
""")
    x = np.ones((2, 2000), np.float32)
    assert run(rack, 1000, audio=x)[0, -1] == 3.0
    rack["gain"].bypass = True
    got = run(rack, 1000, audio=x)[0]
    assert np.abs(np.diff(got, prepend=np.float32(3))).max() <= 2.0 / 480 + 1e-6
    assert got[480:].tolist() == [1.0] * 520
    rack["gain"].bypass = False
    rack["gain"].mix = 0.5
    got = run(rack, 1000, audio=x)[0]
    assert np.abs(np.diff(got, prepend=np.float32(1))).max() <= 2.0 / 480 + 1e-6
    assert got[-1] == 2.0
    rack["gain"].mix, rack["gain"].factor = 1, 2
    rack["late"].mix = "50 %"
    noise = hiss(2000)
    rack.reset()
    want = np.concatenate([np.zeros((2, 100), np.float32), noise], axis=1)[:, :2000] * 2
    assert np.array_equal(run(rack, 2000, audio=noise), want), "dry and wet of a pure delay are the same"
    with pytest.raises(ValueError, match="no effect"):
        make("nodes: {k: {plugin: hold}}\nwires: [midi -> k -> out]")["k"].mix = 0.5


def test_the_first_bypass_of_a_foreign_effect_does_not_click_or_interrupt():
    rack = make("""
nodes: {a: {plugin: pedalboard.Gain, gain_db: 6.0206}, b: {plugin: pedalboard.Gain, gain_db: 0}, late: {plugin: late}}
wires:
  - in -> a -> b -> out
  - in -> late -> out
controls: ["cc 1 -> b.gain_db [-60 dB .. 0 dB]", "cc 2 -> a.gain_db [0 dB .. 6 dB]"]
""")
    x = np.ones((2, 2000), np.float32)
    assert run(rack, 1000, audio=x)[0, -1] == pytest.approx(3.0, rel=1e-5)
    rack["a"].bypass = True
    got = run(rack, 1000, audio=x)[0]
    assert np.abs(np.diff(got, prepend=np.float32(3))).max() <= 1.0 / 480 + 1e-5
    assert got[-1] == pytest.approx(2.0, rel=1e-5)


def test_effects_that_no_longer_run_as_one_keep_their_own_changes():
    from backline.sdk import ControlChange

    text = """
nodes: {a: {plugin: pedalboard.Gain, gain_db: 0}, b: {plugin: pedalboard.Gain, gain_db: 0}}
wires: [in -> a -> b -> out]
controls: ["cc 1 -> b.gain_db [-60 dB .. 0 dB]", "cc 2 -> a.gain_db [-60 dB .. 0 dB]"]
"""
    x = np.ones((2, 2048), np.float32)
    events = [ControlChange(700, 1, 0.9), ControlChange(1000, 2, 0.8)]
    results = []
    for block in (2048, 100):
        rack = make(text, block=2048)
        rack["a"].bypass = True
        rack["a"].bypass = False
        rack.reset()
        results.append(run(rack, 2048, block, audio=x, events=events))
    assert np.array_equal(results[0], results[1])
    assert results[0][0, 703] == pytest.approx(1.0)
    assert results[0][0, 704] < 1.0


def test_a_bypassed_instrument_is_silent_at_every_output():
    from backline.sdk import NoteOn

    rack = make("""
nodes: {kit: {plugin: kit}}
wires: [midi -> kit, kit.low -> out, kit.high -> out:high]
""")
    events = [NoteOn(0, 50, 0.5), NoteOn(0, 70, 0.25)]
    got = run(rack, 512, events=events, outs=["high"])
    assert got[[0, 2], 100].tolist() == [0.5, 0.25]
    rack["kit"].bypass = True
    assert not run(rack, 1024, outs=["high"])[:, 500:].any()


def test_a_latency_that_changes_by_hand_is_compensated():
    rack = make("""
nodes: {slow: {plugin: late}, flip: {plugin: twice, factor: -1}}
wires: [in -> slow -> out, in -> flip -> out]
""")
    x = hiss(1000)
    rack["slow"].plugin.latency = 90
    rack.reset()
    assert rack.latency == 90
    rack["slow"].plugin.latency = 100
    run(rack, 64, audio=x)
    rack.reset()
    assert rack.latency == 100
    assert not run(rack, 1000, audio=x).any()


def test_a_preset_that_cannot_run_leaves_the_rack_alone():
    with pytest.raises(DocumentError, match="no plugin"):
        make("nodes: {a: {plugin: nowhere}}\nwires: [in -> a -> out]")


def test_too_long_a_block_is_refused(rack):
    with pytest.raises(ValueError, match="at most 512"):
        rack.process(513)
