"""Where presets are: those shipped with Backline, found in a wheel and in an editable install alike.

This module knows folders. It does not read presets.
"""

from __future__ import annotations

from pathlib import Path

from backline.formats.paths import LIBRARY_MARKS

SUFFIXES = (".yaml", ".yml")


def factory_folder() -> Path | None:
    """The folder of the shipped presets: in the repository for an editable install, inside the package otherwise."""
    package = Path(__file__).resolve().parents[1]
    folders = (package / "presets_data", package.parents[1] / "presets")
    return next((folder for folder in folders if folder.is_dir()), None)


def factory_presets() -> dict[str, Path]:
    """Shipped presets by short name (`keys/warm`), sorted."""
    folder = factory_folder()
    if folder is None:
        return {}
    found = {}
    for path in sorted(folder.rglob("*")):
        if path.suffix in SUFFIXES and path.name not in LIBRARY_MARKS:
            found[path.relative_to(folder).with_suffix("").as_posix()] = path
    return found


def factory_preset(name: str) -> Path | None:
    """The file of a shipped preset by its short name, or None."""
    return factory_presets().get(name.strip().removesuffix(".yaml"))
