"""Every script and preset in examples/ runs, and does what it says."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import numpy as np
import pytest

import backline
from backline.formats.audio_file import read_audio
from backline.formats.loudness import measure
from presets.listening import brightness, level

pytestmark = pytest.mark.slow

EXAMPLES = Path(__file__).parents[2] / "examples"
GUIDE = EXAMPLES.parent / "docs" / "guides" / "scripts.md"


@pytest.fixture(autouse=True)
def elsewhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Scripts write where they are started."""
    monkeypatch.chdir(tmp_path)


def script(name: str) -> ModuleType:
    """Import a script, as `__main__` would but for its last lines."""
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    try:
        spec.loader.exec_module(module)
    finally:
        del sys.modules[spec.name]
    return module


def heard(path: str) -> np.ndarray:
    """A file that a script wrote; not silent, not clipped."""
    audio, _ = read_audio(path)
    assert level(audio) > -60.0
    assert np.abs(audio).max() < 1.0
    return audio


def test_every_script_is_tested_and_named_in_the_guide() -> None:
    scripts = sorted(path.stem for path in EXAMPLES.glob("*.py"))
    tested = set(re.findall(r'script\("(\w+)"\)', Path(__file__).read_text(encoding="utf-8")))
    assert set(scripts) == tested
    assert sorted(re.findall(r"^\| `examples/(\w+)\.py` \|", GUIDE.read_text(encoding="utf-8"), re.MULTILINE)) == scripts


def test_demo(capsys: pytest.CaptureFixture[str]) -> None:
    demo = script("demo")
    demo.main("out")
    head, rule, *rows = capsys.readouterr().out.splitlines()
    assert re.split(r"\s{2,}", head.strip()) == ["file", "seconds", "peak dBFS", "LUFS", "time taken"]
    assert set(rule) == {"─", " "}
    assert len({len(line) for line in (head, rule, *rows)}) == 1
    assert [row.split()[0] for row in rows] == [
        str(Path("out") / name) for name in ("keys-warm.wav", "drums-dusty.wav", "plucks-arpeggio.wav")
    ]
    for row in rows:
        file, seconds, peak, lufs, taken, unit = row.split()
        audio, rate = read_audio(file)
        loudness = measure(audio, rate)
        assert float(seconds) == pytest.approx(audio.shape[1] / rate, abs=0.006)
        assert float(peak) == pytest.approx(loudness.sample_peak_db, abs=0.1)
        assert float(lufs) == pytest.approx(loudness.lufs, abs=0.1)
        assert -22.0 < loudness.lufs < -14.0
        assert loudness.true_peak_db < -0.5
        assert float(taken) >= 0.0
        assert unit == "s"


def test_render_preset(capsys: pytest.CaptureFixture[str]) -> None:
    script("render_preset").main("plucks/soft", "C4:1/2 E4:1/2", "soft.wav")
    assert re.fullmatch(r"Soft pluck: \d\.\d\d s, -\d\d\.\d LUFS, peak -\d+\.\d dBTP -> soft\.wav\n", capsys.readouterr().out)
    heard("soft.wav")


def test_change_parameters(capsys: pytest.CaptureFixture[str]) -> None:
    script("change_parameters").main()
    lines = capsys.readouterr().out.splitlines()
    assert lines[0] == "Acid bass has bass, drive, echo, trim and the macros cutoff, resonance, drive"
    found = [float(line.split()[-2]) for line in lines[1:]]
    assert len(found) == 7
    assert found[3] < found[4] < found[5]  # more drive is louder
    assert found[6] < found[5]


def test_process_blocks() -> None:
    script("process_blocks").main("blocks.wav")
    audio = heard("blocks.wav")
    assert audio.shape == (2, 750 * 256)
    assert brightness(audio[:, 72000:120000]) > 1.3 * brightness(audio[:, 24000:48000])  # controller 74 opens it


def test_process_audio() -> None:
    script("process_audio").main()
    assert heard("guitar.wav").shape[1] > 96000  # the room sounds on


def test_stems(capsys: pytest.CaptureFixture[str]) -> None:
    script("stems").main("stems")
    assert [line.split()[0] for line in capsys.readouterr().out.splitlines()] == ["main", "kick", "snare", "hats"]
    main, kick, snare, hats = (heard(f"stems/{name}.wav") for name in ("main", "kick", "snare", "hats"))
    assert main.shape == kick.shape == snare.shape == hats.shape
    assert brightness(kick) < brightness(snare) < brightness(hats)


def test_use_vst3_where_it_is(capsys: pytest.CaptureFixture[str]) -> None:
    script("use_vst3").main("compressed.wav")
    assert capsys.readouterr().out.startswith("vst3:ZamCompX2: ")
    heard("compressed.wav")


def test_use_vst3_where_it_is_not(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    module = script("use_vst3")
    monkeypatch.setattr(module, "VST3", module.VST3.replace("ZamCompX2", "NotHereAtAll"))
    module.main("compressed.wav")
    first, last = capsys.readouterr().out.splitlines()
    assert first.startswith("without the VST3: ")
    assert "NotHereAtAll" in first
    assert last.startswith("pedalboard.Compressor: ")
    heard("compressed.wav")


def test_listen(capsys: pytest.CaptureFixture[str]) -> None:
    cells = script("listen")
    assert cells.rack._repr_svg_().startswith("<svg")
    assert "<audio" in cells.audio._repr_html_()
    partial = re.search(r"The loudest partial lies at (\d+\.\d) Hz", capsys.readouterr().out)
    assert partial is not None
    assert 200.0 < float(partial[1]) < 400.0  # one of the notes it plays, C4 to G4


@pytest.mark.parametrize("path", sorted(EXAMPLES.glob("*.yaml")), ids=lambda path: path.stem)
def test_presets_load_without_a_warning(path: Path) -> None:
    assert backline.load(path).warnings == []
