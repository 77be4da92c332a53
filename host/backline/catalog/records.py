"""What is known about one plugin: who it comes from, whether it can be used, and why not.

This module knows the record and its statuses. It does not know how plugins are found or loaded.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from .errors import PluginUnavailableError

if TYPE_CHECKING:
    from ..sdk.plugin import Plugin


class Status(StrEnum):
    """Whether a plugin can be used."""

    ENABLED = "enabled"
    LOAD_ERROR = "load_error"
    WRONG_API = "wrong_api"
    DUPLICATE_ID = "duplicate_id"
    DISABLED_BY_USER = "disabled_by_user"


@dataclass(frozen=True, slots=True)
class Source:
    """Where a plugin comes from: a distribution, its version, the entry point's name and value ("package.module")."""

    distribution: str
    version: str
    entry_point: str
    value: str
    in_house: bool = False

    def __str__(self) -> str:
        return f"{self.distribution} {self.version}".strip()


@dataclass(frozen=True, slots=True)
class Description:
    """What a plugin says of itself, as plain values. `kind`, `name` and `summary` are empty where it could not be asked."""

    id: str
    status: Status = Status.ENABLED
    message: str = ""
    kind: str = ""
    name: str = ""
    summary: str = ""


@dataclass(slots=True)
class PluginRecord:
    """One plugin, or one entry point that gave none (`id` is then the entry point's name and `status` tells why).

    The class is imported on the first `load()`; until then an in-house record has no `kind`, `name` and `summary`.
    """

    id: str
    source: Source
    status: Status = Status.ENABLED
    message: str = ""
    kind: str = ""
    name: str = ""
    summary: str = ""
    loader: Callable[[], type[Plugin]] | None = field(default=None, repr=False)
    describer: Callable[[], Description] | None = field(default=None, repr=False)
    _loaded: type[Plugin] | None = field(default=None, repr=False)

    def load(self) -> type[Plugin]:
        """Return the plugin's class, importing it if need be. Raises PluginUnavailableError with the reason."""
        if self._loaded is None:
            if self.status is not Status.ENABLED or self.loader is None:
                raise PluginUnavailableError(self.reason)
            try:
                self._loaded = self.loader()
            except PluginUnavailableError as error:
                self.status, self.message = Status.LOAD_ERROR, str(error)
                raise PluginUnavailableError(self.reason) from None
        return self._loaded

    def complete(self) -> None:
        """Fill in `kind`, `name` and `summary`, or the status that says why they cannot be had."""
        if self.status is Status.ENABLED and not self.kind and self.describer is not None:
            description = self.describer()
            self.status, self.message = description.status, description.message
            self.kind, self.name, self.summary = description.kind, description.name, description.summary

    @property
    def reason(self) -> str:
        """Say in one line why the plugin cannot be used."""
        return f'plugin "{self.id}" of {self.source} cannot be used ({self.status}): {self.message}'

    def as_dict(self) -> dict[str, Any]:
        """Return plain values for machines."""
        return {
            "id": self.id,
            "name": self.name,
            "kind": self.kind,
            "format": "python",
            "status": str(self.status),
            "message": self.message,
            "summary": self.summary,
            "source": self.source.distribution,
            "version": self.source.version,
            "entry_point": self.source.value,
            "in_house": self.source.in_house,
        }
