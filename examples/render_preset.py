"""Render a preset to a file: `python examples/render_preset.py [PRESET] [FILE.mid or NOTES] [OUT]`."""

from __future__ import annotations

import sys

import backline
from backline.formats.audio_file import write_audio
from backline.formats.loudness import measure


def main(preset: str = "keys/warm", played: str = "[C4 E4 G4]:2 [A3 C4 E4]:2", target: str = "render.wav") -> None:
    """Load, render, write, and say what came out."""
    rack = backline.load(preset)
    if played.endswith((".mid", ".midi")):
        audio = rack.render(midi=played)
    else:
        audio = rack.render(notes=played)
    write_audio(target, audio, audio.rate, bits=24)
    loudness = measure(audio, audio.rate)
    print(f"{rack.name}: {audio.shape[1] / audio.rate:.2f} s, {loudness.lufs:.1f} LUFS, peak {loudness.true_peak_db:.1f} dBTP -> {target}")


if __name__ == "__main__":
    main(*sys.argv[1:])
