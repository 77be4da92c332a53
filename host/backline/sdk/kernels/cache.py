"""Keep compiled kernels as object files, so that a start needs no compiler and no numba.

This module knows keys, files and their integrity. It does not know how kernels are written or run.

A kernel's key is a hash of the bytecode of the author's function and of all that it calls, of its binding, of this package's generator,
and of Python, numba, LLVM and processor. Files live in a folder of the user's own (mode 0700). A file that is damaged is made
again; a folder that cannot be used is done without: nothing here is ever fatal.
"""

from __future__ import annotations

import hashlib
import json
import os
import stat
import sys
import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

from . import loader
from .binding import Binding

MAGIC = b"backline kernel 1\n"


def cache_folder() -> Path | None:
    """The folder of compiled kernels, made if need be; None when no safe folder can be had.

    `BACKLINE_KERNEL_CACHE` names another one; `BACKLINE_HOME` moves it with everything else.
    """
    given = os.environ.get("BACKLINE_KERNEL_CACHE")
    home = os.environ.get("BACKLINE_HOME")
    if given:
        folder = Path(given)
    elif home:
        folder = Path(home) / "cache" / "kernels"
    else:
        from platformdirs import user_cache_path

        folder = user_cache_path("backline", appauthor=False) / "kernels"
    try:
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if not _is_private(folder):
            folder.chmod(0o700)
        return folder if _is_private(folder) else None
    except OSError:
        return None


def _is_private(folder: Path) -> bool:
    """Nobody else may put machine code where we load it from."""
    if not hasattr(os, "getuid"):
        return True
    status = folder.stat()
    return status.st_uid == os.getuid() and not stat.S_IMODE(status.st_mode) & 0o022


@cache
def _surroundings() -> bytes:
    """Everything besides the author's code that can change the machine code."""
    import llvmlite
    import llvmlite.binding as llvm

    digest = hashlib.sha256()
    folder = Path(__file__).parent
    for name in ("binding", "block", "compile", "contract", "core", "generate", "narrow", "source", "stages", "versions", "voice"):
        digest.update((folder / f"{name}.py").read_bytes())
    features = llvm.get_host_cpu_features().flatten()
    compilers = (sys.version, _numba_version(Path(llvmlite.__file__).parents[1]), llvmlite.__version__)
    digest.update(repr((*compilers, llvm.get_host_cpu_name(), features)).encode())
    return digest.digest()


def _numba_version(packages: Path) -> str:
    """The version of numba, from its folder's name: importing it, or importlib.metadata, takes longer than all else here."""
    found = sorted(folder.name for folder in packages.glob("numba-*.dist-info"))
    if found:
        return found[-1]
    from importlib import metadata

    return metadata.version("numba")


def kernel_key(fingerprint: str, binding: Binding | None) -> str:
    """The name under which a kernel is kept."""
    digest = hashlib.sha256(_surroundings())
    digest.update(fingerprint.encode())
    digest.update(repr(binding).encode())
    return digest.hexdigest()[:40]


def read(key: str) -> tuple[bytes, str] | None:
    """Return (object file, entry name) of a kept kernel, or None when there is none or it is damaged."""
    folder = cache_folder()
    if folder is None:
        return None
    path = folder / f"{key}.kernel"
    try:
        data = path.read_bytes()
    except OSError:
        return None
    head, _, rest = data.partition(b"\n\n")
    if not head.startswith(MAGIC):
        return None
    try:
        about: Any = json.loads(head[len(MAGIC) :])
    except ValueError:
        return None
    if not isinstance(about, dict) or "entry" not in about or hashlib.sha256(rest).hexdigest() != about.get("sha256"):
        return None
    return rest, str(about["entry"])


def write(key: str, machine_code: bytes, entry: str) -> None:
    """Keep a kernel; a folder that cannot be written is ignored."""
    folder = cache_folder()
    if folder is None:
        return
    about = json.dumps({"entry": entry, "sha256": hashlib.sha256(machine_code).hexdigest()})
    try:
        handle, name = tempfile.mkstemp(dir=folder, suffix=".part")
        try:
            with os.fdopen(handle, "wb") as file:
                file.write(MAGIC + about.encode() + b"\n\n" + machine_code)
            Path(name).replace(folder / f"{key}.kernel")
        except BaseException:
            Path(name).unlink(missing_ok=True)
            raise
    except OSError:
        return


_loaded: dict[str, int] = {}
compiled_count = 0


def kernel_address(fingerprint: str, binding: Binding | None, text: Callable[[], str]) -> int:
    """The address of a kernel in this process: already loaded, kept from an earlier start, or compiled now.

    `text` is called only when it has to be compiled. Raises KernelError for what a kernel cannot hold.
    """
    global compiled_count
    key = kernel_key(fingerprint, binding)
    if key in _loaded:
        return _loaded[key]
    kept = read(key)
    if kept is not None:
        try:
            _loaded[key] = loader.load(*kept)
            return _loaded[key]
        except (RuntimeError, ValueError):
            kept = None
    from .compile import compile_text

    machine_code, entry = compile_text(text())
    compiled_count += 1
    write(key, machine_code, entry)
    _loaded[key] = loader.load(machine_code, entry)
    return _loaded[key]
