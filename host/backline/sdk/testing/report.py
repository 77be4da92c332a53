"""What a check of a plugin found.

This module knows promises by name and how a broken one is told. It does not know how they are tried.
"""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Finding:
    """One broken promise: its name and what was seen, with the place and the numbers."""

    promise: str
    text: str

    def __str__(self) -> str:
        return f"{self.promise}: {self.text}"


class Broken(Exception):
    """Raised inside a check when a promise does not hold; the text says what was seen."""


@dataclass(slots=True)
class Report:
    """The result of `check_plugin`: which promises were tried, which are broken, and what could not be tried for this plugin."""

    plugin_id: str
    seed: int
    kept: list[str] = field(default_factory=list)
    broken: list[Finding] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: dict[str, float] = field(default_factory=dict)

    @property
    def fine(self) -> bool:
        """Whether no promise is broken."""
        return not self.broken

    def __str__(self) -> str:
        tried = len(self.kept) + len({finding.promise for finding in self.broken})
        if self.fine:
            return "\n".join([f"{self.plugin_id} keeps {tried} promises (seed {self.seed})", *(f"  note: {note}" for note in self.notes)])
        lines = [f"{self.plugin_id} breaks {len({finding.promise for finding in self.broken})} of {tried} promises (seed={self.seed}):"]
        return "\n".join(lines + [f"  {finding}" for finding in self.broken])
