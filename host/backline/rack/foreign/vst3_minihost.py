"""VST3, AU and LV2 plugins inside minihost.

This module knows minihost's calls. Everything comes on its frame: notes, controllers, parameter changes; tempo and position
reach the plugin, and the MIDI it sends comes back.
"""

from __future__ import annotations

import atexit
import math
import weakref
from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np

from backline.rack.foreign import bundles, midi, moduleinfo, statefile
from backline.rack.foreign.base import LARGEST_CALL, Audio, Change, ForeignParameter, ForeignPlugin
from backline.rack.foreign.errors import ForeignLoadError, ForeignParameterError, ForeignProcessError, ForeignStateError
from backline.rack.foreign.hosted import HostAccess, describe, mend_first
from backline.rack.foreign.names import is_midi_controller
from backline.rack.foreign.pedal import ends_finite, is_finite
from backline.sdk.events import Event, ParameterChange
from backline.sdk.transport import Transport

_MOST_MIDI_OUT = 4096


def minihost_module() -> Any:
    """Return the library.

    Raises:
        ForeignLoadError: it is not installed.
    """
    try:
        import minihost
    except ImportError:
        raise ForeignLoadError("minihost is not installed: pip install 'backline[minihost]', or write host: pedalboard") from None
    return minihost


class MinihostPlugin(ForeignPlugin):
    """One effect or instrument inside minihost."""

    def __init__(self, bundle: Path, rate: float = 48000.0, channels: int | None = None, plugin_name: str | None = None) -> None:
        self.backend = "minihost"
        self.path = bundle
        self.midi_out = []
        self.faults = 0
        self.trusted = False
        self._library = minihost_module()
        self.plugin = self._open(bundle, float(rate), channels or 2, plugin_name)
        _close_at_exit(self)
        self.rate = float(rate)
        self._describe(bundle, plugin_name)
        if channels is not None and channels not in {self.inputs, self.outputs}:
            raise ForeignLoadError(f"{bundle}: it does not take {channels} channels, it has {self.inputs} in and {self.outputs} out")
        self._late: list[tuple[int, Event]] = []
        self._late_changes: list[tuple[int, str, float]] = []
        self._unheard = False
        self._running = False
        self._nothing = np.zeros((self.inputs, LARGEST_CALL), np.float32)

    def _open(self, bundle: Path, rate: float, channels: int, plugin_name: str | None) -> Any:
        try:
            first = self._library.Plugin(str(bundle), rate, LARGEST_CALL, channels, channels)
        except (RuntimeError, ValueError) as error:
            raise bundles.why_not(bundle, _plain(str(error))) from error
        self._classes = moduleinfo.classes(bundle)
        bundles.check_name(bundle, list(self._classes), plugin_name)
        if len(self._classes) < 2 or plugin_name is None:
            return first
        try:
            xml = moduleinfo.descriptor(bundle, self._classes[plugin_name])
            return self._library.Plugin.from_descriptor(xml, rate, LARGEST_CALL, channels, channels)
        except (RuntimeError, ValueError) as error:
            raise bundles.why_not(bundle, _plain(str(error))) from error
        finally:
            first.close()

    def _describe(self, bundle: Path, plugin_name: str | None) -> None:
        plugin = self.plugin
        entry = next((found for name, found in self._classes.items() if plugin_name in {None, name}), None)
        self.name, self.version, self.vendor = (entry.name, entry.version, entry.vendor) if entry else (bundle.stem, "", "")
        self.inputs, self.outputs = int(plugin.num_input_channels), int(plugin.num_output_channels)
        self.kind = "effect" if self.inputs else "instrument"
        tail = float(plugin.tail_seconds)
        self.tail_seconds = tail if 0.0 < tail < math.inf else None
        infos = [plugin.get_param_info(index) for index in range(plugin.num_params)]
        self._hosted = describe([self._access(index, info) for index, info in enumerate(infos) if not is_midi_controller(info["name"])])
        mend_first(self._hosted)
        self.parameters = {key: hosted.parameter for key, hosted in self._hosted.items()}

    def _access(self, index: int, info: dict[str, Any]) -> HostAccess:
        plugin = self.plugin
        return HostAccess(
            index,
            info["name"],
            info["label"],
            info["num_steps"] or 0x7FFFFFFF,
            info["default_value"],
            info["is_automatable"],
            lambda raw: str(plugin.param_to_text(index, raw)),
            partial(_read_text, plugin, index),
            lambda: float(plugin.get_param(index)),
            lambda raw: plugin.set_param(index, raw),
        )

    @property
    def latency(self) -> int:
        """Frames by which the output is late, as the plugin reports them.

        A parameter set before the stream starts counts at once; a change while sound runs shows some 30 ms later, because the
        plugin's message comes through another thread.
        """
        if self._unheard and not self._running:
            self.reset()
        return int(self.plugin.latency_samples)

    def prepare(self, rate: float, max_block: int) -> None:  # noqa: ARG002 - one size serves every block
        """Get ready for a stream at `rate` Hz."""
        self.rate = float(rate)
        self.reset()

    def reset(self) -> None:
        """Forget all sound; parameters stay."""
        self._late.clear()
        self._late_changes.clear()
        self.midi_out = []
        if self.kind == "instrument":
            stop = [(0, *message) for message in midi.ALL_CHANNELS_SILENT]
            self.plugin.process_midi(self._nothing[:, :64], np.zeros((self.outputs, 64), np.float32), stop)
        self._hear()
        self.plugin.reset()
        # Setting the rate, the same one too, makes the host ask for the latency again, here and now.
        self.plugin.sample_rate = self.rate
        self._running = False
        if self.kind == "effect":
            # Many glide their values from zero at the very first block only: always the same silence makes every start the same,
            # here and with pedalboard.
            try:
                self.plugin.process(self._nothing, np.zeros((self.outputs, LARGEST_CALL), np.float32))
            except RuntimeError as error:
                raise ForeignProcessError(f"{self.name} failed: {_plain(str(error))}") from error

    def process(
        self,
        audio: Audio | None,
        out: Audio,
        frames: int,
        position: int,
        events: Sequence[Event] = (),
        changes: Sequence[Change] = (),
        transport: Transport | None = None,
    ) -> None:
        """Fill `out`; see `ForeignPlugin.process`."""
        if self.midi_out:
            self.midi_out = []
        if frames > LARGEST_CALL or self._late or self._late_changes:
            self._process_long(audio, out, frames, position, events, changes, transport)
            return
        self._process_once(audio, out, frames, position, events, changes, transport, 0)

    def _process_long(
        self,
        audio: Audio | None,
        out: Audio,
        frames: int,
        position: int,
        events: Sequence[Event],
        changes: Sequence[Change],
        transport: Transport | None,
    ) -> None:
        """Cut a long block in pieces, and bring in what earlier blocks could not place."""
        waiting = [(frame - position, event) for frame, event in self._late] + [(event.frame, event) for event in events]
        pending = [(frame - position, key, value) for frame, key, value in self._late_changes] + list(changes)
        self._late, self._late_changes = [], []
        waiting.sort(key=lambda item: item[0])
        pending.sort(key=lambda item: item[0])
        for start in range(0, frames, LARGEST_CALL):
            end = min(frames, start + LARGEST_CALL)
            now = [event.at(max(frame, start) - start) for frame, event in waiting if frame < end]
            soon = [(max(frame, start) - start, key, value) for frame, key, value in pending if frame < end]
            waiting = [item for item in waiting if item[0] >= end]
            pending = [item for item in pending if item[0] >= end]
            part = None if audio is None else audio[:, start:end]
            self._process_once(part, out[:, start:end], end - start, position + start, now, soon, transport, start)
        self._late += [(position + frame, event) for frame, event in waiting]
        self._late_changes += [(position + frame, key, value) for frame, key, value in pending]

    def _process_once(
        self,
        audio: Audio | None,
        out: Audio,
        frames: int,
        position: int,
        events: Sequence[Event],
        changes: Sequence[Change],
        transport: Transport | None,
        offset: int,
    ) -> None:
        plugin = self.plugin
        if transport is not None:
            self._tell(transport, position, offset)
        source = self._nothing[:, :frames] if audio is None or not self.inputs else audio[:, :frames]
        target = out[:, :frames]
        if not target.flags.c_contiguous:
            target = np.empty((self.outputs, frames), np.float32)
        sent, automation = self._messages(events, changes, frames, position)
        try:
            if automation:
                returned = plugin.process_auto(source, target, sent, automation, _MOST_MIDI_OUT)
            elif sent or plugin.produces_midi:
                returned = plugin.process_midi(source, target, sent, _MOST_MIDI_OUT)
            else:
                returned = None
                plugin.process(source, target)
        except RuntimeError as error:
            out[:, :frames] = 0.0
            raise ForeignProcessError(f"{self.name} failed: {_plain(str(error))}") from error
        self._unheard = False
        self._running = True
        if returned:
            self._receive(returned, offset)
        self._give(target, out, frames)

    def _give(self, target: Audio, out: Audio, frames: int) -> None:
        if not (ends_finite(target) if self.trusted else is_finite(target)):
            out[:, :frames] = 0.0
            self.faults += 1
            self.reset()
        elif target.base is not out and target is not out:
            out[:, :frames] = target

    def _tell(self, transport: Transport, position: int, offset: int) -> None:
        beat = transport.beat
        if offset and transport.playing:
            beat += offset * transport.beats_per_frame
        self.plugin.set_transport(transport.tempo, transport.numerator, transport.denominator, position, beat, transport.playing)

    def _messages(
        self, events: Sequence[Event], changes: Sequence[Change], frames: int, position: int
    ) -> tuple[list[tuple[int, int, int, int]], list[tuple[int, int, float]]]:
        sent: list[tuple[int, int, int, int]] = []
        automation: list[tuple[int, int, float]] = []
        for frame, key, value in changes:
            if frame >= frames:
                self._late_changes.append((position + frame, key, value))
            else:
                automation.append((max(frame, 0), *self._raw(key, value)))
        for event in events:
            if event.frame >= frames:
                self._late.append((position + event.frame, event))
            elif isinstance(event, ParameterChange):
                automation.append((max(event.frame, 0), *self._raw(event.parameter, event.value)))
            else:
                message = midi.encode(event)
                if message is not None:
                    sent.append((max(event.frame, 0), *message))
        if len(automation) > 1:
            automation.sort(key=lambda change: change[0])
        return sent, automation

    def _raw(self, key: str, value: float) -> tuple[int, float]:
        parameter = self.parameter(key)
        return parameter.index, self._hosted[parameter.id].fast_raw(self.parse(key, value))

    def _receive(self, messages: list[Any], offset: int) -> None:
        for frame, status, data1, data2 in messages:
            event = midi.decode(offset + frame, status, data1, data2)
            if event is not None:
                self.midi_out.append(event)

    def value(self, key: str) -> float:
        """Return the present value of a parameter, exactly as set."""
        return self._hosted[self.parameter(key).id].value()

    def text(self, key: str) -> str:
        """Return the present value as the plugin shows it."""
        return self._hosted[self.parameter(key).id].text()

    def _ask_plugin(self, parameter: ForeignParameter, text: str) -> float | None:
        return self._hosted[parameter.id].spoken(text)

    def _apply(self, parameter: ForeignParameter, value: float) -> None:
        if parameter.hidden and parameter.unit == "frames":
            raise ForeignParameterError(f"{self.name}: {parameter.name} belongs to the host, it cannot be set")
        self._hosted[parameter.id].set(value)
        self._unheard = True

    def _hear(self) -> None:
        """Let the plugin run once after a change: many write a parameter into their state only when they process."""
        if self._unheard:
            self.plugin.process(np.zeros((self.inputs, 64), np.float32), np.zeros((self.outputs, 64), np.float32))
            self._unheard = False

    def state(self) -> bytes:
        """Return the plugin's state. After a parameter was set, the plugin first runs on a few frames of silence."""
        self._hear()
        return bytes(self.plugin.get_state())

    def set_state(self, data: bytes) -> None:
        """Bring back a state, and make sure that the plugin took it."""
        if self.path is None or self.path.suffix.lower() == ".vst3":
            statefile.check_host_state(self.name, data)
        before = self.state()
        try:
            self.plugin.set_state(data)
        except RuntimeError as error:
            raise ForeignStateError(f"{self.name} did not take the state: is it of another plugin or version?") from error
        self._unheard = True
        after = self.state()
        if after == before and after != data:
            raise ForeignStateError(f"{self.name} did not take the state: is it of another plugin or version?")
        if self.kind == "instrument" and self.path is not None and self.path.suffix.lower() == ".vst3":
            self._mend(statefile.split_host_state(self.name, data)[0])

    def _mend(self, component: bytes) -> None:
        if self.kind == "instrument":
            mend_first(self._hosted, component)
            self._unheard = True
            self._hear()

    def load_vstpreset(self, path: str | Path) -> None:
        """Read a `.vstpreset` file of this plugin."""
        wanted, data = statefile.read_preset(self.name, path)
        statefile.check_class(self.name, path, wanted, self._class_id())
        try:
            self._library.load_vstpreset(str(path), self.plugin)
        except (RuntimeError, ValueError, OSError) as error:
            raise ForeignStateError(f"{self.name}: {path}: {_plain(str(error))}") from error
        self._unheard = True
        self._hear()
        self._mend(statefile.component_of(data))

    def save_vstpreset(self, path: str | Path) -> None:
        """Write the present state as a `.vstpreset` file."""
        component, controller = statefile.split_host_state(self.name, self.state())
        statefile.write_preset(path, statefile.preset_bytes(self._class_id(), component, controller))

    def _class_id(self) -> str:
        if self.path is None or self.path.suffix.lower() != ".vst3":
            raise ForeignStateError(f"{self.name} is no VST3 plugin, it has no .vstpreset files")
        return moduleinfo.class_id(self.path, self.name)

    def close(self) -> None:
        """Let the plugin go."""
        if self.plugin is not None:
            self._hosted = {}
            self.plugin.close()
            self.plugin = None


_open_plugins: weakref.WeakSet[MinihostPlugin] = weakref.WeakSet()


def _close_at_exit(plugin: MinihostPlugin) -> None:
    """Close what is still open when Python ends; minihost would otherwise print a page of warnings."""
    if not _open_plugins:
        atexit.unregister(_close_all)
        atexit.register(_close_all)
    _open_plugins.add(plugin)


def _close_all() -> None:
    for plugin in list(_open_plugins):
        plugin.close()


def _read_text(plugin: Any, index: int, text: str) -> float:
    try:
        return float(plugin.param_from_text(index, text))
    except RuntimeError:
        return math.nan


def _plain(message: str) -> str:
    return message.removeprefix("Failed to open plugin: ").strip()
