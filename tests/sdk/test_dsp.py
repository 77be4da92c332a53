"""The dsp functions as ordinary Python: how exact they are, against numpy and against what theory says."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backline.sdk import dsp
from backline.sdk.dsp.scalar import fading

RATE = 48000.0
DT = 1.0 / RATE


# -- numbers -----------------------------------------------------------------------------------------------------------------------


@given(st.floats(-1e4, 1e4))
def test_sine(phase: float) -> None:
    assert dsp.sin_turn(phase) == pytest.approx(math.sin(2.0 * math.pi * math.fmod(phase, 1.0)), abs=1e-8)
    assert dsp.sine(phase) == dsp.sin_turn(phase)


@given(st.floats(-120.0, 120.0))
def test_powers_of_two(x: float) -> None:
    assert dsp.exp2(x) == pytest.approx(2.0**x, rel=1e-8)


@given(st.floats(allow_nan=False))
def test_powers_of_two_never_leave_the_floats(x: float) -> None:
    assert 0.0 < dsp.exp2(x) < math.inf


@given(st.floats(-200.0, 200.0))
def test_decibels_and_semitones(x: float) -> None:
    assert dsp.gain(x) == pytest.approx(10.0 ** (x / 20.0), rel=1e-8)
    assert dsp.semitones(x) == pytest.approx(2.0 ** (x / 12.0), rel=1e-8)


@given(st.floats(1e-9, 2.0))
def test_fading(x: float) -> None:
    assert fading(x) == pytest.approx(-math.expm1(-x), rel=2.5e-4 if x > 1.6 else 1e-4)
    assert fading(x + 5.0) == fading(2.0)


@given(st.floats(-6.0, 6.0))
def test_tanh(x: float) -> None:
    assert dsp.tanh_fast(x) == pytest.approx(math.tanh(x), abs=1e-4)
    assert abs(dsp.tanh_fast(x)) <= 1.0


@given(st.floats(-1e6, 1e6))
def test_soft_clip_is_smooth_and_bounded(x: float) -> None:
    y = dsp.soft_clip(x)
    assert abs(y) <= 1.0 + 1e-12
    assert x * y >= 0.0
    assert dsp.soft_clip(1e-4) == pytest.approx(1e-4, rel=1e-6)
    assert dsp.soft_clip(1.5) == pytest.approx(1.0)


@given(st.floats(-1e6, 1e6))
def test_wrapping(phase: float) -> None:
    wrapped = dsp.wrap(phase)
    assert 0.0 <= wrapped <= 1.0
    assert math.isclose((phase - wrapped) % 1.0, 0.0, abs_tol=1e-9) or math.isclose((phase - wrapped) % 1.0, 1.0, abs_tol=1e-9)


@given(st.floats(0.0, 0.999999), st.floats(0.0, 0.999999))
def test_advancing_stays_in_one_turn(phase: float, step: float) -> None:
    assert 0.0 <= dsp.advance(phase, step) < 1.0


@given(st.floats(-10.0, 10.0), st.floats(-10.0, 10.0), st.floats(0.0, 1.0))
def test_mixing_and_clipping(dry: float, wet: float, amount: float) -> None:
    assert dsp.mix(dry, wet, 0.0) == dry
    assert dsp.mix(dry, wet, amount) == pytest.approx((1.0 - amount) * dry + amount * wet, abs=1e-9)
    assert dsp.clip(dry, -1.0, 1.0) == min(1.0, max(-1.0, dry))


@given(st.floats(-1.0, 1.0))
def test_panning_keeps_the_power(position: float) -> None:
    left, right = dsp.pan_gains(position)
    assert left**2 + right**2 == pytest.approx(1.0, abs=1e-8)
    assert min(left, right) >= -1e-9
    assert (left >= right) == (position <= 1e-12) or math.isclose(left, right, abs_tol=1e-8)


def test_panning_ends() -> None:
    assert dsp.pan_gains(-1.0) == pytest.approx((1.0, 0.0), abs=1e-9)
    assert dsp.pan_gains(1.0) == pytest.approx((0.0, 1.0), abs=1e-9)
    assert dsp.pan_gains(0.0) == pytest.approx((math.sqrt(0.5),) * 2, abs=1e-8)


def test_noise_is_flat_even_and_without_a_short_cycle() -> None:
    seed, values = 0.3, []
    for _ in range(50_000):
        seed = dsp.random_next(seed)
        values.append(seed)
    noise = np.array(values)
    assert noise.min() >= 0.0
    assert noise.max() < 1.0
    assert np.histogram(noise, 20, (0.0, 1.0))[0] == pytest.approx(2500, rel=0.1)
    centred = noise - noise.mean()
    for lag in (1, 2, 3, 7, 100):
        assert abs(np.corrcoef(centred[:-lag], centred[lag:])[0, 1]) < 0.02
    assert len(set(values)) == len(values)
    assert dsp.bipolar(0.75) == 0.5


# -- oscillators -------------------------------------------------------------------------------------------------------------------

FRAMES = 4800  # a tenth of a second: every tenth hertz is a bin


def wave(function: str, hertz: float, *more: float) -> np.ndarray:
    """A whole number of periods of an oscillator: float64[FRAMES]."""
    step = hertz / RATE
    oscillator = getattr(dsp, function)
    given = [] if function == "sine" else [step, *more]
    return np.array([oscillator((frame * step + 0.013) % 1.0, *given) for frame in range(FRAMES)])


def harmonics(sound: np.ndarray, hertz: float, count: int) -> np.ndarray:
    spectrum = np.abs(np.fft.rfft(sound)) * 2.0 / len(sound)
    return np.array([spectrum[round(number * hertz * len(sound) / RATE)] for number in range(1, count + 1)])


IDEAL = {
    "saw": lambda number: 2.0 / (math.pi * number),
    "pulse": lambda number: 4.0 / (math.pi * number) * abs(math.sin(math.pi * number * 0.5)),
    "triangle": lambda number: 8.0 / (math.pi * number) ** 2 if number % 2 else 0.0,
    "sine": lambda number: 1.0 if number == 1 else 0.0,
}


@pytest.mark.parametrize("function", IDEAL)
@pytest.mark.parametrize("hertz", [110.0, 440.0, 1000.0])
def test_harmonics_below_a_tenth_of_the_rate_are_ideal(function: str, hertz: float) -> None:
    count = int(RATE / 10.0 / hertz)
    found = harmonics(wave(function, hertz, *([0.5] if function == "pulse" else [])), hertz, count)
    for number, level in enumerate(found, 1):
        wanted = IDEAL[function](number)
        if wanted > 1e-9:
            assert abs(20.0 * math.log10(level / wanted)) < 0.6, f"harmonic {number}"
        else:
            assert level < 2e-4, f"harmonic {number}"


@pytest.mark.parametrize(("function", "naive"), [("saw", lambda p: 2 * p - 1), ("pulse", lambda p: 1.0 if p < 0.5 else -1.0)])
def test_aliases_are_far_below_those_of_the_naive_wave(function: str, naive: Callable[[float], float]) -> None:
    hertz = 2090.0

    def aliasing(sound: np.ndarray) -> float:
        spectrum = np.abs(np.fft.rfft(sound))
        own = [round(number * hertz * FRAMES / RATE) for number in range(int(RATE / 2 / hertz) + 1)]
        low = int(10_000 * FRAMES / RATE)  # what the ear finds first
        foreign = np.delete(spectrum, own)[:low]
        return float(np.sqrt((foreign**2).sum()))

    sound = wave(function, hertz, *([0.5] if function == "pulse" else []))
    bare = np.array([naive((frame * hertz / RATE + 0.013) % 1.0) for frame in range(FRAMES)])
    assert 20.0 * math.log10(aliasing(bare) / aliasing(sound)) > 18.0


@pytest.mark.parametrize("function", ["saw", "triangle"])
@given(phase=st.floats(0.0, 0.999999), step=st.floats(1e-6, 0.45))
def test_oscillators_stay_in_range(function: str, phase: float, step: float) -> None:
    assert abs(getattr(dsp, function)(phase, step)) <= 1.2


@given(phase=st.floats(0.0, 0.999999), step=st.floats(1e-6, 0.45), width=st.floats(0.05, 0.95))
def test_pulses_stay_in_range(phase: float, step: float, width: float) -> None:
    assert abs(dsp.pulse(phase, step, width)) <= 2.5


@pytest.mark.parametrize("width", [0.1, 0.25, 0.5, 0.8])
def test_a_pulse_is_high_for_its_width(width: float) -> None:
    sound = wave("pulse", 100.0, width)
    assert np.mean(sound > 0) == pytest.approx(width, abs=0.005)
    assert sound.mean() == pytest.approx(2.0 * width - 1.0, abs=0.005)


def test_the_inverse_forms_are_the_same() -> None:
    for phase in (0.0, 0.01, 0.3, 0.5, 0.99):
        assert dsp.saw_inverse(phase, 100.0) == dsp.saw(phase, 0.01)
        assert dsp.pulse_inverse(phase, 100.0, 0.3) == dsp.pulse(phase, 0.01, 0.3)
        assert dsp.triangle_inverse(phase, 100.0, 0.01) == dsp.triangle(phase, 0.01)


# -- filters -----------------------------------------------------------------------------------------------------------------------


def impulse_response(output: int, cutoff: float, damping: float, frames: int = 1 << 15) -> np.ndarray:
    first = second = 0.0
    found = np.zeros(frames)
    for frame in range(frames):
        *outs, first, second = dsp.svf(1.0 if frame == 0 else 0.0, first, second, cutoff, damping, DT)
        found[frame] = outs[output]
    return found


@pytest.mark.parametrize(("output", "power"), [(0, 0), (1, 1), (2, 2)], ids=["low", "band", "high"])
@pytest.mark.parametrize(("cutoff", "damping"), [(200.0, 1.4142), (1000.0, 0.5), (5000.0, 1.0), (12000.0, 1.4142)])
def test_the_state_variable_filter_is_the_analogue_one(output: int, power: int, cutoff: float, damping: float) -> None:
    response = np.fft.rfft(impulse_response(output, cutoff, damping))
    hertz = np.fft.rfftfreq(1 << 15, DT)
    checked = (hertz >= 20.0) & (hertz <= 10_000.0)
    s = 1j * np.tan(np.pi * hertz[checked] * DT) / math.tan(math.pi * cutoff * DT)  # bilinear transform, warped to be exact at the cutoff
    ideal = s**power / (s * s + damping * s + 1.0)
    error = 20.0 * np.log10(np.abs(response[checked]) / np.abs(ideal))
    assert np.abs(error).max() < 0.1


def test_at_low_cutoffs_it_is_the_analogue_filter_without_warping() -> None:
    response = np.fft.rfft(impulse_response(0, 500.0, 1.4142))
    hertz = np.fft.rfftfreq(1 << 15, DT)
    checked = (hertz >= 20.0) & (hertz <= 2000.0)
    s = 1j * hertz[checked] / 500.0
    error = 20.0 * np.log10(np.abs(response[checked] * (s * s + 1.4142 * s + 1.0)))
    assert np.abs(error).max() < 0.25


@given(st.lists(st.tuples(st.floats(1.0, 30_000.0), st.floats(0.02, 2.0), st.floats(-1.0, 1.0)), min_size=50, max_size=200))
def test_the_filter_survives_any_modulation(steps: list[tuple[float, float, float]]) -> None:
    first = second = 0.0
    for cutoff, damping, x in steps:
        low, band, high, first, second = dsp.svf(x, first, second, cutoff, damping, DT)
        assert all(abs(value) < 1e4 for value in (low, band, high, first, second))


@given(st.floats(0.0, 1.0))
def test_resonance_runs_from_flat_to_sharp(resonance: float) -> None:
    assert dsp.damping(0.0) == pytest.approx(math.sqrt(2.0))
    assert dsp.damping(1.0) == pytest.approx(0.02)
    assert 0.02 <= dsp.damping(resonance) <= math.sqrt(2.0) + 1e-12


@given(st.floats(1e-5, 1.35))
def test_the_tangent_is_exact_enough(w: float) -> None:
    numerator, denominator = dsp.tan_ratio(w)
    assert numerator / denominator == pytest.approx(math.tan(w), rel=1e-4)


@pytest.mark.parametrize("cutoff", [100.0, 1000.0, 8000.0])
def test_the_one_pole_is_3_db_down_at_its_cutoff(cutoff: float) -> None:
    state, low, high = 0.0, [], []
    for frame in range(1 << 15):
        down, up, state = dsp.one_pole(1.0 if frame == 0 else 0.0, state, cutoff, DT)
        low.append(down)
        high.append(up)
    at = round(cutoff * (1 << 15) * DT)
    for response in (np.fft.rfft(low), np.fft.rfft(high)):
        assert 20.0 * math.log10(abs(response[at])) == pytest.approx(-3.01, abs=0.05)
    assert np.sum(low) == pytest.approx(1.0, abs=1e-6)


def test_direct_current_is_removed_and_sound_is_not() -> None:
    last_in = last_out = 0.0
    found = []
    for frame in range(48_000):
        y, last_in, last_out = dsp.dc_block(0.5 + 0.5 * math.sin(2.0 * math.pi * 100.0 * frame * DT), last_in, last_out, DT)
        found.append(y)
    settled = np.array(found[-4800:])
    assert abs(settled.mean()) < 1e-3
    assert settled.max() == pytest.approx(0.5, abs=0.01)


# -- envelopes ---------------------------------------------------------------------------------------------------------------------


def envelope(seconds: float, key_up: float, *times: float, rate: float = RATE) -> np.ndarray:
    level = stage = 0.0
    found = []
    for frame in range(int(seconds * rate)):
        level, stage = dsp.adsr(level, stage, 1.0 if frame < key_up * rate else 0.0, *times, 1.0 / rate)
        found.append(level)
    return np.array(found)


@pytest.mark.parametrize("rate", [44100.0, 96000.0])
@pytest.mark.parametrize("attack", [0.01, 0.1, 0.5])
def test_the_attack_takes_its_time(attack: float, rate: float) -> None:
    found = envelope(attack * 1.2, 9.0, attack, 1.0, 1.0, 1.0, rate=rate)
    assert int(np.argmax(found >= 1.0)) + 1 == pytest.approx(attack * rate, rel=0.01)
    assert np.all(np.diff(found[: int(attack * rate * 0.98)]) > 0)


@pytest.mark.parametrize("release", [0.02, 0.3, 1.0])
def test_the_release_from_the_top_takes_its_time_and_ends_at_zero(release: float) -> None:
    found = envelope(0.1 + release * 1.2, 0.1, 0.001, 0.01, 1.0, release)
    end = int(np.argmax(found[4800:] == 0.0))
    assert end == pytest.approx(release * RATE, rel=0.01)
    assert np.all(found[4800 + end :] == 0.0)


@pytest.mark.parametrize("decay", [0.02, 0.3])
@pytest.mark.parametrize("sustain", [0.0, 0.5, 0.9])
def test_the_decay_takes_its_time(decay: float, sustain: float) -> None:
    found = envelope(0.01 + decay * 1.5, 9.0, 0.001, decay, sustain, 1.0)
    peak = int(np.argmax(found >= 1.0))
    near = int(np.argmax(np.abs(found[peak:] - sustain) <= 0.001 * (1.0 - sustain)))
    assert near == pytest.approx(decay * RATE, rel=0.01)


def test_a_time_below_one_sample_is_one_sample() -> None:
    found = envelope(0.01, 0.005, 0.0, 0.0, 0.25, 0.0)
    assert found[0] == pytest.approx(1.0, abs=1e-3)
    assert found[200] == pytest.approx(0.25, abs=1e-3)
    assert found[300] == 0.0


@given(
    st.lists(st.sampled_from((0.0, 1.0)), min_size=1, max_size=60),
    *(st.floats(0.0, 2.0) for _ in range(2)),
    st.floats(0.0, 1.0),
    st.floats(0.0, 2.0),
)
def test_the_level_stays_between_0_and_1(gates: list[float], attack: float, decay: float, sustain: float, release: float) -> None:
    level = stage = 0.0
    for gate in gates:
        level, stage = dsp.adsr(level, stage, gate, attack, decay, sustain, release, DT)
        assert 0.0 <= level <= 1.0
        assert stage in {0.0, 1.0}


@pytest.mark.parametrize("seconds", [0.001, 0.05, 1.0])
def test_smoothers_reach_63_percent_in_their_time(seconds: float) -> None:
    value = level = 0.0
    for _ in range(round(seconds * RATE)):
        value = dsp.smooth(value, 1.0, seconds, DT)
        level = dsp.follow(level, -1.0, seconds, 9.0, DT)
    assert value == pytest.approx(1.0 - math.exp(-1.0), rel=1e-3)
    assert level == pytest.approx(1.0 - math.exp(-1.0), rel=1e-3)


def test_a_follower_falls_with_its_release() -> None:
    level = 1.0
    for _ in range(4800):
        level = dsp.follow(level, 0.0, 0.001, 0.1, DT)
    assert level == pytest.approx(math.exp(-1.0), rel=1e-3)


# -- delay lines -------------------------------------------------------------------------------------------------------------------


def test_whole_frames_come_back_exactly() -> None:
    line = dsp.delay_line(100)
    for frame in range(300):
        dsp.delay_write(line, float(frame))
        for back in (0, 1, 7, 100):
            expected = float(frame - back) if frame >= back else 0.0
            assert dsp.delay_read_whole(line, back) == expected
            if frame > 110 and back:
                assert dsp.delay_read(line, float(back)) == expected


def test_between_frames_a_sine_is_read_true() -> None:
    line = dsp.delay_line(64)
    hertz, worst = 1000.0, 0.0
    for frame in range(2000):
        dsp.delay_write(line, math.sin(2.0 * math.pi * hertz * frame * DT))
        if frame > 100:
            for back in (1.5, 10.25, 33.9):
                worst = max(worst, abs(dsp.delay_read(line, back) - math.sin(2.0 * math.pi * hertz * (frame - back) * DT)))
    assert worst < 3e-4


@given(st.floats(-1e9, 1e9))
def test_reading_never_leaves_the_line(frames: float) -> None:
    line = dsp.delay_line(16)
    for _ in range(40):
        dsp.delay_write(line, 1.0)
    assert dsp.delay_read(line, frames) == pytest.approx(1.0)


@given(st.floats(0.0, 1.0), st.tuples(*(st.floats(-1.0, 1.0) for _ in range(4))))
def test_the_cubic_meets_its_neighbours(f: float, y: tuple[float, float, float, float]) -> None:
    assert dsp.cubic(*y, 0.0) == y[1]
    assert dsp.cubic(*y, 1.0) == pytest.approx(y[2], abs=1e-12)
    line = [dsp.cubic(0.0, 1.0, 2.0, 3.0, f), dsp.cubic(0.0, 1.0, 4.0, 9.0, f)]
    assert line == pytest.approx([1.0 + f, (1.0 + f) ** 2], abs=1e-9), "straight lines and parabolas are exact"


# -- oversampling ------------------------------------------------------------------------------------------------------------------


def halfband(hertz_of_higher_rate: float, frames: int = 4096) -> tuple[float, float]:
    """Level (dB) of a tone of the higher rate after going down, and of the mirror image of a tone of the lower rate after going up."""
    memory, down = np.zeros(dsp.HALFBAND_MEMORY), []
    for frame in range(2 * frames):
        turn = 2.0 * math.pi * hertz_of_higher_rate * 2 * frame
        down.append(dsp.downsample(memory, math.sin(turn), math.sin(turn + 2.0 * math.pi * hertz_of_higher_rate)))
    memory, up = np.zeros(dsp.HALFBAND_MEMORY), []
    for frame in range(2 * frames):
        up += dsp.upsample(memory, math.sin(2.0 * math.pi * 2.0 * hertz_of_higher_rate * frame))
    window = np.blackman(2 * frames)
    spectrum = np.abs(np.fft.rfft(np.array(up[-2 * frames :]) * window)) / window.sum() * 2.0
    image = spectrum[round((0.5 - hertz_of_higher_rate) * 2 * frames) - 3 : round((0.5 - hertz_of_higher_rate) * 2 * frames) + 4].max()
    level = math.sqrt(2.0 * np.mean(np.square(down[frames:])))
    return 20.0 * math.log10(max(level, 1e-12)), 20.0 * math.log10(max(image, 1e-12))


@pytest.mark.parametrize("turns", [0.01, 0.1, 0.2, 0.229])
def test_the_halfband_passes_what_it_should_and_mirrors_nothing(turns: float) -> None:
    level, image = halfband(turns)
    assert level == pytest.approx(0.0, abs=0.02)
    assert image < -90.0


@pytest.mark.parametrize("turns", [0.271, 0.3, 0.4, 0.49])
def test_the_halfband_stops_what_would_fold_down(turns: float) -> None:
    assert halfband(turns)[0] < -90.0
