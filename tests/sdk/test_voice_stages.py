"""Voice kernels: what is lifted out of the lanes, what an `if` on a parameter does, and that neither changes what is heard."""

from __future__ import annotations

import ast

import numpy as np
import pytest

from backline.sdk import Instrument, NoteOff, NoteOn, Param, Phase, State, dsp
from backline.sdk.kernels.generate import kernel_text
from backline.sdk.kernels.stages import cut
from backline.sdk.kernels.versions import Versions, stored


class Switched(Instrument):
    """A tone with an `if` on a parameter and one on a voice's own value."""

    wave = Param("saw", choices=("saw", "sine"))
    tune = Param("0 ct", "-100 ct", "100 ct")
    level = Param("100 %", "0 %", "100 %", smoothing=0)
    phase = Phase()
    envelope = State(0.0, life=True)
    count = State(0.0)

    @staticmethod
    def sample(phase, envelope, count, pitch_hz, gate, velocity, wave, tune, level, dt):
        ratio = dsp.exp2(tune * (1.0 / 12.0))
        step = pitch_hz * ratio * dt
        count = count + 1.0
        if wave < 0.5:
            y = dsp.saw(phase, step)
        else:
            y = dsp.sin_turn(phase)
            count = count + 1.0
        envelope = gate
        y = y * velocity if count > 100.0 else 0.0
        return y * level * envelope, step, envelope, count


def by_hand(frames, key, *, wave):
    """The same voice, run through the author's function as plain Python."""
    phase, envelope, count, out = 0.0, 0.0, 0.0, []
    hertz = 440.0 * 2.0 ** ((key - 69) / 12.0)
    for _ in range(frames):
        y, step, envelope, count = Switched.sample(phase, envelope, count, hertz, 1.0, 0.5, wave, 0.0, 1.0, 1.0 / 48000.0)
        out.append(y)
        phase = (phase + step) % 1.0
    return np.array(out)


@pytest.mark.parametrize("wave", [0, 1])
def test_a_generated_voice_is_the_author_s_function(wave):
    plugin = Switched(48000.0, 512)
    plugin.wave = wave
    heard = plugin.process_block([], 400, [NoteOn(0, 57, 0.5)])[0][0]
    assert heard == pytest.approx(by_hand(400, 57, wave=wave), abs=2e-5)


def test_what_only_parameters_decide_is_computed_before_the_voices():
    text = kernel_text(Switched.sample, Switched.binding)
    before, after = text.split("for g in range(groups)", 1)
    assert "u_ratio = " in before
    assert "u_ratio = backline" not in after
    assert "if p_wave < f4(0.5):" in after


def test_changing_the_branch_while_a_note_sounds_keeps_its_state():
    plugin = Switched(48000.0, 512)
    plugin.process_block([], 90, [NoteOn(0, 57, 0.5)])
    plugin.wave = "sine"
    heard = plugin.process_block([], 20)[0][0]
    assert np.count_nonzero(heard[:4]) == 0  # 90 and then 2 each frame: above 100 from the sixth on
    assert np.count_nonzero(heard[5:]) == 15


def test_every_assignment_gets_its_own_name():
    body = ast.parse("a = x\nif p:\n    a = a + 1\n    b = a\nelif q:\n    b = 2\nelse:\n    b = a\na = a + b").body
    renamed, known = Versions(["x", "p", "q"]).rename(body)
    names = [name for statement in renamed if isinstance(statement, ast.Assign) for name in stored(statement)]
    assert len(names) == len(set(names))
    scope = {}
    for p, q, expected in ((True, False, 22), (False, True, 12), (False, False, 20)):
        scope = {"x": 10, "p": p, "q": q}
        exec(compile(ast.fix_missing_locations(ast.Module(renamed, [])), "<renamed>", "exec"), scope)
        assert scope[known["a"]] == expected


def test_a_function_that_loops_is_left_whole():
    tree = ast.parse("def f(x):\n    for _ in range(3):\n        x = x + 1.0\n    return x, x").body[0]
    assert cut(tree, {}, {"x"}, set(), []) is None


class Stack(Instrument):
    """Two voices a note, and a mode."""

    voices = Param(4, 1, 64)
    mode = Param("poly", choices=("poly", "mono", "legato"))
    glide = Param("0 s", "0 s", "1 s", smoothing=0)
    envelope = State(0.0, life=True)
    glide_octaves = State(0.0)

    @staticmethod
    def sample(envelope, glide_octaves, gate, pitch_hz, dt):
        envelope = gate
        return pitch_hz * dt * envelope, envelope, glide_octaves

    def start(self, note):
        return ({}, {"detune": 12.0})


def keys_down(plugin):
    return sorted({voice.key for voice in plugin._sounding_voices() if voice.down})


def test_a_whole_note_is_stolen_at_once_the_oldest_first():
    plugin = Stack(48000.0, 512)
    for key in range(60, 66):
        plugin.process_block([], 32, [NoteOn(0, key)])
    assert keys_down(plugin) == [62, 63, 64, 65]
    assert len(plugin._sounding_voices()) == 8


def test_released_notes_are_stolen_before_held_ones():
    plugin = Stack(48000.0, 512)
    plugin.process_block([], 32, [NoteOn(0, key) for key in (60, 61, 62, 63)])
    for voice in plugin._all_voices:  # released, but still sounding
        if voice.key == 63:
            voice.down = False
    plugin.process_block([], 32, [NoteOn(0, 70)])
    assert keys_down(plugin) == [60, 61, 62, 70]


@pytest.mark.parametrize("mode", ["mono", "legato"])
def test_one_key_at_a_time_and_back_to_the_one_still_held(mode):
    plugin = Stack(48000.0, 512)
    plugin.mode = mode
    plugin.process_block([], 300, [NoteOn(0, 60), NoteOn(64, 64), NoteOn(128, 67)])
    assert keys_down(plugin) == [67]
    plugin.process_block([], 300, [NoteOff(0, 64), NoteOff(64, 67)])
    assert keys_down(plugin) == [60]
    plugin.process_block([], 400, [NoteOff(0, 60)])
    assert plugin.sounding == 0


def test_legato_keeps_the_voice_and_mono_starts_another():
    for mode, same in (("mono", False), ("legato", True)):
        plugin = Stack(48000.0, 512)
        plugin.mode = mode
        plugin.process_block([], 100, [NoteOn(0, 60)])
        before = {(voice.group, voice.lane) for voice in plugin._sounding_voices()}
        plugin.process_block([], 100, [NoteOn(0, 64)])
        after = {(voice.group, voice.lane) for voice in plugin._sounding_voices()}
        assert (before == after) is same


def test_a_note_learns_how_far_the_last_one_was():
    plugin = Stack(48000.0, 512)
    plugin.process_block([], 64, [NoteOn(0, 60), NoteOff(8, 60)])
    plugin.process_block([], 64, [NoteOn(0, 72)])
    lanes = plugin._lane_array("glide_octaves")
    assert np.all(lanes == 0.0)  # the glide time is 0
    plugin.glide = "100 ms"
    plugin.process_block([], 64, [NoteOff(0, 72), NoteOn(1, 48)])
    assert [lanes[voice.group, voice.lane] for voice in plugin._sounding_voices()] == [2.0, 2.0]
