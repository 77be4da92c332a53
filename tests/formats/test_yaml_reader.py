"""YAML as text with places, and what is refused."""

from __future__ import annotations

import time

import pytest

from backline.formats.errors import DocumentError
from backline.formats.preset_file import parse_preset
from backline.formats.yaml_reader import (
    DEEPEST,
    LARGEST,
    MOST_NODES,
    Mapping,
    Scalar,
    Sequence,
    decode,
    place_within,
    plain_value,
    read_yaml,
)

MIB = 1 << 20


def values(text: str) -> object:
    tree, problems = read_yaml(text, "a.yaml")
    assert problems == []
    return plain_value(tree)


def refusal(text: str) -> str:
    """Return the first line of what a text is refused with, by the reader or afterwards."""
    try:
        _, problems = read_yaml(text, "a.yaml")
    except DocumentError as error:
        problems = error.problems
    assert problems
    return f"{problems[0].place.line}:{problems[0].place.column}: {problems[0].message}"


def test_every_scalar_is_text() -> None:
    text = "a: on\nb: no\nc: 012\nd: 1e3\ne: ~\nf: 1:30\ng: 'it''s'\nh: \"\\u00e9\\0\"\ni: -12 dB\nj:\nk: 2020-01-01\n"
    assert values(text) == {
        "a": "on",
        "b": "no",
        "c": "012",
        "d": "1e3",
        "e": "~",
        "f": "1:30",
        "g": "it's",
        "h": "é\0",
        "i": "-12 dB",
        "j": "",
        "k": "2020-01-01",
    }


def test_shapes() -> None:
    assert values("- a\n- [b, {c: d}]\n- |\n  e\n  f\n") == ["a", ["b", {"c": "d"}], "e\nf\n"]
    assert values("--- {a: b}\n") == {"a": "b"}
    assert values("%YAML 1.2\n---\na\n") == "a"


def test_places_are_those_of_the_text() -> None:
    tree, _ = read_yaml("é: x\nlist:\n  - {key: 'two words'}\n", "a.yaml")
    assert isinstance(tree, Mapping)
    items = tree.get("list")
    assert isinstance(items, Sequence)
    entry = items.items[0]
    assert isinstance(entry, Mapping)
    value = entry.get("key")
    assert isinstance(value, Scalar)
    assert (value.line, value.column, value.end_column, value.quote) == (2, 10, 21, "'")
    assert (tree.entries["é"][1].line, tree.entries["é"][1].column) == (0, 3)


@pytest.mark.parametrize(
    ("text", "span", "shown"),
    [
        ("a: one two", (4, 7), "two"),
        ("a: 'one two'", (4, 7), "two"),
        ('a: "one two"', (4, 7), "two"),
        ('a: "o\\x6ee two"', (4, 7), '"o\\x6ee two"'),
        ("a: 'it''s two'", (4, 7), "'it''s two'"),
    ],
)
def test_places_inside_a_scalar(text: str, span: tuple[int, int], shown: str) -> None:
    tree, _ = read_yaml(text, "a.yaml")
    assert isinstance(tree, Mapping)
    value = tree.get("a")
    assert isinstance(value, Scalar)
    place = place_within(value, *span, "a.yaml", [text])
    assert text[place.column - 1 :][: place.width] == shown


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a: &x 1", "1:4: anchors are refused: remove &x"),
        ("a: *x", "1:4: aliases are refused: write the value again instead of *x"),
        ("a: !x 1", '1:4: tags are refused: remove "!x"'),
        ("a: ! 1", '1:4: tags are refused: remove "!"'),
        ("a: !!python/object:os.system 1", '1:4: tags are refused: remove "!!python/object:os.system"'),
        ("%TAG ! tag:x,2000:\n---\na: 1", "1:1: tags are refused, and so is %TAG"),
        ("<<: {a: 1}", "1:1: merge keys ('<<') are refused"),
        ("a: 1\na: 2", '2:1: "a" is already there, at line 1'),
        ("{a: 1, 'a': 2}", '1:8: "a" is already there, at line 1'),
        ("? {a: 1}\n: 2", "1:3: a key must be a plain text"),
        (f"? {'k' * 300}\n: 2", "1:3: a key has at most 256 characters"),
        ("a: 1\n---\nb: 2", "2:1: a second document begins here; a file holds one"),
        ("", "1:1: the file is empty"),
        ("\ufeff# nothing", "1:1: the file is empty"),
        ("a: \x01", "1:4: character U+0001 cannot stand in a document; in double quotes it may be written as an escape"),
        ("a: \ud800", "1:4: character U+D800 cannot stand in a document; in double quotes it may be written as an escape"),
        ("a:\r\n\tb: 1", "2:1: tabs cannot indent; use spaces"),
    ],
)
def test_refuses(text: str, message: str) -> None:
    assert refusal(text) == message


def test_a_quoted_merge_sign_is_a_key_like_any_other() -> None:
    assert values("'<<': a") == {"<<": "a"}


def test_all_refusals_of_a_file_come_at_once() -> None:
    _, problems = read_yaml("a: &x 1\nb: *x\nc: !t 2\na: 3\n", "a.yaml")
    assert [problem.place.line for problem in problems] == [1, 2, 3, 4]


def test_depth() -> None:
    assert values("[" * DEEPEST + "]" * DEEPEST)
    assert refusal("[" * (DEEPEST + 1) + "]" * (DEEPEST + 1)) == f"1:{DEEPEST + 1}: nested deeper than {DEEPEST} levels"


def test_count() -> None:
    assert len(values("- a\n" * (MOST_NODES - 1))) == MOST_NODES - 1  # type: ignore[arg-type]
    assert refusal("- a\n" * MOST_NODES) == f"{MOST_NODES}:3: the document has more than {MOST_NODES} values"


def test_size() -> None:
    assert values("a: b #" + "c" * (LARGEST - 6)) == {"a": "b"}
    assert "larger than 1 MiB" in refusal("a: b #" + "c" * LARGEST)
    with pytest.raises(DocumentError, match="larger than 1 MiB"):
        decode(b"a" * (LARGEST + 1), "a.yaml")


def test_bytes_that_are_no_text() -> None:
    with pytest.raises(DocumentError, match=r"a.yaml:2:4: byte 0xff is not UTF-8"):
        decode(b"a: 1\nb: \xff", "a.yaml")
    with pytest.raises(DocumentError, match="the file is UTF-16"):
        decode("a: 1".encode("utf-16"), "a.yaml")
    assert decode(b"\xef\xbb\xbfa", "a.yaml") == "a"


BOMBS = {
    "brackets": "[" * MIB,
    "braces": "{a: " * (MIB // 4),
    "dashes": "- " * (MIB // 2),
    "questions": "? " * (MIB // 2),
    "colons": ": " * (MIB // 2),
    "items": "- a\n" * (MIB // 4),
    "same key": "a: 1\n" * (MIB // 5),
    "keys": "".join(f"k{number}: 0\n" for number in range(90_000)),
    "anchors": "&a " * (MIB // 3),
    "aliases": "- *a\n" * (MIB // 5),
    "tags": "- !a b\n" * (MIB // 7),
    "laughs": "a: &a [x, x, x, x]\n" + "".join(f"k{n}: &k{n} [*a, *a, *a, *a]\n" for n in range(9)) * 3000,
    "quote": "'" + "x" * (MIB - 1),
    "escapes": '"' + "\\n" * (MIB // 2 - 1),
    "tabs": "\t" * MIB,
    "new lines": "\n" * MIB,
    "returns": "\r" * MIB,
    "documents": "--- a\n" * (MIB // 6),
    "long line": "name: " + "x" * (MIB - 6),
    "accents": "é" * (MIB // 2),
    "wires": "preset: 1\nwires:\n" + "  - a\n" * (MIB // 6 - 3),
    "chains": "preset: 1\nwires:\n" + f"  - {' -> '.join(['n'] * 180)}\n" * 1000,
    "hints": "preset: 1\nnodes:\n" + "".join(f"  node{n}: {{plugin: a}}\n" for n in range(1000)) + "wires:\n" + "  - nope -> nape\n" * 900,
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_at_once(name: str) -> None:
    text = BOMBS[name][:MIB]
    parse_preset("preset: 1\n")
    best = 1.0
    for _ in range(3):
        start = time.process_time()
        with pytest.raises(DocumentError) as caught:
            parse_preset(text, "bomb.yaml")
        assert len(str(caught.value)) < 60_000
        best = min(best, time.process_time() - start)
        if best < 0.1:
            break
    assert best < 0.1
