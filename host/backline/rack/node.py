"""What a graph is made of: one running node, whatever plugin it holds.

This module knows the shape every node has towards the plan: ports, parameters, latency, one call a block. It does not know documents,
wires or who hosts a plugin.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Literal, Protocol

import numpy as np

from backline.sdk.declaration import Port
from backline.sdk.events import Event
from backline.sdk.transport import Transport
from backline.sdk.units import Beats

Value = float | Beats
Kind = Literal["effect", "instrument", "event", "modulator", "bus"]
Buffer = np.ndarray

CONTROL_GRID = 64
"""Control-rate modulation and changes to foreign plugins happen on multiples of this many frames of absolute time."""


class Parameter(Protocol):
    """What a rack needs of a parameter, in-house or foreign."""

    @property
    def id(self) -> str:
        """The word that documents use."""

    @property
    def label(self) -> str:
        """What players see."""

    @property
    def unit(self) -> str:
        """The unit of its values."""

    @property
    def kind(self) -> str:
        """float, int, bool or enum."""

    @property
    def minimum(self) -> float:
        """The lowest value."""

    @property
    def maximum(self) -> float:
        """The highest value."""

    @property
    def curve(self) -> str:
        """linear, log or db."""

    def parse(self, value: str | float | Beats) -> Value:
        """Turn text or a number into a value; ValueError with a clear message."""

    def format(self, value: Value) -> str:
        """Write a value so that it parses back."""


def denormalised(parameter: Parameter, position: float) -> float:
    """The value at a position 0..1 of a parameter's range, along its curve."""
    low, high = parameter.minimum, parameter.maximum
    if parameter.curve == "log" and low > 0:
        return float(low * (high / low) ** position)
    return low + position * (high - low)


def held(parameter: Parameter, value: float) -> float:
    """The nearest value a parameter can take."""
    inside = min(max(value, parameter.minimum), parameter.maximum)
    return inside if parameter.kind == "float" else float(round(inside))


class ControlModulation:
    """A control-rate modulation: a signal that moves a parameter on the 64-frame grid of absolute time."""

    __slots__ = ("depth", "octaves", "parameter", "signal")

    def __init__(self, parameter: Parameter, signal: Buffer, depth: float, *, octaves: bool) -> None:
        self.parameter, self.signal, self.depth, self.octaves = parameter, signal, depth, octaves

    def at(self, base: float, frame: int) -> float:
        """The modulated value at a frame of the block."""
        amount = self.depth * float(self.signal[0, frame])
        return held(self.parameter, base * 2.0**amount if self.octaves else base + amount)


def grid_frames(position: int, frames: int) -> Iterator[int]:
    """The offsets inside a block that are multiples of the control grid in absolute time."""
    yield from range(-position % CONTROL_GRID, frames, CONTROL_GRID)


class RackNode(ABC):
    """One node of a running graph."""

    name: str
    kind: Kind
    inputs: tuple[Port, ...]
    outputs: tuple[Port, ...]
    takes_events: bool
    gives_events: bool

    def __init__(self, name: str) -> None:
        self.name = name
        self.events: list[Event] = []
        self.given_events: list[Event] = []
        self.input_buffers: list[Buffer] = []
        self.output_buffers: list[Buffer] = []
        self.control_modulations: list[ControlModulation] = []
        self.event_targets: list[tuple[RackNode, int]] = []
        self.events_ahead: list[Event] = []  # events that come in later blocks, by the frame they have counted from the next block
        self.lead = 0  # how many frames the sound that reaches this node is late: what acts on it by its own frame waits as long
        self.guard: np.ndarray | None = None  # the context of the guard behind this node, if it has one
        self.mix = 1.0
        self.bypassed = False
        self.blend_asked = True  # whether the plan puts a wet/dry cross-fade behind this node

    @property
    @abstractmethod
    def parameters(self) -> Mapping[str, Parameter]:
        """Parameters by id."""

    @abstractmethod
    def find(self, key: str) -> Parameter:
        """A parameter by id or shown name; KeyError when there is none."""

    @abstractmethod
    def value(self, key: str) -> Value:
        """What a parameter was last set to."""

    @abstractmethod
    def set_value(self, key: str, value: Value) -> None:
        """Set a parameter at the start of the next block (it glides there if sound runs and it can)."""

    @property
    def latency(self) -> int:
        """By how many frames the output comes late."""
        return 0

    @property
    def tail(self) -> float:
        """Seconds of sound after the input ends."""
        return 0.0

    @property
    def steps(self) -> list[tuple[int, int]]:
        """(kernel, context) pairs that compute a block without Python; empty when `run` is needed."""
        return []

    @property
    def busy(self) -> bool:
        """Whether this block needs Python although there are steps (events to take, control modulation)."""
        return bool(self.events) or bool(self.events_ahead) or bool(self.control_modulations)

    @abstractmethod
    def connect(self, inputs: Sequence[Buffer], outputs: Sequence[Buffer], time: np.ndarray) -> None:
        """Use these buffers, float32[channels, max_block] each, and this time array."""

    @abstractmethod
    def run(self, frames: int) -> None:
        """Compute one block: frames [0, frames), with `self.events`."""

    @abstractmethod
    def reset(self) -> None:
        """Become as new, with the parameters as they are."""

    def expect_moves(self, keys: Sequence[str]) -> None:  # noqa: B027
        """Parameters will be moved while sound runs, and put back: from now on they must be what they then will be, to the bit."""

    def settle(self) -> None:  # noqa: B027
        """Values were set while no sound ran: what follows from them (the latency) must be right from here on."""

    def follow(self, transport: Transport) -> None:  # noqa: B027
        """The tempo may have changed."""

    def clear_modulation(self) -> None:
        """Forget modulation wires: a new plan adds them again."""
        self.control_modulations.clear()

    def set_bypassed(self, bypassed: bool) -> None:
        """Bypass or not; the plan's cross-fade does the rest."""
        self.bypassed = bypassed

    def hand_on(self) -> None:
        """Give the events that left this node to those wired to it, and forget the block's events."""
        if self.given_events:
            for target, late in self.event_targets:
                target.take(self.given_events, late)
            self.given_events.clear()
        self.events.clear()

    def take(self, events: Iterable[Event], late: int) -> None:
        """Take events that act `late` frames after their own, as the sound does that they belong to."""
        if late:
            self.events_ahead.extend(event.at(event.frame + late) for event in events)
        else:
            self.events.extend(events)

    def gather_events(self, frames: int) -> None:
        """Put the events of a block, which came from several places, in order of frames; called once a block, before `run`."""
        if self.events_ahead:
            # The lists stay the same objects: stages look at them to see whether there is anything to do.
            self.events.extend(event for event in self.events_ahead if event.frame < frames)
            self.events_ahead[:] = [event.at(event.frame - frames) for event in self.events_ahead if event.frame >= frames]
        if len(self.events) > 1:
            self.events.sort(key=_frame_of)

    def forget_events(self) -> None:
        """Drop every event that waits here."""
        self.events.clear()
        self.events_ahead.clear()
        self.given_events.clear()

    def port_index(self, port: str | None, *, output: bool) -> int:
        """Which port a name means (None: the main one); KeyError when there is none."""
        ports = self.outputs if output else self.inputs
        if port is None:
            if not ports:
                raise KeyError(port)
            return 0
        for index, item in enumerate(ports):
            if item.name == port:
                return index
        raise KeyError(port)

    def state(self) -> dict[str, str]:
        """Parameters as text by id."""
        return {key: parameter.format(self.value(key)) for key, parameter in self.parameters.items()}

    def close(self) -> None:  # noqa: B027
        """Let go of what the node holds."""


def _frame_of(event: Event) -> int:
    return event.frame


class Bus(RackNode):
    """A place where wires meet: the graph's ends, the ends of nested racks, and what stands in for a missing plugin."""

    kind: Kind = "bus"

    def __init__(self, name: str, channels: int = 2, *, audio_in: bool = True, audio_out: bool = True, events: bool = False) -> None:
        super().__init__(name)
        self.inputs = (Port("in", channels),) if audio_in else ()
        self.outputs = (Port("out", channels),) if audio_out else ()
        self.takes_events = self.gives_events = events

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """A bus has none."""
        return {}

    def find(self, key: str) -> Parameter:
        """A bus has no parameters."""
        raise KeyError(key)

    def value(self, key: str) -> Value:
        """A bus has no parameters."""
        raise KeyError(key)

    def set_value(self, key: str, value: Value) -> None:  # noqa: ARG002
        """A bus has no parameters."""
        raise KeyError(key)

    def connect(self, inputs: Sequence[Buffer], outputs: Sequence[Buffer], time: np.ndarray) -> None:  # noqa: ARG002
        """Input and output of a bus are one buffer (the plan makes them so)."""
        self.input_buffers, self.output_buffers = list(inputs), list(outputs)

    def run(self, frames: int) -> None:  # noqa: ARG002
        """Pass events on; audio has already been mixed in place."""
        self.given_events.extend(self.events)

    def reset(self) -> None:
        """Nothing is carried."""


class StandIn(Bus):
    """Stands where a plugin is missing: silent, or letting its input pass. It takes any parameter and any port, and ignores them."""

    def __init__(self, name: str, *, passes: bool, why: str) -> None:
        super().__init__(name, events=True)
        self.passes = passes
        self.why = why

    def port_index(self, port: str | None, *, output: bool) -> int:  # noqa: ARG002
        """Every port name leads to the one port."""
        return 0

    def run(self, frames: int) -> None:
        """Pass events on, unless it is silent."""
        if self.passes:
            super().run(frames)
