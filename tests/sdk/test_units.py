"""Quantities read and written as musicians do."""

from __future__ import annotations

import copy
import math
import pickle
from fractions import Fraction

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backline.sdk.units import (
    BASE_UNITS,
    Beats,
    UnitError,
    format_beats,
    format_quantity,
    infer_unit,
    is_synced,
    note_hertz,
    note_name,
    note_number,
    parse_quantity,
)

READ = [
    ("440", "Hz", 440.0),
    ("1.2 kHz", "Hz", 1200.0),
    ("1.2khz", "Hz", 1200.0),
    ("4.35 kHz", "Hz", 4350.0),
    ("A4", "Hz", 440.0),
    ("a5", "Hz", 880.0),
    ("250 ms", "s", 0.25),
    ("15 us", "s", 0.000015),
    ("2 min", "s", 120.0),
    ("1:30", "s", 90.0),
    ("1:02:03.5", "s", 3723.5),
    ("-12 dB", "dB", -12.0),
    ("−12 dB", "dB", -12.0),
    ("+3dB", "dB", 3.0),
    ("-inf dB", "dB", -math.inf),
    ("-inf", "dB", -math.inf),
    ("35 %", "%", 0.35),
    ("0.35", "%", 0.35),
    ("+7 st", "st", 7.0),
    ("-50 ct", "st", -0.5),
    ("2 oct", "st", 24.0),
    ("120 bpm", "bpm", 120.0),
    ("2x", "x", 2.0),
    ("4:1", "x", 4.0),
    ("150 %", "x", 1.5),
    ("C#3", "note", 49.0),
    ("60", "note", 60.0),
    ("64 samples", "samples", 64.0),
    ("90°", "deg", 90.0),
    ("0.4", "", 0.4),
    (".5", "", 0.5),
    ("80 %", "", 0.8),
    ("1e3", "", 1000.0),
    ("012", "", 12.0),
    ("250 ms", "ms", 250.0),
    ("0.25 s", "ms", 250.0),
    ("3 wobbles", "wobbles", 3.0),
]


@pytest.mark.parametrize(("text", "unit", "value"), READ)
def test_reads(text: str, unit: str, value: float) -> None:
    assert parse_quantity(text, unit) == value


def test_numbers_pass_in_the_base_unit() -> None:
    assert parse_quantity(3, "dB") == 3.0
    assert parse_quantity(0.25, "%") == 0.25


REFUSED = [
    ("", "Hz", "there is no value"),
    ("x", "dB", 'not a number; write "-12 dB"'),
    ("12 Hz", "dB", '"Hz" is not a unit of this value'),
    ("1,2 kHz", "Hz", 'as in "1.2 kHz"'),
    ("1/8D", "s", "is a note length, which this does not follow"),
    ("C#3", "s", "is not a number"),
    ("C#3", "", "is not a number"),
    ("A99", "Hz", "outside of the MIDI notes"),
    ("inf Hz", "Hz", "has no end"),
    ("inf dB", "dB", "has no end"),
    ("nan", "Hz", "is not a number"),
    ("1e999", "Hz", "is not a finite number"),
    ("9" * 70, "Hz", "too long"),
    ("4:0", "x", "divides by zero"),
    ("5 mHz", "Hz", '"mHz" is not a unit'),
    ("5 Hz", "", "takes no unit"),
    ("3 wobbles", "wibbles", 'a number such as "1 wibbles"'),
]


@pytest.mark.parametrize(("text", "unit", "message"), REFUSED)
def test_refuses(text: str, unit: str, message: str) -> None:
    with pytest.raises(UnitError) as caught:
        parse_quantity(text, unit)
    assert message in str(caught.value)


@pytest.mark.parametrize("value", [math.nan, math.inf, True])
def test_refuses_numbers_that_are_none(value: float) -> None:
    with pytest.raises(UnitError):
        parse_quantity(value, "Hz")


BEATS = [
    ("1/8", Fraction(1, 2), "1/8"),
    ("1/8D", Fraction(3, 4), "1/8D"),
    ("1/8d", Fraction(3, 4), "1/8D"),
    ("1/8T", Fraction(1, 3), "1/8T"),
    ("3/16", Fraction(3, 4), "1/8D"),
    ("1/1", Fraction(4), "1/1"),
    ("2 beats", Fraction(2), "1/2"),
    ("3 beats", Fraction(3), "1/2D"),
    ("5 beats", Fraction(5), "5 beats"),
    ("0.5 beat", Fraction(1, 2), "1/8"),
    ("5/32", Fraction(5, 8), "5/32"),
]


@pytest.mark.parametrize(("text", "beats", "written"), BEATS)
def test_note_lengths(text: str, beats: Fraction, written: str) -> None:
    value = parse_quantity(text, "s", synced=True)
    assert isinstance(value, Beats)
    assert value == beats
    assert value.bars is None
    assert format_quantity(value, "s") == written
    assert is_synced(text)
    assert infer_unit(text) == "s"


def test_bars_wait_for_the_meter() -> None:
    value = parse_quantity("2 bars", "s", synced=True)
    assert isinstance(value, Beats)
    assert value.in_beats(beats_per_bar=3.0) == 6.0
    assert value.seconds(tempo=120.0) == 4.0
    assert value.hertz(tempo=120.0) == 0.25
    assert format_beats(value) == "2 bars"


@pytest.mark.parametrize("text", ["1/0", "0/4", "0 bars", "1/0 bar"])
def test_lengths_of_nothing_are_refused(text: str) -> None:
    with pytest.raises(UnitError):
        parse_quantity(text, "s", synced=True)


@pytest.mark.parametrize("text", ["1/8T", "3/2 bars"])
def test_beats_survive_copies(text: str) -> None:
    value = parse_quantity(text, "s", synced=True)
    assert isinstance(value, Beats)
    for other in (copy.copy(value), copy.deepcopy(value), pickle.loads(pickle.dumps(value))):
        assert (other, other.bars) == (value, value.bars)


INFERRED = [
    ("4 Hz", "Hz"),
    ("1.2 kHz", "Hz"),
    ("250 ms", "s"),
    ("1:30", "s"),
    ("4:1", "x"),
    ("2x", "x"),
    ("50 %", "%"),
    ("7 st", "st"),
    ("1 oct", "st"),
    ("-inf dB", "dB"),
    ("C#3", "note"),
    ("120 bpm", "bpm"),
    ("64 samples", "samples"),
    ("90 deg", "deg"),
    ("0.3", ""),
]


@pytest.mark.parametrize(("text", "unit"), INFERRED)
def test_infers_the_unit(text: str, unit: str) -> None:
    assert infer_unit(text) == unit


@pytest.mark.parametrize("text", ["saw", "5 furlongs", "", "1 .. 2", "inf"])
def test_infers_nothing_from_what_is_no_quantity(text: str) -> None:
    with pytest.raises(UnitError):
        infer_unit(text)


WRITTEN = [
    (1200.0, "Hz", "1.2 kHz"),
    (440.0, "Hz", "440 Hz"),
    (0.25, "s", "250 ms"),
    (1.5, "s", "1.5 s"),
    (0.00001, "s", "10 us"),
    (0.0, "s", "0 s"),
    (-12.0, "dB", "-12 dB"),
    (-math.inf, "dB", "-inf dB"),
    (0.35, "%", "35 %"),
    (1 / 3, "%", "33.33333333333333 %"),
    (49.0, "note", "C#3"),
    (4.0, "x", "4x"),
    (0.4, "", "0.4"),
    (64.0, "samples", "64 samples"),
    (1e22, "", "1e+22"),
]


@pytest.mark.parametrize(("value", "unit", "text"), WRITTEN)
def test_writes(value: float, unit: str, text: str) -> None:
    assert format_quantity(value, unit) == text


@pytest.mark.parametrize(("value", "unit"), [(math.nan, "Hz"), (math.inf, "dB"), (-math.inf, "Hz")])
def test_writes_no_number_that_could_not_be_read(value: float, unit: str) -> None:
    with pytest.raises(UnitError):
        format_quantity(value, unit)


@given(st.floats(allow_nan=False, allow_infinity=False), st.sampled_from([*BASE_UNITS, "wobbles"]))
def test_what_is_written_reads_back_exactly(value: float, unit: str) -> None:
    back = parse_quantity(format_quantity(value, unit), unit)
    assert isinstance(back, float)
    assert back == value
    assert math.copysign(1.0, back) == math.copysign(1.0, value)


@given(st.fractions(min_value=Fraction(1, 4096), max_value=4096, max_denominator=4096), st.booleans())
def test_beats_read_back_exactly(length: Fraction, in_bars: bool) -> None:
    value = Beats(bars=length) if in_bars else Beats(length)
    back = parse_quantity(format_quantity(value, "s"), "s", synced=True)
    assert isinstance(back, Beats)
    assert (back, back.bars) == (value, value.bars)


@given(st.text(max_size=80), st.sampled_from(BASE_UNITS), st.booleans())
def test_any_text_is_a_number_or_a_unit_error(text: str, unit: str, synced: bool) -> None:
    try:
        value = parse_quantity(text, unit, synced=synced)
    except UnitError:
        return
    assert not math.isnan(float(value))


@given(st.integers(0, 127))
def test_notes_read_back(number: int) -> None:
    assert note_number(note_name(number)) == number


@pytest.mark.parametrize(("name", "number"), [("C4", 60), ("C-1", 0), ("G9", 127), ("Bb2", 46), ("Cb4", 59), ("B#3", 60), ("c#3", 49)])
def test_note_names(name: str, number: int) -> None:
    assert note_number(name) == number


@pytest.mark.parametrize("name", ["H2", "C", "G#9", "Cb-1", "C##4", "4"])
def test_names_that_are_no_note(name: str) -> None:
    with pytest.raises(UnitError):
        note_number(name)


def test_note_frequencies() -> None:
    assert note_hertz(69) == 440.0
    assert note_hertz(60) == pytest.approx(261.6255653)
