"""Fixtures of the catalog's tests: an empty Backline home, and packages that exist only as a few files on `sys.path`."""

import sys
from pathlib import Path

import pytest

GOOD = '''
from backline.sdk import Effect, Param, hookimpl


class {name}(Effect):
    """Halve the loudness."""

    plugin_id = "{plugin_id}"
    amount = Param("50 %", "0 %", "100 %")

    def sample(x, amount):
        return x * amount


@hookimpl
def plugins():
    return [{name}]
'''


@pytest.fixture
def home(tmp_path, monkeypatch):
    """Keep settings, data and caches in an empty folder."""
    folder = tmp_path / "home"
    monkeypatch.setenv("BACKLINE_HOME", str(folder))
    monkeypatch.delenv("BACKLINE_PLUGINS", raising=False)
    return folder


class Site:
    """A folder of `sys.path` into which packages are put without pip."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir()

    def add(self, distribution: str, source: str, *, version: str = "1.0", value: str | None = None) -> Path:
        """Install a one-module package with one entry point; the module is named after the distribution."""
        module = distribution.replace("-", "_")
        file = self.folder / f"{module}.py"
        file.write_text(source)
        metadata = self.folder / f"{module}-{version}.dist-info"
        metadata.mkdir()
        (metadata / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {distribution}\nVersion: {version}\n")
        (metadata / "entry_points.txt").write_text(f"[backline.plugins]\n{module} = {value or module}\n")
        (metadata / "RECORD").write_text(f"{module}.py,,\n")
        return file

    def good(self, distribution: str, plugin_id: str, *, more: str = "") -> Path:
        """Install a package with one working effect."""
        return self.add(distribution, GOOD.format(name="".join(word.title() for word in plugin_id.split("_")), plugin_id=plugin_id) + more)


@pytest.fixture
def site(tmp_path, monkeypatch, home):
    """Give a folder of packages that the catalog can see."""
    made = Site(tmp_path / "site")
    monkeypatch.syspath_prepend(str(made.folder))
    before = set(sys.modules)
    yield made
    for name in set(sys.modules) - before:
        if str(made.folder) in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]
