"""Opening a foreign plugin by its address.

This module knows which backend opens what. It does not know presets.
"""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Literal

from backline.rack.foreign import bundles, pinning
from backline.rack.foreign.base import ForeignPlugin
from backline.rack.foreign.builtin_info import PREFIX
from backline.rack.foreign.errors import ForeignLoadError

Host = Literal["auto", "pedalboard", "minihost"]


def has_minihost() -> bool:
    """Whether minihost is installed."""
    return importlib.util.find_spec("minihost") is not None


def choose_host(kind: str, host: str = "auto") -> str:
    """Return the backend for a format ("vst3", "au", "lv2").

    Raises:
        ForeignLoadError: the wanted one cannot do it, or is unknown.
    """
    if host not in {"auto", "pedalboard", "minihost"}:
        raise ForeignLoadError(f'host "{host}" is unknown, write auto, pedalboard or minihost')
    if kind == "lv2" and (host == "pedalboard" or (host == "auto" and not has_minihost())):
        raise ForeignLoadError("pedalboard cannot host LV2 plugins: install backline[minihost], or use the plugin's VST3 version")
    if host == "auto":
        return "minihost" if has_minihost() else "pedalboard"
    return host


def load_foreign(
    spec: str | Path,
    *,
    plugin_name: str | None = None,
    host: str = "auto",
    channels: int | None = None,
    folders: Iterable[str | Path] = (),
    files: Mapping[str, str | Path] | None = None,
    rate: float = 48000.0,
    initialization_timeout: float = 0.25,
) -> ForeignPlugin:
    """Open a plugin: "pedalboard.Reverb", "vst3:ZamCompX2", "lv2:NAME", "au:NAME" or the path of a bundle.

    `plugin_name` (or `#NAME` at the address's end) picks one of several in a bundle. `channels` is for built-ins and plugins that
    take several numbers of channels. `folders` are looked in before the standard ones. `files` are a built-in's file arguments.
    `initialization_timeout` bounds how long pedalboard waits for an instrument that stays silent on its test note.

    Raises:
        ForeignLoadError: with the real cause.
    """
    address = str(spec)
    if address.startswith(PREFIX):
        from backline.rack.foreign.builtin_effect import BuiltinEffect

        if host == "minihost":
            raise ForeignLoadError(f"{address} is part of pedalboard, minihost cannot host it")
        return BuiltinEffect(address, channels or 2, files)
    wanted = bundles.parse_spec(spec)
    backend = choose_host(wanted.format, host)
    bundle = bundles.find_bundle(f"{wanted.format}:{wanted.name}", folders)
    bundles.check_before_opening(bundle)
    name = plugin_name or wanted.plugin_name
    pinning.before_opening(bundle, backend, name, {"pedalboard": _pin_in_pedalboard, "minihost": _pin_in_minihost})
    if backend == "minihost":
        from backline.rack.foreign.vst3_minihost import MinihostPlugin

        return MinihostPlugin(bundle, rate, channels, name)
    return _in_pedalboard(bundle, name, channels, initialization_timeout)


def _pin_in_pedalboard(bundle: Path, name: str | None) -> object:
    from backline.rack.foreign.vst3_pedalboard import open_pedal

    pedal: object = open_pedal(bundle, name, 0.0)
    return pedal


def _pin_in_minihost(bundle: Path, name: str | None) -> object:
    from backline.rack.foreign.vst3_minihost import MinihostPlugin

    return MinihostPlugin(bundle, plugin_name=name)


def _in_pedalboard(bundle: Path, name: str | None, channels: int | None, timeout: float) -> ForeignPlugin:
    from backline.rack.foreign.instrument_pedalboard import PedalboardInstrument
    from backline.rack.foreign.vst3_pedalboard import PedalboardVst3Effect, open_pedal

    pedal = open_pedal(bundle, name, timeout)
    if pedal.is_instrument and not pedal.is_effect:
        return PedalboardInstrument(pedal, bundle, channels)
    return PedalboardVst3Effect(pedal, bundle, channels)
