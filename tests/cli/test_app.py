"""Every way the command can end: exit codes, one clear line, never a traceback; and nothing imported that is not needed."""

import json
import os
import signal
import subprocess
import sys
import time

import pytest

pytestmark = pytest.mark.slow


def test_version(backline):
    done = backline("--version")
    assert done.code == 0
    assert done.out.startswith("backline ")


def test_help_names_every_verb_without_importing_one(backline, repository):
    program = (
        "import sys; from backline.cli import main; code = main(['--help']); "
        "loaded = [name for name in sys.modules if name.startswith('backline.cli.') and name.endswith('_command')]; "
        "heavy = sorted({'numpy', 'numba', 'pedalboard', 'soundfile', 'mido', 'pydantic'} & set(sys.modules)); "
        "print('loaded:', loaded, heavy); sys.exit(code)"
    )
    done = run_python(program)
    assert done.returncode == 0, done.stderr
    assert "loaded: [] []" in done.stdout
    for module in (repository / "host/backline/cli").glob("*_command.py"):
        assert f"{module.name.removesuffix('_command.py').replace('_', '-')} " in done.stdout


def test_importing_backline_is_light():
    program = (
        "import sys, backline; print(sorted({'numba', 'pedalboard', 'typer', 'rich', 'soundfile', 'scipy', 'minihost'} & set(sys.modules)))"
    )
    assert run_python(program).stdout.strip() == "[]"


@pytest.mark.parametrize(
    ("arguments", "told"),
    [
        ((), ""),
        (("plugnis",), "Did you mean 'plugins'?"),
        (("--nonsense",), "No such option: --nonsense"),
        (("plugins", "--nonsense"), "No such option: --nonsense"),
        (("plugins", "info"), "Missing argument 'ID'"),
        (("plugins", "--scan", "/nowhere"), "/nowhere does not exist"),
    ],
)
def test_wrong_usage_is_one_line_and_exit_code_2(backline, arguments, told):
    done = backline(*arguments)
    assert done.code == 2
    assert told in done.errors
    if told:
        assert done.errors.startswith("error: ")
        assert done.errors.count("\n") == 1


def test_a_failure_is_json_too_for_machines(backline):
    done = backline("plugins", "info", "nosuch", "--json")
    assert done.code == 1
    assert 'there is no plugin "nosuch"' in json.loads(done.out)["error"]
    assert done.errors.startswith('error: there is no plugin "nosuch"')


def test_bad_settings_are_told(backline, home):
    (home / "config").mkdir(parents=True)
    (home / "config" / "settings.yaml").write_text("disabeld: [x]\n")
    done = backline("plugins", "info", "polysynth")
    assert done.code == 1
    assert "did you mean disabled" in done.errors


def test_an_unexpected_error_leaves_a_report(home, monkeypatch):
    program = (
        "import sys, backline.cli.app as app; from backline.cli import schema_command\n"
        "def fail(*a, **k): raise ZeroDivisionError('by nought')\n"
        "import backline.formats.schema as schema; schema.shipped_schema = fail\n"
        "sys.exit(app.run(['schema', 'preset']))"
    )
    done = run_python(program)
    assert done.returncode == 1
    assert done.stderr.startswith("error: unexpected ZeroDivisionError: by nought\n")
    assert "Traceback" not in done.stderr
    (report,) = (home / "cache" / "reports").iterdir()
    assert str(report) in done.stderr
    assert "ZeroDivisionError: by nought" in report.read_text()
    assert "backline schema preset" in report.read_text()


@pytest.mark.parametrize(("sent", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_stopped_command_says_so_and_leaves_no_traceback(home, sent, code):
    program = (
        "import sys, backline.cli.app as app; from backline.cli import schema_command\n"
        "def wait(kind):\n    print('ready', flush=True)\n    while True: pass\n"
        "import backline.formats.schema as schema; schema.shipped_schema = wait\n"
        "sys.exit(app.run(['schema', 'preset']))"
    )
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    child = subprocess.Popen(
        [sys.executable, "-P", "-c", program], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, env=environment
    )
    assert child.stdout.readline() == "ready\n"
    started = time.monotonic()
    child.send_signal(sent)
    _, errors = child.communicate(timeout=20)
    assert child.returncode == code
    assert "Traceback" not in errors
    assert time.monotonic() - started < 10


def test_a_closed_pipe_is_no_error(home):
    program = "import sys; from backline.cli import main; sys.exit(main(['schema', 'preset']))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    read, write = os.pipe()
    os.close(read)
    done = subprocess.run(
        [sys.executable, "-P", "-c", program], stdout=write, stderr=subprocess.PIPE, text=True, env=environment, check=False
    )
    os.close(write)
    assert done.returncode == 1
    assert done.stderr == ""


def run_python(program):
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    return subprocess.run([sys.executable, "-P", "-c", program], capture_output=True, text=True, env=environment, check=False)
