"""Write the kernel around an author's block function: whole stretches of frames as arrays.

This module knows how ports, parameters, states and memories become array views of the frames [start, end). It does not know sample
functions, plugins or how text is compiled.
"""

from __future__ import annotations

from . import contract as c
from .binding import LIMIT, TIME_ARGUMENTS, Binding, BlockPort, prologue, unknown_argument
from .source import Collected


def block_text(collected: Collected, binding: Binding) -> str:
    """The whole text of a block kernel: the author's function, called once with a view of everything it names."""
    inside = "    "
    lines = prologue(binding, "float")
    lines.append(f"{inside}frames = end - start")
    lines += _port_lines(binding, inside)
    lines += [f"{inside}f_{name} = row_{name}[start:end]" for name, _ in binding.smoothed]
    count = max(len(binding.carried), 1)
    lines.append(f"{inside}state = f64_rows(context[{c.STATE}], context[{c.CHANNELS}], {count})")
    lines += [f"{inside}s_{carried.name} = state[:, {place}]" for place, carried in enumerate(binding.carried)]
    lines += _memory_lines(binding, inside)
    given = ", ".join(_source(binding, argument) for argument in binding.arguments)
    lines.append(f"{inside}{collected.top}({given})")
    lines += _guard_lines(binding, inside)
    return collected.text() + "\n\n" + "\n".join(lines + _heal_lines(binding, inside, count)) + "\n"


def _port_lines(binding: Binding, inside: str) -> list[str]:
    inputs = sum(not port.output for port in binding.ports)
    lines = [f"{inside}inputs = i64_at(context[{c.INPUTS}], {max(inputs, 1)})"]
    lines.append(f"{inside}outputs = i64_at(context[{c.OUTPUTS}], {max(len(binding.ports) - inputs, 1)})")
    for port in _used_ports(binding):
        base = f"{'outputs' if port.output else 'inputs'}[{port.index}]"
        lines.append(f"{inside}a_{port.argument} = f32_rows({base}, {port.channels or f'context[{c.WIDTH}]'}, stride)[:, start:end]")
    return lines


def _used_ports(binding: Binding) -> list[BlockPort]:
    """The ports a function names, and all outputs: those are checked in any case."""
    return [port for port in binding.ports if port.output or port.argument in binding.arguments]


def _memory_lines(binding: Binding, inside: str) -> list[str]:
    if not binding.memories:
        return []
    lines = [f"{inside}memory = f32_rows(context[{c.MEMORY}], context[{c.CHANNELS}], context[{c.MEMORY_STRIDE}])", f"{inside}at = 0"]
    for place, name in enumerate(binding.memories):
        slot = c.FIRST_FREE + place
        lines += [f"{inside}m_{name} = memory[:, at : at + context[{slot}]]", f"{inside}at += context[{slot}]"]
    return lines


def _source(binding: Binding, argument: str) -> str:
    """Where an argument of the block function comes from."""
    groups = {
        "a_": {port.argument for port in binding.ports},
        "s_": {carried.name for carried in binding.carried},
        "f_": {name for name, _ in binding.smoothed},
        "p_": {name for name, _, _ in binding.stepped},
        "t_": set(TIME_ARGUMENTS),
        "m_": set(binding.memories),
        "table_": {name for name, _ in binding.tables},
        "": {"frames"},
    }
    for prefix, names in groups.items():
        if argument in names:
            return prefix + argument
    raise unknown_argument(argument)


def _guard_lines(binding: Binding, inside: str) -> list[str]:
    """Nothing that is not a number leaves the node, and what came in as such does not stay in its states."""
    lines = [f"{inside}bad = 0"]
    for port in _used_ports(binding):
        name = f"a_{port.argument}"
        lines += [f"{inside}for k in range(len({name})):", f"{inside}    for i in range(frames):"]
        lines += [f"{inside}        fine = abs({name}[k, i]) <= f4({LIMIT})", f"{inside}        bad += 0 if fine else 1"]
        if port.output:
            lines.append(f"{inside}        {name}[k, i] = {name}[k, i] if fine else f4(0)")
    return lines


def _heal_lines(binding: Binding, inside: str, count: int) -> list[str]:
    """After a fault, states and memories go back to what they are after reset."""
    lines = [f"{inside}for lane in range(context[{c.CHANNELS}]):", f"{inside}    for k in range({count}):"]
    lines += [f"{inside}        bad += 0 if abs(state[lane, k]) <= 1e300 else 1"]
    lines += [f"{inside}if bad > 0:", f"{inside}    context[{c.FAULTS}] += 1"]
    lines += [f"{inside}    initial = f64_at(context[{c.INITIAL}], {count})", f"{inside}    for lane in range(context[{c.CHANNELS}]):"]
    lines += [f"{inside}        for k in range({count}):", f"{inside}            state[lane, k] = initial[k]"]
    for name in binding.memories:
        lines += [f"{inside}        for k in range(m_{name}.shape[1]):", f"{inside}            m_{name}[lane, k] = f4(0)"]
    return lines
