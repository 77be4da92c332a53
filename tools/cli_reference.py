"""Write the manual's page on the command line from the command itself: `python tools/cli_reference.py`.

With `--check` it writes nothing and ends with 1 when the page is not what the command says.
"""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

from backline.cli import verbs

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "cli.md"

HEAD = """\
# The command line

<!-- Written by tools/cli_reference.py from the command; edit that, then run it. -->

`backline VERB ...`. `backline --help` lists the verbs, `backline VERB --help` shows one, and `backline --install-completion` lets your
shell complete them.

- Results go to standard output; progress, remarks and errors go to standard error.
- `--json` prints the result for machines. A failure is then printed as `{"error": "..."}`.
- Times, rates and levels are written with [units](preset.md#values-and-units).
- A preset is a file, the short name of a [factory preset](../guides/factory-presets.md) such as `keys/warm`, or `-` for standard input.

| exit code | meaning |
|---|---|
| 0 | done |
| 1 | failed: a bad preset or file, a full disk, a plugin that is not here |
| 2 | wrong usage: nothing was tried |
| 130, 143 | stopped by Ctrl-C, by SIGTERM |
"""

EXAMPLES = {
    "render": """\
backline render warm.yaml --notes "C4:1 E4:1 [C4 E4 G4]:2"
backline render warm.yaml --midi song.mid --set keys.cutoff="2 kHz" --set brightness=70% -o song.flac
backline render chain.yaml --input voice.wav --bits 24 -o voice-done.wav
backline render warm.yaml --notes C4 -o - | aplay
""",
    "check": """\
backline check warm.yaml
backline check presets/*.yaml --json
""",
    "graph": """\
backline graph warm.yaml -o warm.svg
backline graph warm.yaml -o warm.dot
""",
    "warmup": """\
backline warmup
backline warmup warm.yaml chain.yaml
""",
    "plugins": """\
backline plugins
backline plugins --scan ~/more-plugins
""",
    "plugins info": """\
backline plugins info polysynth
backline plugins info "vst3:ZamCompX2" --json
""",
    "new plugin": """\
backline new plugin tape-wobble --kind effect
""",
    "schema": """\
backline schema preset -o preset.schema.json
""",
}

AFTER = {
    "render": """\
Typed notes, MIDI and audio files, sample formats and dither are described under [Notes, MIDI and audio files](../files.md). Without
`-o` the file is called after the preset and lies in the present folder. The JSON has `file`, `seconds`, `frames`, `rate`, `channels`,
`peak_dbfs`, `lufs`, `clipped`, `time_seconds`, `warnings`, and the same for each further output under `outputs`.
Silence has the level `null`.
""",
    "check": """\
A problem is shown with its line, carets and what you may have meant; a warning is no problem. Presets nested in a preset are
checked with it.
""",
    "graph": """\
Audio, events, modulation and feedback have strokes of their own; boxes show latency, bypass and mix. In a notebook a rack
shows the same picture.
""",
    "warmup": """\
Backline's plugins are compiled for your processor when they are first used, which takes seconds; after that they load in milliseconds.
""",
}


def page() -> str:
    """The whole page."""
    parts = [HEAD]
    for verb in sorted(verbs._verb_files()):
        command = verbs.load_verb(verb)
        children = getattr(command, "commands", {})
        if not children or command.params:
            parts.append(section(verb, command))
        parts += [section(f"{verb} {name}", child) for name, child in sorted(children.items())]
    return "\n".join(parts)


def section(name: str, command: Any) -> str:
    """What there is to say about one verb."""
    arguments = [item for item in command.params if type(item).__name__.endswith("Argument")]
    options = [item for item in command.params if not type(item).__name__.endswith("Argument")]
    usage = " ".join(["backline", name, *(argument_name(item) for item in arguments), *(["[OPTIONS]"] if options else [])])
    lines = [f"## {name}", "", f"`{usage}`", "", paragraphs(command.help or ""), ""]
    if arguments:
        lines += ["| argument | what it is |", "|---|---|", *(f"| `{argument_name(item)}` | {cell(item.help)} |" for item in arguments), ""]
    if options:
        lines += ["| option | what it does |", "|---|---|", *map(option_row, options), ""]
    if name in EXAMPLES:
        lines += ["```bash", EXAMPLES[name].rstrip(), "```", ""]
    return "\n".join([*lines, *([AFTER[name]] if name in AFTER else [])])


def argument_name(argument: Any) -> str:
    """How an argument is written in the usage line."""
    return str(argument.metavar or argument.name.upper())


def option_row(option: Any) -> str:
    """One option as a row, with its default unless the help names it or there is none."""
    names = ", ".join(f"`{name}`" for name in sorted(option.opts, key=len, reverse=True))
    value = "" if option.is_flag else f" `{option.metavar or option.name.upper()}`"
    default = getattr(option.default, "value", option.default)
    told = cell(option.help)
    if default not in (None, False, []) and "default" not in told:
        told += f" Default: `{default}`."
    return f"| {names}{cell(value)} | {told} |"


def paragraphs(text: str) -> str:
    """Help text with its paragraphs kept and its lines joined."""
    return "\n\n".join(re.sub(r"\s+", " ", part).strip() for part in re.split(r"\n\s*\n", text))


def cell(text: str | None) -> str:
    """A text that does not end its table cell."""
    return re.sub(r" +", " ", re.sub(r"\n", " ", text or "")).replace("|", "\\|")


def main() -> int:
    """Write the page, or with `--check` compare it."""
    text = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    print("docs/reference/cli.md is not what the command says; run: python tools/cli_reference.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
