"""Promises about the stream: no dependence on block edges, reset is fresh, state comes back, nothing is allocated.

This module knows how these promises are tried. It does not know how findings are told.
"""

from __future__ import annotations

import tracemalloc

import numpy as np

from ..effect import EventEffect
from ..plugin import Plugin
from ..transport import Transport
from .player import Result, Stretch, play
from .report import Broken
from .subject import Subject

SPLITS = (1, 7, 64, 441, 4096)
FEW = 2000  # frames for the splits that take long
LARGEST = 4096


def difference(found: Result, expected: Result) -> str:
    """Where two results differ, in words; empty when they are bit-identical."""
    for port, (one, other) in enumerate(zip(found.outputs, expected.outputs, strict=True)):
        unequal = (one != other) & ~(np.isnan(one) & np.isnan(other))
        if unequal.any():
            frame = int(np.flatnonzero(unequal.any(axis=0))[0])
            most = float(np.nanmax(np.abs(one - other)))
            return f"port {port} differs first at frame {frame} of {one.shape[1]}, at most by {most:.3g}"
    for index, (event, wanted) in enumerate(zip(found.events, expected.events, strict=False)):
        if event != wanted:
            return f"event {index} is {event} instead of {wanted}"
    if len(found.events) != len(expected.events):
        return f"{len(found.events)} events instead of {len(expected.events)}"
    return ""


def splits(subject: Subject) -> None:
    """Bit-identical however the stream is cut into blocks."""
    frames = subject.more(9000, 200_000)
    whole = subject.stretch("splits", frames, subject.more(80, 2000))
    rate = subject.middle_rate
    values = subject.random_settings(subject.dice("settings for splits"))
    expected = play(subject.maker.make(rate, LARGEST, values=values), whole)
    for size in SPLITS:
        stretch = whole if size > 7 or subject.thorough else whole.first(FEW)
        found = play(subject.maker.make(rate, size, values=values), stretch, size)
        told = difference(found, _first(expected, stretch))
        if told:
            raise Broken(f"blocks of {size} frames do not give the same as blocks of {LARGEST}: {told}")
    dice = subject.dice("odd blocks")
    found = play(subject.maker.make(rate, 1000, values=values), whole, iter(lambda: dice.randrange(1, 1000), 0))
    told = difference(found, expected)
    if told:
        raise Broken(f"blocks of random sizes do not give the same as blocks of {LARGEST}: {told}")


def _first(result: Result, stretch: Stretch) -> Result:
    return Result(
        [sound[:, : stretch.frames] for sound in result.outputs], [event for event in result.events if event.frame < stretch.frames]
    )


def reset_is_fresh(subject: Subject) -> None:
    """After `reset` a plugin is as new, apart from its parameters."""
    rate = subject.middle_rate
    used = subject.maker.make(rate)
    play(used, subject.stretch("before reset", 6000))
    used.reset()
    fresh = subject.maker.make(rate)
    fresh.restore(used.state())
    stretch = subject.stretch("after reset", 6000)
    told = difference(play(used, stretch), play(fresh, stretch))
    if told:
        raise Broken(f"after reset() it is not as new: {told}")


def same_twice(subject: Subject) -> None:
    """Two instances that hear the same say the same."""
    stretch = subject.stretch("twice", 4000)
    told = difference(play(subject.maker.make(), stretch), play(subject.maker.make(), stretch))
    if told:
        raise Broken(f"two instances with the same input differ: {told}; take random numbers from a State, not from outside")


def state_comes_back(subject: Subject) -> None:
    """`state()` is plain text, and `restore()` of it makes a fresh instance sound the same."""
    dice = subject.dice("state")
    stretch = subject.stretch("state", 5000)
    for _ in range(subject.more(2, 20)):
        used = subject.maker.make()
        play(used, subject.stretch("before state", 2000, 10))
        for name, value in subject.random_settings(dice).items():
            used.set_parameter(name, value)
        state = used.state()
        wrong = [key for key, text in state.items() if not (isinstance(key, str) and isinstance(text, str))]
        if wrong:
            raise Broken(f"state() must map text to text; {wrong[0]!r} does not")
        fresh = subject.maker.make()
        fresh.restore(state)
        if fresh.state() != state:
            changed = sorted(key for key in state if fresh.state().get(key) != state[key])
            raise Broken(f"state() differs after restore() in {', '.join(changed) or 'its keys'}")
        used.reset()
        told = difference(play(fresh, stretch), play(used, stretch))
        if told:
            raise Broken(f"it does not sound the same after state() and restore(): {told}")


def nothing_allocated(subject: Subject) -> None:
    """Blocks take no memory: neither arrays of a block's size for a moment, nor small things for ever."""
    plugin = subject.maker.make(subject.middle_rate, LARGEST)
    stretch = subject.stretch("memory", LARGEST, 40)
    inputs = [np.ascontiguousarray(sound) for sound in stretch.inputs]
    outputs = [np.zeros((plugin.port_channels(port), LARGEST), np.float32) for port in plugin.outputs]
    plugin.connect(inputs, outputs)
    transport = Transport(plugin.sample_rate)
    for _ in range(8):
        _block(plugin, stretch, transport)
    tracemalloc.start()
    try:
        _block(plugin, stretch, transport)
        before = tracemalloc.get_traced_memory()[0]
        highest = 0
        for _ in range(subject.more(24, 400)):
            now = tracemalloc.get_traced_memory()[0]
            tracemalloc.reset_peak()
            _block(plugin, stretch, transport)
            highest = max(highest, tracemalloc.get_traced_memory()[1] - now)
        grown = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    if grown > 16 * subject.more(24, 400) + 2048:
        raise Broken(
            f"memory grows: {grown} bytes in {subject.more(24, 400)} blocks; what process() keeps must have a place from the start"
        )
    if not subject.allocates and not subject.is_event_effect and highest >= 2 * LARGEST:
        raise Broken(
            f"a block of {LARGEST} frames takes {highest} bytes: allocate arrays in prepare() and use `out=` "
            "(or say allocates=True for a prototype in plain numpy)"
        )


def _block(plugin: Plugin, stretch: Stretch, transport: Transport) -> None:
    plugin.follow(transport)
    if isinstance(plugin, EventEffect):
        plugin.translate(stretch.events, stretch.frames)
    else:
        plugin.compute(stretch.frames, stretch.events)
    transport.advance(stretch.frames)
