"""A sampler: one sample or a map of them over keys and velocities, with loops, an envelope, a filter and choke groups.

This module knows one voice and which zone a note plays. It does not know files, lanes, stealing or graphs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from backline.sdk import NoteOn, Param, State, dsp
from backline.sdk.plugin import AudioReader

from .playback import beside, move
from .player import SamplePlayer
from .pool import Pool
from .zones import Zone, zones_of

OPEN = 19990.0  # Hz; from here on the filter is left out


class Sampler(SamplePlayer):
    """Plays a sample, or a map of samples over keys and velocities, at any pitch."""

    name = "Sampler"
    tags = ("sampler", "samples")
    tail = 10.0
    settings = {
        "sample": "an audio file that plays over all keys",
        "map": "a list of zones: sample, root, keys, velocity, loop, tune, gain, pan, choke",
    }

    attack = Param("1 ms", "0 s", "10 s", smoothing=0, description="time for the sound to rise")
    decay = Param("500 ms", "1 ms", "20 s", smoothing=0, description="time to fall by 60 dB towards the sustain")
    sustain = Param("100 %", "0 %", "100 %", smoothing=0, description="how loud it stays while the key is down")
    release = Param("150 ms", "1 ms", "20 s", smoothing=0, description="time to fall by 60 dB once the key is up")
    velocity_sensitivity = Param("60 %", "0 %", "100 %", smoothing=0, description="how much softer a soft touch is")
    one_shot = Param(False, description="play to the end of the sample, whenever the key goes up")
    tune = Param("0 st", "-48 st", "48 st", description="of all zones")
    cutoff = Param("20 kHz", "20 Hz", "20 kHz", curve="log", description="lowpass filter; wide open at 20 kHz")
    resonance = Param("0 %", "0 %", "100 %", description="emphasis at the cutoff")
    stereo = Param(True, description="play both channels of stereo samples; off, the left one alone. Mono samples turn it off")
    voices = Param(64, 1, 64, description="how many notes may sound at once")
    level = Param("0 dB", "-60 dB", "12 dB", description="loudness of everything")

    whole = State(0.0)
    fraction = State(0.0)
    residue = State(0.0)
    alive = State(1.0, life=True)
    amplitude = State(0.0)
    amplitude_peak = State(0.0)
    left_1 = State(0.0)
    left_2 = State(0.0)
    right_1 = State(0.0)
    right_2 = State(0.0)

    def sample(
        whole,
        fraction,
        residue,
        alive,
        amplitude,
        amplitude_peak,
        left_1,
        left_2,
        right_1,
        right_2,
        left_place,
        right_place,
        home_hz,
        home_period,
        coarse,
        fine,
        turn,
        loop_length,
        finish,
        left_gain,
        right_gain,
        pool,
        weights,
        pitch_hz,
        gate,
        attack,
        decay,
        sustain,
        release,
        one_shot,
        tune,
        cutoff,
        resonance,
        stereo,
        level,
        dt,
    ):
        """One sample of one voice. The filter and the second channel cost nothing when they are not used."""
        up = dsp.stage_rate(attack, 0.3, dt)
        down = dsp.stage_rate(decay, 0.001, dt)
        away = dsp.stage_rate(release, 0.001, dt)
        loudness = dsp.gain(level)
        transposed = dsp.semitones(tune) - 1.0
        damping = dsp.damping(resonance)
        w = cutoff * dt * 3.141592653589793
        if one_shot > 0:
            amplitude, amplitude_peak = dsp.adsr_note(amplitude, amplitude_peak, 1.0, up, down, sustain, away)
        else:
            amplitude, amplitude_peak = dsp.adsr_note(amplitude, amplitude_peak, gate, up, down, sustain, away)

        spot = (fraction + residue) * 256.0
        row = dsp.tap_row(spot)
        part = dsp.tap_part(spot, row)
        start = dsp.tap_start(pool, left_place, whole)
        left = dsp.eight_taps(pool, weights, start, row, part)
        if stereo > 0:
            other = dsp.tap_start(pool, right_place, whole)
        else:
            other = start
        if stereo > 0:
            right = dsp.eight_taps(pool, weights, other, row, part)
        else:
            right = left
        if cutoff < OPEN:
            left, left_1, left_2 = dsp.svf_low(left, left_1, left_2, w, damping)
        else:
            left_1, left_2 = 0.0, left
        if stereo > 0 and cutoff < OPEN:
            right, right_1, right_2 = dsp.svf_low(right, right_1, right_2, w, damping)
        elif stereo > 0:
            right_1, right_2 = 0.0, right
        else:
            right = left

        gain = amplitude * loudness * alive
        step = beside(coarse, fine, pitch_hz - home_hz, home_period, transposed)
        whole, fraction, residue = move(whole, fraction, residue, coarse, step, turn, loop_length)
        sounding = alive if amplitude > 0.0 else 0.0
        alive = sounding if whole < finish else 0.0
        return (
            left * gain * left_gain, right * gain * right_gain,
            whole, fraction, residue, alive, amplitude, amplitude_peak, left_1, left_2, right_1, right_2,
        )  # fmt: skip

    def prepare(self) -> None:
        """No zones yet: silence."""
        super().prepare()
        self.zones: tuple[Zone, ...] = ()

    def configure(self, settings: Mapping[str, Any], read_audio: AudioReader) -> None:
        """Read `sample` or `map`; see `zones_of` for the keys of a zone. ValueError for what does not fit."""
        pool = Pool()
        self.zones = zones_of(settings, pool, read_audio)
        self.load(pool, (zone.sound for zone in self.zones))

    def start(self, note: NoteOn) -> Iterator[Mapping[str, float]]:
        """A voice for each zone that the note lies in."""
        sensitivity = self.parameter_value("velocity_sensitivity")
        loud = 1.0 - sensitivity * (1.0 - note.velocity * note.velocity)
        home = self.frequency(note.key + note.detune)
        for zone in self.zones:
            if zone.holds(note.key, note.velocity):
                yield zone.values(self.sample_rate, self.frequency(zone.root), home, loud)
