"""One document while it is read: its lines, what is wrong so far, and where each part stands.

This module knows places and the checks that every document needs (right shape, known keys). It does not know presets.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

from backline.formats.errors import MOST_PROBLEMS, DocumentError, Place, Problem, did_you_mean, quoted, split_lines
from backline.formats.small_texts import TextError
from backline.formats.yaml_reader import Mapping, Refused, Scalar, Sequence, Tree, place_of, place_within

Path = tuple[str | int, ...]
Part = Literal["key", "value"]
MOST_ENTRIES = 1000
_MOST_COMPARED = 3000


@dataclass(slots=True)
class Mark:
    """Where a part of a document stands: its key, its value, and the scalar, for places inside of it."""

    value: Place
    key: Place | None = None
    scalar: Scalar | None = None


@dataclass
class Source:
    """A document's text under its shown name, with the problems and marks found while reading."""

    file: str
    text: str
    problems: list[Problem] = field(default_factory=list)
    marks: dict[Path, Mark] = field(default_factory=dict)
    _compared: int = 0

    @cached_property
    def lines(self) -> list[str]:
        """The lines of the text, as its line numbers count them."""
        return split_lines(self.text)

    def at(self, tree: Tree) -> Place:
        """Return where a node stands."""
        return place_of(tree, self.file)

    def within(self, scalar: Scalar, start: int, end: int) -> Place:
        """Return where characters start..end of a scalar's value stand."""
        return place_within(scalar, start, end, self.file, self.lines)

    def note(self, place: Place | Tree, message: str, hint: str | None = None) -> None:
        """Add a problem; past the limit, give up on the document."""
        self.problems.append(Problem(place if isinstance(place, Place) else self.at(place), message, hint))
        if len(self.problems) >= MOST_PROBLEMS:
            self.stop()

    def note_text(self, scalar: Scalar, error: TextError) -> None:
        """Add the problem of a small text, at its characters."""
        self.note(self.within(scalar, error.start, error.end), error.message, error.hint)

    def stop(self) -> None:
        """Raise what was found, if anything was."""
        if self.problems:
            raise DocumentError(self.problems, self.text)

    def hint(self, word: str, candidates: Collection[str]) -> str | None:
        """Return "did you mean X?" if one is near; a document full of slips gets only the first hints, as they cost time."""
        self._compared += len(candidates)
        return did_you_mean(word, candidates) if self._compared <= _MOST_COMPARED else None

    def mark(self, path: Path, value: Tree | Place, key: Scalar | None = None) -> None:
        """Remember where a part of the document stands."""
        place = value if isinstance(value, Place) else self.at(value)
        scalar = value if isinstance(value, Scalar) else None
        self.marks[path] = Mark(place, self.at(key) if key else None, scalar)

    def scalar(self, tree: Tree, what: str, *, empty: bool = False) -> Scalar | None:
        """Return the scalar that a node must be, or note that it is none (or has no value) and return None."""
        if isinstance(tree, Scalar):
            if tree.value or empty:
                return tree
            self.note(tree, f"{what} has no value")
        elif not isinstance(tree, Refused):
            self.note(tree, f"{what} must be a single value, not {_shape(tree)}")
        return None

    def mapping(self, tree: Tree, what: str, hint: str | None = None) -> Mapping | None:
        """Return the mapping that a node must be (nothing at all is an empty one), or note that it is none."""
        if isinstance(tree, Mapping):
            if len(tree.entries) > MOST_ENTRIES:
                self.note(tree, f"{what} has {len(tree.entries)} entries; the most is {MOST_ENTRIES}")
                self.stop()
            return tree
        if _is_nothing(tree):
            return Mapping(tree.line, tree.column)
        if not isinstance(tree, Refused):
            self.note(tree, f"{what} must be keys with values, not {_shape(tree)}", hint)
        return None

    def sequence(self, tree: Tree, what: str, hint: str | None = None) -> Sequence | None:
        """Return the list that a node must be (nothing at all is an empty one), or note that it is none."""
        if isinstance(tree, Sequence):
            if len(tree.items) > MOST_ENTRIES:
                self.note(tree, f"{what} has {len(tree.items)} entries; the most is {MOST_ENTRIES}")
                self.stop()
            return tree
        if _is_nothing(tree):
            return Sequence(tree.line, tree.column)
        if not isinstance(tree, Refused):
            self.note(tree, f"{what} must be a list, not {_shape(tree)}", hint)
        return None

    def check_keys(self, mapping: Mapping, known: Collection[str], what: str) -> None:
        """Note every key that is not known."""
        for name, key, _ in mapping.items():
            if name not in known and not name.startswith("\0"):
                self.note(key, f"{what} has no key {quoted(name)}", self.hint(name, known) or f"known are {', '.join(known)}")

    def choice(self, scalar: Scalar, choices: Collection[str], what: str) -> str | None:
        """Return the text if it is one of the choices, or note that it is none."""
        if scalar.value in choices:
            return scalar.value
        self.note(scalar, f"{what} is one of {', '.join(choices)}, not {quoted(scalar.value)}", self.hint(scalar.value, choices))
        return None


def _is_nothing(tree: Tree) -> bool:
    return isinstance(tree, Scalar) and tree.plain and tree.value in ("", "~", "null")


def _shape(tree: Tree) -> str:
    if isinstance(tree, Mapping):
        return "keys with values"
    return "a list" if isinstance(tree, Sequence) else "a single value"
