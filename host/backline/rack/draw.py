"""A picture of a rack: boxes for nodes, strokes for what flows between them, as SVG or as Graphviz text.

This module knows what a graph holds and how it is shown. It does not know where boxes stand (`layout`), files or notebooks.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from backline.model import EVENTS, INPUT, OUTPUT

from .expand import Flat
from .graph import AudioEdge, Graph
from .layout import Frame, Layout, lay_out
from .node import RackNode, StandIn
from .picture import BOX_HEIGHT, CHARACTER, Label, Picture, text_width

Flow = Literal["audio", "events", "modulation", "feedback"]

NAMES: dict[Flow, str] = {"audio": "audio", "events": "events", "modulation": "modulation", "feedback": "feedback, 64 frames late"}
LABEL_ROOM = 34.0
NARROWEST_GAP = 64.0
LANE = 22.0


@dataclass(frozen=True)
class Box:
    """A node as it is drawn: its lines of text, its sort (which chooses the colour), and what is said when one points at it."""

    name: str
    title: str
    lines: tuple[str, ...]
    sort: str
    tip: str

    @property
    def small(self) -> bool:
        """Ends of the graph are drawn as small pills."""
        return self.sort == "end"

    @property
    def size(self) -> tuple[float, float]:
        """Width and height."""
        if self.small:
            return text_width(self.title, bold=True) + 28.0, 28.0
        widest = max([text_width(self.title, bold=True), *(text_width(line, small=True) for line in self.lines)])
        return max(widest + 32.0, 96.0), BOX_HEIGHT + CHARACTER * 2.0 * len(self.lines)


@dataclass(frozen=True)
class Link:
    """A wire as it is drawn."""

    source: str
    target: str
    flow: Flow
    label: str


def draw_graph(flat: Flat, graph: Graph) -> str:
    """Draw a graph as SVG text: sound flows from left to right."""
    boxes, links = boxes_and_links(flat, graph)
    forward = [link for link in links if link.flow != "feedback"]
    back = [link for link in links if link.flow == "feedback"]
    ends = [(link.source, link.target) for link in forward]

    def gap(_layer: int, crossing: list[int]) -> float:
        labels = [text_width(forward[index].label, small=True) + LABEL_ROOM for index in crossing if forward[index].label]
        return max([NARROWEST_GAP, *labels])

    sizes = {name: box.size for name, box in boxes.items()}
    last = [name for name in boxes if name == OUTPUT or name.startswith(f"{OUTPUT}:")]
    layout = lay_out(sizes, ends, first=[name for name in (INPUT, EVENTS) if name in boxes], last=last, gaps=gap)
    picture = Picture(layout.width, layout.height + LANE * len(back))
    _draw_wires(picture, layout, forward)
    for lane, link in enumerate(back):
        _draw_back(picture, layout, link, layout.height + LANE * (lane + 0.75))
    for name, box in boxes.items():
        picture.box(layout.frames[name], box.title, box.lines, box.sort, box.tip)
    for flow in dict.fromkeys(link.flow for link in links):
        picture.legend(flow, NAMES[flow])
    for text in _captions(flat):
        picture.caption(text)
    return picture.svg(flat.document.preset.name or flat.document.name)


def graph_dot(flat: Flat, graph: Graph) -> str:
    """The graph as Graphviz text."""
    boxes, links = boxes_and_links(flat, graph)
    styles = {"audio": "penwidth=2", "events": "style=dotted", "modulation": "style=dashed", "feedback": "style=dashed constraint=false"}
    lines = ["digraph rack {", "  rankdir=LR;"]
    lines += ['  node [shape=box style=rounded fontname="sans-serif"];', '  edge [fontname="sans-serif" fontsize=10];']
    for box in boxes.values():
        label = "\\n".join(_dot_text(text) for text in (box.title, *box.lines))
        lines.append(f'  "{_dot_text(box.name)}" [label="{label}"{" shape=oval" if box.small else ""}];')
    for link in links:
        label = f' label="{_dot_text(link.label)}"' if link.label else ""
        lines.append(f'  "{_dot_text(link.source)}" -> "{_dot_text(link.target)}" [{styles[link.flow]}{label}];')
    return "\n".join([*lines, "}", ""])


def boxes_and_links(flat: Flat, graph: Graph) -> tuple[dict[str, Box], list[Link]]:
    """What is drawn: every node of the preset, and those ends of the graph and of nested racks that something is connected to."""
    links = list(_links(flat, graph))
    connected = {link.source for link in links} | {link.target for link in links}
    order = [INPUT, EVENTS, *flat.nodes, *flat.zones, *flat.buses]
    names = [name for name in dict.fromkeys(order) if name in graph.by_name and (name in flat.nodes or name in connected)]
    return {name: _box(flat, graph.by_name[name]) for name in names}, links


def _links(flat: Flat, graph: Graph) -> Iterator[Link]:
    for audio in graph.audio:
        yield Link(audio.source.name, audio.target.name, "audio", _audio_label(audio))
    for event in graph.events:
        yield Link(event.source.name, event.target.name, "events", "")
    depths = {id(origin): modulation.depth for modulation, _, origin in flat.modulation}
    for wire in graph.modulation:
        depth = depths.get(id(wire.origin), "")
        yield Link(wire.source.name, wire.target.name, "modulation", f"{wire.parameter.id} {depth}".strip())
    for back in graph.feedback:
        yield Link(back.source.name, back.target.name, "feedback", _audio_label(back))


def _audio_label(edge: AudioEdge) -> str:
    """Ports that are not the main ones, and the gain."""
    parts = []
    if edge.source_port and not isinstance(edge.source, StandIn):
        parts.append(edge.source.outputs[edge.source_port].name)
    if edge.gain_db:
        parts.append(f"{edge.gain_db:g} dB".replace("-", "−"))
    if edge.target_port and not isinstance(edge.target, StandIn):
        parts.append(f"→ {edge.target.inputs[edge.target_port].name}")
    return " ".join(parts)


def _box(flat: Flat, node: RackNode) -> Box:
    if node.name in flat.zones:
        zone = flat.zones[node.name][0]
        return Box(node.name, node.name, (_zone_text(zone.keys, zone.transpose),), "zone", "a zone: a part of the keyboard")
    if node.name not in flat.nodes:
        return Box(node.name, node.name, (), "end", f"{node.name}: an end of the graph or of a nested rack")
    written = flat.nodes[node.name].node
    values = [f"{key}: {text}" for key, text in {**written.values, **written.params}.items()]
    lines = [written.plugin]
    if isinstance(node, StandIn):
        return Box(node.name, node.name, (written.plugin, "not on this machine"), "missing", node.why)
    if node.latency:
        lines.append(f"{node.latency} frames late")
    marks = ["bypassed"] if node.bypassed else []
    marks += [f"mix {written.mix}"] if written.mix is not None else []
    if marks:
        lines.append(", ".join(marks))
    return Box(node.name, node.name, tuple(lines), node.kind, "\n".join([f"{node.name}: {written.plugin}", *values]))


def _zone_text(keys: tuple[int, int], transpose: int) -> str:
    from backline.sdk.units import note_name

    low, high = keys
    span = note_name(low) if low == high else f"{note_name(low)} .. {note_name(high)}"
    return span + (f", {transpose:+d} st" if transpose else "")


def _captions(flat: Flat) -> list[str]:
    """One line for each macro: what moves it and what it moves."""
    gestures: dict[str, list[str]] = {}
    for control, prefix, _ in flat.controls:
        gesture = control.source
        number = "" if gesture.number is None else f" {gesture.number}"
        gestures.setdefault(str(flat.target(control.target, prefix)), []).append(f"{gesture.kind}{number}")
    lines = []
    for name, item in flat.macros.items():
        by = f" ({', '.join(gestures.pop(name))})" if name in gestures else ""
        targets = ", ".join(str(flat.target(target, item.prefix)) for target, _ in item.macro.targets())
        lines.append(f"{name}{by} moves {targets}")
    return lines + [f"{', '.join(by)} moves {target}" for target, by in gestures.items()]


def _draw_wires(picture: Picture, layout: Layout, links: list[Link]) -> None:
    starts = _ports(layout, links, outgoing=True)
    ends = _ports(layout, links, outgoing=False)
    for index, link in enumerate(links):
        source, target = layout.frames[link.source], layout.frames[link.target]
        points = [(source.right, starts[index])]
        for left, right, y in layout.bends[index]:
            points += [(left, y), (right, y)]
        points.append((target.x, ends[index]))
        picture.wire(points, link.flow)
        if link.label:
            picture.label(Label(link.label, link.flow), points[-2], points[-1])


def _ports(layout: Layout, links: list[Link], *, outgoing: bool) -> list[float]:
    """At which height each link leaves or reaches its box: spread over the side, in the order of the other ends."""
    sides: dict[str, list[int]] = {}
    for index, link in enumerate(links):
        sides.setdefault(link.source if outgoing else link.target, []).append(index)
    heights = [0.0] * len(links)
    for name, there in sides.items():
        there.sort(key=lambda index: _aim(layout, links[index], index, outgoing=outgoing))
        frame = layout.frames[name]
        for place, index in enumerate(there, 1):
            heights[index] = frame.y + frame.height * place / (len(there) + 1)
    return heights


def _aim(layout: Layout, link: Link, index: int, *, outgoing: bool) -> float:
    bends = layout.bends[index]
    if bends:
        return bends[0 if outgoing else -1][2]
    return layout.frames[link.target if outgoing else link.source].middle


def _draw_back(picture: Picture, layout: Layout, link: Link, lane: float) -> None:
    source: Frame = layout.frames[link.source]
    target: Frame = layout.frames[link.target]
    from_y, to_y = source.y + source.height * 0.85, target.y + target.height * 0.85
    out_x = max(frame.right for frame in layout.frames.values() if _same_layer(frame, source)) + 16.0
    in_x = min(frame.x for frame in layout.frames.values() if _same_layer(frame, target)) - 16.0
    points = [(source.right, from_y), (out_x, from_y), (out_x, lane), (in_x, lane), (in_x, to_y), (target.x, to_y)]
    picture.bent(points, link.flow)
    if link.label:
        picture.label(Label(link.label, link.flow), (out_x, lane), (in_x, lane))


def _same_layer(one: Frame, other: Frame) -> bool:
    return abs((one.x + one.right) - (other.x + other.right)) < 1.0


def _dot_text(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", " ")
