"""Promises about what a class says of itself: documentation, id, ports, and an import that stays light.

This module knows how these promises are tried. It does not know how findings are told.
"""

from __future__ import annotations

import re
import subprocess
import sys
from functools import cache
from pathlib import Path

from ..hooks import API_VERSION
from .report import Broken
from .subject import Subject

HEAVY = ("numba", "scipy", "pedalboard")

# A module is imported by its name where that leads to its file, else from the file alone (a test, a script).
_IMPORT = """
import importlib.util, sys
sys.path[:] = {path!r}
try:
    spec = importlib.util.find_spec({name!r})
except (ImportError, ValueError):
    spec = None
if spec is not None and spec.origin == {file!r}:
    importlib.import_module({name!r})
else:
    spec = importlib.util.spec_from_file_location("plugin_under_test", {file!r})
    module = importlib.util.module_from_spec(spec)
    sys.modules["plugin_under_test"] = module
    spec.loader.exec_module(module)
print("\\nheavy:" + ", ".join(name for name in {heavy!r} if name in sys.modules))
"""


def described(subject: Subject) -> None:
    """The class has a docstring and an id that a preset can name, and is written for this version of the SDK."""
    plugin = subject.plugin
    if not (vars(plugin).get("__doc__") or "").strip():
        raise Broken("the class has no docstring; `backline plugins info` shows its first line")
    if not re.fullmatch(r"[a-z][a-z0-9_]*", plugin.plugin_id):
        raise Broken(f"plugin_id {plugin.plugin_id!r} must be lower-case letters, digits and underscores")
    if plugin.api != API_VERSION:
        raise Broken(f"api is {plugin.api}; this is version {API_VERSION} of backline.sdk")
    for name in (port.name for port in (*plugin.inputs, *plugin.outputs)):
        if not re.fullmatch(r"[a-z][a-z0-9_]*", name):
            raise Broken(f"port {name!r} must be lower-case letters, digits and underscores")


def imports_light(subject: Subject) -> None:
    """Importing the module that defines the plugin loads no compiler and no other heavy library."""
    module = sys.modules.get(subject.plugin.__module__)
    file = getattr(module, "__file__", None)
    if file is None or not Path(file).is_file():
        subject.notes.append("the import could not be tried: the class does not come from a file")
        return
    heavy, error = _heavy_imports(subject.plugin.__module__, file)
    if error:
        raise Broken(f"its module cannot be imported alone: {error}")
    if heavy:
        raise Broken(f"importing {subject.plugin.__module__} imports {heavy}; import it inside the function that needs it")


@cache
def _heavy_imports(name: str, file: str) -> tuple[str, str]:
    """(heavy libraries that importing a module loads, error text), found in a process of its own."""
    text = _IMPORT.format(path=sys.path, name=name, file=file, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        return "", done.stderr.strip().splitlines()[-1]
    return done.stdout.rpartition("heavy:")[2].strip(), ""
