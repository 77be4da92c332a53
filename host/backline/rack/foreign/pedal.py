"""Effects that pedalboard processes: what its own plugins and VST3/AU effects have in common.

This module knows how to stream through `pedalboard.Plugin.process` without surprises: primed once for the largest call, never
reset inside a stream, short blocks filled, changes on the 64-frame grid, NaN caught.
"""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from backline.rack.foreign.base import LARGEST_CALL, Audio, Change, ForeignParameter, ForeignPlugin
from backline.rack.foreign.errors import ForeignProcessError
from backline.rack.foreign.schedule import Schedule, on_grid
from backline.sdk.events import Event, ParameterChange
from backline.sdk.transport import Transport


class PedalboardEffect(ForeignPlugin):
    """One effect inside pedalboard. `pedal` is pedalboard's object; `inputs` equals `outputs`."""

    pedal: Any

    def __init__(self) -> None:
        self.backend = "pedalboard"
        self.kind = "effect"
        self.midi_out = []
        self.faults = 0
        self.trusted = False
        self.rate = 0.0
        self.schedule = Schedule()
        self._run: Callable[..., Audio] | None = None

    @property
    def fusable(self) -> bool:
        """Whether this effect may share one pedalboard call with its neighbours: it fills every block from the start."""
        return True

    def prepare(self, rate: float, max_block: int) -> None:  # noqa: ARG002 - one size serves every block
        """Get ready for a stream at `rate` Hz."""
        self.rate = float(rate)
        self.reset()

    @abstractmethod
    def setter(self, parameter: ForeignParameter, value: float) -> Callable[[], None]:
        """Return the action that sets a parameter while sound runs."""

    def collect(self, position: int, events: Sequence[Event], changes: Sequence[Change]) -> None:
        """Put the block's changes on the grid."""
        for frame, key, value in changes:
            self._schedule(position + frame, key, value)
        for event in events:
            if isinstance(event, ParameterChange):
                self._schedule(position + event.frame, event.parameter, event.value)

    def _schedule(self, frame: int, key: str, value: float) -> None:
        parameter = self.parameter(key)
        self.schedule.add(on_grid(frame), self.setter(parameter, self.parse(key, value)))

    def process(
        self,
        audio: Audio | None,
        out: Audio,
        frames: int,
        position: int,
        events: Sequence[Event] = (),
        changes: Sequence[Change] = (),
        transport: Transport | None = None,  # noqa: ARG002 - pedalboard has no play head
    ) -> None:
        """Fill `out`; see `ForeignPlugin.process`."""
        run = self._run
        if changes or events or self.schedule.waiting or audio is None or run is None or frames > LARGEST_CALL:
            self._process_in_pieces(audio, out, frames, position, events, changes)
            return
        stream(self, run, audio if audio.shape[1] == frames else audio[:, :frames], out, frames, self.rate)

    def _process_in_pieces(
        self, audio: Audio | None, out: Audio, frames: int, position: int, events: Sequence[Event], changes: Sequence[Change]
    ) -> None:
        self.schedule.jumped(position)
        self.collect(position, events, changes)
        if audio is None:
            audio = self._silence(frames)
        run = self._run or self._prepared()
        for start, end in self.schedule.pieces(position, frames, LARGEST_CALL):
            stream(self, run, audio[:, start:end], out[:, start:end], end - start, self.rate)

    def _prepared(self) -> Callable[..., Audio]:
        if self._run is None:
            self.prepare(self.rate or 48000.0, LARGEST_CALL)
        run: Callable[..., Audio] = self.pedal.process
        self._run = run
        return run

    def _silence(self, frames: int) -> Audio:
        return np.zeros((self.inputs, frames), np.float32)

    def prime(self) -> None:
        """Let the plugin see its largest call once, so that no later block makes it start afresh."""
        try:
            self.pedal.process(self._silence(LARGEST_CALL), self.rate, LARGEST_CALL, False)
        except (RuntimeError, ValueError) as error:
            raise ForeignProcessError(f"{self.name} cannot run at {self.rate:g} Hz with {self.inputs} channels: {error}") from error
        self._run = self.pedal.process

    def recover(self) -> None:
        """After NaN or Inf: start the plugin afresh, so that they do not stay inside."""
        self.faults += 1
        self.reset()


def is_finite(block: Audio) -> bool:
    """Whether a block holds neither NaN nor Inf. The squares add up to something finite only then: cheaper than each sample."""
    return math.isfinite(np.vdot(block, block)) or bool(np.isfinite(block).all())


def ends_finite(block: Audio) -> bool:
    """Whether the last frame holds neither NaN nor Inf, which stay to the end of a block once they are inside an effect."""
    channels, frames = block.shape
    if frames == 0:
        return True
    if channels == 2:
        return math.isfinite(block.item(frames - 1) + block.item(-1))
    return bool(np.isfinite(block[:, -1]).all())


def stream(effect: Any, run: Callable[..., Audio], audio: Audio, out: Audio, frames: int, rate: float) -> None:
    """Call pedalboard once and give out exactly `frames`, finite.

    `effect` is a `PedalboardEffect` or a fused run; it is asked to `recover` when a block is not finite.
    """
    if not effect.trusted and not is_finite(audio):
        # What a limiter or a filter makes of NaN may look like sound while it stays inside the effects before it.
        audio = np.nan_to_num(audio, nan=0.0, posinf=0.0, neginf=0.0)
        effect.faults += 1
    try:
        block = run(audio, rate, LARGEST_CALL, False)
    except (RuntimeError, ValueError) as error:
        out[:, :frames] = 0.0
        raise ForeignProcessError(f"{effect.name} failed: {error}") from error
    if not (ends_finite(block) if effect.trusted else is_finite(block)):
        out[:, :frames] = 0.0
        effect.recover()
        return
    if block.shape == out.shape:
        out[:] = block
        return
    missing = frames - block.shape[1] if block.shape[0] == out.shape[0] else frames
    if missing:
        # pedalboard cuts a latency longer than all it has seen so far off the start; the stream stays whole with silence there.
        out[:, :missing] = 0.0
    if missing < frames:
        out[:, missing:frames] = block
