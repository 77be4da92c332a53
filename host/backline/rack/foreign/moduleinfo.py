"""Which classes a VST3 module holds: names, vendors, versions and class ids, for hosts that do not tell.

This module knows `moduleinfo.json` and the factory interface at the module's door (VST 3 SDK, `ipluginbase.h`). It calls only
what every host calls first.
"""

from __future__ import annotations

import ctypes
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

from backline.rack.foreign.bundles import library_of
from backline.rack.foreign.errors import ForeignStateError

_PROCESSOR = "Audio Module Class"
_FACTORY_2 = bytes.fromhex("0007B650F24B4C0BA464EDB9F00B2ABB")


@dataclass(frozen=True)
class ModuleClass:
    """One plugin of a module; `id` is its class id, 32 hexadecimal digits."""

    name: str
    id: str
    vendor: str = ""
    version: str = ""


class _ClassInfo2(ctypes.Structure):
    """PClassInfo2 of the VST 3 SDK; its first four members are PClassInfo."""

    _fields_ = (
        ("cid", ctypes.c_ubyte * 16),
        ("cardinality", ctypes.c_int32),
        ("category", ctypes.c_char * 32),
        ("name", ctypes.c_char * 64),
        ("class_flags", ctypes.c_uint32),
        ("sub_categories", ctypes.c_char * 128),
        ("vendor", ctypes.c_char * 64),
        ("version", ctypes.c_char * 64),
        ("sdk_version", ctypes.c_char * 64),
    )


def classes(bundle: Path) -> dict[str, ModuleClass]:
    """Return the plugins of a VST3 module that is open in this process, by name; nothing for other formats."""
    if bundle.suffix.lower() != ".vst3":
        return {}
    return _from_json(bundle) or _from_factory(bundle)


def class_id(bundle: Path, name: str) -> str:
    """Return the class id of the plugin called `name`, or of the only one.

    Raises:
        ForeignStateError: the module does not tell.
    """
    found = classes(bundle)
    if name in found:
        return found[name].id
    if len(found) == 1:
        return next(iter(found.values())).id
    raise ForeignStateError(f"{bundle}: its class id is unknown, so it has no .vstpreset files here")


def descriptor(bundle: Path, entry: ModuleClass) -> str:
    """Return the XML by which JUCE opens one class of a module.

    JUCE tells classes apart by a hash over the four 32-bit numbers of the class id: h = 31 h + number.
    """
    data = bytes.fromhex(entry.id)
    number = 0
    for place in range(0, 16, 4):
        number = (number * 31 + int.from_bytes(data[place : place + 4], "big")) & 0xFFFFFFFF
    attributes = {"name": entry.name, "format": "VST3", "file": str(bundle), "uniqueId": f"{number:x}", "uid": f"{number:x}"}
    return ET.tostring(ET.Element("PLUGIN", attributes), encoding="unicode")


def _from_json(bundle: Path) -> dict[str, ModuleClass]:
    for place in ("Contents/Resources/moduleinfo.json", "Contents/moduleinfo.json"):
        try:
            entries = json.loads((bundle / place).read_text(encoding="utf-8"))["Classes"]
            return {
                entry["Name"]: ModuleClass(entry["Name"], entry["CID"].upper(), entry.get("Vendor", ""), entry.get("Version", ""))
                for entry in entries
                if entry["Category"] == _PROCESSOR
            }
        except (OSError, ValueError, KeyError, TypeError):
            continue
    return {}


def _method(instance: int, number: int, result: Any, *arguments: Any) -> Any:
    """Return a virtual function of a COM-like object as something to call without the object."""
    table = ctypes.cast(instance, ctypes.POINTER(ctypes.POINTER(ctypes.c_void_p)))[0]
    function = ctypes.CFUNCTYPE(result, ctypes.c_void_p, *arguments)(int(table[number] or 0))
    return lambda *values: function(instance, *values)


def _from_factory(bundle: Path) -> dict[str, ModuleClass]:
    library = library_of(bundle)
    if library is None:
        return {}
    get_factory = ctypes.CDLL(str(library)).GetPluginFactory
    get_factory.restype = ctypes.c_void_p
    factory = get_factory()
    if not factory:
        return {}
    richer = ctypes.c_void_p()
    query = _method(factory, 0, ctypes.c_int32, ctypes.c_char_p, ctypes.POINTER(ctypes.c_void_p))
    if query(_FACTORY_2, ctypes.byref(richer)) == 0 and richer.value:
        # FUnknown has three calls, IPluginFactory four, then comes getClassInfo2.
        found = _listed(richer.value, 7)
        _method(richer.value, 2, ctypes.c_uint32)()
    else:
        found = _listed(factory, 5)
    _method(factory, 2, ctypes.c_uint32)()
    return found


def _listed(factory: int, info_method: int) -> dict[str, ModuleClass]:
    count = _method(factory, 4, ctypes.c_int32)()
    get_info = _method(factory, info_method, ctypes.c_int32, ctypes.c_int32, ctypes.c_void_p)
    found = {}
    for index in range(count):
        info = _ClassInfo2()
        if get_info(index, ctypes.byref(info)) != 0 or info.category.decode("latin-1") != _PROCESSOR:
            continue
        name, vendor, version = (text.decode("utf-8", "replace") for text in (info.name, info.vendor, info.version))
        found[name] = ModuleClass(name, bytes(info.cid).hex().upper(), vendor, version)
    return found
