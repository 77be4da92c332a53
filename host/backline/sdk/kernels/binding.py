"""What the arguments of a sample function mean, and the lines every kernel starts with.

This module knows the names an author may use and where their values stand in memory. It does not know loops or widths.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from . import contract as c
from .source import KernelError

Shape = Literal["channel", "stereo", "voice", "control", "block"]
Width = Literal["narrow", "precise", "phase"]

LIMIT = "1e8"  # +160 dB: what is louder is a fault

TIME_ARGUMENTS = {
    "sample_rate": f"T[{c.RATE}]",
    "dt": f"T[{c.DT}]",
    "tempo": f"T[{c.TEMPO}]",
    "playing": f"T[{c.PLAYING}]",
}
BEAT = f"T[{c.ANCHOR_BEAT}] + (T[{c.FRAMES_SINCE}] + i) * T[{c.BEATS_PER_FRAME}]"


@dataclass(frozen=True)
class Carried:
    """One carried value: its name and how it is kept in a voice kernel: float32, float64, or a phase in 32-bit turns."""

    name: str
    width: Width = "narrow"


@dataclass(frozen=True)
class BlockPort:
    """A port that a block function sees as an array: its argument, its place among inputs or outputs, its channels (0: the node's)."""

    argument: str
    index: int
    channels: int
    output: bool


@dataclass(frozen=True)
class Binding:
    """What a sample (or block) function's arguments mean, taken from the class body: all that a kernel depends on besides the function."""

    shape: Shape
    arguments: tuple[str, ...]
    outputs: int  # audio values returned
    carried: tuple[Carried, ...]  # states and meters, in the order they are returned
    smoothed: tuple[tuple[str, int], ...]  # parameter id, row
    stepped: tuple[tuple[str, int, bool], ...]  # parameter id, index, whole number or switch
    note_values: tuple[Carried, ...] = ()
    memories: tuple[str, ...] = ()
    tables: tuple[tuple[str, int], ...] = ()
    life: str = ""
    ports: tuple[BlockPort, ...] = ()  # shape `block` only


def unknown_argument(argument: str) -> KernelError:
    """The error for an argument name that means nothing."""
    return KernelError(f"kernel function: argument {argument!r} is neither a parameter, a state, a port nor a time value")


def argument_text(binding: Binding, argument: str) -> str:
    """The name under which a sample kernel holds an argument that is neither an input nor carried. KernelError when it means nothing."""
    if argument in {name for name, _ in binding.smoothed}:
        return f"r_{argument}"
    if argument in {name for name, _, _ in binding.stepped}:
        return f"p_{argument}"
    if argument in TIME_ARGUMENTS:
        return f"t_{argument}"
    if argument == "beat":
        return "beat"
    if argument in binding.memories:
        return f"m_{argument}"
    if argument in {name for name, _ in binding.tables}:
        return f"table_{argument}"
    raise unknown_argument(argument)


def output_names(binding: Binding) -> list[str]:
    """Local names of the audio values a sample function returns."""
    return ["y"] if binding.outputs == 1 else [f"y{index}" for index in range(binding.outputs)]


def prologue(binding: Binding, real: str) -> list[str]:
    """The head of a kernel: everything that stays the same from `start` to `end`."""
    lines = ["def kernel(context, start, end):", f"    stride = context[{c.STRIDE}]", f"    T = f64_at(context[{c.TIME}], {c.TIME_SLOTS})"]
    lines += [f"    t_{name} = {real}({text})" for name, text in TIME_ARGUMENTS.items() if name in binding.arguments]
    if binding.stepped:
        lines.append(f"    values = f64_at(context[{c.VALUES}], {1 + max(index for _, index, _ in binding.stepped)})")
    for name, index, whole in binding.stepped:
        lines.append(f"    p_{name} = " + (f"int(values[{index}])" if whole else f"{real}(values[{index}])"))
    for name, row in binding.smoothed:
        lines.append(f"    row_{name} = f32_at(context[{c.ROWS}] + {4 * row} * stride, stride)")
    if binding.tables:
        lines.append(f"    tables = i64_at(context[{c.TABLES}], {2 * len(binding.tables)})")
    for name, index in binding.tables:
        lines.append(f"    table_{name} = f32_at(tables[{2 * index}], tables[{2 * index + 1}])")
    return lines


def memory_lines(binding: Binding, owner: str, indent: str) -> list[str]:
    """Find the memories (delay lines, filter memories) of one channel or lane."""
    if not binding.memories:
        return []
    lines = [f"{indent}memory = context[{c.MEMORY}] + 4 * {owner} * context[{c.MEMORY_STRIDE}]"]
    for position, name in enumerate(binding.memories):
        slot = c.FIRST_FREE + position
        lines.append(f"{indent}m_{name} = f32_at(memory, context[{slot}])")
        lines.append(f"{indent}memory += 4 * context[{slot}]")
    return lines


def parameter_lines(binding: Binding, real: str, indent: str) -> list[str]:
    """Read the smoothed parameters, and the beat, at frame i."""
    lines = [f"{indent}r_{name} = {real}(row_{name}[i])" for name, _ in binding.smoothed]
    if "beat" in binding.arguments:
        lines.append(f"{indent}beat = {BEAT}")
    return lines
