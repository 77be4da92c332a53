"""What each factory preset is played with, and what should come out.

A phrase is short: it shows the preset the way it is meant to be used. Every factory preset has one; a test sees to that.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np

from presets.listening import RATE

BEAT_SECONDS = 0.5  # 120 quarter notes a minute


def plucked(hz: float = 110.0, seconds: float = 1.5, level: float = 0.22) -> np.ndarray:
    """A plucked string, plucked three times: partials that die away, the higher the faster. float32 (1, frames)."""
    time = np.arange(round(seconds * RATE / 3)) / RATE
    once = sum(np.sin(2 * np.pi * hz * n * time) / n * np.exp(-time * (2.0 + n)) for n in range(1, 24))
    return (level * np.tile(once * np.minimum(time / 0.002, 1.0), 3)).astype(np.float32)[np.newaxis]


def voice(seconds: float = 2.0, level: float = 0.35) -> np.ndarray:
    """Something like a sung vowel: a rich tone with vibrato, three formants, two syllables and breath. float32 (1, frames)."""
    time = np.arange(round(seconds * RATE)) / RATE
    turns = np.cumsum(220.0 * (1.0 + 0.006 * np.sin(2 * np.pi * 5.0 * time))) / RATE
    loud = {
        n: sum(np.exp(-(((220.0 * n - f) / w) ** 2)) for f, w in ((230, 120), (700, 250), (1220, 300), (2600, 400))) + 0.02
        for n in range(1, 40)
    }
    tone = sum(amount * np.sin(2 * np.pi * n * turns) for n, amount in loud.items())
    breath = np.random.default_rng(3).normal(0.0, 0.02, len(time))
    syllables = np.clip(np.sin(2 * np.pi * time / seconds * 2) * 4, 0.0, 1.0)
    return (level * syllables * (tone / np.abs(tone).max() + breath)).astype(np.float32)[np.newaxis]


def mix(seconds: float = 2.5) -> np.ndarray:
    """Something like a mix, in stereo: a kick, a bass, a chord to the sides and noise on the off-beats. float32 (2, frames)."""
    time = np.arange(round(seconds * RATE)) / RATE
    beat = time % BEAT_SECONDS
    kick = 0.35 * np.sin(2 * np.pi * (45 * beat - 6 * np.exp(-beat * 30))) * np.exp(-beat * 9)
    bass = 0.16 * np.sin(2 * np.pi * 55 * time) * np.minimum(beat * 20, 1.0)
    chord = [0.045 * sum(np.sin(2 * np.pi * hz * side * time) for hz in (220.0, 277.2, 329.6)) for side in (0.999, 1.001)]
    noise = np.random.default_rng(4).normal(0.0, 0.04, len(time)) * np.exp(-((time + BEAT_SECONDS / 2) % BEAT_SECONDS) * 40)
    fade = np.clip((seconds - time) / 0.05, 0.0, 1.0)
    return np.stack([fade * (kick + bass + side + noise) for side in chord]).astype(np.float32)


@dataclass(frozen=True)
class Phrase:
    """How to play a preset.

    `notes` or `audio` is the phrase itself. `tonal`: a held A4 is in tune. `steepest`: how much steeper the sound may be just after a note
    begins or ends than anywhere else; 0 for drums, which are a step to begin with. `longest`: how many seconds the whole may last.
    `brighter`: the macro that opens it. `steady` holds still what moves the pitch by itself: a filter that sweeps fast shifts the phase,
    and so the pitch, of what goes through it.
    """

    notes: str | None = None
    audio: Callable[[], np.ndarray] | None = None
    tonal: bool = True
    steepest: float = 1.05
    longest: float = 6.0
    brighter: str = "brightness"
    steady: dict[str, str] = field(default_factory=dict)


PHRASES = {
    "bass/acid": Phrase("C2:1/2 C3:1/4 C2:1/4 Eb2:1/2 C2@120:1/2 G2:1/4 C2:1/4 C3@120:1/2", brighter="cutoff"),
    "bass/round": Phrase("C2:1 G2:1/2 C2:1/2 Bb1:1 F2:1"),
    "chains/guitar": Phrase(audio=plucked, tonal=False, brighter="tone"),
    "chains/master": Phrase(audio=mix, tonal=False),
    "chains/vocal": Phrase(audio=voice, tonal=False, brighter="air"),
    "drums/dusty": Phrase("[C2 F#2]:1/2 F#2:1/2 [D2 F#2]:1/2 A#2:1/2 C2:1/2 C2:1/2 [D2 F#2]:1", tonal=False, steepest=0.0),
    "drums/tight": Phrase("[C2 F#2]:1/2 F#2:1/2 [D2 F#2]:1/2 A#2:1/2 C2:1/2 C2:1/2 [D2 F#2]:1", tonal=False, steepest=0.0),
    "effects/tape-echo": Phrase(audio=plucked, tonal=False, longest=12.0, brighter=""),
    "keys/electric-piano": Phrase("[C4 E4 G4]:1 [A3 C4 E4]:1 C5:1 G4:1", steepest=2.0),
    "keys/organ": Phrase("[C4 E4 G4]:2 [F3 A3 C4]:1 C5:1"),
    "keys/split": Phrase("[C3 E4 G4]:2 [A2 C4 E4]:1 [C3 C5@120]:1"),
    "keys/warm": Phrase("[C4 E4 G4]:2 [A3 C4 E4]:1 [G3 B3 D4]:1"),
    "leads/solo": Phrase("C5:1 D5:1/2 E5:1/2 G5:1 E5:1"),
    "pads/glass": Phrase("[C4 G4 B4]:4", longest=10.0),
    "pads/wide": Phrase("[C4 E4 G4]:4", longest=7.0),
    "plucks/arpeggio": Phrase("[A3 C4 E4]:4", longest=8.0, steady={"arp.octaves": "1", "pluck.filter_amount": "0 oct"}),
    "plucks/soft": Phrase("C4:1/2 E4:1/2 G4:1/2 C5:1/2 [C4 E4 G4]:1", steepest=2.0),
}
