"""Write the block kernel of an instrument: many voices side by side, a group of lanes innermost, in float32.

This module knows how a voice's values stand in lanes and how the lane loops are written. It does not know notes, stealing or plugins.

All lanes of a group stand in one array for each width, so that the compiler sees that they do not overlap. The sample function is cut
into stages (see `stages`); values that travel from one stage to the next use scratch lanes.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable

from . import contract as c
from .binding import BEAT, LIMIT, TIME_ARGUMENTS, Binding, argument_text, memory_lines, output_names, prologue
from .source import Collected, KernelError, function_text
from .stages import Branch, Cut, Stage
from .versions import loaded, stored

NOTE_LANES = ("gate", "velocity", "release_velocity", "key", "fade", "fade_step")
GLIDING = ("pitch_hz", "pressure", "timbre")
TRAVELLERS = 24
SHARED_SLOT = 63  # the slot of a voice kernel's context with the address of float32[STRIDE, SHARED_VALUES]: what is common to all voices
SHARED_VALUES = 40
WIDE = c.LANES


def voice_lanes(binding: Binding) -> tuple[list[str], list[str]]:
    """The names of the float32 and float64 lanes of a voice kernel, each in the order in which they stand in memory.

    Phases stand among the float32 lanes, their bits kept as a float's: a second array might overlap the first for all the compiler knows.
    """
    values = (*binding.carried, *binding.note_values)
    narrow = [value.name for value in values if value.width != "precise"] + list(NOTE_LANES)
    for name in GLIDING:
        narrow += [name, f"{name}_target"]
    narrow += [f"scratch_{index}" for index in range(TRAVELLERS)]
    wide = [value.name for value in values if value.width == "precise"]
    return narrow, wide


def _asked(branch: Branch) -> list[str]:
    return loaded(branch.test) if branch.test is not None else []


def shared_arguments(binding: Binding) -> set[str]:
    """The arguments that are the same for all voices: parameters and time."""
    given = {name for name, _ in binding.smoothed} | {name for name, _, _ in binding.stepped} | {*TIME_ARGUMENTS, "beat"}
    return given & set(binding.arguments)


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
        self.lanes = dict(zip("SD", voice_lanes(binding), strict=True))
        self.phases = {item.name for item in binding.carried if item.width == "phase"}
        self.common = shared_arguments(binding)
        self.gliding = [item for item in GLIDING if item in binding.arguments]
        self.travel: dict[str, str] = {}
        self.stage_functions: list[str] = []
        self.pieces = pieces if pieces is not None and self._fits(pieces) else None
        self._kept = self._find_kept() if self.pieces else {}
        lifted = self.pieces.lifted if self.pieces else []
        self._shared = {name: f"u_{name}" for statement in lifted for name in sorted(stored(statement))}

    def _fits(self, pieces: Cut) -> bool:
        """Whether a cut can be written: few enough travellers, and nothing precise among them."""
        if self.binding.memories or len(pieces.lifted) + len(self.binding.smoothed) > SHARED_VALUES:
            return False
        later: set[str] = set()
        travel: set[str] = set()
        for stage in reversed(pieces.stages):
            for give in stage.gives:
                home = self._home(pieces, give)
                if home is None or home in later or home in self.phases:
                    travel |= {give} if home is None or home in later or give in later else set()
                    if home in self.lanes["D"] and (home in later or give in later):
                        return False
            later |= stage.reads()
        return len(travel) <= TRAVELLERS

    def _home(self, pieces: Cut, give: str) -> str | None:
        """The carried value that a result is, if it is one."""
        position = pieces.results.index(give) - len(self.targets) if give in pieces.results else -1
        return self.binding.carried[position].name if position >= 0 else None

    def lane(self, name: str) -> str:
        """The text of one lane's value."""
        for array, names in self.lanes.items():
            if name in names:
                return f"{array}[{WIDE * names.index(name)} + v]"
        raise KernelError(f"a voice has no value {name!r}")

    def kernel(self) -> list[str]:
        lines = [*prologue(self.binding, "f4"), f"    glide = f4(T[{c.NOTE_SMOOTHING}])"]
        lines += [f"    groups = context[{c.CHANNELS}]", f"    outputs = i64_at(context[{c.OUTPUTS}], 64)"]
        lines += [f"    ports = i64_at(context[{c.GROUP_PORT}], groups)", *self._clear_outputs()]
        inside = "        "
        lines += [*self._shared_lines(), "    for g in range(groups):"]
        lines += self._group_lines(inside)
        lines += [f"{inside}live = 0", f"{inside}for v in range({WIDE}):"]
        gate, life, fade = (self.lane(item) for item in ("gate", self.binding.life, "fade"))
        lines += [f"{inside}    live += 1 if ({gate} > 0 or {life} != 0) and {fade} > 0 else 0"]
        lines += [f"{inside}if live == 0:", f"{inside}    continue"]
        for position, target in enumerate(self.targets):
            lines.append(f"{inside}{target}_out = f32_at(outputs[ports[g]] + 4 * stride * {position}, stride)")
        lines.append(f"{inside}for i in range(start, end):")
        deep = inside + "    "
        lines += self._parameters(deep) if self.pieces is None else [f"{deep}common = shared + {4 * len(self._record)} * i"]
        lines += [f"{deep}{target}_sum = f4(0)" for target in self.targets]
        lines += self._loops(deep)
        lines += [f"{deep}{target}_out[i] += {target}_sum" for target in self.targets]
        return lines + self._guard() + self._heal(inside)

    def _parameters(self, indent: str) -> list[str]:
        """Read the smoothed parameters, and the beat, at frame i."""
        lines = [f"{indent}r_{name} = f32_peek(context[{c.ROWS}] + {4 * row} * stride, i)" for name, row in self.binding.smoothed]
        return [*lines, f"{indent}beat = {BEAT}"] if "beat" in self.binding.arguments else lines

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
        return [line for index, stage in enumerate(self.pieces.stages) for line in self._stage(index, stage, deep)]

    def _whole_loop(self, deep: str) -> list[str]:
        deeper = deep + "    "
        lines = [f"{deep}for v in range({WIDE}):", *self._glides(deeper)]
        if self.binding.memories:
            lines += memory_lines(self.binding, f"(g * {WIDE} + v)", deeper)
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

    def _stage(self, index: int, stage: Stage, deep: str) -> list[str]:
        """One stage over all lanes; where it has several ways, which one is asked before the lanes."""
        if len(stage.branches) == 1:
            return self._lane_loop(index, stage, stage.branches[0], f"{self.top}_stage_{index}", deep)
        lines: list[str] = []
        for number, branch in enumerate(stage.branches):
            test = "else" if branch.test is None else f"{'elif' if number else 'if'} {self._shared_text(branch.test)}"
            if branch.test is not None:
                lines[:0] = self._recall(loaded(branch.test), deep)
            lines += [f"{deep}{test}:", *self._lane_loop(index, stage, branch, f"{self.top}_stage_{index}_{number}", deep + "    ")]
        return lines

    def _lane_loop(self, index: int, stage: Stage, branch: Branch, name: str, deep: str) -> list[str]:
        pieces = self.pieces
        assert pieces is not None
        deeper = deep + "    "
        lines = self._glides(deeper) if index == 0 else []
        self._stage_function(name, stage, branch)
        given = ", ".join(self._reading(read, index) for read in branch.reads)
        lines.append(f"{deeper}{', '.join('n_' + give for give in stage.gives)} = {name}({given})")
        for give in stage.gives:
            lines += [deeper + line for line in self._hand_on(give, index)]
        if index == len(pieces.stages) - 1:
            lines += [deeper + line for line in self._late_results()]
            outputs = pieces.results[: len(self.targets)]
            lines += self._sums(deeper, [f"n_{item}" if item in stage.gives else self._traveller(item) for item in outputs])
        return [*self._recall(branch.reads, deep), f"{deep}for v in range({WIDE}):", *lines]

    def _stage_function(self, name: str, stage: Stage, branch: Branch) -> None:
        arguments = ast.arguments(posonlyargs=[], args=[ast.arg(read) for read in branch.reads], kwonlyargs=[], kw_defaults=[], defaults=[])
        values: list[ast.expr] = [ast.Name(give, ast.Load()) for give in stage.gives]
        result = ast.Return(values[0] if len(values) == 1 else ast.Tuple(values, ast.Load()))
        tree = ast.FunctionDef(name=name, args=arguments, body=[*branch.body, result], decorator_list=[], lineno=0)
        self.stage_functions.append(function_text(tree))

    def _reading(self, name: str, index: int) -> str:
        """Where a stage finds a value: a local of an earlier stage, or one of the function's own arguments."""
        pieces = self.pieces
        assert pieces is not None
        for earlier, stage in enumerate(pieces.stages[:index]):
            if name in stage.gives:
                home = self._home(pieces, name)
                settled = home is not None and home not in self.phases and not self._still_read(home, earlier)
                return self.lane(str(home)) if settled else self._traveller(name)
        return self._shared[name] if name in self._shared else self._source(name)

    def _still_read(self, name: str | None, index: int) -> bool:
        """Whether a stage after this one reads a value."""
        return self.pieces is not None and any(name in stage.reads() for stage in self.pieces.stages[index + 1 :])

    def _hand_on(self, give: str, index: int) -> list[str]:
        """Store a carried value at once when no later stage still needs what it was; let travel what later stages need."""
        assert self.pieces is not None
        home = self._home(self.pieces, give)
        last = index == len(self.pieces.stages) - 1
        lines = []
        settled = home is not None and not self._still_read(home, index)
        if settled:
            lines.append(self._store(str(home), f"n_{give}"))
        wanted = self._still_read(give, index) or (home is not None and not settled) or give in self.pieces.results[: len(self.targets)]
        if wanted and not last and not (settled and home not in self.phases):
            lines.append(f"{self._traveller(give)} = n_{give}")
        return lines

    def _late_results(self) -> list[str]:
        """At the end of a voice's sample: the carried values that had to wait."""
        pieces = self.pieces
        assert pieces is not None
        lines = []
        for index, stage in enumerate(pieces.stages[:-1]):
            for give in stage.gives:
                home = self._home(pieces, give)
                if home is not None and self._still_read(home, index):
                    lines.append(self._store(home, self._traveller(give)))
        return lines

    def _shared_lines(self) -> list[str]:
        """Before the voices: what is common to all of them, once a call where it stays the same, else in one short record a frame."""
        self._record: dict[str, int] = {}
        if self.pieces is None:
            return []
        changing = {name for name, _ in self.binding.smoothed} | ({"beat"} & set(self.binding.arguments))
        once: list[str] = []
        each: list[str] = []
        moving = set(changing)
        for statement in self.pieces.lifted:
            moves = bool(set(loaded(statement)) & moving)
            (each if moves else once).append(self._shared_text(statement))
            moving |= stored(statement) if moves else set()
        wanted = {name for stage in self.pieces.stages for branch in stage.branches for name in (*branch.reads, *_asked(branch))}
        self._record = {self._shared.get(name) or self._source(name): index for index, name in enumerate(sorted(wanted & moving))}
        lines = [f"    {line}" for line in once] + [f"    shared = context[{SHARED_SLOT}]"]
        if self._record:
            size = len(self._record)
            lines += [f"    record = f32_at(shared, {size} * stride)", "    for i in range(start, end):", *self._parameters("        ")]
            lines += [f"        {line}" for line in each]
            lines += [f"        record[{size} * i + {index}] = {text}" for text, index in self._record.items()]
        return lines

    def _recall(self, names: Iterable[str], indent: str) -> list[str]:
        """Read what a stage needs from the frame's record."""
        texts = [self._shared.get(name) or self._source(name) for name in names if name in self._shared or name in self.common]
        return [f"{indent}{text} = f32_peek(common, {self._record[text]})" for text in texts if text in self._record]

    def _shared_text(self, node: ast.AST) -> str:
        """A statement or test on values common to all voices, under the names that these have in the kernel."""
        clone = copy.deepcopy(node)
        for child in ast.walk(clone):
            if isinstance(child, ast.Name):
                if child.id in self._shared:
                    child.id = self._shared[child.id]
                elif child.id in self.binding.arguments:
                    child.id = self._source(child.id)
        return ast.unparse(ast.fix_missing_locations(clone))

    def _traveller(self, name: str) -> str:
        """The scratch lane of a value. One that an `if` may leave as it was takes over the lane of that: then nothing is to be done."""
        if name not in self.travel:
            before = self._kept.get(name)
            self.travel[name] = self._traveller(before) if before else self.lane(f"scratch_{len(set(self.travel.values()))}")
        return self.travel[name]

    def _find_kept(self) -> dict[str, str]:
        """Names that one branch of an `if` sets to what another, no longer needed, travelling name was."""
        assert self.pieces is not None
        kept: dict[str, str] = {}
        for index, stage in enumerate(self.pieces.stages):
            travelling = {give for earlier in self.pieces.stages[:index] for give in earlier.gives if self._home(self.pieces, give) is None}
            for statement in (statement for branch in stage.branches for statement in branch.body if len(stage.branches) > 1):
                if (
                    isinstance(statement, ast.Assign)
                    and isinstance(statement.targets[0], ast.Name)
                    and isinstance(statement.value, ast.Name)
                ):
                    new, old = statement.targets[0].id, statement.value.id
                    if new in stage.gives and old in travelling and old not in kept.values() and not self._still_read(old, index):
                        kept[new] = old
        return kept

    def _store(self, name: str, value: str) -> str:
        at = self.lane(name)
        return f"{at} = phase_moved({at}, f4({value}))" if name in self.phases else f"{at} = {value}"

    def _source(self, argument: str) -> str:
        """Where an argument of the sample function comes from."""
        if argument in self.phases:
            return f"phase_turn({self.lane(argument)})"
        if argument in self.lanes["S"] or argument in self.lanes["D"]:
            return self.lane(argument)
        return argument_text(self.binding, argument)

    def _sums(self, deep: str, values: list[str]) -> list[str]:
        fade, step = self.lane("fade"), self.lane("fade_step")
        # A lane that never had a note computes on zeros, which may well be 0/0: it must not reach its neighbours.
        lines = [
            f"{deep}{target}_sum += choose(above_zero({fade}), {value} * {fade}, f4(0))"
            for target, value in zip(self.targets, values, strict=True)
        ]
        return [*lines, f"{deep}{fade} = larger({fade} - {step}, f4(0))"]

    def _guard(self) -> list[str]:
        """Nothing that is not a number leaves: it becomes silence, and is counted."""
        lines = ["    bad = 0", "    for port in range(ports[groups - 1] + 1):"]
        for position in range(len(self.targets)):
            lines.append(f"        out = f32_at(outputs[port] + {4 * position} * stride, stride)")
            lines += ["        for i in range(start, end):", f"            fine = abs(out[i]) <= f4({LIMIT})"]
            lines += ["            bad += 0 if fine else 1", "            out[i] = choose(fine, out[i], f4(0))"]
        return lines

    def _heal(self, inside: str) -> list[str]:
        """After a fault: every lane with a non-finite state is silenced and freed."""
        lines = ["    if bad > 0:", f"        context[{c.FAULTS}] += 1", "        for g in range(groups):"]
        lines += ["    " + line for line in self._group_lines(inside)]
        lines.append(f"{inside}    for v in range({WIDE}):")
        deep = inside + "        "
        lines.append(f"{deep}broken = 0")
        states = [carried.name for carried in self.binding.carried if carried.width != "phase"]
        lines += [f"{deep}broken += 0 if abs({self.lane(name)}) <= {LIMIT} else 1" for name in states]
        lines += [f"{deep}if broken > 0:", *(f"{deep}    {self.lane(name)} = 0" for name in states)]
        return [*lines, f"{deep}    {self.lane('gate')} = 0.0"]

    def _group_lines(self, inside: str) -> list[str]:
        """Find the lanes of group g."""
        narrow, wide = self.lanes.values()
        return [
            f"{inside}S = f32_at(context[{c.STATE}] + {4 * WIDE * len(narrow)} * g, {WIDE * len(narrow)})",
            f"{inside}D = f64_at(context[{c.PRECISE}] + {8 * WIDE * len(wide)} * g, {WIDE * max(len(wide), 1)})",
        ]
