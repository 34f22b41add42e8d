"""The dot product of float16 rows with a query, compiled by LLVM, which asks memory ahead.

On some processors (Intel's Emerald Rapids was measured) one row after another does not keep enough
reads under way: rows are awaited, then multiplied. Here the bytes some rows ahead are asked for
while a row is multiplied, which numkong's kernel does not do and Python cannot.

Importing this module compiles for the processor at hand: some 0.1 s and 10 MB. Nothing is kept on
disk. llvmlite alone does that; numba, which would spare the text below, costs 50 MB and a second.

Source:
    Prefetching by software: Callahan, Kennedy and Porterfield, Software Prefetching, ASPLOS (1991).
    LLVM Language Reference, `llvm.prefetch`, `fpext` and fast-math flags.
"""

from __future__ import annotations

import ctypes
from typing import TYPE_CHECKING, Any

import numpy as np
from llvmlite import binding

if TYPE_CHECKING:
    from numpy.typing import NDArray

AHEAD = 4096
"""Numbers ahead of the one that is multiplied, which are asked for: 8 KiB. Less does not hide the
time that memory takes, twice as many gained nothing; measured."""

LINE = 32
"""Numbers in a cache line of 64 bytes."""

KERNEL = """
; out[i] = sum over j of rows[i * dim + j] * query[j], for i < n; n and dim are at least 1.
; `reassoc` lets sums be taken side by side; NaN and infinity stay what they are.
define void @dot_rows(ptr noalias %rows, ptr noalias %query, ptr noalias %out, i64 %n, i64 %dim) {
start:
  br label %row

row:
  %i = phi i64 [0, %start], [%next_i, %done]
  %first = mul i64 %i, %dim
  %this = getelementptr half, ptr %rows, i64 %first
  br label %ask

ask:                              ; beyond the end this does nothing
  %line = phi i64 [0, %row], [%next_line, %ask]
  %far = add i64 %line, {AHEAD}
  %there = getelementptr half, ptr %this, i64 %far
  call void @llvm.prefetch.p0(ptr %there, i32 0, i32 3, i32 1)
  %next_line = add i64 %line, {LINE}
  %more_lines = icmp ult i64 %next_line, %dim
  br i1 %more_lines, label %ask, label %multiply

multiply:
  %j = phi i64 [0, %ask], [%next_j, %multiply]
  %sum = phi float [0.0, %ask], [%next_sum, %multiply]
  %at = getelementptr inbounds half, ptr %this, i64 %j
  %half = load half, ptr %at
  %number = fpext half %half to float
  %asked_at = getelementptr inbounds float, ptr %query, i64 %j
  %asked = load float, ptr %asked_at
  %product = fmul reassoc contract nsz float %number, %asked
  %next_sum = fadd reassoc contract nsz float %sum, %product
  %next_j = add nuw i64 %j, 1
  %more = icmp ult i64 %next_j, %dim
  br i1 %more, label %multiply, label %done

done:
  %out_at = getelementptr inbounds float, ptr %out, i64 %i
  store float %next_sum, ptr %out_at
  %next_i = add nuw i64 %i, 1
  %more_rows = icmp ult i64 %next_i, %n
  br i1 %more_rows, label %row, label %end

end:
  ret void
}

declare void @llvm.prefetch.p0(ptr, i32, i32, i32)
""".replace("{AHEAD}", str(AHEAD)).replace("{LINE}", str(LINE))
"""In LLVM's language."""

CALL = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3, *[ctypes.c_int64] * 2)


def can_widen() -> bool:
    """Whether this processor turns float16 into float32 by itself."""
    features: dict[str, bool] = binding.get_host_cpu_features()
    return features.get("f16c", False) or features.get("fullfp16", False)


def _engine() -> Any:  # noqa: ANN401
    """Return what holds the compiled kernel; it must live as long as the kernel is called."""
    binding.initialize_native_target()
    binding.initialize_native_asmprinter()
    machine = binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(),
        features=binding.get_host_cpu_features().flatten(),
        opt=3,
    )
    module = binding.parse_assembly(KERNEL)
    module.verify()
    tuning = binding.create_pipeline_tuning_options(speed_level=3)
    tuning.loop_vectorization = tuning.loop_unrolling = True
    passes = binding.create_pass_builder(machine, tuning)
    passes.getModulePassManager().run(module, passes)
    engine = binding.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    return engine


ENGINE = _engine() if can_widen() else None
_dot_rows = CALL(ENGINE.get_function_address("dot_rows")) if ENGINE else None


def dot_half_rows(
    matrix: NDArray[np.float16], query: NDArray[np.float16], out: NDArray[np.float32]
) -> None:
    """Write `matrix[i] @ query` to `out[i]` for every row, summed in float32.

    Python's lock is released meanwhile.

    Args:
        matrix: Shape (n, dim), float16, C-contiguous, neither size zero; may be read-only.
        query: Shape (dim,), float16.
        out: Shape (n,), float32, contiguous.
    """
    assert _dot_rows is not None
    wide = query.astype(np.float32)
    _dot_rows(matrix.ctypes.data, wide.ctypes.data, out.ctypes.data, *matrix.shape)
