"""What a Linux shared library says about itself, read without loading it.

This module knows the ELF format ("Tool Interface Standard: ELF Specification", and the GNU version sections of the Linux
Standard Base). A file whose headers point beyond its end kills any process that maps it, so that is looked at first. It does
not know plugins.
"""

from __future__ import annotations

import functools
import os
import platform
import re
import struct
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

_MACHINES = {3: "i386", 8: "mips", 21: "ppc64", 40: "arm", 62: "x86_64", 183: "aarch64", 243: "riscv64"}
_NEEDED, _STRING_TABLE, _RPATH, _RUNPATH, _VERSIONS, _VERSION_COUNT = 1, 5, 15, 29, 0x6FFFFFFE, 0x6FFFFFFF
_LOAD, _DYNAMIC = 1, 2


class ElfError(Exception):
    """The file is no library that this system could map, and why."""


@dataclass(frozen=True)
class Library:
    """The facts of one shared library. `glibc` is the newest C library version it asks for, as numbers."""

    machine: str
    needed: tuple[str, ...]
    search: tuple[str, ...]
    glibc: tuple[int, ...]
    exports: frozenset[str]


def read_library(path: Path) -> Library:
    """Read the headers of a library.

    Raises:
        ElfError: no ELF library, cut off, or damaged.
    """
    size = path.stat().st_size
    with path.open("rb") as file:
        data = file.read(min(size, 64 << 20))
    if data[:4] != b"\x7fELF":
        raise ElfError("it is no Linux library")
    try:
        return _Reader(data, size).library()
    except (struct.error, IndexError, ValueError) as error:
        raise ElfError(f"its headers are damaged ({error})") from None


class _Reader:
    def __init__(self, data: bytes, size: int) -> None:
        if len(data) < 64:
            raise ElfError(f"it is cut off after {size} bytes, inside its header")
        self.data, self.size = data, size
        self.wide = data[4] == 2
        self.order = "<" if data[5] == 1 else ">"
        code = self._at("H", 18)[0]
        self.machine = _MACHINES.get(code, f"machine {code}")
        self.program, self.section = self._at("QQ", 32) if self.wide else self._at("II", 28)
        self.program_size, self.programs, self.section_size, self.sections = self._at("HHHH", 54 if self.wide else 42)

    def _at(self, form: str, offset: int) -> tuple[int, ...]:
        return struct.unpack_from(self.order + form, self.data, offset)

    def library(self) -> Library:
        segments = self._segments()
        self._check_sections()
        return self._dynamic(segments)

    def _require(self, end: int, what: str) -> None:
        if end > self.size:
            raise ElfError(f"it is cut off: {what} ends at byte {end}, the file at {self.size}")

    def _segments(self) -> list[tuple[int, int, int, int]]:
        self._require(self.program + self.programs * self.program_size, "its program table")
        found = []
        for number in range(self.programs):
            place = self.program + number * self.program_size
            if self.wide:
                kind, _, offset, address, _, length = struct.unpack_from(self.order + "IIQQQQ", self.data, place)
            else:
                kind, offset, address, _, length = struct.unpack_from(self.order + "IIIII", self.data, place)
            if kind in {_LOAD, _DYNAMIC}:
                self._require(offset + length, "a part that is mapped into memory")
            found.append((kind, offset, address, length))
        return found

    def _check_sections(self) -> None:
        # The table stands last in a file, so it shows a cut that misses only what is not mapped.
        if self.section:
            self._require(self.section + self.sections * self.section_size, "its section table")

    def _dynamic(self, segments: list[tuple[int, int, int, int]]) -> Library:
        entries: list[tuple[int, int]] = []
        form, step = ("QQ", 16) if self.wide else ("II", 8)
        for kind, offset, _, length in segments:
            if kind == _DYNAMIC:
                places = range(offset, offset + length - step + 1, step)
                entries = [struct.unpack_from(self.order + form, self.data, place) for place in places]
        table = dict(reversed(entries))

        def place_of(address: int) -> int:
            for kind, offset, start, length in segments:
                if kind == _LOAD and start <= address < start + length:
                    return offset + address - start
            raise ElfError("its dynamic table points nowhere")

        if _STRING_TABLE not in table:
            raise ElfError("it is no shared library")
        strings = place_of(table[_STRING_TABLE])

        def text(offset: int) -> str:
            end = self.data.index(b"\0", strings + offset)
            return self.data[strings + offset : end].decode("utf-8", "replace")

        search = [text(table[tag]) for tag in (_RUNPATH, _RPATH) if tag in table]
        glibc: tuple[int, ...] = ()
        if _VERSIONS in table:
            glibc = self._glibc(place_of(table[_VERSIONS]), table.get(_VERSION_COUNT, 0), text)
        exports = frozenset(name for name in ("GetPluginFactory", "VSTPluginMain", "clap_entry", "lv2_descriptor") if self._mentions(name))
        folders = tuple(folder for entry in search for folder in entry.split(":") if folder)
        return Library(self.machine, tuple(text(value) for tag, value in entries if tag == _NEEDED), folders, glibc, exports)

    def _mentions(self, name: str) -> bool:
        return b"\0" + name.encode() + b"\0" in self.data

    def _glibc(self, place: int, count: int, text: Callable[[int], str]) -> tuple[int, ...]:
        newest: tuple[int, ...] = ()
        for _ in range(count):
            _, names, _, first, following = struct.unpack_from(self.order + "HHIII", self.data, place)
            entry = place + first
            for _ in range(names):
                _, _, _, name, step = struct.unpack_from(self.order + "IHHII", self.data, entry)
                version = re.fullmatch(r"GLIBC_(\d+(?:\.\d+)*)", text(name))
                if version:
                    newest = max(newest, tuple(int(part) for part in version[1].split(".")))
                entry += step
            place += following
        return newest


def missing_libraries(path: Path, library: Library) -> list[str]:
    """Return the needed libraries that the loader would not find here."""
    own = [folder.replace("${ORIGIN}", "$ORIGIN").replace("$ORIGIN", str(path.parent)) for folder in library.search]
    folders = [Path(folder) for folder in own + os.environ.get("LD_LIBRARY_PATH", "").split(":") if folder]
    known = _known_libraries()
    return [name for name in library.needed if name not in known and not any((folder / name).exists() for folder in folders)]


@functools.cache
def _known_libraries() -> frozenset[str]:
    """Return what the loader's cache and its built-in folders hold."""
    names: set[str] = set()
    for program in ("ldconfig", "/sbin/ldconfig"):
        try:
            listing = subprocess.run([program, "-p"], capture_output=True, text=True, timeout=10, check=False).stdout
        except (OSError, subprocess.TimeoutExpired):
            continue
        names.update(line.split()[0] for line in listing.splitlines() if "=>" in line)
        break
    machine = platform.machine()
    for folder in ("/lib", "/usr/lib", "/lib64", "/usr/lib64", f"/lib/{machine}-linux-gnu", f"/usr/lib/{machine}-linux-gnu"):
        if Path(folder).is_dir():
            names.update(entry.name for entry in Path(folder).iterdir())
    return frozenset(names)


def system_glibc() -> tuple[int, ...]:
    """Return the version of this system's C library; empty where it is another one."""
    name, version = platform.libc_ver()
    return tuple(int(part) for part in version.split(".") if part.isdigit()) if name == "glibc" else ()
