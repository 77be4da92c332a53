"""The plan: a checked graph as buffers and a flat list of stages.

This module knows where audio stands in memory, how late each path comes and how neighbours are run together. It does not know documents.

Every buffer is allocated once. A node that hears exactly one source at 0 dB reads that source's buffer itself; all else is mixed. Shorter
paths are delayed so that parallel paths meet sample-exactly. Everything that is a kernel (plugins of ours, mixing, delaying, blending) and stands
side by side becomes one native call; neighbouring pedalboard effects become one pedalboard call.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from backline.sdk.kernels import contract as c
from backline.sdk.kernels.core import LENGTH, TARGET, core_kernel

from .graph import AudioEdge, Graph, ModulationEdge, output_channels
from .native_node import EventNode, NativeNode
from .node import Buffer, Bus, ControlModulation, RackNode, StandIn
from .stages import EventStage, FusedStage, NativeRun, PythonStage, Stage

FEEDBACK_FRAMES = 64
BLEND_SECONDS = 0.01


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
        self.silence = self._buffer(8)
        self.contexts: list[np.ndarray] = []
        self.keep: list[np.ndarray] = []
        self.late: dict[str, int] = {}
        self.blends: dict[str, Blend] = {}
        self.wire_gains: list[tuple[AudioEdge, np.ndarray]] = []
        self.rings: list[np.ndarray] = []
        self._delays: list[np.ndarray] = []
        self._items: list[tuple[RackNode | None, int, int]] = []
        self.stages: list[Stage] = []
        self._feedback_buffers: list[Buffer] = []
        self._feedback_rings: list[tuple[np.ndarray, np.ndarray]] = []
        self._allocate()
        self._build()

    # -- buffers -------------------------------------------------------------------------------------------------------------------

    def _buffer(self, channels: int) -> Buffer:
        return np.zeros((channels, self.max_block), np.float32)

    def _allocate(self) -> None:
        for node in self.graph.nodes:
            node.clear_modulation()
            node.event_targets = [edge.target for edge in self.graph.events if edge.source is node]
            node.output_buffers = [self._buffer(output_channels(node, port.channels)) for port in node.outputs]
            if isinstance(node, Bus) and node.inputs:
                node.output_buffers = node.output_buffers or [self._buffer(2)]

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
        outs = list(self.graph.outs.values())
        for node in self.graph.nodes:
            if node not in outs:
                self._add(node, None)
        latest = max((self._arrival(node) for node in outs), default=0)
        for node in outs:
            self._add(node, latest)
        for index, edge in enumerate(self.graph.feedback):
            self._feedback_end(index, edge)
        self._flush()
        self.latency = latest
        self._fuse()

    def _edges_into(self, node: RackNode) -> list[AudioEdge]:
        return [edge for edge in self.graph.audio if edge.target is node]

    def _modulation_into(self, node: RackNode) -> list[ModulationEdge]:
        return [edge for edge in self.graph.modulation if edge.target is node]

    def _arrival(self, node: RackNode) -> int:
        sources: Iterable[RackNode] = [edge.source for edge in (*self._edges_into(node), *self._modulation_into(node))]
        return max((self.late[source.name] for source in sources), default=0)

    def _add(self, node: RackNode, arrival: int | None) -> None:
        arrives = self._arrival(node) if arrival is None else arrival
        inputs = [self._input(node, port, arrives) for port in range(len(node.inputs))]
        for edge in self._modulation_into(node):
            self._modulate(edge, arrives)
        node.connect(inputs, node.output_buffers, self.time)
        self.late[node.name] = arrives + node.latency
        if isinstance(node, StandIn) and not node.passes:
            self._kernel("mix", self._mix_context(node.output_buffers[0], []))
        if isinstance(node, Bus):
            if node.takes_events:
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
        returned = [(index, edge) for index, edge in enumerate(self.graph.feedback) if edge.target is node and edge.target_port == port]
        channels = output_channels(node, node.inputs[port].channels)
        bus = node.output_buffers[0] if isinstance(node, Bus) else None
        if bus is not None:
            channels = len(bus)
        if not edges and not returned and bus is None:
            return self.silence[:channels]
        if node is self.graph.audio_in:
            return bus if bus is not None else self.silence
        sources = [(self._aligned(edge, arrives), edge) for edge in edges]
        sources += [(self._feedback_buffers[index], edge) for index, edge in returned]
        if len(sources) == 1 and bus is None:
            buffer, edge = sources[0]
            if len(buffer) == channels and edge.gain_db == 0.0:
                return buffer
        target = bus if bus is not None else self._buffer(channels)
        self.keep.append(target)
        mixed = [(self._folded(buffer) if channels == 1 and len(buffer) > 1 else buffer, edge) for buffer, edge in sources]
        self._kernel("mix", self._mix_context(target, mixed))
        return target

    def _mix_context(self, target: Buffer, sources: list[tuple[Buffer, AudioEdge]]) -> np.ndarray:
        table = np.zeros((max(len(sources), 1), 4), np.int64)
        for row, (buffer, edge) in zip(table, sources, strict=False):
            gain = np.array([10.0 ** (edge.gain_db / 20.0)])
            self.wire_gains.append((edge, gain))
            row[:3] = (buffer.ctypes.data, len(buffer), gain.ctypes.data)
            self.keep += [buffer, gain]
        self.keep += [table, target]
        return self._context(self.max_block, target.ctypes.data, len(target), table.ctypes.data, len(sources))

    def _folded(self, buffer: Buffer) -> Buffer:
        mono = self._buffer(1)
        self.keep += [mono, buffer]
        self._kernel("fold", self._context(self.max_block, mono.ctypes.data, buffer.ctypes.data, len(buffer)))
        return mono

    def _aligned(self, edge: AudioEdge | ModulationEdge, arrives: int) -> Buffer:
        """A source's buffer, delayed to meet the latest one."""
        buffer = edge.source.output_buffers[edge.source_port]
        return self._delayed(buffer, arrives - self.late[edge.source.name])

    def _delayed(self, buffer: Buffer, frames: int) -> Buffer:
        if frames <= 0:
            return buffer
        out = self._buffer(len(buffer))
        ring = np.zeros((len(buffer), frames), np.float32)
        self.keep += [out, ring, buffer]
        self.rings.append(ring)
        context = self._context(self.max_block, buffer.ctypes.data, out.ctypes.data, len(buffer), ring.ctypes.data, frames, 0)
        self._delays.append(context)
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
        """Bypass and mix. For effects of others it stands between them only where the preset asks, since it keeps them from running as one."""
        if not node.blend_asked:
            return
        record = np.zeros(8)
        record[LENGTH] = max(1.0, round(BLEND_SECONDS * self.rate))
        wet = node.output_buffers[0]
        dry = inputs[0] if node.kind == "effect" and inputs else self.silence[: len(wet)]
        dry = self._delayed(dry, node.latency)
        self.keep += [record, wet, dry]
        self.blends[node.name] = Blend(record, node.mix, bypassed=node.bypassed)
        addresses = (wet.ctypes.data, dry.ctypes.data, len(wet), len(dry), record.ctypes.data)
        self._kernel("blend", self._context(self.max_block, *addresses))

    # -- feedback ------------------------------------------------------------------------------------------------------------------

    def _feedback_start(self, edge: AudioEdge) -> None:
        source = edge.source.output_buffers[edge.source_port]
        buffer, ring = self._buffer(len(source)), np.zeros((len(source), FEEDBACK_FRAMES), np.float32)
        position = np.zeros(1, np.int64)
        self.keep.append(buffer)
        self.rings.append(ring)
        self._feedback_rings.append((ring, position))
        self._feedback_buffers.append(buffer)
        addresses = (ring.ctypes.data, FEEDBACK_FRAMES, position.ctypes.data)
        self._kernel("feedback_read", self._context(self.max_block, buffer.ctypes.data, len(source), *addresses))

    def _feedback_end(self, index: int, edge: AudioEdge) -> None:
        source = edge.source.output_buffers[edge.source_port]
        ring, position = self._feedback_rings[index]
        addresses = (ring.ctypes.data, FEEDBACK_FRAMES, position.ctypes.data)
        self._kernel("feedback_write", self._context(self.max_block, source.ctypes.data, len(source), *addresses))

    # -- finishing -----------------------------------------------------------------------------------------------------------------

    def _flush(self) -> None:
        if self._items:
            self.stages.append(NativeRun(self._items))
            self._items = []

    def _fuse(self) -> None:
        """Run neighbouring pedalboard effects as one call where nothing stands between them."""
        self.stages = FusedStage.join(self.stages, self.graph)

    def reset(self) -> None:
        """Clear what the plan itself carries: delays, feedback, fades."""
        for ring in self.rings:
            ring[:] = 0.0
        for context in self._delays:
            context[6] = 0
        for _, position in self._feedback_rings:
            position[0] = 0
        for blend in self.blends.values():
            blend.move(smooth=False)
