"""pedalboard's own plugins behind the foreign-plugin interface.

This module knows how to make, set and reset them, and which of them need a queue. VST3 and AU are elsewhere.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from backline.rack.foreign import builtin_info, statefile
from backline.rack.foreign.base import LARGEST_CALL, Audio, Change, ForeignParameter
from backline.rack.foreign.builtin_table import REBLOCKED, STEREO_AT_MOST, WINDOWED
from backline.rack.foreign.errors import ForeignLoadError, ForeignParameterError, ForeignProcessError, ForeignStateError
from backline.rack.foreign.pedal import PedalboardEffect, stream
from backline.rack.foreign.reblock import QUANTUM, Reblocker, Windows, measured_debt
from backline.sdk.events import Event
from backline.sdk.transport import Transport


class BuiltinEffect(PedalboardEffect):
    """One of pedalboard's own effects, on any number of channels it can take.

    `files` gives `Convolution` its `impulse_response_filename`.
    """

    def __init__(self, identity: str, channels: int = 2, files: Mapping[str, str | Path] | None = None) -> None:
        super().__init__()
        self.info = builtin_info.builtin_class_info(identity)
        self._class = builtin_info.builtin_class(identity)
        if self.info.name in STEREO_AT_MOST and channels > 2:
            raise ForeignLoadError(f"{self.info.id} takes one or two channels, not {channels}")
        self.name, self.version, self.vendor = self.info.id, _pedalboard_version(), "pedalboard"
        self.path = None
        self.inputs = self.outputs = channels
        self.tail_seconds = None
        self.parameters = dict(self.info.parameters)
        self._files = self._checked_files(dict(files or {}))
        self._enums = {key: builtin_info.enum_type(self._class, key) for key, p in self.parameters.items() if p.kind == "enum"}
        self.pedal = self._make()
        self._queue: Reblocker | None = None
        self._primed_rate = 0.0
        self._queue_position = 0

    def _checked_files(self, files: dict[str, str | Path]) -> dict[str, str]:
        for key in files:
            if key not in self.info.files:
                raise ForeignLoadError(f"{self.name} takes no file {key}")
        for key in self.info.files:
            if key not in files:
                raise ForeignLoadError(f"{self.name} needs {key}, an audio file")
            if not Path(files[key]).is_file():
                raise ForeignLoadError(f"{self.name}: {key}: there is no file {files[key]}")
        return {key: str(path) for key, path in files.items()}

    def _make(self) -> Any:
        try:
            return self._class(**self._files)
        except (RuntimeError, ValueError, TypeError) as error:
            raise ForeignLoadError(f"{self.name} cannot be made: {error}") from error

    @property
    def fusable(self) -> bool:
        """Whether it may share a pedalboard call: not if it needs a queue."""
        return self.info.name not in REBLOCKED

    @property
    def latency(self) -> int:
        """Frames by which the output is late; 0 for all that need no queue."""
        if self.fusable:
            return 0
        if self._queue is None:
            self._prepared()
        return 0 if self._queue is None else self._queue.latency

    def reset(self) -> None:
        """Forget all sound; parameters stay."""
        self.schedule.clear()
        if self.fusable:
            # Primed first and reset after, so that its oscillators start where a fresh plugin's do. pedalboard's own `reset()`
            # would also forget the prepared size; a call without frames resets the sound alone.
            if self._primed_rate != self.rate:
                self.prime()
                self._primed_rate = self.rate
            self.pedal.process(self._silence(0), self.rate, LARGEST_CALL, True)
            return
        self._start_queue()

    def _start_queue(self) -> None:
        if not self._files:
            self.pedal = self._copy()
        else:
            self.pedal.reset()
        try:
            self._queue = self._windows() if self.info.name in WINDOWED else self._blocks()
        except (RuntimeError, ValueError) as error:
            raise ForeignProcessError(f"{self.name} cannot run at {self.rate:g} Hz with {self.inputs} channels: {error}") from error
        self._run = self._through_queue

    def _blocks(self) -> Reblocker:
        pedal, rate = self.pedal, self.rate
        return Reblocker(self.inputs, self._debt(), lambda block: pedal.process(block, rate, QUANTUM, False), self._due)

    def _windows(self) -> Reblocker:
        window, rate = WINDOWED[self.info.name], self.rate
        pedal = self.pedal
        runner = Windows(self.inputs, *window, lambda piece: pedal.process(piece, rate, LARGEST_CALL, True))
        return Reblocker(self.inputs, window.hop, runner, self._due, window.hop)

    def _due(self, offset: int) -> None:
        self.schedule.due(self._queue_position + offset)

    def _copy(self) -> Any:
        fresh = self._make()
        for key in self.parameters:
            setattr(fresh, key, getattr(self.pedal, key))
        return fresh

    def _debt(self) -> int:
        """Return the most frames the plugin can owe, for any value of its live parameters."""
        name, rate = self.info.name, self.rate
        if name == "Convolution":
            return 0
        trial = self._copy()

        def run(block: Audio) -> Audio:
            result: Audio = trial.process(block, rate, QUANTUM, False)
            return result

        if name == "BrickwallLimiter":
            return measured_debt(run, self.inputs, math.ceil(rate * 0.2) + QUANTUM)
        # Rate converters and codecs work in frames of their own, which drift against ours: leave one block of room.
        first = measured_debt(run, self.inputs, 8192)
        rest = measured_debt(run, self.inputs, 2 * first) if first > 4000 else 0
        return first + rest + QUANTUM

    def _through_queue(self, audio: Audio, _rate: float, _buffer: int, _reset: bool) -> Audio:
        out = np.empty((self.outputs, audio.shape[1]), np.float32)
        assert self._queue is not None
        self._queue.process(audio, out, audio.shape[1])
        return out

    def process(
        self,
        audio: Audio | None,
        out: Audio,
        frames: int,
        position: int,
        events: Sequence[Event] = (),
        changes: Sequence[Change] = (),
        transport: Transport | None = None,
    ) -> None:
        """Fill `out`; see `ForeignPlugin.process`."""
        if self.fusable:
            super().process(audio, out, frames, position, events, changes, transport)
            return
        run = self._run or self._prepared()
        self.schedule.jumped(position)
        self.schedule.ends(position + frames)
        if changes or events:
            self.collect(position, events, changes)
        self._queue_position = position
        stream(self, run, self._silence(frames) if audio is None else audio[:, :frames], out, frames, self.rate)

    def setter(self, parameter: ForeignParameter, value: float) -> Callable[[], None]:
        """Return the action that sets a parameter while sound runs."""
        if not parameter.automatable:
            raise ForeignParameterError(f"{self.name}: {parameter.id} cannot change while sound runs")
        pedal, key, native = self.pedal, parameter.id, self._native(parameter, value)
        return lambda: setattr(pedal, key, native)

    def _native(self, parameter: ForeignParameter, value: float) -> Any:
        if parameter.kind == "enum":
            return self._enums[parameter.id].__members__[parameter.choices[round(value)]]
        return value >= 0.5 if parameter.kind == "bool" else value

    def _apply(self, parameter: ForeignParameter, value: float) -> None:
        try:
            setattr(self.pedal, parameter.id, self._native(parameter, value))
        except (RuntimeError, ValueError) as error:
            raise ForeignParameterError(f"{self.name}: {parameter.id}: {error}") from error
        if not parameter.automatable and self._queue is not None:
            self._start_queue()

    def value(self, key: str) -> float:
        """Return the present value of a parameter."""
        parameter = self.parameter(key)
        native = getattr(self.pedal, parameter.id)
        if parameter.kind == "enum":
            return float(parameter.choices.index(native.name))
        return _shortest(float(native))

    def text(self, key: str) -> str:
        """Return the present value as text with its unit."""
        return self.format(key, self.value(key))

    def state(self) -> bytes:
        """Return all parameters as JSON: pedalboard's own plugins have no other state."""
        return statefile.encode_values(self.name, {key: self.value(key) for key in self.parameters})

    def set_state(self, data: bytes) -> None:
        """Bring back what `state` returned."""
        values = statefile.decode_values(self.name, data)
        for key, value in values.items():
            if key not in self.parameters:
                raise ForeignStateError(f'{self.name}: the state names a parameter "{key}" that it does not have')
            self._apply(self.parameters[key], self.parse(key, value))

    def close(self) -> None:
        """Let the plugin go."""
        self.pedal = self._queue = self._run = None

    def load_vstpreset(self, path: str | Path) -> None:
        """Refuse: only VST3 plugins have such presets."""
        raise ForeignStateError(f"{self.name} is no VST3 plugin, it cannot read {path}")

    def save_vstpreset(self, path: str | Path) -> None:
        """Refuse: only VST3 plugins have such presets."""
        raise ForeignStateError(f"{self.name} is no VST3 plugin, it cannot write {path}")


def _shortest(value: float) -> float:
    """Undo the noise of float32: 0.4, not 0.4000000059604645."""
    short = float(f"{value:.7g}")
    return short if abs(short - value) <= 1e-7 * abs(value) else value


def _pedalboard_version() -> str:
    from importlib.metadata import version

    return version("pedalboard")
