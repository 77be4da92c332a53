"""Where plugin bundles lie on disk, and why one cannot be opened.

This module knows standard folders and the layout of VST3, AU and LV2 bundles. It opens nothing.
"""

from __future__ import annotations

import os
import platform
import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from backline.rack.foreign import elf
from backline.rack.foreign.errors import ForeignLoadError, SeveralPluginsError
from backline.rack.foreign.names import closest

SUFFIXES = {"vst3": ".vst3", "au": ".component", "lv2": ".lv2"}
_MOST_DEPTH = 4


@dataclass(frozen=True)
class Spec:
    """A plugin as written in presets: `vst3:NAME`, `vst3:/path/NAME.vst3`, `lv2:NAME`, `au:NAME`, with `#PLUGIN` for one of many."""

    format: str
    name: str
    plugin_name: str | None = None


def parse_spec(text: str | Path) -> Spec:
    """Read a plugin's address; a bare path tells its format by its suffix.

    Raises:
        ForeignLoadError: no format is given or known.
    """
    address = str(text)
    head, colon, rest = address.partition(":")
    if colon and head.lower() in SUFFIXES:
        name, _, plugin_name = rest.partition("#")
        return Spec(head.lower(), name, plugin_name or None)
    name, _, plugin_name = address.partition("#")
    for kind, suffix in SUFFIXES.items():
        if name.rstrip("/").lower().endswith(suffix):
            return Spec(kind, name, plugin_name or None)
    raise ForeignLoadError(f'"{address}" is no plugin address, write vst3:NAME, lv2:NAME, au:NAME or the path of a bundle')


def standard_folders(kind: str) -> list[Path]:
    """Return where bundles of a format live on this system, the user's own first. BACKLINE_VST3_PATH (or _LV2_, _AU_) comes before."""
    extra = [Path(folder) for folder in os.environ.get(f"BACKLINE_{kind.upper()}_PATH", "").split(os.pathsep) if folder]
    if kind == "lv2":
        extra += [Path(folder) for folder in os.environ.get("LV2_PATH", "").split(os.pathsep) if folder]
    home = Path.home()
    if sys.platform == "darwin":
        folder = {"vst3": "Audio/Plug-Ins/VST3", "au": "Audio/Plug-Ins/Components", "lv2": "Audio/Plug-Ins/LV2"}[kind]
        return [*extra, home / "Library" / folder, Path("/Library") / folder]
    if sys.platform == "win32":
        common = Path(os.environ.get("COMMONPROGRAMFILES", r"C:\Program Files\Common Files"))
        local = Path(os.environ.get("LOCALAPPDATA", home)) / "Programs" / "Common"
        return [*extra, local / kind.upper(), common / kind.upper()]
    if kind == "au":
        return extra
    system = [Path(root) / library / kind for root in ("/usr/local", "/usr") for library in ("lib", "lib64")]
    triplet = Path("/usr/lib") / f"{platform.machine()}-linux-gnu" / kind
    return [*extra, home / f".{kind}", *system, triplet]


def bundles_in(folder: Path, kind: str) -> Iterator[Path]:
    """Yield the bundles below a folder (vendors use folders of their own), in order of their names."""
    suffix = SUFFIXES[kind]

    def walk(place: Path, depth: int) -> Iterator[Path]:
        try:
            entries = sorted(place.iterdir())
        except OSError:
            return
        for entry in entries:
            if entry.name.lower().endswith(suffix):
                yield entry
            elif depth < _MOST_DEPTH and entry.is_dir():
                yield from walk(entry, depth + 1)

    yield from walk(folder, 0)


def find_bundle(spec: str | Path, extra: Iterable[str | Path] = ()) -> Path:
    """Return the bundle that "vst3:ZamCompX2" means: looked for in `extra`, then in the standard folders.

    Raises:
        ForeignLoadError: there is none; says where was looked and what is alike.
    """
    wanted = parse_spec(spec)
    if wanted.format == "au" and sys.platform != "darwin":
        raise ForeignLoadError(f"au:{wanted.name}: Audio Units exist on macOS only; use the plugin's VST3 version")
    suffix = SUFFIXES[wanted.format]
    path = Path(wanted.name).expanduser()
    if path.is_absolute() or len(path.parts) > 1 or wanted.name.lower().endswith(suffix):
        if path.exists():
            return path
        if path.is_absolute() or len(path.parts) > 1:
            raise ForeignLoadError(f"{wanted.name}: there is no such file")
    folders = [*(Path(folder) for folder in extra), *standard_folders(wanted.format)]
    stem = wanted.name[: -len(suffix)] if wanted.name.lower().endswith(suffix) else wanted.name
    known: dict[str, Path] = {}
    for folder in folders:
        for bundle in bundles_in(folder, wanted.format):
            known.setdefault(bundle.name[: -len(suffix)], bundle)
    if stem in known:
        return known[stem]
    alike = [bundle for name, bundle in known.items() if name.casefold() == stem.casefold()]
    if alike:
        return alike[0]
    hint = closest(stem, known)
    looked = ", ".join(str(folder) for folder in folders if folder.is_dir()) or "no folder: none of the standard ones exists"
    advice = f", did you mean {hint}?" if hint else ""
    raise ForeignLoadError(f'there is no {wanted.format.upper()} plugin "{stem}"{advice} (looked in {looked})')


def library_of(bundle: Path) -> Path | None:
    """Return the library inside a VST3 bundle for this machine, where the format wants it; None if it is not there."""
    if bundle.is_file():
        return bundle
    if sys.platform == "darwin":
        folder = bundle / "Contents" / "MacOS"
        files = sorted(folder.iterdir()) if folder.is_dir() else []
        return next((file for file in files if file.stem == bundle.stem), files[0] if files else None)
    if sys.platform == "win32":
        machine = {"AMD64": "x86_64-win", "ARM64": "arm64-win"}.get(platform.machine(), "x86-win")
        library = bundle / "Contents" / machine / bundle.name
    else:
        library = bundle / "Contents" / f"{platform.machine()}-linux" / f"{bundle.stem}.so"
    return library if library.is_file() else None


def check_before_opening(bundle: Path) -> None:
    """Refuse a bundle that could not be opened, or whose opening would kill this process.

    Raises:
        ForeignLoadError: with the real cause.
    """
    if not bundle.exists():
        raise ForeignLoadError(f"{bundle}: there is no such file")
    if not sys.platform.startswith("linux") or bundle.suffix.lower() != ".vst3":
        return
    library = _linux_library(bundle)
    try:
        facts = elf.read_library(library)
    except elf.ElfError as error:
        raise ForeignLoadError(f"{bundle}: {library.name}: {error}") from None
    except OSError as error:
        raise ForeignLoadError(f"{bundle}: {library.name}: {error.strerror or error}") from None
    if facts.machine != platform.machine():
        raise ForeignLoadError(f"{bundle}: {library.name} is built for {facts.machine}, this machine is {platform.machine()}")
    if "GetPluginFactory" not in facts.exports:
        other = " (it is a VST2 plugin)" if "VSTPluginMain" in facts.exports else ""
        raise ForeignLoadError(f"{bundle}: {library.name} is no VST3 plugin: it has no GetPluginFactory{other}")


def _linux_library(bundle: Path) -> Path:
    if not bundle.is_dir():
        raise ForeignLoadError(
            f"{bundle}: on Linux a VST3 plugin is a folder NAME.vst3/Contents/{platform.machine()}-linux/NAME.so, not a file"
        )
    contents = bundle / "Contents"
    if not contents.is_dir():
        raise ForeignLoadError(f"{bundle}: the bundle is empty or damaged, it has no Contents folder")
    here = contents / f"{platform.machine()}-linux"
    if not here.is_dir():
        built = sorted(entry.name for entry in contents.iterdir() if entry.name.endswith(("-linux", "-win")) or entry.name == "MacOS")
        holds = f"it is built for {', '.join(built)}" if built else "it holds no library"
        raise ForeignLoadError(f"{bundle}: {holds}, this machine is {platform.machine()}-linux")
    library = here / f"{bundle.stem}.so"
    if not library.is_file():
        others = sorted(entry.stem for entry in here.glob("*.so"))
        if others:
            raise ForeignLoadError(
                f"{bundle}: the bundle was renamed: its library is {others[0]}.so, so it must be called {others[0]}{bundle.suffix}"
            )
        raise ForeignLoadError(f"{bundle}: the bundle is empty, {library.name} is missing")
    return library


def check_name(bundle: Path, names: list[str], plugin_name: str | None) -> None:
    """Refuse a bundle with several plugins without a choice, and a name that it does not hold (hosts let that pass).

    Raises:
        ForeignLoadError: names what it holds.
    """
    if plugin_name is None and len(names) > 1:
        shown = ", ".join(names[:8]) + (", ..." if len(names) > 8 else "")
        raise SeveralPluginsError(f"{bundle} holds {len(names)} plugins, name one of them: {shown}", names)
    if plugin_name is not None and names and plugin_name not in names:
        raise ForeignLoadError(f'{bundle} holds no plugin "{plugin_name}", it holds {", ".join(names)}')


def why_not(bundle: Path, message: str) -> ForeignLoadError:
    """Return the best explanation for a host's refusal of a bundle that looked sound."""
    library = library_of(bundle) if bundle.suffix.lower() == ".vst3" else None
    if library is not None and sys.platform.startswith("linux"):
        try:
            facts = elf.read_library(library)
        except (elf.ElfError, OSError) as error:
            return ForeignLoadError(f"{bundle}: {library.name}: {error}")
        missing = elf.missing_libraries(library, facts)
        if missing:
            return ForeignLoadError(f"{bundle}: it needs {', '.join(missing)}, which this system does not have")
        ours = elf.system_glibc()
        if ours and facts.glibc > ours:
            needs, has = (".".join(str(part) for part in version) for version in (facts.glibc, ours))
            return ForeignLoadError(f"{bundle}: it needs glibc {needs}, this system has {has}")
    first_line = message.strip().splitlines()[0] if message.strip() else "the host gives no reason"
    return ForeignLoadError(f"{bundle}: {first_line}")
