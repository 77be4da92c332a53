"""Gain: exact factors, silence at the bottom, the phase turned over without a click."""

from __future__ import annotations

import numpy as np
import pytest

from backline.sdk import ParameterChange
from backline.sdk.testing import check_plugin
from backline_plugins.effects.gain import Gain


def test_keeps_the_rules_of_every_plugin():
    check_plugin(Gain)


@pytest.mark.parametrize("level", [-95.9, -60.0, -12.0, -6.0, -0.1, 0.0, 3.0, 24.0])
@pytest.mark.parametrize("channels", [1, 2, 6])
def test_the_factor_is_exact(level, channels, noise):
    plugin = Gain(48000.0, 256, channels=channels)
    plugin.level = level
    x = noise.uniform(-1, 1, (channels, 256)).astype(np.float32)
    (out,) = plugin.process_block([x], 256)
    np.testing.assert_allclose(out, x * 10.0 ** (level / 20.0), rtol=5e-7)


def test_nothing_to_do_changes_no_bit(noise):
    x = noise.uniform(-1, 1, (2, 256)).astype(np.float32)
    assert np.array_equal(Gain().process_block([x], 256)[0], x)


def test_the_lowest_value_is_silence(noise):
    plugin = Gain()
    plugin.level = "-96 dB"
    assert not plugin.process_block([noise.uniform(-1, 1, (2, 256))], 256)[0].any()


def test_the_phase_is_turned_over_within_5_ms_without_a_click():
    plugin = Gain(48000.0, 1024, channels=1)
    (out,) = plugin.process_block([np.ones((1, 1024))], 1024, [ParameterChange(100, "invert", 1.0)])
    assert np.array_equal(out[0, :100], np.ones(100))
    assert np.array_equal(out[0, 340:], -np.ones(684)), "5 ms are 240 frames"
    assert np.abs(np.diff(out[0])).max() < 0.01
    plugin.reset()
    assert np.array_equal(plugin.process_block([np.ones((1, 8))], 8)[0][0], -np.ones(8)), "from the start, it is simply turned over"


def test_a_sample_is_plain_python():
    assert Gain.sample(0.5, -1.0, level=0.0, invert=1, dt=1 / 48000) == (-0.5, 1.0)
