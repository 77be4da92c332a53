from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pyebur128
import pytest
from numpy.typing import NDArray

from backline.formats.loudness import LoudnessMeter, integrated_loudness, measure, sample_peak_db, true_peak_db

Audio = NDArray[np.float64]
SECONDS = 4


def tone(frequency: float, level_db: float, rate: int, seconds: float = SECONDS, phase: float = 0.0) -> Audio:
    time = np.arange(round(seconds * rate)) / rate
    return 10 ** (level_db / 20) * np.sin(2 * np.pi * frequency * time + phase)


def reference(audio: Audio, rate: int) -> float:
    state = pyebur128.R128State(audio.shape[0], rate, pyebur128.MeasurementMode.MODE_I)
    state.add_frames(np.ascontiguousarray(audio.T).reshape(-1), audio.shape[1])
    return float(pyebur128.get_loudness_global(state))


SIGNALS: dict[str, Callable[[np.random.Generator, int], Audio]] = {
    "stereo tone": lambda noise, rate: np.stack([tone(997, -23, rate)] * 2),
    "mono bass": lambda noise, rate: tone(45, -10, rate)[None],
    "noise": lambda noise, rate: 0.1 * noise.standard_normal((2, SECONDS * rate)),
    "bursts and pauses": lambda noise, rate: (
        noise.standard_normal((2, SECONDS * rate)) * np.repeat(noise.random(SECONDS * 5) ** 6, rate // 5)
    ),
    "five channels": lambda noise, rate: 0.05 * noise.standard_normal((5, SECONDS * rate)),
    "loud, then under the gate": lambda noise, rate: np.concatenate([tone(1000, -10, rate), tone(1000, -40, rate)])[None],
}


@pytest.mark.parametrize("rate", [22050, 44100, 48000, 96000])
@pytest.mark.parametrize("name", SIGNALS)
def test_agrees_with_libebur128(name: str, rate: int, noise: np.random.Generator) -> None:
    audio = SIGNALS[name](noise, rate)
    assert integrated_loudness(audio, rate) == pytest.approx(reference(audio, rate), abs=0.01)


@pytest.mark.parametrize("rate", [44100, 48000])
@pytest.mark.parametrize("piece", [1, 777, 4410, 16384, 10**6])
def test_pieces_give_what_the_whole_gives(rate: int, piece: int, noise: np.random.Generator) -> None:
    audio = (0.1 * noise.standard_normal((2, rate + 7))).astype(np.float32)
    meter = LoudnessMeter(rate, 2)
    for start in range(0, audio.shape[1], piece):
        meter.feed(audio[:, start : start + piece])
    assert meter.lufs == pytest.approx(integrated_loudness(audio, rate), abs=1e-9)
    assert meter.sample_peak_db == sample_peak_db(audio)


def test_the_order_in_memory_does_not_matter(noise: np.random.Generator) -> None:
    audio = (0.1 * noise.standard_normal((2, 48000))).astype(np.float32)
    wide = np.concatenate([audio, audio], axis=1)
    for same in (np.asfortranarray(audio), audio.astype(np.float64), wide[:, :48000], audio[:, ::-1].copy()[:, ::-1]):
        assert integrated_loudness(same, 48000) == pytest.approx(integrated_loudness(audio, 48000), abs=1e-9)


def test_the_standards_own_example() -> None:
    """BS.1770-4: a 0 dB FS 997 Hz tone in one channel reads -3.01 LKFS."""
    assert integrated_loudness(tone(997, 0, 48000)[None], 48000) == pytest.approx(-3.01, abs=0.01)


def test_stereo_counts_twice_and_the_lfe_not_at_all() -> None:
    mono = tone(997, -20, 48000)
    silent = np.zeros_like(mono)
    assert integrated_loudness(np.stack([mono, mono]), 48000) == pytest.approx(-20.0, abs=0.01)
    assert integrated_loudness(np.stack([silent] * 3 + [mono] + [silent] * 2), 48000) == -math.inf


@pytest.mark.parametrize("audio", [np.zeros((2, 48000)), tone(997, -75, 48000)[None], tone(997, 0, 48000, 0.39)[None], np.zeros((2, 0))])
def test_silence_and_very_short_sounds_have_no_loudness(audio: Audio) -> None:
    assert integrated_loudness(audio, 48000) == -math.inf


def test_sample_peak() -> None:
    assert sample_peak_db(np.array([[0.1, -0.5], [0.2, 0.3]])) == pytest.approx(-6.0206, abs=1e-4)
    assert sample_peak_db(np.zeros((2, 10))) == -math.inf
    assert sample_peak_db(np.zeros((2, 0))) == -math.inf


@pytest.mark.parametrize("rate", [44100, 48000, 96000, 192000])
@pytest.mark.parametrize("part", [4, 6, 8, 16])
def test_true_peak_finds_what_lies_between_the_samples(rate: int, part: int) -> None:
    """A tone of rate / part whose samples miss its crests: the sample peak is too low, the true peak is right."""
    fade = np.minimum(1.0, np.arange(rate // 4) / 4000)
    audio = (tone(rate / part, -6, rate, 0.25, phase=math.pi * (0.5 + 1 / part)) * np.minimum(fade, fade[::-1]))[None]
    missed = 20 * math.log10(math.cos(math.pi / part))
    assert sample_peak_db(audio) == pytest.approx(-6 + missed, abs=0.01)
    assert true_peak_db(audio, rate) == pytest.approx(-6, abs=0.2)


@pytest.mark.parametrize("position", [0, 65_536 - 96, 65_536 - 48, 65_536 - 30, 65_536, 139_940])
def test_a_peak_is_found_wherever_it_lies(position: int) -> None:
    """Long audio is looked at in pieces; none of their edges hides a peak."""
    click = np.sinc(0.5 * (np.arange(-30, 30) - 0.5)) * np.hanning(60)
    audio = np.zeros((1, 140_000))
    audio[0, position : position + 60] = click
    assert sample_peak_db(audio) < -0.8
    assert true_peak_db(audio, 48000) == pytest.approx(0.0, abs=0.05)


def test_all_at_once() -> None:
    audio = np.stack([tone(997, -20, 48000)] * 2)
    found = measure(audio, 48000)
    assert (found.lufs, found.sample_peak_db, found.true_peak_db) == pytest.approx((-20, -20, -20), abs=0.02)
