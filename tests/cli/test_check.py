"""`backline check` shows everything there is to say about each file: problems with their place, warnings, latency, limits."""

import io
import json
import re
import sys

import pytest

from vst3.lab import lab_bundle

pytestmark = pytest.mark.slow

GOOD = """
preset: 1
name: Good
nodes:
  keys: {plugin: polysynth, cutoff: 1.2 kHz}
wires:
  - midi -> keys -> out
"""
BAD = """
preset: 1
nodes:
  keys: {plugin: polysynth, cutof: 1 kHz, resonance: 3 kg}
  room: {plugin: pedalboard.Reverb, room_sise: 0.4}
  lost: {plugin: polysynht}
wires:
  - midi -> keys -> out
  - keys.left -> room -> out
macros:
  brightness: {to: {keys.cuttoff: 200 Hz .. 8 kHz}}
"""


@pytest.fixture
def write(here):
    def write(name, text):
        (here.folder / name).write_text(text)
        return name

    return write


def report(done):
    return json.loads(done.out)["files"][0]


def test_a_good_preset(here, write):
    done = here("check", write("good.yaml", GOOD))
    assert (done.code, done.errors) == (0, "")
    assert done.out.startswith("good.yaml: good\n    1 node; latency 0 frames at 48000 Hz; tail ")


def test_every_problem_is_shown_with_its_line_and_carets(here, write):
    done = here("check", write("bad.yaml", BAD))
    assert done.code == 1
    places = re.findall(r"^bad\.yaml:(\d+):\d+: ", done.out, re.MULTILINE)
    assert places == ["4", "4", "5", "6", "9", "11"]
    for hint in ("did you mean cutoff?", "did you mean room_size?", "did you mean polysynth?"):
        assert hint in done.out
    assert "  room: {plugin: pedalboard.Reverb, room_sise: 0.4}\n" in done.out
    assert re.search(r"^ +\^{9}$", done.out, re.MULTILINE)
    assert done.out.endswith("bad.yaml: 6 problems\n")


def test_errors_of_the_text_are_shown_as_well(here, write):
    done = here("check", write("odd.yaml", "preset: 1\nnods: {}\nwires: [a b]\n"))
    assert done.code == 1
    assert "odd.yaml:2:1: " in done.out
    assert "odd.yaml:3:" in done.out


def test_one_bad_file_does_not_hide_the_others(here, write):
    names = [write("good.yaml", GOOD), write("bad.yaml", BAD), "none.yaml", "."]
    done = here("check", *names, names[0])
    assert done.code == 1
    assert "good.yaml: good" in done.out
    assert "none.yaml: there is no such preset" in done.out
    assert ". is a folder" in done.out
    assert done.out.endswith("4 files, 3 with problems\n")


def test_problems_of_a_nested_rack_and_of_what_holds_it_are_shown_together(here, write):
    write("inner.yaml", "preset: 1\nnodes:\n  soft: {plugin: gain, levle: 1}\nwires:\n  - in -> soft -> out\n")
    done = here(
        "check",
        write("outer.yaml", "preset: 1\nnodes:\n  a: {rack: inner.yaml}\n  b: {plugin: gain, x: 1}\nwires:\n  - in -> a -> b -> out\n"),
    )
    assert re.search(r"^\S*inner\.yaml:3:24: ", done.out, re.MULTILINE)
    assert re.search(r"^outer\.yaml:4:21: ", done.out, re.MULTILINE)
    assert "outer.yaml: 2 problems" in done.out


def test_warnings_are_shown_and_are_no_problem(here, write):
    done = here("check", write("odd.yaml", GOOD.replace("wires:", "  lone: {plugin: gain}\nwires:")))
    assert done.code == 0
    assert "odd.yaml:6:3: warning: lone is connected to nothing that is heard\n      lone: {plugin: gain}\n      ^^^^\n" in done.out
    assert "odd.yaml: good" in done.out


def test_json_tells_the_same(here, write):
    done = here("check", write("bad.yaml", BAD), write("good.yaml", GOOD), "--json")
    told = json.loads(done.out)
    bad, good = told["files"]
    assert (told["ok"], bad["ok"], good["ok"]) == (False, False, True)
    first = bad["problems"][0]
    assert (first["file"], first["line"], first["column"], first["hint"]) == ("bad.yaml", 4, 29, "did you mean cutoff?")
    assert (good["name"], good["nodes"], good["outputs"], good["problems"]) == ("Good", 1, [], [])


def test_latency_and_outputs_are_told(here, write):
    text = 'preset: 1\nnodes:\n  late: {plugin: "vst3:ZaMaximX2"}\nwires:\n  - in -> late -> out\n  - in -> out:dry\n'
    found = report(here("check", write("late.yaml", text), "--json", "-r", "44100"))
    assert found["latency_frames"] > 0
    assert found["latency_seconds"] == pytest.approx(found["latency_frames"] / 44100)
    assert found["outputs"] == ["dry"]
    assert "out:dry; latency " in here("check", "late.yaml").out


@pytest.mark.parametrize("host", ["pedalboard", "minihost"])
def test_what_a_host_cannot_do_for_this_preset_is_said(here, write, host):
    path = lab_bundle("LabSynth")
    text = f'preset: 1\nnodes:\n  lab: {{plugin: "vst3:{path}", host: {host}}}\nwires:\n  - midi -> lab -> out\n'
    done = here("check", write("lab.yaml", text))
    assert done.code == 0, done.out
    limits = re.findall(r"^    note: lab \(vst3:.*, hosted by (\w+)\): (.*)$", done.out, re.MULTILINE)
    assert {name for name, _ in limits} == {host}
    said = " ".join(limit for _, limit in limits)
    assert ("64 frames" in said) == (host == "pedalboard")
    assert ("tempo and song position" in said) == (host == "pedalboard")


def test_limits_that_do_not_matter_are_not_said(here, write):
    still = "preset: 1\nnodes:\n  room: {plugin: pedalboard.Reverb}\nwires:\n  - in -> room -> out\n"
    assert "note:" not in here("check", write("still.yaml", still)).out
    moved = still + "controls:\n  - cc 1 -> room.room_size\n"
    assert "note: room (pedalboard.Reverb, hosted by pedalboard): " in here("check", write("moved.yaml", moved)).out


def test_standard_input_is_checked_too(here, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(BAD.encode())))
    done = here("check", "-")
    assert done.code == 1
    assert "standard input:4:29: " in done.out


@pytest.mark.parametrize(("options", "told"), [([], "Missing argument 'FILE...'"), (["x.yaml", "-r", "1"], "--rate 1: ")])
def test_wrong_usage(here, options, told):
    done = here("check", *options)
    assert done.code == 2
    assert told in done.errors
