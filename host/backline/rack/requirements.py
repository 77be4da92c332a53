"""What a preset says it requires, held against what is here.

This module knows versions of Backline, of packages and of plugins. It does not know graphs or audio.
"""

from __future__ import annotations

import re
from importlib import metadata

from backline.catalog import CatalogError
from backline.model import Requirement

from .expand import Flat, Origin
from .resolve import FOREIGN_PREFIXES, Resolver

COMPARISONS = {
    "<": lambda have, want: have < want,
    "<=": lambda have, want: have <= want,
    ">": lambda have, want: have > want,
    ">=": lambda have, want: have >= want,
    "==": lambda have, want: have == want,
    "!=": lambda have, want: have != want,
    "~=": lambda have, want: have >= want and have[: max(len(want) - 1, 1)] == want[: max(len(want) - 1, 1)],
}


def version_tuple(text: str) -> tuple[int, ...]:
    """The numbers of a version, trailing zeros left out: "1.2.0" is (1, 2)."""
    numbers = [int(part) for part in re.findall(r"\d+", text)]
    while numbers and numbers[-1] == 0:
        numbers.pop()
    return tuple(numbers)


def satisfied(have: str, comparison: str) -> bool:
    """Whether a version meets a comparison such as ">=1.2"."""
    match = re.fullmatch(r"\s*(<=|>=|==|!=|~=|<|>)\s*(.+)", comparison)
    if match is None:
        return False
    return bool(COMPARISONS[match[1]](version_tuple(have), version_tuple(match[2])))


def check_requirements(flat: Flat, resolver: Resolver) -> None:
    """Note every requirement that is not met. With `missing` other than "error" they are warnings."""
    gather = resolver.problems if resolver.missing == "error" else resolver.warnings
    wanted = [(document, *item) for document in flat.documents for item in enumerate(document.preset.requires)]
    for document, index, requirement in wanted:
        origin = Origin(document, ("requires", index))
        have = _version(requirement, resolver)
        if have is None:
            gather.add(origin, f"this preset requires {requirement}, which is not here", _hint(requirement))
        else:
            unmet = [comparison for comparison in requirement.versions if not satisfied(have, comparison)]
            if unmet:
                gather.add(origin, f"this preset requires {requirement}; here is {have}")


def _hint(requirement: Requirement) -> str | None:
    if requirement.name.startswith(FOREIGN_PREFIXES):
        return None
    return f"if it is a package: pip install {requirement.name}"


def _version(requirement: Requirement, resolver: Resolver) -> str | None:
    name = requirement.name
    if name.startswith("pedalboard."):
        name = "pedalboard"
    if name.startswith(FOREIGN_PREFIXES):
        return _foreign_version(name, resolver)
    if name in resolver.catalog.ids():
        return str(resolver.catalog.plugin(name).version)
    try:
        return metadata.version(name)
    except metadata.PackageNotFoundError:
        return None


def _foreign_version(name: str, resolver: Resolver) -> str | None:
    from .foreign import ForeignLoadError

    try:
        plugin = resolver.open_foreign(name)
    except (CatalogError, ForeignLoadError):
        return None
    version = plugin.version
    plugin.close()
    return version or "0"
