"""Every in-house plugin keeps every promise of the SDK's conformance kit."""

from __future__ import annotations

from collections.abc import Mapping
from importlib import import_module
from typing import Any

import pytest

from backline.sdk.plugin import Plugin
from backline.sdk.testing import check_plugin
from backline_plugins.hooks import plugins

# What has to be said of a few plugins, and why.
SAID: Mapping[str, Mapping[str, Any]] = {
    "arpeggiator": {"endless": True},  # latched, it plays on by itself
}


def plugin_class(reference: type[Plugin] | str) -> type[Plugin]:
    if not isinstance(reference, str):
        return reference
    module, _, name = reference.partition(":")
    found = getattr(import_module(module), name)
    assert issubclass(found, Plugin)
    return found


def references() -> dict[str, type[Plugin] | str]:
    given = plugins()
    return dict(given) if isinstance(given, Mapping) else {reference.plugin_id: reference for reference in map(plugin_class, given)}


SHIPPED = references()


@pytest.mark.parametrize("plugin_id", sorted(SHIPPED))
def test_keeps_every_promise(plugin_id: str, seed: int) -> None:
    plugin = plugin_class(SHIPPED[plugin_id])
    assert plugin.plugin_id == plugin_id
    check_plugin(plugin, seed=seed, **SAID.get(plugin_id, {}))


def test_nothing_is_said_of_plugins_that_are_gone() -> None:
    assert set(SAID) <= set(SHIPPED)
