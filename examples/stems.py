"""Write every output of a drum kit to a file of its own: `python examples/stems.py [FOLDER]`."""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np

import backline
from backline.formats.audio_file import write_audio
from backline.formats.loudness import sample_peak_db

HERE = Path(__file__).parent
RATE = 48000
BEAT = "C2:1/2 F#2:1/2 D2:1/2 F#2:1/2 [C2 F#2]:1/2 C2:1/2 [D2 F#2]:1/2 A#2:1/2"


def main(folder: str = "stems") -> None:
    """Render once; the main output and each `out:NAME` of the preset come together."""
    rack = backline.load(HERE / "kit-with-stems.yaml")
    names = rack.outputs
    blocks = [block.copy() for block in rack.render_blocks(notes=BEAT, rate=RATE, outputs=names)]
    whole = np.concatenate(blocks, axis=1)
    Path(folder).mkdir(parents=True, exist_ok=True)
    for index, name in enumerate(["main", *names]):
        stem = whole[2 * index : 2 * index + 2]
        write_audio(Path(folder) / f"{name}.wav", stem, RATE)
        print(f"{name:<8} peak {sample_peak_db(stem):6.1f} dBFS")


if __name__ == "__main__":
    main(*sys.argv[1:])
