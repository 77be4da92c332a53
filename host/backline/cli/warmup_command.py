"""Compile the kernels of plugins and host ahead of time, so that the first render or gig does not wait for it.

This module knows options and what is printed. It does not know how kernels are compiled (`backline.rack.warm`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from .output import Failure, JsonOption, print_json, progress, remark
from .preset_source import PRESET_HELP, open_preset

if TYPE_CHECKING:
    from ..rack.warm import Warmed

app = typer.Typer()


@app.command()
def warmup(
    presets: Annotated[list[str] | None, typer.Argument(metavar="[PRESET...]", help=PRESET_HELP)] = None,
    json: JsonOption = False,
) -> None:
    """Compile kernels into the cache: of every Python plugin, or of the presets named, and the host's own.

    Nothing is compiled that is there already. A kernel is compiled once for each version of its plugin, of Backline and of the processor.
    """
    from ..catalog import Catalog
    from ..rack.warm import all_plugins, host_kernels, plugins_of, warm
    from ..sdk.kernels import cache_folder

    started = time.perf_counter()
    if presets:
        plugins = [plugin for preset in presets for plugin in plugins_of(open_preset(preset))]
    else:
        plugins = all_plugins(Catalog(tell=remark))
    folder = cache_folder()
    if folder is None or not os.access(folder, os.W_OK):
        raise Failure(
            f"compiled kernels cannot be kept in {folder or 'the cache folder'}: it is not a folder that only you can write to; "
            "the variable BACKLINE_KERNEL_CACHE names another one"
        )
    names = list(dict.fromkeys([*host_kernels(), *plugins]))
    with progress("compiling", len(names)) as show:
        done = warm(names, show)
    taken = time.perf_counter() - started
    if json:
        new = sum(item.status == "new" for item in done)
        print_json({"folder": folder, "new": new, "time_seconds": round(taken, 3), "kernels": [vars(item) for item in done]})
    else:
        print("\n".join(lines(done, taken)))
    if any(item.status == "failed" for item in done):
        raise typer.Exit(1)


def lines(done: Sequence[Warmed], taken: float) -> list[str]:
    """What people read: what is new, what failed, and a count of the rest."""
    shown = [f"{item.name}: compiled in {item.seconds:.1f} s" for item in done if item.status == "new"]
    shown += [f"{item.name}: failed: {item.message}" for item in done if item.status == "failed"]
    counts = {status: sum(item.status == status for item in done) for status in ("new", "kept", "failed")}
    words = [f"{counts['new']} new", f"{counts['kept']} were there"] + ([f"{counts['failed']} failed"] if counts["failed"] else [])
    return [*shown, f"kernels: {', '.join(words)}, in {taken:.1f} s"]
