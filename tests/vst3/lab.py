"""The project's own VST3 plugins for tests, built when first asked for.

They are C++ on Debian's `dpf-source` and lie in `build/vst3`; make builds again what is older than its sources. A missing
compiler or framework is a failure with a clear message, never a skip: without these plugins nothing about VST3 is proven.
"""

from __future__ import annotations

import fcntl
import os
import shutil
import subprocess
from pathlib import Path

SOURCES = Path(__file__).resolve().parent
BUILD = SOURCES.parents[1] / "build" / "vst3"
DPF = Path(os.environ.get("DPF", "/usr/share/dpf"))

LAB_NAMES = tuple(sorted(folder.parent.name for folder in SOURCES.glob("Lab*/plugin.cpp")))


class LabBuildError(Exception):
    """The lab plugins cannot be built here; the message says what to install or what the compiler said."""


def lab_bundle(name: str) -> Path:
    """Return the bundle of a lab plugin ("LabGain"), built if it is not there or older than its sources."""
    if name not in LAB_NAMES:
        raise LabBuildError(f'there is no lab plugin "{name}", there are {", ".join(LAB_NAMES)}')
    _build(name)
    return BUILD / f"{name}.vst3"


def _build(name: str) -> None:
    missing = [program for program in ("g++", "make") if shutil.which(program) is None]
    if not (DPF / "distrho" / "DistrhoPluginMain.cpp").is_file():
        missing.append("dpf-source")
    if missing:
        raise LabBuildError(f"the lab plugins need {', '.join(missing)}: apt-get install --no-install-recommends dpf-source g++ make")
    BUILD.mkdir(parents=True, exist_ok=True)
    # Test workers ask at the same time; one builds, the others wait and find it done.
    with (BUILD / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        command = ["make", "--silent", "-C", str(SOURCES), f"BUILD={BUILD}", f"DPF={DPF}", f"-j{os.cpu_count() or 1}", name]
        run = subprocess.run(command, capture_output=True, text=True, check=False)
    if run.returncode != 0:
        raise LabBuildError(f"{name} does not build:\n{run.stdout}{run.stderr}")


def build_all() -> None:
    """Build every lab plugin, in parallel."""
    _build("all")


if __name__ == "__main__":
    build_all()
