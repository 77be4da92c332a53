"""Render three factory presets and print a table of what came out: `python examples/demo.py [FOLDER]`."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from pathlib import Path

import backline
from backline.formats.audio_file import write_audio
from backline.formats.loudness import measure

RATE = 48000


@dataclass(frozen=True)
class Example:
    """A factory preset, the notes that show it, and their tempo."""

    preset: str
    notes: str
    tempo: float

    @property
    def file(self) -> str:
        """What its render is called."""
        return self.preset.replace("/", "-") + ".wav"


EXAMPLES = (
    Example("keys/warm", "[C4 E4 G4]:2 [A3 C4 E4]:2 [F3 A3 C4]:2 [G3 B3 D4]:2 [C4 E4 G4 C5]:4", 96),
    Example(
        "drums/dusty",
        "[C2 F#2]:1/2 F#2@60:1/2 [D2 F#2]:1/2 F#2@60:1/2 [C2 F#2]:1/2 [C2 F#2@60]:1/2 [D2 F#2]:1/2 A#2:1/2 "
        "[C2 F#2]:1/2 F#2@60:1/2 [D2 F#2]:1/2 F#2@60:1/4 C2:1/4 [C2 F#2]:1/4 F#2@50:1/4 C2@90:1/2 [D2 F#2]:1/2 [D2@70 A#2]:1/2",
        92,
    ),
    Example("plucks/arpeggio", "[A3 C4 E4]:4 [F3 A3 C4]:4 [C4 E4 G4]:4 [G3 B3 D4]:4", 112),
)
COLUMNS = ("file", "seconds", "peak dBFS", "LUFS", "time taken")


def render(example: Example, folder: Path) -> tuple[str, ...]:
    """Render one example into `folder`; return its row of the table."""
    started = time.perf_counter()
    rack = backline.load(example.preset)
    rack.set_tempo(example.tempo)
    audio = rack.render(notes=example.notes, rate=RATE)
    rack.close()
    target = folder / example.file
    write_audio(target, audio, RATE)
    taken = time.perf_counter() - started
    loudness = measure(audio, RATE)
    return (
        str(target),
        f"{audio.shape[1] / RATE:.2f}",
        f"{loudness.sample_peak_db:.1f}",
        f"{loudness.lufs:.1f}",
        f"{taken:.2f} s",
    )


def main(folder: str = "out") -> None:
    """Render every example and print the table, one line as soon as each is done."""
    where = Path(folder)
    where.mkdir(parents=True, exist_ok=True)
    widths = (max(len(str(where / example.file)) for example in EXAMPLES), *(max(len(column), 6) for column in COLUMNS[1:]))
    print_row(COLUMNS, widths)
    print("  ".join("─" * width for width in widths))
    for example in EXAMPLES:
        print_row(render(example, where), widths)


def print_row(cells: tuple[str, ...], widths: tuple[int, ...]) -> None:
    """Print one line: the file to the left, numbers to the right."""
    first, *numbers = (
        cell.ljust(width) if not index else cell.rjust(width) for index, (cell, width) in enumerate(zip(cells, widths, strict=True))
    )
    print("  ".join([first, *numbers]), flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
