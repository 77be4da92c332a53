"""The manual's page on the command line says what the command does, and every command line of the manual can be parsed."""

from __future__ import annotations

import importlib.util
import re
import shlex
from pathlib import Path

import pytest

from backline.cli import main
from backline.cli.verbs import load_verb

REPOSITORY = Path(__file__).parents[2]
PAGES = [REPOSITORY / "README.md", *sorted((REPOSITORY / "docs").rglob("*.md"))]
BLOCKS = re.compile(r"^```bash\n(.*?)^```", re.MULTILINE | re.DOTALL)


def reference():
    spec = importlib.util.spec_from_file_location("cli_reference", REPOSITORY / "tools" / "cli_reference.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def command_lines():
    for page in PAGES:
        for block in BLOCKS.findall(page.read_text(encoding="utf-8")):
            for line in block.replace("\\\n", " ").splitlines():
                words = shlex.split(line, comments=True)
                if words[:1] == ["backline"]:
                    yield pytest.param(words[1:], id=f"{page.stem}: {line}")


def test_the_page_is_what_the_command_says():
    tool = reference()
    assert tool.PAGE.read_text(encoding="utf-8") == tool.page(), "run: python tools/cli_reference.py"


def test_every_verb_has_an_example_and_every_option_a_help():
    tool = reference()
    page = tool.page()
    for heading in re.findall(r"^## (.+)$", page, re.MULTILINE):
        assert heading in tool.EXAMPLES
    assert not re.findall(r"^\| `.*\|\s*\|$", page, re.MULTILINE), "an option without a help text"


@pytest.mark.parametrize("words", list(command_lines()))
def test_command_lines_of_the_manual_are_taken(words):
    for stop in ("|", ">", "&&"):
        words = words[: words.index(stop)] if stop in words else words
    command = load_verb(words[0])
    context = command.make_context(words[0], list(words[1:]), resilient_parsing=False)
    rest = [*getattr(context, "_protected_args", []), *context.args]
    if hasattr(command, "commands") and rest:
        name, child, arguments = command.resolve_command(context, rest)
        child.make_context(name, arguments, parent=context)
    else:
        assert not rest


def test_the_readme_shows_a_mistake_as_it_is_shown(tmp_path, monkeypatch, capsys):
    readme = (REPOSITORY / "README.md").read_text(encoding="utf-8")
    preset = re.search(r"```yaml\n(preset: 1\n.*?)```", readme, re.DOTALL)[1]
    told = re.search(r"```text\n(warm\.yaml:.*?)```", readme, re.DOTALL)[1]
    (tmp_path / "warm.yaml").write_text(preset.replace("room_size", "room_sise"))
    monkeypatch.chdir(tmp_path)
    assert main(["check", "warm.yaml"]) == 1
    assert capsys.readouterr().out == told
