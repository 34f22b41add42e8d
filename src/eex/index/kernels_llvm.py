"""Dot products of rows with a query, compiled by LLVM, which ask memory ahead.

On some processors (Intel's Emerald Rapids was measured) one row after another does not keep enough
reads under way: rows are awaited, then multiplied. Here the bytes some rows ahead are asked for
while a row is multiplied, which numkong's kernels do not do and Python cannot.

Importing this module compiles for the processor at hand: some 0.1 s and 7 MB. Nothing is kept on
disk. llvmlite alone does that; numba, which would spare the text below, costs 50 MB and a second.

Source:
    Prefetching by software: Callahan, Kennedy and Porterfield, Software Prefetching, ASPLOS (1991).
    LLVM Language Reference: `llvm.prefetch`, `fpext`, `sext`, fast-math flags, attributes.
"""

from __future__ import annotations

import ctypes
from string import Template
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from llvmlite import binding

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

AHEAD = 8192
"""Bytes ahead of the row that is multiplied, which are asked for. Less does not hide the time that
memory takes, twice as many gained nothing; measured."""

LINE = 64
"""Bytes in a cache line."""

KERNEL = Template("""
; out[i] = sum over j of rows[i * dim + j] * query[j], for i < n; n and dim are at least 1.
define void @dot_rows(ptr noalias %rows, ptr noalias %query, ptr noalias %out, i64 %n, i64 %dim)
    "prefer-vector-width"="512" {
start:
  br label %row

row:
  %i = phi i64 [0, %start], [%next_i, %done]
  %first = mul i64 %i, %dim
  %this = getelementptr $stored, ptr %rows, i64 %first
  br label %ask

ask:                              ; beyond the end this does nothing
  %line = phi i64 [0, %row], [%next_line, %ask]
  %far = add i64 %line, $ahead
  %there = getelementptr $stored, ptr %this, i64 %far
  call void @llvm.prefetch.p0(ptr %there, i32 0, i32 3, i32 1)
  %next_line = add i64 %line, $line
  %more_lines = icmp ult i64 %next_line, %dim
  br i1 %more_lines, label %ask, label %multiply

multiply:
  %j = phi i64 [0, %ask], [%next_j, %multiply]
  %sum = phi $summed [$zero, %ask], [%next_sum, %multiply]
  %number_at = getelementptr inbounds $stored, ptr %this, i64 %j
  %number = load $stored, ptr %number_at
  %number_wide = $widen $stored %number to $summed
  %asked_at = getelementptr inbounds $asked, ptr %query, i64 %j
  %asked = load $asked, ptr %asked_at
  %asked_wide = $widen_asked $asked %asked to $summed
  %product = $multiply $summed %number_wide, %asked_wide
  %next_sum = $add $summed %sum, %product
  %next_j = add nuw i64 %j, 1
  %more = icmp ult i64 %next_j, %dim
  br i1 %more, label %multiply, label %done

done:
  %result = $finish $summed %next_sum to $result
  %out_at = getelementptr inbounds $result, ptr %out, i64 %i
  store $result %result, ptr %out_at
  %next_i = add nuw i64 %i, 1
  %more_rows = icmp ult i64 %next_i, %n
  br i1 %more_rows, label %row, label %end

end:
  ret void
}

declare void @llvm.prefetch.p0(ptr, i32, i32, i32)
""")
"""In LLVM's language."""

REGROUPED = "reassoc contract nsz"
"""Sums of floats may be taken side by side; NaN and infinity stay what they are."""

FUNCTION = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3, *[ctypes.c_int64] * 2)


FLOAT16 = {
    "stored": "half",
    "asked": "float",
    "summed": "float",
    "result": "float",
    "zero": "0.0",
    "widen": "fpext",
    "widen_asked": "bitcast",
    "multiply": f"fmul {REGROUPED}",
    "add": f"fadd {REGROUPED}",
    "finish": "bitcast",
}
INT8 = {
    "stored": "i8",
    "asked": "i16",
    "summed": "i32",
    "result": "double",
    "zero": "0",
    "widen": "sext",
    "widen_asked": "sext",
    "multiply": "mul nsw",
    "add": "add nsw",
    "finish": "sitofp",
}
"""What stands in the kernel for rows of this format."""


class Kernel(NamedTuple):
    """A compiled kernel and the formats that it takes."""

    call: Callable[..., None]
    asked: type[np.generic]
    """Of the query."""
    result: type[np.generic]
    """Of `out`."""
    engine: Any
    """What holds the machine code; it must live as long as the kernel is called."""

    def __call__(self, matrix: NDArray[Any], query: NDArray[Any], out: NDArray[Any]) -> None:
        """Write `matrix[i] @ query` to `out[i]` for every row, without Python's lock.

        Args:
            matrix: Shape (n, dim), C-contiguous, neither size zero; may be read-only.
            query: Shape (dim,), of the same type.
            out: Shape (n,), of the type `result`, contiguous.
        """
        asked = np.ascontiguousarray(query, self.asked)
        self.call(matrix.ctypes.data, asked.ctypes.data, out.ctypes.data, *matrix.shape)


def _compiled(words: dict[str, str], size: int) -> tuple[Callable[..., None], Any]:
    """Return the kernel for rows of numbers of `size` bytes, and what keeps it alive."""
    machine = binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(),
        features=binding.get_host_cpu_features().flatten(),
        opt=3,
    )
    module = binding.parse_assembly(
        KERNEL.substitute(words, ahead=AHEAD // size, line=LINE // size)
    )
    module.verify()
    tuning = binding.create_pipeline_tuning_options(speed_level=3)
    tuning.loop_vectorization = tuning.loop_unrolling = True
    passes = binding.create_pass_builder(machine, tuning)
    passes.getModulePassManager().run(module, passes)
    engine = binding.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    return FUNCTION(engine.get_function_address("dot_rows")), engine


def _kernels() -> dict[np.dtype[Any], Kernel]:
    """Return a kernel for each format of rows; float16 only where the processor widens it."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    features: dict[str, bool] = binding.get_host_cpu_features()
    call, engine = _compiled(INT8, 1)
    made: dict[np.dtype[Any], Kernel] = {}
    made[np.dtype(np.int8)] = Kernel(call, np.int16, np.float64, engine)
    if features.get("f16c", False) or features.get("fullfp16", False):
        call, engine = _compiled(FLOAT16, 2)
        made[np.dtype(np.float16)] = Kernel(call, np.float32, np.float32, engine)
    return made


KERNELS = _kernels()
"""By the type of the rows: float16 is summed in float32, int8 in int32, exactly."""
