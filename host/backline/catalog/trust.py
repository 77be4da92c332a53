"""Whether a VST3, AU or LV2 bundle may be opened in this very process: only what has been opened in a child before.

This module knows verdicts, one small file each, so that asking about a known bundle takes a fraction of a millisecond. It opens
nothing itself.

A verdict belongs to a bundle's binaries, a backend and the plugin asked for. A bundle never seen here is opened in a child once;
one that crashed or hung there is refused until its file changes or `backline plugins --rescan` finds it well.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Callable
from pathlib import Path

from ..formats.atomic import write_whole
from .bundles import Address, Bundle
from .errors import PluginUnavailableError
from .folders import cache_folder
from .foreign import QUARANTINE, ForeignStatus
from .look import LOOK_SECONDS, Entry, look
from .settings import Settings

TRUST_VARIABLE = "BACKLINE_TRUST_PLUGINS"
"""Set to 1, plugins are opened without a first look: for those who measure."""

_passed: set[tuple[Path, str, str]] = set()


def ensure_safe(
    bundle: Bundle,
    backend: str,
    plugin_name: str | None = None,
    *,
    settings: Settings,
    seconds: float = LOOK_SECONDS,
    tell: Callable[[str], None] | None = None,
) -> None:
    """Return if this plugin may be opened in this process; the first time ever it is opened in a child before.

    `tell` receives a line before that. What merely fails to open passes: the caller gets the real cause by opening it.
    Raises PluginUnavailableError for what crashed or hung, or is switched off by the user.
    """
    address = Address(bundle.format, bundle.path.stem, plugin_name)
    if not settings.disabled.isdisjoint({str(address), f"{bundle.format}:{bundle.path.stem}", str(bundle.path)}):
        raise PluginUnavailableError(f'plugin "{address}" is listed under `disabled` in settings.yaml')
    if os.environ.get(TRUST_VARIABLE) == "1":
        return
    identity = bundle.identity()
    place = _place(bundle, backend, plugin_name)
    if (place, identity, backend) in _passed:
        return
    verdict = _read(place, identity)
    if verdict is None:
        if tell is not None:
            tell(f"looking into {bundle.path.name}, which was never opened here before")
        verdict = remember(bundle, backend, plugin_name, look(bundle, backend, plugin_name, seconds=seconds), identity)
    if verdict["status"] in QUARANTINE:
        raise PluginUnavailableError(
            f'plugin "{address}" ({bundle.path}) is in quarantine ({verdict["status"]}): {verdict["message"]}{_rescan_hint(bundle)}'
        )
    _passed.add((place, identity, backend))


def remember(bundle: Bundle, backend: str, plugin_name: str | None, entry: Entry, identity: str) -> dict[str, str]:
    """Keep the verdict of a look that is over and return it; an unwritable folder is bypassed."""
    verdict = {"identity": identity, "status": str(entry["status"]), "message": str(entry["message"])}
    place = _place(bundle, backend, plugin_name)
    try:
        write_whole(place, json.dumps({"bundle": str(bundle.path), "backend": backend, "plugin": plugin_name, **verdict}, indent=1))
    except OSError:
        return verdict
    return verdict


def _read(place: Path, identity: str) -> dict[str, str] | None:
    try:
        verdict = json.loads(place.read_text("utf-8"))
        known = verdict["identity"] == identity and verdict["status"] in set(ForeignStatus)
        return {"status": str(verdict["status"]), "message": str(verdict["message"])} if known else None
    except (OSError, ValueError, KeyError, TypeError, RecursionError):
        return None


def _place(bundle: Bundle, backend: str, plugin_name: str | None) -> Path:
    key = "\n".join([str(bundle.path), backend, plugin_name or ""])
    return cache_folder() / "verdicts" / f"{hashlib.sha256(key.encode('utf-8', 'surrogateescape')).hexdigest()[:32]}.json"


def _rescan_hint(bundle: Bundle) -> str:
    """Name the folder for the rescan where that would not look there by itself."""
    from .places import search_places

    if any(place == bundle.path or place in bundle.path.parents for place in search_places(Settings())):
        return ""
    return f' with `--scan "{bundle.path.parent}"`'
