"""The factory presets, listened to by measurement: each is played a phrase that shows it."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest

import backline
from backline.catalog.presets import factory_folder, factory_presets
from backline.formats.loudness import measure
from backline.formats.notes import parse_notes
from backline.formats.paths import LIBRARY_MARKS
from backline.rack.rack import Rack
from backline.sdk import ControlChange, NoteOff, NoteOn
from presets.listening import RATE, brightness, cents_from, edge_jump, level, offset
from presets.phrases import BEAT_SECONDS, PHRASES, Phrase

FOLDERS = {"bass", "chains", "drums", "effects", "keys", "leads", "pads", "plucks"}
QUIET_DB = -80.0
# JUCE's equalisers clear what they carry at the end of each call once it is below 1e-8 (-160 dB), so their last sighs depend on the calls.
EQUALISERS = ("HighpassFilter", "LowpassFilter", "PeakFilter", "LowShelfFilter", "HighShelfFilter")
SIGH = 1e-6
SPACES = ("delay", "pan", "pedalboard.Chorus", "pedalboard.Reverb")

pytestmark = pytest.mark.slow

names = pytest.mark.parametrize("name", sorted(PHRASES))


@cache
def rack(name: str) -> Rack:
    """The preset, loaded once; every render starts from its beginning."""
    return backline.load(name)


def play(name: str, block: int | None = None) -> np.ndarray:
    """The preset's phrase, rendered."""
    phrase = PHRASES[name]
    audio = phrase.audio() if phrase.audio else None
    return np.asarray(rack(name).render(notes=phrase.notes, audio=audio, rate=RATE, block=block))


@cache
def sound(name: str) -> np.ndarray:
    """The phrase as it is rendered when nobody says how."""
    return play(name)


def edges(phrase: Phrase) -> list[int]:
    """The frames at which notes begin or end."""
    return sorted({frame for frame, _ in parse_notes(phrase.notes or "").events(RATE, 60.0 / BEAT_SECONDS)})


def test_every_factory_preset_has_its_phrase() -> None:
    assert sorted(factory_presets()) == sorted(PHRASES)
    assert {name.partition("/")[0] for name in PHRASES} == FOLDERS
    assert len(PHRASES) >= 14


def test_the_mark_of_the_library_is_no_preset() -> None:
    folder = factory_folder()
    assert folder is not None
    assert [mark for mark in LIBRARY_MARKS if (folder / mark).exists()] == ["backline.yaml"]


@names
def test_it_says_what_it_is(name: str) -> None:
    preset = rack(name).preset
    assert preset.name
    assert preset.description.endswith(".")
    assert preset.author
    assert len(preset.tags) >= 3
    assert preset.macros
    assert {1, 74} <= {control.source.number for control in preset.controls}
    assert rack(name).warnings == []


@names
def test_it_needs_nothing_that_is_not_always_there(name: str) -> None:
    plugins = [flat.node.plugin for flat in rack(name).engine.flat.nodes.values()]
    assert [plugin for plugin in plugins if ":" in plugin] == []


@names
def test_what_a_macro_sets_is_not_written_twice(name: str) -> None:
    preset = rack(name).preset
    driven = {(target.node, target.parameter) for macro in preset.macros.values() for target, _ in macro.targets()}
    assert [(node, key) for node, key in driven if node in preset.nodes and key in preset.nodes[node].values] == []


def test_every_preset_has_a_name_of_its_own() -> None:
    assert len({rack(name).name for name in PHRASES}) == len(PHRASES)


@names
def test_it_is_as_loud_as_the_others_and_does_not_clip(name: str) -> None:
    audio = sound(name)
    assert np.isfinite(audio).all()
    found = measure(audio, RATE)
    assert -21.5 < found.lufs < -14.5
    assert found.true_peak_db < -0.5


@names
def test_it_has_no_constant_part(name: str) -> None:
    assert offset(sound(name)) < 0.02


@names
def test_its_tail_ends(name: str) -> None:
    audio = sound(name)
    seconds = audio.shape[1] / RATE
    assert seconds < PHRASES[name].longest
    assert level(audio[:, -RATE // 1000 :]) < QUIET_DB


@names
def test_it_renders_the_same_bits_whatever_the_block(name: str) -> None:
    small, large = play(name, 64), play(name, 4096)
    plugins = {flat.node.plugin.removeprefix("pedalboard.") for flat in rack(name).engine.flat.nodes.values()}
    if plugins & set(EQUALISERS):
        assert np.abs(small - large).max() < SIGH
    else:
        assert np.array_equal(small, large)
    assert np.array_equal(large, sound(name))


@pytest.mark.parametrize("name", [name for name in sorted(PHRASES) if PHRASES[name].tonal])
def test_an_a4_is_in_tune(name: str) -> None:
    """Measured dry and in place: a room is louder on some of the voices of a note than on others."""
    played = backline.load(name)
    for node, flat in played.engine.flat.nodes.items():
        played[node].bypass = flat.node.plugin in SPACES
    for target, value in PHRASES[name].steady.items():
        played.set(target, value)
    audio = played.render(notes="A4:5", rate=RATE, tail=0.0)
    assert abs(cents_from(audio[:, RATE // 10 : 21 * RATE // 10], 440.0)) < 1.0


@pytest.mark.parametrize("name", [name for name in sorted(PHRASES) if PHRASES[name].steepest and PHRASES[name].notes])
def test_notes_begin_and_end_without_a_click(name: str) -> None:
    assert edge_jump(sound(name), edges(PHRASES[name])) < PHRASES[name].steepest


@pytest.mark.parametrize("name", [name for name in sorted(PHRASES) if PHRASES[name].brighter])
def test_its_first_knob_makes_it_brighter(name: str) -> None:
    macro = PHRASES[name].brighter
    before = rack(name).macros[macro]
    try:
        rack(name).macros[macro] = 0.05
        dark = brightness(play(name))
        rack(name).macros[macro] = 0.95
        bright = brightness(play(name))
    finally:
        rack(name).macros[macro] = before
    assert bright > 1.1 * dark


@names
def test_controller_74_turns_the_knob_it_says(name: str) -> None:
    turned = rack(name)
    (control,) = [control for control in turned.preset.controls if control.source.number == 74]
    macro = control.target.parameter
    before = turned.macros[macro]
    try:
        turned.process(64, [ControlChange(0, controller=74, value=1.0)])
        assert turned.macros[macro] == 1.0
    finally:
        turned.macros[macro] = before


@pytest.mark.parametrize("name", [name for name in sorted(PHRASES) if PHRASES[name].notes])
def test_nothing_hangs_when_the_keys_are_up(name: str) -> None:
    """Every key once, soft and hard, all at the same time, all let go: in the end it is quiet."""
    played = rack(name)
    played.reset()
    keys = range(24, 108, 3)
    played.process(played.engine.max_block, [NoteOn(0, key, velocity=0.2 + 0.8 * (key % 2)) for key in keys])
    played.process(played.engine.max_block, [NoteOff(7, key) for key in keys])
    for _ in range(round(PHRASES[name].longest * 2 * RATE / played.engine.max_block)):
        played.process(played.engine.max_block)
    assert level(played.process(played.engine.max_block)) < QUIET_DB
    played.reset()
