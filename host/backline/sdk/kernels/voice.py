"""Write the block kernel of an instrument: many voices side by side, 16 lanes innermost, in float32.

This module knows how a voice's values stand in lanes and how the lane loops are written. It does not know notes, stealing or plugins.

All lanes of a group stand in one array for each width, so that the compiler sees that they do not overlap. The sample function is cut
into stages (see `stages`); values that travel from one stage to the next use scratch lanes.
"""

from __future__ import annotations

import ast

from . import contract as c
from .binding import LIMIT, TIME_ARGUMENTS, Binding, memory_lines, output_names, parameter_lines, prologue, unknown_argument
from .source import Collected, KernelError, function_text
from .stages import Cut, Stage

NOTE_LANES = ("gate", "velocity", "release_velocity", "key", "fade", "fade_step")
GLIDING = ("pitch_hz", "pressure", "timbre")
TRAVELLERS = 24


def voice_lanes(binding: Binding) -> tuple[list[str], list[str], list[str]]:
    """The names of the float32, float64 and phase lanes of a voice kernel, each in the order in which they stand in memory."""
    values = (*binding.carried, *binding.note_values)
    narrow = [value.name for value in values if value.width == "narrow"] + list(NOTE_LANES)
    for name in GLIDING:
        narrow += [name, f"{name}_target"]
    narrow += [f"scratch_{index}" for index in range(TRAVELLERS)]
    wide = [value.name for value in values if value.width == "precise"]
    phases = [value.name for value in values if value.width == "phase"]
    return narrow, wide, phases


def voice_text(collected: Collected, binding: Binding, pieces: Cut | None) -> str:
    """The whole text of a voice kernel, in stages where `pieces` has some."""
    writer = _VoiceWriter(collected, binding, pieces)
    kernel = writer.kernel()
    functions = [function_text(tree) for name, tree in collected.trees.items() if name != collected.top or writer.pieces is None]
    functions += writer.stage_functions
    return "\n\n".join(functions) + "\n\n" + "\n".join(kernel) + "\n"


class _VoiceWriter:
    def __init__(self, collected: Collected, binding: Binding, pieces: Cut | None) -> None:
        self.binding = binding
        self.top = collected.top
        self.tree = collected.trees[collected.top]
        self.targets = output_names(binding)
        self.lanes = dict(zip("SDP", voice_lanes(binding), strict=True))
        self.gliding = [item for item in GLIDING if item in binding.arguments]
        self.travel: dict[str, str] = {}
        self.stage_functions: list[str] = []
        self.pieces = pieces if pieces is not None and self._fits(pieces) else None

    def _fits(self, pieces: Cut) -> bool:
        names = {name for stage in pieces.stages for name in stage.gives}
        return len(names) <= TRAVELLERS and not self.binding.memories

    def lane(self, name: str) -> str:
        """The text of one lane's value."""
        for array, names in self.lanes.items():
            if name in names:
                return f"{array}[{16 * names.index(name)} + v]"
        raise KernelError(f"a voice has no value {name!r}")

    def kernel(self) -> list[str]:
        narrow, wide, phases = self.lanes.values()
        lines = [*prologue(self.binding, "f4"), f"    glide = f4(T[{c.NOTE_SMOOTHING}])"]
        lines += [f"    groups = context[{c.CHANNELS}]", f"    outputs = i64_at(context[{c.OUTPUTS}], 64)"]
        lines += [f"    ports = i64_at(context[{c.GROUP_PORT}], groups)", *self._clear_outputs(), "    for g in range(groups):"]
        inside = "        "
        lines.append(f"{inside}S = f32_at(context[{c.STATE}] + {64 * len(narrow)} * g, {16 * len(narrow)})")
        lines.append(f"{inside}D = f64_at(context[{c.PRECISE}] + {128 * len(wide)} * g, {16 * max(len(wide), 1)})")
        lines.append(f"{inside}P = u32_at(context[{c.PHASES}] + {64 * len(phases)} * g, {16 * max(len(phases), 1)})")
        lines += [f"{inside}live = 0", f"{inside}for v in range(16):"]
        gate, life, fade = (self.lane(item) for item in ("gate", self.binding.life, "fade"))
        lines += [f"{inside}    live += 1 if ({gate} > 0 or {life} != 0) and {fade} > 0 else 0"]
        lines += [f"{inside}if live == 0:", f"{inside}    continue"]
        for position, target in enumerate(self.targets):
            lines.append(f"{inside}{target}_out = f32_at(outputs[ports[g]] + 4 * stride * {position}, stride)")
        lines += [f"{inside}bad = 0", f"{inside}for i in range(start, end):"]
        deep = inside + "    "
        lines += parameter_lines(self.binding, "f4", deep) + [f"{deep}{target}_sum = f4(0)" for target in self.targets]
        lines += self._loops(deep)
        for target in self.targets:
            lines.append(f"{deep}fine = abs({target}_sum) <= f4({LIMIT})")
            lines += [f"{deep}bad += 0 if fine else 1", f"{deep}{target}_out[i] += {target}_sum if fine else f4(0)"]
        return lines + self._heal(inside)

    def _clear_outputs(self) -> list[str]:
        """Start every output port at zero: groups add to them."""
        lines = ["    for port in range(ports[groups - 1] + 1):"]
        for position in range(len(self.targets)):
            lines.append(f"        quiet = f32_at(outputs[port] + {4 * position} * stride, stride)")
            lines += ["        for i in range(start, end):", "            quiet[i] = f4(0)"]
        return lines

    def _loops(self, deep: str) -> list[str]:
        if self.pieces is None:
            return self._whole_loop(deep)
        lines = []
        for index, stage in enumerate(self.pieces.stages):
            lines += [f"{deep}for v in range(16):", *self._stage_loop(index, stage, deep + "    ")]
        return lines

    def _whole_loop(self, deep: str) -> list[str]:
        deeper = deep + "    "
        lines = [f"{deep}for v in range(16):", *self._glides(deeper)]
        if self.binding.memories:
            lines += memory_lines(self.binding, "(g * 16 + v)", deeper)
        results = self.targets + [f"n_{carried.name}" for carried in self.binding.carried]
        given = ", ".join(self._source(argument) for argument in self.binding.arguments)
        lines.append(f"{deeper}{', '.join(results)} = {self.top}({given})")
        for carried in self.binding.carried:
            lines.append(deeper + self._store(carried.name, f"n_{carried.name}"))
        return lines + self._sums(deeper, self.targets)

    def _glides(self, deep: str) -> list[str]:
        lines = []
        for item in self.gliding:
            at, target = self.lane(item), self.lane(f"{item}_target")
            lines.append(f"{deep}{at} = {at} + ({target} - {at}) * glide")
        return lines

    def _stage_loop(self, index: int, stage: Stage, deep: str) -> list[str]:
        pieces = self.pieces
        assert pieces is not None  # noqa: S101
        lines = self._glides(deep) if index == 0 else []
        name = f"{self.top}_stage_{index}"
        self._stage_function(name, stage)
        given = ", ".join(self._reading(read, index) for read in stage.reads)
        lines.append(f"{deep}{', '.join('n_' + give for give in stage.gives)} = {name}({given})")
        last = index == len(pieces.stages) - 1
        for give in stage.gives:
            if give in pieces.results:
                lines += self._result(give, index, deep)
            elif not last:
                lines.append(f"{deep}{self._traveller(give)} = n_{give}")
        if last:
            lines += self._late_results(deep)
            outputs = pieces.results[: len(self.targets)]
            final = [f"n_{name}" if pieces.ready[k] == index else self._traveller(name) for k, name in enumerate(outputs)]
            lines += self._sums(deep, final)
        return lines

    def _stage_function(self, name: str, stage: Stage) -> None:
        arguments = ast.arguments(posonlyargs=[], args=[ast.arg(read) for read in stage.reads], kwonlyargs=[], kw_defaults=[], defaults=[])
        values: list[ast.expr] = [ast.Name(give, ast.Load()) for give in stage.gives]
        result = ast.Return(values[0] if len(values) == 1 else ast.Tuple(values, ast.Load()))
        tree = ast.FunctionDef(name=name, args=arguments, body=[*stage.body, result], decorator_list=[], lineno=0)
        self.stage_functions.append(function_text(tree))

    def _reading(self, name: str, index: int) -> str:
        """Where a stage finds a value: a local of an earlier stage, or one of the function's own arguments."""
        assert self.pieces is not None  # noqa: S101
        if any(name in stage.gives for stage in self.pieces.stages[:index]):
            return self._traveller(name)
        return self._source(name)

    def _result(self, give: str, index: int, deep: str) -> list[str]:
        """Store a returned state at once when no later stage still needs what it was; otherwise let it travel."""
        assert self.pieces is not None  # noqa: S101
        position = self.pieces.results.index(give) - len(self.targets)
        last = index == len(self.pieces.stages) - 1
        if position < 0:
            return [] if last else [f"{deep}{self._traveller(give)} = n_{give}"]
        name = self.binding.carried[position].name
        if last or not any(name in stage.reads for stage in self.pieces.stages[index + 1 :]):
            return [deep + self._store(name, f"n_{give}")]
        return [f"{deep}{self._traveller(give)} = n_{give}"]

    def _late_results(self, deep: str) -> list[str]:
        assert self.pieces is not None  # noqa: S101
        lines = []
        for position, carried in enumerate(self.binding.carried):
            result = self.pieces.results[position + len(self.targets)]
            if result in self.travel:
                lines.append(deep + self._store(carried.name, self._traveller(result)))
        return lines

    def _traveller(self, name: str) -> str:
        if name not in self.travel:
            self.travel[name] = self.lane(f"scratch_{len(self.travel)}")
        return self.travel[name]

    def _store(self, name: str, value: str) -> str:
        at = self.lane(name)
        phase = name in self.lanes["P"]
        return f"{at} = phase_moved({at}, f4({value}))" if phase else f"{at} = {value}"

    def _source(self, argument: str) -> str:
        """Where an argument of the sample function comes from."""
        binding = self.binding
        if argument in self.lanes["P"]:
            return f"phase_turn({self.lane(argument)})"
        if argument in self.lanes["S"] or argument in self.lanes["D"]:
            return self.lane(argument)
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

    def _sums(self, deep: str, values: list[str]) -> list[str]:
        fade, step = self.lane("fade"), self.lane("fade_step")
        # A lane that never had a note computes on zeros, which may well be 0/0: it must not reach its neighbours.
        lines = [f"{deep}{target}_sum += {value} * {fade} if {fade} > 0 else f4(0)" for target, value in zip(self.targets, values, strict=True)]
        return [*lines, f"{deep}{fade} = max({fade} - {step}, f4(0))"]

    def _heal(self, inside: str) -> list[str]:
        """After a non-finite sum: every lane of the group with a non-finite state is silenced and freed."""
        lines = [f"{inside}if bad > 0:", f"{inside}    context[{c.FAULTS}] += 1", f"{inside}    for v in range(16):"]
        deep = inside + "        "
        lines.append(f"{deep}broken = 0")
        states = [carried.name for carried in self.binding.carried if carried.width != "phase"]
        lines += [f"{deep}broken += 0 if abs({self.lane(name)}) <= {LIMIT} else 1" for name in states]
        lines += [f"{deep}if broken > 0:", *(f"{deep}    {self.lane(name)} = 0" for name in states)]
        return [*lines, f"{deep}    {self.lane('gate')} = 0.0"]
