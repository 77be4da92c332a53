"""Promises about what a class says of itself: documentation, id, ports, and an import that stays light.

This module knows how these promises are tried. It does not know how findings are told.
"""

from __future__ import annotations

import importlib.util
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

from ..hooks import API_VERSION
from .report import Broken
from .subject import Subject

HEAVY = ("numba", "scipy", "pedalboard")

_IMPORT = """
import importlib.util, sys
sys.path[:] = {path!r}
spec = importlib.util.spec_from_file_location({name!r}, {file!r}) if {file!r} else None
if spec is None:
    __import__({name!r})
else:
    module = importlib.util.module_from_spec(spec)
    sys.modules[{name!r}] = module
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
    try:
        known = name != "__main__" and importlib.util.find_spec(name) is not None and not name.startswith("tests.")
    except (ImportError, ValueError):
        known = False
    text = _IMPORT.format(path=sys.path, name=name if known else "plugin_under_test", file="" if known else file, heavy=HEAVY)
    done = subprocess.run([sys.executable, "-c", text], capture_output=True, text=True, check=False, timeout=120)
    if done.returncode:
        return "", done.stderr.strip().splitlines()[-1]
    return done.stdout.rpartition("heavy:")[2].strip(), ""
