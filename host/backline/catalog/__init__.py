"""Which plugins there are on this machine, in what state, and the user's settings about them.

This package finds Python plugins through entry points and VST3/AU/LV2 plugins through a scan, both in ways that survive
broken ones. It does not load presets and makes no sound.
"""

from __future__ import annotations

from .catalog import Catalog
from .errors import CatalogError, PluginUnavailableError, SettingsError, UnknownPluginError
from .folders import cache_folder, config_folder, data_folder
from .foreign import ForeignPlugin, ForeignStatus
from .records import PluginRecord, Source, Status
from .scan import Scanner
from .settings import Settings

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
