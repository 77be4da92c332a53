"""YAML that reads back the same."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from backline.formats.yaml_reader import plain_value, read_yaml
from backline.formats.yaml_writer import WIDTH, write_scalar, write_yaml

_texts = st.text(st.characters(codec="utf-8"), max_size=40)
_keys = st.text(st.characters(codec="utf-8"), max_size=20)
_signs = st.text("-?:,[]{}#&*!|>'\"%@` \n\tab0<.=~\\", max_size=12)
_values = st.recursive(_texts | _signs, lambda inner: st.lists(inner, max_size=5) | st.dictionaries(_keys | _signs, inner, max_size=5))


def read(text: str) -> Any:
    tree, problems = read_yaml(text, "a.yaml")
    assert problems == []
    return plain_value(tree)


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(st.dictionaries(_keys | _signs, _values, min_size=1, max_size=4), st.booleans())
def test_reads_back_the_same(document: dict[str, Any], are_open: bool) -> None:
    assert read(write_yaml(document, tuple(document) if are_open else ())) == document


@pytest.mark.slow
@given(_texts | _signs)
def test_scalars_read_back_the_same_by_any_yaml(text: str) -> None:
    written = f"a: {write_scalar(text)}\nb: [{write_scalar(text, flow=True)}]\n"
    assert read(written) == {"a": text, "b": [text]}
    assert yaml.load(written, Loader=yaml.BaseLoader) == {"a": text, "b": [text]}


@pytest.mark.parametrize(
    ("text", "block", "flow"),
    [
        ("1.2 kHz", "1.2 kHz", "1.2 kHz"),
        ("-12 dB", "-12 dB", "-12 dB"),
        ("C#3", "C#3", "C#3"),
        ("on", "on", "on"),
        ("a -> b [-3 dB]", "a -> b [-3 dB]", '"a -> b [-3 dB]"'),
        ("vst3:Comp", "vst3:Comp", '"vst3:Comp"'),
        ("", '""', '""'),
        (" a", '" a"', '" a"'),
        ("a: b", '"a: b"', '"a: b"'),
        ("a #b", '"a #b"', '"a #b"'),
        ("- a", '"- a"', '"- a"'),
        ("@a", '"@a"', '"@a"'),
        ("<<", '"<<"', '"<<"'),
        ('say "hi"\n', '"say \\"hi\\"\\n"', '"say \\"hi\\"\\n"'),
        ("\u2028", '"\\u2028"', '"\\u2028"'),
        ("日本", "日本", "日本"),
    ],
)
def test_quotes_only_where_needed(text: str, block: str, flow: str) -> None:
    assert write_scalar(text) == block
    assert write_scalar(text, flow=True) == flow


def test_what_fits_stands_on_a_line_and_what_does_not_is_opened() -> None:
    short = {"plugin": "gain", "level": "-3 dB"}
    long = {"plugin": "kit", "pads": [{"key": "C1", "file": "x" * 40}, {"key": "D1", "file": "y" * 40}]}
    text = write_yaml({"nodes": {"a": short, "b": long}, "tags": ["x", "y"]}, ("nodes",))
    assert text.splitlines() == [
        "nodes:",
        "  a: {plugin: gain, level: -3 dB}",
        "  b:",
        "    plugin: kit",
        "    pads:",
        f"      - {{key: C1, file: {'x' * 40}}}",
        f"      - {{key: D1, file: {'y' * 40}}}",
        "tags: [x, y]",
    ]


@given(st.lists(st.text("abc", min_size=1, max_size=30), max_size=20))
def test_no_line_is_wider_than_it_must_be(tags: list[str]) -> None:
    assert max(map(len, write_yaml({"tags": tags, "n": {"a": tags}}, ("n",)).splitlines())) <= WIDTH


def test_lines_of_text_stay_lines() -> None:
    assert write_yaml({"description": "one\n\n  two: #\nthree"}) == "description: |-\n  one\n\n    two: #\n  three\n"
    assert write_yaml({"description": "one\ntwo\n"}) == "description: |\n  one\n  two\n"
