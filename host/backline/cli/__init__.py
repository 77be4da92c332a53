"""The command `backline`: one module `VERB_command.py` for each verb, imported only when that verb runs."""

from __future__ import annotations

from collections.abc import Sequence


def main(arguments: Sequence[str] | None = None) -> int:
    """Run `backline` with these arguments (default: the process's) and return the exit code: 0 done, 1 failed, 2 usage."""
    from .app import run

    return run(arguments)
