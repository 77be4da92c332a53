"""Block functions: every kind of argument, several ports, and the promises all kernels make."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backline.sdk import (
    DelayLine,
    Effect,
    KernelError,
    Memory,
    Modulator,
    NoteOn,
    Param,
    ParameterChange,
    Port,
    State,
    Table,
    Transport,
    dsp,
)


class Everything(Effect):
    """Names one of each: two inputs, two outputs, rows, a stepped value, a state, memories, a table, a meter and time."""

    inputs = (Port("in"), Port("key", 1))
    outputs = (Port("out"), Port("copy", 1))
    level = Param(1.0, 0.0, 2.0, smoothing="10 ms")
    hops = Param(2, 1, 8)
    loudest = Param(0.0, output=True)
    total = State(0.5)
    spare = Memory(3)
    line = DelayLine("10 ms")
    shape = Table()

    def prepare(self):
        self.set_table("shape", np.array([0.25, 4.0]))

    def block(x, key, out, copy, level, hops, loudest, total, spare, line, shape, sample_rate, dt, frames):
        for channel in range(x.shape[0]):
            for i in range(frames):
                total[channel] += abs(x[channel, i])
                loudest[channel] = max(loudest[channel], abs(x[channel, i]))
                dsp.delay_write(line[channel], x[channel, i])
                spare[channel, 1] = total[channel]
                late = dsp.delay_read_whole(line[channel], hops)
                out[channel, i] = late * level[i] * shape[1] + key[0, i] + spare[channel, 1] * sample_rate * dt * shape[0]
        for i in range(frames):
            copy[0, i] = key[0, i] * 2.0


def everything_by_hand(x: np.ndarray, key: np.ndarray, level: float, hops: int) -> np.ndarray:
    late = np.concatenate([np.zeros((len(x), hops)), x[:, :-hops]], axis=1)
    return late * level * 4.0 + key + 0.25 * (0.5 + np.cumsum(np.abs(x), axis=1))


def test_every_kind_of_argument_arrives(noise):
    plugin = Everything(48000.0, 256, channels=3)
    x, key = noise.uniform(-1, 1, (3, 256)).astype(np.float32), noise.uniform(-1, 1, (1, 256)).astype(np.float32)
    out, copy = plugin.process_block([x, key], 256)
    np.testing.assert_allclose(out, everything_by_hand(x, key, 1.0, 2), rtol=2e-6, atol=1e-5)
    assert np.array_equal(copy, key * 2.0)
    assert plugin.loudest == np.abs(x).max()
    plugin.set_parameter("hops", 5.0)
    plugin.set_parameter("level", 0.5, smooth=False)
    plugin.reset()
    np.testing.assert_allclose(plugin.process_block([x, key], 256)[0], everything_by_hand(x, key, 0.5, 5), rtol=2e-6, atol=1e-5)


def test_a_parameter_glides_sample_by_sample():
    plugin = Everything(48000.0, 1024, channels=1)
    plugin.compute(0)
    ones = np.ones((1, 1024), np.float32)
    silence = np.zeros((1, 1024), np.float32)
    plugin.process_block([silence, silence], 1024)
    before = plugin._state[0, 0]
    (out, _) = plugin.process_block([ones, silence], 1024, [ParameterChange(100, "level", 0.0)])
    level = (out[0] - 0.25 * (before + np.arange(1, 1025))) / 4.0
    assert level[50] == pytest.approx(1.0, abs=1e-5)
    assert level[100 + 239] == pytest.approx(0.5, abs=1e-3), "half way after half of 10 ms"
    assert level[100 + 480] == pytest.approx(0.0, abs=1e-4)


@given(st.lists(st.integers(1, 300), min_size=1, max_size=8), st.integers(0, 900))
def test_blocks_can_be_split_anywhere(sizes, change):
    random = np.random.default_rng(4)
    x, key = random.uniform(-1, 1, (2, 1000)).astype(np.float32), random.uniform(-1, 1, (1, 1000)).astype(np.float32)
    whole = Everything(48000.0, 1000).process_block(
        [x, key], 1000, [ParameterChange(change, "level", 0.1), ParameterChange(change, "hops", 7)]
    )
    plugin, at, parts = Everything(48000.0, 1000), 0, []
    for size in [*sizes, 1000]:
        end = min(at + size, 1000)
        events = [ParameterChange(change - at, "level", 0.1), ParameterChange(change - at, "hops", 7)] if at <= change < end else []
        parts.append(plugin.process_block([x[:, at:end], key[:, at:end]], end - at, events))
        at = end
    for port in (0, 1):
        assert np.array_equal(np.concatenate([part[port] for part in parts], axis=1), whole[port])


def test_what_is_not_a_number_does_not_leave_and_does_not_stay(noise):
    plugin = Everything(48000.0, 64)
    x, key = noise.uniform(-1, 1, (2, 64)).astype(np.float32), np.zeros((1, 64), np.float32)
    fresh = plugin.process_block([x, key], 64)[0]
    broken = x.copy()
    broken[1, 20] = np.nan
    assert np.isfinite(plugin.process_block([broken, key], 64)[0]).all()
    assert plugin.faults == 1
    assert np.array_equal(plugin.process_block([x, key], 64)[0], fresh), "states and memories are as after reset"


class Counter(Modulator):
    """Shows what a modulator's block function hears."""

    rate = Param("2 Hz", "0.1 Hz", "20 Hz", synced=True)

    def block(out, rate, rate_beats, notes, key, frames):
        for i in range(frames):
            out[0, i] = notes + key * 0.001 + rate_beats * 100.0 + rate[i] * 0.0


def test_a_modulator_hears_notes_and_note_lengths():
    plugin = Counter(48000.0, 64)
    (out,) = plugin.process_block(frames=64, events=[NoteOn(10, 60), NoteOn(30, 61)])
    np.testing.assert_allclose(out[0, [9, 10, 29, 30]], [0.0, 1.060, 1.060, 2.061], atol=1e-6)
    plugin.rate = "1/8D"
    plugin.reset()
    assert plugin.process_block(frames=1)[0][0, 0] == pytest.approx(75.0), "three quarters of a beat, and no note yet"


def test_a_synced_row_follows_the_tempo():
    plugin = Counter(48000.0, 64)
    plugin.rate = "1/4"
    plugin.follow(Transport(48000.0, 90.0))
    assert plugin.rate == pytest.approx(1.5)


def broken_class(function, **declared):
    return type("Broken", (Effect,), {"block": function, "__doc__": "Broken.", **declared})


def test_mistakes_are_named_in_one_line():
    def returns(x, out, frames):
        return x

    with pytest.raises(KernelError, match="fills its output arrays and returns nothing"):
        broken_class(returns)

    def unknown(x, out, colour, frames):
        out[0, 0] = colour

    with pytest.raises(KernelError, match="'colour' is neither a parameter, a state, a port nor a time value"):
        broken_class(unknown)()

    def library(x, out, frames):
        out[:] = np.fft.rfft(x)

    with pytest.raises(KernelError, match="np.fft.rfft"):
        broken_class(library)()
