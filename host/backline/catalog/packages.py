"""Find the packages that give plugins, and tell one state of a package from another.

This module knows entry points, distributions and their files. It loads nothing.
"""

from __future__ import annotations

import importlib.util
from dataclasses import dataclass
from importlib import metadata
from itertools import islice
from pathlib import Path

from ..sdk.hooks import ENTRY_POINT_GROUP
from .provider import Provider
from .records import Source

IN_HOUSE_DISTRIBUTION = "backline"
IN_HOUSE_ENTRY_POINT = metadata.EntryPoint("backline_plugins", "backline_plugins.hooks", ENTRY_POINT_GROUP)
MAXIMUM_SOURCE_FILES = 2000


@dataclass(frozen=True, slots=True)
class Package:
    """One entry point and its distribution. `stamp` changes whenever the package may have changed."""

    source: Source
    provider: Provider
    stamp: str = ""

    @property
    def key(self) -> str:
        """Return the name under which its report is kept."""
        return f"{self.source.distribution}:{self.source.entry_point}"


def in_house() -> Package:
    """Return our own plugins: the entry point of the distribution `backline`, or the source tree beside it if not installed."""
    try:
        distribution = metadata.distribution(IN_HOUSE_DISTRIBUTION)
    except metadata.PackageNotFoundError:
        return Package(
            Source(IN_HOUSE_DISTRIBUTION, "", "backline_plugins", IN_HOUSE_ENTRY_POINT.value, True), Provider(IN_HOUSE_ENTRY_POINT)
        )
    entry_points = [entry for entry in distribution.entry_points if entry.group == ENTRY_POINT_GROUP] or [IN_HOUSE_ENTRY_POINT]
    entry = entry_points[0]
    return Package(Source(IN_HOUSE_DISTRIBUTION, distribution.version, entry.name, entry.value, True), Provider(entry))


def third_party() -> list[Package]:
    """Return every other installed entry point of the group, in an order that stays the same: by distribution, then name."""
    packages = []
    for entry in metadata.entry_points(group=ENTRY_POINT_GROUP):
        distribution = entry.dist
        name = (distribution.name if distribution is not None else "") or "unknown"
        if name == IN_HOUSE_DISTRIBUTION:
            continue
        version = distribution.version if distribution is not None else ""
        stamp = _stamp(distribution, entry) if distribution is not None else ""
        packages.append(Package(Source(name, version or "", entry.name, entry.value), Provider(entry), stamp))
    return sorted(packages, key=lambda package: (package.source.distribution.lower(), package.source.entry_point))


def _stamp(distribution: metadata.Distribution, entry: metadata.EntryPoint) -> str:
    """Tell this state of the package from any other: version, time of installation, newest source file and their number."""
    installed = 0
    folder = Path(str(getattr(distribution, "_path", "")))  # of the finder for folders; no other finder has installation times
    for name in ("RECORD", "METADATA", "entry_points.txt"):
        try:
            installed = max(installed, (folder / name).stat().st_mtime_ns)
        except (OSError, ValueError):
            continue
    newest, number = _newest_source(entry.value)
    return f"{distribution.version} {installed} {newest} {number} {entry.value}"


def _newest_source(value: str) -> tuple[int, int]:
    top = value.partition(":")[0].partition(".")[0]
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError, AttributeError):
        return 0, 0
    if spec is None:
        return 0, 0
    files: list[Path] = []
    if spec.submodule_search_locations is None:
        files = [Path(spec.origin or "")]
    for location in spec.submodule_search_locations or ():
        files.extend(islice(Path(location).rglob("*.py"), MAXIMUM_SOURCE_FILES))
    times = [file.stat().st_mtime_ns for file in files if file.is_file()]
    return max(times, default=0), len(times)
