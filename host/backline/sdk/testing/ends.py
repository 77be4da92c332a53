"""Promises about time: latency and tail are what they are said to be, and no voice sounds for ever.

This module knows how these promises are tried. It does not know how findings are told.
"""

from __future__ import annotations

import math

import numpy as np

from ..events import ALL_SOUND_OFF, ControlChange, Event
from ..instrument import Instrument
from ..params import Value
from ..plugin import Plugin
from .material import CHANNELS, NotePlayer, merged, noise, panic, parameter_changes
from .player import Stretch, inputs_of, play
from .report import Broken
from .subject import Subject

SILENT = 10.0 ** (-90.0 / 20.0)
WINDOW = 8192  # frames in which an answer to an impulse is looked for, beyond the declared latency
GRACE_SECONDS = 0.1  # a filter rings a little; nobody needs to declare that
LONGEST_TAIL = 120.0
LONGEST_RELEASE = 60.0


def latency_is_honest(subject: Subject) -> None:
    """What goes in comes out `latency` frames later: neither sooner nor with its main part later."""
    if not subject.is_effect or subject.delayed:
        return
    for rate in sorted({subject.middle_rate, max(subject.rates)}):
        plugin = subject.maker.make(rate)
        answer = impulse_answer(subject, plugin, rate)
        declared = plugin.latency
        if declared < 0 or declared != int(declared):
            raise Broken(f"latency is {declared!r}; it must be a whole number of frames")
        size = np.abs(answer).max(axis=0)
        if size.max() < 1e-3:
            subject.notes.append(f"latency could not be measured at {rate} Hz: no answer to an impulse within {len(size)} frames")
            continue
        first = int(np.flatnonzero(size > 1e-3 * size.max())[0])
        peak = int(np.argmax(size))
        if declared < first:
            raise Broken(
                f"latency is declared as {declared} frames, but nothing comes before frame {first} at {rate} Hz "
                "(say delayed=True if the effect delays on purpose)"
            )
        if declared > peak:
            raise Broken(f"latency is declared as {declared} frames, but an impulse comes out after {peak} at {rate} Hz")


def impulse_answer(subject: Subject, plugin: Plugin, rate: int) -> np.ndarray:
    """What an impulse changes in the output, on top of noise that keeps gates open: float32[channels, frames] from the impulse on."""
    at = 2000
    frames = at + WINDOW + int(max(plugin.latency, 0))
    generator = subject.generator("latency")
    without = [noise(generator, width, frames) * np.float32(0.2) for width in inputs_of(subject.plugin, 2)]
    with_impulse = [sound.copy() for sound in without]
    with_impulse[0][:, at] += 0.5
    base = play(plugin, Stretch(frames, without)).joined()
    changed = play(subject.maker.make(rate), Stretch(frames, with_impulse)).joined()
    return (changed - base)[:, at:]  # type: ignore[no-any-return]


def tail_is_honest(subject: Subject) -> None:
    """An effect is silent once its declared tail is over."""
    if not subject.is_effect:
        return
    settings: list[dict[str, Value]] = [{}]
    if isinstance(getattr(subject.plugin, "tail", None), property):  # it follows the parameters: try some
        dice = subject.dice("tail")
        settings += [subject.random_settings(dice) for _ in range(subject.more(2, 20))]
    rate = min(subject.rates)
    for values in settings:
        plugin = subject.maker.make(rate, 4096, values=values)
        tail = float(plugin.tail)
        if math.isinf(tail) and not subject.endless:
            raise Broken("tail is endless; say endless=True if it sounds without input on purpose")
        if not tail >= 0.0:
            raise Broken(f"tail is {tail!r}; it must be 0 or more seconds")
        if subject.endless or tail > LONGEST_TAIL:
            continue
        _try_tail(subject, plugin, rate, tail, values)


def _try_tail(subject: Subject, plugin: Plugin, rate: int, tail: float, values: dict[str, Value]) -> None:
    sounding = rate // 2
    quiet_from = sounding + int((tail + GRACE_SECONDS) * rate) + plugin.latency
    frames = quiet_from + rate // 4
    inputs = [noise(subject.generator("tail"), width, frames) for width in inputs_of(subject.plugin, 2)]
    for sound in inputs:
        sound[:, sounding:] = 0.0
    left = float(np.abs(play(plugin, Stretch(frames, inputs)).joined()[:, quiet_from:]).max(initial=0.0))
    if left > SILENT:
        told = ", ".join(f"{name}={plugin.parameters[name].format(value)}" for name, value in values.items())
        raise Broken(
            f"tail is declared as {tail:g} s, but {GRACE_SECONDS:g} s after that it is still at {20.0 * math.log10(left):.0f} dB"
            + (f" with {told}" if told else "")
        )


def no_voice_sticks(subject: Subject) -> None:
    """After thousands of random events and then all notes off, every voice ends; all sound off silences at once."""
    if not subject.is_instrument:
        return
    rate = min(subject.rates)
    for round_number in range(subject.more(2, 10)):
        about = f"voices {round_number}"
        plugin = subject.maker.make(rate, 512)
        assert isinstance(plugin, Instrument)
        frames = 3 * rate
        dice = subject.dice(about)
        player = NotePlayer(dice)
        events = merged(player.play(frames, subject.more(1500, 20_000)), parameter_changes(dice, plugin.parameters, frames, 40))
        play(plugin, Stretch(frames, subject.sound(about, frames), events))
        for name, parameter in subject.parameters.items():
            plugin.set_parameter(name, parameter.default)
        if round_number % 2:
            _ends(subject, plugin, [ControlChange(0, ALL_SOUND_OFF, 0.0, channel) for channel in range(CHANNELS)], 0.05, "all sound off")
        else:
            _ends(subject, plugin, player.offs(0) + panic(0), max(LONGEST_RELEASE, float(plugin.tail)), "all notes off")


def _ends(subject: Subject, plugin: Instrument, last: list[Event], limit: float, what: str) -> None:
    rate = int(plugin.sample_rate)
    step = max(rate // 20, 1)
    quiet = subject.sound("silence after", step)
    for sound in quiet:
        sound[:] = 0.0
    waited = 0
    events = last
    while waited == 0 or (plugin.sounding and waited < limit * rate):
        play(plugin, Stretch(step, quiet, events))
        events = []
        waited += step
    if plugin.sounding:
        raise Broken(f"{plugin.sounding} voices still sound {waited / rate:.2g} s after {what}")
    left = float(np.abs(play(plugin, Stretch(step, quiet)).joined()).max(initial=0.0))
    if left > SILENT:
        raise Broken(f"no voice sounds after {what}, yet the output is at {20.0 * math.log10(left):.0f} dB")
