"""Compile kernels ahead of time, so that no rack has to wait for a compiler when it is loaded.

This module knows which kernels the host and the plugins have. It does not know how they are compiled or kept (`backline.sdk.kernels`).
`python -m backline.rack.warm FILE NAME...` is the child's side: it writes a line of JSON to FILE before and after each kernel.
"""

from __future__ import annotations

import json
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from backline.catalog import Catalog, CatalogError
from backline.catalog.child import ChildEnd, run_child
from backline.formats.loudness import LoudnessMeter
from backline.sdk.kernels import KernelError, cache
from backline.sdk.kernels.core import TEXTS, core_kernel

from .expand import Problems, expand
from .resolve import FOREIGN_PREFIXES

if TYPE_CHECKING:
    from backline.formats.preset_file import LoadedPreset

PROCESSES = 2
SECONDS_A_KERNEL = 120.0
STEP_SECONDS = 0.1
HOST = "host/"
LOUDNESS = f"{HOST}loudness"

Status = Literal["new", "kept", "none", "failed"]


@dataclass(frozen=True)
class Warmed:
    """One kernel: `new` (compiled now), `kept` (it was there), `none` (the plugin has none) or `failed` (`message` says why)."""

    name: str
    status: Status
    seconds: float = 0.0
    message: str = ""


def host_kernels() -> list[str]:
    """Names of the kernels every rack may need."""
    return [*(HOST + name for name in TEXTS), LOUDNESS]


def all_plugins(catalog: Catalog) -> list[str]:
    """Ids of every Python plugin that can be used."""
    return catalog.ids()


def plugins_of(document: LoadedPreset) -> list[str]:
    """Ids of the Python plugins that a preset and the racks nested in it use. Raises DocumentError when a nested rack cannot be read."""
    problems = Problems()
    flat = expand(document, problems)
    problems.stop()
    addresses = (item.node.plugin for item in flat.nodes.values())
    return list(dict.fromkeys(address for address in addresses if not address.startswith(FOREIGN_PREFIXES)))


def warm(names: Iterable[str], tell: Callable[[int], None] = lambda _done: None, processes: int = PROCESSES) -> list[Warmed]:
    """Compile what is not kept yet, in child processes side by side; `tell` hears how many kernels are done.

    A plugin that fails, or takes its process with it, is reported and does not stop the others.
    """
    waiting = list(dict.fromkeys(names))
    cancel = threading.Event()
    with tempfile.TemporaryDirectory() as folder, ThreadPoolExecutor(processes) as pool:
        batches = [batch for start in range(processes) if (batch := waiting[start::processes])]
        files = [Path(folder) / str(number) for number in range(len(batches))]
        running = [pool.submit(_batch, batch, file, cancel) for batch, file in zip(batches, files, strict=True)]
        try:
            _watch(running, files, tell)
        except BaseException:
            cancel.set()
            raise
        found = {item.name: item for future in running for item in future.result()}
    return [found[name] for name in waiting]


def _watch(running: Sequence[Future[list[Warmed]]], files: Sequence[Path], tell: Callable[[int], None]) -> None:
    while wait(running, STEP_SECONDS).not_done:
        tell(sum(1 for file in files for line in _lines(file) if "status" in line))


def _batch(names: list[str], file: Path, cancel: threading.Event) -> list[Warmed]:
    """Warm some kernels in one child; when it dies, go on behind the one that killed it."""
    found: list[Warmed] = []
    left = list(names)
    while left:
        end = run_child("backline.rack.warm", [str(file), *left], seconds=SECONDS_A_KERNEL * len(left), cancel=cancel)
        lines = list(_lines(file))
        done = {line["name"]: Warmed(**line) for line in lines if "status" in line}
        found += [done[name] for name in left if name in done]
        left = [name for name in left if name not in done]
        if left:
            started = lines[-1].get("begun") if lines else None
            culprit = started if started in left else left[0]
            found.append(Warmed(culprit, "failed", message=_why(end)))
            left.remove(culprit)
    return found


def _why(end: ChildEnd) -> str:
    return f"its process {end.reason}" if not end.exception else end.exception


def _lines(file: Path) -> Iterator[dict[str, Any]]:
    """The whole lines written so far."""
    try:
        text = file.read_text(encoding="utf-8")
    except FileNotFoundError:
        return
    for line in text.split("\n")[:-1]:
        yield json.loads(line)


def warm_one(name: str) -> Warmed:
    """Make sure that one kernel is compiled and kept, in this process."""
    started = time.perf_counter()
    before = cache.compiled_count
    try:
        address = _compile(name)
    except (CatalogError, KernelError) as error:
        return Warmed(name, "failed", message=str(error))
    except Exception as error:  # noqa: BLE001 - a plugin of anybody's may raise anything
        return Warmed(name, "failed", message=f"{type(error).__name__}: {error}")
    status: Status = "none" if not address else "new" if cache.compiled_count > before else "kept"
    return Warmed(name, status, round(time.perf_counter() - started, 3))


def _compile(name: str) -> int:
    if name == LOUDNESS:
        LoudnessMeter(48000, 1)
        return 1
    if name.startswith(HOST):
        return core_kernel(name.removeprefix(HOST))
    return Catalog().plugin(name).compile()


def main(arguments: Sequence[str]) -> None:
    """Warm the kernels named after the file."""
    file, *names = arguments
    with Path(file).open("a", encoding="utf-8", buffering=1) as out:
        for name in names:
            out.write(json.dumps({"begun": name}) + "\n")
            done = warm_one(name)
            out.write(json.dumps(vars(done)) + "\n")


if __name__ == "__main__":
    main(sys.argv[1:])
