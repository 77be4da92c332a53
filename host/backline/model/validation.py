"""Documents from data of unknown making: JSON, a command, another program. pydantic checks the types and names.

This module knows pydantic. It is imported only where data is validated or a JSON Schema is made.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from pydantic import TypeAdapter, ValidationError

from backline.model.preset import Preset


class InvalidData(ValueError):
    """Data is no such document; `problems` holds (path, message) for each thing that is wrong."""

    def __init__(self, problems: list[tuple[tuple[str | int, ...], str]]) -> None:
        self.problems = problems
        super().__init__("\n".join(f"{'.'.join(map(str, path)) or 'document'}: {message}" for path, message in problems))


@lru_cache(maxsize=1)
def preset_adapter() -> TypeAdapter[Preset]:
    """Return pydantic's view of the preset document."""
    return TypeAdapter(Preset)


def preset_from_data(data: Any) -> Preset:
    """Return the preset that plain data (what `preset_to_data` gives) describes. Raises `InvalidData`."""
    try:
        return preset_adapter().validate_python(data)
    except ValidationError as error:
        raise InvalidData([(tuple(problem["loc"]), problem["msg"]) for problem in error.errors()]) from None


def preset_to_data(preset: Preset) -> dict[str, Any]:
    """Return a preset as dicts, lists, numbers and strings, ready for JSON."""
    data: dict[str, Any] = preset_adapter().dump_python(preset, mode="json")
    return data
