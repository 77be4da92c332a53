"""Look into VST3, AU and LV2 bundles, each in a child process, and remember what was found under the bundle's identity.

This module knows which bundles to look into, the cache and the quarantine. It does not know how a plugin is opened
(`backline.catalog.look` does that for one bundle).

What crashed or hung is named and not opened again until its file changes or a rescan is asked for.
"""

from __future__ import annotations

import difflib
import threading
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from pathlib import Path

from . import trust
from .backends import backend_of, formats_of, version_of
from .bundles import Bundle, find_bundles, parse_address
from .errors import PluginUnavailableError, UnknownPluginError
from .folders import cache_folder
from .foreign import QUARANTINE, ForeignPlugin, ForeignStatus, plugins_of
from .look import LOOK_SECONDS, Entry, look
from .places import remember_places, search_places
from .settings import Settings
from .store import Store

SCAN_VERSION = 2
SCAN_WORKERS = 2
SAVE_EVERY_SECONDS = 1.0

Progress = Callable[[int, int, str], None]
"""Called with (bundles done, bundles to do, name of one that was just opened or finished)."""


class Scanner:
    """Finds and remembers foreign plugins. `seconds` is the time one bundle may take. Nothing here raises for a bad bundle."""

    def __init__(self, settings: Settings | None = None, *, seconds: float = LOOK_SECONDS, progress: Progress | None = None) -> None:
        self.settings = settings if settings is not None else Settings.load()
        self.seconds = seconds
        self.progress = progress
        self.backend = backend_of(self.settings.host)
        self._store = Store(cache_folder() / f"bundles-{self.backend}.json", SCAN_VERSION)
        self._opened_with = version_of(self.backend)
        self._formats = formats_of(self.backend)

    def folders(self) -> list[Path]:
        """Return where plugins are looked for, in order."""
        return search_places(self.settings, self._formats)

    def scan(self, places: Iterable[Path] | None = None, *, rescan: bool = False) -> list[ForeignPlugin]:
        """Return every plugin in these folders or bundles (default: all known folders), opening only what is new or changed.

        Places not known before are known from then on. `rescan` opens everything again, what is in quarantine too.
        """
        known = self.folders()
        wanted = known if places is None else list(places)
        remember_places(place for place in wanted if place.absolute() not in known)
        return self._look_into(find_bundles(wanted, self._formats), rescan=rescan)

    def find(self, reference: str) -> ForeignPlugin:
        """Return the usable plugin that "vst3:Name", "au:Name", "lv2:Name" or "vst3:/path/to/Bundle.vst3" means.

        Names are those of files or, after them, those that plugins show. Bundles of that file name and those known to hold a plugin
        of that name are tried before all others, so this rarely opens much. Raises UnknownPluginError (with near names) or
        PluginUnavailableError (with the reason).
        """
        address = parse_address(reference)
        if address.is_path:
            place = Path(address.name).expanduser()
            found = find_bundles([place], self._formats) if place.exists() else []
            if not found:
                raise UnknownPluginError(reference, f"{place} is no plugin bundle" if place.exists() else f"{place} does not exist")
            return _usable(self._look_into(found)[0])
        name = str(address).partition(":")[2]
        bundles = [bundle for bundle in find_bundles(self.folders(), self._formats) if bundle.format == address.format]
        same_name = [bundle for bundle in bundles if bundle.path.stem.casefold() == address.name.casefold()]
        for candidates in (same_name, self._remembered(bundles, name), bundles):
            plugin = _named(self._look_into(candidates), name)
            if plugin is not None:
                return _usable(plugin)
        near = difflib.get_close_matches(reference, [plugin.id for plugin in self._look_into(bundles)], 1)
        raise UnknownPluginError(reference, f"did you mean {near[0]}?" if near else "`backline plugins` lists what was found")

    def _remembered(self, bundles: Sequence[Bundle], name: str) -> list[Bundle]:
        """Return the bundles that held a plugin of this name when they were last looked into."""
        kept = self._store.read()
        entries = ((bundle, kept.get(str(bundle.path))) for bundle in bundles)
        return [bundle for bundle, entry in entries if entry is not None and _named(plugins_of(bundle, entry), name) is not None]

    def _look_into(self, bundles: Sequence[Bundle], *, rescan: bool = False) -> list[ForeignPlugin]:
        kept = self._store.read()
        identities = {bundle.path: bundle.identity() for bundle in bundles}
        entries = {bundle.path: kept[str(bundle.path)] for bundle in bundles if str(bundle.path) in kept}
        waiting = [bundle for bundle in bundles if rescan or not self._still_holds(entries.get(bundle.path), identities[bundle.path])]
        if waiting:
            entries.update(self._open_all(waiting, identities))
        plugins = [plugin for bundle in bundles if bundle.path in entries for plugin in plugins_of(bundle, entries[bundle.path])]
        return [plugin.disabled_by(self.settings.disabled) for plugin in plugins]

    def _still_holds(self, entry: Entry | None, identity: str) -> bool:
        if entry is None or entry.get("identity") != identity:
            return False
        return entry.get("status") in QUARANTINE or entry.get("opened_with") == self._opened_with

    def _open_all(self, bundles: Sequence[Bundle], identities: dict[Path, str]) -> dict[Path, Entry]:
        cancel = threading.Event()
        found: dict[Path, Entry] = {}
        unsaved: dict[str, Entry | None] = {}
        saved = time.monotonic()
        with ThreadPoolExecutor(SCAN_WORKERS) as pool:
            jobs: dict[Future[Entry], Bundle] = {pool.submit(self._open, bundle, cancel): bundle for bundle in bundles}
            left: set[Future[Entry]] = set(jobs)
            try:
                while left:
                    done, left = wait(left, return_when=FIRST_COMPLETED)
                    for job in done:
                        bundle = jobs[job]
                        found[bundle.path] = {**job.result(), "identity": identities[bundle.path], "opened_with": self._opened_with}
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

    def _open(self, bundle: Bundle, cancel: threading.Event) -> Entry:
        entry = self._look(bundle, None, cancel)
        names = entry.get("plugins")
        if entry["status"] is ForeignStatus.ENABLED and isinstance(names, list):  # a bundle of several: each gets its own child
            entries = [{"name": name, "plugin_name": name, **self._look(bundle, name, cancel)} for name in names]
            return {"status": ForeignStatus.ENABLED, "message": "", "several": entries}
        return entry

    def _look(self, bundle: Bundle, plugin_name: str | None, cancel: threading.Event) -> Entry:
        identity = bundle.identity()
        entry = look(bundle, self.backend, plugin_name, seconds=self.seconds, cancel=cancel)
        if not cancel.is_set():
            trust.remember(bundle, self.backend, plugin_name, entry, identity)
        return entry


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
