"""Drive a rack block by block, as a live host would, with a controller that moves: `python examples/process_blocks.py [OUT]`."""

from __future__ import annotations

import sys
from collections.abc import Iterator

import numpy as np

import backline
from backline.formats.audio_file import AudioWriter
from backline.sdk import ControlChange, Event, NoteOff, NoteOn

RATE, BLOCK, BLOCKS = 48000, 256, 750
CHORD = (57, 60, 64)


def events_of(number: int) -> Iterator[Event]:
    """What happens in one block: a chord at the start, its end two thirds in, and controller 74 opening all the way."""
    if number == 0:
        yield from (NoteOn(0, key, velocity=0.7) for key in CHORD)
    if number % 8 == 0:
        yield ControlChange(0, controller=74, value=number / BLOCKS)
    if number == BLOCKS * 2 // 3:
        yield from (NoteOff(0, key) for key in CHORD)


def main(target: str = "blocks.wav") -> None:
    """Write the blocks as they come."""
    rack = backline.load("pads/wide", rate=RATE, block=BLOCK)
    loudest = 0.0
    with AudioWriter(target, RATE, 2) as file:
        for number in range(BLOCKS):
            block = rack.process(BLOCK, list(events_of(number)))
            loudest = max(loudest, float(np.abs(block).max()))
            file.write(block)
    print(f"{BLOCKS} blocks of {BLOCK} frames, loudest sample {loudest:.2f}, {rack.latency} frames late -> {target}")


if __name__ == "__main__":
    main(*sys.argv[1:])
