"""Write the manual's page on Backline's own plugins from the plugins themselves: `python tools/plugin_reference.py`.

With `--check` it writes nothing and ends with 1 when the page is not what the code says.
"""

from __future__ import annotations

import inspect
import re
import sys
from importlib import import_module
from pathlib import Path

from backline.sdk import Param
from backline.sdk.plugin import Plugin
from backline_plugins import hooks
from backline_plugins.drums.pads import pads_of
from backline_plugins.samplers.zones import zones_of

PAGE = Path(__file__).parents[1] / "docs" / "reference" / "plugins.md"

KINDS = {"instrument": "Instruments", "effect": "Effects", "event": "Event plugins", "modulator": "Modulators"}

HEAD = """\
# Backline's own plugins

<!-- Written by tools/plugin_reference.py from the plugins; edit those, then run it. -->

What is always there, beside the effects of pedalboard (`pedalboard.Reverb` and so on) and the plugins that you install. `backline plugins`
lists them all, `backline plugins info polysynth` shows one as it is on your machine.

Values are written with [units](preset.md#values-and-units). *Log* after a range means that knobs and macros move along a logarithmic curve,
*dB* along decibels; *note length* that the value may also be one, such as `1/8D`, and then follows the tempo.
"""

# Where it is told what the structured settings of a plugin may hold.
SETTINGS_TOLD = {"drumkit": pads_of, "sampler": zones_of}

# A short preset for each plugin that shows it at work. Each is loaded by the tests.
EXAMPLES = {
    "arpeggiator": """\
nodes:
  arp: {plugin: arpeggiator, mode: updown, octaves: 2, rate: 1/16, swing: 56 %}
  keys: {plugin: polysynth, sustain: 0 %, decay: 300 ms}
wires:
  - midi -> arp -> keys -> out
""",
    "delay": """\
nodes:
  keys: {plugin: polysynth}
  echo: {plugin: delay, time: 1/8D, feedback: 45 %, wet: 100 %, ping_pong: on}
wires:
  - midi -> keys -> out
  - keys -> echo -> out [-9 dB]
""",
    "drumkit": """\
nodes:
  kit:
    plugin: drumkit
    pads:
      kick: {sample: samples/kick.wav, decay: 400 ms}
      snare: {sample: samples/snare.wav, tune: -1 st, out: snare}
      ping: {sample: samples/rim.wav, key: E5}
  room: {plugin: pedalboard.Reverb, wet_level: 100 %, dry_level: 0 %}
wires:
  - midi -> kit -> out
  - kit.snare -> out
  - kit.snare -> room -> out [-15 dB]
""",
    "filter": """\
nodes:
  tone: {plugin: filter, mode: lowpass, cutoff: 800 Hz, slope: 24, drive: 6 dB}
wires:
  - in -> tone -> out
controls:
  - cc 74 -> tone.cutoff [200 Hz .. 8 kHz]
""",
    "gain": """\
nodes:
  trim: {plugin: gain, level: -6 dB}
wires:
  - in -> trim -> out
controls:
  - cc 7 -> trim.level [-96 dB .. 0 dB]
""",
    "lfo": """\
nodes:
  keys: {plugin: polysynth}
  wobble: {plugin: lfo, shape: triangle, rate: 1/4}
wires:
  - midi -> keys -> out
modulation:
  - wobble -> keys.cutoff [1 oct]
""",
    "mixer": """\
nodes:
  keys: {plugin: polysynth}
  bass: {plugin: polysynth, cutoff: 300 Hz}
  desk: {plugin: mixer, level_1: -6 dB, pan_1: 30 %, level_2: -3 dB}
wires:
  - midi -> keys -> desk.in_1
  - midi -> bass -> desk.in_2
  - desk -> out
""",
    "pan": """\
nodes:
  keys: {plugin: polysynth}
  place: {plugin: pan, position: -30 %, width: 140 %}
wires:
  - midi -> keys -> place -> out
""",
    "polysynth": """\
nodes:
  keys: {plugin: polysynth, wave_2: square, octave_2: -1, cutoff: 1.2 kHz, resonance: 35 %, unison: 2}
wires:
  - midi -> keys -> out
controls:
  - cc 1 -> keys.vibrato_depth [0 % .. 60 %]
""",
    "sampler": """\
nodes:
  pluck:
    plugin: sampler
    release: 300 ms
    map:
      - {sample: samples/pluck_a2.wav, root: A2, keys: C0 .. D3}
      - {sample: samples/pluck_a3.wav, root: A3, keys: D#3 .. D4}
      - {sample: samples/pluck_a4.wav, root: A4, keys: D#4 .. G9}
wires:
  - midi -> pluck -> out
""",
    "transpose": """\
nodes:
  down: {plugin: transpose, octave: -1}
  bass: {plugin: polysynth, mode: mono, cutoff: 400 Hz}
wires:
  - midi -> down -> bass -> out
""",
}


def plugin_classes() -> dict[str, type[Plugin]]:
    """Every plugin of the package by its id."""
    classes = {}
    for plugin_id, place in hooks.plugins().items():
        module, _, name = place.partition(":")
        classes[plugin_id] = getattr(import_module(module), name)
    return classes


def page() -> str:
    """The whole page."""
    classes = plugin_classes()
    parts = [HEAD]
    for kind, heading in KINDS.items():
        members = sorted(plugin_id for plugin_id, plugin in classes.items() if plugin.kind == kind)
        parts.append(f"## {heading}\n")
        parts += [section(plugin_id, classes[plugin_id]) for plugin_id in members]
    return "\n".join(parts)


def section(plugin_id: str, plugin: type[Plugin]) -> str:
    """What there is to say about one plugin."""
    lines = [f"### {plugin_id}", "", description(plugin), "", facts(plugin), ""]
    shown = [parameter for parameter in plugin.parameters.values() if not parameter.output]
    meters = [parameter for parameter in plugin.parameters.values() if parameter.output]
    if shown:
        lines += ["| parameter | range | default | what it does |", "|---|---|---|---|", *map(row, shown), ""]
    if meters:
        lines += ["| it shows | range | what it means |", "|---|---|---|"]
        lines += [f"| `{item.id}` | {span(item)} | {told(item)} |" for item in meters] + [""]
    if plugin.settings:
        lines += ["| setting | what it holds |", "|---|---|"]
        lines += [f"| `{key}` | {sentence(text)} |" for key, text in plugin.settings.items()] + [""]
        lines += [inspect.cleandoc(SETTINGS_TOLD[plugin_id].__doc__ or "").partition("\n\n")[2], ""]
    lines += ["```yaml", "preset: 1", EXAMPLES[plugin_id].rstrip(), "```", ""]
    return "\n".join(lines)


def description(plugin: type[Plugin]) -> str:
    """The class's own words."""
    return inspect.cleandoc(plugin.__doc__ or "")


def facts(plugin: type[Plugin]) -> str:
    """Ports, latency and tail in one line."""
    inputs = ["events"] * plugin.takes_events + [port_text(port.name, port.channels) for port in plugin.inputs]
    outputs = ["events"] * plugin.gives_events + [port_text(port.name, port.channels) for port in plugin.outputs]
    if plugin.kind == "modulator":
        outputs = ["a control signal"]
    ports = f"{', '.join(inputs) or 'nothing'} in, {', '.join(outputs) or 'nothing'} out"
    return f"*Ports: {ports}. Latency: {latency(plugin)}. Tail: {tail(plugin)}.*"


def port_text(name: str, channels: int) -> str:
    """A port with the number of its channels; without one it has as many as what it is wired to."""
    width = {0: "", 1: " (mono)", 2: " (stereo)"}.get(channels, f" ({channels} channels)")
    return f"`{name}`{width}"


def latency(plugin: type[Plugin]) -> str:
    """How late the sound comes out."""
    if isinstance(plugin.latency, property):
        return "it depends on the parameters"
    return f"{plugin.latency} frames" if plugin.latency else "none"


def tail(plugin: type[Plugin]) -> str:
    """How long it sounds on."""
    if isinstance(plugin.tail, property):
        return "it depends on the parameters"
    return f"up to {plugin.tail:g} s" if plugin.tail else "none"


def row(parameter: Param) -> str:
    """One parameter as a row."""
    return f"| `{parameter.id}` | {span(parameter)} | `{parameter.format(parameter.default)}` | {told(parameter)} |"


def span(parameter: Param) -> str:
    """Which values a parameter takes."""
    if parameter.kind == "bool":
        return "`on`, `off`"
    if parameter.kind == "enum":
        return ", ".join(f"`{choice}`" for choice in parameter.choices)
    ends = f"`{parameter.format(parameter.minimum)}` .. `{parameter.format(parameter.maximum)}`"
    extra = {"log": " log", "db": " dB"}.get(parameter.curve, "") if parameter.kind == "float" else ""
    return ends + extra + (", or a note length" if parameter.synced else "")


def told(parameter: Param) -> str:
    """A parameter's description as a sentence."""
    return sentence(parameter.description)


def sentence(words: str) -> str:
    """Words as a sentence in a table cell."""
    text = cell(words)
    return text[:1].upper() + text[1:] + ("" if not text or text.endswith(".") else ".")


def cell(text: str) -> str:
    """A text that does not end its table cell."""
    return re.sub(r"\s+", " ", text).replace("|", "\\|").strip()


def main() -> int:
    """Write the page, or with `--check` compare it."""
    text = page()
    if "--check" not in sys.argv[1:]:
        PAGE.write_text(text, encoding="utf-8")
        return 0
    if PAGE.exists() and PAGE.read_text(encoding="utf-8") == text:
        return 0
    print("docs/reference/plugins.md is not what the plugins say; run: python tools/plugin_reference.py", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
