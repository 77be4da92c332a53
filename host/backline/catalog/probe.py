"""Look at one entry point in this process and write down what it gives: the child's side of `backline.catalog.reports`.

`python -m backline.catalog.probe OUT NAME VALUE` loads the entry point, asks all its hooks, imports every plugin it offers
and writes a report (JSON) to OUT. No file at OUT means that the process did not survive.
"""

from __future__ import annotations

import json
import os
import sys
from dataclasses import asdict
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from ..formats.atomic import write_whole
from ..sdk.hooks import ENTRY_POINT_GROUP
from .errors import PluginUnavailableError
from .provider import PATH_HOOKS, Provider


def report(entry_point: EntryPoint) -> dict[str, Any]:
    """Return {"error", "plugins", "presets", "controllers", "targets"}; `error` is "" unless the entry point is unusable."""
    provider = Provider(entry_point)
    try:
        plugins = [asdict(provider.describe(plugin_id)) for plugin_id in provider.offers()]
        found: dict[str, Any] = {hook: provider.paths(hook) for hook in PATH_HOOKS}
    except PluginUnavailableError as error:
        return {"error": str(error), "plugins": [], **{hook: [] for hook in PATH_HOOKS}}
    return {"error": "", "plugins": plugins, **found}


def main() -> None:
    """Write the report and end at once, whatever the package left running."""
    out, name, value = sys.argv[1:]
    try:
        found = report(EntryPoint(name=name, value=value, group=ENTRY_POINT_GROUP))
    except KeyboardInterrupt:
        found = {"error": "raised KeyboardInterrupt while it was loaded", "plugins": [], **{hook: [] for hook in PATH_HOOKS}}
    write_whole(Path(out), json.dumps(found))
    os._exit(0)


if __name__ == "__main__":
    main()
