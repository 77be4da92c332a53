"""The user's `settings.yaml`: which plugins stay off, where further plugins lie, which backend hosts them.

This module knows the keys of that file and reads it. It does not know what is installed.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .errors import SettingsError
from .folders import config_folder

MAXIMUM_BYTES = 64 << 10
MAXIMUM_BRACKETS = 500
HOSTS = ("auto", "pedalboard", "minihost")


@dataclass(frozen=True, slots=True)
class Settings:
    """`disabled`: plugin ids or distribution names; `plugin_folders`: searched for VST3/AU/LV2; `host`: auto, pedalboard, minihost."""

    disabled: frozenset[str] = frozenset()
    plugin_folders: tuple[Path, ...] = ()
    host: str = "auto"

    @classmethod
    def load(cls, path: Path | None = None) -> Settings:
        """Read `settings.yaml` (the defaults if there is none). Raises SettingsError with place and reason."""
        path = path if path is not None else config_folder() / "settings.yaml"
        try:
            if path.stat().st_size > MAXIMUM_BYTES:
                raise SettingsError(f"{path}: larger than 64 KiB; settings are a few lines")
            text = path.read_text("utf-8")
        except FileNotFoundError:
            return cls()
        except (OSError, UnicodeDecodeError) as error:
            raise SettingsError(f"{path}: cannot be read: {error}") from None
        document = _parse(text, path)
        if document is None:
            return cls()
        if not isinstance(document, dict):
            raise SettingsError(f"{path}: must be a mapping of settings, such as `disabled: [some.plugin]`")
        values: dict[str, Any] = {}
        for key, value in document.items():
            reader = _READERS.get(key)
            if reader is None:
                near = difflib.get_close_matches(str(key), list(_READERS), 1)
                hint = f"did you mean {near[0]}?" if near else f"known are {', '.join(_READERS)}"
                raise SettingsError(f'{path}: there is no setting "{key}"; {hint}')
            try:
                values[key] = reader(value)
            except ValueError as error:
                raise SettingsError(f"{path}: {key}: {error}") from None
        return cls(**values)


def _parse(text: str, path: Path) -> Any:
    import yaml

    if text.count("[") + text.count("{") + text.count("- -") > MAXIMUM_BRACKETS:  # nesting costs PyYAML seconds
        raise SettingsError(f"{path}: nested too deeply; settings are a few lines")
    try:
        return yaml.safe_load(text)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = f"{path}:{mark.line + 1}:{mark.column + 1}" if mark else str(path)
        raise SettingsError(f"{place}: {error.problem}") from None
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise SettingsError(f"{path}: not readable as YAML: {str(error).splitlines()[0]}") from None


def _texts(value: Any) -> list[str]:
    values = [value] if isinstance(value, str) else value
    if not isinstance(values, list) or not all(isinstance(item, str) and item for item in values):
        raise ValueError(f"must be a list of texts, not {value!r}")
    return values


def _names(value: Any) -> frozenset[str]:
    return frozenset(_texts(value))


def _folders(value: Any) -> tuple[Path, ...]:
    return tuple(Path(item).expanduser() for item in _texts(value))


def _host(value: Any) -> str:
    if value not in HOSTS:
        raise ValueError(f"must be one of {', '.join(HOSTS)}, not {value!r}")
    return str(value)


_READERS: dict[str, Callable[[Any], Any]] = {"disabled": _names, "plugin_folders": _folders, "host": _host}
