"""A running plugin: parameters that glide, follow the tempo and are modulated; ports, meters, modulators and event effects."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest

from backline.sdk import (
    Beats,
    Block,
    ChannelPressure,
    ControlChange,
    Effect,
    Event,
    EventEffect,
    Modulator,
    NoteOff,
    NoteOn,
    Param,
    ParameterChange,
    PitchBend,
    Plugin,
    State,
    Transport,
)
from backline.sdk.declaration import snake_case
from sdk.good_plugins import Tremolo, Wave

RATE = 48000.0


class Level(Effect):
    """What the parameters are can be read from the output."""

    level = Param(0.5, 0.0, 1.0, smoothing="10 ms")
    wait = Param("250 ms", "1 ms", "4 s", synced=True, smoothing=0)
    steps = Param(3, 1, 9)
    peak = Param(0.0, output=True)

    def sample(x, peak, level, wait, steps):
        return x * level + wait * 100.0 + steps * 1000.0, max(peak, abs(x))


def ones(frames: int, channels: int = 2) -> list[np.ndarray]:
    return [np.ones((channels, frames), np.float32)]


def hear(plugin: Plugin, frames: int, *events: Event, transport: Transport | None = None) -> np.ndarray:
    return plugin.process_block(ones(frames), frames, events, transport)[0][0]


def level_of(sound: np.ndarray) -> np.ndarray:
    return sound - np.float32(3025.0)


# -- parameters --------------------------------------------------------------------------------------------------------------------


def test_before_sound_starts_parameters_are_there_at_once() -> None:
    plugin = Level(RATE, 512)
    plugin.level = "25 %"  # type: ignore[assignment]
    assert level_of(hear(plugin, 4)) == pytest.approx(np.full(4, 0.25), abs=1e-3)


def test_while_sound_runs_they_glide_in_their_time() -> None:
    plugin = Level(RATE, 1024)
    hear(plugin, 16)
    plugin.level = 1.0  # type: ignore[assignment]
    glide = level_of(hear(plugin, 1024))
    assert glide[0] == pytest.approx(0.5 + 0.5 / 480, abs=1e-3)
    assert np.all(np.diff(glide[:480]) >= -1e-6)
    assert glide[240] == pytest.approx(0.75, abs=3e-3)
    assert np.all(glide[480:] == glide[480])
    assert glide[480] == pytest.approx(1.0, abs=1e-3)


def test_a_change_during_a_glide_goes_on_from_where_it_is() -> None:
    plugin = Level(RATE, 1024)
    hear(plugin, 16)
    sound = level_of(hear(plugin, 1024, ParameterChange(0, "level", 1.0), ParameterChange(240, "level", 0.0)))
    assert sound[239] == pytest.approx(0.75, abs=3e-3)
    assert np.abs(np.diff(sound)).max() < 0.01
    assert sound[-1] == pytest.approx(0.0, abs=1e-3)


def test_changes_in_a_block_come_at_their_frame() -> None:
    sound = hear(Level(RATE, 64), 64, ParameterChange(10, "steps", 4.0), ParameterChange(10, "wait", 0.5))
    assert sound[9] == pytest.approx(3025.5, abs=1e-2)
    assert sound[10] == pytest.approx(4050.5, abs=1e-2)


@pytest.mark.parametrize(("value", "held"), [(9.0, 1.0), (-5.0, 0.0), (float("inf"), 1.0)])
def test_values_out_of_range_are_held_inside(value: float, held: float) -> None:
    plugin = Level(RATE, 2048)
    hear(plugin, 1, ParameterChange(0, "level", value))
    assert level_of(hear(plugin, 2048))[-1] == pytest.approx(held, abs=1e-3)


def test_what_is_not_a_number_changes_nothing() -> None:
    plugin = Level(RATE, 64)
    hear(plugin, 64, ParameterChange(0, "level", float("nan")))
    assert plugin.level == 0.5
    with pytest.raises(ValueError, match="level of level cannot be nan"):
        plugin.set_parameter("level", float("nan"))


def test_unknown_and_read_only_parameters_are_refused() -> None:
    plugin = Level(RATE, 64)
    with pytest.raises(KeyError, match="loudness"):
        plugin.set_parameter("loudness", 1.0)
    with pytest.raises(KeyError, match="loudness"):
        plugin.restore({"loudness": "1"})
    with pytest.raises(ValueError, match="peak of level is read-only"):
        plugin.set_parameter("peak", 1.0)
    with pytest.raises(ValueError, match="outside"):
        plugin.level = 2.0  # type: ignore[assignment]


def test_reading_a_parameter_tells_where_the_glide_is() -> None:
    plugin = Level(RATE, 240)
    hear(plugin, 8)
    plugin.level = 1.0  # type: ignore[assignment]
    assert plugin.level == 0.5
    hear(plugin, 240)
    assert plugin.level == pytest.approx(0.75)
    assert plugin.parameter_target("level") == 1.0
    plugin.reset()
    assert plugin.level == 1.0


def test_a_meter_shows_what_it_was_given_by_any_channel() -> None:
    plugin = Level(RATE, 64)
    sound = np.zeros((2, 64), np.float32)
    sound[1, 20] = -0.75
    plugin.process_block([sound], 64)
    assert plugin.peak == 0.75
    plugin.reset()
    assert plugin.peak == 0.0
    assert "peak" not in plugin.state()


# -- musical time ------------------------------------------------------------------------------------------------------------------


def test_note_lengths_follow_a_tempo_that_changes_on_the_way() -> None:
    plugin = Level(RATE, 64)
    plugin.wait = "1/8"  # type: ignore[assignment]
    transport = Transport(RATE, 120.0)
    assert hear(plugin, 8, transport=transport)[0] == pytest.approx(3025.5, abs=1e-2)
    transport.advance(8)
    transport.set_tempo(60.0)
    assert hear(plugin, 8, transport=transport)[0] == pytest.approx(3050.5, abs=1e-2), "the same transport, as hosts do"
    assert hear(plugin, 8, transport=Transport(RATE, 240.0))[0] == pytest.approx(3013.0, abs=1e-2), "and another one"
    assert plugin.parameter_target("wait") == Beats("1/2")
    assert plugin.state()["wait"] == "1/8"


class Clock(Effect):
    """The beat as sound."""

    def sample(x, beat, tempo, playing, sample_rate, dt):
        return beat + 1000.0 * playing + 0.0 * (tempo + sample_rate + dt + x)


@pytest.mark.parametrize("size", [1, 7, 64])
def test_the_beat_of_each_frame_does_not_depend_on_blocks(size: int) -> None:
    plugin, transport, found = Clock(RATE, size), Transport(RATE, 133.0), []
    for _ in range(448 // size):
        found.append(plugin.process_block(ones(size), size, (), transport)[0][0])
        transport.advance(size)
    expected = 1000.0 + np.arange(448) * 133.0 / (60.0 * RATE)
    assert np.concatenate(found) == pytest.approx(expected.astype(np.float32), abs=1e-9)


def test_the_beat_stands_still_while_stopped() -> None:
    plugin, transport = Clock(RATE, 64), Transport(RATE, 120.0)
    transport.locate(0, 12.5)
    transport.set_playing(False)
    assert np.all(plugin.process_block(ones(64), 64, (), transport)[0] == 12.5)


# -- modulation --------------------------------------------------------------------------------------------------------------------


def test_modulation_moves_a_parameter_per_sample_and_stays_in_range() -> None:
    plugin = Level(RATE, 64)
    source = np.zeros((1, 64), np.float32)
    source[0] = np.linspace(-1.0, 1.0, 64)
    depth = plugin.modulate("level", source, 1.0, octaves=False)
    assert level_of(hear(plugin, 64)) == pytest.approx(np.clip(0.5 + source[0], 0.0, 1.0), abs=1e-3)
    depth[0] = 0.1
    assert level_of(hear(plugin, 64)) == pytest.approx(0.5 + 0.1 * source[0], abs=1e-3)
    plugin.clear_modulation()
    assert level_of(hear(plugin, 64)) == pytest.approx(np.full(64, 0.5), abs=1e-3)


def test_modulation_in_octaves_multiplies() -> None:
    plugin = Level(RATE, 8)
    plugin.level = 0.25  # type: ignore[assignment]
    plugin.modulate("level", np.array([[0, 1, 2, -1, 0, 0, 0, 0]], np.float32), 1.0, octaves=True)
    assert level_of(hear(plugin, 8))[:4] == pytest.approx([0.25, 0.5, 1.0, 0.125], abs=1e-3)


def test_modulation_has_limits_that_are_told() -> None:
    plugin = Level(RATE, 8)
    source = np.zeros((1, 8), np.float32)
    with pytest.raises(KeyError):
        plugin.modulate("steps", source, 1.0, octaves=False)
    for _ in range(16):
        plugin.modulate("level", source, 1.0, octaves=False)
    with pytest.raises(ValueError, match="at most 16 modulation wires"):
        plugin.modulate("level", source, 1.0, octaves=False)


# -- ports -------------------------------------------------------------------------------------------------------------------------


class Ducker(Effect):
    """The sidechain turns the sound down."""

    def sample(x, sidechain):
        return x * (1.0 - min(abs(sidechain), 1.0))


class Swap(Effect):
    """Left and right change sides."""

    def sample(left, right):
        return right, left


class Fold(Effect):
    """Both sides into one."""

    def sample(left, right):
        return 0.5 * (left + right)


def test_ports_follow_from_the_arguments() -> None:
    assert [(port.name, port.channels) for port in (*Ducker.inputs, *Ducker.outputs)] == [("in", 0), ("sidechain", 0), ("out", 0)]
    assert [(port.name, port.channels) for port in (*Swap.inputs, *Swap.outputs)] == [("in", 2), ("out", 2)]
    assert [(port.name, port.channels) for port in (*Fold.inputs, *Fold.outputs)] == [("in", 2), ("out", 1)]
    assert [(port.name, port.channels) for port in Wave.outputs] == [("out", 1)]
    assert Wave.inputs == ()


def test_a_sidechain_is_heard_channel_by_channel() -> None:
    sound = np.ones((2, 4), np.float32)
    side = np.array([[0.0, 0.5, 1.0, 2.0], [1.0, 0.0, 0.0, 0.0]], np.float32)
    out = Ducker(RATE, 4).process_block([sound, side], 4)[0]
    assert out.tolist() == [[1.0, 0.5, 0.0, 0.0], [0.0, 1.0, 1.0, 1.0]]


@pytest.mark.parametrize("channels", [1, 2, 6])
def test_an_effect_of_one_sample_takes_any_number_of_channels(channels: int) -> None:
    plugin = Tremolo(RATE, 64, channels)
    sound = np.tile(np.arange(64, dtype=np.float32), (channels, 1))
    (out,) = plugin.process_block([sound], 64)
    assert out.shape == (channels, 64)
    assert all(np.array_equal(row, out[0]) for row in out)


def test_stereo_functions_see_both_sides() -> None:
    sound = np.array([[1.0, 2.0], [3.0, 5.0]], np.float32)
    assert Swap(RATE, 2).process_block([sound], 2)[0].tolist() == [[3.0, 5.0], [1.0, 2.0]]
    assert Fold(RATE, 2).process_block([sound], 2)[0].tolist() == [[2.0, 3.5]]


def test_a_sample_is_plain_python() -> None:
    sound, phase = Tremolo.sample(1.0, 0.25, rate=4.0, depth=1.0, dt=1 / 48000)  # type: ignore[misc, arg-type]
    assert sound == pytest.approx(0.0, abs=1e-9)
    assert phase == pytest.approx(0.25 + 4 / 48000)


# -- numpy, names, faults ----------------------------------------------------------------------------------------------------------


class Places(Effect):
    """Writes the absolute frame, in numpy."""

    loudest = Param(0.0, output=True)

    def process(self, block: Block) -> None:
        block.output()[:] = np.arange(block.frame, block.frame + block.frames)
        self.show("loudest", float(np.abs(block.input()).max()))
        assert block.transport.rate == RATE


def test_a_numpy_plugin_knows_where_it_is_and_reports_meters() -> None:
    plugin = Places(RATE, 64)
    found = [plugin.process_block(ones(frames), frames)[0][0] for frames in (10, 1, 30)]
    assert np.concatenate(found).tolist() == list(range(41))
    assert plugin.loudest == 1.0


def test_a_plugin_without_any_processing_says_so() -> None:
    class Empty(Effect):
        """Empty."""

    with pytest.raises(NotImplementedError, match="Empty needs either a `sample` function or a `process` method"):
        Empty(RATE, 64).process_block(ones(8), 8)


def test_settings_are_refused_where_there_are_none() -> None:
    with pytest.raises(ValueError, match="tremolo has no setting 'file'"):
        Tremolo().configure({"file": "x.wav"}, lambda text: (np.zeros((1, 1), np.float32), 48000))


@pytest.mark.parametrize(("name", "wanted"), [("Tremolo", "tremolo"), ("TapeDelay", "tape_delay"), ("Eq3Band", "eq3_band")])
def test_ids_follow_from_class_names(name: str, wanted: str) -> None:
    assert snake_case(name) == wanted


class Accumulator(Effect):
    """Adds up what it hears: one bad value would stay for ever."""

    total = State(0.0)

    def sample(x, total):
        return total + x, total + x


def test_bad_input_is_silenced_counted_and_forgotten() -> None:
    plugin = Accumulator(RATE, 64)
    sound = np.ones((2, 64), np.float32)
    sound[0, 10] = np.nan
    (out,) = plugin.process_block([sound], 64)
    assert np.all(np.isfinite(out))
    assert out[1, -1] == 64.0, "the other channel is its own"
    assert plugin.faults == 1
    (out,) = plugin.process_block(ones(64), 64)
    assert out[0, -1] == 64.0
    assert plugin.faults == 1


# -- modulators and event effects --------------------------------------------------------------------------------------------------


class Listener(Modulator):
    """What a modulator hears, in one number."""

    told = Param("gate", choices=("gate", "velocity", "key", "pressure", "bend"), smoothing=0)

    def sample(gate, velocity, key, pressure, bend, told):
        value = velocity if told == 1 else key / 128.0 if told == 2 else pressure if told == 3 else bend
        return gate if told == 0 else value


def listen(plugin: Modulator, *events: Event) -> list[float]:
    return plugin.process_block(frames=8, events=events)[0][0].tolist()


def test_a_modulator_hears_gates_at_their_frame() -> None:
    plugin = Listener(RATE, 8)
    assert listen(plugin, NoteOn(2, 60), NoteOff(5, 60)) == [0, 0, 1, 1, 1, 0, 0, 0]
    assert listen(plugin, NoteOn(0, 60), NoteOn(1, 62), NoteOff(3, 60), NoteOff(6, 62)) == [1, 1, 1, 1, 1, 1, 0, 0]
    assert listen(plugin, NoteOn(0, 60), NoteOn(1, 62), ControlChange(4, 123, 0.0)) == [1, 1, 1, 1, 0, 0, 0, 0]
    assert listen(plugin, NoteOn(0, 60))[-1] == 1.0
    plugin.reset()
    assert listen(plugin, NoteOff(4, 61)) == [0.0] * 8


@pytest.mark.parametrize(
    ("told", "event", "value"),
    [
        ("velocity", NoteOn(0, 60, 0.75), 0.75),
        ("key", NoteOn(0, 64), 0.5),
        ("pressure", ChannelPressure(0, 0.5), 0.5),
        ("bend", PitchBend(0, -1.0), -1.0),
    ],
)
def test_a_modulator_hears_how_it_is_played(told: str, event: Event, value: float) -> None:
    plugin = Listener(RATE, 8)
    plugin.told = told  # type: ignore[assignment]
    assert listen(plugin, event) == [value] * 8


class Recorder(EventEffect):
    """Passes what it hears and notes the calls."""

    amount = Param(0.5, 0.0, 1.0)

    def prepare(self) -> None:
        self.calls: list[tuple[int, int, float, list[int]]] = []

    def process(self, events: Sequence[Event], frames: int) -> list[Event]:
        amount = self.parameter_value("amount")
        self.calls.append((self.transport.frame, frames, amount, [event.frame for event in events]))
        return list(events)


def test_an_event_effect_has_one_value_of_each_parameter_during_a_call() -> None:
    plugin = Recorder(RATE, 64)
    transport = Transport(RATE)
    transport.advance(1000)
    plugin.follow(transport)
    events = [NoteOn(5, 60), ParameterChange(20, "amount", 1.0), NoteOff(20, 60), NoteOn(30, 61)]
    assert plugin.translate(events, 64) == [NoteOn(5, 60), NoteOff(20, 60), NoteOn(30, 61)]
    assert plugin.calls == [(1000, 20, 0.5, [5]), (1020, 44, 1.0, [0, 10])]
    assert transport.frame == 1000


def test_an_event_effect_owes_nothing_unless_it_says_so() -> None:
    assert Recorder(RATE, 64).release_all() == []
