"""Run the command: parse, call the verb, and turn every way it can end into one clear line and an exit code.

This module knows exit codes and how failures are told. It does not know what any verb does.

Exit codes: 0 done, 1 failed, 2 wrong usage, 130 stopped by Ctrl-C, 143 stopped by SIGTERM. With `--json` a failure is also
printed to stdout as {"error": text}.
"""

from __future__ import annotations

import os
import platform
import signal
import sys
import threading
import time
import traceback
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
import typer.main

from .output import Failure, print_json
from .verbs import VerbGroup

app = typer.Typer(
    cls=VerbGroup, add_completion=True, pretty_exceptions_enable=False, context_settings={"help_option_names": ["-h", "--help"]}
)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"backline {installed_version()}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def backline(
    context: typer.Context,
    _version: Annotated[
        bool, typer.Option("--version", callback=_print_version, is_eager=True, help="Print the version and exit.")
    ] = False,
) -> None:
    """Host effects and instruments, play them on stage, and render whole songs."""
    if context.invoked_subcommand is None:
        print(context.get_help())
        raise typer.Exit(2)


def installed_version() -> str:
    """Return the version of the installed distribution, or "(not installed)" in a bare source tree."""
    from importlib import metadata

    try:
        return metadata.version("backline")
    except metadata.PackageNotFoundError:
        return "(not installed)"


def run(arguments: Sequence[str] | None = None) -> int:
    """Run one command line and return its exit code; nothing but a real crash gets out of here."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    for stream in (sys.stdout, sys.stderr):
        if hasattr(stream, "reconfigure"):
            stream.reconfigure(errors="replace")
    if threading.current_thread() is threading.main_thread():
        signal.signal(signal.SIGTERM, _stop)
    machine = "--json" in given
    try:
        code = typer.main.get_command(app).main(given, prog_name="backline", standalone_mode=False)
        sys.stdout.flush()
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else int(end.code is not None)
    except (KeyboardInterrupt, typer.Abort):
        print("stopped", file=sys.stderr)
        return 130
    except BrokenPipeError:
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 1
    except Exception as error:  # noqa: BLE001 - this is the last place that can tell the user
        text, exit_code = tell(error, given)
        print(f"error: {text}", file=sys.stderr)
        if machine:
            print_json({"error": text})
        return exit_code
    return code if isinstance(code, int) else 0


def tell(error: Exception, arguments: Sequence[str]) -> tuple[str, int]:
    """Return what to say about a failure, and the exit code for it."""
    if hasattr(error, "format_message"):  # typer's own errors: wrong options, missing arguments
        context = getattr(error, "ctx", None)
        help_hint = f" (see {context.command_path} --help)" if context is not None else ""
        return error.format_message().rstrip(".") + help_hint, int(getattr(error, "exit_code", 2))
    if isinstance(error, OSError) and error.strerror:
        names = " -> ".join(str(name) for name in (error.filename, error.filename2) if name is not None)
        return (f"{names}: " if names else "") + error.strerror, 1
    if isinstance(error, OSError) and error.args:
        return str(error), 1  # without a number it was raised with a text of ours
    if isinstance(error, Failure) or type(error).__module__.partition(".")[0] == "backline":
        return str(error), 1  # our own errors are written for the user
    if isinstance(error, MemoryError):
        return "there is not enough memory for this", 1
    lines = str(error).strip().splitlines()
    text = f"unexpected {type(error).__name__}" + (f": {lines[0]}" if lines else "")
    report = write_report(error, arguments)
    return (f"{text}\nThis is a fault of Backline or of a plugin; the full report is in {report}" if report else text), 1


def write_report(error: BaseException, arguments: Sequence[str]) -> Path | None:
    """Write the full story of an unexpected error into the cache folder; None if that cannot be written."""
    from ..catalog.folders import cache_folder
    from ..formats.atomic import write_whole

    path = cache_folder() / "reports" / f"{time.strftime('%Y-%m-%d-%H%M%S')}-{os.getpid()}.txt"
    story = "".join(traceback.format_exception(error))
    head = f"backline {installed_version()}, Python {platform.python_version()}, {platform.platform()}\nbackline {' '.join(arguments)}\n\n"
    try:
        write_whole(path, head + story)
    except OSError:
        return None
    return path


def _stop(_signal: int, _frame: Any) -> None:
    raise SystemExit(143)
