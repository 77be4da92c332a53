"""A checked graph: running nodes, and the wires between them in the order in which sound flows.

This module knows how flat names become nodes and edges, and what is wrong with wires: unknown ports, cycles, channels that do not fit,
nodes nobody hears. It does not know buffers or blocks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from backline.formats.errors import did_you_mean
from backline.model import EVENTS, INPUT, OUTPUT, End

from .expand import Flat, FlatWire, Origin
from .modulation import Depth, parse_depth
from .native_node import NativeNode
from .node import Bus, Parameter, RackNode, StandIn
from .resolve import Resolver
from .zone import ZoneNode


@dataclass(frozen=True, eq=False)
class AudioEdge:
    """Audio from an output port to an input port."""

    source: RackNode
    source_port: int
    target: RackNode
    target_port: int
    gain_db: float
    origin: Origin


@dataclass(frozen=True, eq=False)
class EventEdge:
    """Events from one node to another."""

    source: RackNode
    target: RackNode
    origin: Origin


@dataclass(frozen=True, eq=False)
class ModulationEdge:
    """A control signal onto a parameter."""

    source: RackNode
    source_port: int
    target: RackNode
    parameter: Parameter
    depth: Depth
    origin: Origin


@dataclass
class Graph:
    """Nodes in the order in which they run, and every edge. `outs` are the main and the named outputs."""

    nodes: list[RackNode] = field(default_factory=list)
    audio: list[AudioEdge] = field(default_factory=list)
    events: list[EventEdge] = field(default_factory=list)
    feedback: list[AudioEdge] = field(default_factory=list)
    modulation: list[ModulationEdge] = field(default_factory=list)
    by_name: dict[str, RackNode] = field(default_factory=dict)

    @property
    def audio_in(self) -> RackNode:
        """The bus of the graph's audio input."""
        return self.by_name[INPUT]

    @property
    def events_in(self) -> RackNode:
        """The bus of the graph's events."""
        return self.by_name[EVENTS]

    @property
    def outs(self) -> dict[str, RackNode]:
        """Output buses by name; the main one is `out`."""
        return {name: node for name, node in self.by_name.items() if name == OUTPUT or name.startswith(f"{OUTPUT}:")}


class GraphBuilder:
    """Builds the graph of a flat preset. Problems go to the resolver's list; what can be told apart is told in one go."""

    def __init__(self, flat: Flat, resolver: Resolver) -> None:
        self.flat, self.resolver, self.problems = flat, resolver, resolver.problems
        self.graph = Graph()
        self._into: dict[str, list[FlatWire]] = {}
        self._modulators: dict[str, list[int]] = {}
        self._path: dict[str, Origin | None] = {}  # the nodes on the way, each with the wire that led to it
        self._broken_cycles: set[int] = set()

    def build(self) -> Graph:
        """Return the graph. Raises nothing: ask `problems`."""
        for wire in self.flat.wires:
            for name in self._ends(wire.target, output=False):
                self._into.setdefault(name, []).append(wire)
        for index, (modulation, prefix, _) in enumerate(self.flat.modulation):
            target = self.flat.target(modulation.target, prefix)
            if target.node is not None:
                self._modulators.setdefault(target.node, []).append(index)
        for name in (INPUT, EVENTS, *self.flat.zones, *self.flat.nodes, *self.flat.buses):
            self._node(name)
        for wire in self.flat.wires:
            self._connect(wire)
        self._connect_feedback()
        for index in range(len(self.flat.modulation)):
            self._connect_modulation(index)
        if not self.problems:
            self._find_dead()
        return self.graph

    # -- nodes in order ------------------------------------------------------------------------------------------------------------

    def _ends(self, end: End, *, output: bool) -> tuple[str, ...]:
        """The nodes a wire's end can mean: a nested rack has ends of its own."""
        if not self.flat.is_rack(end.node):
            return (end.node,)
        if output:
            return (f"{end.node}/{OUTPUT}:{end.port.removeprefix('out:')}" if end.port else f"{end.node}/{OUTPUT}",)
        return (f"{end.node}/{INPUT}", f"{end.node}/{EVENTS}")

    def _sources(self, name: str) -> Iterator[tuple[str, Origin]]:
        for wire in self._into.get(name, ()):
            for source in self._ends(wire.source, output=True):
                yield source, wire.origin
        for index in self._modulators.get(name, ()):
            modulation, prefix, origin = self.flat.modulation[index]
            yield self._ends(End(prefix + modulation.source.node, modulation.source.port), output=True)[0], origin

    def _node(self, name: str, via: Origin | None = None) -> RackNode | None:
        """The running node of a flat name, made after everything it hears."""
        if name in self.graph.by_name:
            return self.graph.by_name[name]
        if not self._exists(name):
            return None
        if name in self._path:
            return None
        self._path[name] = via
        for source, origin in self._sources(name):
            if source in self._path:
                self._cycle(source, origin)
            else:
                self._node(source, origin)
        del self._path[name]
        node = self._make(name)
        self.graph.by_name[name] = node
        self.graph.nodes.append(node)
        return node

    def _exists(self, name: str) -> bool:
        return name in self.flat.nodes or name in self.flat.buses or name in self.flat.zones

    def _cycle(self, source: str, origin: Origin) -> None:
        if id(origin) in self._broken_cycles:
            return
        self._broken_cycles.add(id(origin))
        names = list(self._path)
        loop = [*names[names.index(source) :], source]
        shown = " -> ".join(reversed(loop))
        # Of the wires of the loop, the one written last is most likely the one too many.
        wires = [origin, *(wire for name in loop[1:-1] if (wire := self._path[name]) is not None)]
        wires = [wire for wire in wires if wire.document is origin.document]
        origin = max(wires, key=lambda wire: (wire.path[0] == "modulation", wire.path[1:]))
        audio = origin.path[0] != "modulation"
        hint = "a wire that leads back belongs under feedback:" if audio else "modulation cannot lead back"
        self.problems.add(origin, f"these wires form a loop: {shown}", hint)

    def _make(self, name: str) -> RackNode:
        if name in self.flat.zones:
            return ZoneNode(name, self.flat.zones[name][0])
        if name in self.flat.nodes:
            flat = self.flat.nodes[name]
            node = self.resolver.make(flat, flat.node.channels or self._channels_into(name))
            self._check_wet(node, name)
            return node
        if name.rsplit("/", 1)[-1] == EVENTS:
            return Bus(name, audio_in=False, audio_out=False, events=True)
        return Bus(name, self._channels_into(name) if "/" in name and name.endswith(f"/{INPUT}") else 2)

    def _check_wet(self, node: RackNode, name: str) -> None:
        flat = self.flat.nodes[name]
        if flat.node.mix is not None and node.kind != "effect" and not isinstance(node, StandIn):
            self.problems.add(flat.origin.below("mix"), f"{name} is no effect, so it has no mix of input and result", key=True)

    def _channels_into(self, name: str) -> int:
        """How many channels arrive at a node: the widest source."""
        widest = 0
        for wire in self._into.get(name, ()):
            for source_name in self._ends(wire.source, output=True):
                source = self.graph.by_name.get(source_name)
                if source is None or not source.outputs:
                    continue
                try:
                    port = source.outputs[source.port_index(None if self.flat.is_rack(wire.source.node) else wire.source.port, output=True)]
                except KeyError:
                    continue
                widest = max(widest, output_channels(source, port.channels))
        return widest or 2

    # -- edges ---------------------------------------------------------------------------------------------------------------------

    def _connect(self, wire: FlatWire) -> None:
        source = self.graph.by_name.get(self._ends(wire.source, output=True)[0])
        if source is None:
            self._no_such_output(wire.source, wire.origin.below("source"))
            return
        if self.flat.is_rack(wire.target.node) and wire.target.port is not None:
            self.problems.add(
                wire.origin.below("target"), f'the rack {wire.target.node} has no input "{wire.target.port}", only its main one'
            )
            return
        carries = self._carries(source, wire)
        if carries is None:
            return
        target = self._target(wire, events=carries == "events")
        if target is None:
            return
        if carries == "events":
            self.graph.events.append(EventEdge(source, target, wire.origin))
            if wire.gain_db:
                self.problems.add(wire.origin.below("gain_db"), "events have no level: a gain belongs on an audio wire")
        else:
            edge = self._audio_edge(wire, source, target)
            if edge is not None:
                self.graph.audio.append(edge)

    def _no_such_output(self, end: End, origin: Origin) -> None:
        """A nested rack lacks an output; one that could not be read was reported already."""
        main = f"{end.node}/{OUTPUT}"
        if main in self.flat.buses:
            names = [name.removeprefix(f"{main}:") for name in self.flat.buses if name.startswith(f"{main}:")]
            hint = did_you_mean(end.port or "", names) or (f"it has {', '.join(names)}" if names else "it has only its main one")
            self.problems.add(origin, f'the rack {end.node} has no output "{end.port}"', hint)

    def _carries(self, source: RackNode, wire: FlatWire) -> str | None:
        """What flows through a wire: "audio" or "events"."""
        nested = self.flat.is_rack(wire.source.node)
        if source.gives_events and not source.outputs:
            return "events"
        if not source.outputs:
            self.problems.add(wire.origin.below("source"), f"{source.name} has no output")
            return None
        if source.gives_events and wire.source.port is None and not nested:
            target = self.graph.by_name.get(self._ends(wire.target, output=False)[0])
            if isinstance(source, StandIn) or (target is not None and target.takes_events and not target.inputs):
                return "events" if target is not None and target.takes_events and not target.inputs else "audio"
        return "audio"

    def _target(self, wire: FlatWire, *, events: bool) -> RackNode | None:
        names = self._ends(wire.target, output=False)
        target = self.graph.by_name.get(names[-1] if events else names[0])
        if target is None:
            return None
        where = wire.origin.below("target")
        if events and not target.takes_events:
            self.problems.add(where, f"{target.name} takes no events, only audio" if target.inputs else f"{target.name} takes nothing")
            return None
        if not events and not target.inputs:
            takes = "it takes events, such as midi" if target.takes_events else "it has no input"
            self.problems.add(where, f"{target.name} takes no audio: {takes}")
            return None
        return target

    def _audio_edge(self, wire: FlatWire, source: RackNode, target: RackNode) -> AudioEdge | None:
        source_port = self._port(wire.source, source, wire.origin, output=True)
        target_port = self._port(wire.target, target, wire.origin, output=False)
        if source_port is None or target_port is None:
            return None
        have = output_channels(source, source.outputs[source_port].channels)
        want = output_channels(target, target.inputs[target_port].channels)
        flat = self.flat.nodes.get(target.name)
        folds = want == 1 and (isinstance(target, NativeNode) or (flat is not None and flat.node.channels == 1))
        fits = have <= want or target.name.endswith(f"/{INPUT}") if isinstance(target, Bus) else have in (1, want) or folds
        if not fits and not isinstance(target, StandIn):
            hint = "say `channels: 1` there to mix it down" if want == 1 else "use a plugin with as many channels, or a mixer between them"
            self.problems.add(wire.origin, f"{source.name} gives {have} channels, {target.name} takes {want}", hint)
            return None
        return AudioEdge(source, source_port, target, target_port, wire.gain_db, wire.origin)

    def _port(self, end: End, node: RackNode, origin: Origin, *, output: bool) -> int | None:
        port = None if self.flat.is_rack(end.node) else end.port
        try:
            return node.port_index(port, output=output)
        except KeyError:
            ports = [item.name for item in (node.outputs if output else node.inputs)]
            what = "output" if output else "input"
            hint = did_you_mean(port or "", ports) or f"it has {', '.join(ports)}"
            self.problems.add(origin.below("source" if output else "target"), f'{node.name} has no {what} "{port}"', hint)
            return None

    def _connect_feedback(self) -> None:
        for wire in self.flat.feedback:
            source = self.graph.by_name.get(self._ends(wire.source, output=True)[0])
            target = self.graph.by_name.get(self._ends(wire.target, output=False)[0])
            if source is None:
                self._no_such_output(wire.source, wire.origin.below("source"))
            if source is None or target is None:
                continue
            if not source.outputs or not target.inputs:
                self.problems.add(wire.origin, "a feedback wire carries audio, from an output to an input")
                continue
            edge = self._audio_edge(wire, source, target)
            if edge is not None:
                self.graph.feedback.append(edge)

    def _connect_modulation(self, index: int) -> None:
        modulation, prefix, origin = self.flat.modulation[index]
        end = End(prefix + modulation.source.node, modulation.source.port)
        source = self.graph.by_name.get(self._ends(end, output=True)[0])
        if source is None:
            self._no_such_output(end, origin.below("source"))
        target_name = self.flat.target(modulation.target, prefix)
        if target_name.node is None:
            message = f"{modulation.target} belongs to a nested rack, whose parameters are macros: a modulator drives a plugin's parameter"
            self.problems.add(origin.below("target"), message, "modulate inside that rack")
            return
        target = self.graph.by_name.get(target_name.node)
        if source is None or target is None or isinstance(source, StandIn) or isinstance(target, StandIn):
            return
        if not source.outputs:
            self.problems.add(origin.below("source"), f"{source.name} gives no signal to modulate with")
            return
        try:
            parameter = target.find(target_name.parameter)
        except KeyError:
            hint = did_you_mean(target_name.parameter, list(target.parameters))
            self.problems.add(origin.below("target"), f'{target.name} has no parameter "{target_name.parameter}"', hint)
            return
        try:
            depth = parse_depth(modulation.depth, parameter, modulation.rate, target)
        except ValueError as error:
            self.problems.add(origin.below("depth"), str(error))
            return
        port = self._port(end, source, origin, output=True)
        if port is not None:
            self.graph.modulation.append(ModulationEdge(source, port, target, parameter, depth, origin))

    # -- nobody hears --------------------------------------------------------------------------------------------------------------

    def _find_dead(self) -> None:
        heard = {node.name for node in self.graph.outs.values()}
        edges: list[AudioEdge | EventEdge | ModulationEdge] = [
            *self.graph.audio,
            *self.graph.events,
            *self.graph.modulation,
            *self.graph.feedback,
        ]
        grew = True
        while grew:
            new = {edge.source.name for edge in edges if edge.target.name in heard} - heard
            heard |= new
            grew = bool(new)
        fed = {edge.target.name for edge in edges}
        warn = self.resolver.warnings
        for name, flat in self.flat.nodes.items():
            node = self.graph.by_name[name]
            if name not in heard:
                warn.add(flat.origin, f"{name} is connected to nothing that is heard", key=True)
            elif node.kind in ("effect", "instrument") and name not in fed:
                warn.add(flat.origin, f"nothing is connected to {name}", key=True)
        main = self.graph.by_name[OUTPUT]
        if not any(edge.target is main for edge in self.graph.audio):
            warn.add(Origin(self.flat.document, ("wires",)), "nothing is connected to out: this preset is silent")


def output_channels(node: RackNode, declared: int) -> int:
    """How many channels a port of a running node has (0 in its class means: as many as the node was made with)."""
    return declared or int(getattr(getattr(node, "plugin", None), "channels", 2))
