"""Learn what third-party packages give without letting a broken one near us.

This module runs the probe of every entry point that was not seen before in a child process with a time limit, and remembers
the reports. It does not judge duplicates or settings.

A report is kept under the distribution's name, version, installation time and newest source file, so an edited or
reinstalled package is probed again. What made the child crash or hang is quarantined in the same way. A report of an
ordinary error is also dropped when anything is installed, since a missing dependency may have come.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .child import CancelledError, ChildEnd, run_child
from .folders import cache_folder
from .packages import Package
from .provider import PATH_HOOKS
from .records import Description, Status
from .store import Store

REPORT_VERSION = 1
PROBE_WORKERS = 3


@dataclass(frozen=True, slots=True)
class Report:
    """What a package gives. With an `error` it gives nothing; `quarantined` means that loading it crashed or hung."""

    error: str = ""
    quarantined: bool = False
    plugins: tuple[Description, ...] = ()
    presets: tuple[str, ...] = ()
    controllers: tuple[str, ...] = ()
    targets: tuple[str, ...] = ()


NOTHING = Report()


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
