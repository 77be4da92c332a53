"""Keeps a VST3 module alive that both backends use in this process.

Both hosts open the same library, and each says good-bye to it (`ModuleExit`) when its own last instance goes; many plugins then
destroy what the other host still uses, and its next instance crashes. So once both have used a bundle, one more instance of it
stays open in each until the process ends. This module knows only that.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from backline.rack.foreign.errors import ForeignLoadError

Opener = Callable[[Path, str | None], Any]

_lock = threading.Lock()
_used: dict[Path, dict[str, str | None]] = {}
_pins: dict[tuple[Path, str], Any] = {}


def before_opening(bundle: Path, backend: str, plugin_name: str | None, openers: Mapping[str, Opener]) -> None:
    """Say that `backend` is about to open a bundle; pins it in every backend if another one has ever used it here."""
    if bundle.suffix.lower() != ".vst3":
        return
    place = bundle.resolve()
    with _lock:
        used = _used.setdefault(place, {})
        used.setdefault(backend, plugin_name)
        if len(used) > 1:
            # The other backend first: its module may still be open, and nothing must close between here and its pin.
            for other, name in sorted(used.items(), key=lambda item: item[0] == backend):
                if (place, other) not in _pins:
                    try:
                        _pins[place, other] = openers[other](bundle, name)
                    except ForeignLoadError:
                        # A backend that cannot open it has nothing to lose.
                        _pins[place, other] = None
