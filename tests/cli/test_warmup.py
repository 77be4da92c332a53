"""`backline warmup` compiles what is not kept yet, in processes of their own, and says what was new."""

import json
import os
import subprocess
import sys

import pytest

from backline.rack.warm import host_kernels, warm

pytestmark = pytest.mark.slow

PRESET = 'preset: 1\nnodes:\n  soft: {plugin: gain}\n  comp: {plugin: "vst3:NotNeeded"}\nwires:\n  - in -> soft -> out\n'
DEADLY = """
import os
from backline.sdk import Effect, Param, hookimpl


class Deadly(Effect):
    \"\"\"End the process that compiles it.\"\"\"

    amount = Param("50 %", "0 %", "100 %")

    def sample(x, amount):
        return x * amount

    @classmethod
    def compile(cls):
        os._exit(7)


class Broken(Effect):
    \"\"\"Cannot be compiled.\"\"\"

    amount = Param("50 %", "0 %", "100 %")

    def sample(x, amount):
        return x * nothing_like_that


class Fine(Effect):
    \"\"\"Halve.\"\"\"

    amount = Param("50 %", "0 %", "100 %")

    def sample(x, amount):
        return x * amount


@hookimpl
def plugins():
    return [Deadly, Broken, Fine]
"""


def test_what_a_preset_needs_is_compiled_once(here, tmp_path, monkeypatch):
    monkeypatch.setenv("BACKLINE_KERNEL_CACHE", str(tmp_path / "kernels"))
    (here.folder / "soft.yaml").write_text(PRESET)
    first = here("warmup", "soft.yaml", "--json")
    assert first.code == 0, first.errors
    told = json.loads(first.out)
    assert {item["name"]: item["status"] for item in told["kernels"]} == dict.fromkeys([*host_kernels(), "gain"], "new")
    assert told["new"] == len(host_kernels()) + 1 == len(list((tmp_path / "kernels").glob("*.kernel")))
    again = here("warmup", "soft.yaml")
    assert again.out.startswith(f"kernels: 0 new, {told['new']} were there, in ")

    program = (
        "import sys, backline\n"
        "rack = backline.loads('preset: 1\\nnodes:\\n  soft: {plugin: gain}\\nwires:\\n  - in -> soft -> out\\n')\n"
        "rack.render(seconds=0.1)\nprint('numba' in sys.modules)"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    done = subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, env=environment, check=False)
    assert (done.stdout, done.returncode) == ("False\n", 0), done.stderr


def test_a_plugin_that_fails_or_kills_does_not_stop_the_others(here, packages):
    packages("deadly-things", DEADLY)
    told = []
    found = {item.name: item for item in warm(["broken", "deadly", "fine", "transpose"], told.append)}
    assert found["deadly"].status == "failed"
    assert "exit code 7" in found["deadly"].message
    assert found["broken"].status == "failed"
    assert "nothing_like_that" in found["broken"].message
    assert found["fine"].status in ("new", "kept")
    assert found["transpose"].status == "none"
    assert told == sorted(told)


def test_a_failure_is_told_with_exit_code_1(here):
    (here.folder / "odd.yaml").write_text("preset: 1\nnodes:\n  odd: {plugin: nosuch}\nwires:\n  - in -> odd -> out\n")
    done = here("warmup", "odd.yaml")
    assert done.code == 1
    assert 'nosuch: failed: there is no plugin "nosuch"' in done.out


def test_a_cache_that_cannot_be_used_is_told(here, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("BACKLINE_KERNEL_CACHE", str(tmp_path / "file" / "kernels"))
    done = here("warmup")
    assert done.code == 1
    assert "BACKLINE_KERNEL_CACHE names another one" in done.errors


def test_a_preset_that_is_not_there(here):
    done = here("warmup", "none.yaml")
    assert (done.code, done.errors) == (1, "error: none.yaml: there is no such preset\n")
