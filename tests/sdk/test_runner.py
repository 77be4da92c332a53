"""The native runner: many kernels in one call, and the caller's floating-point mode as it was."""

from __future__ import annotations

import numpy as np
import pytest

from backline.sdk import Effect, State
from backline.sdk.kernels.loader import runner

RATE = 48000.0


class Decay(Effect):
    """Falls by a tenth every sample: soon smaller than any normal float."""

    level = State(1.0)

    def sample(x, level):
        return 1e-30 * level + 0.0 * x, level * 0.9


class Plus(Effect):
    """One more."""

    def sample(x):
        return x + 1.0


def denormals_work() -> bool:
    tiny = np.full(4, 1e-38, np.float32)
    return bool(np.all(tiny * np.float32(0.01) > 0.0))


def test_denormals_are_flushed_inside_and_the_callers_mode_comes_back() -> None:
    assert denormals_work()
    plugin = Decay(RATE, 512)
    (out,) = plugin.process_block([np.zeros((2, 512), np.float32)], 512)
    assert denormals_work()
    assert np.all((out == 0.0) | (out >= np.finfo(np.float32).tiny))
    assert out[0, 0] > 0.0
    assert out[0, -1] == 0.0


def chain(count: int) -> tuple[np.ndarray, list[Plus], np.ndarray]:
    """`count` plugins in a row on shared buffers, as one table."""
    buffers = [np.zeros((2, 64), np.float32) for _ in range(count + 1)]
    plugins = [Plus(RATE, 64) for _ in range(count)]
    for plugin, source, target in zip(plugins, buffers, buffers[1:], strict=False):
        plugin.connect([source], [target])
    table = np.array([step for plugin in plugins for step in plugin.kernel_steps], np.int64)
    return table, plugins, np.stack(buffers)[0:0] if count == 0 else buffers[-1]


@pytest.mark.parametrize("count", [0, 1, 2, 64])
def test_a_table_runs_in_order_as_one_call(count: int) -> None:
    table, plugins, last = chain(count)
    runner()(table.ctypes.data, len(table), 0, 64)
    if count:
        assert np.all(last == float(count))
    assert len(plugins) == count


def test_only_the_asked_frames_are_computed() -> None:
    table, plugins, last = chain(2)
    runner()(table.ctypes.data, len(table), 10, 20)
    assert np.flatnonzero(last[0]).tolist() == list(range(10, 20))
    assert plugins
    runner()(table.ctypes.data, 0, 0, 64)
    runner()(table.ctypes.data, len(table), 30, 30)
    assert np.count_nonzero(last[0]) == 10


def test_there_is_one_runner() -> None:
    assert runner() is runner()
