"""The rack: a preset that is loaded and can make sound.

This module is what scripts, the command line and the stage hold. It knows how to ask an engine for blocks or whole pieces, and keeps
what was changed by hand when the engine is made anew for another rate or block size. It does not know how a graph runs.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from backline.formats.errors import Problem, did_you_mean
from backline.formats.preset_file import LoadedPreset, load_preset, parse_preset
from backline.model import Preset
from backline.sdk.events import Event
from backline.sdk.transport import Transport

from .engine import Engine
from .handles import Macros, NodeHandle
from .material import gather
from .node import Value
from .offline import Length, Material, Progress, render_blocks, render_whole
from .resolve import Missing

if TYPE_CHECKING:
    from collections.abc import Iterator

    from backline.catalog import Catalog
    from backline.formats.midi_file import MidiSong

OFFLINE_BLOCK = 4096
"""The block of a rendering that asks for none. The sound does not depend on it; larger blocks cost less."""


class Rack:
    """A preset that is loaded and can process audio.

    `rack["keys"]` is a node, `rack.macros["brightness"] = 0.7` turns a macro, `rack.render(notes="C4 E4 G4")` gives audio,
    `rack.process(...)` one block. Raises DocumentError when the preset cannot run on this machine.
    """

    def __init__(
        self,
        document: LoadedPreset,
        *,
        rate: float = 48000,
        block: int = 512,
        missing: Missing = "error",
        catalog: Catalog | None = None,
        folders: Iterable[str | Path] = (),
    ) -> None:
        self.document = document
        self._missing: Missing = missing
        self._catalog = catalog
        self._folders = tuple(folders)
        self._changes: dict[tuple[str, str], Value] = {}
        self._blends: dict[tuple[str, str], bool | float] = {}
        self._macro_positions: dict[str, float] = {}
        self._tempo: float | None = None
        self.engine = self._make(rate, block)
        self.macros = Macros(lambda: self.engine, self._turn_macro)

    def _make(self, rate: float, block: int) -> Engine:
        return Engine(self.document, rate, block, missing=self._missing, catalog=self._catalog, folders=self._folders)

    # -- what it is ----------------------------------------------------------------------------------------------------------------

    @property
    def preset(self) -> Preset:
        """The document."""
        return self.document.preset

    @property
    def name(self) -> str:
        """The preset's name, or its file's."""
        return self.preset.name or Path(self.document.name).stem

    @property
    def nodes(self) -> list[str]:
        """Names of the nodes, in the preset's order; those of nested racks as `lead/keys`."""
        return list(self.engine.flat.nodes)

    @property
    def outputs(self) -> list[str]:
        """Names of the further outputs (`out:NAME`)."""
        return [name.partition(":")[2] for name in self.engine.graph.outs if ":" in name]

    @property
    def warnings(self) -> list[Problem]:
        """What is odd but not wrong: nodes nobody hears, plugins that are stood in for."""
        return self.engine.warnings.all()

    @property
    def rate(self) -> float:
        """Samples a second."""
        return self.engine.rate

    @property
    def latency(self) -> int:
        """By how many frames the output of `process` comes late. `render` trims it."""
        return self.engine.latency

    @property
    def transport(self) -> Transport:
        """Musical time."""
        return self.engine.transport

    def __getitem__(self, name: str) -> NodeHandle:
        if name not in self.engine.flat.nodes:
            hint = did_you_mean(name, self.nodes)
            raise KeyError(f'there is no node "{name}"' + (f"; {hint}" if hint else ""))
        return NodeHandle(name, lambda: self.engine, self._change, self._change_blend)

    def __contains__(self, name: object) -> bool:
        return name in self.engine.flat.nodes

    def __repr__(self) -> str:
        return f"<rack {self.name}: {', '.join(self.nodes)}>"

    # -- changing it ---------------------------------------------------------------------------------------------------------------

    def _change(self, name: str, key: str, value: Value) -> None:
        self.engine.set_value(self.engine.node(name), key, value)
        self._changes[name, key] = value

    def _change_blend(self, name: str, key: str, value: bool | float) -> None:
        self.engine.set_blend(name, key, value)
        self._blends[name, key] = value

    def _turn_macro(self, name: str, position: float) -> None:
        self._macro_positions.pop(name, None)  # the last one turned comes last, where several drive one parameter
        self._macro_positions[name] = position
        for node, key, _ in self.engine.turn(name, position):
            self._changes.pop((node.name, key), None)

    def set(self, target: str, value: float | str) -> None:
        """Set `node.parameter` or a macro by its written name, as `--set` does. Raises ValueError with a clear message."""
        node, dot, parameter = target.partition(".")
        try:
            if not dot:
                self.macros[target] = value
            elif f"{node}/{parameter}" in self.macros:
                self.macros[f"{node}/{parameter}"] = value
            else:
                setattr(self[node], parameter, value)
        except (KeyError, AttributeError) as error:
            raise ValueError(str(error.args[0]) if error.args else str(error)) from None

    def set_tempo(self, tempo: float) -> None:
        """Set the tempo in quarter notes a minute."""
        self._tempo = float(tempo)
        self.engine.set_tempo(self._tempo)

    def prepare(self, rate: float | None = None, block: int | None = None) -> None:
        """Get ready for another sample rate or largest block. Everything set by hand is carried over; sound is not."""
        rate = self.engine.rate if rate is None else float(rate)
        block = self.engine.max_block if block is None else int(block)
        if rate == self.engine.rate and block == self.engine.max_block:
            return
        old = self.engine
        self.engine = self._make(rate, block)
        old.close()
        if self._tempo is not None:
            self.engine.set_tempo(self._tempo)
        for name, position in self._macro_positions.items():
            self.engine.turn(name, position)
        for (name, key), value in self._changes.items():
            self.engine.set_value(self.engine.node(name), key, value)
        for (name, key), value in self._blends.items():
            self.engine.set_blend(name, key, value)

    # -- sound ---------------------------------------------------------------------------------------------------------------------

    def process(self, frames: int, events: Sequence[Event] = (), audio: np.ndarray | None = None) -> np.ndarray:
        """Compute one block; see Engine.process."""
        return self.engine.process(frames, events, audio)

    def reset(self) -> None:
        """Become as new: no sound, time 0; parameters as they are."""
        self.engine.reset()

    def panic(self) -> None:
        """Silence everything at the next block."""
        self.engine.panic()

    def render(
        self,
        midi: str | PathLike[str] | MidiSong | None = None,
        notes: str | None = None,
        audio: str | PathLike[str] | np.ndarray | None = None,
        seconds: float | None = None,
        rate: float = 48000,
        block: int | None = None,
        tail: float | str = "auto",
        progress: Progress | None = None,
    ) -> Audio:
        """Render a piece: float32 (channels, frames).

        `midi` is a file or a MidiSong, `notes` a text such as "C4:1 E4:1 [C4 E4 G4]:2", `audio` a file or float32 (channels, frames) at
        `rate`. The length is `seconds`, or that of the material plus `tail` seconds ("auto": until it is quiet). The same call gives the
        same bits, whatever `block` is; pedalboard's equalisers alone may differ in the last ones from one `block` to another.
        """
        material, length, frames = self._piece(midi, notes, audio, seconds, rate, block, tail)
        return Audio.of(render_whole(self.engine, material, length, frames, progress), int(rate))

    def render_blocks(
        self,
        midi: str | PathLike[str] | MidiSong | None = None,
        notes: str | None = None,
        audio: str | PathLike[str] | np.ndarray | None = None,
        seconds: float | None = None,
        rate: float = 48000,
        block: int | None = None,
        tail: float | str = "auto",
        progress: Progress | None = None,
        outputs: Sequence[str] = (),
    ) -> Iterator[np.ndarray]:
        """As `render`, block by block: float32 (channels, n) views, each good until the next one is asked for.

        The two channels of each further output named in `outputs` (see the attribute) follow below those of the main one.
        """
        material, length, frames = self._piece(midi, notes, audio, seconds, rate, block, tail)
        return render_blocks(self.engine, material, length, frames, progress, outputs)

    def _piece(
        self,
        midi: str | PathLike[str] | MidiSong | None,
        notes: str | None,
        audio: str | PathLike[str] | np.ndarray | None,
        seconds: float | None,
        rate: float,
        block: int | None,
        tail: float | str,
    ) -> tuple[Material, Length, int]:
        """Get ready for a piece: what is played, how long, in which blocks."""
        frames = OFFLINE_BLOCK if block is None else int(block)
        self.prepare(rate, frames)
        material = gather(midi, notes, audio, int(rate), self._tempo or 120.0)
        if seconds is not None:
            return material, Length(round(float(seconds) * rate), 0), frames
        return material, Length(material.frames, None if tail == "auto" else round(float(tail) * rate)), frames

    def close(self) -> None:
        """Let every plugin go."""
        self.engine.close()

    # -- pictures ------------------------------------------------------------------------------------------------------------------

    def graph_svg(self) -> str:
        """The graph as a picture (SVG text)."""
        from .draw import draw_graph

        return draw_graph(self.engine.flat, self.engine.graph)

    def _repr_svg_(self) -> str:
        return self.graph_svg()


class Audio(np.ndarray[Any, np.dtype[np.float32]]):
    """Rendered audio: an array float32 (channels, frames) that knows its rate and can be heard in a notebook."""

    rate: int = 48000

    @classmethod
    def of(cls, array: np.ndarray, rate: int) -> Audio:
        """View an array as audio at a rate."""
        view = array.view(cls)
        view.rate = rate
        return view

    def __array_finalize__(self, source: object) -> None:
        self.rate = getattr(source, "rate", 48000)

    def _repr_html_(self) -> str:
        from .notebook import audio_html

        return audio_html(np.asarray(self), self.rate)


def load(
    path: str | Path,
    *,
    rate: float = 48000,
    block: int = 512,
    missing: Missing = "error",
    catalog: Catalog | None = None,
    folders: Iterable[str | Path] = (),
) -> Rack:
    """Load a preset file as a rack. Raises DocumentError (all problems with their places) or OSError (no such file)."""
    return Rack(load_preset(find_preset(path)), rate=rate, block=block, missing=missing, catalog=catalog, folders=folders)


def find_preset(path: str | Path) -> Path:
    """The preset file that a path or a short name (`bass/round`, `factory` presets without suffix) means."""
    found = Path(path)
    if found.exists() or found.suffix in (".yaml", ".yml"):
        return found
    from backline.catalog.presets import factory_preset

    return factory_preset(str(path)) or found


def loads(text: str, name: str = "preset", **options: Any) -> Rack:
    """Load a preset from YAML text. Raises DocumentError."""
    return Rack(parse_preset(text, name), **options)
