"""Promises about values: no NaN, Inf or denormal ever leaves, bad input is survived, parameters are what they say.

This module knows how these promises are tried. It does not know how findings are told.
"""

from __future__ import annotations

import math

import numpy as np

from ..events import Event, NoteOn
from ..params import Param, Value
from ..plugin import Plugin
from .material import SOUNDS, NotePlayer, noise, random_setting
from .player import Stretch, inputs_of, play
from .report import Broken
from .subject import Subject

TINY = np.finfo(np.float32).tiny


def bad_values(sound: np.ndarray, plugin: type[Plugin]) -> str:
    """What is wrong with the numbers of a sound, in words; empty when nothing is.

    Denormals count for compiled plugins only: numpy cannot avoid them, and the host flushes them behind every plugin that is not compiled.
    """
    denormal = (sound != 0) & (np.abs(sound) < TINY) & (plugin.binding is not None)
    for name, found in (("NaN", np.isnan(sound)), ("Inf", np.isinf(sound)), ("a denormal", denormal)):
        if found.any():
            channel, frame = (int(place) for place in np.argwhere(found)[0])
            return f"{name} at frame {frame} of channel {channel}"
    return ""


def always_finite(subject: Subject) -> None:
    """No NaN, Inf or denormal at the ends of all ranges and at random values, at every rate, in blocks of odd sizes."""
    dice = subject.dice("finite")
    for rate in subject.rates:
        settings = [("defaults", dict[str, Value]()), ("lowest values", subject.corner_settings(0.0))]
        settings.append(("highest values", subject.corner_settings(1.0)))
        settings += [(f"random values {index}", subject.random_settings(dice)) for index in range(subject.more(3, 40))]
        for name, values in settings:
            for channels in (2,) if subject.plugin.inputs and subject.plugin.inputs[0].channels else (1, 2):
                if channels == 1 and name != "defaults":
                    continue
                _try_values(subject, f"{name} at {rate} Hz, {channels} channels", rate, channels, values)


def _try_values(subject: Subject, name: str, rate: int, channels: int, values: dict[str, Value]) -> None:
    plugin = subject.maker.make(rate, 512, channels, values)
    frames = int(rate * subject.more(1, 8) * 0.15)
    dice = subject.dice(name)
    events: list[Event] = NotePlayer(dice).play(frames, 60) if plugin.takes_events else []
    stretch = Stretch(frames, subject.sound(name, frames, channels), events)
    result = play(plugin, stretch, iter(lambda: dice.randrange(1, 513), 0))
    for port, sound in enumerate(result.outputs):
        told = bad_values(sound, subject.plugin)
        if told:
            raise Broken(f"{told}, port {port}, hearing {_hearing(told, frames)}, with {name}: {_spelled(plugin, values)}")
        _check_range(subject, plugin, sound, name)
    if plugin.faults:
        raise Broken(f"{plugin.faults} blocks made NaN or Inf inside (they were silenced) with {name}: {_spelled(plugin, values)}")


def _hearing(told: str, frames: int) -> str:
    """Which of the sounds was heard where it went wrong."""
    frame = int(told.split("frame ")[1].split(" ", maxsplit=1)[0])
    return list(SOUNDS)[min(frame // max(frames // len(SOUNDS), 1), len(SOUNDS) - 1)]


def _check_range(subject: Subject, plugin: Plugin, sound: np.ndarray, name: str) -> None:
    if not subject.is_modulator or sound.size == 0:
        return
    low = -1.0 if getattr(plugin, "bipolar", True) else 0.0
    if sound.min() < low - 1e-3 or sound.max() > 1.001:
        raise Broken(f"a modulator says {low:g} .. 1 and gives {sound.min():.4g} .. {sound.max():.4g} with {name}")


def _spelled(plugin: Plugin, values: dict[str, Value]) -> str:
    texts = [f"{name}={plugin.parameters[name].format(value)}" for name, value in values.items()]
    return ", ".join(texts) or "defaults"


def recovers(subject: Subject) -> None:
    """After NaN and Inf in its input a plugin goes on as if nothing had happened (given half a second)."""
    widths = inputs_of(subject.plugin, 2)
    if not widths:
        return
    rate = min(subject.rates)
    frames = rate
    generator = subject.generator("recovery")
    clean = [noise(generator, width, frames) for width in widths]
    dirty = [sound.copy() for sound in clean]
    for sound in dirty:
        sound[:, 1000] = np.nan
        sound[:, 1001] = np.inf
        sound[:, 1500:1510] = 1e30
    start: list[Event] = [NoteOn(0, 60)] if subject.plugin.takes_events else []
    with np.errstate(all="ignore"):
        expected = play(subject.maker.make(rate), Stretch(frames, clean, start)).joined()
        found = play(subject.maker.make(rate), Stretch(frames, dirty, start)).joined()
    if subject.plugin.binding is None:  # the host stands guard behind it; it has to come back by itself
        found[:, : frames // 2] = 0.0
    told = bad_values(found, subject.plugin)
    if told:
        raise Broken(f"{told} after NaN in its input at frame 1000")
    normal, now = _loudness(expected[:, frames // 2 :]), _loudness(found[:, frames // 2 :])
    if normal > 1e-4 and not 0.1 * normal < now < 10.0 * normal:
        raise Broken(f"half a second after NaN in its input its level is {now:.3g} instead of {normal:.3g}")


def _loudness(sound: np.ndarray) -> float:
    return math.sqrt(float(np.mean(np.square(sound, dtype=np.float64)))) if sound.size else 0.0


def parameters_hold(subject: Subject) -> None:
    """Defaults lie in their ranges, text and numbers round-trip, and what is unknown or out of range is refused."""
    dice = subject.dice("parameters")
    plugin = subject.maker.make()
    for name, parameter in subject.parameters.items():
        _round_trips(name, parameter, [parameter.default, parameter.minimum, parameter.maximum])
        _round_trips(name, parameter, [random_setting(parameter, dice) for _ in range(subject.more(20, 1000))])
        _refuses_outside(name, parameter)
    try:
        plugin.restore({"no_such_parameter": "1"})
    except (KeyError, ValueError):
        pass
    else:
        raise Broken("restore() takes a parameter that does not exist")
    try:
        plugin.set_parameter("no_such_parameter", 1.0)
    except (KeyError, ValueError):
        return
    raise Broken("set_parameter() takes a parameter that does not exist")


def _round_trips(name: str, parameter: Param, values: list[Value]) -> None:
    for value in values:
        text = parameter.format(value)
        back = parameter.parse(text)
        if back != value:
            raise Broken(f"{name}: {value!r} is written {text!r}, which reads {back!r}")
        if not isinstance(value, float | int):
            continue
        if not parameter.minimum <= value <= parameter.maximum:
            raise Broken(f"{name}: {text} lies outside {parameter.format(parameter.minimum)} .. {parameter.format(parameter.maximum)}")
        position = parameter.normalise(value)
        again = parameter.denormalise(position)
        if not math.isclose(again, value, rel_tol=1e-9, abs_tol=1e-9 * (parameter.maximum - parameter.minimum)):
            raise Broken(f"{name}: {text} is at {position!r} of its range, where {parameter.format(again)} is")


def _refuses_outside(name: str, parameter: Param) -> None:
    for wrong in (parameter.maximum + 1.0, parameter.minimum - 1.0, math.nan):
        try:
            parameter.parse(wrong)
        except ValueError:
            continue
        raise Broken(f"{name} takes {wrong!r}, which lies outside its range")
