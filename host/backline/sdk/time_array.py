"""Musical time as kernels read it: a few numbers in an array.

This module knows which number stands where. It does not know plugins, blocks or who drives them.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from .kernels import contract as c
from .transport import Transport


def write_time(time: np.ndarray, transport: Transport) -> None:
    """Fill a time array (see kernels.contract) from a transport."""
    time[c.RATE] = transport.rate
    time[c.DT] = 1.0 / transport.rate
    time[c.TEMPO] = transport.tempo
    time[c.PLAYING] = 1.0 if transport.playing else 0.0
    time[c.NOTE_SMOOTHING] = 1.0 - np.exp(-1.0 / (0.003 * transport.rate))
    if transport.playing:
        time[c.ANCHOR_BEAT], time[c.BEATS_PER_FRAME] = transport.anchor[0], transport.beats_per_frame
    else:
        time[c.ANCHOR_BEAT], time[c.BEATS_PER_FRAME] = transport.beat, 0.0
    write_position(time, transport)


def write_position(time: Any, transport: Transport) -> None:
    """Only what changes from block to block while tempo and position run on."""
    time[c.FRAME] = float(transport.frame)
    time[c.FRAMES_SINCE] = float(transport.frame - transport.anchor[1]) if transport.playing else 0.0
