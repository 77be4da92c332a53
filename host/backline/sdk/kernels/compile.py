"""Compile a kernel's text to machine code: an object file in memory.

This module knows numba and LLVM. It is imported only when there is something new to compile: numba costs 0.2 s to import. It does not
know plugins or where objects are kept.
"""

# ruff: noqa: ARG001 - numba hands its generators more than they need

from __future__ import annotations

import math
from typing import Any

import llvmlite.binding as llvm
import numba
import numpy as np
from llvmlite import ir
from numba import carray, types
from numba.core import cgutils
from numba.core.errors import NumbaError
from numba.extending import intrinsic as numba_intrinsic

from .loader import UNUSED, in_every_process
from .source import KernelError

FAST = {"reassoc", "contract", "nsz"}  # and no more: NaN and Inf checks must survive
# A loop over the lanes must reach the vectorizer as a loop: unrolled before, it would become scalar code.
llvm.set_option("backline", "-unroll-full-max-count=8")
SIGNATURE = types.void(types.CPointer(types.int64), types.int64, types.int64)


def _pointer(scalar: Any) -> Any:
    @numba_intrinsic
    def at(typing_context: Any, address: Any) -> Any:
        signature = types.CPointer(scalar)(types.intp)

        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            return builder.inttoptr(arguments[0], context.get_value_type(signature.return_type))

        return signature, generate

    return at


_f32_pointer, _f64_pointer = _pointer(types.float32), _pointer(types.float64)
_i64_pointer, _u32_pointer = _pointer(types.int64), _pointer(types.uint32)


@numba_intrinsic
def floor(typing_context: Any, x: Any) -> Any:
    """llvm.floor, which stays a float of the same width."""
    kind = x if isinstance(x, types.Float) else types.float64

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        value = context.cast(builder, arguments[0], signature.args[0], kind)
        return builder.call(builder.module.declare_intrinsic("llvm.floor", [value.type]), [value])

    return kind(x), generate


@numba_intrinsic
def power_of_two(typing_context: Any, exponent: Any) -> Any:
    """2 to a whole exponent, by writing the exponent bits of a float."""
    kind = exponent if isinstance(exponent, types.Float) else types.float64
    bits, bias, shift = (32, 127, 23) if kind is types.float32 else (64, 1023, 52)

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        whole = ir.IntType(bits)
        value = context.cast(builder, arguments[0], signature.args[0], kind)
        number = builder.add(builder.fptosi(value, whole), ir.Constant(whole, bias))
        return builder.bitcast(builder.shl(number, ir.Constant(whole, shift)), value.type)

    return kind(exponent), generate


@numba_intrinsic
def choose(typing_context: Any, test: Any, yes: Any, no: Any) -> Any:
    """One of two float32 values, by a truth value."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values = [context.cast(builder, arguments[k], signature.args[k], types.float32) for k in (1, 2)]
        return builder.select(context.cast(builder, arguments[0], signature.args[0], types.boolean), *values)

    return types.float32(test, yes, no), generate


def _extreme(comparison: str) -> Any:
    @numba_intrinsic
    def extreme(typing_context: Any, first: Any, second: Any) -> Any:
        def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
            values = [context.cast(builder, arguments[k], signature.args[k], types.float32) for k in (0, 1)]
            return builder.select(builder.fcmp_ordered(comparison, values[1], values[0]), values[1], values[0])

        return types.float32(first, second), generate

    return extreme


smaller, larger = _extreme("<"), _extreme(">")  # min and max of two float32 as Python has them, without a branch


@numba_intrinsic
def above_zero(typing_context: Any, x: Any) -> Any:
    """Whether a float32 is above 0, found by its bits: for numbers, not for NaN."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        whole = ir.IntType(32)
        return builder.icmp_signed(">", builder.bitcast(arguments[0], whole), ir.Constant(whole, 0))

    return types.boolean(types.float32), generate


@numba_intrinsic
def signed(typing_context: Any, size: Any, sign: Any) -> Any:
    """A float with the sign of another."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        values = [context.cast(builder, arguments[k], signature.args[k], signature.return_type) for k in (0, 1)]
        kind = values[0].type
        return builder.call(builder.module.declare_intrinsic("llvm.copysign", [kind], ir.FunctionType(kind, [kind, kind])), values)

    return (types.float32 if size is types.float32 else types.float64)(size, sign), generate


def _whole(context: Any, builder: Any, value: Any, kind: Any) -> Any:
    """A whole number kept as a float, as an integer. What is below 0 or not a number becomes large when taken without sign."""
    return builder.fptosi(context.cast(builder, value, kind, types.float32), ir.IntType(32))


def _at_most(builder: Any, index: Any, last: Any) -> Any:
    return builder.select(builder.icmp_unsigned("<", index, last), index, last)


@numba_intrinsic
def tap_start(typing_context: Any, values: Any, page: Any, offset: Any) -> Any:
    """Where the eight taps begin, in the bits of a float32; see `dsp.tap_start`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        whole = ir.IntType(32)
        table = context.make_array(signature.args[0])(context, builder, arguments[0])
        high, low = (_whole(context, builder, arguments[k], signature.args[k]) for k in (1, 2))
        last = builder.sub(builder.trunc(table.nitems, whole), whole(8))
        return builder.bitcast(_at_most(builder, builder.add(builder.shl(high, whole(6)), low), last), ir.FloatType())

    return types.float32(values, page, offset), generate


@numba_intrinsic
def tap_row(typing_context: Any, place: Any) -> Any:
    """Which row of weights, in the bits of a float32; see `dsp.tap_row`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        row = _at_most(builder, _whole(context, builder, arguments[0], signature.args[0]), ir.IntType(32)(255))
        return builder.bitcast(row, ir.FloatType())

    return types.float32(place), generate


@numba_intrinsic
def tap_part(typing_context: Any, place: Any, row: Any) -> Any:
    """How far between two rows of weights."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        number = builder.sitofp(builder.bitcast(arguments[1], ir.IntType(32)), ir.FloatType())
        return builder.fsub(context.cast(builder, arguments[0], signature.args[0], types.float32), number)

    return types.float32(place, types.float32), generate


@numba_intrinsic
def eight_taps(typing_context: Any, values: Any, weights: Any, start: Any, row: Any, part: Any) -> Any:
    """Eight neighbours of a table times eight weights, summed; see `dsp.eight_taps`. One lane's eight taps fill a register."""
    eight, four = (ir.VectorType(ir.FloatType(), count) for count in (8, 4))
    flags = ("contract", "reassoc", "nsz")

    def halves(builder: Any, vector: Any, kind: Any, count: int) -> Any:
        low, high = (ir.Constant(ir.VectorType(ir.IntType(32), count), [first + k for k in range(count)]) for first in (0, count))
        empty = ir.Constant(kind, ir.Undefined)
        return builder.fadd(builder.shuffle_vector(vector, empty, low), builder.shuffle_vector(vector, empty, high))

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        tables = [context.make_array(signature.args[k])(context, builder, arguments[k]) for k in (0, 1)]
        places = [builder.zext(builder.bitcast(arguments[k], ir.IntType(32)), ir.IntType(64)) for k in (2, 3)]

        def load(table: Any, index: Any) -> Any:
            return builder.load(builder.bitcast(builder.gep(table.data, [index]), eight.as_pointer()), align=4)

        first = builder.shl(places[1], ir.IntType(64)(4))
        taps, weight, slope = load(tables[0], places[0]), load(tables[1], first), load(tables[1], builder.add(first, ir.IntType(64)(8)))
        empty = ir.Constant(eight, ir.Undefined)
        parts = builder.insert_element(empty, arguments[4], ir.IntType(32)(0))
        parts = builder.shuffle_vector(parts, empty, ir.Constant(ir.VectorType(ir.IntType(32), 8), [0] * 8))
        weight = builder.fadd(weight, builder.fmul(parts, slope, flags), flags)
        sums = halves(builder, halves(builder, builder.fmul(taps, weight, flags), eight, 4), four, 2)
        return builder.fadd(*(builder.extract_element(sums, ir.IntType(32)(k)) for k in (0, 1)))

    return types.float32(values, weights, types.float32, types.float32, types.float32), generate


@numba_intrinsic
def larger_bits(typing_context: Any, first: Any, second: Any) -> Any:
    """The larger of two float32 of which the first is not negative, found by their bits; see `dsp.highest`."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        whole = ir.IntType(32)
        values = [builder.bitcast(context.cast(builder, arguments[k], signature.args[k], types.float32), whole) for k in (0, 1)]
        return builder.bitcast(builder.select(builder.icmp_signed(">", values[1], values[0]), values[1], values[0]), ir.FloatType())

    return types.float32(first, second), generate


@numba_intrinsic
def f32_peek(typing_context: Any, address: Any, index: Any) -> Any:
    """Element `index` (from 0 on) of a float32 array at an address."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        pointer = builder.inttoptr(arguments[0], ir.FloatType().as_pointer())
        return builder.load(builder.gep(pointer, [arguments[1]]))

    return types.float32(types.int64, types.int64), generate


@numba_intrinsic
def phase_turn(typing_context: Any, phase: Any) -> Any:
    """A 32-bit phase, kept in the bits of a float32 lane, as a float32 in [0, 1): its upper 24 bits."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        whole = builder.bitcast(arguments[0], ir.IntType(32))
        number = builder.sitofp(builder.lshr(whole, ir.Constant(ir.IntType(32), 8)), ir.FloatType())
        return builder.fmul(number, ir.Constant(ir.FloatType(), 2.0**-24))

    return types.float32(types.float32), generate


@numba_intrinsic
def phase_moved(typing_context: Any, phase: Any, step: Any) -> Any:
    """A 32-bit phase, in the bits of a float32, moved on by a float32 step in turns (-0.5 < step < 0.5); it wraps by itself."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        scaled = builder.fmul(arguments[1], ir.Constant(ir.FloatType(), 2.0**32))
        moved = builder.add(builder.bitcast(arguments[0], ir.IntType(32)), builder.fptosi(scaled, ir.IntType(32)))
        return builder.bitcast(moved, ir.FloatType())

    return types.float32(types.float32, types.float32), generate


def namespace() -> dict[str, Any]:
    """The names a kernel's text may use besides its own functions."""
    inline = numba.njit(forceinline=True, nogil=True, fastmath=FAST, error_model="numpy")

    @inline
    def f32_at(address: Any, length: Any) -> Any:
        return carray(_f32_pointer(address), (length,))

    @inline
    def f32_rows(address: Any, rows: Any, length: Any) -> Any:
        return carray(_f32_pointer(address), (rows, length))

    @inline
    def f64_rows(address: Any, rows: Any, length: Any) -> Any:
        return carray(_f64_pointer(address), (rows, length))

    @inline
    def f64_at(address: Any, length: Any) -> Any:
        return carray(_f64_pointer(address), (length,))

    @inline
    def i64_at(address: Any, length: Any) -> Any:
        return carray(_i64_pointer(address), (length,))

    @inline
    def u32_at(address: Any, length: Any) -> Any:
        return carray(_u32_pointer(address), (length,))

    return {
        "above_zero": above_zero,
        "choose": choose,
        "eight_taps": eight_taps,
        "tap_part": tap_part,
        "tap_row": tap_row,
        "tap_start": tap_start,
        "signed": signed,
        "larger": larger,
        "larger_bits": larger_bits,
        "smaller": smaller,
        "f32_peek": f32_peek,
        "phase_turn": phase_turn,
        "phase_moved": phase_moved,
        "u32_at": u32_at,
        "inline": inline,
        "f4": np.float32,
        "f8": np.float64,
        "math": math,
        "floor": floor,
        "power_of_two": power_of_two,
        "f32_at": f32_at,
        "f32_rows": f32_rows,
        "f64_rows": f64_rows,
        "f64_at": f64_at,
        "i64_at": i64_at,
    }


def host_machine() -> Any:
    """A target machine for position-independent objects for this processor."""
    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=llvm.get_host_cpu_features().flatten(), opt=3, reloc="pic", codemodel="small"
    )


def compile_text(text: str) -> tuple[bytes, str]:
    """Compile a text that defines `kernel(context, start, end)`; return (object file, name of its entry point)."""
    names = namespace()
    exec(compile(text, "<backline kernel>", "exec"), names)  # noqa: S102 - our own generated text
    try:
        entry = numba.cfunc(SIGNATURE, nopython=True, nogil=True, fastmath=FAST, error_model="numpy")(_wrapped(names))
    except NumbaError as error:
        raise KernelError(f"the kernel cannot be compiled: {_first_cause(error)}") from error
    module = llvm.parse_assembly(str(entry._library._final_module))
    _refuse_helpers(module)
    return bytes(host_machine().emit_object(module)), entry.native_name


def _first_cause(error: NumbaError) -> str:
    """The line of numba's long message that says what is wrong."""
    lines = [line.strip() for line in str(error).splitlines()]
    return next((line for line in lines if line and not line.startswith("Failed in nopython")), lines[0])


def _refuse_helpers(module: Any) -> None:
    """KernelError when code needs functions that only numba has in memory: without numba it would jump into nothing."""
    missing = []
    for function in module.functions:
        name = function.name
        if function.is_declaration and not name.startswith("llvm.") and name not in UNUSED and not in_every_process(name):
            missing.append(name)
    if missing:
        raise KernelError(f"a kernel cannot call {', '.join(sorted(missing))}: use arithmetic, dsp and the common functions of math")


def _wrapped(names: dict[str, Any]) -> Any:
    body = names["inline"](names["kernel"])

    def entry(context: Any, start: int, end: int) -> None:
        body(carray(context, (64,)), start, end)

    return entry


assert cgutils  # numba's code generation helpers must be loaded before the first intrinsic is used
