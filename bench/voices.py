"""Voices in real time on one core: held notes of `polysynth` and `sampler`; and what generated lanes gain over a plain loop over voices."""

from __future__ import annotations

import statistics
import time
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from pairs import figure, paired

from backline.sdk import Instrument, NoteOn, Phase, State, dsp
from backline.sdk.plugin import Plugin
from backline_plugins.samplers.sampler import Sampler
from backline_plugins.synths.polysynth import Polysynth

RATE = 48000
VOICES = 64
BLOCKS = (64, 512)
WANTED = {("polysynth", 512): "at least 8000", ("sampler", 512): "at least 5000"}


class TwoSaws(Instrument):
    """Two saws through a lowpass: a plain voice, for comparing ways to compute it."""

    first = Phase()
    second = Phase()
    level = State(0.0, life=True)
    low_1 = State(0.0)
    low_2 = State(0.0)

    def sample(first, second, level, low_1, low_2, pitch_hz, gate, dt):  # noqa: N805 - one sample, not a method
        """One sample of one voice."""
        step = pitch_hz * dt
        other = step * 1.003
        level = dsp.smooth(level, gate, 0.01, dt)
        level = level if level > 0.0001 else 0.0
        tone = dsp.saw(first, step) + dsp.saw(second, other)
        low, low_1, low_2 = dsp.svf_low(tone, low_1, low_2, 4000.0 * dt * 3.141592653589793, 1.0)
        return low * level * 0.1, step, other, level, low_1, low_2


def held(plugin: Plugin, notes: int = VOICES) -> Plugin:
    """The same instrument with this many notes held."""
    plugin.process_block((), plugin.max_block, [NoteOn(0, 36 + index % 48, 0.8, index // 48) for index in range(notes)])
    return plugin


def sampled(block: int, **values: float) -> Sampler:
    """A sampler with a looped tone of half a second."""
    tone = 0.5 * np.sin(2 * np.pi * 220.0 * np.arange(24000) / RATE)
    made = Sampler(RATE, block)
    made.configure({"map": [{"sample": "tone", "root": "A3", "loop": "on"}]}, lambda _: (tone[np.newaxis].astype(np.float32), RATE))
    for name, value in values.items():
        made.set_parameter(name, value)
    return made


def voices_per_core(plugins: Mapping[str, Plugin], block: int, rounds: int = 40) -> dict[str, tuple[float, float]]:
    """(median, best) voices in real time of each, taken in turn so that the machine's moods hit all alike; processor time."""
    calls = max(1, 1024 // block)
    times: dict[str, list[float]] = {name: [] for name in plugins}
    for _ in range(rounds):
        for name, plugin in plugins.items():
            start = time.process_time()
            for _ in range(calls):
                plugin.advance(0, block)
            times[name].append((time.process_time() - start) / calls)
    one = VOICES * block / RATE
    return {name: (one / statistics.median(taken), one / min(taken)) for name, taken in times.items()}


def main() -> Iterator[str]:
    """Yield one line for each figure."""
    for block in BLOCKS:
        plugins: dict[str, Plugin] = {
            "polysynth": Polysynth(RATE, block),
            "sampler": sampled(block),
            "sampler, stereo": sampled(block, stereo=1.0),
            "sampler with filter": sampled(block, cutoff=2000.0),
            "two saws and a lowpass": TwoSaws(RATE, block),
        }
        found = voices_per_core({name: held(plugin) for name, plugin in plugins.items()}, block)
        for name, (middle, best) in found.items():
            wanted = WANTED.get((name, block), "")
            yield figure(f"{name}, {VOICES} held, block {block}: median", middle, "voices", wanted)
            yield figure(f"{name}, {VOICES} held, block {block}: best", best, "voices")
    yield _lanes_against_loop()


def _lanes_against_loop(block: int = 512) -> str:
    """The generated kernel against the same function, compiled by the same compiler, called voice by voice, frame by frame."""
    lanes = held(TwoSaws(RATE, block))
    loop = _plain_loop(block)
    ours, theirs = (lambda: [lanes.advance(0, block) for _ in range(4)]), (lambda: [loop() for _ in range(4)])
    return str(paired("two saws, generated lanes, block 512", "the same, voice by voice", ours, theirs, 15, 5.0))


def _plain_loop(block: int) -> Any:
    """What an author would write by hand: for each voice, for each frame, call the sample function on float64 state."""
    import numba

    from backline.sdk.kernels.compile import namespace
    from backline.sdk.kernels.source import collect

    text = collect(TwoSaws.sample_function(), narrow=False)
    names = namespace()  # the same machine instructions and inlining as a generated kernel has
    source = (
        text.text()
        + f"""
def voices(state, pitches, out, dt):
    out[:] = 0.0
    for v in range(len(pitches)):
        for i in range(len(out)):
            s = state[v]
            y, step, other, level, low_1, low_2 = {text.top}(s[0], s[1], s[2], s[3], s[4], pitches[v], 1.0, dt)
            state[v, 0] += step
            state[v, 0] -= floor(state[v, 0])
            state[v, 1] += other
            state[v, 1] -= floor(state[v, 1])
            state[v, 2] = level
            state[v, 3] = low_1
            state[v, 4] = low_2
            out[i] += y
"""
    )
    exec(compile(source, "<plain loop>", "exec"), names)
    kernel = numba.njit(names["voices"], fastmath=True, error_model="numpy")
    state, out = np.zeros((VOICES, 5)), np.zeros(block)
    pitches = np.array([440.0 * 2.0 ** ((36 + index % 48 - 69) / 12) for index in range(VOICES)])
    return lambda: kernel(state, pitches, out, 1.0 / RATE)


if __name__ == "__main__":
    for line in main():
        print(line)
