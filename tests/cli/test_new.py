"""`backline new plugin` writes a whole package, and never over anything."""

import json
import subprocess
import sys
import tomllib

import pytest

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("kind", ["effect", "instrument", "event", "modulator"])
def test_it_writes_a_whole_package(backline, kind):
    done = backline("new", "plugin", "tape-wobble", "--kind", kind, "--json")
    assert done.code == 0
    assert json.loads(done.out)["plugin"] == "tape_wobble"
    folder = backline.folder / "tape-wobble"
    project = tomllib.loads((folder / "pyproject.toml").read_text())
    assert project["project"]["name"] == "tape-wobble"
    assert project["project"]["entry-points"]["backline.plugins"] == {"tape_wobble": "tape_wobble"}
    for path in json.loads(done.out)["files"]:
        text = (folder / path).read_text()
        assert "$" not in text
        assert text.endswith("\n")
        if path.endswith(".py"):
            compile(text, path, "exec")
    assert "class TapeWobble(" in (folder / "src/tape_wobble/plugin.py").read_text()
    ruff = [sys.executable, "-m", "ruff", "check", "--isolated", "--line-length", "140", "."]
    checked = subprocess.run(ruff, cwd=folder, capture_output=True, text=True, check=False)
    assert checked.returncode == 0, checked.stdout


def test_it_refuses_to_write_over_anything(backline):
    assert backline("new", "plugin", "mine").code == 0
    before = {path: path.read_bytes() for path in backline.folder.rglob("*") if path.is_file()}
    done = backline("new", "plugin", "mine", "--kind", "instrument")
    assert done.code == 1
    assert done.errors == "error: mine already exists; nothing was written\n"
    assert {path: path.read_bytes() for path in backline.folder.rglob("*") if path.is_file()} == before


@pytest.mark.parametrize("name", ["Mine", "1st", "a b", "../up", "class", "json", "", "a--b", "-x", "mine/", "backline", "x" * 61, "ß"])
def test_a_bad_name_is_refused(backline, name):
    done = backline("new", "plugin", "--", name)
    assert done.code == 2
    assert done.errors.startswith("error: ")
    assert list(backline.folder.iterdir()) == []


def test_an_id_of_our_own_is_refused(backline):
    done = backline("new", "plugin", "polysynth")
    assert done.code == 2
    assert 'Backline itself has a plugin "polysynth"' in done.errors


def test_an_unknown_kind_is_refused(backline):
    done = backline("new", "plugin", "mine", "--kind", "gadget")
    assert done.code == 2
    assert 'there is no kind "gadget"; a plugin is one of effect, instrument, event, modulator' in done.errors
