"""Cut a long sample function into short stages.

This module knows straight-line functions as syntax trees. It does not know lanes or buffers.

Why: a voice is one long chain of dependent operations, and a processor can look only a few hundred instructions ahead. Run as one loop over
the lanes, it waits for each chain to end. Run as several short loops, one stage after the other over all lanes, the chains of neighbouring
lanes overlap: a third faster for a two-oscillator voice. The author's function stays whole; only the generated text is cut.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass, field

STAGE_COST = 70  # operations in one stage; found by measurement, flat between 50 and 90


@dataclass
class Stage:
    """A run of statements of the function: what it reads, which names it hands on, which carried values it can already store."""

    body: list[ast.stmt]
    reads: list[str] = field(default_factory=list)
    gives: list[str] = field(default_factory=list)


@dataclass
class Cut:
    """A function cut into stages. `results` are the names of the returned values, in order; `ready` says after which stage each is final."""

    stages: list[Stage]
    results: list[str]
    ready: list[int]


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


def _stored(node: ast.AST) -> set[str]:
    return {child.id for child in ast.walk(node) if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store)}


def _loaded(node: ast.AST) -> list[str]:
    return [child.id for child in ast.walk(node) if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Load)]


def cut(tree: ast.FunctionDef, costs: dict[str, int], carriable: set[str]) -> Cut | None:
    """Cut a function's body into stages, or return None when it is short or not a straight line.

    `carriable` are the local names that may travel between stages in a float32 lane. The returned values become names of their own.
    """
    if not isinstance(tree.body[-1], ast.Return) or any(isinstance(node, ast.Return) for s in tree.body[:-1] for node in ast.walk(s)):
        return None
    body, results = _with_named_results(tree)
    total = sum(_cost(statement, costs) for statement in body)
    wanted = round(total / STAGE_COST)
    if wanted < 2:
        return None
    parameters = {argument.arg for argument in tree.args.args}
    stages = _split(body, costs, total / wanted, parameters, carriable | set(results))
    _link(stages, parameters, results)
    ready = [max(index for index, stage in enumerate(stages) if result in _stored(ast.Module(stage.body, []))) for result in results]
    return Cut(stages, results, ready)


def _with_named_results(tree: ast.FunctionDef) -> tuple[list[ast.stmt], list[str]]:
    """Replace the return by one assignment per value, each as early as its inputs are final."""
    last = tree.body[-1]
    assert isinstance(last, ast.Return) and last.value is not None  # noqa: S101 - checked by the caller
    values = last.value.elts if isinstance(last.value, ast.Tuple) else [last.value]
    body: list[ast.stmt] = list(tree.body[:-1])
    names = []
    for index, value in enumerate(values):
        name = f"result_{index}"
        names.append(name)
        needed = set(_loaded(value))
        position = max((k + 1 for k, statement in enumerate(body) if _stored(statement) & needed), default=0)
        body.insert(position, ast.Assign([ast.Name(name, ast.Store())], value))
    return body, names


def _split(body: list[ast.stmt], costs: dict[str, int], size: float, parameters: set[str], carriable: set[str]) -> list[Stage]:
    stages = [Stage([])]
    spent = 0.0
    for position, statement in enumerate(body):
        weight = _cost(statement, costs)
        alive = _alive(body, position, parameters)
        if stages[-1].body and spent + weight / 2 > size * len(stages) and alive <= carriable:
            stages.append(Stage([]))
        stages[-1].body.append(statement)
        spent += weight
    return stages


def _alive(body: list[ast.stmt], position: int, parameters: set[str]) -> set[str]:
    """The locals computed before `position` and used from there on."""
    before: set[str] = set()
    for statement in body[:position]:
        before |= _stored(statement)
    after: set[str] = set()
    for statement in reversed(body[position:]):
        after -= _stored(statement)
        after |= set(_loaded(statement))
    return before & after


def _link(stages: list[Stage], parameters: set[str], results: list[str]) -> None:
    """Find what each stage reads and gives. A parameter that was assigned anew counts as a local from then on."""
    known: set[str] = set()
    for index, stage in enumerate(stages):
        inside: set[str] = set()
        for statement in stage.body:
            for name in _loaded(statement):
                if name not in inside and (name in parameters or name in known) and name not in stage.reads:
                    stage.reads.append(name)
            inside |= _stored(statement)
        later: set[str] = set()
        for follower in reversed(stages[index + 1 :]):
            for statement in reversed(follower.body):
                later -= _stored(statement)
                later |= set(_loaded(statement))
        stage.gives = sorted(name for name in inside if name in later or name in results)
        known |= set(stage.gives)
