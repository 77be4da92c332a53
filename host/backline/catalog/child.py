"""Run a Python module in a child process that may crash, hang or print without harming us.

This module knows processes: time limits, process groups, cancelling, and that children must not outlive their parent. It
does not know what runs in them. `python -m backline.catalog.child PARENT MODULE ARGUMENT...` is the child's side.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

STEP_SECONDS = 0.05
TAIL_BYTES = 4000


@dataclass(frozen=True, slots=True)
class ChildEnd:
    """How a child ended. `code` is its exit code, negative for a signal; `errors` the end of what it wrote to stderr."""

    code: int
    timed_out: bool
    errors: str

    @property
    def reason(self) -> str:
        """Say how it ended in words: "killed by SIGSEGV", "ended with exit code 7", "took longer than the time limit"."""
        if self.timed_out:
            return "took longer than the time limit"
        if self.code < 0:
            with contextlib.suppress(ValueError):
                return f"killed by {signal.Signals(-self.code).name}"
        return f"ended with exit code {self.code}"

    @property
    def exception(self) -> str:
        """Return the last line of the Python exception that ended it in good order, "" if it ended in another way."""
        if self.code == 1 and "Traceback (most recent call last)" in self.errors:
            return self.errors.strip().splitlines()[-1]
        return ""


class CancelledError(Exception):
    """The caller asked to stop before the child ended."""


def run_child(
    module: str,
    arguments: Sequence[str],
    *,
    seconds: float,
    variables: Mapping[str, str] | None = None,
    cancel: threading.Event | None = None,
) -> ChildEnd:
    """Run `python -m module arguments...` for at most `seconds`, then kill it with all its children.

    The child sees our `sys.path` and nothing on stdin; what it prints is thrown away. Raises CancelledError once `cancel` is
    set, OSError if no process can be started.
    """
    environment = dict(os.environ)
    environment.update(variables or {})
    environment["PYTHONPATH"] = os.pathsep.join(entry or str(Path.cwd()) for entry in sys.path)
    command = [sys.executable, "-P", "-m", "backline.catalog.child", str(os.getpid()), module, *arguments]
    with tempfile.TemporaryFile() as errors:
        process = subprocess.Popen(
            command,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=errors,
            env=environment,
            start_new_session=True,
        )
        try:
            timed_out = not _wait(process, seconds, cancel)
        finally:
            _kill(process)
        errors.seek(max(0, errors.seek(0, os.SEEK_END) - TAIL_BYTES))
        text = errors.read().decode("utf-8", "replace")
    return ChildEnd(process.returncode, timed_out, text)


def _wait(process: subprocess.Popen[bytes], seconds: float, cancel: threading.Event | None) -> bool:
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        if cancel is not None and cancel.is_set():
            raise CancelledError
        with contextlib.suppress(subprocess.TimeoutExpired):
            process.wait(min(STEP_SECONDS, max(0.0, limit - time.monotonic())))
            return True
    return False


def _kill(process: subprocess.Popen[bytes]) -> None:
    if hasattr(os, "killpg"):
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(process.pid, signal.SIGKILL)
    if process.poll() is None:
        process.kill()
    process.wait()


def die_with(parent: int) -> None:
    """Make this process end when process `parent`, which started it, ends, however that happens."""
    if sys.platform == "linux":
        import ctypes

        with contextlib.suppress(OSError, AttributeError):
            ctypes.CDLL(None).prctl(1, signal.SIGKILL, 0, 0, 0)  # 1 = PR_SET_PDEATHSIG
    threading.Thread(target=_watch_parent, args=(parent,), daemon=True).start()


def _watch_parent(parent: int) -> None:
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


def _no_core_file() -> None:
    with contextlib.suppress(ImportError, ValueError, OSError):
        import resource

        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def main() -> None:
    """Run the module named on the command line as a program, ending when the parent ends."""
    import runpy

    parent, module, *arguments = sys.argv[1:]
    if sys.platform != "win32":
        die_with(int(parent))
    _no_core_file()
    sys.argv = [module, *arguments]
    runpy.run_module(module, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    main()
