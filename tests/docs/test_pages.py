"""The manual tells the truth: its presets load, its scripts run, its commands do what they show, nothing it names is missing."""

from __future__ import annotations

import inspect
import re
import shlex
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

import backline
from backline.catalog.presets import factory_folder
from backline.catalog.settings import Settings
from backline.rack.handles import NodeHandle
from backline.rack.rack import Rack

pytestmark = pytest.mark.slow

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted(DOCS.rglob("*.md"))
FENCE = re.compile(r"^```(\w*)(?: title=\"([^\"]+)\")?\n(.*?)^```$", re.MULTILINE | re.DOTALL)
# Pages whose blocks have a test of their own.
ELSEWHERE = {"guides/plugin-author.md"}
# What a page may speak of although this machine has it not.
STRANGERS = re.compile(r"tape_wobble")

MIDI_SONG = bytes.fromhex("4d546864000000060000000100604d54726b0000001400903c5060803c00009040506080400000ff2f00")


@dataclass(frozen=True)
class Block:
    """A code block of a page: its language, the file it is, its text, and the line before its first."""

    page: str
    line: int
    language: str
    title: str | None
    text: str

    def __str__(self) -> str:
        return f"{self.page}:{self.line}"


def blocks_of(path: Path) -> list[Block]:
    text = path.read_text(encoding="utf-8")
    page = path.relative_to(DOCS).as_posix()
    return [Block(page, text.count("\n", 0, match.start(3)), match[1], match[2], match[3]) for match in FENCE.finditer(text)]


BLOCKS = [block for path in PAGES for block in blocks_of(path)]
PRESETS = [block for block in BLOCKS if block.language == "yaml" and block.page not in ELSEWHERE and block.text.startswith("preset:")]


def checked(name: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """`backline check NAME` in a folder."""
    return run(["backline", "check", name], folder)


def run(words: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """One command of ours, as the shell would start it."""
    return subprocess.run([sys.executable, "-m", *words], cwd=folder, capture_output=True, text=True, check=False, timeout=300)


@pytest.fixture(scope="module")
def library(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of the factory presets, in which the blocks of the pages may stand."""
    folder = factory_folder()
    assert folder is not None
    return Path(shutil.copytree(folder, tmp_path_factory.mktemp("library") / "presets"))


def test_every_language_is_known() -> None:
    assert {block.language for block in BLOCKS} <= {"yaml", "python", "bash", "text", "toml", "mermaid"}


@pytest.mark.parametrize("block", [block for block in PRESETS if not STRANGERS.search(block.text)], ids=str)
def test_presets_load(block: Block, library: Path) -> None:
    """Each is whole and good, but for the mistake that the first guide makes on purpose."""
    file = library / (block.title or "page.yaml")
    file.write_text(block.text, encoding="utf-8")
    try:
        done = checked(file.relative_to(library).as_posix(), library)
    finally:
        file.unlink()
    assert (done.returncode == 0) != ("cutof:" in block.text), done.stdout + done.stderr
    assert "warning" not in done.stdout


def test_what_is_no_preset_is_settings(tmp_path: Path) -> None:
    (block,) = [block for block in BLOCKS if block.language == "yaml" and block.page not in ELSEWHERE and block not in PRESETS]
    assert block.page == "guides/foreign-plugins.md"
    (tmp_path / "settings.yaml").write_text(block.text, encoding="utf-8")
    assert Settings.load(tmp_path / "settings.yaml").disabled == {"vst3:Echo"}


@pytest.mark.parametrize("path", [path for path in PAGES if path.relative_to(DOCS).as_posix() not in ELSEWHERE], ids=lambda path: path.stem)
def test_python_runs(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The Python blocks of a page, one after the other, in a folder that has what its YAML blocks are called."""
    monkeypatch.chdir(tmp_path)
    whole = []
    for block in blocks_of(path):
        if block.title:
            (tmp_path / block.title).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / block.title).write_text(block.text, encoding="utf-8")
        elif block.language == "python":
            whole.append("\n" * (block.line - sum(part.count("\n") for part in whole)) + block.text)
    names: dict[str, object] = {"audio": backline.loads(TONE).render(notes="A4:1")} if path.name == "files.md" else {}
    exec(compile("".join(whole), str(path), "exec"), names)


TONE = "preset: 1\nnodes: {keys: {plugin: polysynth}}\nwires: [midi -> keys -> out]\n"


class TestFirstPreset:
    """The first guide, from top to bottom, as a reader would type it."""

    blocks = blocks_of(DOCS / "guides" / "first-preset.md")

    def test_it_starts_with_the_demo(self) -> None:
        first = next(block for block in self.blocks if block.language == "bash")
        assert first.text.splitlines() == ["make demo", "source .venv/bin/activate"]
        assert re.search(
            r"^demo: .*\n\t@\$\(BIN\)/python examples/demo\.py out$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE
        )

    def test_every_step(self, tmp_path: Path) -> None:
        (tmp_path / "song.mid").write_bytes(MIDI_SONG)
        shown, failed, ran = "", False, 0
        for block in self.blocks[1:]:
            if block.title:
                (tmp_path / block.title).write_text(block.text, encoding="utf-8")
            elif block.language == "bash":
                shown, failed = "", False
                for line in block.text.splitlines():
                    done = run(shlex.split(line), tmp_path)
                    shown, failed, ran = shown + done.stdout, failed or done.returncode != 0, ran + 1
                    assert done.returncode in (0, 1), done.stderr
                follows = self.blocks[self.blocks.index(block) + 1]
                assert failed == (follows.language == "text"), f"{block}: {shown}"
            elif block.language == "text":
                assert shown == block.text
        assert ran >= 9
        made = {path.name for path in tmp_path.iterdir()} - {"mine.yaml", "song.mid"}
        assert made == {"warm.wav", "mine.wav", "dark.wav", "room.wav", "bright.wav", "song.flac"}
        assert all((tmp_path / name).stat().st_size > 10_000 for name in made)


class TestWritten:
    """Pages that tools write are fresh."""

    @pytest.mark.parametrize("tool", ["plugin_reference", "preset_reference"])
    def test_the_page_says_what_the_code_says(self, tool: str) -> None:
        done = subprocess.run([sys.executable, str(ROOT / "tools" / f"{tool}.py"), "--check"], capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stderr

    def test_every_parameter_of_ours_says_what_it_does(self) -> None:
        page = (DOCS / "reference" / "plugins.md").read_text(encoding="utf-8")
        assert [line for line in page.splitlines() if re.fullmatch(r"\| `.*\|\s*\|", line)] == []


class TestPython:
    """The page on Python has each public call, with its arguments as they are."""

    page = (DOCS / "reference" / "python.md").read_text(encoding="utf-8")

    @staticmethod
    def call(owner: str, name: str, function: object) -> str:
        """A call as the page writes it: no annotations, no self."""
        signature = inspect.signature(function)  # type: ignore[arg-type]
        plain = [item.replace(annotation=inspect.Parameter.empty) for item in signature.parameters.values() if item.name != "self"]
        return f"{owner}.{name}{signature.replace(parameters=plain, return_annotation=inspect.Signature.empty)}"

    def test_every_call_has_its_heading(self) -> None:
        expected = [self.call("backline", name, getattr(backline, name)) for name in ("load", "loads")]
        for owner, kind in (("rack", Rack), ("node", NodeHandle)):
            functions = {name: value for name, value in vars(kind).items() if not name.startswith("_") and inspect.isfunction(value)}
            expected += [self.call(owner, name, function) for name, function in functions.items()]
        assert sorted(re.findall(r"^### `(.*)`$", self.page, re.MULTILINE)) == sorted(expected)

    def test_every_attribute_has_its_row(self) -> None:
        rows = set(re.findall(r"^\| `(rack|node)\.(\w+)` \|", self.page, re.MULTILINE))
        properties = {
            (owner, name)
            for owner, kind in (("rack", Rack), ("node", NodeHandle))
            for name, value in vars(kind).items()
            if isinstance(value, property) and not name.startswith("_")
        }
        assert rows == properties | {("rack", "document"), ("rack", "macros"), ("node", "bypass"), ("node", "mix")}

    def test_every_public_name_is_there(self) -> None:
        assert set(backline.__all__) == {"Audio", "Rack", "load", "loads"}
        for heading in ("A rack", "A node", "Macros", "Audio"):
            assert f"\n## {heading}\n" in self.page


class TestNamed:
    """What the pages name exists."""

    @pytest.mark.parametrize("path", [*PAGES, ROOT / "README.md"], ids=lambda path: path.stem)
    def test_links_lead_somewhere(self, path: Path) -> None:
        for target in re.findall(r"\]\((?!https?:)([^)\s]+)\)", FENCE.sub("", path.read_text(encoding="utf-8"))):
            file, _, anchor = target.partition("#")
            found = (path.parent / file).resolve() if file else path
            assert found.exists(), f"{path.name}: {target}"
            if anchor:
                assert anchor in anchors(found), f"{path.name}: {target}"

    def test_factory_presets_that_pages_name_are_there(self) -> None:
        from backline.catalog.presets import factory_presets

        folders = "|".join(sorted({name.partition("/")[0] for name in factory_presets()}))
        named = {
            f"{path.name}: {name}"
            for path in [*PAGES, ROOT / "README.md"]
            for name in re.findall(rf"(?<![\w/.-])(?:{folders})/[a-z][a-z-]+(?![\w/.-])", path.read_text(encoding="utf-8"))
            if name not in factory_presets()
        }
        assert named == set()

    def test_files_and_folders_that_pages_name_are_there(self) -> None:
        named = set()
        for path in PAGES:
            text = path.read_text(encoding="utf-8")
            named |= set(re.findall(r"`((?:examples|presets|tools|host|plugins|tests|bench|docs)/[\w./-]*)`", text))
        assert named
        assert sorted(name for name in named if not (ROOT / name).exists()) == []

    def test_every_page_is_in_the_contents(self) -> None:
        listed = re.findall(
            r"^ .*: ([\w/-]+\.md)$", (ROOT / "mkdocs.yml").read_text(encoding="utf-8").partition("\nnav:\n")[2], re.MULTILINE
        )
        assert sorted(listed) == sorted(path.relative_to(DOCS).as_posix() for path in PAGES)

    def test_packages_of_the_import_table_are_those_of_the_rule(self) -> None:
        from house.test_imports import MAY_IMPORT

        page = (DOCS / "architecture.md").read_text(encoding="utf-8")
        packages = re.findall(r"^\| `backline\.(\w+)` \|", page, re.MULTILINE)
        built = {path.parent.name for path in (ROOT / "host" / "backline").glob("*/__init__.py")}
        assert set(packages) == built
        assert built <= set(MAY_IMPORT)


def anchors(path: Path) -> set[str]:
    """The anchors of a page's headings."""
    headings = re.findall(r"^#+ (.*)$", FENCE.sub("", path.read_text(encoding="utf-8")), re.MULTILINE)
    return {re.sub(r"[\s-]+", "-", re.sub(r"[^\w\s-]", "", heading).strip().lower()) for heading in headings}
