"""Numbers with units in text: `-12 dB`, `1.2 kHz`, `35 %`, `250 ms`, `1/8D`, `C#3`, `+7 st`, `120 bpm`, `4:1`.

This module knows how a quantity is written and what number it is. It does not know parameters, ranges or documents.

Every quantity has a base unit, in which its number is kept: Hz, s, dB, % (as a fraction: 35 % is 0.35), st (semitones),
bpm, x (a ratio), note (MIDI number, C4 = 60), samples, deg, and "" for a plain number. A number without a unit is taken in
the base unit. A length that follows the tempo is `Beats`. Scaling is done in decimal, so that `4.35 kHz` is exactly 4350.0
and what `format_quantity` writes reads back as the same float.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction


class UnitError(ValueError):
    """A text is not a quantity of the wanted unit; the message says what was read and what is accepted."""


class Beats(Fraction):
    """A length that follows the tempo, counted in quarter notes. A length written in bars keeps them in `bars`."""

    bars: Fraction | None

    def __new__(cls, beats: int | float | str | Fraction = 0, *, bars: int | Fraction | None = None) -> Beats:
        """Make a length of `beats` quarter notes, or of `bars` bars (4 beats each until a meter is given)."""
        self = super().__new__(cls, beats if bars is None else Fraction(bars) * 4)
        self.bars = None if bars is None else Fraction(bars)
        return self

    def in_beats(self, beats_per_bar: float = 4.0) -> float:
        """Return the length in quarter notes, where a bar holds `beats_per_bar` of them."""
        return float(self) if self.bars is None else float(self.bars) * beats_per_bar

    def seconds(self, tempo: float, beats_per_bar: float = 4.0) -> float:
        """Return the length in seconds at `tempo` beats a minute."""
        return self.in_beats(beats_per_bar) * 60.0 / tempo

    def hertz(self, tempo: float, beats_per_bar: float = 4.0) -> float:
        """Return the rate in Hz of something that repeats once in this length."""
        return 1.0 / self.seconds(tempo, beats_per_bar)

    def __reduce__(self) -> tuple[Callable[..., Beats], tuple[str, Fraction | None]]:
        return _restore_beats, (str(Fraction(self)), self.bars)

    def __copy__(self) -> Beats:
        return self

    def __deepcopy__(self, memo: object) -> Beats:
        return self

    def __repr__(self) -> str:
        return f"Beats({format_beats(self)!r})"


Quantity = float | Beats

_LONGEST = 64
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d{1,3})?"
_QUANTITY = re.compile(rf"({_NUMBER}|[+-]?inf)\s*(.*)", re.ASCII)
_RATIO = re.compile(r"(\d+(?:\.\d+)?)\s*:\s*(\d+(?:\.\d+)?)", re.ASCII)
_CLOCK = re.compile(r"(?:(\d+):)?(\d{1,2}):(\d{2}(?:\.\d+)?)", re.ASCII)
_NOTE = re.compile(r"([A-Ga-g])([#b♯♭]?)(-?\d{1,2})", re.ASCII)
_NOTE_LENGTH = re.compile(r"(\d{1,12})/(\d{1,12})\s*([DdTt]?)", re.ASCII)
_COUNTED = re.compile(r"(\d{1,12}(?:\.\d{1,12})?|\d{1,12}/\d{1,12})\s*(bars?|beats?)", re.ASCII)

# base unit -> written unit (lower case) -> how many base units one of it is
_SCALES: dict[str, dict[str, Decimal]] = {
    "Hz": {"hz": Decimal(1), "khz": Decimal(1000)},
    "s": {"s": Decimal(1), "ms": Decimal("0.001"), "us": Decimal("0.000001"), "µs": Decimal("0.000001"), "min": Decimal(60)},
    "dB": {"db": Decimal(1)},
    "%": {"%": Decimal("0.01")},
    "st": {"st": Decimal(1), "ct": Decimal("0.01"), "cent": Decimal("0.01"), "cents": Decimal("0.01"), "oct": Decimal(12)},
    "bpm": {"bpm": Decimal(1)},
    "x": {"x": Decimal(1), "%": Decimal("0.01")},
    "note": {},
    "samples": {"samples": Decimal(1), "sample": Decimal(1)},
    "deg": {"deg": Decimal(1), "°": Decimal(1)},
    "": {"%": Decimal("0.01")},
}
_SCALES["st"].update({"semitone": Decimal(1), "semitones": Decimal(1), "octave": Decimal(12), "octaves": Decimal(12)})

BASE_UNITS = tuple(_SCALES)
# A percentage is taken by several units; alone it is one of "%".
_BASE_UNIT_OF = {written: unit for unit, scales in _SCALES.items() for written in scales if written != "%"} | {"%": "%", "": ""}
_EXAMPLES = {
    "Hz": '"440 Hz", "1.2 kHz" or a note such as "A4"',
    "s": '"250 ms", "1.5 s" or "1:30"',
    "dB": '"-12 dB"',
    "%": '"35 %"',
    "st": '"7 st", "-50 ct" or "1 oct"',
    "bpm": '"120 bpm"',
    "x": '"2x" or "4:1"',
    "note": 'a note such as "C#3" or a number from 0 to 127',
    "samples": '"64 samples"',
    "deg": '"90 deg"',
    "": 'a plain number such as "0.4"',
}
_SHARPS = ("C", "C#", "D", "D#", "E", "F", "F#", "G", "G#", "A", "A#", "B")
_STEPS = {"C": 0, "D": 2, "E": 4, "F": 5, "G": 7, "A": 9, "B": 11}
_ACCIDENTALS = {"": 0, "#": 1, "♯": 1, "b": -1, "♭": -1}


def parse_quantity(text: str | float | int, unit: str, *, synced: bool = False) -> Quantity:
    """Return the number that `text` means in `unit`.

    `unit` is a base unit, one of its multiples ("ms", "kHz"), or a foreign plugin's own unit, which then takes plain numbers
    and numbers with that very unit. With `synced`, note lengths ("1/8", "1/8D", "1 bar", "2 beats") give `Beats`.
    Raises `UnitError`.
    """
    if isinstance(text, bool):
        raise UnitError(f"{text} is not a number; write {_example(unit)}")
    if isinstance(text, (int, float)):
        return _finite(float(text), str(text), unit)
    word = _clean(text)
    length = _parse_beats(word)
    if length is not None:
        if synced:
            return length
        if unit not in ("", "x"):
            raise UnitError(f'"{word}" is a note length, which this does not follow; write {_example(unit)}')
    if unit not in _SCALES:
        return _parse_other_unit(word, unit)
    special = _parse_special(word, unit)
    return special if special is not None else _parse_scaled(word, unit)


def infer_unit(text: str) -> str:
    """Return the base unit that `text` is written in: "4 Hz" -> "Hz", "1/8" -> "s", "C#3" -> "note", "0.3" -> "".

    Raises `UnitError` when the text is no quantity at all.
    """
    word = _clean(text)
    match = _QUANTITY.fullmatch(word)
    if match is not None and (match[2].lower() in _BASE_UNIT_OF):
        unit = _BASE_UNIT_OF[match[2].lower()]
        _parse_scaled(word, unit)
        return unit
    if _parse_beats(word) is not None:
        return "s"
    if _NOTE.fullmatch(word):
        note_number(word)
        return "note"
    ratio = _RATIO.fullmatch(word)
    if ratio and (ratio[2] == "1" or not _CLOCK.fullmatch(word)):
        return "x"
    if _CLOCK.fullmatch(word):
        return "s"
    if match is None:
        raise UnitError(f'"{word}" is not a number with a unit')
    raise UnitError(f'"{match[2]}" is not a unit; known are Hz, kHz, s, ms, min, dB, %, st, ct, oct, bpm, x, samples and deg')


def is_synced(text: str) -> bool:
    """Return whether `text` is a length that follows the tempo, such as "1/8T" or "1 bar"."""
    return len(text) <= _LONGEST and _parse_beats(text.strip()) is not None


def format_quantity(value: float | Fraction, unit: str) -> str:
    """Return the shortest text for `value` in `unit` that `parse_quantity` reads back exactly, such as "1.2 kHz"."""
    if isinstance(value, Beats):
        return format_beats(value)
    number = float(value)
    if unit == "dB" and number == -math.inf:
        return "-inf dB"
    if not math.isfinite(number):
        raise UnitError(f"{number} cannot be written as a quantity")
    exact = Decimal(repr(number))
    size = abs(number)
    if unit == "Hz":
        return f"{_digits(exact / 1000)} kHz" if size >= 1000.0 else f"{_digits(exact)} Hz"
    if unit == "s":
        if size >= 1.0 or size == 0.0:
            return f"{_digits(exact)} s"
        return f"{_digits(exact * 1000)} ms" if size >= 0.001 else f"{_digits(exact * 1_000_000)} us"
    if unit == "%":
        return f"{_digits(exact * 100)} %"
    if unit == "note":
        return note_name(int(number)) if number.is_integer() and 0 <= number <= 127 else _digits(exact)
    if unit == "x":
        return f"{_digits(exact)}x"
    return f"{_digits(exact)} {unit}" if unit else _digits(exact)


def format_beats(value: Beats) -> str:
    """Return the usual name of a tempo-synced length: "1/8D", "1/4", "3 beats", "2 bars"."""
    if value.bars is not None:
        return f"{value.bars} bar" if value.bars <= 1 else f"{value.bars} bars"
    whole = Fraction(value) / 4
    for factor, mark in ((Fraction(1), ""), (Fraction(3, 2), "D"), (Fraction(2, 3), "T")):
        part = whole / factor
        if part.numerator == 1 and part.denominator & (part.denominator - 1) == 0:
            return f"1/{part.denominator}{mark}"
    if Fraction(value).denominator == 1:
        return f"{value.numerator} beats"
    return f"{whole.numerator}/{whole.denominator}"


def note_number(text: str) -> int:
    """Return the MIDI number of a note name: "C4" -> 60, "C#3" -> 49, "Bb2" -> 46. Raises `UnitError`."""
    match = _NOTE.fullmatch(text.strip())
    if match is None:
        raise UnitError(f'"{_crop(text)}" is not a note; write a name such as C4, C#3 or Bb2')
    number = _STEPS[match[1].upper()] + _ACCIDENTALS[match[2]] + (int(match[3]) + 1) * 12
    if not 0 <= number <= 127:
        raise UnitError(f'"{text.strip()}" is outside of the MIDI notes, C-1 to G9')
    return number


def note_name(number: int) -> str:
    """Return the name of a MIDI number 0..127, with sharps: 60 -> "C4"."""
    if not 0 <= number <= 127:
        raise UnitError(f"{number} is outside of the MIDI notes, 0 to 127")
    return f"{_SHARPS[number % 12]}{number // 12 - 1}"


def note_hertz(number: float) -> float:
    """Return the frequency of a MIDI number in equal temperament, A4 = 69 = 440 Hz."""
    return float(440.0 * 2.0 ** ((number - 69.0) / 12.0))


def _parse_special(word: str, unit: str) -> float | None:
    """Read the forms that are not a number followed by a unit; None when the word is none of them."""
    if unit == "Hz" and _NOTE.fullmatch(word):
        return note_hertz(note_number(word))
    if unit == "note" and _NOTE.fullmatch(word):
        return float(note_number(word))
    if unit == "s" and (clock := _CLOCK.fullmatch(word)):
        return float(Decimal(clock[1] or 0) * 3600 + Decimal(clock[2]) * 60 + Decimal(clock[3]))
    if unit == "x" and (ratio := _RATIO.fullmatch(word)):
        if Decimal(ratio[2]) == 0:
            raise UnitError(f'"{word}" divides by zero; write {_example(unit)}')
        return float(Decimal(ratio[1]) / Decimal(ratio[2]))
    return None


def _parse_scaled(word: str, unit: str) -> float:
    match = _QUANTITY.fullmatch(word)
    if match is None or match[2].startswith(","):
        raise UnitError(_not_a_number(word, unit))
    scale = _SCALES[unit].get(match[2].lower()) if match[2] else Decimal(1)
    if scale is None:
        wanted = f'"{match[2]}" is not a unit of this value' if unit else "this takes no unit"
        raise UnitError(f'"{word}": {wanted}; write {_example(unit)}')
    if match[1].endswith("inf"):
        if unit == "dB" and match[1] == "-inf":
            return -math.inf
        raise UnitError(f'"{word}" has no end; write {_example(unit)}')
    return _finite(float(Decimal(match[1]) * scale), word, unit)


def _parse_other_unit(word: str, unit: str) -> float:
    """Read a quantity whose unit is a multiple of a base unit ("ms"), or a word that only one plugin knows."""
    match = _QUANTITY.fullmatch(word)
    if match is None or match[2].startswith(",") or match[1].endswith("inf"):
        raise UnitError(_not_a_number(word, unit))
    written = match[2].lower()
    if not written or written == unit.lower():
        return _finite(float(Decimal(match[1])), word, unit)
    for scales in _SCALES.values():
        own = scales.get(unit.lower())
        if own is not None and written in scales:
            return _finite(float(Decimal(match[1]) * scales[written] / own), word, unit)
    raise UnitError(f'"{word}": "{match[2]}" is not a unit of this value; write {_example(unit)}')


def _parse_beats(word: str) -> Beats | None:
    match = _NOTE_LENGTH.fullmatch(word)
    if match is not None:
        if int(match[1]) == 0 or int(match[2]) == 0:
            raise UnitError(f'"{word}" is no note length; write "1/8", "1/8D" or "1/8T"')
        factor = {"": Fraction(1), "d": Fraction(3, 2), "t": Fraction(2, 3)}[match[3].lower()]
        return Beats(Fraction(int(match[1]), int(match[2])) * 4 * factor)
    match = _COUNTED.fullmatch(word)
    if match is None:
        return None
    top, _, bottom = match[1].partition("/")
    count = Fraction(top) / (int(bottom or 1) or 1)
    if count == 0 or (bottom and int(bottom) == 0):
        raise UnitError(f'"{word}" is no length; write "1 bar" or "2 beats"')
    return Beats(bars=count) if match[2].startswith("bar") else Beats(count)


def _restore_beats(beats: str, bars: Fraction | None) -> Beats:
    return Beats(beats, bars=bars)


def _clean(text: str) -> str:
    word = text.strip().replace("\N{MINUS SIGN}", "-")
    if not word:
        raise UnitError("there is no value")
    if len(word) > _LONGEST:
        raise UnitError(f'"{_crop(word)}" is too long for a number with a unit')
    return word


def _not_a_number(word: str, unit: str) -> str:
    if re.match(r"[+-]?\d+,\d", word):
        return f'"{word}": decimals are written with a point, as in "{word.replace(",", ".", 1)}"'
    return f'"{word}" is not a number; write {_example(unit)}'


def _example(unit: str) -> str:
    return _EXAMPLES.get(unit, f'a number such as "1 {unit}"')


def _finite(number: float, word: str, unit: str) -> float:
    if math.isnan(number) or (math.isinf(number) and not (unit == "dB" and number < 0)):
        raise UnitError(f'"{word}" is not a finite number; write {_example(unit)}')
    return number


def _digits(number: Decimal) -> str:
    """Write a decimal without superfluous zeros, with an exponent only where it is very large or small."""
    short = number.normalize()
    return f"{short:f}" if -6 <= short.adjusted() <= 15 else f"{short:e}"


def _crop(text: str) -> str:
    return text if len(text) <= 40 else text[:39] + "…"
