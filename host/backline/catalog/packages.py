"""Find the packages that give plugins, and learn what each gives without letting a broken one near us.

This module knows entry points and distributions, runs the probe of every third-party entry point that was not seen before
in a child process with a time limit, and remembers the reports. It does not judge duplicates or settings.

A report is kept under the distribution's name, version, installation time and newest source file, so an edited or
reinstalled package is probed again. What made the child crash or hang is quarantined in the same way. A report of an
ordinary error is also dropped when anything is installed, since a missing dependency may have come.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib import metadata
from itertools import islice
from pathlib import Path
from typing import Any

from ..sdk.hooks import ENTRY_POINT_GROUP
from .child import CancelledError, ChildEnd, run_child
from .folders import cache_folder
from .provider import PATH_HOOKS, Provider
from .records import Description, Source, Status
from .store import Store

IN_HOUSE_DISTRIBUTION = "backline"
IN_HOUSE_ENTRY_POINT = metadata.EntryPoint("backline_plugins", "backline_plugins.hooks", ENTRY_POINT_GROUP)
REPORT_VERSION = 1
PROBE_WORKERS = 3
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


@dataclass(frozen=True, slots=True)
class Report:
    """What a package gives. With an `error` it gives nothing; `quarantined` means that loading it crashed or hung."""

    error: str = ""
    quarantined: bool = False
    plugins: tuple[Description, ...] = ()
    presets: tuple[str, ...] = ()
    controllers: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()


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


class Reports:
    """What third-party packages give, from the cache or from a probe in a child process."""

    def __init__(self, *, seconds: float, tell: Callable[[str], None] | None = None) -> None:
        self._seconds = seconds
        self._tell = tell
        self._store = Store(cache_folder() / "packages.json", REPORT_VERSION)

    def of(self, packages: Sequence[Package], *, fresh: bool = False) -> dict[str, Report]:
        """Return {package key: report}. `fresh` probes again what failed before. Raises OSError if no child can start."""
        kept = self._store.read()
        entries = {package.key: kept[package.key] for package in packages if package.key in kept}
        unknown = [package for package in packages if not _still_holds(entries.get(package.key), package, fresh)]
        if unknown:
            probed = self._probe_all(unknown)
            self._store.update(dict(probed))
            entries.update(probed)
        return {package.key: _as_report(entries[package.key]) for package in packages}

    def _probe_all(self, packages: Sequence[Package]) -> dict[str, dict[str, Any]]:
        cancel = threading.Event()
        with ThreadPoolExecutor(min(PROBE_WORKERS, len(packages))) as pool:
            try:
                jobs = {package.key: pool.submit(self._probe, package, cancel) for package in packages}
                return {key: job.result() for key, job in jobs.items()}
            except BaseException:
                cancel.set()
                pool.shutdown(wait=True, cancel_futures=True)
                raise

    def _probe(self, package: Package, cancel: threading.Event) -> dict[str, Any]:
        if self._tell is not None:
            self._tell(f"loading {package.source} ({package.source.value}) for the first time")
        entry = {"stamp": package.stamp, "environment": environment_stamp()}
        with tempfile.TemporaryDirectory(prefix="backline-probe-") as folder:
            out = Path(folder) / "report.json"
            arguments = [str(out), package.source.entry_point, package.source.value]
            try:
                end = run_child("backline.catalog.probe", arguments, seconds=self._seconds, cancel=cancel)
            except CancelledError:
                return {**entry, "error": "stopped while it was probed", "quarantined": False, "stamp": ""}
            try:
                found: dict[str, Any] = json.loads(out.read_text("utf-8"))
            except (OSError, ValueError):
                return {**entry, "error": self._blame(end), "quarantined": not end.exception}
        return {**entry, **found, "quarantined": False}

    def _blame(self, end: ChildEnd) -> str:
        if end.exception:
            return f"loading it failed: {end.exception}"
        if end.timed_out:
            return f"loading it did not end within {self._seconds:g} s; it is left out until it changes"
        return f"loading it ended the process ({end.reason}); it is left out until it changes"


def environment_stamp() -> str:
    """Return a text that changes when something is installed or removed in a folder of `sys.path`."""
    times = []
    for entry in sys.path:
        try:
            times.append(Path(entry or ".").stat().st_mtime_ns)
        except OSError:
            continue
    return f"{sys.version_info.major}.{sys.version_info.minor} {max(times, default=0)} {len(times)}"


def _still_holds(entry: dict[str, Any] | None, package: Package, fresh: bool) -> bool:
    if entry is None or not entry.get("stamp") or entry["stamp"] != package.stamp:
        return False
    broken = bool(entry.get("error")) or any(plugin["status"] != Status.ENABLED for plugin in entry.get("plugins", ()))
    if not broken:
        return True
    return not fresh and (bool(entry.get("quarantined")) or entry.get("environment") == environment_stamp())


def _as_report(entry: dict[str, Any]) -> Report:
    plugins = tuple(Description(**{**plugin, "status": Status(plugin["status"])}) for plugin in entry.get("plugins", ()))
    paths = {hook: tuple(entry.get(hook, ())) for hook in PATH_HOOKS}
    return Report(entry.get("error", ""), bool(entry.get("quarantined")), plugins, **paths)


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
