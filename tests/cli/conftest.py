"""Run the command as a user does: a process of its own, with an empty Backline home."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest


@dataclass
class Result:
    """How one run of the command ended."""

    code: int
    out: str
    errors: str


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Keep settings, data and caches in an empty folder."""
    folder = tmp_path / "home"
    monkeypatch.setenv("BACKLINE_HOME", str(folder))
    return folder


@pytest.fixture
def backline(home, tmp_path):
    """Give a function that runs `backline ARGUMENTS...` in an empty folder."""
    folder = tmp_path / "here"
    folder.mkdir()

    def run(*arguments, **variables):
        environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), **variables}
        command = [sys.executable, "-P", "-m", "backline", *map(str, arguments)]
        done = subprocess.run(command, capture_output=True, text=True, cwd=folder, env=environment, timeout=300, check=False)
        assert "Traceback" not in done.stderr, done.stderr
        return Result(done.returncode, done.stdout, done.stderr)

    run.folder = folder
    return run


@pytest.fixture
def packages(tmp_path, monkeypatch):
    """Give a function that puts a one-module package with an entry point where the command finds it."""
    folder = tmp_path / "site"
    folder.mkdir()
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])

    def add(distribution, source):
        module = distribution.replace("-", "_")
        (folder / f"{module}.py").write_text(source)
        metadata = Path(folder / f"{module}-1.0.dist-info")
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: 1.0\n")
        (metadata / "entry_points.txt").write_text(f"[backline.plugins]\n{module} = {module}\n")

    return add


@pytest.fixture
def here(tmp_path, monkeypatch, capsys):
    """Give a function that runs `backline ARGUMENTS...` in this process and an empty folder, with compiled kernels kept warm."""
    folder = tmp_path / "here"
    folder.mkdir()
    monkeypatch.chdir(folder)

    def run(*arguments):
        from backline.cli import main

        capsys.readouterr()
        code = main([str(argument) for argument in arguments])
        out, errors = capsys.readouterr()
        assert "Traceback" not in errors, errors
        return Result(code, out, errors)

    run.folder = folder
    return run
