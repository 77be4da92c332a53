"""What the rack sees of a plugin that is not ours: one class, whatever hosts it.

This module knows the shape of a foreign plugin: its parameters, its audio channels, its `process` call. It does not know
pedalboard, minihost, files or presets.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from backline.rack.foreign.errors import ForeignParameterError
from backline.rack.foreign.names import closest
from backline.rack.foreign.values import ParameterKind, format_value, parse_value
from backline.sdk.events import Event
from backline.sdk.transport import Transport

Audio: TypeAlias = NDArray[np.float32]
Change: TypeAlias = tuple[int, str, float]

GRID = 64
"""Parameter changes and controllers of the pedalboard backend fall on multiples of this many frames of absolute time."""

LARGEST_CALL = 8192
"""Every foreign plugin is prepared for calls of this many frames, whatever the block of the host: longer blocks are cut.

A plugin that was prepared for more frames than it gets keeps its state; one that gets more than ever before loses it. And a
plugin that chooses its own inner sizes by the largest call then sounds the same live and offline.
"""


@dataclass(frozen=True)
class ForeignParameter:
    """One parameter of a foreign plugin.

    `id` is a unique snake-case word, the same with every backend; `name` is what the plugin shows. Values are numbers in the
    plugin's own `unit` (a plugin that shows 0..200 % has 200 as `maximum`), the index of a choice, or 0 and 1. `index` is the
    place in the plugin's own list. `hidden` ones mirror settings of the host (buffer size, sample rate); nobody should see them.
    """

    id: str
    name: str
    unit: str = ""
    kind: ParameterKind = "float"
    minimum: float = 0.0
    maximum: float = 1.0
    default: float = 0.0
    choices: tuple[str, ...] = ()
    index: int = 0
    automatable: bool = True
    hidden: bool = False
    curve: Literal["linear", "log", "db"] = "linear"
    description: str = field(default="", compare=False)


class ForeignPlugin(ABC):
    """One loaded instance of a plugin that another library hosts.

    Audio is float32 `(channels, frames)`. `faults` counts blocks that held NaN or Inf; such a block is given out as silence and
    the plugin is reset. A caller that keeps NaN out of every input and looks at every output itself sets `trusted`; the plugin then
    only makes sure that none stays inside. `midi_out` holds the events the plugin sent during the last `process` (minihost only).
    """

    kind: Literal["effect", "instrument"]
    name: str
    version: str
    vendor: str
    path: Path | None
    backend: Literal["pedalboard", "minihost"]
    inputs: int
    outputs: int
    tail_seconds: float | None
    parameters: dict[str, ForeignParameter]
    midi_out: list[Event]
    faults: int
    trusted: bool

    @property
    @abstractmethod
    def latency(self) -> int:
        """By how many frames the output comes late. It may follow a parameter."""

    @abstractmethod
    def prepare(self, rate: float, max_block: int) -> None:
        """Get ready for a stream at `rate`; the plugin is as after `reset`. Blocks beyond `max_block` work too, cut in pieces."""

    @abstractmethod
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
        """Fill `out[:, :frames]` from `audio[:, :frames]`.

        `position` is the absolute frame of the block's start. `events` are in order of their frames; events at or beyond
        `frames` are kept for the blocks after. `changes` are `(frame, parameter id, value)`, the value a number in the
        parameter's own unit (index of a choice, 0 or 1), in order of frames.

        With pedalboard, notes come on their frame, and controllers, bend, pressure and changes at the next multiple of 64
        frames of absolute time; with minihost all come on their frame. Either way the sound does not depend on how the caller
        cuts the stream into blocks.

        Raises:
            ForeignProcessError: the plugin itself failed. `out[:, :frames]` is silent then, and the plugin may go on.
        """

    @abstractmethod
    def reset(self) -> None:
        """Forget all sound (tails, voices, delays); keep the parameters."""

    @abstractmethod
    def state(self) -> bytes:
        """Return all that the plugin wants to have remembered."""

    @abstractmethod
    def set_state(self, data: bytes) -> None:
        """Bring back what `state` returned, of this backend or the other one.

        Raises:
            ForeignStateError: the bytes are no state, or the plugin did not take them.
        """

    @abstractmethod
    def load_vstpreset(self, path: str | Path) -> None:
        """Read a `.vstpreset` file.

        Raises:
            ForeignStateError: the file is missing, damaged or for another plugin.
        """

    @abstractmethod
    def save_vstpreset(self, path: str | Path) -> None:
        """Write the present state as a `.vstpreset` file, whole or not at all."""

    @abstractmethod
    def close(self) -> None:
        """Let the plugin go."""

    @abstractmethod
    def value(self, key: str) -> float:
        """Return the present value of a parameter, by id or shown name, in its own unit."""

    @abstractmethod
    def text(self, key: str) -> str:
        """Return the present value as the plugin shows it."""

    @abstractmethod
    def _apply(self, parameter: ForeignParameter, value: float) -> None:
        """Set a checked value at once."""

    def parameter(self, key: str) -> ForeignParameter:
        """Find a parameter by id or by the name the plugin shows; of several with one name, the first.

        Raises:
            ForeignParameterError: there is none; names the closest ones.
        """
        found = self.parameters.get(key)
        if found is not None:
            return found
        by_name = self._ids_by_name()
        identity = by_name.get(key) or by_name.get(key.strip().casefold())
        if identity is not None:
            return self.parameters[identity]
        shown = [p.id for p in self.parameters.values() if not p.hidden]
        names = [p.name for p in self.parameters.values() if not p.hidden]
        hint = closest(key, [*shown, *names])
        raise ForeignParameterError(f'{self.name} has no parameter "{key}"' + (f", did you mean {hint}?" if hint else ""))

    def parse(self, key: str, text_or_number: str | float) -> float:
        """Turn "-18 dB", "1.2 kHz", "Swap", "on" or a number into a checked value of a parameter.

        Raises:
            ForeignParameterError: not a value, NaN, in another unit, or out of range.
        """
        parameter = self.parameter(key)
        try:
            return parse_value(
                text_or_number,
                kind=parameter.kind,
                unit=parameter.unit,
                minimum=parameter.minimum,
                maximum=parameter.maximum,
                choices=parameter.choices,
            )
        except ValueError as error:
            if isinstance(text_or_number, str):
                asked = self._ask_plugin(parameter, text_or_number)
                if asked is not None:
                    return asked
            raise ForeignParameterError(f"{self.name}: {parameter.name or parameter.id}: {error}") from None

    def format(self, key: str, value: float) -> str:
        """Write a value so that `parse` reads the same number back."""
        parameter = self.parameter(key)
        return format_value(value, kind=parameter.kind, unit=parameter.unit, maximum=parameter.maximum, choices=parameter.choices)

    def set_now(self, key: str, text_or_number: str | float) -> None:
        """Set a parameter at once: the next frame processed hears it. See `parse` for what is taken.

        Raises:
            ForeignParameterError: as `parse`, or the parameter only reports.
        """
        self._apply(self.parameter(key), self.parse(key, text_or_number))

    def _ask_plugin(self, _parameter: ForeignParameter, _text: str) -> float | None:
        """Let the plugin itself read a text that we cannot; None if it cannot either."""
        return None

    def _ids_by_name(self) -> dict[str, str]:
        cached = self.__dict__.get("_name_table")
        if cached is None:
            cached = {}
            for parameter in self.parameters.values():
                cached.setdefault(parameter.name, parameter.id)
                cached.setdefault(parameter.name.strip().casefold(), parameter.id)
            self.__dict__["_name_table"] = cached
        table: dict[str, str] = cached
        return table
