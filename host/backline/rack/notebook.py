"""How rendered audio shows itself in a notebook: a player and a picture of the waveform.

This module knows HTML, SVG and arrays. It does not know racks or files of other formats than the wav inside the player.
"""

from __future__ import annotations

import base64
import math
import struct

import numpy as np

LONGEST_SECONDS = 30.0
LOWEST_RATE, HIGHEST_RATE = 3000, 768_000
COLUMNS, HEIGHT = 600, 80
COLOUR = "#2b5cb8"


def audio_html(array: np.ndarray, rate: int) -> str:
    """Show audio, float32 (channels, frames), as an <audio> element and its waveform.

    The sound lies inside the page as 16-bit wav, so only the first 30 seconds of a longer one are in it, and more than two channels are
    mixed down to one; the page says so. Samples beyond full scale are clipped in the player and marked in the picture.
    """
    audio = np.nan_to_num(np.atleast_2d(np.asarray(array, np.float32)))
    channels, frames = audio.shape
    seconds = frames / rate
    peak = float(np.max(np.abs(audio), initial=0.0))
    level = f"{20.0 * math.log10(peak):.1f} dBFS" if peak > 0.0 else "silence"
    words = [
        f"{seconds:.2f} s",
        f"{rate} Hz",
        "mono" if channels == 1 else "stereo" if channels == 2 else f"{channels} channels",
        f"peak {level}",
    ]
    heard = audio[:, : int(LONGEST_SECONDS * rate)]
    if heard.shape[1] < frames:
        words.append(f"the player holds the first {LONGEST_SECONDS:.0f} s")
    if channels > 2:
        heard = heard.mean(axis=0, keepdims=True)
        words.append("the player holds a mono mix")
    player = ""
    if frames and LOWEST_RATE <= rate <= HIGHEST_RATE:
        data = base64.b64encode(wav_bytes(heard, rate)).decode("ascii")
        player = f'<audio controls preload="metadata" style="width:100%" src="data:audio/wav;base64,{data}"></audio>'
    return (
        f'<div style="max-width:{COLUMNS}px;font:12px sans-serif">{waveform_svg(audio)}{player}'
        f'<div style="opacity:0.75">{" · ".join(words)}</div></div>'
    )


def wav_bytes(audio: np.ndarray, rate: int) -> bytes:
    """A whole wav file, 16 bits, of audio (channels, frames)."""
    samples = np.clip(np.rint(audio.T * 32768.0), -32768, 32767).astype("<i2").tobytes()
    channels = len(audio)
    form = struct.pack("<HHIIHH", 1, channels, rate, rate * channels * 2, channels * 2, 16)
    body = b"WAVEfmt " + struct.pack("<I", len(form)) + form + b"data" + struct.pack("<I", len(samples)) + samples
    return b"RIFF" + struct.pack("<I", len(body)) + body


def waveform_svg(audio: np.ndarray) -> str:
    """The outline of audio (channels, frames), all channels over each other, as high as its peak.

    Audio that reaches beyond full scale is drawn at full scale, with a red edge over the columns that do.
    """
    frames = audio.shape[1]
    columns = min(COLUMNS, frames)
    middle = HEIGHT / 2.0
    head = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {COLUMNS} {HEIGHT}" width="100%" role="img" aria-label="waveform">'
    line = f'<path d="M0 {middle:g}H{COLUMNS}" stroke="{COLOUR}" stroke-opacity="0.4"/>'
    if not columns:
        return f"{head}{line}</svg>"
    starts = np.linspace(0, frames, columns, endpoint=False).astype(int)
    high = np.maximum.reduceat(audio.max(axis=0), starts)
    low = np.minimum.reduceat(audio.min(axis=0), starts)
    width = COLUMNS / columns
    peak = float(max(high.max(), -low.min()))
    reach = (middle - 1.0) / min(max(peak, 1e-9), 1.0)
    x = (np.arange(columns) + 0.5) * width
    top = middle - np.clip(high, -1.0, 1.0) * reach
    bottom = middle - np.clip(low, -1.0, 1.0) * reach
    bars = "".join(f"M{at:.1f} {up:.1f}V{down + 0.2:.1f}" for at, up, down in zip(x, top, bottom, strict=True))
    loud = "".join(f"M{at:.1f} 0V3" for at in x[np.maximum(high, -low) > 1.0])
    marks = f'<path d="{loud}" stroke="#d92d20" stroke-width="{max(width, 1.0):.2f}"/>' if loud else ""
    return f'{head}{line}<path d="{bars}" stroke="{COLOUR}" stroke-width="{width:.2f}"/>{marks}</svg>'
