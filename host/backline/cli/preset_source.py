"""Which preset the words of a command line mean: a file, a factory preset by its short name, or standard input.

This module knows names and files. It does not know what is in a preset.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

from .output import Failure

if TYPE_CHECKING:
    from ..formats.preset_file import LoadedPreset

STANDARD = "-"
PRESET_HELP = "A preset file, the short name of a factory preset, or - for standard input."


def open_preset(text: str) -> LoadedPreset:
    """Read the preset that `text` means. Raises DocumentError with all its problems, Failure or OSError when there is none."""
    from ..formats.preset_file import load_preset, parse_preset
    from ..formats.yaml_reader import LARGEST, decode

    if text == STANDARD:
        return parse_preset(decode(sys.stdin.buffer.read(LARGEST + 1), "standard input"), "standard input")
    return load_preset(preset_path(text))


def preset_path(text: str) -> Path:
    """The file that `text` means. Raises Failure when there is none, with the factory preset that was perhaps meant."""
    from ..rack.rack import find_preset

    path = find_preset(text)
    if path.is_dir():
        raise Failure(f"{text} is a folder, not a preset")
    if not path.exists():
        from ..catalog.presets import factory_presets
        from ..formats.errors import did_you_mean

        hint = did_you_mean(text, factory_presets())
        raise Failure(f"{text}: there is no such preset" + (f"; {hint}" if hint else ""))
    return path


def check_preset(text: str) -> None:
    """Raise Failure when there is no preset of this name: a cheap look before anything else is done."""
    if text != STANDARD:
        preset_path(text)


def preset_stem(text: str) -> str:
    """What a file made from this preset is called by default, without a suffix."""
    return "preset" if text == STANDARD else Path(text).stem
