from __future__ import annotations

import hashlib
import os
import signal
import struct
import subprocess
import sys
import textwrap
from pathlib import Path

import numpy as np
import pytest
import soundfile
from numpy.typing import NDArray

from backline.formats.audio_file import AudioFormatError, AudioWriter, BadAudioFile, check_output, read_audio, resample, write_audio

RATE = 48000
Audio = NDArray[np.float32]

LOSSLESS = [("wav", 16), ("wav", 24), ("wav", "32f"), ("flac", 16), ("flac", 24), ("aiff", 16), ("aif", 24), ("aiff", "32f")]
ALL = [*LOSSLESS, ("ogg", None), ("mp3", None)]
STEPS = {16: 2.0**-15, 24: 2.0**-23, "32f": 0.0}


@pytest.fixture
def music(noise: np.random.Generator) -> Audio:
    """A second of stereo noise, low-passed so that lossy formats keep it."""
    rough = noise.standard_normal((2, RATE + 63))
    return np.stack([np.convolve(channel, np.hanning(64) / 160, "valid") for channel in rough]).astype(np.float32)


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.mark.parametrize(("suffix", "bits"), LOSSLESS)
def test_lossless_files_come_back(tmp_path: Path, music: Audio, suffix: str, bits: int | str) -> None:
    path = tmp_path / f"a.{suffix}"
    assert write_audio(path, music, RATE, bits, dither=False) == 0
    audio, rate = read_audio(path)
    assert (audio.dtype, audio.shape, rate) == (np.float32, music.shape, RATE)
    assert np.abs(audio - music).max() <= STEPS[bits] * 0.51
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


@pytest.mark.parametrize("suffix", ["ogg", "mp3"])
def test_lossy_files_come_back_in_place(tmp_path: Path, music: Audio, suffix: str) -> None:
    write_audio(tmp_path / f"a.{suffix}", music, RATE)
    audio, _ = read_audio(tmp_path / f"a.{suffix}")
    assert audio.shape == music.shape
    inner = slice(4000, -4000)
    error = np.sqrt(np.mean((audio[:, inner] - music[:, inner]) ** 2) / np.mean(music[:, inner] ** 2))
    assert error < 0.1


@pytest.mark.parametrize(("suffix", "bits"), ALL)
def test_the_same_audio_gives_the_same_bytes(tmp_path: Path, music: Audio, suffix: str, bits: int | str | None) -> None:
    """No random number gets into a file, nor how the audio was cut into pieces."""
    music = np.tile(music, 2)
    first, second = tmp_path / f"1.{suffix}", tmp_path / f"2.{suffix}"
    write_audio(first, music, RATE, bits)
    with AudioWriter(second, RATE, 2, bits) as writer:
        for start in range(0, music.shape[1], 7001):
            writer.write(music[:, start : start + 7001])
    assert writer.frames == music.shape[1]
    assert digest(first) == digest(second)


@pytest.mark.parametrize("suffix", ["wav", "aiff"])
def test_the_time_of_day_does_not_get_into_float_files(tmp_path: Path, music: Audio, suffix: str) -> None:
    write_audio(tmp_path / f"a.{suffix}", music, RATE, "32f")
    data = (tmp_path / f"a.{suffix}").read_bytes()
    stamp = data.index(b"PEAK") + 12
    assert data[stamp : stamp + 4] == bytes(4)


def test_dither_is_triangular_and_bound_to_its_seed(tmp_path: Path) -> None:
    level = np.full((1, 200_000), 0.3 * 2**-15, np.float32)
    for name, seed in (("1", 0), ("2", 0), ("3", 7)):
        write_audio(tmp_path / f"{name}.wav", level, RATE, seed=seed)
    steps = read_audio(tmp_path / "1.wav")[0][0] * 2**15
    assert set(np.unique(steps)) == {-1.0, 0.0, 1.0}
    assert steps.mean() == pytest.approx(0.3, abs=0.01)
    # The total error of a TPDF dithered quantiser has a variance of 1/4 step squared, whatever the signal.
    assert np.var(steps - 0.3) == pytest.approx(0.25, abs=0.01)
    assert digest(tmp_path / "1.wav") == digest(tmp_path / "2.wav")
    assert digest(tmp_path / "1.wav") != digest(tmp_path / "3.wav")
    write_audio(tmp_path / "4.wav", level, RATE, dither=False)
    assert not read_audio(tmp_path / "4.wav")[0].any()


@pytest.mark.parametrize(
    ("suffix", "bits", "clipped"), [("wav", 16, 3), ("flac", 24, 3), ("wav", "32f", 0), ("ogg", None, 3), ("mp3", None, 3)]
)
def test_clipping_is_counted(tmp_path: Path, suffix: str, bits: int | str | None, clipped: int) -> None:
    audio = np.zeros((2, 3000), np.float32)
    audio[0, :4] = (1.0, -1.0, 1.5, -7.0)
    audio[1, 1] = 1.0001
    assert write_audio(tmp_path / f"a.{suffix}", audio, RATE, bits) == clipped
    if bits is not None:
        loudest = read_audio(tmp_path / f"a.{suffix}")[0]
        assert loudest.min() == (-1.0 if clipped else -7.0)
        assert loudest.max() == pytest.approx(1.0 if clipped else 1.5, abs=1e-4)


@pytest.mark.parametrize(
    ("name", "rate", "channels", "bits", "message"),
    [
        ("a", RATE, 2, None, "the suffix says the format, and is one of wav, flac, aiff, aif, ogg, mp3"),
        ("a.flak", RATE, 2, None, "did you mean flac?"),
        ("a.flac", RATE, 2, "32f", "flac has no 32f bits; bits of 16, 24 are possible"),
        ("a.mp3", RATE, 2, 24, "mp3 has no 24 bits; it is lossy and takes no bits"),
        ("a.wav", RATE, 2, 20, "20 is no number of bits; 16, 24 and 32f are possible"),
        ("a.wav", RATE, 0, None, "wav holds 1 to 64 channels, not 0"),
        ("a.flac", RATE, 9, None, "flac holds 1 to 8 channels, not 9"),
        ("a.mp3", RATE, 3, None, "mp3 holds 1 to 2 channels, not 3"),
        ("a.mp3", 96000, 2, None, "mp3 has no rate of 96000 Hz; possible are 8000, 11025, 12000, 16000, 22050, 24000, 32000, 44100, 48000"),
        ("a.wav", 4000, 2, None, "wav holds 8000 to 384000 Hz, not 4000"),
    ],
)
def test_impossible_files_are_refused_before_anything_is_written(
    tmp_path: Path, name: str, rate: int, channels: int, bits: int | str | None, message: str
) -> None:
    with pytest.raises(AudioFormatError) as caught:
        AudioWriter(tmp_path / name, rate, channels, bits)
    assert message in str(caught.value)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("suffix", "bits"), ALL)
@pytest.mark.parametrize("rate", [8000, 22050, 44100])
def test_every_combination_that_is_promised_works(tmp_path: Path, suffix: str, bits: int | str | None, rate: int) -> None:
    path = tmp_path / f"a.{suffix}"
    check_output(path, rate, 1, bits)
    write_audio(path, np.zeros(2000, np.float32), rate, bits)
    audio, found = read_audio(path)
    assert (audio.shape, found) == ((1, 2000), rate)


@pytest.mark.parametrize(
    ("suffix", "channels", "rate"), [("wav", 64, 384_000), ("flac", 8, 384_000), ("ogg", 64, 192_000), ("aiff", 64, 8000)]
)
def test_the_most_that_is_promised_works(tmp_path: Path, suffix: str, channels: int, rate: int) -> None:
    write_audio(tmp_path / f"a.{suffix}", np.zeros((channels, 2000), np.float32), rate)
    assert read_audio(tmp_path / f"a.{suffix}")[0].shape == (channels, 2000)


def test_a_missing_folder_is_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="there is no folder"):
        check_output(tmp_path / "none" / "a.wav", RATE, 2)


@pytest.mark.parametrize("failure", [KeyboardInterrupt, MemoryError, SystemExit, ValueError])
@pytest.mark.parametrize(("suffix", "bits"), ALL)
def test_an_exception_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, music: Audio, failure: type[BaseException], suffix: str, bits: int | str | None
) -> None:
    path = tmp_path / f"a.{suffix}"
    path.write_bytes(b"old")

    def interrupted() -> None:
        with AudioWriter(path, RATE, 2, bits) as writer:
            writer.write(music[:, :3000])
            raise failure

    with pytest.raises(failure):
        interrupted()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(("value", "frame"), [(np.nan, 70_000), (np.inf, 0)])
def test_what_is_not_a_number_is_never_written(tmp_path: Path, value: float, frame: int) -> None:
    audio = np.zeros((2, 80_000), np.float32)
    audio[1, frame] = value
    with pytest.raises(ValueError, match=f"frame {frame} is not a number"):
        write_audio(tmp_path / "a.wav", audio, RATE)
    assert not list(tmp_path.iterdir())


def test_wrong_shapes_and_no_audio_are_refused(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"shape \(3, 10\) does not fit 2 channels"), AudioWriter(tmp_path / "a.wav", RATE, 2) as writer:
        writer.write(np.zeros((3, 10), np.float32))
    with pytest.raises(ValueError, match="there is no audio to write"):
        write_audio(tmp_path / "a.wav", np.zeros((2, 0), np.float32), RATE)
    assert not list(tmp_path.iterdir())


def test_more_than_a_wav_can_hold_is_refused(tmp_path: Path) -> None:
    endless = np.broadcast_to(np.float32(0), (2, 2**30))
    with pytest.raises(OSError, match=r"larger than its format allows \(4 GiB\); write flac instead"):
        write_audio(tmp_path / "a.wav", endless, RATE)
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize(("suffix", "bits"), ALL)
def test_a_full_disk_leaves_nothing(tmp_path: Path, suffix: str, bits: int | str | None) -> None:
    """A limit on file sizes stands for the full disk: writes fail in the same place and way."""
    path = tmp_path / f"a.{suffix}"
    script = textwrap.dedent("""
        import resource, sys, numpy
        from backline.formats.audio_file import write_audio
        resource.setrlimit(resource.RLIMIT_FSIZE, (20_000, 20_000))
        audio = numpy.random.default_rng(1).uniform(-0.5, 0.5, (2, 400_000)).astype(numpy.float32)
        try:
            write_audio(sys.argv[1], audio, 48000, sys.argv[2] or None)
        except OSError as error:
            sys.exit(str(error))
    """)
    path.write_bytes(b"old")
    found = subprocess.run([sys.executable, "-c", script, str(path), str(bits or "")], capture_output=True, text=True, check=False)
    assert (found.returncode, found.stderr.strip()) == (1, f"{path}: could not be written; is the disk full?")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_ctrl_c_leaves_nothing(tmp_path: Path) -> None:
    script = textwrap.dedent("""
        import sys, numpy
        from backline.formats.audio_file import AudioWriter
        with AudioWriter(sys.argv[1], 48000, 2) as writer:
            while True:
                writer.write(numpy.zeros((2, 1000), numpy.float32))
                print("on", flush=True)
    """)
    process = subprocess.Popen([sys.executable, "-c", script, str(tmp_path / "a.wav")], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
    assert process.stdout is not None
    with process, process.stdout:
        process.stdout.readline()
        process.send_signal(signal.SIGINT)
        process.stdout.read()
    assert process.returncode == -signal.SIGINT
    assert not list(tmp_path.iterdir())


def test_permissions_and_links_stay(tmp_path: Path, music: Audio) -> None:
    real, link = tmp_path / "real.wav", tmp_path / "link.wav"
    write_audio(real, music, RATE)
    umask = os.umask(0o022)
    os.umask(umask)
    assert real.stat().st_mode & 0o777 == 0o666 & ~umask
    real.chmod(0o640)
    link.symlink_to(real)
    write_audio(link, music, RATE, 24)
    assert link.is_symlink()
    assert real.stat().st_mode & 0o777 == 0o640
    assert soundfile.info(real).subtype == "PCM_24"


def test_reading_resamples_once_to_the_exact_length(tmp_path: Path) -> None:
    clock = np.arange(44100) / 44100
    write_audio(tmp_path / "a.wav", 0.5 * np.sin(2 * np.pi * 1000 * clock), 44100, "32f")
    audio, rate = read_audio(tmp_path / "a.wav", rate=48000)
    assert (audio.shape, rate) == ((1, 48000), 48000)
    expected = 0.5 * np.sin(2 * np.pi * 1000 * np.arange(48000) / 48000)
    assert np.abs(audio[0, 1000:-1000] - expected[1000:-1000]).max() < 1e-5


@pytest.mark.parametrize(("source", "target"), [(44100, 48000), (48000, 44100), (96000, 22050), (8000, 192000)])
@pytest.mark.parametrize("frames", [1, 2, 100, 4411])
def test_resampled_lengths_are_rounded(source: int, target: int, frames: int) -> None:
    assert resample(np.ones((2, frames), np.float32), source, target).shape == (2, int(frames * target / source + 0.5))


def test_a_rate_out_of_range_is_refused() -> None:
    with pytest.raises(AudioFormatError, match="a rate of 100 Hz is not possible; 8000 to 384000 Hz are"):
        resample(np.ones((1, 10), np.float32), 48000, 100)


def wav(channels: int = 1, rate: int = RATE, size: int = 8, body: bytes = bytes(8), kind: int = 3, bits: int = 32) -> bytes:
    frame = channels * bits // 8
    form = struct.pack("<HHIIHH", kind, channels % 65536, rate, (rate * frame) % 2**32, frame % 65536, bits)
    return (
        b"RIFF"
        + struct.pack("<I", 36 + len(body))
        + b"WAVEfmt "
        + struct.pack("<I", len(form))
        + form
        + b"data"
        + struct.pack("<I", size)
        + body
    )


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"", "cannot be read as audio"),
        (b"not audio at all", "cannot be read as audio"),
        (wav()[:30], "cannot be read as audio"),
        (wav(channels=65, size=260, body=bytes(260)), "has 65 channels; 1 to 64 are possible"),
        (wav(rate=7000), "has a rate of 7000 Hz; 8000 to 384000 Hz are possible"),
        (wav(rate=500_000), "has a rate of 500000 Hz; 8000 to 384000 Hz are possible"),
        (wav(body=struct.pack("<2f", 0.0, float("nan"))), "frame 1 is not a number"),
    ],
)
def test_bad_files_get_one_clear_line(tmp_path: Path, data: bytes, message: str) -> None:
    path = tmp_path / "bad.wav"
    path.write_bytes(data)
    with pytest.raises(BadAudioFile) as caught:
        read_audio(path)
    assert str(caught.value).startswith(f"{path}: {message}")
    assert "\n" not in str(caught.value)


def test_missing_files_folders_and_headerless_files_are_told(tmp_path: Path) -> None:
    (tmp_path / "a.raw").write_bytes(bytes(100))
    for name, message in (
        ("none.wav", "no such file"),
        ("", "is a folder"),
        ("a.raw", "has no header, so its rate and channels are unknown"),
    ):
        with pytest.raises(BadAudioFile, match=f": {message}$"):
            read_audio(tmp_path / name)


@pytest.mark.parametrize("suffix", ["flac", "ogg"])
def test_a_file_cut_in_half_is_never_read_as_whole(tmp_path: Path, noise: np.random.Generator, suffix: str) -> None:
    path = tmp_path / f"a.{suffix}"
    write_audio(path, noise.uniform(-0.5, 0.5, (2, RATE)), RATE)
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    try:
        audio, _ = read_audio(path)
    except BadAudioFile as error:
        assert str(path) in str(error)  # noqa: PT017 - an Ogg stream has no length to hold its half against
    else:
        assert suffix == "ogg"
        assert audio.shape[1] < RATE


@pytest.mark.slow
@pytest.mark.parametrize(("suffix", "bits"), ALL)
def test_damaged_files_are_read_or_refused(
    tmp_path: Path, music: Audio, noise: np.random.Generator, suffix: str, bits: int | str | None
) -> None:
    """In a child, since the library underneath is native: a crash of it would be ours."""
    path = tmp_path / f"a.{suffix}"
    write_audio(path, music[:, :5000], RATE, bits)
    script = textwrap.dedent("""
        import random, sys
        from pathlib import Path
        from backline.formats.audio_file import BadAudioFile, read_audio
        path, dice = Path(sys.argv[1]), random.Random(int(sys.argv[2]))
        whole = path.read_bytes()
        for _ in range(300):
            data = bytearray(whole)
            for _ in range(dice.randrange(1, 6)):
                data[dice.choice((dice.randrange(100), dice.randrange(len(data))))] = dice.randrange(256)
            path.write_bytes(data[: dice.choice((len(data), dice.randrange(len(data))))])
            try:
                audio, rate = read_audio(path)
                assert audio.ndim == 2 and 8000 <= rate <= 384_000
            except BadAudioFile:
                pass
    """)
    found = subprocess.run([sys.executable, "-c", script, str(path), "20"], capture_output=True, text=True, check=False)
    assert found.returncode == 0, found.stderr
