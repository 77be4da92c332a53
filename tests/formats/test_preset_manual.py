"""The manual's page on presets leaves nothing out, and its examples load."""

from __future__ import annotations

import re
from pathlib import Path
from typing import get_args

import pytest

from backline.formats.preset_file import parse_preset
from backline.formats.small_texts import Word, parse_range, parse_requirement
from backline.formats.wires import parse_control, parse_modulation, parse_wire
from backline.formats.yaml_reader import DEEPEST, MOST_NODES
from backline.model import MACRO_KEYS, NODE_KEYS, PRESET_KEYS, ZONE_KEYS, Curve, GestureKind, Host, ModulationRate
from backline.sdk.units import UnitError, infer_unit

PAGE = (Path(__file__).parents[2] / "docs" / "reference" / "preset.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


def table(heading: str) -> list[str]:
    """Return the first column of the table under a heading cell."""
    rows = PAGE[PAGE.index(f"| {heading} |") :].split("\n\n")[0].splitlines()[2:]
    return [row.split("|")[1].strip() for row in rows]


@pytest.mark.parametrize(
    ("heading", "keys"),
    [("key", PRESET_KEYS), ("key of a node", NODE_KEYS), ("key of a macro", MACRO_KEYS), ("key of a zone", ZONE_KEYS)],
)
def test_every_key_has_its_row(heading: str, keys: tuple[str, ...]) -> None:
    assert table(heading) == [f"`{key}`" for key in keys]


def test_every_gesture_has_its_row() -> None:
    gestures = [row.strip("`") for row in table("gesture")]
    assert [gesture.split()[0] for gesture in gestures] == list(get_args(GestureKind))
    for gesture in gestures:
        assert parse_control(f"{gesture} -> x").control.source.kind == gesture.split()[0]


@pytest.mark.parametrize("word", [*get_args(Curve), *get_args(Host), *[f"rate {rate}" for rate in get_args(ModulationRate)]])
def test_every_choice_is_named(word: str) -> None:
    assert f"`{word}`" in PAGE


@pytest.mark.parametrize("example", EXAMPLES)
def test_examples_load(example: str) -> None:
    parse_preset(example, "preset.md")


def test_there_are_examples_of_every_section() -> None:
    text = "".join(EXAMPLES)
    assert all(f"\n{section}:" in text for section in ("nodes", "wires", "modulation", "macros", "controls", "zones"))


def test_the_units_of_the_table_are_read() -> None:
    rows = PAGE[PAGE.index("| what | written as |") :].split("\n\n")[0].splitlines()[2:-1]
    for text in re.findall(r"`([^`]+)`", "\n".join(row.split("|")[2] for row in rows)):
        try:
            infer_unit(text)
        except UnitError as error:
            pytest.fail(str(error))


def test_the_small_texts_of_the_page_are_read() -> None:
    small = re.findall(r"`-? ?([^`]+)`", re.sub(r"```.*?```", "", PAGE, flags=re.DOTALL))
    read = 0
    for text in small:
        if text.isupper() or "GESTURE" in text or "LOW" in text or "NODE" in text or "EST" in text:
            continue
        if re.match(r"(cc|bend) .*->", text):
            read += bool(parse_control(text))
        elif "[2 oct]" in text:
            read += bool(parse_modulation(text))
        elif "->" in text:
            read += bool(parse_wire(text))
        elif " .. " in text:
            read += bool(parse_range(Word(text, 0, len(text))))
        elif ">= 1" in text:
            read += bool(parse_requirement(text))
    assert read >= 7


def test_the_limits_are_those_of_the_reader() -> None:
    assert f"{DEEPEST} levels" in PAGE
    assert f"{MOST_NODES:,} values".replace(",", " ") in PAGE
