"""A plugin that kills its host never takes down the process that loads a preset, and the user is told what to do."""

import shutil
from pathlib import Path

import pytest

import backline
from backline.catalog import PluginUnavailableError, Scanner, Settings, cache_folder, trust
from backline.catalog.bundles import Bundle
from backline.formats.errors import DocumentError
from vst3.lab import lab_bundle

pytestmark = pytest.mark.slow


@pytest.fixture
def fault(tmp_path, monkeypatch):
    """The plugin that fails on demand, in a folder of its own, on a machine that has seen no plugin."""
    monkeypatch.setenv("BACKLINE_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(trust, "_passed", set())
    return Path(shutil.copytree(lab_bundle("LabFault"), tmp_path / "lab" / "LabFault.vst3"))


def preset(address, more=""):
    return f"preset: 1\nname: One plugin\nnodes:\n  fx: {{plugin: {address}{more}}}\nwires: [in -> fx -> out]\n"


def settle(folder, text):
    (folder / "config").mkdir(parents=True)
    (folder / "config" / "settings.yaml").write_text(text)


@pytest.mark.parametrize(("how", "told"), [("segfault", "killed by SIGSEGV"), ("abort", "killed by SIGABRT"), ("exit", "with exit code 7")])
def test_a_crasher_is_refused_and_named(fault, monkeypatch, how, told):
    monkeypatch.setenv("LABFAULT_LOAD", how)
    text = preset(f"vst3:{fault}")
    with pytest.raises(DocumentError) as caught:
        backline.loads(text)
    message = str(caught.value)
    assert ":4:" in message
    assert f'plugin "vst3:LabFault" ({fault}) is in quarantine (crashed): opening it ended the process (' in message
    assert told in message
    assert f'`backline plugins --rescan` with `--scan "{fault.parent}"`' in message
    monkeypatch.delenv("LABFAULT_LOAD")
    with pytest.raises(DocumentError, match="in quarantine"):
        backline.loads(text)
    assert backline.loads(text, missing="silence").warnings
    Scanner().scan([fault.parent], rescan=True)
    assert backline.loads(text)["fx"] is not None


def test_a_hanging_one_is_refused(fault, monkeypatch):
    monkeypatch.setenv("LABFAULT_LOAD", "hang")
    with pytest.raises(PluginUnavailableError, match=r"in quarantine \(hung\): opening it did not end within 2 s"):
        trust.ensure_safe(Bundle(fault, "vst3"), "minihost", settings=Settings(), seconds=2.0)


def test_one_that_throws_is_an_ordinary_error(fault, monkeypatch):
    monkeypatch.setenv("LABFAULT_LOAD", "throw")
    with pytest.raises(DocumentError, match="LabFault"):
        backline.loads(preset(f"vst3:{fault}"))


def test_names_are_found_in_the_folders_of_the_settings(fault, tmp_path):
    with pytest.raises(DocumentError, match='there is no plugin "vst3:LabFault"'):
        backline.loads(preset("vst3:LabFault"))
    settle(tmp_path / "home", f"plugin_folders: [{fault.parent}]\n")
    assert backline.loads(preset("vst3:LabFault"))["fx"] is not None


def test_names_are_found_in_a_folder_that_was_scanned(fault):
    Scanner().scan([fault.parent])
    assert backline.loads(preset("vst3:labfault"))["fx"] is not None


@pytest.mark.parametrize("backend", ["pedalboard", "minihost"])
def test_the_host_of_the_settings_is_taken_unless_the_node_names_one(fault, tmp_path, backend):
    settle(tmp_path / "home", f"host: {backend}\n")
    other = {"pedalboard": "minihost", "minihost": "pedalboard"}[backend]
    backline.loads(preset(f"vst3:{fault}"))
    backline.loads(preset(f"vst3:{fault}", f", host: {other}"))
    looked = [file.read_text() for file in sorted((cache_folder() / "verdicts").iterdir(), key=lambda file: file.stat().st_mtime_ns)]
    assert [name for text in looked for name in (backend, other) if f'"backend": "{name}"' in text] == [backend, other]


def test_trusting_all_looks_into_none(fault, monkeypatch):
    monkeypatch.setenv("BACKLINE_TRUST_PLUGINS", "1")
    backline.loads(preset(f"vst3:{fault}"))
    assert not (cache_folder() / "verdicts").exists()
