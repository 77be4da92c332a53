"""The base of every plugin: what authors derive from, and the running object a host drives.

This module knows parameters, smoothing, blocks and ports of one plugin. It does not know graphs, documents, files or devices.

A class body declares data (see `params`); an instance is one running processor, made off the audio thread for one sample rate and one
largest block. After that a host calls `compute` once a block. Nothing in `compute` allocates audio memory, locks or logs.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np

from .declaration import Declaration, Port, authored, beats_of, binding_of, declaration_of, kernel_fingerprint, rows_of, snake_case
from .events import Event, ParameterChange
from .kernels import Binding, kernel_address
from .kernels import contract as c
from .kernels.core import DELTA, HIGH, LENGTH, LOW, RECORD, REMAINING, TARGET, core_kernel
from .kernels.loader import runner
from .params import Param, Value
from .time_array import write_time
from .transport import Transport
from .units import Beats

Kind = Literal["effect", "instrument", "event", "modulator"]
AudioReader = Callable[[str], tuple[np.ndarray, int]]

RESERVED = frozenset({"plugin", "params", "state", "bypass", "mix", "channels", "host", "rack", "sample_rate", "max_block", "transport"})
"""Names that a preset's node uses for itself; no parameter may have one."""


class Plugin:
    """What every plugin has. Derive from Effect, Instrument, EventEffect or Modulator, not from this.

    Class attributes an author may set: `plugin_id` (default: the class name in snake case), `name`, `version`, `tags`, `latency` (frames),
    `tail` (seconds of sound after the input ends), `inputs` and `outputs` (Ports), `settings` ({key: description} of structured settings).
    """

    kind: ClassVar[Kind]
    plugin_id: ClassVar[str] = ""
    name: ClassVar[str] = ""
    version: ClassVar[str] = "1"
    api: ClassVar[int] = 1
    tags: ClassVar[tuple[str, ...]] = ()
    settings: ClassVar[Mapping[str, str]] = {}
    inputs: ClassVar[tuple[Port, ...]] = ()
    outputs: ClassVar[tuple[Port, ...]] = ()
    takes_events: ClassVar[bool] = False
    gives_events: ClassVar[bool] = False
    parameters: ClassVar[Mapping[str, Param]] = {}
    declaration: ClassVar[Declaration]
    binding: ClassVar[Binding | None] = None

    latency: int = 0
    tail: float = 0.0

    def __init_subclass__(cls, **extra: Any) -> None:
        super().__init_subclass__(**extra)
        if "kind" not in {name for base in cls.__mro__ for name in vars(base)}:
            return
        if "plugin_id" not in vars(cls):
            cls.plugin_id = snake_case(cls.__name__)
        if "name" not in vars(cls):
            cls.name = cls.plugin_id.replace("_", " ").capitalize()
        cls.declaration = declaration_of(cls)
        for name in cls.declaration.parameters:
            if name in RESERVED or any(name in vars(base) for base in [*Plugin.__subclasses__(), Plugin]):
                raise TypeError(f"{cls.__name__}: a parameter cannot be called {name!r}, that name has a meaning of its own")
        cls.parameters = cls.declaration.parameters
        sample = cls.sample_function()
        cls.binding = binding_of(cls.kind, sample, cls.declaration) if sample is not None else None
        cls._settle_ports()

    @classmethod
    def sample_function(cls) -> Callable[..., Any] | None:
        """The author's function of one sample, or None for plugins that process blocks themselves."""
        return authored(cls, "sample")

    @classmethod
    def kernel_function(cls) -> Callable[..., Any] | None:
        """The author's function that becomes the kernel; kinds that have other ways than `sample` refine this."""
        return cls.sample_function()

    @classmethod
    def _settle_ports(cls) -> None:
        """Derive ports that the class does not name; kinds refine this."""

    @classmethod
    def compile(cls) -> int:
        """Make sure the kernel is compiled and kept; return its address (0 for plugins without one)."""
        function, binding = cls.kernel_function(), cls.binding
        if function is None or binding is None:
            return 0

        def text() -> str:
            from .kernels.generate import kernel_text  # only when there is something to compile: a start should not pay for it

            return kernel_text(function, binding)

        return kernel_address(kernel_fingerprint(function), binding, text)

    def __init__(self, sample_rate: float = 48000.0, max_block: int = 512, channels: int = 2) -> None:
        self.sample_rate = float(sample_rate)
        self.max_block = int(max_block)
        self.channels = channels
        self.transport = Transport(sample_rate)
        self._tempo = self.transport.tempo
        self._started = False
        self._given: dict[str, Value] = {name: parameter.default for name, parameter in self.parameters.items()}
        self._make_parameters()
        self._time = np.zeros(c.TIME_SLOTS)
        self._context = np.zeros(64, np.int64)
        self._table = np.zeros(4, np.int64)
        self._ports_in: list[np.ndarray] = [self._buffer(self.port_channels(port)) for port in self.inputs]
        self._ports_out: list[np.ndarray] = [self._buffer(self.port_channels(port)) for port in self.outputs]
        self._addresses_in = np.zeros(max(len(self.inputs), 2), np.int64)
        self._addresses_out = np.zeros(max(len(self.outputs), 64), np.int64)
        self._tables: dict[str, np.ndarray] = {}
        self._table_index = np.zeros((max(len(self.declaration.tables), 1), 2), np.int64)
        self._make_state()
        self._make_context()
        self.prepare()
        self._resolve_all()

    # -- for authors ---------------------------------------------------------------------------------------------------------------

    def prepare(self) -> None:
        """Called once when rate and block size are known: build tables, read nothing from disk. Override as needed."""

    def configure(self, settings: Mapping[str, Any], read_audio: AudioReader) -> None:  # noqa: ARG002 - for those who have settings
        """Take structured settings of a preset (`settings` names the keys). `read_audio(text)` gives (channels, frames) float32 and a rate.

        Raises ValueError with a clear message for what does not fit. The default refuses everything.
        """
        for key in settings:
            raise ValueError(f"{self.plugin_id} has no setting {key!r}")

    def set_table(self, name: str, values: np.ndarray) -> None:
        """Give a Table its content: any array, kept as flat float32. Not while sound runs."""
        flat = np.ascontiguousarray(values, dtype=np.float32).reshape(-1)
        index = list(self.declaration.tables).index(name)
        self._tables[name] = flat
        self._table_index[index] = (flat.ctypes.data, len(flat))

    # -- parameters ----------------------------------------------------------------------------------------------------------------

    def _make_parameters(self) -> None:
        self._rows_of = rows_of(self.declaration)
        self._index_of = {name: index for index, name in enumerate(self.parameters)}
        count = len(self._rows_of)
        self._beats_of = beats_of(self.declaration)
        self._values = np.zeros(len(self.parameters) + 8 + len(self._beats_of))
        self._smoothed = np.zeros(max(count, 1))
        self._records = np.zeros((max(count, 1), RECORD))
        self._rows = np.zeros((max(count, 1), self.max_block), np.float32)
        self._modulations = np.zeros((16, 4), np.int64)
        self._modulation_count = 0
        self._depths: list[np.ndarray] = []
        for name, row in self._rows_of.items():
            parameter = self.parameters[name]
            self._records[row, LENGTH] = max(1.0, round(parameter.smoothing * self.sample_rate))
            self._records[row, LOW], self._records[row, HIGH] = parameter.minimum, parameter.maximum
        for name in self.parameters:
            self._apply(name, smooth=False)

    def set_parameter(self, name: str, value: Value, *, smooth: bool | None = None) -> None:
        """Send a parameter to a value (already parsed; held inside its range). It glides there over its smoothing time once sound runs.

        Raises KeyError for an unknown name and ValueError for a read-only one, or for a value that is not a number.
        """
        parameter = self.parameters[name]
        if parameter.output:
            raise ValueError(f"{name} of {self.plugin_id} is read-only")
        if value != value:
            raise ValueError(f"{name} of {self.plugin_id} cannot be {value}")
        self._given[name] = value if isinstance(value, Beats) else parameter.clamp(value)
        self._apply(name, smooth=self._started if smooth is None else smooth)

    def _apply(self, name: str, *, smooth: bool) -> None:
        parameter, given = self.parameters[name], self._given[name]
        if name in self._beats_of:
            self._values[self._beats_of[name]] = given.in_beats() if isinstance(given, Beats) else 0.0
        value = parameter.resolve(given, self.transport.tempo)
        self._values[self._index_of[name]] = value
        row = self._rows_of.get(name)
        if row is None:
            if self._started:
                self.parameter_changed(name)
            return
        record = self._records[row]
        if smooth:
            now = record[TARGET] - record[DELTA] * (record[REMAINING] / record[LENGTH])
            record[DELTA] = value - now
            record[REMAINING] = record[LENGTH] if value != now else 0.0
        else:
            record[REMAINING] = 0.0
        record[TARGET] = value

    def parameter_changed(self, name: str) -> None:
        """Called when a parameter that is not smoothed changed while sound runs. Override as needed."""

    def parameter_value(self, name: str) -> float:
        """What a parameter is now: where a smoothed one has come to, what a meter last showed."""
        parameter = self.parameters[name]
        if parameter.output:
            return self._meter(name)
        row = self._rows_of.get(name)
        if row is None:
            return float(self._values[self._index_of[name]])
        record = self._records[row]
        return float(record[TARGET] - record[DELTA] * (record[REMAINING] / record[LENGTH]))

    def parameter_target(self, name: str) -> Value:
        """What a parameter was last set to (a note length stays one)."""
        return self._given[name]

    def _resolve_all(self) -> None:
        for name in self.parameters:
            if isinstance(self._given[name], Beats):
                self._apply(name, smooth=self._started)

    def state(self) -> dict[str, str]:
        """Everything that makes this plugin sound as it does, as text by parameter id."""
        return {name: self.parameters[name].format(value) for name, value in self._given.items() if not self.parameters[name].output}

    def restore(self, state: Mapping[str, str]) -> None:
        """Set parameters from `state()`. Raises KeyError or ValueError for what does not fit."""
        for name, text in state.items():
            self.set_parameter(name, self.parameters[name].parse(text))

    def modulate(self, name: str, source: np.ndarray, depth: float, *, octaves: bool) -> np.ndarray:
        """Add a control signal (float32[1, max_block], read anew each block) to a smoothed parameter, per sample.

        `depth` is in the parameter's unit, or in octaves. Returns the one-element array that holds the depth. Only smoothed parameters can
        be modulated: KeyError for others.
        """
        row = self._rows_of[name]
        held = np.array([depth])
        self._depths.append(held)
        index = self._modulation_count
        if index >= len(self._modulations):
            raise ValueError(f"{self.plugin_id} takes at most {len(self._modulations)} modulation wires")
        self._modulations[index] = (row, 1 if octaves else 0, source.ctypes.data, held.ctypes.data)
        self._modulation_count = index + 1
        self._rows_context[5] = self._modulation_count
        return held

    def clear_modulation(self) -> None:
        """Forget all modulation."""
        self._modulation_count = 0
        self._rows_context[5] = 0
        self._depths.clear()

    # -- buffers and kernels -------------------------------------------------------------------------------------------------------

    def port_channels(self, port: Port) -> int:
        """How many channels a port has in this instance."""
        return port.channels or self.channels

    def _buffer(self, channels: int) -> np.ndarray:
        return np.zeros((channels, self.max_block), np.float32)

    def _make_state(self) -> None:
        """Allocate carried state; kinds refine this."""

    def _make_context(self) -> None:
        context = self._context
        context[c.STRIDE], context[c.WIDTH] = self.max_block, self.channels
        context[c.VALUES] = self._values.ctypes.data
        context[c.ROWS] = self._rows.ctypes.data
        context[c.INPUTS] = self._addresses_in.ctypes.data
        context[c.OUTPUTS] = self._addresses_out.ctypes.data
        context[c.TIME] = self._time.ctypes.data
        context[c.TABLES] = self._table_index.ctypes.data
        self._rows_context = np.zeros(8, np.int64)
        rows = len(self._rows_of)
        self._rows_context[:7] = (
            self.max_block,
            self._records.ctypes.data,
            self._rows.ctypes.data,
            rows,
            self._modulations.ctypes.data,
            0,
            self._smoothed.ctypes.data,
        )
        self._context_for_state()
        self._connect_addresses()
        steps: list[int] = []
        if rows:
            steps += [core_kernel("rows"), self._rows_context.ctypes.data]
        address = self.compile()
        if address:
            steps += [address, context.ctypes.data]
        self._table[: len(steps)] = steps
        self._step_count = len(steps) // 2
        self._run = runner()
        self._table_address = self._table.ctypes.data

    def _context_for_state(self) -> None:
        """Write the addresses of carried state; kinds refine this."""

    def _connect_addresses(self) -> None:
        for index, buffer in enumerate(self._ports_in):
            self._addresses_in[index] = buffer.ctypes.data
        for index, buffer in enumerate(self._ports_out):
            self._addresses_out[index] = buffer.ctypes.data

    def connect(self, inputs: Sequence[np.ndarray], outputs: Sequence[np.ndarray], time: np.ndarray | None = None) -> None:
        """Use a host's buffers: float32[channels, max_block] for each port, and its time array. They must outlive the plugin."""
        self._ports_in, self._ports_out = list(inputs), list(outputs)
        self._connect_addresses()
        if time is not None:
            self._time = time
            self._context[c.TIME] = time.ctypes.data

    @property
    def kernel_steps(self) -> list[tuple[int, int]]:
        """(kernel, context) pairs that compute a block, for a host that runs many nodes as one call; empty when Python is needed."""
        if self.binding is None:
            return []
        return [(int(self._table[2 * k]), int(self._table[2 * k + 1])) for k in range(self._step_count)]

    # -- running -------------------------------------------------------------------------------------------------------------------

    def compute(self, frames: int, events: Iterable[Event] = ()) -> None:
        """Compute frames [0, frames) of the connected buffers. `events` are sorted by frame; the stream is split at each of them."""
        self._started = True
        at = 0
        for event in events:
            if event.frame > at:
                self.advance(at, event.frame)
                at = event.frame
            self.handle(event)
        if at < frames:
            self.advance(at, frames)

    def advance(self, start: int, end: int) -> None:
        """Compute frames [start, end)."""
        self._run(self._table_address, self._step_count, start, end)

    def handle(self, event: Event) -> None:
        """Take one event at the current frame."""
        if isinstance(event, ParameterChange) and event.value == event.value:  # what is not a number changes nothing
            self.set_parameter(event.parameter, event.value)

    def follow(self, transport: Transport) -> None:
        """Take the musical time of the block that follows."""
        changed = transport.tempo != self._tempo
        self.transport, self._tempo = transport, transport.tempo
        if changed:
            self._resolve_all()

    def process_block(
        self, inputs: Sequence[np.ndarray] = (), frames: int = 0, events: Sequence[Event] = (), transport: Transport | None = None
    ) -> list[np.ndarray]:
        """Run one block on its own, without a host: copies inputs in and returns copies of the outputs, float32[channels, frames]."""
        moment = transport or self.transport
        self.follow(moment)
        write_time(self._time, moment)
        for buffer, given in zip(self._ports_in, inputs, strict=False):
            buffer[:, :frames] = given
        self.compute(frames, events)
        if transport is None:
            moment.advance(frames)
        return [buffer[:, :frames].copy() for buffer in self._ports_out]

    def reset(self) -> None:
        """Become as new: carried state at its initial values, no voice sounding; parameters keep their targets."""
        self._started = False
        for name in self.parameters:
            if not self.parameters[name].output:
                self._apply(name, smooth=False)
        self._reset_state()

    def _reset_state(self) -> None:
        """Clear carried state; kinds refine this."""

    def _meter(self, name: str) -> float:
        raise KeyError(name)

    @property
    def faults(self) -> int:
        """How often a non-finite sample was caught."""
        return int(self._context[c.FAULTS])
