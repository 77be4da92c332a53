"""What the tests of foreign plugins share: both backends, the lab plugins, and a stream cut into blocks."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

import numpy as np
import pytest

from backline.rack.foreign import ForeignPlugin, load_foreign
from backline.rack.foreign.base import Audio, Change
from backline.sdk.events import Event

RATE = 48000.0


def _lab() -> Callable[[str], Path]:
    place = Path(__file__).parents[2] / "vst3" / "lab.py"
    spec = importlib.util.spec_from_file_location("backline_lab", place)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found: Callable[[str], Path] = module.lab_bundle
    return found


@pytest.fixture(scope="session")
def lab() -> Callable[[str], Path]:
    """`lab("LabGain")` is the bundle of a lab plugin, built at need."""
    return _lab()


@pytest.fixture(params=["pedalboard", "minihost"])
def host(request: pytest.FixtureRequest) -> str:
    """Each backend in turn."""
    return str(request.param)


@pytest.fixture
def load(lab: Callable[[str], Path]) -> Iterator[Callable[..., ForeignPlugin]]:
    """`load("LabGain", host)` or `load("vst3:ZamCompX2", host)` opens a plugin and prepares it; all are closed at the end."""
    opened: list[ForeignPlugin] = []

    def open_one(name: str, host: str = "auto", *, rate: float = RATE, block: int = 512, **options: object) -> ForeignPlugin:
        spec = lab(name) if name.startswith("Lab") else name
        plugin = load_foreign(spec, host=host, **options)  # type: ignore[arg-type]
        plugin.prepare(rate, block)
        opened.append(plugin)
        return plugin

    yield open_one
    for plugin in opened:
        plugin.close()


def run_cut(
    plugin: ForeignPlugin,
    frames: int,
    block: int,
    *,
    audio: Audio | None = None,
    events: Sequence[Event] = (),
    changes: Sequence[Change] = (),
    position: int = 0,
) -> Audio:
    """Run a plugin over a stream in blocks; events and changes carry frames of the whole stream."""
    out = np.full((plugin.outputs, frames), 99.0, np.float32)
    for start in range(0, frames, block):
        end = min(frames, start + block)
        now = [event.at(event.frame - start) for event in events if start <= event.frame < end]
        soon = [(frame - start, key, value) for frame, key, value in changes if start <= frame < end]
        part = None if audio is None else np.ascontiguousarray(audio[:, start:end])
        buffer = np.full((plugin.outputs, end - start), 99.0, np.float32)
        plugin.process(part, buffer, end - start, position + start, now, soon)
        out[:, start:end] = buffer
    return out


def make_hiss(channels: int, frames: int, seed: int = 1) -> Audio:
    """Repeatable noise."""
    return np.random.default_rng(seed).uniform(-0.5, 0.5, (channels, frames)).astype(np.float32)


@pytest.fixture(scope="session")
def cut() -> Callable[..., Audio]:
    """`cut(plugin, frames, block, audio=..., events=..., changes=...)` runs a whole stream in blocks."""
    return run_cut


@pytest.fixture(scope="session")
def hiss() -> Callable[..., Audio]:
    """`hiss(channels, frames)` is repeatable noise."""
    return make_hiss
