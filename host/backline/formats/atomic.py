"""Files that appear whole or not at all: written beside, flushed to the disk, then put in place.

This module knows files. It does not know what is in them.
"""

from __future__ import annotations

import os
import secrets
import stat
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path


@contextmanager
def whole_file(path: Path | str) -> Iterator[Path]:
    """Give a name beside `path` to write a new file to; it takes the place of `path` when the block ends well.

    On any exception, Ctrl-C included, it vanishes and an older file stays as it was. The mode of an older file is kept. A
    link keeps pointing where it did, and what it points at is replaced. Raises `OSError` from the file system.
    """
    path = Path(path).resolve()
    beside = path.with_name(f".{path.name[:100]}.{secrets.token_hex(4)}.part")
    try:
        yield beside
        with suppress(FileNotFoundError):
            beside.chmod(stat.S_IMODE(path.stat().st_mode))
        with beside.open("rb+") as file:
            os.fsync(file.fileno())
        beside.replace(path)
    except BaseException:
        beside.unlink(missing_ok=True)
        raise
    _sync_folder(path.parent)


def write_whole(path: Path | str, text: str) -> None:
    """Write a text as UTF-8 to a file that appears whole, making its folder if need be. Raises `OSError`."""
    Path(path).parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as beside:
        beside.write_text(text, encoding="utf-8")


def _sync_folder(folder: Path) -> None:
    """Make the new name itself survive a power cut, where the system lets folders be synchronised."""
    with suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
