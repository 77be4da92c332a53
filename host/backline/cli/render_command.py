"""Render a preset, played by a MIDI file, typed notes or audio, into a sound file.

This module knows the options and what is said about the result. It does not know how a preset sounds or how files are written
(`render_files`).
"""

from __future__ import annotations

import sys
import time
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import Failure, JsonOption, UsageError, print_json, remark
from .preset_source import PRESET_HELP, check_preset, open_preset, preset_stem
from .render_options import BLOCK_HELP, RATE_HELP, checked_block, checked_rate, checked_seconds, checked_tail, checked_tempo

if TYPE_CHECKING:
    from ..rack.rack import Rack
    from .render_files import Rendered

app = typer.Typer()

STANDARD_OUTPUT = "-"


class Bits(StrEnum):
    """How a sample is stored."""

    SIXTEEN = "16"
    TWENTY_FOUR = "24"
    FLOAT = "32f"


class WhenMissing(StrEnum):
    """What stands in for a plugin that is not on this machine."""

    ERROR = "error"
    BYPASS = "bypass"
    SILENCE = "silence"


@app.command()
def render(
    preset: Annotated[str, typer.Argument(metavar="PRESET", help=PRESET_HELP)],
    output: Annotated[
        str | None,
        typer.Option(
            "--output",
            "-o",
            metavar="FILE",
            help="File to write: .wav, .flac, .aiff, .ogg or .mp3; a folder; or - (default: PRESET.wav here).",
        ),
    ] = None,
    midi: Annotated[Path | None, typer.Option("--midi", metavar="FILE", help="Play this MIDI file.")] = None,
    notes: Annotated[str | None, typer.Option("--notes", metavar="TEXT", help='Play these notes: "C4:1 E4:1 [C4 E4 G4]:2".')] = None,
    input_file: Annotated[
        Path | None, typer.Option("--input", metavar="FILE", help="Send this audio file through. Also beside --midi or --notes.")
    ] = None,
    seconds: Annotated[
        str | None, typer.Option("--seconds", metavar="TIME", help="How long the result is, tail included: 10, 1:30, 250 ms.")
    ] = None,
    tail: Annotated[
        str, typer.Option("--tail", metavar="TIME|auto", help="How long to go on after the last note: a time, or auto: until it is quiet.")
    ] = "auto",
    rate: Annotated[str, typer.Option("--rate", "-r", metavar="HZ", help=RATE_HELP)] = "48000",
    block: Annotated[int | None, typer.Option("--block", "-b", metavar="FRAMES", help=BLOCK_HELP)] = None,
    bits: Annotated[
        Bits | None, typer.Option("--bits", metavar="16|24|32f", help="Sample format of wav, aiff and flac (default: 16, dithered).")
    ] = None,
    settings: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="NAME=VALUE", help='Set a parameter or a macro: keys.cutoff="2 kHz", brightness=70%. Repeatable.'),
    ] = None,
    missing: Annotated[
        WhenMissing,
        typer.Option(
            "--missing",
            metavar="error|bypass|silence",
            help="What to do for a plugin that is not here: stop, pass its input on, or be silent.",
        ),
    ] = WhenMissing.ERROR,
    tempo: Annotated[
        str | None, typer.Option("--tempo", metavar="BPM", help="Quarter notes a minute of --notes and --input (default: 120).")
    ] = None,
    json: JsonOption = False,
) -> None:
    """Render a preset to a file.

    The suffix of the file says its format. Further outputs of the preset (out:NAME) are written beside it as FILE-NAME. Nothing is
    written unless all of it is: a render that is stopped, or that fills the disk, leaves no file.
    """
    started = time.perf_counter()
    played = checked_material(midi, notes, input_file, seconds, tempo)
    length = {"seconds": checked_seconds(seconds), "tail": checked_tail(tail, seconds)}
    rate_hz, block_frames = checked_rate(rate), checked_block(block)
    changes = [parsed_setting(text) for text in settings or ()]
    target = target_path(output, preset, json=json)
    from .render_files import check_target, gather, render_files

    check_preset(preset)
    check_target(target, rate_hz, bits, input_file)
    material, warnings = gather(played, rate_hz)
    rack = make_rack(preset, rate_hz, block_frames, missing)
    try:
        apply_settings(rack, changes, checked_tempo(tempo))
        warnings += rack_warnings(rack, material)
        pieces = {**material, **length, "rate": rate_hz, "block": block_frames}
        results = render_files(rack, pieces, target, rate_hz, bits, warnings)
    finally:
        rack.close()
    report(preset, results, warnings, time.perf_counter() - started, json=json, quiet=output == STANDARD_OUTPUT)


def checked_material(
    midi: Path | None, notes: str | None, input_file: Path | None, seconds: str | None, tempo: str | None
) -> dict[str, Any]:
    """Return what is played. Raises UsageError when nothing is, or when two things exclude each other."""
    if midi is not None and notes is not None:
        raise UsageError("--midi and --notes both say what is played; give one of them")
    if midi is not None and tempo is not None:
        raise UsageError("--tempo is for --notes and --input; a MIDI file has its own tempo")
    if midi is None and notes is None and input_file is None and seconds is None:
        raise UsageError(
            "say what is played: --midi FILE, --notes TEXT or --input FILE (or --seconds alone, for a preset that sounds by itself)"
        )
    return {"midi": midi, "notes": notes, "audio": input_file}


def parsed_setting(text: str) -> tuple[str, str]:
    """Split `node.parameter=value`. Raises UsageError for anything else."""
    name, equals, value = text.partition("=")
    if not equals or not name.strip() or not value.strip():
        raise UsageError(f'--set {text}: write NAME=VALUE, such as keys.cutoff="2 kHz" or brightness=70%')
    return name.strip(), value.strip()


def target_path(output: str | None, preset: str, *, json: bool) -> Path | None:
    """The file to write; None for standard output. Raises UsageError when that is a terminal, or is wanted for JSON."""
    if output == STANDARD_OUTPUT:
        if json:
            raise UsageError("-o - sends the sound to standard output, where --json would be written too")
        if sys.stdout.isatty():
            raise UsageError("-o - sends the sound to standard output, which is a terminal; send it on to a program or a file")
        return None
    if output is None:
        return Path(f"{preset_stem(preset)}.wav")
    if output.endswith(("/", "\\")) or Path(output).is_dir():
        return Path(output) / f"{preset_stem(preset)}.wav"
    return Path(output)


def make_rack(preset: str, rate: int, block: int | None, missing: WhenMissing) -> Rack:
    """Load the preset for this rate and block. Raises DocumentError, Failure or OSError."""
    from ..catalog import Catalog
    from ..rack.rack import OFFLINE_BLOCK, Rack

    document = open_preset(preset)
    return Rack(document, rate=rate, block=block or OFFLINE_BLOCK, missing=missing.value, catalog=Catalog(tell=remark))


def apply_settings(rack: Rack, changes: list[tuple[str, str]], tempo: float | None) -> None:
    """Turn what `--set` and `--tempo` name. Raises Failure that says what was wrong with which."""
    if tempo is not None:
        rack.set_tempo(tempo)
    for name, value in changes:
        try:
            rack.set(name, value)
        except ValueError as error:
            raise Failure(f"--set {name}={value}: {error}") from None


def rack_warnings(rack: Rack, material: dict[str, Any]) -> list[str]:
    """What is odd about this preset, and about playing it with this."""
    warnings = [f"{problem.place}: {problem.message}" for problem in rack.warnings]
    graph = rack.engine.graph
    if (material["midi"] or material["notes"]) and not any(edge.source is graph.events_in for edge in graph.events):
        warnings.append("nothing in this preset listens to midi, so the notes are not heard")
    if material["audio"] is not None:
        if not any(edge.source is graph.audio_in for edge in graph.audio):
            warnings.append("nothing in this preset is connected to in, so the input is not heard")
        channels = len(graph.audio_in.output_buffers[0])
        if len(material["audio"]) > channels:
            warnings.append(f"the input has {len(material['audio'])} channels; the first {channels} are used")
    return warnings


def report(preset: str, results: list[Rendered], warnings: list[str], taken: float, *, json: bool, quiet: bool) -> None:
    """Say what was written."""
    if json:
        first, *others = [result.as_dict() for result in results]
        print_json({"preset": preset, **first, "time_seconds": round(taken, 4), "outputs": others, "warnings": warnings})
        return
    say = remark if quiet else print
    for result in results:
        say(result.line())
    say(f"rendered in {taken:.2f} s")
    for warning in warnings:
        remark(f"warning: {warning}")
