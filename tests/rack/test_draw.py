"""The picture of a rack shows every node and wire, tells the kinds of wires apart by their strokes, and is sound XML."""

import re
import shutil
import subprocess
import xml.etree.ElementTree as ET

import pytest

import backline
from backline.rack.draw import boxes_and_links, draw_graph, graph_dot
from backline.rack.picture import FLOWS

SVG = "{http://www.w3.org/2000/svg}"
RIG = """
preset: 1
name: A & B <rig>
nodes:
  wobble: {plugin: lfo, rate: 5 Hz}
  tone: {plugin: filter, cutoff: 1 kHz}
  echo: {plugin: delay, mix: 40 %}
  late: {plugin: pedalboard.Gain, bypass: on}
  lost: {plugin: no_such_plugin}
  up: {plugin: transpose, semitones: 12}
zones:
  low: {keys: C0 .. B3, transpose: -12 st}
wires:
  - midi -> low -> up -> lost
  - in -> tone -> echo -> out
  - tone -> late -> out:wet [-12 dB]
feedback:
  - echo -> tone [-6 dB]
modulation:
  - wobble -> tone.cutoff [2 oct]
macros:
  brightness: {to: {tone.cutoff: 200 Hz .. 8 kHz log}}
controls:
  - cc 74 -> brightness
  - cc 7 -> echo.feedback
"""


@pytest.fixture(scope="module")
def rig():
    rack = backline.loads(RIG, missing="silence")
    yield rack.engine
    rack.close()


@pytest.fixture(scope="module")
def svg(rig):
    return draw_graph(rig.flat, rig.graph)


@pytest.fixture(scope="module")
def texts(svg):
    return [element.text for element in ET.fromstring(svg).iter(f"{SVG}text")]


def test_every_node_stands_in_the_picture_with_its_plugin(texts):
    for text in (
        "tone",
        "filter",
        "echo",
        "delay",
        "wobble",
        "lfo",
        "late",
        "pedalboard.Gain",
        "low",
        "C0 .. B3, -12 st",
        "in",
        "midi",
        "out",
    ):
        assert text in texts
    assert "out:wet" in texts


def test_gains_depths_and_states_are_written(texts):
    for text in ("−12 dB", "−6 dB", "cutoff 2 oct", "mix 40 %", "bypassed", "not on this machine"):
        assert text in texts
    assert "brightness (cc 74) moves tone.cutoff" in texts
    assert "cc 7 moves echo.feedback" in texts


def test_each_flow_has_its_own_stroke_and_its_line_in_the_legend(svg, rig, texts):
    root = ET.fromstring(svg)
    wires = [path for path in root.iter(f"{SVG}path") if path.get("marker-end")]
    _, links = boxes_and_links(rig.flat, rig.graph)
    assert len(wires) == len(links) == 10
    for flow in FLOWS:
        drawn = [path for path in wires if path.get("marker-end") == f"url(#to-{flow})"]
        assert len(drawn) == sum(link.flow == flow for link in links) > 0
    assert len({path.get("stroke-dasharray") for path in wires}) == 4
    assert {"audio", "events", "modulation", "feedback, 64 frames late"} <= set(texts)


def test_pointing_at_a_node_tells_its_values(svg):
    tips = [element.text for element in ET.fromstring(svg).iter(f"{SVG}title")]
    assert "tone: filter\ncutoff: 1 kHz" in tips
    assert "A & B <rig>" in tips


def test_everything_lies_inside_of_the_picture(svg):
    root = ET.fromstring(svg)
    width, height = float(root.get("width")), float(root.get("height"))
    for element in root.iter(f"{SVG}rect"):
        if "%" not in element.get("width"):
            assert 0 <= float(element.get("x")) <= float(element.get("x")) + float(element.get("width")) <= width
            assert 0 <= float(element.get("y")) <= float(element.get("y")) + float(element.get("height")) <= height


def test_the_same_graph_gives_the_same_picture(rig, svg):
    assert draw_graph(rig.flat, rig.graph) == svg


def test_latency_is_written():
    rack = backline.loads("preset: 1\nnodes:\n  limit: {plugin: pedalboard.PitchShift, semitones: 1 st}\nwires:\n  - in -> limit -> out\n")
    latency = rack["limit"].plugin.latency
    text = rack.graph_svg()
    assert (f"{latency} frames late" in text) == (latency > 0)
    rack.close()


def test_a_notebook_shows_it():
    rack = backline.loads("preset: 1\nnodes:\n  soft: {plugin: gain}\nwires:\n  - in -> soft -> out\n")
    assert rack._repr_svg_().startswith("<svg ")
    rack.close()


def test_an_empty_preset_is_drawn():
    rack = backline.loads("preset: 1\nnodes: {}\nwires: []\n")
    ET.fromstring(rack.graph_svg())
    rack.close()


def test_nested_racks_are_drawn_with_their_ends(tmp_path):
    (tmp_path / "inner.yaml").write_text("preset: 1\nnodes:\n  soft: {plugin: gain}\nwires:\n  - in -> soft -> out\n")
    (tmp_path / "outer.yaml").write_text("preset: 1\nnodes:\n  lead: {rack: inner.yaml}\nwires:\n  - in -> lead -> out\n")
    rack = backline.load(tmp_path / "outer.yaml")
    boxes, links = boxes_and_links(rack.engine.flat, rack.engine.graph)
    assert list(boxes) == ["in", "lead/soft", "out", "lead/in", "lead/out"]
    assert ("in", "lead/in") in {(link.source, link.target) for link in links}
    ET.fromstring(rack.graph_svg())
    rack.close()


def test_graphviz_text_names_every_node_and_wire(rig):
    text = graph_dot(rig.flat, rig.graph)
    boxes, links = boxes_and_links(rig.flat, rig.graph)
    assert text.count(" -> ") == len(links)
    assert len(re.findall(r'^  "[^"]+" \[label', text, re.MULTILINE)) == len(boxes)
    assert '"wobble" -> "tone" [style=dashed label="cutoff 2 oct"]' in text


def test_a_renderer_can_draw_it(svg, tmp_path):
    program = shutil.which("rsvg-convert")
    assert program, "the tests need librsvg: apt-get install librsvg2-bin"
    done = subprocess.run([program, "-o", str(tmp_path / "rig.png")], input=svg.encode(), capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "rig.png").read_bytes().startswith(b"\x89PNG")
