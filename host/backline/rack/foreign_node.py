"""Nodes that hold plugins of others: pedalboard's, VST3, AU, LV2.

This module knows the interface of `rack.foreign`. It does not know which backend hosts a plugin, documents or wires.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from backline.sdk.declaration import Port
from backline.sdk.events import Event, ParameterChange
from backline.sdk.transport import Transport
from backline.sdk.units import Beats, UnitError

from .foreign import ForeignParameter, ForeignPlugin
from .node import Buffer, Kind, RackNode, Value, grid_frames

if TYPE_CHECKING:
    from .node import Parameter

Change = tuple[int, str, float]


class ForeignParam:
    """A foreign parameter in the shape a rack expects."""

    def __init__(self, plugin: ForeignPlugin, parameter: ForeignParameter) -> None:
        self._plugin = plugin
        self.id, self.label, self.unit, self.kind = parameter.id, parameter.name, parameter.unit, str(parameter.kind)
        self.minimum, self.maximum, self.curve = parameter.minimum, parameter.maximum, str(parameter.curve)
        self.choices, self.default = parameter.choices, parameter.default

    def parse(self, value: str | float | Beats) -> float:
        """A checked value in the plugin's own unit; ValueError with a clear message."""
        if isinstance(value, Beats):
            raise UnitError(f"{self.id} cannot follow the tempo")
        return self._plugin.parse(self.id, value)

    def format(self, value: Value) -> str:
        """A value as text that parses back."""
        return self._plugin.format(self.id, float(value))


class ForeignNode(RackNode):
    """A node around a foreign plugin."""

    def __init__(self, name: str, plugin: ForeignPlugin) -> None:
        super().__init__(name)
        self.plugin = plugin
        self.kind: Kind = plugin.kind
        self.inputs = (Port("in", plugin.inputs),) if plugin.kind == "effect" else ()
        self.outputs = (Port("out", plugin.outputs),)
        self.takes_events = plugin.kind == "instrument" or plugin.backend == "minihost"
        self.gives_events = plugin.backend == "minihost"
        self._parameters = {key: ForeignParam(plugin, item) for key, item in plugin.parameters.items()}
        self._values: dict[str, float] = {}
        self._initial_state: bytes | None = None
        self.transport = Transport()

    @property
    def parameters(self) -> Mapping[str, Parameter]:
        """The plugin's parameters by id, hidden ones left out."""
        return {key: item for key, item in self._parameters.items() if not self.plugin.parameters[key].hidden}

    def find(self, key: str) -> ForeignParam:
        """A parameter by id or shown name; KeyError when there is none."""
        try:
            return self._parameters[self.plugin.parameter(key).id]
        except ValueError as error:
            raise KeyError(key) from error

    def value(self, key: str) -> Value:
        """What a parameter was last set to, or what the plugin says."""
        return self._values.get(key, self.plugin.value(key))

    def set_value(self, key: str, value: Value) -> None:
        """Set a parameter at once."""
        self._values[key] = float(value)
        self.plugin.set_now(key, float(value))

    @property
    def latency(self) -> int:
        """What the plugin reports, in frames."""
        return self.plugin.latency

    @property
    def tail(self) -> float:
        """What the plugin reports in seconds; five when it does not say."""
        return 5.0 if self.plugin.tail_seconds is None else min(self.plugin.tail_seconds, 60.0)

    def connect(self, inputs: Sequence[Buffer], outputs: Sequence[Buffer], time: np.ndarray) -> None:  # noqa: ARG002
        """Use these buffers."""
        self.input_buffers, self.output_buffers = list(inputs), list(outputs)
        for modulation in self.control_modulations:
            self._values.setdefault(modulation.parameter.id, float(self.plugin.value(modulation.parameter.id)))

    def follow(self, transport: Transport) -> None:
        """Remember the musical time for the calls that follow."""
        self.transport = transport

    def changes(self, frames: int) -> list[Change]:
        """Take the parameter changes out of the block's events, and add control-rate modulation on the grid."""
        found = [(event.frame, event.parameter, event.value) for event in self.events if isinstance(event, ParameterChange)]
        if self.control_modulations:
            found = self._with_modulation(found, frames)
        else:
            for _, key, value in found:
                self._values[key] = value
        return found

    def _with_modulation(self, changes: list[Change], frames: int) -> list[Change]:
        """Changes that arrive on the grid, where a modulated parameter swings around what it was last set to."""
        modulated = {modulation.parameter.id for modulation in self.control_modulations}
        found: list[Change] = [change for change in changes if change[1] not in modulated]
        at = 0
        for frame in grid_frames(self.transport.frame, frames):
            while at < len(changes) and changes[at][0] <= frame:
                self._values[changes[at][1]] = changes[at][2]
                at += 1
            totals: dict[str, float] = {}
            for modulation in self.control_modulations:
                key = modulation.parameter.id
                totals[key] = modulation.at(totals.get(key, self._values[key]), frame)
            found += [(frame, key, value) for key, value in totals.items()]
        for _, key, value in changes[at:]:
            self._values[key] = value
        found.sort(key=lambda change: change[0])
        return found

    def run(self, frames: int) -> None:
        """Compute one block."""
        changes = self.changes(frames) if self.busy else ()
        events: Sequence[Event] = ()
        if self.events:
            events = [event for event in self.events if not isinstance(event, ParameterChange)]
        audio = self.input_buffers[0] if self.input_buffers else None
        self.plugin.process(audio, self.output_buffers[0], frames, self.transport.frame, events, changes, self.transport)
        if self.gives_events:
            self.given_events.extend(self.plugin.midi_out)

    def reset(self) -> None:
        """Forget all sound; parameters go back to what they were set to."""
        for key, value in self._values.items():
            self.plugin.set_now(key, value)
        self.plugin.reset()

    def expect_moves(self, keys: Sequence[str]) -> None:
        """Move parameters away and back, so that the plugin sees it: on its way through 0..1 a value may change in its last bit."""
        if self.plugin.path is None:
            return  # pedalboard's own take values as they are
        values = {key: float(self.value(key)) for key in keys}
        for key, value in values.items():
            parameter = self._parameters[key]
            self.set_value(key, parameter.maximum if value != parameter.maximum else parameter.minimum)
        self.plugin.reset()
        for key, value in values.items():
            self.set_value(key, value)

    def settle(self) -> None:
        """Let what was set take effect on the latency: pedalboard tells it to a plugin, and hears back, only with a block."""
        if self.plugin.backend == "pedalboard" and self.plugin.path is not None:
            self.plugin.reset()

    def close(self) -> None:
        """Let the plugin go."""
        self.plugin.close()
