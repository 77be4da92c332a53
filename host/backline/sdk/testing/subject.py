"""What is under test: one plugin class, how to make it, and with what it is tried.

This module knows how to build material for one plugin. It does not know any promise.
"""

from __future__ import annotations

import random
import zlib
from dataclasses import dataclass, field

import numpy as np

from ..effect import EventEffect, Modulator
from ..events import Event
from ..instrument import Instrument
from ..params import Param, Value
from ..plugin import Plugin
from .material import NotePlayer, medley, merged, parameter_changes, random_setting, settable
from .player import Maker, Move, Stretch, inputs_of


@dataclass(slots=True)
class Subject:
    """A plugin class with everything a check needs to try it."""

    maker: Maker
    rates: tuple[int, ...]
    seed: int
    thorough: bool
    endless: bool
    delayed: bool
    allocates: bool
    notes: list[str] = field(default_factory=list)

    @property
    def plugin(self) -> type[Plugin]:
        """The class."""
        return self.maker.plugin

    @property
    def parameters(self) -> dict[str, Param]:
        """The parameters that can be set."""
        return settable(self.plugin.parameters)

    @property
    def is_instrument(self) -> bool:
        """Whether it plays voices."""
        return issubclass(self.plugin, Instrument)

    @property
    def is_event_effect(self) -> bool:
        """Whether it makes events instead of sound."""
        return issubclass(self.plugin, EventEffect)

    @property
    def is_modulator(self) -> bool:
        """Whether it makes a control signal."""
        return issubclass(self.plugin, Modulator)

    @property
    def is_effect(self) -> bool:
        """Whether sound goes in and comes out."""
        return self.plugin.kind == "effect"

    @property
    def middle_rate(self) -> int:
        """The rate for checks that need one only: 48000 if it is among the rates."""
        return 48000 if 48000 in self.rates else self.rates[0]

    def more(self, normal: int, thorough: int) -> int:
        """A number that is larger in a thorough run."""
        return thorough if self.thorough else normal

    def dice(self, about: str) -> random.Random:
        """Random decisions that depend on the seed and on what they are for."""
        return random.Random(self._number(about))

    def generator(self, about: str) -> np.random.Generator:
        """Random sound that depends on the seed and on what it is for."""
        return np.random.default_rng(self._number(about))

    def _number(self, about: str) -> int:
        return zlib.crc32(f"{self.seed} {about}".encode())

    def sound(self, about: str, frames: int, channels: int = 2) -> list[np.ndarray]:
        """A medley of sounds for every input port."""
        generator = self.generator(about)
        found = []
        for own in inputs_of(self.plugin, channels):
            sound = medley(generator, own, frames)
            found.append(np.pad(sound, ((0, 0), (0, frames - sound.shape[1]))))
        return found

    def events(self, about: str, frames: int, count: int) -> list[Event]:
        """Random notes and controllers, where the plugin takes any, and parameter changes."""
        dice = self.dice(about)
        notes = NotePlayer(dice).play(frames, count) if self.plugin.takes_events else []
        return merged(notes, parameter_changes(dice, self.plugin.parameters, frames, max(count // 4, 4)))

    def stretch(self, about: str, frames: int, count: int = 60, channels: int = 2) -> Stretch:
        """Sound, events, and musical time that changes its tempo, jumps, stops and starts."""
        dice = self.dice(about + " time")
        places = sorted(dice.randrange(1, frames) for _ in range(4))
        moves = [
            Move(places[0], tempo=97.3),
            Move(places[1], beat=float(dice.randrange(64))),
            Move(places[2], playing=False),
            Move(places[3], playing=True, tempo=180.0),
        ]
        return Stretch(frames, self.sound(about, frames, channels), self.events(about, frames, count), moves)

    def random_settings(self, dice: random.Random) -> dict[str, Value]:
        """A value for every parameter."""
        return {name: random_setting(parameter, dice) for name, parameter in self.parameters.items()}

    def corner_settings(self, position: float) -> dict[str, Value]:
        """Every parameter at its lowest (0) or highest (1) value."""
        return {name: parameter.denormalise(position) for name, parameter in self.parameters.items()}
