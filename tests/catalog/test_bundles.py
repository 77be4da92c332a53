"""Addresses of foreign plugins, and which bundle one means."""

import shutil
import sys
from pathlib import Path

import pytest

from backline.catalog import Settings, UnknownPluginError
from backline.catalog.bundles import Address, locate, parse_address
from backline.catalog.places import remember_places, search_places, standard_folders

ZAM = Path("/usr/lib/vst3")


def make(folder, *names):
    for name in names:
        (folder / name).mkdir(parents=True)
    return folder


def test_addresses_are_read_and_written():
    assert parse_address("vst3:Many#One") == Address("vst3", "Many", "One")
    assert parse_address("LV2:Calf") == Address("lv2", "Calf")
    assert parse_address("/a/b.lv2") == Address("lv2", "/a/b.lv2")
    assert parse_address("/a/b.vst3#Two") == Address("vst3", "/a/b.vst3", "Two")
    assert parse_address(Path("/c#/b.vst3")) == Address("vst3", "/c#/b.vst3")
    assert str(parse_address("vst3:Many#One")) == "vst3:Many#One"


@pytest.mark.parametrize("text", ["Reverb", "vst2:Old", "vst3:", ""])
def test_what_is_no_address_is_told(text):
    with pytest.raises(UnknownPluginError, match="foreign plugins are written vst3:NAME"):
        parse_address(text)


def test_the_first_place_wins_and_exact_names_before_others(tmp_path):
    first = make(tmp_path / "first", "Vendor/Series/Echo.vst3", "ROOM.vst3")
    second = make(tmp_path / "second", "Echo.vst3", "Room.vst3")
    places = [first, second]
    assert locate(parse_address("vst3:Echo"), places).path == first / "Vendor/Series/Echo.vst3"
    assert locate(parse_address("vst3:Room"), places).path == second / "Room.vst3"
    assert locate(parse_address("vst3:room"), places).path == first / "ROOM.vst3"
    assert locate(parse_address("vst3:Echo.vst3"), places).path == first / "Vendor/Series/Echo.vst3"
    assert locate(parse_address(second / "Echo.vst3"), []).path == second / "Echo.vst3"


def test_an_unknown_name_tells_what_is_alike_and_where_was_looked(tmp_path):
    folder = make(tmp_path / "here", "Echo.vst3")
    with pytest.raises(UnknownPluginError) as caught:
        locate(parse_address("vst3:Ecko"), [folder, tmp_path / "nowhere"])
    assert str(caught.value) == f'there is no plugin "vst3:Ecko"; did you mean vst3:Echo? (looked in {folder})'
    with pytest.raises(UnknownPluginError, match="none of the standard ones exists"):
        locate(parse_address("vst3:Ecko"), [tmp_path / "nowhere"])
    with pytest.raises(UnknownPluginError, match="does not exist"):
        locate(parse_address("vst3:/nowhere/X.vst3"), [])


def test_audio_units_are_refused_elsewhere(monkeypatch):
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(UnknownPluginError, match="Audio Units exist on macOS only"):
        locate(parse_address("au:Reverb"), [])


def test_variables_come_before_the_standard_folders(tmp_path, monkeypatch):
    monkeypatch.setenv("BACKLINE_VST3_PATH", str(tmp_path / "mine"))
    monkeypatch.setenv("LV2_PATH", str(tmp_path / "lv2"))
    assert standard_folders(["vst3"])[0] == tmp_path / "mine"
    assert tmp_path / "lv2" not in standard_folders(["vst3"])
    assert standard_folders(["lv2"])[0] == tmp_path / "lv2"
    assert {tmp_path / "mine", tmp_path / "lv2"} <= set(standard_folders())


@pytest.mark.parametrize("system", ["linux", "darwin", "win32"])
def test_every_system_has_folders(monkeypatch, system):
    monkeypatch.setattr(sys, "platform", system)
    assert any("vst3" in str(folder).lower() for folder in standard_folders(["vst3"]))
    assert bool(standard_folders(["au"])) is (system == "darwin")


def test_scanned_places_come_last_and_stay_known(home, tmp_path):
    settings = Settings(plugin_folders=(tmp_path / "own",))
    remember_places([tmp_path / "b", tmp_path / "a"])
    remember_places([tmp_path / "a"])
    places = search_places(settings)
    assert places[0] == tmp_path / "own"
    assert places[-2:] == [tmp_path / "a", tmp_path / "b"]


def test_links_to_a_bundle_keep_their_own_name(tmp_path):
    real = Path(shutil.copytree(ZAM / "ZamComp.vst3", tmp_path / "store" / "ZamComp.vst3"))
    folder = tmp_path / "here"
    folder.mkdir()
    (folder / "ZamComp.vst3").symlink_to(real)
    assert locate(parse_address("vst3:ZamComp"), [folder]).path == folder / "ZamComp.vst3"
