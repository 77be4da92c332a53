"""The one low-level signature that every kernel has, and the meaning of its slots.

    kernel(context: int64*, start: int64, end: int64)

A context is an array of int64: addresses and counts. A kernel computes frames [start, end) of buffers that hold `STRIDE` frames a channel.
Uniform, so that any sequence of nodes runs as one native call (`runtime.run`), with no Python between them.

This module knows the layout. It does not know how kernels are written, compiled or called.
"""

from __future__ import annotations

STRIDE = 0  # frames between the channels of every audio buffer, and between the rows of parameters
VALUES = 1  # address of float64[parameters]: the values parameters are heading for (for stepped parameters: have)
ROWS = 2  # address of float32[parameters, STRIDE]: smoothed and modulated values per frame
INPUTS = 3  # address of int64[ports]: base addresses of input ports, float32[channels, STRIDE] each
OUTPUTS = 4  # address of int64[ports]: base addresses of output ports
STATE = 5  # address of carried state: float64[channels, states] (effects), float32[groups, slots, LANES] (voices; phases as bits)
PRECISE = 6  # address of float64[groups, precise states, LANES] (voices)
INITIAL = 7  # address of float64[states]: what carried state is after reset
MEMORY = 8  # address of float32[channels or lanes, MEMORY_STRIDE]: delay lines and other memories
MEMORY_STRIDE = 9  # float32 values of memory for each channel or lane
TIME = 10  # address of float64[TIME_SLOTS], see below
CHANNELS = 11  # channels of the main input (effects), groups of lanes (voices)
SIDECHAIN = 12  # channels of the sidechain port
TABLES = 13  # address of int64[tables, 2]: address and length of each shared table
GROUP_PORT = 14  # address of int64[groups]: which output port a group of lanes plays to (voices)
FAULTS = 15  # how often a non-finite value was caught and the state cleared; written by the kernel
WIDTH = 17  # channels of every port that has no number of its own
FIRST_FREE = 18  # slots from here on belong to the kernel itself

SLOTS = 24

# TIME: written by whoever drives the node, once a block
RATE, DT, ANCHOR_BEAT, FRAMES_SINCE, BEATS_PER_FRAME, PLAYING, TEMPO, NOTE_SMOOTHING, FRAME = range(9)
TIME_SLOTS = 16

LANES = 32
