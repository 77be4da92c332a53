"""Where Backline keeps the user's settings, data and caches on this machine.

This module knows the per-user folders of each system and the variable BACKLINE_HOME that replaces them all. It does not
know what is kept there.
"""

from __future__ import annotations

import os
from pathlib import Path

HOME_VARIABLE = "BACKLINE_HOME"


def config_folder() -> Path:
    """Return the folder of `settings.yaml` (not created here)."""
    return _folder("config")


def data_folder() -> Path:
    """Return the folder of what the user owns: presets, recordings, the preset library (not created here)."""
    return _folder("data")


def cache_folder() -> Path:
    """Return the folder of what may be deleted at any time (not created here)."""
    return _folder("cache")


def _folder(kind: str) -> Path:
    home = os.environ.get(HOME_VARIABLE)
    if home:
        return Path(home).expanduser() / kind
    import platformdirs

    folders = platformdirs.PlatformDirs("backline", appauthor=False)
    return Path({"config": folders.user_config_dir, "data": folders.user_data_dir, "cache": folders.user_cache_dir}[kind])
