"""What verbs print: tables and lines for people, JSON for machines, progress on stderr.

This module knows terminals. It does not know what is shown. Results go to stdout; progress and remarks go to stderr, so that
a pipe sees results only. rich is imported only when something needs it.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Any, TypeAlias

import typer

if TYPE_CHECKING:
    from rich.console import Console

JsonOption: TypeAlias = Annotated[bool, typer.Option("--json", help="Print JSON for machines.")]
PIPE_WIDTH = 160


class Failure(Exception):
    """The verb cannot do what was asked; the text is for the user. Exit code 1."""


class UsageError(Failure):
    """What was asked makes no sense, before anything was tried. Exit code 2."""

    exit_code = 2
    ctx = None

    def format_message(self) -> str:
        """Return the text, as typer's own usage errors do."""
        return str(self)


def print_json(value: Any) -> None:
    """Print plain values as JSON. Paths and enums become text; NaN and infinities, which JSON lacks, become null."""
    print(json.dumps(_plain(value), indent=2, ensure_ascii=False))


def print_table(columns: Sequence[str], rows: Sequence[Sequence[str]], *, title: str = "") -> None:
    """Print a table to stdout; long cells fold, nothing is cut off."""
    from rich import box
    from rich.table import Table
    from rich.text import Text

    table = Table(title=title or None, title_justify="left", box=box.SIMPLE_HEAD, pad_edge=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    for row in rows:
        table.add_row(*(Text(cell) for cell in row))
    console().print(table)


def remark(text: str) -> None:
    """Print one line to stderr, beside the results."""
    print(text, file=sys.stderr)


def console(*, errors: bool = False) -> Console:
    """Return a rich console on stdout, or on stderr; outside a terminal it is wide and plain."""
    from rich.console import Console

    stream = sys.stderr if errors else sys.stdout
    return Console(file=stream, width=None if stream.isatty() else PIPE_WIDTH, highlight=False, markup=False)


@contextmanager
def progress(what: str, total: float | None = None) -> Iterator[Callable[[float], None]]:
    """Show a bar on stderr while something long runs; call the given function with how far it is (0..total).

    Without a terminal nothing is shown. The bar disappears at the end, also after an error or Ctrl-C.
    """
    if not sys.stderr.isatty():
        yield lambda _position: None
        return
    from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=console(errors=True), transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda position: bar.update(task, completed=position)


def _plain(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(item) for item in (sorted(value, key=str) if isinstance(value, (set, frozenset)) else value)]
    if value is None or isinstance(value, (bool, int)):
        return value
    if isinstance(value, float):
        return value if value - value == 0.0 else None
    if hasattr(value, "tolist"):
        return _plain(value.tolist())  # numbers and arrays of numpy
    return str(value)
