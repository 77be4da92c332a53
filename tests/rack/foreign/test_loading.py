"""Plugins that cannot be opened, each with its real cause; plugins that misbehave, without harm to us."""

from __future__ import annotations

import importlib.util
import math
import os
import platform
import shutil
import subprocess
import sys
import threading

import numpy as np
import pytest

from backline.catalog.bundles import Bundle
from backline.catalog.look import look
from backline.rack.foreign import (
    ForeignLoadError,
    ForeignParameterError,
    ForeignProcessError,
    load_foreign,
)

MACHINE = f"{platform.machine()}-linux"


@pytest.fixture
def broken(lab, tmp_path):
    """A copy of LabGain to spoil: the bundle and its library."""
    bundle = tmp_path / "LabGain.vst3"
    shutil.copytree(lab("LabGain"), bundle)
    return bundle, bundle / "Contents" / MACHINE / "LabGain.so"


def refusal(spec, host="auto", **options):
    with pytest.raises(ForeignLoadError) as caught:
        load_foreign(spec, host=host, **options).close()
    message = str(caught.value)
    assert "\n" not in message
    return message


def test_a_cut_library_is_found_out_before_it_is_opened(broken, host):
    bundle, library = broken
    whole = library.read_bytes()
    for size in (len(whole) - 1, len(whole) // 2, 5000, 700, 70, 30, 0):
        library.write_bytes(whole[:size])
        message = refusal(bundle, host)
        assert "LabGain.so: it is cut off" in message or "LabGain.so: it is no Linux library" in message, size


def test_a_library_with_damaged_headers(broken, host):
    bundle, library = broken
    data = bytearray(library.read_bytes())
    data[32:40] = (1 << 62).to_bytes(8, "little")
    library.write_bytes(data)
    assert "it is cut off: its program table" in refusal(bundle, host)


def test_a_text_in_place_of_a_library(broken, host):
    bundle, library = broken
    library.write_text("this is no library" * 100)
    assert "LabGain.so: it is no Linux library" in refusal(bundle, host)


def test_another_machine(broken, host):
    bundle, library = broken
    library.parent.rename(library.parent.with_name("aarch64-linux" if platform.machine() != "aarch64" else "x86_64-linux"))
    assert "it is built for" in refusal(bundle, host)
    assert f"this machine is {MACHINE}" in refusal(bundle, host)


def test_another_machine_inside_the_right_folder(broken, host):
    bundle, library = broken
    data = bytearray(library.read_bytes())
    data[18:20] = (243).to_bytes(2, "little")
    library.write_bytes(data)
    assert "LabGain.so is built for riscv64" in refusal(bundle, host)


def test_a_renamed_bundle(broken, host):
    bundle, _ = broken
    renamed = bundle.rename(bundle.with_name("Best.vst3"))
    assert "the bundle was renamed: its library is LabGain.so, so it must be called LabGain.vst3" in refusal(renamed, host)


def test_empty_bundles(broken, host, tmp_path):
    bundle, library = broken
    library.unlink()
    assert "the bundle is empty, LabGain.so is missing" in refusal(bundle, host)
    shutil.rmtree(bundle / "Contents")
    assert "it has no Contents folder" in refusal(bundle, host)
    (tmp_path / "Single.vst3").write_bytes(b"\x7fELF")
    assert "on Linux a VST3 plugin is a folder" in refusal(tmp_path / "Single.vst3", host)
    assert f"{tmp_path / 'None.vst3'} does not exist" in refusal(tmp_path / "None.vst3", host)


def compiled(folder, name, source, *flags):
    library = folder / f"{name}.vst3" / "Contents" / MACHINE / f"{name}.so"
    library.parent.mkdir(parents=True)
    subprocess.run(["g++", "-shared", "-fPIC", "-x", "c++", "-", "-o", library, *flags], input=source, text=True, check=True)
    return library.parents[2]


def test_a_library_that_is_no_vst3(tmp_path, host):
    bundle = compiled(tmp_path, "Old", 'extern "C" int VSTPluginMain() { return 0; }')
    assert "Old.so is no VST3 plugin: it has no GetPluginFactory (it is a VST2 plugin)" in refusal(bundle, host)


def test_a_missing_library_is_named(tmp_path, host):
    subprocess.run(
        ["g++", "-shared", "-fPIC", "-x", "c++", "-", "-o", tmp_path / "libgone.so"],
        input="int gone() { return 1; }",
        text=True,
        check=True,
    )
    source = 'int gone(); extern "C" void* GetPluginFactory() { return gone() ? nullptr : nullptr; }'
    bundle = compiled(tmp_path, "Needy", source, f"-L{tmp_path}", "-lgone")
    (tmp_path / "libgone.so").unlink()
    assert "it needs libgone.so, which this system does not have" in refusal(bundle, host)


def test_a_factory_that_makes_nothing(tmp_path, host):
    bundle = compiled(
        tmp_path,
        "Hollow",
        'extern "C" { void* GetPluginFactory() { return nullptr; } bool ModuleEntry(void*) { return true; } '
        "bool ModuleExit() { return true; } }",
    )
    assert refusal(bundle, host).startswith(f"{bundle}: ")


def test_names_are_looked_up(lab, host):
    assert refusal("vst3:ZamCmopX2", host).startswith('there is no plugin "vst3:ZamCmopX2"; did you mean vst3:ZamCompX2')
    folder = lab("LabGain").parent
    load_foreign("vst3:labgain", host=host, folders=[folder]).close()


def test_what_is_no_address_is_refused():
    for address in ("Reverb", "vst2:Old", ""):
        assert "foreign plugins are written vst3:NAME" in refusal(address)


def test_audio_units_elsewhere(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    assert "Audio Units exist on macOS only" in refusal("au:Reverb")


def test_wrong_hosts(lab, monkeypatch):
    assert 'host "juce" is unknown' in refusal(lab("LabGain"), "juce")
    assert "pedalboard cannot host LV2 plugins" in refusal("lv2:ZamComp", "pedalboard")
    message = refusal(lab("LabOneToTwo"), "pedalboard")
    assert "its inputs and outputs differ in number" in message
    assert "host: minihost" in message
    monkeypatch.setitem(sys.modules, "minihost", None)
    assert "minihost is not installed: pip install 'backline[minihost]'" in refusal(lab("LabGain"), "minihost")


def test_auto_takes_what_is_installed(lab, monkeypatch):
    plugin = load_foreign(lab("LabGain"))
    assert plugin.backend == "minihost"
    plugin.close()
    found = importlib.util.find_spec
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None if name == "minihost" else found(name))
    plugin = load_foreign(lab("LabGain"))
    assert plugin.backend == "pedalboard"
    plugin.close()


def test_a_wrong_plugin_name_is_not_ignored(lab, host):
    assert "LabGain.vst3 holds no plugin" in refusal(lab("LabGain"), host, plugin_name="LabGian")
    plugin = load_foreign(f"{lab('LabGain')}#LabGain", host=host)
    assert (plugin.name, plugin.vendor, plugin.version) == ("LabGain", "Backline Lab", "1.2.3")
    plugin.close()


def test_channels_that_a_plugin_does_not_have(lab, host):
    assert "it does not take 2 channels" in refusal(lab("LabQuad"), host, channels=2)
    assert "instrument" not in refusal(lab("LabSynth"), host, channels=5)


def test_loading_is_fast(lab, host):
    import time

    load_foreign(lab("LabGain"), host=host).close()
    start = time.perf_counter()
    load_foreign(lab("LabSynth"), host=host).close()  # 2,084 parameters; pedalboard alone takes 10 s
    assert time.perf_counter() - start < 5.0


def test_opening_a_plugin_built_with_fast_math_changes_no_arithmetic(host):
    """In a process of its own: only the first opening of a library changes the mode."""
    code = f"""
import numpy as np
from backline.rack.foreign import load_foreign
load_foreign("vst3:ZaMultiCompX2", host={host!r}).close()
assert np.float32(1e-38) * np.float32(0.01) > 0, "denormals are flushed"
"""
    done = subprocess.run(
        [sys.executable, "-c", code],
        check=False,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
    )
    assert done.returncode == 0, done.stderr


def test_the_same_plugin_in_both_backends_at_once(lab):
    for _ in range(2):
        first, second = (load_foreign(lab("LabMono"), host=host) for host in ("pedalboard", "minihost"))
        second.close()
        third = load_foreign(lab("LabMono"), host="pedalboard")
        third.close()
        fourth = load_foreign(lab("LabMono"), host="minihost")
        out = np.zeros((1, 64), np.float32)
        for plugin in (first, fourth):
            plugin.prepare(48000.0, 64)
            plugin.process(np.ones((1, 64), np.float32), out, 64, 0)
            assert (out == 1.0).all()
            plugin.close()


def test_a_throwing_plugin_is_reported_and_goes_on(load, host):
    plugin = load("LabFault", host)
    plugin.set_now("fault", "Throw")
    out = np.ones((2, 64), np.float32)
    with pytest.raises(ForeignProcessError, match="LabFault failed: lab fault while running"):
        plugin.process(np.ones((2, 64), np.float32), out, 64, 0)
    assert not out.any()
    plugin.set_now("fault", "None")
    plugin.process(np.ones((2, 64), np.float32), out, 64, 64)
    assert out.all()


@pytest.mark.parametrize("fault", ["NaN", "Infinity"])
def test_not_a_number_is_silenced_and_counted(load, host, fault):
    plugin = load("LabFault", host)
    plugin.set_now("fault", fault)
    out = np.ones((2, 64), np.float32)
    for block in range(3):
        plugin.process(np.ones((2, 64), np.float32), out, 64, block * 64)
        assert not out.any()
    assert plugin.faults == 3
    plugin.set_now("fault", "None")
    plugin.process(np.ones((2, 64), np.float32), out, 64, 256)
    assert out.all()


def test_huge_values_are_no_fault(load, host):
    plugin = load("LabFault", host)
    plugin.set_now("fault", "Huge")
    out = np.zeros((2, 64), np.float32)
    plugin.process(np.ones((2, 64), np.float32), out, 64, 0)
    assert (out == 1e6).all()
    assert plugin.faults == 0


def test_a_bad_change_while_sound_runs_is_refused(load, host):
    plugin = load("LabGain", host)
    out = np.zeros((2, 64), np.float32)
    for change in ((0, "gian", 0.0), (0, "gain", math.nan), (0, "gain", 99.0)):
        with pytest.raises(ForeignParameterError):
            plugin.process(np.ones((2, 64), np.float32), out, 64, 0, (), [change])


def test_process_runs_on_any_thread(load, host):
    plugin = load("LabSynth", host)
    problems = []

    def work():
        try:
            plugin.process(None, np.zeros((2, 64), np.float32), 64, 0)
            plugin.reset()
            plugin.process(None, np.zeros((2, 64), np.float32), 64, 64)
        except Exception as error:
            problems.append(error)

    thread = threading.Thread(target=work)
    thread.start()
    thread.join()
    assert problems == []


@pytest.mark.slow
def test_a_first_look_tells_all(lab, host, broken):
    info = look(Bundle(lab("LabSynth"), "vst3"), host)
    assert (info["status"], info["message"]) == ("enabled", "")
    assert (info["name"], info["vendor"], info["version"], info["kind"]) == ("LabSynth", "Backline Lab", "1.2.3", "instrument")
    assert (info["inputs"], info["outputs"], info["latency"], info["backend"]) == (0, 2, 0, host)
    assert [parameter["id"] for parameter in info["parameters"]] == ["level", "attack", "release", "wave"]
    bundle, library = broken
    library.write_bytes(library.read_bytes()[:5000])
    info = look(Bundle(bundle, "vst3"), host)
    assert info["status"] == "load_error"
    assert "it is cut off" in info["message"]


def test_importing_opens_nothing():
    code = "import sys, backline.rack.foreign; sys.exit(any(name in sys.modules for name in ('pedalboard', 'minihost', 'scipy', 'numba')))"
    assert subprocess.run([sys.executable, "-c", code], check=False, env={"PYTHONPATH": ":".join(sys.path)}).returncode == 0
