"""States and presets of foreign plugins as bytes and files.

This module knows three containers: JUCE's host state of a VST3 plugin (`VC2!` and XML), `.vstpreset` files, and our own JSON for
pedalboard's built-ins. It does not know any plugin. Layout of `.vstpreset`: VST 3 SDK, "VST 3 Preset File Format".
"""

from __future__ import annotations

import json
import math
import struct
from pathlib import Path
from xml.etree import ElementTree as ET

from backline.formats.atomic import whole_file
from backline.rack.foreign.errors import ForeignStateError

_JUCE_MAGIC = b"VC2!"
_PRESET_MAGIC = b"VST3"


def check_host_state(plugin: str, data: bytes) -> None:
    """Refuse bytes that are no host state of a VST3 plugin; hosts would ignore them without a word.

    Raises:
        ForeignStateError: with the reason.
    """
    if not data.startswith(_JUCE_MAGIC) or len(data) < 9:
        raise ForeignStateError(f"{plugin}: {len(data)} bytes that are no plugin state")
    (length,) = struct.unpack_from("<I", data, 4)
    text = data[8 : 8 + length].rstrip(b"\0")
    if len(data) < 8 + length - 1:
        raise ForeignStateError(f"{plugin}: the state is cut off: {len(data)} bytes of {8 + length}")
    if b"<!DOCTYPE" in text or b"<!ENTITY" in text:
        raise ForeignStateError(f"{plugin}: the state holds XML declarations that no plugin writes")
    try:
        root = ET.fromstring(text.decode("utf-8"))  # noqa: S314 - no declarations, see above
    except (ET.ParseError, UnicodeDecodeError) as error:
        raise ForeignStateError(f"{plugin}: the state is damaged: {error}") from None
    if root.tag != "VST3PluginState" or root.find("IComponent") is None:
        raise ForeignStateError(f"{plugin}: the state is not of a VST3 plugin")


def split_host_state(plugin: str, data: bytes) -> tuple[bytes, bytes]:
    """Return the processor's and the controller's own bytes out of a host state; empty bytes where one has none."""
    check_host_state(plugin, data)
    (length,) = struct.unpack_from("<I", data, 4)
    root = ET.fromstring(data[8 : 8 + length].rstrip(b"\0").decode("utf-8"))  # noqa: S314 - checked above
    parts = (root.findtext("IComponent"), root.findtext("IEditController"))
    component, controller = (_from_juce_text(plugin, part) if part else b"" for part in parts)
    return component, controller


_JUCE_LETTERS = ".ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+"


def _from_juce_text(plugin: str, text: str) -> bytes:
    """Read JUCE's own base 64 (`MemoryBlock::toBase64Encoding`): the size, a point, then six bits a letter, lowest first."""
    size, point, letters = text.strip().partition(".")
    try:
        length = int(size)
        bits = sum(_JUCE_LETTERS.index(letter) << (6 * place) for place, letter in enumerate(letters)) if point else -1
        return (bits & ((1 << 8 * length) - 1)).to_bytes(length, "little")
    except (ValueError, OverflowError):
        raise ForeignStateError(f"{plugin}: the state is damaged") from None


def preset_bytes(class_id: str, component: bytes, controller: bytes) -> bytes:
    """Return a whole `.vstpreset` file."""
    start = 48
    place = start + len(component)
    chunks = [(b"Comp", start, len(component))]
    if controller:
        chunks.append((b"Cont", place, len(controller)))
        place += len(controller)
    header = struct.pack("<4si32sq", _PRESET_MAGIC, 1, class_id.encode("ascii"), place)
    listing = b"List" + struct.pack("<i", len(chunks)) + b"".join(struct.pack("<4sqq", *chunk) for chunk in chunks)
    return header + component + controller + listing


def read_preset(plugin: str, path: str | Path) -> tuple[str, bytes]:
    """Read a `.vstpreset`; return the class id it is for (32 hexadecimal digits) and the whole file.

    Raises:
        ForeignStateError: the file is missing or damaged.
    """
    try:
        data = Path(path).read_bytes()
    except OSError as error:
        raise ForeignStateError(f"{plugin}: {path}: {error.strerror or error}") from None
    if not data.startswith(_PRESET_MAGIC) or len(data) < 48:
        raise ForeignStateError(f"{plugin}: {path} is no .vstpreset file")
    (list_offset,) = struct.unpack_from("<q", data, 40)
    if not 48 <= list_offset <= len(data) - 8 or data[list_offset : list_offset + 4] != b"List":
        raise ForeignStateError(f"{plugin}: {path} is damaged or cut off: its list of chunks is missing")
    (count,) = struct.unpack_from("<i", data, list_offset + 4)
    chunks = {}
    for number in range(count):
        entry = list_offset + 8 + 20 * number
        if entry + 20 > len(data):
            raise ForeignStateError(f"{plugin}: {path} is cut off in its list of chunks")
        name, start, size = struct.unpack_from("<4sqq", data, entry)
        if start < 0 or size < 0 or start + size > len(data):
            raise ForeignStateError(f"{plugin}: {path} is cut off in its chunk {name.decode('latin-1')}")
        chunks[name] = size
    if b"Comp" not in chunks:
        raise ForeignStateError(f"{plugin}: {path} holds no state of the plugin's processor")
    return data[8:40].decode("latin-1").upper(), data


def component_of(data: bytes) -> bytes:
    """Return the processor's own bytes out of a preset file that `read_preset` has read."""
    (list_offset,) = struct.unpack_from("<q", data, 40)
    (count,) = struct.unpack_from("<i", data, list_offset + 4)
    for number in range(count):
        name, start, size = struct.unpack_from("<4sqq", data, list_offset + 8 + 20 * number)
        if name == b"Comp":
            return data[start : start + size]
    return b""


def check_class(plugin: str, path: str | Path, wanted: str, own: str) -> None:
    """Refuse a preset that another plugin wrote.

    Raises:
        ForeignStateError: the class ids differ.
    """
    if wanted != own.upper():
        raise ForeignStateError(f"{plugin}: {path} is a preset of another plugin (class {wanted}, this one is {own.upper()})")


def write_preset(path: str | Path, data: bytes) -> None:
    """Write a preset so that it is there whole or not at all."""
    with whole_file(path) as beside:
        beside.write_bytes(data)


def encode_values(plugin: str, values: dict[str, float]) -> bytes:
    """Return parameter values as bytes."""
    return json.dumps({"plugin": plugin, "values": values}, sort_keys=True).encode()


def decode_values(plugin: str, data: bytes) -> dict[str, float]:
    """Return parameter values from bytes.

    Raises:
        ForeignStateError: not what `encode_values` wrote, or for another plugin.
    """
    try:
        document = json.loads(data)
        owner, values = document["plugin"], {str(key): float(value) for key, value in document["values"].items()}
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ForeignStateError(f"{plugin}: {len(data)} bytes that are no state of it") from None
    if owner != plugin:
        raise ForeignStateError(f"{plugin}: the state is of {owner}")
    if not all(math.isfinite(value) for value in values.values()):
        raise ForeignStateError(f"{plugin}: the state holds a value that is not finite")
    return values
