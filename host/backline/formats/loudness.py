"""Loudness and peaks of finished audio.

This module knows ITU-R BS.1770-4: K-weighting, gated integrated loudness, sample peak and true peak. It does not know files
or delivery targets. NumPy is all it needs.

Sources: ITU-R BS.1770-4 (2015); filter coefficients at other rates than 48 kHz after B. De Man, "Evaluation of
implementations of the EBU R128 loudness measurement", AES 145 (2018), whose analogue prototypes give the standard's own
numbers at 48 kHz.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Loudness", "integrated_loudness", "measure", "sample_peak_db", "true_peak_db"]

ABSOLUTE_GATE = -70.0
RELATIVE_GATE = -10.0
_OFFSET = -0.691
_HOPS_A_BLOCK = 4
# The impulse response of the K-weighting is below 1e-9 of its start after this time (its slowest pole lies at 38 Hz).
_RESPONSE_SECONDS = 0.1
_SURROUND_GAINS = {5: (1.0, 1.0, 1.0, 1.41, 1.41), 6: (1.0, 1.0, 1.0, 0.0, 1.41, 1.41)}
_SINC_TAPS = 48
_PEAK_BLOCK = 65_536


@dataclass(frozen=True, slots=True)
class Loudness:
    """What a listener and a meter get: `lufs` integrated loudness, peaks in dB of full scale; silence is -inf."""

    lufs: float
    sample_peak_db: float
    true_peak_db: float


def measure(audio: NDArray[Any], rate: int) -> Loudness:
    """Measure audio of shape (channels, frames), full scale at 1.0."""
    return Loudness(integrated_loudness(audio, rate), sample_peak_db(audio), true_peak_db(audio, rate))


def integrated_loudness(audio: NDArray[Any], rate: int) -> float:
    """Return the gated loudness in LUFS of audio of shape (channels, frames) at `rate` Hz.

    Five channels are L R C Ls Rs, six are L R C LFE Ls Rs, any others count alike. Below 0.4 s, or when every block lies
    under -70 LUFS, there is no loudness: -inf.
    """
    audio = np.atleast_2d(audio)
    gains = np.array(_SURROUND_GAINS.get(audio.shape[0], (1.0,) * audio.shape[0]))
    energies = np.array([_hop_energies(channel, rate) for channel in audio])
    if energies.shape[1] < _HOPS_A_BLOCK:
        return -math.inf
    hops = gains @ energies
    blocks = np.convolve(hops, np.full(_HOPS_A_BLOCK, 1.0 / _HOPS_A_BLOCK), "valid")
    blocks = blocks[blocks > _power(ABSOLUTE_GATE)]
    if not len(blocks):
        return -math.inf
    blocks = blocks[blocks > blocks.mean() * 10.0 ** (RELATIVE_GATE / 10.0)]
    return float(_OFFSET + 10.0 * np.log10(blocks.mean()))


def sample_peak_db(audio: NDArray[Any]) -> float:
    """Return the largest sample in dB of full scale."""
    return _decibel(float(np.max(np.abs(audio), initial=0.0)))


def true_peak_db(audio: NDArray[Any], rate: int) -> float:
    """Return the largest value between and at the samples in dB of full scale.

    The signal is oversampled four times (twice from 96 kHz on) by a windowed sinc, as BS.1770-4 annex 2 describes; the
    reading is at most 0.7 dB (at half the sampling rate) and commonly below 0.1 dB under the true peak.
    """
    audio = np.atleast_2d(audio)
    peak = float(np.max(np.abs(audio), initial=0.0))
    kernels = _interpolators(4 if rate < 96_000 else 2)
    for channel in audio:
        # Zeros around it: the peak may lie just outside of the first or last sample.
        padded = np.pad(channel.astype(np.float64), _SINC_TAPS)
        for start in range(0, len(padded) - _SINC_TAPS, _PEAK_BLOCK):
            block = padded[start : start + _PEAK_BLOCK + _SINC_TAPS - 1]
            for kernel in kernels:
                peak = max(peak, float(np.max(np.abs(np.convolve(block, kernel, "valid")), initial=0.0)))
    return _decibel(peak)


def _interpolators(factor: int) -> list[NDArray[np.float64]]:
    """Return the FIR kernels for the positions between two samples: sinc under a Kaiser window, unity gain at 0 Hz."""
    kernels = []
    for step in range(1, factor):
        distance = np.arange(_SINC_TAPS) - (_SINC_TAPS / 2 - 1) - step / factor
        window = np.i0(7.0 * np.sqrt(np.maximum(0.0, 1.0 - (distance / (_SINC_TAPS / 2)) ** 2)))
        kernel = np.sinc(distance) * window
        kernels.append((kernel / kernel.sum())[::-1])
    return kernels


def _hop_energies(channel: NDArray[Any], rate: int) -> NDArray[np.float64]:
    """Return the mean square of each whole 0.1 s of a K-weighted channel."""
    hop = (rate + 5) // 10
    sums = [np.square(block).reshape(-1, hop).mean(axis=1) for block in _weighted(channel, rate, hop)]
    return np.concatenate([np.zeros(0), *sums])


def _weighted(channel: NDArray[Any], rate: int, hop: int) -> Iterator[NDArray[np.float64]]:
    """Yield a channel after K-weighting, in pieces of whole hops; what is left at the end is dropped.

    Overlap-save in the frequency domain: the response of the recursive filters is sampled on the FFT grid, which folds the
    part of their impulse response that is longer than the transform (below 1e-9) onto the start.
    """
    overlap = math.ceil(_RESPONSE_SECONDS * rate)
    size = 1 << (8 * overlap).bit_length()
    response = _k_weighting(size, rate)
    step = (size - overlap) // hop * hop
    usable = len(channel) // hop * hop
    block = np.zeros(overlap + step)
    for start in range(0, usable, step):
        piece = channel[start : min(start + step, usable)]
        block[:overlap] = block[-overlap:]
        block[overlap : overlap + len(piece)] = piece
        filtered = np.fft.irfft(np.fft.rfft(block, size) * response, size)
        yield filtered[overlap : overlap + len(piece)]


def _k_weighting(size: int, rate: int) -> NDArray[np.complex128]:
    """Return the frequency response of the two K-weighting filters at the points of a real FFT of `size`."""
    turn = np.exp(-2j * np.pi * np.arange(size // 2 + 1) / size)
    # First the head: a high shelf of 4 dB above 1.7 kHz.
    warped = math.tan(math.pi * 1681.974450955533 / rate)
    quality, gain = 0.7071752369554196, 10.0 ** (3.999843853973347 / 20.0)
    middle = gain**0.4996667741545416
    shelf_top = np.array(
        [gain + middle * warped / quality + warped**2, 2 * (warped**2 - gain), gain - middle * warped / quality + warped**2]
    )
    shelf_bottom = np.array([1 + warped / quality + warped**2, 2 * (warped**2 - 1), 1 - warped / quality + warped**2])
    # Then a high-pass at 38 Hz.
    warped = math.tan(math.pi * 38.13547087602444 / rate)
    quality = 0.5003270373238773
    pass_bottom = np.array([1 + warped / quality + warped**2, 2 * (warped**2 - 1), 1 - warped / quality + warped**2])
    # The standard's numerator is (1, -2, 1) over a denominator that starts with 1.
    pass_top = np.array([1.0, -2.0, 1.0]) * pass_bottom[0]

    def along(coefficients: NDArray[np.float64]) -> NDArray[np.complex128]:
        return np.asarray(coefficients[0] + turn * (coefficients[1] + turn * coefficients[2]))

    return np.asarray(along(shelf_top) * along(pass_top) / (along(shelf_bottom) * along(pass_bottom)))


def _power(lufs: float) -> float:
    return float(10.0 ** ((lufs - _OFFSET) / 10.0))


def _decibel(value: float) -> float:
    return 20.0 * math.log10(value) if value > 0.0 else -math.inf
