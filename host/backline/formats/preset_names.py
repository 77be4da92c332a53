"""What the readers of a preset's sections share: the names that there are, and checks that point at words.

This module knows the names in one document. It does not know what the sections say.
"""

from __future__ import annotations

from backline.formats.document import Source
from backline.formats.errors import Place, quoted
from backline.formats.small_texts import TextError, Word, check_name
from backline.formats.yaml_reader import Mapping, Scalar, Tree
from backline.model.preset import PRESET_KEYS, RESERVED_NAMES
from backline.sdk.units import UnitError, parse_quantity

_TEXTS_HINT = "write each on its own line, after '- '"


class PresetNames:
    """The names of the nodes, zones and macros of one document, for checks; what is wrong gathers in `source`."""

    def __init__(self, root: Mapping, source: Source) -> None:
        self.source = source
        self.nodes = _names(root, "nodes")
        # Where the nodes themselves cannot be read, or may stand under a misspelt key, wires are not blamed as well.
        self.nodes_are_known = isinstance(root.get("nodes"), Mapping) or (
            "nodes" not in root.entries and set(root.entries) <= set(PRESET_KEYS)
        )
        self.zones = _names(root, "zones")
        self.macros = _names(root, "macros")

    def text(self, value: Tree, what: str) -> str:
        """Return the text of a scalar, which may be empty; noted if it is none."""
        scalar = self.source.scalar(value, what, empty=True)
        return scalar.value if scalar else ""

    def texts(self, value: Tree, section: str) -> list[tuple[int, Scalar]]:
        """Return the scalars of a list of texts, with their numbers; whatever is none is noted."""
        items = self.source.sequence(value, section, _TEXTS_HINT)
        found = []
        for index, item in enumerate(items.items if items else ()):
            scalar = self.source.scalar(item, f"an entry of {section}")
            if scalar is not None:
                found.append((index, scalar))
        return found

    def check_name(self, key: Scalar, what: str) -> None:
        """Note a key that may not name a node, zone or macro."""
        if key.value.startswith("\0"):
            return  # a bad key that the YAML reader reported
        try:
            check_name(key.value, what)
        except TextError as error:
            self.source.note_text(key, error)

    def check_node_name(self, scalar: Scalar, word: Word, name: str) -> None:
        """Note a name at the start of `word` that is not a node's."""
        if name not in self.nodes and self.nodes_are_known:
            place = self.source.within(scalar, word.start, word.start + len(name))
            near = [other for other in (*self.nodes, *self.zones, *RESERVED_NAMES) if other != name]
            what = "is a zone, not a node" if name in self.zones else "is not a node of this preset"
            what = "is an end of the graph, not a node" if name in RESERVED_NAMES else what
            self.source.note(place, f"{quoted(name)} {what}", self.source.hint(name, near))

    def word(self, scalar: Scalar, word: Word) -> Place:
        """Return where a word of a scalar stands."""
        return self.source.within(scalar, word.start, word.end)

    def note_word(self, scalar: Scalar, word: Word, message: str, hint: str | None = None) -> None:
        """Note a problem at a word of a scalar."""
        self.source.note(self.word(scalar, word), message, hint)

    def share(self, scalar: Scalar, what: str) -> float:
        """Return 0 % to 100 % as 0..1; anything else is noted."""
        try:
            share = parse_quantity(scalar.value, "%")
        except UnitError as error:
            self.source.note(scalar, f"{what}: {error}")
            return 0.0
        if not 0.0 <= share <= 1.0:
            self.source.note(scalar, f"{what} goes from 0 % to 100 %, not {quoted(scalar.value)}")
            return 0.0
        return float(share)


def _names(root: Mapping, section: str) -> dict[str, None]:
    tree = root.get(section)
    return dict.fromkeys(tree.entries) if isinstance(tree, Mapping) else {}
