"""Draw the graph of a preset as a picture.

This module knows files and options. It does not know how a graph is drawn (`backline.rack.draw`).
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

import typer

from .output import Failure, JsonOption, UsageError, print_json, remark
from .preset_source import PRESET_HELP, open_preset, preset_stem
from .render_options import RATE_HELP, checked_rate

app = typer.Typer()

STANDARD_OUTPUT = "-"


@app.command()
def graph(
    preset: Annotated[str, typer.Argument(metavar="PRESET", help=PRESET_HELP)],
    output: Annotated[
        str | None,
        typer.Option(
            "--output", "-o", metavar="FILE", help="Picture to write: .svg, or .dot for Graphviz; - prints SVG (default: PRESET.svg here)."
        ),
    ] = None,
    rate: Annotated[str, typer.Option("--rate", "-r", metavar="HZ", help=RATE_HELP)] = "48000",
    json: JsonOption = False,
) -> None:
    """Draw the graph of a preset: nodes, wires, gains, modulation, feedback, latency.

    Plugins that are not on this machine are drawn as missing.
    """
    target = target_path(output, preset, json=json)
    rate_hz = checked_rate(rate)
    from ..catalog import Catalog
    from ..rack.draw import draw_graph, graph_dot
    from ..rack.rack import Rack

    rack = Rack(open_preset(preset), rate=rate_hz, missing="silence", catalog=Catalog(tell=remark))
    try:
        flat, wired = rack.engine.flat, rack.engine.graph
        text = graph_dot(flat, wired) if target is not None and target.suffix.lower() == ".dot" else draw_graph(flat, wired)
        nodes = len(flat.nodes)
    finally:
        rack.close()
    if target is None:
        sys.stdout.write(text)
        return
    from ..formats.atomic import whole_file

    with whole_file(target) as part:
        part.write_text(text, encoding="utf-8")
    if json:
        print_json({"preset": preset, "file": target, "nodes": nodes})
    else:
        print(f"{target}: {nodes} node{'' if nodes == 1 else 's'}")


def target_path(output: str | None, preset: str, *, json: bool) -> Path | None:
    """The file to write; None for standard output. Raises UsageError or Failure for what cannot be written."""
    if output == STANDARD_OUTPUT:
        if json:
            raise UsageError("-o - prints the picture, where --json would be printed too")
        return None
    target = Path(f"{preset_stem(preset)}.svg") if output is None else Path(output)
    if target.is_dir():
        target /= f"{preset_stem(preset)}.svg"
    if target.suffix.lower() not in (".svg", ".dot"):
        raise UsageError(f"{target}: the suffix says what is drawn, and is .svg or .dot")
    if not target.parent.is_dir():
        raise Failure(f"{target}: there is no folder {target.parent}")
    return target
