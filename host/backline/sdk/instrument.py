"""Instruments: notes in, audio out. Voices, stealing, pedals, bends and lanes are handled here; the author writes one voice.

This module knows how voices are given to notes and how note values stand in lanes. It does not know graphs or MIDI bytes.

Voices stand in groups of lanes. A note that comes when all voices are taken steals a whole note: a released one before a held one, the
oldest first. What is stolen fades within 4 ms in its own lanes while the new one starts in spare lanes, so stealing does not click.
All decisions are made on exact state at the event's own frame, so they do not depend on blocks.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import ClassVar

import numpy as np

from .declaration import Port
from .events import (
    ALL_NOTES_OFF,
    ALL_SOUND_OFF,
    RESET_CONTROLLERS,
    SUSTAIN,
    ChannelPressure,
    ControlChange,
    Event,
    NoteOff,
    NoteOn,
    NotePitch,
    NotePressure,
    NoteTimbre,
    PitchBend,
)
from .kernels import contract as c
from .kernels.voice import SHARED_SLOT, SHARED_VALUES, voice_lanes
from .plugin import Kind, Plugin
from .voices import Voice, same_key

SPARE_VOICES = 16
PORT_SPARE = 8  # the same for one of several ports
FADE_SECONDS = 0.004
BEND_SEMITONES = 2.0
MODES = ("poly", "mono", "legato")
POLY, MONO, LEGATO = range(3)


class Instrument(Plugin):
    """Notes in, audio out. Write `sample(...)` for one sample of one voice; mark one State `life=True`.

    Arguments the SDK binds, besides parameters and states: pitch_hz (with bend), gate (1 while the key is down), velocity,
    release_velocity, key, pressure, timbre, beat, tempo, dt, sample_rate, tables and NoteValues. `start` may give each note its own values,
    several voices (layers, unison) or none. Phases: use Phase.

    `max_voices` bounds the lanes; a parameter called `voices` bounds how many notes sound at once while playing. A parameter called `mode`
    with the choices poly, mono and legato makes the last key sound alone, started anew or not. A parameter called `glide` (seconds) with a
    State called `glide_octaves` gives each note its distance from the one before, for the sample function to bring to 0.
    """

    kind: ClassVar[Kind] = "instrument"
    takes_events: ClassVar[bool] = True
    max_voices: ClassVar[int] = 64
    bend_range: ClassVar[float] = BEND_SEMITONES

    @classmethod
    def _settle_ports(cls) -> None:
        if "outputs" not in vars(cls):
            cls.outputs = (Port("out", cls.binding.outputs if cls.binding else 2),)

    # -- for authors ---------------------------------------------------------------------------------------------------------------

    def start(self, note: NoteOn) -> Iterable[Mapping[str, float]]:  # noqa: ARG002 - authors' own versions look at it
        """The voices a note starts: one mapping of values for each (states, note values, `pitch_hz`, `detune`, `port`, `choke`).

        The default is one voice with nothing special. `choke` names a group (1 and up): a new voice silences older ones of its group.
        """
        return ({},)

    def frequency(self, key: float) -> float:
        """The frequency in Hz of a (fractional) key; override for other tunings."""
        hertz: float = 440.0 * 2.0 ** ((key - 69.0) / 12.0)
        return hertz

    # -- lanes ---------------------------------------------------------------------------------------------------------------------

    def _make_state(self) -> None:
        if self.binding is None:
            raise TypeError(f"{type(self).__name__} needs a `sample` function")
        narrow, wide = voice_lanes(self.binding)
        ports = max(len(self.outputs), 1)
        per_port = -(-(self.max_voices + SPARE_VOICES) // c.LANES) if ports == 1 else 1
        self._groups = per_port * ports
        self._narrow_index = {name: index for index, name in enumerate(narrow)}
        self._wide_index = {name: index for index, name in enumerate(wide)}
        phases = {item.name for item in self.binding.carried if item.width == "phase"}
        self._phase_index = {name: self._narrow_index.pop(name) for name in phases}
        self._narrow = np.zeros((self._groups, len(narrow), c.LANES), np.float32)
        self._wide = np.zeros((self._groups, max(len(wide), 1), c.LANES))
        self._phases = self._narrow.view(np.uint32)
        self._group_port = np.repeat(np.arange(ports, dtype=np.int64), per_port)
        self._gates = self._narrow[:, self._narrow_index["gate"], :]
        self._lives = self._lane_array(self.binding.life)
        self._fades = self._narrow[:, self._narrow_index["fade"], :]
        self._fade_steps = self._narrow[:, self._narrow_index["fade_step"], :]
        self._initial_states = self._initial_values()
        self._starts_alive = self._initial_states.get(self.binding.life, 0.0) != 0.0
        self._voices = [[Voice(group, lane) for lane in range(c.LANES)] for group in range(self._groups)]
        self._all_voices = [voice for group in self._voices for voice in group]
        memories = self.declaration.memories
        self._lengths = [memory.frames(self.sample_rate) for memory in memories.values()]
        self._memory = np.zeros((self._groups * c.LANES, max(sum(self._lengths), 1)), np.float32)
        self._forget_controllers()

    def _lane_array(self, name: str) -> np.ndarray:
        if name in self._narrow_index:
            return self._narrow[:, self._narrow_index[name], :]
        return self._wide[:, self._wide_index[name], :]

    def _initial_values(self) -> dict[str, float]:
        values = {name: state.initial for name, state in self.declaration.states.items()}
        values |= {name: value.initial for name, value in self.declaration.note_values.items()}
        values |= {item.name: 0.0 for item in self.binding.carried if item.name not in values} if self.binding else {}
        return values

    def _forget_controllers(self) -> None:
        self._bends: dict[int, float] = {}
        self._pressures: dict[int, float] = {}
        self._timbres: dict[int, float] = {}
        self._pedals: set[int] = set()
        self._serial = 0
        self._played: list[NoteOn] = []
        self._last_key: float | None = None

    def _context_for_state(self) -> None:
        context = self._context
        context[c.STATE], context[c.PRECISE] = self._narrow.ctypes.data, self._wide.ctypes.data
        context[c.GROUP_PORT] = self._group_port.ctypes.data
        context[c.MEMORY], context[c.MEMORY_STRIDE] = self._memory.ctypes.data, self._memory.shape[1]
        context[c.CHANNELS] = self._groups
        self._shared = np.zeros((self.max_block, SHARED_VALUES), np.float32)
        context[SHARED_SLOT] = self._shared.ctypes.data
        for index, length in enumerate(self._lengths):
            context[c.FIRST_FREE + index] = length

    def _reset_state(self) -> None:
        self._narrow[:] = 0.0
        self._wide[:] = 0.0
        self._memory[:] = 0.0
        for voice in self._all_voices:
            voice.down = voice.pedalled = False
            voice.key = -1
        self._forget_controllers()

    def _meter(self, name: str) -> float:
        return float(self._lane_array(name).max())

    @property
    def sounding(self) -> int:
        """How many voices sound now (held, releasing or fading)."""
        return int(np.count_nonzero(self._busy()))

    def _busy(self) -> np.ndarray:
        begun = self._lives != 0 if self._starts_alive else (self._gates > 0) | (self._lives != 0)
        busy: np.ndarray = begun & (self._fades > 0)
        return busy

    # -- notes ---------------------------------------------------------------------------------------------------------------------

    def handle(self, event: Event) -> None:
        """Take one event at the current frame."""
        match event:
            case NoteOn():
                self._note_on(event)
            case NoteOff():
                self._note_off(event)
            case ControlChange():
                self._controller(event)
            case PitchBend():
                self._bends[event.channel] = event.value * self.bend_range
                self._retune(event.channel)
            case ChannelPressure():
                self._pressures[event.channel] = event.value
                self._spread("pressure_target", event.value, [v for v in self._all_voices if v.channel == event.channel])
            case NotePitch():
                for voice in self._matching(event.channel, event.key, event.note_id):
                    voice.bend = event.semitones
                    self._tune(voice, snap=False)
            case NotePressure():
                self._spread("pressure_target", event.value, self._matching(event.channel, event.key, event.note_id))
            case NoteTimbre():
                self._spread("timbre_target", event.value, self._matching(event.channel, event.key, event.note_id))
            case _:
                super().handle(event)

    def _polyphony(self) -> int:
        if "voices" in self.parameters:
            return min(int(self._values[self._index_of["voices"]]), self.max_voices)
        return self.max_voices

    def _note_on(self, note: NoteOn) -> None:
        if self._mode() != POLY:
            self._played = [*(other for other in self._played if not same_key(other, note)), note]
            sounding = [voice for voice in self._sounding_voices() if voice.down or voice.pedalled]
            if self._mode() == LEGATO and sounding:
                self._slide(sounding, note)
                return
            for voice in self._sounding_voices():
                self._fade(voice)
        self._strike(note)

    def _strike(self, note: NoteOn) -> None:
        """Start the voices of a note, making room for them."""
        layers = list(self.start(note))
        for choke in {int(values.get("choke", 0)) for values in layers} - {0}:
            self._choke(choke)
        ports = [int(values.get("port", 0)) for values in layers]
        for port in sorted(set(ports)):
            self._make_room(port, ports.count(port))
        self._serial += 1
        for values, port in zip(layers, ports, strict=True):
            self._begin(self._free_voice(port), note, values, int(values.get("choke", 0)))
        self._last_key = note.key + note.detune

    def _mode(self) -> int:
        """POLY, MONO or LEGATO: what the parameter called `mode` says, if there is one of these choices."""
        if self.parameters and "mode" in self.parameters and self.parameters["mode"].choices == MODES:
            return int(self._values[self._index_of["mode"]])
        return POLY

    def _slide(self, voices: Iterable[Voice], note: NoteOn) -> None:
        """Take sounding voices to another note without starting them anew."""
        for voice in voices:
            self._narrow[voice.group, self._narrow_index["key"], voice.lane] = note.key
            self._glide_from(voice, self._last_key, note)
            voice.key, voice.channel, voice.note_id = note.key, note.channel, note.note_id
            voice.down, voice.pedalled = True, False
            self._gates[voice.group, voice.lane] = 1.0
            self._tune(voice, snap="glide_octaves" in self._narrow_index)
        self._last_key = note.key + note.detune

    def _glide_from(self, voice: Voice, key: float | None, note: NoteOn) -> None:
        """Let a State called `glide_octaves` begin at the distance from another key, when a parameter called `glide` is above 0."""
        if key is not None and "glide_octaves" in self._narrow_index and "glide" in self.parameters:
            octaves = math.log2(self.frequency(key) / self.frequency(note.key + note.detune)) if self.parameter_value("glide") > 0 else 0.0
            self._narrow[voice.group, self._narrow_index["glide_octaves"], voice.lane] += octaves

    def _sounding_voices(self, port: int | None = None) -> list[Voice]:
        """The voices that are neither free nor fading, of one port or of all."""
        found = np.argwhere(self._busy() & (self._fade_steps == 0))
        return [self._voices[int(g)][int(lane)] for g, lane in found if port is None or self._group_port[g] == port]

    def _choke(self, choke: int) -> None:
        for voice in self._all_voices:
            if voice.choke == choke and self._fades[voice.group, voice.lane] > 0:
                self._fade(voice)

    def _fade(self, voice: Voice) -> None:
        voice.down = voice.pedalled = False
        self._fade_steps[voice.group, voice.lane] = 1.0 / (FADE_SECONDS * self.sample_rate)

    def _free_voice(self, port: int) -> Voice:
        """A free lane of the port's groups; when there is none, the fading one that is nearly gone."""
        groups = np.flatnonzero(self._group_port == port)
        free = np.argwhere(~self._busy()[groups])
        if len(free):
            return self._voices[int(groups[free[0][0]])][int(free[0][1])]
        fades = np.where(self._fade_steps[groups] > 0, self._fades[groups], 2.0)  # of those that fade, the one that is nearly gone
        group, lane = np.unravel_index(int(np.argmin(fades)), fades.shape)
        return self._voices[int(groups[group])][int(lane)]

    def _make_room(self, port: int, wanted: int) -> None:
        """Steal whole notes until the polyphony allows another and its lanes are there: released ones before held ones, oldest first."""
        lanes = self.max_voices if len(self.outputs) == 1 else c.LANES - PORT_SPARE
        polyphony = self._polyphony()
        sounding = np.count_nonzero(self._busy() & (self._fade_steps == 0))
        if sounding < polyphony and sounding + wanted <= lanes:
            return  # the usual case, told without looking at single voices
        voices = self._sounding_voices(port)
        notes: dict[int, list[Voice]] = {}
        for voice in voices:
            notes.setdefault(voice.age, []).append(voice)
        order = sorted(notes, key=lambda age: (any(voice.down or voice.pedalled for voice in notes[age]), age))
        count, notes_left = len(voices), len(notes)
        for age in order:
            if notes_left < polyphony and count + wanted <= lanes:
                return
            for voice in notes[age]:
                self._fade(voice)
            count, notes_left = count - len(notes[age]), notes_left - 1

    def _begin(self, voice: Voice, note: NoteOn, values: Mapping[str, float], choke: int) -> None:
        group, lane = voice.group, voice.lane
        voice.key, voice.channel, voice.note_id = note.key, note.channel, note.note_id
        voice.age, voice.down, voice.pedalled, voice.choke = self._serial, True, False, choke
        voice.detune, voice.bend = note.detune + float(values.get("detune", 0.0)), 0.0
        voice.pitch_hz = float(values.get("pitch_hz", 0.0))
        for name, initial in self._initial_states.items():
            self._put(name, group, lane, float(values.get(name, initial)))
        put = self._narrow[group, :, lane]
        index = self._narrow_index
        put[index["gate"]], put[index["velocity"]], put[index["release_velocity"]] = 1.0, note.velocity, 0.0
        put[index["key"]], put[index["fade"]], put[index["fade_step"]] = note.key, 1.0, 0.0
        pressure, timbre = self._pressures.get(note.channel, 0.0), self._timbres.get(note.channel, 0.5)
        put[index["pressure"]] = put[index["pressure_target"]] = pressure
        put[index["timbre"]] = put[index["timbre_target"]] = timbre
        if self.binding is not None and self.binding.memories:
            self._memory[group * c.LANES + lane] = 0.0
        self._tune(voice, snap=True)
        self._glide_from(voice, self._last_key, note)

    def _put(self, name: str, group: int, lane: int, value: float) -> None:
        if name in self._narrow_index:
            self._narrow[group, self._narrow_index[name], lane] = value
        elif name in self._wide_index:
            self._wide[group, self._wide_index[name], lane] = value
        elif name in self._phase_index:
            self._phases[group, self._phase_index[name], lane] = int(math.fmod(value, 1.0) * 2**32) & 0xFFFFFFFF

    def _tune(self, voice: Voice, *, snap: bool) -> None:
        bend = voice.detune + voice.bend + self._bends.get(voice.channel, 0.0)
        wanted = voice.pitch_hz * 2.0 ** (bend / 12.0) if voice.pitch_hz > 0.0 else self.frequency(voice.key + bend)
        hertz = min(wanted, 0.45 * self.sample_rate)
        self._narrow[voice.group, self._narrow_index["pitch_hz_target"], voice.lane] = hertz
        if snap:
            self._narrow[voice.group, self._narrow_index["pitch_hz"], voice.lane] = hertz

    def _retune(self, channel: int) -> None:
        for voice in self._all_voices:
            if voice.channel == channel and voice.key >= 0 and self._fades[voice.group, voice.lane] > 0:
                self._tune(voice, snap=False)

    def _spread(self, lane_name: str, value: float, voices: Iterable[Voice]) -> None:
        index = self._narrow_index[lane_name]
        for voice in voices:
            self._narrow[voice.group, index, voice.lane] = value

    def _matching(self, channel: int, key: int, note_id: int) -> list[Voice]:
        if note_id >= 0:
            return [voice for voice in self._all_voices if voice.note_id == note_id and voice.key >= 0]
        return [voice for voice in self._all_voices if voice.key == key and voice.channel == channel]

    def _note_off(self, event: NoteOff) -> None:
        self._played = [note for note in self._played if not same_key(note, event)]
        matching = [voice for voice in self._matching(event.channel, event.key, event.note_id) if voice.down]
        if self._mode() != POLY and matching and self._played:  # back to the key that is still held
            self._fall_back(self._played[-1].at(event.frame))  # it begins now, not where it was in a block gone by
            return
        for voice in matching:
            voice.down = False
            self._narrow[voice.group, self._narrow_index["release_velocity"], voice.lane] = event.velocity
            if event.channel in self._pedals:
                voice.pedalled = True
            else:
                self._gates[voice.group, voice.lane] = 0.0

    def _fall_back(self, note: NoteOn) -> None:
        voices = self._sounding_voices()
        if self._mode() == LEGATO:
            self._slide(voices, note)
            return
        for voice in voices:
            self._fade(voice)
        self._strike(note)

    def _controller(self, event: ControlChange) -> None:
        channel = event.channel
        if event.controller == SUSTAIN:
            self._pedal(channel, down=event.value >= 0.5)
        elif event.controller == 74:
            self._timbres[channel] = event.value
            self._spread("timbre_target", event.value, [v for v in self._all_voices if v.channel == channel])
        elif event.controller == ALL_SOUND_OFF:
            self._played = [note for note in self._played if note.channel != channel]
            for voice in self._all_voices:
                if voice.channel == channel:
                    self._fade(voice)
        elif event.controller == ALL_NOTES_OFF:
            self._played = [note for note in self._played if note.channel != channel]
            for voice in self._all_voices:
                if voice.channel == channel and (voice.down or voice.pedalled):
                    voice.down = voice.pedalled = False
                    self._gates[voice.group, voice.lane] = 0.0
        elif event.controller == RESET_CONTROLLERS:
            self._pedal(channel, down=False)
            self._bends.pop(channel, None)
            self._pressures.pop(channel, None)
            self._spread("pressure_target", 0.0, [voice for voice in self._all_voices if voice.channel == channel])
            self._retune(channel)

    def _pedal(self, channel: int, *, down: bool) -> None:
        if down:
            self._pedals.add(channel)
            return
        self._pedals.discard(channel)
        for voice in self._all_voices:
            if voice.channel == channel and voice.pedalled:
                voice.pedalled = False
                self._gates[voice.group, voice.lane] = 0.0
