"""Change parameters and macros of a loaded preset, and compare the results: `python examples/change_parameters.py`."""

from __future__ import annotations

import backline
from backline.formats.loudness import measure

NOTES = "A2:1 A2:1/2 C3:1/2 E3:1"


def main() -> None:
    """Render the same notes with one thing changed at a time."""
    rack = backline.load("bass/acid")
    print(f"{rack.name} has {', '.join(rack.nodes)} and the macros {', '.join(rack.macros)}")

    for cutoff in ("200 Hz", "400 Hz", "800 Hz"):
        rack["bass"].cutoff = cutoff
        print(f"cutoff {cutoff:>6}: {measure(rack.render(notes=NOTES), 48000).lufs:6.1f} LUFS")

    for drive in (0.0, 0.5, 1.0):
        rack.macros["drive"] = drive
        print(f"drive  {drive:>6.0%}: {measure(rack.render(notes=NOTES), 48000).lufs:6.1f} LUFS")

    rack["drive"].bypass = True
    print(f"without drive: {measure(rack.render(notes=NOTES), 48000).lufs:6.1f} LUFS")


if __name__ == "__main__":
    main()
