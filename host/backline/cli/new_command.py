"""Start a plugin package of your own, with a test that passes.

This module knows the command line of `backline new` and which names are good. It does not know what a package holds
(`plugin_template.py` does).
"""

from __future__ import annotations

import keyword
import re
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Annotated

import typer

from .output import Failure, JsonOption, UsageError, print_json
from .plugin_template import KINDS, PackageNames, package_files

app = typer.Typer()

NAME = re.compile(r"[a-z][a-z0-9]*([-_][a-z0-9]+)*")


@app.callback()
def new() -> None:
    """Start something new from a template that works."""


@app.command()
def plugin(
    name: Annotated[str, typer.Argument(help="Name of the package and of its plugin: small letters, digits, - and _ (tape-wobble).")],
    kind: Annotated[str, typer.Option("--kind", "-k", help=f"What it is: {', '.join(KINDS)}.")] = "effect",
    folder: Annotated[Path | None, typer.Option("--folder", "-f", help="Folder to make (default: NAME here).")] = None,
    json: JsonOption = False,
) -> None:
    """Write a complete plugin package: code, test, README, pyproject.toml. It refuses to write over anything."""
    names = checked_names(name)
    if kind not in KINDS:
        raise UsageError(f'there is no kind "{kind}"; a plugin is one of {", ".join(KINDS)}')
    target = folder if folder is not None else Path(name)
    if target.exists() and (not target.is_dir() or any(target.iterdir())):
        raise Failure(f"{target} already exists; nothing was written")
    files = package_files(names, kind)
    for path, text in files.items():
        file = target / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    if json:
        print_json({"folder": target, "kind": kind, "plugin": names.plugin_id, "files": list(files)})
        return
    print(f"{target} holds the {kind} {names.plugin_id}:")
    for path in files:
        print(f"  {path}")
    print(f"Next: pip install -e {target} && pytest {target}")


def checked_names(name: str) -> PackageNames:
    """Return the names that follow from `name`. Raises UsageError if it cannot name a package, a module and a class."""
    if not NAME.fullmatch(name) or len(name) > 60:
        raise UsageError(f'"{name}" cannot name a plugin: use small letters and digits, with - or _ between words, such as tape-wobble')
    names = PackageNames(name)
    if keyword.iskeyword(names.module) or names.module in sys.stdlib_module_names or names.module.split("_")[0] == "backline":
        raise UsageError(f'"{name}" would hide a Python module of that name; add a word, such as {name}-effect')
    if names.plugin_id in _own_ids():
        raise UsageError(f'Backline itself has a plugin "{names.plugin_id}"; choose another name')
    return names


def _own_ids() -> Collection[str]:
    from ..catalog import PluginUnavailableError
    from ..catalog.packages import in_house

    try:
        return in_house().provider.offers().keys()
    except PluginUnavailableError:
        return ()  # our own plugins cannot be asked; that is no reason not to start a package
