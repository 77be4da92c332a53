"""Imports point one way only: cli, web -> control -> stage, song -> rack -> catalog -> formats -> model -> sdk.

A package may use every one further right. `stage` and `song` lie side by side and do not know each other; the commands may use the
web server, to start it.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
from types import ModuleType

import pytest

from house.sources import ROOT, imports, modules

MAY_IMPORT: dict[str, set[str]] = {"sdk": set()}
MAY_IMPORT["model"] = {"sdk"}
MAY_IMPORT["formats"] = {"model", *MAY_IMPORT["model"]}
MAY_IMPORT["catalog"] = {"formats", *MAY_IMPORT["formats"]}
MAY_IMPORT["rack"] = {"catalog", *MAY_IMPORT["catalog"]}
MAY_IMPORT["song"] = {"rack", *MAY_IMPORT["rack"]}
MAY_IMPORT["stage"] = {"rack", *MAY_IMPORT["rack"]}
MAY_IMPORT["control"] = {"song", "stage", *MAY_IMPORT["song"]}
MAY_IMPORT["web"] = {"control", *MAY_IMPORT["control"]}
MAY_IMPORT["cli"] = {"web", "control", *MAY_IMPORT["control"]}

# `import backline` stays under 0.3 s: these come when they are used.
LAZY = ["numba", "pedalboard", "minihost", "soundfile", "mido", "scipy", "soxr", "rtmidi", "rich", "typer"]


def wrong_way(importing: str, imported: str) -> bool:
    """Whether a module may not import a name; both are dotted names."""
    package, _, inner = importing.partition(".")
    target, _, target_inner = imported.partition(".")
    if target not in ("backline", "backline_plugins"):
        return False
    if package == "backline_plugins":
        return target == "backline" and target_inner.partition(".")[0] != "sdk"
    if target == "backline_plugins":
        return True
    own, wanted = inner.partition(".")[0], target_inner.partition(".")[0]
    if own not in MAY_IMPORT:  # The public names of `backline` itself, and `python -m backline`.
        return False
    if wanted not in MAY_IMPORT:  # The public names are for scripts, not for the packages they come from.
        return own != "cli"
    return wanted != own and wanted not in MAY_IMPORT[own]


def test_imports_point_one_way() -> None:
    wrong = [
        f"{path.relative_to(ROOT)}:{line}: {name} imports {imported}"
        for name, (path, tree) in modules().items()
        for line, imported in imports(name, path, tree)
        if wrong_way(name, imported)
    ]
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    ("importing", "imported", "wrong"),
    [
        ("backline.sdk.params", "backline.model.preset", True),
        ("backline.sdk.params", "backline.sdk.units.Beats", False),
        ("backline.formats.notes", "backline.rack", True),
        ("backline.rack.graph", "backline.formats.errors", False),
        ("backline.rack.graph", "backline.load", True),
        ("backline.stage.engine", "backline.song.timeline", True),
        ("backline.cli.render", "backline.rack", False),
        ("backline.catalog.packages", "backline_plugins.hooks", True),
        ("backline.catalog.trust", "backline.formats.atomic", False),
        ("backline.catalog.look", "backline.rack.foreign", True),
        ("backline.formats.atomic", "backline.catalog.folders", True),
        ("backline.rack.resolve", "backline.catalog.trust", False),
        ("backline.web.server", "backline.cli.app", True),
        ("backline_plugins.effects.gain", "backline.sdk.Effect", False),
        ("backline_plugins.effects.gain", "backline.formats.audio_file", True),
        ("backline_plugins.effects.gain", "backline_plugins.common", False),
        ("backline", "backline.rack.Rack", False),
        ("backline.sdk.kernels.compile", "numba", False),
    ],
)
def test_the_rule_itself(importing: str, imported: str, wrong: bool) -> None:
    assert wrong_way(importing, imported) is wrong


def test_importing_backline_brings_in_nothing_heavy() -> None:
    script = f"import sys, backline; print(*sorted(set({LAZY!r}) & set(sys.modules)))"
    found = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert found.stdout.split() == []


@pytest.mark.parametrize("name", ["backline", "backline.sdk"])
def test_public_names_are_listed(name: str) -> None:
    """`__all__` names exactly what a module offers; their order is checked by the linter."""
    module = importlib.import_module(name)
    listed = list(getattr(module, "__all__", []))
    assert len(listed) == len(set(listed))
    assert [word for word in listed if not hasattr(module, word)] == []
    offered = {word for word, value in vars(module).items() if not word.startswith("_") and not isinstance(value, ModuleType)}
    assert sorted(offered - {"annotations"} - set(listed)) == []
