"""Where the boxes of a drawn graph stand, in layers from left to right, and where the wires between them bend.

This module knows sizes and links. It does not know racks, colours or SVG.

The steps are those of K. Sugiyama, S. Tagawa and M. Toda, "Methods for visual understanding of hierarchical system structures", IEEE
Transactions on Systems, Man, and Cybernetics 11 (1981): layers by the longest path, places in a layer by the mean place of neighbours, best
of several sweeps; heights are then moved towards those of the neighbours as far as the boxes above and below allow, which is an
isotonic regression.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

SWEEPS = 12
BEND_HEIGHT = 14.0

Item = str | tuple[int, int]
"""A box by its name, or the bend of link number i in a layer that it passes."""


@dataclass(frozen=True)
class Frame:
    """A rectangle: left, top, width, height."""

    x: float
    y: float
    width: float
    height: float

    @property
    def middle(self) -> float:
        """Height of the centre."""
        return self.y + self.height / 2.0

    @property
    def right(self) -> float:
        """The right edge."""
        return self.x + self.width


@dataclass(frozen=True)
class Layout:
    """Frames of boxes by name, and for each link the (left, right, y) of every layer that it passes between its ends."""

    frames: dict[str, Frame]
    bends: list[list[tuple[float, float, float]]]
    width: float
    height: float


def lay_out(
    sizes: Mapping[str, tuple[float, float]],
    links: Sequence[tuple[str, str]],
    *,
    first: Collection[str] = (),
    last: Collection[str] = (),
    gaps: Callable[[int, list[int]], float] = lambda _layer, _links: 60.0,
    distance: float = 22.0,
) -> Layout:
    """Place boxes of (width, height) so that links run from left to right.

    Links must not form loops. `first` and `last` name boxes that stand leftmost and rightmost. `gaps(layer, links)` is the space to the
    right of a layer, given the numbers of the links that cross it; `distance` is the space between boxes of one layer.
    """
    ranks = _ranks(list(sizes), links, first, last)
    layers, chains = _layers(ranks, links)
    _order(layers, chains)
    tops = _heights(layers, chains, sizes, distance)
    lowest = min(tops.values(), default=0.0)
    frames: dict[str, Frame] = {}
    spans: list[tuple[float, float]] = []
    x = 0.0
    for number, layer in enumerate(layers):
        wide = max((sizes[item][0] for item in layer if isinstance(item, str)), default=0.0)
        for item in layer:
            if isinstance(item, str):
                width, height = sizes[item]
                frames[item] = Frame(x + (wide - width) / 2.0, tops[item] - lowest, width, height)
        spans.append((x, x + wide))
        crossing = [index for index, (source, target) in enumerate(links) if ranks[source] <= number < ranks[target]]
        x += wide + (gaps(number, crossing) if number < len(layers) - 1 else 0.0)
    bends = [
        [(*spans[layer], tops[index, layer] - lowest + BEND_HEIGHT / 2.0) for layer in range(ranks[source] + 1, ranks[target])]
        for index, (source, target) in enumerate(links)
    ]
    bottom = max((frame.y + frame.height for frame in frames.values()), default=0.0)
    return Layout(frames, bends, x, max([bottom, *(y + BEND_HEIGHT / 2.0 for chain in bends for *_, y in chain)]))


def _ranks(names: list[str], links: Sequence[tuple[str, str]], first: Collection[str], last: Collection[str]) -> dict[str, int]:
    """The layer of each box: after everything it hears; what hears nothing stands right before those that hear it."""
    into: dict[str, list[str]] = {name: [] for name in names}
    out_of: dict[str, list[str]] = {name: [] for name in names}
    for source, target in links:
        into[target].append(source)
        out_of[source].append(target)
    ranks: dict[str, int] = {}
    waiting = {name: len(sources) for name, sources in into.items()}
    ready = [name for name in names if not waiting[name]]
    for name in ready:
        ranks[name] = max((ranks[source] + 1 for source in into[name]), default=0)
        for target in out_of[name]:
            waiting[target] -= 1
            if not waiting[target]:
                ready.append(target)
    if len(ranks) < len(names):
        raise ValueError("the links form a loop")
    for name in reversed(ready):
        if not into[name] and name not in first and out_of[name]:
            ranks[name] = max(min(ranks[target] for target in out_of[name]) - 1, 0)
    end = max((rank for name, rank in ranks.items() if name not in last), default=-1) + 1
    return {name: end if name in last else rank for name, rank in ranks.items()}


def _layers(ranks: Mapping[str, int], links: Sequence[tuple[str, str]]) -> tuple[list[list[Item]], list[tuple[Item, Item]]]:
    """Boxes and bends by layer, and the short links between neighbouring layers."""
    layers: list[list[Item]] = [[] for _ in range(max(ranks.values(), default=-1) + 1)]
    for name, rank in ranks.items():
        layers[rank].append(name)
    chains: list[tuple[Item, Item]] = []
    for index, (source, target) in enumerate(links):
        before: Item = source
        for layer in range(ranks[source] + 1, ranks[target]):
            layers[layer].append((index, layer))
            chains.append((before, (index, layer)))
            before = (index, layer)
        chains.append((before, target))
    return layers, chains


def _neighbours(chains: Sequence[tuple[Item, Item]]) -> tuple[dict[Item, list[Item]], dict[Item, list[Item]]]:
    left: dict[Item, list[Item]] = {}
    right: dict[Item, list[Item]] = {}
    for source, target in chains:
        left.setdefault(target, []).append(source)
        right.setdefault(source, []).append(target)
    return left, right


def _order(layers: list[list[Item]], chains: Sequence[tuple[Item, Item]]) -> None:
    """Sort each layer so that few links cross."""
    left, right = _neighbours(chains)
    best = [list(layer) for layer in layers]
    fewest = _crossings(layers, right)
    for sweep in range(SWEEPS):
        forward = sweep % 2 == 0
        near = left if forward else right
        for layer in layers[1:] if forward else layers[-2::-1]:
            places = {item: place for other in layers for place, item in enumerate(other)}
            now = {item: place for place, item in enumerate(layer)}
            layer.sort(key=lambda item: _mean([places[other] for other in near.get(item, ())], now[item]))
        found = _crossings(layers, right)
        if found < fewest:
            fewest, best = found, [list(layer) for layer in layers]
        if not fewest:
            break
    for layer, good in zip(layers, best, strict=True):
        layer[:] = good


def _mean(values: list[int], otherwise: float) -> float:
    return sum(values) / len(values) if values else otherwise


def _crossings(layers: list[list[Item]], right: Mapping[Item, list[Item]]) -> int:
    """How many pairs of short links cross."""
    count = 0
    for layer, following in pairwise(layers):
        places = {item: place for place, item in enumerate(following)}
        seen: list[int] = []
        for item in layer:
            ends = sorted(places[target] for target in right.get(item, ()))
            count += sum(len(seen) - bisect_left(seen, end + 1) for end in ends)
            for end in ends:
                insort(seen, end)
    return count


def _heights(
    layers: list[list[Item]], chains: Sequence[tuple[Item, Item]], sizes: Mapping[str, tuple[float, float]], distance: float
) -> dict[Item, float]:
    """The top of every item: near the middle of what it is connected to, without touching its neighbours in the layer."""
    left, right = _neighbours(chains)
    high = {item: sizes[item][1] if isinstance(item, str) else BEND_HEIGHT for layer in layers for item in layer}
    tops: dict[Item, float] = {}
    for layer in layers:
        y = 0.0
        for item in layer:
            tops[item] = y
            y += high[item] + distance
    for sweep in range(SWEEPS):
        near = left if sweep % 2 == 0 else right
        for layer in layers if sweep % 2 == 0 else layers[::-1]:
            wanted = []
            for item in layer:
                others = near.get(item, ()) or (left if near is right else right).get(item, ())
                centre = [tops[other] + high[other] / 2.0 for other in others]
                wanted.append(sum(centre) / len(centre) - high[item] / 2.0 if centre else tops[item])
            tops.update(zip(layer, _apart(wanted, [high[item] + distance for item in layer]), strict=True))
    return tops


def _apart(wanted: list[float], spaces: list[float]) -> list[float]:
    """The nearest places (least squares) to those wanted, in order, each at least its space before the next: pool adjacent violators."""
    offsets = [sum(spaces[:index]) for index in range(len(spaces))]
    pools: list[tuple[float, int]] = []
    for place, offset in zip(wanted, offsets, strict=True):
        mean, count = place - offset, 1
        while pools and pools[-1][0] > mean:
            other, others = pools.pop()
            mean, count = (mean * count + other * others) / (count + others), count + others
        pools.append((mean, count))
    level = [mean for mean, count in pools for _ in range(count)]
    return [mean + offset for mean, offset in zip(level, offsets, strict=True)]
