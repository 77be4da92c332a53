"""Find the packages that give plugins, and tell one state of a package from another.

This module knows entry points, distributions and their files. It loads nothing.
"""

from __future__ import annotations

import importlib.util
from contextlib import suppress
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
    """One entry point and its distribution. `stamp` changes whenever the package may have changed; an `error` makes it useless."""

    source: Source
    provider: Provider
    stamp: str = ""
    error: str = ""

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
    """Return every other installed entry point of the group, in an order that stays the same: by distribution, then name.

    Of two installations of one distribution the first on `sys.path` counts. One whose `entry_points.txt` is damaged gives a
    Package with an `error`, where it seems to be meant for us; any other is none of our business.
    """
    packages: list[Package] = []
    seen = {IN_HOUSE_DISTRIBUTION}
    for distribution in metadata.distributions():
        with suppress(Exception):  # no name, unreadable files: not a distribution at all
            name = str(getattr(distribution, "_normalized_name", None) or distribution.name)
            text = distribution.read_text("entry_points.txt") or ""
            if name not in seen and ENTRY_POINT_GROUP in text:
                packages.extend(_packages_of(distribution))
            seen.add(name)
    return sorted(packages, key=lambda package: (package.source.distribution.lower(), package.source.entry_point))


def _packages_of(distribution: metadata.Distribution) -> list[Package]:
    name, version = distribution.name or "unknown", distribution.version or ""
    try:
        entries = [entry for entry in distribution.entry_points if entry.group == ENTRY_POINT_GROUP]
    except Exception as error:  # noqa: BLE001 - importlib.metadata promises no kind of error for a damaged file
        entry = metadata.EntryPoint(name, "", ENTRY_POINT_GROUP)
        return [Package(Source(name, version, name, ""), Provider(entry), error=f"its entry_points.txt is damaged: {error}")]
    return [Package(Source(name, version, entry.name, entry.value), Provider(entry), _stamp(distribution, entry)) for entry in entries]


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
