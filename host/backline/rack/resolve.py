"""From a node of a document to a running node: find the plugin, make it, set it up.

This module knows the catalog, foreign hosts and how a document's texts become values. It does not know wires or buffers.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from backline.catalog import Catalog, CatalogError, UnknownPluginError
from backline.formats.errors import did_you_mean
from backline.formats.paths import PathError, resolve_beside
from backline.sdk.effect import EventEffect
from backline.sdk.plugin import Plugin
from backline.sdk.units import Beats, UnitError, parse_quantity

from .expand import FlatNode, Origin, Problems
from .native_node import EventNode, NativeNode
from .node import RackNode, StandIn

if TYPE_CHECKING:
    from .foreign import ForeignPlugin

Missing = Literal["error", "bypass", "silence"]
FOREIGN_PREFIXES = ("vst3:", "au:", "lv2:", "pedalboard.")


class Resolver:
    """Makes running nodes. `missing` says what stands in for a plugin that is not on this machine."""

    def __init__(
        self,
        rate: float,
        max_block: int,
        problems: Problems,
        *,
        catalog: Catalog | None = None,
        missing: Missing = "error",
        folders: Iterable[str | Path] = (),
        warnings: Problems | None = None,
    ) -> None:
        self.rate, self.max_block, self.problems, self.missing = rate, max_block, problems, missing
        self.catalog = catalog if catalog is not None else Catalog()
        self.folders = tuple(Path(folder) for folder in folders)
        self.warnings = warnings if warnings is not None else Problems()

    def make(self, flat: FlatNode, channels: int) -> RackNode:
        """Make the node of a document with this many input channels; problems leave a silent stand-in."""
        address = flat.node.plugin
        try:
            if address.startswith(FOREIGN_PREFIXES):
                node = self._foreign(flat, channels)
            else:
                node = self._native(flat, channels)
        except _Absent as absent:
            return self._stand_in(flat, absent)
        if flat.node.state is not None:
            self._load_state(node, flat)
        self._set_values(node, flat)
        self._set_blend(node, flat)
        return node

    # -- plugins -------------------------------------------------------------------------------------------------------------------

    def _native(self, flat: FlatNode, channels: int) -> RackNode:
        address = flat.node.plugin
        try:
            plugin_class = self.catalog.plugin(address)
        except LookupError:
            hint = did_you_mean(address, [*self.catalog.ids(), *self._builtin_names(address)])
            raise _Absent(f'there is no plugin "{address}"', hint or "backline plugins lists all there are") from None
        except CatalogError as error:
            raise _Absent(str(error), None) from None
        if channels not in (1, 2) and flat.node.channels is None:
            channels = min(channels, 8)
        try:
            plugin = plugin_class(self.rate, self.max_block, channels)
        except (TypeError, ValueError, OSError) as error:
            raise _Absent(f"{address} cannot be started: {error}", None) from None
        if flat.node.settings:
            self._configure(plugin, flat)
        return EventNode(flat.name, plugin) if isinstance(plugin, EventEffect) else NativeNode(flat.name, plugin)

    @staticmethod
    def _builtin_names(address: str) -> list[str]:
        """Names of pedalboard's effects, only when the address looks like one: asking imports pedalboard."""
        if "." not in address and not address[:1].isupper():
            return []
        from .foreign import builtin_names

        return [name if name.startswith("pedalboard.") else f"pedalboard.{name}" for name in builtin_names()]

    def _configure(self, plugin: Plugin, flat: FlatNode) -> None:
        known = plugin.settings
        given: dict[str, Any] = {}
        for key, value in flat.node.settings.items():
            if key in known:
                given[key] = value
            else:
                self.problems.add(flat.origin.below(key), f"{plugin.plugin_id} has no setting {key}", did_you_mean(key, known), key=True)
        if not given:
            return
        try:
            plugin.configure(given, lambda text: self._read_audio(flat.origin, text))
        except (ValueError, OSError) as error:
            key = next(iter(given))
            self.problems.add(flat.origin.below(key), str(error))

    def _read_audio(self, origin: Origin, text: str) -> tuple[np.ndarray, int]:
        from backline.formats.audio_file import read_audio

        path = self.beside(origin, text)
        if not path.is_file():
            raise ValueError(f"there is no file {text} beside {origin.document.name}")
        return read_audio(path)

    @staticmethod
    def beside(origin: Origin, text: str) -> Path:
        """A file named in a document. ValueError when it may not be used."""
        if origin.document.path is None:
            raise ValueError(f"{text}: this preset is not a file, so there is nothing to look beside")
        try:
            return resolve_beside(origin.document.path, text)
        except PathError as error:
            raise ValueError(str(error)) from None

    def _foreign(self, flat: FlatNode, channels: int) -> RackNode:
        from .foreign import ForeignLoadError
        from .foreign_node import ForeignNode

        node = flat.node
        files = self._files(flat)
        wanted = node.channels or (channels if node.plugin.startswith("pedalboard.") else None)
        try:
            plugin = self.open_foreign(node.plugin, host=node.host, channels=wanted, files=files)
            plugin.prepare(self.rate, self.max_block)
        except UnknownPluginError as error:
            raise _Absent(f'there is no plugin "{error.plugin_id}"', error.hint or None) from None
        except (CatalogError, ForeignLoadError) as error:
            raise _Absent(str(error), None) from None
        return ForeignNode(flat.name, plugin)

    def open_foreign(
        self, address: str, *, host: str | None = None, channels: int | None = None, files: Mapping[str, Path] | None = None
    ) -> ForeignPlugin:
        """Open a foreign plugin by its address, but none that would take this process down, as far as is known.

        Names are looked for in `folders`, then where the catalog looks. What this machine has never opened is opened in a child
        first, once. Raises CatalogError and ForeignLoadError with the reason.
        """
        from .foreign import choose_backend, load_foreign

        if address.startswith("pedalboard."):
            return load_foreign(address, host=host or "auto", channels=channels, files=files, rate=self.rate)
        from backline.catalog.bundles import locate, parse_address
        from backline.catalog.places import search_places
        from backline.catalog.trust import ensure_safe

        settings = self.catalog.settings
        wanted = parse_address(address)
        backend = choose_backend(wanted.format, host or settings.host)
        bundle = locate(wanted, [*self.folders, *search_places(settings, (wanted.format,))])
        ensure_safe(bundle, backend, wanted.plugin_name, settings=settings, tell=self.catalog.tell)
        return load_foreign(bundle.path, plugin_name=wanted.plugin_name, host=backend, channels=channels, rate=self.rate)

    def _files(self, flat: FlatNode) -> dict[str, Path]:
        """File arguments of a built-in (the impulse response of a convolution), taken out of its values."""
        if not flat.node.plugin.startswith("pedalboard."):
            return {}
        from .foreign import ForeignLoadError, builtin_class_info

        try:
            info = builtin_class_info(flat.node.plugin)
        except ForeignLoadError as error:
            raise _Absent(str(error), None) from None
        found = {}
        for key in info.files:
            if key in flat.node.values:
                try:
                    found[key] = self.beside(flat.origin, flat.node.values[key])
                except ValueError as error:
                    self.problems.add(flat.origin.below(key), str(error))
        return found

    def _stand_in(self, flat: FlatNode, absent: _Absent) -> StandIn:
        origin = flat.origin.below("plugin")
        if self.missing == "error":
            self.problems.add(origin, str(absent), absent.hint)
        else:
            self.warnings.add(origin, f"{absent}; {'its input passes' if self.missing == 'bypass' else 'it is silent'}", absent.hint)
        return StandIn(flat.name, passes=self.missing == "bypass", why=str(absent))

    # -- values --------------------------------------------------------------------------------------------------------------------

    def _set_values(self, node: RackNode, flat: FlatNode) -> None:
        files = self._file_keys(flat)
        groups: tuple[tuple[str, Mapping[str, str]], ...] = (("values", flat.node.values), ("params", flat.node.params))
        for group, values in groups:
            for key, text in values.items():
                if key in files:
                    continue
                origin = flat.origin.below(key) if group == "values" else flat.origin.below("params", key)
                self._set_value(node, flat, origin, key, text)

    def _set_blend(self, node: RackNode, flat: FlatNode) -> None:
        node.bypassed = flat.node.bypass
        node.blend_asked = isinstance(node, NativeNode) or flat.node.bypass or flat.node.mix is not None
        if flat.node.mix is None:
            return
        try:
            amount = parse_quantity(flat.node.mix, "%")
            if isinstance(amount, Beats) or not 0.0 <= amount <= 1.0:
                raise UnitError(f"{flat.node.mix} is outside 0 % .. 100 %")
            node.mix = float(amount)
        except UnitError as error:
            self.problems.add(flat.origin.below("mix"), _about("mix", error))

    @staticmethod
    def _file_keys(flat: FlatNode) -> tuple[str, ...]:
        if not flat.node.plugin.startswith("pedalboard."):
            return ()
        from .foreign import builtin_class_info

        return tuple(builtin_class_info(flat.node.plugin).files)

    def _set_value(self, node: RackNode, flat: FlatNode, origin: Origin, key: str, text: str) -> None:
        try:
            parameter = node.find(key)
        except KeyError:
            settings = node.plugin.settings if isinstance(node, NativeNode) else {}
            if key in settings and isinstance(node, NativeNode):
                self._configure_scalar(node, origin, key, text)
                return
            hint = did_you_mean(key, [*node.parameters, *settings])
            self.problems.add(origin, f'{flat.name} has no parameter "{key}"', hint, key=True)
            return
        try:
            node.set_value(parameter.id, parameter.parse(text))
        except ValueError as error:
            self.problems.add(origin, _about(key, error))

    def _configure_scalar(self, node: NativeNode, origin: Origin, key: str, text: str) -> None:
        try:
            node.plugin.configure({key: text}, lambda name: self._read_audio(origin, name))
        except (ValueError, OSError) as error:
            self.problems.add(origin, str(error))

    def _load_state(self, node: RackNode, flat: FlatNode) -> None:
        origin = flat.origin.below("state")
        assert flat.node.state is not None
        try:
            path = self.beside(origin, flat.node.state)
            if isinstance(node, NativeNode):
                node.plugin.restore(json.loads(path.read_text(encoding="utf-8")))
            else:
                plugin = getattr(node, "plugin", None)
                if plugin is not None and path.suffix == ".vstpreset":
                    plugin.load_vstpreset(path)
                elif plugin is not None:
                    plugin.set_state(path.read_bytes())
        except FileNotFoundError:
            self.problems.add(origin, f"there is no file {flat.node.state} beside {flat.origin.document.name}")
        except (ValueError, KeyError, OSError, RuntimeError) as error:
            self.problems.add(origin, str(error))


class _Absent(Exception):
    """A plugin that cannot be had here."""

    def __init__(self, message: str, hint: str | None) -> None:
        super().__init__(message)
        self.hint = hint


def _about(key: str, error: ValueError) -> str:
    text = str(error)
    return text if text.startswith(key) else f"{key}: {text}"
