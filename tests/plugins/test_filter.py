"""Filter: its frequency response is that of the analogue prototype under the bilinear transform; switches do not click."""

from __future__ import annotations

import numpy as np
import pytest

from backline.sdk import ParameterChange
from backline.sdk.testing import check_plugin
from backline_plugins.effects.filter import NARROW, WIDE, Filter

RATE = 48000.0
LENGTH = 1 << 15
FREQUENCIES = np.fft.rfftfreq(LENGTH, 1 / RATE)
HEARD = (FREQUENCIES >= 20.0) & (FREQUENCIES <= 10000.0)


def prototype(mode: str, cutoff: float, damping: float) -> np.ndarray:
    """The response of one state-variable section."""
    s = 1j * np.tan(np.pi * FREQUENCIES / RATE) / np.tan(np.pi * cutoff / RATE)
    numerator = {"lowpass": 1.0 + 0 * s, "bandpass": damping * s, "highpass": s * s, "notch": 1.0 + s * s}[mode]
    return numerator / (s * s + damping * s + 1.0)


def dampings(mode: str, resonance: float, slope: str) -> list[float]:
    ringing = (1.0 - resonance) ** 2
    alone = (np.sqrt(2.0) - 0.02) * ringing + 0.02
    if slope == "12":
        return [alone]
    if mode in ("lowpass", "highpass"):
        return [WIDE, (NARROW - 0.02) * ringing + 0.02]
    return [alone, alone]


def response(**values) -> np.ndarray:
    plugin = Filter(RATE, LENGTH, channels=1)
    for name, value in values.items():
        setattr(plugin, name, value)
    impulse = np.zeros((1, LENGTH), np.float32)
    impulse[0, 0] = 1.0
    return np.fft.rfft(plugin.process_block([impulse], LENGTH)[0][0].astype(float))


def decibels(values: np.ndarray) -> np.ndarray:
    return 20.0 * np.log10(np.maximum(np.abs(values), 1e-9))


def test_keeps_the_rules_of_every_plugin():
    check_plugin(Filter)


@pytest.mark.parametrize("mode", ["lowpass", "bandpass", "highpass", "notch"])
@pytest.mark.parametrize("slope", ["12", "24"])
@pytest.mark.parametrize(("cutoff", "resonance"), [(80.0, 0.0), (1000.0, 0.0), (1000.0, 0.6), (7000.0, 0.3)])
def test_the_response_is_that_of_the_prototype(mode, slope, cutoff, resonance):
    wanted = np.prod([prototype(mode, cutoff, damping) for damping in dampings(mode, resonance, slope)], axis=0)
    got = response(mode=mode, cutoff=cutoff, resonance=resonance, slope=slope)
    compared = HEARD & (decibels(wanted) > -80.0)
    assert compared.sum() > 500
    assert np.abs(decibels(got) - decibels(wanted))[compared].max() < 0.1


@pytest.mark.parametrize("slope", ["12", "24"])
def test_flat_and_3_db_down_at_the_cutoff(slope):
    got = decibels(response(cutoff="1.5 kHz", slope=slope))
    assert got.max() < 0.01
    assert got[round(1500 * LENGTH / RATE)] == pytest.approx(-3.01, abs=0.05)
    octaves = got[round(3000 * LENGTH / RATE)] - got[round(6000 * LENGTH / RATE)]
    assert octaves == pytest.approx(float(slope), abs=1.5)


def test_drive_off_is_linear_and_drive_on_saturates():
    plugin = Filter(RATE, 4800, channels=1)
    plugin.cutoff = "20 kHz"
    tone = np.sin(2 * np.pi * 500 * np.arange(4800) / RATE)[None]
    soft = plugin.process_block([0.01 * tone], 4800)[0]
    plugin.reset()
    loud = plugin.process_block([2.0 * tone], 4800)[0]
    np.testing.assert_allclose(loud, soft * 200.0, atol=1e-4)
    plugin.drive = "24 dB"
    plugin.reset()
    driven = plugin.process_block([tone], 4800)[0]
    spectrum = np.abs(np.fft.rfft(driven[0, 2400:].astype(float)))
    assert spectrum[75] / spectrum[25] > 0.2, "a third harmonic"
    assert np.abs(driven).max() < 1.3, "full scale stays about where it is"


@pytest.mark.parametrize(("name", "value"), [("mode", "highpass"), ("mode", "notch"), ("slope", "24"), ("cutoff", "8 kHz")])
def test_a_switch_does_not_click(name, value):
    plugin = Filter(RATE, 9600, channels=1)
    tone = np.sin(2 * np.pi * 200 * np.arange(9600) / RATE)[None]
    change = ParameterChange(4800, name, float(plugin.parameters[name].parse(value)))
    (out,) = plugin.process_block([tone], 9600, [change])
    steady = np.abs(np.diff(out[0, 3000:4800], 2)).max()
    assert np.abs(np.diff(out[0, 4700:6000], 2)).max() < 20 * steady < 0.03
    assert np.abs(out[0, 7000:]).max() < 1.01
