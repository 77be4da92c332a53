"""The preset document as data."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields
from typing import Any

import pytest

from backline.model import (
    MACRO_KEYS,
    NODE_KEYS,
    PRESET_KEYS,
    ZONE_KEYS,
    Control,
    End,
    Gesture,
    Macro,
    Modulation,
    Node,
    Preset,
    Range,
    Requirement,
    Target,
    Wire,
    Zone,
    split_target,
)
from backline.model.validation import InvalidData, preset_from_data, preset_to_data


def full_preset() -> Preset:
    return Preset(
        name="Warm keys",
        tags=["keys"],
        requires=[Requirement("backline", (">=0.1",))],
        nodes={
            "keys": Node("polysynth", values={"cutoff": "1.2 kHz"}, settings={"map": [{"key": "C3"}]}, bypass=True, mix="30 %", channels=2),
            "comp": Node("vst3:Comp", params={"Attack Time": "3 ms"}, state="comp.vstpreset", host="minihost"),
            "lead": Node(rack="lead.yaml"),
            "lfo": Node("lfo"),
        },
        wires=[Wire(End("midi"), End("keys")), Wire(End("keys"), End("out", "aux"), -12.0)],
        feedback=[Wire(End("comp"), End("comp", "sidechain"))],
        modulation=[Modulation(End("lfo"), Target("keys", "cutoff"), "2 oct", "control")],
        macros={"bright": Macro(0.4, {"keys.cutoff": Range("200 Hz", "8 kHz", "log")})},
        controls=[Control(Gesture("cc", 74, 2), Target(None, "bright"), Range("0 %", "50 %"))],
        zones={"low": Zone((12, 59), (1, 90), (1, 2), -12)},
    )


def test_data_gives_back_the_preset() -> None:
    preset = full_preset()
    assert preset_from_data(preset_to_data(preset)) == preset


BROKEN: list[tuple[dict[str, Any], tuple[str | int, ...]]] = [
    ({"nam": "x"}, ("nam",)),
    ({"preset": 2}, ("preset",)),
    ({"nodes": {"a": {"plugin": "x", "colour": "red"}}}, ("nodes", "a", "colour")),
    ({"nodes": {"a": {"plugin": "x", "channels": 65}}}, ("nodes", "a", "channels")),
    ({"nodes": {"a": {"plugin": "x", "values": {"cutoff": 3}}}}, ("nodes", "a", "values", "cutoff")),
    ({"nodes": {"a": {}}}, ("nodes", "a")),
    ({"wires": [{"source": {"node": "a"}}]}, ("wires", 0, "target")),
    ({"macros": {"m": {"default": 1.5}}}, ("macros", "m", "default")),
    ({"zones": {"z": {"transpose": 128}}}, ("zones", "z", "transpose")),
    ({"controls": [{"source": {"kind": "knob"}, "target": {"node": None, "parameter": "m"}}]}, ("controls", 0, "source", "kind")),
]


@pytest.mark.parametrize(("data", "path"), BROKEN)
def test_wrong_data_is_refused_at_its_place(data: dict[str, Any], path: tuple[str | int, ...]) -> None:
    with pytest.raises(InvalidData) as caught:
        preset_from_data(data)
    assert [problem[0] for problem in caught.value.problems] == [path]
    assert ".".join(map(str, path)) in str(caught.value)


def test_a_node_is_a_plugin_or_a_rack() -> None:
    with pytest.raises(ValueError, match="either a plugin or a rack"):
        Node("gain", rack="a.yaml")
    with pytest.raises(ValueError, match="either a plugin or a rack"):
        Node()


def test_a_parameter_cannot_hide_a_key_of_the_node() -> None:
    with pytest.raises(ValueError, match="put the parameter under params"):
        Node("gain", values={"mix": "3"})


def test_ends_and_targets_as_text() -> None:
    assert [str(End("a")), str(End("a", "b")), str(End("out", "b"))] == ["a", "a.b", "out:b"]
    assert [str(Target("a", "b c")), str(Target(None, "m"))] == ["a.b c", "m"]
    assert split_target("a.b.c") == Target("a", "b.c")
    assert split_target("m") == Target(None, "m")


def test_macros_say_what_they_drive() -> None:
    span = Range("1", "2")
    assert Macro(to={"a.b": span}).targets() == [(Target("a", "b"), span)]


def test_the_key_lists_are_those_of_the_model() -> None:
    assert tuple(field.name for field in fields(Preset)) == PRESET_KEYS
    assert tuple(field.name for field in fields(Macro)) == MACRO_KEYS
    assert tuple(field.name for field in fields(Zone)) == ZONE_KEYS
    assert {field.name for field in fields(Node)} - {"values", "settings"} == set(NODE_KEYS)


def test_presets_are_read_without_pydantic() -> None:
    """Importing pydantic takes longer than a preset may take to sound."""
    code = "import sys, backline.formats.preset_file; sys.exit('pydantic' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
