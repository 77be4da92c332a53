"""Plugins that keep every promise, one of each kind: the tests' own, so that they do not change with what is shipped."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from backline.sdk import Block, Effect, Event, EventEffect, Instrument, Modulator, NoteOff, NoteOn, Param, Phase, State, dsp


class Tremolo(Effect):
    """Loudness follows a sine."""

    rate = Param("4 Hz", "0.05 Hz", "20 Hz", curve="log", synced=True)
    depth = Param("50 %", "0 %", "100 %")
    phase = State(0.0)

    def sample(x, phase, rate, depth, dt):
        gain = 1.0 - depth * 0.5 * (1.0 + dsp.sin_turn(phase))
        return x * gain, dsp.wrap(phase + rate * dt)


class Halver(Effect):
    """Half as loud, or what is asked for, in numpy."""

    level = Param("50 %", "0 %", "100 %")

    def process(self, block: Block) -> None:
        np.multiply(block.input(), block.row("level"), out=block.output())


class Saws(Instrument):
    """A saw through a filter, with an envelope."""

    cutoff = Param("2 kHz", "20 Hz", "20 kHz", curve="log")
    release = Param("100 ms", "5 ms", "2 s", curve="log")
    voices = Param(16, 1, 32)
    phase = Phase()
    level = State(0.0, life=True)
    stage = State(0.0)
    first = State(0.0)
    second = State(0.0)

    def sample(phase, level, stage, first, second, pitch_hz, gate, velocity, cutoff, release, dt):
        step = pitch_hz * dt
        level, stage = dsp.adsr(level, stage, gate, 0.005, 0.2, 0.7, release, dt)
        low, _, _, first, second = dsp.svf(dsp.saw(phase, step), first, second, cutoff, 1.0, dt)
        return 0.25 * velocity * level * low, step, level, stage, first, second


class Softer(EventEffect):
    """Play every note softer."""

    amount = Param("80 %", "10 %", "100 %")

    def process(self, events: Sequence[Event], frames: int) -> list[Event]:
        amount = self.parameter_value("amount")
        return [replace(event, velocity=event.velocity * amount) if isinstance(event, NoteOn) else event for event in events]


class Octaver(EventEffect):
    """Each note an octave up: the notes are its own, so it ends them."""

    def __init__(self, *given: float) -> None:
        super().__init__(*given)
        self.held: list[NoteOn] = []

    def process(self, events: Sequence[Event], frames: int) -> list[Event]:
        passed: list[Event] = []
        for event in events:
            if isinstance(event, NoteOn | NoteOff):
                moved = replace(event, key=event.key + 12)
                self.held = [
                    note for note in self.held if (note.channel, note.key, note.note_id) != (moved.channel, moved.key, moved.note_id)
                ]
                self.held += [moved] if isinstance(moved, NoteOn) else []
                passed.append(moved)
            else:
                passed.append(event)
        return passed

    def release_all(self) -> list[Event]:
        owed: list[Event] = [NoteOff(0, note.key, 0.0, note.channel, note.note_id) for note in self.held]
        self.held.clear()
        return owed

    def reset(self) -> None:
        super().reset()
        self.held.clear()


class Wave(Modulator):
    """A triangle that rises and falls, -1 to 1."""

    rate = Param("1 Hz", "0.01 Hz", "40 Hz", curve="log")
    phase = Phase()

    def sample(phase, rate, dt):
        return 1.0 - 4.0 * abs(phase - 0.5), rate * dt
