"""Opening a foreign plugin by its address.

This module knows which backend opens what. It does not know presets.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from pathlib import Path

from backline.catalog.backends import backend_of, formats_of
from backline.catalog.bundles import locate, parse_address
from backline.catalog.errors import UnknownPluginError
from backline.catalog.places import standard_folders
from backline.catalog.settings import HOSTS
from backline.rack.foreign import bundles, pinning
from backline.rack.foreign.base import ForeignPlugin
from backline.rack.foreign.builtin_info import PREFIX
from backline.rack.foreign.errors import ForeignLoadError
from backline.rack.foreign.floats import floating_point_mode_kept


def choose_backend(bundle_format: str, host: str = "auto") -> str:
    """Return the backend that opens a format ("vst3", "au", "lv2") under a setting.

    Raises:
        ForeignLoadError: the wanted one cannot do it, or is unknown.
    """
    if host not in HOSTS:
        raise ForeignLoadError(f'host "{host}" is unknown, write auto, pedalboard or minihost')
    backend = backend_of(host)
    if bundle_format not in formats_of(backend):
        raise ForeignLoadError("pedalboard cannot host LV2 plugins: install backline[minihost], or use the plugin's VST3 version")
    return backend


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
    try:
        wanted = parse_address(spec)
        backend = choose_backend(wanted.format, host)
        bundle = locate(wanted, [*map(Path, folders), *standard_folders((wanted.format,))]).path
    except UnknownPluginError as error:
        raise ForeignLoadError(str(error)) from None
    bundles.check_before_opening(bundle)
    name = plugin_name or wanted.plugin_name
    with floating_point_mode_kept():
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
