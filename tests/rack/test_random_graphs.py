"""Random graphs against a straightforward computation of the same graph: every path with its gain and its delay, added up."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from rack.support import hiss, make, run

FRAMES = 700
LATENCY = {"twice": 0, "late": 100, "later": 7}


@dataclass
class Drawn:
    """A graph: the kind and factor of each node, and wires (source, target, gain in dB); -1 is the input, len(nodes) the output."""

    nodes: list[tuple[str, float]]
    wires: list[tuple[int, int, float]]

    def text(self) -> str:
        count = len(self.nodes)

        def name(index: int) -> str:
            return "in" if index < 0 else "out" if index == count else f"n{index}"

        lines = ["nodes:"]
        for index, (kind, factor) in enumerate(self.nodes):
            lines.append(f"  n{index}: {{plugin: {kind}" + (f", factor: {factor}}}" if kind == "twice" else "}"))
        lines.append("wires:")
        lines += [f"  - {name(source)} -> {name(target)} [{gain} dB]" for source, target, gain in self.wires]
        return "\n".join(lines) + "\n"

    def computed(self, x: np.ndarray) -> tuple[np.ndarray, int]:
        """What comes out, and how late: each signal with its lateness, aligned wherever several meet."""
        signals = {-1: (x.astype(np.float64), 0)}
        for index in range(len(self.nodes) + 1):
            into = [(signals[source], gain) for source, target, gain in self.wires if target == index]
            arrives = max((late for (_, late), _ in into), default=0)
            total = np.zeros((2, FRAMES))
            for (signal, late), gain in into:
                total += shifted(signal, arrives - late) * np.float64(np.float32(10.0 ** (gain / 20.0)))
            if index == len(self.nodes):
                return total, arrives
            kind, factor = self.nodes[index]
            delay = LATENCY[kind]
            signals[index] = shifted(total, delay) * (factor if kind == "twice" else 1.0), arrives + delay
        raise AssertionError


def shifted(signal: np.ndarray, frames: int) -> np.ndarray:
    return np.pad(signal, ((0, 0), (frames, 0)))[:, : signal.shape[1]]


@st.composite
def graphs(draw: st.DrawFn) -> Drawn:
    count = draw(st.integers(0, 6))
    nodes = [(draw(st.sampled_from(sorted(LATENCY))), draw(st.sampled_from([-1.0, 0.5, 2.0]))) for _ in range(count)]
    wires = []
    for target in range(count + 1):
        sources = draw(st.lists(st.integers(-1, target - 1), min_size=0 if target < count else 1, max_size=3, unique=True))
        wires += [(source, target, draw(st.sampled_from([0.0, -6.0, -0.5, 3.0]))) for source in sources]
    order = draw(st.permutations(range(len(wires))))
    return Drawn(nodes, [wires[index] for index in order])


@pytest.mark.slow
@settings(max_examples=60)
@given(graphs(), st.sampled_from([64, 100, 512]))
def test_a_graph_is_the_sum_of_its_paths(graph, block):
    x = hiss(FRAMES)
    rack = make(graph.text())
    want, lateness = graph.computed(x)
    assert rack.latency == lateness
    np.testing.assert_allclose(run(rack, FRAMES, block, audio=x), want, rtol=1e-5, atol=1e-5)
