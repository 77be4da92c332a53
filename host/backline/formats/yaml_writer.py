"""Dicts, lists and strings -> YAML text that the reader gives back unchanged, and that changes little when the data does.

This module knows YAML's quoting and layout. It does not know documents. What fits on a line of `WIDTH` columns stands on one
line; scalars are quoted only where they would read back differently.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import Any

WIDTH = 100

# First characters that mean something to YAML; '-', '?' and ':' only before a space, which the other rules see.
_INDICATORS = frozenset(",[]{}#&*!|>'\"%@`")
_SPECIAL = re.compile(r": |:$| #|^[-?:](?: |$)|^---|^\.\.\.|^<<$|^ | $")
_FLOW_SPECIAL = re.compile(r"[,\[\]{}:]|^[-?]")
_NUMBER_SIGN = re.compile(r"^-[0-9.a-z]")
_ESCAPES = {"\\": "\\\\", '"': '\\"', "\n": "\\n", "\t": "\\t", "\r": "\\r", "\0": "\\0"}


def write_yaml(document: dict[str, Any], open_keys: Collection[str] = ()) -> str:
    """Return the YAML text of a mapping; the entries of `open_keys` each get their own line or lines."""
    lines: list[str] = []
    for key, value in document.items():
        if key in open_keys and value and not isinstance(value, str):
            lines.append(f"{write_scalar(key)}:")
            lines += _open_entries(value)
        else:
            lines += _entry(f"{write_scalar(key)}:", value, 0)
    return "\n".join(lines) + "\n"


def write_scalar(text: str, *, flow: bool = False) -> str:
    """Return the shortest YAML scalar that reads back as `text`; `flow` says that it stands between brackets."""
    text.encode("utf-8")  # a lone surrogate raises here: no document could hold it
    plain = bool(text) and text.isprintable() and text[0] not in _INDICATORS and not _SPECIAL.search(text)
    if plain and flow:
        plain = not _FLOW_SPECIAL.search(text) or (_NUMBER_SIGN.match(text) is not None and not _FLOW_SPECIAL.search(text[1:]))
    return text if plain else '"' + "".join(_escaped(character) for character in text) + '"'


def _open_entries(value: Any) -> list[str]:
    lines: list[str] = []
    if isinstance(value, dict):
        for key, entry in value.items():
            lines += _entry(f"  {write_scalar(key)}:", entry, 2)
    else:
        for entry in value:
            lines += _entry("  -", entry, 2)
    return lines


def _entry(head: str, value: Any, indent: int) -> list[str]:
    """Return the lines of `head value`, in a line if it fits."""
    if isinstance(value, str):
        return _text_entry(head, value, indent)
    line = f"{head} {_flow(value)}"
    if len(line) <= WIDTH or not value:
        return [line]
    lines = [head]
    inner = " " * (indent + 2)
    if isinstance(value, dict):
        for key, entry in value.items():
            lines += _entry(f"{inner}{write_scalar(key)}:", entry, indent + 2)
    else:
        for entry in value:
            lines += _entry(f"{inner}-", entry, indent + 2)
    return lines


def _text_entry(head: str, text: str, indent: int) -> list[str]:
    block = _block_lines(text)
    if block is None:
        return [f"{head} {write_scalar(text)}"]
    inner = " " * (indent + 2)
    mark = "|" if text.endswith("\n") else "|-"
    return [f"{head} {mark}", *(f"{inner}{line}" if line else "" for line in block)]


def _block_lines(text: str) -> list[str] | None:
    """Return the lines of a text that can stand as a literal block, or None."""
    lines = text.removesuffix("\n").split("\n")
    if len(lines) < 2 or not lines[0] or not lines[-1]:
        return None
    if any(not line.isprintable() or (line.startswith(" ") and not line.strip()) for line in lines) or lines[0].startswith(" "):
        return None
    return lines


def _flow(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{write_scalar(key, flow=True)}: {_flow(entry)}" for key, entry in value.items()) + "}"
    if isinstance(value, list):
        return "[" + ", ".join(_flow(entry) for entry in value) + "]"
    return write_scalar(value, flow=True)


def _escaped(character: str) -> str:
    if character in _ESCAPES:
        return _ESCAPES[character]
    if character.isprintable():
        return character
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"
