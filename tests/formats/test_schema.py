"""The published JSON Schema of a preset."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import Phase, given, settings
from jsonschema import Draft202012Validator

from backline.formats.preset_writer import write_preset
from backline.formats.schema import preset_schema, schema_text, shipped_schema
from backline.model import NODE_KEYS, PRESET_KEYS, Preset

sys.path.insert(0, str(Path(__file__).parent))
from preset_strategies import FULL, presets

BROKEN = Path(__file__).parent / "broken_presets"
SCHEMA = preset_schema()
VALIDATOR = Draft202012Validator(SCHEMA)

# What a schema cannot see: names that fit nothing, and numbers inside of texts.
ONLY_THE_READER_SEES = {
    "feedback_ends",
    "macro_default_bad",
    "node_mix_bad",
    "node_paths_bad",
    "node_set_twice",
    "tag_twice",
    "wire_direction",
    "wire_ports",
    "wire_to_itself",
    "wire_twice",
    "wire_unknown_node",
    "yaml_anchor",
    "yaml_duplicate_keys",
    "yaml_merge_key",
    "yaml_too_deep",
    "yaml_windows_lines",
    "zone_as_node",
    "zone_ports",
}


def data(text: str) -> Any:
    return yaml.load(text, Loader=yaml.CSafeLoader)


def problems(document: Any) -> list[str]:
    return [f"{error.json_path}: {error.message}" for error in VALIDATOR.iter_errors(document)]


def test_what_is_shipped_is_fresh() -> None:
    assert shipped_schema("preset") == schema_text(SCHEMA), "run backline.formats.schema.write_shipped()"
    assert json.loads(shipped_schema("preset")) == SCHEMA


def test_the_schema_is_one() -> None:
    Draft202012Validator.check_schema(SCHEMA)


@pytest.mark.parametrize("kind", ["nothing", "../preset", "", "preset.schema"])
def test_unknown_schemas(kind: str) -> None:
    with pytest.raises(KeyError):
        shipped_schema(kind)


def test_good_presets_pass() -> None:
    assert problems(data(FULL)) == []
    assert problems(data("preset: 1\nname: 808\nnodes:\n  a: {plugin: x, b: on, c: 3, bypass: yes}\nwires:\n")) == []


@pytest.mark.slow
@given(presets())
@settings(deadline=None, max_examples=25, phases=[Phase.generate])
def test_every_preset_that_is_written_passes(preset: Preset) -> None:
    tree = yaml.load(write_preset(preset), Loader=yaml.BaseLoader)
    tree["preset"] = 1
    for node in tree.get("nodes", {}).values():
        if "channels" in node:
            node["channels"] = int(node["channels"])
    for zone in tree.get("zones", {}).values():
        if "channels" in zone:
            zone["channels"] = [int(channel) for channel in zone["channels"]]
    assert problems(tree) == []


@pytest.mark.parametrize("path", sorted(BROKEN.glob("*.yaml")), ids=lambda path: path.stem)
def test_broken_presets_fail(path: Path) -> None:
    try:
        document = data(path.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError):
        return  # no YAML at all: no schema is asked
    assert bool(problems(document)) == (path.stem not in ONLY_THE_READER_SEES)


def test_every_key_is_described() -> None:
    assert set(SCHEMA["properties"]) == set(PRESET_KEYS)
    assert set(SCHEMA["$defs"]["Node"]["properties"]) == set(NODE_KEYS)
    for part in (SCHEMA, *SCHEMA["$defs"].values()):
        assert part["description"]
        assert all(key["description"] for key in part.get("properties", {}).values())
