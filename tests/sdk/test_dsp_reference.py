"""The reference page of the dsp functions says what there is: every name, every argument, and a source for each group."""

from __future__ import annotations

import inspect
import re
from pathlib import Path

import pytest

from backline.sdk import dsp


@pytest.fixture(scope="module")
def page(repository: Path) -> str:
    return (repository / "docs" / "reference" / "dsp.md").read_text(encoding="utf-8")


def rows(page: str) -> dict[str, list[str]]:
    """Name -> arguments, from the first column of the tables."""
    found = re.findall(r"^\| `(\w+)(?:\(([^)]*)\))?` \| \S", page, re.MULTILINE)
    return {name: [argument.strip() for argument in arguments.split(",") if argument.strip()] for name, arguments in found}


def test_every_name_is_there_and_no_other(page: str) -> None:
    assert sorted(rows(page)) == sorted(dsp.__all__)


@pytest.mark.parametrize("name", [name for name in dsp.__all__ if inspect.isfunction(getattr(dsp, name))])
def test_arguments_are_those_of_the_code(page: str, name: str) -> None:
    assert rows(page)[name] == list(inspect.signature(getattr(dsp, name)).parameters)
    assert inspect.getdoc(getattr(dsp, name))


def test_every_group_names_its_source(page: str) -> None:
    for group in page.split("\n## ")[1:]:
        if not group.startswith("Names"):
            assert re.search(r"^Source: \S.{20,}", group, re.MULTILINE), group.splitlines()[0]


def test_the_example_of_the_page_holds(page: str) -> None:
    assert "dsp.semitones(12.0)          # 2.0" in page
    assert dsp.semitones(12.0) == pytest.approx(2.0)
    assert dsp.pan_gains(0.0) == pytest.approx((0.7071, 0.7071), abs=1e-4)
