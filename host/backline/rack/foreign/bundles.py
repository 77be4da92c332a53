"""The insides of plugin bundles: the library for this machine, and why a bundle cannot be opened.

This module knows the layout of VST3 bundles. It opens nothing; which bundle is meant is known by `backline.catalog.bundles`.
"""

from __future__ import annotations

import platform
import sys
from pathlib import Path

from backline.rack.foreign import elf
from backline.rack.foreign.errors import ForeignLoadError, SeveralPluginsError


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
