"""The conformance kit: one line in an author's test tries every promise that a plugin makes to its host.

    from backline.sdk.testing import check_plugin

    def test_keeps_the_rules_of_every_plugin():
        check_plugin(Tremolo)

This module knows the list of promises. It does not know graphs, presets or devices.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ..plugin import AudioReader, Plugin
from . import declared, ends, event_rules, streaming, values
from .player import Maker, Move, Result, Stretch, play
from .report import Broken, Finding, Report
from .subject import Subject

__all__ = ["PROMISES", "RATES", "Finding", "Move", "Report", "Result", "Stretch", "check_plugin", "examine_plugin", "play"]

RATES = (22050, 44100, 48000, 96000, 192000)

PROMISES: Mapping[str, Callable[[Subject], None]] = {
    "described": declared.described,
    "imports light": declared.imports_light,
    "parameters hold": values.parameters_hold,
    "same twice": streaming.same_twice,
    "no block edges": streaming.splits,
    "reset is fresh": streaming.reset_is_fresh,
    "state comes back": streaming.state_comes_back,
    "always finite": values.always_finite,
    "recovers": values.recovers,
    "latency is honest": ends.latency_is_honest,
    "tail is honest": ends.tail_is_honest,
    "no voice sticks": ends.no_voice_sticks,
    "every note ends": event_rules.every_note_ends,
    "nothing allocated": streaming.nothing_allocated,
}
"""Every promise by name. Those that do not concern a kind of plugin (voices of an effect) hold at once."""


def check_plugin(
    plugin: type[Plugin],
    *,
    settings: Mapping[str, Any] | None = None,
    read_audio: AudioReader | None = None,
    rates: Sequence[int] = RATES,
    seed: int = 0,
    thorough: bool = False,
    endless: bool = False,
    delayed: bool = False,
    allocates: bool = False,
) -> Report:
    """Try every promise on a plugin class; raise AssertionError with a list of the broken ones.

    `settings` are the structured settings each instance gets, `read_audio` reads the files they name (by default every file is a short
    tone). `seed` repeats a run exactly. `thorough=True` runs over a million frames and takes minutes. Three things must be said, because
    they are right for few plugins: `endless` (sounds without input, like a drone or a latched figure), `delayed` (delays its whole sound
    on purpose, so that latency cannot be measured), `allocates` (a prototype in plain numpy with temporary arrays).
    """
    __tracebackhide__ = True
    report = examine_plugin(
        plugin,
        settings=settings,
        read_audio=read_audio,
        rates=rates,
        seed=seed,
        thorough=thorough,
        endless=endless,
        delayed=delayed,
        allocates=allocates,
    )
    if not report.fine:
        raise AssertionError(str(report))
    return report


def examine_plugin(
    plugin: type[Plugin],
    *,
    settings: Mapping[str, Any] | None = None,
    read_audio: AudioReader | None = None,
    rates: Sequence[int] = RATES,
    seed: int = 0,
    thorough: bool = False,
    endless: bool = False,
    delayed: bool = False,
    allocates: bool = False,
    promises: Sequence[str] = tuple(PROMISES),
) -> Report:
    """Like `check_plugin`, but return what was found instead of raising, and only for the promises named."""
    if not (isinstance(plugin, type) and issubclass(plugin, Plugin)):
        raise TypeError(f"check_plugin takes a plugin class, not {plugin!r}")
    subject = Subject(Maker(plugin, settings, read_audio), tuple(rates), seed, thorough, endless, delayed, allocates)
    report = Report(plugin.plugin_id, seed)
    for name in promises:
        begun = time.perf_counter()
        try:
            PROMISES[name](subject)
        except Broken as broken:
            report.broken.append(Finding(name, str(broken)))
        except Exception as error:  # noqa: BLE001 - whatever a plugin raises is a finding
            report.broken.append(Finding(name, f"{type(error).__name__}: {error} ({_place(error)})"))
        else:
            report.kept.append(name)
        report.seconds[name] = time.perf_counter() - begun
    report.notes = list(dict.fromkeys(subject.notes))
    return report


def _place(error: BaseException) -> str:
    """The innermost place of an error, outside this package where possible."""
    places = []
    trace = error.__traceback__
    while trace is not None:
        code = trace.tb_frame.f_code
        places.append(f"{code.co_filename.rsplit('/', 1)[-1]}:{trace.tb_lineno} in {code.co_name}")
        trace = trace.tb_next
    return places[-1]
