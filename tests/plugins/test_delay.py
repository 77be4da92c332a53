"""Delay: echoes on the very sample, in time with the song, and a change of time that bends instead of clicking."""

from __future__ import annotations

import numpy as np
import pytest

from backline.sdk import ParameterChange, Transport
from backline.sdk.testing import check_plugin
from backline_plugins.effects.delay import Delay

RATE = 48000.0


def plain(rate=RATE, block=60000, **values) -> Delay:
    """A delay without colour: no damping, only echoes."""
    plugin = Delay(rate, block)
    for name, value in {"damping": 0.0, "wet": 1.0, "feedback": 0.5, **values}.items():
        setattr(plugin, name, value)
    plugin.reset()
    return plugin


def impulse(frames: int, left=1.0, right=0.0) -> np.ndarray:
    x = np.zeros((2, frames), np.float32)
    x[:, 0] = left, right
    return x


def hits(channel: np.ndarray) -> dict[int, float]:
    return {int(frame): pytest.approx(float(channel[frame]), rel=1e-6) for frame in np.flatnonzero(channel)}


def test_keeps_the_rules_of_every_plugin():
    check_plugin(Delay)


@pytest.mark.parametrize("rate", [44100.0, 48000.0, 96000.0])
@pytest.mark.parametrize(("time", "seconds"), [("1 ms", 0.001), ("350 ms", 0.35), ("123.4 ms", 0.1234)])
def test_echoes_stand_on_their_sample_and_nowhere_else(rate, time, seconds):
    frames = round(seconds * rate)
    (out,) = plain(rate, 3 * 33601, time=time).process_block([impulse(3 * frames + 1)], 3 * frames + 1)
    assert hits(out[0]) == {frames: 1.0, 2 * frames: 0.5, 3 * frames: 0.25}
    assert not out[1].any()


@pytest.mark.parametrize(("time", "beats"), [("1/8D", 0.75), ("1/4", 1.0), ("1/8T", 1 / 3), ("1/16", 0.25)])
@pytest.mark.parametrize("tempo", [120.0, 97.5])
def test_note_lengths_follow_the_tempo(time, beats, tempo):
    frames = round(beats * 60 / tempo * RATE)
    (out,) = plain(time=time).process_block([impulse(frames + 10)], frames + 10, transport=Transport(RATE, tempo))
    # The plugin learns the tempo with the first block; it glides only from a tempo that was heard.
    assert hits(out[0]) == {frames: 1.0}


def test_the_balance_is_linear():
    (out,) = plain(time="10 ms", wet=0.35, feedback=0.0).process_block([impulse(1000)], 1000)
    assert hits(out[0]) == {0: 0.65, 480: 0.35}


def test_ping_pong_goes_from_side_to_side():
    (out,) = plain(time="10 ms", ping_pong=True).process_block([impulse(2000, 0.5, 0.5)], 2000)
    assert hits(out[0]) == {480: 0.5, 1440: 0.125}
    assert hits(out[1]) == {960: 0.25, 1920: 0.0625}


def test_damping_makes_each_echo_darker():
    (out,) = plain(time="10 ms", damping=0.5, feedback=0.9).process_block([impulse(2000)], 2000)
    spectra = [np.abs(np.fft.rfft(out[0, at : at + 400].astype(float))) for at in (480, 960, 1440)]
    brightness = [spectrum[100] / spectrum[0] for spectrum in spectra]  # 12 kHz against 0 Hz
    assert brightness[0] > 2 * brightness[1] > 4 * brightness[2]
    assert [spectrum[0] for spectrum in spectra] == pytest.approx([1.0, 0.9, 0.81], abs=1e-3)


@pytest.mark.parametrize(("before", "after"), [("100 ms", "250 ms"), ("250 ms", "40 ms"), ("1/4", "1/8")])
def test_a_change_of_time_bends_the_pitch_and_does_not_click(before, after):
    plugin = plain(time=before, feedback=0.0, block=120000)
    tone = np.tile(np.sin(2 * np.pi * 300 * np.arange(120000) / RATE), (2, 1))
    steady = 2 * np.pi * 300 / RATE
    plugin.process_block([tone[:, :48000]], 48000)
    plugin.time = after
    (out,) = plugin.process_block([tone[:, 48000:]], 72000)
    assert np.abs(np.diff(out[0])).max() < 1.8 * steady, "never more than 175 % of its speed"
    assert np.abs(np.diff(out[0], 2)).max() < 4 * steady**2 + 0.03
    wanted = int(plugin.parameters["time"].resolve(plugin.parameter_target("time"), 120.0) * RATE + 0.5)
    np.testing.assert_allclose(out[0, 60000:], tone[0, 48000 + 60000 - wanted : 120000 - wanted], atol=1e-6)


def test_the_tail_is_as_long_as_the_echoes():
    assert plain(time="100 ms", feedback=0.0).tail == pytest.approx(0.2)
    assert plain(time="100 ms", feedback=0.5).tail == pytest.approx(1.9), "100 dB are 16.6 halvings"


def test_a_switch_to_ping_pong_does_not_click():
    plugin = plain(time="10 ms", feedback=0.0, block=9600)
    tone = np.stack([np.sin(2 * np.pi * 200 * np.arange(9600) / RATE), np.zeros(9600)])
    (out,) = plugin.process_block([tone], 9600, [ParameterChange(4800, "ping_pong", 1.0)])
    assert np.abs(np.diff(out)).max() < 0.04
