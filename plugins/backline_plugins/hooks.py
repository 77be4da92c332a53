"""What Backline gets from this package: its plugins by id, each imported when it is first used."""

from __future__ import annotations

from backline.sdk.hooks import hookimpl


@hookimpl
def plugins() -> dict[str, str]:
    """Every plugin of this package: id -> "module:Class"."""
    return {
        "arpeggiator": "backline_plugins.events.arpeggiator:Arpeggiator",
        "delay": "backline_plugins.effects.delay:Delay",
        "drumkit": "backline_plugins.drums.drumkit:Drumkit",
        "filter": "backline_plugins.effects.filter:Filter",
        "gain": "backline_plugins.effects.gain:Gain",
        "lfo": "backline_plugins.modulators.lfo:Lfo",
        "mixer": "backline_plugins.effects.mixer:Mixer",
        "pan": "backline_plugins.effects.pan:Pan",
        "polysynth": "backline_plugins.synths.polysynth:Polysynth",
        "sampler": "backline_plugins.samplers.sampler:Sampler",
        "transpose": "backline_plugins.events.transpose:Transpose",
    }
