"""What is wrong in a document, where, and how it is shown.

This module knows places in a text and how to print them with the line and carets. It does not know YAML or presets.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

MOST_PROBLEMS = 100
_WIDEST_LINE = 140
_LONGEST_WORD = 64

# libyaml's line breaks, so that its line numbers and the lines shown here agree.
_LINE_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """Where something stands: line and column count from 1, `width` is how many characters it takes on that line."""

    file: str
    line: int
    column: int
    width: int = 1

    def __str__(self) -> str:
        return f"{self.file}:{self.line}:{self.column}"


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong at a place; `hint` is a whole sentence or question that helps, if there is one."""

    place: Place
    message: str
    hint: str | None = None


class DocumentError(ValueError):
    """A document cannot be used. `problems` are all that were found, by place; str() shows each with its line and carets.

    `others` are the same for further documents that were read with it, such as nested racks; str() shows them too.
    """

    def __init__(self, problems: Iterable[Problem], source_text: str = "", others: Iterable[DocumentError] = ()) -> None:
        unique = dict.fromkeys(problems)
        self.problems: list[Problem] = sorted(unique, key=lambda problem: problem.place)
        self.source_text = source_text
        self.others: list[DocumentError] = list(others)
        super().__init__(self.problems)

    def __reduce__(self) -> tuple[type[DocumentError], tuple[list[Problem], str, list[DocumentError]]]:
        return type(self), (self.problems, self.source_text, self.others)

    def __str__(self) -> str:
        shown = self.problems[:MOST_PROBLEMS]
        lines = pick_lines(self.source_text, {problem.place.line for problem in shown})
        blocks = [show_problem(problem, lines.get(problem.place.line)) for problem in shown]
        if len(self.problems) > len(shown):
            blocks.append(f"... and {len(self.problems) - len(shown)} more")
        return "\n".join([*blocks, *map(str, self.others)])


def show_problem(problem: Problem, line: str | None) -> str:
    """Return the block for one problem: place and message, its source line and carets (if there is a line), hint."""
    place = problem.place
    block = [f"{place}: {problem.message}"]
    if line is not None and line.strip():
        start = min(max(place.column - 1, 0), len(line))
        end = min(max(start + place.width, start + 1), max(len(line), start + 1))
        source, start, end = _window(line, start, end)
        block.append("    " + "".join(_printable(character) for character in source))
        block.append("    " + " " * _columns(source[:start]) + "^" * max(_columns(source[start:end]), 1))
    if problem.hint:
        block.append(f"    {problem.hint}")
    return "\n".join(block)


def split_lines(text: str) -> list[str]:
    """Return the lines of a text as its line numbers count them."""
    return _LINE_BREAK.split(text)


def pick_lines(text: str, numbers: set[int]) -> dict[int, str]:
    """Return the lines with these numbers, counted from 1. A text may have a million lines: none more is cut than needed."""
    found: dict[int, str] = {}
    last = max(numbers, default=0)
    start, number = 0, 1
    while number <= last:
        match = _LINE_BREAK.search(text, start)
        if number in numbers:
            found[number] = text[start : match.start()] if match else text[start:]
        if match is None:
            break
        start, number = match.end(), number + 1
    return found


def line_and_column(text: str, index: int) -> tuple[int, int]:
    """Return where character `index` of a text stands, counted from 0."""
    lines = split_lines(text[:index])
    return len(lines) - 1, len(lines[-1])


def did_you_mean(word: str, candidates: Iterable[str]) -> str | None:
    """Return "did you mean X?" for the candidate nearest to `word`, or None when none is near.

    Near means: equal but for case, spaces, `-` and `_`; begun by the word (3 letters or more); or few typing slips away (letters
    left out, added, changed or swapped; one for each three letters).
    """
    if not word or len(word) > _LONGEST_WORD:
        return None
    plain = _plain(word)
    if not plain:
        return None
    allowed = max(1, len(plain) // 3)
    best: tuple[int, int, str] | None = None
    for candidate in candidates:
        other = _plain(candidate)
        if other == plain:
            return f"did you mean {candidate}?"
        if len(plain) >= 3 and other.startswith(plain):
            slips = allowed
        elif abs(len(other) - len(plain)) <= allowed:
            slips = _slips(plain, other)
        else:
            continue
        if slips <= allowed and slips < max(len(plain), len(other)):
            found = (slips, abs(len(other) - len(plain)), candidate)
            best = found if best is None else min(best, found)
    return f"did you mean {best[2]}?" if best else None


def quoted(text: str, longest: int = 60) -> str:
    """Return `text` in double quotes on one line, cropped, for use in a message."""
    shown = text if len(text) <= longest else text[: longest - 1] + "…"
    return '"' + "".join(_printable(character) for character in shown) + '"'


def _slips(first: str, second: str) -> int:
    """Count typing slips (optimal string alignment distance: Levenshtein's with swaps of neighbours)."""
    before_last: list[int] = []
    last = list(range(len(second) + 1))
    for row, letter in enumerate(first, 1):
        now = [row]
        for column, other in enumerate(second, 1):
            cost = min(last[column] + 1, now[column - 1] + 1, last[column - 1] + (letter != other))
            if row > 1 and column > 1 and letter == second[column - 2] and first[row - 2] == other:
                cost = min(cost, before_last[column - 2] + 1)
            now.append(cost)
        before_last, last = last, now
    return last[-1]


def _plain(word: str) -> str:
    return word.lower().replace("-", "").replace("_", "").replace(" ", "")


def _window(line: str, start: int, end: int) -> tuple[str, int, int]:
    """Cut a long line down to what stands around start..end."""
    if len(line) <= _WIDEST_LINE:
        return line, start, end
    end = min(end, start + _WIDEST_LINE // 2)
    left = max(0, min(start - _WIDEST_LINE // 4, len(line) - _WIDEST_LINE))
    source = line[left : left + _WIDEST_LINE]
    if left:
        source = "…" + source[1:]
    if left + _WIDEST_LINE < len(line):
        source = source[:-1] + "…"
    return source, start - left, end - left


def _printable(character: str) -> str:
    if character == "\t":
        return " "
    return character if character.isprintable() else "�"


def _columns(text: str) -> int:
    """Count terminal columns: wide characters take two, combining marks none."""
    if text.isascii():
        return len(text)
    width = 0
    for character in text:
        if not unicodedata.combining(character):
            width += 2 if unicodedata.east_asian_width(character) in "WF" else 1
    return width
