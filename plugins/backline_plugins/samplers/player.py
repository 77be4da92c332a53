"""What every instrument that plays samples shares: the pool, the values of a voice, and voices that are free once their sample has ended.

This module knows the SDK's voices. It does not know zones, pads or envelopes.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from backline.sdk import Instrument, NoteValue, Port, Table, dsp
from backline.sdk.kernels.contract import OUTPUTS

from .pool import Pool, Sound


class SamplePlayer(Instrument):
    """An instrument whose `sample` function reads a pool. A subclass has a State `alive` (its life) and a parameter `stereo`."""

    left_place = NoteValue(0.0)
    right_place = NoteValue(0.0)
    home_hz = NoteValue(440.0)  # the pitch of the note itself, without bends
    home_period = NoteValue(0.0)
    coarse = NoteValue(0.0)  # frames of the sound in each sample, see `playback`
    fine = NoteValue(0.0)
    turn = NoteValue(0.0)
    loop_length = NoteValue(0.0)
    finish = NoteValue(0.0)
    left_gain = NoteValue(1.0)
    right_gain = NoteValue(1.0)
    pool = Table()
    weights = Table()

    def prepare(self) -> None:
        """No samples yet: silence."""
        self.set_table("pool", Pool().table())
        self.set_table("weights", dsp.tap_weights())

    def load(self, pool: Pool, sounds: Iterable[Sound]) -> None:
        """Take a pool; the second channel is left out when no sound has one of its own."""
        self.set_table("pool", pool.table())
        self.set_parameter("stereo", float(any(sound.right != sound.left for sound in sounds)))

    def _busy(self) -> np.ndarray:
        """A voice is free once its sample has ended, even while its key is held."""
        busy: np.ndarray = (self._lives != 0) & (self._fades > 0)
        return busy

    def set_outputs(self, ports: tuple[Port, ...]) -> None:
        """Give this instance other output ports than its class has. Only before sound runs: all voices end."""
        self.outputs = ports  # type: ignore[misc]  # an instance's own, beside its class's
        self._ports_out = [self._buffer(self.port_channels(port)) for port in ports]
        self._addresses_out = np.zeros(max(len(ports), 64), np.int64)
        self._context[OUTPUTS] = self._addresses_out.ctypes.data
        self._make_state()
        self._context_for_state()
        self._connect_addresses()
