"""Which libraries that host VST3, AU and LV2 plugins are installed, and which of them takes a plugin.

This module knows names and versions. It imports neither library.
"""

from __future__ import annotations

import importlib.util
from importlib import metadata

BACKENDS = ("minihost", "pedalboard")


def has_minihost() -> bool:
    """Whether minihost is installed."""
    return importlib.util.find_spec("minihost") is not None


def backend_of(host: str) -> str:
    """Return the backend that a setting ("auto", "pedalboard", "minihost") means on this machine."""
    if host == "auto":
        return "minihost" if has_minihost() else "pedalboard"
    return host


def formats_of(backend: str) -> tuple[str, ...]:
    """Return the formats a backend opens."""
    return ("vst3", "au", "lv2") if backend == "minihost" else ("vst3", "au")


def installed_backends() -> list[str]:
    """Return the names of the backends that are installed."""
    return [name for name in BACKENDS if importlib.util.find_spec(name) is not None]


def version_of(backend: str) -> str:
    """Return a backend's version, "" if it is unknown."""
    try:
        return metadata.version(backend)
    except metadata.PackageNotFoundError:
        return ""
