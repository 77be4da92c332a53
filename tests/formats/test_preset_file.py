"""Presets from files and back."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from backline.formats.errors import DocumentError, Place
from backline.formats.preset_file import checked_text, load_preset, parse_preset, save_preset
from backline.formats.preset_writer import write_preset
from backline.model import Control, End, Gesture, Macro, Modulation, Node, Preset, Range, Target, Wire, Zone

sys.path.insert(0, str(Path(__file__).parent))
from preset_strategies import FULL, presets

BROKEN = sorted((Path(__file__).parent / "broken_presets").glob("*.yaml"))


@pytest.mark.parametrize("path", BROKEN, ids=lambda path: path.stem)
def test_broken_presets_are_told_well(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(path.parent)
    with pytest.raises(DocumentError) as caught:
        load_preset(path.name)
    assert f"{caught.value}\n" == path.with_suffix(".txt").read_text(encoding="utf-8")


def test_there_are_many_broken_presets_and_each_has_its_text() -> None:
    assert len(BROKEN) >= 60
    assert {path.stem for path in BROKEN} == {path.stem for path in BROKEN[0].parent.glob("*.txt")}


def test_every_problem_points_at_a_line_of_its_file() -> None:
    for path in BROKEN:
        with pytest.raises(DocumentError) as caught:
            load_preset(path)
        lines = caught.value.source_text.splitlines() or [""]
        for problem in caught.value.problems:
            assert 1 <= problem.place.line <= len(lines)
            assert 1 <= problem.place.column <= len(lines[problem.place.line - 1]) + 1


def test_reads_every_part() -> None:
    preset = parse_preset(FULL).preset
    assert preset.nodes["keys"] == Node("polysynth", values={"cutoff": "1.2 kHz", "resonance": "35 %"})
    assert preset.nodes["comp"].params == {"Threshold": "-18 dB"}
    assert preset.nodes["room"].bypass
    assert preset.nodes["kit"].settings["pads"][1]["out"] == "snare"
    assert preset.nodes["lead"] == Node(rack="lead.yaml", values={"brightness": "30 %"}, channels=2, host="minihost")
    assert preset.wires[:3] == [Wire(End("midi"), End("keys")), Wire(End("keys"), End("comp")), Wire(End("comp"), End("out"))]
    assert Wire(End("room"), End("out"), -12.0) in preset.wires
    assert Wire(End("lead", "aux"), End("out", "aux")) in preset.wires
    assert preset.feedback == [Wire(End("room"), End("comp"), -6.0)]
    assert preset.modulation == [
        Modulation(End("lfo"), Target("keys", "cutoff"), "2 oct", "control"),
        Modulation(End("lfo", "signal"), Target("comp", "Attack Time"), "35 %"),
    ]
    assert preset.macros == {
        "brightness": Macro(0.4, {"keys.cutoff": Range("200 Hz", "8 kHz", "log"), "room.damping": Range("80 %", "20 %")})
    }
    assert preset.controls[1] == Control(Gesture("cc", 1, 3), Target("keys", "vibrato_depth"), Range("0 %", "60 %"))
    assert preset.controls[3] == Control(Gesture("note", 36), Target("keys", "x"), Range("0.1", "0.5", "db"))
    assert preset.zones == {"low": Zone((12, 59), (1, 90), (1, 2), -12)}


def test_scalars_stay_the_text_that_was_written() -> None:
    text = "preset: 1\nnodes:\n  a: {plugin: x, b: on, c: no, d: 012, e: 1e3, f: '1.0', g: ~, h: 1:30}\n"
    values = parse_preset(text).preset.nodes["a"].values
    assert values == {"b": "on", "c": "no", "d": "012", "e": "1e3", "f": "1.0", "g": "~", "h": "1:30"}


def test_empty_sections_are_nothing() -> None:
    assert parse_preset("preset: 1\nnodes:\nwires:\nmacros: {}\ntags: []\n").preset == Preset()


def test_a_zone_may_stand_in_several_wires() -> None:
    text = FULL.replace("  - low -> lead\n", "  - midi -> low -> lead\n")
    assert parse_preset(text).preset == parse_preset(FULL).preset


def test_the_written_form_is_the_form_of_the_manual() -> None:
    assert checked_text(parse_preset(FULL).preset) == FULL


@pytest.mark.slow
@given(presets())
@settings(deadline=None, max_examples=40)
def test_presets_read_back_the_same_and_write_the_same_bytes(preset: Preset) -> None:
    text = write_preset(preset)
    back = parse_preset(text).preset
    assert back == preset
    assert write_preset(back) == text


@pytest.mark.slow
@given(presets())
@settings(deadline=None, max_examples=10)
def test_one_more_wire_is_one_more_line(preset: Preset) -> None:
    preset.wires.append(Wire(End("in"), End("out", "new-port-of-this-test"), -1.5))
    before = write_preset(preset).splitlines()
    preset.wires.append(Wire(End("midi"), End("out", "last-port-of-this-test"), -2.5))
    after = write_preset(preset).splitlines()
    line = "  - midi -> out:last-port-of-this-test [-2.5 dB]"
    assert [entry for entry in after if entry != line] == before


@pytest.mark.parametrize(
    "preset",
    [
        Preset(nodes={"out": Node("gain")}),
        Preset(nodes={"a": Node("gain", values={"b": ""})}),
        Preset(wires=[Wire(End("nobody"), End("out"))]),
        Preset(nodes={"a": Node("gain")}, wires=[Wire(End("a", "p q"), End("out"))]),
        Preset(nodes={"a": Node("gain")}, controls=[Control(Gesture("cc", 1), Target("a", "b"), Range("1 ", "2"))]),
        Preset(name="\ud800"),
    ],
    ids=["reserved", "empty", "unknown", "port", "spaces", "surrogate"],
)
def test_a_preset_that_would_not_read_back_is_not_saved(preset: Preset, tmp_path: Path) -> None:
    path = tmp_path / "old.yaml"
    path.write_text("old")
    with pytest.raises(ValueError, match=r"."):
        save_preset(preset, path)
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_saves_and_loads(tmp_path: Path) -> None:
    preset = parse_preset(FULL).preset
    save_preset(preset, tmp_path / "a.yaml")
    loaded = load_preset(tmp_path / "a.yaml")
    assert loaded.preset == preset
    assert loaded.path == tmp_path / "a.yaml"
    assert loaded.name == str(tmp_path / "a.yaml")


def test_a_byte_order_mark_is_no_part_of_the_text(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"\xef\xbb\xbfpreset: one\n")
    with pytest.raises(DocumentError) as caught:
        load_preset(path)
    assert caught.value.problems[0].place == Place(str(path), 1, 9, 3)


def test_a_file_over_the_limit_is_refused_unread(tmp_path: Path) -> None:
    path = tmp_path / "a.yaml"
    path.write_bytes(b"#" * (1 << 20) + b"\n")
    with pytest.raises(DocumentError, match="larger than 1 MiB"):
        load_preset(path)


class TestPlaces:
    loaded = parse_preset(FULL, "warm.yaml")

    def shown(self, *path: str | int, part: str = "value", span: tuple[int, int] | None = None) -> str:
        """Return the characters that the carets of a problem at this part stand under."""
        place = self.loaded.problem(path, "wrong", span=span, part=part).place  # type: ignore[arg-type]
        return FULL.splitlines()[place.line - 1][place.column - 1 :][: place.width]

    def test_values_and_keys(self) -> None:
        assert self.shown("nodes", "room", "room_size") == "0.4"
        assert self.shown("nodes", "room", "room_size", part="key") == "room_size"
        assert self.shown("nodes", "room", "values", "room_size") == "0.4"
        assert self.shown("nodes", "comp", "params", "Threshold", part="key") == "Threshold"
        assert self.shown("nodes", "kit", part="key") == "kit"
        assert self.shown("nodes", "comp", "plugin") == '"vst3:ZamCompX2"'

    def test_structured_settings(self) -> None:
        assert self.shown("nodes", "kit", "pads", 1, "file") == "snares/dry.wav"
        assert self.shown("nodes", "kit", "settings", "pads", 1, "file", span=(0, 6)) == "snares"

    def test_wires_count_as_hops(self) -> None:
        for index, wire in enumerate(self.loaded.preset.wires):
            assert self.shown("wires", index, "source") == str(wire.source)
            assert self.shown("wires", index, "target") == str(wire.target)
        assert self.shown("wires", 4, "gain_db") == "-12 dB"
        assert self.shown("feedback", 0, "target") == "comp"

    def test_small_texts(self) -> None:
        assert self.shown("modulation", 0, "depth") == "2 oct"
        assert self.shown("modulation", 1, "target") == "comp.Attack Time"
        assert self.shown("controls", 1, "low") == "0 %"
        assert self.shown("controls", 3, "high") == "0.5"
        assert self.shown("macros", "brightness", "to", "keys.cutoff", part="key") == "keys.cutoff"
        assert self.shown("macros", "brightness", "to", "keys.cutoff", "high") == "8 kHz"
        assert self.shown("zones", "low", "velocity") == "1 .. 90"
        assert self.shown("requires", 1) == "vst3:Zam Comp >= 1.2, < 2"

    def test_spans(self) -> None:
        assert self.shown("nodes", "keys", "cutoff", span=(4, 7)) == "kHz"
        assert self.shown("nodes", "comp", "plugin", span=(0, 4)) == "vst3"

    def test_unknown_parts_fall_back_to_what_is_around_them(self) -> None:
        assert self.loaded.place_of(("nodes", "keys", "nothing")) == self.loaded.place_of(("nodes", "keys"))
        assert self.loaded.place_of(("nothing",)) == Place("warm.yaml", 1, 1)

    def test_an_error_shows_the_lines(self) -> None:
        error = self.loaded.error([self.loaded.problem(("nodes", "room", "room_size"), "too big", "at most 0.3", part="value")])
        assert str(error).splitlines() == [
            "warm.yaml:14:48: too big",
            "      room: {plugin: pedalboard.Reverb, room_size: 0.4, bypass: on, mix: 40 %}",
            " " * 51 + "^^^",
            "    at most 0.3",
        ]


_WORDS = ("preset: 1\n", "nodes:\n", "  a: {plugin: b}\n", "wires:\n", "macros:\n", "zones:\n", "controls:\n", "  - ", " -> ", " .. ", ": ")
_SIGNS = ("to", "keys", "in", "out", "12 dB", "\n", "\t", "#", "&a", "*a", "!", "|", ">", "'", '"', *"[]{},\\é\u2028\r")
_pieces = st.lists(st.sampled_from(_WORDS + _SIGNS), max_size=40).map("".join)


def outcome(text: str) -> str:
    """Return "preset" for a text that is one, and survives being written; else what the error says."""
    try:
        loaded = parse_preset(text, "fuzz.yaml")
    except DocumentError as error:
        return str(error)
    assert parse_preset(write_preset(loaded.preset)).preset == loaded.preset
    return "preset"


@pytest.mark.slow
@given(st.text(max_size=200) | _pieces | _pieces.map(lambda pieces: FULL + pieces))
@settings(deadline=500, max_examples=150)
def test_any_text_is_a_preset_or_a_document_error(text: str) -> None:
    assert outcome(text).startswith(("preset", "fuzz.yaml:"))


@pytest.mark.slow
@given(st.integers(0, len(FULL) - 1), st.text(max_size=6), st.integers(0, 12))
@settings(deadline=500, max_examples=150)
def test_any_slip_in_a_good_preset_is_a_preset_or_a_document_error(at: int, inserted: str, removed: int) -> None:
    assert outcome(FULL[:at] + inserted + FULL[at + removed :]).startswith(("preset", "fuzz.yaml:"))


@pytest.mark.slow
@given(st.binary(max_size=200))
@settings(deadline=500, max_examples=50)
def test_any_bytes_are_a_document_error(tmp_path_factory: pytest.TempPathFactory, data: bytes) -> None:
    path = tmp_path_factory.mktemp("bytes") / "a.yaml"
    path.write_bytes(data)
    with pytest.raises(DocumentError):
        load_preset(path)
