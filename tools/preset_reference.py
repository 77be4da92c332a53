"""Write the manual's page on the factory presets from the presets themselves: `python tools/preset_reference.py`.

With `--check` it writes nothing and ends with 1 when the page is not what the presets say.
"""

from __future__ import annotations

import sys
from itertools import groupby
from pathlib import Path

from backline.catalog.presets import factory_presets
from backline.formats.preset_file import load_preset
from backline.model import Preset

PAGE = Path(__file__).parents[1] / "docs" / "guides" / "factory-presets.md"

HEADINGS = {
    "bass": "Basses",
    "chains": "Chains",
    "drums": "Drums",
    "effects": "Effects",
    "keys": "Keys",
    "leads": "Leads",
    "pads": "Pads",
    "plucks": "Plucks",
}

HEAD = """\
# Factory presets

<!-- Written by tools/preset_reference.py from the presets; edit those, then run it. -->

What ships with Backline. Each goes by the short name in front of it, on the command line and in Python:

```bash
backline render keys/warm --notes "[C4 E4 G4]:2" -o warm.wav
```

They use Backline's own plugins and those inside pedalboard, so they need nothing else. To make one your own, copy it from the folder
`presets/` and change it. Chains and effects take audio: `backline render chains/vocal --input voice.wav -o out.wav`.
"""


def page() -> str:
    """The whole page."""
    presets = {name: load_preset(path).preset for name, path in factory_presets().items()}
    parts = [HEAD]
    for folder, names in groupby(presets, key=lambda name: name.partition("/")[0]):
        parts.append(f"## {HEADINGS[folder]}\n")
        parts += [section(name, presets[name]) for name in names]
    return "\n".join(parts)


def section(name: str, preset: Preset) -> str:
    """What there is to say about one preset."""
    controls = [f"`{control.source.kind} {control.source.number}` {control.target}" for control in preset.controls]
    macros = [f"{macro} ({knob.default:.0%})" for macro, knob in preset.macros.items()]
    lines = [f"### {name}", "", f"**{preset.name}.** {preset.description}", ""]
    lines += [f"*Macros: {', '.join(macros)}. Controls: {', '.join(controls)}. Tags: {', '.join(preset.tags)}.*", ""]
    return "\n".join(lines)


def main() -> int:
    """Write the page, or with `--check` compare it."""
    text = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    print("docs/guides/factory-presets.md is not what the presets say; run: python tools/preset_reference.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
