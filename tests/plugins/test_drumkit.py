"""Drum kit: pads, keys, layers, decay, choke groups and outputs of their own, all by measurement; and what it says of wrong settings."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pytest

import backline
from backline.sdk import Event, NoteOff, NoteOn
from backline.sdk.testing import check_plugin, play
from backline.sdk.testing.player import Stretch
from backline_plugins.drums.drumkit import Drumkit

RATE = 48000
FLAT = {f"{name}.wav": (np.full((1, 24000), level, np.float32), RATE) for name, level in (("loud", 0.5), ("soft", 0.25), ("hiss", 0.125))}
FLAT["short.wav"] = (np.full((1, 2400), 0.5, np.float32), RATE)
FLAT["tone.wav"] = ((0.5 * np.sin(2 * np.pi * 500 * np.arange(48000) / RATE)).astype(np.float32)[np.newaxis], RATE)
KIT: Mapping[str, Any] = {
    "kick": {"sample": "loud.wav"},
    "snare": {"layers": [{"sample": "soft.wav", "velocity": "1 .. 63"}, {"sample": "loud.wav", "velocity": "64 .. 127"}], "out": "snare"},
    "closed_hat": {"sample": "short.wav", "out": "hats"},
    "open_hat": {"sample": "hiss.wav", "out": "hats"},
    "bell": {"sample": "tone.wav", "key": "C5"},
}
KICK, SNARE, CLOSED, OPEN, BELL = 36, 38, 42, 46, 72


def kit(pads: Mapping[str, Any] = KIT, **values: float) -> Drumkit:
    made = Drumkit(RATE, 512)
    made.configure({"pads": pads}, FLAT.__getitem__)
    for name, value in {"velocity_sensitivity": 0.0, **values}.items():
        made.set_parameter(name, float(value))
    return made


def heard(made: Drumkit, frames: int, events: Sequence[Event]) -> dict[str, np.ndarray]:
    sound = play(made, Stretch(frames, events=events)).outputs
    return {port.name: out for port, out in zip(made.outputs, sound, strict=True)}


def test_keeps_the_rules_of_every_plugin():
    check_plugin(Drumkit, settings={"pads": KIT}, read_audio=FLAT.__getitem__)


def test_pads_play_on_their_keys_and_at_their_ports():
    out = heard(kit(), 600, [NoteOn(0, KICK, 0.9), NoteOn(0, SNARE, 0.3)])
    assert list(out) == ["out", "snare", "hats"]
    assert out["out"][:, 500] == pytest.approx([0.5, 0.5], abs=1e-5)
    assert out["snare"][:, 500] == pytest.approx([0.25, 0.25], abs=1e-5)
    assert not out["hats"].any()
    assert heard(kit(), 600, [NoteOn(0, SNARE, 0.51)])["snare"][0, 500] == pytest.approx(0.5, abs=1e-5)
    assert not any(sound.any() for sound in heard(kit(), 600, [NoteOn(0, 37, 0.9)]).values())


def test_strokes_ring_whenever_the_key_goes_up_and_end_with_their_sample():
    made = kit()
    out = heard(made, 25000, [NoteOn(0, KICK), NoteOff(10, KICK)])["out"][0]
    assert out[23990] == pytest.approx(0.5, abs=1e-5)
    assert not out[24004:].any()
    assert made.sounding == 0


def test_a_closed_hat_silences_the_open_one_and_nothing_else():
    out = heard(kit(), 9600, [NoteOn(0, OPEN), NoteOn(0, KICK), NoteOn(4800, CLOSED)])
    assert out["hats"][0, 4799] == pytest.approx(0.125, abs=1e-5)
    assert out["hats"][0, 4800 + 240] == pytest.approx(0.5, abs=1e-5), "5 ms later only the closed hat is left"
    assert not out["hats"][0, 4800 + 2404 :].any()
    assert out["out"][0, 9000] == pytest.approx(0.5, abs=1e-5)


def test_choke_groups_can_be_chosen():
    pads = {
        "kick": {"sample": "loud.wav", "choke": "7"},
        "open_hat": {"sample": "hiss.wav", "choke": "0"},
        "rim": {"sample": "short.wav", "choke": "7"},
    }
    out = heard(kit(pads), 9600, [NoteOn(0, KICK), NoteOn(0, OPEN), NoteOn(4800, 37)])["out"][0]
    assert out[4700] == pytest.approx(0.625, abs=1e-5)
    assert out[9000] == pytest.approx(0.125, abs=1e-5), "the hat rings on"


def test_decay_is_the_time_to_60_db():
    made = kit({"kick": {"sample": "loud.wav", "decay": "200 ms"}})
    out = heard(made, 12000, [NoteOn(0, KICK)])["out"][0]
    assert 20 * math.log10(out[9600] / 0.5) == pytest.approx(-60, abs=0.1)
    shorter = heard(kit({"kick": {"sample": "loud.wav", "decay": "200 ms"}}, decay=0.5), 12000, [NoteOn(0, KICK)])["out"][0]
    assert 20 * math.log10(shorter[4800] / 0.5) == pytest.approx(-60, abs=0.1)
    assert not shorter[8100:].any(), "at -100 dB it is over"


def test_pan_level_and_tune_of_a_pad():
    out = heard(kit({"kick": {"sample": "loud.wav", "pan": "100 %", "level": "-6.0206 dB"}}), 600, [NoteOn(0, KICK)])["out"]
    assert out[:, 500] == pytest.approx([0.0, 0.25 * math.sqrt(2)], abs=1e-5)
    crossings = {}
    for tune in ("0 st", "12 st"):
        sound = heard(kit({"bell": {"sample": "tone.wav", "key": "C5", "tune": tune}}), 20000, [NoteOn(0, BELL)])["out"][0]
        crossings[tune] = int(np.count_nonzero(np.diff(np.signbit(sound))))
    assert crossings["12 st"] == pytest.approx(2 * crossings["0 st"], abs=2)


def test_humanise_repeats_itself_and_changes_with_the_seed():
    strokes = [NoteOn(k * 2400, KICK) for k in range(8)]
    pads = {"kick": {"sample": "short.wav"}}

    def levels(**values: float) -> list[float]:
        sound = heard(kit(pads, **values), 2400 * 8, strokes)["out"][0]
        return [float(sound[k * 2400 + 1000]) for k in range(8)]

    first = levels(humanise=1)
    assert first == levels(humanise=1)
    assert first != levels(humanise=1, seed=2)
    assert len(set(first)) == 8
    assert all(abs(20 * math.log10(level / 0.5)) <= 3.001 for level in first)
    assert levels() == pytest.approx([0.5] * 8, abs=1e-5)


def test_pads_can_be_wired_apart(tmp_path, repository):
    path = tmp_path / "kit.yaml"
    samples = repository / "presets" / "samples"
    for name in ("kick", "snare"):
        (tmp_path / f"{name}.wav").write_bytes((samples / f"{name}.wav").read_bytes())
    pads = "    pads:\n      kick: {sample: kick.wav}\n      snare: {sample: snare.wav, out: snare}\n"
    path.write_text(
        f"preset: 1\nnodes:\n  kit:\n    plugin: drumkit\n{pads}  room: {{plugin: gain, level: -60 dB}}\n"
        "wires:\n  - midi -> kit -> out\n  - kit.snare -> room -> out\n",
        encoding="utf-8",
    )
    kick, snare = (backline.load(path).render(notes=f"{note}:1", seconds=0.5) for note in ("C2", "D2"))
    assert np.abs(kick).max() > 0.2
    assert 0 < np.abs(snare).max() < 0.002


@pytest.mark.parametrize(
    ("pads", "text"),
    [
        ({}, "pads must name pads, such as {kick: {sample: kick.wav}}"),
        ({"kick": "kick.wav"}, "pad kick must be settings such as {sample: kick.wav}"),
        ({"kick": {}}, "pad kick needs either a sample or layers"),
        ({"kick": {"sample": "loud.wav", "layers": []}}, "pad kick needs either a sample or layers"),
        ({"kick": {"layers": []}}, "pad kick: layers must be a list such as [{sample: soft.wav, velocity: 1 .. 80}, ...]"),
        ({"kick": {"layers": [{}]}}, "pad kick: layers[0] needs a sample"),
        ({"kick": {"sample": "loud.wav", "chocke": "1"}}, "pad kick has no key 'chocke'; did you mean choke?"),
        ({"snair": {"sample": "loud.wav"}}, "pad snair needs a key, such as key: C3; or did you mean snare?"),
        (
            {"kick": {"sample": "loud.wav", "out": "My Out"}},
            "pad kick: out My Out must be a name of lower-case letters, digits and underscores",
        ),
        ({"kick": {"sample": "loud.wav", "decay": "0 s"}}, "pad kick: decay 0 s is outside 0.001 .. 60"),
    ],
)
def test_wrong_settings_are_told(pads, text):
    with pytest.raises(ValueError, match=re.escape(text)) as caught:
        Drumkit().configure({"pads": pads}, FLAT.__getitem__)
    assert str(caught.value) == text
