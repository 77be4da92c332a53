"""An SVG picture made of boxes, wires, labels and a legend.

This module knows shapes, colours and text. It does not know what they stand for.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from xml.sax.saxutils import escape, quoteattr

from .layout import Frame

Point = tuple[float, float]

MARGIN = 24.0
BOX_HEIGHT = 34.0
CHARACTER = 8.0
FONT = "-apple-system, 'Segoe UI', 'DejaVu Sans', sans-serif"
BACKGROUND, INK, FAINT, LINE = "#ffffff", "#1c2330", "#667085", "#d0d5dd"
# Fill and edge of a box by its sort.
SORTS = {
    "instrument": ("#eff4ff", "#3b6fd6"),
    "effect": ("#f1faf4", "#2f9e62"),
    "event": ("#f7f2fe", "#8250c8"),
    "modulator": ("#fff6ea", "#d97706"),
    "zone": ("#f7f2fe", "#8250c8"),
    "end": ("#344054", "#344054"),
    "missing": ("#fff1f0", "#d92d20"),
    "bus": ("#f2f4f7", "#98a2b3"),
}
# Colour, width and dashes of a wire by what flows in it; shapes differ too, so that no colour has to be told apart.
FLOWS = {
    "audio": ("#2b5cb8", 2.0, ""),
    "events": ("#8250c8", 1.6, "1.5 4"),
    "modulation": ("#c2620a", 1.5, "7 4"),
    "feedback": ("#c01048", 1.8, "9 3 2 3"),
}
_NARROW, _WIDE = frozenset("ijl.,:;'|!()[]tfr "), frozenset("mwMW@%—")


@dataclass(frozen=True)
class Label:
    """A few words on a wire."""

    text: str
    flow: str


def text_width(text: str, *, small: bool = False, bold: bool = False) -> float:
    """About how wide a text is: fonts differ, so this is generous."""
    if not text:
        return 0.0
    width = 0.0
    for character in text:
        if unicodedata.east_asian_width(character) in "WF":
            width += 14.0
        else:
            width += 4.6 if character in _NARROW else 11.6 if character in _WIDE else 8.4 if character.isupper() else 7.6
    return width * (0.86 if small else 1.0) * (1.07 if bold else 1.0)


class Picture:
    """Collects shapes; `svg` gives the whole. Coordinates begin at (0, 0); the margin comes on top."""

    def __init__(self, width: float, height: float) -> None:
        self._width, self._height = width, height
        self._wires: list[str] = []
        self._boxes: list[str] = []
        self._labels: list[str] = []
        self._taken: list[Frame] = []
        self._legend: list[tuple[str, str]] = []
        self._captions: list[str] = []

    def box(self, frame: Frame, title: str, lines: Sequence[str], sort: str, tip: str) -> None:
        """A rounded box with a title and further lines; `tip` is shown when one points at it."""
        fill, edge = SORTS.get(sort, SORTS["bus"])
        pill = sort == "end"
        dashes = ' stroke-dasharray="5 3"' if sort == "missing" else ""
        corner = frame.height / 2.0 if pill else 9.0
        shape = f'<rect x="{frame.x:.1f}" y="{frame.y:.1f}" width="{frame.width:.1f}" height="{frame.height:.1f}" rx="{corner:.1f}"'
        parts = [f"<g><title>{escape(tip)}</title>", f'{shape} fill="{fill}" stroke="{edge}" stroke-width="1.4"{dashes}/>']
        x = frame.x + frame.width / 2.0
        ink = BACKGROUND if pill else INK
        y = frame.middle - CHARACTER * len(lines) + 4.5
        parts.append(f'<text x="{x:.1f}" y="{y:.1f}" font-weight="600" fill="{ink}">{escape(title)}</text>')
        for number, line in enumerate(lines, 1):
            colour = edge if number == 1 else FAINT
            parts.append(f'<text x="{x:.1f}" y="{y + 2.0 * CHARACTER * number:.1f}" font-size="11.5" fill="{colour}">{escape(line)}</text>')
        self._boxes.append("".join(parts) + "</g>")
        self._taken.append(frame)

    def wire(self, points: Sequence[Point], flow: str) -> None:
        """A smooth line through points; it runs level at each of them, and straight between those of equal height."""
        path = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
        for (x, y), (next_x, next_y) in pairwise(points):
            if abs(y - next_y) < 0.05:
                path.append(f"H{next_x:.1f}")
            else:
                bend = (x + next_x) / 2.0
                path.append(f"C{bend:.1f} {y:.1f} {bend:.1f} {next_y:.1f} {next_x:.1f} {next_y:.1f}")
        self._path("".join(path), flow)

    def bent(self, points: Sequence[Point], flow: str) -> None:
        """A line of level and upright stretches with round corners."""
        path = [f"M{points[0][0]:.1f} {points[0][1]:.1f}"]
        for before, corner, after in zip(points, points[1:], points[2:], strict=False):
            path.append(f"L{_towards(corner, before)}Q{corner[0]:.1f} {corner[1]:.1f} {_towards(corner, after)}")
        path.append(f"L{points[-1][0]:.1f} {points[-1][1]:.1f}")
        self._path("".join(path), flow)

    def label(self, label: Label, start: Point, end: Point) -> None:
        """Words on the stretch of a wire between two points, where nothing else stands."""
        width, height = text_width(label.text, small=True) + 6.0, 16.0
        frame = None
        for share in (0.5, 0.42, 0.58, 0.34, 0.66, 0.26, 0.74):
            x, y = _on_curve(start, end, share)
            found = Frame(x - width / 2.0, y - height / 2.0, width, height)
            frame = frame or found
            if not any(_overlap(found, other) for other in self._taken):
                frame = found
                break
        assert frame is not None
        self._taken.append(frame)
        colour = FLOWS[label.flow][0]
        shape = f'<rect x="{frame.x:.1f}" y="{frame.y:.1f}" width="{width:.1f}" height="{height:.1f}" rx="4"'
        place = f'x="{frame.x + width / 2.0:.1f}" y="{frame.middle + 4.0:.1f}"'
        self._labels.append(
            f'{shape} fill="{BACKGROUND}" fill-opacity="0.92"/><text {place} font-size="11.5" fill="{colour}">{escape(label.text)}</text>'
        )

    def legend(self, flow: str, text: str) -> None:
        """Explain one stroke under the picture."""
        self._legend.append((flow, text))

    def caption(self, text: str) -> None:
        """One line of text under the picture."""
        self._captions.append(text)

    def svg(self, title: str) -> str:
        """The whole picture as SVG text."""
        foot, foot_width, foot_height = self._foot()
        width = max(self._width, foot_width, 160.0) + 2.0 * MARGIN
        height = self._height + foot_height + 2.0 * MARGIN
        return "\n".join(
            [
                f'<svg xmlns="http://www.w3.org/2000/svg" width="{width:.0f}" height="{height:.0f}" viewBox="0 0 {width:.0f} {height:.0f}"'
                f' role="img" aria-label={quoteattr(title)} font-family="{FONT}" font-size="13.5" text-anchor="middle">',
                f"<title>{escape(title)}</title>",
                f"<defs>{''.join(_arrow(flow) for flow in FLOWS)}</defs>",
                f'<rect width="100%" height="100%" rx="10" fill="{BACKGROUND}"/>',
                f'<g transform="translate({MARGIN:.0f} {MARGIN:.0f})">',
                *self._wires,
                *self._boxes,
                *self._labels,
                *foot,
                "</g>",
                "</svg>",
                "",
            ]
        )

    def _foot(self) -> tuple[list[str], float, float]:
        """Legend and captions, with their width and height."""
        if not self._legend and not self._captions:
            return [], 0.0, 0.0
        y = self._height + 30.0
        parts = [f'<g font-size="11.5" fill="{FAINT}" text-anchor="start">']
        x = widest = 0.0
        for flow, text in self._legend:
            colour, stroke, dashes = FLOWS[flow]
            style = f'stroke="{colour}" stroke-width="{stroke}"' + (
                f' stroke-dasharray="{dashes}" stroke-linecap="round"' if dashes else ""
            )
            parts.append(f'<path d="M{x:.1f} {y - 4.0:.1f}h34" fill="none" {style}/>')
            parts.append(f'<text x="{x + 42.0:.1f}" y="{y:.1f}">{escape(text)}</text>')
            x += 42.0 + text_width(text, small=True) + 22.0
            widest = x
        for text in self._captions:
            y += 18.0
            parts.append(f'<text x="0" y="{y:.1f}">{escape(text)}</text>')
            widest = max(widest, text_width(text, small=True))
        return [*parts, "</g>"], widest, y + 4.0 - self._height

    def _path(self, path: str, flow: str) -> None:
        colour, width, dashes = FLOWS[flow]
        style = f' stroke-dasharray="{dashes}" stroke-linecap="round"' if dashes else ""
        self._wires.append(f'<path d="{path}" fill="none" stroke="{colour}" stroke-width="{width}"{style} marker-end="url(#to-{flow})"/>')


def _arrow(flow: str) -> str:
    colour = FLOWS[flow][0]
    size = 'markerWidth="9" markerHeight="9" refX="8.4" refY="4.5" markerUnits="userSpaceOnUse" orient="auto"'
    return f'<marker id="to-{flow}" {size}><path d="M0 0.8 L9 4.5 L0 8.2 z" fill="{colour}"/></marker>'


def _towards(corner: Point, other: Point, radius: float = 9.0) -> str:
    """The point on the way from a corner to another point where its rounding ends."""
    across, down = other[0] - corner[0], other[1] - corner[1]
    length = max(abs(across), abs(down), 1e-9)
    reach = min(radius, length / 2.0) / length
    return f"{corner[0] + across * reach:.1f} {corner[1] + down * reach:.1f}"


def _on_curve(start: Point, end: Point, share: float) -> Point:
    """A point of the curve that `wire` draws."""
    (x, y), (next_x, next_y) = start, end
    bend = (x + next_x) / 2.0
    near, far = 1.0 - share, share
    across = near**3 * x + 3 * near * near * far * bend + 3 * near * far * far * bend + far**3 * next_x
    return across, (near**3 + 3 * near * near * far) * y + (3 * near * far * far + far**3) * next_y


def _overlap(one: Frame, other: Frame) -> bool:
    return one.x < other.right and other.x < one.right and one.y < other.y + other.height and other.y < one.y + one.height
