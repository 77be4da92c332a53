"""The conformance kit: good plugins pass, and for each promise a plugin that breaks it is caught by name."""

from __future__ import annotations

import importlib.util
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pytest

from backline.sdk import Block, Effect, Event, EventEffect, Instrument, Modulator, NoteOff, NoteOn, Param, Phase, State
from backline.sdk.params import Value
from backline.sdk.plugin import Plugin
from backline.sdk.testing import PROMISES, check_plugin, examine_plugin
from sdk.good_plugins import Halver, Octaver, Saws, Softer, Tremolo, Wave


@pytest.mark.parametrize("plugin", [Tremolo, Halver, Saws, Softer, Octaver, Wave])
def test_good_plugins_keep_every_promise(plugin: type[Plugin], seed: int) -> None:
    plugin.compile()
    begun = time.process_time()
    report = check_plugin(plugin, seed=seed)
    assert report.kept == list(PROMISES)
    assert list(report.seconds) == list(PROMISES)
    assert time.process_time() - begun < 6.0, "an author runs it with every test"


@pytest.mark.slow
@pytest.mark.parametrize("plugin", [Tremolo, Saws])
def test_good_plugins_pass_the_thorough_run(plugin: type[Plugin], seed: int) -> None:
    assert check_plugin(plugin, seed=seed, thorough=True, rates=(44100,)).fine


class Through(Effect):
    """Passes sound in numpy; the base of most broken ones."""

    def process(self, block: Block) -> None:
        block.output()[:] = block.input()


class Hidden(Through):
    pass


class LateWithoutSayingSo(Through):
    """Delays by 64 frames and declares nothing."""

    frames_late = 64

    def prepare(self) -> None:
        self.kept = np.zeros((2, self.frames_late + self.max_block), np.float32)

    def process(self, block: Block) -> None:
        late, count = self.frames_late, block.frames
        self.kept[: self.channels, late : late + count] = block.input()
        block.output()[:] = self.kept[: self.channels, :count]
        self.kept[:, :late] = self.kept[:, count : count + late].copy()

    def reset(self) -> None:
        super().reset()
        self.kept[:] = 0.0


class LateAndSaysSo(LateWithoutSayingSo):
    """Delays by 64 frames and declares them."""

    latency = 64


class EarlierThanItSays(Through):
    """Declares a latency that it does not have."""

    latency = 64


class TemporaryArrays(Through):
    """Makes new arrays in each block."""

    def process(self, block: Block) -> None:
        block.output()[:] = np.sqrt(np.abs(block.input() * 2.0))


class Hoarder(Through):
    """Keeps something of each block for ever."""

    def prepare(self) -> None:
        self.kept: list[bytes] = []

    def process(self, block: Block) -> None:
        super().process(block)
        self.kept.append(bytes(1000))


class BlockCounter(Through):
    """Every other block is silent."""

    def prepare(self) -> None:
        self.count = 0

    def process(self, block: Block) -> None:
        self.count += 1
        block.output()[:] = block.input() if self.count % 2 else 0.0

    def reset(self) -> None:
        super().reset()
        self.count = 0


class NeverForgets(Through):
    """Adds what it once heard, after reset too."""

    def prepare(self) -> None:
        self.heard = 0.0

    def process(self, block: Block) -> None:
        sound, out = block.input(), block.output()
        for frame in range(block.frames):
            self.heard = max(self.heard, float(sound[0, frame]))
            out[:, frame] = sound[:, frame] + self.heard


class Poisoned(Through):
    """One bad sample stays in its memory for ever."""

    def prepare(self) -> None:
        self.last = 0.0

    def process(self, block: Block) -> None:
        for frame in range(block.frames):
            self.last = 0.5 * self.last + 0.5 * float(block.input()[:, frame].sum())
            block.output()[:, frame] = self.last

    def reset(self) -> None:
        super().reset()
        self.last = 0.0


class Divider(Effect):
    """Divides by zero where its parameter is at its lowest."""

    amount = Param(0.5, 0.0, 1.0)

    def sample(x, amount):
        return x / amount - x / amount


class NumpyDivider(Through):
    """The same in numpy, where nothing catches it."""

    amount = Param(0.5, 0.0, 1.0)

    def process(self, block: Block) -> None:
        with np.errstate(all="ignore"):
            block.output()[:] = block.input() / block.row("amount")


class Whisperer(Divider):
    """Writes denormals behind the kernel's back."""

    def advance(self, start: int, end: int) -> None:
        self._ports_out[0][:, start:end] = 1e-40


class Ringing(Effect):
    """Rings for seconds and does not say so."""

    last = State(0.0)

    def sample(x, last):
        y = x + 0.9999 * last
        return y, y


class Droning(Through):
    """Says its tail never ends."""

    tail = float("inf")


class Forgetful(Through):
    """Leaves a parameter out of its state."""

    level = Param(0.5, 0.0, 1.0, smoothing=0)

    def process(self, block: Block) -> None:
        np.multiply(block.input(), np.float32(self.parameter_value("level")), out=block.output())

    def state(self) -> dict[str, str]:
        return {}


class TakesAnything(Through):
    """Takes parameters that it does not have."""

    def set_parameter(self, name: str, value: Value, *, smooth: bool | None = None) -> None:
        if name in self.parameters:
            super().set_parameter(name, value, smooth=smooth)

    def restore(self, state: Mapping[str, str]) -> None:
        for name in state:
            self.set_parameter(name, 0.0)


class RoundedParam(Param):
    """Writes its value with two digits only."""

    def format(self, value: Value) -> str:
        return f"{float(value):.2g}"


class Rounded(Through):
    """Has a parameter whose text loses digits."""

    level = RoundedParam(0.5, 0.0, 1.0)


class Chance(Through):
    """Adds noise from outside."""

    def process(self, block: Block) -> None:
        block.output()[:] = np.random.default_rng().random(block.frames)


class Crashing(Through):
    """Cannot take a single frame."""

    def process(self, block: Block) -> None:
        if block.frames == 1:
            raise IndexError("no second frame")
        super().process(block)


class TooLarge(Modulator):
    """Says -1 to 1 and gives more."""

    def process(self, block: Block) -> None:
        block.output()[:] = 1.5


class Endless(Instrument):
    """Its voices never end."""

    phase = Phase()
    level = State(1.0, life=True)

    def sample(phase, level, pitch_hz, dt):
        return 0.1 * phase, pitch_hz * dt, level


class Humming(Saws):
    """Hums where no voice sounds."""

    def advance(self, start: int, end: int) -> None:
        super().advance(start, end)
        self._ports_out[0][:, start:end] += 0.01


class ForgetsNoteOffs(EventEffect):
    """Passes note-offs only for the lower half of the keyboard."""

    def process(self, events: Sequence[Event], frames: int) -> list[Event]:
        return [event for event in events if not (isinstance(event, NoteOff) and event.key > 60)]


class OwesNoteOffs(Octaver):
    """Moves notes and forgets them on release."""

    def release_all(self) -> list[Event]:
        return []


class OncePerBlock(EventEffect):
    """Gives everything at the start of the block."""

    def process(self, events: Sequence[Event], frames: int) -> list[Event]:
        return [event.at(0) for event in events]


class Unsorted(EventEffect):
    """Gives events from the last to the first."""

    def process(self, events: Sequence[Event], frames: int) -> list[Event]:
        return list(reversed(events))


class AfterTheBlock(EventEffect):
    """Answers each note later than the block ends."""

    def process(self, events: Sequence[Event], frames: int) -> list[Event]:
        return [*events, *(event.at(frames) for event in events if isinstance(event, NoteOn))]


BROKEN = [
    (Hidden, "described", "no docstring"),
    (LateWithoutSayingSo, "latency is honest", "declared as 0 frames, but nothing comes before frame 64"),
    (EarlierThanItSays, "latency is honest", "declared as 64 frames, but an impulse comes out after 0"),
    (TemporaryArrays, "nothing allocated", "a block of 4096 frames takes"),
    (Hoarder, "nothing allocated", "memory grows"),
    (BlockCounter, "no block edges", "blocks of 1 frames do not give the same"),
    (NeverForgets, "reset is fresh", "not as new: port 0 differs first at frame 0"),
    (Poisoned, "recovers", "NaN at frame"),
    (Divider, "always finite", "made NaN or Inf inside"),
    (NumpyDivider, "always finite", "with lowest values at 22050 Hz, 2 channels: amount=0"),
    (Whisperer, "always finite", "a denormal at frame 0"),
    (Ringing, "tail is honest", "declared as 0 s, but 0.1 s after that it is still at"),
    (Droning, "tail is honest", "endless=True"),
    (Forgetful, "state comes back", "does not sound the same"),
    (TakesAnything, "parameters hold", "does not exist"),
    (Rounded, "parameters hold", "level: "),
    (Chance, "same twice", "take random numbers from a State"),
    (Crashing, "no block edges", "IndexError: no second frame (test_testing.py:"),
    (TooLarge, "always finite", "says -1 .. 1 and gives 1.5"),
    (Endless, "no voice sticks", "voices still sound 60 s after all notes off"),
    (Humming, "no voice sticks", "yet the output is at -40 dB"),
    (ForgetsNoteOffs, "every note ends", "still on after"),
    (OwesNoteOffs, "every note ends", "still on after release_all()"),
    (OncePerBlock, "no block edges", "event 0 is"),
    (Unsorted, "same twice", "must be sorted"),
    (AfterTheBlock, "same twice", "inside the block"),
]


@pytest.mark.parametrize(("plugin", "promise", "text"), BROKEN, ids=[plugin.__name__ for plugin, _, _ in BROKEN])
def test_a_broken_promise_is_named(plugin: type[Plugin], promise: str, text: str, seed: int) -> None:
    report = examine_plugin(plugin, seed=seed, promises=[promise])
    assert [finding.promise for finding in report.broken] == [promise]
    assert text in report.broken[0].text


def test_every_promise_has_a_plugin_that_breaks_it() -> None:
    assert {promise for _, promise, _ in BROKEN} | {"imports light"} == set(PROMISES)


@pytest.mark.parametrize(
    ("plugin", "promise", "said"),
    [
        (Droning, "tail is honest", {"endless": True}),
        (LateWithoutSayingSo, "latency is honest", {"delayed": True}),
        (TemporaryArrays, "nothing allocated", {"allocates": True}),
        (LateAndSaysSo, "latency is honest", {}),
    ],
)
def test_what_is_said_is_allowed(plugin: type[Plugin], promise: str, said: dict[str, bool]) -> None:
    assert examine_plugin(plugin, promises=[promise], **said).fine  # type: ignore[arg-type]


def test_growth_is_never_allowed() -> None:
    assert not examine_plugin(Hoarder, promises=["nothing allocated"], allocates=True).fine


def test_the_error_lists_every_broken_promise_and_the_seed() -> None:
    class Worse(BlockCounter):
        tail = float("inf")

    with pytest.raises(AssertionError) as caught:
        check_plugin(Worse, seed=77, rates=(48000,))
    lines = str(caught.value).splitlines()
    assert lines[0].endswith("promises (seed=77):")
    assert {"described", "no block edges", "tail is honest"} <= {line.strip().partition(":")[0] for line in lines[1:]}


def test_a_seed_repeats_a_run_exactly() -> None:
    told = [str(examine_plugin(Divider, seed=5, promises=["always finite", "recovers"])) for _ in range(2)]
    assert told[0] == told[1]


def test_only_plugin_classes_are_taken() -> None:
    with pytest.raises(TypeError, match="plugin class"):
        check_plugin(Tremolo())  # type: ignore[arg-type]


def test_settings_reach_every_instance() -> None:
    class Configured(Through):
        """Refuses to run without its setting."""

        settings = {"file": "what to read"}  # noqa: RUF012

        def configure(self, settings: Mapping[str, object], read_audio: object) -> None:
            sound, rate = read_audio(settings["file"])  # type: ignore[operator]
            assert sound.dtype == np.float32
            assert sound.ndim == 2
            assert rate == 48000
            self.ready = True

        def process(self, block: Block) -> None:
            assert self.ready
            super().process(block)

    assert examine_plugin(Configured, settings={"file": "kick.wav"}).fine
    assert not examine_plugin(Configured, promises=["same twice"]).fine


def test_an_import_of_a_compiler_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "heavy_plugin.py"
    path.write_text(
        "import numba\nfrom backline.sdk import Effect\n\n\n"
        'class Heavy(Effect):\n    """Heavy."""\n\n    def process(self, block):\n        block.output()[:] = block.input()\n'
    )
    spec = importlib.util.spec_from_file_location("heavy_plugin", path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "heavy_plugin", module)
    spec.loader.exec_module(module)
    report = examine_plugin(module.Heavy, promises=["imports light"])
    assert "numba" in report.broken[0].text
