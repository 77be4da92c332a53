"""A small JSON file of remembered results, safe against damage, concurrent writers and unwritable disks.

This module knows how to keep a mapping of text to plain JSON values in one file. It does not know what the values mean. A
store is a cache: a damaged or unreadable file counts as empty, an unwritable one is bypassed, and neither is an error.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from ..formats.atomic import write_whole

MAXIMUM_BYTES = 64 << 20


class Store:
    """Remembered entries of one kind. `version` names the meaning of the entries: entries of another version are dropped."""

    def __init__(self, path: Path, version: int) -> None:
        self.path = path
        self.version = version

    def read(self) -> dict[str, dict[str, Any]]:
        """Return all entries; empty if there is no file or it cannot be understood."""
        try:
            if self.path.stat().st_size > MAXIMUM_BYTES:
                return {}
            document = json.loads(self.path.read_text("utf-8"))
        except (OSError, ValueError, RecursionError):
            return {}
        if not isinstance(document, dict) or document.get("version") != self.version:
            return {}
        entries = document.get("entries")
        if not isinstance(entries, dict):
            return {}
        return {key: entry for key, entry in entries.items() if isinstance(entry, dict)}

    def update(self, changes: Mapping[str, dict[str, Any] | None]) -> None:
        """Put entries in (or take them out, with None), keeping what another process wrote meanwhile."""
        if not changes:
            return
        entries = self.read()
        for key, entry in changes.items():
            if entry is None:
                entries.pop(key, None)
            else:
                entries[key] = entry
        text = json.dumps({"version": self.version, "entries": entries}, indent=1, sort_keys=True)
        try:
            write_whole(self.path, text + "\n")
        except OSError:
            return
