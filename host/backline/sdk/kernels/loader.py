"""Load kernel objects into the process through llvmlite alone, and run lists of kernels as one native call.

This module knows machine code in memory and the uniform kernel signature. It does not know numba, plugins or files.
"""

from __future__ import annotations

import ctypes
import os
from typing import Any

# Error paths that a kernel without allocation and with error_model="numpy" never takes still name these.
UNUSED = (
    "NRT_Free",
    "NRT_MemInfo_call_dtor",
    "NRT_decref",
    "NRT_incref",
    "numba_do_raise",
    "numba_gil_ensure",
    "numba_gil_release",
    "numba_runtime_build_excinfo_struct",
    "numba_unpickle",
)

# Denormals are flushed to zero while kernels run: the caller's own floating-point mode is restored afterwards.
_X86_MODE = """
declare void @llvm.x86.sse.stmxcsr(i8*)
declare void @llvm.x86.sse.ldmxcsr(i8*)
define i32 @enter() alwaysinline {
  %p = alloca i32
  %c = bitcast i32* %p to i8*
  call void @llvm.x86.sse.stmxcsr(i8* %c)
  %old = load i32, i32* %p
  %new = or i32 %old, 32832
  store i32 %new, i32* %p
  call void @llvm.x86.sse.ldmxcsr(i8* %c)
  ret i32 %old
}
define void @leave(i32 %old) alwaysinline {
  %p = alloca i32
  store i32 %old, i32* %p
  %c = bitcast i32* %p to i8*
  call void @llvm.x86.sse.ldmxcsr(i8* %c)
  ret void
}
"""
_ARM_MODE = """
declare i64 @llvm.aarch64.get.fpcr()
declare void @llvm.aarch64.set.fpcr(i64)
define i32 @enter() alwaysinline {
  %old = call i64 @llvm.aarch64.get.fpcr()
  %new = or i64 %old, 16777216
  call void @llvm.aarch64.set.fpcr(i64 %new)
  %small = trunc i64 %old to i32
  ret i32 %small
}
define void @leave(i32 %old) alwaysinline {
  %wide = zext i32 %old to i64
  call void @llvm.aarch64.set.fpcr(i64 %wide)
  ret void
}
"""
_OTHER_MODE = """
define i32 @enter() alwaysinline { ret i32 0 }
define void @leave(i32 %old) alwaysinline { ret void }
"""
# The table holds pairs (kernel address, context address).
_RUN = """
define void @backline_run(i64* %table, i64 %count, i64 %start, i64 %end) {
entry:
  %mode = call i32 @enter()
  %any = icmp sgt i64 %count, 0
  br i1 %any, label %loop, label %done
loop:
  %k = phi i64 [ 0, %entry ], [ %next, %loop ]
  %at = shl i64 %k, 1
  %slot = getelementptr i64, i64* %table, i64 %at
  %address = load i64, i64* %slot
  %slot2 = getelementptr i64, i64* %slot, i64 1
  %context = load i64, i64* %slot2
  %kernel = inttoptr i64 %address to void (i64*, i64, i64)*
  %pointer = inttoptr i64 %context to i64*
  call void %kernel(i64* %pointer, i64 %start, i64 %end)
  %next = add i64 %k, 1
  %more = icmp slt i64 %next, %count
  br i1 %more, label %loop, label %done
done:
  call void @leave(i32 %mode)
  ret void
}
"""


def in_every_process(name: str) -> bool:
    """Whether a C function is there without loading anything: the C and maths libraries that Python itself stands on."""
    library = ctypes.CDLL("ucrtbase") if os.name == "nt" else ctypes.CDLL(None)
    return hasattr(library, name)


class _Machine:
    """The process-wide LLVM state: made at the first kernel, kept for ever (code must not move while sound runs)."""

    def __init__(self) -> None:
        import llvmlite.binding as llvm

        llvm.initialize_native_target()
        llvm.initialize_native_asmprinter()
        self.llvm = llvm
        self.engines: list[Any] = []
        self.nothing = ctypes.CFUNCTYPE(None)(lambda: None)
        address = ctypes.cast(self.nothing, ctypes.c_void_p).value
        for name in UNUSED:
            llvm.add_symbol(name, address)
        self.run = self._runner()

    def _engine(self, text: str) -> Any:
        machine = self.llvm.Target.from_default_triple().create_target_machine(jit=True, opt=2)
        module = self.llvm.parse_assembly(text)
        engine = self.llvm.create_mcjit_compiler(module, machine)
        self.engines.append(engine)
        return engine

    def _runner(self) -> Any:
        triple = self.llvm.get_process_triple()
        mode = _X86_MODE if triple.startswith(("x86_64", "i686")) else _ARM_MODE if triple.startswith(("aarch64", "arm64")) else _OTHER_MODE
        engine = self._engine(mode + _RUN)
        engine.finalize_object()
        # cffi calls in two thirds of the time of ctypes, and lets go of the GIL as well. Its compiled part alone is enough.
        from _cffi_backend import FFI

        return FFI().cast("void(*)(intptr_t, intptr_t, intptr_t, intptr_t)", engine.get_function_address("backline_run"))

    def load(self, machine_code: bytes, name: str) -> int:
        engine = self._engine("")
        engine.add_object_file(self.llvm.ObjectFileRef.from_data(machine_code))
        engine.finalize_object()
        address = int(engine.get_function_address(name))
        if address == 0:
            raise ValueError(f"the kernel object has no function {name}")
        return address


_machine: _Machine | None = None


def machine() -> _Machine:
    """The process-wide loader, made at first use (30 ms: llvmlite)."""
    global _machine
    if _machine is None:
        _machine = _Machine()
    return _machine


def load(machine_code: bytes, name: str) -> int:
    """Link an object file into the process; return the address of its function `name`. ValueError when it has none."""
    return machine().load(machine_code, name)


def runner() -> Any:
    """Return `run(table address, count, start, end)`: calls each (kernel, context) pair of a table in order, denormals off."""
    return machine().run
