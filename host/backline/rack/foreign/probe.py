"""A first look at an unknown plugin, in a child process that may crash or hang.

This module starts itself anew (`python -m backline.rack.foreign.probe`), never a fork: a process that has opened a plugin must
not fork. The child writes JSON into a temporary file, because plugins print what they like.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import subprocess
import sys
import tempfile
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Literal

from backline.rack.foreign.errors import ForeignError, SeveralPluginsError

Status = Literal["ok", "crash", "hang", "error"]


@dataclass(frozen=True)
class ProbeResult:
    """How a plugin behaved: `ok` with `info`; `error` with the reason; `crash` or `hang` with what happened."""

    status: Status
    message: str
    info: dict[str, Any] = field(default_factory=dict)


def probe_in_child(
    path: str | Path, timeout: float = 20.0, *, plugin_name: str | None = None, host: str = "auto", run: bool = True
) -> ProbeResult:
    """Open a bundle in a child process, let it run for a moment (unless `run` is false), and say what it is.

    The child is killed after `timeout` seconds. `info` of a bundle with several plugins holds their names in `plugins`; of one
    plugin its name, vendor, version, kind, channels, latency and visible parameters.
    """
    with tempfile.TemporaryDirectory(prefix="backline-probe-") as folder:
        result = Path(folder) / "result.json"
        command = [sys.executable, "-m", __name__, str(path), "--result", str(result), "--host", host]
        if plugin_name is not None:
            command += ["--plugin-name", plugin_name]
        if run:
            command.append("--run")
        source = str(Path(__file__).resolve().parents[3])
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join([source, os.environ.get("PYTHONPATH", "")]).strip(os.pathsep)}
        try:
            child = subprocess.run(command, timeout=timeout, env=environment, stdin=subprocess.DEVNULL, capture_output=True, check=False)
        except subprocess.TimeoutExpired:
            return ProbeResult("hang", f"{path}: it did not answer within {timeout:g} s")
        return _outcome(Path(path), child.returncode, result)


def _outcome(path: Path, code: int, result: Path) -> ProbeResult:
    try:
        answer = json.loads(result.read_text())
    except (OSError, ValueError):
        return ProbeResult("crash", f"{path}: it killed its process: {_death(code)}")
    if code != 0 and answer["status"] == "ok":
        return ProbeResult("crash", f"{path}: it killed its process when it was closed: {_death(code)}", answer["info"])
    return ProbeResult(answer["status"], answer["message"], answer["info"])


def _death(code: int) -> str:
    if code >= 0:
        return f"exit code {code}"
    try:
        return signal.Signals(-code).name
    except ValueError:
        return f"signal {-code}"


def describe_plugin(path: Path, plugin_name: str | None, host: str, *, run: bool) -> dict[str, Any]:
    """Open a bundle here and return what it is, as plain data."""
    import numpy as np

    from backline.rack.foreign.load import load_foreign

    plugin = load_foreign(path, plugin_name=plugin_name, host=host)
    if run:
        plugin.prepare(48000.0, 512)
        audio = np.zeros((plugin.inputs, 512), np.float32)
        plugin.process(audio if plugin.inputs else None, np.zeros((plugin.outputs, 512), np.float32), 512, 0)
    visible = [asdict(parameter) for parameter in plugin.parameters.values() if not parameter.hidden]
    return {
        "name": plugin.name,
        "vendor": plugin.vendor,
        "version": plugin.version,
        "kind": plugin.kind,
        "backend": plugin.backend,
        "inputs": plugin.inputs,
        "outputs": plugin.outputs,
        "latency": plugin.latency,
        "parameters": visible,
    }


def main() -> int:
    """Answer one question of `probe_in_child`."""
    parser = argparse.ArgumentParser(prog="backline.rack.foreign.probe")
    parser.add_argument("path", type=Path)
    parser.add_argument("--result", type=Path, required=True)
    parser.add_argument("--plugin-name")
    parser.add_argument("--host", default="auto")
    parser.add_argument("--run", action="store_true")
    arguments = parser.parse_args()
    answer: dict[str, Any] = {"status": "ok", "message": "", "info": {}}
    try:
        answer["info"] = describe_plugin(arguments.path, arguments.plugin_name, arguments.host, run=arguments.run)
    except SeveralPluginsError as error:
        answer["info"] = {"plugins": error.names}
    except ForeignError as error:
        answer.update(status="error", message=str(error))
    except Exception as error:  # noqa: BLE001 - whatever a plugin throws is its answer
        answer.update(status="error", message=f"{arguments.path}: {error}")
    arguments.result.write_text(json.dumps(answer, allow_nan=True))
    return 0


if __name__ == "__main__":
    raise SystemExit(main())
