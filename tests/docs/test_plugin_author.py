"""The plugin author's guide: every code block on the page runs as it stands."""

from __future__ import annotations

import importlib
import os
import re
import shlex
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

PAGE = Path(__file__).parent.parent.parent / "docs" / "guides" / "plugin-author.md"
FENCE = re.compile(r"^```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def blocks(language: str) -> list[tuple[int, str]]:
    """(first line, text) of each code block in a language."""
    page = PAGE.read_text(encoding="utf-8")
    return [(page.count("\n", 0, match.start(2)), match[2]) for match in FENCE.finditer(page) if match[1] == language]


def python_text() -> str:
    """All Python of the page, each line where the page has it, so that errors name its lines."""
    page = PAGE.read_text(encoding="utf-8")
    lines = [""] * (page.count("\n") + 1)
    for first, text in blocks("python"):
        for offset, line in enumerate(text.splitlines()):
            lines[first + offset] = line
    return "\n".join(lines)


@pytest.fixture(scope="module")
def guide(tmp_path_factory):
    """The page as one module."""
    folder = tmp_path_factory.mktemp("guide")
    (folder / "plugin_author_guide.py").write_text(python_text(), encoding="utf-8")
    sys.path.insert(0, str(folder))
    try:
        yield importlib.import_module("plugin_author_guide")
    finally:
        sys.path.remove(str(folder))
        del sys.modules["plugin_author_guide"]


TESTS = re.findall(r"^def (test_\w+)\(", python_text(), re.MULTILINE)


def test_nothing_on_the_page_is_left_out():
    languages = {match[1] for match in FENCE.finditer(PAGE.read_text(encoding="utf-8"))}
    assert languages == {"python", "bash", "toml", "yaml"}
    assert len(TESTS) == len(set(TESTS)) > 10


@pytest.mark.parametrize("name", TESTS)
def test_the_tests_of_the_page_pass(guide, name):
    getattr(guide, name)()


def test_the_package_names_its_plugins(guide):
    assert guide.plugins() == {"tape_wobble": "tape_wobble.plugin:TapeWobble"}


def test_the_preset_of_the_page_is_a_preset():
    from backline.formats.preset_file import parse_preset

    ((_, text),) = blocks("yaml")
    preset = parse_preset(text, "page.yaml").preset
    assert preset.nodes["wobble"].plugin == "tape_wobble"


@pytest.mark.slow
def test_the_commands_of_the_page_make_a_package_that_passes(tmp_path):
    ((_, text),) = blocks("bash")
    environment = dict(os.environ)
    ran = []
    for line in text.splitlines():
        program, *arguments = shlex.split(line)
        if program == "pip":  # stands for the installation, which needs the network for a build tool
            assert arguments[:2] == ["install", "-e"]
            environment["PYTHONPATH"] = os.pathsep.join([str(tmp_path / arguments[2] / "src"), environment.get("PYTHONPATH", "")])
            written = tomllib.loads((tmp_path / arguments[2] / "pyproject.toml").read_text(encoding="utf-8"))
            ((_, shown),) = blocks("toml")
            assert written["project"]["entry-points"] == tomllib.loads(shown)["project"]["entry-points"]
            continue
        done = subprocess.run(
            [sys.executable, "-m", program, *arguments],
            cwd=tmp_path,
            env=environment,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        ran.append(program)
    assert ran == ["backline", "pytest"]
