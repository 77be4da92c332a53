"""All Python plugins of this machine: which there are, which can be used, and the class of each.

This module knows in-house and third-party packages, the user's settings, duplicates and statuses. It does not know
pedalboard, VST3 or AU plugins (`backline.catalog.scan` does), and it never calls more than one package at a time.

Our own plugins are asked first and win over others, so a preset that needs only them never looks at third-party packages.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from .errors import PluginUnavailableError, UnknownPluginError
from .packages import Package, in_house, third_party
from .provider import PATH_HOOKS
from .records import Description, PluginRecord, Source, Status
from .settings import Settings

if TYPE_CHECKING:
    from ..sdk.plugin import Plugin

PLUGINS_VARIABLE = "BACKLINE_PLUGINS"
PROBE_SECONDS = 10.0


class Catalog:
    """What can be used under which id. Nothing is imported before it is asked for.

    `probe_seconds` is the time a package not seen before may take to load; `tell` receives a line before each such load.
    The variable BACKLINE_PLUGINS, when set, names the distributions or entry points (comma between) that may load beside our own.
    Raises SettingsError if `settings.yaml` is wrong.
    """

    def __init__(
        self, settings: Settings | None = None, *, probe_seconds: float = PROBE_SECONDS, tell: Callable[[str], None] | None = None
    ) -> None:
        self.settings = settings if settings is not None else Settings.load()
        self._probe_seconds = probe_seconds
        self.tell = tell
        self._own = in_house()
        self._own_records: list[PluginRecord] | None = None
        self._other_records: list[PluginRecord] | None = None
        self._paths: dict[str, list[tuple[Source, Path]]] = {}

    def plugin(self, plugin_id: str) -> type[Plugin]:
        """Return the class of a plugin, importing that one alone. Raises UnknownPluginError or PluginUnavailableError (why)."""
        return self.record(plugin_id).load()

    def record(self, plugin_id: str) -> PluginRecord:
        """Return the record that answers to an id: the usable one if there is one. Raises UnknownPluginError."""
        for records in (self._in_house, self._third_party):
            found = [record for record in records() if record.id == plugin_id]
            if found:
                return min(found, key=lambda record: record.status is not Status.ENABLED)
        raise UnknownPluginError(plugin_id)

    def records(self) -> list[PluginRecord]:
        """Return every record, our own first, with kind, name and summary filled in (imports every plugin of ours)."""
        records = self._in_house() + self._third_party()
        for record in records:
            record.complete()
        return records

    def ids(self) -> list[str]:
        """Return the ids that can be used, sorted; for did-you-mean and completion."""
        return sorted(record.id for record in self._in_house() + self._third_party() if record.status is Status.ENABLED)

    def presets(self) -> list[tuple[Source, Path]]:
        """Return the preset folders that packages give, each with its package."""
        return self._given("presets")

    def controllers(self) -> list[tuple[Source, Path]]:
        """Return the controller profiles that packages give, each with its package."""
        return self._given("controllers")

    def targets(self) -> list[tuple[Source, Path]]:
        """Return the delivery targets that packages give, each with its package."""
        return self._given("targets")

    def retry(self) -> None:
        """Probe again what failed, crashed or hung before."""
        self._other_records = None
        self._third_party(fresh=True)

    def _in_house(self) -> list[PluginRecord]:
        if self._own_records is None:
            package, provider = self._own, self._own.provider
            try:
                self._own_records = [
                    self._judged(
                        PluginRecord(
                            plugin_id,
                            package.source,
                            loader=partial(provider.load, plugin_id),
                            describer=partial(provider.describe, plugin_id),
                        )
                    )
                    for plugin_id in provider.offers()
                ]
            except PluginUnavailableError as error:
                self._own_records = [PluginRecord(package.source.entry_point, package.source, Status.LOAD_ERROR, str(error))]
        return self._own_records

    def _third_party(self, *, fresh: bool = False) -> list[PluginRecord]:
        if self._other_records is None:
            from .reports import NOTHING, Reports

            reports_of = Reports(seconds=self._probe_seconds, tell=self.tell).of
            packages = third_party()
            wanted = [package for package in packages if not package.error and not self._left_out(package)]
            reports = reports_of(wanted, fresh=fresh)
            holders = {record.id: record.source for record in self._in_house()}
            self._other_records = []
            for package in packages:
                reason = self._left_out(package)
                if reason:
                    self._other_records.append(PluginRecord(package.source.entry_point, package.source, Status.DISABLED_BY_USER, reason))
                    continue
                report = reports.get(package.key, NOTHING)
                error = package.error or report.error
                if error:
                    self._other_records.append(PluginRecord(package.source.entry_point, package.source, Status.LOAD_ERROR, error))
                self._other_records.extend(self._records_of(package, report.plugins, holders))
                for hook in PATH_HOOKS:
                    self._paths.setdefault(hook, []).extend((package.source, Path(path)) for path in getattr(report, hook))
        return self._other_records

    def _records_of(self, package: Package, descriptions: tuple[Description, ...], holders: dict[str, Source]) -> Iterator[PluginRecord]:
        for description in descriptions:
            record = PluginRecord(
                description.id,
                package.source,
                description.status,
                description.message,
                description.kind,
                description.name,
                description.summary,
                loader=partial(package.provider.load, description.id),
            )
            record = self._judged(record)
            if record.status is Status.ENABLED:
                holder = holders.setdefault(record.id, package.source)
                if holder is not package.source:
                    record.status, record.message = Status.DUPLICATE_ID, f"{holder} already gives this id"
            yield record

    def _judged(self, record: PluginRecord) -> PluginRecord:
        if record.status is Status.ENABLED and record.id in self.settings.disabled:
            record.status, record.message = Status.DISABLED_BY_USER, "listed under `disabled` in settings.yaml"
        return record

    def _left_out(self, package: Package) -> str:
        """Say why a whole package is not loaded; "" if it is."""
        source = package.source
        if source.distribution in self.settings.disabled:
            return "its distribution is listed under `disabled` in settings.yaml"
        allowed = os.environ.get(PLUGINS_VARIABLE)
        if allowed is not None and not {source.distribution, source.entry_point} & {name.strip() for name in allowed.split(",")}:
            return f"not named in the variable {PLUGINS_VARIABLE}"
        return ""

    def _given(self, hook: str) -> list[tuple[Source, Path]]:
        self._third_party()
        try:
            own = [(self._own.source, Path(path)) for path in self._own.provider.paths(hook)]
        except PluginUnavailableError:
            own = []
        return own + self._paths.get(hook, [])
