"""Removes from audio files what differs from run to run, so that equal renders are equal files.

This module knows the two places where libsndfile writes the time or a random number: the PEAK chunk of float WAV and AIFF
files, and the serial number of an Ogg stream. It does not know audio.

Sources: libsndfile (chunk layout: version, time stamp, then peaks); RFC 3533 for Ogg pages and their checksum.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

_OGG_POLYNOMIAL = 0x04C11DB7
_OGG_HEADER = 27
_LONGEST_PAGE = _OGG_HEADER + 255 + 255 * 255


def make_repeatable(path: Path) -> None:
    """Settle the file at `path` in place; files of other kinds stay as they are."""
    with path.open("r+b") as file:
        magic = file.read(4)
        if magic == b"OggS":
            _settle_ogg(file)
        elif magic in (b"RIFF", b"FORM"):
            _settle_peak(file, "<" if magic == b"RIFF" else ">")


def _settle_peak(file: BinaryIO, order: str) -> None:
    """Set the time stamp of the PEAK chunk to 0."""
    position = 12
    while True:
        file.seek(position)
        header = file.read(8)
        if len(header) < 8:
            return
        name, size = struct.unpack(f"{order}4sI", header)
        if name == b"PEAK":
            file.seek(position + 12)
            file.write(bytes(4))
            return
        position += 8 + size + size % 2


def _settle_ogg(file: BinaryIO) -> None:
    """Give the only stream a serial number made from its contents.

    The page checksum is linear: when the four bytes of the serial number change by some bits, it changes by the checksum of
    just these bits followed by as many zeros as the page has bytes behind them. So no page is summed up again.
    """
    contents = 0
    pages = list(_ogg_pages(file))
    for position, header_size, size in pages:
        file.seek(position + header_size)
        contents = zlib.crc32(file.read(size - header_size), contents)
    changes: list[int] = []
    for position, _, size in pages:
        file.seek(position + 14)
        serial, number, checksum = struct.unpack("<III", file.read(12))
        changes = changes or _checksums_with_zeros(struct.pack("<I", serial ^ contents), _LONGEST_PAGE)
        file.seek(position + 14)
        file.write(struct.pack("<III", contents, number, checksum ^ changes[size - 18]))


def _ogg_pages(file: BinaryIO) -> Iterator[tuple[int, int, int]]:
    """Yield (position, size of the header, size) of each page."""
    position = 0
    while True:
        file.seek(position)
        header = file.read(_OGG_HEADER)
        if len(header) < _OGG_HEADER or header[:4] != b"OggS":
            return
        segments = file.read(header[26])
        header_size = _OGG_HEADER + len(segments)
        size = header_size + sum(segments)
        yield position, header_size, size
        position += size


def _checksums_with_zeros(data: bytes, most: int) -> list[int]:
    """Return the Ogg checksums of `data` followed by 0, 1, 2 ... `most` zero bytes."""
    table = []
    for value in range(256):
        remainder = value << 24
        for _ in range(8):
            remainder = (remainder << 1) ^ (_OGG_POLYNOMIAL if remainder & 0x80000000 else 0)
        table.append(remainder & 0xFFFFFFFF)
    checksum = 0
    for byte in data:
        checksum = (checksum << 8 & 0xFFFFFFFF) ^ table[checksum >> 24 ^ byte]
    checksums = [checksum]
    for _ in range(most):
        checksum = (checksum << 8 & 0xFFFFFFFF) ^ table[checksum >> 24]
        checksums.append(checksum)
    return checksums
