"""What is wrong with a graph: each problem with its place, the line, carets and a hint; all of them at once."""

from __future__ import annotations

from textwrap import dedent

import pytest

from backline.formats.errors import DocumentError
from rack.support import make

WRONG = {
    "a loop": (
        """
        nodes: {a: {plugin: twice}, b: {plugin: twice}, c: {plugin: twice}}
        wires:
          - in -> a -> b -> c -> out
          - c -> a
        """,
        ["5:5: these wires form a loop: a -> b -> c -> a", "^^^^^^", "a wire that leads back belongs under feedback:"],
    ),
    "two loops": (
        """
        nodes: {a: {plugin: twice}, b: {plugin: twice}, c: {plugin: twice}, d: {plugin: twice}}
        wires:
          - in -> a -> b -> a
          - c -> d -> c
          - d -> out
        """,
        ["4:5: these wires form a loop: a -> b -> a", "5:5: these wires form a loop: c -> d -> c"],
    ),
    "a loop through modulation": (
        """
        nodes: {a: {plugin: glide}, f: {plugin: follow}}
        wires: [in -> a -> out, a -> f]
        modulation:
          - f -> a.factor [1]
        """,
        ["5:5: these wires form a loop: a -> f -> a", "modulation cannot lead back"],
    ),
    "ports": (
        """
        nodes: {a: {plugin: ring}, s: {plugin: split}}
        wires:
          - in -> a.sidechian
          - in -> s
          - s.lefft -> out
          - in -> s.key
        """,
        [
            '4:11: a has no input "sidechian"\n      - in -> a.sidechian\n              ^^^^^^^^^^^\n    did you mean sidechain?',
            '6:5: s has no output "lefft"',
            "did you mean left?",
            '7:11: s has no input "key"',
            "it has in",
        ],
    ),
    "parameters": (
        """
        nodes: {a: {plugin: glide, facto: 2, pitch: 3 s, steps: 1.5, share: 120 %, params: {Bogus: 1}}}
        wires: [in -> a -> out]
        """,
        [
            '2:28: a has no parameter "facto"',
            "did you mean factor?",
            '2:45: pitch: "3 s"',
            "2:57: steps: 1.5 is not a whole number",
            "2:69: share: 120 % is outside 0 % .. 100 %",
            '2:85: a has no parameter "Bogus"',
        ],
    ),
    "plugins": (
        """
        nodes: {a: {plugin: arpegiator}, b: {plugin: pedalboard.Reverbb}, c: {plugin: broken}}
        wires: [in -> b -> c -> out]
        """,
        [
            '2:21: there is no plugin "arpegiator"',
            "did you mean arpeggiator?",
            '2:46: pedalboard has no plugin "Reverbb", did you mean pedalboard.Reverb?',
            "2:79: broken cannot be started: no moon tonight",
        ],
    ),
    "settings": (
        """
        nodes: {a: {plugin: twice, map: [1, 2]}}
        wires: [in -> a -> out]
        """,
        ["2:28: twice has no setting map"],
    ),
    "channels": (
        """
        nodes: {w: {plugin: spread}, q: {plugin: quad}, s: {plugin: split}, three: {plugin: twice, channels: 3}}
        wires:
          - in -> q -> out:quad
          - w -> s -> out
          - w -> out
          - in -> three -> w
        """,
        [
            "4:5: in gives 2 channels, q takes 4",
            "4:5: q gives 4 channels, out:quad takes 2",
            "5:5: w gives 4 channels, s takes 2",
            "6:5: w gives 4 channels, out takes 2",
            "7:5: in gives 2 channels, three takes 3",
            "use a plugin with as many channels, or a mixer between them",
        ],
    ),
    "what flows": (
        """
        nodes: {a: {plugin: twice}, k: {plugin: hold}, l: {plugin: ramp}, p: {plugin: pass}}
        wires:
          - midi -> a -> out
          - in -> k -> out
          - midi -> k [-3 dB]
          - k -> l
          - p -> a
          - midi -> out
        """,
        [
            "4:13: a takes no events, only audio",
            "5:11: k takes no audio: it takes events, such as midi",
            "6:16: events have no level: a gain belongs on an audio wire",
            "7:10: l takes no audio: it has no input",
            "8:10: a takes no events, only audio",
            "9:13: out takes no events, only audio",
        ],
    ),
    "feedback": (
        """
        nodes: {k: {plugin: hold}, a: {plugin: twice}, l: {plugin: pass}}
        wires: [midi -> k -> a -> out, midi -> l]
        feedback:
          - a -> k
          - a.foo -> a
          - l -> a
          - a -> a.sidechain
        """,
        [
            "5:5: a feedback wire carries audio, from an output to an input",
            '6:5: a has no output "foo"',
            "7:5: a feedback wire carries audio",
            '8:10: a has no input "sidechain"',
        ],
    ),
    "modulation": (
        """
        nodes: {l: {plugin: lfo}, a: {plugin: glide}, p: {plugin: pass}}
        wires: [in -> a -> out, midi -> p]
        modulation:
          - l -> a.fator [1]
          - l -> a.steps [2] rate audio
          - l -> a.factor [3 Hz]
          - l -> a.level [1 oct]
          - l.bogus -> a.share [1 %]
          - l -> a.pitch [1/8]
          - p -> a.factor [2]
        """,
        [
            '5:10: a has no parameter "fator"',
            "did you mean factor?",
            "6:19: steps of a cannot follow audio rate, only control rate",
            '7:20: "3 Hz": this takes no unit',
            "8:19: 1 oct: level cannot move by octaves; give a depth in dB or in %",
            '9:5: l has no output "bogus"',
            '10:19: "1/8" is a note length',
            "11:5: p gives no signal to modulate with",
        ],
    ),
    "macros and controls": (
        """
        nodes: {a: {plugin: glide}, d: {plugin: delay}}
        wires: [in -> a -> d -> out]
        macros:
          m: {to: {a.facto: 0 .. 1, a.pitch: 1 s .. 2 s, a.factor: 0 .. 99, d.time: 1/8 .. 1/4}}
        controls:
          - cc 2 -> a.facto
          - cc 3 -> a.factor [0 .. 99]
          - cc 4 -> m [0 .. 2]
        """,
        [
            '5:12: a has no parameter "facto"',
            "did you mean factor?",
            '5:38: a.pitch: "1 s"',
            "5:65: a.factor: 99 is outside -8 .. 8",
            "5:77: d.time: a range is given in plain times or rates, not in note lengths",
            '7:13: a has no parameter "facto"',
            "8:28: a.factor: 99 is outside -8 .. 8",
            "9:21: 2 is outside 0 % .. 100 %",
        ],
    ),
    "mix and state": (
        """
        nodes: {k: {plugin: hold, mix: 30 %}, a: {plugin: twice, state: nope.json}}
        wires: [midi -> k -> out, in -> a -> out]
        """,
        ["2:27: k is no effect, so it has no mix of input and result", "2:65: nope.json: this preset is not a file"],
    ),
    "requirements": (
        """
        requires: [backline >= 99, twice, nothere, numpy < 1, numpy >= 2]
        nodes: {a: {plugin: twice}}
        wires: [in -> a -> out]
        """,
        [
            "2:12: this preset requires backline >= 99; here is",
            "2:35: this preset requires nothere, which is not here",
            "if it is a package: pip install nothere",
            "2:44: this preset requires numpy < 1; here is",
        ],
    ),
}


def told(text: str) -> str:
    with pytest.raises(DocumentError) as caught:
        make(dedent(text).lstrip())
    return str(caught.value)


@pytest.mark.parametrize("name", WRONG)
def test_each_problem_is_told_with_its_place(name):
    text, wanted = WRONG[name]
    message = told(text)
    at = 0
    for part in wanted:
        found = message.find(f"preset:{part}" if part[0].isdigit() else part, at)
        assert found >= 0, f"{part}\nis not said (here) in\n{message}"
        at = found
    assert message.count("preset:") == sum(part[0].isdigit() for part in wanted)


def test_problems_of_several_kinds_come_in_one_error():
    message = told("""
        nodes: {a: {plugin: twicee}, b: {plugin: glide, factr: 1}, k: {plugin: hold}}
        wires: [in -> a -> out, in -> k]
        macros: {m: {to: {b.level: 0 Hz .. 1 Hz}}}
        """)
    for part in ('plugin "twicee"', 'parameter "factr"', "k takes no audio", "b.level"):
        assert part in message


def test_wires_that_lead_back_are_legal_as_feedback():
    rack = make("""
nodes: {a: {plugin: twice}, b: {plugin: twice}}
wires: [in -> a -> b -> out]
feedback: [b -> a, "a -> a [-6 dB]"]
""")
    assert rack.warnings == []


def test_what_nobody_hears_is_a_warning():
    rack = make("""nodes: {a: {plugin: glide}, b: {plugin: glide}, k: {plugin: hold}, l: {plugin: lfo}, p: {plugin: pass}}
wires: [in -> a, b -> out, midi -> p]
""")
    assert [(problem.place.line, problem.place.column, problem.message) for problem in rack.warnings] == [
        (2, 9, "a is connected to nothing that is heard"),
        (2, 29, "nothing is connected to b"),
        (2, 49, "k is connected to nothing that is heard"),
        (2, 68, "l is connected to nothing that is heard"),
        (2, 86, "p is connected to nothing that is heard"),
    ]
    silent = make("nodes: {a: {plugin: glide}}\nwires: [in -> a -> out:side]")
    assert [problem.message for problem in silent.warnings] == ["nothing is connected to out: this preset is silent"]


def test_a_modulator_and_a_side_path_are_heard():
    rack = make("""
nodes: {l: {plugin: lfo}, a: {plugin: glide}, ring: {plugin: ring}}
wires: [in -> a -> ring.sidechain, in -> ring -> out]
modulation: ["l -> a.factor [1]"]
""")
    assert rack.warnings == []


MISSING = """
nodes: {a: {plugin: nowhere, level: 3 dB}, arp: {plugin: no_arp}, k: {plugin: hold}, m: {plugin: nowhere}}
wires:
  - in -> a.side
  - a -> out
  - midi -> arp -> k -> out
macros: {x: {to: {a.level: 0 dB .. 1 dB}}}
modulation: ["m -> a.level [1 dB]"]
controls: ["cc 1 -> a.level"]
"""


@pytest.mark.parametrize("missing", ["silence", "bypass"])
def test_missing_plugins_can_be_stood_in_for(missing):
    import numpy as np

    from backline.sdk import NoteOn
    from rack.support import hiss, run

    rack = make(MISSING, missing=missing)
    x = hiss(500)
    got = run(rack, 500, audio=x, events=[NoteOn(0, 60, 0.5)])
    want = x + np.array([[0.5], [60]], np.float32) if missing == "bypass" else np.zeros_like(x)
    assert np.allclose(got, want, atol=1e-6)
    said = "its input passes" if missing == "bypass" else "it is silent"
    assert [problem.message for problem in rack.warnings if "there is no plugin" in problem.message] == [
        f'there is no plugin "{name}"; {said}' for name in ("nowhere", "no_arp", "nowhere")
    ]


def test_requirements_are_warnings_where_plugins_may_be_missing():
    rack = make("requires: [nothere]\nwires: [in -> out]", missing="bypass")
    assert [problem.message for problem in rack.warnings] == ["this preset requires nothere, which is not here"]
