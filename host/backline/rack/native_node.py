"""Nodes that hold plugins written with the SDK.

This module knows `backline.sdk.Plugin`. It does not know documents, wires or other hosts.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from backline.sdk.effect import EventEffect
from backline.sdk.events import Event, NoteOff, NoteOn, ParameterChange
from backline.sdk.params import Param
from backline.sdk.plugin import Plugin
from backline.sdk.transport import Transport

from .node import Buffer, Kind, RackNode, Value, grid_frames

if TYPE_CHECKING:
    from .node import Parameter


class NativeNode(RackNode):
    """A node around an Effect, Instrument or Modulator."""

    def __init__(self, name: str, plugin: Plugin) -> None:
        super().__init__(name)
        self.plugin = plugin
        self.kind: Kind = plugin.kind
        self.inputs, self.outputs = plugin.inputs, plugin.outputs
        self.takes_events, self.gives_events = plugin.takes_events, plugin.gives_events
        self._base: dict[str, Value] = {}
        self._parameters = {key: parameter for key, parameter in plugin.parameters.items() if not parameter.output}

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """The plugin's parameters, without its meters."""
        return self._parameters

    def find(self, key: str) -> Param:
        """A parameter by id or label; KeyError when there is none."""
        if key in self._parameters:
            return self._parameters[key]
        for parameter in self._parameters.values():
            if parameter.label.casefold() == key.casefold():
                return parameter
        raise KeyError(key)

    def value(self, key: str) -> Value:
        """What a parameter was last set to (without modulation)."""
        return self._base.get(key, self.plugin.parameter_target(key))

    def set_value(self, key: str, value: Value) -> None:
        """Set a parameter; under control-rate modulation this is the value it swings around."""
        if key in self._base:
            self._base[key] = value
        else:
            self.plugin.set_parameter(key, value)

    def meter(self, key: str) -> float:
        """What a read-only output shows."""
        return self.plugin.parameter_value(key)

    @property
    def latency(self) -> int:
        """The plugin's own latency in frames."""
        return int(self.plugin.latency)

    @property
    def tail(self) -> float:
        """The plugin's own tail in seconds."""
        return float(self.plugin.tail)

    @property
    def steps(self) -> list[tuple[int, int]]:
        """The plugin's kernels."""
        return self.plugin.kernel_steps

    def connect(self, inputs: Sequence[Buffer], outputs: Sequence[Buffer], time: np.ndarray) -> None:
        """Hand buffers and time to the plugin."""
        self.input_buffers, self.output_buffers = list(inputs), list(outputs)
        self.plugin.connect(inputs, outputs, time)
        for modulation in self.control_modulations:
            self._base.setdefault(modulation.parameter.id, self.plugin.parameter_target(modulation.parameter.id))

    def run(self, frames: int) -> None:
        """Drive the plugin through the block, split at its events."""
        events: Sequence[Event] = self.events
        if self.control_modulations:
            events = self._with_modulation(frames)
        self.plugin.compute(frames, events)

    def _with_modulation(self, frames: int) -> list[Event]:
        """Merge control-rate modulation into the events, as parameter changes on the grid."""
        mine: list[Event] = []
        moved: list[ParameterChange] = []
        for event in self.events:
            if isinstance(event, ParameterChange) and event.parameter in self._base:
                moved.append(event)
            else:
                mine.append(event)
        at = 0
        for frame in grid_frames(self.plugin.transport.frame, frames):
            # What changes the base counts from the first point of the grid that is not before it, whatever the block.
            while at < len(moved) and moved[at].frame <= frame:
                self._base[moved[at].parameter] = moved[at].value
                at += 1
            mine += [ParameterChange(frame, key, value) for key, value in self._modulated(frame)]
        for event in moved[at:]:
            self._base[event.parameter] = event.value
        mine.sort(key=lambda event: event.frame)
        return mine

    def _modulated(self, frame: int) -> Iterable[tuple[str, float]]:
        """What every modulated parameter is at a frame of the block."""
        totals: dict[str, float] = {}
        for modulation in self.control_modulations:
            key = modulation.parameter.id
            base = totals.get(key)
            if base is None:
                base = self._parameters[key].resolve(self._base[key], self.plugin.transport.tempo)
            totals[key] = modulation.at(base, frame)
        return totals.items()

    def follow(self, transport: Transport) -> None:
        """Hand the musical time to the plugin."""
        self.plugin.follow(transport)

    def clear_modulation(self) -> None:
        """Forget modulation wires."""
        for key, value in self._base.items():
            self.plugin.set_parameter(key, value)
        self._base.clear()
        super().clear_modulation()
        self.plugin.clear_modulation()

    def reset(self) -> None:
        """Reset the plugin."""
        for key, value in self._base.items():
            self.plugin.set_parameter(key, value, smooth=False)
        self.plugin.reset()


class EventNode(NativeNode):
    """A node around an EventEffect: events in, events out, no audio."""

    plugin: EventEffect

    def __init__(self, name: str, plugin: EventEffect) -> None:
        super().__init__(name, plugin)
        self._passed: dict[tuple[int, int, int], NoteOff] = {}  # what ends the notes that went past while bypassed

    @property
    def steps(self) -> list[tuple[int, int]]:
        """Events are handled in Python."""
        return []

    def run(self, frames: int) -> None:
        """Translate the block's events; bypassed, they pass unchanged."""
        events = self._with_modulation(frames) if self.control_modulations else self.events
        if not self.bypassed:
            self.given_events.extend(self.plugin.translate(events, frames))
            return
        for event in events:
            if isinstance(event, ParameterChange):
                self.plugin.handle(event)
                continue
            self.given_events.append(event)
            if isinstance(event, NoteOn):
                self._passed[event.channel, event.key, event.note_id] = NoteOff(0, event.key, 0.0, event.channel, event.note_id)
            elif isinstance(event, NoteOff):
                self._passed.pop((event.channel, event.key, event.note_id), None)

    def set_bypassed(self, bypassed: bool) -> None:
        """Bypass or not; notes that the plugin holds, or that went past it, are ended first: their note-offs would not find them."""
        if bypassed != self.bypassed:
            self.given_events.extend(self.plugin.release_all())
            self.given_events.extend(self._passed.values())
            self._passed.clear()
            self.bypassed = bypassed

    def reset(self) -> None:
        """Reset the plugin; nothing is held."""
        super().reset()
        self._passed.clear()
