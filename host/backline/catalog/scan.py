"""Look into VST3, AU and LV2 bundles, each in a child process, and remember what was found under the bundle's identity.

This module knows scanning, time limits, the cache and the quarantine. It does not know how a plugin is opened: the child runs
`backline.rack.foreign.probe PATH --result FILE`, which writes {"status", "message", "info"} as JSON; no file means a crash or a hang.

What crashed or hung is named and not opened again until its file changes or a rescan is asked for.
"""

from __future__ import annotations

import difflib
import importlib.util
import json
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from importlib import metadata
from pathlib import Path
from typing import Any

from .bundles import FORMATS, Bundle, find_bundles, standard_folders
from .child import CancelledError, ChildEnd, run_child
from .errors import PluginUnavailableError, UnknownPluginError
from .folders import cache_folder
from .foreign import ForeignPlugin, ForeignStatus, plugins_of
from .settings import Settings
from .store import Store

PROBE_MODULE = "backline.rack.foreign.probe"
SCAN_VERSION = 1
SCAN_SECONDS = 30.0
SCAN_WORKERS = 2
SAVE_EVERY_SECONDS = 1.0

Progress = Callable[[int, int, str], None]
"""Called with (bundles done, bundles to do, name of one that was just opened or finished)."""


class Scanner:
    """Finds and remembers foreign plugins. `seconds` is the time one bundle may take. Nothing here raises for a bad bundle."""

    def __init__(self, settings: Settings | None = None, *, seconds: float = SCAN_SECONDS, progress: Progress | None = None) -> None:
        self.settings = settings if settings is not None else Settings.load()
        self.seconds = seconds
        self.progress = progress
        self._store = Store(cache_folder() / "bundles.json", SCAN_VERSION)
        self._backends = backend_versions()

    def folders(self) -> list[Path]:
        """Return where plugins are looked for: the settings' folders, then the system's."""
        return [*self.settings.plugin_folders, *standard_folders()]

    def scan(self, places: Iterable[Path] | None = None, *, rescan: bool = False) -> list[ForeignPlugin]:
        """Return every plugin in these folders or bundles (default: all known folders), opening only what is new or changed.

        `rescan` opens all of them again, those in quarantine too.
        """
        bundles = find_bundles(self.folders() if places is None else places, self._formats())
        return self._look_into(bundles, rescan=rescan)

    def find(self, reference: str) -> ForeignPlugin:
        """Return the usable plugin that "vst3:Name", "au:Name", "lv2:Name" or "vst3:/path/to/Bundle.vst3" means.

        Bundles of that file name and those known from earlier scans (of other folders too) are tried before all others, so this
        rarely opens much. Raises UnknownPluginError (with near names) or PluginUnavailableError (with the reason).
        """
        bundle_format, _, name = reference.partition(":")
        if bundle_format not in FORMATS.values() or not name:
            raise UnknownPluginError(reference, "foreign plugins are written vst3:Name, au:Name or lv2:Name")
        if "/" in name or "\\" in name:
            return self._at_path(reference, Path(name).expanduser())
        bundles = [bundle for bundle in find_bundles(self.folders(), self._formats()) if bundle.format == bundle_format]
        same_name = [bundle for bundle in bundles if bundle.path.stem.casefold() == name.partition("#")[0].casefold()]
        for candidates in (same_name, self._remembered(bundle_format, name), bundles):
            found = _named(self._look_into(candidates), name)
            if found is not None:
                return _usable(found)
        near = difflib.get_close_matches(reference, [plugin.id for plugin in self._look_into(bundles)], 1)
        where = f"did you mean {near[0]}?" if near else "`backline plugins` lists what was found"
        raise UnknownPluginError(reference, where)

    def _remembered(self, bundle_format: str, name: str) -> list[Bundle]:
        """Return the bundles that once held a plugin of this name and still exist, wherever they lie."""
        found = []
        for path, entry in self._store.read().items():
            bundle = Bundle(Path(path), bundle_format)
            if FORMATS.get(bundle.path.suffix.lower()) == bundle_format and _named(plugins_of(bundle, entry), name) is not None:
                found.append(bundle)
        return [bundle for bundle in found if bundle.path.exists()]

    def _at_path(self, reference: str, path: Path) -> ForeignPlugin:
        bundles = find_bundles([path], self._formats()) if path.exists() else []
        if not bundles:
            raise UnknownPluginError(reference, f"{path} is no plugin bundle" if path.exists() else f"{path} does not exist")
        return _usable(self._look_into(bundles)[0])

    def _formats(self) -> set[str]:
        formats = {"vst3", "au"}
        if any(backend.startswith("minihost") for backend in self._backends):
            formats.add("lv2")
        return formats

    def _look_into(self, bundles: Sequence[Bundle], *, rescan: bool = False) -> list[ForeignPlugin]:
        kept = self._store.read()
        identities = {bundle.path: bundle.identity() for bundle in bundles}
        entries = {bundle.path: kept[str(bundle.path)] for bundle in bundles if str(bundle.path) in kept}
        waiting = [bundle for bundle in bundles if rescan or not self._still_holds(entries.get(bundle.path), identities[bundle.path])]
        if waiting:
            entries.update(self._open_all(waiting, identities))
        plugins = [plugin for bundle in bundles if bundle.path in entries for plugin in plugins_of(bundle, entries[bundle.path])]
        return [plugin.disabled_by(self.settings.disabled) for plugin in plugins]

    def _still_holds(self, entry: dict[str, Any] | None, identity: str) -> bool:
        if entry is None or entry.get("identity") != identity:
            return False
        quarantined = entry.get("status") in (ForeignStatus.CRASHED, ForeignStatus.HUNG)
        return quarantined or entry.get("opened_with") == self._backends

    def _open_all(self, bundles: Sequence[Bundle], identities: dict[Path, str]) -> dict[Path, dict[str, Any]]:
        cancel = threading.Event()
        found: dict[Path, dict[str, Any]] = {}
        unsaved: dict[str, dict[str, Any] | None] = {}
        saved = time.monotonic()
        with ThreadPoolExecutor(SCAN_WORKERS) as pool:
            jobs: dict[Future[dict[str, Any]], Bundle] = {pool.submit(self._open, bundle, cancel): bundle for bundle in bundles}
            left: set[Future[dict[str, Any]]] = set(jobs)
            try:
                while left:
                    done, left = wait(left, return_when=FIRST_COMPLETED)
                    for job in done:
                        bundle = jobs[job]
                        found[bundle.path] = {**job.result(), "identity": identities[bundle.path], "opened_with": self._backends}
                        unsaved[str(bundle.path)] = found[bundle.path]
                        if self.progress is not None:
                            self.progress(len(found), len(bundles), bundle.path.name)
                    if time.monotonic() - saved > SAVE_EVERY_SECONDS:
                        self._store.update(unsaved)
                        unsaved, saved = {}, time.monotonic()
            finally:
                cancel.set()
                pool.shutdown(wait=True, cancel_futures=True)
                self._store.update(unsaved)
        return found

    def _open(self, bundle: Bundle, cancel: threading.Event) -> dict[str, Any]:
        entry = self._ask(bundle, [], cancel)
        names = entry.get("plugins")
        if entry["status"] is ForeignStatus.ENABLED and isinstance(names, list):  # a bundle of several: each gets its own child
            entries = [{"name": name, "plugin_name": name, **self._ask(bundle, ["--plugin-name", name], cancel)} for name in names]
            return {"status": ForeignStatus.ENABLED, "message": "", "several": entries}
        return entry

    def _ask(self, bundle: Bundle, more: list[str], cancel: threading.Event) -> dict[str, Any]:
        """Return what one child found: the plugin's own words with "status" and "message"."""
        with tempfile.TemporaryDirectory(prefix="backline-scan-") as folder:
            result = Path(folder) / "found.json"
            arguments = [str(bundle.path), "--result", str(result), "--run", *more]
            try:
                end = run_child(PROBE_MODULE, arguments, seconds=self.seconds, cancel=cancel)
            except CancelledError:
                return {"status": ForeignStatus.LOAD_ERROR, "message": "stopped while it was scanned"}
            try:
                report: dict[str, Any] = json.loads(result.read_text("utf-8"))
            except (OSError, ValueError):
                return _blame(end, self.seconds)
        if report.get("status") != "ok":
            return {"status": ForeignStatus.LOAD_ERROR, "message": str(report.get("message") or "it cannot be loaded")}
        if end.timed_out or end.code != 0:
            return _blame(end, self.seconds)
        return {**report["info"], "status": ForeignStatus.ENABLED, "message": ""}


def backend_versions() -> list[str]:
    """Return the plugin backends that are installed, with their versions: ["minihost 0.11.0", "pedalboard 0.9.26"]."""
    found = []
    for name in ("minihost", "pedalboard"):
        if importlib.util.find_spec(name) is not None:
            try:
                found.append(f"{name} {metadata.version(name)}")
            except metadata.PackageNotFoundError:
                found.append(name)
    return found


def _blame(end: ChildEnd, seconds: float) -> dict[str, Any]:
    until = "not opened again until its file changes or `backline plugins --rescan`"
    if end.exception:
        return {"status": ForeignStatus.LOAD_ERROR, "message": end.exception}
    if end.timed_out:
        return {"status": ForeignStatus.HUNG, "message": f"opening it did not end within {seconds:g} s; {until}"}
    return {"status": ForeignStatus.CRASHED, "message": f"opening it ended the process ({end.reason}); {until}"}


def _named(plugins: Sequence[ForeignPlugin], name: str) -> ForeignPlugin | None:
    """Return what a name means: a plugin's id without its format, before its shown name; usable ones before others."""
    wanted = name.casefold()
    by_id = [plugin for plugin in plugins if plugin.id.partition(":")[2].casefold() == wanted]
    by_name = [plugin for plugin in plugins if plugin.name.casefold() == wanted]
    matching = by_id or by_name
    return min(matching, key=lambda plugin: plugin.status is not ForeignStatus.ENABLED) if matching else None


def _usable(plugin: ForeignPlugin) -> ForeignPlugin:
    if plugin.status is not ForeignStatus.ENABLED:
        raise PluginUnavailableError(f'plugin "{plugin.id}" ({plugin.path}) cannot be used ({plugin.status}): {plugin.message}')
    return plugin
