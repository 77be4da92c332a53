"""One bad package harms none: every way a package can fail is told under its distribution's name, and the others work."""

import os
import sys
import time

import pytest

from backline.catalog import Catalog, PluginUnavailableError, Settings, SettingsError, Status, UnknownPluginError

BROKEN = {
    "bad-import": ("import nothing_of_that_name\n", "No module named 'nothing_of_that_name'"),
    "bad-syntax": ("def plugins(:\n", "SyntaxError"),
    "bad-exit": ("import sys\nsys.exit(3)\n", "sys.exit(3)"),
    "bad-hard-exit": ("import os\nos._exit(0)\n", "ended the process (ended with exit code 0)"),
    "bad-crash": ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n", "killed by SIGSEGV"),
    "bad-endless": ("while True:\n    pass\n", "did not end within 6 s"),
    "bad-hook": (
        "from backline.sdk import hookimpl\n@hookimpl\ndef plugins():\n    raise RuntimeError('no luck')\n",
        "RuntimeError: no luck",
    ),
    "bad-junk": ("from backline.sdk import hookimpl\n@hookimpl\ndef plugins():\n    return 42\n", "not int"),
    "bad-nothing": ("from backline.sdk import hookimpl\n@hookimpl\ndef plugins():\n    return None\n", "not None"),
    "bad-class": ("from backline.sdk import hookimpl\n@hookimpl\ndef plugins():\n    return [dict]\n", "subclasses of backline.sdk.Plugin"),
    "bad-object": (
        "from backline.sdk import hookimpl\n@hookimpl\ndef plugins():\n    return [object()]\n",
        "subclasses of backline.sdk.Plugin",
    ),
    "bad-spelling": ("from backline.sdk import hookimpl\n@hookimpl\ndef plugns():\n    return []\n", "did you mean plugins?"),
    "bad-unmarked": ("def plugins():\n    return []\n", "no function marked with backline.sdk.hookimpl"),
    "bad-interrupt": ("raise KeyboardInterrupt\n", "KeyboardInterrupt"),
    "bad-recursion": ("def f():\n    f()\nf()\n", "RecursionError"),
    "bad-lazy": (
        "from backline.sdk import hookimpl\n@hookimpl\ndef plugins():\n    return {'ghost': 'bad_lazy_parts:Ghost'}\n",
        "bad_lazy_parts",
    ),
}

HOOKS = "from backline.sdk import hookimpl\n@hookimpl\ndef plugins():\n"


def by_distribution(catalog):
    found = {}
    for record in catalog.records():
        found.setdefault(record.source.distribution, []).append(record)
    return found


@pytest.mark.slow
def test_no_broken_package_stops_another(site):
    """All at once, with good ones before and after them in the order; the endless one costs one time limit."""
    site.good("a-good-one", "first_good")
    site.good("z-good-one", "last_good")
    for distribution, (source, _) in BROKEN.items():
        site.add(distribution, source)
    started = time.monotonic()
    # Long enough for an interpreter to start on a busy machine; the endless one waits it out.
    catalog = Catalog(probe_seconds=6.0)
    found = by_distribution(catalog)
    assert time.monotonic() - started < 30.0
    for distribution, (_, told) in BROKEN.items():
        (record,) = found[distribution]
        assert record.status is Status.LOAD_ERROR, record
        assert told in record.message
        assert distribution in record.reason
    assert catalog.plugin("first_good").plugin_id == "first_good"
    assert catalog.plugin("last_good").plugin_id == "last_good"
    assert {"first_good", "last_good"} <= set(catalog.ids())


@pytest.mark.slow
def test_a_seen_package_is_not_probed_again_until_it_changes(site):
    told = []
    file = site.good("some-plugins", "calm")
    site.add("hard-exit", BROKEN["bad-hard-exit"][0])
    assert "calm" in Catalog(tell=told.append).ids()
    assert len(told) == 2
    assert "calm" in Catalog(tell=told.append).ids()
    assert len(told) == 2, "both are remembered, the crasher too"
    file.write_text(file.read_text().replace('"calm"', '"stormy"'))
    os.utime(file, ns=(1, 1_700_000_000_000_000_000))
    assert "stormy" in Catalog(tell=told.append).ids()
    assert len(told) == 3
    catalog = Catalog(tell=told.append)
    catalog.retry()
    assert len(told) == 4, "only what failed is tried again"
    assert "hard_exit" in told[-1]


@pytest.mark.slow
def test_a_missing_dependency_that_comes_later_heals_the_package(site):
    source = "import late_dependency\n" + site.good("waiting", "patient").read_text()
    (site.folder / "waiting.py").write_text(source)
    assert "patient" not in Catalog().ids()
    (site.folder / "late_dependency.py").write_text("")
    assert Catalog().plugin("patient").plugin_id == "patient"


@pytest.mark.slow
def test_the_first_of_two_with_one_id_wins_and_the_other_is_told(site):
    site.good("b-package", "twin")
    site.good("a-package", "twin")
    catalog = Catalog()
    found = by_distribution(catalog)
    (winner,), (loser,) = found["a-package"], found["b-package"]
    assert winner.status is Status.ENABLED
    assert loser.status is Status.DUPLICATE_ID
    assert "a-package 1.0 already gives this id" in loser.message
    assert catalog.plugin("twin").__module__ == "a_package"


@pytest.mark.slow
def test_an_in_house_id_cannot_be_taken(site):
    own = Catalog().ids()[0]
    site.good("usurper", own)
    (record,) = by_distribution(Catalog())["usurper"]
    assert record.status is Status.DUPLICATE_ID
    assert Catalog().record(own).source.in_house


@pytest.mark.slow
def test_a_plugin_for_another_api_is_told_and_its_neighbours_work(site):
    source = site.good("mixed", "present_one").read_text()
    future = source.replace("class PresentOne", "class FutureOne").replace('"present_one"', '"future_one"\n    api = 99')
    future = future.replace("return [PresentOne]", "return [PresentOne, FutureOne]").partition("class FutureOne")[2]
    (site.folder / "mixed.py").write_text(source.partition("@hookimpl")[0] + "class FutureOne" + future)
    catalog = Catalog()
    assert catalog.record("future_one").status is Status.WRONG_API
    assert "plugin API 99; this Backline has API 1" in catalog.record("future_one").message
    assert catalog.plugin("present_one").plugin_id == "present_one"
    with pytest.raises(PluginUnavailableError, match=r"future_one.*mixed 1.0.*API 99"):
        catalog.plugin("future_one")


@pytest.mark.slow
def test_only_the_wanted_plugin_of_a_lazy_package_is_imported(site):
    source = site.good("lazy-parts", "lazy_one").read_text().partition("@hookimpl")[0]
    (site.folder / "lazy_parts.py").write_text(source)
    hooks = HOOKS + "    return {'lazy_one': 'lazy_parts:LazyOne', 'other': 'not_there:Other'}\n"
    site.add("lazy", hooks)
    (site.folder / "lazy_parts-1.0.dist-info" / "entry_points.txt").write_text("")
    catalog = Catalog()
    assert catalog.plugin("lazy_one").plugin_id == "lazy_one"
    assert catalog.record("other").status is Status.LOAD_ERROR


@pytest.mark.slow
def test_the_user_can_leave_out_a_plugin_or_a_whole_package(site, home, monkeypatch):
    site.good("one", "first")
    site.good("two", "second")
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.yaml").write_text("disabled: [first, two]\n")
    catalog = Catalog()
    assert catalog.record("first").status is Status.DISABLED_BY_USER
    assert by_distribution(catalog)["two"][0].status is Status.DISABLED_BY_USER
    assert not {"first", "second"} & set(catalog.ids())
    monkeypatch.setenv("BACKLINE_PLUGINS", "one")
    catalog = Catalog(Settings())
    assert "first" in catalog.ids()
    assert by_distribution(catalog)["two"][0].message == "not named in the variable BACKLINE_PLUGINS"


@pytest.mark.slow
def test_packages_give_folders_with_presets_controllers_and_targets(site):
    more = "\n\n@hookimpl\ndef presets():\n    return ['/some/presets']\n\n\n@hookimpl\ndef targets():\n    return ['/some/targets.yaml']\n"
    site.good("generous", "gift", more=more)
    catalog = Catalog()
    assert [str(path) for source, path in catalog.presets() if source.distribution == "generous"] == ["/some/presets"]
    assert [str(path) for source, path in catalog.targets() if source.distribution == "generous"] == ["/some/targets.yaml"]
    assert [path for source, path in catalog.controllers() if source.distribution == "generous"] == []


@pytest.mark.slow
def test_damaged_metadata_of_any_package_does_no_harm(site):
    """importlib.metadata itself raises for these."""
    site.good("sound", "healthy")
    for name, text in {"junk-line": "[backline.plugins]\nno equals sign\n", "other-junk": "[console_scripts]\nno equals sign\n"}.items():
        site.add(name, "")
        (site.folder / f"{name.replace('-', '_')}-1.0.dist-info" / "entry_points.txt").write_text(text)
    (site.folder / "bytes-1.0.dist-info").mkdir()
    (site.folder / "bytes-1.0.dist-info" / "entry_points.txt").write_bytes(b"[backline.plugins]\n\xff\xfe = x\n")
    (site.folder / "empty-1.0.dist-info").mkdir()
    found = by_distribution(Catalog())
    assert found["sound"][0].status is Status.ENABLED
    assert "entry_points.txt is damaged" in found["junk-line"][0].message
    assert "other-junk" not in found


@pytest.mark.slow
def test_the_first_installation_on_the_path_counts(site, tmp_path, monkeypatch):
    site.good("twice", "newer")
    older = type(site)(tmp_path / "older")
    older.good("twice", "older")
    monkeypatch.setattr("sys.path", [*sys.path, str(older.folder)])
    assert [record.id for record in by_distribution(Catalog())["twice"]] == ["newer"]


def test_an_unknown_id_says_so(home):
    with pytest.raises(UnknownPluginError, match='there is no plugin "nosuch"'):
        Catalog().plugin("nosuch")


@pytest.mark.parametrize("junk", ["", "{", '{"version": 1, "entries": 5}', "[" * 100_000, "\x00\xff"])
def test_a_damaged_cache_counts_as_empty(home, junk):
    (home / "cache").mkdir(parents=True)
    (home / "cache" / "packages.json").write_text(junk)
    assert Catalog().ids()


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("disabled: [a\n", r"settings.yaml:2:1: "),
        ("disabeld: [a]\n", 'there is no setting "disabeld"; did you mean disabled'),
        ("disabled: {a: 1}\n", "disabled: must be a list of texts"),
        ("host: logic\n", "host: must be one of auto, pedalboard, minihost"),
        ("- a\n", "must be a mapping of settings"),
        ("[" * 20_000, "settings.yaml"),
        ("a: !!python/object/apply:os.system [ls]\n", "could not determine a constructor"),
    ],
)
def test_bad_settings_are_one_clear_error(tmp_path, text, told):
    path = tmp_path / "settings.yaml"
    path.write_text(text)
    with pytest.raises(SettingsError, match=told) as caught:
        Settings.load(path)
    assert str(path) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_settings_are_read(tmp_path):
    path = tmp_path / "settings.yaml"
    path.write_text("disabled: [one]\nplugin_folders: [/plugins]\nhost: minihost\n")
    settings = Settings.load(path)
    assert settings.disabled == {"one"}
    assert [str(folder) for folder in settings.plugin_folders] == ["/plugins"]
    assert settings.host == "minihost"
