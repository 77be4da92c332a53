"""Timing in pairs: two ways to do the same, in turn, in one run, so that a machine's moods hit both alike.

A figure is always a ratio against a named peer, as the median over paired runs, with the spread beside it.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent


@dataclass(frozen=True)
class Ratio:
    """How much faster we are than a peer: peer's time over ours, pair by pair."""

    name: str
    peer: str
    median: float
    low: float
    high: float
    ours_seconds: float
    wanted: float | None = None

    def __str__(self) -> str:
        verdict = "" if self.wanted is None else f"  (wanted {self.wanted:g}: {'reached' if self.median >= self.wanted else 'MISSED'})"
        spread = f"{self.low:.2f} .. {self.high:.2f}"
        return f"{self.name:<52} {self.median:6.2f} x {self.peer:<34} [{spread}] ours {self.ours_seconds * 1e3:9.3f} ms{verdict}"


def seconds(action: Callable[[], object]) -> float:
    """Wall time of one call."""
    start = time.perf_counter()
    action()
    return time.perf_counter() - start


def paired(
    name: str, peer: str, ours: Callable[[], object], theirs: Callable[[], object], runs: int = 11, wanted: float | None = None
) -> Ratio:
    """Time both in turn and return the median of the ratios theirs / ours."""
    ours(), theirs()
    pairs = []
    for turn in range(runs):
        first, second = (ours, theirs) if turn % 2 else (theirs, ours)
        a, b = seconds(first), seconds(second)
        pairs.append((a, b) if turn % 2 else (b, a))
    ratios = sorted(b / a for a, b in pairs)
    return Ratio(name, peer, statistics.median(ratios), ratios[0], ratios[-1], statistics.median(a for a, _ in pairs), wanted)


def command_seconds(*command: str) -> float:
    """Wall time of a whole process. RuntimeError when it fails."""
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    taken = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed: {done.stderr.strip()[-400:]}")
    return taken


def python(*arguments: str) -> tuple[str, ...]:
    """A command line for this interpreter."""
    return (sys.executable, *arguments)


def figure(name: str, value: float, unit: str, wanted: str = "") -> str:
    """A line for a figure that is not a ratio."""
    return f"{name:<52} {value:9.3f} {unit}" + (f"  (wanted {wanted})" if wanted else "")
