"""The stages of a plan: what is called, in order, once a block.

This module knows how to run kernels as one call, nodes one by one, and pedalboard effects as one. It does not know how a plan is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import numpy as np

from backline.sdk.kernels.loader import runner

from .graph import Graph
from .node import RackNode

GUARD_FAULTS = 3  # the slot of a guard's context where it counts what it caught


Item = tuple[RackNode | None, int, int]
"""A kernel of a native run: the node it belongs to (None: the plan's own), its address, its context's address."""


class Stage(Protocol):
    """One step of a block."""

    def run(self, frames: int) -> None:
        """Compute frames [0, frames)."""

    def reset(self) -> None:
        """Become as new; nodes are reset apart."""


def waiting_lists(nodes: Sequence[RackNode]) -> list[list[Any]]:
    """The lists that, while any of them holds something, make a block need Python. They live as long as their nodes."""
    return [list_ for node in nodes for list_ in (node.events, node.events_ahead, node.control_modulations)]


class NativeRun:
    """Kernels side by side: one native call for all of them, unless one of their nodes has events in this block."""

    def __init__(self, items: list[Item]) -> None:
        self.items = items
        self.table = np.array([[kernel, context] for _, kernel, context in items], np.int64)
        self._address = self.table.ctypes.data
        self._count = len(items)
        self._run = runner()
        self.nodes: list[RackNode] = []
        self.groups: list[tuple[RackNode | None, int, int]] = []
        for index, (node, _, _) in enumerate(items):
            if node is not None and node not in self.nodes:
                self.nodes.append(node)
            if self.groups and self.groups[-1][0] is node:
                last, first, count = self.groups[-1]
                self.groups[-1] = (last, first, count + 1)
            else:
                self.groups.append((node, index, 1))
        # Lists that live as long as their nodes: one look tells whether any node has something to take in Python.
        self._waiting: list[list[Any]] = waiting_lists(self.nodes)
        self._fresh = True

    def run(self, frames: int) -> None:
        """One call, or node by node where events have to be taken."""
        if self._fresh or any(self._waiting):
            self._step_by_step(frames)
        else:
            self._run(self._address, self._count, 0, frames)

    def reset(self) -> None:
        """The next block goes node by node, so that each knows that sound has begun."""
        self._fresh = True

    def _step_by_step(self, frames: int) -> None:
        self._fresh = False
        for node, first, count in self.groups:
            if node is None:
                self._run(self._address + 16 * first, count, 0, frames)
            else:
                node.gather_events(frames)
                node.run(frames)
                node.hand_on()


class EventStage:
    """A node that only passes events on: nothing to do in a block without any."""

    def __init__(self, node: RackNode) -> None:
        self.node = node

    def run(self, frames: int) -> None:
        """Pass the block's events on."""
        node = self.node
        if node.events or node.events_ahead or node.given_events:
            node.gather_events(frames)
            node.run(frames)
            node.hand_on()

    def reset(self) -> None:
        """Nothing is carried here."""


class PythonStage:
    """One node that needs Python: event effects, numpy plugins, plugins of others."""

    def __init__(self, node: RackNode) -> None:
        self.node = node

    def run(self, frames: int) -> None:
        """Run the node and hand its events on."""
        node = self.node
        node.gather_events(frames)
        node.run(frames)
        node.hand_on()

    def reset(self) -> None:
        """Nothing is carried here."""


class FusedStage:
    """Neighbouring pedalboard effects as one call."""

    def __init__(self, nodes: list[RackNode], guards: list[np.ndarray]) -> None:
        from .foreign import fuse  # here: a preset of our own plugins should not pay for it at start
        from .foreign.base import LARGEST_CALL
        from .foreign_node import ForeignNode

        self._largest = LARGEST_CALL
        self.nodes = [node for node in nodes if isinstance(node, ForeignNode)]
        self.board = fuse([node.plugin for node in self.nodes])  # type: ignore[misc]
        self._input = self.nodes[0].input_buffers[0]
        self._output = self.nodes[-1].output_buffers[0]
        self._shape = self._input.shape
        self._waiting = waiting_lists(self.nodes)
        self._guards = [guard.data for guard in guards]
        self._faults = [0] * len(guards)

    def run(self, frames: int) -> None:
        """One call for all; each effect's changes go along.

        A quiet block (no change of any parameter) goes straight into pedalboard. What is not finite is caught by the guards behind the run;
        they count, and the effects start afresh with the next block.
        """
        board = self.board
        if any(self._waiting) or board.schedule.waiting or self._shape[1] > self._largest:
            self._with_changes(frames)
            return
        for index, guard in enumerate(self._guards):
            if guard[GUARD_FAULTS] != self._faults[index]:
                self._faults[index] = guard[GUARD_FAULTS]
                board.recover()
        audio = self._input if frames == self._shape[1] else self._input[:, :frames]
        block = board._run(audio, board.rate, self._largest, False)
        if block.shape == self._shape:
            np.copyto(self._output, block)
        elif block.shape[1] == frames:
            self._output[:, :frames] = block
        else:
            self._output[:, : frames - block.shape[1]] = 0.0
            self._output[:, frames - block.shape[1] : frames] = block

    def _with_changes(self, frames: int) -> None:
        first = self.nodes[0]
        for node in self.nodes:
            node.gather_events(frames)
        changes = [node.changes(frames) if node.busy else [] for node in self.nodes]
        self.board.process(self._input, self._output, frames, first.transport.frame, (), changes, first.transport)
        for node in self.nodes:
            node.hand_on()

    def reset(self) -> None:
        """The effects are reset as nodes; the board that calls them carries nothing."""


def join_fused(stages: list[Stage], graph: Graph, guard_in: tuple[Item, np.ndarray]) -> tuple[list[Stage], bool]:
    """Replace runs of neighbouring pedalboard effects that hear only each other by fused stages.

    `guard_in` is a guard of the graph's own input, item and context. A fused stage that reads it takes it along, so that one native call
    behind the run looks at both ends. Returns the stages, and whether anybody else hears the input, which is then looked at first.
    """
    heard = graph.audio_in.output_buffers[0]
    joined: list[Stage] = []
    unguarded = sum(edge.source is graph.audio_in for edge in graph.audio)
    at = 0
    while at < len(stages):
        chain, end = _chain(stages, at, graph)
        stage = stages[at]
        follower = stages[end] if end < len(stages) else None
        if len(chain) > 1 and isinstance(follower, NativeRun):
            guards = [guard for guard in (chain[-1].guard,) if guard is not None]
            if chain[0].input_buffers[0] is heard:
                guards.append(guard_in[1])
                unguarded -= 1
                follower = NativeRun([guard_in[0], *follower.items])
            joined += [FusedStage(chain, guards), follower]
            end += 1
        else:
            joined.append(stage)
        at = end
    return joined, unguarded > 0


def _is_pedalboard(node: RackNode | None) -> bool:
    return node is not None and getattr(getattr(node, "plugin", None), "backend", "") == "pedalboard" and node.kind == "effect"


def _chain(stages: list[Stage], at: int, graph: Graph) -> tuple[list[RackNode], int]:
    """The longest run of effects from a stage on that can share a call; between two stands only the guard of the first."""
    stage = stages[at]
    chain: list[RackNode] = []
    if not isinstance(stage, PythonStage) or not _is_pedalboard(stage.node):
        return chain, at + 1
    chain = [stage.node]
    position = at
    while position + 2 < len(stages):
        guard, follower = stages[position + 1], stages[position + 2]
        if not (isinstance(guard, NativeRun) and isinstance(follower, PythonStage) and _is_pedalboard(follower.node)):
            break
        if len(guard.groups) != 1 or guard.groups[0][2] != 1 or not _only_hears(follower.node, chain[-1], graph):
            break
        if not _fusable([*chain, follower.node]):
            break
        chain.append(follower.node)
        position += 2
    return chain, position + 1


def _only_hears(node: RackNode, source: RackNode, graph: Graph) -> bool:
    into = [edge for edge in graph.audio if edge.target is node]
    sources = [edge.source for edge in (*graph.audio, *graph.feedback)] + [edge.source for edge in graph.modulation]
    return len(into) == 1 and into[0].source is source and into[0].gain_db == 0.0 and sources.count(source) == 1


def _fusable(nodes: list[RackNode]) -> bool:
    from .foreign import can_fuse

    return can_fuse([getattr(node, "plugin", None) for node in nodes])
