"""Mixer: every input has its own level, place and mute, and the output is their sum."""

from __future__ import annotations

import math

import numpy as np
import pytest

from backline.sdk import ParameterChange
from backline.sdk.testing import check_plugin
from backline_plugins.effects.mixer import STRIPS, Mixer


def inputs(noise, frames=64):
    return [noise.uniform(-0.1, 0.1, (2, frames)).astype(np.float32) for _ in STRIPS]


def silence(frames=64):
    return [np.zeros((2, frames), np.float32) for _ in STRIPS]


def test_keeps_the_rules_of_every_plugin():
    check_plugin(Mixer)


def test_has_eight_stereo_inputs_with_names():
    assert [(port.name, port.channels) for port in Mixer.inputs] == [(f"in_{number}", 2) for number in range(1, 9)]


def test_untouched_it_adds_up(noise):
    given = inputs(noise)
    (out,) = Mixer().process_block(given, 64)
    np.testing.assert_allclose(out, np.sum(given, axis=0), atol=1e-6)


@pytest.mark.parametrize("number", STRIPS)
def test_each_input_has_its_own_knobs(number, noise):
    given = silence()
    given[number - 1] = inputs(noise)[0]
    plugin = Mixer()
    plugin.set_parameter(f"level_{number}", -9.0)
    plugin.set_parameter(f"pan_{number}", 0.5)
    (out,) = plugin.process_block(given, 64)
    factors = 10 ** (-9 / 20) * math.sqrt(2) * np.array([[math.cos(0.375 * math.pi)], [math.sin(0.375 * math.pi)]])
    np.testing.assert_allclose(out, given[number - 1] * factors, rtol=1e-6, atol=1e-9)
    plugin.set_parameter(f"mute_{number}", 1.0)
    plugin.reset()
    assert not plugin.process_block(given, 64)[0].any()


def test_a_mute_closes_and_opens_without_a_click():
    given = silence(1024)
    given[2][:] = 1.0
    (out,) = Mixer(48000.0, 1024).process_block(given, 1024, [ParameterChange(100, "mute_3", 1.0), ParameterChange(600, "mute_3", 0.0)])
    np.testing.assert_allclose(out[:, [0, 99, 341, 599, 841, 1023]], [[1, 1, 0, 0, 1, 1]] * 2, atol=1e-6)
    assert np.abs(np.diff(out)).max() < 0.005


def test_the_lowest_level_is_silence(noise):
    plugin = Mixer()
    for number in STRIPS:
        plugin.set_parameter(f"level_{number}", -96.0)
    assert not plugin.process_block(inputs(noise), 64)[0].any()
