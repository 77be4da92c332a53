"""Older documents -> today's: one step from each format version to the next.

This module knows versions and the order of steps. A step changes the tree as it was read, so that every place is kept and an
error in an old document still points at the line that its author wrote.
"""

from __future__ import annotations

from collections.abc import Callable

from backline.formats.document import Source
from backline.formats.errors import quoted
from backline.formats.yaml_reader import Mapping, Refused, Scalar
from backline.model.preset import PRESET_VERSION

Step = Callable[[Mapping], None]


class Migrations:
    """The steps of one kind of document. `kind` is also the key that holds the version; `current` is what is read today."""

    def __init__(self, kind: str, current: int) -> None:
        self.kind = kind
        self.current = current
        self.steps: dict[int, Step] = {}

    def step(self, version: int) -> Callable[[Step], Step]:
        """Register the function that turns a document of `version` into one of `version + 1`."""

        def register(function: Step) -> Step:
            if version in self.steps or version >= self.current:
                raise ValueError(f"{self.kind} {version} cannot get a second step, nor one beyond version {self.current}")
            self.steps[version] = function
            return function

        return register

    def migrate(self, root: Mapping, source: Source) -> None:
        """Bring the tree of a document to the current version; notes a missing or wrong version, stops at one it cannot read."""
        version = self._version(root, source)
        if version is None:
            return
        if version > self.current:
            source.problems.clear()  # whatever else seems wrong may be right in that version
            hint = f"this one reads {self.kind} versions up to {self.current}; update Backline"
            source.note(root.entries[self.kind][1], f"made by a newer Backline (format version {version})", hint)
            source.stop()
        while version < self.current:
            step = self.steps.get(version)
            if step is None:
                source.note(root.entries[self.kind][1], f"there is no format version {version}", f'write "{self.kind}: {self.current}"')
                return
            step(root)
            version += 1

    def _version(self, root: Mapping, source: Source) -> int | None:
        value = root.get(self.kind)
        hint = f'write "{self.kind}: {self.current}" on the first line'
        if value is None:
            source.note(root, "the format version is missing", hint)
        elif isinstance(value, Scalar) and value.value.isascii() and value.value.isdigit() and len(value.value) < 10:
            return int(value.value)
        elif isinstance(value, Scalar):
            source.note(value, f"the format version is a whole number, not {quoted(value.value)}", hint)
        elif not isinstance(value, Refused):
            source.note(value, "the format version is a whole number", hint)
        return None


PRESET_MIGRATIONS = Migrations("preset", PRESET_VERSION)
