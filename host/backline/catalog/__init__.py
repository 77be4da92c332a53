"""Which plugins there are on this machine, in what state, and the user's settings about them.

This package finds Python plugins through entry points and VST3/AU/LV2 plugins through a scan, both in ways that survive
broken ones. It does not load presets and makes no sound.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from .catalog import Catalog
from .errors import CatalogError, PluginUnavailableError, SettingsError, UnknownPluginError
from .folders import cache_folder, config_folder, data_folder
from .records import PluginRecord, Source, Status
from .settings import Settings

if TYPE_CHECKING:
    from .foreign import ForeignPlugin, ForeignStatus
    from .scan import Scanner

__all__ = [
    "Catalog",
    "CatalogError",
    "ForeignPlugin",
    "ForeignStatus",
    "PluginRecord",
    "PluginUnavailableError",
    "Scanner",
    "Settings",
    "SettingsError",
    "Source",
    "Status",
    "UnknownPluginError",
    "cache_folder",
    "config_folder",
    "data_folder",
]


def __getattr__(name: str) -> Any:
    """Import what scans foreign plugins when it is first asked for: a preset of our own plugins needs none of it."""
    if name in ("ForeignPlugin", "ForeignStatus"):
        from . import foreign

        return getattr(foreign, name)
    if name == "Scanner":
        from .scan import Scanner

        return Scanner
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
