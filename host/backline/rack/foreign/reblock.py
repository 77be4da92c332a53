"""A queue around plugins that give back fewer frames than they get, or whose sound follows the block size.

This module feeds blocks of one fixed size and hands out exactly what is asked for, always equally late. It does not know what
stands inside.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from backline.rack.foreign.base import GRID, Audio

QUANTUM = GRID


class Reblocker:
    """Feeds `run` with `(channels, quantum)` and gives every caller a full block, `latency` frames late.

    `run` may return fewer frames than it got, or none; over time it may owe at most `debt` frames. `before(offset)` is called
    ahead of each quantum, with its start relative to the caller's block (often negative).
    """

    def __init__(
        self, channels: int, debt: int, run: Callable[[Audio], Audio], before: Callable[[int], None], quantum: int = QUANTUM
    ) -> None:
        self.latency = quantum - 1 + debt
        self._quantum = quantum
        self.underruns = 0
        self._run = run
        self._before = before
        self._input = np.zeros((channels, quantum), np.float32)
        self._filled = 0
        # Room for all that can wait: what the plugin owes, one block more, and space to move in.
        self._queue = np.zeros((channels, self.latency + 16 * QUANTUM + quantum), np.float32)
        self._start = 0
        self._end = self.latency

    def process(self, audio: Audio, out: Audio, frames: int) -> None:
        """Take `frames` from `audio` and fill `out[:, :frames]`."""
        done = 0
        while done < frames:
            count = min(frames - done, self._quantum - self._filled)
            self._input[:, self._filled : self._filled + count] = audio[:, done : done + count]
            self._filled += count
            if self._filled == self._quantum:
                self._filled = 0
                self._before(done + count - self._quantum)
                self._store(self._run(self._input))
            self._take(out[:, done : done + count], count)
            done += count

    def _store(self, block: Audio) -> None:
        count = block.shape[1] if block.ndim == 2 and block.shape[0] == self._queue.shape[0] else 0
        if count == 0:
            return
        if self._end + count > self._queue.shape[1]:
            held = self._end - self._start
            self._queue[:, :held] = self._queue[:, self._start : self._end].copy()
            self._start, self._end = 0, held
        self._queue[:, self._end : self._end + count] = block
        self._end += count

    def _take(self, out: Audio, count: int) -> None:
        held = min(count, self._end - self._start)
        out[:, :held] = self._queue[:, self._start : self._start + held]
        self._start += held
        if held < count:
            out[:, held:count] = 0.0
            self.underruns += 1


class Windows:
    """Runs a plugin that only works on whole pieces: on overlapping windows, each from a fresh start, faded into each other.

    Called with `hop` new frames it returns the `hop` frames before them (none the first time), so that each window has sound on
    both sides of what is used of it. `run` takes and returns `(channels, frames)`, its latency already taken off.
    """

    def __init__(self, channels: int, hop: int, context: int, fade: int, run: Callable[[Audio], Audio]) -> None:
        self._hop, self._context, self._fade = hop, context, fade
        self._run = run
        self._heard = np.zeros((channels, context + 2 * hop), np.float32)
        self._ramp = np.linspace(0.0, 1.0, fade, dtype=np.float32)
        self._last: Audio | None = None
        self._first = True

    def __call__(self, block: Audio) -> Audio:
        """Take the next `hop` frames."""
        hop, start, fade = self._hop, self._context, self._fade
        self._heard[:, :-hop] = self._heard[:, hop:].copy()
        self._heard[:, -hop:] = block
        if self._first:
            self._first = False
            return self._heard[:, :0]
        window = np.ascontiguousarray(self._heard[:, : 2 * start + hop + fade])
        made = self._run(window)
        whole = np.zeros_like(window)
        whole[:, : made.shape[1]] = made
        piece = whole[:, start : start + hop].copy()
        if self._last is not None:
            piece[:, :fade] = self._last + (piece[:, :fade] - self._last) * self._ramp
        self._last = whole[:, start + hop : start + hop + fade].copy()
        return piece


def measured_debt(run: Callable[[Audio], Audio], channels: int, frames: int) -> int:
    """Feed `frames` of noise and return the most frames that were owed at any time."""
    noise = np.random.default_rng(5).uniform(-0.25, 0.25, (channels, QUANTUM)).astype(np.float32)
    owed = most = 0
    for _ in range(frames // QUANTUM):
        block = run(noise)
        owed += QUANTUM - (block.shape[1] if block.ndim == 2 and block.shape[0] == channels else 0)
        most = max(most, owed)
    return most
