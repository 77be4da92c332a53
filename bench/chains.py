"""Effect chains: a preset against the same effects called by hand in pedalboard, and the same kinds of effects in DawDreamer."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from pairs import paired

import backline

RATE = 48000
NAMES = ("HighpassFilter", "Compressor", "Chorus", "Delay", "Reverb", "Limiter")
DAWDREAMER = ("HighpassFilter", "Compressor", "Delay", "Reverb", "Gain")


def preset(names: tuple[str, ...]) -> str:
    """A chain of pedalboard effects as a preset."""
    nodes = "".join(f"  fx{index}: {{plugin: pedalboard.{name}}}\n" for index, name in enumerate(names))
    chain = " -> ".join(["in", *(f"fx{index}" for index in range(len(names))), "out"])
    return f"preset: 1\nnodes:\n{nodes}wires:\n  - {chain}\n"


def hand_written(names: tuple[str, ...]) -> object:
    """The same chain made by hand."""
    import pedalboard

    return pedalboard.Pedalboard([getattr(pedalboard, name)() for name in names])


def main() -> Iterator[str]:
    """Yield one line for each figure."""
    seconds = 20
    sound = (np.random.default_rng(1).standard_normal((2, RATE * seconds)) * 0.1).astype(np.float32)
    rack = backline.loads(preset(NAMES))
    board = hand_written(NAMES)
    yield str(
        paired(
            "six pedalboard effects, offline",
            "one hand-written Pedalboard call",
            lambda: rack.render(audio=sound, tail=0),
            lambda: board(sound, RATE),  # type: ignore[operator]
            runs=9,
            wanted=0.95,
        )
    )
    yield from _blocks(sound)
    yield _dawdreamer(sound)


def _blocks(sound: np.ndarray) -> Iterator[str]:
    for block in (64, 128, 512):
        live = backline.loads(preset(NAMES), block=block)
        board = hand_written(NAMES)
        blocks = [np.ascontiguousarray(sound[:, at : at + block]) for at in range(0, RATE * 4, block)]

        def ours(live: backline.Rack = live, blocks: list[np.ndarray] = blocks, block: int = block) -> None:
            process = live.process
            for piece in blocks:
                process(block, (), piece)

        def theirs(board: Callable[..., object] = board, blocks: list[np.ndarray] = blocks) -> None:  # type: ignore[assignment]
            for piece in blocks:
                board(piece, RATE, reset=False)

        wanted = 0.9 if block == 64 else None
        yield str(paired(f"six pedalboard effects, blocks of {block}", "hand-written Pedalboard per block", ours, theirs, 9, wanted))


def _dawdreamer(sound: np.ndarray) -> str:
    import dawdreamer

    engine = dawdreamer.RenderEngine(RATE, 512)
    chain: list[tuple[object, list[str]]] = [(engine.make_playback_processor("in", sound), [])]
    makers = {
        "HighpassFilter": lambda name: engine.make_filter_processor(name, "high", 50.0, 0.707, 1.0),
        "Compressor": lambda name: engine.make_compressor_processor(name, 0.0, 1.0, 1.0, 100.0),
        "Delay": lambda name: engine.make_delay_processor(name, "linear", 500.0, 0.5),
        "Reverb": lambda name: engine.make_reverb_processor(name, 0.5, 0.5, 0.33, 0.4, 1.0),
        "Gain": lambda name: engine.make_add_processor(name, [1.0]),
    }
    before = "in"
    for index, kind in enumerate(DAWDREAMER):
        name = f"fx{index}"
        chain.append((makers[kind](name), [before]))
        before = name
    engine.load_graph(chain)
    rack = backline.loads(preset(DAWDREAMER))
    length = sound.shape[1] / RATE
    title = "five effects (no chorus, no limiter), offline"
    return str(paired(title, "DawDreamer, the same kinds", lambda: rack.render(audio=sound, tail=0), lambda: engine.render(length), runs=7))


if __name__ == "__main__":
    for line in main():
        print(line)
