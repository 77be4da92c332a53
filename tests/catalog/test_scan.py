"""The scan of real VST3 bundles survives what they do, names the culprit, and opens nothing twice."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import pytest

from backline.catalog import ForeignStatus, PluginUnavailableError, Scanner, Settings, UnknownPluginError
from backline.catalog.bundles import Bundle, find_bundles

ROOT = Path(__file__).parents[2]
ZAM = Path("/usr/lib/vst3")

pytestmark = pytest.mark.slow


@pytest.fixture(scope="session")
def lab_fault(tmp_path_factory):
    """Build the plugin that fails on demand."""
    folder = tmp_path_factory.mktemp("lab")
    subprocess.run(["make", "-s", "-C", str(ROOT / "tests/vst3"), f"BUILD={folder}", "LabFault"], check=True)
    return folder / "LabFault.vst3"


class Opened:
    """Notes which bundles a scan opened."""

    def __init__(self):
        self.names = []

    def __call__(self, done, total, name):
        self.names.append(name)


def copy(bundle, folder):
    return Path(shutil.copytree(bundle, folder / Path(bundle).name))


def binary(bundle):
    return next(bundle.rglob("*.so"))


@pytest.fixture
def folder(tmp_path, home):
    made = tmp_path / "plugins"
    made.mkdir()
    return made


def scanner(opened=None, seconds=30.0, settings=None):
    return Scanner(settings or Settings(), seconds=seconds, progress=opened)


def by_file(plugins):
    return {plugin.path.stem: plugin for plugin in plugins}


def test_good_plugins_are_described_and_remembered(folder):
    copy(ZAM / "ZamComp.vst3", folder)
    copy(ZAM / "ZaMaximX2.vst3", folder)
    opened = Opened()
    found = by_file(scanner(opened).scan([folder]))
    assert found["ZamComp"].status is ForeignStatus.ENABLED
    assert found["ZamComp"].id == "vst3:ZamComp"
    assert found["ZamComp"].kind == "effect"
    assert found["ZamComp"].vendor
    assert any(parameter["name"] == "Threshold" for parameter in found["ZamComp"].info["parameters"])
    assert found["ZaMaximX2"].info["latency"] > 0
    assert sorted(opened.names) == ["ZaMaximX2.vst3", "ZamComp.vst3"]
    again = by_file(scanner(opened).scan([folder]))
    assert len(opened.names) == 2
    assert again == found


def test_truncated_and_false_bundles_are_named_and_the_rest_works(folder):
    good = copy(ZAM / "ZamComp.vst3", folder)
    cut = copy(ZAM / "ZamTube.vst3", folder)
    with binary(cut).open("r+b") as file:
        file.truncate(20_000)
    (folder / "Text.vst3").write_text("I am no plugin")
    (folder / "Empty.vst3").mkdir()
    found = by_file(scanner().scan([folder]))
    assert found["ZamComp"].status is ForeignStatus.ENABLED
    assert found["ZamTube"].status in (ForeignStatus.CRASHED, ForeignStatus.LOAD_ERROR)
    assert found["Text"].status is ForeignStatus.LOAD_ERROR
    assert found["Empty"].status is ForeignStatus.LOAD_ERROR
    assert all(found[name].message for name in ("ZamTube", "Text", "Empty"))
    shutil.copyfile(binary(ZAM / "ZamTube.vst3"), binary(cut))
    opened = Opened()
    healed = by_file(scanner(opened).scan([folder]))
    assert opened.names == ["ZamTube.vst3"], "a changed file is looked at again, the others are not"
    assert healed["ZamTube"].status is ForeignStatus.ENABLED
    assert good.exists()


@pytest.mark.parametrize(
    ("fault", "status", "told"),
    [
        ("segfault", ForeignStatus.CRASHED, "killed by SIGSEGV"),
        ("abort", ForeignStatus.CRASHED, "killed by SIGABRT"),
        ("exit", ForeignStatus.CRASHED, "ended with exit code 7"),
        ("hang", ForeignStatus.HUNG, "did not end within 3 s"),
    ],
)
def test_a_plugin_that_kills_its_host_is_quarantined(folder, lab_fault, monkeypatch, fault, status, told):
    bundle = copy(lab_fault, folder)
    monkeypatch.setenv("LABFAULT_LOAD", fault)
    opened = Opened()
    (plugin,) = scanner(opened, seconds=3.0 if fault == "hang" else 30.0).scan([folder])
    assert plugin.status is status
    assert told in plugin.message
    assert "--rescan" in plugin.message
    monkeypatch.delenv("LABFAULT_LOAD")
    (plugin,) = scanner(opened).scan([folder])
    assert plugin.status is status, "remembered"
    assert opened.names == ["LabFault.vst3"]
    with pytest.raises(PluginUnavailableError, match="LabFault"):
        scanner().find(f"vst3:{bundle}")
    (plugin,) = scanner(opened).scan([folder], rescan=True)
    assert plugin.status is ForeignStatus.ENABLED
    assert len(opened.names) == 2


def test_an_exception_at_load_is_an_ordinary_error_or_a_crash_but_never_ours(folder, lab_fault, monkeypatch):
    copy(lab_fault, folder)
    monkeypatch.setenv("LABFAULT_LOAD", "throw")
    (plugin,) = scanner().scan([folder])
    assert plugin.status in (ForeignStatus.LOAD_ERROR, ForeignStatus.CRASHED)
    assert plugin.message


def test_a_plugin_is_found_by_name_with_little_opened(folder):
    for name in ("ZamComp", "ZamTube", "ZamEQ2"):
        copy(ZAM / f"{name}.vst3", folder)
    settings = Settings(plugin_folders=(folder,))
    opened = Opened()
    plugin = scanner(opened, settings=settings).find("vst3:zamtube")
    assert plugin.id == "vst3:ZamTube"
    assert plugin.path.parent == folder
    assert set(opened.names) == {"ZamTube.vst3"}
    assert scanner(opened).find(f"vst3:{folder / 'ZamEQ2.vst3'}").name == "ZamEQ2"


def test_a_folder_scanned_once_is_known_by_name(folder, lab_fault):
    copy(lab_fault, folder)
    scanner().scan([folder])
    assert scanner().find("vst3:LabFault").path.parent == folder


def test_an_unknown_name_gets_a_hint(folder, monkeypatch):
    copy(ZAM / "ZamComp.vst3", folder)
    monkeypatch.setattr("backline.catalog.places._system_folders", lambda name, home: [folder])
    with pytest.raises(UnknownPluginError, match="did you mean vst3:ZamComp"):
        scanner().find("vst3:ZamCmop")
    with pytest.raises(UnknownPluginError, match="does not exist"):
        scanner().find("vst3:/nowhere/X.vst3")


def test_the_user_can_leave_out_a_plugin(folder):
    copy(ZAM / "ZamComp.vst3", folder)
    (plugin,) = scanner(settings=Settings(disabled=frozenset({"vst3:ZamComp"}))).scan([folder])
    assert plugin.status is ForeignStatus.DISABLED_BY_USER


def test_stopping_a_scan_keeps_what_was_found(folder):
    for name in ("ZamComp", "ZamTube", "ZamEQ2", "ZamDelay"):
        copy(ZAM / f"{name}.vst3", folder)

    def stop(done, total, name):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        scanner(stop).scan([folder])
    opened = Opened()
    assert len(scanner(opened).scan([folder])) == 4
    assert len(opened.names) < 4


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_no_child_outlives_a_killed_scan(folder, lab_fault):
    copy(lab_fault, folder)
    program = f"from pathlib import Path; from backline.catalog import Scanner; Scanner().scan([Path({str(folder)!r})])"
    environment = {**os.environ, "LABFAULT_LOAD": "hang", "PYTHONPATH": os.pathsep.join(sys.path)}
    host = subprocess.Popen([sys.executable, "-c", program], env=environment)
    children = until(lambda: children_of(host.pid))
    host.send_signal(signal.SIGKILL)
    host.wait()
    until(lambda: not any(Path(f"/proc/{child}/cmdline").exists() and b"LabFault" in command(child) for child in children))


def children_of(parent):
    listed = Path(f"/proc/{parent}/task").glob("*/children")
    children = [int(child) for file in listed for child in file.read_text().split()]
    return [child for child in children if b"LabFault" in command(child)]


def command(process):
    try:
        return Path(f"/proc/{process}/cmdline").read_bytes()
    except OSError:
        return b""


def until(condition, seconds=10.0):
    limit = time.monotonic() + seconds
    while time.monotonic() < limit:
        found = condition()
        if found:
            return found
    raise AssertionError("it did not come true in time")


def test_identity_follows_the_binary(folder):
    bundle = Bundle(copy(ZAM / "ZamComp.vst3", folder), "vst3")
    before = bundle.identity()
    assert bundle.identity() == before
    os.utime(binary(bundle.path), ns=(1, 1))
    assert bundle.identity() != before


def test_bundles_are_found_once_below_links_and_not_inside_others(folder):
    bundle = copy(ZAM / "ZamComp.vst3", folder)
    (bundle / "Contents" / "Inner.vst3").mkdir()
    (folder / "again").symlink_to(folder)
    (folder / "linked.vst3").symlink_to(bundle)
    (folder / "presets.lv2").mkdir()
    assert [found.path.name for found in find_bundles([folder], {"vst3", "lv2"})] == ["ZamComp.vst3"]
