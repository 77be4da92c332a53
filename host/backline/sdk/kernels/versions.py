"""Give every assignment of a function its own name, so that each name has one value.

This module knows straight-line functions as syntax trees, with `if` statements among them. It does not know lanes, stages or buffers.

After this, where a value is computed and where it is used says all there is to know about it: the stages of a voice kernel can be cut,
hoisted and stored by looking at names alone. An `if` gives each name that one of its branches assigns one new name, which every branch
sets at its end.
"""

from __future__ import annotations

import ast
import copy


class Versions:
    """Renames the body of one function. `base` tells which name of the author's a new name stands for."""

    def __init__(self, parameters: list[str]) -> None:
        self.base: dict[str, str] = {}
        self._parameters = frozenset(parameters)
        self._used: set[str] = set(parameters)

    def rename(self, body: list[ast.stmt]) -> tuple[list[ast.stmt], dict[str, str]]:
        """Return the renamed statements and what each of the author's names is called at the end."""
        return self._block(body, {})

    def _block(self, body: list[ast.stmt], known: dict[str, str]) -> tuple[list[ast.stmt], dict[str, str]]:
        known = dict(known)
        done: list[ast.stmt] = []
        for statement in body:
            if isinstance(statement, ast.If):
                done.append(self._branches(statement, known))
            else:
                fresh = copy.deepcopy(statement)
                _Loads(known).visit(fresh)
                known |= {name: self._new(name) for name in sorted(stored(fresh))}
                _Stores(known).visit(fresh)
                done.append(fresh)
        return done, known

    def _branches(self, statement: ast.If, known: dict[str, str]) -> ast.If:
        tests, bodies = chain(statement)
        done = [self._block(body, known) for body in bodies]
        before = set(known) | self._parameters
        every = [set(after) for _, after in done]
        merged = {name: self._new(name) for name in sorted(stored(statement)) if name in before or all(name in after for after in every)}
        for lines, after in done:
            lines += [ast.Assign([ast.Name(new, ast.Store())], ast.Name(after.get(name, name), ast.Load())) for name, new in merged.items()]
        whole: list[ast.stmt] = done[-1][0]
        for test, (lines, _) in reversed(list(zip(tests, done, strict=False))):
            whole = [ast.If(_Loads(known).visit(copy.deepcopy(test)), lines, whole)]
        known |= merged
        assert isinstance(whole[0], ast.If)
        return whole[0]

    def _new(self, name: str) -> str:
        fresh, count = name, 1
        while fresh in self._used:
            count += 1
            fresh = f"{name}_v{count}"
        self._used.add(fresh)
        self.base[fresh] = name
        return fresh


def chain(statement: ast.If) -> tuple[list[ast.expr], list[list[ast.stmt]]]:
    """The tests of an `if`/`elif` chain and its bodies, of which there is one more (the `else`, empty when there is none)."""
    tests, bodies = [statement.test], [statement.body]
    rest = statement.orelse
    while len(rest) == 1 and isinstance(rest[0], ast.If):
        tests.append(rest[0].test)
        bodies.append(rest[0].body)
        rest = rest[0].orelse
    return tests, [*bodies, rest]


def stored(node: ast.AST) -> set[str]:
    """The names that a statement assigns, in all of its branches."""
    return {child.id for child in ast.walk(node) if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Store)}


def loaded(node: ast.AST) -> list[str]:
    """The names that a statement reads, in order, with repeats."""
    return [child.id for child in ast.walk(node) if isinstance(child, ast.Name) and isinstance(child.ctx, ast.Load)]


class _Loads(ast.NodeTransformer):
    def __init__(self, known: dict[str, str]) -> None:
        self.known = known

    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.known.get(node.id, node.id), node.ctx) if isinstance(node.ctx, ast.Load) else node


class _Stores(_Loads):
    def visit_Name(self, node: ast.Name) -> ast.Name:
        return ast.Name(self.known.get(node.id, node.id), node.ctx) if isinstance(node.ctx, ast.Store) else node
