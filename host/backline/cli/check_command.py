"""Check presets: everything that is wrong with each, and what to know about it on this machine.

This module knows how findings are shown. It does not know what is wrong when (`backline.formats` and `backline.rack` do).
"""

from __future__ import annotations

from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from .output import Failure, JsonOption, print_json, remark
from .preset_source import PRESET_HELP, STANDARD, open_preset
from .render_options import BLOCK_HELP, RATE_HELP, checked_block, checked_rate

if TYPE_CHECKING:
    from ..formats.errors import DocumentError, Problem
    from ..rack.engine import Engine

app = typer.Typer()


@dataclass
class Finding:
    """One problem or warning of a file, with its place where there is one. `shown` is the whole block for people."""

    message: str
    shown: str
    hint: str | None = None
    file: str = ""
    line: int = 0
    column: int = 0


@dataclass
class Report:
    """What there is to say about one file. Latency is in frames, the tail in seconds."""

    file: str
    problems: list[Finding] = field(default_factory=list)
    warnings: list[Finding] = field(default_factory=list)
    limits: list[str] = field(default_factory=list)
    name: str = ""
    nodes: int = 0
    outputs: list[str] = field(default_factory=list)
    latency_frames: int = 0
    latency_seconds: float = 0.0
    tail_seconds: float = 0.0

    @property
    def good(self) -> bool:
        """Whether it can be used."""
        return not self.problems


@app.command()
def check(
    files: Annotated[list[str], typer.Argument(metavar="FILE...", help=PRESET_HELP)],
    rate: Annotated[str, typer.Option("--rate", "-r", metavar="HZ", help=RATE_HELP)] = "48000",
    block: Annotated[int | None, typer.Option("--block", "-b", metavar="FRAMES", help=BLOCK_HELP)] = None,
    json: JsonOption = False,
) -> None:
    """Check presets as if they were to sound: documents, wires, values, plugins.

    Shows every problem and every warning of each file with its line, and for a good one its latency, its tail and what the hosts of its
    plugins cannot do. The exit code is 1 if any file has a problem.
    """
    rate_hz, block_frames = checked_rate(rate), checked_block(block) or 512
    reports = [examine(file, rate_hz, block_frames) for file in dict.fromkeys(files)]
    bad = sum(not report.good for report in reports)
    if json:
        print_json({"ok": not bad, "files": [_plain(report) for report in reports]})
    else:
        for report in reports:
            print("\n".join(lines(report, rate_hz)))
        if len(reports) > 1:
            print(f"{len(reports)} files, {bad or 'none'} with problems")
    if bad:
        raise typer.Exit(1)


def examine(file: str, rate: int, block: int) -> Report:
    """Load one preset fully and let it go again."""
    from ..catalog import Catalog, CatalogError
    from ..formats.errors import DocumentError
    from ..rack.engine import Engine

    report = Report("standard input" if file == STANDARD else file)
    try:
        document = open_preset(file)
        report.name = document.preset.name or ""
        engine = Engine(document, rate, block, catalog=Catalog(tell=remark))
    except DocumentError as error:
        report.problems = list(_findings(error))
    except (Failure, CatalogError) as error:
        report.problems = [Finding(str(error), str(error))]
    except OSError as error:
        text = f"{file}: {error.strerror or error}"
        report.problems = [Finding(text, text)]
    else:
        try:
            _describe(report, engine)
        finally:
            engine.close()
    return report


def lines(report: Report, rate: int) -> list[str]:
    """What people read about one file."""
    shown = [finding.shown for finding in report.problems]
    shown += [finding.shown for finding in report.warnings]
    if report.good:
        late = f"{report.latency_frames} frames" + (f" ({1000.0 * report.latency_seconds:.1f} ms)" if report.latency_frames else "")
        outputs = f", also {', '.join('out:' + name for name in report.outputs)}" if report.outputs else ""
        plural = "" if report.nodes == 1 else "s"
        shown.append(f"{report.file}: good")
        shown.append(f"    {report.nodes} node{plural}{outputs}; latency {late} at {rate} Hz; tail {report.tail_seconds:.2g} s")
        shown += [f"    note: {limit}" for limit in report.limits]
    else:
        count = len(report.problems)
        shown.append(f"{report.file}: {count} problem{'' if count == 1 else 's'}")
    return shown


def _findings(error: DocumentError) -> list[Finding]:
    from ..formats.errors import pick_lines, show_problem

    found = []
    for one in (error, *error.others):
        texts = pick_lines(one.source_text, {problem.place.line for problem in one.problems})
        found += [_finding(problem, show_problem(problem, texts.get(problem.place.line))) for problem in one.problems]
    return found


def _finding(problem: Problem, shown: str) -> Finding:
    place = problem.place
    return Finding(problem.message, shown, problem.hint, place.file, place.line, place.column)


def _describe(report: Report, engine: Engine) -> None:
    from ..formats.errors import Problem, pick_lines, show_problem

    texts = {item.origin.document.name: item.origin.document.text for item in (*engine.flat.nodes.values(), *engine.flat.racks.values())}
    texts[engine.flat.document.name] = engine.flat.document.text
    for problem in engine.warnings.all():
        place = problem.place
        line = pick_lines(texts.get(place.file, ""), {place.line}).get(place.line)
        shown = show_problem(Problem(place, f"warning: {problem.message}", problem.hint), line)
        report.warnings.append(_finding(problem, shown))
    report.nodes = len(engine.flat.nodes)
    report.outputs = [name.partition(":")[2] for name in engine.graph.outs if ":" in name]
    report.latency_frames, report.tail_seconds = engine.latency, engine.tail
    report.latency_seconds = engine.latency / engine.rate
    report.limits = limits(engine)


def limits(engine: Engine) -> list[str]:
    """What the hosts of foreign plugins cannot do, as far as this preset would use it."""
    from ..rack.foreign_node import ForeignNode
    from .plugin_info import BUILTIN_LIMITS, MINIHOST_LIMITS, PEDALBOARD_LIMITS

    driven = {sweep.node.name for knob in engine.knobs.macros.values() for sweep in knob.sweeps}
    driven |= {control.sweep.node.name for control in engine.knobs.controls if control.sweep is not None}
    driven |= {edge.target.name for edge in engine.graph.modulation}
    played = {edge.target.name for edge in engine.graph.events}
    found = []
    for name, flat in engine.flat.nodes.items():
        node = engine.graph.by_name[name]
        if not isinstance(node, ForeignNode):
            continue
        moved = name in driven or name in played
        if flat.node.plugin.startswith("pedalboard."):
            said: tuple[str, ...] = BUILTIN_LIMITS if moved else ()
        elif node.plugin.backend == "minihost":
            said = MINIHOST_LIMITS if name in played else ()
        else:
            said = PEDALBOARD_LIMITS if moved else PEDALBOARD_LIMITS[1:]
        found += [f"{name} ({flat.node.plugin}, hosted by {node.plugin.backend}): {limit}" for limit in said]
    return found


def _plain(report: Report) -> dict[str, Any]:
    plain = asdict(report)
    for finding in (*plain["problems"], *plain["warnings"]):
        del finding["shown"]
    return {"ok": report.good, **plain}
