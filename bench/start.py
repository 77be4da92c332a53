"""Starting up: imports, first block, whole processes, and how quickly a bad file is refused."""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import mido
from pairs import command_seconds, figure, python

IMPORT = "import backline"
FIRST_BLOCK = """
import sys, time
import backline
rack = backline.loads("preset: 1\\nnodes:\\n  keys: {plugin: polysynth}\\nwires:\\n  - midi -> keys -> out\\n", block=128)
rack.process(128)
assert "numba" not in sys.modules and "pedalboard" not in sys.modules
"""
DAWDREAMER = """
import sys
import dawdreamer
engine = dawdreamer.RenderEngine(48000, 512)
synth = engine.make_faust_processor("synth")
synth.num_voices = 16
synth.set_dsp_string('import("stdfaust.lib"); freq = hslider("freq", 200, 20, 20000, 0.01); gain = hslider("gain", 0.5, 0, 1, 0.01); '
  'gate = button("gate"); env = en.adsr(0.01, 0.2, 0.7, 0.3, gate); '
  'process = (os.sawtooth(freq) + os.sawtooth(freq * 1.003)) : fi.resonlp(800 + 2000 * env, 1, 1) * env * gain * 0.2 <: _, _;')
synth.load_midi(sys.argv[1], clear_previous=True, beats=False, all_events=True)
engine.load_graph([(synth, [])])
engine.render(62.0)
import soundfile
soundfile.write(sys.argv[2], engine.get_audio().T, 48000)
"""


BAD_FILE = """
import time
from backline.formats.preset_file import load_preset
start = time.perf_counter()
try:
    load_preset({path!r})
except ValueError:
    print(time.perf_counter() - start)
"""


def sixteen_voices(path: Path) -> None:
    """A 60 s MIDI file with up to 16 notes at once, 960 in all."""
    file = mido.MidiFile(ticks_per_beat=480)
    track = mido.MidiTrack()
    file.tracks.append(track)
    changes: list[tuple[int, mido.Message]] = []
    for number in range(960):
        start = number * 60
        key = 40 + (number * 7) % 40
        changes.append((start, mido.Message("note_on", note=key, velocity=60 + number % 60)))
        changes.append((start + 900, mido.Message("note_off", note=key)))
    changes.sort(key=lambda item: item[0])
    now = 0
    for tick, message in changes:
        track.append(message.copy(time=tick - now))
        now = tick
    file.save(path)


def main() -> Iterator[str]:
    """Yield one line for each figure."""
    empty = [command_seconds(*python("-c", "pass")) for _ in range(7)]
    yield figure("python itself", statistics.median(empty), "s")
    yield figure("import backline (whole process)", _median(IMPORT), "s", "under 0.3")
    yield figure("polysynth: process start to first block, warm cache", _median(FIRST_BLOCK), "s", "under 0.3")
    with tempfile.TemporaryDirectory() as name:
        yield from _midi_render(Path(name))
        yield _bad_file(Path(name))


def _median(script: str, runs: int = 7) -> float:
    command_seconds(*python("-c", script))
    return statistics.median(command_seconds(*python("-c", script)) for _ in range(runs))


def _midi_render(folder: Path) -> Iterator[str]:
    midi, preset = folder / "song.mid", folder / "synth.yaml"
    sixteen_voices(midi)
    preset.write_text("preset: 1\nnodes:\n  keys: {plugin: polysynth, voices: 16}\nwires:\n  - midi -> keys -> out\n")
    ours = python("-m", "backline", "render", str(preset), "--midi", str(midi), "-o", str(folder / "ours.wav"))
    theirs = python("-c", DAWDREAMER, str(midi), str(folder / "theirs.wav"))
    command_seconds(*ours), command_seconds(*theirs)
    pairs = [(command_seconds(*ours), command_seconds(*theirs)) for _ in range(5)]
    yield figure("60 s of 16-voice MIDI, whole process, warm", statistics.median(a for a, _ in pairs), "s", "under 1")
    yield figure("  DawDreamer Faust takes, over ours", statistics.median(b / a for a, b in pairs), "x", "2 in a later step")


def _bad_file(folder: Path) -> str:
    bad = folder / "bad.yaml"
    bad.write_text("preset: 1\nnodes: " + "[" * (1024 * 1024 - 40))
    script = BAD_FILE.format(path=str(bad))
    taken = [float(subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout) for _ in range(5)]
    return figure("a bad file of 1 MB is refused", statistics.median(taken) * 1e3, "ms", "under 100")


if __name__ == "__main__":
    for line in main():
        print(line)
