"""Each factory preset has the sound that it is named for: spectrum, movement, width, response to touch."""

from __future__ import annotations

import numpy as np
import pytest

import backline
from presets.listening import RATE, brightness, decibel, level, share_between, width
from presets.phrases import mix, plucked, voice

pytestmark = pytest.mark.slow


def played(name: str, notes: str, tail: float = 1.0, **changes: float | str) -> np.ndarray:
    """A preset with some macros turned, rendered at 120 quarter notes a minute."""
    rack = backline.load(name)
    for macro, value in changes.items():
        rack.set(macro, value)
    return np.asarray(rack.render(notes=notes, rate=RATE, tail=tail))


def fed(name: str, audio: np.ndarray, **changes: float | str) -> np.ndarray:
    """A chain or an effect with audio sent through it."""
    rack = backline.load(name)
    for macro, value in changes.items():
        rack.set(macro, value)
    return np.asarray(rack.render(audio=audio, rate=RATE))


def between(audio: np.ndarray, start: float, end: float) -> np.ndarray:
    """The part between two times in seconds."""
    return audio[:, round(start * RATE) : round(end * RATE)]


@pytest.mark.parametrize("name", ["bass/acid", "bass/round"])
def test_basses_have_their_weight_below_400_hz(name: str) -> None:
    assert share_between(played(name, "C2:1 E2:1"), 20.0, 400.0) > 0.8


def test_the_acid_filter_snaps_shut() -> None:
    note = played("bass/acid", "C2@120:1")
    assert brightness(between(note, 0.0, 0.1)) > 1.3 * brightness(between(note, 0.35, 0.45))


def test_pads_are_wide_and_slow() -> None:
    for name in ("pads/wide", "pads/glass"):
        note = played(name, "C4:4", tail=0.0)
        assert width(note) > -9.0
        assert level(between(note, 0.0, 0.05)) < level(between(note, 1.0, 1.5)) - 10.0


def test_glass_is_thin() -> None:
    assert share_between(played("pads/glass", "C5:3"), 20.0, 400.0) < 0.05


def test_the_mono_presets_are_mono_below() -> None:
    assert width(played("bass/round", "C2:1")) < -60.0


def test_plucks_die_away() -> None:
    note = played("plucks/soft", "C4:4", tail=0.0)
    assert level(between(note, 0.0, 0.1)) > level(between(note, 1.9, 2.0)) + 20.0


def test_a_harder_touch_is_brighter() -> None:
    for name in ("plucks/soft", "keys/electric-piano"):
        soft, hard = (between(played(name, f"C4@{velocity}:1"), 0.0, 0.2) for velocity in (40, 120))
        assert level(hard) > level(soft) + 3.0
        assert brightness(hard) > 1.1 * brightness(soft)


def test_the_arpeggio_runs_in_sixteenths_over_two_octaves() -> None:
    run = played("plucks/arpeggio", "A3:2", tail=0.0, echo=0.0)
    for step in range(8):
        part = between(run, step * 0.125, step * 0.125 + 0.07)
        low, high = share_between(part, 200.0, 240.0), share_between(part, 420.0, 460.0)
        assert (low > high) == (step % 2 == 0), step


def test_the_lead_slides_between_tied_notes() -> None:
    """The end of the slide is in tune; its start is not there yet."""
    tied = backline.load("leads/solo")
    tied["echo"].wet = 0.0
    from backline.sdk import NoteOff, NoteOn

    tied.prepare(RATE, RATE)
    tied.reset()
    sound = tied.process(RATE, [NoteOn(0, 72), NoteOn(RATE // 2, 84), NoteOff(RATE // 2 + 480, 72)]).copy()
    arriving, there = between(sound, 0.5, 0.53), between(sound, 0.8, 1.0)
    assert share_between(there, 1000.0, 1090.0) > 4.0 * share_between(arriving, 1000.0, 1090.0)


def test_the_wheel_gives_the_lead_vibrato() -> None:
    straight, wavering = (played("leads/solo", "A4:4", tail=0.0, vibrato=value, echo=0.0) for value in (0.0, 1.0))
    assert share_between(straight, 437.0, 443.0) > 1.5 * share_between(wavering, 437.0, 443.0)


def test_the_organ_turns_faster_with_the_wheel() -> None:
    def turns(speed: float) -> float:
        """The main frequency at which left and right change places."""
        left, right = played("keys/organ", "C4:8", tail=0.0, speed=speed)
        frames = np.array(
            [
                decibel(float(np.std(a))) - decibel(float(np.std(b)))
                for a, b in zip(*(np.split(x[: 160 * 1200], 160) for x in (left, right)), strict=True)
            ]
        )
        spectrum = np.abs(np.fft.rfft((frames - frames.mean()) * np.hanning(160)))
        return float(np.argmax(spectrum)) / 4.0

    assert turns(0.0) == pytest.approx(0.6, abs=0.26)
    assert turns(1.0) == pytest.approx(7.0, abs=0.3)


def test_the_split_has_bass_below_keys_above_and_a_bell_for_hard_notes() -> None:
    assert share_between(played("keys/split", "B3:2"), 100.0, 135.0) > 0.5  # an octave down: 123 Hz
    assert share_between(played("keys/split", "C4:2"), 20.0, 120.0) < 0.05
    soft, hard = (share_between(played("keys/split", f"C5@{velocity}:1"), 4130.0, 4240.0) for velocity in (100, 120))
    assert hard > 3.0 * soft


def test_the_kits_have_kicks_below_and_hats_above() -> None:
    for name in ("drums/dusty", "drums/tight"):
        assert share_between(played(name, "C2:1"), 20.0, 200.0) > 0.8
        assert share_between(played(name, "F#2:1"), 3000.0, 20000.0) > 0.8
        assert brightness(played(name, "C2:1")) < brightness(played(name, "D2:1")) < brightness(played(name, "F#2:1"))


def test_a_closed_hat_chokes_an_open_one() -> None:
    alone, choked = played("drums/tight", "A#2:1"), played("drums/tight", "A#2:1/8 F#2@20:7/8")
    assert level(between(choked, 0.2, 0.3)) < level(between(alone, 0.2, 0.3)) - 10.0


def test_the_tight_kit_is_shorter_and_the_dusty_one_darker() -> None:
    dusty, tight = played("drums/dusty", "D2:2"), played("drums/tight", "D2:2")
    assert brightness(dusty) < brightness(tight)


def test_the_tape_echo_repeats_softer_and_darker() -> None:
    click = np.zeros((1, 9600), np.float32)
    click[0, :240] = 0.5 * np.sin(np.arange(240) * 2 * np.pi * 1500 / RATE)
    wet = fed("effects/tape-echo", click, time=0.7)
    seconds = 0.060 * 15.0**0.7
    echoes = [between(wet, n * seconds - 0.01, n * seconds + 0.04) for n in range(1, 4)]
    levels = [level(echo) for echo in echoes]
    assert levels[0] > levels[1] + 3.0 > levels[2] + 6.0
    assert brightness(echoes[0]) > brightness(echoes[1]) > brightness(echoes[2])
    assert level(between(wet, 1.5 * seconds, 1.5 * seconds + 0.05)) < levels[1] - 15.0


def test_the_vocal_chain_cleans_and_levels() -> None:
    sung = voice()
    rumble = (0.1 * np.sin(np.arange(sung.shape[1]) * 2 * np.pi * 40 / RATE)).astype(np.float32)
    before, after = sung + rumble, fed("chains/vocal", sung + rumble)
    assert share_between(after, 20.0, 60.0) < 0.1 * share_between(before, 20.0, 60.0)
    loud, soft = fed("chains/vocal", sung), fed("chains/vocal", 0.25 * sung)
    assert 4.0 < level(loud) - level(soft) < 11.0  # 12 dB apart before


def test_the_guitar_chain_adds_harmonics_and_takes_the_fizz() -> None:
    tone = (0.2 * np.sin(np.arange(RATE) * 2 * np.pi * 220 / RATE)).astype(np.float32)[np.newaxis]
    driven = fed("chains/guitar", tone, drive=1.0)
    assert share_between(driven, 640.0, 680.0) > 0.01  # the third harmonic
    assert share_between(fed("chains/guitar", plucked(), drive=1.0), 9000.0, 24000.0) < 1e-3


def test_nothing_passes_the_ceiling_of_the_master() -> None:
    loud = fed("chains/master", 4.0 * mix(1.0), loudness=1.0)
    assert decibel(float(np.abs(loud).max())) < -0.95
    assert level(fed("chains/master", mix(1.0), loudness=1.0)) > level(mix(1.0)) + 3.0
