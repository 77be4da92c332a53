"""Backline: effects and instruments, presets, stage and songs, scripted in Python.

This module holds the public scripting names and nothing else; each is imported when it is first used.
"""

from __future__ import annotations

import typing as _typing

if _typing.TYPE_CHECKING:
    from .rack import Audio, Rack, load, loads

__version__ = "0.1.0"

__all__ = ["Audio", "Rack", "load", "loads"]


def __getattr__(name: str) -> _typing.Any:
    if name in __all__:
        from . import rack

        return getattr(rack, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted([*__all__, "__version__"])
