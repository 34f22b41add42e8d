"""Dot products of many rows with a query, in the precision the rows are stored in.

numkong does the arithmetic (one SIMD kernel per processor, picked when it runs): float16 rows are
multiplied and summed in float32, float32 and float64 rows in float64, int8 rows in int32, exactly.
What it refuses, numpy does: another byte order, columns that are not adjacent, no numkong at all.
Where llvmlite is installed, kernels compiled with it multiply float16 and int8 rows with one query,
and picked rows exactly (`eex.index.kernels_llvm`).
All may be called from several threads at once; none holds Python's lock while it works.

Two things that numkong does not check are checked here: the size of `out`, and that it may be
written.
"""

from __future__ import annotations

import os
from collections import deque
from concurrent.futures import ThreadPoolExecutor, wait
from contextvars import copy_context
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.errors import ShapeError
from eex.stopping import check_stopped

try:
    import numkong
except ImportError:  # no wheel for this processor: slower, never wrong
    numkong = None  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from types import ModuleType

    from numpy.typing import NDArray

    from eex.index.kernels_llvm import Dots, PickedDots

    Rows = NDArray[Any]  # float16, float32, float64 or int8

SLICE_BYTES = 4 * 2**20
"""Fewest bytes of rows handed to a thread at a time: some 200 microseconds' work, beside which the
cost of a call is small."""

SLICE_BYTES_MOST = 64 * 2**20
"""Most bytes of rows handed to a thread at a time, so that a search that should stop does so within
some 10 milliseconds."""

PACKED_FROM = 3
"""Queries from which numkong's packed kernel is quicker than one after another; measured."""

PACKED_BYTES = 2**20
"""Bytes of rows that meet several queries at a time, so that what they make stays in cache."""

NUMPY_BYTES = 256 * 2**10
"""Bytes of rows that the numpy kernel widens at a time, so that the copy stays in cache."""


def dot_rows(matrix: Rows, query: Rows, out: NDArray[np.float32] | NDArray[np.float64]) -> None:
    """Write `matrix[i] @ query` to `out[i]` for every row, on this thread.

    Args:
        matrix: Shape (n, dim); may be memory-mapped, read-only, or any view of an array.
        query: Shape (dim,), of the same type; or shape (n, dim): each row with its own.
        out: Shape (n,), contiguous.

    Raises:
        ShapeError: If shapes or types do not go together, or `out` cannot be written.
    """
    fits = query.shape in (matrix.shape, matrix.shape[1:]) and query.dtype == matrix.dtype
    if not fits or out.shape != matrix.shape[:1] or not out.flags.c_contiguous:
        message = f"Cannot write {matrix.shape} times {query.shape} to {out.shape}."
        raise ShapeError(message, hint="Give rows and query one type, and a contiguous result.")
    if not out.flags.writeable:
        message = "The result cannot be written."
        raise ShapeError(message, hint="Give an array that can be.")
    compiled = compiled_dots(matrix.dtype) if query.ndim == 1 and is_run(matrix) else None
    if compiled is not None and out.dtype == compiled.result:
        compiled(matrix, query, out)
    elif numkong is not None and _plain(matrix) and _plain(query):
        numkong.dot(matrix, query, out=out)
    else:
        _numpy_dot_rows(matrix, query, out)


def dot_many(matrix: Rows, queries: Rows, lines: Sequence[NDArray[Any]]) -> None:
    """Write `matrix[i] @ queries[j]` to `lines[j][i]`, on this thread, reading the rows once.

    Args:
        matrix: Shape (n, dim).
        queries: Shape (m, dim), of the same type, contiguous.
        lines: One for each query, shape (n,), float32 or float64.
    """
    packed = queries.shape[0] >= PACKED_FROM and numkong is not None and matrix.strides[0] > 0
    if not (packed and _plain(matrix) and _plain(queries)):
        for query, line in zip(queries, lines, strict=True):
            dot_rows(matrix, query, line)
        return
    kept = numkong.dots_pack(queries)
    step = max(1, PACKED_BYTES // (matrix.shape[1] * matrix.itemsize))
    for low in range(0, matrix.shape[0], step):
        made = np.asarray(numkong.dots_packed(matrix[low : low + step], kept))
        with np.errstate(over="ignore"):  # of rows too long to rank
            for j, line in enumerate(lines):
                line[low : low + step] = made[:, j]


@cache
def compiler() -> ModuleType | None:
    """Return `eex.index.kernels_llvm`; nothing without llvmlite, or where it cannot make code.

    The first call of a process compiles the kernel that most sets need: some 0.05 s.
    """
    try:
        from eex.index import kernels_llvm

        kernels_llvm.dots(np.dtype(np.float16)) or kernels_llvm.dots(np.dtype(np.int8))
    except (ImportError, OSError, RuntimeError):
        return None
    return kernels_llvm


def compiled_dots(dtype: np.dtype[Any]) -> Dots | None:
    """Return the kernel for all rows of this type, one after another; the first call compiles."""
    made = compiler() if dtype.itemsize <= 2 else None  # noqa: PLR2004
    return None if made is None else made.dots(dtype)


def compiled_picked(dtype: np.dtype[Any]) -> PickedDots | None:
    """Return the kernel for picked rows of this type, in float64; the first call compiles."""
    made = compiler()
    return None if made is None else made.picked(dtype)


def kernel_of_halves() -> str:
    """Return which library multiplies float16 rows with one query: llvmlite, numkong or numpy."""
    if compiled_dots(np.dtype(np.float16)) is not None:
        return "llvmlite"
    return "numpy" if numkong is None else "numkong"


def widened(rows: Rows) -> NDArray[np.float64]:
    """Return rows of any type as float64, the same numbers."""
    if rows.dtype == np.float16 and _plain(rows) and hasattr(numkong, "astype"):
        single: NDArray[np.float32] = np.asarray(numkong.astype(rows, "float32"))
        return single.astype(np.float64)  # in two steps, of which numpy's is the quicker one
    return rows.astype(np.float64)


def over_rows(work: Callable[[int, int], None], size: int, *, row_bytes: int, threads: int) -> None:
    """Call `work(low, high)` for slices that cover `size` rows, on up to `threads` threads.

    The calling thread takes part, so a busy pool delays nobody. Slices are taken as threads become
    free, large ones first, so a slow core delays little. The first error stops the rest and is
    raised. `work` sees the context variables of the caller.

    Raises:
        CancelledError: If the search should stop (`eex.stopping`); asked before each slice.

    Source:
        Guided self-scheduling: Polychronopoulos and Kuck, IEEE Trans. Computers C-36 (1987).
    """
    least, most = (max(1, n // max(1, row_bytes)) for n in (SLICE_BYTES, SLICE_BYTES_MOST))
    slices = deque(_slices(size, least, most, threads))

    def take() -> None:
        while True:
            try:
                low, high = slices.popleft()
            except IndexError:
                return
            try:
                check_stopped()
                work(low, high)
            except BaseException:
                slices.clear()
                raise

    helpers = min(threads, len(slices)) - 1
    futures = [_pool(threads).submit(copy_context().run, take) for _ in range(helpers)]
    try:
        take()
    finally:
        for future in futures:
            future.cancel()
        wait(futures)  # nobody writes any more when this returns
    for future in futures:
        if not future.cancelled():
            future.result()


def _slices(size: int, least: int, most: int, threads: int) -> Iterator[tuple[int, int]]:
    low = 0
    while low < size:
        high = min(size, low + min(most, max(least, (size - low) // (4 * threads))))
        yield low, high
        low = high


def _plain(array: Rows) -> bool:
    """Whether numkong takes the array: native, not empty, columns adjacent."""
    return array.dtype.isnative and array.size > 0 and array.strides[-1] == array.itemsize


def is_run(matrix: Rows) -> bool:
    """Whether all numbers lie one after another."""
    return matrix.size > 0 and matrix.flags.c_contiguous


def _numpy_dot_rows(matrix: Rows, query: Rows, out: NDArray[np.float32 | np.float64]) -> None:
    narrow = out.dtype == np.float32 and matrix.dtype.itemsize <= 4  # noqa: PLR2004
    wide = np.float32 if narrow else np.float64
    step = max(1, NUMPY_BYTES // max(1, matrix.shape[1] * matrix.itemsize))
    for low in range(0, matrix.shape[0], step):
        with np.errstate(all="ignore"):  # damaged rows give NaN, which is what they should
            block: NDArray[Any] = matrix[low : low + step].astype(wide)
            if query.ndim == 1:
                out[low : low + step] = block @ query.astype(wide)
            else:
                pairs: NDArray[Any] = query[low : low + step].astype(wide)
                out[low : low + step] = (block * pairs).sum(axis=1)


@cache
def _pool(threads: int) -> ThreadPoolExecutor:
    return ThreadPoolExecutor(max(1, threads - 1), thread_name_prefix="eex-scan")


if hasattr(os, "register_at_fork"):  # threads do not survive a fork: the child makes its own
    os.register_at_fork(after_in_child=_pool.cache_clear)
