"""Where VST3, AU and LV2 plugins are looked for on this machine, in which order.

This module knows the folders of each system, the variables that add to them, and the folders that were scanned by name
before. It does not look into them.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable
from pathlib import Path

from .folders import cache_folder
from .settings import Settings
from .store import Store

FORMATS = ("vst3", "au", "lv2")
STORE_VERSION = 1


def search_places(settings: Settings, formats: Iterable[str] = FORMATS) -> list[Path]:
    """Return all places in order: the settings' folders, this system's, and those of earlier `--scan DIR`.

    Scanned ones come last, so that trying a folder of plugins never changes what the names in a preset mean.
    """
    places = [*settings.plugin_folders, *standard_folders(formats), *scanned_places()]
    return list(dict.fromkeys(places))


def standard_folders(formats: Iterable[str] = FORMATS) -> list[Path]:
    """Return the folders where this system keeps plugins of these formats, the user's own first; they need not exist.

    Folders named in BACKLINE_VST3_PATH, BACKLINE_AU_PATH, BACKLINE_LV2_PATH and LV2_PATH come before them.
    """
    wanted = tuple(formats)
    variables = [f"BACKLINE_{name.upper()}_PATH" for name in wanted] + ["LV2_PATH"] * ("lv2" in wanted)
    named = [Path(folder) for variable in variables for folder in os.environ.get(variable, "").split(os.pathsep) if folder]
    return [*named, *(folder for name in wanted for folder in _system_folders(name, Path.home()))]


def _system_folders(name: str, home: Path) -> list[Path]:
    if sys.platform == "darwin":
        folder = {"vst3": "VST3", "au": "Components", "lv2": "LV2"}[name]
        return [root / "Library/Audio/Plug-Ins" / folder for root in (home, Path("/"))]
    if name == "au":
        return []
    if sys.platform == "win32":
        common = Path(os.environ.get("COMMONPROGRAMFILES", "C:/Program Files/Common Files"))
        if name == "lv2":
            return [Path(os.environ.get("APPDATA", home / "AppData/Roaming")) / "LV2", common / "LV2"]
        return [Path(os.environ.get("LOCALAPPDATA", home / "AppData/Local")) / "Programs/Common/VST3", common / "VST3"]
    libraries = ("/usr/local/lib", "/usr/lib", f"/usr/lib/{platform.machine()}-linux-gnu", "/usr/local/lib64", "/usr/lib64")
    return [home / f".{name}", *(Path(library) / name for library in libraries)]


def scanned_places() -> list[Path]:
    """Return the folders and bundles that were scanned by name before, in order of their names."""
    return [Path(place) for place in sorted(_store().read())]


def remember_places(places: Iterable[Path]) -> None:
    """Keep the places of a scan, so that presets find the plugins there by name from now on."""
    wanted = {str(place.absolute()) for place in places}
    missing = wanted.difference(_store().read())
    _store().update({place: {} for place in missing})


def _store() -> Store:
    return Store(cache_folder() / "scanned_places.json", STORE_VERSION)
