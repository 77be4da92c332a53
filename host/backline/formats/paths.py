"""Paths that documents name: samples, states, nested racks. They stay beside the document that names them.

This module knows which paths a document may name and where they lead. It does not open anything.

A path is relative to its document, written with `/`, and may climb with `..` only inside the document's library: the nearest
folder above it that holds `backline.yaml` or `.git`, else the document's own folder. What looks different on another system
(drive letters, device names, backslashes) is refused everywhere, so that a preset that loads here loads there.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

LIBRARY_MARKS = ("backline.yaml", ".git")
LONGEST_PATH = 1000
_DEVICES = frozenset(("con", "prn", "aux", "nul", *(f"com{n}" for n in range(10)), *(f"lpt{n}" for n in range(10))))


class PathError(ValueError):
    """A document names a path that it may not."""


def check_relative(text: str) -> None:
    """Raise `PathError` unless `text` is a relative path that means the same on every system. Looks at no file."""
    if not text or not text.strip():
        raise PathError("the path is empty")
    if len(text) > LONGEST_PATH:
        raise PathError(f"the path has more than {LONGEST_PATH} characters")
    if any(not character.isprintable() for character in text):
        raise PathError("the path has unprintable characters")
    if "\\" in text:
        raise PathError(f"\"{text}\": folders are separated by '/', on every system")
    if text.startswith(("/", "~")) or text[1:2] == ":":
        raise PathError(f'"{text}" is an absolute path; write it relative to the document, so that it works elsewhere')
    for part in text.split("/"):
        _check_part(part, text)


def library_root(document: Path) -> Path:
    """Return the folder that the paths of a document must stay in, with all links followed."""
    folder = document.resolve().parent
    for candidate in (folder, *folder.parents):
        if any((candidate / mark).exists() for mark in LIBRARY_MARKS):
            return candidate
    return folder


def resolve_beside(document_path: Path | str, text: str) -> Path:
    """Return the file that `text` means in the document at `document_path`, with all links followed; it need not exist.

    Raises `PathError` when the path is absolute, not portable, or leads out of the document's library.
    """
    check_relative(text)
    document = Path(document_path)
    root = library_root(document)
    found = (document.resolve().parent / text).resolve()
    if not found.is_relative_to(root):
        raise PathError(f'"{text}" leads out of {root}; copy the file beside the document, or mark the library with a backline.yaml')
    return found


def _check_part(part: str, text: str) -> None:
    if part == "..":
        return
    if part in ("", "."):
        raise PathError(f'"{text}" has an empty step; write it without "./" and "//"')
    if set(unicodedata.normalize("NFKC", part)) == {"."} or part[-1] in ". ":
        raise PathError(f'"{text}": a name cannot end with a dot or a space')
    if any(character in '<>:"|?*' for character in part):
        raise PathError(f'"{text}": a name cannot have any of < > : " | ? *')
    if part.split(".", maxsplit=1)[0].rstrip().lower() in _DEVICES:
        raise PathError(f'"{text}": {part} is the name of a device on some systems')
