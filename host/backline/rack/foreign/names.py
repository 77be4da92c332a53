"""Names of foreign parameters as ids: unique, stable, typeable.

This module knows words only.
"""

from __future__ import annotations

import difflib
import keyword
import re
import unicodedata
from collections.abc import Iterable, Sequence

_SPECIAL = {"#": " sharp ", "♯": " sharp ", "♭": " flat ", "%": " percent ", "+": " plus ", "&": " and "}

_MIDI_CONTROLLER = re.compile(r"MIDI (Ch\. \d+ )?(CC|Pitch ?[Bb]end|Channel Pressure|Aftertouch)\b|MIDI Ch\. \d+ ")
# The DISTRHO framework lists its host settings as parameters; the first three count in "frames".
_FRAMEWORK = {("Buffer Size", "frames"), ("Sample Rate", "frames"), ("Latency", "frames"), ("Current Program", "")}


def snake_ids(names: Sequence[str]) -> list[str]:
    """Return one id for each shown name, in order.

    "Dry/Wet" -> `dry_wet`; a second "Amount" -> `amount_2`; a name without letters or digits -> `parameter_N`, N counted from
    1 over the plugin's whole list; `class` -> `class_`; "2nd Osc" -> `parameter_2nd_osc`.

    >>> snake_ids(["Amount", "Amount", "  ", "2nd Osc", "class", "Amount 2"])
    ['amount', 'amount_2', 'parameter_3', 'parameter_2nd_osc', 'class_', 'amount_2_2']
    """
    taken: set[str] = set()
    ids = []
    for number, name in enumerate(names, 1):
        base = _snake(name) or f"parameter_{number}"
        if base[0].isdigit():
            base = f"parameter_{base}"
        if keyword.iskeyword(base):
            base += "_"
        identity, count = base, 1
        while identity in taken:
            count += 1
            identity = f"{base}_{count}"
        taken.add(identity)
        ids.append(identity)
    return ids


def _snake(name: str) -> str:
    for sign, word in _SPECIAL.items():
        name = name.replace(sign, word)
    plain = unicodedata.normalize("NFKD", name.replace("ß", "ss")).encode("ascii", "ignore").decode().lower()
    return re.sub(r"[^a-z0-9]+", "_", plain).strip("_")


def is_midi_controller(name: str) -> bool:
    """Whether a parameter is a MIDI controller in disguise, of which instruments list thousands. Events do that better."""
    return bool(_MIDI_CONTROLLER.match(name))


def is_bookkeeping(name: str, unit: str) -> bool:
    """Whether a parameter mirrors a setting of the host, which nobody should automate or keep."""
    return (name, unit.strip()) in _FRAMEWORK


def closest(word: str, known: Iterable[str]) -> str:
    """Return up to three known words like `word`, joined by "or"; empty if none is."""
    folded: dict[str, str] = {}
    for name in known:
        if name.strip():
            folded.setdefault(name.casefold(), name)
    return " or ".join(folded[match] for match in difflib.get_close_matches(word.strip().casefold(), folded, 3, 0.6))
