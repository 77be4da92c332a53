"""Send a recording through a chain of effects: `python examples/process_audio.py [IN] [OUT] [PRESET]`.

Without a recording it makes one: a plucked string.
"""

from __future__ import annotations

import sys

import numpy as np

import backline
from backline.formats.audio_file import read_audio, write_audio

RATE = 48000


def plucked(hz: float, seconds: float) -> np.ndarray:
    """A plucked string after Karplus and Strong (1983): noise in a loop that averages neighbours. float32 (1, frames)."""
    loop = np.random.default_rng(1).uniform(-0.5, 0.5, round(RATE / hz))
    turns = []
    for _ in range(round(seconds * hz)):
        turns.append(loop)
        loop = 0.498 * (loop + np.roll(loop, 1))
    return np.concatenate(turns).astype(np.float32)[np.newaxis]


def main(source: str = "", target: str = "guitar.wav", preset: str = "chains/guitar") -> None:
    """Read, process, write."""
    dry, rate = read_audio(source) if source else (plucked(110.0, 2.0), RATE)
    wet = backline.load(preset).render(audio=dry, rate=rate)
    clipped = write_audio(target, wet, rate)
    print(f"{dry.shape[1] / rate:.2f} s in, {wet.shape[1] / rate:.2f} s out, {clipped} samples clipped -> {target}")


if __name__ == "__main__":
    main(*sys.argv[1:])
