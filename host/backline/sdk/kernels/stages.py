"""Cut a long sample function into short stages, and lift out what is the same for all voices.

This module knows sample functions as syntax trees. It does not know lanes or buffers.

Why stages: a voice is one long chain of dependent operations, and a processor can look only a few hundred instructions ahead. Run as one
loop over the lanes, it waits for each chain to end. Run as several short loops, one stage after the other over all lanes, the chains of
neighbouring lanes overlap: a third faster for a two-oscillator voice. The author's function stays whole; only the generated text is cut.

Why lifting: a statement that reads nothing but parameters and time has one value for all voices; it is computed once a frame. And an `if`
that asks only such values is asked once a frame, outside the lanes: what a patch does not use costs nothing.
"""

from __future__ import annotations

import ast
import copy
from collections.abc import Iterable
from dataclasses import dataclass, field

from .versions import Versions, chain, loaded, stored

ALONE = frozenset({"eight_taps"})  # calls that fill a register by themselves: the loop around them must hold nothing else
PLAIN = frozenset({"f4", "f8", "floor", "power_of_two", "min", "max", "abs", "int", "math"})
BUILT_IN = PLAIN | ALONE | {"choose", "larger", "larger_bits", "signed", "smaller", "tap_part", "tap_row", "tap_start"}
STAGE_COST = 45  # operations in one stage; found by measurement, flat between 40 and 80


@dataclass
class Branch:
    """One way through a stage: taken when `test` holds (None: otherwise, or always), it reads names and runs statements."""

    test: ast.expr | None
    body: list[ast.stmt]
    reads: list[str] = field(default_factory=list)


@dataclass
class Stage:
    """A run of statements over all lanes, in one or several ways, and the names it hands on."""

    branches: list[Branch]
    gives: list[str] = field(default_factory=list)

    def reads(self) -> set[str]:
        """What any of its ways reads."""
        return {name for branch in self.branches for name in branch.reads}


@dataclass
class Cut:
    """A function cut into stages. `results` are the names of the returned values in order, `lifted` the statements common to all voices."""

    stages: list[Stage]
    results: list[str]
    lifted: list[ast.stmt]


def _cost(node: ast.AST, costs: dict[str, int]) -> int:
    total = 0
    for child in ast.walk(node):
        if isinstance(child, (ast.BinOp, ast.IfExp, ast.Compare, ast.UnaryOp)):
            total += 1
        elif isinstance(child, ast.Call) and isinstance(child.func, ast.Name):
            total += 0 if child.func.id in ("f4", "f8") else costs.get(child.func.id, 1)
    return total


def function_costs(trees: dict[str, ast.FunctionDef]) -> dict[str, int]:
    """How many operations each function takes, its callees included; callees must come first."""
    costs: dict[str, int] = {}
    for name, tree in trees.items():
        costs[name] = sum(_cost(statement, costs) for statement in tree.body)
    return costs


def cut(tree: ast.FunctionDef, costs: dict[str, int], carriable: set[str], common: Iterable[str], carried: list[str]) -> Cut | None:
    """Cut a function's body into stages, or return None when it is short or cannot be cut.

    `carriable` are the local names that may travel between stages in a float32 lane, `common` the arguments that all voices share.
    `carried` are the arguments that the last returned values replace. The returned values become names of their own.
    """
    last = tree.body[-1]
    if not isinstance(last, ast.Return) or last.value is None or not all(_plain(statement) for statement in tree.body[:-1]):
        return None
    parameters = [argument.arg for argument in tree.args.args]
    versions = Versions(parameters)
    body, known = versions.rename(tree.body[:-1])
    values = [_renamed(value, known) for value in (last.value.elts if isinstance(last.value, ast.Tuple) else [last.value])]
    shared = set(common)
    body, lifted = _lift(
        body, shared, set(parameters) | set(versions.base), {name for name, base in versions.base.items() if base in carriable}
    )
    homes: list[str | None] = [None] * (len(values) - len(carried)) + list(carried)
    body, results = _with_named_results(body, values, homes, set(parameters) | shared)
    narrow = {name for name, base in versions.base.items() if base in carriable} | {name for name in results if name not in versions.base}
    stages = _split(body, costs, narrow, shared | set(costs))
    if stages is None or (len(stages) < 2 and not lifted):
        return None
    _link(stages, results, set(parameters) | set(versions.base) | set(results))
    return Cut(stages, results, lifted)


def _plain(statement: ast.stmt) -> bool:
    """Assignments, and `if`s of them."""
    if isinstance(statement, ast.If):
        return all(_plain(inner) for inner in (*statement.body, *statement.orelse))
    return isinstance(statement, ast.Assign) and all(isinstance(target, (ast.Name, ast.Tuple)) for target in statement.targets)


def _renamed(value: ast.expr, known: dict[str, str]) -> ast.expr:
    value = copy.deepcopy(value)  # the author's own stays whole, for functions that are not cut
    for child in ast.walk(value):
        if isinstance(child, ast.Name):
            child.id = known.get(child.id, child.id)
    return value


def _lift(body: list[ast.stmt], common: set[str], names: set[str], carriable: set[str]) -> tuple[list[ast.stmt], list[ast.stmt]]:
    """Take out the statements that read only what is common to all voices."""
    rest: list[ast.stmt] = []
    lifted: list[ast.stmt] = []
    for statement in body:
        reads = set(loaded(statement)) & names
        if isinstance(statement, ast.Assign) and reads and reads <= common and stored(statement) <= carriable:
            lifted.append(statement)
            common |= stored(statement)
        else:
            rest.append(statement)
    return rest, lifted


def _with_named_results(
    body: list[ast.stmt], values: list[ast.expr], homes: list[str | None], given: set[str]
) -> tuple[list[ast.stmt], list[str]]:
    """Give each returned value a name: its own where it has one, else that of a new assignment.

    That stands as early as its inputs are final and what it replaces (its home) is read no more.
    """
    names: list[str] = []
    for index, value in enumerate(values):
        if isinstance(value, ast.Name) and value.id not in given and value.id not in names:
            names.append(value.id)
            continue
        name = f"result_{index}"
        names.append(name)
        needed, home = set(loaded(value)), homes[index]
        ready = (k + 1 for k, statement in enumerate(body) if stored(statement) & needed or home in loaded(statement))
        position = max(ready, default=0)
        body.insert(position, ast.Assign([ast.Name(name, ast.Store())], value))
    return body, names


def _split(body: list[ast.stmt], costs: dict[str, int], carriable: set[str], shared: set[str]) -> list[Stage] | None:
    """Runs of about STAGE_COST operations; an `if` on shared values is a stage of its own. None when what cannot travel would have to."""

    def asked_outside(statement: ast.stmt) -> bool:
        return isinstance(statement, ast.If) and all(set(loaded(test)) - BUILT_IN <= shared for test in chain(statement)[0])

    def alone(statement: ast.stmt) -> bool:
        return asked_outside(statement) or bool(ALONE & set(loaded(statement)))

    chunks: list[list[ast.stmt]] = []
    for statement in body:
        if not chunks or alone(statement) or alone(chunks[-1][-1]):
            chunks.append([statement])
        else:
            chunks[-1].append(statement)
    stages: list[Stage] = []
    for chunk in chunks:
        if isinstance(chunk[0], ast.If) and asked_outside(chunk[0]):
            stages.append(Stage(_branches(chunk[0])))
        else:
            stages += _runs(chunk, body, costs, carriable)
    after: set[str] = set()
    for stage in reversed(stages):
        inside = {name for branch in stage.branches for statement in branch.body for name in stored(statement)}
        if not (inside & after) <= carriable:
            return None
        after |= {name for branch in stage.branches for statement in branch.body for name in loaded(statement)}
    return stages


def _runs(chunk: list[ast.stmt], body: list[ast.stmt], costs: dict[str, int], carriable: set[str]) -> list[Stage]:
    total = sum(_cost(statement, costs) for statement in chunk)
    size = total / max(1, round(total / STAGE_COST))
    runs: list[list[ast.stmt]] = [[]]
    spent = 0.0
    for statement in chunk:
        weight = _cost(statement, costs)
        if runs[-1] and spent + weight / 2 > size * len(runs) and _alive(body, statement) <= carriable:
            runs.append([])
        runs[-1].append(statement)
        spent += weight
    return [Stage([Branch(None, run)]) for run in runs]


def _branches(statement: ast.If) -> list[Branch]:
    tests, bodies = chain(statement)
    return [Branch(test, body) for test, body in zip([*tests, None], bodies, strict=True)]


def _alive(body: list[ast.stmt], at: ast.stmt) -> set[str]:
    """The locals computed before a statement and used from there on."""
    position = next(index for index, statement in enumerate(body) if statement is at)
    before = {name for statement in body[:position] for name in stored(statement)}
    return before & {name for statement in body[position:] for name in loaded(statement)}


def _link(stages: list[Stage], results: list[str], names: set[str]) -> None:
    """Find what each stage reads and gives."""
    wanted = set(results)
    for stage in reversed(list(stages)):
        inside = {name for branch in stage.branches for statement in branch.body for name in stored(statement)}
        stage.gives = sorted(inside & wanted)
        if not stage.gives:
            stages.remove(stage)
            continue
        for branch in stage.branches:
            own = {name for statement in branch.body for name in stored(statement)}
            read = [name for statement in branch.body for name in loaded(statement) if name in names and name not in own]
            branch.reads = list(dict.fromkeys(read))
        wanted |= stage.reads()
