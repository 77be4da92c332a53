"""List the plugins of this machine, and show what one of them can do.

This module knows how the listing looks. It does not know how plugins are found (`backline.catalog`) or opened
(`backline.rack.foreign`).
"""

from __future__ import annotations

import difflib
from pathlib import Path
from typing import Annotated, Any

import typer

from .output import JsonOption, UsageError, print_json, print_table, progress, remark

app = typer.Typer()


@app.callback(invoke_without_command=True)
def plugins(
    context: typer.Context,
    scan: Annotated[
        list[Path] | None, typer.Option("--scan", help="Look for VST3, AU and LV2 plugins here too. May be given again.")
    ] = None,
    rescan: Annotated[bool, typer.Option("--rescan", help="Open every plugin again, those that crashed before too.")] = False,
    json: JsonOption = False,
) -> None:
    """List every plugin: ours, installed Python packages, pedalboard's own, and VST3/AU/LV2 in the usual folders."""
    if context.invoked_subcommand is not None:
        return
    for place in scan or ():
        if not place.exists():
            raise UsageError(f"--scan: {place} does not exist")
    rows = _python_rows(rescan) + _builtin_rows() + _foreign_rows(scan or [], rescan)
    if json:
        print_json(rows)
        return
    print_table(["id", "kind", "status", "source", "what it does"], [_cells(row) for row in rows])
    broken = [row for row in rows if row["status"] not in ("enabled", "disabled_by_user")]
    if broken:
        print(f"{len(broken)} cannot be used:")
        for row in broken:
            print(f"  {row['id']} ({_source(row)}): {row['status']}: {row['message']}")


@app.command()
def info(
    plugin_id: Annotated[str, typer.Argument(metavar="ID", help='Id of a plugin: polysynth, pedalboard.Reverb, "vst3:ZamCompX2".')],
    json: JsonOption = False,
) -> None:
    """Show the parameters (range, unit, default, curve), ports, latency and limits of one plugin."""
    from .plugin_info import describe, print_description

    description = describe(plugin_id)
    if json:
        print_json(description)
    else:
        print_description(description)


def known_ids() -> list[str]:
    """Return every id that could be meant, for did-you-mean: Python plugins, built-ins, and foreign plugins already scanned."""
    from ..catalog import Catalog

    return Catalog().ids() + [row["id"] for row in _builtin_rows()]


def did_you_mean(plugin_id: str) -> str:
    """Return "did you mean X?" for a misspelt id, or where to look."""
    near = difflib.get_close_matches(plugin_id, known_ids(), 1)
    return f"did you mean {near[0]}?" if near else "`backline plugins` lists them all"


def _python_rows(rescan: bool) -> list[dict[str, Any]]:
    from ..catalog import Catalog

    catalog = Catalog(tell=remark)
    if rescan:
        catalog.retry()
    return [record.as_dict() for record in catalog.records()]


def _builtin_rows() -> list[dict[str, Any]]:
    from .plugin_info import builtin_rows

    return builtin_rows()


def _foreign_rows(places: list[Path], rescan: bool) -> list[dict[str, Any]]:
    from ..catalog import Scanner

    scanner = Scanner()
    with progress("looking into plugins", 1.0) as show:
        scanner.progress = lambda done, total, _name: show(done / total)
        return [plugin.as_dict() for plugin in scanner.scan([*places, *scanner.folders()], rescan=rescan)]


def _source(row: dict[str, Any]) -> str:
    return row.get("path") or f"{row['source']} {row['version']}".strip()


def _cells(row: dict[str, Any]) -> list[str]:
    source = f"{row['source']} {row['version']}".strip() or row.get("path", "")
    return [row["id"], row["kind"], row["status"], source, row["summary"] or row["name"]]
