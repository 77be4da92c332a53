"""The child's side of a first look at a plugin, in a process that it may crash or hang (the parent's is `backline.catalog.look`).

`python -m backline.rack.foreign.probe PATH --result FILE` opens a bundle and writes what it is into FILE as JSON: "status" is "ok" with
"info", or "error" with "message". It writes a file because plugins print what they like; no file means that it did not survive.
"""

from __future__ import annotations

import argparse
import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from backline.rack.foreign.errors import ForeignError, SeveralPluginsError


def describe_plugin(path: Path, plugin_name: str | None, host: str, *, run: bool) -> dict[str, Any]:
    """Open a bundle here and return what it is, as plain data: name, vendor, version, kind, backend, channels, latency, parameters.

    Raises:
        SeveralPluginsError: it holds several and none was named.
        ForeignError: it cannot be opened.
    """
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
    """Answer one question."""
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
