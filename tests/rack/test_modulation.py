"""Modulation wires: how far, how often, and that neither depends on blocks."""

from __future__ import annotations

import numpy as np
import pytest

from backline.sdk import ControlChange
from rack.support import hiss, make, run

FRAMES = 1000
RAMP = np.arange(FRAMES) / 1024.0


def shown(wire: str, base: str = "pitch: 100 Hz") -> np.ndarray:
    """What `pitch` and `plain` of the plugin `reveal` become under a modulation from a ramp."""
    rack = make(f"""
nodes: {{ramp: {{plugin: ramp}}, show: {{plugin: reveal, {base}}}}}
wires: [in -> show -> out]
modulation: ["ramp -> show.{wire}"]
""")
    return run(rack, FRAMES, 100)


@pytest.mark.parametrize(
    ("depth", "want"),
    [
        ("2 oct", 100 * 2 ** (2 * RAMP)),
        ("-1 oct", 100 * 2**-RAMP),
        ("7 st", 100 * 2 ** (7 / 12 * RAMP)),
        ("50 ct", 100 * 2 ** (0.5 / 12 * RAMP)),
        ("500 Hz", 100 + 500 * RAMP),
        ("0.1 kHz", 100 + 100 * RAMP),
        ("-90 Hz", 100 - 90 * RAMP),
        ("50 %", 100 * 10000 ** (0.5 * RAMP)),
        ("-300 Hz", np.maximum(100 - 300 * RAMP, 1.0)),
        ("20 kHz", np.minimum(100 + 20000 * RAMP, 10000.0)),
    ],
)
def test_depths_have_units_and_arrive_sample_by_sample(depth, want):
    np.testing.assert_allclose(shown(f"pitch [{depth}]")[0], want, rtol=3e-7)


@pytest.mark.parametrize(("depth", "scale"), [("10 %", 20.0), ("3", 3.0), ("-50", -50.0)])
def test_what_is_not_smoothed_follows_on_the_grid(depth, scale):
    held = np.repeat(RAMP[::64], 64)[:FRAMES]
    want = np.clip((20.0 if depth == "10 %" else scale) * held, -100, 100)
    np.testing.assert_allclose(shown(f"plain [{depth}]", "plain: 0")[1], want, rtol=1e-6)


@pytest.mark.parametrize(
    ("parameter", "depth", "want"),
    [("share", "35 %", 0.35), ("level", "6 dB", 6.0), ("level", "50 %", 36.0), ("shift", "7 st", 7.0), ("factor", "25 %", 4.0)],
)
def test_a_depth_in_the_parameters_own_unit(parameter, depth, want):
    rack = make(f"""
nodes: {{ramp: {{plugin: ramp}}, a: {{plugin: glide}}}}
wires: [in -> a -> out]
modulation: ["ramp -> a.{parameter} [{depth}]"]
""")
    assert rack.engine.graph.modulation[0].depth.amount == pytest.approx(want)
    assert not rack.engine.graph.modulation[0].depth.octaves


def test_control_rate_moves_on_the_grid_and_glides():
    fast = shown("pitch [100 Hz]")[0]
    slow = shown("pitch [100 Hz] rate control")[0]
    assert not np.array_equal(fast, slow)
    assert np.abs(fast - slow).max() < 100 * (480 + 64) / 1024 + 1
    steps = np.diff(slow)
    assert np.abs(np.diff(steps)[np.arange(1, FRAMES - 1) % 64 != 0][:800]).max() < 0.1, "the slope changes on the grid alone"


def test_several_modulators_add_up():
    rack = make("""
nodes: {ramp: {plugin: ramp}, other: {plugin: ramp}, show: {plugin: reveal, pitch: 100 Hz}}
wires: [in -> show -> out]
modulation: ["ramp -> show.pitch [1 oct]", "other -> show.pitch [10 Hz]", "ramp -> show.plain [4]", "other -> show.plain [6]"]
""")
    got = run(rack, FRAMES)
    np.testing.assert_allclose(got[0], 100 * 2**RAMP + 10 * RAMP, rtol=3e-7)
    np.testing.assert_allclose(got[1], np.repeat(10 * RAMP[::64], 64)[:FRAMES], rtol=1e-6)


def test_sound_modulates():
    rack = make("""
nodes: {half: {plugin: twice, factor: 0.5}, a: {plugin: glide, factor: 1}}
wires: [in -> half, in -> a -> out]
modulation: ["half -> a.factor [2]"]
""")
    x = hiss(FRAMES)
    np.testing.assert_allclose(run(rack, FRAMES, audio=x), x * (1 + x[0]), rtol=1e-6, atol=1e-7)


@pytest.mark.parametrize("rate", ["", " rate control"])
def test_a_gesture_moves_what_modulation_swings_around_whatever_the_block(rate):
    rack = make(f"""
nodes: {{ramp: {{plugin: ramp}}, show: {{plugin: reveal, pitch: 100 Hz}}}}
wires: [in -> show -> out]
modulation: ["ramp -> show.pitch [1 oct]{rate}", "ramp -> show.plain [1]"]
controls: ["cc 1 -> show.pitch [100 Hz .. 1 kHz]", "cc 1 -> show.plain [0 .. 100]"]
""")
    events = [ControlChange(100, 1, 1.0), ControlChange(200, 1, 0.5), ControlChange(256, 1, 0.25), ControlChange(500, 1, 0.0)]
    results = []
    for block in (1, 7, 64, 441, 512):
        rack.engine.take_back()
        rack.reset()
        results.append(run(rack, FRAMES, block, events=events))
    for other in results[1:]:
        assert np.array_equal(other, results[0])
    plain = results[0][1]
    assert plain[127] == pytest.approx(64 / 1024), "what came after a point of the grid waits for the next"
    assert plain[128] == pytest.approx(100, abs=0.2)
    assert plain[256] == pytest.approx(25 + 256 / 1024)


def test_the_base_can_be_set_by_hand_and_is_shown_without_modulation():
    rack = make("""
nodes: {ramp: {plugin: ramp}, show: {plugin: reveal}}
wires: [in -> show -> out]
modulation: ["ramp -> show.plain [1]"]
""")
    rack["show"].plain = 7
    assert run(rack, 64)[1, 0] == 7.0
    run(rack, 512)
    assert rack["show"].plain == 7
    assert rack["show"].state()["plain"] == "7"
    rack.engine.replan()
    assert run(rack, 64)[1, 63] == pytest.approx(7 + 576 / 1024)


def test_an_lfo_moves_a_parameter_of_pedalboard_on_the_grid():
    rack = make("""
nodes: {lfo: {plugin: lfo, rate: 20 Hz, shape: square}, gain: {plugin: pedalboard.Gain, gain_db: 0}}
wires: [in -> gain -> out]
modulation: ["lfo -> gain.gain_db [6 dB]"]
""")
    results = []
    for block in (64, 441, 512):
        results.append(rack.render(audio=np.full((2, 6000), 0.1, np.float32), tail=0, block=block))
    assert np.array_equal(results[0], results[1])
    assert np.array_equal(results[0], results[2])
    assert results[0][0, 1000] == pytest.approx(0.1 * 10**0.3, rel=1e-3)
    assert results[0][0, 2300] == pytest.approx(0.1 * 10**-0.3, rel=1e-3)
    assert rack["gain"].gain_db == 0
