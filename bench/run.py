"""Run every benchmark and print its figures: `python bench/run.py [NAME ...]`. Ratios are ours against a named peer in the same run."""

from __future__ import annotations

import importlib
import platform
import sys
from pathlib import Path

NAMES = ("start", "chains", "nodes", "voices")


def main(names: list[str]) -> int:
    """Run the named benchmarks, or all of them."""
    sys.path.insert(0, str(Path(__file__).parent))
    unknown = [name for name in names if name not in NAMES]
    if unknown:
        print(f"there is no benchmark {unknown[0]}; there are {', '.join(NAMES)}", file=sys.stderr)
        return 2
    import llvmlite.binding

    print(f"{platform.system()} {platform.machine()}, Python {platform.python_version()}, {llvmlite.binding.get_host_cpu_name()}")
    for name in names or NAMES:
        print(f"\n== {name}")
        for line in importlib.import_module(name).main():
            print(line, flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
