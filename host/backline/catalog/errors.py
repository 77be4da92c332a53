"""What the catalog raises: one clear line each, made for people."""

from __future__ import annotations


class CatalogError(Exception):
    """Something about plugins or settings is wrong; the text says what, where, and what to do."""


class UnknownPluginError(CatalogError, LookupError):
    """No plugin has this id. `plugin_id` is the id that was asked for, `hint` what may have been meant or where was looked."""

    def __init__(self, plugin_id: str, hint: str = "") -> None:
        super().__init__(f'there is no plugin "{plugin_id}"' + (f"; {hint}" if hint else ""))
        self.plugin_id, self.hint = plugin_id, hint


class PluginUnavailableError(CatalogError):
    """The plugin is known and cannot be used (broken, wrong API, disabled); the text says why."""


class SettingsError(CatalogError):
    """`settings.yaml` cannot be used; the text names the file and, where known, the line and column."""
