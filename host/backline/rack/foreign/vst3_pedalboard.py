"""VST3 and AU plugins inside pedalboard.

This module knows how to open them fast (without the reading of 1,001 texts of every parameter), how to reach exact values and
states past pedalboard's attribute magic, and how to feed instruments. Bundles and files are elsewhere.
"""

from __future__ import annotations

import threading
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from backline.rack.foreign import bundles, statefile
from backline.rack.foreign.base import LARGEST_CALL, ForeignParameter, ForeignPlugin
from backline.rack.foreign.errors import ForeignLoadError, ForeignParameterError, ForeignStateError
from backline.rack.foreign.hosted import HostAccess, HostedParameter, describe, mend_first
from backline.rack.foreign.names import is_midi_controller
from backline.rack.foreign.pedal import PedalboardEffect

_CHANNELS = (2, 1, 4, 6, 8, 3, 5, 7, 12, 16)
_patching = threading.Lock()


@contextmanager
def _without_probe() -> Iterator[None]:
    """Keep pedalboard from asking each parameter for 1,001 texts (and some for 1,001 values) while it opens a plugin."""
    from pedalboard import _pedalboard

    mixin: Any = _pedalboard._PythonExternalPluginMixin
    with _patching:
        original = mixin.__set_initial_parameter_values__
        mixin.__set_initial_parameter_values__ = lambda _plugin, _values: None
        try:
            yield
        finally:
            mixin.__set_initial_parameter_values__ = original


def open_pedal(bundle: Path, plugin_name: str | None, timeout: float) -> Any:
    """Open a plugin in pedalboard. `timeout` bounds its wait for an instrument that stays silent on a test note.

    Raises:
        ForeignLoadError: with the real cause as far as it can be found.
    """
    import pedalboard

    kind = getattr(pedalboard, "AudioUnitPlugin", None) if bundle.suffix.lower() == ".component" else pedalboard.VST3Plugin
    if kind is None:
        raise ForeignLoadError(f"{bundle}: this pedalboard cannot open Audio Units")
    try:
        names = list(kind.get_plugin_names_for_file(str(bundle)))
    except (ImportError, RuntimeError, ValueError) as error:
        raise bundles.why_not(bundle, str(error)) from error
    bundles.check_name(bundle, names, plugin_name)
    try:
        with _without_probe():
            return kind(str(bundle), plugin_name=plugin_name, initialization_timeout=timeout)
    except ImportError as error:
        raise bundles.why_not(bundle, str(error)) from error
    except (RuntimeError, ValueError) as error:
        raise _explained(bundle, str(error)) from error


def _explained(bundle: Path, message: str) -> ForeignLoadError:
    if "Main bus currently expects" in message:
        return ForeignLoadError(
            f"{bundle}: its inputs and outputs differ in number, which pedalboard cannot host; "
            "minihost can: install backline[minihost] or write host: minihost"
        )
    if "main thread" in message:
        return ForeignLoadError(f"{bundle}: pedalboard opens plugins only on the thread that opened the first one")
    return ForeignLoadError(f"{bundle}: {message.strip().splitlines()[0] if message.strip() else 'it failed while opening'}")


class PedalboardHosted(ForeignPlugin):
    """What effects and instruments inside pedalboard share: parameters, state, presets."""

    pedal: Any
    schedule: Any
    rate: float

    def _adopt(self, pedal: Any, bundle: Path) -> None:
        self.pedal = pedal
        self.path = bundle
        self.name, self.version, self.vendor = str(pedal.name), str(pedal.version), str(pedal.manufacturer_name)
        self.tail_seconds = None
        self._native = list(pedal._parameters)
        self._hosted = describe([self._access(place) for place, native in enumerate(self._native) if not is_midi_controller(native.name)])
        mend_first(self._hosted)
        self.parameters = {key: hosted.parameter for key, hosted in self._hosted.items()}
        self._unheard = False

    def _access(self, index: int) -> HostAccess:
        def native() -> Any:
            return self._native[index]

        def set_raw(raw: float) -> None:
            self._native[index].raw_value = raw

        first = native()
        return HostAccess(
            index,
            first.name,
            first.label,
            first.num_steps,
            first.default_raw_value,
            first.is_automatable,
            lambda raw: str(native().get_text_for_raw_value(raw)),
            lambda text: float(native().get_raw_value_for_text(text)),
            lambda: float(native().raw_value),
            set_raw,
        )

    def _refetch(self) -> None:
        """Take the parameter objects anew: after a reload the old ones no longer reach the plugin."""
        self._native = list(self.pedal._parameters)

    @property
    def latency(self) -> int:
        """Frames by which the output is late, as the plugin reports them now."""
        return int(self.pedal.reported_latency_samples)

    def value(self, key: str) -> float:
        """Return the present value of a parameter, exactly as set."""
        return self._hosted[self.parameter(key).id].value()

    def text(self, key: str) -> str:
        """Return the present value as the plugin shows it."""
        return self._hosted[self.parameter(key).id].text()

    def _ask_plugin(self, parameter: ForeignParameter, text: str) -> float | None:
        return self._hosted[parameter.id].spoken(text)

    def _apply(self, parameter: ForeignParameter, value: float) -> None:
        self._settable(parameter)
        self._hosted[parameter.id].set(value)
        self._unheard = True

    def _settable(self, parameter: ForeignParameter) -> HostedParameter:
        if parameter.hidden and parameter.unit == "frames":
            raise ForeignParameterError(f"{self.name}: {parameter.name} belongs to the host, it cannot be set")
        return self._hosted[parameter.id]

    def setter(self, parameter: ForeignParameter, value: float) -> Callable[[], None]:
        """Return the action that sets a parameter while sound runs."""
        raw, index = self._settable(parameter).fast_raw(value), parameter.index

        def apply() -> None:
            self._native[index].raw_value = raw
            self._unheard = True

        return apply

    def _hear(self) -> None:
        """Let the plugin run once after a change: many write a parameter into their state only when they process."""
        if self._unheard:
            self._run_briefly()
            self._unheard = False

    @abstractmethod
    def _run_briefly(self) -> None:
        """Run for a moment on silence, without keeping what comes out."""

    def state(self) -> bytes:
        """Return the plugin's state. After a parameter was set, the plugin first runs on a few frames of silence."""
        self._hear()
        return bytes(self.pedal.raw_state)

    def set_state(self, data: bytes) -> None:
        """Bring back a state, and make sure that the plugin took it."""
        self._checked_state(data)
        before = self.state()
        # Plain attribute setting would make pedalboard read every text of every parameter first.
        type(self.pedal).raw_state.fset(self.pedal, data)
        self._unheard = True
        self._taken(before, self.state(), data)
        if self.kind == "instrument" and self.path is not None and self.path.suffix.lower() == ".vst3":
            self._mend(statefile.split_host_state(self.name, data)[0])

    def _checked_state(self, data: bytes) -> None:
        if self.path is None or self.path.suffix.lower() != ".component":
            statefile.check_host_state(self.name, data)

    def _taken(self, before: bytes, after: bytes, wanted: bytes) -> None:
        if after == before and after != wanted:
            raise ForeignStateError(f"{self.name} did not take the state: is it of another plugin or version?")

    def load_vstpreset(self, path: str | Path) -> None:
        """Read a `.vstpreset` file of this plugin."""
        wanted, data = statefile.read_preset(self.name, path)
        statefile.check_class(self.name, path, wanted, self.pedal.preset_data[8:40].decode("latin-1"))
        try:
            type(self.pedal).preset_data.fset(self.pedal, data)
        except RuntimeError as error:
            raise ForeignStateError(f"{self.name}: {path}: {error}") from error
        self._unheard = True
        self._hear()
        self._mend(statefile.component_of(data))

    def _mend(self, component: bytes) -> None:
        if self.kind == "instrument":
            mend_first(self._hosted, component)
            self._unheard = True
            self._hear()

    def save_vstpreset(self, path: str | Path) -> None:
        """Write the present state as a `.vstpreset` file."""
        self._hear()
        statefile.write_preset(path, bytes(self.pedal.preset_data))

    def close(self) -> None:
        """Let the plugin go."""
        self._native = []
        self.pedal = None


class PedalboardVst3Effect(PedalboardHosted, PedalboardEffect):
    """A VST3 or AU effect inside pedalboard. It has as many outputs as inputs."""

    def __init__(self, pedal: Any, bundle: Path, channels: int | None) -> None:
        PedalboardEffect.__init__(self)
        self._adopt(pedal, bundle)
        self.inputs = self.outputs = self._count(channels)

    def _count(self, channels: int | None) -> int:
        tried = (channels,) if channels is not None else _CHANNELS
        message = ""
        for count in tried:
            try:
                self.pedal.process(np.zeros((count, LARGEST_CALL), np.float32), 48000.0, LARGEST_CALL, False)
                return count
            except (ValueError, RuntimeError) as error:
                message = str(error)
        if channels is not None:
            raise ForeignLoadError(f"{self.path}: it does not take {channels} channels: {message}")
        raise ForeignLoadError(f"{self.path}: it takes none of {', '.join(map(str, _CHANNELS))} channels: {message}")

    def reset(self) -> None:
        """Forget all sound. Plugins that cannot are opened anew, which only the thread that opened them may do."""
        self.schedule.clear()
        kept = [native.raw_value for native in self._native]
        try:
            self.pedal.reset()
        except RuntimeError as error:
            raise _explained(Path(str(self.path)), str(error)) from error
        self._refetch()
        for native, raw in zip(self._native, kept, strict=True):
            if native.raw_value != raw:
                native.raw_value = raw
        # pedalboard forgets the prepared size as well; always the same silence makes every start the same.
        self.prime()

    @property
    def fusable(self) -> bool:
        """Whether it may share a pedalboard call: not if its latency outlasts the priming, which leaves blocks short."""
        return self.latency < LARGEST_CALL

    def _run_briefly(self) -> None:
        self.pedal.process(self._silence(64), self.rate or 48000.0, LARGEST_CALL, False)

    def recover(self) -> None:
        """After NaN or Inf: start afresh where that needs no new instance; otherwise go on."""
        self.faults += 1
        if "ClearsAudio" in str(self.pedal._reload_type):
            self.reset()
