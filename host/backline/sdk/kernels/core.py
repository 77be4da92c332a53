"""Kernels that belong to the host itself: parameter rows, mixing, delaying, guarding, cross-fading.

This module knows the texts of these kernels; they follow the uniform signature of `contract` and are kept in the cache like all others.
It does not know graphs or plugins.
"""

from __future__ import annotations

import hashlib
from functools import cache

from .cache import kernel_address

# Parameter records: float64[parameters, RECORD]
RECORD = 8
TARGET, DELTA, REMAINING, LENGTH, LOW, HIGH = range(6)
# Modulation records: int64[modulations, 4] = parameter, kind, address of the source, address of float64 depth
ADD, OCTAVES = 0, 1

ROWS_TEXT = """
def kernel(context, start, end):
    # 0 stride, 1 records, 2 rows, 3 count, 4 modulations, 5 modulation count, 6 values
    stride = context[0]
    count = context[3]
    records = f64_at(context[1], 8 * count)
    values = f64_at(context[6], count)
    for p in range(count):
        row = f32_at(context[2] + 4 * p * stride, stride)
        target = records[8 * p]
        delta = records[8 * p + 1]
        remaining = records[8 * p + 2]
        length = records[8 * p + 3]
        values[p] = target
        i = start
        while i < end and remaining > 0.0:
            remaining -= 1.0
            row[i] = target - delta * (remaining / length)
            i += 1
        records[8 * p + 2] = remaining
        settled = f4(target)
        for k in range(i, end):
            row[k] = settled
    modulations = i64_at(context[4], 4 * context[5])
    for m in range(context[5]):
        p = modulations[4 * m]
        row = f32_at(context[2] + 4 * p * stride, stride)
        source = f32_at(modulations[4 * m + 2], stride)
        depth = f64_at(modulations[4 * m + 3], 1)[0]
        low = records[8 * p + 4]
        high = records[8 * p + 5]
        if modulations[4 * m + 1] == 0:
            for k in range(start, end):
                row[k] = min(max(row[k] + depth * source[k], low), high)
        else:
            for k in range(start, end):
                row[k] = min(max(row[k] * 2.0 ** (depth * source[k]), low), high)
        values[p] = row[end - 1]
"""

MIX_TEXT = """
def kernel(context, start, end):
    # 0 stride, 1 destination, 2 channels, 3 sources, 4 source count; a source is (address, channels, address of gain, delay ring, delay)
    stride = context[0]
    channels = context[2]
    sources = i64_at(context[3], 4 * context[4])
    for c in range(channels):
        out = f32_at(context[1] + 4 * c * stride, stride)
        for k in range(context[4]):
            own = sources[4 * k + 1]
            source = f32_at(sources[4 * k] + 4 * stride * (c if own > 1 else 0), stride)
            gain = f4(f64_at(sources[4 * k + 2], 1)[0])
            if k == 0:
                for i in range(start, end):
                    out[i] = source[i] * gain
            else:
                for i in range(start, end):
                    out[i] += source[i] * gain
        if context[4] == 0:
            for i in range(start, end):
                out[i] = f4(0)
"""

FOLD_TEXT = """
def kernel(context, start, end):
    # 0 stride, 1 destination (mono), 2 source, 3 channels of the source
    stride = context[0]
    out = f32_at(context[1], stride)
    count = context[3]
    scale = f4(1) / f4(count)
    for i in range(start, end):
        out[i] = f4(0)
    for c in range(count):
        source = f32_at(context[2] + 4 * c * stride, stride)
        for i in range(start, end):
            out[i] += source[i] * scale
"""

DELAY_TEXT = """
def kernel(context, start, end):
    # 0 stride, 1 source, 2 destination, 3 channels, 4 ring float32[channels, frames], 5 frames, 6 position
    stride = context[0]
    frames = context[5]
    position = context[6]
    for c in range(context[3]):
        source = f32_at(context[1] + 4 * c * stride, stride)
        out = f32_at(context[2] + 4 * c * stride, stride)
        ring = f32_at(context[4] + 4 * c * frames, frames)
        at = position
        for i in range(start, end):
            x = source[i]
            out[i] = ring[at]
            ring[at] = x
            at += 1
            if at >= frames:
                at = 0
    context[6] = (position + (end - start)) % frames
"""

GUARD_TEXT = """
def kernel(context, start, end):
    # 0 stride, 1 buffer, 2 channels, 3 faults found
    stride = context[0]
    one = f4(min(context[2], 1))  # not a literal: the product must stay, it is what flushes denormals to zero
    for c in range(context[2]):
        out = f32_at(context[1] + 4 * c * stride, stride)
        strange = f4(0)
        for i in range(start, end):
            x = out[i] * one
            out[i] = x
            # A comparison, which NaN fails: sums such as `x - x` are taken for 0 when they are reordered.
            strange += f4(0) if abs(x) <= f4(1e8) else one
        if strange == f4(0):
            continue
        bad = 0
        for i in range(start, end):
            fine = abs(out[i]) <= f4(1e8)
            bad += 0 if fine else 1
            out[i] = out[i] if fine else f4(0)
        context[3] += bad
"""

BLEND_TEXT = """
def kernel(context, start, end):
    # 0 stride, 1 wet (and result), 2 dry, 3 channels, 4 dry channels, 5 record of the amount: target, delta, remaining, length
    stride = context[0]
    record = f64_at(context[5], 8)
    target = record[0]
    if record[2] <= 0.0 and target == 1.0:
        return
    remaining = record[2]
    for c in range(context[3]):
        wet = f32_at(context[1] + 4 * c * stride, stride)
        dry = f32_at(context[2] + 4 * stride * (c if context[4] > 1 else 0), stride)
        remaining = record[2]
        for i in range(start, end):
            amount = target
            if remaining > 0.0:
                remaining -= 1.0
                amount = target - record[1] * (remaining / record[3])
            wet[i] = f4(dry[i] + (wet[i] - dry[i]) * amount)
    record[2] = remaining
"""

FEEDBACK_READ_TEXT = """
def kernel(context, start, end):
    # 0 stride, 1 destination, 2 channels, 3 ring float32[channels, frames], 4 frames, 5 address of the position
    position = i64_at(context[5], 1)[0]
    stride = context[0]
    frames = context[4]
    for c in range(context[2]):
        out = f32_at(context[1] + 4 * c * stride, stride)
        ring = f32_at(context[3] + 4 * c * frames, frames)
        for i in range(start, end):
            out[i] = ring[(position + i - start) % frames]
"""

FEEDBACK_WRITE_TEXT = """
def kernel(context, start, end):
    # as for reading, with the source in place of the destination; moves the position on
    at = i64_at(context[5], 1)
    position = at[0]
    stride = context[0]
    frames = context[4]
    for c in range(context[2]):
        source = f32_at(context[1] + 4 * c * stride, stride)
        ring = f32_at(context[3] + 4 * c * frames, frames)
        for i in range(start, end):
            ring[(position + i - start) % frames] = source[i]
    at[0] = (position + end - start) % frames
"""

TEXTS = {
    "rows": ROWS_TEXT,
    "mix": MIX_TEXT,
    "fold": FOLD_TEXT,
    "delay": DELAY_TEXT,
    "guard": GUARD_TEXT,
    "blend": BLEND_TEXT,
    "feedback_read": FEEDBACK_READ_TEXT,
    "feedback_write": FEEDBACK_WRITE_TEXT,
}


@cache
def core_kernel(name: str) -> int:
    """The address of one of the host's kernels: rows, mix, fold, delay, guard or blend."""
    text = TEXTS[name]
    return kernel_address(f"core {name} {hashlib.sha256(text.encode()).hexdigest()}", None, lambda: text)
