"""Rules for files that a machine can check."""

from __future__ import annotations

import ast
import re
import tomllib

import pytest

from house.sources import ROOT, modules, project_files, text_of

MOST_LINES = 400
# path -> why it is one thing although it is longer
LONGER: dict[str, str] = {}

# "/home/me" is nobody's: examples may use it.
MACHINE_PATHS = re.compile(r"(?<![\w.])/(?:home/(?!me\b)|root/|work/|Users/)[\w.]|\b[A-Z]:\\Users\\|\.\./shared\b")
LEFT_OVER = re.compile(r"\b(?:TO" + r"DO|FIX" + r"ME|X" + r"XX)\b|^(?:<{7}|>{7}) ", re.MULTILINE)

FORBIDDEN_MODULES = {"pickle", "cPickle", "dill", "shelve", "marshal", "jsonpickle", "joblib"}
FORBIDDEN_CALLS = {"eval", "exec", "yaml.load", "yaml.unsafe_load", "yaml.full_load", "os.system", "os.popen"}
# (folder, call) -> why it is safe there
ALLOWED_CALLS = {("host/backline/sdk/kernels", "exec"): "runs source that the kernel generator wrote from a plugin's own code"}


def test_no_source_file_is_too_long() -> None:
    long = {}
    for path, _ in modules().values():
        lines = path.read_text(encoding="utf-8").count("\n")
        if lines > MOST_LINES:
            long[path.relative_to(ROOT).as_posix()] = lines
    assert {path: lines for path, lines in long.items() if path not in LONGER} == {}
    assert set(LONGER) <= set(long), "a file in the list is short enough now"


def test_every_module_says_what_it_knows() -> None:
    assert [name for name, (_, tree) in modules().items() if not ast.get_docstring(tree)] == []


def test_no_file_names_a_machine_or_leaves_work_behind() -> None:
    wrong = []
    for path in project_files():
        for number, line in enumerate((text_of(path) or "").splitlines(), 1):
            if path.name != "test_files.py" and (found := MACHINE_PATHS.search(line) or LEFT_OVER.search(line)):
                wrong.append(f"{path.relative_to(ROOT)}:{number}: {found[0]}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize("text", ["see /ho" + "me/alice/x", "C:" + "\\Users\\me", "(/ro" + "ot/x)", "# TO" + "DO: later", "<<<<<<< HEAD"])
def test_what_does_not_belong_is_found(text: str) -> None:
    assert MACHINE_PATHS.search(text) or LEFT_OVER.search(text)


@pytest.mark.parametrize("text", ["/usr/share/dpf", "https://example.org/home/page", "/home/me/kick.wav", "presets/work/a.yaml", "todo"])
def test_what_belongs_is_left_alone(text: str) -> None:
    assert not MACHINE_PATHS.search(text)
    assert not LEFT_OVER.search(text)


def dotted(node: ast.expr) -> str:
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return node.id if isinstance(node, ast.Name) else ""


def dangers(tree: ast.Module) -> list[tuple[int, str]]:
    """(line, what) of everything that could run data as code."""
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [node.module or ""]
            found += [(node.lineno, name) for name in names if name.partition(".")[0] in FORBIDDEN_MODULES]
        elif isinstance(node, ast.Call):
            if (name := dotted(node.func)) in FORBIDDEN_CALLS:
                found.append((node.lineno, name))
            for word in node.keywords:
                if word.arg in ("allow_pickle", "shell") and isinstance(word.value, ast.Constant) and word.value.value:
                    found.append((node.lineno, f"{word.arg}=True"))
    return found


def test_data_is_never_run_as_code() -> None:
    wrong = []
    for path, tree in modules().values():
        place = path.relative_to(ROOT).as_posix()
        for line, what in dangers(tree):
            if not any(place.startswith(f"{folder}/") and what == call for folder, call in ALLOWED_CALLS):
                wrong.append(f"{place}:{line}: {what}")
    assert not wrong, "\n".join(wrong)


@pytest.mark.parametrize(
    "code",
    [
        "import pickle",
        "from marshal import loads",
        "eval('1')",
        "yaml.load(x)",
        "np.load(f, allow_pickle=True)",
        "subprocess.run(x, shell=True)",
    ],
)
def test_dangers_are_found(code: str) -> None:
    assert len(dangers(ast.parse(code))) == 1


def skips(tree: ast.Module) -> list[tuple[int, str]]:
    """(line, what) of each test that may be left out, but for those that another operating system cannot run."""
    platform = {
        id(node.func)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and dotted(node.func) == "pytest.mark.skipif" and "sys.platform" in ast.unparse(node.args[0])
    }
    names = {"pytest.skip", "pytest.importorskip", "pytest.xfail", "pytest.mark.skip", "pytest.mark.skipif", "pytest.mark.xfail"}
    nodes = (node for node in ast.walk(tree) if isinstance(node, ast.Attribute) and id(node) not in platform)
    return [(node.lineno, dotted(node)) for node in nodes if dotted(node) in names]


def test_no_test_is_skipped() -> None:
    """A test that may be left out hides what is missing; what a test needs is set up by `make test`."""
    wrong = []
    for path in sorted((ROOT / "tests").rglob("*.py")):
        found = skips(ast.parse(path.read_text(encoding="utf-8")))
        wrong += [f"{path.relative_to(ROOT)}:{line}: {what}" for line, what in found]
    assert not wrong, "\n".join(wrong)


def test_skips_are_found() -> None:
    code = "pytest.skip('x')\n@pytest.mark.skipif(sys.platform != 'linux')\n@pytest.mark.skipif(not plugin)\ndef test(): pass"
    assert skips(ast.parse(code)) == [(1, "pytest.skip"), (3, "pytest.mark.skipif")]


def test_constraints_are_names_and_versions_of_all_that_is_needed() -> None:
    lines = [line for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if not line.startswith("#")]
    assert [line for line in lines if not re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.]+", line)] == []
    pinned = {re.sub(r"[-_.]+", "-", line.partition("==")[0]).lower() for line in lines}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = list(project["dependencies"])
    for extra in ("minihost", "analysis", "docs", "bench", "dev"):
        wanted += project["optional-dependencies"][extra]
    names = {re.sub(r"[-_.]+", "-", re.split(r"[ ;<>=!~\[]", line)[0]).lower() for line in wanted}
    assert sorted(names - pinned) == []
