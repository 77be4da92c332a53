"""What `backline new plugin` writes: every file of a plugin package, by kind.

This module knows the texts. It does not know where they are written.
"""

from __future__ import annotations

from dataclasses import dataclass
from string import Template

KINDS = ("effect", "instrument", "event", "modulator")


@dataclass(frozen=True, slots=True)
class PackageNames:
    """The names that follow from "tape-wobble": module and plugin id `tape_wobble`, class `TapeWobble`, title "Tape wobble"."""

    distribution: str

    @property
    def module(self) -> str:
        """Return the import name."""
        return self.distribution.replace("-", "_")

    @property
    def plugin_id(self) -> str:
        """Return the id under which presets use the plugin."""
        return self.module

    @property
    def class_name(self) -> str:
        """Return the name of the plugin's class."""
        return "".join(word.capitalize() for word in self.module.split("_"))

    @property
    def title(self) -> str:
        """Return the name in words."""
        return self.module.replace("_", " ").capitalize()


def package_files(names: PackageNames, kind: str) -> dict[str, str]:
    """Return {path in the package: text} of a whole package with one plugin of this kind."""
    words = {
        "distribution": names.distribution,
        "module": names.module,
        "plugin_id": names.plugin_id,
        "class_name": names.class_name,
        "title": names.title,
        "kind": kind,
        "wires": WIRES[kind].replace("NAME", names.plugin_id),
    }
    texts = {
        "pyproject.toml": PYPROJECT,
        "README.md": README,
        f"src/{names.module}/__init__.py": PACKAGE,
        f"src/{names.module}/plugin.py": SOURCES[kind],
        f"tests/test_{names.module}.py": TESTS[kind],
    }
    return {path: Template(text).substitute(words).lstrip("\n") for path, text in texts.items()}


PYPROJECT = """
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"

[project]
name = "$distribution"
version = "0.1.0"
description = "$title: a plugin ($kind) for Backline."
readme = "README.md"
requires-python = ">=3.11"
dependencies = ["backline"]

[project.optional-dependencies]
test = ["pytest"]

[project.entry-points."backline.plugins"]
$module = "$module"

[tool.hatch.build.targets.wheel]
packages = ["src/$module"]
"""

README = """
# $title

A plugin ($kind) for Backline.

```
pip install -e '.[test]'
pytest
backline plugins info $plugin_id
```

In a preset:

```yaml
preset: 1
name: Try $title
nodes:
$wires
```
"""

WIRES = {
    "effect": "  NAME: {plugin: NAME}\nwires:\n  - in -> NAME -> out",
    "instrument": "  NAME: {plugin: NAME}\nwires:\n  - midi -> NAME -> out",
    "event": "  NAME: {plugin: NAME}\n  keys: {plugin: polysynth}\nwires:\n  - midi -> NAME -> keys -> out",
    "modulator": "  NAME: {plugin: NAME}\n  keys: {plugin: polysynth}\nwires:\n  - midi -> keys -> out\n"
    "modulation:\n  - NAME -> keys.cutoff [1 oct]",
}

PACKAGE = '''
"""$title: a plugin ($kind) for Backline."""

from backline.sdk import hookimpl


@hookimpl
def plugins():
    """Name the plugins; each is imported when it is first used."""
    return {"$plugin_id": "$module.plugin:$class_name"}
'''

EFFECT = '''
"""$title: an effect."""

from backline.sdk import Effect, Param, State, dsp


class $class_name(Effect):
    """Loudness follows a sine."""

    rate = Param("4 Hz", "0.05 Hz", "20 Hz", curve="log")
    depth = Param("50 %", "0 %", "100 %")
    phase = State(0.0)

    def sample(x, phase, rate, depth, dt):
        """Return one sample of one channel, and the phase (0..1, in turns) for the next one."""
        gain = 1.0 - depth * 0.5 * (1.0 + dsp.sin_turn(phase))
        return x * gain, dsp.wrap(phase + rate * dt)
'''

EFFECT_TEST = '''
"""What $title promises."""

import pytest
from backline.sdk.testing import check_plugin

from $module.plugin import $class_name


def test_keeps_the_rules_of_every_plugin():
    check_plugin($class_name)


def test_a_sample_is_plain_python():
    sound, phase = $class_name.sample(1.0, 0.25, rate=4.0, depth=1.0, dt=1 / 48000)
    assert sound == pytest.approx(0.0, abs=1e-3), "at the top of the sine, full depth is silence"
    assert phase == pytest.approx(0.25 + 4 / 48000)
'''

INSTRUMENT = '''
"""$title: an instrument."""

from backline.sdk import Instrument, Param, Phase, State, dsp


class $class_name(Instrument):
    """A saw with an envelope."""

    attack = Param("5 ms", "1 ms", "2 s", curve="log")
    decay = Param("400 ms", "5 ms", "5 s", curve="log")
    sustain = Param("60 %", "0 %", "100 %")
    release = Param("300 ms", "5 ms", "5 s", curve="log")
    phase = Phase()
    level = State(0.0, life=True)
    stage = State(0.0)

    def sample(phase, level, stage, pitch_hz, gate, velocity, attack, decay, sustain, release, dt):
        """Return one sample of one voice, how far the phase moves, and the envelope's level and stage."""
        step = pitch_hz * dt
        level, stage = dsp.adsr(level, stage, gate, attack, decay, sustain, release, dt)
        return 0.25 * velocity * level * dsp.saw(phase, step), step, level, stage
'''

INSTRUMENT_TEST = '''
"""What $title promises."""

import numpy as np
import pytest
from backline.sdk import NoteOn
from backline.sdk.testing import check_plugin

from $module.plugin import $class_name


def test_keeps_the_rules_of_every_plugin():
    check_plugin($class_name)


def test_a_sample_is_plain_python():
    envelope = {"attack": 0.005, "decay": 0.4, "sustain": 1.0, "release": 0.3}
    sound, step, level, _ = $class_name.sample(0.75, 1.0, 1.0, pitch_hz=480.0, gate=1.0, velocity=1.0, dt=1 / 48000, **envelope)
    assert sound == pytest.approx(0.125), "three quarters up the saw, at a quarter of full scale"
    assert step == pytest.approx(0.01)
    assert level == pytest.approx(1.0)


def test_a_note_sounds_at_its_pitch():
    synth = $class_name(48000.0, max_block=4800)
    (sound,) = synth.process_block(frames=4800, events=[NoteOn(0, key=69)])
    spectrum = np.abs(np.fft.rfft(sound[0]))
    assert np.argmax(spectrum) * 10.0 == pytest.approx(440.0, abs=10.0)
'''

EVENT = '''
"""$title: an event effect."""

from dataclasses import replace

from backline.sdk import EventEffect, NoteOn, Param


class $class_name(EventEffect):
    """Play every note softer or louder."""

    amount = Param("80 %", "10 %", "200 %", smoothing=0)

    def process(self, events, frames):
        """Return the events with changed velocities; all else passes as it is."""
        amount = self.parameter_value("amount")
        return [replace(event, velocity=min(1.0, event.velocity * amount)) if isinstance(event, NoteOn) else event for event in events]
'''

EVENT_TEST = '''
"""What $title promises."""

import pytest
from backline.sdk import NoteOff, NoteOn
from backline.sdk.testing import check_plugin

from $module.plugin import $class_name


def test_keeps_the_rules_of_every_plugin():
    check_plugin($class_name)


def test_notes_become_softer_and_end_where_they_ended():
    plugin = $class_name()
    start, end = plugin.translate([NoteOn(3, key=60, velocity=0.5), NoteOff(90, key=60)], 128)
    assert start.velocity == pytest.approx(0.4)
    assert (start.frame, start.key) == (3, 60)
    assert end == NoteOff(90, key=60)
'''

MODULATOR = '''
"""$title: a modulator."""

from backline.sdk import Modulator, Param, Phase


class $class_name(Modulator):
    """A triangle that rises and falls, -1 to 1."""

    rate = Param("1 Hz", "0.01 Hz", "40 Hz", curve="log")
    phase = Phase()

    def sample(phase, rate, dt):
        """Return one value, and how far the phase (0..1, in turns) moves."""
        return 1.0 - 4.0 * abs(phase - 0.5), rate * dt
'''

MODULATOR_TEST = '''
"""What $title promises."""

import pytest
from backline.sdk.testing import check_plugin

from $module.plugin import $class_name


def test_keeps_the_rules_of_every_plugin():
    check_plugin($class_name)


def test_a_sample_is_plain_python():
    assert $class_name.sample(0.0, rate=2.0, dt=0.001) == pytest.approx((-1.0, 0.002))
    assert $class_name.sample(0.5, rate=2.0, dt=0.001) == pytest.approx((1.0, 0.002))
'''

SOURCES = {"effect": EFFECT, "instrument": INSTRUMENT, "event": EVENT, "modulator": MODULATOR}
TESTS = {"effect": EFFECT_TEST, "instrument": INSTRUMENT_TEST, "event": EVENT_TEST, "modulator": MODULATOR_TEST}
