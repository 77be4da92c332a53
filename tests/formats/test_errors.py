"""How problems are shown, and which words are near."""

from __future__ import annotations

import pickle

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backline.formats.errors import (
    MOST_PROBLEMS,
    DocumentError,
    Place,
    Problem,
    did_you_mean,
    line_and_column,
    pick_lines,
    quoted,
    split_lines,
)

IDS = ["room_size", "damping", "wet_level", "dry_level", "width", "freeze_mode", "cutoff", "resonance", "attack", "release", "voices"]


@pytest.mark.parametrize(
    ("word", "near"),
    [
        ("room_sise", "room_size"),
        ("roomsize", "room_size"),
        ("Room-Size", "room_size"),
        ("room size", "room_size"),
        ("cutof", "cutoff"),
        ("ctuoff", "cutoff"),
        ("cuttoff", "cutoff"),
        ("reso", "resonance"),
        ("atack", "attack"),
        ("widht", "width"),
        ("wet_lvl", "wet_level"),
        ("WIDTH", "width"),
    ],
)
def test_near_words(word: str, near: str) -> None:
    assert did_you_mean(word, IDS) == f"did you mean {near}?"


@pytest.mark.parametrize("word", ["", "x", "zzzzzz", "frequency", "w", "mode", "size", "a" * 100])
def test_far_words(word: str) -> None:
    assert did_you_mean(word, IDS) is None


def test_the_nearest_wins() -> None:
    assert did_you_mean("osc3", ["osc", "osc1", "osc2_level", "osc_3"]) == "did you mean osc_3?"


@given(st.sampled_from(IDS), st.data())
def test_one_slip_is_always_forgiven(word: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(word) - 2))
    slips = [word[:at] + word[at + 1 :], word[:at] + "q" + word[at:], word[:at] + word[at + 1] + word[at] + word[at + 2 :]]
    for slip in slips:
        assert did_you_mean(slip, IDS) == f"did you mean {word}?"


def test_the_block_of_a_problem() -> None:
    text = "a: 1\n  room: {room_sise: 0.4}\n"
    problem = Problem(Place("warm.yaml", 2, 10, 9), 'room has no parameter "room_sise"', "did you mean room_size?")
    assert str(DocumentError([problem], text)).splitlines() == [
        'warm.yaml:2:10: room has no parameter "room_sise"',
        "      room: {room_sise: 0.4}",
        "             ^^^^^^^^^",
        "    did you mean room_size?",
    ]


def test_problems_come_by_place_and_once() -> None:
    first, second = Problem(Place("a", 1, 2), "x"), Problem(Place("a", 3, 1), "y")
    assert DocumentError([second, first, second]).problems == [first, second]


def test_many_problems_are_cut() -> None:
    error = DocumentError([Problem(Place("a", 1, column + 1), "x") for column in range(MOST_PROBLEMS + 5)], "abc")
    assert str(error).splitlines()[-1] == "... and 5 more"
    assert str(error).count("a:1:") == MOST_PROBLEMS


def test_carets_stand_under_wide_characters() -> None:
    text = "日本: x"
    block = str(DocumentError([Problem(Place("a", 1, 5), "wrong")], text)).splitlines()
    assert block[2] == "    " + " " * 6 + "^"


def test_tabs_and_controls_take_one_column() -> None:
    block = str(DocumentError([Problem(Place("a", 1, 3), "wrong")], "\t\x07x")).splitlines()
    assert block[1:] == ["     �x", "      ^"]


def test_long_lines_are_cut_around_the_place() -> None:
    text = "a" * 500 + "WORD" + "b" * 500
    block = str(DocumentError([Problem(Place("a", 1, 501, 4), "wrong")], text)).splitlines()
    start = block[2].index("^")
    assert block[1][start : start + 4] == "WORD"
    assert block[2].count("^") == 4
    assert len(block[1]) < 150


@given(st.text("ab\t日\n\r", max_size=60), st.integers(0, 10), st.integers(0, 300), st.integers(0, 300))
def test_any_place_can_be_shown(text: str, line: int, column: int, width: int) -> None:
    assert str(DocumentError([Problem(Place("a", line, column, width), "wrong")], text)).startswith(f"a:{line}:{column}: wrong")


@given(st.text("ab\n\r\x85\u2028", max_size=30), st.data())
def test_lines_are_counted_alike(text: str, data: st.DataObject) -> None:
    lines = split_lines(text)
    assert pick_lines(text, set(range(1, len(lines) + 1))) == dict(enumerate(lines, 1))
    index = data.draw(st.integers(0, len(text)))
    line, column = line_and_column(text, index)
    assert lines[line][:column] == split_lines(text[:index])[-1]


def test_errors_can_be_sent_between_processes() -> None:
    error = DocumentError([Problem(Place("a", 1, 1), "x", "y")], "abc")
    assert str(pickle.loads(pickle.dumps(error))) == str(error)


def test_quoted() -> None:
    assert quoted("a\nb") == '"a�b"'
    assert quoted("x" * 100) == '"' + "x" * 59 + '…"'
