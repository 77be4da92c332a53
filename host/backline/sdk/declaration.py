"""What a plugin class declares: parameters, states, memories, tables, ports, and how its sample function uses them.

This module reads class bodies. It does not know buffers, blocks or machine code.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from .kernels.binding import Binding, BlockPort, Carried, Shape
from .kernels.source import KernelError, fingerprint, returned_count, returns_nothing
from .params import Memory, NoteValue, Param, Phase, State, Table

EVENT_VALUES = ("gate", "velocity", "key", "pressure", "bend", "notes")  # what a modulator may take from the events it gets


@dataclass(frozen=True)
class Port:
    """One audio port. `channels` 0 means: as many as the main input has."""

    name: str
    channels: int = 0


@dataclass(frozen=True)
class Declaration:
    """Everything found in a class body, in the order in which it stands there (base classes first)."""

    parameters: Mapping[str, Param]
    states: Mapping[str, State]
    note_values: Mapping[str, NoteValue]
    memories: Mapping[str, Memory]
    tables: Mapping[str, Table]


def declaration_of(cls: type) -> Declaration:
    """Collect what a class and its bases declare."""
    found: dict[str, Any] = {}
    for base in reversed(cls.__mro__):
        found.update(vars(base))

    def every(kind: type) -> dict[str, Any]:
        return {name: value for name, value in found.items() if isinstance(value, kind)}

    return Declaration(every(Param), every(State), every(NoteValue), every(Memory), every(Table))


def snake_case(name: str) -> str:
    """`TapeDelay` -> `tape_delay`: the id of a class that names none."""
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", name).lower()


def authored(cls: type, name: str) -> Callable[..., Any] | None:
    """The plain function an author wrote under this name in a class or its bases, or None."""
    for base in cls.__mro__:
        if name in vars(base):
            function = vars(base)[name]
            return function.__func__ if isinstance(function, staticmethod) else function
    return None


def arguments_of(function: Callable[..., Any]) -> tuple[str, ...]:
    """The argument names of a sample function. TypeError for `*args`, defaults and keywords, which a kernel cannot bind."""
    names = []
    for parameter in inspect.signature(function).parameters.values():
        if parameter.kind is not inspect.Parameter.POSITIONAL_OR_KEYWORD or parameter.default is not inspect.Parameter.empty:
            raise KernelError(f"{function.__qualname__}: argument {parameter.name!r} must be a plain name without a default")
        names.append(parameter.name)
    return tuple(names)


def kernel_fingerprint(function: Callable[..., Any]) -> str:
    """A hash of a function and of all that it calls."""
    return fingerprint([function])  # type: ignore[list-item]


def _carried(declaration: Declaration, names: tuple[str, ...]) -> tuple[Carried, ...]:
    found = []
    for name in names:
        state = declaration.states.get(name)
        parameter = declaration.parameters.get(name)
        if state is not None:
            width = "phase" if isinstance(state, Phase) else "precise" if state.precise else "narrow"
            found.append((list(declaration.states).index(name), Carried(name, width)))  # type: ignore[arg-type]
        elif parameter is not None and parameter.output:
            found.append((len(declaration.states) + list(declaration.parameters).index(name), Carried(name)))
    return tuple(carried for _, carried in sorted(found, key=lambda pair: pair[0]))


def rows_of(declaration: Declaration) -> dict[str, int]:
    """The row of each parameter that is smoothed per sample."""
    smoothed = [name for name, parameter in declaration.parameters.items() if parameter.smoothing > 0]
    return {name: row for row, name in enumerate(smoothed)}


def beats_of(declaration: Declaration) -> dict[str, int]:
    """Where the note length of each synced parameter stands among the values, after parameters and event values."""
    first = len(declaration.parameters) + len(EVENT_VALUES)
    return {name: first + place for place, name in enumerate(name for name, item in declaration.parameters.items() if item.synced)}


def block_ports(inputs: tuple[Port, ...], outputs: tuple[Port, ...]) -> tuple[BlockPort, ...]:
    """The ports as a block function names them: the port `in` is `x` (`in` is a word of Python), all others go by their names."""
    both = [(port, index, False) for index, port in enumerate(inputs)] + [(port, index, True) for index, port in enumerate(outputs)]
    return tuple(BlockPort("x" if port.name == "in" else port.name, index, port.channels, output) for port, index, output in both)


def shape_of(cls_kind: str, arguments: tuple[str, ...]) -> Shape:
    """Which loop a sample function needs."""
    if cls_kind == "instrument":
        return "voice"
    if cls_kind == "modulator":
        return "control"
    return "stereo" if "left" in arguments else "channel"


def binding_of(kind: str, function: Callable[..., Any], declaration: Declaration, ports: tuple[BlockPort, ...] = ()) -> Binding:
    """Bind a sample function's arguments by name, or those of a block function, which has `ports`.

    KernelError when a name means nothing or the results do not fit.
    """
    arguments = arguments_of(function)
    carried = _carried(declaration, arguments)
    if ports and not returns_nothing(function):
        raise KernelError(f"{function.__qualname__}: a block function fills its output arrays and returns nothing")
    outputs = 0 if ports else returned_count(function) - len(carried)
    if not ports and outputs not in (1, 2):
        missing = ", ".join(item.name for item in carried) or "none"
        raise KernelError(f"{function.__qualname__}: it must return one or two samples and then each carried value ({missing})")
    rows = rows_of(declaration)
    inputs = {name: parameter for name, parameter in declaration.parameters.items() if not parameter.output}
    indices = list(declaration.parameters)
    stepped = [(name, indices.index(name), inputs[name].kind != "float") for name in arguments if name in inputs and name not in rows]
    if kind == "modulator":
        stepped += [(name, len(indices) + place, False) for place, name in enumerate(EVENT_VALUES) if name in arguments]
    stepped += [(f"{name}_beats", index, False) for name, index in beats_of(declaration).items() if f"{name}_beats" in arguments]
    notes = [Carried(name, "precise" if value.precise else "narrow") for name, value in declaration.note_values.items()]
    life = next((name for name, state in declaration.states.items() if state.life and name in arguments), "")
    if kind == "instrument" and not life:
        raise KernelError(f"{function.__qualname__}: one State must be marked `life=True`, so that a voice can end")
    return Binding(
        shape="block" if ports else shape_of(kind, arguments),
        arguments=arguments,
        outputs=outputs,
        carried=carried,
        smoothed=tuple((name, rows[name]) for name in arguments if name in rows),
        stepped=tuple(stepped),
        note_values=tuple(notes),
        memories=tuple(declaration.memories),
        tables=tuple((name, index) for index, name in enumerate(declaration.tables)),
        life=life,
        ports=ports,
    )
