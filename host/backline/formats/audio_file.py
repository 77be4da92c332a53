"""Audio files to and from float32 arrays of shape (channels, frames).

This module knows containers, sample formats, dither and how a file is written whole or not at all. It does not know racks,
loudness or chunks of metadata. libsndfile does the coding; its traps stay in here: it dies of long Vorbis writes (so blocks
are short), writes the time into float files (see `repeatable`), and is quiet when a disk fills up (so files are checked).
"""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any, Literal, Self

import numpy as np
from numpy.typing import NDArray

from backline.formats.atomic import whole_file
from backline.formats.errors import did_you_mean
from backline.formats.repeatable import make_repeatable

__all__ = ["AudioFormatError", "AudioWriter", "BadAudioFile", "Bits", "Encoding", "check_output", "read_audio", "resample", "write_audio"]

Bits = Literal[16, 24, "32f"]
Audio = NDArray[np.float32]

MOST_CHANNELS = 64
LOWEST_RATE, HIGHEST_RATE = 8_000, 384_000
MOST_FRAMES = 2**31
BLOCK = 65_536


class BadAudioFile(ValueError):
    """An audio file cannot be read; the message is `path: what`."""

    def __init__(self, path: str | Path, what: str) -> None:
        self.path = Path(path)
        super().__init__(f"{path}: {what}")


class AudioFormatError(ValueError):
    """There is no such audio file to write: an unknown suffix, or a rate, channels or bits that the format cannot hold."""


@dataclass(frozen=True, slots=True)
class Encoding:
    """How samples go into a file: libsndfile's names, `levels` above zero (None: floats are written), and coder options."""

    container: str
    subtype: str
    levels: int | None
    options: dict[str, Any]


@dataclass(frozen=True, slots=True)
class _Format:
    container: str
    subtypes: dict[Bits | None, str]
    most_channels: int
    most_bytes: int | None = None
    rates: tuple[int, ...] | None = None
    highest_rate: int = HIGHEST_RATE
    options: tuple[tuple[str, Any], ...] = ()


_PCM: dict[Bits | None, str] = {None: "PCM_16", 16: "PCM_16", 24: "PCM_24"}
_PCM_AND_FLOAT: dict[Bits | None, str] = {**_PCM, "32f": "FLOAT"}
_HEADROOM = 65_536
_MP3_RATES = (8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000)
_AIFF = _Format("AIFF", _PCM_AND_FLOAT, MOST_CHANNELS, most_bytes=2**31 - _HEADROOM)
_FORMATS = {
    ".wav": _Format("WAV", _PCM_AND_FLOAT, MOST_CHANNELS, most_bytes=2**32 - _HEADROOM),
    ".flac": _Format("FLAC", _PCM, 8),
    ".aiff": _AIFF,
    ".aif": _AIFF,
    ".ogg": _Format("OGG", {None: "VORBIS"}, MOST_CHANNELS, highest_rate=192_000, options=(("compression_level", 0.4),)),
    ".mp3": _Format(
        "MP3",
        {None: "MPEG_LAYER_III"},
        2,
        rates=_MP3_RATES,
        options=(("bitrate_mode", "VARIABLE"), ("compression_level", 0.0)),
    ),
}
_LEVELS = {"PCM_16": 2**15, "PCM_24": 2**23}
_BYTES = {"PCM_16": 2, "PCM_24": 3, "FLOAT": 4}


def read_audio(path: str | Path, rate: int | None = None) -> tuple[Audio, int]:
    """Read an audio file as float32 (channels, frames), full scale at 1.0; with `rate` (Hz) it is resampled once.

    Returns the audio and its rate. Every format of libsndfile is read: wav, flac, aiff, ogg, mp3, caf, w64 and more.

    Raises:
        BadAudioFile: missing, damaged, cut off, over 64 channels or 2^31 frames, or a rate outside of 8 kHz to 384 kHz.
    """
    import soundfile

    path = Path(path)
    if not path.is_file():
        raise BadAudioFile(path, "is a folder" if path.is_dir() else "no such file")
    try:
        with soundfile.SoundFile(path) as file:
            _check_header(path, file.channels, file.samplerate, file.frames)
            audio = np.empty((file.channels, file.frames), np.float32)
            _fill(path, file, audio)
            found = int(file.samplerate)
    except soundfile.LibsndfileError as error:
        raise BadAudioFile(path, f"cannot be read as audio: {error.error_string.rstrip('.')}") from error
    except TypeError as error:
        raise BadAudioFile(path, "has no header, so its rate and channels are unknown") from error
    except OSError as error:
        raise BadAudioFile(path, f"cannot be read: {error.strerror or error}") from error
    except MemoryError as error:
        raise BadAudioFile(path, "does not fit into memory") from error
    if not np.isfinite(audio).all():
        raise BadAudioFile(path, f"frame {int(np.argmin(np.isfinite(audio).all(axis=0)))} is not a number")
    return (audio, found) if rate is None else (resample(audio, found, rate), rate)


def resample(audio: Audio, source_rate: int, target_rate: int) -> Audio:
    """Return `audio` (channels, frames) at another rate, with soxr's best quality; the length is rounded to whole frames."""
    if not LOWEST_RATE <= target_rate <= HIGHEST_RATE:
        raise AudioFormatError(f"a rate of {target_rate} Hz is not possible; {LOWEST_RATE} to {HIGHEST_RATE} Hz are")
    if source_rate == target_rate:
        return audio
    import soxr

    frames = (2 * audio.shape[1] * target_rate + source_rate) // (2 * source_rate)
    converted = np.asarray(soxr.resample(audio.T, source_rate, target_rate, quality="VHQ"), np.float32)[:frames]
    resampled = np.zeros((audio.shape[0], frames), np.float32)
    resampled[:, : len(converted)] = converted.T
    return resampled


def write_audio(
    path: str | Path, audio: NDArray[Any], rate: int, bits: Bits | str | None = None, *, dither: bool = True, seed: int = 0
) -> int:
    """Write audio of shape (channels, frames), or (frames,) for mono, to a file whose suffix names the format.

    Arguments and errors are those of `AudioWriter`. Returns how many samples were beyond full scale and had to be clipped.
    """
    audio = np.atleast_2d(np.asarray(audio))
    with AudioWriter(path, rate, audio.shape[0], bits, dither=dither, seed=seed) as writer:
        writer.write(audio)
    return writer.clipped


def check_output(path: str | Path, rate: int, channels: int, bits: Bits | str | None = None) -> Encoding:
    """Return how `path` would be coded, or raise before anything is rendered.

    Raises:
        AudioFormatError: unknown suffix, or a combination that the format does not have.
        FileNotFoundError: the folder is missing.
    """
    path = Path(path)
    suffix = path.suffix.lower()
    form = _FORMATS.get(suffix)
    if form is None:
        hint = did_you_mean(suffix.lstrip("."), [name.lstrip(".") for name in _FORMATS]) if suffix else None
        known = ", ".join(name.lstrip(".") for name in _FORMATS)
        raise AudioFormatError(f"{path}: the suffix says the format, and is one of {known}" + (f"; {hint}" if hint else ""))
    subtype = form.subtypes.get(_bits(bits), "")
    if not subtype:
        kinds = ", ".join(str(kind) for kind in form.subtypes if kind is not None)
        possible = f"bits of {kinds} are possible" if kinds else "it is lossy and takes no bits"
        raise AudioFormatError(f"{path}: {suffix.lstrip('.')} has no {bits} bits; {possible}")
    if not 1 <= channels <= form.most_channels:
        raise AudioFormatError(f"{path}: {suffix.lstrip('.')} holds 1 to {form.most_channels} channels, not {channels}")
    if form.rates is not None and rate not in form.rates:
        raise AudioFormatError(f"{path}: {suffix.lstrip('.')} has no rate of {rate} Hz; possible are {', '.join(map(str, form.rates))}")
    if not LOWEST_RATE <= rate <= form.highest_rate:
        raise AudioFormatError(f"{path}: {suffix.lstrip('.')} holds {LOWEST_RATE} to {form.highest_rate} Hz, not {rate}")
    if not path.parent.is_dir():
        raise FileNotFoundError(f"{path}: there is no folder {path.parent}")
    return Encoding(form.container, subtype, _LEVELS.get(subtype), dict(form.options))


class AudioWriter:
    """Writes an audio file piece by piece; used as `with AudioWriter(...) as writer: writer.write(block)`.

    The suffix names the format: wav, flac, aiff, ogg or mp3. `bits` is 16, 24 or "32f"; None takes 16, and is the only
    choice for ogg and mp3. At 16 bits, TPDF dither of one step is added from a generator started with `seed`, so that equal
    audio gives equal bytes, however it is cut into pieces. The file appears under its name when the block ends well; on any
    exception, Ctrl-C and a full disk included, nothing is left behind and an older file stays as it was.

    `frames` counts what was written, `clipped` the samples beyond full scale that were cut to it (none in float files).

    Raises:
        AudioFormatError, FileNotFoundError: see `check_output`.
        ValueError: a wrong number of channels, or a sample that is not a number.
        OSError: the file cannot be written.
    """

    def __init__(
        self, path: str | Path, rate: int, channels: int, bits: Bits | str | None = None, *, dither: bool = True, seed: int = 0
    ) -> None:
        self.path = Path(path)
        self.encoding = check_output(path, rate, channels, bits)
        self.rate = rate
        self.channels = channels
        self.frames = 0
        self.clipped = 0
        self._dither = np.random.default_rng(seed) if dither and self.encoding.subtype == "PCM_16" else None
        # Coders see the same blocks however the audio arrives, so that their output depends on the audio alone.
        self._block = np.empty((BLOCK, channels), np.float32)
        self._stack = contextlib.ExitStack()
        self._file: Any = None

    def __enter__(self) -> Self:
        import soundfile

        encoding = self.encoding
        try:
            with contextlib.ExitStack() as opening:
                self._part = opening.enter_context(whole_file(self.path))
                self._file = soundfile.SoundFile(
                    self._part, "w", self.rate, self.channels, encoding.subtype, format=encoding.container, **encoding.options
                )
                opening.callback(self._close_quietly)
                self._stack = opening.pop_all()
        except OSError as error:
            raise OSError(f"{self.path}: cannot be written: {error.strerror or error}") from error
        except soundfile.LibsndfileError as error:
            raise OSError(f"{self.path}: cannot be written: {error.error_string}") from error
        return self

    def write(self, audio: NDArray[Any]) -> None:
        """Append audio of shape (channels, frames), full scale at 1.0."""
        if audio.ndim != 2 or audio.shape[0] != self.channels:
            raise ValueError(
                f"{self.path}: audio of shape {audio.shape} does not fit {self.channels} channels; (channels, frames) is wanted"
            )
        self._check_size(audio.shape[1])
        done = 0
        while done < audio.shape[1]:
            filled = self.frames % BLOCK
            count = min(BLOCK - filled, audio.shape[1] - done)
            piece = self._block[filled : filled + count]
            piece[:] = audio[:, done : done + count].T
            if not np.isfinite(piece).all():
                bad = int(np.argmin(np.isfinite(piece).all(axis=1)))
                raise ValueError(f"{self.path}: frame {self.frames + bad} is not a number")
            self.frames += count
            done += count
            if filled + count == BLOCK:
                self._write_block(self._coded(self._block))

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None) -> None:
        if error is not None:
            self._stack.__exit__(kind, error, trace)
            return
        with self._stack:
            self._finish()

    def _coded(self, block: NDArray[np.float32]) -> NDArray[Any]:
        """Return (frames, channels) as the samples to hand to libsndfile, counting what had to be clipped."""
        levels = self.encoding.levels
        if self.encoding.subtype == "FLOAT":
            return block
        self.clipped += int(np.count_nonzero(np.abs(block) > 1.0))
        if levels is None:
            return np.clip(block, -1.0, 1.0)
        scaled = block * np.float32(levels)
        if self._dither is not None:
            noise = self._dither.random((*block.shape, 2), dtype=np.float32)
            scaled += noise[..., 0] - noise[..., 1]
        # Clipping before the change to integers: float32 holds all of these bounds exactly.
        samples: NDArray[np.float32] = np.clip(np.rint(scaled), -levels, levels - 1)
        if levels == 2**15:
            return samples.astype(np.int16)
        return np.left_shift(samples.astype(np.int32), 8)

    def _write_block(self, samples: NDArray[Any]) -> None:
        import soundfile

        try:
            self._file.write(samples)
        except (soundfile.LibsndfileError, AssertionError) as error:
            raise self._full() from error

    def _finish(self) -> None:
        """Close the file, and see that all of it arrived: libsndfile does not report what fails while closing."""
        import soundfile

        if not self.frames:
            raise ValueError(f"{self.path}: there is no audio to write")
        if rest := self.frames % BLOCK:
            self._write_block(self._coded(self._block[:rest]))
        try:
            self._file.close()
            written = soundfile.info(self._part).frames
        except soundfile.LibsndfileError as error:
            raise self._full() from error
        if written != self.frames:
            raise self._full()
        make_repeatable(self._part)

    def _close_quietly(self) -> None:
        """Close the file if it is still open; what went wrong before is what the caller must see."""
        import soundfile

        with contextlib.suppress(soundfile.LibsndfileError):
            self._file.close()

    def _full(self) -> OSError:
        return OSError(f"{self.path}: could not be written; is the disk full?")

    def _check_size(self, more: int) -> None:
        most = _FORMATS[self.path.suffix.lower()].most_bytes
        if most is not None and (self.frames + more) * self.channels * _BYTES[self.encoding.subtype] > most:
            raise OSError(f"{self.path}: would be larger than its format allows ({most // 2**30 + 1} GiB); write flac instead")


def _bits(bits: Bits | str | None) -> Bits | None:
    """Take "16" and "24" for numbers, as they come from a command line."""
    given: dict[object, Bits | None] = {None: None, 16: 16, "16": 16, 24: 24, "24": 24, "32f": "32f"}
    if bits not in given:
        raise AudioFormatError(f"{bits} is no number of bits; 16, 24 and 32f are possible")
    return given[bits]


def _check_header(path: Path, channels: int, rate: int, frames: int) -> None:
    """Refuse what the header announces before memory is asked for."""
    if not 1 <= channels <= MOST_CHANNELS:
        raise BadAudioFile(path, f"has {channels} channels; 1 to {MOST_CHANNELS} are possible")
    if not LOWEST_RATE <= rate <= HIGHEST_RATE:
        raise BadAudioFile(path, f"has a rate of {rate} Hz; {LOWEST_RATE} to {HIGHEST_RATE} Hz are possible")
    if not 0 <= frames <= MOST_FRAMES:
        raise BadAudioFile(path, f"says it has {frames} frames; up to {MOST_FRAMES} are possible")


def _fill(path: Path, file: Any, audio: Audio) -> None:
    """Read all frames of an open SoundFile into `audio`."""
    position = 0
    while position < audio.shape[1]:
        block = file.read(min(BLOCK, audio.shape[1] - position), dtype="float32", always_2d=True)
        if not len(block):
            raise BadAudioFile(path, f"is cut off: it ends at frame {position} of {audio.shape[1]}")
        audio[:, position : position + len(block)] = block.T
        position += len(block)
