"""Kept kernels: found without a compiler, made again when damaged, done without when no folder is safe. Never fatal."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from backline.sdk.declaration import kernel_fingerprint
from backline.sdk.kernels import cache, core, loader
from backline.sdk.kernels import compile as compiler
from sdk.good_plugins import Halver, Tremolo

PROGRAM = """
import sys
import numpy as np
from sdk.good_plugins import Tremolo

plugin = Tremolo(48000, 64)
(out,) = plugin.process_block([np.full((2, 64), 0.5, np.float32)], 64)
from backline.sdk.kernels import cache
print(out[0].tobytes().hex()[:64], cache.compiled_count, "numba" in sys.modules)
"""


def program(folder: Path | str, text: str = PROGRAM) -> list[str]:
    """Run a program with a kernel cache of its own; the words that it prints."""
    environment = os.environ | {"BACKLINE_KERNEL_CACHE": str(folder), "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-c", text], env=environment, capture_output=True, text=True, check=False, timeout=300)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout.split()


@pytest.fixture(scope="module")
def warm(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that holds the kernels of the program."""
    folder = tmp_path_factory.mktemp("kernels") / "made" / "on demand"
    compiled, numba = program(folder)[1:]
    assert (int(compiled), numba) == (2, "True")
    assert len(list(folder.glob("*.kernel"))) == 2
    assert folder.stat().st_mode & 0o777 == 0o700
    return folder


@pytest.fixture
def folder(warm: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A copy of the warm cache for one test, a process that has loaded nothing, and a compiler that already knows the answers."""
    copy = tmp_path / "kernels"
    copy.mkdir(mode=0o700)
    for file in warm.glob("*.kernel"):
        (copy / file.name).write_bytes(file.read_bytes())
    use(copy, monkeypatch)
    assert Tremolo.binding is not None
    own = cache.kernel_key(kernel_fingerprint(Tremolo.sample), Tremolo.binding)
    (rows,) = {file.stem for file in warm.glob("*.kernel")} - {own}
    known = {True: cache.read(rows), False: cache.read(own)}
    assert all(known.values())
    monkeypatch.setattr(compiler, "compile_text", lambda text: known["modulations" in text])
    return copy


def use(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("BACKLINE_KERNEL_CACHE", str(folder))
    monkeypatch.setattr(cache, "_loaded", {})
    monkeypatch.setattr(cache, "compiled_count", 0)
    core.core_kernel.cache_clear()


@pytest.fixture(autouse=True)
def _forget_afterwards() -> object:
    yield
    core.core_kernel.cache_clear()


def sound() -> np.ndarray:
    (out,) = Tremolo(48000, 64).process_block([np.full((2, 64), 0.5, np.float32)], 64)
    return out


def test_a_kept_kernel_needs_no_compiler_and_sounds_the_same(warm: Path) -> None:
    first, second = program(warm), program(warm)
    assert first == second
    assert first[1:] == ["0", "False"]
    assert first[0] == sound()[0].tobytes().hex()[:64]


def test_a_kept_kernel_is_read_only_once(folder: Path) -> None:
    expected = sound()
    assert cache.compiled_count == 0
    for file in folder.glob("*.kernel"):
        file.unlink()
    core.core_kernel.cache_clear()
    assert np.array_equal(sound(), expected)
    assert cache.compiled_count == 0


DAMAGE = {
    "empty": lambda data: b"",
    "cut in the head": lambda data: data[:10],
    "cut in the code": lambda data: data[: len(data) // 2],
    "one bit wrong": lambda data: data[:-100] + bytes([data[-100] ^ 1]) + data[-99:],
    "another format": lambda data: b"something else\n\n" + data,
    "head is no JSON": lambda data: cache.MAGIC + b"{nonsense\n\n" + data.partition(b"\n\n")[2],
    "head is not a mapping": lambda data: cache.MAGIC + b"[1, 2]\n\n" + data.partition(b"\n\n")[2],
    "head names nothing": lambda data: cache.MAGIC + b"{}\n\n" + data.partition(b"\n\n")[2],
    "not text": lambda data: cache.MAGIC + b"\xff\xfe\n\n" + data.partition(b"\n\n")[2],
}


@pytest.mark.parametrize("damage", DAMAGE)
def test_a_damaged_kernel_is_made_again(folder: Path, damage: str) -> None:
    whole = {file.name: file.read_bytes() for file in folder.glob("*.kernel")}
    for name, data in whole.items():
        (folder / name).write_bytes(DAMAGE[damage](data))
    assert np.abs(sound()).max() > 0.1
    assert cache.compiled_count == 2
    assert {file.name for file in folder.iterdir()} == set(whole), "mended, and nothing left lying about"
    for file in folder.glob("*.kernel"):
        assert file.read_bytes().startswith(cache.MAGIC)
        assert cache.read(file.stem) is not None


def test_whole_code_under_a_wrong_entry_is_made_again(folder: Path) -> None:
    for file in folder.glob("*.kernel"):
        head, _, code = file.read_bytes().partition(b"\n\n")
        file.write_bytes(head.replace(b'"entry": "', b'"entry": "not_') + b"\n\n" + code)
    assert np.abs(sound()).max() > 0.1
    assert cache.compiled_count == 2


def test_a_folder_that_others_may_write_is_mended(folder: Path) -> None:
    folder.chmod(0o777)
    sound()
    assert folder.stat().st_mode & 0o777 == 0o700
    assert cache.compiled_count == 0


def test_the_folder_of_another_user_is_not_used(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "getuid", lambda: 12345)
    assert cache.cache_folder() is None
    expected = sound()
    assert cache.compiled_count == 2
    assert np.abs(expected).max() > 0.1


def test_no_folder_is_no_trouble(folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "a file"
    file.write_text("in the way")
    use(file / "kernels", monkeypatch)
    assert cache.cache_folder() is None
    assert np.abs(sound()).max() > 0.1


def test_a_folder_that_cannot_be_written_is_no_trouble(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in folder.glob("*.kernel"):
        file.unlink()

    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "read-only file system")

    monkeypatch.setattr(cache.tempfile, "mkstemp", refuse)
    assert np.abs(sound()).max() > 0.1
    assert list(folder.iterdir()) == []


def test_a_full_disk_leaves_no_half_file(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in folder.glob("*.kernel"):
        file.unlink()

    def full(*_: object) -> None:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr(Path, "replace", full)
    assert np.abs(sound()).max() > 0.1
    assert list(folder.iterdir()) == []


def test_two_processes_may_compile_at_once(tmp_path: Path) -> None:
    environment = os.environ | {"BACKLINE_KERNEL_CACHE": str(tmp_path / "kernels"), "PYTHONPATH": os.pathsep.join(sys.path)}
    both = [subprocess.Popen([sys.executable, "-c", PROGRAM], env=environment, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    told = [process.communicate(timeout=300)[0].split() for process in both]
    assert [process.returncode for process in both] == [0, 0]
    assert told[0][0] == told[1][0]
    assert len(list((tmp_path / "kernels").iterdir())) == 2
    assert program(tmp_path / "kernels")[1:] == ["0", "False"]


def test_the_home_of_everything_moves_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BACKLINE_KERNEL_CACHE", raising=False)
    monkeypatch.setenv("BACKLINE_HOME", str(tmp_path))
    assert cache.cache_folder() == tmp_path / "cache" / "kernels"


def test_another_binding_is_another_kernel() -> None:
    assert Tremolo.binding is not None
    assert cache.kernel_key("f", Tremolo.binding) != cache.kernel_key("f", None)
    assert cache.kernel_key("f", None) != cache.kernel_key("g", None)


def test_an_object_without_the_function_is_refused(folder: Path) -> None:
    kept = [cache.read(file.stem) for file in folder.glob("*.kernel")]
    assert kept[0] is not None
    with pytest.raises(ValueError, match="has no function nobody"):
        loader.load(kept[0][0], "nobody")


def test_a_plugin_in_numpy_has_no_kernel() -> None:
    assert Halver.compile() == 0
