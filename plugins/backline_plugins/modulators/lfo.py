"""LFO: a slow wave that moves parameters. Knows one sample of a control signal.

Its place is counted in cycles. While the song plays and the rate is a note length, that place is computed from the song position itself, so
it is exact after any jump and does not depend on where a render began.
"""

from __future__ import annotations

from backline.sdk import Modulator, Param, State, dsp

SINE, TRIANGLE, SAW, SQUARE, RANDOM, SMOOTH = range(6)


def drawn(step: float, seed: int) -> float:
    """The random value -1..1 that belongs to one cycle."""
    return 2.0 * dsp.random_at(int(step), seed) - 1.0


def wave(shape: int, place: float, seed: int) -> float:
    """The value -1..1 of a shape at a place counted in cycles. Sine and triangle start at 0 and rise, saw rises, square starts high."""
    step = dsp.floor(place)
    turn = place - step
    if shape == SINE:
        return dsp.sin_turn(turn)
    if shape == TRIANGLE:
        return 1.0 - 4.0 * abs(turn + 0.25 - dsp.floor(turn + 0.25) - 0.5)
    if shape == SAW:
        return 2.0 * turn - 1.0
    if shape == SQUARE:
        return 1.0 if turn < 0.5 else -1.0
    if shape == RANDOM:
        return drawn(step, seed)
    return dsp.mix(drawn(step, seed), drawn(step + 1.0, seed), turn * turn * (3.0 - 2.0 * turn))


class Lfo(Modulator):
    """A slow wave for other plugins' parameters: sine, triangle, saw, square, random steps or smooth random.

    With a note length as its rate it follows the song position exactly while the song plays, and runs on at that speed while it stands.
    Random shapes give the same values for the same seed and place.
    """

    name = "LFO"
    tags = ("modulation",)

    shape = Param("sine", choices=("sine", "triangle", "saw", "square", "random", "smooth"), description="Form of one cycle.")
    rate = Param("1 Hz", "0.01 Hz", "100 Hz", curve="log", synced=True, description="Cycles a second, or the note length of one cycle.")
    phase = Param("0 deg", "0 deg", "360 deg", description="Where in the cycle it stands at its start.")
    polarity = Param("bipolar", choices=("bipolar", "unipolar"), description="bipolar: -1 to 1; unipolar: 0 to 1.")
    retrigger = Param(False, description="Start the cycle again at each note.")
    seed = Param(1, 0, 9999, description="Another seed, other random values.")

    place = State(0.0)
    origin = State(0.0)
    heard = State(0.0)

    @staticmethod
    def sample(place, origin, heard, shape, rate, rate_beats, phase, polarity, retrigger, seed, notes, beat, playing, dt):
        """Return one value, the next free place in cycles, where the cycle began, and how many notes were heard."""
        synced = rate_beats > 0.0 and playing > 0.5
        here = beat / rate_beats if synced else place
        begun = here if notes > heard else origin
        origin = begun if retrigger > 0 else 0.0
        value = wave(shape, here - origin + phase * (1.0 / 360.0), seed)
        return value if polarity == 0 else 0.5 + 0.5 * value, here + rate * dt, origin, notes
