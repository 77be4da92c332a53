"""The verbs of the command: every module `VERB_command.py` of this folder, found by name and imported when used.

A verb module has `app`, a `typer.Typer` with either one command or a callback and subcommands; the first line of its docstring
is its line in `backline --help`. This module does not know what any verb does.
"""

from __future__ import annotations

import importlib
import re
from pathlib import Path
from typing import Any

import typer.main
from typer.core import TyperCommand, TyperGroup

SUFFIX = "_command.py"
COMPLETION_OPTIONS = ("install_completion", "show_completion")  # they belong to the whole command
FIRST_LINE = re.compile(r'^"""(.*?)\.?(?:"""|$)', re.MULTILINE)


class VerbGroup(TyperGroup):
    """The top of the command: knows every verb's name and help line, and imports a verb's module when it is called."""

    def __init__(self, **arguments: Any) -> None:
        super().__init__(**arguments)
        for verb, path in sorted(_verb_files().items()):
            self.commands[verb] = TyperCommand(verb, help=_first_line(path))

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[Any, Any, list[str]]:
        """Find the verb as typer does, then put its real command in the place of the name."""
        name, command, rest = super().resolve_command(ctx, args)
        if name is not None and isinstance(self.commands.get(name), TyperCommand):
            command = load_verb(name)
        return name, command, rest


def load_verb(verb: str) -> Any:
    """Import the module of a verb and return its command for typer."""
    module = importlib.import_module(f".{verb.replace('-', '_')}_command", __package__)
    command = typer.main.get_command(module.app)
    command.name = verb
    command.params = [parameter for parameter in command.params if parameter.name not in COMPLETION_OPTIONS]
    return command


def _verb_files() -> dict[str, Path]:
    folder = Path(__file__).parent
    return {path.name.removesuffix(SUFFIX).replace("_", "-"): path for path in folder.glob("*" + SUFFIX)}


def _first_line(path: Path) -> str:
    with path.open(encoding="utf-8") as file:
        found = FIRST_LINE.search(file.read(400))
    return found.group(1) if found else ""
