"""What an ear would notice, as numbers: loudness, pitch, brightness, clicks, width."""

from __future__ import annotations

import numpy as np

RATE = 48000


def mono(audio: np.ndarray) -> np.ndarray:
    """The mean of the channels in double precision."""
    return np.asarray(audio, np.float64).mean(axis=0)


def decibel(ratio: float) -> float:
    return float(20.0 * np.log10(max(ratio, 1e-12)))


def power_spectrum(audio: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """(frequencies, powers) of all channels together, under a Hann window."""
    sound = np.atleast_2d(np.asarray(audio, np.float64))
    window = np.hanning(sound.shape[1])
    powers = (np.abs(np.fft.rfft(sound * window, axis=1)) ** 2).sum(axis=0)
    return np.fft.rfftfreq(sound.shape[1], 1.0 / RATE), powers


def share_between(audio: np.ndarray, low: float, high: float) -> float:
    """How much of the power lies between two frequencies, 0..1."""
    frequencies, powers = power_spectrum(audio)
    inside = (frequencies >= low) & (frequencies < high)
    return float(powers[inside].sum() / powers[frequencies > 10.0].sum())


def brightness(audio: np.ndarray) -> float:
    """The root mean square of the frequencies in Hz, weighted by their power: a little treble weighs much."""
    frequencies, powers = power_spectrum(audio)
    return float(np.sqrt((frequencies**2 * powers).sum() / powers.sum()))


def cents_from(audio: np.ndarray, hz: float) -> float:
    """How far the partial near `hz` lies from it, in cents.

    The first moment of the power around it: for a tone that wavers, or for several that beat, this is the mean pitch.
    """
    frequencies, powers = power_spectrum(audio)
    near = np.abs(frequencies - hz) < 0.03 * hz  # half a semitone to each side, as far below as above
    found = float((frequencies[near] * powers[near]).sum() / powers[near].sum())
    return float(1200.0 * np.log2(found / hz))


def jumps(audio: np.ndarray) -> np.ndarray:
    """The largest step of any channel from each sample to the next."""
    return np.abs(np.diff(np.asarray(audio, np.float64), axis=1)).max(axis=0)


def edge_jump(audio: np.ndarray, edges: list[int], seconds: float = 0.004) -> float:
    """The largest step just after any of the edges, as a multiple of the largest one elsewhere."""
    steps = jumps(audio)
    near = np.zeros(len(steps), bool)
    for edge in edges:
        near[max(edge - 2, 0) : edge + round(seconds * RATE)] = True
    return float(steps[near].max() / steps[~near].max())


def offset(audio: np.ndarray) -> float:
    """The constant part (DC) of the channel that has most of it, against its RMS."""
    sound = np.asarray(audio, np.float64)
    return float((np.abs(sound.mean(axis=1)) / np.sqrt((sound**2).mean(axis=1))).max())


def width(audio: np.ndarray) -> float:
    """The level of the difference of left and right against their sum in dB; far below 0 is mono."""
    left, right = np.asarray(audio, np.float64)
    return decibel(float(np.sqrt(((left - right) ** 2).sum() / ((left + right) ** 2).sum())))


def level(audio: np.ndarray) -> float:
    """RMS in dB of full scale."""
    return decibel(float(np.sqrt((np.asarray(audio, np.float64) ** 2).mean())))
