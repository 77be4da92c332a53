"""What is known about one VST3, AU or LV2 plugin.

This module knows the record of a foreign plugin and how a scan entry becomes records. It opens nothing.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from pathlib import Path
from typing import Any

from .bundles import Bundle


class ForeignStatus(StrEnum):
    """Whether a foreign plugin can be used."""

    ENABLED = "enabled"
    LOAD_ERROR = "load_error"
    CRASHED = "crashed"
    HUNG = "hung"
    DISABLED_BY_USER = "disabled_by_user"


QUARANTINE = (ForeignStatus.CRASHED, ForeignStatus.HUNG)
"""What is not opened again until its file changes or a rescan finds it well."""


@dataclass(frozen=True, slots=True)
class ForeignPlugin:
    """One plugin in a bundle, or the bundle itself if it could not be opened (`name` is then its file name).

    `id` is what a preset writes: "vst3:" and the file name, with "#" and the plugin's name where the bundle holds several. `info`
    is what the plugin told when it was opened: inputs, outputs, latency, parameters, backend.
    """

    id: str
    name: str
    format: str
    path: Path
    status: ForeignStatus
    message: str = ""
    vendor: str = ""
    version: str = ""
    kind: str = ""
    info: dict[str, Any] = field(default_factory=dict, repr=False)

    def disabled_by(self, disabled: frozenset[str]) -> ForeignPlugin:
        """Return the same plugin, switched off if the user's list names its id, name or path."""
        if self.status is ForeignStatus.ENABLED and not disabled.isdisjoint({self.id, self.name, str(self.path)}):
            return replace(self, status=ForeignStatus.DISABLED_BY_USER, message="listed under `disabled` in settings.yaml")
        return self

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for machines, without the parameters."""
        return {
            "id": self.id,
            "name": self.name,
            "kind": self.kind,
            "format": self.format,
            "status": str(self.status),
            "message": self.message,
            "summary": "",
            "source": self.vendor,
            "version": self.version,
            "path": str(self.path),
        }


def plugins_of(bundle: Bundle, entry: dict[str, Any]) -> list[ForeignPlugin]:
    """Return the records of a scan entry: one for the plugin it describes, or one for each under "several"."""
    return [_plugin_of(bundle, info) for info in entry.get("several", [entry])]


def _plugin_of(bundle: Bundle, info: dict[str, Any]) -> ForeignPlugin:
    try:
        status = ForeignStatus(info.get("status", ""))
    except ValueError:
        status = ForeignStatus.LOAD_ERROR
    file_name = bundle.path.stem
    part = info.get("plugin_name")
    return ForeignPlugin(
        f"{bundle.format}:{file_name}" + (f"#{part}" if part else ""),
        str(info.get("name") or file_name),
        bundle.format,
        bundle.path,
        status,
        str(info.get("message") or ""),
        str(info.get("vendor") or ""),
        str(info.get("version") or ""),
        str(info.get("kind") or ""),
        info,
    )
