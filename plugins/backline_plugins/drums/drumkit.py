"""A drum kit: pads with samples, each with its key, shape, choke group and, if wanted, an output of its own.

This module knows one stroke and which pad it hits. It does not know files, lanes, stealing or graphs.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

from backline.sdk import NoteOn, NoteValue, Param, Port, State, dsp
from backline.sdk.plugin import AudioReader

from ..samplers.playback import beside, move
from ..samplers.player import SamplePlayer
from ..samplers.pool import Pool
from .pads import MAIN, Layer, Pad, pads_of, ports_of

STILL = 0.00001  # -100 dB: a decaying stroke is over
STRUCK_HZ = 440.0  # strokes have no pitch of their own; bends start from here
WIDEST_TUNE, WIDEST_LEVEL = 0.3, 3.0  # semitones and dB to each side, at 100 % humanise


class Drumkit(SamplePlayer):
    """Plays drum samples on pads: velocity layers, choke groups, decay, and outputs of their own for single pads."""

    name = "Drum kit"
    tags = ("drums", "sampler", "samples")
    tail = 10.0
    outputs = (Port(MAIN, 2),)
    settings = {"pads": "pads by name: sample or layers, key, tune, decay, pan, level, choke, out"}

    level = Param("0 dB", "-60 dB", "12 dB", description="loudness of all pads")
    tune = Param("0 st", "-24 st", "24 st", description="of all pads")
    decay = Param("100 %", "5 %", "100 %", smoothing=0, description="shortens all pads; those without a decay of their own count as 2 s")
    velocity_sensitivity = Param("80 %", "0 %", "100 %", smoothing=0, description="how much softer a soft stroke is")
    humanise = Param("0 %", "0 %", "100 %", smoothing=0, description="no two strokes alike: up to 3 dB and 30 ct")
    seed = Param(1, 1, 9999, description="which strokes differ how")
    stereo = Param(True, description="play both channels of stereo samples; off, the left one alone. Mono samples turn it off")

    whole = State(0.0)
    fraction = State(0.0)
    residue = State(0.0)
    alive = State(1.0, life=True)
    amplitude = State(1.0)
    loss = NoteValue(0.0)

    def sample(
        whole,
        fraction,
        residue,
        alive,
        amplitude,
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
        loss,
        pool,
        weights,
        pitch_hz,
        level,
        tune,
        stereo,
    ):
        """One sample of one stroke."""
        loudness = dsp.gain(level)
        transposed = dsp.semitones(tune) - 1.0
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
        gain = amplitude * loudness * alive
        step = beside(coarse, fine, pitch_hz - home_hz, home_period, transposed)
        whole, fraction, residue = move(whole, fraction, residue, coarse, step, turn, loop_length)
        amplitude = amplitude - amplitude * loss
        sounding = alive if amplitude > STILL else 0.0
        alive = sounding if whole < finish else 0.0
        return left * gain * left_gain, right * gain * right_gain, whole, fraction, residue, alive, amplitude

    def prepare(self) -> None:
        """No pads yet: silence."""
        super().prepare()
        self.pads: tuple[Pad, ...] = ()

    def configure(self, settings: Mapping[str, Any], read_audio: AudioReader) -> None:
        """Read `pads`; see `pads_of`. Outputs that pads ask for are there afterwards. ValueError for what does not fit."""
        pool = Pool()
        self.pads = pads_of(settings, pool, read_audio)
        self.load(pool, (layer.sound for pad in self.pads for layer in pad.layers))
        self.set_outputs(tuple(Port(name, 2) for name in ports_of(self.pads)))

    def start(self, note: NoteOn) -> Iterator[Mapping[str, float]]:
        """A voice for each layer of each pad that the stroke hits."""
        names = [port.name for port in self.outputs]
        sensitivity, amount = self.parameter_value("velocity_sensitivity"), self.parameter_value("humanise")
        seed = int(self.parameter_value("seed"))
        louder = amount * WIDEST_LEVEL * dsp.bipolar(dsp.random_at(2 * self._serial, seed))
        higher = amount * WIDEST_TUNE * dsp.bipolar(dsp.random_at(2 * self._serial + 1, seed))
        loud = (1.0 - sensitivity * (1.0 - note.velocity * note.velocity)) * 10.0 ** (louder / 20.0)
        for pad in self.pads:
            for layer in pad.layers if pad.key == note.key else ():
                if layer.holds(note.velocity):
                    yield self._stroke(pad, layer, loud, higher) | {"port": names.index(pad.out), "choke": pad.choke}

    def _stroke(self, pad: Pad, layer: Layer, loud: float, higher: float) -> dict[str, float]:
        left, right = dsp.pan_gains(pad.pan)
        factor = loud * pad.level * layer.level * math.sqrt(2.0)
        seconds, scale = pad.decay, self.parameter_value("decay")
        if scale < 1.0:
            seconds = min(seconds, 2.0) * scale
        values = layer.sound.values(self.sample_rate, STRUCK_HZ, pad.tune + layer.tune + higher, STRUCK_HZ)
        values |= {"left_gain": factor * left, "right_gain": factor * right, "pitch_hz": STRUCK_HZ}
        return values | {"loss": -math.expm1(-math.log(1000.0) / (seconds * self.sample_rate))}
