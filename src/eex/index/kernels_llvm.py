"""Dot products of rows with a query, compiled by LLVM, which ask memory ahead.

There are two kernels: one for all rows, one after another, in the precision they are stored in, and
one for picked rows, wherever they lie, in float64.

On some processors (Intel's Emerald Rapids was measured) one row after another does not keep enough
reads under way: rows are awaited, then multiplied. Here the bytes some rows ahead are asked for
while a row is multiplied, which numkong's kernels do not do and Python cannot.

A kernel is compiled for the processor at hand when it is first asked for: some 0.05 s. Nothing is
kept on disk. llvmlite alone does that; numba, which would spare the text below, costs 50 MB
and a second.

Source:
    Prefetching by software: Callahan, Kennedy and Porterfield, Software Prefetching, ASPLOS (1991).
"""

from __future__ import annotations

import ctypes
from functools import cache
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
from llvmlite import binding

from eex.index.kernels_llvm_text import DOTS, FLOAT16, INT8, PICKED, REGROUPED, WIDEN

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

AHEAD = 8192
"""Bytes ahead of the row that is multiplied, which are asked for. Less does not hide the time that
memory takes, twice as many gained nothing; measured."""

LINE = 64
"""Bytes in a cache line."""

ROWS_AHEAD = 2
"""Picked rows ahead of the one that is multiplied, which are asked for; measured: 1 to 16 differ
little."""


class Dots(NamedTuple):
    """A compiled kernel for all rows and the formats that it takes."""

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
            query: Shape (dim,); for int8 rows integers of which `128 * dim` do not pass int32.
            out: Shape (n,), of the type `result`, contiguous.
        """
        asked = np.ascontiguousarray(query, self.asked)
        self.call(matrix.ctypes.data, asked.ctypes.data, out.ctypes.data, *matrix.shape)


class PickedDots(NamedTuple):
    """A compiled kernel for picked rows."""

    call: Callable[..., None]
    engine: Any
    """What holds the machine code; it must live as long as the kernel is called."""

    def __call__(
        self,
        matrix: NDArray[Any],
        rows: NDArray[np.int64],
        query: NDArray[np.float64],
        *,
        sign: float = 1.0,
        shift: float = 0.0,
    ) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Return dot products with the query, and squared lengths, without Python's lock.

        Args:
            matrix: Shape (N, dim), C-contiguous, neither size zero; may be read-only.
            rows: Shape (n,), each from 0 to N - 1.
            query: Shape (dim,).
            sign: For integers: the numbers are `stored * sign + shift`.
            shift: See `sign`.

        Returns:
            Two of shape (n,). Rows of equal numbers have equal results, to the last bit.
        """
        dots, squares = np.empty(rows.size), np.empty(rows.size)
        if rows.size:
            asked, picked = np.ascontiguousarray(query), np.ascontiguousarray(rows)
            where = [one.ctypes.data for one in (matrix, picked, asked, dots, squares)]
            self.call(*where, rows.size, matrix.shape[1], sign, shift)
        return dots, squares


def _compiled(text: str, name: str, kind: Any) -> tuple[Callable[..., None], Any]:  # noqa: ANN401
    """Return a function of this name and kind, and what keeps it alive."""
    machine = binding.Target.from_default_triple().create_target_machine(
        cpu=binding.get_host_cpu_name(),
        features=binding.get_host_cpu_features().flatten(),
        opt=3,
    )
    module = binding.parse_assembly(text)
    module.verify()
    tuning = binding.create_pipeline_tuning_options(speed_level=3)
    tuning.loop_vectorization = tuning.loop_unrolling = True
    passes = binding.create_pass_builder(machine, tuning)
    passes.getModulePassManager().run(module, passes)
    engine = binding.create_mcjit_compiler(module, machine)
    engine.finalize_object()
    return kind(engine.get_function_address(name)), engine


def _widens_halves() -> bool:
    features: dict[str, bool] = binding.get_host_cpu_features()
    return features.get("f16c", False) or features.get("fullfp16", False)


@cache
def dots(dtype: np.dtype[Any]) -> Dots | None:
    """Return the kernel for all rows of this type: float16, summed in float32, or int8, exactly.

    None for others, and for float16 where the processor does not widen it.
    """
    words, size = (INT8, 1) if dtype == np.int8 else (FLOAT16, 2)
    if dtype != np.int8 and not (dtype == np.float16 and dtype.isnative and _widens_halves()):
        return None
    text = DOTS.substitute(words, ahead=AHEAD // size, line=LINE // size)
    kind = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 3, *[ctypes.c_int64] * 2)
    call, engine = _compiled(text, "dot_rows", kind)
    asked, result = (np.int16, np.float64) if dtype == np.int8 else (np.float32, np.float32)
    return Dots(call, asked, result, engine)


@cache
def picked(dtype: np.dtype[Any]) -> PickedDots | None:
    """Return the kernel for picked rows of this type: float16, float32 or int8, in float64.

    None for others, and for float16 where the processor does not widen it.
    """
    if dtype not in WIDEN or (dtype == np.float16 and not _widens_halves()):
        return None
    stored, widen = WIDEN[dtype]
    text = PICKED.substitute(
        stored=stored,
        widen=widen,
        ahead=ROWS_AHEAD,
        line=LINE // dtype.itemsize,
        regrouped=REGROUPED,
    )
    sizes, numbers = [ctypes.c_int64] * 2, [ctypes.c_double] * 2
    kind = ctypes.CFUNCTYPE(None, *[ctypes.c_void_p] * 5, *sizes, *numbers)
    call, engine = _compiled(text, "picked_dots", kind)
    return PickedDots(call, engine)


binding.initialize_native_target()
binding.initialize_native_asmprinter()
