"""A subtractive synthesizer: two oscillators, sub, noise, a filter, two envelopes, an LFO, glide and unison.

This module knows one voice. It does not know lanes, stealing or graphs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping

from backline.sdk import Instrument, NoteOn, NoteValue, Param, Phase, State, dsp

SAW, SQUARE, TRIANGLE, SINE = range(4)
WAVES = ("saw", "square", "triangle", "sine")
LOWPASS, BANDPASS, HIGHPASS = range(3)
LOUDNESS = 0.113  # four notes of the default patch at velocity 0.8 peak near -6 dBFS
GOLDEN = 0.6180339887498949  # start phases that never bunch


class Polysynth(Instrument):
    """A subtractive polyphonic synthesizer: two oscillators, sub, noise, filter, two envelopes, LFO, glide, unison."""

    name = "Polysynth"
    tags = ("synth", "subtractive")
    tail = 10.0

    wave_1 = Param("saw", choices=WAVES, description="wave of oscillator 1")
    level_1 = Param("100 %", "0 %", "100 %", description="loudness of oscillator 1")
    wave_2 = Param("saw", choices=WAVES, description="wave of oscillator 2")
    level_2 = Param("100 %", "0 %", "100 %", description="loudness of oscillator 2")
    octave_2 = Param(0, -3, 3, description="octaves of oscillator 2 against oscillator 1")
    semitone_2 = Param(0, -12, 12, description="semitones of oscillator 2 against oscillator 1")
    detune_2 = Param("6 ct", "-100 ct", "100 ct", smoothing=0, description="fine tuning of oscillator 2")
    pulse_width = Param("50 %", "5 %", "95 %", description="how long a square wave is high")
    sub_level = Param("0 %", "0 %", "100 %", description="a square wave an octave below oscillator 1")
    noise_level = Param("0 %", "0 %", "100 %", description="white noise")

    filter_mode = Param("lowpass", choices=("lowpass", "bandpass", "highpass"), description="which frequencies the filter lets pass")
    cutoff = Param("2.5 kHz", "20 Hz", "20 kHz", curve="log", description="corner of the filter, before envelope, tracking and LFO move it")
    resonance = Param("15 %", "0 %", "100 %", description="emphasis at the corner of the filter")
    filter_amount = Param("1.5 oct", "-8 oct", "8 oct", description="how far the filter envelope moves the cutoff")
    filter_velocity = Param("30 %", "0 %", "100 %", description="how much a soft touch lessens that")
    key_tracking = Param("30 %", "0 %", "100 %", description="how much the cutoff follows the keyboard, around C4")
    filter_attack = Param("5 ms", "0 s", "10 s", smoothing=0, description="time for the filter envelope to rise")
    filter_decay = Param("600 ms", "1 ms", "20 s", smoothing=0, description="time for it to fall by 60 dB towards the sustain")
    filter_sustain = Param("30 %", "0 %", "100 %", smoothing=0, description="where the filter envelope stays while the key is down")
    filter_release = Param("400 ms", "1 ms", "20 s", smoothing=0, description="time for it to fall by 60 dB once the key is up")

    attack = Param("4 ms", "0 s", "10 s", smoothing=0, description="time for the sound to rise")
    decay = Param("800 ms", "1 ms", "20 s", smoothing=0, description="time to fall by 60 dB towards the sustain")
    sustain = Param("70 %", "0 %", "100 %", smoothing=0, description="how loud it stays while the key is down")
    release = Param("250 ms", "1 ms", "20 s", smoothing=0, description="time to fall by 60 dB once the key is up")
    velocity_sensitivity = Param("60 %", "0 %", "100 %", smoothing=0, description="how much softer a soft touch is")

    lfo_wave = Param("sine", choices=("sine", "triangle", "square", "saw"), description="form of the LFO")
    lfo_rate = Param(
        "5 Hz", "0.02 Hz", "40 Hz", curve="log", synced=True, smoothing=0, description="speed of the LFO, or the note length of one cycle"
    )
    lfo_retrigger = Param(False, description="start the LFO anew with each note")
    vibrato_depth = Param("0 %", "0 %", "100 %", description="LFO on pitch; 100 % is a semitone up and down")
    lfo_cutoff = Param("0 oct", "-4 oct", "4 oct", description="LFO on the cutoff")
    lfo_width = Param("0 %", "0 %", "100 %", description="LFO on the pulse width")
    tremolo_depth = Param("0 %", "0 %", "100 %", description="LFO on loudness")

    mode = Param(
        "poly",
        choices=("poly", "mono", "legato"),
        description="poly: many notes; mono: one; legato: one, and tied notes go on without a new start",
    )
    voices = Param(64, 1, 64, description="how many notes may sound at once")
    glide = Param("0 s", "0 s", "5 s", smoothing=0, description="time to slide from the last note")
    unison = Param(1, 1, 8, description="voices for each note")
    unison_detune = Param("15 ct", "0 ct", "100 ct", smoothing=0, description="how far the outer voices of a note lie from its pitch")
    unison_spread = Param("70 %", "0 %", "100 %", smoothing=0, description="how far the voices of a note stand apart in stereo")
    level = Param("0 dB", "-60 dB", "12 dB", description="loudness of everything")

    phase_1 = Phase()
    phase_2 = Phase()
    sub_phase = Phase()
    noise_phase = Phase()
    lfo_phase = Phase()
    amplitude = State(0.0, life=True)
    amplitude_peak = State(0.0)
    contour = State(0.0)
    contour_peak = State(0.0)
    filter_1 = State(0.0)
    filter_2 = State(0.0)
    glide_octaves = State(0.0)
    left_gain = NoteValue(1.0)
    right_gain = NoteValue(1.0)
    reach = NoteValue(1.0)

    @staticmethod
    def sample(
        phase_1,
        phase_2,
        sub_phase,
        noise_phase,
        lfo_phase,
        amplitude,
        amplitude_peak,
        contour,
        contour_peak,
        filter_1,
        filter_2,
        glide_octaves,
        left_gain,
        right_gain,
        reach,
        pitch_hz,
        key,
        gate,
        wave_1,
        level_1,
        wave_2,
        level_2,
        octave_2,
        semitone_2,
        detune_2,
        pulse_width,
        sub_level,
        noise_level,
        filter_mode,
        cutoff,
        resonance,
        filter_amount,
        key_tracking,
        filter_attack,
        filter_decay,
        filter_sustain,
        filter_release,
        attack,
        decay,
        sustain,
        release,
        lfo_wave,
        lfo_rate,
        vibrato_depth,
        lfo_cutoff,
        lfo_width,
        tremolo_depth,
        glide,
        level,
        dt,
    ):
        """One sample of one voice. Statements that read parameters alone run once a frame, and so do the `if`s on them."""
        up = dsp.stage_rate(attack, 0.3, dt)
        down = dsp.stage_rate(decay, 0.001, dt)
        away = dsp.stage_rate(release, 0.001, dt)
        amplitude, amplitude_peak = dsp.adsr_note(amplitude, amplitude_peak, gate, up, down, sustain, away)
        contour_up = dsp.stage_rate(filter_attack, 0.3, dt)
        contour_down = dsp.stage_rate(filter_decay, 0.001, dt)
        contour_away = dsp.stage_rate(filter_release, 0.001, dt)
        contour, contour_peak = dsp.adsr_note(contour, contour_peak, gate, contour_up, contour_down, filter_sustain, contour_away)

        amount = filter_amount * (1.0 / 12.0)
        tracking = key_tracking * (1.0 / 12.0)
        ground = tracking * -60.0
        octaves = contour * reach * amount + (key * tracking + ground)
        step = pitch_hz * dt
        width = pulse_width * 1.0
        loudness = LOUDNESS * dsp.gain(level)
        gain = amplitude * loudness

        if glide > 0.0:
            step = min(step * dsp.exp2_short(glide_octaves), 0.45)
            glide_octaves = glide_octaves - glide_octaves * dsp.stage_rate(glide, 0.01, dt)

        lfo_step = lfo_rate * dt
        swing = vibrato_depth + abs(lfo_cutoff) + lfo_width + tremolo_depth
        if swing > 0.0:
            lfo = dsp.sin_folded(lfo_phase - 0.5) * -1.0
            if lfo_wave == 1:
                lfo = 1.0 - 4.0 * abs(lfo_phase - 0.5)
            elif lfo_wave == 2:
                lfo = 1.0 if lfo_phase < 0.5 else -1.0
            elif lfo_wave == 3:
                lfo = 2.0 * lfo_phase - 1.0
            step = step * dsp.exp2_short(lfo * vibrato_depth * (1.0 / 12.0))
            octaves = octaves + lfo * lfo_cutoff * (1.0 / 12.0)
            width = min(max(width + 0.45 * lfo * lfo_width, 0.05), 0.95)
            gain = gain * (1.0 - tremolo_depth * (0.5 - 0.5 * lfo))

        balance = 1.0 - 2.0 * width  # a narrow pulse stands off the middle, and would thump as its note begins and ends
        ratio = dsp.exp2(octave_2 + (semitone_2 + detune_2) * (1.0 / 12.0))
        inverse_ratio = 1.0 / ratio
        period = 1.0 / step
        step_2 = min(step * ratio, 0.45)
        period_2 = period * inverse_ratio

        if wave_1 == SAW:
            tone = dsp.saw_inverse(phase_1, period) * level_1
        elif wave_1 == SQUARE:
            tone = (dsp.pulse_inverse(phase_1, period, width) + balance) * level_1
        elif wave_1 == TRIANGLE:
            tone = dsp.triangle_inverse(phase_1, period, step) * level_1
        else:
            tone = dsp.sin_folded(phase_1 - 0.5) * -level_1

        if wave_2 == SAW:
            tone = tone + dsp.saw_inverse(phase_2, period_2) * level_2
        elif wave_2 == SQUARE:
            tone = tone + (dsp.pulse_inverse(phase_2, period_2, width) + balance) * level_2
        elif wave_2 == TRIANGLE:
            tone = tone + dsp.triangle_inverse(phase_2, period_2, step_2) * level_2
        else:
            tone = tone - dsp.sin_folded(phase_2 - 0.5) * level_2

        if sub_level > 0.0:
            tone = tone + dsp.pulse_inverse(sub_phase, period * 2.0, 0.5) * sub_level
            sub_step = step * 0.5
        else:
            sub_step = 0.0
        if noise_level > 0.0:
            tone = tone + dsp.white(noise_phase) * noise_level
            noise_step = dsp.WHITE_STEP
        else:
            noise_step = 0.0

        damping = dsp.damping(resonance)
        place_still = cutoff * dt * 3.141592653589793
        place = place_still * dsp.exp2_short(octaves)
        if filter_mode == LOWPASS:
            y, filter_1, filter_2 = dsp.svf_low(tone, filter_1, filter_2, place, damping)
        elif filter_mode == BANDPASS:
            _, band, filter_1, filter_2 = dsp.svf_short(tone, filter_1, filter_2, place, damping)
            y = band * damping
        else:
            low, band, filter_1, filter_2 = dsp.svf_short(tone, filter_1, filter_2, place, damping)
            y = tone - damping * band - low

        left = y * gain * left_gain
        right = y * gain * right_gain
        return (
            left, right, step, step_2, sub_step, noise_step, lfo_step,
            amplitude, amplitude_peak, contour, contour_peak, filter_1, filter_2, glide_octaves,
        )  # fmt: skip

    def start(self, note: NoteOn) -> Iterator[Mapping[str, float]]:
        """One voice, or as many as `unison` says, spread in pitch and place; each with start phases of its own."""
        count = min(int(self.parameter_value("unison")), int(self.parameter_value("voices")) * 8)
        spread, detune = self.parameter_value("unison_spread"), self.parameter_value("unison_detune")
        sensitivity = self.parameter_value("velocity_sensitivity")
        loud = (1.0 - sensitivity * (1.0 - note.velocity * note.velocity)) / math.sqrt(count)
        reach = 1.0 - self.parameter_value("filter_velocity") * (1.0 - note.velocity)
        swing = 0.0
        if not self.parameter_value("lfo_retrigger"):
            swing = (self.transport.frame + note.frame) * self.parameter_value("lfo_rate") / self.sample_rate
        for index in range(count):
            place = 2.0 * index / (count - 1) - 1.0 if count > 1 else 0.0
            left, right = dsp.pan_gains(place * spread)
            turn = (self._serial * 8 + index) * GOLDEN
            yield {
                "detune": place * detune,
                "left_gain": loud * left * math.sqrt(2.0),
                "right_gain": loud * right * math.sqrt(2.0),
                "reach": reach,
                "phase_1": turn % 1.0,
                "phase_2": (turn * 3.0 + 0.25) % 1.0,
                "noise_phase": (turn * 7.0) % 1.0,
                "lfo_phase": swing % 1.0,
            }
