"""The parts of a preset's small texts: words with places, names, ranges, keys, velocities, requirements.

This module knows their grammar and at which characters each word stands, so that an error can point at it. It does not know
YAML, files, or which nodes there are.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import NoReturn, get_args

from backline.formats.errors import did_you_mean, quoted
from backline.model.preset import RESERVED_NAMES, Curve, Range, Requirement
from backline.sdk.units import UnitError, infer_unit, is_synced, note_name, note_number, parse_quantity

LONGEST_TEXT = 1000
LONGEST_NAME = 64
CURVES: tuple[str, ...] = get_args(Curve)

NAME = re.compile(r"[A-Za-z_](?:[A-Za-z0-9_-]*[A-Za-z0-9_])?", re.ASCII)
_NUMBER = re.compile(r"\d{1,4}", re.ASCII)
_REQUIREMENT = re.compile(r"([^<>=!~,]+?)\s*(?:(?=[<>=!~])(.*))?", re.DOTALL)
_VERSION = re.compile(r"\s*(>=|<=|==|!=|~=|>|<)\s*([0-9][0-9A-Za-z.+-]*)\s*", re.ASCII)


class TextError(ValueError):
    """A small text is wrong at characters start..end of it."""

    def __init__(self, message: str, start: int, end: int, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.start = start
        self.end = max(end, start + 1)
        self.hint = hint


@dataclass(frozen=True, slots=True)
class Word:
    """A piece of a text without the spaces around it, and where it stands."""

    text: str
    start: int
    end: int

    def part(self, start: int, end: int | None = None) -> Word:
        """Return characters start..end of this word, again without spaces around."""
        return trimmed(self.text[start:end], self.start + start)

    def fail(self, message: str, hint: str | None = None) -> NoReturn:
        """Refuse this word."""
        raise TextError(message, self.start, self.end, hint)


@dataclass(frozen=True, slots=True)
class ParsedRange:
    """A parsed range and its words."""

    range: Range
    low: Word
    high: Word


def check_name(text: str, what: str) -> None:
    """Raise `TextError` unless `text` may be the name of a node, zone or macro."""
    whole = Word(text, 0, len(text))
    if len(text) > LONGEST_NAME:
        whole.fail(f"a {what} name has at most {LONGEST_NAME} characters")
    if not NAME.fullmatch(text):
        whole.fail(f"{quoted(text)} cannot name a {what}; names have letters, digits, '_' and '-', and begin with a letter")
    if text in RESERVED_NAMES:
        whole.fail(f'"{text}" is an end of the graph and cannot name a {what}')


def parse_range(word: Word) -> ParsedRange:
    """Return `200 Hz .. 8 kHz log`; a comma may stand before the curve. Raises `TextError`."""
    if len(word.text) > LONGEST_TEXT:
        word.fail("this range is too long")
    dots = word.text.find("..")
    if dots < 0:
        word.fail("a range needs two ends", 'write LOW .. HIGH, for example "200 Hz .. 8 kHz log"')
    low, rest = word.part(0, dots), word.part(dots + 2)
    if ".." in rest.text:
        rest.fail("a range has two ends, not more")
    high, curve = _split_curve(rest, low)
    for end in (low, high):
        if not end.text:
            word.fail("an end of the range is missing", 'write LOW .. HIGH, for example "200 Hz .. 8 kHz log"')
    _check_ends(low, high, curve)
    return ParsedRange(Range(low=low.text, high=high.text, curve=curve), low, high)


def parse_keys(word: Word) -> tuple[int, int]:
    """Return the lowest and highest key of `C0 .. B3` or of a single `C3`. Raises `TextError`."""
    return _parse_span(word, parse_key, "key", "C0 .. B3")


def parse_velocities(word: Word) -> tuple[int, int]:
    """Return the softest and hardest velocity of `1 .. 90`. Raises `TextError`."""
    return _parse_span(word, lambda end: parse_integer(end, "a velocity", 1, 127), "velocity", "1 .. 90")


def parse_transpose(word: Word) -> int:
    """Return whole semitones of `-12 st` or `1 oct`. Raises `TextError`."""
    try:
        steps = float(parse_quantity(word.text, "st"))
    except UnitError as error:
        word.fail(str(error))
    if not steps.is_integer() or abs(steps) > 127:
        word.fail(f"{quoted(word.text)} is not a whole number of semitones from -127 to 127")
    return int(steps)


def parse_channel(word: Word) -> int:
    """Return a MIDI channel 1..16. Raises `TextError`."""
    return parse_integer(word, "a channel", 1, 16)


def parse_requirement(text: str) -> Requirement:
    """Return `polysynth >= 1.2, < 2`. Raises `TextError`."""
    whole = trimmed(text, 0)
    match = _REQUIREMENT.fullmatch(whole.text)
    if match is None or len(text) > LONGEST_TEXT:
        whole.fail("a requirement is a name with versions", 'for example "backline >= 0.1" or "polysynth >= 1.2, < 2"')
    versions = []
    for piece in match[2].split(",") if match[2] else ():
        version = _VERSION.fullmatch(piece)
        if version is None:
            start = whole.start + match.start(2)
            hint = "write >=, <=, ==, !=, ~=, > or < and a version, for example >= 1.2"
            raise TextError(f"{quoted(match[2])} is not a version comparison", start, start + len(match[2]), hint)
        versions.append(version[1] + version[2])
    return Requirement(name=match[1], versions=tuple(versions))


def write_keys(keys: tuple[int, int]) -> str:
    """Return the text that `parse_keys` reads back."""
    return f"{note_name(keys[0])} .. {note_name(keys[1])}"


def trimmed(text: str, start: int) -> Word:
    """Return `text`, which stands at `start`, as a word without the spaces around it."""
    stripped = text.strip()
    begin = start + (len(text) - len(text.lstrip())) if stripped else start
    return Word(stripped, begin, begin + len(stripped))


def _split_curve(word: Word, low: Word) -> tuple[Word, Curve | None]:
    """Split `8 kHz log` or `8 kHz, log`; a last word of letters that is no unit must be a curve."""
    comma = word.text.rfind(",")
    space = word.text.rfind(" ")
    at = comma if comma >= 0 else space
    if at < 0:
        return word, None
    value, name = word.part(0, at), word.part(at + 1)
    for curve in get_args(Curve):
        # "-12 dB" is a value with its unit, "-12 dB db" and "-12, db" name the curve.
        if name.text == curve and (curve != "db" or comma >= 0 or " " in value.text):
            return value, curve
    is_word = name.text.isalpha() and not low.text.endswith(f" {name.text}")  # a unit that only the parameter knows
    if comma >= 0 or (is_quantity(value.text) and not is_quantity(word.text) and is_word):
        name.fail(f"{quoted(name.text)} is no curve; known are {', '.join(CURVES)}", did_you_mean(name.text, CURVES))
    return word, None


def _check_ends(low: Word, high: Word, curve: Curve | None) -> None:
    """Refuse what no parameter could accept: ends of different kinds, a log curve through zero. Names (`saw`) pass."""
    units: list[str | None] = []
    for end in (low, high):
        try:
            units.append(infer_unit(end.text))
        except UnitError:
            units.append(None)
    first, second = units
    if first and second and first != second and {first, second} != {"Hz", "note"}:
        high.fail(f"the ends of the range have different units, {quoted(low.text)} and {quoted(high.text)}")
    if curve == "log" and None not in units:
        for end, unit in ((low, first), (high, second)):
            if not is_synced(end.text) and unit != "note" and parse_quantity(end.text, unit or "") <= 0:
                end.fail(f"a log range needs ends above zero, not {quoted(end.text)}")


def is_quantity(text: str) -> bool:
    """Return whether a text is a number with a unit that everybody knows."""
    try:
        infer_unit(text)
    except UnitError:
        return False
    return True


def _parse_span(word: Word, read: Callable[[Word], int], what: str, example: str) -> tuple[int, int]:
    if len(word.text) > LONGEST_TEXT:
        word.fail("this range is too long")
    low, dots, _ = word.text.partition("..")
    if not dots:
        only = read(word)
        return only, only
    first, second = word.part(0, len(low)), word.part(len(low) + 2)
    if not first.text or not second.text:
        word.fail("an end of the range is missing", f"for example {example}")
    lowest, highest = read(first), read(second)
    if lowest > highest:
        word.fail(f"the lowest {what} is above the highest", f"write {second.text} .. {first.text}")
    return lowest, highest


def parse_key(word: Word) -> int:
    """Return a key 0..127 from its number or name. Raises `TextError`."""
    if _NUMBER.fullmatch(word.text):
        return parse_integer(word, "a key", 0, 127)
    try:
        return note_number(word.text)
    except UnitError as error:
        word.fail(str(error))


def parse_integer(word: Word, what: str, lowest: int, highest: int) -> int:
    """Return a whole number lowest..highest (at most 9999). Raises `TextError`."""
    if not _NUMBER.fullmatch(word.text) or not lowest <= int(word.text) <= highest:
        word.fail(f"{what} is a number from {lowest} to {highest}, not {quoted(word.text)}")
    return int(word.text)
