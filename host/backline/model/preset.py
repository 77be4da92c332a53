"""The preset document: nodes, wires, macros, controls, zones and modulation as plain typed data.

This module knows what a preset may say and how its parts refer to each other by name. It does not know YAML, files, plugins
or audio: parameter values stay the text that was written, since only a parameter knows its own type and unit.

Words: an `End` is one end of a wire (a node, or one of the graph's own ends `in`, `midi`, `out`), a `Target` is a parameter
of a node or a macro, a `Range` is what a macro or control sweeps a target through.
"""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, model_validator

PRESET_VERSION = 1

INPUT = "in"
EVENTS = "midi"
OUTPUT = "out"
RESERVED_NAMES = (INPUT, EVENTS, OUTPUT)
NODE_KEYS = ("plugin", "rack", "params", "state", "bypass", "mix", "channels", "host")

Curve = Literal["linear", "log", "db"]
Host = Literal["auto", "pedalboard", "minihost"]
ModulationRate = Literal["audio", "control"]
ControlKind = Literal["cc", "bend", "pressure", "note", "program"]


class Document(BaseModel):
    """Base of all document parts: unknown names are refused, validators are built when first used (import time)."""

    model_config = ConfigDict(extra="forbid", defer_build=True)


class Value(BaseModel):
    """Base of the small parts that are compared and hashed."""

    model_config = ConfigDict(extra="forbid", frozen=True, defer_build=True)


class End(Value):
    """One end of a wire: a node's port (None: its main one), or the graph's `in`, `midi`, `out` (port: `out:NAME`)."""

    node: str
    port: str | None = None

    def __str__(self) -> str:
        if self.port is None:
            return self.node
        return f"{self.node}:{self.port}" if self.node == OUTPUT else f"{self.node}.{self.port}"


class Target(Value):
    """A parameter of a node; with `node` None it is the macro called `parameter`."""

    node: str | None
    parameter: str

    def __str__(self) -> str:
        return self.parameter if self.node is None else f"{self.node}.{self.parameter}"


class Range(Value):
    """What a knob sweeps a target through, as texts in the target's own unit; without a curve the target's own one holds."""

    low: str
    high: str
    curve: Curve | None = None

    def __str__(self) -> str:
        # The comma keeps "0.5, db" (a curve) apart from "0.5 db" (a unit).
        curve = {None: "", "db": ", db"}.get(self.curve, f" {self.curve}")
        return f"{self.low} .. {self.high}{curve}"


class Wire(Value):
    """One hop from a source to a target. `gain_db` is None when the wire says nothing about gain."""

    source: End
    target: End
    gain_db: float | None = None


class Modulation(Value):
    """A modulator's signal added to a parameter. `depth` is text ("2 oct", "35 %", "500 Hz"), `rate` None lets the host choose."""

    source: End
    target: Target
    depth: str
    rate: ModulationRate | None = None


class Gesture(Value):
    """What a player moves. `number` is the controller or key 0..127, `channel` is 1..16 as players count (None: any)."""

    kind: ControlKind
    number: int | None = Field(default=None, ge=0, le=127)
    channel: int | None = Field(default=None, ge=1, le=16)


class Control(Value):
    """A gesture that drives a macro or a parameter; `range` None means all of the target's own range."""

    source: Gesture
    target: Target
    range: Range | None = None


class Macro(Document):
    """One named knob over several parameters."""

    default: float = Field(default=0.0, ge=0.0, le=1.0, description="Where the knob stands at first, such as `40 %`.")
    to: dict[str, Range] = Field(
        default_factory=dict,
        description="The parameters it drives, `node.parameter`, each with a range `LOW .. HIGH` and an optional curve.",
    )

    def targets(self) -> list[tuple[Target, Range]]:
        """Return what the knob drives, in written order."""
        return [(split_target(name), span) for name, span in self.to.items()]


class Zone(Document):
    """A part of the keyboard that event wires may run through: `midi -> low -> bass`."""

    keys: tuple[int, int] = Field(default=(0, 127), description="Lowest and highest key that pass, such as `C0 .. B3`.")
    velocity: tuple[int, int] = Field(default=(1, 127), description="Softest and hardest velocity that pass, such as `1 .. 90`.")
    channels: tuple[int, ...] = Field(default=(), description="The MIDI channels 1 to 16 that pass; all when left out.")
    transpose: int = Field(default=0, ge=-127, le=127, description="Whole semitones added to each key, such as `-12 st`.")


class Requirement(Value):
    """A plugin, package or Backline itself that must be there; `versions` are comparisons such as ">=1.2", all of which hold."""

    name: str
    versions: tuple[str, ...] = ()

    def __str__(self) -> str:
        if not self.versions:
            return self.name
        spaced = (version[: -len(number)] + " " + number for version in self.versions if (number := version.lstrip("<>=!~")))
        return f"{self.name} {', '.join(spaced)}"


class Node(Document):
    """One plugin, or one nested rack, under a name.

    `values` are the parameters by id and `settings` the lists and mappings (a sampler's `map`), both exactly as written: in
    YAML they stand beside the keys below. Every scalar is text.
    """

    plugin: str = Field(default="", description="Which plugin: an id, `pedalboard.NAME`, `vst3:NAME` or `au:NAME`.")
    rack: str | None = Field(default=None, description="Instead of a plugin: another preset file, whose macros become parameters.")
    values: dict[str, str] = Field(default_factory=dict)
    params: dict[str, str] = Field(default_factory=dict, description="Parameters whose names are odd or taken, by their own name.")
    settings: dict[str, Any] = Field(default_factory=dict)
    state: str | None = Field(default=None, description="A saved state beside the preset, such as a `.vstpreset` file.")
    bypass: bool = Field(default=False, description="`on` lets the input pass unchanged.")
    mix: str | None = Field(default=None, description="How much of the result is heard beside the input, such as `30 %`.")
    channels: int | None = Field(default=None, ge=1, le=64, description="How many audio channels the node has, 1 to 64.")
    host: Host | None = Field(default=None, description="Which backend hosts a VST3, AU or LV2 plugin: auto, pedalboard, minihost.")

    @model_validator(mode="after")
    def _is_one_thing(self) -> Node:
        if bool(self.plugin) == (self.rack is not None):
            raise ValueError("a node needs either a plugin or a rack")
        taken = [key for key in (*self.values, *self.settings) if key in NODE_KEYS]
        if taken:
            raise ValueError(f"{taken[0]} is a key of the node itself; put the parameter under params")
        return self


class Preset(Document):
    """A whole preset. `wires` and `feedback` are single hops: a chain `a -> b -> c` is two of them."""

    preset: Literal[1] = Field(default=1, description="The format version, 1.")
    name: str = Field(default="", description="What the preset is called.")
    description: str = Field(default="", description="What it is for.")
    author: str = Field(default="", description="Who made it.")
    tags: list[str] = Field(default_factory=list, description="Words to find it by.")
    requires: list[Requirement] = Field(
        default_factory=list, description="Plugins, packages and versions it needs, such as `backline >= 0.1`."
    )
    nodes: dict[str, Node] = Field(default_factory=dict, description="The plugins, each under a name.")
    wires: list[Wire] = Field(default_factory=list, description="What is connected, such as `midi -> keys -> out [-3 dB]`.")
    feedback: list[Wire] = Field(default_factory=list, description="Wires that go back; each is one block late.")
    modulation: list[Modulation] = Field(
        default_factory=list, description="Modulators on parameters, such as `lfo -> keys.cutoff [2 oct]`."
    )
    macros: dict[str, Macro] = Field(default_factory=dict, description="Named knobs that drive several parameters.")
    controls: list[Control] = Field(default_factory=list, description="What MIDI gestures drive, such as `cc 74 -> brightness`.")
    zones: dict[str, Zone] = Field(default_factory=dict, description="Parts of the keyboard for event wires.")


def split_target(text: str) -> Target:
    """Return the target that "node.parameter" or "macro" names."""
    node, dot, parameter = text.partition(".")
    return Target(node=node, parameter=parameter) if dot else Target(node=None, parameter=node)
