"""Everything a plugin author imports. Nothing here knows the host: no graphs, documents, files or devices."""

from . import dsp
from .declaration import Port
from .effect import Block, Effect, EventEffect, Modulator
from .events import (
    ChannelPressure,
    ControlChange,
    Event,
    NoteOff,
    NoteOn,
    NotePitch,
    NotePressure,
    NoteTimbre,
    ParameterChange,
    PitchBend,
    ProgramChange,
    SysEx,
)
from .hooks import API_VERSION, hookimpl
from .instrument import Instrument
from .kernels import KernelError
from .params import DelayLine, Memory, NoteValue, Param, Phase, State, Table
from .plugin import Plugin
from .transport import Transport
from .units import Beats, UnitError

__all__ = [
    "API_VERSION",
    "Beats",
    "Block",
    "ChannelPressure",
    "ControlChange",
    "DelayLine",
    "Effect",
    "Event",
    "EventEffect",
    "Instrument",
    "KernelError",
    "Memory",
    "Modulator",
    "NoteOff",
    "NoteOn",
    "NotePitch",
    "NotePressure",
    "NoteTimbre",
    "NoteValue",
    "Param",
    "ParameterChange",
    "Phase",
    "PitchBend",
    "Plugin",
    "Port",
    "ProgramChange",
    "State",
    "SysEx",
    "Table",
    "Transport",
    "UnitError",
    "dsp",
    "hookimpl",
]
