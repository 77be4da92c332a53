"""A running graph at one sample rate and block size.

This module knows blocks: events in, controls, stages, audio out. It does not know files, scripts or how long a piece is.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path

import numpy as np

from backline.catalog import Catalog
from backline.formats.preset_file import LoadedPreset
from backline.model import OUTPUT
from backline.sdk.events import Event, ParameterChange
from backline.sdk.kernels.core import core_kernel
from backline.sdk.kernels.loader import runner
from backline.sdk.time_array import write_position, write_time
from backline.sdk.transport import Transport

from .expand import Flat, Problems, expand
from .graph import Graph, GraphBuilder
from .macros import Knobs, Setting
from .node import Bus, RackNode, Value
from .plan import FEEDBACK_FRAMES, Plan
from .requirements import check_requirements
from .resolve import Missing, Resolver


class Engine:
    """Everything that sounds: graph, plan, knobs and musical time.

    Raises DocumentError when the preset cannot run here.
    """

    def __init__(
        self,
        document: LoadedPreset,
        rate: float,
        max_block: int,
        *,
        catalog: Catalog | None = None,
        missing: Missing = "error",
        folders: Iterable[str | Path] = (),
    ) -> None:
        self.rate, self.max_block = float(rate), int(max_block)
        self.problems, self.warnings = Problems(), Problems()
        self.flat: Flat = expand(document, self.problems)
        resolver = Resolver(
            self.rate, self.max_block, self.problems, catalog=catalog, missing=missing, folders=folders, warnings=self.warnings
        )
        check_requirements(self.flat, resolver)
        self.graph: Graph = GraphBuilder(self.flat, resolver).build()
        self.knobs = Knobs(self.flat, self.graph, self.problems)
        self.problems.stop()
        for node, keys in self._driven_keys().items():
            node.expect_moves(sorted(keys))
        for node, key, value in self.knobs.initial():
            node.set_value(key, value)
        for node in self.graph.nodes:
            node.settle()
        self.transport = Transport(self.rate)
        self._sounded = False
        self._driven: dict[tuple[RackNode, str], Value] = {}  # what gestures moved, and from where
        self._knobs_by_hand: dict[str, float] = {}
        self._changed: set[RackNode] = set()  # what was set by hand since the last reset
        self._make_plan()

    def _driven_keys(self) -> dict[RackNode, set[str]]:
        """The parameters of each node that macros, gestures or modulation can move."""
        sweeps = [sweep for knob in self.knobs.macros.values() for sweep in knob.sweeps]
        sweeps += [control.sweep for control in self.knobs.controls if control.sweep is not None]
        driven: dict[RackNode, set[str]] = {}
        for sweep in sweeps:
            driven.setdefault(sweep.node, set()).add(sweep.parameter.id)
        for edge in self.graph.modulation:
            driven.setdefault(edge.target, set()).add(edge.parameter.id)
        return driven

    def _make_plan(self) -> None:
        self.plan = Plan(self.graph, self.rate, self.max_block)
        self._input = self.graph.audio_in.output_buffers[0]
        self._outs = {name: node.output_buffers[0] for name, node in self.graph.outs.items()}
        self._time = self.plan.time.data
        self._version = -1
        self._playing = False
        self._main = self._outs[OUTPUT]
        self._runs = [stage.run for stage in self.plan.stages]
        self._guard_table = np.array([core_kernel("guard"), self.plan.guard_in.ctypes.data], np.int64)
        self._guard_address = self._guard_table.ctypes.data
        self._native = runner()
        self._sub_block = min(self.max_block, FEEDBACK_FRAMES) if self.graph.feedback else self.max_block
        if self._sub_block < self.max_block:
            self._whole_input = np.empty_like(self._input)
            self._whole_outs = {name: np.empty_like(buffer) for name, buffer in self._outs.items()}
        self._follow()

    def replan(self) -> None:
        """Lay the graph out anew after something about its shape changed; delays and fades go on where they were."""
        old = self.plan
        self._make_plan()
        self.plan.carry_on(old)

    def _follow(self) -> None:
        for node in self.graph.nodes:
            node.follow(self.transport)

    @property
    def latency(self) -> int:
        """By how many frames the output comes late."""
        return self.plan.latency

    @property
    def tail(self) -> float:
        """The longest time in seconds that a path can sound on after its input ends."""
        return max((node.tail for node in self.graph.nodes), default=0.0)

    def set_tempo(self, tempo: float) -> None:
        """Change the tempo from the next frame on."""
        self.transport.set_tempo(tempo)
        self._follow()

    def process(self, frames: int, events: Sequence[Event] = (), audio: np.ndarray | None = None) -> np.ndarray:
        """Compute one block of at most `max_block` frames.

        `events` are sorted by frame. `audio` is float32[channels, frames]. Returns the main output, float32[2, frames], a view that the
        next block overwrites; named outputs are in `out(name)`.
        """
        if frames > self.max_block:
            raise ValueError(f"a block of {frames} frames; this rack was made for at most {self.max_block}")
        if audio is not None:
            if audio.shape == self._input.shape:
                np.copyto(self._input, audio)
            else:
                self._input[:, :frames] = audio if audio.shape[1] == frames else audio[:, :frames]
            if self.plan.guard_first:
                self._native(self._guard_address, 1, 0, frames)
        else:
            self._input[:, :frames] = 0.0
        self._sounded = True
        if frames <= self._sub_block:
            self._block(frames, events)
        else:
            self._in_pieces(frames, events)
        return self._main if frames == self.max_block else self._main[:, :frames]

    def out(self, name: str, frames: int) -> np.ndarray:
        """The last block of a named output (`out:NAME` without the `out:`), float32[2, frames]."""
        return self._outs[f"{OUTPUT}:{name}"][:, :frames]

    def _in_pieces(self, frames: int, events: Sequence[Event]) -> None:
        """Run a graph with feedback wires in steps of at most 64 frames: a feedback wire is 64 frames late, whatever the block."""
        audio, kept = self._whole_input, self._whole_outs
        audio[:, :frames] = self._input[:, :frames]
        for start in range(0, frames, self._sub_block):
            end = min(start + self._sub_block, frames)
            self._input[:, : end - start] = audio[:, start:end]
            self._block(end - start, [event.at(event.frame - start) for event in events if start <= event.frame < end])
            for name, buffer in self._outs.items():
                kept[name][:, start:end] = buffer[:, : end - start]
        for name, buffer in self._outs.items():
            buffer[:, :frames] = kept[name][:, :frames]

    def _block(self, frames: int, events: Sequence[Event]) -> None:
        transport = self.transport
        if transport.version != self._version or transport.playing != self._playing:
            self._version, self._playing = transport.version, transport.playing
            write_time(self.plan.time, transport)
        elif self.plan.needs_time:
            write_position(self._time, transport)
        if events:
            for event in events:
                for control in self.knobs.controls:
                    for node, key, value in control.settings(event):
                        self._driven.setdefault((node, key), node.value(key))
                        node.take((ParameterChange(event.frame, key, value),), node.lead)
            source = self.graph.events_in
            source.given_events.extend(events)
            source.hand_on()
        for run in self._runs:
            run(frames)
        transport.frame += frames

    def set_value(self, node: RackNode, key: str, value: Value) -> None:
        """Set a parameter by hand: it stays when what gestures did is taken back."""
        self._driven.pop((node, key), None)
        node.set_value(key, value)
        self._changed.add(node)
        if node.latency != self.plan.latencies[node.name]:
            self.replan()

    def set_blend(self, name: str, key: str, value: bool | float) -> None:
        """Set `bypass` or `mix` of a node; it fades over if sound runs. ValueError for a mix of what is no effect."""
        node = self.node(name)
        if key == "mix" and node.kind not in ("effect", "bus"):
            raise ValueError(f"{name} is no effect, so it has no mix of input and result")
        if node.outputs and name not in self.plan.blends and not isinstance(node, Bus):
            node.blend_asked = True
            self.replan()
        if key == "bypass":
            node.set_bypassed(bool(value))
        else:
            node.mix = float(value)
        for port, blend in enumerate(self.plan.blends.get(name, ())):
            blend.bypassed, blend.mix = node.bypassed, node.mix if port == 0 else 1.0
            blend.move(smooth=self._sounded)

    def turn(self, name: str, position: float) -> list[Setting]:
        """Turn a macro by hand (0..1); return what became of the parameters it drives."""
        self._knobs_by_hand[name] = position
        settings = list(self.knobs.macros[name].settings(position))
        for node, key, value in settings:
            self.set_value(node, key, value)
        return settings

    def take_back(self) -> None:
        """Put parameters and macros that gestures moved back to where they were set by the preset or by hand."""
        for (node, key), value in self._driven.items():
            node.set_value(key, value)
        self._driven.clear()
        for name, knob in self.knobs.macros.items():
            knob.value = self._knobs_by_hand.get(name, knob.default)

    def reset(self) -> None:
        """Become as new: no sound, no held notes, musical time 0; parameters as they are."""
        tempo = self.transport.tempo
        self.transport.locate(0, 0.0)
        self.transport.set_tempo(tempo)
        if self._sounded:
            self._sounded = False
            self.panic()
        else:
            for node in self._changed:
                node.settle()
            self.plan.reset()
        self._changed.clear()
        if self.plan.stale:
            self._make_plan()

    def panic(self) -> None:
        """Fall silent at once: no voice, no echo, nothing held. Time goes on, parameters stay."""
        for node in self.graph.nodes:
            node.reset()
            node.forget_events()
        self.plan.reset()
        for stage in self.plan.stages:
            stage.reset()

    def node(self, name: str) -> RackNode:
        """A node by its flat name (`keys`, `lead/keys`); KeyError when there is none."""
        return self.graph.by_name[name]

    def close(self) -> None:
        """Let every plugin go."""
        for node in self.graph.nodes:
            node.close()
