"""What is played, from whatever a script gives: MIDI files, note texts, audio files and arrays.

This module knows how those become events and arrays in frames. It does not know graphs.
"""

from __future__ import annotations

from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from .offline import Material, TimedEvent

if TYPE_CHECKING:
    from backline.formats.midi_file import MidiSong


def gather(
    midi: str | PathLike[str] | MidiSong | None,
    notes: str | None,
    audio: str | PathLike[str] | np.ndarray | None,
    rate: int,
    tempo: float,
) -> Material:
    """Return the material of a rendering. Events of a MIDI file come before those of `notes` at the same frame.

    Raises BadMidiFile, BadAudioFile, DocumentError (for notes), or ValueError for an array of the wrong shape.
    """
    events: list[TimedEvent] = []
    frames = 0
    tempos: list[tuple[int, float, float]] = []
    meters: list[tuple[int, int, int]] = []
    if midi is not None:
        song = _song(midi)
        events += song.events(rate)
        tempos, meters = song.tempo_frames(rate), song.meter_frames(rate)
        frames = max(frames, song.frames(rate))
    if notes is not None:
        from backline.formats.notes import parse_notes

        phrase = parse_notes(notes)
        events += phrase.events(rate, tempo)
        frames = max(frames, phrase.frames(rate, tempo))
    sound = None if audio is None else _array(audio, rate)
    if sound is not None:
        frames = max(frames, sound.shape[1])
    events.sort(key=lambda item: item[0])
    return Material(events, sound, tempos, meters, frames, tempo)


def _song(midi: str | PathLike[str] | MidiSong) -> MidiSong:
    if isinstance(midi, (str, PathLike)):
        from backline.formats.midi_file import read_midi

        return read_midi(Path(midi))
    return midi


def _array(audio: str | PathLike[str] | np.ndarray, rate: int) -> np.ndarray:
    if isinstance(audio, (str, PathLike)):
        from backline.formats.audio_file import read_audio

        return read_audio(Path(audio), rate)[0]
    array = np.atleast_2d(np.asarray(audio, np.float32))
    if array.ndim != 2 or array.shape[0] > 64:
        raise ValueError(f"audio is (channels, frames), not {array.shape}; frames first? transpose it")
    return array
