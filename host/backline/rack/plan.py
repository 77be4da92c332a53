"""The plan: a checked graph as buffers and a flat list of stages.

This module knows where audio stands in memory, how late each path comes and how neighbours are run together. It does not know documents.

Every buffer is allocated once. A node that hears exactly one source at 0 dB reads that source's buffer itself; all else is mixed.
Shorter paths are delayed so that parallel paths meet sample-exactly. Everything that is a kernel (plugins of ours, mixing, delaying,
blending) and stands side by side becomes one native call; neighbouring pedalboard effects become one pedalboard call.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from backline.sdk.kernels import contract as c
from backline.sdk.kernels.core import LENGTH, TARGET, core_kernel

from .graph import AudioEdge, Graph, ModulationEdge, output_channels
from .native_node import EventNode, NativeNode
from .node import Buffer, Bus, ControlModulation, RackNode, StandIn
from .stages import EventStage, NativeRun, PythonStage, Stage, join_fused

FEEDBACK_FRAMES = 64
BLEND_SECONDS = 0.01
DELAY_POSITION = 6  # the slot of a delay's context that says where in its ring it is


@dataclass(frozen=True, eq=False)
class Delay:
    """What a compensating delay carries."""

    ring: np.ndarray
    context: np.ndarray


@dataclass(frozen=True, eq=False)
class Feedback:
    """What a feedback wire carries, and the buffer into which it is read."""

    edge: AudioEdge
    buffer: Buffer
    ring: np.ndarray
    position: np.ndarray


class Blend:
    """The wet/dry cross-fade behind a node: bypass and mix."""

    def __init__(self, record: np.ndarray, mix: float, *, bypassed: bool) -> None:
        self.record, self.mix, self.bypassed = record, mix, bypassed
        record[TARGET] = 0.0 if bypassed else mix

    @property
    def amount(self) -> float:
        """How much of the node is heard once the fade has ended."""
        return 0.0 if self.bypassed else self.mix

    def move(self, *, smooth: bool) -> None:
        """Go to the amount that mix and bypass ask for."""
        target, delta, remaining, length = self.record[:4]
        now = target - delta * (remaining / length)
        self.record[TARGET] = self.amount
        self.record[1] = self.amount - now
        self.record[2] = length if smooth and now != self.amount else 0.0


class Plan:
    """Buffers and stages for one graph, sample rate and largest block."""

    def __init__(self, graph: Graph, rate: float, max_block: int) -> None:
        self.graph, self.rate, self.max_block = graph, rate, max_block
        self.time = np.zeros(c.TIME_SLOTS)
        self.contexts: list[np.ndarray] = []
        self.keep: list[np.ndarray] = []
        self.latencies: dict[str, int] = {}
        self.arrivals: dict[str, int] = {}
        self.late: dict[str, int] = {}
        self.blends: dict[str, list[Blend]] = {}
        self.wire_gains: list[tuple[AudioEdge, np.ndarray]] = []
        self._delays: dict[tuple[object, ...], Delay] = {}
        self._items: list[tuple[RackNode | None, int, int]] = []
        self.stages: list[Stage] = []
        self._feedback: list[Feedback] = []
        self._allocate()
        self._find_latencies()
        self._build()

    # -- buffers -------------------------------------------------------------------------------------------------------------------

    def _buffer(self, channels: int) -> Buffer:
        return np.zeros((channels, self.max_block), np.float32)

    def _allocate(self) -> None:
        for node in self.graph.nodes:
            node.clear_modulation()
            node.output_buffers = [self._buffer(output_channels(node, port.channels)) for port in node.outputs]
            if isinstance(node, Bus) and node.inputs:
                node.output_buffers = node.output_buffers or [self._buffer(2)]

    def _find_latencies(self) -> None:
        """How late the sound comes that reaches each node, and that leaves it; every output is as late as the latest."""
        outs = list(self.graph.outs.values())
        self.latencies = {node.name: node.latency for node in self.graph.nodes}
        for node in self.graph.nodes:
            self.arrivals[node.name] = self._arrival(node)
            self.late[node.name] = self.arrivals[node.name] + self.latencies[node.name]
        self.latency = max((self.late[node.name] for node in outs), default=0)
        for node in outs:
            self.arrivals[node.name] = self.late[node.name] = self.latency
        for node in self.graph.nodes:
            node.lead = self.arrivals[node.name]
            edges = [edge for edge in self.graph.events if edge.source is node]
            node.event_targets = [(edge.target, self.arrivals[edge.target.name] - self.late[node.name]) for edge in edges]

    @property
    def stale(self) -> bool:
        """Whether a latency has changed since this plan was made."""
        return any(node.latency != self.latencies[node.name] for node in self.graph.nodes)

    def _context(self, *values: int) -> np.ndarray:
        context = np.zeros(max(len(values), 8), np.int64)
        context[: len(values)] = values
        self.contexts.append(context)
        return context

    def _kernel(self, name: str, context: np.ndarray, node: RackNode | None = None) -> None:
        self._items.append((node, core_kernel(name), context.ctypes.data))

    # -- stages --------------------------------------------------------------------------------------------------------------------

    def _build(self) -> None:
        for edge in self.graph.feedback:
            self._feedback_start(edge)
        for node in self.graph.nodes:
            self._add(node)
        for feedback in self._feedback:
            self._feedback_end(feedback)
        self._flush()
        self._fuse()

    def _edges_into(self, node: RackNode) -> list[AudioEdge]:
        return [edge for edge in self.graph.audio if edge.target is node]

    def _modulation_into(self, node: RackNode) -> list[ModulationEdge]:
        return [edge for edge in self.graph.modulation if edge.target is node]

    def _arrival(self, node: RackNode) -> int:
        sources = [edge.source for edge in self._edges_into(node)]
        sources += [edge.source for edge in self._modulation_into(node)]
        sources += [edge.source for edge in self.graph.events if edge.target is node]
        return max((self.late[source.name] for source in sources), default=0)

    def _add(self, node: RackNode) -> None:
        arrives = self.arrivals[node.name]
        inputs = [self._input(node, port, arrives) for port in range(len(node.inputs))]
        for edge in self._modulation_into(node):
            self._modulate(edge, arrives)
        node.connect(inputs, node.output_buffers, self.time)
        if isinstance(node, StandIn) and not node.passes:
            self._kernel("mix", self._mix_context(node.output_buffers[0], []))
        if isinstance(node, Bus):
            if node.takes_events and node is not self.graph.events_in:
                self._flush()
                self.stages.append(EventStage(node))
            return
        if node.steps:
            self._items.extend((node, kernel, context) for kernel, context in node.steps)
        elif isinstance(node, EventNode):
            self._flush()
            self.stages.append(PythonStage(node))
        else:
            self._flush()
            self.stages.append(PythonStage(node))
            self._guard(node)
        if node.outputs:
            self._blend(node, inputs)

    def _guard(self, node: RackNode) -> None:
        for buffer in node.output_buffers:
            node.guard = self._context(self.max_block, buffer.ctypes.data, len(buffer), 0)
            self._kernel("guard", node.guard)

    def _input(self, node: RackNode, port: int, arrives: int) -> Buffer:
        """The buffer an input port reads: a source's own, a mix, or silence."""
        edges = [edge for edge in self._edges_into(node) if edge.target_port == port]
        returned = [item for item in self._feedback if item.edge.target is node and item.edge.target_port == port]
        channels = output_channels(node, node.inputs[port].channels)
        bus = node.output_buffers[0] if isinstance(node, Bus) else None
        if bus is not None:
            channels = len(bus)
        if not edges and not returned and bus is None:
            return self._silence(channels)
        if bus is not None and node is self.graph.audio_in:
            return bus
        sources = [(self._aligned(edge, arrives), edge) for edge in edges]
        sources += [(self._aligned(item.edge, arrives, item.buffer), item.edge) for item in returned]
        if len(sources) == 1 and not isinstance(node, StandIn):
            buffer, edge = sources[0]
            if len(buffer) == channels and edge.gain_db == 0.0:
                if bus is not None:
                    node.output_buffers[0] = buffer  # nothing is mixed here: the bus is its source
                return buffer
        target = bus if bus is not None else self._buffer(channels)
        self.keep.append(target)
        mixed = [(self._fitted(buffer, channels), edge.gain_db, edge) for buffer, edge in sources]
        self._kernel("mix", self._mix_context(target, mixed))
        return target

    def _silence(self, channels: int) -> Buffer:
        silence = self._buffer(channels)
        self.keep.append(silence)
        return silence

    def _mix_context(self, target: Buffer, sources: Sequence[tuple[Buffer, float, AudioEdge | None]]) -> np.ndarray:
        table = np.zeros((max(len(sources), 1), 4), np.int64)
        for row, (buffer, gain_db, edge) in zip(table, sources, strict=False):
            gain = np.array([10.0 ** (gain_db / 20.0)])
            if edge is not None:
                self.wire_gains.append((edge, gain))
            row[:3] = (buffer.ctypes.data, len(buffer), gain.ctypes.data)
            self.keep += [buffer, gain]
        self.keep += [table, target]
        return self._context(self.max_block, target.ctypes.data, len(target), table.ctypes.data, len(sources))

    def _fitted(self, buffer: Buffer, channels: int) -> Buffer:
        """A buffer that a kernel may read for so many channels.

        One channel is read for all, several are mixed down to one, else padded or cut.
        """
        if len(buffer) in (1, channels):
            return buffer
        if channels == 1:
            return self._folded(buffer)
        fitted = self._silence(channels)
        self._kernel("mix", self._mix_context(fitted[: len(buffer)], [(buffer[:channels], 0.0, None)]))
        return fitted

    def _folded(self, buffer: Buffer) -> Buffer:
        mono = self._buffer(1)
        self.keep += [mono, buffer]
        self._kernel("fold", self._context(self.max_block, mono.ctypes.data, buffer.ctypes.data, len(buffer)))
        return mono

    def _aligned(self, edge: AudioEdge | ModulationEdge, arrives: int, buffer: Buffer | None = None) -> Buffer:
        """A source's buffer (or what came back from it), delayed to meet the latest one."""
        if buffer is None:
            buffer = edge.source.output_buffers[edge.source_port]
        return self._delayed(buffer, arrives - self.late[edge.source.name], ("edge", edge))

    def _delayed(self, buffer: Buffer, frames: int, key: tuple[object, ...]) -> Buffer:
        if frames <= 0:
            return buffer
        out = self._buffer(len(buffer))
        ring = np.zeros((len(buffer), frames), np.float32)
        self.keep += [out, ring, buffer]
        context = self._context(self.max_block, buffer.ctypes.data, out.ctypes.data, len(buffer), ring.ctypes.data, frames, 0)
        self._delays[key] = Delay(ring, context)
        self._kernel("delay", context)
        return out

    def _modulate(self, edge: ModulationEdge, arrives: int) -> None:
        signal = self._aligned(edge, arrives)
        self.keep.append(signal)
        node = edge.target
        if edge.depth.audio_rate and isinstance(node, NativeNode):
            node.plugin.modulate(edge.parameter.id, signal, edge.depth.amount, octaves=edge.depth.octaves)
        else:
            node.control_modulations.append(ControlModulation(edge.parameter, signal, edge.depth.amount, octaves=edge.depth.octaves))

    def _blend(self, node: RackNode, inputs: list[Buffer]) -> None:
        """Bypass and mix of the main output; bypass alone silences the further ones.

        For effects of others it stands between them only where somebody asks, since it keeps them from running as one.
        """
        if not node.blend_asked:
            return
        self.blends[node.name] = []
        for port, wet in enumerate(node.output_buffers):
            record = np.zeros(8)
            record[LENGTH] = max(1.0, round(BLEND_SECONDS * self.rate))
            dry = self._silence(1)
            if port == 0 and node.kind == "effect" and inputs:
                dry = self._delayed(self._fitted(inputs[0], len(wet)), self.latencies[node.name], ("dry", node.name))
            self.keep += [record, wet, dry]
            self.blends[node.name].append(Blend(record, node.mix if port == 0 else 1.0, bypassed=node.bypassed))
            addresses = (wet.ctypes.data, dry.ctypes.data, len(wet), len(dry), record.ctypes.data)
            self._kernel("blend", self._context(self.max_block, *addresses))

    # -- feedback ------------------------------------------------------------------------------------------------------------------

    def _feedback_start(self, edge: AudioEdge) -> None:
        source = edge.source.output_buffers[edge.source_port]
        buffer, ring = self._buffer(len(source)), np.zeros((len(source), FEEDBACK_FRAMES), np.float32)
        position = np.zeros(1, np.int64)
        self._feedback.append(Feedback(edge, buffer, ring, position))
        addresses = (ring.ctypes.data, FEEDBACK_FRAMES, position.ctypes.data)
        self._kernel("feedback_read", self._context(self.max_block, buffer.ctypes.data, len(source), *addresses))

    def _feedback_end(self, feedback: Feedback) -> None:
        source = feedback.edge.source.output_buffers[feedback.edge.source_port]
        addresses = (feedback.ring.ctypes.data, FEEDBACK_FRAMES, feedback.position.ctypes.data)
        self._kernel("feedback_write", self._context(self.max_block, source.ctypes.data, len(source), *addresses))

    # -- finishing -----------------------------------------------------------------------------------------------------------------

    def _flush(self) -> None:
        if self._items:
            self.stages.append(NativeRun(self._items))
            self._items = []

    def _fuse(self) -> None:
        """Run neighbouring pedalboard effects as one call where nothing stands between them."""
        heard = self.graph.audio_in.output_buffers[0]
        self.guard_in = self._context(self.max_block, heard.ctypes.data, len(heard), 0)
        item = (None, core_kernel("guard"), self.guard_in.ctypes.data)
        self.stages, self.guard_first = join_fused(self.stages, self.graph, (item, self.guard_in))
        self.needs_time = any(isinstance(node, NativeNode) for node in self.graph.nodes)

    def reset(self) -> None:
        """Clear what the plan itself carries: delays, feedback, fades."""
        for delay in self._delays.values():
            delay.ring[:] = 0.0
            delay.context[DELAY_POSITION] = 0
        for feedback in self._feedback:
            feedback.ring[:] = 0.0
            feedback.position[0] = 0
        for blends in self.blends.values():
            for blend in blends:
                blend.move(smooth=False)

    def carry_on(self, old: Plan) -> None:
        """Take over what an earlier plan of the same graph carries, as far as it still fits: no gap where nothing changed."""
        for key, delay in self._delays.items():
            before = old._delays.get(key)
            if before is not None and before.ring.shape == delay.ring.shape:
                delay.ring[:] = before.ring
                delay.context[DELAY_POSITION] = before.context[DELAY_POSITION]
        for now, before_ in zip(self._feedback, old._feedback, strict=True):
            now.ring[:], now.position[:] = before_.ring, before_.position
        for name, blends in self.blends.items():
            for blend, was in zip(blends, old.blends.get(name, ()), strict=False):
                blend.record[:] = was.record
