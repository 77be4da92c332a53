"""Make the small samples in presets/samples: drums, an organ loop and a plucked string, all computed, the same bytes every time.

    python tools/make_samples.py [FOLDER]

This tool knows sound synthesis with numpy and the wav format. Nothing in Backline depends on it; the samples themselves are shipped.

The loop points of `organ.wav` are in its `smpl` chunk and printed at the end: `loop: [24000, 48000]`, half a second of whole periods
of every partial.
"""

from __future__ import annotations

import struct
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

RATE = 48000
ORGAN_LOOP = (24000, 48000)
ORGAN_KEY = 57  # A3, 220 Hz
PLUCK_KEYS = {"a2": 45, "a3": 57, "a4": 69}
Sound = np.ndarray


def _time(seconds: float) -> Sound:
    return np.arange(round(seconds * RATE)) / RATE


def _noise(seconds: float, seed: int) -> Sound:
    return np.random.default_rng(seed).uniform(-1.0, 1.0, round(seconds * RATE))


def _band(sound: Sound, low: float, high: float) -> Sound:
    """Keep what lies between two frequencies, with edges an octave wide, and no phase shift."""
    spectrum = np.fft.rfft(sound, 2 * len(sound))
    hertz = np.maximum(np.fft.rfftfreq(2 * len(sound), 1 / RATE), 1e-3)
    shape = 1.0 / np.sqrt((1.0 + (low / hertz) ** 4) * (1.0 + (hertz / high) ** 8))
    kept: Sound = np.fft.irfft(spectrum * shape)[: len(sound)]
    return kept


def _sweep(start: float, end: float, fall: float, seconds: float) -> Sound:
    """A sine whose frequency falls exponentially from start to end."""
    t = _time(seconds)
    turns = end * t + (start - end) * fall * (1.0 - np.exp(-t / fall))
    swept: Sound = np.sin(2.0 * np.pi * turns)
    return swept


def _decay(seconds: float, length: float) -> Sound:
    """An exponential fade to -60 dB in `seconds`."""
    faded: Sound = np.exp(-6.9078 * _time(length) / seconds)
    return faded


def kick() -> Sound:
    """A sine that falls from 190 to 48 Hz, and a click."""
    body = _sweep(190.0, 48.0, 0.035, 0.5) * _decay(0.5, 0.5)
    click = _band(_noise(0.5, 1), 1500.0, 6000.0) * _decay(0.02, 0.5)
    return np.asarray(np.tanh(1.6 * body) + 0.35 * click)


def snare(hardness: float = 1.0) -> Sound:
    """Two skins at 185 and 330 Hz and the wires below them; a harder stroke has brighter wires."""
    t = _time(0.3)
    skins = np.sin(2 * np.pi * 185.0 * t) * _decay(0.16, 0.3) + 0.6 * np.sin(2 * np.pi * 331.0 * t) * _decay(0.1, 0.3)
    wires = _band(_noise(0.3, 2), 1200.0, 4000.0 + 6000.0 * hardness) * _decay(0.25, 0.3)
    return np.asarray(0.6 * skins + (0.7 + 0.9 * hardness) * wires)


def _metal(seconds: float, fall: float, seed: int) -> Sound:
    """Six square waves that share no harmonic, and noise, high-passed."""
    t = _time(seconds)
    clang = sum(np.sign(np.sin(2 * np.pi * hertz * t)) for hertz in (317.1, 465.3, 563.7, 809.9, 1217.3, 1733.1))
    return np.asarray(_band(clang / 6.0 + 0.7 * _noise(seconds, seed), 7000.0, 15000.0) * _decay(fall, seconds))


def closed_hat() -> Sound:
    """Metal, 80 ms."""
    return _metal(0.12, 0.09, 3)


def open_hat() -> Sound:
    """The same metal, left to ring."""
    return _metal(0.6, 0.65, 3)


def clap() -> Sound:
    """Four bursts of noise within 30 ms, and the room."""
    t = _time(0.3)
    shape = sum(np.where(t >= at, np.exp(-(t - at) / 0.004), 0.0) for at in (0.0, 0.010, 0.019))
    shape = shape + np.where(t >= 0.028, np.exp(-(t - 0.028) / 0.045), 0.0)
    return np.asarray(_band(_noise(0.3, 4), 900.0, 3500.0) * shape)


def tom() -> Sound:
    """A skin that falls from 170 to 110 Hz."""
    return np.asarray(_sweep(170.0, 110.0, 0.06, 0.5) * _decay(0.5, 0.5) + 0.15 * _band(_noise(0.5, 5), 500.0, 3000.0) * _decay(0.05, 0.5))


def rim() -> Sound:
    """Wood on metal: three short tones."""
    t = _time(0.08)
    tones = sum(gain * np.sin(2 * np.pi * hertz * t) for hertz, gain in ((1710.0, 1.0), (2315.0, 0.6), (455.0, 0.7)))
    return np.asarray(tones * _decay(0.06, 0.08) + 0.3 * _band(_noise(0.08, 6), 3000.0, 9000.0) * _decay(0.02, 0.08))


def shaker() -> Sound:
    """Seeds: noise that swells and goes."""
    t = _time(0.18)
    return np.asarray(_band(_noise(0.18, 7), 5000.0, 12000.0) * np.sin(np.pi * np.minimum(t / 0.18, 1.0)) ** 2)


def organ() -> Sound:
    """Six drawbars at 220 Hz; from 24000 to 48000 it repeats exactly, so the loop cannot be heard. The start has a soft key click."""
    t = _time(1.01)
    bars = {0.5: 0.5, 1.0: 1.0, 1.5: 0.35, 2.0: 0.6, 3.0: 0.3, 4.0: 0.25, 6.0: 0.1}
    tone = sum(gain * np.sin(2 * np.pi * 220.0 * ratio * t + 1.3 * index) for index, (ratio, gain) in enumerate(bars.items()))
    click = _band(_noise(1.01, 8), 800.0, 5000.0) * np.exp(-t / 0.006)
    return np.asarray(tone * (1.0 - np.exp(-t / 0.004)) + 0.5 * click)


def pluck(key: int) -> Sound:
    """A string plucked near its end: each partial dies faster than the one below it."""
    hertz = 440.0 * 2.0 ** ((key - 69) / 12.0)
    seconds = 1.1
    t = _time(seconds)
    tone = np.zeros(len(t))
    for partial in range(1, int(min(40, 16000.0 / hertz)) + 1):
        own = hertz * partial * np.sqrt(1.0 + 0.00012 * partial * partial)
        tone += (
            np.sin(np.pi * partial * 0.14)
            / partial**1.2
            * np.sin(2 * np.pi * own * t)
            * np.exp(-t * (2.2 + 0.5 * partial) * (hertz / 220.0) ** 0.5)
        )
    return tone


def _finished(sound: Sound, peak: float, fade: float = 0.005) -> Sound:
    """At a peak level, faded at the end so that it stops at zero."""
    done = sound * (peak / np.max(np.abs(sound)))
    frames = round(fade * RATE)
    if frames:
        done[-frames:] *= np.linspace(1.0, 0.0, frames)
    return np.asarray(done)


def _write(path: Path, sound: Sound, root: int = 60, loop: tuple[int, int] | None = None) -> None:
    """A mono wav of 16 bits; with a `smpl` chunk where there is a root key or a loop to tell."""
    data = np.round(np.clip(sound, -1.0, 1.0) * 32767.0).astype("<i2").tobytes()
    chunks = b"fmt " + struct.pack("<IHHIIHH", 16, 1, 1, RATE, RATE * 2, 2, 16)
    chunks += b"data" + struct.pack("<I", len(data)) + data
    if loop is not None or root != 60:
        loops = struct.pack("<6I", 0, 0, loop[0], loop[1] - 1, 0, 0) if loop is not None else b""
        body = struct.pack("<9I", 0, 0, round(1e9 / RATE), root, 0, 0, 0, len(loops) // 24, 0) + loops
        chunks += b"smpl" + struct.pack("<I", len(body)) + body
    path.write_bytes(b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks)


DRUMS: dict[str, tuple[Callable[[], Sound], float]] = {
    "kick": (kick, 0.95),
    "snare": (snare, 0.9),
    "snare_soft": (lambda: snare(0.2), 0.45),
    "closed_hat": (closed_hat, 0.6),
    "open_hat": (open_hat, 0.6),
    "clap": (clap, 0.8),
    "tom": (tom, 0.85),
    "rim": (rim, 0.7),
    "shaker": (shaker, 0.5),
}


def main(folder: Path) -> None:
    """Write every sample."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, (make, peak) in DRUMS.items():
        _write(folder / f"{name}.wav", _finished(make(), peak))
    _write(folder / "organ.wav", _finished(organ(), 0.7, 0.0), ORGAN_KEY, ORGAN_LOOP)
    for name, key in PLUCK_KEYS.items():
        _write(folder / f"pluck_{name}.wav", _finished(pluck(key), 0.8, 0.02), key)
    total = 0
    for path in sorted(folder.glob("*.wav")):
        total += path.stat().st_size
        print(f"{path.name:<20} {path.stat().st_size:>8} bytes")
    print(f"{total} bytes; organ.wav (A3) loops from {ORGAN_LOOP[0]} to {ORGAN_LOOP[1]}")


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).parent.parent / "presets" / "samples")
