"""From plain scalar Python functions to one self-contained source text that numba can compile.

This module knows Python functions, their globals and their syntax trees: it finds every function that a kernel calls, copies them into
one text under flat names, inlines global constants and, for 32-bit kernels, keeps the arithmetic in float32. It does not know numba,
buffers, plugins or caches.

Two widths. In a 64-bit kernel (effects, modulators) the text is the author's own. In a 32-bit kernel (voices, many lanes wide) Python's
double literals would drag every expression to float64 and halve the width, so literals and integers that meet a float32 are rounded to
float32. A parameter or return value annotated `Precise` stays float64 (phases, positions); one annotated `int` stays an integer.
"""

from __future__ import annotations

import ast
import builtins
import dis
import hashlib
import inspect
import math
import textwrap
import types
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from .narrow import Narrower

ALLOWED_BUILTINS = frozenset({"abs", "bool", "float", "int", "len", "max", "min", "range", "round"})
ALLOWED_SYNTAX = (
    *(ast.Assign, ast.AnnAssign, ast.AugAssign, ast.For, ast.While, ast.If, ast.Return, ast.Expr, ast.Pass, ast.Break, ast.Continue),
    *(ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.Call, ast.keyword, ast.Name, ast.Constant, ast.Tuple),
    *(ast.Subscript, ast.Slice, ast.Attribute, ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context),
)
SAME_STEPS = ("BINARY", "UNARY", "COMPARE", "LOAD_FAST", "STORE", "LOAD_CONST")
DEEPEST_NAME = 5  # dots in a name like package.module.Class.CONSTANT


class KernelError(TypeError):
    """An author's function uses something that a kernel cannot hold; the message names the function and the thing."""


def _dotted(node: ast.expr) -> str | None:
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        head = _dotted(node.value)
        return f"{head}.{node.attr}" if head else None
    return None


def _parse(function: types.FunctionType) -> ast.FunctionDef:
    try:
        text = textwrap.dedent(inspect.getsource(function))
    except OSError as error:
        raise KernelError(f"{function.__qualname__}: its source text cannot be read, so it cannot become a kernel") from error
    tree = ast.parse(text).body[0]
    if not isinstance(tree, ast.FunctionDef):
        raise KernelError(f"{function.__qualname__}: a kernel must be a plain `def`")
    return tree


def _refuse_edited(function: types.FunctionType, tree: ast.FunctionDef) -> None:
    """KernelError when the file has changed since it was imported: the text would then not be what the kernel's key stands for."""
    text = ast.FunctionDef("again", tree.args, tree.body, [], None, lineno=1)
    module = compile(ast.fix_missing_locations(ast.Module([text], [])), "<again>", "exec", dont_inherit=True)
    again = next(item for item in module.co_consts if isinstance(item, types.CodeType) and item.co_name == "again")
    if _essence(again) != _essence(function.__code__):
        raise KernelError(f"{function.__qualname__}: its file has changed since it was imported; start again to compile it")


def _essence(code: types.CodeType) -> Any:
    """What two translations of one text have in common. How names are looked up differs: it depends on the module around."""
    steps = [(step.opname, repr(step.argval)) for step in dis.get_instructions(code) if step.opname.startswith(SAME_STEPS)]
    return steps, code.co_varnames, {*code.co_names, *code.co_freevars}


def _refuse_syntax(function: types.FunctionType, tree: ast.FunctionDef) -> None:
    """KernelError for everything but scalar arithmetic: lists, strings, exceptions and the like need Python's memory."""
    given = tree.args
    if given.vararg or given.kwarg or given.kwonlyargs:
        raise KernelError(f"{function.__qualname__}: a kernel function has plain arguments only, no * and no **")
    for statement in _without_docstring(tree.body):
        for node in ast.walk(statement):
            fine = isinstance(node, ALLOWED_SYNTAX) and not (isinstance(node, ast.Constant) and not isinstance(node.value, int | float))
            if not fine:
                line = function.__code__.co_firstlineno + getattr(node, "lineno", statement.lineno) - 1
                what = ast.unparse(node).strip().partition("\n")[0]
                raise KernelError(
                    f"{function.__qualname__}, line {line}: `{what}` cannot be part of a kernel, which has numbers, arithmetic, "
                    "`if`, loops and calls of plain functions"
                )


def _lookup(function: types.FunctionType, dotted: str) -> Any:
    """The object that `dotted` means inside `function`; raises KeyError when it is not a global."""
    head, *rest = dotted.split(".")
    closure = inspect.getclosurevars(function).nonlocals if function.__closure__ else {}
    if head in closure:
        value = closure[head]
    elif head in function.__globals__:
        value = function.__globals__[head]
    elif head in ALLOWED_BUILTINS:
        value = getattr(builtins, head)
    else:
        raise KeyError(dotted)
    for name in rest:
        value = getattr(value, name)
    return value


def flat_name(function: types.FunctionType) -> str:
    """The name of a function inside the generated text: module and qualified name, dots as underscores."""
    raw = f"{function.__module__}.{function.__qualname__}"
    return "".join(character if character.isalnum() else "_" for character in raw)


def references(function: types.FunctionType) -> Iterable[tuple[str, Any]]:
    """Every global that a function's code names, as dotted text and value, in a stable order (from bytecode: no source is read)."""
    seen: dict[str, Any] = {}
    code = function.__code__
    names = sorted(set(code.co_names) | set(code.co_freevars))

    def follow(dotted: str, value: Any) -> None:
        if isinstance(value, (types.FunctionType, bool, int, float)) or dotted.count(".") == DEEPEST_NAME:
            seen[dotted] = value
            return
        for attribute in names:
            child = getattr(value, attribute, None)
            if child is not None:
                follow(f"{dotted}.{attribute}", child)

    for name in names:
        try:
            follow(name, _lookup(function, name))
        except (KeyError, AttributeError):
            continue
    return seen.items()


def fingerprint(functions: Iterable[types.FunctionType]) -> str:
    """A hash of the bytecode, constants and annotations of functions and of all that they call, without reading any source."""
    digest = hashlib.sha256()
    done: set[types.FunctionType] = set()

    def add(function: types.FunctionType) -> None:
        if function in done:
            return
        done.add(function)
        code = function.__code__
        digest.update(repr((flat_name(function), code.co_varnames, code.co_argcount, code.co_names)).encode())
        digest.update(code.co_code)
        digest.update(repr([c for c in code.co_consts if not isinstance(c, types.CodeType)]).encode())
        digest.update(repr(sorted((k, str(v)) for k, v in function.__annotations__.items())).encode())
        digest.update(repr(function.__defaults__).encode())
        for name, value in references(function):
            if isinstance(value, types.FunctionType):
                add(value)
            elif isinstance(value, (bool, int, float)):
                digest.update(f"{name}={value!r}".encode())

    for function in functions:
        add(function)
    return digest.hexdigest()


class _Renamer(ast.NodeTransformer):
    """Replaces dotted global names by flat function names and by literals, and refuses what cannot be compiled."""

    def __init__(self, function: types.FunctionType, local: set[str], name_of: Callable[[types.FunctionType], str]) -> None:
        self.function = function
        self.local = local
        self.name_of = name_of
        self.called: list[types.FunctionType] = []

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        dotted = _dotted(node)
        if dotted is None or dotted.split(".")[0] in self.local:
            return self.generic_visit(node)
        return self._resolve(node, dotted)

    def visit_Name(self, node: ast.Name) -> ast.AST:
        if node.id in self.local or isinstance(node.ctx, ast.Store):
            self.local.add(node.id)
            return node
        return self._resolve(node, node.id)

    def _resolve(self, node: ast.expr, dotted: str) -> ast.expr:
        try:
            value = _lookup(self.function, dotted)
        except (KeyError, AttributeError) as error:
            raise KernelError(f"{self.function.__qualname__}: unknown name {dotted!r}") from error
        intrinsic = getattr(value, "__kernel_intrinsic__", None)
        if intrinsic is not None:
            return ast.copy_location(ast.Name(intrinsic, ast.Load()), node)
        if isinstance(value, types.FunctionType):
            self.called.append(value)
            return ast.copy_location(ast.Name(self.name_of(value), ast.Load()), node)
        if isinstance(value, (bool, int, float)):
            constant: ast.expr = ast.Constant(value)
            if isinstance(value, float) and not math.isfinite(value):
                constant = ast.parse(f"math.{'nan' if math.isnan(value) else 'inf'}", mode="eval").body
            return ast.copy_location(constant, node)
        if getattr(math, dotted.rsplit(".", 1)[-1], None) is value:
            return ast.copy_location(ast.parse(f"math.{dotted.rsplit('.', 1)[-1]}", mode="eval").body, node)
        if dotted in ALLOWED_BUILTINS:
            return node
        raise KernelError(
            f"{self.function.__qualname__}: {dotted!r} is a {type(value).__name__}; "
            "a kernel may use numbers, its arguments, math and other plain functions"
        )


def _locals_of(tree: ast.FunctionDef) -> set[str]:
    names = {argument.arg for argument in (*tree.args.posonlyargs, *tree.args.args, *tree.args.kwonlyargs)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            names.add(node.id)
    return names


@dataclass
class Collected:
    """A function and all that it calls, flattened: trees by flat name with callees first, and what is known of the top function's names."""

    trees: dict[str, ast.FunctionDef]
    top: str
    kinds: dict[str, Any]

    def text(self) -> str:
        """All functions as source text."""
        return "\n\n".join(function_text(tree) for tree in self.trees.values()) + "\n"


def collect(function: Callable[..., Any], *, narrow: bool) -> Collected:
    """Flatten a function and all of its callees. With `narrow`, arithmetic is kept in float32.

    Raises KernelError for what a kernel cannot hold (recursion, objects, other libraries).
    """
    trees: dict[str, ast.FunctionDef] = {}
    visiting: list[str] = []
    names: dict[types.FunctionType, str] = {}
    narrower = Narrower() if narrow else None

    def name_of(item: types.FunctionType) -> str:
        if item not in names:  # closures made by one factory share a name, not their constants
            plain = flat_name(item)
            taken = sum(name == plain or name.startswith(f"{plain}_of_") for name in names.values())
            names[item] = f"{plain}_of_{taken}" if taken else plain
        return names[item]

    def add(item: types.FunctionType) -> str:
        name = name_of(item)
        if name in visiting:
            raise KernelError(f"{item.__qualname__}: a kernel function may not call itself")
        if name in trees:
            return name
        visiting.append(name)
        tree = _parse(item)
        _refuse_syntax(item, tree)
        _refuse_edited(item, tree)
        tree.decorator_list = []
        renamer = _Renamer(item, _locals_of(tree), name_of)
        tree.body = [renamer.visit(statement) for statement in _without_docstring(tree.body)]
        tree.args.defaults = [renamer.visit(default) for default in tree.args.defaults]
        for callee in renamer.called:
            add(callee)
        tree.name = name
        if narrower is not None:
            narrower.narrow(tree)
        trees[name] = tree
        visiting.pop()
        return name

    top = add(_plain(function))
    return Collected(trees, top, narrower.kinds if narrower else {})


def _plain(function: Callable[..., Any]) -> types.FunctionType:
    if not isinstance(function, types.FunctionType):
        raise KernelError(f"{function!r} is not a plain Python function")
    return function


def _without_docstring(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0]
    if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
        return body[1:]
    return body


def function_text(tree: ast.FunctionDef) -> str:
    """One function as source text, compiled inline into its callers."""
    for argument in tree.args.args:
        argument.annotation = None
    tree.returns = None
    return "@inline\n" + ast.unparse(ast.fix_missing_locations(tree))


def returns_nothing(function: Callable[..., Any]) -> bool:
    """Whether no `return` of a function gives a value."""
    return not any(isinstance(node, ast.Return) and node.value is not None for node in ast.walk(_parse(_plain(function))))


def returned_count(function: Callable[..., Any]) -> int:
    """How many values a function returns: the length of the tuple in its `return`, 1 for a single value. KernelError when it varies."""
    counts = set()
    for node in ast.walk(_parse(_plain(function))):
        if isinstance(node, ast.Return):
            counts.add(len(node.value.elts) if isinstance(node.value, ast.Tuple) else 1)
    if len(counts) != 1:
        raise KernelError(f"{function.__qualname__}: every `return` must give the same number of values, written as a tuple")
    return counts.pop()
