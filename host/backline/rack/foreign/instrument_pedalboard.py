"""VST3 and AU instruments inside pedalboard.

This module knows how pedalboard counts frames and event times, and where it drops or moves events. Notes come on their frame;
controllers, bend and channel pressure on the next multiple of 64 frames, because JUCE applies them at a call's first frame only.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from backline.rack.foreign import midi
from backline.rack.foreign.base import LARGEST_CALL, Audio, Change
from backline.rack.foreign.errors import ForeignLoadError, ForeignProcessError
from backline.rack.foreign.pedal import stream
from backline.rack.foreign.schedule import Schedule, on_grid
from backline.rack.foreign.vst3_pedalboard import _CHANNELS, PedalboardHosted
from backline.sdk.events import Event, ParameterChange
from backline.sdk.transport import Transport

# pedalboard takes more events than this on one time for a mistake.
_MOST_AT_ONE_TIME = 90


class PedalboardInstrument(PedalboardHosted):
    """One instrument inside pedalboard: events in, audio out."""

    def __init__(self, pedal: Any, bundle: Path, channels: int | None) -> None:
        self.backend, self.kind = "pedalboard", "instrument"
        self.midi_out = []
        self.faults = 0
        self.trusted = False
        self.rate = 48000.0
        self.schedule = Schedule()
        self._adopt(pedal, bundle)
        self.inputs, self.outputs = 0, self._count(channels)
        self._held: set[tuple[int, int]] = set()
        self._notes: list[tuple[int, bytes]] = []
        self._urgent: list[bytes] = []
        self._end = 0

    def _count(self, channels: int | None) -> int:
        message = ""
        for count in (channels,) if channels is not None else _CHANNELS:
            try:
                self.pedal.process([], 0.0, 48000.0, count, LARGEST_CALL, False)
                return count
            except (ValueError, RuntimeError) as error:
                message = str(error)
        raise ForeignLoadError(f"{self.path}: {message}")

    def prepare(self, rate: float, max_block: int) -> None:  # noqa: ARG002 - one size serves every block
        """Get ready for a stream at `rate` Hz."""
        self.rate = float(rate)
        self.reset()

    def reset(self) -> None:
        """Forget all sound: the plugin is opened anew, or, on another thread than it was opened on, silenced."""
        self.schedule.clear()
        self._notes.clear()
        self._urgent.clear()
        self._held.clear()
        kept = [native.raw_value for native in self._native]
        try:
            self.pedal.reset()
        except RuntimeError:
            self._silence_in_place()
        else:
            self._refetch()
            for native, raw in zip(self._native, kept, strict=True):
                if native.raw_value != raw:
                    native.raw_value = raw
        # Without frames this only prepares the plugin for its largest call.
        self._call([], 0)

    def _silence_in_place(self) -> None:
        stop = [(bytes(message), 0.0) for message in midi.ALL_CHANNELS_SILENT]
        self.pedal.process(stop, 64.5 / self.rate, self.rate, self.outputs, LARGEST_CALL, False)
        # Another rate and back makes the plugin stop and start again, which clears voices and tails.
        self.pedal.process([], 0.0, 2.0 * self.rate, self.outputs, LARGEST_CALL, False)

    def _call(self, events: list[tuple[bytes, float]], frames: int) -> Audio:
        # A half frame keeps float32 from rounding durations and times down to the frame before.
        seconds = (frames + 0.5) / self.rate if frames else 0.0
        block: Audio = self.pedal.process(events, seconds, self.rate, self.outputs, LARGEST_CALL, False)
        return block

    def _run_briefly(self) -> None:
        self._call([], 64)

    def process(
        self,
        audio: Audio | None,  # noqa: ARG002 - instruments hear nothing
        out: Audio,
        frames: int,
        position: int,
        events: Sequence[Event] = (),
        changes: Sequence[Change] = (),
        transport: Transport | None = None,  # noqa: ARG002 - pedalboard has no play head
    ) -> None:
        """Fill `out`; see `ForeignPlugin.process`."""
        if self.schedule.jumped(position) or (self._notes and self._end != position):
            self._notes = [(position, data) for _, data in self._notes]
        self._end = position + frames
        for frame, key, value in changes:
            self._change(position + frame, key, value)
        for event in events:
            self._take(event, position)
        if not self.schedule.waiting and not self._notes and frames <= LARGEST_CALL:
            stream(self, self._quiet, _NOTHING, out, frames, frames)
            return
        for start, end in self.schedule.pieces(position, frames, LARGEST_CALL):
            sent = self._between(position + start, end - start)
            stream(self, partial(self._loud, sent), _NOTHING, out[:, start:end], end - start, end - start)

    def _quiet(self, _audio: Audio, frames: float, _buffer: int, _reset: bool) -> Audio:
        return self._call([], int(frames))

    def _loud(self, sent: list[tuple[bytes, float]], _audio: Audio, frames: float, _buffer: int, _reset: bool) -> Audio:
        return self._call(sent, int(frames))

    def _change(self, frame: int, key: str, value: float) -> None:
        parameter = self.parameter(key)
        self.schedule.add(on_grid(frame), self.setter(parameter, self.parse(key, value)))

    def _take(self, event: Event, position: int) -> None:
        if isinstance(event, ParameterChange):
            self._change(position + event.frame, event.parameter, event.value)
            return
        message = midi.encode(event)
        if message is None:
            return
        if midi.is_note(message[0]):
            self._notes.append((position + event.frame, bytes(message)))
            return
        data = bytes(message[:2]) if message[0] & 0xF0 in {midi.PRESSURE, midi.PROGRAM} else bytes(message)
        self.schedule.add(on_grid(position + event.frame), partial(self._urgent.append, data))

    def _between(self, position: int, frames: int) -> list[tuple[bytes, float]]:
        """Return what falls into `[position, position + frames)` as pedalboard wants it; the rest waits."""
        due = [(0, data) for data in self._urgent]
        self._urgent.clear()
        if self._notes:
            end = position + frames
            due += [(max(frame - position, 0), data) for frame, data in self._notes if frame < end]
            self._notes = [note for note in self._notes if note[0] >= end]
        return self._timed(due)

    def _timed(self, due: list[tuple[int, bytes]]) -> list[tuple[bytes, float]]:
        if len(due) <= _MOST_AT_ONE_TIME:
            return [(data, (frame + 0.5) / self.rate) for frame, data in due]
        # Spread within the frame: every group of one time stays small, and the order stays.
        counts: dict[int, int] = {}
        timed = []
        for frame, data in due:
            number = counts.get(frame, 0)
            counts[frame] = number + 1
            part = min(0.25 + 0.05 * (number // _MOST_AT_ONE_TIME), 0.85)
            timed.append((data, (frame + part) / self.rate))
        return timed

    def recover(self) -> None:
        """After NaN or Inf: silence the plugin and let it start again."""
        self.faults += 1
        try:
            self._silence_in_place()
        except (RuntimeError, ValueError) as error:
            raise ForeignProcessError(f"{self.name} failed: {error}") from error


_NOTHING: Audio = np.zeros((0, 0), np.float32)
