"""Pan: the law of constant power, for mono and stereo, and the width."""

from __future__ import annotations

import math

import numpy as np
import pytest

from backline.sdk.testing import check_plugin
from backline_plugins.effects.pan import Pan

POSITIONS = [-1.0, -0.7, -0.25, 0.0, 0.1, 0.5, 1.0]


def panned(x, position=0.0, width=1.0):
    plugin = Pan(48000.0, 64, channels=len(x))
    plugin.position, plugin.width = position, width
    return plugin.process_block([np.array(x, np.float32)], len(x[0]))[0].astype(float)


def test_keeps_the_rules_of_every_plugin():
    check_plugin(Pan)


@pytest.mark.parametrize("position", POSITIONS)
def test_a_mono_signal_keeps_its_power_everywhere(position):
    left, right = panned([[0.5, -1.0]], position)
    angle = (position + 1.0) * math.pi / 4.0
    np.testing.assert_allclose(left, np.array([0.5, -1.0]) * math.cos(angle), atol=1e-7)
    np.testing.assert_allclose(right, np.array([0.5, -1.0]) * math.sin(angle), atol=1e-7)
    np.testing.assert_allclose(left**2 + right**2, [0.25, 1.0], rtol=1e-6)


def test_a_mono_signal_in_the_middle_is_3_db_softer_on_each_side():
    left, right = panned([[1.0]])
    assert 20 * math.log10(left[0]) == pytest.approx(-3.0103, abs=1e-4)
    assert left[0] == right[0]


@pytest.mark.parametrize("position", POSITIONS)
def test_a_stereo_signal_keeps_its_power(position):
    left, right = panned([[1.0, 0.0], [0.0, 1.0]], position)
    assert left[0] ** 2 + right[1] ** 2 == pytest.approx(2.0, rel=1e-6)
    assert right[0] == 0.0
    assert left[1] == 0.0


def test_a_stereo_signal_in_the_middle_passes_unchanged(noise):
    x = noise.uniform(-1, 1, (2, 64)).astype(np.float32)
    np.testing.assert_allclose(panned(x), x, rtol=2e-7)


def test_a_side_is_reached_exactly():
    left, right = panned([[0.5], [0.25]], 1.0)
    assert abs(left[0]) < 1e-9
    assert right[0] == pytest.approx(0.25 * math.sqrt(2.0), rel=1e-6)


@pytest.mark.parametrize(("width", "wanted"), [(0.0, (0.3, 0.3)), (0.5, (0.45, 0.15)), (1.0, (0.6, 0.0)), (2.0, (0.9, -0.3))])
def test_the_width_scales_the_difference_and_keeps_the_sum(width, wanted):
    np.testing.assert_allclose(panned([[0.6], [0.0]], 0.0, width)[:, 0], wanted, atol=1e-6)
