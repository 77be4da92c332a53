"""Keep the arithmetic of a kernel function in float32.

This module knows the kinds of scalar a kernel expression can have and where Python's or numba's rules would widen it. It does not know
where the function came from or what it is for.

Kinds: `f` float32, `d` float64 (annotated Precise), `i` integer, `b` truth value, `a` array, `t` a tuple of kinds.
"""

from __future__ import annotations

import ast
from typing import Any

Kind = Any  # "f" | "d" | "i" | "b" | "a" | tuple of kinds

ORDER = {"b": 0, "i": 1, "f": 2, "d": 3}
ANNOTATED = {"Precise": "d", "int": "i", "bool": "b", "Array": "a"}
SAME_KIND = {"abs", "min", "max"}


def _annotated(annotation: ast.expr | None) -> Kind:
    if annotation is None:
        return "f"
    text = ast.unparse(annotation).strip("'\"").rsplit(".", 1)[-1]
    return ANNOTATED.get(text, "f")


def _join(first: Kind, second: Kind) -> Kind:
    if isinstance(first, tuple) or isinstance(second, tuple) or "a" in (first, second):
        return first
    return first if ORDER[first] >= ORDER[second] else second


def _call(name: str, value: ast.expr) -> ast.expr:
    return ast.Call(ast.Name(name, ast.Load()), [value], [])


def _nested(name: str, values: list[ast.expr]) -> ast.expr:
    """A function of two values applied to any number of them, from the left."""
    whole = values[0]
    for value in values[1:]:
        whole = ast.Call(ast.Name(name, ast.Load()), [whole, value], [])
    return whole


def _cast(value: ast.expr, kind: Kind, wanted: Kind) -> ast.expr:
    """Round an expression of one kind to another; constants are rounded in place."""
    if wanted == "f" and kind in ("i", "d", "b"):
        return _call("f4", value)
    if wanted == "d" and kind in ("i", "f", "b"):
        return _call("f8", value)
    return value


class Narrower:
    """Narrows one function after another; callees must come before their callers."""

    def __init__(self) -> None:
        self.kinds: dict[str, Kind] = {}  # of the names of the function narrowed last
        self.parameters: dict[str, dict[str, Kind]] = {}
        self.returned: dict[str, Kind] = {}

    def narrow(self, tree: ast.FunctionDef) -> None:
        """Rewrite one function in place and remember the kinds of its parameters and of what it returns."""
        kinds: dict[str, Kind] = {argument.arg: _annotated(argument.annotation) for argument in tree.args.args}
        parameters = dict(kinds)
        for _ in range(4):  # kinds only ever widen, so a few passes reach the fixed point
            inference = _Inference(self, dict(kinds))
            for statement in tree.body:
                inference.statement(statement)
            if inference.kinds == kinds:
                break
            kinds = inference.kinds
        rewriter = _Rewriter(self, kinds)
        tree.body = [rewriter.visit(statement) for statement in tree.body]
        with_default = list(parameters.values())[len(parameters) - len(tree.args.defaults) :]
        tree.args.defaults = [rewriter.given(value, wanted) for value, wanted in zip(tree.args.defaults, with_default, strict=True)]
        self.kinds = kinds
        self.parameters[tree.name] = parameters
        self.returned[tree.name] = rewriter.returned


class _Inference:
    """One pass over a function that finds the kind of every local name."""

    def __init__(self, narrower: Narrower, kinds: dict[str, Kind]) -> None:
        self.narrower = narrower
        self.kinds = kinds

    def statement(self, node: ast.AST) -> None:
        for child in ast.walk(node):
            if isinstance(child, ast.Assign):
                for target in child.targets:
                    self._bind(target, self.kind(child.value))
            elif isinstance(child, ast.AnnAssign) and child.value is not None:
                self._bind(child.target, _annotated(child.annotation))
            elif isinstance(child, ast.AugAssign):
                self._bind(child.target, _join(self.kind(child.target), self.kind(child.value)))
            elif isinstance(child, ast.For):
                self._bind(child.target, "i")

    def _bind(self, target: ast.expr, kind: Kind) -> None:
        if isinstance(target, ast.Tuple):
            parts = kind if isinstance(kind, tuple) else (kind,) * len(target.elts)
            for element, part in zip(target.elts, parts, strict=False):
                self._bind(element, part)
        elif isinstance(target, ast.Name):
            known = self.kinds.get(target.id)
            self.kinds[target.id] = kind if known is None else _join(known, kind)

    def kind(self, node: ast.expr) -> Kind:
        """The kind of an expression."""
        if isinstance(node, ast.Constant):
            return "b" if isinstance(node.value, bool) else "i" if isinstance(node.value, int) else "f"
        if isinstance(node, ast.Name):
            return self.kinds.get(node.id, "f")
        if isinstance(node, ast.BinOp):
            return self._binary(node)
        if isinstance(node, ast.UnaryOp):
            return "b" if isinstance(node.op, ast.Not) else self.kind(node.operand)
        if isinstance(node, (ast.Compare, ast.BoolOp)):
            return "b"
        if isinstance(node, ast.IfExp):
            return _join(self.kind(node.body), self.kind(node.orelse))
        if isinstance(node, ast.Tuple):
            return tuple(self.kind(element) for element in node.elts)
        if isinstance(node, ast.Call):
            return self._called(node)
        return "f"

    def _binary(self, node: ast.BinOp) -> Kind:
        joined = _join(self.kind(node.left), self.kind(node.right))
        return "f" if isinstance(node.op, ast.Div) and joined in ("i", "b") else "i" if joined == "b" else joined

    def _called(self, node: ast.Call) -> Kind:
        name = ast.unparse(node.func)
        if name in SAME_KIND:
            kind: Kind = "b"
            for argument in node.args:
                kind = _join(kind, self.kind(argument))
            return kind
        if name in ("int", "len", "math.floor", "math.ceil"):
            return "i" if name in ("int", "len") else "f"
        if name in ("floor", "power_of_two"):
            return self.kind(node.args[0])
        if name == "f8":
            return "d"
        return self.narrower.returned.get(name, "f")


class _Rewriter(ast.NodeTransformer):
    """Inserts the roundings that keep the kinds as inferred."""

    def __init__(self, narrower: Narrower, kinds: dict[str, Kind]) -> None:
        self.inference = _Inference(narrower, kinds)
        self.narrower = narrower
        self.returned: Kind = "f"

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        return _call("f4", node) if isinstance(node.value, float) else node

    def visit_Subscript(self, node: ast.Subscript) -> ast.expr:
        return node

    def visit_BinOp(self, node: ast.BinOp) -> ast.expr:
        left, right = self.inference.kind(node.left), self.inference.kind(node.right)
        wanted = self.inference.kind(node)
        if isinstance(node.op, ast.Pow) and right == "i":
            node.left = self.visit(node.left)
            return node
        if wanted == "d":  # float64 meets a literal: keep the literal exact
            node.left = node.left if isinstance(node.left, ast.Constant) else self.visit(node.left)
            node.right = node.right if isinstance(node.right, ast.Constant) else self.visit(node.right)
            return node
        node.left, node.right = self.visit(node.left), self.visit(node.right)
        if wanted == "f":
            node.left, node.right = _cast(node.left, left, "f"), _cast(node.right, right, "f")
        return node

    def visit_Compare(self, node: ast.Compare) -> ast.expr:
        operands = [node.left, *node.comparators]
        kinds = [self.inference.kind(operand) for operand in operands]
        floats = "f" in kinds and "d" not in kinds
        precise = "d" in kinds
        done = [
            operand
            if precise and isinstance(operand, ast.Constant)
            else _cast(self.visit(operand), kind, "f")
            if floats
            else self.visit(operand)
            for operand, kind in zip(operands, kinds, strict=True)
        ]
        node.left, node.comparators = done[0], done[1:]
        return node

    def visit_IfExp(self, node: ast.IfExp) -> ast.expr:
        """Both values are computed and one is chosen, without a branch."""
        wanted = self.inference.kind(node)
        body, orelse = self.inference.kind(node.body), self.inference.kind(node.orelse)
        node.test = self.visit(node.test)
        if wanted == "d":
            node.body = _cast(node.body if isinstance(node.body, ast.Constant) else self.visit(node.body), body, "d")
            node.orelse = _cast(node.orelse if isinstance(node.orelse, ast.Constant) else self.visit(node.orelse), orelse, "d")
            return node
        node.body, node.orelse = _cast(self.visit(node.body), body, wanted), _cast(self.visit(node.orelse), orelse, wanted)
        if wanted == "f" and isinstance(node.test, ast.Compare):  # a branch could end as a masked store, which is slow on many processors
            return ast.Call(ast.Name("choose", ast.Load()), [node.test, node.body, node.orelse], [])
        return node

    def visit_Call(self, node: ast.Call) -> ast.expr:
        name = ast.unparse(node.func)
        kinds = [self.inference.kind(argument) for argument in node.args]
        if name == "range":
            return node
        for keyword in node.keywords:
            keyword.value = self.given(keyword.value, self.narrower.parameters.get(name, {}).get(keyword.arg or "", "f"))
        arguments = [self.visit(argument) for argument in node.args]
        if name in SAME_KIND:
            wanted = [self.inference.kind(node)] * len(kinds)
        elif name in self.narrower.parameters:
            wanted = list(self.narrower.parameters[name].values())
        else:
            wanted = list(kinds) if name in ("int", "len", "f4", "f8", "floor", "power_of_two") else ["f"] * len(kinds)
        node.args = [_cast(argument, kind, want) for argument, kind, want in zip(arguments, kinds, wanted, strict=False)]
        if name in ("min", "max") and self.inference.kind(node) == "f":
            return _nested("smaller" if name == "min" else "larger", node.args)
        if name in ("math.floor", "math.ceil"):  # numba gives an integer; the vector unit wants a float
            return _call("f4", node)
        return node

    def given(self, value: ast.expr, wanted: Kind) -> ast.expr:
        """A value that is handed to a parameter of kind `wanted`."""
        if wanted == "d" and isinstance(value, ast.Constant):
            return _call("f8", value)
        kind = self.inference.kind(value)
        return _cast(self.visit(value), kind, wanted)

    def visit_Assign(self, node: ast.Assign) -> ast.stmt:
        kind = self.inference.kind(node.value)
        node.value = self._as_target(node.targets[0], node.value, kind)
        return node

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.stmt:
        if node.value is None:
            return node
        kind = self.inference.kind(node.value)
        return ast.copy_location(ast.Assign([node.target], self._as_target(node.target, node.value, kind)), node)

    def _as_target(self, target: ast.expr, value: ast.expr, kind: Kind) -> ast.expr:
        if isinstance(target, ast.Name):
            wanted = self.inference.kinds.get(target.id, "f")
            if wanted == "d" and isinstance(value, ast.Constant):
                return _call("f8", value)
            return _cast(self.visit(value), kind, wanted)
        if isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
            parts = kind if isinstance(kind, tuple) else (kind,) * len(value.elts)
            value.elts = [self._as_target(t, v, k) for t, v, k in zip(target.elts, value.elts, parts, strict=True)]
            return value
        return self.visit(value)  # type: ignore[no-any-return]

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.stmt:
        plain = ast.Assign([node.target], ast.BinOp(_loaded(node.target), node.op, node.value))
        return self.visit_Assign(ast.copy_location(plain, node))

    def visit_Return(self, node: ast.Return) -> ast.stmt:
        if node.value is not None:
            self.returned = self.inference.kind(node.value)
            node.value = self.visit(node.value)
        return node


def _loaded(target: ast.expr) -> ast.expr:
    return ast.parse(ast.unparse(target), mode="eval").body
