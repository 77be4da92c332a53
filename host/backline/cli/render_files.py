"""Write what a rack renders into one file, or several side by side, while it is rendered.

This module knows pieces of audio, files and what is measured on the way. It does not know options or what is printed.
"""

from __future__ import annotations

import math
import shutil
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from ..formats.atomic import whole_file
from ..formats.audio_file import AudioWriter, check_output
from ..formats.loudness import LoudnessMeter
from .output import Failure, progress

if TYPE_CHECKING:
    from ..rack.rack import Rack

CHANNELS = 2
CHUNK = 16_384
BAR_AFTER_SECONDS = 0.5


@dataclass(frozen=True)
class Rendered:
    """One file that was written. Levels are -inf for silence; `clipped` counts samples beyond full scale that were cut to it."""

    file: str
    output: str
    seconds: float
    frames: int
    rate: int
    channels: int
    peak_dbfs: float
    lufs: float
    clipped: int

    def as_dict(self) -> dict[str, Any]:
        """Plain values."""
        return asdict(self)

    def line(self) -> str:
        """What people read."""
        return f"{self.file}: {self.seconds:.2f} s, peak {self.peak_dbfs:.1f} dBFS, {self.lufs:.1f} LUFS"


def check_target(target: Path | None, rate: int, bits: str | None, input_file: Path | None) -> None:
    """Refuse a file that cannot be written before anything is rendered. Raises AudioFormatError, Failure or OSError."""
    if target is None:
        return
    check_output(target, rate, CHANNELS, bits)
    if target.is_dir():
        raise Failure(f"{target} is a folder")
    if input_file is not None and target.exists() and input_file.exists() and target.samefile(input_file):
        raise Failure(f"{target} is the input itself; choose another file with -o")


def gather(played: dict[str, Any], rate: int) -> tuple[dict[str, Any], list[str]]:
    """Read what is played, so that a bad file is told before plugins load. Returns it, and what there is to say about it.

    Raises BadMidiFile, BadAudioFile or DocumentError (for notes).
    """
    warnings: list[str] = []
    material = dict(played)
    if played["midi"] is not None:
        from ..formats.midi_file import read_midi

        song = read_midi(played["midi"])
        material["midi"] = song
        warnings += [f"{played['midi']}: {text}" for text in song.remarks]
    if played["notes"] is not None:
        from ..formats.notes import parse_notes

        parse_notes(played["notes"])
    if played["audio"] is not None:
        from ..formats.audio_file import read_audio

        material["audio"] = read_audio(played["audio"], rate)[0]
    return material, warnings


def render_files(
    rack: Rack, piece: dict[str, Any], target: Path | None, rate: int, bits: str | None, warnings: list[str]
) -> list[Rendered]:
    """Render and write: the main output to `target` (None: standard output), each further output beside it.

    All files appear together at the end, or none does.
    """
    outputs = [] if target is None else rack.outputs
    if target is None:
        with tempfile.TemporaryDirectory() as folder:
            results = _render(rack, piece, {Path(folder) / "standard-output.wav": ""}, rate, bits, warnings)
            with (Path(folder) / "standard-output.wav").open("rb") as sound:
                shutil.copyfileobj(sound, sys.stdout.buffer)
            return results
    if not outputs:
        return _render(rack, piece, {target: ""}, rate, bits, warnings)
    files = {target.with_name(f"{target.stem}-{name}{target.suffix}" if name else target.name): name for name in ("", *outputs)}
    with tempfile.TemporaryDirectory(prefix=f".{target.stem[:100]}.", suffix=".part", dir=target.parent) as folder:
        staged = {Path(folder) / path.name: name for path, name in files.items()}
        try:
            results = _render(rack, piece, staged, rate, bits, warnings)
        except OSError as error:
            text = str(error)
            for path, whole in zip(files, staged, strict=True):
                text = text.replace(str(whole), str(path))
            raise OSError(text) from error
        for path, whole in zip(files, staged, strict=True):
            with whole_file(path) as part:
                whole.replace(part)
    return [Rendered(**{**asdict(result), "file": str(path)}) for path, result in zip(files, results, strict=True)]


def _render(rack: Rack, piece: dict[str, Any], files: dict[Path, str], rate: int, bits: str | None, warnings: list[str]) -> list[Rendered]:
    names = [name for name in files.values() if name]
    meters = [LoudnessMeter(rate, CHANNELS) for _ in files]
    with ExitStack() as stack:
        writers = [stack.enter_context(AudioWriter(path, rate, CHANNELS, bits)) for path in files]
        bar = stack.enter_context(LateBar())
        for chunk in _chunks(rack.render_blocks(**piece, progress=bar, outputs=names), CHANNELS * len(files)):
            for index, (writer, meter) in enumerate(zip(writers, meters, strict=True)):
                part = chunk[CHANNELS * index : CHANNELS * (index + 1)]
                meter.feed(part)
                writer.write(part)
        if not writers[0].frames:
            raise Failure("nothing is heard, and nothing says how long to render: give --seconds")
    _warn(warnings, files, writers, meters, rate, bar.total if piece["seconds"] is None and piece["tail"] == "auto" else None)
    return [
        Rendered(
            "-" if path.name == "standard-output.wav" else str(path),
            name or "out",
            writer.frames / rate,
            writer.frames,
            rate,
            CHANNELS,
            round(meter.sample_peak_db, 2),
            round(meter.lufs, 2),
            writer.clipped,
        )
        for (path, name), writer, meter in zip(files.items(), writers, meters, strict=True)
    ]


def _warn(
    warnings: list[str],
    files: dict[Path, str],
    writers: list[AudioWriter],
    meters: list[LoudnessMeter],
    rate: int,
    material_frames: int | None,
) -> None:
    from ..rack.offline import LONGEST_TAIL_SECONDS

    if material_frames is not None and writers[0].frames >= material_frames + round(LONGEST_TAIL_SECONDS * rate):
        warnings.append(
            f"it had not become quiet {LONGEST_TAIL_SECONDS:.0f} s after the end, and was cut there; --tail or --seconds sets the length"
        )
    if all(meter.sample_peak_db == -math.inf for meter in meters):
        warnings.append("the result is silence")
    for (path, name), writer in zip(files.items(), writers, strict=True):
        if writer.clipped:
            where = f"out:{name}" if name else "the result"
            hint = " or keep it with --bits 32f" if path.suffix.lower() in (".wav", ".aiff", ".aif") else ""
            warnings.append(f"{writer.clipped} samples of {where} were beyond full scale and were clipped; turn it down{hint}")


def _chunks(pieces: Iterator[np.ndarray], channels: int) -> Iterator[np.ndarray]:
    """Join pieces of any length into longer ones, each good until the next is asked for: what follows costs something per piece."""
    chunk = np.empty((channels, CHUNK), np.float32)
    filled = 0
    for piece in pieces:
        done = 0
        while done < piece.shape[1]:
            count = min(CHUNK - filled, piece.shape[1] - done)
            chunk[:, filled : filled + count] = piece[:, done : done + count]
            filled += count
            done += count
            if filled == CHUNK:
                yield chunk
                filled = 0
    if filled:
        yield chunk[:, :filled]


class LateBar:
    """A progress bar that appears only when rendering takes a while: a short one is over before a bar is drawn."""

    def __init__(self) -> None:
        self.total = 0
        self._since = time.perf_counter()
        self._stack = ExitStack()
        self._show: Any = None
        self._wanted = sys.stderr.isatty()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._stack.__exit__(kind, error, trace)

    def __call__(self, done: int, total: int) -> None:
        """Take how many frames of how many are rendered; the tail does not count."""
        self.total = total
        if self._show is None:
            if not self._wanted or time.perf_counter() - self._since < BAR_AFTER_SECONDS:
                return
            self._show = self._stack.enter_context(progress("rendering", total or None))
        self._show(done)
