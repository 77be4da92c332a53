"""Presets that the tests of the documents share, and strategies that make more."""

from __future__ import annotations

from hypothesis import strategies as st

from backline.model import (
    NODE_KEYS,
    RESERVED_NAMES,
    Control,
    End,
    Gesture,
    Macro,
    Modulation,
    Node,
    Preset,
    Range,
    Requirement,
    Target,
    Wire,
    Zone,
)

FULL = """\
preset: 1
name: Warm keys
description: |-
  Soft keys over a room.
  Play them low.
author: Somebody
tags: [keys, warm]
requires:
  - backline >= 0.1
  - vst3:Zam Comp >= 1.2, < 2
nodes:
  keys: {plugin: polysynth, cutoff: 1.2 kHz, resonance: 35 %}
  comp: {plugin: "vst3:ZamCompX2", params: {Threshold: -18 dB}, state: warm-keys/comp.vstpreset}
  room: {plugin: pedalboard.Reverb, room_size: 0.4, bypass: on, mix: 40 %}
  lfo: {plugin: lfo, rate: 1/8D}
  kit:
    plugin: drumkit
    pads:
      - {key: C1, file: kicks/deep.wav, tune: -2 st, decay: 300 ms, pan: 10 %, out: kick}
      - {key: D1, file: snares/dry.wav, tune: 0 st, decay: 500 ms, pan: -10 %, out: snare}
  lead: {rack: lead.yaml, brightness: 30 %, channels: 2, host: minihost}
wires:
  - midi -> keys -> comp -> out
  - keys -> room -> out [-12 dB]
  - midi -> low -> kit
  - low -> lead
  - kit.snare -> room.sidechain [-inf dB]
  - lead.aux -> out:aux
feedback:
  - room -> comp [-6 dB]
modulation:
  - lfo -> keys.cutoff [2 oct] rate control
  - lfo.signal -> comp.Attack Time [35 %]
macros:
  brightness: {default: 40 %, to: {keys.cutoff: 200 Hz .. 8 kHz log, room.damping: 80 % .. 20 %}}
controls:
  - cc 74 -> brightness
  - cc 1 channel 3 -> keys.vibrato_depth [0 % .. 60 %]
  - bend -> keys.bend
  - note C2 -> keys.x [0.1 .. 0.5, db]
  - pressure -> keys.wave [saw .. square]
  - program -> brightness
zones:
  low: {keys: C0 .. B3, velocity: 1 .. 90, channels: [1, 2], transpose: -12 st}
"""

_texts = st.text(st.characters(codec="utf-8"), max_size=30)
_values = _texts.filter(bool)
_names = st.from_regex(r"[A-Za-z_]([A-Za-z0-9_-]{0,8}[A-Za-z0-9_])?", fullmatch=True).filter(lambda name: name not in RESERVED_NAMES)
_keys = st.text(st.characters(codec="utf-8"), min_size=1, max_size=20)
_parameters = st.from_regex(r"[a-z][a-z0-9_]{0,6}|[A-Z][a-z]{1,5} [A-Z][a-z0-9#]{1,5}", fullmatch=True)
_settings = st.recursive(_texts, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(_keys, inner, max_size=4), max_leaves=8)
_structures = st.lists(_settings, max_size=4) | st.dictionaries(_keys, _settings, max_size=4)
_shares = st.integers(0, 1000).map(lambda part: part / 1000)
_ranges = st.builds(
    Range,
    st.sampled_from(["200 Hz", "1 Hz", "3", "saw", "C2"]),
    st.sampled_from(["8 kHz", "100 Hz", "3.5 kHz"]),
    st.sampled_from([None, "linear", "log", "db"]),
) | st.just(Range("-12 dB", "0 dB", "db"))


@st.composite
def _nodes(draw: st.DrawFn) -> Node:
    is_rack = draw(st.booleans())
    own = _keys.filter(lambda key: key not in NODE_KEYS)
    values = draw(st.dictionaries(own, _values, max_size=4))
    return Node(
        plugin="" if is_rack else draw(_values),
        rack="racks/lead.yaml" if is_rack else None,
        values=values,
        settings=draw(st.dictionaries(own.filter(lambda key: key not in values), _structures, max_size=2)),
        params=draw(st.dictionaries(_keys.filter(lambda key: key not in values), _values, max_size=3)),
        state=draw(st.sampled_from([None, "a/b.vstpreset"])),
        bypass=draw(st.booleans()),
        mix=draw(st.sampled_from([None, "30 %", "0.5"])),
        channels=draw(st.none() | st.integers(1, 64)),
        host=draw(st.sampled_from([None, "auto", "pedalboard", "minihost"])),
    )


@st.composite
def presets(draw: st.DrawFn) -> Preset:
    """Any preset that a file can hold."""
    names = draw(st.lists(_names, min_size=2, max_size=6, unique=True))
    nodes = {name: draw(_nodes()) for name in names}
    zones = draw(st.dictionaries(_names.filter(lambda name: name not in names), _zones(), max_size=2))
    macros = draw(st.dictionaries(_names, st.builds(Macro, _shares, _targets(names)), max_size=3))
    ports = st.none() | _names
    inner = st.builds(End, st.sampled_from(names), ports)
    gains = st.none() | st.just(float("-inf")) | st.integers(-600, 600).map(lambda tenths: tenths / 10)
    firsts = inner | st.sampled_from([End("in"), End("midi"), *map(End, zones)])
    lasts = inner | st.sampled_from([End("out"), *map(End, zones)]) | st.builds(End, st.just("out"), _names)
    wires = draw(st.lists(st.builds(Wire, firsts, lasts, gains), max_size=8, unique_by=_ends))
    feedback = draw(st.lists(st.builds(Wire, inner, inner, gains), max_size=3, unique_by=_ends))
    aims = st.builds(Target, st.sampled_from(names), _parameters)
    depths = st.sampled_from(["2 oct", "35 %", "-500 Hz", "0.25"])
    knobs = aims | st.sampled_from([Target(None, name) for name in macros]) if macros else aims
    return Preset(
        name=draw(_texts),
        description=draw(_texts | st.lists(_texts, min_size=2, max_size=4).map("\n".join)),
        author=draw(_texts),
        tags=draw(st.lists(_values, max_size=3, unique=True)),
        requires=draw(st.lists(_requirements(), max_size=3)),
        nodes=nodes,
        wires=[wire for wire in wires if wire.source.node != wire.target.node],
        feedback=feedback,
        modulation=draw(st.lists(st.builds(Modulation, inner, aims, depths, st.sampled_from([None, "audio", "control"])), max_size=3)),
        macros=macros,
        controls=draw(st.lists(st.builds(Control, _gestures(), knobs, st.none() | _ranges), max_size=3)),
        zones=zones,
    )


def _ends(wire: Wire) -> tuple[End, End]:
    return wire.source, wire.target


def _targets(names: list[str]) -> st.SearchStrategy[dict[str, Range]]:
    keys = st.builds(lambda node, parameter: f"{node}.{parameter}", st.sampled_from(names), _parameters)
    return st.dictionaries(keys, _ranges, min_size=1, max_size=3)


def _zones() -> st.SearchStrategy[Zone]:
    keys = st.tuples(st.integers(0, 127), st.integers(0, 127)).map(lambda pair: (min(pair), max(pair)))
    velocities = st.tuples(st.integers(1, 127), st.integers(1, 127)).map(lambda pair: (min(pair), max(pair)))
    return st.builds(Zone, keys, velocities, st.lists(st.integers(1, 16), max_size=3).map(tuple), st.integers(-127, 127))


def _gestures() -> st.SearchStrategy[Gesture]:
    channels = st.none() | st.integers(1, 16)
    numbered = st.builds(Gesture, st.sampled_from(["cc", "note"]), st.integers(0, 127), channels)
    return numbered | st.builds(Gesture, st.sampled_from(["bend", "pressure", "program"]), st.none(), channels)


def _requirements() -> st.SearchStrategy[Requirement]:
    versions = st.from_regex(r"(>=|<=|==|!=|~=|>|<)[0-9]{1,2}(\.[0-9]{1,2}){0,2}", fullmatch=True)
    names = st.from_regex(r"[a-z][a-z0-9:_.-]{0,8}( [A-Z][a-z]{0,4})?", fullmatch=True)
    return st.builds(Requirement, names, st.lists(versions, max_size=2).map(tuple))
