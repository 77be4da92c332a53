from __future__ import annotations

import textwrap
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from backline.formats.errors import DocumentError
from backline.formats.notes import Note, parse_notes
from backline.sdk.events import NoteOff, NoteOn


def spans(text: str) -> list[tuple[int, str, str]]:
    return [(note.key, str(note.start), str(note.length)) for note in parse_notes(text).notes]


def test_the_example_of_the_command_line() -> None:
    phrase = parse_notes("C4:1 E4:1 [C4 E4 G4]:2")
    one, two = Fraction(1), Fraction(2)
    assert phrase.notes == (
        Note(Fraction(0), one, 60, 0.8),
        Note(one, one, 64, 0.8),
        Note(two, two, 60, 0.8),
        Note(two, two, 64, 0.8),
        Note(two, two, 67, 0.8),
    )
    assert phrase.length == 4


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("C4", [(60, "0", "1")]),
        ("c#3 Bb2 60 F♯4", [(49, "0", "1"), (46, "1", "1"), (60, "2", "1"), (66, "3", "1")]),
        ("C4:1/3 C4:1/3 C4:1/3 D4", [(60, "0", "1/3"), (60, "1/3", "1/3"), (60, "2/3", "1/3"), (62, "1", "1")]),
        ("C4:0.1 C4:.1 D4", [(60, "0", "1/10"), (60, "1/10", "1/10"), (62, "1/5", "1")]),
        (". C4 r:2 D4 R", [(60, "1", "1"), (62, "4", "1")]),
        ("C4 ~ ~:1/2 D4", [(60, "0", "5/2"), (62, "5/2", "1")]),
        ("[C4 E4]:1/2 ~ D4", [(60, "0", "3/2"), (64, "0", "3/2"), (62, "3/2", "1")]),
        ("C4 D4 ~", [(60, "0", "1"), (62, "1", "2")]),
        ("C4 | D4 |\nE4", [(60, "0", "1"), (62, "1", "1"), (64, "2", "1")]),
        ("[ C4  E4 ][G4]", [(60, "0", "1"), (64, "0", "1"), (67, "1", "1")]),
    ],
)
def test_lengths_rests_ties_and_chords(text: str, expected: list[tuple[int, str, str]]) -> None:
    assert spans(text) == expected


def test_rests_at_the_end_count() -> None:
    assert parse_notes("C4 .:3").length == 4


@pytest.mark.parametrize(
    ("text", "velocities"),
    [
        ("C4@127 C4@1", [1.0, 1 / 127]),
        ("C4@70%:2 C4:2@12.5%", [0.7, 0.125]),
        ("[C4 E4@50% G4@127]:2@25%", [0.25, 0.5, 1.0]),
        ("C4", [0.8]),
    ],
)
def test_velocities(text: str, velocities: list[float]) -> None:
    assert [note.velocity for note in parse_notes(text).notes] == velocities


def test_events_fall_on_the_nearest_frame_and_offs_come_first() -> None:
    assert parse_notes("C4:1 C4:1/3").events(44100, tempo=90) == [
        (0, NoteOn(0, 60, 0.8, note_id=0)),
        (29400, NoteOff(0, 60, note_id=0)),
        (29400, NoteOn(0, 60, 0.8, note_id=1)),
        (39200, NoteOff(0, 60, note_id=1)),
    ]
    assert parse_notes("C4:1 C4:1/3").frames(44100, tempo=90) == 39200


def test_a_very_short_note_lasts_a_frame() -> None:
    assert [frame for frame, _ in parse_notes("C4:0.000001").events(48000)] == [0, 1]


def test_time_does_not_drift() -> None:
    events = parse_notes(" ".join(["C4:1/7"] * 7 * 300)).events(44100, tempo=137)
    assert events[-1][0] == round(Fraction(300 * 60 * 44100, 137))


MISTAKES = [
    ("C4 H4:1", 'notes:1:4: "H4" is not a note', "C4 H4:1", "   ^^^^"),
    ("C4\n  D4:0", 'notes:2:3: "0" is not a length in beats', "  D4:0", "  ^^^^"),
    ("C4:1/0", 'notes:1:1: "1/0" is not a length in beats', "C4:1/0", "^^^^^^"),
    ("C4:1/8T", 'notes:1:1: "1/8T" is not a length in beats', "C4:1/8T", "^^^^^^^"),
    ("C4:", 'notes:1:1: "" is not a length in beats', "C4:", "^^^"),
    ("C4:-1", 'notes:1:1: "-1" is not a length in beats', "C4:-1", "^^^^^"),
    ("C4@0", 'notes:1:1: "0" is not a velocity', "C4@0", "^^^^"),
    ("C4@128", 'notes:1:1: "128" is not a velocity', "C4@128", "^^^^^^"),
    ("C4@1.5", 'notes:1:1: "1.5" is not a velocity', "C4@1.5", "^^^^^^"),
    ("C4@101%", 'notes:1:1: "101%" is not a velocity', "C4@101%", "^^^^^^^"),
    ("C4:1:2", "notes:1:1: two lengths", "C4:1:2", "^^^^^^"),
    ("C4@1@2", "notes:1:1: two velocities", "C4@1@2", "^^^^^^"),
    ("128", 'notes:1:1: "128" is not a note', "128", "^^^"),
    ("C10", 'notes:1:1: "C10" is outside of the MIDI notes, C-1 to G9', "C10", "^^^"),
    (":2", "notes:1:1: there is no note", ":2", "^^"),
    ("[C4 E4] :2", "notes:1:9: there is no note", "[C4 E4] :2", "        ^^"),
    ("[C4 E4", 'notes:1:1: this "[" has no "]"', "[C4 E4", "^"),
    ("[C4 [E4]]", 'notes:1:1: this "[" has no "]"', "[C4 [E4]]", "^"),
    ("C4 ]", 'notes:1:4: there is no "[" before this "]"', "C4 ]", "   ^"),
    ("[]", "notes:1:1: a chord without notes", "[]", "^"),
    ("[C4:2 E4]", "notes:1:2: a note in a chord has no length of its own", "[C4:2 E4]", " ^^^^"),
    ("~ C4", 'notes:1:1: there is no note before this "~" that could go on', "~ C4", "^"),
    ("C4 . ~", 'notes:1:6: there is no note before this "~" that could go on', "C4 . ~", "     ^"),
    (".@90", 'notes:1:1: "." has no velocity', ".@90", "^^^^"),
    (" | ", "notes:1:1: there are no notes", " | ", "^"),
]


@pytest.mark.parametrize(("text", "message", "line", "carets"), MISTAKES)
def test_mistakes_show_their_place(text: str, message: str, line: str, carets: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_notes(text)
    assert str(caught.value).split("\n")[:3] == [message, "    " + line, "    " + carets]


def test_no_text_is_no_phrase() -> None:
    with pytest.raises(DocumentError, match="^notes:1:1: there are no notes\n"):
        parse_notes("")


def test_all_mistakes_are_told_at_once_with_help() -> None:
    with pytest.raises(DocumentError) as caught:
        parse_notes("X4 C4:x", name="--notes")
    assert str(caught.value) == textwrap.dedent("""\
        --notes:1:1: "X4" is not a note
            X4 C4:x
            ^^
            write a name such as C4, C#3 or Bb2, a MIDI number 0 to 127, or "." for a rest
        --notes:1:4: "x" is not a length in beats
            X4 C4:x
               ^^^^
            write a number of quarter notes above 0, such as 2, 0.5 or 1/3""")


def test_too_much_text_is_refused() -> None:
    with pytest.raises(DocumentError, match="more than 1048576 characters"):
        parse_notes("C4 " * 400_000)


@settings(max_examples=60)
@given(some.text(some.sampled_from("ACG4#b19:@%/.~r[]| \n\tx-é"), max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    try:
        phrase = parse_notes(text)
    except DocumentError as error:
        assert error.problems  # noqa: PT017 - most texts are refused, and each with a reason
    else:
        assert all(0 <= note.key <= 127 and 0 < note.velocity <= 1 and note.length > 0 for note in phrase.notes)
        assert phrase.length >= max((note.start + note.length for note in phrase.notes), default=Fraction(0))
