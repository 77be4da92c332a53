"""What plugins are tried with: sounds, random events and random parameter values, all from a seed.

This module knows kinds of input. It does not know what a plugin has to do with them.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence

import numpy as np

from ..events import (
    ALL_NOTES_OFF,
    ALL_SOUND_OFF,
    RESET_CONTROLLERS,
    SUSTAIN,
    ChannelPressure,
    ControlChange,
    Event,
    NoteOff,
    NoteOn,
    NotePitch,
    NotePressure,
    NoteTimbre,
    ParameterChange,
    PitchBend,
    ProgramChange,
    SysEx,
)
from ..params import Param, Value

CHANNELS = 4
SYNCED_LENGTHS = ("1/4", "1/8", "1/16T", "1/8D")

Sound = Callable[[np.random.Generator, int, int], np.ndarray]


def noise(generator: np.random.Generator, channels: int, frames: int) -> np.ndarray:
    """White noise, -0.5..0.5: float32[channels, frames]."""
    sound: np.ndarray = generator.uniform(-0.5, 0.5, (channels, frames)).astype(np.float32)
    return sound


def silence(generator: np.random.Generator, channels: int, frames: int) -> np.ndarray:  # noqa: ARG001 - one signature for all sounds
    """Nothing at all."""
    return np.zeros((channels, frames), np.float32)


def impulses(generator: np.random.Generator, channels: int, frames: int) -> np.ndarray:
    """Single samples of full scale, about one in five hundred."""
    found = generator.random((channels, frames)) < 0.002
    sound: np.ndarray = (found * generator.choice([-1.0, 1.0], (channels, frames))).astype(np.float32)
    return sound


def direct_current(generator: np.random.Generator, channels: int, frames: int) -> np.ndarray:  # noqa: ARG001
    """Full-scale direct current."""
    return np.ones((channels, frames), np.float32)


def bursts(generator: np.random.Generator, channels: int, frames: int) -> np.ndarray:
    """Noise 20 dB above full scale, on and off every few milliseconds."""
    gate = np.repeat(generator.random(frames // 128 + 1) < 0.5, 128)[:frames]
    return (noise(generator, channels, frames) * 20.0 * gate).astype(np.float32)


def fading(generator: np.random.Generator, channels: int, frames: int) -> np.ndarray:
    """Noise that dies away down to where floats end: what makes denormals."""
    level = np.exp(np.linspace(0.0, -90.0, frames))
    sound = (noise(generator, channels, frames) * level).astype(np.float32)
    sound[np.abs(sound) < np.finfo(np.float32).tiny] = 0.0  # no denormals in: only those the plugin makes count
    return sound


SOUNDS: Mapping[str, Sound] = {
    "noise": noise,
    "silence": silence,
    "impulses": impulses,
    "direct current": direct_current,
    "+20 dB bursts": bursts,
    "a fading sound": fading,
}


def medley(generator: np.random.Generator, channels: int, frames: int) -> np.ndarray:
    """All sounds one after the other, each an equal part of `frames`."""
    part = max(frames // len(SOUNDS), 1)
    return np.concatenate([sound(generator, channels, part) for sound in SOUNDS.values()], axis=1)


def random_value(parameter: Param, dice: random.Random) -> float:
    """A value inside a parameter's range, one time in five at one of its ends."""
    position = dice.choice((0.0, 1.0)) if dice.random() < 0.2 else dice.random()
    return parameter.denormalise(position)


def random_setting(parameter: Param, dice: random.Random) -> Value:
    """A value, or a note length where the parameter takes one."""
    if parameter.synced and dice.random() < 0.3:
        return parameter.parse(dice.choice(SYNCED_LENGTHS))
    return random_value(parameter, dice)


def settable(parameters: Mapping[str, Param]) -> dict[str, Param]:
    """The parameters that are not meters."""
    return {name: parameter for name, parameter in parameters.items() if not parameter.output}


def parameter_changes(dice: random.Random, parameters: Mapping[str, Param], frames: int, count: int) -> list[Event]:
    """`count` parameter changes at random frames, sorted."""
    ours = settable(parameters)
    if not ours:
        return []
    names = [dice.choice(sorted(ours)) for _ in range(count)]
    changes: list[Event] = [ParameterChange(dice.randrange(frames), name, random_value(ours[name], dice)) for name in names]
    return sorted(changes, key=lambda event: event.frame)


class NotePlayer:
    """Plays at random, like somebody who leans on the keyboard: notes, double notes, note-offs for nothing, pedals, bends, panic."""

    def __init__(self, dice: random.Random) -> None:
        self.dice = dice
        self.held: list[NoteOn] = []
        self.next_id = 1

    def event(self, frame: int) -> Event:
        """One more random event."""
        dice = self.dice
        chance = dice.random()
        if chance < 0.4:
            return self._on(frame)
        if chance < 0.72:
            return self._off(frame)
        channel = dice.randrange(CHANNELS)
        if chance < 0.84:
            return self._expression(frame, channel)
        if chance < 0.9:
            return ControlChange(frame, SUSTAIN, float(dice.random() < 0.5), channel)
        if chance < 0.97:
            return self._channel_wide(frame, channel)
        return ControlChange(frame, dice.choice((ALL_NOTES_OFF, ALL_SOUND_OFF, RESET_CONTROLLERS)), 0.0, channel)

    def _on(self, frame: int) -> Event:
        dice = self.dice
        note_id = -1
        if dice.random() < 0.4:
            note_id, self.next_id = self.next_id, self.next_id + 1
        key = dice.randrange(128) if dice.random() < 0.1 else dice.randrange(36, 85)
        note = NoteOn(frame, key, max(dice.random(), 0.01), dice.randrange(CHANNELS), note_id, dice.choice((0.0, 0.0, 0.25)))
        self.held.append(note)
        return note

    def _off(self, frame: int) -> Event:
        dice = self.dice
        if not self.held or dice.random() < 0.1:
            return NoteOff(frame, dice.randrange(128), dice.random(), dice.randrange(CHANNELS))
        note = self.held.pop(dice.randrange(len(self.held)))
        return NoteOff(frame, note.key, dice.random(), note.channel, note.note_id)

    def _expression(self, frame: int, channel: int) -> Event:
        dice = self.dice
        note = dice.choice(self.held) if self.held else NoteOn(frame, 60, 1.0, channel)
        kind = dice.choice((NotePitch, NotePressure, NoteTimbre))
        value = dice.uniform(-12.0, 12.0) if kind is NotePitch else dice.random()
        return kind(frame, note.key, value, note.channel, note.note_id)

    def _channel_wide(self, frame: int, channel: int) -> Event:
        dice = self.dice
        return dice.choice(
            (
                PitchBend(frame, dice.uniform(-1.0, 1.0), channel),
                ChannelPressure(frame, dice.random(), channel),
                ControlChange(frame, dice.choice((1, 7, 10, 74)), dice.random(), channel),
                ProgramChange(frame, dice.randrange(128), channel),
                SysEx(frame, b"\x7e\x7f\x06\x01"),
            )
        )

    def play(self, frames: int, count: int) -> list[Event]:
        """`count` events at random frames, sorted; several may share a frame."""
        return [self.event(frame) for frame in sorted(self.dice.randrange(frames) for _ in range(count))]

    def offs(self, frame: int) -> list[Event]:
        """Note-offs for all that is still down, and pedals up."""
        pedals: list[Event] = [ControlChange(frame, SUSTAIN, 0.0, channel) for channel in range(CHANNELS)]
        offs: list[Event] = [NoteOff(frame, note.key, 0.5, note.channel, note.note_id) for note in self.held]
        self.held.clear()
        return pedals + offs


def panic(frame: int) -> list[Event]:
    """Pedals up and all notes off, on every channel that was played."""
    ups: list[Event] = [ControlChange(frame, SUSTAIN, 0.0, channel) for channel in range(CHANNELS)]
    return ups + [ControlChange(frame, ALL_NOTES_OFF, 0.0, channel) for channel in range(CHANNELS)]


def merged(*events: Sequence[Event]) -> list[Event]:
    """Several sorted lists of events as one."""
    return sorted((event for part in events for event in part), key=lambda event: event.frame)
