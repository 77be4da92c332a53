"""Voices of an instrument: who gets one, who loses one, and what pedals, bends, pressures and panic do to them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np
import pytest

from backline.sdk import (
    ChannelPressure,
    ControlChange,
    Event,
    Instrument,
    KernelError,
    NoteOff,
    NoteOn,
    NotePitch,
    NotePressure,
    NoteTimbre,
    NoteValue,
    Param,
    Phase,
    PitchBend,
    Port,
    State,
)
from backline.sdk.instrument import PORT_SPARE
from backline.sdk.kernels.contract import LANES

RATE = 48000.0


class Probe(Instrument):
    """Each voice sounds as the number it is asked for: what a voice knows can be read from the output."""

    told = Param("pitch", choices=("pitch", "key", "velocity", "pressure", "timbre", "release", "gate", "one"), smoothing=0)
    voices = Param(8, 1, 16)
    level = State(1.0, life=True)
    phase = Phase()

    def sample(level, phase, gate, pitch_hz, key, velocity, release_velocity, pressure, timbre, told):
        value = pitch_hz if told == 0 else key if told == 1 else velocity if told == 2 else pressure if told == 3 else timbre
        value = value if told < 5 else release_velocity if told == 5 else gate if told == 6 else 1.0
        level = level if gate > 0.5 else max(level - 0.01, 0.0)  # a release of a hundred frames
        return value * level, level, 0.0


class Layered(Probe):
    """Two voices a note, a fifth of a semitone apart."""

    def start(self, note: NoteOn) -> Iterable[Mapping[str, float]]:
        return ({"detune": -0.1, "choke": 1.0}, {"detune": 0.1, "choke": 1.0})


class Fixed(Probe):
    """Every note at 100 Hz, whatever the key."""

    def start(self, note: NoteOn) -> Iterable[Mapping[str, float]]:
        return ({"pitch_hz": 100.0},)


class Silent(Probe):
    """Notes below middle C have no voice."""

    def start(self, note: NoteOn) -> Iterable[Mapping[str, float]]:
        return ({},) if note.key >= 60 else ()


def probe(show: str = "one", kind: type[Probe] = Probe, voices: int = 8) -> Probe:
    plugin = kind(RATE, 1024)
    plugin.told = show  # type: ignore[assignment]
    plugin.voices = voices  # type: ignore[assignment]
    return plugin


def hear(plugin: Instrument, *events: Event, frames: int = 256) -> np.ndarray:
    """The first port's first channel while a block of events plays."""
    return plugin.process_block(frames=frames, events=sorted(events, key=lambda event: event.frame))[0][0]


def now(plugin: Instrument, *events: Event) -> float:
    """The last sample after some events and a little time."""
    return float(hear(plugin, *events, frames=1024)[-1])


# -- notes -------------------------------------------------------------------------------------------------------------------------


def test_a_note_sounds_from_its_frame_until_its_release_has_ended() -> None:
    sound = hear(probe(), NoteOn(10, 60), NoteOff(50, 60))
    assert np.all(sound[:10] == 0.0)
    assert np.all(sound[10:50] == 1.0)
    assert np.all(np.diff(sound[50:149]) < 0.0)
    assert np.all(sound[151:] == 0.0)


def test_a_voice_is_free_when_its_life_is_over() -> None:
    plugin = probe()
    hear(plugin, NoteOn(0, 60), NoteOff(10, 60), frames=64)
    assert plugin.sounding == 1
    hear(plugin)
    assert plugin.sounding == 0


@pytest.mark.parametrize(
    ("show", "value"), [("pitch", 440.0), ("key", 69.0), ("velocity", 0.5), ("pressure", 0.0), ("timbre", 0.5), ("gate", 1.0)]
)
def test_a_voice_knows_its_note(show: str, value: float) -> None:
    assert now(probe(show), NoteOn(0, 69, 0.5)) == pytest.approx(value)


def test_a_voice_knows_how_its_key_was_let_go() -> None:
    assert hear(probe("release"), NoteOn(0, 60), NoteOff(5, 60, 0.75))[5] == pytest.approx(0.75 * 0.99)


def test_a_note_may_be_detuned() -> None:
    assert now(probe("pitch"), NoteOn(0, 69, detune=0.5)) == pytest.approx(440.0 * 2.0 ** (0.5 / 12.0))


def test_the_highest_pitch_stays_below_half_the_rate() -> None:
    plugin = Probe(22050.0, 1024)
    assert now(plugin, NoteOn(0, 127, detune=12.0)) == pytest.approx(0.45 * 22050.0)


def test_notes_start_and_end_alone() -> None:
    plugin = probe()
    assert now(plugin, NoteOn(0, 60), NoteOn(0, 64), NoteOn(0, 67)) == 3.0
    assert now(plugin, NoteOff(0, 64)) == 2.0
    assert now(plugin, NoteOff(0, 64), NoteOff(0, 61), NoteOff(0, 60, channel=1)) == 2.0
    assert now(plugin, NoteOff(0, 60), NoteOff(0, 67)) == 0.0


def test_two_notes_of_one_key_are_told_apart_by_their_ids() -> None:
    plugin = probe("velocity")
    assert now(plugin, NoteOn(0, 60, 0.25, note_id=1), NoteOn(0, 60, 0.5, note_id=2)) == 0.75
    assert now(plugin, NoteOff(0, 60, note_id=1)) == 0.5
    assert now(plugin, NoteOff(0, 60)) == 0.0, "without an id: whichever sounds on the key"


def test_one_note_may_have_several_voices_or_none() -> None:
    assert now(probe(kind=Layered), NoteOn(0, 60)) == 2.0
    plugin = probe(kind=Silent)
    assert now(plugin, NoteOn(0, 59), NoteOff(500, 59)) == 0.0
    assert now(plugin, NoteOn(0, 60)) == 1.0


def test_reset_forgets_everything() -> None:
    plugin = probe("pitch")
    now(plugin, NoteOn(0, 60), ControlChange(0, 64, 1.0), PitchBend(0, 1.0), ChannelPressure(0, 1.0))
    plugin.reset()
    assert plugin.sounding == 0
    assert now(plugin) == 0.0
    assert now(plugin, NoteOn(0, 69), NoteOff(100, 69)) == 0.0, "the pedal is up"
    assert now(plugin, NoteOn(0, 69)) == pytest.approx(440.0), "the wheel is back"


# -- polyphony ---------------------------------------------------------------------------------------------------------------------


def keys_that_sound(plugin: Probe) -> set[float]:
    """Release nothing, just look: the keys of the voices that do not fade."""
    plugin.told = "key"  # type: ignore[assignment]
    return {voice.key for voice in plugin._all_voices if voice.down or voice.pedalled}


def test_the_oldest_note_is_stolen() -> None:
    plugin = probe(voices=4)
    assert now(plugin, *(NoteOn(key, 60 + key) for key in range(6))) == 4.0
    assert keys_that_sound(plugin) == {62, 63, 64, 65}


def test_a_released_note_is_stolen_before_a_held_one() -> None:
    plugin = probe(voices=3)
    hear(plugin, NoteOn(0, 60), NoteOn(1, 61), NoteOn(2, 62), NoteOff(3, 61), NoteOn(4, 63), frames=16)
    assert keys_that_sound(plugin) == {60, 62, 63}


def test_a_pedalled_note_counts_as_held() -> None:
    plugin = probe(voices=2)
    hear(plugin, ControlChange(0, 64, 1.0), NoteOn(0, 60), NoteOff(1, 60), NoteOn(2, 61), NoteOn(3, 62), frames=16)
    assert keys_that_sound(plugin) == {61, 62}


def test_a_stolen_voice_fades_without_a_click() -> None:
    plugin = probe(voices=1)
    sound = hear(plugin, NoteOn(0, 60), NoteOn(100, 61), frames=512)
    fade = sound[100:292] - 1.0  # the new voice stands at 1, the old one fades on top of it
    assert fade[0] == pytest.approx(1.0, abs=0.01)
    assert np.abs(np.diff(fade)).max() < 0.006
    assert np.all(sound[300:] == 1.0)


def test_more_notes_than_lanes_at_one_frame_are_survived() -> None:
    plugin = probe(voices=16)
    assert now(plugin, *(NoteOn(0, 20 + key) for key in range(100))) == 16.0
    assert keys_that_sound(plugin) == set(range(104, 120))


def test_fewer_voices_from_the_next_note_on() -> None:
    plugin = probe(voices=8)
    now(plugin, *(NoteOn(0, 60 + key) for key in range(8)))
    plugin.voices = 1  # type: ignore[assignment]
    assert now(plugin) == 8.0, "what sounds is left alone"


# -- pedals and panic --------------------------------------------------------------------------------------------------------------


def test_the_pedal_holds_what_is_let_go_until_it_is_up() -> None:
    plugin = probe()
    assert now(plugin, ControlChange(0, 64, 1.0), NoteOn(0, 60), NoteOn(0, 62), NoteOff(500, 60)) == 2.0
    assert now(plugin, ControlChange(0, 64, 0.49)) == 1.0
    assert now(plugin, NoteOff(0, 62)) == 0.0


def test_pedals_belong_to_their_channel() -> None:
    plugin = probe()
    assert (
        now(plugin, ControlChange(0, 64, 1.0, 1), NoteOn(0, 60), NoteOn(0, 60, channel=1), NoteOff(9, 60), NoteOff(9, 60, channel=1)) == 1.0
    )


def test_a_key_struck_again_under_the_pedal_is_another_voice() -> None:
    plugin = probe()
    assert now(plugin, ControlChange(0, 64, 1.0), NoteOn(0, 60), NoteOff(10, 60), NoteOn(20, 60), NoteOff(30, 60)) == 2.0
    assert now(plugin, ControlChange(0, 64, 0.0)) == 0.0


@pytest.mark.parametrize(("controller", "frames"), [(123, 110), (120, 200)], ids=["all notes off", "all sound off"])
def test_panic_ends_every_note_of_its_channel(controller: int, frames: int) -> None:
    plugin = probe()
    now(plugin, ControlChange(0, 64, 1.0), NoteOn(0, 60), NoteOff(1, 60), NoteOn(2, 64), NoteOn(2, 64, channel=1))
    sound = hear(plugin, ControlChange(0, controller, 0.0))
    assert sound[0] > 2.9
    assert np.all(sound[frames:] == 1.0)
    assert plugin.sounding == 1


def test_reset_controllers_lets_go_of_the_pedal_the_wheel_and_pressure() -> None:
    plugin = probe("pitch")
    now(plugin, NoteOn(0, 69), NoteOn(0, 57), NoteOff(5, 57), PitchBend(0, 1.0), ChannelPressure(0, 1.0))
    assert now(plugin, ControlChange(0, 121, 0.0)) == pytest.approx(440.0, rel=1e-4)
    plugin.told = "pressure"  # type: ignore[assignment]
    assert now(plugin) == pytest.approx(0.0, abs=1e-3)


# -- expression --------------------------------------------------------------------------------------------------------------------


def test_the_wheel_bends_its_channel_by_two_semitones_and_glides() -> None:
    plugin = probe("pitch")
    now(plugin, NoteOn(0, 69))
    sound = hear(plugin, PitchBend(0, 1.0), frames=1024)
    assert sound[-1] == pytest.approx(440.0 * 2.0 ** (2.0 / 12.0), rel=1e-3)
    assert np.abs(np.diff(sound)).max() < 1.0
    assert now(plugin, PitchBend(0, -1.0, channel=3)) == pytest.approx(440.0 * 2.0 ** (2.0 / 12.0), rel=1e-4)
    plugin.reset()
    assert now(plugin, PitchBend(0, -1.0), NoteOn(1, 69)) == pytest.approx(440.0 * 2.0 ** (-2.0 / 12.0)), "a new note starts bent"


def test_a_note_bends_alone_on_top_of_the_wheel() -> None:
    plugin = probe("pitch")
    now(plugin, NoteOn(0, 69, note_id=7), NoteOn(0, 69, note_id=8), PitchBend(0, 1.0), NotePitch(0, 69, 12.0, note_id=7))
    bent = 440.0 * 2.0 ** (2.0 / 12.0)
    assert now(plugin) == pytest.approx(2.0 * bent + bent, rel=1e-3)
    assert now(plugin, NotePitch(0, 69, 0.0, note_id=7)) == pytest.approx(2.0 * bent, rel=1e-3)


def test_bending_a_note_keeps_the_detuning_of_its_layers() -> None:
    plugin = probe("pitch", Layered)
    expected = 440.0 * (2.0 ** (0.1 / 12.0) + 2.0 ** (-0.1 / 12.0))
    assert now(plugin, NoteOn(0, 69, note_id=1)) == pytest.approx(expected, rel=1e-6)
    assert now(plugin, NotePitch(0, 69, 12.0, note_id=1)) == pytest.approx(2.0 * expected, rel=1e-3)
    assert now(plugin, NotePitch(0, 69, 0.0, note_id=1)) == pytest.approx(expected, rel=2e-3)
    lanes = {voice.detune for voice in plugin._all_voices if voice.down}
    assert lanes == {-0.1, 0.1}


def test_a_pitch_that_the_author_gives_is_bent_from_there() -> None:
    plugin = probe("pitch", Fixed)
    assert now(plugin, NoteOn(0, 90)) == pytest.approx(100.0)
    assert now(plugin, PitchBend(0, 1.0)) == pytest.approx(100.0 * 2.0 ** (2.0 / 12.0), rel=1e-3)
    assert now(plugin, PitchBend(0, 0.0)) == pytest.approx(100.0, rel=1e-3)


@pytest.mark.parametrize(("show", "kind"), [("pressure", NotePressure), ("timbre", NoteTimbre)])
def test_expression_of_one_note(show: str, kind: type[NotePressure | NoteTimbre]) -> None:
    plugin = probe(show)
    start = now(plugin, NoteOn(0, 60, note_id=1), NoteOn(0, 62, note_id=2)) / 2.0
    assert now(plugin, kind(0, 60, 1.0, note_id=1)) == pytest.approx(1.0 + start, abs=2e-3)
    assert now(plugin, kind(0, 62, 0.25)) == pytest.approx(1.25, abs=2e-3), "by channel and key where there is no id"
    assert now(plugin, kind(0, 99, 0.0, note_id=99)) == pytest.approx(1.25, abs=2e-3)


@pytest.mark.parametrize(("show", "event"), [("pressure", ChannelPressure(0, 1.0)), ("timbre", ControlChange(0, 74, 1.0))])
def test_expression_of_a_channel_also_for_notes_to_come(show: str, event: Event) -> None:
    plugin = probe(show)
    assert now(plugin, NoteOn(0, 60), event) == pytest.approx(1.0, abs=2e-3)
    assert now(plugin, NoteOn(0, 62)) == pytest.approx(2.0, abs=2e-3)
    start = now(probe(show), NoteOn(0, 60, channel=2), event)
    assert start == pytest.approx(0.5 if show == "timbre" else 0.0, abs=2e-3)


# -- one voice ---------------------------------------------------------------------------------------------------------------------


class Mono(Probe):
    """One key at a time; it notes where each of its notes begins."""

    mode = Param("mono", choices=("poly", "mono", "legato"))

    def prepare(self) -> None:
        self.begun: list[tuple[int, int]] = []

    def start(self, note: NoteOn) -> Iterable[Mapping[str, float]]:
        self.begun.append((self.transport.frame + note.frame, note.key))
        return ({},)


@pytest.mark.parametrize("size", [1, 64, 256])
def test_a_key_that_comes_back_begins_where_the_other_ends(size: int) -> None:
    plugin = Mono(RATE, 256)
    events: list[Event] = [NoteOn(10, 60), NoteOn(50, 62), NoteOff(100, 62), NoteOff(200, 60)]
    for start in range(0, 256, size):
        plugin.process_block(frames=size, events=[event.at(event.frame - start) for event in events if start <= event.frame < start + size])
    assert plugin.begun == [(10, 60), (50, 62), (100, 60)]


def test_legato_slides_and_starts_only_the_first() -> None:
    plugin = Mono(RATE, 1024)
    plugin.mode = "legato"  # type: ignore[assignment]
    plugin.told = "key"  # type: ignore[assignment]
    assert now(plugin, NoteOn(0, 60), NoteOn(100, 64)) == 64.0
    assert now(plugin, NoteOff(0, 64)) == 60.0
    assert now(plugin, NoteOff(0, 60)) == 0.0
    assert len(plugin.begun) == 1


# -- groups, ports, values ---------------------------------------------------------------------------------------------------------


class Choking(Probe):
    """Even keys form one group, odd ones stand alone."""

    def start(self, note: NoteOn) -> Iterable[Mapping[str, float]]:
        return ({"choke": 0.0 if note.key % 2 else 3.0},)


def test_a_choke_group_has_one_voice() -> None:
    plugin = probe(kind=Choking)
    assert now(plugin, NoteOn(0, 60), NoteOn(10, 61), NoteOn(20, 62), NoteOn(30, 63)) == 3.0
    assert keys_that_sound(plugin) == {61, 62, 63}


def test_the_layers_of_one_note_do_not_choke_each_other() -> None:
    plugin = probe(kind=Layered)
    assert now(plugin, NoteOn(0, 60)) == 2.0
    assert now(plugin, NoteOn(0, 62)) == 2.0
    assert keys_that_sound(plugin) == {62}


class Kit(Instrument):
    """Three pads, each with an output of its own; every pad has its own loudness."""

    outputs = (Port("kick", 1), Port("snare", 1), Port("hat", 1))
    loudness = NoteValue(1.0)
    level = State(1.0, life=True)

    def sample(level, loudness, gate):
        return level * loudness, level if gate > 0.5 else 0.0

    def start(self, note: NoteOn) -> Iterable[Mapping[str, float]]:
        return ({"port": float(note.key % 3), "loudness": 1.0 + note.key},)


def test_voices_play_to_the_port_they_are_given() -> None:
    plugin = Kit(RATE, 64)
    sounds = plugin.process_block(frames=64, events=[NoteOn(0, 0), NoteOn(8, 1), NoteOn(16, 2), NoteOff(32, 1)])
    assert [port.shape for port in sounds] == [(1, 64)] * 3
    assert [float(port[0, 20]) for port in sounds] == [1.0, 2.0, 3.0]
    assert float(sounds[1][0, 4]) == 0.0
    assert float(sounds[1][0, 40]) == 0.0


def test_one_port_may_use_up_its_voices_without_taking_anothers() -> None:
    plugin = Kit(RATE, 1024)
    hear(plugin, NoteOn(0, 1), frames=8)
    hear(plugin, *(NoteOn(frame, 3 * frame) for frame in range(42)), frames=1024)
    sounds = plugin.process_block(frames=8)
    assert float(sounds[1][0, 0]) == 2.0
    assert float(sounds[0][0, 0]) == sum(1.0 + 3 * frame for frame in range(42 - (LANES - PORT_SPARE), 42))


def test_a_voice_needs_an_end() -> None:
    with pytest.raises(KernelError, match="life=True"):

        class Immortal(Instrument):
            level = State(1.0)

            def sample(level, gate):
                return gate, level


def test_an_instrument_needs_a_sample_function() -> None:
    class Empty(Instrument):
        """Empty."""

    with pytest.raises(TypeError, match="needs a `sample` function"):
        Empty()


class Breaking(Instrument):
    """A voice breaks (0 / 0) where its key is below 30."""

    level = State(1.0, life=True)
    seen = State(0.0)

    def sample(level, seen, gate, key):
        broken = max(key - 29.0, 0.0)
        return level, level if gate > 0.5 else 0.0, seen + 0.001 * (broken / broken)


def test_a_voice_that_breaks_is_silenced_and_its_neighbours_go_on() -> None:
    plugin = Breaking(RATE, 64)
    hear(plugin, NoteOn(0, 60), NoteOn(0, 61), frames=64)
    sound = hear(plugin, NoteOn(0, 20), frames=64)
    assert np.all(np.isfinite(sound))
    hear(plugin, frames=64)
    assert np.all(np.isfinite(hear(plugin, frames=64)))
    assert hear(plugin, frames=64)[0] >= 2.0, "the others still sound"
