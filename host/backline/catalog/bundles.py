"""The files and folders that hold VST3, AU and LV2 plugins: their addresses, how one is found, and told from its older self.

This module knows names and files. It opens no plugin.
"""

from __future__ import annotations

import difflib
import hashlib
import os
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from .errors import UnknownPluginError

SUFFIXES = {"vst3": ".vst3", "au": ".component", "lv2": ".lv2"}
FORMATS = {suffix: name for name, suffix in SUFFIXES.items()}
BINARY_SUFFIXES = (".so", ".dylib", ".dll", ".vst3")
MAXIMUM_DEPTH = 8
MAXIMUM_FILES = 200


@dataclass(frozen=True, slots=True)
class Address:
    """A plugin as presets write it: `vst3:NAME`, `vst3:/path/NAME.vst3`, `au:NAME`, `lv2:NAME`, with `#PLUGIN` for one of many."""

    format: str
    name: str
    plugin_name: str | None = None

    def __str__(self) -> str:
        return f"{self.format}:{self.name}" + (f"#{self.plugin_name}" if self.plugin_name else "")

    @property
    def is_path(self) -> bool:
        """Whether it names a place on disk."""
        return "/" in self.name or "\\" in self.name


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
            parts.append(f"{file} {status.st_size} {status.st_mtime_ns} {status.st_ino}")
        return hashlib.sha256("\n".join(parts).encode("utf-8", "surrogateescape")).hexdigest()

    def _binaries(self) -> list[Path]:
        if not self.path.is_dir():
            return [self.path]
        files: list[Path] = []
        for folder, folders, names in os.walk(self.path):
            folders[:] = sorted(name for name in folders if name != "Resources")
            files += [Path(folder, name) for name in sorted(names)]
            if len(files) >= MAXIMUM_FILES:
                break
        return files[:MAXIMUM_FILES]


def parse_address(text: str | Path) -> Address:
    """Read a plugin's address; a bare path tells its format by its suffix. Raises UnknownPluginError for anything else."""
    whole = str(text)
    head, colon, rest = whole.partition(":")
    if colon and head.lower() in SUFFIXES and rest:
        name, _, plugin_name = rest.partition("#")
        return Address(head.lower(), name, plugin_name or None)
    name, _, plugin_name = (whole, "", "") if isinstance(text, Path) else whole.partition("#")
    for suffix, bundle_format in FORMATS.items():
        if name.rstrip("/").lower().endswith(suffix):
            return Address(bundle_format, name, plugin_name or None)
    raise UnknownPluginError(whole, "foreign plugins are written vst3:NAME, au:NAME, lv2:NAME or as the path of a bundle")


def locate(address: Address, places: Iterable[Path]) -> Bundle:
    """Return the bundle that an address means: at its path, else the first of its name in these places, in order.

    Exact names come before those that differ in upper and lower case. Raises UnknownPluginError, which says what is alike and
    where was looked.
    """
    if address.format == "au" and sys.platform != "darwin":
        raise UnknownPluginError(str(address), "Audio Units exist on macOS only, use the plugin's VST3 version")
    suffix = SUFFIXES[address.format]
    path = Path(address.name).expanduser()
    if address.is_path or address.name.lower().endswith(suffix):
        if path.exists():
            return Bundle(path.absolute(), address.format)
        if address.is_path:
            raise UnknownPluginError(str(address), f"{path} does not exist")
    stem = path.stem if address.name.lower().endswith(suffix) else address.name
    folders = list(places)
    known: dict[str, Path] = {}
    for folder in folders:
        direct = folder / f"{stem}{suffix}"
        if direct.exists():
            return Bundle(direct.absolute(), address.format)
        for bundle in find_bundles([folder], {address.format}):
            known.setdefault(bundle.path.stem, bundle.path)
        if stem in known:
            return Bundle(known[stem], address.format)
    folded = {name.casefold(): path for name, path in reversed(known.items())}
    if stem.casefold() in folded:
        return Bundle(folded[stem.casefold()], address.format)
    near = difflib.get_close_matches(stem.casefold(), folded, 3)
    hint = f"did you mean {' or '.join(f'{address.format}:{folded[name].stem}' for name in near)}? " if near else ""
    looked = ", ".join(str(folder) for folder in folders if folder.is_dir()) or "no folder: none of the standard ones exists"
    raise UnknownPluginError(str(address), f"{hint}(looked in {looked})")


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
