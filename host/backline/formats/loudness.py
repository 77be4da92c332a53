"""Loudness and peaks of finished audio.

This module knows ITU-R BS.1770-4: K-weighting, gated integrated loudness, sample peak and true peak. It does not know files
or delivery targets. NumPy is all it needs.

Sources: ITU-R BS.1770-4 (2015); filter coefficients at other rates than 48 kHz after B. De Man, "Evaluation of
implementations of the EBU R128 loudness measurement", AES 145 (2018), whose analogue prototypes give the standard's own
numbers at 48 kHz.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

__all__ = ["Loudness", "LoudnessMeter", "integrated_loudness", "measure", "sample_peak_db", "true_peak_db"]

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
    """Return the gated loudness in LUFS of audio of shape (channels, frames) at `rate` Hz; see `LoudnessMeter.lufs`."""
    audio = np.atleast_2d(audio)
    meter = LoudnessMeter(rate, audio.shape[0])
    meter.feed(audio)
    return meter.lufs


class LoudnessMeter:
    """Measures audio that comes in pieces. It keeps ten numbers a second and channel, so pieces of any length can be measured.

    K-weighting is done by overlap-save in the frequency domain: the response of the recursive filters is sampled on the FFT grid,
    which folds the part of their impulse response that is longer than the transform (below 1e-9) onto the start.
    """

    def __init__(self, rate: int, channels: int) -> None:
        self._gains = np.array(_SURROUND_GAINS.get(channels, (1.0,) * channels))
        self._hop = (rate + 5) // 10
        self._overlap = math.ceil(_RESPONSE_SECONDS * rate)
        self._size = 1 << (8 * self._overlap).bit_length()
        self._step = (self._size - self._overlap) // self._hop * self._hop
        self._response = _k_weighting(self._size, rate)
        self._block = np.zeros((channels, self._overlap + self._step))
        self._filled = 0
        self._energies: list[NDArray[np.float64]] = []
        self._peak = 0.0

    def feed(self, audio: NDArray[Any]) -> None:
        """Take the next piece, of shape (channels, frames), full scale at 1.0."""
        if not audio.size:
            return
        self._peak = max(self._peak, float(audio.max()), -float(audio.min()))
        done = 0
        while done < audio.shape[1]:
            count = min(self._step - self._filled, audio.shape[1] - done)
            start = self._overlap + self._filled
            self._block[:, start : start + count] = audio[:, done : done + count]
            self._filled += count
            done += count
            if self._filled == self._step:
                self._energies.append(self._hop_energies())
                self._block[:, : self._overlap] = self._block[:, -self._overlap :]
                self._filled = 0

    @property
    def lufs(self) -> float:
        """The gated loudness so far in LUFS; -inf below 0.4 s, or when every 0.4 s lies under -70 LUFS.

        Five channels are L R C Ls Rs, six are L R C LFE Ls Rs, any others count alike.
        """
        hops = np.concatenate([*self._energies, self._hop_energies()])
        if len(hops) < _HOPS_A_BLOCK:
            return -math.inf
        blocks = np.convolve(hops, np.full(_HOPS_A_BLOCK, 1.0 / _HOPS_A_BLOCK), "valid")
        blocks = blocks[blocks > _power(ABSOLUTE_GATE)]
        if not len(blocks):
            return -math.inf
        blocks = blocks[blocks > blocks.mean() * 10.0 ** (RELATIVE_GATE / 10.0)]
        return float(_OFFSET + 10.0 * np.log10(blocks.mean()))

    @property
    def sample_peak_db(self) -> float:
        """The largest sample so far in dB of full scale."""
        return _decibel(self._peak)

    def _hop_energies(self) -> NDArray[np.float64]:
        """Return the weighted mean square of each whole 0.1 s that stands in the block, all channels together."""
        whole = self._filled // self._hop * self._hop
        if not whole:
            return np.zeros(0)
        end = self._overlap + whole
        spectrum = np.fft.rfft(self._block[:, :end], self._size)
        spectrum *= self._response
        filtered = np.fft.irfft(spectrum, self._size)[:, self._overlap : end]
        np.square(filtered, out=filtered)
        energies = filtered.reshape(len(filtered), -1, self._hop).mean(axis=2)
        return np.asarray(self._gains @ energies)


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
