"""What a node costs: racks of many in-house nodes against their kernels called alone, and against numpy."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
from pairs import figure, paired

import backline
from backline.rack.stages import NativeRun

BLOCK = 64
COUNT = 64


def rack_of_gains(count: int) -> backline.Rack:
    """A chain of `gain` plugins."""
    nodes = "".join(f"  g{index}: {{plugin: gain}}\n" for index in range(count))
    chain = " -> ".join(["in", *(f"g{index}" for index in range(count)), "out"])
    return backline.loads(f"preset: 1\nnodes:\n{nodes}wires:\n  - {chain}\n", block=BLOCK)


def best_microseconds(action: Callable[[], object], calls: int = 200, rounds: int = 25) -> float:
    """The fastest of several rounds, in microseconds a call: what the code costs when nothing disturbs it."""
    best = float("inf")
    for _ in range(rounds):
        start = time.perf_counter()
        for _ in range(calls):
            action()
        best = min(best, (time.perf_counter() - start) / calls)
    return best * 1e6


def main() -> Iterator[str]:
    """Yield one line for each figure."""
    sound = (np.random.default_rng(1).standard_normal((2, BLOCK)) * 0.1).astype(np.float32)
    rack = rack_of_gains(COUNT)
    rack.process(BLOCK, (), sound)
    run = next(stage for stage in rack.engine.plan.stages if isinstance(stage, NativeRun))
    whole = best_microseconds(lambda: rack.process(BLOCK, (), sound))
    kernels = best_microseconds(lambda: run.run(BLOCK))
    one_by_one = _one_by_one(run)
    alone = best_microseconds(one_by_one)
    yield figure(f"{COUNT} gain nodes, block {BLOCK}: the whole rack", whole, "us a block")
    yield figure(f"{COUNT} gain nodes: their kernels in one native call", kernels, "us a block")
    yield figure("  added by the rack around that call", whole - kernels, "us a block", "under 3")
    yield figure(f"{COUNT} gain nodes: each kernel called from Python", alone, "us a block")

    def numpy_chain() -> None:
        data = sound
        for _ in range(COUNT):
            data = np.multiply(data, np.float32(1.0))

    ours = lambda: [rack.process(BLOCK, (), sound) for _ in range(200)]  # noqa: E731
    theirs = lambda: [numpy_chain() for _ in range(200)]  # noqa: E731
    yield str(paired(f"{COUNT} gains (smoothed, guarded), block {BLOCK}", "64 numpy multiplications", ours, theirs, 7))


def _one_by_one(run: NativeRun) -> Callable[[], None]:
    def call() -> None:
        for index in range(run._count):
            run._run(run._address + 16 * index, 1, 0, BLOCK)

    return call


if __name__ == "__main__":
    for line in main():
        print(line)
