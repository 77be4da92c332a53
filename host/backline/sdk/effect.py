"""Effects and modulators: audio (or nothing) in, audio or a control signal out.

This module knows carried state per channel and the two ways to write an effect: one sample, or a numpy block. It does not know graphs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from .declaration import EVENT_VALUES, Port, arguments_of, authored, binding_of, block_ports
from .events import (
    ALL_NOTES_OFF,
    ALL_SOUND_OFF,
    ChannelPressure,
    ControlChange,
    Event,
    NoteOff,
    NoteOn,
    ParameterChange,
    PitchBend,
)
from .kernels import contract as c
from .plugin import Kind, Plugin
from .transport import Transport


class Block:
    """One stretch of a block that a plugin computes in numpy: views into the buffers, no copies."""

    __slots__ = ("end", "plugin", "start")

    def __init__(self, plugin: _Channelled) -> None:
        self.plugin = plugin
        self.start = 0
        self.end = 0

    @property
    def frames(self) -> int:
        """How many frames to compute."""
        return self.end - self.start

    @property
    def frame(self) -> int:
        """The absolute position of the first frame."""
        return self.plugin.transport.frame + self.start

    @property
    def transport(self) -> Transport:
        """Musical time at the start of the whole block (`frame` may be later)."""
        return self.plugin.transport

    def input(self, port: int = 0) -> np.ndarray:
        """float32[channels, frames] of an input port."""
        return self.plugin._ports_in[port][:, self.start : self.end]

    def output(self, port: int = 0) -> np.ndarray:
        """float32[channels, frames] of an output port, to be filled."""
        return self.plugin._ports_out[port][:, self.start : self.end]

    def row(self, name: str) -> np.ndarray:
        """float32[frames] of a smoothed parameter, sample by sample."""
        return self.plugin._rows[self.plugin._rows_of[name]][self.start : self.end]  # type: ignore[no-any-return]


class _Channelled(Plugin):
    """What effects and modulators share: state per channel, and three ways to write: `sample`, `block`, or `process` in numpy."""

    kind: ClassVar[Kind] = "effect"

    @classmethod
    def kernel_function(cls) -> Callable[..., Any] | None:
        """The author's `block` function, else `sample`, else None."""
        return authored(cls, "block") or cls.sample_function()

    @classmethod
    def _bind_block(cls) -> None:
        """Bind a block function: its arrays are known once the ports are."""
        function = authored(cls, "block")
        if function is not None:
            cls.binding = binding_of(cls.kind, function, cls.declaration, block_ports(cls.inputs, cls.outputs))

    def process(self, block: Block) -> None:
        """Fill `block.output()` from `block.input()`: for plugins written in numpy instead of `sample`. Override one of the two."""
        raise NotImplementedError(f"{type(self).__name__} needs either a `sample` function or a `process` method")

    def _make_state(self) -> None:
        carried = self.binding.carried if self.binding else ()
        states = self.declaration.states
        self._lanes = self.port_channels(self.inputs[0]) if self.inputs and self._per_channel() else 1
        count = max(len(carried), 1)
        self._initial = np.zeros(count)
        for index, item in enumerate(carried):
            self._initial[index] = states[item.name].initial if item.name in states else 0.0
        self._state = np.tile(self._initial, (self._lanes, 1))
        memories = self.declaration.memories
        self._lengths = [memory.frames(self.sample_rate) for memory in memories.values()]
        self._memory = np.zeros((self._lanes, max(sum(self._lengths), 1)), np.float32)
        self._block = Block(self)

    def _per_channel(self) -> bool:
        return self.binding is not None and self.binding.shape in ("channel", "block")

    def _context_for_state(self) -> None:
        context = self._context
        context[c.STATE], context[c.INITIAL] = self._state.ctypes.data, self._initial.ctypes.data
        context[c.MEMORY], context[c.MEMORY_STRIDE] = self._memory.ctypes.data, self._memory.shape[1]
        context[c.CHANNELS] = self.port_channels(self.inputs[0]) if self.inputs else 1
        context[c.SIDECHAIN] = self.port_channels(self.inputs[1]) if len(self.inputs) > 1 else 0
        for index, length in enumerate(self._lengths):
            context[c.FIRST_FREE + index] = length

    def _reset_state(self) -> None:
        self._state[:] = self._initial
        self._memory[:] = 0.0

    def advance(self, start: int, end: int) -> None:
        """Compute frames [start, end)."""
        super().advance(start, end)
        if self.binding is None:
            self._block.start, self._block.end = start, end
            self.process(self._block)

    def _meter(self, name: str) -> float:
        if self.binding is not None:
            names = [item.name for item in self.binding.carried]
            if name in names:
                return float(self._state[:, names.index(name)].max())
        return float(self._values[self._index_of[name]])

    def show(self, name: str, value: float) -> None:
        """Report a meter from `process`."""
        self._values[self._index_of[name]] = value


class Effect(_Channelled):
    """Audio in, audio out. Write `sample(x, ...)` for one channel or `sample(left, right, ...)` for both.

    `sidechain` (or `sidechain_left`, `sidechain_right`) among the arguments opens a sidechain input.

    What does not fit one sample is written as a compiled `block(x, out, ..., frames)`: ports are float32[channels, frames] (the port `in`
    is called `x`, others have their names), smoothed parameters float32[frames], stepped ones numbers, states float64[channels], memories
    float32[channels, length]; it fills the outputs and returns nothing. Or as `process(self, block)` in numpy.
    """

    kind: ClassVar[Kind] = "effect"

    @classmethod
    def _settle_ports(cls) -> None:
        sample = cls.kernel_function()
        if "inputs" not in vars(cls):
            arguments = arguments_of(sample) if sample else ()
            own = 2 if "left" in arguments else 0
            cls.inputs = (Port("in", own),)
            if "sidechain" in arguments:
                cls.inputs += (Port("sidechain", own),)
            elif "sidechain_left" in arguments:
                cls.inputs += (Port("sidechain", 2),)
        if "outputs" not in vars(cls):
            stereo = cls.binding is not None and cls.binding.outputs == 2
            cls.outputs = (Port("out", 2 if stereo else 1 if cls.inputs[0].channels == 2 and cls.binding else 0),)
        cls._bind_block()


class Modulator(_Channelled):
    """A control signal out, one value a sample: -1..1 or 0..1 as the class says in `bipolar`.

    `sample` may take `x` (an audio input, mono) and what it hears from events: gate, velocity, key, pressure, bend, and `notes`, which
    counts the notes that have begun.
    """

    kind: ClassVar[Kind] = "modulator"
    bipolar: ClassVar[bool] = True
    outputs = (Port("out", 1),)

    @classmethod
    def _settle_ports(cls) -> None:
        sample = cls.kernel_function()
        arguments = arguments_of(sample) if sample else ()
        if "inputs" not in vars(cls):
            cls.inputs = (Port("in", 1),) if "x" in arguments else ()
        cls.takes_events = bool(set(arguments) & set(EVENT_VALUES)) or cls.takes_events
        cls._bind_block()

    def _make_state(self) -> None:
        super()._make_state()
        self._held: list[int] = []

    def handle(self, event: Event) -> None:
        """Take one event: notes, pressure and bend become the values that `sample` may read."""
        gate, velocity, key, pressure, bend, notes = (len(self.parameters) + place for place in range(len(EVENT_VALUES)))
        values = self._values
        match event:
            case NoteOn():
                self._held.append(event.key)
                values[gate], values[velocity], values[key] = 1.0, event.velocity, event.key
                values[notes] += 1.0
            case NoteOff():
                if event.key in self._held:
                    self._held.remove(event.key)
                values[gate] = 1.0 if self._held else 0.0
            case ControlChange(controller=controller) if controller in (ALL_SOUND_OFF, ALL_NOTES_OFF):
                self._held.clear()
                values[gate] = 0.0
            case ChannelPressure():
                values[pressure] = event.value
            case PitchBend():
                values[bend] = event.value
            case _:
                super().handle(event)

    def _reset_state(self) -> None:
        super()._reset_state()
        self._held.clear()
        self._values[len(self.parameters) : len(self.parameters) + len(EVENT_VALUES)] = 0.0


class EventEffect(Plugin):
    """Events in, events out: arpeggiators, transposers, filters of notes. Write `process(self, events, frames)`.

    `process` gets the events of the block (frames 0 .. frames-1, sorted) and returns those to pass on, sorted by frame. Positions in
    musical time come from `self.transport`; `self.transport.frame_at(beat)` does not depend on how the stream is split. A parameter change
    in the middle of a block splits it, so that a parameter has one value during each call; parameters here are never smoothed.
    """

    kind: ClassVar[Kind] = "event"
    takes_events: ClassVar[bool] = True
    gives_events: ClassVar[bool] = True

    def process(self, events: Sequence[Event], frames: int) -> list[Event]:
        """Return the events that leave during the next `frames` frames."""
        raise NotImplementedError(f"{type(self).__name__} needs a `process` method")

    def advance(self, start: int, end: int) -> None:
        """Event effects compute no audio."""

    @classmethod
    def _settle_ports(cls) -> None:
        for parameter in cls.parameters.values():
            parameter.smoothing = 0.0

    def translate(self, events: Sequence[Event], frames: int) -> list[Event]:
        """Run one block: each parameter change among the events is applied at its frame, all others go through `process`."""
        self._started = True
        passed: list[Event] = []
        waiting: list[Event] = []
        at = 0
        for event in events:
            if not isinstance(event, ParameterChange):
                waiting.append(event)
                continue
            if event.frame > at:
                passed += self._stretch([item for item in waiting if item.frame < event.frame], at, event.frame)
                waiting = [item for item in waiting if item.frame >= event.frame]
                at = event.frame
            self.handle(event)
        return passed + self._stretch(waiting, at, frames)

    def _stretch(self, events: Sequence[Event], start: int, end: int) -> list[Event]:
        """Process frames [start, end) of a block as if they were a block of their own."""
        if start == 0:
            return self.process(events, end)
        self.transport.frame += start
        try:
            given = self.process([event.at(event.frame - start) for event in events], end - start)
        finally:
            self.transport.frame -= start
        return [event.at(event.frame + start) for event in given]

    def release_all(self) -> list[Event]:
        """Forget everything held and return the note-offs that are owed (frame 0): called on panic, bypass and stop."""
        return []
