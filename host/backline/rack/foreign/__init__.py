"""Plugins that are not ours: pedalboard's own, VST3, AU and LV2, behind one interface with two backends.

Nothing outside this package knows pedalboard or minihost. Importing it opens neither.
"""

from __future__ import annotations

from backline.rack.foreign.base import ForeignParameter, ForeignPlugin
from backline.rack.foreign.builtin_info import BuiltinInfo, builtin_class_info, builtin_names
from backline.rack.foreign.errors import ForeignError, ForeignLoadError, ForeignParameterError, ForeignProcessError, ForeignStateError
from backline.rack.foreign.fused import FusedEffects, can_fuse, fuse
from backline.rack.foreign.load import choose_backend, load_foreign

__all__ = [
    "BuiltinInfo",
    "ForeignError",
    "ForeignLoadError",
    "ForeignParameter",
    "ForeignParameterError",
    "ForeignPlugin",
    "ForeignProcessError",
    "ForeignStateError",
    "FusedEffects",
    "builtin_class_info",
    "builtin_names",
    "can_fuse",
    "choose_backend",
    "fuse",
    "load_foreign",
]
