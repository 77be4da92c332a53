"""When parameter changes and MIDI take effect, independent of the caller's blocks.

This module knows absolute frames and the 64-frame grid. It does not know plugins.
"""

from __future__ import annotations

from bisect import insort
from collections.abc import Callable, Iterator

from backline.rack.foreign.base import GRID


def on_grid(frame: int) -> int:
    """Return the first multiple of 64 that is not before `frame`."""
    return -(-frame // GRID) * GRID


class Schedule:
    """Actions waiting for their absolute frame. Several on one frame happen in the order they were added."""

    __slots__ = ("_count", "_next", "waiting")

    def __init__(self) -> None:
        self.waiting: list[tuple[int, int, Callable[[], None]]] = []
        self._count = 0
        self._next = 0

    def jumped(self, position: int) -> bool:
        """Whether a block at `position` does not follow the block in which something was left waiting; then it happens now.

        Call it at the start of a block, before anything of that block is added.
        """
        if not self.waiting or position == self._next:
            return False
        while self.waiting:
            self.waiting.pop(0)[2]()
        return True

    def add(self, frame: int, action: Callable[[], None]) -> None:
        """Do `action` when absolute `frame` is reached."""
        self._count += 1
        insort(self.waiting, (frame, self._count, action))

    def clear(self) -> None:
        """Forget all that waits."""
        self.waiting.clear()

    def due(self, position: int) -> None:
        """Do all that is due at absolute frame `position`."""
        waiting = self.waiting
        while waiting and waiting[0][0] <= position:
            waiting.pop(0)[2]()

    def ends(self, frame: int) -> None:
        """Say at which absolute frame the block ends, so that a jump shows."""
        self._next = frame

    def pieces(self, position: int, frames: int, largest: int) -> Iterator[tuple[int, int]]:
        """Cut `[0, frames)` where something is due, doing what is due before each piece; pieces are at most `largest` long."""
        self._next = position + frames
        start = 0
        while start < frames:
            self.due(position + start)
            end = min(frames, start + largest)
            if self.waiting:
                end = min(end, max(self.waiting[0][0] - position, start + 1))
            yield start, end
            start = end
