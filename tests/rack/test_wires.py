"""What wires do to sound: sums, gains, channels, sidechains, several outputs, feedback, and latencies that meet."""

from __future__ import annotations

import numpy as np
import pytest

from rack.support import gained, hiss, late, make, run

FRAMES = 2000


def test_parallel_branches_sum_exactly():
    rack = make("""
nodes: {a: {plugin: twice, factor: 2}, b: {plugin: twice, factor: -0.5}}
wires:
  - in -> a -> out
  - in -> b -> out
  - in -> out
""")
    x = hiss(FRAMES)
    assert np.array_equal(run(rack, FRAMES, audio=x), (x * np.float32(2) + x * np.float32(-0.5)) + x)
    assert rack.latency == 0


@pytest.mark.parametrize("decibels", ["-6 dB", "-0.1 dB", "12 dB", "-60 dB", "-inf dB"])
def test_the_gain_of_a_wire_is_one_product(decibels):
    rack = make(f"""
nodes: {{a: {{plugin: twice, factor: 1}}}}
wires: ["in -> a -> out [{decibels}]"]
""")
    x = hiss(FRAMES)
    assert np.array_equal(run(rack, FRAMES, audio=x), gained(x, float(decibels.removesuffix(" dB"))))


def test_a_gain_before_a_node_and_a_send():
    rack = make("""
nodes: {a: {plugin: twice, factor: 4}, b: {plugin: twice, factor: 1}}
wires:
  - in -> b -> a [-6.0206 dB]
  - b -> out
  - a -> out:send
""")
    x = hiss(FRAMES)
    got = run(rack, FRAMES, audio=x, outs=["send"])
    assert rack.outputs == ["send"]
    assert np.array_equal(got[:2], x)
    assert np.array_equal(got[2:], gained(x, -6.0206) * np.float32(4))


def test_a_sidechain_and_a_named_output():
    rack = make("""
nodes: {half: {plugin: twice, factor: 0.5}, ring: {plugin: ring}, split: {plugin: split}}
wires:
  - in -> ring -> out
  - in -> half -> ring.sidechain
  - in -> split
  - split.left -> out:L
  - split.right -> out:R
""")
    x = hiss(FRAMES)
    got = run(rack, FRAMES, audio=x, outs=["L", "R"])
    assert np.array_equal(got[:2], x * (x * np.float32(0.5)))
    assert np.array_equal(got[2:], x[[0, 0, 1, 1]]), "a mono port reaches both sides of an output"


def test_an_empty_sidechain_is_silence():
    rack = make("""
nodes: {ring: {plugin: ring}}
wires: [in -> ring -> out]
""")
    assert not run(rack, FRAMES, audio=hiss(FRAMES)).any()


def test_one_channel_mixes_down_and_spreads():
    rack = make("""
nodes: {mono: {plugin: twice, channels: 1, factor: 2}, fold: {plugin: mono}, four: {plugin: spread}}
wires:
  - in -> mono -> out
  - in -> fold -> out:fold
  - in -> four
""")
    x = hiss(FRAMES)
    got = run(rack, FRAMES, audio=x, outs=["fold"])
    folded = x[0] * np.float32(0.5) + x[1] * np.float32(0.5)
    assert np.array_equal(got, np.stack([folded * 2, folded * 2, folded, folded]))


def test_a_mono_input_feeds_both_sides():
    rack = make("wires: [in -> out]")
    x = hiss(FRAMES, channels=1)
    assert np.array_equal(run(rack, FRAMES, audio=x), x[[0, 0]])
    assert np.array_equal(rack.render(audio=x, tail=0, rate=48000), x[[0, 0]])


def test_four_channels_flow_between_nodes_that_have_them():
    rack = make("""
nodes: {wide: {plugin: spread}, quad: {plugin: quad}, any: {plugin: twice}, back: {plugin: mono}}
wires: [in -> wide -> quad -> any -> back -> out]
""")
    x = hiss(FRAMES)
    folded = x[0] * np.float32(0.5) + x[1] * np.float32(0.5)
    assert rack.engine.node("any").plugin.channels == 4
    np.testing.assert_allclose(run(rack, FRAMES, audio=x), np.stack([folded, folded]) * 2.5, rtol=1e-6, atol=1e-9)


def test_an_unconnected_input_of_many_channels_is_silence():
    rack = make("""
nodes: {many: {plugin: twice, channels: 12}, back: {plugin: mono}}
wires: [many -> back -> out]
""")
    assert not run(rack, 600).any()


# -- feedback ----------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("block", [7, 64, 441, 4096])
def test_feedback_is_exactly_64_frames_late(block):
    rack = make(
        """
nodes: {a: {plugin: twice}, b: {plugin: twice, factor: 0.5}}
wires: [in -> a -> b -> out]
feedback: [b -> a]
""",
        block=block,
    )
    x = np.zeros((2, FRAMES), np.float32)
    x[:, 5] = 1.0
    want = np.zeros((2, FRAMES), np.float32)
    for turn in range(40):
        if 5 + 64 * turn < FRAMES:
            want[:, 5 + 64 * turn] = 0.5 ** (turn + 1)
    assert np.array_equal(run(rack, FRAMES, block, audio=x), want)


def test_feedback_onto_a_path_that_is_late_is_64_frames_late_still():
    rack = make("""
nodes: {dry: {plugin: twice}, slow: {plugin: late}, join: {plugin: twice}}
wires:
  - in -> slow -> join -> out
  - in -> dry -> out:dry
feedback: [dry -> join]
""")
    x = np.zeros((2, FRAMES), np.float32)
    x[:, 10] = 1.0
    got = run(rack, FRAMES, audio=x)
    assert rack.latency == 100
    assert np.flatnonzero(got[0]).tolist() == [110, 174]


def test_feedback_blocks_allocate_nothing_and_named_outputs_are_whole():
    rack = make(
        """
nodes: {a: {plugin: twice, factor: 0.5}}
wires:
  - in -> a -> out
  - in -> out:dry
feedback: [a -> a]
""",
        block=1000,
    )
    x = hiss(1000)
    assert np.array_equal(run(rack, 1000, 1000, audio=x, outs=["dry"])[2:], x)


# -- latency -----------------------------------------------------------------------------------------------------------------------


def test_dry_and_late_paths_meet():
    rack = make(
        """
nodes: {slow: {plugin: late}, slower: {plugin: later}, flip: {plugin: twice, factor: -1}}
wires:
  - in -> slow -> slower -> out
  - in -> flip -> out
  - in -> slower
  - in -> flip
""".replace("  - in -> flip\n", "")
    )
    x = hiss(FRAMES)
    assert rack.latency == 107
    got = run(rack, FRAMES, audio=x)
    assert np.array_equal(got, late((x + x) + x * np.float32(-1), 107))


def test_a_pure_delay_against_the_dry_path_is_silence():
    rack = make("""
nodes: {slow: {plugin: late}, flip: {plugin: twice, factor: -1}}
wires:
  - in -> slow -> out
  - in -> flip -> out
""")
    assert not run(rack, FRAMES, audio=hiss(FRAMES)).any()


def test_every_output_is_equally_late_and_rendering_takes_it_off():
    rack = make("""
nodes: {slow: {plugin: late}}
wires:
  - in -> slow -> out
  - in -> out:dry
""")
    x = hiss(FRAMES)
    got = run(rack, FRAMES, audio=x, outs=["dry"])
    assert np.array_equal(got[:2], got[2:])
    assert np.array_equal(got[:2], late(x, 100))
    assert np.array_equal(rack.render(audio=x, tail=0, rate=48000), x)
    pieces = [piece.copy() for piece in rack.render_blocks(audio=x, tail=0.01, block=33, outputs=["dry"])]
    assert np.array_equal(np.concatenate(pieces, axis=1), np.pad(np.concatenate([x, x]), ((0, 0), (0, 480))))


def test_sidechain_and_modulation_are_aligned():
    rack = make("""
nodes: {slow: {plugin: late}, ring: {plugin: ring}, follow: {plugin: follow}, show: {plugin: reveal}, other: {plugin: ring}}
wires:
  - in -> slow -> ring -> out
  - in -> ring.sidechain
  - slow -> follow
  - in -> show -> out:shown
  - in -> other -> out:other
  - slow -> other.sidechain
modulation:
  - follow -> show.pitch [100 Hz]
""")
    x = np.full((2, FRAMES), 0.25, np.float32)
    x[:, ::3] = 0.5
    got = run(rack, FRAMES, audio=x, outs=["shown", "other"])
    assert np.array_equal(got[:2], late(x * x, 100))
    assert np.array_equal(got[4:6], late(x * x, 100))
    want = late(np.float32(100) + np.float32(100) * x, 100)[0]
    assert np.array_equal(got[2, 100:], want[100:])


def test_events_wait_for_the_sound_they_belong_to():
    from backline.sdk import NoteOn

    rack = make("""
nodes: {slow: {plugin: late}, follow: {plugin: follow}, glide: {plugin: hold}, keys: {plugin: hold}}
wires:
  - in -> slow -> follow
  - midi -> glide -> out
  - midi -> keys -> out:plain
modulation: ["follow -> glide.scale [1]"]
""")
    assert rack.latency == 100
    events = [NoteOn(50, 60, 0.5)]
    got = run(rack, 600, 37, events=events, outs=["plain"], audio=np.zeros((2, 600), np.float32))
    assert np.flatnonzero(got[2])[0] == 150
    assert np.flatnonzero(got[0])[0] == 150, "an instrument that waits for its modulation plays its notes as late"


def test_a_gesture_acts_on_late_sound_at_its_own_place():
    from backline.sdk import ControlChange

    rack = make("""
nodes: {slow: {plugin: late}, gain: {plugin: twice}}
wires: [in -> slow -> gain -> out]
controls: ["cc 7 -> gain.factor [0 .. 1]"]
""")
    x = np.ones((2, 1000), np.float32)
    for block in (7, 512):
        got = rack.render(audio=x, midi=_midi([(300, ControlChange(0, 7, 0.0))]), tail=0, block=block)
        assert np.array_equal(got[0], np.where(np.arange(1000) < 300, 1.0, 0.0)), block


def _midi(events):
    class Song:
        def events(self, rate):
            return events

        def tempo_frames(self, rate):
            return [(0, 0.0, 120.0)]

        def meter_frames(self, rate):
            return []

        def frames(self, rate):
            return max(frame for frame, _ in events)

    return Song()
