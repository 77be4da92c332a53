"""Paths in documents stay beside them."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backline.formats.paths import PathError, check_relative, library_root, resolve_beside


@pytest.fixture
def preset(tmp_path: Path) -> Path:
    """A preset two folders down in a library, with a sibling library beside."""
    (tmp_path / "library" / "keys" / "soft").mkdir(parents=True)
    (tmp_path / "library" / "backline.yaml").touch()
    (tmp_path / "library2").mkdir()
    (tmp_path / "secret.wav").touch()
    return tmp_path / "library" / "keys" / "soft" / "warm.yaml"


def test_paths_are_relative_to_the_document(preset: Path) -> None:
    folder = preset.parent.resolve()
    assert resolve_beside(preset, "a/b c.wav") == folder / "a" / "b c.wav"
    assert resolve_beside(preset, "Ünïcode 日本.wav") == folder / "Ünïcode 日本.wav"
    assert resolve_beside(str(preset), "..a/b..wav") == folder / "..a" / "b..wav"


def test_paths_may_climb_inside_the_library(preset: Path) -> None:
    assert resolve_beside(preset, "../../samples/kick.wav") == preset.parents[2].resolve() / "samples" / "kick.wav"


def test_a_folder_that_is_no_library_is_its_own(tmp_path: Path) -> None:
    document = tmp_path / "alone" / "a.yaml"
    document.parent.mkdir()
    assert library_root(document) == document.parent.resolve()
    with pytest.raises(PathError, match="leads out of"):
        resolve_beside(document, "../a.wav")


def test_a_checkout_is_a_library(tmp_path: Path) -> None:
    (tmp_path / ".git").mkdir()
    assert library_root(tmp_path / "a" / "b.yaml") == tmp_path.resolve()


@pytest.mark.parametrize(
    "text",
    [
        "../../../secret.wav",
        "../../../library2/a.wav",
        "a/../../../../secret.wav",
        "/etc/passwd",
        "//server/share/a.wav",
        "\\\\server\\share\\a.wav",
        "C:\\a.wav",
        "C:a.wav",
        "C:/a.wav",
        "~/a.wav",
        "~root/a.wav",
        "..\\..\\..\\secret.wav",
        "a.wav\0.png",
        "a\n.wav",
        "CON",
        "aux.wav",
        "a/nul/b.wav",
        "com1.wav",
        "．．/．．/．．/secret.wav",
        "‥/a.wav",
        "... /a.wav",
        "a./b.wav",
        "a /b.wav",
        "./a.wav",
        "a//b.wav",
        "a/",
        "",
        "   ",
        "file:a.wav",
        "http://host/a.wav",
        "a.wav:stream",
        "a?.wav",
        "x" * 1001,
    ],
)
def test_paths_that_are_refused(preset: Path, text: str) -> None:
    with pytest.raises(PathError):
        resolve_beside(preset, text)


def test_links_cannot_lead_out(preset: Path) -> None:
    (preset.parent / "link").symlink_to(preset.parents[3])
    (preset.parent / "inside").symlink_to(preset.parents[1])
    with pytest.raises(PathError, match="leads out of"):
        resolve_beside(preset, "link/secret.wav")
    assert resolve_beside(preset, "inside/a.wav") == preset.parents[1].resolve() / "a.wav"


@given(st.lists(st.sampled_from(["..", "a", ".", "", "．．", "...", "library2", " ", "~", "C:"]), min_size=1, max_size=8))
def test_no_path_escapes(parts: list[str]) -> None:
    document = Path("/nowhere/library/keys/warm.yaml")
    root = library_root(document)
    try:
        found = resolve_beside(document, "/".join(parts))
    except PathError:
        found = root
    assert found.is_relative_to(root)


def test_the_check_alone_looks_at_no_file() -> None:
    check_relative("../anything/that/is/not/there.wav")
