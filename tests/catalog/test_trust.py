"""A bundle is opened in this process only after a child has survived it; asking again costs next to nothing."""

import json
import os
import time

import pytest

from backline.catalog import PluginUnavailableError, Scanner, Settings, cache_folder, trust
from backline.catalog.bundles import Bundle
from backline.catalog.trust import ensure_safe


@pytest.fixture
def looks(home, monkeypatch):
    """Note every look, and answer it with the status in `looks.status`; nothing passed is remembered from before."""

    class Looks(list):
        status = "enabled"

    made = Looks()

    def look(bundle, backend, plugin_name, *, seconds):
        made.append((bundle.path.stem, backend, plugin_name))
        return {"status": made.status, "message": "opening it ended the process" if made.status == "crashed" else ""}

    monkeypatch.setattr(trust, "look", look)
    monkeypatch.setattr(trust, "_passed", set())
    return made


@pytest.fixture
def bundle(tmp_path):
    """A bundle that nothing opens."""
    library = tmp_path / "Fake.vst3" / "Contents" / "x86_64-linux" / "Fake.so"
    library.parent.mkdir(parents=True)
    library.write_bytes(b"library")
    return Bundle(tmp_path / "Fake.vst3", "vst3")


def another_process(monkeypatch):
    monkeypatch.setattr(trust, "_passed", set())


def test_a_new_bundle_is_looked_into_once(looks, bundle, monkeypatch):
    told = []
    for _ in range(3):
        ensure_safe(bundle, "minihost", settings=Settings(), tell=told.append)
        another_process(monkeypatch)
    assert looks == [("Fake", "minihost", None)]
    assert told == ["looking into Fake.vst3, which was never opened here before"]


def test_each_backend_and_each_plugin_of_many_is_looked_into(looks, bundle):
    for backend, name in (("minihost", None), ("pedalboard", None), ("minihost", "One"), ("minihost", "Two")):
        for _ in range(2):
            ensure_safe(bundle, backend, name, settings=Settings())
    assert looks == [("Fake", "minihost", None), ("Fake", "pedalboard", None), ("Fake", "minihost", "One"), ("Fake", "minihost", "Two")]


def test_a_changed_bundle_is_new(looks, bundle, monkeypatch):
    ensure_safe(bundle, "minihost", settings=Settings())
    library = next(bundle.path.rglob("*.so"))
    library.write_bytes(b"another library")
    ensure_safe(bundle, "minihost", settings=Settings())
    assert len(looks) == 2


def test_a_crasher_is_refused_until_it_changes(looks, bundle, monkeypatch):
    looks.status = "crashed"
    told = r'plugin "vst3:Fake" \(.*Fake.vst3\) is in quarantine \(crashed\): opening it ended'
    for _ in range(3):
        with pytest.raises(PluginUnavailableError, match=told):
            ensure_safe(bundle, "minihost", settings=Settings())
    assert len(looks) == 1
    looks.status = "enabled"
    os.utime(next(bundle.path.rglob("*.so")), ns=(1, 1))
    ensure_safe(bundle, "minihost", settings=Settings())


def test_what_only_fails_to_open_passes_and_is_told_by_who_opens_it(looks, bundle):
    looks.status = "load_error"
    ensure_safe(bundle, "minihost", settings=Settings())


DAMAGE = ["", "{", "[]", "{}", '{"identity": 3}', '{"identity": "%s", "status": "fine", "message": ""}', "[" * 100_000]


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_verdict_counts_as_none(looks, bundle, monkeypatch, damage):
    ensure_safe(bundle, "minihost", settings=Settings())
    (verdict,) = (cache_folder() / "verdicts").iterdir()
    verdict.write_text(damage.replace("%s", bundle.identity()))
    another_process(monkeypatch)
    ensure_safe(bundle, "minihost", settings=Settings())
    assert len(looks) == 2


def test_without_a_cache_it_is_looked_into_once_a_process(looks, bundle, monkeypatch, tmp_path):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BACKLINE_HOME", str(tmp_path / "file"))
    for _ in range(3):
        ensure_safe(bundle, "minihost", settings=Settings())
    assert len(looks) == 1


def test_the_user_may_switch_a_plugin_off_or_trust_all(looks, bundle, monkeypatch):
    for name in ("vst3:Fake", str(bundle.path)):
        with pytest.raises(PluginUnavailableError, match="listed under `disabled`"):
            ensure_safe(bundle, "minihost", settings=Settings(disabled=frozenset({name})))
    monkeypatch.setenv("BACKLINE_TRUST_PLUGINS", "1")
    ensure_safe(bundle, "minihost", settings=Settings())
    assert looks == []


def test_asking_about_a_known_bundle_takes_less_than_a_millisecond(looks, bundle, monkeypatch):
    ensure_safe(bundle, "minihost", settings=Settings())
    taken = []
    for _ in range(50):
        another_process(monkeypatch)
        started = time.perf_counter()
        ensure_safe(bundle, "minihost", settings=Settings())
        taken.append(time.perf_counter() - started)
    assert min(taken) < 0.001


def test_a_scan_leaves_verdicts_and_a_rescan_lifts_them(looks, bundle, monkeypatch):
    """What a scan saw needs no further look, in quarantine or out of it."""
    answers = iter(["hung", "enabled"])
    monkeypatch.setattr("backline.catalog.scan.look", lambda *_, **__: {"status": next(answers), "message": "it did not end"})
    backend = Scanner(Settings()).backend
    Scanner(Settings()).scan([bundle.path])
    with pytest.raises(PluginUnavailableError, match=r"in quarantine \(hung\): it did not end"):
        ensure_safe(bundle, backend, settings=Settings())
    Scanner(Settings()).scan([bundle.path], rescan=True)
    ensure_safe(bundle, backend, settings=Settings())
    assert looks == []
    (verdict,) = (json.loads(file.read_text()) for file in (cache_folder() / "verdicts").iterdir())
    assert (verdict["bundle"], verdict["backend"], verdict["status"]) == (str(bundle.path), backend, "enabled")
