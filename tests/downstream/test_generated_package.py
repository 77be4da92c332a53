"""A package that `backline new plugin` wrote is built and installed for real, passes its own tests, and is found."""

import json
import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from backline.cli.plugin_template import KINDS

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def environment(tmp_path_factory):
    """Make a virtual environment that sees what ours has installed, so that nothing is fetched."""
    folder = tmp_path_factory.mktemp("downstream") / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(folder)], check=True)
    scripts = "Scripts" if os.name == "nt" else "bin"
    python = folder / scripts / ("python.exe" if os.name == "nt" else "python")
    where = "import sysconfig; print(sysconfig.get_path('purelib'))"
    packages = Path(subprocess.run([str(python), "-c", where], check=True, capture_output=True, text=True).stdout.strip())
    outer = sysconfig.get_path("purelib")
    (packages / "outer.pth").write_text(f"import site; site.addsitedir({outer!r})\n")
    return python


def run(*command, folder, home):
    kernels = Path(os.environ["XDG_CACHE_HOME"]) / "downstream-kernels"  # stays warm between runs
    variables = {**os.environ, "BACKLINE_HOME": str(home), "BACKLINE_KERNEL_CACHE": str(kernels)}
    return subprocess.run([str(part) for part in command], cwd=folder, env=variables, capture_output=True, text=True, check=False)


@pytest.mark.parametrize("kind", KINDS)
def test_it_installs_passes_its_tests_and_is_found(environment, tmp_path, kind):
    name, home = f"made-{kind}", tmp_path / "home"
    written = run(environment, "-m", "backline", "new", "plugin", name, "--kind", kind, folder=tmp_path, home=home)
    assert written.returncode == 0, written.stderr
    package = tmp_path / name

    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", environment, "install")
    offline = ("--no-index", "--no-deps", "--no-build-isolation")
    installed = run(*pip, *offline, "-e", package, folder=tmp_path, home=home)
    assert installed.returncode == 0, installed.stdout + installed.stderr

    tested = run(environment, "-m", "pytest", "-q", "-p", "no:cacheprovider", folder=package, home=home)
    assert tested.returncode == 0, tested.stdout + tested.stderr

    found = run(environment, "-m", "backline", "plugins", "info", f"made_{kind}", "--json", folder=tmp_path, home=home)
    assert found.returncode == 0, found.stderr
    info = json.loads(found.stdout)
    assert (info["kind"], info["status"], info["source"], info["version"]) == (kind, "enabled", name, "0.1.0")


def test_its_wheel_holds_all_it_needs(environment, tmp_path):
    home = tmp_path / "home"
    assert run(environment, "-m", "backline", "new", "plugin", "made-wheel", folder=tmp_path, home=home).returncode == 0
    wheels = tmp_path / "wheels"
    pip = (sys.executable, "-m", "pip", "--disable-pip-version-check")
    built = run(
        *pip, "wheel", "--no-index", "--no-deps", "--no-build-isolation", "-w", wheels, tmp_path / "made-wheel", folder=tmp_path, home=home
    )
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = wheels.glob("made_wheel-0.1.0-*.whl")
    installed = run(*pip, "--python", environment, "install", "--no-index", "--no-deps", wheel, folder=tmp_path, home=home)
    assert installed.returncode == 0, installed.stdout + installed.stderr
    found = run(environment, "-m", "backline", "plugins", "info", "made_wheel", "--json", folder=tmp_path, home=home)
    assert found.returncode == 0, found.stderr
    assert json.loads(found.stdout)["status"] == "enabled"
