"""Arpeggiator: held keys become a figure, note by note, on the grid of the song.

This module knows held keys, steps and the note that sounds. Steps lie on the song's own grid and are found through the transport, so they
fall on the same samples however the stream is split.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

from backline.sdk import Beats, ControlChange, Event, EventEffect, NoteOff, NoteOn, NotePitch, NotePressure, NoteTimbre, Param, dsp

HIGHEST_KEY = 127
SILENCING = (120, 123)  # all sound off, all notes off
UP, DOWN, UP_DOWN, RANDOM, PLAYED = range(5)
NEVER = 1 << 62
JUMP_BEATS = 1e-6


@dataclass(slots=True)
class Sounding:
    """The note that sounds: its key, and when it ends, in frames since the start."""

    key: int
    channel: int
    until: int


class Arpeggiator(EventEffect):
    """Play held keys one after the other, in time with the song.

    Steps lie on the song's grid (while the song stands, on the grid it would have). A key pressed at the very frame of a step takes part in
    it. Controllers pass; per-note bends and pressure of the held keys do not.
    """

    name = "Arpeggiator"
    tags = ("notes",)

    mode = Param("up", choices=("up", "down", "updown", "random", "played"), description="In which order keys are played.")
    octaves = Param(1, 1, 4, description="Over how many octaves the figure runs.")
    rate = Param("1/16", "0.1 Hz", "50 Hz", unit="Hz", curve="log", synced=True, description="Note length of a step, or steps a second.")
    gate = Param("60 %", "5 %", "100 %", description="How much of a step a note sounds; 100 % is legato.")
    swing = Param(
        "50 %", "50 %", "75 %", description="Where the second of two steps lies between the first and the next pair; 50 % is straight."
    )
    latch = Param(False, description="Go on after the keys are up, until new keys are pressed.")
    seed = Param(1, 0, 9999, description="Another seed, another order in mode random.")

    def prepare(self) -> None:
        """Start with no key held."""
        self._down: list[tuple[int, int, int]] = []  # channel, key, note id
        self._pattern: list[NoteOn] = []  # in the order in which they were played
        self._sounding: Sounding | None = None
        self._clock = 0  # frames since the start
        self._count = 0  # steps since the figure began
        self._next_step: int | None = None
        self._grid: tuple[float | Fraction, float] | None = None
        self._beat_expected = math.nan

    def reset(self) -> None:
        """Become as new."""
        super().reset()
        self.prepare()

    # -- the grid ------------------------------------------------------------------------------------------------------------------

    def _step_length(self) -> float | Fraction:
        """One step in quarter notes, exact for note lengths."""
        given = self.parameter_target("rate")
        return Fraction(given) if isinstance(given, Beats) else self.transport.tempo / (60.0 * given)

    def _beat_of(self, step: int) -> float:
        """Where a step lies, in quarter notes: every second one is late by the swing."""
        length = self._step_length()
        late = (2.0 * self.swing - 1.0) * float(length) if step % 2 else 0.0
        return float(step * length) + late

    def _beat_now(self) -> float:
        """The position at the start of the block, which goes on while the song stands."""
        beat, frame = self.transport.anchor
        return beat + (self.transport.frame - frame) * self.transport.beats_per_frame

    def _find_place(self) -> int:
        """The next step: the one after the last, or the first one from here after a jump or a change of the grid."""
        here = self._beat_now()
        grid = (self._step_length(), self.swing)
        if self._next_step is None or grid != self._grid or not abs(here - self._beat_expected) < JUMP_BEATS:
            step = math.floor(here / float(grid[0])) - 1
            while self.transport.frame_at(self._beat_of(step)) < self.transport.frame:
                step += 1
            self._next_step, self._grid = step, grid
        return self._next_step

    # -- a block -------------------------------------------------------------------------------------------------------------------

    def process(self, events: Sequence[Event], frames: int) -> list[Event]:
        """Return the notes of the block: steps, the ends of notes, and whatever passes."""
        self._drop_released()
        step = self._find_place()
        step_frame = self._frame_of(step)
        passed: list[Event] = []
        waiting = list(events)
        position = 0
        while True:
            ending = self._sounding.until - self._clock if self._sounding else NEVER
            coming = waiting[position].frame if position < len(waiting) else NEVER
            first = min(ending, coming, step_frame)
            if first >= frames:
                break
            if ending == first:
                passed += self._end(first)
            elif coming == first:
                passed += self._take(waiting[position])
                position += 1
            else:
                passed += self._play(step, first)
                step += 1
                step_frame = self._frame_of(step)
        passed += [item for event in waiting[position:] for item in self._take(event)]
        self._next_step = step
        self._clock += frames
        self._beat_expected = self._beat_now() + frames * self.transport.beats_per_frame
        return passed

    def _frame_of(self, step: int) -> int:
        """The frame of a step, counted from the start of the block; a step that a change of tempo has moved into the past is due now."""
        return max(0, self.transport.frame_at(self._beat_of(step)) - self.transport.frame)

    def _play(self, step: int, frame: int) -> list[Event]:
        """Start the note of a step."""
        figure = self._figure()
        if not figure:
            return []
        index = int(dsp.random_at(step, int(self.seed)) * len(figure)) if int(self.mode) == RANDOM else self._count % len(figure)
        key, note = figure[index]
        self._count += 1
        ended = self._end(frame)
        start, following = self._beat_of(step), self._beat_of(step + 1)
        until = self.transport.frame_at(start + self.gate * (following - start)) - self.transport.frame
        self._sounding = Sounding(key, note.channel, self._clock + max(until, frame + 1))
        return [*ended, NoteOn(frame, key, note.velocity, note.channel)]

    def _figure(self) -> list[tuple[int, NoteOn]]:
        """The keys of one round with the notes they come from, lowest octave first."""
        notes = self._pattern if int(self.mode) == PLAYED else sorted(self._pattern, key=lambda note: (note.key, note.channel))
        keys = [(note.key + 12 * octave, note) for octave in range(int(self.octaves)) for note in notes]
        figure = [(key, note) for key, note in keys if key <= HIGHEST_KEY]
        if int(self.mode) == DOWN:
            figure.reverse()
        if int(self.mode) == UP_DOWN:
            figure += figure[-2:0:-1]
        return figure

    def _end(self, frame: int) -> list[Event]:
        """End the note that sounds."""
        sounding, self._sounding = self._sounding, None
        return [NoteOff(frame, sounding.key, 0.0, sounding.channel)] if sounding else []

    # -- keys ----------------------------------------------------------------------------------------------------------------------

    def _take(self, event: Event) -> list[Event]:
        """Take one event; return what passes."""
        match event:
            case NoteOn():
                self._press(event)
            case NoteOff():
                self._lift(event)
            case NotePitch() | NotePressure() | NoteTimbre():
                pass
            case ControlChange(controller=controller) if controller in SILENCING:
                self._forget_keys()
                return [*self._end(event.frame), event]
            case _:
                return [event]
        return []

    def _press(self, event: NoteOn) -> None:
        if not self._down:
            if self.latch:
                self._pattern.clear()
            if not self._pattern:
                self._count = 0
        identity = (event.channel, event.key, event.note_id)
        if identity not in self._down:
            self._down.append(identity)
        self._pattern = [note for note in self._pattern if (note.channel, note.key) != (event.channel, event.key)]
        self._pattern.append(event)

    def _lift(self, event: NoteOff) -> None:
        for identity in self._down:
            if identity[:2] == (event.channel, event.key) and (event.note_id in (-1, identity[2]) or identity[2] == -1):
                self._down.remove(identity)
                break
        self._drop_released()

    def _drop_released(self) -> None:
        """Without the latch, only keys that are down take part."""
        if not self.latch:
            down = {identity[:2] for identity in self._down}
            self._pattern = [note for note in self._pattern if (note.channel, note.key) in down]

    def _forget_keys(self) -> None:
        self._down.clear()
        self._pattern.clear()
        self._count = 0

    def release_all(self) -> list[Event]:
        """Forget every held key and return the note-off that is owed."""
        self._forget_keys()
        return self._end(0)
