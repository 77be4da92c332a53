"""Sampler: pitch, loops, zones, choke groups, quality of interpolation, all by measurement; and what it says of wrong settings."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

from backline.sdk import Event, NoteOff, NoteOn, PitchBend
from backline.sdk.testing import check_plugin, play
from backline.sdk.testing.player import Stretch
from backline_plugins.samplers.playback import move, split_step
from backline_plugins.samplers.sampler import Sampler

RATE = 48000
RANGE = "must be one value or a range LOW .. HIGH within"


def sine(hertz: float, seconds: float = 1.5, rate: int = RATE, channels: int = 1) -> tuple[np.ndarray, int]:
    wave = 0.5 * np.sin(2 * np.pi * hertz * np.arange(round(seconds * rate)) / rate)
    return np.tile(wave.astype(np.float32), (channels, 1)), rate


FILES: Mapping[str, tuple[np.ndarray, int]] = {
    "a4.wav": sine(440.0),
    "a4_44k.wav": sine(440.0, rate=44100),
    "1k.wav": sine(1000.0, 3.0),
    "c4.wav": sine(261.625565, 0.5),
    "loud.wav": (np.full((1, 48000), 0.5, np.float32), RATE),
    "soft.wav": (np.full((1, 48000), 0.25, np.float32), RATE),
    "short.wav": (np.full((1, 1000), 0.5, np.float32), RATE),
    "sides.wav": (np.stack([np.full(48000, 0.5), np.full(48000, -0.25)]).astype(np.float32), RATE),
    "period.wav": sine(480.0, 0.1),  # a hundred frames a period
    "tiny.wav": sine(4800.0, 0.01),  # ten frames a period
}


def sampler(settings: Mapping[str, Any], rate: float = RATE, block: int = 512, **values: Any) -> Sampler:
    made = Sampler(rate, block)
    made.configure(settings, FILES.__getitem__)
    for name, value in {"attack": 0.0, "velocity_sensitivity": 0.0, **values}.items():
        made.set_parameter(name, float(value))
    return made


def heard(made: Sampler, frames: int, events: Sequence[Event]) -> np.ndarray:
    return play(made, Stretch(frames, events=events)).outputs[0]


def pitch(sound: np.ndarray, rate: float = RATE) -> float:
    """The frequency of a sine in Hz: a parabola through the logarithm of a windowed spectrum's peak."""
    spectrum = np.log(np.abs(np.fft.rfft(sound * np.hanning(len(sound)) ** 2, 4 * len(sound))) + 1e-12)
    top = int(np.argmax(spectrum))
    a, b, c = spectrum[top - 1 : top + 2]
    return float((top + 0.5 * (a - c) / (a - 2 * b + c)) * rate / (4 * len(sound)))


def cents(found: float, wanted: float) -> float:
    return 1200.0 * math.log2(found / wanted)


def test_keeps_the_rules_of_every_plugin():
    zones = [
        {"sample": "a4.wav", "root": "A4", "keys": "C0 .. B4", "loop": ["100", "4000"]},
        {"sample": "sides.wav", "keys": "C4 .. G9", "velocity": "64 .. 127", "choke": "2", "pan": "-40 %"},
    ]
    check_plugin(Sampler, settings={"map": zones}, read_audio=FILES.__getitem__)


@pytest.mark.parametrize("file", ["a4.wav", "a4_44k.wav"])
@pytest.mark.parametrize("rate", [44100, 48000, 96000])
@pytest.mark.parametrize("key", [45, 69, 76])
def test_pitch_is_within_a_cent_whatever_the_rates(file, rate, key):
    made = sampler({"map": [{"sample": file, "root": "A4"}]}, rate)
    out = heard(made, rate // 2, [NoteOn(0, key)])
    assert abs(cents(pitch(out[0, 2000:], rate), 440.0 * 2 ** ((key - 69) / 12))) < 0.1


@pytest.mark.parametrize(
    ("entry", "values", "semitones"), [({"tune": "7 st"}, {}, 7), ({"tune": "-50 ct"}, {}, -0.5), ({}, {"tune": 3.5}, 3.5)]
)
def test_tune_of_zone_and_sampler(entry, values, semitones):
    made = sampler({"map": [{"sample": "a4.wav", "root": "A4", **entry}]}, **values)
    out = heard(made, RATE // 2, [NoteOn(0, 69)])
    assert abs(cents(pitch(out[0, 2000:]), 440.0 * 2 ** (semitones / 12))) < 0.1


def test_bends_follow_the_wheel():
    made = sampler({"map": [{"sample": "a4.wav", "root": "A4"}]})
    out = heard(made, RATE // 2, [NoteOn(0, 69), PitchBend(0, 1.0)])
    assert abs(cents(pitch(out[0, 4000:]), 440.0 * 2 ** (2 / 12))) < 0.1


def test_a_sample_alone_plays_from_middle_c_bit_for_bit():
    made = sampler({"sample": "c4.wav"})
    out = heard(made, 20000, [NoteOn(0, 60)])
    np.testing.assert_allclose(out[0, 100:], FILES["c4.wav"][0][0, 100:20000], atol=2e-6)
    assert np.array_equal(out[0], out[1])


@pytest.mark.parametrize("semitones", [-7, 7])
def test_interpolation_is_cleaner_than_100_db(semitones):
    made = sampler({"map": [{"sample": "1k.wav", "root": "C4"}]})
    out = heard(made, RATE, [NoteOn(0, 60 + semitones)])[0, 4800:]
    turns = 2 * np.pi * 1000.0 * 2 ** (semitones / 12) * np.arange(len(out)) / RATE
    basis = np.stack([np.sin(turns), np.cos(turns)], axis=1)
    fitted = basis @ np.linalg.lstsq(basis, out, rcond=None)[0]
    ratio = 10 * math.log10(float(np.mean(fitted**2) / np.mean((out - fitted) ** 2)))
    assert ratio > 100.0


def test_a_place_does_not_drift():
    whole = fraction = residue = np.float32(0.0)
    step = 2.0 ** (7 / 12)
    coarse, fine = (np.float32(part) for part in split_step(step))
    for _ in range(20000):
        whole, fraction, residue = (np.float32(item) for item in move(whole, fraction, residue, coarse, fine, 1e9, 0.0))
    assert float(whole) + float(fraction) + float(residue) == pytest.approx(20000 * step, abs=1e-6)


@pytest.mark.parametrize("key", [48, 55, 60, 67, 79])
@pytest.mark.parametrize(("file", "loop"), [("period.wav", ["300", "400"]), ("tiny.wav", ["100", "110"]), ("period.wav", "on")])
def test_loops_have_no_seam(key, file, loop):
    """The bend of a sine is bounded by its frequency; a seam would stand out."""
    made = sampler({"map": [{"sample": file, "loop": loop}]})
    out = heard(made, RATE, [NoteOn(0, key)])[0, 1000:]
    turn = 2 * np.pi * (480.0 if file == "period.wav" else 4800.0) * 2 ** ((key - 60) / 12) / RATE
    bound = 0.5 * (2 - 2 * math.cos(min(turn, math.pi)))
    assert np.abs(out).max() > 0.4
    assert np.abs(np.diff(out, 2)).max() < bound * 1.02 + 2e-5


def test_loop_points_may_be_times():
    frames, times = (
        heard(sampler({"map": [{"sample": "period.wav", "loop": loop}]}), 9600, [NoteOn(0, 64)])
        for loop in (["480", "960"], ["10 ms", "20 ms"])
    )
    assert np.array_equal(frames, times)


def test_a_voice_is_free_when_its_sample_ends():
    made = sampler({"sample": "short.wav"})
    out = heard(made, 1024, [NoteOn(0, 60)])
    assert out[0, 999] == pytest.approx(0.5, abs=1e-6)
    assert not out[0, 1004:].any()
    assert made.sounding == 0, "the key is still down"


def test_the_envelope_ends_a_looped_note():
    made = sampler({"map": [{"sample": "loud.wav", "loop": "on"}]}, release=0.05)
    out = heard(made, 12000, [NoteOn(0, 60), NoteOff(6000, 60)])
    assert out[0, 5999] == pytest.approx(0.5, abs=1e-5)
    assert 0 < out[0, 7200] < 0.1
    assert not out[0, 6000 + 2450 :].any()
    assert made.sounding == 0


def test_one_shots_do_not_mind_the_key():
    made = sampler({"sample": "c4.wav"}, one_shot=1, release=0.001)
    out = heard(made, 20000, [NoteOn(0, 60), NoteOff(100, 60)])
    assert np.abs(out[0, 15000:]).max() > 0.45


def test_velocity_layers_and_key_zones():
    zones = [
        {"sample": "soft.wav", "velocity": "1 .. 63", "keys": "C2 .. C5"},
        {"sample": "loud.wav", "velocity": "64 .. 127", "keys": "C2 .. C5", "gain": "-6.0206 dB"},
    ]
    for velocity, key, wanted in [(0.49, 60, 0.25), (0.51, 60, 0.25), (0.51, 73, 0.0), (0.001, 36, 0.25)]:
        made = sampler({"map": zones})
        out = heard(made, 600, [NoteOn(0, key, velocity)])
        assert out[0, 500] == pytest.approx(wanted, abs=1e-5), (velocity, key)


def test_velocity_sensitivity():
    made = sampler({"sample": "loud.wav"}, velocity_sensitivity=1.0)
    assert heard(made, 600, [NoteOn(0, 60, 0.5)])[0, 500] == pytest.approx(0.125, abs=1e-5)


def test_pan_and_both_channels():
    made = sampler({"map": [{"sample": "sides.wav"}]})
    out = heard(made, 600, [NoteOn(0, 60)])
    assert out[:, 500] == pytest.approx([0.5, -0.25], abs=1e-5)
    made = sampler({"map": [{"sample": "loud.wav", "pan": "-100 %"}]})
    out = heard(made, 600, [NoteOn(0, 60)])
    assert out[:, 500] == pytest.approx([0.5 * math.sqrt(2), 0.0], abs=1e-5)


def test_choke_groups_silence_within_5_ms_and_without_a_click():
    zones = [
        {"sample": "loud.wav", "keys": "C4", "choke": "1"},
        {"sample": "short.wav", "keys": "D4", "root": "D4", "choke": "1", "gain": "-inf dB"},
    ]
    made = sampler({"map": zones})
    out = heard(made, 4096, [NoteOn(0, 60), NoteOn(2000, 62)])
    assert out[0, 1999] == pytest.approx(0.5, abs=1e-5)
    assert not out[0, 2000 + 240 :].any()
    assert np.abs(np.diff(out[0, 1900:])).max() < 0.01


def test_stealing_keeps_the_polyphony():
    made = sampler({"map": [{"sample": "loud.wav", "loop": "on"}]}, voices=4)
    out = heard(made, 9600, [NoteOn(k * 600, 50 + k) for k in range(12)])
    assert made.sounding == 4
    assert np.abs(out[0, 2400:]).max() < 4.1 * 0.5 + 0.5


def test_the_filter_takes_away_what_lies_above():
    open_, closed = (heard(sampler({"sample": "tiny.wav"}, cutoff=hertz), 450, [NoteOn(0, 60)])[0, 100:] for hertz in (20000.0, 480.0))
    assert 10 * math.log10(np.mean(closed**2) / np.mean(open_**2)) < -35


@pytest.mark.parametrize("key", [0, 127])
def test_extreme_pitches_stay_finite(key):
    made = sampler({"map": [{"sample": "tiny.wav", "root": "0", "loop": ["100", "108"]}, {"sample": "tiny.wav", "root": "127"}]}, tune=48)
    out = heard(made, 9600, [NoteOn(0, key)])
    assert np.isfinite(out).all()
    assert np.abs(out).max() < 1.5
    assert made.faults == 0


@pytest.mark.parametrize(
    ("settings", "text"),
    [
        ({"sample": "a4.wav", "map": []}, "sampler takes either sample or map, not both"),
        ({"map": []}, "map must be a list of zones, each with a sample"),
        ({"map": ["a4.wav"]}, "map[0] must be a zone such as {sample: piano.wav, root: C4}"),
        ({"map": [{"root": "C4"}]}, "map[0] has no sample"),
        ({"map": [{"sample": "a4.wav", "rot": "C4"}]}, "map[0] has no key 'rot'; did you mean root?"),
        (
            {"map": [{"sample": "a4.wav", "velocity": "0 .. 20"}]},
            f"map[0]: velocity 0 .. 20 {RANGE} 1 .. 127",
        ),
        ({"map": [{"sample": "a4.wav", "velocity": "p"}]}, "map[0]: velocity p: velocities are whole numbers, 1 to 127"),
        (
            {"map": [{"sample": "a4.wav", "keys": "C5 .. C4"}]},
            f"map[0]: keys C5 .. C4 {RANGE} 0 .. 127",
        ),
        ({"map": [{"sample": "a4.wav", "pan": "200 %"}]}, "map[0]: pan 200 % is outside -1 .. 1"),
        ({"map": [{"sample": ["a4.wav"]}]}, "map[0]: sample must be a single value"),
        ({"map": [{"sample": "tiny.wav", "loop": ["0", "4"]}]}, "loop of tiny.wav: 0 to 4 must be at least 8 frames within 0 .. 480"),
        ({"map": [{"sample": "tiny.wav", "loop": ["0", "481"]}]}, "loop of tiny.wav: 0 to 481 must be at least 8 frames within 0 .. 480"),
        ({"map": [{"sample": "tiny.wav", "loop": "maybe"}]}, "loop of tiny.wav must be on, off or [start, end]"),
    ],
)
def test_wrong_settings_are_told(settings, text):
    with pytest.raises(ValueError, match=re.escape(text)) as caught:
        Sampler().configure(settings, FILES.__getitem__)
    assert str(caught.value) == text
