"""Macros and controls: one knob or gesture onto many parameters.

This module knows ranges, curves and which event moves what. It does not know devices, buffers or blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from backline.formats.errors import did_you_mean
from backline.model import OUTPUT, Control, Gesture, Range, Target
from backline.sdk.events import ChannelPressure, ControlChange, Event, NoteOn, PitchBend, ProgramChange
from backline.sdk.units import Beats, UnitError, parse_quantity

from .expand import Flat, Origin, Problems
from .graph import Graph
from .node import Parameter, RackNode, StandIn, denormalised, held

Setting = tuple[RackNode, str, float]


@dataclass(frozen=True)
class Sweep:
    """A parameter and what 0 and 1 of a knob mean for it."""

    node: RackNode
    parameter: Parameter
    low: float
    high: float
    log: bool

    def at(self, position: float) -> float:
        """The parameter's value at a knob position 0..1."""
        if self.log:
            value = self.low * (self.high / self.low) ** position
        else:
            value = self.low + (self.high - self.low) * position
        return held(self.parameter, value)


@dataclass
class MacroKnob:
    """One macro of a running rack: where it stands and what it drives (parameters, and macros of nested racks)."""

    name: str
    default: float
    value: float
    sweeps: list[Sweep] = field(default_factory=list)
    others: list[tuple[MacroKnob, float, float]] = field(default_factory=list)

    def settings(self, position: float) -> Iterator[Setting]:
        """Move to a position 0..1; yields what every driven parameter becomes."""
        self.value = min(max(position, 0.0), 1.0)
        for sweep in self.sweeps:
            yield sweep.node, sweep.parameter.id, sweep.at(self.value)
        for knob, low, high in self.others:
            yield from knob.settings(low + (high - low) * self.value)


@dataclass(frozen=True)
class ControlMap:
    """A gesture and what it drives."""

    gesture: Gesture
    sweep: Sweep | None
    knob: MacroKnob | None
    low: float
    high: float

    def settings(self, event: Event) -> Iterator[Setting]:
        """What an event makes of the driven parameters; nothing when it is not this gesture."""
        position = gesture_position(self.gesture, event)
        if position is None:
            return
        if self.sweep is not None:
            yield self.sweep.node, self.sweep.parameter.id, self.sweep.at(position)
        if self.knob is not None:
            yield from self.knob.settings(self.low + (self.high - self.low) * position)


def gesture_position(gesture: Gesture, event: Event) -> float | None:
    """Where a gesture stands, 0..1, after an event; None when the event is another gesture."""
    channel = getattr(event, "channel", None)
    if gesture.channel is not None and channel != gesture.channel - 1:
        return None
    match event:
        case ControlChange() if gesture.kind == "cc" and event.controller == gesture.number:
            return event.value
        case PitchBend() if gesture.kind == "bend":
            return (event.value + 1.0) * 0.5
        case ChannelPressure() if gesture.kind == "pressure":
            return event.value
        case NoteOn() if gesture.kind == "note" and event.key == gesture.number:
            return event.velocity
        case ProgramChange() if gesture.kind == "program" and gesture.number in (None, event.program):
            return event.program / 127.0
    return None


class Knobs:
    """All macros and controls of a graph, checked against its parameters."""

    def __init__(self, flat: Flat, graph: Graph, problems: Problems) -> None:
        self.flat, self.graph, self.problems = flat, graph, problems
        self.macros = {name: MacroKnob(name, item.macro.default, item.macro.default) for name, item in flat.macros.items()}
        for name, item in flat.macros.items():
            for target, span in item.macro.targets():
                self._aim(self.macros[name], self._flat(target, item.prefix), span, item.origin.below("to", str(target)))
        self._check_nesting()
        self.given = list(self._given())
        self.controls = [found for control, prefix, origin in flat.controls if (found := self._control(control, prefix, origin))]

    def _check_nesting(self) -> None:
        """Macros that drive macros must not come round."""
        for knob in self.macros.values():
            waiting, seen = [other for other, *_ in knob.others], set()
            while waiting:
                other = waiting.pop()
                if other is knob:
                    self.problems.add(self.flat.macros[knob.name].origin, f"macro {knob.name} drives itself")
                    knob.others.clear()
                    break
                if other.name not in seen:
                    seen.add(other.name)
                    waiting += [further for further, *_ in other.others]

    def _given(self) -> Iterator[tuple[MacroKnob, float]]:
        """What nodes that are nested racks say of their macros, inner racks first."""
        for name in sorted(self.flat.racks, key=lambda item: -item.count("/")):
            rack = self.flat.racks[name]
            if f"{name}/{OUTPUT}" not in self.flat.buses:
                continue  # it could not be read, and that was reported
            for key in ("state", "mix", "channels", "host", "bypass"):
                if rack.node.__getattribute__(key) not in (None, False):
                    self.problems.add(
                        rack.origin.below(key), f"{name} is a nested rack, which takes no {key}", "say it of the nodes inside", key=True
                    )
            for key in rack.node.settings:
                self.problems.add(rack.origin.below(key), f"{name} is a nested rack: its parameters are its macros", key=True)
            for part, values in (((), rack.node.values), (("params",), rack.node.params)):
                for key, text in values.items():
                    found = self._given_value(name, key, text, rack.origin.below(*part, key))
                    if found is not None:
                        yield found

    def _given_value(self, rack: str, key: str, text: str, origin: Origin) -> tuple[MacroKnob, float] | None:
        knob = self.macros.get(f"{rack}/{key}")
        if knob is None:
            inside = [name.removeprefix(f"{rack}/") for name in self.macros if name.startswith(f"{rack}/")]
            self.problems.add(origin, f'{rack} has no macro "{key}"', did_you_mean(key, inside), key=True)
            return None
        return knob, self._position(text, origin)

    def _flat(self, target: Target, prefix: str) -> Target:
        return self.flat.target(target, prefix)

    def _aim(self, knob: MacroKnob, target: Target, span: Range, origin: Origin) -> None:
        if target.node is None:
            other = self._macro(target.parameter, origin)
            if other is not None:
                low, high = self._positions(span, origin)
                knob.others.append((other, low, high))
            return
        sweep = self._sweep(target, span, origin)
        if sweep is not None:
            knob.sweeps.append(sweep)

    def _macro(self, name: str, origin: Origin) -> MacroKnob | None:
        if name in self.macros:
            return self.macros[name]
        self.problems.add(origin, f'there is no macro "{name}"', did_you_mean(name, list(self.macros)), key=True)
        return None

    def _positions(self, span: Range | None, origin: Origin) -> tuple[float, float]:
        if span is None:
            return 0.0, 1.0
        low = self._position(span.low, origin.below("low"))
        high = self._position(span.high, origin.below("high"))
        return low, high

    def _position(self, text: str, origin: Origin) -> float:
        """A place on a knob, 0..1; what is none is noted."""
        try:
            value = parse_quantity(text, "%")
            if isinstance(value, Beats) or not 0.0 <= value <= 1.0:
                raise UnitError(f"{text} is outside 0 % .. 100 %")
        except ValueError as error:
            self.problems.add(origin, str(error))
            return 0.0
        return float(value)

    def _sweep(self, target: Target, span: Range | None, origin: Origin) -> Sweep | None:
        node = self.graph.by_name.get(target.node or "")
        if node is None or isinstance(node, StandIn):
            return None
        try:
            parameter = node.find(target.parameter)
        except KeyError:
            hint = did_you_mean(target.parameter, list(node.parameters))
            where = origin if origin.path[0] == "macros" else origin.below("target")
            self.problems.add(where, f'{node.name} has no parameter "{target.parameter}"', hint, key=origin.path[0] == "macros")
            return None
        if span is None:
            return Sweep(node, parameter, denormalised(parameter, 0.0), denormalised(parameter, 1.0), parameter.curve == "log")
        ends = []
        for name, text in (("low", span.low), ("high", span.high)):
            try:
                value = parameter.parse(text)
            except ValueError as error:
                self.problems.add(origin.below(name), f"{target}: {error}")
                return None
            if isinstance(value, Beats):
                self.problems.add(origin.below(name), f"{target}: a range is given in plain times or rates, not in note lengths")
                return None
            ends.append(value)
        log = span.curve == "log" or (span.curve is None and parameter.curve == "log")
        if log and min(ends) <= 0.0:
            if span.curve == "log":
                self.problems.add(origin, f"{target}: a logarithmic range cannot reach 0")
            log = False
        return Sweep(node, parameter, ends[0], ends[1], log)

    def _control(self, control: Control, prefix: str, origin: Origin) -> ControlMap | None:
        target = self._flat(control.target, prefix)
        if target.node is None:
            knob = self._macro(target.parameter, origin.below("target"))
            low, high = self._positions(control.range, origin)
            return None if knob is None else ControlMap(control.source, None, knob, low, high)
        sweep = self._sweep(target, control.range, origin)
        return None if sweep is None else ControlMap(control.source, sweep, None, 0.0, 1.0)

    def initial(self) -> Iterator[Setting]:
        """What every driven parameter is with all macros at their defaults; nested racks first, so that outer knobs win.

        What a node that is a nested rack says of its macros wins over their defaults. A macro whose preset names no default leaves the
        parameters as the nodes say, until it is moved.
        """
        for knob, value in self.given:
            knob.default = value
        given = {knob.name for knob, _ in self.given}
        for name in sorted(self.macros, key=lambda item: -item.count("/")):
            origin = self.flat.macros[name].origin.below("default")
            if name in given or origin.path in origin.document.places:
                knob = self.macros[name]
                yield from knob.settings(knob.default)
        for knob in self.macros.values():
            knob.default = knob.value  # where it stands when nobody has turned it, by outer knobs too
