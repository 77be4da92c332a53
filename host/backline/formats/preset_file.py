"""Preset files: read with every problem at once, written so that they read back the same.

This module knows files and the order of the steps. Grammar, checks and layout live in the modules it calls.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from backline.formats.atomic import whole_file
from backline.formats.document import Mark, Part, Source
from backline.formats.document import Path as DocumentPath
from backline.formats.errors import DocumentError, Place, Problem
from backline.formats.migrate import PRESET_MIGRATIONS, Migrations
from backline.formats.preset_reader import PresetReader
from backline.formats.preset_writer import write_preset
from backline.formats.yaml_reader import LARGEST, Mapping, decode, read_yaml
from backline.model.preset import Preset


@dataclass
class LoadedPreset:
    """A preset and where each part of it stands in its text. `path` is None when it did not come from a file.

    Parts are named by their path in the document: ("nodes", "room", "room_size"), ("nodes", "comp", "params", "Threshold"),
    ("wires", 3, "target"), ("macros", "brightness", "to", "keys.cutoff", "low"). Wires are counted as in `preset.wires`,
    hop by hop; their parts are "source", "target" and "gain_db". Modulation has "source", "target" and "depth"; controls
    have "source", "target", "low" and "high".
    """

    preset: Preset
    text: str
    path: Path | None
    source: Source

    @property
    def name(self) -> str:
        """The name under which errors show the document."""
        return self.source.file

    @property
    def places(self) -> dict[DocumentPath, Place]:
        """Where the value of each part stands."""
        return {path: mark.value for path, mark in self.source.marks.items()}

    def place_of(self, path: DocumentPath, part: Part = "value") -> Place:
        """Return where a part's key or value stands; for an unknown part, the nearest one around it."""
        mark = self._mark(path)
        if mark is None:
            return Place(self.source.file, 1, 1)
        return mark.key if part == "key" and mark.key is not None else mark.value

    def problem(
        self, path: DocumentPath, message: str, hint: str | None = None, span: tuple[int, int] | None = None, part: Part = "value"
    ) -> Problem:
        """Return a problem at a part; `span` points at characters start..end of its text alone."""
        place = self.place_of(path, part)
        mark = self._mark(path)
        if span is not None and part == "value" and mark is not None and mark.scalar is not None:
            place = self.source.within(mark.scalar, *span)
        return Problem(place, message, hint)

    def error(self, problems: list[Problem]) -> DocumentError:
        """Return the error that shows these problems with their lines."""
        return DocumentError(problems, self.text)

    def _mark(self, path: DocumentPath) -> Mark | None:
        marks = self.source.marks
        if len(path) > 2 and path[0] == "nodes" and path[2] in ("values", "settings") and path not in marks:
            path = (*path[:2], *path[3:])  # the model's field: in the document these stand among the node's keys
        while path and path not in marks:
            path = path[:-1]
        return marks.get(path)


def parse_preset(text: str, name: str = "preset", path: Path | None = None, migrations: Migrations = PRESET_MIGRATIONS) -> LoadedPreset:
    """Return the preset that a YAML text holds; errors call it `name`. Raises `DocumentError` with all problems."""
    text = text.removeprefix("\ufeff")
    root, problems = read_yaml(text, name)
    source = Source(name, text, problems)
    if not isinstance(root, Mapping):
        source.note(root, "a preset must be keys with values, such as nodes and wires", 'begin it with "preset: 1"')
        raise DocumentError(source.problems, text)
    migrations.migrate(root, source)
    preset = PresetReader(root, source).read()
    source.stop()
    return LoadedPreset(preset, text, path, source)


def load_preset(path: Path | str) -> LoadedPreset:
    """Return the preset of a file. Raises `DocumentError` with all problems, `OSError` when there is no file to read."""
    path = Path(path)
    with path.open("rb") as file:
        # One byte past the limit is enough to refuse; a huge file is never read whole.
        data = file.read(LARGEST + 1)
    return parse_preset(decode(data, str(path)), str(path), path)


def save_preset(preset: Preset, path: Path | str) -> None:
    """Write a preset to a file, whole or not at all. Raises `ValueError` when the preset could not be read back."""
    data = checked_text(preset).encode("utf-8")
    with whole_file(Path(path)) as part:
        part.write_bytes(data)


def checked_text(preset: Preset) -> str:
    """Return the YAML text of a preset that reads back as the same preset. Raises `ValueError` when none does."""
    text = write_preset(preset)
    try:
        back = parse_preset(text, "the preset to save").preset
    except DocumentError as error:
        raise ValueError(f"this preset cannot be saved: {error}") from None
    if back != preset:
        raise ValueError("this preset cannot be saved: it would read back differently; a name or value has odd spaces or signs")
    return text
