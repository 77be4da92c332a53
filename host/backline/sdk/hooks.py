"""The hooks a package may implement to give Backline something, and the marker for them.

This module knows the names, arguments and results of the hooks, for pluggy. It does not know how packages are found, loaded
or checked (`backline.catalog` does).

A package names a module (or object) as an entry point of the group `backline.plugins`; each function there that is marked
with `hookimpl` is called alone, so one package never disturbs another. Hooks give data or classes and do no work.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from os import PathLike
from typing import TYPE_CHECKING, TypeAlias

import pluggy

if TYPE_CHECKING:
    from .plugin import Plugin

API_VERSION = 1
"""The version of `backline.sdk` that plugins are written against (`api = 1` in a plugin class)."""

PROJECT = "backline"
ENTRY_POINT_GROUP = "backline.plugins"

hookspec = pluggy.HookspecMarker(PROJECT)
hookimpl = pluggy.HookimplMarker(PROJECT)

PluginReference: TypeAlias = "type[Plugin] | str"
"""A plugin class, or the text "module:Class" that is imported when the plugin is first wanted."""


@hookspec
def plugins() -> Sequence[PluginReference] | Mapping[str, PluginReference]:  # type: ignore[empty-body]
    """Return plugin classes, or {plugin id: "module:Class"} so that a plugin is imported only when it is used."""


@hookspec
def presets() -> Sequence[str | PathLike[str]]:  # type: ignore[empty-body]
    """Return folders with presets (YAML) that are offered by name."""


@hookspec
def controllers() -> Sequence[str | PathLike[str]]:  # type: ignore[empty-body]
    """Return files or folders with controller profiles (YAML): the knobs, pads and ports of a MIDI or OSC device."""


@hookspec
def targets() -> Sequence[str | PathLike[str]]:  # type: ignore[empty-body]
    """Return files or folders with delivery targets (YAML): loudness, peak and file rules of a place that takes masters."""
