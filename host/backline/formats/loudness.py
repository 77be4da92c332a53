"""Loudness and peaks of finished audio.

This module knows ITU-R BS.1770-4: K-weighting, gated integrated loudness, sample peak and true peak. It does not know files
or delivery targets.

Sources: ITU-R BS.1770-4 (2015); filter coefficients at other rates than 48 kHz after B. De Man, "Evaluation of
implementations of the EBU R128 loudness measurement", AES 145 (2018), whose analogue prototypes give the standard's own
numbers at 48 kHz.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from backline.sdk.kernels import kernel_address
from backline.sdk.kernels.loader import runner

__all__ = ["Loudness", "LoudnessMeter", "integrated_loudness", "measure", "sample_peak_db", "true_peak_db"]

ABSOLUTE_GATE = -70.0
RELATIVE_GATE = -10.0
_OFFSET = -0.691
_HOPS_A_BLOCK = 4
_SURROUND_GAINS = {5: (1.0, 1.0, 1.0, 1.41, 1.41), 6: (1.0, 1.0, 1.0, 0.0, 1.41, 1.41)}
_SINC_TAPS = 48
_PEAK_BLOCK = 65_536
_CARRIED = 5
# Both filters in transposed direct form II, and the sum of squares of each whole hop; what is begun is carried on.
_WEIGHTING = """
def kernel(context, start, end):
    # 0 stride, 1 audio float32[channels, stride], 2 channels, 3 coefficients, 4 carried float64[channels, 5],
    # 5 sums float64[channels, hops], 6 hops that end in this piece, 7 frames in a hop, 8 frames of the hop that is begun
    stride = context[0]
    hops = context[6]
    hop = context[7]
    k = f64_at(context[3], 7)
    for channel in range(context[2]):
        audio = f32_at(context[1] + 4 * channel * stride, stride)
        carried = f64_at(context[4] + 40 * channel, 5)
        sums = f64_at(context[5] + 8 * channel * hops, hops)
        s1 = carried[0]
        s2 = carried[1]
        p1 = carried[2]
        p2 = carried[3]
        total = carried[4]
        filled = context[8]
        done = 0
        for i in range(start, end):
            x = 1.0 * audio[i]
            y = k[0] * x + s1
            s1 = k[1] * x - k[3] * y + s2
            s2 = k[2] * x - k[4] * y
            z = y + p1
            p1 = -2.0 * y - k[5] * z + p2
            p2 = y - k[6] * z
            total += z * z
            filled += 1
            if filled == hop:
                sums[done] = total
                done += 1
                filled = 0
                total = 0.0
        carried[0] = s1
        carried[1] = s2
        carried[2] = p1
        carried[3] = p2
        carried[4] = total
"""


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
    """Measures audio that comes in pieces. It keeps ten numbers a second, so pieces of any length can be measured."""

    def __init__(self, rate: int, channels: int) -> None:
        self._gains = np.array(_SURROUND_GAINS.get(channels, (1.0,) * channels))
        self._hop = (rate + 5) // 10
        self._coefficients = np.array(_k_weighting(rate))
        self._state = np.zeros((channels, _CARRIED))
        self._filled = 0
        self._energies: list[NDArray[np.float64]] = []
        self._peak = 0.0
        self._kernel = kernel_address(f"k-weighting {hashlib.sha256(_WEIGHTING.encode()).hexdigest()}", None, lambda: _WEIGHTING)
        self._run = runner()

    def feed(self, audio: NDArray[Any]) -> None:
        """Take the next piece, of shape (channels, frames), full scale at 1.0."""
        if not audio.size:
            return
        self._peak = max(self._peak, float(audio.max()), -float(audio.min()))
        straight = audio.dtype == np.float32 and audio.strides[1] == 4 and audio.strides[0] > 0
        plain = audio if straight else np.ascontiguousarray(audio, np.float32)
        frames = plain.shape[1]
        ended = (self._filled + frames) // self._hop
        sums = np.zeros((len(plain), max(ended, 1)))
        arrays = (self._coefficients, self._state, sums)
        addresses = (array.ctypes.data for array in arrays)
        values = (plain.strides[0] // 4, plain.ctypes.data, len(plain), *addresses, ended, self._hop, self._filled)
        context = np.array(values, np.int64)
        table = np.array([self._kernel, context.ctypes.data], np.int64)
        self._run(table.ctypes.data, 1, 0, frames)
        self._filled = (self._filled + frames) % self._hop
        self._energies.append(self._gains @ sums[:, :ended] / self._hop)

    @property
    def lufs(self) -> float:
        """The gated loudness so far in LUFS; -inf below 0.4 s, or when every 0.4 s lies under -70 LUFS.

        Five channels are L R C Ls Rs, six are L R C LFE Ls Rs, any others count alike.
        """
        hops = np.concatenate([np.zeros(0), *self._energies])
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


def _k_weighting(rate: int) -> tuple[float, ...]:
    """Return the coefficients of the two K-weighting filters: b0 b1 b2 a1 a2 of the shelf, a1 a2 of the high-pass (b: 1 -2 1)."""
    # First the head: a high shelf of 4 dB above 1.7 kHz.
    warped = math.tan(math.pi * 1681.974450955533 / rate)
    quality, gain = 0.7071752369554196, 10.0 ** (3.999843853973347 / 20.0)
    middle = gain**0.4996667741545416
    lowest = 1 + warped / quality + warped**2
    top = (gain + middle * warped / quality + warped**2, 2 * (warped**2 - gain), gain - middle * warped / quality + warped**2)
    bottom = (2 * (warped**2 - 1), 1 - warped / quality + warped**2)
    shelf = tuple(value / lowest for value in (*top, *bottom))
    # Then a high-pass at 38 Hz; the standard's numerator is 1 -2 1 over a denominator that starts with 1.
    warped = math.tan(math.pi * 38.13547087602444 / rate)
    quality = 0.5003270373238773
    lowest = 1 + warped / quality + warped**2
    return (*shelf, 2 * (warped**2 - 1) / lowest, (1 - warped / quality + warped**2) / lowest)


def _power(lufs: float) -> float:
    return float(10.0 ** ((lufs - _OFFSET) / 10.0))


def _decibel(value: float) -> float:
    return 20.0 * math.log10(value) if value > 0.0 else -math.inf
