"""Compress with a VST3 where it is installed, and with a built-in effect where it is not: `python examples/use_vst3.py [OUT]`."""

from __future__ import annotations

import sys

import backline
from backline.formats.audio_file import write_audio
from backline.formats.errors import DocumentError

PRESET = """\
preset: 1
name: Compressed keys
nodes:
  keys: {plugin: polysynth, level: -6 dB}
  comp: COMPRESSOR
wires:
  - midi -> keys -> comp -> out
"""
VST3 = '{plugin: "vst3:ZamCompX2", params: {Threshold: -24 dB, Ratio: 4}}'
BUILT_IN = '{plugin: pedalboard.Compressor, threshold_db: -24 dB, ratio: "4:1"}'


def load() -> backline.Rack:
    """Load the first of the two that this machine has; on Debian, `apt install zam-plugins` brings the VST3."""
    try:
        return backline.loads(PRESET.replace("COMPRESSOR", VST3))
    except DocumentError as error:
        print(f"without the VST3: {error.problems[0].message}")
        return backline.loads(PRESET.replace("COMPRESSOR", BUILT_IN))


def main(target: str = "compressed.wav") -> None:
    """Render a loud chord through it."""
    rack = load()
    audio = rack.render(notes="[C3 E3 G3 C4 E4]@120:2")
    write_audio(target, audio, audio.rate)
    comp = rack["comp"]
    print(f"{rack.preset.nodes['comp'].plugin}: {len(comp.parameters)} parameters, {rack.latency} frames late -> {target}")


if __name__ == "__main__":
    main(*sys.argv[1:])
