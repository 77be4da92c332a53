"""32-bit kernels: arithmetic stays float32, and what is computed stays what the author wrote."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backline.sdk import Instrument, NoteOff, NoteOn, Phase, State, dsp
from backline.sdk.dsp import Array, Precise
from backline.sdk.kernels import cache, generate
from backline.sdk.kernels.source import collect

RATE = 48000.0


def text_of(function: Callable[..., Any]) -> str:
    return collect(function, narrow=True).text()


def literals(x):
    return x * 0.5 + 2 - 1.5 / x


def whole_numbers(x, count: int):
    return x * count + count // 2


def shifted(position: Precise, x):
    return position + 0.25, x + 0.25


def chosen(x, y):
    return 1 if x > y else 0.5


def twice(x):
    doubled = x
    doubled *= 2
    doubled += 0.25
    return doubled


def looped(line: Array, count: int):
    total = 0.0
    for index in range(count):
        total += line[index] * 0.5
    return total


def by_keyword(x):
    return dsp.clip(x, low=0.0, high=1)


def test_literals_and_whole_numbers_are_rounded_to_float32() -> None:
    text = text_of(literals)
    assert not re.search(r"(?<!f4\()\b\d+\.\d", text), text
    assert "f4(2)" in text


def test_whole_numbers_among_themselves_stay_whole() -> None:
    assert "f4(count) + f4(count // 2)" in text_of(whole_numbers) or "f4(count // 2)" in text_of(whole_numbers)


def test_precise_values_keep_their_literals_exact() -> None:
    text = text_of(shifted)
    assert "position + 0.25" in text
    assert "x + f4(0.25)" in text


@pytest.mark.parametrize("function", [chosen, twice, by_keyword])
def test_every_way_to_write_a_number_is_rounded(function: Callable[..., Any]) -> None:
    text = text_of(function)
    for literal in re.findall(r"(?<![\w.])\d+(?:\.\d+)?(?![\w.])", text):
        assert f"f4({literal})" in text, text


def test_arrays_are_read_as_they_are() -> None:
    text = text_of(looped)
    assert "line[index] * f4(0.5)" in text
    assert "range(count)" in text


# -- against ordinary Python -------------------------------------------------------------------------------------------------------


class Long(Instrument):
    """A voice long enough to be cut into stages: two oscillators, two filters, an envelope, a shaper."""

    first_phase = Phase()
    second_phase = Phase()
    level = State(0.0, life=True)
    stage = State(0.0)
    a = State(0.0)
    b = State(0.0)
    c = State(0.0)
    d = State(0.0)

    def sample(first_phase, second_phase, level, stage, a, b, c, d, pitch_hz, gate, velocity, dt):
        step = pitch_hz * dt
        other = step * 1.5
        level, stage = dsp.adsr(level, stage, gate, 0.01, 0.2, 0.5, 0.05, dt)
        mixed = dsp.saw(first_phase, step) + 0.5 * dsp.pulse(second_phase, other, 0.3)
        cutoff = 300.0 + 4000.0 * level
        low, _, _, a, b = dsp.svf(mixed, a, b, cutoff, 0.8, dt)
        _, band, _, c, d = dsp.svf(low, c, d, cutoff * 1.2, 1.0, dt)
        sound = dsp.tanh_fast(2.0 * low + band)
        return sound * level * velocity, step, other, level, stage, a, b, c, d


def played(plugin: Instrument, frames: int = 4096) -> np.ndarray:
    return plugin.process_block(frames=frames, events=[NoteOn(7, 60, 0.5), NoteOff(3000, 60)])[0][0]


def reference(frames: int = 4096) -> np.ndarray:
    """The same voice as ordinary Python, in float64, frame by frame."""
    found = np.zeros(frames)
    phases, state = [0.0, 0.0], [0.0] * 6
    for frame in range(7, frames):
        gate = 1.0 if frame < 3000 else 0.0
        given = (*phases, *state, 261.6255653005986, gate, 0.5, 1.0 / RATE)
        sound, step, other, *state = Long.sample(*given)  # type: ignore[misc, arg-type]
        phases = [(phases[0] + step) % 1.0, (phases[1] + other) % 1.0]
        found[frame] = sound
    return found


def test_a_voice_kernel_is_the_function_in_float32() -> None:
    sound = played(Long(RATE, 4096))
    assert np.abs(sound).max() > 0.1
    error = sound - reference()
    assert np.sqrt(np.mean(np.square(error))) < 1.5e-4
    assert np.abs(error).max() < 2e-3, "at the steps of the oscillators a 24-bit phase shows"


def test_a_function_cut_into_stages_is_the_whole_function(monkeypatch: pytest.MonkeyPatch) -> None:
    cut = played(Long(RATE, 4096))
    text = generate.kernel_text(Long.sample_function(), Long.binding)  # type: ignore[arg-type]
    monkeypatch.setattr(generate, "cut", lambda *_: None)
    whole_text = generate.kernel_text(Long.sample_function(), Long.binding)  # type: ignore[arg-type]
    assert "stage_1" in text
    assert "stage_1" not in whole_text
    monkeypatch.setattr(cache, "_loaded", {})
    monkeypatch.setattr(cache, "read", lambda key: None)
    monkeypatch.setattr(cache, "write", lambda *_: None)
    whole = played(Long(RATE, 4096))
    assert np.abs(whole).max() > 0.1
    assert np.abs(whole - cut).max() < 1e-4


def test_every_lane_computes_the_same() -> None:
    plugin = Long(RATE, 2048)
    alone = plugin.process_block(frames=2048, events=[NoteOn(7, 60, 0.5)])[0][0]
    plugin.reset()
    together = plugin.process_block(frames=2048, events=[NoteOn(7, 60, 0.5) for _ in range(40)])[0][0]
    assert together == pytest.approx(40.0 * alone, abs=2e-4)
