"""Open one VST3, AU or LV2 bundle in a child process that it may crash or hang, and say what it is.

This module knows the child's question and answer. It does not know how a plugin is opened: the child runs
`backline.rack.foreign.probe PATH --result FILE`, which writes {"status", "message", "info"} as JSON; no file means a crash or a hang.
"""

from __future__ import annotations

import json
import tempfile
import threading
from pathlib import Path
from typing import Any

from .bundles import Bundle
from .child import CancelledError, ChildEnd, run_child
from .foreign import ForeignStatus

PROBE_MODULE = "backline.rack.foreign.probe"
LOOK_SECONDS = 30.0

Entry = dict[str, Any]
"""What a child told of a plugin (name, vendor, version, kind, inputs, outputs, latency, parameters; or the names of several under
"plugins"), with "status" and "message"."""


def look(
    bundle: Bundle, backend: str, plugin_name: str | None = None, *, seconds: float = LOOK_SECONDS, cancel: threading.Event | None = None
) -> Entry:
    """Open a plugin in a child process for at most `seconds` and return its entry. Nothing here raises for a bad bundle."""
    with tempfile.TemporaryDirectory(prefix="backline-look-") as folder:
        result = Path(folder) / "found.json"
        arguments = [str(bundle.path), "--result", str(result), "--host", backend, "--run"]
        if plugin_name is not None:
            arguments += ["--plugin-name", plugin_name]
        try:
            end = run_child(PROBE_MODULE, arguments, seconds=seconds, cancel=cancel)
        except CancelledError:
            return {"status": ForeignStatus.LOAD_ERROR, "message": "stopped while it was looked into"}
        try:
            report: dict[str, Any] = json.loads(result.read_text("utf-8"))
        except (OSError, ValueError):
            return _blame(end, seconds)
    if report.get("status") != "ok":
        return {"status": ForeignStatus.LOAD_ERROR, "message": str(report.get("message") or "it cannot be loaded")}
    if end.timed_out or end.code != 0:
        return _blame(end, seconds)
    return {**report["info"], "status": ForeignStatus.ENABLED, "message": ""}


def _blame(end: ChildEnd, seconds: float) -> Entry:
    until = "not opened again until its file changes or `backline plugins --rescan`"
    if end.exception:
        return {"status": ForeignStatus.LOAD_ERROR, "message": end.exception}
    if end.timed_out:
        return {"status": ForeignStatus.HUNG, "message": f"opening it did not end within {seconds:g} s; {until}"}
    return {"status": ForeignStatus.CRASHED, "message": f"opening it ended the process ({end.reason}); {until}"}
