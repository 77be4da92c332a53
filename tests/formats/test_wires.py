"""The small texts of a preset, both ways, and where their errors point."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backline.formats.small_texts import (
    TextError,
    Word,
    check_name,
    parse_channel,
    parse_keys,
    parse_range,
    parse_requirement,
    parse_transpose,
    parse_velocities,
    write_keys,
)
from backline.formats.wires import parse_control, parse_modulation, parse_target, parse_wire, write_control, write_modulation, write_wires
from backline.model import Control, End, Gesture, Modulation, Range, Requirement, Target, Wire


def whole(text: str) -> Word:
    return Word(text, 0, len(text))


def wires(text: str) -> list[Wire]:
    return [hop.wire for hop in parse_wire(text)]


def test_a_chain_is_single_hops_and_the_gain_is_the_last_ones() -> None:
    assert wires("midi -> keys->comp  ->  out [-12 dB]") == [
        Wire(End("midi"), End("keys")),
        Wire(End("keys"), End("comp")),
        Wire(End("comp"), End("out"), -12.0),
    ]


@pytest.mark.parametrize(
    ("text", "wire"),
    [
        ("kick -> comp.sidechain", Wire(End("kick"), End("comp", "sidechain"))),
        ("kit.snare -> room", Wire(End("kit", "snare"), End("room"))),
        ("lead.out -> out:aux-2", Wire(End("lead", "out"), End("out", "aux-2"))),
        ("in -> out[-inf dB]", Wire(End("in"), End("out"), float("-inf"))),
        ("kit.1 -> out [-3]", Wire(End("kit", "1"), End("out"), -3.0)),
        ("a-b->c_d [+6 dB]", Wire(End("a-b"), End("c_d"), 6.0)),
    ],
)
def test_wires(text: str, wire: Wire) -> None:
    assert wires(text) == [wire]


def test_words_know_where_they_stand() -> None:
    text = "  midi -> keys.side [ -12 dB ]"
    hop = parse_wire(text)[0]
    assert hop.gain is not None
    for word, shown in ((hop.source, "midi"), (hop.target, "keys.side"), (hop.gain, "-12 dB")):
        assert text[word.start : word.end] == shown == word.text


@pytest.mark.parametrize(
    ("text", "modulation"),
    [
        ("lfo -> keys.cutoff [2 oct]", Modulation(End("lfo"), Target("keys", "cutoff"), "2 oct")),
        ("lfo.signal -> keys.cutoff [-35 %] rate audio", Modulation(End("lfo", "signal"), Target("keys", "cutoff"), "-35 %", "audio")),
        ("env -> comp.Attack Time [500 Hz] rate control", Modulation(End("env"), Target("comp", "Attack Time"), "500 Hz", "control")),
        ("env -> comp.drive [3 wobbles]", Modulation(End("env"), Target("comp", "drive"), "3 wobbles")),
    ],
)
def test_modulation(text: str, modulation: Modulation) -> None:
    assert parse_modulation(text).modulation == modulation
    assert write_modulation(modulation) == text


@pytest.mark.parametrize(
    ("text", "control"),
    [
        ("cc 74 -> brightness", Control(Gesture("cc", 74), Target(None, "brightness"))),
        ("cc 7 channel 2 -> keys.level", Control(Gesture("cc", 7, 2), Target("keys", "level"))),
        ("bend -> keys.bend [-2 st .. 2 st]", Control(Gesture("bend"), Target("keys", "bend"), Range("-2 st", "2 st"))),
        ("pressure channel 16 -> m", Control(Gesture("pressure", None, 16), Target(None, "m"))),
        ("note C2 -> m", Control(Gesture("note", 36), Target(None, "m"))),
        ("program -> m [0 % .. 100 % linear]", Control(Gesture("program"), Target(None, "m"), Range("0 %", "100 %", "linear"))),
    ],
)
def test_controls(text: str, control: Control) -> None:
    assert parse_control(text).control == control
    assert write_control(control) == text


def test_a_key_may_be_a_number() -> None:
    assert parse_control("note 36 -> m").control.source == Gesture("note", 36)


@pytest.mark.parametrize(
    ("text", "span"),
    [
        ("200 Hz .. 8 kHz log", Range("200 Hz", "8 kHz", "log")),
        ("200 Hz..8 kHz, log", Range("200 Hz", "8 kHz", "log")),
        ("-12 dB .. 0 dB", Range("-12 dB", "0 dB")),
        ("-12 dB .. 0 dB db", Range("-12 dB", "0 dB", "db")),
        ("0.1 .. 0.5 db", Range("0.1", "0.5 db")),
        ("0.1 .. 0.5, db", Range("0.1", "0.5", "db")),
        ("80 % .. 20 %", Range("80 %", "20 %")),
        ("saw .. square", Range("saw", "square")),
        ("saw .. pulse wave", Range("saw", "pulse wave")),
        ("1/16 .. 1/4D log", Range("1/16", "1/4D", "log")),
        ("C2 .. 8 kHz log", Range("C2", "8 kHz", "log")),
        ("200 wobbles .. 300 wobbles", Range("200 wobbles", "300 wobbles")),
        ("200 wobbles .. 300 wobbles log", Range("200 wobbles", "300 wobbles", "log")),
        (".5 .. 1.5", Range(".5", "1.5")),
    ],
)
def test_ranges(text: str, span: Range) -> None:
    parsed = parse_range(whole(text))
    assert parsed.range == span
    assert text[parsed.low.start : parsed.low.end] == span.low
    assert text[parsed.high.start : parsed.high.end] == span.high
    assert parse_range(whole(str(span))).range == span


def test_zones() -> None:
    assert parse_keys(whole("C0 .. B3")) == (12, 59)
    assert parse_keys(whole("36")) == (36, 36)
    assert write_keys((12, 59)) == "C0 .. B3"
    assert parse_velocities(whole("1 .. 90")) == (1, 90)
    assert [parse_transpose(whole(text)) for text in ("-12 st", "1 oct", "+3")] == [-12, 12, 3]
    assert parse_channel(whole("16")) == 16


@pytest.mark.parametrize(
    ("text", "requirement"),
    [
        ("polysynth", Requirement("polysynth")),
        ("backline >= 0.1", Requirement("backline", (">=0.1",))),
        ("vst3:Zam Comp >=1.2,<2", Requirement("vst3:Zam Comp", (">=1.2", "<2"))),
        ("my-package ~= 1.2.0rc1", Requirement("my-package", ("~=1.2.0rc1",))),
    ],
)
def test_requirements(text: str, requirement: Requirement) -> None:
    assert parse_requirement(text) == requirement
    assert parse_requirement(str(requirement)) == requirement


def pointed(parse: Callable[[str], object], text: str) -> tuple[str, str]:
    """Return the message, and the characters that it points at."""
    with pytest.raises(TextError) as caught:
        parse(text)
    error = caught.value
    return error.message, text[error.start : error.end]


@pytest.mark.parametrize(
    ("text", "message", "shown"),
    [
        ("a -> b [12 Hz]", "gain is in dB", "12 Hz"),
        ("a -> b [61 dB]", "ends at 60 dB", "61 dB"),
        ("a -> b [3 dB", "']', is missing", "["),
        ("a -> out -> b", "nothing can follow", "out"),
        ("a -> in", "nothing can lead", "in"),
        ("a -> b.c -> d", "middle of a chain", "b.c"),
        ("a => b", "connects nothing", "=>"),
        ("a --> b", "connects nothing", "-->"),
        ("a -> b → c", "connects nothing", "→"),
        ("a ->", "missing after", "->"),
        ("-> a", "missing before", "->"),
        ("a", "connects two names", "a"),
        ("a -> b c", "is not a name", "b c"),
        ("a:b -> c", "only out has", "a:b"),
        ("in.b -> c", "has no ports", "in.b"),
        ("a -> " + "b" * 65, "is not a name", "b" * 65),
        ("a -> " * 300 + "b", "longer than 1000", "a -> " * 300 + "b"),
    ],
)
def test_errors_of_wires_point_at_the_word(text: str, message: str, shown: str) -> None:
    said, under = pointed(parse_wire, text)
    assert message in said
    assert under == shown


@pytest.mark.parametrize("name", ["out", "in", "midi", "9a", "a b", "a.b", "", "a-", "é", "a" * 65])
def test_names_that_are_none(name: str) -> None:
    with pytest.raises(TextError):
        check_name(name, "node")


@pytest.mark.parametrize("name", ["a", "_", "a-b", "Keys_2"])
def test_names(name: str) -> None:
    check_name(name, "node")


@pytest.mark.parametrize("text", ["", ".", "a.", "a. b", "a.b [c]", "a -> b", "a." + "b" * 1000])
def test_targets_that_are_none(text: str) -> None:
    with pytest.raises(TextError):
        parse_target(text)


def test_chains_are_written_together() -> None:
    hops = wires("a -> b -> c [-3 dB]") + wires("c -> d -> e.side") + wires("e -> out")
    assert write_wires(hops) == ["a -> b -> c [-3 dB]", "c -> d -> e.side", "e -> out"]


def test_what_follows_on_joins_the_chain() -> None:
    assert write_wires(wires("a -> b") + wires("b -> c")) == ["a -> b -> c"]


def test_chains_stay_readable() -> None:
    hops = [Wire(End("n" * 30 + str(number)), End("n" * 30 + str(number + 1))) for number in range(100)]
    texts = write_wires(hops)
    assert [hop for text in texts for hop in wires(text)] == hops


PARSERS: list[Callable[[str], object]] = [
    parse_wire,
    parse_modulation,
    parse_control,
    parse_requirement,
    parse_target,
    lambda text: parse_range(whole(text)),
    lambda text: parse_keys(whole(text)),
    lambda text: parse_velocities(whole(text)),
    lambda text: parse_transpose(whole(text)),
    lambda text: parse_channel(whole(text)),
]
_words = st.sampled_from(
    ["a", "keys.cutoff", "out:", "->", "[", "]", "..", "cc", "74", "channel", "rate", "dB", "Hz", ",", " ", "-", "1/8D", ">="]
)


@pytest.mark.slow
@pytest.mark.parametrize("parse", PARSERS)
@given(text=st.text(max_size=40).filter(str.strip) | st.lists(_words, min_size=1, max_size=12).map(" ".join).filter(str.strip))
def test_any_text_is_read_or_refused_at_characters_of_its_own(parse: Callable[[str], object], text: str) -> None:
    try:
        parse(text)
    except TextError as error:
        place = (error.start, error.end)
    else:
        place = (0, 1)
    assert 0 <= place[0] < place[1] <= len(text) + 1
