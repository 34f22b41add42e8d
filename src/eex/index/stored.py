"""Rows as they are stored: how they meet a query, and how far rounding the query can move a score.

Floats are multiplied with a query rounded to their own format. Integers with a scale and an offset
are never widened: the query becomes integers (`eex.index.integer_queries`), whose dot products with
the rows are exact; what these leave of the query is known and goes into the bound.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from eex.errors import ShapeError
from eex.index.integer_queries import IntegerQueries
from eex.index.kernels import compiled_picked, dot_many, dot_rows, is_run, widened

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    from eex.index.kernels import Rows
    from eex.index.kernels_llvm import PickedDots

    Lines = Sequence[NDArray[np.float32]]

UNIT_ROUNDOFF = 2.0**-24
"""Of float32, in which the kernels sum."""

FLOAT64_ROUNDOFF = 2.0**-50
"""Of a few operations in float64."""

CANCELLED = 2.0**-20
"""Share of its terms below which a squared length is summed again from decoded numbers."""

BLOCK_BYTES = 8 * 2**20
"""Bytes of integer rows at a time: what is made of them stays in cache, and what Python does
between two blocks, which only one thread may do at a time, is little beside them; measured."""

AGAIN_BYTES = 2**20
"""Bytes of integer rows of which squared lengths are summed again at a time."""

EXACT_BYTES = 2 * 2**20
"""Bytes of float64 rows multiplied at a time, by each thread: fewer wait longer for Python's lock
than they compute; measured."""

Exact = tuple["NDArray[np.float64]", "NDArray[np.float64]"]
"""Dot products of rows with a query, and their squared lengths."""


class Stored(Protocol):
    """One way of storing rows. `units` are queries of length 1, float64, shape (m, dim)."""

    def asked(self, units: NDArray[np.float64]) -> Any:  # noqa: ANN401
        """Return queries as the rows need them."""
        ...

    def dots(self, rows: Rows, asked: Any, lines: Lines) -> None:  # noqa: ANN401
        """Write the dot product of each row with each query to the query's line, shape (n,)."""
        ...

    def squares(self, rows: Rows) -> NDArray[np.float64]:
        """Return the squared length of each row, in the measure of `dots`."""
        ...

    def has_kernel(self, vectors: Rows) -> bool:
        """Return whether `exact` is compiled, and so nearly as quick as `dots` of picked rows."""
        ...

    def exact(self, vectors: Rows, rows: NDArray[np.int64], unit: NDArray[np.float64]) -> Exact:
        """Return dot products and squared lengths of some rows in float64, in that measure.

        Rows of equal numbers have equal results. `unit` is one query, shape (dim,).
        """
        ...

    def wide(self, rows: Rows) -> NDArray[np.float64]:
        """Return rows as float64, in the measure of `dots`."""
        ...

    def bound(self, unit: NDArray[np.float64]) -> float:
        """Return the largest |score - cosine| that rounding can make, for one query."""
        ...


class FloatRows:
    """Rows of float16, float32 or float64, as they are."""

    def __init__(self, dtype: np.dtype[Any]) -> None:
        """Take the number format of the rows."""
        self._dtype = dtype

    def asked(self, units: NDArray[np.float64]) -> Rows:
        """Return the queries in the format of the rows."""
        return units.astype(self._dtype)

    def dots(self, rows: Rows, asked: Rows, lines: Lines) -> None:
        """See `Stored.dots`."""
        if len(asked) == 1:
            dot_rows(rows, asked[0], lines[0])
        else:
            dot_many(rows, asked, lines)

    def squares(self, rows: Rows) -> NDArray[np.float64]:
        """See `Stored.squares`."""
        squares = np.empty(len(rows), np.float64)
        dot_rows(rows, rows, squares)
        return squares

    def has_kernel(self, vectors: Rows) -> bool:
        """See `Stored.has_kernel`."""
        return _kernel(vectors) is not None

    def exact(self, vectors: Rows, rows: NDArray[np.int64], unit: NDArray[np.float64]) -> Exact:
        """See `Stored.exact`."""
        kernel = _kernel(vectors)
        if kernel is not None:
            return kernel(vectors, rows, unit)
        return _exact(vectors, rows, unit, self.wide)

    def wide(self, rows: Rows) -> NDArray[np.float64]:
        """See `Stored.wide`."""
        return widened(rows)

    def bound(self, unit: NDArray[np.float64]) -> float:
        """Return the largest |score - cosine| that rounding can make, over all rows.

        Rounding the query moves a cosine by at most the length of what is lost (Cauchy-Schwarz).
        A float32 sum of d products is off by at most d u / (1 - d u) of the product of lengths
        (Higham, Accuracy and Stability of Numerical Algorithms, 2nd ed., eq. 3.5), in the dot
        product as in the squared length; four more roundings take part.
        """
        lost = float(np.linalg.norm(unit - unit.astype(self._dtype).astype(np.float64)))
        summing = unit.size * UNIT_ROUNDOFF / (1 - unit.size * UNIT_ROUNDOFF)
        return lost + (2 * summing + 4 * UNIT_ROUNDOFF) * (1 + lost)


class IntegerRows:
    """Rows of int8; their numbers are `stored * scale + offset`.

    Cosines do not change when all numbers are divided by |scale|, so the measure here is
    `sign * stored + shift`.
    """

    def __init__(self, scale: float, offset: float) -> None:
        """Take what makes numbers of the integers.

        Raises:
            ShapeError: If scale or offset make no numbers that differ.
        """
        if not (np.isfinite(scale) and np.isfinite(offset)) or scale == 0:
            message = f"Rows cannot be stored with scale {scale} and offset {offset}."
            raise ShapeError(message, hint="Give a scale that is not zero, and an offset.")
        self._sign = 1 if scale > 0 else -1
        self._shift = offset / abs(scale)
        self._stretch, self._lock = 1.0, Lock()

    def asked(self, units: NDArray[np.float64]) -> tuple[IntegerQueries, NDArray[np.float64]]:
        """Return the queries as integers, and the sums of their numbers, shape (m,)."""
        return IntegerQueries(units), units.sum(axis=1)

    def dots(
        self, rows: Rows, asked: tuple[IntegerQueries, NDArray[np.float64]], lines: Lines
    ) -> None:
        """See `Stored.dots`; the numbers are exact but for the rounding of the query."""
        queries, sums = asked
        step = max(1, BLOCK_BYTES // max(rows.shape[1], 8 * len(queries)))
        for low in range(0, len(rows), step):
            block = slice(low, min(low + step, len(rows)))
            made = np.empty((len(queries), block.stop - low), np.float64)
            queries.dots(rows[block], list(made))
            made *= self._sign * queries.steps[:, None]
            made += self._shift * sums[:, None]
            for line, one in zip(lines, made, strict=True):
                line[block] = one

    def squares(self, rows: Rows) -> NDArray[np.float64]:
        """See `Stored.squares`; notes how much longer stored rows are than their numbers."""
        plain = np.empty(len(rows), np.float64)
        dot_rows(rows, rows, plain)
        if not self._shift:
            return plain
        sums = np.empty(len(rows), np.float64)
        dot_rows(rows, np.ones(rows.shape[1], np.int8), sums)
        constant = self._shift**2 * rows.shape[1]
        squares = plain + 2 * self._sign * self._shift * sums + constant
        near = np.flatnonzero(squares < CANCELLED * (plain + constant))
        step = AGAIN_BYTES // rows.shape[1] + 1
        for low in range(0, near.size, step):
            some = near[low : low + step]
            wide = self.wide(rows[some])
            squares[some] = np.einsum("ij,ij->i", wide, wide)
        with np.errstate(all="ignore"):
            stretch = np.sqrt(plain / squares)
        most = float(stretch[np.isfinite(stretch)].max(initial=1.0))
        with self._lock:
            self._stretch = max(self._stretch, most)
        return squares

    def has_kernel(self, vectors: Rows) -> bool:
        """See `Stored.has_kernel`."""
        return _kernel(vectors) is not None

    def exact(self, vectors: Rows, rows: NDArray[np.int64], unit: NDArray[np.float64]) -> Exact:
        """See `Stored.exact`."""
        kernel = _kernel(vectors)
        if kernel is not None:
            return kernel(vectors, rows, unit, sign=self._sign, shift=self._shift)
        return _exact(vectors, rows, unit, self.wide)

    def wide(self, rows: Rows) -> NDArray[np.float64]:
        """See `Stored.wide`."""
        return self._sign * rows.astype(np.float64) + self._shift

    def bound(self, unit: NDArray[np.float64]) -> float:
        """Return the largest |score - cosine| that rounding can make; after `squares` of all rows.

        What the query lost meets the stored integers, which can be longer than the numbers that
        they mean, by at most the largest stretch. The integers are summed exactly, the terms are
        joined in float64, and four roundings to float32 take part.
        """
        stretch = self._stretch
        lost = stretch * float(IntegerQueries(unit[None]).lost[0])
        return lost + 4 * UNIT_ROUNDOFF * (1 + lost) + FLOAT64_ROUNDOFF * (1 + 2 * stretch)


def _kernel(vectors: Rows) -> PickedDots | None:
    return compiled_picked(vectors.dtype) if is_run(vectors) else None


def _exact(
    vectors: Rows,
    rows: NDArray[np.int64],
    unit: NDArray[np.float64],
    wide: Callable[[Rows], NDArray[np.float64]],
) -> Exact:
    """Return dot products and squared lengths of rows that `wide` makes float64."""
    dots, squares = np.empty(rows.size), np.empty(rows.size)
    step = max(1, EXACT_BYTES // (8 * vectors.shape[1]))
    for low in range(0, rows.size, step):
        part = slice(low, low + step)
        with np.errstate(all="ignore"):  # rows without direction
            some = wide(vectors[rows[part]])
            dots[part] = np.einsum("ij,j->i", some, unit)
            squares[part] = np.einsum("ij,ij->i", some, some)
    return dots, squares
