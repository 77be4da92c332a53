"""Old presets become today's, and their places stay."""

from __future__ import annotations

import pytest

from backline.formats.errors import DocumentError
from backline.formats.migrate import PRESET_MIGRATIONS, Migrations
from backline.formats.preset_file import parse_preset
from backline.formats.yaml_reader import Mapping
from backline.model import PRESET_VERSION

OLD = """\
preset: 0
title: Warm keys
nodes:
  keys: {plugin: poly}
wires:
  - midi -> keys -> out
"""


@pytest.fixture
def migrations() -> Migrations:
    """Migrations with one step: version 0 called the name `title`."""
    made = Migrations("preset", PRESET_VERSION)

    @made.step(0)
    def title_became_name(root: Mapping) -> None:
        key, value = root.entries.pop("title")
        root.entries["name"] = (key, value)

    return made


def test_a_step_brings_an_old_preset_up(migrations: Migrations) -> None:
    loaded = parse_preset(OLD, "old.yaml", migrations=migrations)
    assert loaded.preset.name == "Warm keys"
    assert loaded.preset.preset == PRESET_VERSION
    assert str(loaded.place_of(("name",))) == "old.yaml:2:8"


def test_errors_of_an_old_preset_point_at_what_its_author_wrote(migrations: Migrations) -> None:
    with pytest.raises(DocumentError, match=r"old.yaml:6:13: \"kyes\" is not a node"):
        parse_preset(OLD.replace("-> keys", "-> kyes"), "old.yaml", migrations=migrations)


def test_steps_follow_on_one_another() -> None:
    made = Migrations("preset", 3)
    seen: list[int] = []
    for version in (0, 2, 1):
        made.step(version)(lambda root, version=version: seen.append(version))  # type: ignore[misc]
    parse_preset(OLD.replace("title", "name"), migrations=made)
    assert seen == [0, 1, 2]


def test_a_version_has_one_step_and_the_current_has_none(migrations: Migrations) -> None:
    for version in (0, PRESET_VERSION):
        with pytest.raises(ValueError, match="cannot get"):
            migrations.step(version)(lambda root: None)


def test_a_version_without_a_step_is_no_version() -> None:
    with pytest.raises(DocumentError, match="there is no format version 0"):
        parse_preset(OLD)


def test_a_newer_preset_is_told_as_such_and_nothing_else_is_held_against_it() -> None:
    with pytest.raises(DocumentError) as caught:
        parse_preset("preset: 99\nfuture: &a 1\nname: [1]\n")
    assert [problem.message for problem in caught.value.problems] == ["made by a newer Backline (format version 99)"]


def test_every_version_there_was_can_be_read() -> None:
    assert set(PRESET_MIGRATIONS.steps) == set(range(1, PRESET_VERSION))
