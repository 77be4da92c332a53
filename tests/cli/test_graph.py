"""`backline graph` writes a picture of a preset, whole or not at all."""

import json
import xml.etree.ElementTree as ET

import pytest

pytestmark = pytest.mark.slow

PRESET = "preset: 1\nnodes:\n  soft: {plugin: gain}\n  lost: {plugin: nosuch}\nwires:\n  - in -> soft -> lost -> out [-3 dB]\n"


@pytest.fixture
def rig(here):
    (here.folder / "rig.yaml").write_text(PRESET)
    return here


def test_a_picture_beside(rig):
    done = rig("graph", "rig.yaml")
    assert (done.code, done.out) == (0, "rig.svg: 2 nodes\n")
    texts = [element.text for element in ET.parse(rig.folder / "rig.svg").iter("{http://www.w3.org/2000/svg}text")]
    assert {"soft", "gain", "lost", "not on this machine", "−3 dB"} <= set(texts)


def test_graphviz_by_suffix_and_json(rig):
    done = rig("graph", "rig.yaml", "-o", "x.dot", "--json")
    assert json.loads(done.out) == {"preset": "rig.yaml", "file": "x.dot", "nodes": 2}
    assert (rig.folder / "x.dot").read_text().startswith("digraph rack {")


def test_to_standard_output_and_into_a_folder(rig):
    assert rig("graph", "rig.yaml", "-o", "-").out.startswith("<svg ")
    (rig.folder / "pictures").mkdir()
    assert rig("graph", "rig.yaml", "-o", "pictures").code == 0
    assert (rig.folder / "pictures" / "rig.svg").exists()


@pytest.mark.parametrize(
    ("options", "code", "told"),
    [
        (["rig.yaml", "-o", "x.png"], 2, "is .svg or .dot"),
        (["rig.yaml", "-o", "no/x.svg"], 1, "there is no folder no"),
        (["rig.yaml", "-o", "-", "--json"], 2, "--json"),
        (["none.yaml"], 1, "there is no such preset"),
    ],
)
def test_what_cannot_be_is_told(rig, options, code, told):
    done = rig("graph", *options)
    assert done.code == code
    assert told in done.errors
    assert [path.name for path in rig.folder.iterdir()] == ["rig.yaml"]
