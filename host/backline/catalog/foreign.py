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
    """Whether a foreign plugin can be used. CRASHED and HUNG are in quarantine."""

    ENABLED = "enabled"
    LOAD_ERROR = "load_error"
    CRASHED = "crashed"
    HUNG = "hung"
    DISABLED_BY_USER = "disabled_by_user"


@dataclass(frozen=True, slots=True)
class ForeignPlugin:
    """One plugin in a bundle, or the bundle itself if it could not be opened (`name` is then its file name).

    `info` is what the plugin told when it was opened: ports, latency, parameters, backends.
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
    """Return the records that a scan entry {"status", "message", "plugins"} stands for."""
    try:
        status = ForeignStatus(entry.get("status", ""))
    except ValueError:
        status = ForeignStatus.LOAD_ERROR
    name = bundle.path.stem
    if status is not ForeignStatus.ENABLED:
        return [ForeignPlugin(f"{bundle.format}:{name}", name, bundle.format, bundle.path, status, str(entry.get("message", "")))]
    infos = [info for info in entry.get("plugins", ()) if isinstance(info, dict)]
    return [
        ForeignPlugin(
            f"{bundle.format}:{info.get('name') or name}",
            str(info.get("name") or name),
            bundle.format,
            bundle.path,
            status,
            "",
            str(info.get("vendor") or ""),
            str(info.get("version") or ""),
            str(info.get("kind") or ""),
            info,
        )
        for info in infos
    ]
