"""`backline plugins` shows every sort of plugin, broken ones with their reason, and what one can do."""

import json
import shutil
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow

ZAM = Path("/usr/lib/vst3")
GOOD = """
from backline.sdk import Effect, Param, hookimpl


class Halver(Effect):
    \"\"\"Halve the loudness.\"\"\"

    latency = 3
    amount = Param("50 %", "0 %", "100 %")
    tone = Param("1 kHz", "20 Hz", "20 kHz", curve="log", description="where it begins")

    def sample(x, amount, tone):
        return x * amount + tone * 0.0


@hookimpl
def plugins():
    return [Halver]
"""


def by_id(text):
    return {row["id"]: row for row in json.loads(text)}


def test_all_sorts_are_listed_with_status_and_source(backline, packages, tmp_path):
    packages("halvers", GOOD)
    packages("broken-things", "import nothing_like_that\n")
    folder = tmp_path / "vst"
    shutil.copytree(ZAM / "ZamComp.vst3", folder / "ZamCopy" / "ZamComp.vst3")
    cut = shutil.copytree(ZAM / "ZamTube.vst3", folder / "ZamTube.vst3")
    library = next(cut.rglob("*.so"))
    library.write_bytes(library.read_bytes()[:9000])
    done = backline("plugins", "--scan", folder, "--json")
    assert done.code == 0, done.errors
    rows = by_id(done.out)
    assert rows["polysynth"]["kind"] == "instrument"
    assert rows["polysynth"]["status"] == "enabled"
    assert rows["polysynth"]["in_house"] is True
    assert rows["halver"] == rows["halver"] | {"status": "enabled", "source": "halvers", "version": "1.0", "kind": "effect"}
    assert rows["broken_things"]["status"] == "load_error"
    assert "nothing_like_that" in rows["broken_things"]["message"]
    assert rows["pedalboard.Reverb"]["format"] == "pedalboard"
    scanned = {row["path"]: row for row in json.loads(done.out) if "path" in row}
    assert scanned[str(folder / "ZamCopy" / "ZamComp.vst3")]["status"] == "enabled"
    assert scanned[str(cut)]["status"] in ("crashed", "load_error")
    assert any(path.startswith("/usr/lib/vst3/") for path in scanned), "the usual folders too"

    shown = backline("plugins", "--scan", folder)
    assert shown.code == 0
    for text in ("polysynth", "halver", "pedalboard.Reverb", "vst3:ZamComp", "cannot be used:", "nothing_like_that", str(cut)):
        assert text in shown.out


def test_info_of_a_python_plugin(backline, packages):
    packages("halvers", GOOD)
    done = backline("plugins", "info", "halver", "--json")
    assert done.code == 0, done.errors
    info = json.loads(done.out)
    assert info["latency"] == 3
    assert info["inputs"] == ["in"]
    assert info["outputs"] == ["out"]
    tone = {parameter["id"]: parameter for parameter in info["parameters"]}["tone"]
    assert (tone["minimum"], tone["maximum"], tone["default"], tone["curve"], tone["unit"]) == (20.0, 20000.0, 1000.0, "log", "Hz")
    shown = backline("plugins", "info", "halver").out
    assert "20 Hz .. 20 kHz" in shown
    assert "where it begins" in shown


def test_info_of_every_plugin_of_our_own_and_of_pedalboard(backline):
    for plugin_id in ("polysynth", "sampler", "delay", "lfo", "arpeggiator", "pedalboard.Compressor", "pedalboard.LadderFilter"):
        done = backline("plugins", "info", plugin_id)
        assert done.code == 0, done.errors
        assert plugin_id in done.out


def test_info_of_a_vst3_says_what_each_backend_cannot_do(backline):
    done = backline("plugins", "info", "vst3:ZamComp", "--json")
    assert done.code == 0, done.errors
    info = json.loads(done.out)
    assert {"Threshold", "Ratio"} <= {parameter["name"] for parameter in info["parameters"]}
    assert any(limit.startswith("pedalboard: ") and "64 frames" in limit for limit in info["limits"])


@pytest.mark.parametrize(
    ("plugin_id", "told"),
    [
        ("polysynht", 'there is no plugin "polysynht"; did you mean polysynth?'),
        ("pedalboard.Revreb", "did you mean pedalboard.Reverb?"),
        ("vst3:ZamCmop", "did you mean vst3:ZamComp"),
        ("vst3:", "foreign plugins are written vst3:NAME"),
        ("vst3:/nowhere.vst3", "/nowhere.vst3 does not exist"),
    ],
)
def test_an_unknown_id_gets_a_hint(backline, plugin_id, told):
    done = backline("plugins", "info", plugin_id)
    assert done.code == 1
    assert told in done.errors
    assert done.errors.count("\n") == 1


def test_info_of_a_broken_plugin_says_why(backline, packages):
    packages("broken-things", "import nothing_like_that\n")
    done = backline("plugins", "info", "broken_things")
    assert done.code == 1
    assert "nothing_like_that" in done.errors
    assert "broken-things 1.0" in done.errors
