"""Notes typed as text: `C4:1 E4:1 [C4 E4 G4]:2 .:1/2 G4@90 ~:2`.

This module knows the notation and the time of each note in beats. It does not know tracks, patterns or files.

| written | means |
|---|---|
| `C4`, `c#3`, `Bb2`, `60` | a note, by name (C4 is middle C) or by MIDI number |
| `C4:2`, `C4:1/2`, `C4:0.75` | its length in beats (quarter notes); without one it is 1 |
| `C4@90`, `C4@70%`, `C4:2@90` | its velocity, 1 to 127 or in per cent; without one it is 80% |
| `[C4 E4@50 G4]:2` | notes at the same time; a velocity inside the brackets is for that note alone |
| `.`, `r`, `.:2` | a rest |
| `~`, `~:2` | the notes before go on for that much longer |
| `|` | a bar line, for the eye alone |
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from fractions import Fraction

from backline.formats.errors import DocumentError, Place, Problem, quoted
from backline.formats.frames import nearest_frame
from backline.sdk.events import Event, NoteOff, NoteOn
from backline.sdk.units import UnitError, note_number

LARGEST = 1024 * 1024
DEFAULT_LENGTH = Fraction(1)
DEFAULT_VELOCITY = 0.8

_TOKEN = re.compile(r"[^\S\n]+|\n|\||\[|\]|[^\s\[\]|]+")
_WORD = re.compile(r"([^:@]*)((?:[:@][^:@]*)*)")
_SUFFIX = re.compile(r"([:@])([^:@]*)")
_LENGTH = re.compile(r"\d{1,6}(?:\.\d{1,6})?|\.\d{1,6}|(\d{1,6})/(\d{1,6})", re.ASCII)
_VELOCITY = re.compile(r"(\d{1,3}(?:\.\d{1,6})?)(%?)", re.ASCII)
_RESTS = frozenset({".", "r", "R"})


@dataclass(frozen=True, slots=True)
class Note:
    """A note: `start` and `length` in beats, `key` 0..127, `velocity` 0..1."""

    start: Fraction
    length: Fraction
    key: int
    velocity: float


@dataclass(frozen=True, slots=True)
class Phrase:
    """Notes in the order of their starts, and the length of all in beats, rests at the end included."""

    notes: tuple[Note, ...]
    length: Fraction

    def events(self, rate: float, tempo: float = 120.0) -> list[tuple[int, Event]]:
        """Return (absolute frame, event) at `rate` Hz and `tempo` beats a minute, note-offs before note-ons of one frame.

        Each time is rounded on its own, so nothing drifts. Every note lasts at least one frame. Notes carry ids, so equal
        keys that overlap stay apart.
        """
        found: list[tuple[int, int, Event]] = []
        for number, note in enumerate(self.notes):
            start = nearest_frame(_seconds(note.start, tempo), rate)
            end = max(nearest_frame(_seconds(note.start + note.length, tempo), rate), start + 1)
            found.append((start, 1, NoteOn(0, note.key, note.velocity, note_id=number)))
            found.append((end, 0, NoteOff(0, note.key, note_id=number)))
        found.sort(key=lambda item: item[:2])
        return [(frame, event) for frame, _, event in found]

    def frames(self, rate: float, tempo: float = 120.0) -> int:
        """Return the length in frames."""
        return nearest_frame(_seconds(self.length, tempo), rate)


def parse_notes(text: str, name: str = "notes") -> Phrase:
    """Read notes from text; the table at the top of this module is the whole notation.

    Raises:
        DocumentError: with every mistake, as `NAME:LINE:COLUMN: what`, the line and carets.
    """
    parser = _Parser(text, name)
    if len(text) > LARGEST:
        raise DocumentError([Problem(Place(name, 1, 1), f"there are more than {LARGEST} characters of notes")])
    phrase = parser.parse()
    if parser.problems:
        raise DocumentError(parser.problems, text)
    return phrase


def _seconds(beats: Fraction, tempo: float) -> Fraction:
    return beats * 60 / Fraction(tempo)


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    place: Place
    joined: bool


class _Parser:
    """Goes through the text once and collects notes and problems."""

    def __init__(self, text: str, name: str) -> None:
        self.problems: list[Problem] = []
        self._text = text
        self._name = name
        self._notes: list[Note] = []
        self._now = Fraction(0)
        self._last = 0
        self._tie = False

    def parse(self) -> Phrase:
        tokens = list(self._tokens())
        if not tokens:
            self._fail(Place(self._name, 1, 1), "there are no notes", 'write some, such as "C4:1 E4:1 [C4 E4 G4]:2"')
        position = 0
        while position < len(tokens):
            token = tokens[position]
            if token.text == "[":
                position = self._chord(tokens, position)
                continue
            if token.text == "]":
                self._fail(token.place, 'there is no "[" before this "]"')
            else:
                self._word(token)
            position += 1
        return Phrase(tuple(self._notes), self._now)

    def _tokens(self) -> Iterator[_Token]:
        """Yield words and brackets; `joined` says that nothing stands between a token and the one before it."""
        line, line_start, joined = 1, 0, False
        for match in _TOKEN.finditer(self._text):
            word = match[0]
            if word == "\n":
                line, line_start, joined = line + 1, match.end(), False
            elif word.isspace() or word == "|":
                joined = False
            else:
                yield _Token(word, Place(self._name, line, match.start() - line_start + 1, len(word)), joined)
                joined = True

    def _chord(self, tokens: list[_Token], opening: int) -> int:
        """Read `[ ... ]` and what hangs on it; return the position behind it."""
        position = opening + 1
        members: list[_Token] = []
        while position < len(tokens) and tokens[position].text not in "[]":
            members.append(tokens[position])
            position += 1
        if position == len(tokens) or tokens[position].text == "[":
            self._fail(tokens[opening].place, 'this "[" has no "]"')
            return position
        position += 1
        length, velocity = DEFAULT_LENGTH, DEFAULT_VELOCITY
        if position < len(tokens) and tokens[position].joined and tokens[position].text[0] in ":@":
            length, velocity = self._suffixes(tokens[position].text, tokens[position].place)
            position += 1
        if not members:
            self._fail(tokens[opening].place, "a chord without notes", 'a rest is written "."')
        self._add([self._member(member, length, velocity) for member in members], length)
        return position

    def _member(self, token: _Token, length: Fraction, velocity: float) -> Note:
        pitch, suffixes = self._split(token.text)
        if ":" in suffixes:
            self._fail(token.place, "a note in a chord has no length of its own", "write the length behind the bracket, as in [C4 E4]:2")
        elif suffixes:
            velocity = self._suffixes(suffixes, token.place)[1]
        return Note(self._now, length, self._key(pitch, token.place), velocity)

    def _word(self, token: _Token) -> None:
        pitch, suffixes = self._split(token.text)
        length, velocity = self._suffixes(suffixes, token.place)
        if pitch in _RESTS or pitch == "~":
            if "@" in suffixes:
                self._fail(token.place, f'"{pitch}" has no velocity')
            if pitch == "~":
                self._tie_on(token.place, length)
            else:
                self._tie = False
            self._now += length
        else:
            self._add([Note(self._now, length, self._key(pitch, token.place), velocity)], length)

    def _tie_on(self, place: Place, length: Fraction) -> None:
        if not self._tie:
            self._fail(place, 'there is no note before this "~" that could go on')
        for index in range(self._last, len(self._notes)):
            self._notes[index] = replace(self._notes[index], length=self._notes[index].length + length)

    def _add(self, notes: list[Note], length: Fraction) -> None:
        self._last, self._tie = len(self._notes), True
        self._notes += notes
        self._now += length

    def _key(self, pitch: str, place: Place) -> int:
        if pitch.isascii() and pitch.isdigit() and len(pitch) <= 3 and int(pitch) <= 127:
            return int(pitch)
        try:
            return note_number(pitch)
        except UnitError as error:
            message = str(error).partition(";")[0] if pitch else "there is no note"
            self._fail(place, message, 'write a name such as C4, C#3 or Bb2, a MIDI number 0 to 127, or "." for a rest')
            return 60

    def _suffixes(self, text: str, place: Place) -> tuple[Fraction, float]:
        length, velocity = DEFAULT_LENGTH, DEFAULT_VELOCITY
        seen = ""
        for mark, value in _SUFFIX.findall(text):
            if mark in seen:
                self._fail(place, "two lengths" if mark == ":" else "two velocities")
            seen += mark
            if mark == ":":
                length = self._length(value, place)
            else:
                velocity = self._velocity(value, place)
        return length, velocity

    def _length(self, text: str, place: Place) -> Fraction:
        match = _LENGTH.fullmatch(text)
        if match is not None and not (match[2] and int(match[2]) == 0) and (length := Fraction(text)) > 0:
            return length
        self._fail(place, f"{quoted(text)} is not a length in beats", "write a number of quarter notes above 0, such as 2, 0.5 or 1/3")
        return DEFAULT_LENGTH

    def _velocity(self, text: str, place: Place) -> float:
        match = _VELOCITY.fullmatch(text)
        if match is not None:
            number = float(match[1])
            if match[2] and 0 < number <= 100:
                return number / 100
            if not match[2] and number.is_integer() and 1 <= number <= 127:
                return number / 127
        self._fail(place, f"{quoted(text)} is not a velocity", "write 1 to 127, or a percentage such as 70%")
        return DEFAULT_VELOCITY

    def _split(self, text: str) -> tuple[str, str]:
        match = _WORD.fullmatch(text)
        assert match is not None
        return match[1], match[2]

    def _fail(self, place: Place, message: str, hint: str | None = None) -> None:
        self.problems.append(Problem(place, message, hint))
