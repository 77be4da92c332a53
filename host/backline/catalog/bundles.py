"""Where VST3, AU and LV2 plugins lie on disk, and how one bundle is told from another and from its older self.

This module knows folders and files. It opens no plugin.
"""

from __future__ import annotations

import hashlib
import os
import platform
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

FORMATS = {".vst3": "vst3", ".component": "au", ".lv2": "lv2"}
BINARY_SUFFIXES = (".so", ".dylib", ".dll", ".vst3")
MAXIMUM_DEPTH = 8
MAXIMUM_FILES = 200


@dataclass(frozen=True, slots=True)
class Bundle:
    """One plugin file or folder on disk; it may hold several plugins."""

    path: Path
    format: str

    def identity(self) -> str:
        """Return a text that changes when any binary in the bundle does: its path, size, time and inode."""
        parts = [str(self.path)]
        for file in self._binaries():
            try:
                status = file.stat()
            except OSError:
                continue
            parts.append(f"{file.relative_to(self.path)} {status.st_size} {status.st_mtime_ns} {status.st_ino}")
        return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()

    def _binaries(self) -> list[Path]:
        if not self.path.is_dir():
            return [self.path]
        files = (file for file in self.path.rglob("*") if "Resources" not in file.parts and file.is_file())
        return sorted(islice(files, MAXIMUM_FILES))


def standard_folders() -> list[Path]:
    """Return the folders where this system keeps VST3, AU and LV2 plugins, the user's own first; they need not exist.

    Folders named in BACKLINE_VST3_PATH, BACKLINE_AU_PATH, BACKLINE_LV2_PATH and LV2_PATH come before them.
    """
    variables = ("BACKLINE_VST3_PATH", "BACKLINE_AU_PATH", "BACKLINE_LV2_PATH", "LV2_PATH")
    named = [Path(folder) for variable in variables for folder in os.environ.get(variable, "").split(os.pathsep) if folder]
    return [*named, *_system_folders(Path.home())]


def _system_folders(home: Path) -> list[Path]:
    if sys.platform == "darwin":
        roots = [home / "Library/Audio/Plug-Ins", Path("/Library/Audio/Plug-Ins")]
        return [root / kind for root in roots for kind in ("VST3", "Components", "LV2")]
    if sys.platform == "win32":
        local = Path(os.environ.get("LOCALAPPDATA", home / "AppData/Local")) / "Programs/Common"
        common = Path(os.environ.get("COMMONPROGRAMFILES", "C:/Program Files/Common Files"))
        roaming = Path(os.environ.get("APPDATA", home / "AppData/Roaming"))
        return [local / "VST3", common / "VST3", roaming / "LV2", common / "LV2"]
    machine = f"{platform.machine()}-linux-gnu"
    libraries = [Path("/usr/local/lib"), Path("/usr/lib"), Path("/usr/lib") / machine, Path("/usr/lib64")]
    return [home / ".vst3", home / ".lv2", *(library / kind for kind in ("vst3", "lv2") for library in libraries)]


def find_bundles(places: Iterable[Path], formats: Iterable[str]) -> list[Bundle]:
    """Return the bundles of these formats in (or at) the given places, each once, sorted within a place by name."""
    wanted = set(formats)
    found: dict[Path, Bundle] = {}
    for place in places:
        for path in sorted(_walk(place.absolute(), set(), 0)):
            bundle_format = FORMATS[path.suffix.lower()]
            if bundle_format in wanted and (bundle_format != "lv2" or _has_binary(path)):
                found.setdefault(path.resolve(), Bundle(path, bundle_format))
    return list(found.values())


def _walk(place: Path, seen: set[Path], depth: int) -> Iterator[Path]:
    if place.suffix.lower() in FORMATS:
        yield place
        return
    try:
        real = place.resolve()
        if real in seen or depth > MAXIMUM_DEPTH:
            return
        seen.add(real)
        with os.scandir(place) as entries:
            children = [Path(entry.path) for entry in entries if entry.is_dir() or Path(entry.name).suffix.lower() in FORMATS]
    except OSError:
        return
    for child in children:
        yield from _walk(child, seen, depth + 1)


def _has_binary(path: Path) -> bool:
    """Tell LV2 bundles with a plugin from those that only hold presets or a vocabulary."""
    return path.is_dir() and any(file.suffix.lower() in BINARY_SUFFIXES for file in path.iterdir())
