"""Polysynth: pitch, level, spectrum, envelopes, modes, unison and stealing, all by measurement."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import pytest

from backline.sdk import Event, NoteOff, NoteOn, ParameterChange, PitchBend
from backline.sdk.testing import check_plugin
from backline_plugins.synths.polysynth import Polysynth

RATE = 48000
OPEN = {"filter_amount": 0.0, "cutoff": "20 kHz", "resonance": "0 %", "level_2": "0 %", "attack": "0 s", "sustain": "100 %"}


def synth(rate: int = RATE, **values) -> Polysynth:
    made = Polysynth(float(rate), 512)
    for name, value in values.items():
        setattr(made, name, value)
    return made


def heard(made: Polysynth, frames: int, events: Sequence[Event] = (), block: int = 512) -> np.ndarray:
    """Both channels of `frames` frames; events at absolute frames."""
    parts = []
    for start in range(0, frames, block):
        count = min(block, frames - start)
        mine = [event.at(event.frame - start) for event in events if start <= event.frame < start + count]
        parts.append(made.process_block((), count, mine)[0])
    return np.concatenate(parts, axis=1)


def pitch(sound: np.ndarray, rate: int = RATE) -> float:
    """The strongest frequency, by a windowed transform and a parabola through the logarithms of its peak."""
    size = 1 << (len(sound).bit_length() - 1)
    spectrum = np.abs(np.fft.rfft(sound[:size] * np.blackman(size)))
    top = int(np.argmax(spectrum))
    low, mid, high = np.log(spectrum[top - 1 : top + 2])
    return (top + 0.5 * (low - high) / (low - 2 * mid + high)) * rate / size


def cents(found: float, wanted: float) -> float:
    return 1200.0 * math.log2(found / wanted)


def test_keeps_the_rules_of_every_plugin():
    check_plugin(Polysynth, rates=(22050, 48000, 192000))


@pytest.mark.parametrize("wave", ["saw", "square", "triangle", "sine"])
@pytest.mark.parametrize("rate", [44100, 48000, 96000])
def test_a4_is_440_hz(wave, rate):
    sound = heard(synth(rate, wave_1=wave, **OPEN), rate + rate // 2, [NoteOn(0, 69)])[0]
    assert abs(cents(pitch(sound[1000:], rate), 440.0)) < 0.05


@pytest.mark.parametrize(("values", "semitones"), [({"octave_2": 1}, 12), ({"semitone_2": -5}, -5), ({"detune_2": "-30 ct"}, -0.3)])
def test_where_the_second_oscillator_lies(values, semitones):
    made = synth(**OPEN | {"level_1": "0 %", "level_2": "100 %", "detune_2": "0 ct"} | values)
    sound = heard(made, 70000, [NoteOn(0, 69)])[0]
    assert abs(cents(pitch(sound[1000:]), 440.0 * 2 ** (semitones / 12))) < 0.05


def test_the_sub_oscillator_is_an_octave_below():
    made = synth(**OPEN | {"level_1": "0 %", "sub_level": "100 %"})
    sound = heard(made, 70000, [NoteOn(0, 69)])[0]
    assert abs(cents(pitch(sound[1000:]), 220.0)) < 0.05


def test_a_chord_is_neither_too_loud_nor_too_soft():
    sound = heard(synth(), RATE, [NoteOn(0, key, 0.8) for key in (60, 64, 67, 72)])
    assert -9.0 < 20 * math.log10(np.abs(sound).max()) < -3.0


@pytest.mark.parametrize("wave", ["saw", "square", "triangle"])
def test_little_folds_back_from_beyond_the_band(wave):
    """Of a note at 1975 Hz (B6), whose partials lie nowhere near what folds back."""
    sound = heard(synth(wave_1=wave, **OPEN), 40000, [NoteOn(0, 95)])[0][4000:36768]
    spectrum = np.abs(np.fft.rfft(sound * np.blackman(len(sound)))) ** 2
    hertz = np.arange(len(spectrum)) * RATE / len(sound)
    base = 440.0 * 2 ** (26 / 12)
    own = np.abs((hertz / base + 0.5) % 1.0 - 0.5) * base < 12.0
    below = hertz < 10000.0
    assert 10 * math.log10(spectrum[below & ~own].sum() / spectrum[own].sum()) < -45.0


def test_noise_is_white():
    made = synth(**OPEN | {"level_1": "0 %", "noise_level": "100 %"})
    sound = heard(made, 100000, [NoteOn(0, 69)])[0][8192:]
    power = np.mean([np.abs(np.fft.rfft(part)) ** 2 for part in sound[: 88 * 1024].reshape(88, 1024)], axis=0)[8:360]
    octaves = [10 * math.log10(power[low : 2 * low].mean()) for low in (8, 16, 32, 64, 128)]
    assert max(octaves) - min(octaves) < 1.5
    assert power.max() / power.mean() < 4.0


@pytest.mark.parametrize(("mode", "low", "high"), [("lowpass", 0.0, -40.0), ("highpass", -40.0, 0.0)])
def test_the_filter_lets_through_what_it_should(mode, low, high):
    """Noise through the filter at 1 kHz, against noise through nothing, three octaves to both sides."""

    def power(**values):
        made = synth(**OPEN | {"level_1": "0 %", "noise_level": "100 %", "key_tracking": "0 %"} | values)
        sound = heard(made, 120000, [NoteOn(0, 60)])[0][4096:]
        parts = sound[: 28 * 4096].reshape(28, 4096) * np.hanning(4096)
        spectrum = np.mean(np.abs(np.fft.rfft(parts)) ** 2, axis=0)
        return np.array([spectrum[8:13].mean(), spectrum[650:720].mean()])  # 94..150 Hz and 7.6..8.4 kHz

    ratio = 10 * np.log10(power(filter_mode=mode, cutoff="1 kHz") / power())
    assert ratio[0] == pytest.approx(low, abs=4.0)
    assert ratio[1] == pytest.approx(high, abs=5.0)


def test_the_envelope_takes_its_times():
    made = synth(**OPEN | {"wave_1": "square", "attack": "100 ms", "decay": "200 ms", "sustain": "50 %", "release": "300 ms"})
    sound = np.abs(heard(made, 60000, [NoteOn(0, 33), NoteOff(30000, 33)])[0])

    def loudness(frame):
        return np.median(sound[frame - 400 : frame + 400])

    top = np.median(sound[4700:4950])
    assert loudness(2400) < 0.75 * top
    assert loudness(20000) == pytest.approx(0.5 * top, rel=0.05)
    assert made.sounding == 0
    assert np.all(sound[30000 + int(0.3 * RATE) + 64 :] == 0.0)


def roughness(sound: np.ndarray) -> float:
    """The largest second difference: what a click has and a tone has not."""
    return float(np.abs(np.diff(sound, 2)).max())


def test_stealing_does_not_click():
    soft = {"wave_1": "sine", "level_2": "0 %", "attack": "20 ms", "release": "30 ms", "filter_amount": 0.0, "cutoff": "20 kHz"}
    steady = roughness(heard(synth(**soft), 24000, [NoteOn(0, key) for key in (48, 50, 52, 55)])[0][2000:])
    events = [NoteOn(0, key) for key in (48, 50, 52, 55)] + [NoteOn(4000 + 1500 * index, 49 + index % 8) for index in range(10)]
    stolen = heard(synth(voices=4, **soft), 24000, events)[0][2000:]
    assert roughness(stolen) < 6.0 * steady  # a voice cut off would be hundreds of times as rough


def test_starting_and_stopping_does_not_click():
    soft = {"wave_1": "sine", "level_2": "0 %", "attack": "10 ms", "release": "20 ms", "filter_amount": 0.0, "cutoff": "20 kHz"}
    sound = heard(synth(**soft), 24000, [NoteOn(3000, 57), NoteOff(15000, 57)])[0]
    assert roughness(sound) < 4.0 * roughness(sound[6000:14000])


def test_unison_starts_that_many_voices_spread_in_stereo():
    made = synth(unison=5, unison_detune="20 ct", unison_spread="100 %")
    heard(made, 512, [NoteOn(0, 60)])
    assert made.sounding == 5
    wide = heard(made, RATE)
    assert np.corrcoef(wide)[0, 1] < 0.9
    narrow = heard(synth(unison=5, unison_detune="20 ct", unison_spread="0 %"), RATE, [NoteOn(0, 60)])
    np.testing.assert_allclose(narrow[0], narrow[1], atol=1e-6)


def test_unison_is_as_loud_as_one_voice_within_a_few_decibels():
    one = heard(synth(), RATE, [NoteOn(0, 60)])[:, 12000:]
    many = heard(synth(unison=8), RATE, [NoteOn(0, 60)])[:, 12000:]
    assert abs(20 * math.log10(many.std() / one.std())) < 4.0


def test_legato_glides_and_keeps_one_voice():
    made = synth(**OPEN | {"mode": "legato", "glide": "200 ms", "wave_1": "sine"})
    sound = heard(made, 60000, [NoteOn(0, 57), NoteOn(20000, 69)])[0]
    assert made.sounding == 1
    assert cents(pitch(sound[20500:22548]), 220.0) < 700.0
    assert abs(cents(pitch(sound[40000:]), 440.0)) < 1.0


@pytest.mark.parametrize("mode", ["poly", "mono", "legato"])
def test_nothing_hangs_whatever_is_played(mode):
    rng = np.random.default_rng(7)
    made = synth(mode=mode, unison=3, voices=6, release="20 ms", glide="10 ms")
    events: list[Event] = []
    for frame in np.sort(rng.integers(0, 40000, 120)):
        key = int(rng.integers(40, 80))
        events.append(NoteOn(int(frame), key) if rng.random() < 0.5 else NoteOff(int(frame), key))
    events += [NoteOff(40000, key) for key in range(40, 80)]
    sound = heard(made, 48000, events)
    assert made.sounding == 0
    assert np.all(np.isfinite(sound))
    assert made.faults == 0


def test_vibrato_moves_the_pitch_by_a_semitone_at_most():
    made = synth(**OPEN | {"wave_1": "sine", "vibrato_depth": "100 %", "lfo_rate": "2 Hz"})
    sound = heard(made, RATE, [NoteOn(0, 69)])[0]
    found = [cents(pitch(sound[start : start + 2048]), 440.0) for start in range(1000, 44000, 1000)]
    assert 85.0 < max(found) < 101.0
    assert -101.0 < min(found) < -85.0


def test_the_lfo_of_two_notes_moves_together_unless_each_starts_it_anew():
    def wobble(**values):
        made = synth(**OPEN | {"wave_1": "sine", "tremolo_depth": "100 %", "lfo_rate": "2 Hz"} | values)
        heard(made, 7000, [NoteOn(0, 60)])
        heard(made, 512, [NoteOn(0, 64)])
        lanes = made._phases[:, made._phase_index["lfo_phase"], :].astype(float) / 2**32
        return [lanes[voice.group, voice.lane] for voice in made._sounding_voices()]

    together, apart = wobble(), wobble(lfo_retrigger=True)
    assert together[0] == pytest.approx(together[1], abs=1e-3)
    assert abs(apart[0] - apart[1]) > 0.1


def test_a_bend_is_two_semitones():
    sound = heard(synth(**OPEN), 70000, [NoteOn(0, 69), PitchBend(100, 1.0)])[0]
    assert abs(cents(pitch(sound[2000:]), 440.0 * 2 ** (2 / 12))) < 0.05


def test_velocity_counts_as_much_as_it_should():
    def loudness(velocity, sensitivity):
        made = synth(velocity_sensitivity=sensitivity, filter_velocity=0.0)
        return heard(made, 20000, [NoteOn(0, 60, velocity)])[:, 4000:].std()

    assert loudness(0.3, 0.0) == pytest.approx(loudness(1.0, 0.0), rel=1e-3)
    assert 20 * math.log10(loudness(0.5, 1.0) / loudness(1.0, 1.0)) == pytest.approx(-12.04, abs=0.1)


def test_switching_waves_while_a_note_sounds_stays_the_same_for_every_block():
    events = [
        NoteOn(0, 50),
        ParameterChange(1000, "wave_1", 1),
        ParameterChange(2000, "filter_mode", 2),
        ParameterChange(2500, "sub_level", 0.5),
    ]
    whole = heard(synth(), 4000, events)
    for block in (1, 7, 64, 441):
        assert np.array_equal(whole, heard(synth(), 4000, events, block))
