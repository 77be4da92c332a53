"""Render three shipped examples and print a table of what came out: `python examples/demo.py [FOLDER]`."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import backline
from backline.formats.audio_file import write_audio
from backline.formats.loudness import integrated_loudness, sample_peak_db

HERE = Path(__file__).parent
RATE = 48000


@dataclass(frozen=True)
class Example:
    """A preset beside this script and the notes that show it."""

    preset: str
    notes: str


EXAMPLES = (
    Example("warm-keys.yaml", "[C4 E4 G4]:2 [A3 C4 E4]:2 [F3 A3 C4]:2 [G3 B3 D4]:2 [C4 E4 G4 C5]:4"),
    Example(
        "dusty-kit.yaml",
        "C2:1/2 F#2:1/2 D2:1/2 F#2:1/2 C2:1/2 C2:1/2 D2:1/2 A#2:1/2 C2:1/2 F#2:1/2 D2:1/2 F#2:1/2 C2:1/4 C2:1/4 F#2:1/2 D2:1/2 A#2:1/2",
    ),
    Example("arpeggio-echo.yaml", "[A3 C4 E4 G4]:4 [F3 A3 C4 E4]:4 [D3 F3 A3 C4]:4"),
)


def main(folder: Path) -> None:
    """Render every example into `folder`, one line each."""
    folder.mkdir(parents=True, exist_ok=True)
    print(f"{'file':<30} {'seconds':>8} {'peak dBFS':>10} {'LUFS':>7} {'time taken':>11}")
    for example in EXAMPLES:
        started = time.perf_counter()
        audio = backline.load(HERE / example.preset).render(notes=example.notes, rate=RATE)
        target = (folder / example.preset).with_suffix(".wav")
        write_audio(target, audio, RATE)
        taken = time.perf_counter() - started
        loudness = integrated_loudness(audio, RATE)
        print(f"{target!s:<30} {audio.shape[1] / RATE:8.2f} {sample_peak_db(audio):10.1f} {loudness:7.1f} {taken:9.2f} s")


if __name__ == "__main__":
    main(Path(sys.argv[1] if len(sys.argv) > 1 else "out"))
