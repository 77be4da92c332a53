"""Load one entry point of the group `backline.plugins`, call its hooks and look at what it gives.

This module knows pluggy and how to keep anything a package does while it loads (any exception, `sys.exit`, junk results)
from spreading. It does not know other packages, settings or caches. It cannot survive `os._exit` or an endless import:
`backline.catalog.probe` runs it in a child first.
"""

from __future__ import annotations

import difflib
import importlib
import re
import sysconfig
import traceback
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from importlib.metadata import EntryPoint
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from ..sdk import hooks
from .errors import PluginUnavailableError
from .records import Description, Status

if TYPE_CHECKING:
    import pluggy

    from ..sdk.plugin import Plugin

PLUGIN_ID = re.compile(r"[a-z][a-z0-9_]*([.-][a-z0-9_]+)*")
RESERVED_PREFIXES = ("pedalboard.", "minihost.")
KINDS = ("effect", "instrument", "event", "modulator")
PATH_HOOKS = ("presets", "controllers", "targets")


@dataclass(slots=True)
class Provider:
    """One entry point. Everything it offers is asked for once and kept. All methods raise PluginUnavailableError and nothing else."""

    entry_point: EntryPoint
    _manager: pluggy.PluginManager | None = None
    _offers: dict[str, Any] | None = field(default=None)

    def offers(self) -> dict[str, Any]:
        """Return {plugin id: class or "module:Class"} as `plugins()` gave it; what has no usable id is under "name[index]"."""
        if self._offers is None:
            self._offers = self._ask_for_plugins()
        return self._offers

    def load(self, plugin_id: str) -> type[Plugin]:
        """Return the checked class of one plugin, importing only that."""
        offers = self.offers()
        if plugin_id not in offers:
            raise PluginUnavailableError(f"plugins() no longer gives it; it gives {', '.join(offers) or 'nothing'}")
        plugin = self._resolve(offers[plugin_id])
        with guard("looking at its class"):
            status, message = check_class(plugin, plugin_id)
        if status is not Status.ENABLED:
            raise PluginUnavailableError(message)
        found: type[Plugin] = plugin
        return found

    def describe(self, plugin_id: str) -> Description:
        """Import one plugin and say what it is; never raises."""
        try:
            plugin = self._resolve(self.offers()[plugin_id])
            with guard("looking at its class"):
                status, message = check_class(plugin, plugin_id)
                if status is not Status.ENABLED:
                    return Description(plugin_id, status, message)
                return Description(plugin_id, status, "", plugin.kind, str(plugin.name), summary(plugin))
        except PluginUnavailableError as error:
            return Description(plugin_id, Status.LOAD_ERROR, str(error))

    def paths(self, hook: str) -> list[str]:
        """Return what the hook `presets`, `controllers` or `targets` gives, as absolute or given paths."""
        manager = self._loaded()
        paths: list[str] = []
        with guard(f"the hook {hook}()"):
            for result in getattr(manager.hook, hook)():
                if isinstance(result, (str, bytes)) or not isinstance(result, Iterable):
                    raise TypeError(f"must return a list of paths, not {type(result).__name__}")
                for path in result:
                    if not isinstance(path, (str, PathLike)):
                        raise TypeError(f"must return paths, not {type(path).__name__}")
                    paths.append(str(fspath(path)))
        return paths

    def _loaded(self) -> pluggy.PluginManager:
        if self._manager is None:
            import pluggy

            with guard(f"import of {self.entry_point.value}"):
                module = self.entry_point.load()
            manager = pluggy.PluginManager(hooks.PROJECT)
            manager.add_hookspecs(hooks)
            with guard("its hooks"):
                manager.register(module, self.entry_point.name)
                _refuse_unknown_hooks(manager)
                if not manager.get_hookcallers(module):
                    raise TypeError(f"{self.entry_point.value} has no function marked with backline.sdk.hookimpl")
            self._manager = manager
        return self._manager

    def _ask_for_plugins(self) -> dict[str, Any]:
        manager = self._loaded()
        caller = manager.hook.plugins
        with guard("the hook plugins()"):
            results = caller()
            if len(results) < len(caller.get_hookimpls()):
                raise TypeError("must return a list of plugin classes or {id: class or 'module:Class'}, not None")
            offers: dict[str, Any] = {}
            for result in results:
                for plugin_id, reference in self._pairs(result):
                    if plugin_id in offers:
                        raise ValueError(f'gives the plugin id "{plugin_id}" twice')
                    offers[plugin_id] = reference
        return offers

    def _pairs(self, result: Any) -> Iterator[tuple[str, Any]]:
        if isinstance(result, Mapping):
            for plugin_id, reference in result.items():
                if not isinstance(plugin_id, str):
                    raise TypeError(f"must map plugin ids to classes, not {plugin_id!r}")
                yield plugin_id, reference
        elif isinstance(result, Iterable) and not isinstance(result, (str, bytes)):
            for index, reference in enumerate(result):
                try:
                    plugin = self._resolve(reference)
                except PluginUnavailableError:  # named by its reference; describing it gives the reason
                    yield reference, reference
                    continue
                plugin_id = getattr(plugin, "plugin_id", None)
                yield plugin_id if isinstance(plugin_id, str) else f"{self.entry_point.name}[{index}]", plugin
        else:
            raise TypeError(f"must return a list of plugin classes or {{id: class or 'module:Class'}}, not {type(result).__name__}")

    def _resolve(self, reference: Any) -> Any:
        if not isinstance(reference, str):
            return reference
        with guard(f"import of {reference}"):
            module_name, colon, attribute = reference.partition(":")
            if not colon:
                raise ValueError('a plugin reference must read "module:Class"')
            found: Any = importlib.import_module(module_name)
            for name in attribute.split("."):
                found = getattr(found, name)
            return found


def check_class(plugin: Any, plugin_id: str) -> tuple[Status, str]:
    """Say whether `plugin` is a plugin class that may be used under `plugin_id`, and if not, why."""
    from ..sdk.plugin import Plugin

    if not isinstance(plugin, type) or not issubclass(plugin, Plugin):
        return Status.LOAD_ERROR, f"plugins() must give subclasses of backline.sdk.Plugin, not {_shown(plugin)}"
    api = getattr(plugin, "api", None)
    if api is not None and api != hooks.API_VERSION:
        return Status.WRONG_API, f"{plugin.__name__} is written for plugin API {api!r}; this Backline has API {hooks.API_VERSION}"
    if plugin.plugin_id != plugin_id:
        return Status.LOAD_ERROR, f'{plugin.__name__} has the plugin id "{plugin.plugin_id}", offered as "{plugin_id}"'
    if not PLUGIN_ID.fullmatch(plugin_id) or plugin_id.startswith(RESERVED_PREFIXES):
        return Status.LOAD_ERROR, f'"{plugin_id}" is no plugin id: small letters, digits and _ . - inside, not starting with pedalboard.'
    if plugin.kind not in KINDS:
        return Status.LOAD_ERROR, f"{plugin.__name__} must derive from Effect, Instrument, EventEffect or Modulator"
    return Status.ENABLED, ""


def summary(plugin: type[Plugin]) -> str:
    """Return the first line of the plugin's docstring."""
    lines = (plugin.__doc__ or "").strip().splitlines()
    return lines[0].strip() if lines else ""


@contextmanager
def guard(doing: str) -> Iterator[None]:
    """Turn whatever foreign code raises, `sys.exit` too, into PluginUnavailableError; a real Ctrl-C goes through."""
    try:
        yield
    except (PluginUnavailableError, KeyboardInterrupt, GeneratorExit):
        raise
    except SystemExit as error:
        raise PluginUnavailableError(f"{doing} failed: it called sys.exit({error.code!r}){_where(error)}") from None
    except BaseException as error:  # noqa: BLE001 - whatever it is, it must not stop the others
        raise PluginUnavailableError(f"{doing} failed: {_told(error)}{_where(error)}") from None


def _refuse_unknown_hooks(manager: pluggy.PluginManager) -> None:
    known = [name for name in vars(manager.hook) if not name.startswith("_") and getattr(manager.hook, name).has_spec()]
    for name in vars(manager.hook):
        if name.startswith("_") or name in known:
            continue
        if not all(implementation.optionalhook for implementation in getattr(manager.hook, name).get_hookimpls()):
            near = difflib.get_close_matches(name, known, 1)
            hint = f"did you mean {near[0]}?" if near else f"hooks are {', '.join(known)}"
            raise TypeError(f'there is no hook "{name}"; {hint}')


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _told(error: BaseException) -> str:
    lines = str(error).strip().splitlines()
    return f"{type(error).__name__}: {lines[0][:300]}" if lines else type(error).__name__


def _where(error: BaseException) -> str:
    if isinstance(error, SyntaxError):
        return ""
    own = __name__.rpartition(".")[0].replace(".", "/")
    library = ("<frozen", sysconfig.get_path("stdlib").replace("\\", "/") + "/")
    for frame in reversed(traceback.extract_tb(error.__traceback__)):
        file = frame.filename.replace("\\", "/")
        if not (file.startswith(library) or own in file or "/pluggy/" in file):
            return f" ({'/'.join(file.split('/')[-2:])} line {frame.lineno})"
    return ""
