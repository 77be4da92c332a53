"""Racks inside racks: the same bits as the flat preset, macros as parameters, and what can be wrong with them."""

from __future__ import annotations

from textwrap import dedent

import numpy as np
import pytest

from backline.formats.errors import DocumentError
from backline.sdk import ControlChange, NoteOff, NoteOn
from rack.support import hiss, make_file, run

LEAD = """
preset: 1
nodes:
  arp: {plugin: arpeggiator, rate: 1/16}
  keys: {plugin: hold}
  glide: {plugin: glide, factor: 0.5}
  slow: {plugin: late}
zones: {low: {keys: C0 .. B4, transpose: 3 st}}
wires:
  - midi -> low -> arp -> keys -> glide [-3 dB]
  - glide -> slow -> out
  - in -> glide -> out:dry
macros:
  bright: {default: 20 %, to: {glide.factor: 0 .. 4}}
  loud: {to: {keys.scale: 0 .. 1}}
controls: [cc 1 -> bright]
"""

OUTER = """
preset: 1
nodes:
  lead: {rack: inner/lead.yaml, bright: 25 %}
  flip: {plugin: twice, factor: -1}
wires:
  - midi -> lead -> flip -> out
  - in -> lead
  - lead.dry -> out [-6 dB]
macros:
  all: {default: 75 %, to: {lead.bright: 0 % .. 50 %, flip.factor: 0 .. -2}}
"""

FLAT = """
preset: 1
nodes:
  arp: {plugin: arpeggiator, rate: 1/16}
  keys: {plugin: hold}
  glide: {plugin: glide, factor: 1.5}
  slow: {plugin: late}
  flip: {plugin: twice, factor: -1.5}
zones: {low: {keys: C0 .. B4, transpose: 3 st}}
wires:
  - midi -> low -> arp -> keys -> glide [-3 dB]
  - glide -> slow -> flip -> out
  - in -> glide
  - glide -> out [-6 dB]
controls: ["cc 1 -> glide.factor [0 .. 4]"]
"""


@pytest.fixture
def write(tmp_path):
    def written(**files):
        for name, text in files.items():
            path = tmp_path / name.replace("__", "/").removesuffix("_yaml")
            path = path.with_suffix(".yaml")
            path.parent.mkdir(exist_ok=True, parents=True)
            path.write_text(dedent(text).lstrip(), encoding="utf-8")
        return tmp_path

    return written


def told(path):
    with pytest.raises(DocumentError) as caught:
        make_file(path)
    return str(caught.value)


@pytest.mark.parametrize("block", [7, 64, 441, 512])
def test_a_nested_rack_gives_the_bits_of_the_flat_preset(write, block):
    folder = write(outer=OUTER, inner__lead=LEAD, flat=FLAT)
    nested, flat = make_file(folder / "outer.yaml"), make_file(folder / "flat.yaml")
    assert nested.nodes == ["lead/arp", "lead/keys", "lead/glide", "lead/slow", "flip"]
    assert nested["lead/glide"].factor == 1.5
    assert nested.latency == flat.latency == 100
    events = [NoteOn(0, 50, 0.5), NoteOn(10, 54, 0.75), ControlChange(700, 1, 0.5), NoteOff(900, 50), ControlChange(1200, 1, 0.9)]
    x = hiss(3000)
    assert np.array_equal(run(nested, 3000, block, audio=x, events=events), run(flat, 3000, block, audio=x, events=events))


def test_macros_of_a_nested_rack_are_its_parameters(write):
    folder = write(outer=OUTER.replace("macros:", "macros_:").split("macros_:")[0], inner__lead=LEAD)
    rack = make_file(folder / "outer.yaml")
    assert list(rack.macros) == ["lead/bright", "lead/loud"]
    assert rack.macros["lead/bright"] == 0.25
    assert rack["lead/glide"].factor == 1.0
    rack.set("lead.bright", "50 %")
    assert rack["lead/glide"].factor == 2.0
    rack.prepare(block=64)
    assert rack["lead/glide"].factor == 2.0
    assert rack["lead/keys"].scale == 1.0, "a macro nobody set leaves its targets as they are"


def test_an_outer_macro_turns_inner_ones(write):
    rack = make_file(write(outer=OUTER, inner__lead=LEAD) / "outer.yaml")
    assert rack.macros["lead/bright"] == 0.375
    rack.macros["all"] = 1.0
    assert rack.macros["lead/bright"] == 0.5
    assert rack["lead/glide"].factor == 2.0
    assert rack["flip"].factor == -2.0


def test_racks_three_deep(write):
    folder = write(
        top="preset: 1\nnodes: {a: {rack: mid.yaml, way: 100 %}}\nwires: [in -> a -> out]\n",
        mid="preset: 1\nnodes: {b: {rack: low.yaml}}\nwires: [in -> b -> out]\nmacros: {way: {to: {b.way: 0 % .. 50 %}}}\n",
        low="preset: 1\nnodes: {c: {plugin: twice}}\nwires: [in -> c -> out]\nmacros: {way: {to: {c.factor: 0 .. 8}}}\n",
    )
    rack = make_file(folder / "top.yaml")
    x = hiss(300)
    assert np.array_equal(run(rack, 300, audio=x), x * 4)
    assert set(rack.macros) == {"a/way", "a/b/way"}


def test_a_mono_and_a_wide_source_meet_in_a_nested_rack(write):
    folder = write(
        outer="""
        preset: 1
        nodes: {wide: {plugin: spread}, inner: {rack: inner.yaml}, half: {plugin: twice, factor: 0.5}}
        wires: [in -> wide -> inner -> out, in -> half -> inner]
        """,
        inner="preset: 1\nnodes: {q: {plugin: quad}, m: {plugin: mono}}\nwires: [in -> q -> m -> out]\n",
    )
    x = hiss(300)
    folded = (x[0] + x[1]) * 0.5
    want = (10 * folded + 0.5 * (x[0] + x[1])) / 4
    np.testing.assert_allclose(run(make_file(folder / "outer.yaml"), 300, audio=x), np.stack([want, want]), rtol=1e-5, atol=1e-6)


INNER = "preset: 1\nnodes: {a: {plugin: twice}}\nwires: [in -> a -> out, a -> out:send]\nmacros: {bright: {to: {a.factor: 0 .. 1}}}\n"


@pytest.mark.parametrize(
    ("outer", "wanted"),
    [
        ("nodes: {x: {rack: nowhere.yaml}}\nwires: [in -> x -> out]", ["2:19: cannot read nowhere.yaml"]),
        ("nodes: {x: {rack: ../../inner.yaml}}\nwires: [in -> x -> out]", ["2:19: ", "leads out of"]),
        ("nodes: {x: {rack: outer.yaml}}\nwires: [in -> x -> out]", ["2:19: outer.yaml contains itself"]),
        ("nodes: {x: {rack: round.yaml}}\nwires: [in -> x -> out]", ["round.yaml:2:19: outer.yaml contains itself"]),
        ("nodes: {x: {rack: bad.yaml}}\nwires: [in -> x -> out]", ["2:19: bad.yaml has problems of its own", "bad.yaml:2:"]),
        ("nodes: {x: {rack: wrong.yaml}}\nwires: [in -> x -> out]", ["wrong.yaml:2:21: there is no plugin"]),
        ("nodes: {x: {rack: inner.yaml, brigth: 1}}\nwires: [in -> x -> out]", ['2:31: x has no macro "brigth"', "did you mean bright?"]),
        ("nodes: {x: {rack: inner.yaml, bright: 2}}\nwires: [in -> x -> out]", ["2:39: 2 is outside 0 % .. 100 %"]),
        ("nodes: {x: {rack: inner.yaml, bypass: on}}\nwires: [in -> x -> out]", ["2:31: x is a nested rack, which takes no bypass"]),
        ("nodes: {x: {rack: inner.yaml, mix: 3 %}}\nwires: [in -> x -> out]", ["2:31: x is a nested rack, which takes no mix"]),
        ("nodes: {x: {rack: inner.yaml, channels: 1}}\nwires: [in -> x -> out]", ["which takes no channels"]),
        (
            "nodes: {x: {rack: inner.yaml}}\nwires: [in -> x, x.sned -> out]",
            ['3:18: the rack x has no output "sned"', "did you mean send?"],
        ),
        ("nodes: {x: {rack: inner.yaml}}\nwires: [in -> x.key, x -> out]", ['3:15: the rack x has no input "key"']),
        (
            "nodes: {x: {rack: inner.yaml}, l: {plugin: lfo}}\nwires: [in -> x -> out]\nmodulation: ['l -> x.bright [1 %]']",
            ["4:20: x.bright belongs to a nested rack", "modulate inside that rack"],
        ),
        (
            "nodes: {x: {rack: inner.yaml}}\nwires: [in -> x -> out]\nmacros: {m: {to: {x.brigt: 0 % .. 1 %}}}",
            ['there is no macro "x/brigt"'],
        ),
        ("nodes: {x: {rack: inner.yaml}}\nwires: [in -> x -> out]\nfeedback: [x.sned -> x]", ['the rack x has no output "sned"']),
        ("nodes: {x: {rack: needs.yaml}}\nwires: [in -> x -> out]", ["needs.yaml:2:12: this preset requires nothere"]),
    ],
)
def test_what_is_wrong_with_a_nested_rack_is_told(write, outer, wanted):
    folder = write(
        outer="preset: 1\n" + outer + "\n",
        inner=INNER,
        round="preset: 1\nnodes: {y: {rack: outer.yaml}}\nwires: [in -> y -> out]\n",
        bad="preset: 1\nnodes: {y: {plugin: twice}}}\nwires: [in -> y -> out]\n",
        wrong="preset: 1\nnodes: {y: {plugin: nowhere}}\nwires: [in -> y -> out]\n",
        needs="preset: 1\nrequires: [nothere]\nwires: [in -> out]\n",
    )
    message = told(folder / "outer.yaml")
    for part in wanted:
        assert part in message


def test_one_rack_may_be_nested_twice(write):
    folder = write(
        outer="preset: 1\nnodes: {x: {rack: inner.yaml, bright: 1}, y: {rack: inner.yaml, bright: 50 %}}\nwires: [in -> x -> y -> out]\n",
        inner=INNER,
    )
    x = hiss(100)
    assert np.array_equal(run(make_file(folder / "outer.yaml"), 100, audio=x), x * np.float32(0.5))


def test_a_text_has_no_file_to_look_beside():
    from rack.support import make

    with pytest.raises(DocumentError, match="nothing to look beside"):
        make("nodes: {x: {rack: inner.yaml}}\nwires: [in -> x -> out]")
