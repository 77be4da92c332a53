"""Where the music is: tempo, position, meter. Handed to every plugin with every block.

This module knows one moment of musical time. It does not know tempo maps, clocks or devices.
"""

from __future__ import annotations

import math


class Transport:
    """The musical time at the first frame of a block.

    `frame` is the absolute sample position, `beat` the position in quarter notes, `tempo` in quarter notes a minute.
    One transport is reused from block to block: copy the numbers you want to keep. The beat is always computed from the last
    tempo change, never added up block by block, so it does not depend on how the stream was split.
    """

    __slots__ = ("_anchor_beat", "_anchor_frame", "_tempo", "denominator", "frame", "numerator", "playing", "rate", "version")

    def __init__(self, rate: float = 48000.0, tempo: float = 120.0, meter: tuple[int, int] = (4, 4), *, playing: bool = True) -> None:
        self.rate = rate
        self.frame = 0
        self.playing = playing
        self.numerator, self.denominator = meter
        self._tempo = tempo
        self._anchor_frame = 0
        self._anchor_beat = 0.0
        self.version = 0  # counts jumps and changes of tempo

    @property
    def tempo(self) -> float:
        """Quarter notes a minute."""
        return self._tempo

    @property
    def beat(self) -> float:
        """Position in quarter notes at `frame`."""
        if not self.playing:
            return self._anchor_beat
        return self._anchor_beat + (self.frame - self._anchor_frame) * self.beats_per_frame

    @property
    def beats_per_frame(self) -> float:
        """How many quarter notes pass in one sample."""
        return self._tempo / (60.0 * self.rate)

    @property
    def anchor(self) -> tuple[float, int]:
        """(beat, frame) of the last tempo change or jump, from which every position is computed."""
        return self._anchor_beat, self._anchor_frame

    def frame_at(self, beat: float) -> int:
        """The first absolute frame that is at or after a beat; independent of how the stream is split into blocks."""
        return self._anchor_frame + math.ceil((beat - self._anchor_beat) / self.beats_per_frame - 1e-9)

    def set_tempo(self, tempo: float) -> None:
        """Change the tempo from the current frame on."""
        self.locate(self.frame, self.beat)
        self._tempo = tempo

    def set_playing(self, playing: bool) -> None:
        """Start or stop musical time at the current frame; sample time goes on."""
        self.locate(self.frame, self.beat)
        self.playing = playing

    def locate(self, frame: int, beat: float) -> None:
        """Jump: from here on, sample `frame` is quarter note `beat`."""
        self.frame = frame
        self._anchor_frame = frame
        self._anchor_beat = beat
        self.version += 1

    def advance(self, frames: int) -> None:
        """Move on by `frames` samples."""
        self.frame += frames
