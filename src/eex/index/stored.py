"""Rows as they are stored: how they meet a query, and how far rounding the query can move a score.

Floats are multiplied with a query rounded to their own format. Integers with a scale and an offset
are never widened: the query becomes two int8 vectors, coarse and fine, whose dot products with the
rows are exact integers; what both leave of the query is known and goes into the bound.
"""

from __future__ import annotations

from threading import Lock
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np

from eex.errors import ShapeError
from eex.index.kernels import dot_many, dot_rows, widened

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from eex.index.kernels import Rows

    Lines = Sequence[NDArray[np.float32]]

UNIT_ROUNDOFF = 2.0**-24
"""Of float32, in which the kernels sum."""

FLOAT64_ROUNDOFF = 2.0**-50
"""Of a few operations in float64."""

LARGEST = 127
"""Of the numbers that a query's coarse and fine parts are made of."""

CANCELLED = 2.0**-20
"""Share of its terms below which a squared length is summed again from decoded numbers."""

BLOCK_BYTES = 2**20
"""Bytes of integer rows that meet both parts of a query while they are in cache; measured."""


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

    def asked(self, units: NDArray[np.float64]) -> Asked:
        """Return the queries as coarse and fine integers."""
        return Asked(units)

    def dots(self, rows: Rows, asked: Asked, lines: Lines) -> None:
        """See `Stored.dots`; the numbers are exact but for the rounding of the query."""
        shifts = self._shift * asked.sums
        step = max(1, BLOCK_BYTES // rows.shape[1])
        for low in range(0, len(rows), step):
            block = rows[low : low + step]
            both = np.empty((2, len(shifts), len(block)), np.float64)
            if len(shifts) > 1:
                parts = np.concatenate([asked.coarse, asked.fine])
                dot_many(block, parts, list(both.reshape(2 * len(shifts), -1)))
            else:
                dot_rows(block, asked.coarse[0], both[0, 0])
                dot_rows(block, asked.fine[0], both[1, 0])
            both *= self._sign * asked.steps.T[:, :, None]
            for j, line in enumerate(lines):
                line[low : low + step] = both[0, j] + both[1, j] + shifts[j]

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
        for low in range(0, near.size, BLOCK_BYTES // rows.shape[1] + 1):
            some = near[low : low + BLOCK_BYTES // rows.shape[1] + 1]
            wide = self.wide(rows[some])
            squares[some] = np.einsum("ij,ij->i", wide, wide)
        with np.errstate(all="ignore"):
            stretch = np.sqrt(plain / squares)
        most = float(stretch[np.isfinite(stretch)].max(initial=1.0))
        with self._lock:
            self._stretch = max(self._stretch, most)
        return squares

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
        lost = stretch * self.asked(unit[None]).lost(unit)
        return lost + 4 * UNIT_ROUNDOFF * (1 + lost) + FLOAT64_ROUNDOFF * (1 + 2 * stretch)


class Asked:
    """Queries as int8: `coarse * steps[:, 0] + fine * steps[:, 1]`, to about 1 in 32,000."""

    def __init__(self, units: NDArray[np.float64]) -> None:
        """Take queries of length 1, shape (m, dim)."""
        first = np.abs(units).max(axis=1, initial=0.0, keepdims=True) / LARGEST
        coarse = np.rint(units / first)
        second = first / (2 * LARGEST)
        fine = np.clip(np.rint((units - first * coarse) / second), -LARGEST, LARGEST)
        self.coarse, self.fine = coarse.astype(np.int8), fine.astype(np.int8)
        self.steps = np.hstack([first, second])
        self.sums = units.sum(axis=1)

    def lost(self, unit: NDArray[np.float64]) -> float:
        """Return the length of what the first query lost."""
        parts: Sequence[NDArray[np.float64]] = (
            self.steps[0, 0] * self.coarse[0].astype(np.float64),
            self.steps[0, 1] * self.fine[0].astype(np.float64),
        )
        return float(np.linalg.norm(unit - parts[0] - parts[1]))
