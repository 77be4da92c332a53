"""From plain functions to one self-contained text: what is found, what is refused, and what counts for a kernel's key."""

from __future__ import annotations

import math
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from backline import sdk
from backline.sdk import Effect, KernelError, dsp
from backline.sdk.kernels.source import collect, fingerprint, returned_count

LEVEL = 0.25
TABLE = [1.0, 2.0]


class Setting:
    DEPTH = 3.0


def scaled(factor: float) -> Callable[[float], float]:
    def scale(x: float) -> float:
        return x * factor

    return scale


double, triple = scaled(2.0), scaled(3.0)


def limited(x: float, low: float = -LEVEL, high: float = LEVEL) -> float:
    return min(max(x, low), high)


def called_by_name(x: float) -> float:
    return limited(x, high=0.125)


def two_closures(x: float) -> float:
    return double(x) + triple(x)


def long_names(x: float) -> float:
    return sdk.dsp.clip(x, -Setting.DEPTH, math.pi)


def through_dsp(x: float) -> float:
    return dsp.tanh_fast(x) + dsp.soft_clip(x)


def run(function: Callable[..., Any], *given: float, narrow: bool = False) -> float:
    """Execute the generated text as ordinary Python."""
    collected = collect(function, narrow=narrow)
    names: dict[str, Any] = {"inline": lambda function: function, "math": math, "f4": np.float32, "f8": np.float64}
    names |= {"floor": math.floor, "power_of_two": lambda whole: 2.0**whole, "smaller": min, "larger": max}
    exec(collected.text(), names)
    return float(names[collected.top](*given))


@pytest.mark.parametrize("function", [limited, called_by_name, two_closures, long_names, through_dsp])
@pytest.mark.parametrize("narrow", [False, True])
def test_the_text_computes_what_the_function_computes(function: Callable[..., float], narrow: bool) -> None:
    for x in (-5.0, -0.2, 0.0, 0.1, 0.3, 4.0):
        assert run(function, np.float32(x) if narrow else x, narrow=narrow) == pytest.approx(function(x), abs=1e-6 if narrow else 0.0)


def test_closures_of_one_factory_stay_apart() -> None:
    assert run(two_closures, 1.0) == 5.0


def test_callees_come_before_their_callers() -> None:
    names = list(collect(long_names, narrow=False).trees)
    assert names == ["backline_sdk_dsp_scalar_clip", collect(long_names, narrow=False).top]


def test_constants_are_written_into_the_text() -> None:
    text = collect(long_names, narrow=False).text()
    assert "3.0" in text
    assert repr(math.pi) in text
    assert "Setting" not in text


def test_endless_constants_survive() -> None:
    endless, nothing = math.inf, math.nan

    def most(x: float) -> float:
        return min(x, endless) + (0.0 if x == x else nothing)

    assert run(most, 3.0) == 3.0


# -- refusals ----------------------------------------------------------------------------------------------------------------------


def itself(x: float) -> float:
    return itself(x)


def each_other(x: float) -> float:
    return and_back(x)


def and_back(x: float) -> float:
    return each_other(x)


def a_list(x: float) -> float:
    return [x, 2.0][0]


def a_global_list(x: float) -> float:
    return x * TABLE[0]


def a_dictionary(x: float) -> float:
    return {1: x}[1]


def a_text(x: float) -> float:
    return x if x > 0 else float("1")


def a_format(x: float) -> float:
    return float(f"{x}")


def a_comprehension(x: float) -> float:
    return max(value for value in (x, 1.0))


def an_inner_function(x: float) -> float:
    def inner(y: float) -> float:
        return y

    return inner(x)


def a_lambda(x: float) -> float:
    return (lambda y: y)(x)  # noqa: PLC3002


def a_try(x: float) -> float:
    try:
        return x
    finally:
        x = 0.0


def an_assertion(x: float) -> float:
    assert x > 0
    return x


def a_raise(x: float) -> float:
    if x < 0:
        raise ArithmeticError
    return x


def another_library(x: float) -> float:
    return float(np.sin(x))


def an_unknown_name(x: float) -> float:
    return x * nowhere  # type: ignore[name-defined]  # noqa: F821


def a_print(x: float) -> float:
    print(x)
    return x


def a_star(*x: float) -> float:
    return x[0]


def calls_a_star(x: float) -> float:
    return a_star(x)


def calls_keyword_only(x: float) -> float:
    return keyword_only(x, y=1.0)


def keyword_only(x: float, *, y: float) -> float:
    return x * y


REFUSED = [
    (itself, "itself: a kernel function may not call itself"),
    (each_other, "each_other: a kernel function may not call itself"),
    (a_list, "`[x, 2.0]` cannot be part of a kernel"),
    (a_global_list, "'TABLE' is a list"),
    (a_dictionary, "`{1: x}` cannot be part of a kernel"),
    (a_text, "`'1'` cannot be part of a kernel"),
    (a_format, "cannot be part of a kernel"),
    (a_comprehension, "cannot be part of a kernel"),
    (an_inner_function, "`def inner(y: float) -> float:` cannot be part of a kernel"),
    (a_lambda, "cannot be part of a kernel"),
    (a_try, "`try:` cannot be part of a kernel"),
    (an_assertion, "`assert x > 0` cannot be part of a kernel"),
    (a_raise, "`raise ArithmeticError` cannot be part of a kernel"),
    (another_library, "'np.sin' is a ufunc"),
    (an_unknown_name, "unknown name 'nowhere'"),
    (a_print, "unknown name 'print'"),
    (a_star, "plain arguments only"),
    (calls_a_star, "a_star: a kernel function has plain arguments only"),
    (calls_keyword_only, "keyword_only: a kernel function has plain arguments only"),
    (len, "is not a plain Python function"),
    (eval("lambda x: x"), "cannot be read"),
]


@pytest.mark.parametrize(("function", "text"), REFUSED, ids=[getattr(function, "__name__", "") for function, _ in REFUSED])
def test_what_a_kernel_cannot_hold_is_refused_with_its_name(function: Callable[..., Any], text: str) -> None:
    with pytest.raises(KernelError) as caught:
        collect(function, narrow=False)
    assert text in str(caught.value)


def test_the_line_is_named() -> None:
    line = a_list.__code__.co_firstlineno + 1
    with pytest.raises(KernelError, match=f"a_list, line {line}:"):
        collect(a_list, narrow=False)


def needs_numba(x: float) -> float:
    return math.gamma(x + 2.0)


def mixed(x: float) -> float:
    y = 1.0 if x > 0 else (1.0, 2.0)
    return y  # type: ignore[return-value]  # noqa: RET504


@pytest.mark.parametrize(("function", "text"), [(needs_numba, "a kernel cannot call numba_gamma"), (mixed, "Cannot unify")])
def test_what_only_the_compiler_can_see_is_refused_too(function: types.FunctionType, text: str) -> None:
    class Refused(Effect):
        sample = function

    with pytest.raises(KernelError, match=text):
        Refused()


@pytest.mark.parametrize(
    ("written", "text"),
    [
        (lambda x: x, "plain `def`"),
        (a_star, "'x' must be a plain name without a default"),
        (limited, "'low' must be a plain name without a default"),
    ],
)
def test_a_sample_function_is_a_plain_def(written: types.FunctionType, text: str) -> None:
    with pytest.raises(KernelError, match=text):

        class Refused(Effect):
            sample = written


def test_an_argument_without_meaning_is_named() -> None:
    class Refused(Effect):
        def sample(x, wobble):
            return x * wobble

    with pytest.raises(KernelError, match="'wobble' is neither a parameter, a state"):
        Refused()


def test_results_must_fit() -> None:
    with pytest.raises(KernelError, match="one or two samples"):

        class Refused(Effect):
            def sample(x):
                return x, x, x

    def varying(x: float) -> Any:
        if x > 0:
            return x
        return x, x

    with pytest.raises(KernelError, match="same number of values"):
        returned_count(varying)


# -- keys --------------------------------------------------------------------------------------------------------------------------


def edited(text: str, **names: Any) -> types.FunctionType:
    """A function of this module, as if its author had written `text`."""
    space: dict[str, Any] = {"__name__": __name__, "math": math, "sdk": sdk, **names}
    exec(text, space)
    function = space["sample"]
    assert isinstance(function, types.FunctionType)
    return function


ORIGINAL = "def sample(x):\n    return x * 2.0 + LEVEL\n"


def test_the_same_function_has_the_same_key() -> None:
    assert fingerprint([edited(ORIGINAL, LEVEL=1.0)]) == fingerprint([edited(ORIGINAL, LEVEL=1.0)])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (edited(ORIGINAL, LEVEL=1.0), edited(ORIGINAL, LEVEL=1.5)),
        (edited(ORIGINAL, LEVEL=1.0), edited(ORIGINAL.replace("2.0", "2.5"), LEVEL=1.0)),
        (edited(ORIGINAL, LEVEL=1.0), edited(ORIGINAL.replace("*", "/"), LEVEL=1.0)),
        (edited(ORIGINAL, LEVEL=1.0), edited(ORIGINAL, LEVEL=1)),
        (edited("def sample(x, y=1.0):\n    return x * y\n"), edited("def sample(x, y=2.0):\n    return x * y\n")),
        (edited("def sample(x: 'Precise'):\n    return x\n"), edited("def sample(x: 'float'):\n    return x\n")),
        (edited("def sample(x):\n    return f(x)\n", f=double), edited("def sample(x):\n    return f(x)\n", f=triple)),
        (edited("def sample(x):\n    return f(x)\n", f=double), edited("def sample(x):\n    return f(x)\n", f=limited)),
    ],
    ids=["constant", "literal", "operator", "kind of constant", "default", "annotation", "closure", "callee"],
)
def test_every_edit_gives_another_key(one: types.FunctionType, other: types.FunctionType) -> None:
    assert fingerprint([one]) != fingerprint([other])


def test_edits_behind_several_dots_count(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint([long_names])
    monkeypatch.setattr(Setting, "DEPTH", 4.0)
    constant = fingerprint([long_names])
    assert constant != before
    monkeypatch.setattr(dsp, "clip", limited)
    assert fingerprint([long_names]) not in (before, constant)


def test_a_callee_of_a_callee_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    before = fingerprint([called_by_name])
    monkeypatch.setattr(limited, "__defaults__", (-1.0, 1.0))
    assert fingerprint([called_by_name]) != before
