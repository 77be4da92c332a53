"""Write the block kernel around an author's sample function.

This module knows the kernels of effects and modulators: frame by frame, in float64, once per channel or once for both. Kernels of whole
blocks are written in `block`, voice kernels in `voice`. It does not know how text is compiled or who calls it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from . import contract as c
from .binding import LIMIT, Binding, argument_text, memory_lines, output_names, parameter_lines, prologue
from .block import block_text
from .source import collect
from .stages import cut, function_costs
from .voice import shared_arguments, voice_text


def kernel_text(function: Callable[..., Any], binding: Binding) -> str:
    """Return the whole text of a kernel; compiling it defines `kernel(context, start, end)`. KernelError for what it cannot hold."""
    collected = collect(function, narrow=binding.shape == "voice")
    if binding.shape == "block":
        return block_text(collected, binding)
    if binding.shape != "voice":
        return collected.text() + "\n\n" + "\n".join(_effect(collected.top, binding)) + "\n"
    floats = {name for name, kind in collected.kinds.items() if kind == "f"}
    pieces = cut(
        collected.trees[collected.top],
        function_costs(collected.trees),
        floats,
        shared_arguments(binding),
        [item.name for item in binding.carried],
    )
    return voice_text(collected, binding, pieces)


def _effect(name: str, binding: Binding) -> list[str]:
    """A kernel for effects and modulators: shape `channel` runs once per channel, `stereo` and `control` once."""
    per_channel = binding.shape == "channel"
    lines = prologue(binding, "float")
    lines += [f"    inputs = i64_at(context[{c.INPUTS}], 2)", f"    outputs = i64_at(context[{c.OUTPUTS}], 2)"]
    lines.append(f"    for channel in range(context[{c.CHANNELS}] if {per_channel} else 1):")
    inside = "        "
    sources: dict[str, str] = {}
    lines += _input_lines(binding, sources, inside)
    targets = output_names(binding)
    for position, target in enumerate(targets):
        index = "channel" if per_channel else str(position)
        lines.append(f"{inside}{target}_out = f32_at(outputs[0] + 4 * stride * {index}, stride)")
    count = max(len(binding.carried), 1)
    lines.append(f"{inside}state = f64_at(context[{c.STATE}] + {8 * count} * channel, {count})")
    for position, carried in enumerate(binding.carried):
        lines.append(f"{inside}s_{carried.name} = state[{position}]")
        sources[carried.name] = f"s_{carried.name}"
    lines += memory_lines(binding, "channel", inside)
    lines += [f"{inside}bad = 0", f"{inside}for i in range(start, end):", *_frame(name, binding, sources, targets, inside + "    ")]
    lines += [f"{inside}state[{position}] = s_{carried.name}" for position, carried in enumerate(binding.carried)]
    return lines + _heal(binding, inside, count)


def _frame(name: str, binding: Binding, sources: dict[str, str], targets: list[str], deep: str) -> list[str]:
    lines = parameter_lines(binding, "float", deep)
    results = targets + [f"{'step_' if carried.width == 'phase' else 's_'}{carried.name}" for carried in binding.carried]
    given = ", ".join(sources.get(argument) or argument_text(binding, argument) for argument in binding.arguments)
    lines.append(f"{deep}{', '.join(results)} = {name}({given})")
    for carried in (item.name for item in binding.carried if item.width == "phase"):
        lines += [f"{deep}s_{carried} += step_{carried}", f"{deep}s_{carried} -= floor(s_{carried})"]
    for target in targets:
        lines += [f"{deep}fine = abs({target}) <= {LIMIT}", f"{deep}bad += 0 if fine else 1"]
        lines.append(f"{deep}{target}_out[i] = {target} if fine else 0.0")
    return lines


def _input_lines(binding: Binding, sources: dict[str, str], inside: str) -> list[str]:
    """Find the input channels; a mono source feeds both sides of a stereo function."""
    lines = []
    own = "channel" if binding.shape == "channel" else "0"
    ports = {"x": (0, own), "left": (0, "0"), "right": (0, "1")}
    ports |= {"sidechain": (1, own), "sidechain_left": (1, "0"), "sidechain_right": (1, "1")}
    for argument, (port, channel) in ports.items():
        if argument in binding.arguments:
            count = f"context[{c.SIDECHAIN if port else c.CHANNELS}]"
            lines.append(f"{inside}in_{argument} = f32_at(inputs[{port}] + 4 * stride * ({channel} if {count} > 1 else 0), stride)")
            sources[argument] = f"float(in_{argument}[i])"
    return lines


def _heal(binding: Binding, inside: str, count: int) -> list[str]:
    """After a non-finite sample: carried state and memories go back to what they are after reset, so that the node recovers."""
    lines = [f"{inside}for k in range({count}):", f"{inside}    bad += 0 if abs(state[k]) <= 1e300 else 1"]
    lines += [f"{inside}if bad > 0:", f"{inside}    context[{c.FAULTS}] += 1"]
    lines.append(f"{inside}    initial = f64_at(context[{c.INITIAL}], {count})")
    lines += [f"{inside}    for k in range({count}):", f"{inside}        state[k] = initial[k]"]
    for name in binding.memories:
        lines += [f"{inside}    for k in range(len(m_{name})):", f"{inside}        m_{name}[k] = 0.0"]
    return lines
