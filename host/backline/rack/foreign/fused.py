"""Neighbouring pedalboard effects run as one call.

This module knows how to put effects into one `pedalboard.Pedalboard` without changing what any of them does. One call costs a
sixth to a half of as many single ones at small blocks.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from backline.rack.foreign.base import LARGEST_CALL, Audio, Change
from backline.rack.foreign.pedal import PedalboardEffect, stream
from backline.rack.foreign.schedule import Schedule
from backline.sdk.events import Event
from backline.sdk.transport import Transport


class FusedEffects:
    """A run of effects that pedalboard processes in one call.

    Each stays usable by itself for values, states and texts. `changes` of `process` say which effect they mean by its place:
    `(frame, parameter id, value)` in `changes[i]` is for `effects[i]`. What lands inside the block cuts the call there.
    """

    def __init__(self, effects: Sequence[PedalboardEffect]) -> None:
        self.effects = list(effects)
        self.name = " -> ".join(effect.name for effect in self.effects)
        self.inputs, self.outputs = self.effects[0].inputs, self.effects[-1].outputs
        self.schedule = Schedule()
        self.rate = self.effects[0].rate
        self.faults = 0
        self.trusted = all(effect.trusted for effect in self.effects)
        for effect in self.effects:
            # One waiting list for all, so that a single look tells whether the block can go through whole.
            effect.schedule = self.schedule
        self._run = self._board()

    def _board(self) -> Callable[..., Audio]:
        from pedalboard._pedalboard import Pedalboard

        self.board: Any = Pedalboard([effect.pedal for effect in self.effects])
        run: Callable[..., Audio] = self.board.process
        if self.rate:
            # The board itself learns its channels from a block that is longer than it is wide. No frame passes: nothing moves.
            run(np.zeros((self.inputs, 0), np.float32), self.rate, LARGEST_CALL, False)
        return run

    @property
    def latency(self) -> int:
        """The sum of the effects' latencies in frames."""
        return sum(effect.latency for effect in self.effects)

    def prepare(self, rate: float, max_block: int) -> None:
        """Get every effect ready for a stream at `rate` Hz."""
        self.rate = float(rate)
        for effect in self.effects:
            effect.prepare(rate, max_block)
        self._run = self._board()

    def reset(self) -> None:
        """Forget all sound of all effects."""
        for effect in self.effects:
            effect.reset()
        self._run = self._board()

    def process(
        self,
        audio: Audio | None,
        out: Audio,
        frames: int,
        position: int,
        events: Sequence[Event] = (),  # noqa: ARG002 - pedalboard's effects take no events
        changes: Sequence[Sequence[Change]] = (),
        transport: Transport | None = None,  # noqa: ARG002 - pedalboard has no play head
    ) -> None:
        """Fill `out[:, :frames]` with what the whole run makes of `audio[:, :frames]`; see `ForeignPlugin.process`."""
        if changes or self.schedule.waiting or audio is None or frames > LARGEST_CALL:
            self._process_in_pieces(audio, out, frames, position, changes)
            return
        stream(self, self._run, audio if audio.shape[1] == frames else audio[:, :frames], out, frames, self.rate)

    def _process_in_pieces(self, audio: Audio | None, out: Audio, frames: int, position: int, changes: Sequence[Sequence[Change]]) -> None:
        self.schedule.jumped(position)
        if changes:
            for effect, own in zip(self.effects, changes, strict=True):
                if own:
                    effect.collect(position, (), own)
        if audio is None:
            audio = np.zeros((self.inputs, frames), np.float32)
        for start, end in self.schedule.pieces(position, frames, LARGEST_CALL):
            stream(self, self._run, audio[:, start:end], out[:, start:end], end - start, self.rate)

    def recover(self) -> None:
        """After NaN or Inf: start every effect of the run afresh."""
        self.faults += 1
        for effect in self.effects:
            effect.recover()
        self._run = self._board()


def can_fuse(effects: Sequence[Any]) -> bool:
    """Whether a run may share one call: all in pedalboard, all with the same channels, none behind a queue."""
    if len(effects) < 2 or not all(isinstance(effect, PedalboardEffect) and effect.fusable for effect in effects):
        return False
    return len({effect.inputs for effect in effects}) == 1 and len({effect.rate for effect in effects}) == 1


def fuse(effects: Sequence[PedalboardEffect]) -> FusedEffects:
    """Return one object that runs `effects` in order in one pedalboard call.

    Raises:
        ValueError: they cannot share a call, see `can_fuse`.
    """
    if not can_fuse(effects):
        raise ValueError("these effects cannot share one pedalboard call: " + ", ".join(str(effect.name) for effect in effects))
    return FusedEffects(effects)
