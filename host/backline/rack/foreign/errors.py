"""What can go wrong with a plugin that is not ours. Each message is one line for the user."""

from __future__ import annotations


class ForeignError(Exception):
    """Something about a foreign plugin failed."""


class ForeignLoadError(ForeignError):
    """The plugin could not be found or opened; the message says the real cause."""


class SeveralPluginsError(ForeignLoadError):
    """The bundle holds several plugins and none was named; `names` are theirs."""

    def __init__(self, message: str, names: list[str]) -> None:
        super().__init__(message)
        self.names = names


class ForeignParameterError(ForeignError, ValueError):
    """An unknown parameter or a value it cannot take."""


class ForeignStateError(ForeignError, ValueError):
    """A state or preset that is damaged, or belongs to another plugin."""


class ForeignProcessError(ForeignError, RuntimeError):
    """The plugin failed while it made sound."""
