"""Queries for rows of int8, as integers: `steps[j] * numbers[j]`.

Rows are never widened, and their dot products with the numbers are exact integers. Numbers are
int16, to 1 in 14,000 or better. A kernel compiled with llvmlite takes those of one query as they
are. Others multiply int8 with int8: for them a number is `254 * coarse + fine`, which gives the
same integers from two products over one read of the rows. Where that is too dear, numbers are int8.
"""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.errors import ShapeError
from eex.index.kernels import compiled_dots, dot_many, is_run

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from eex.index.kernels import Rows

LARGEST = 127
"""Of the numbers that coarse and fine parts are made of."""

BASE = 2 * LARGEST
"""Of the coarse part, so that the fine one reaches half of it either way."""

LARGEST_SUM = 2**31 - 1
"""Of int32, in which products are summed."""

LONGEST_STORED = 128
"""Of the numbers of rows, either way."""

LONGEST = LARGEST_SUM // LONGEST_STORED**2
"""Numbers in a row whose squares can be summed so: 131,071."""

BLOCK_BYTES = 2**20
"""Bytes of rows that meet several queries, or both parts of one, while in cache; measured."""


def checked_length(dim: int) -> None:
    """Refuse rows of int8 so long that sums of their products pass int32.

    Raises:
        ShapeError: If they are longer than 131,071.
    """
    if dim > LONGEST:
        message = f"Rows of int8 may have {LONGEST:,} numbers, got {dim:,}."
        raise ShapeError(message, hint="Keep them as float16, and search them with 'exact'.")


class IntegerQueries:
    """Queries of length 1 as integers."""

    def __init__(self, units: NDArray[np.float64], *, narrow: bool = False) -> None:
        """Take queries, shape (m, dim), none zero; `narrow` makes int8 of them, to 1 in 127.

        Raises:
            ShapeError: If they are longer than 131,071.
        """
        checked_length(units.shape[1])
        most = min(BASE * LARGEST + LARGEST, LARGEST_SUM // (LONGEST_STORED * units.shape[1]))
        most = LARGEST if narrow else most
        self.steps: NDArray[np.float64] = np.abs(units).max(axis=1, initial=0.0) / most
        """Shape (m,)."""
        numbers = np.rint(units / self.steps[:, None])
        left = units - self.steps[:, None] * numbers
        self.numbers: NDArray[np.int8 | np.int16] = numbers.astype(np.int8 if narrow else np.int16)
        """Shape (m, dim)."""
        self.lost: NDArray[np.float64] = np.sqrt(np.einsum("ij,ij->i", left, left))
        """Shape (m,): the length of what the numbers leave of each."""

    def __len__(self) -> int:
        """Return how many queries there are."""
        return len(self.numbers)

    @cached_property
    def parts(self) -> NDArray[np.int8]:
        """Shape (2 m, dim): the coarse parts of all, then the fine ones."""
        coarse = np.clip(np.rint(self.numbers / BASE), -LARGEST, LARGEST)
        return np.concatenate([coarse, self.numbers - BASE * coarse]).astype(np.int8)

    def dots(self, rows: Rows, lines: Sequence[NDArray[np.float64]]) -> None:
        """Write `rows[i] @ numbers[j]`, an integer, to `lines[j][i]`, on this thread.

        Args:
            rows: Shape (n, dim), int8.
            lines: One for each query, shape (n,), contiguous.
        """
        kernel = compiled_dots(rows.dtype) if len(self) == 1 and is_run(rows) else None
        if kernel is not None:
            kernel(rows, self.numbers[0], lines[0])
            return
        step = max(1, BLOCK_BYTES // rows.shape[1])
        for low in range(0, len(rows), step):
            self._by_int8(rows[low : low + step], [line[low : low + step] for line in lines])

    def _by_int8(self, block: Rows, lines: Sequence[NDArray[np.float64]]) -> None:
        if self.numbers.dtype == np.int8:
            dot_many(block, self.numbers, lines)
            return
        both: NDArray[Any] = np.empty((2 * len(self), len(block)), np.float64)
        dot_many(block, self.parts, list(both))
        for j, line in enumerate(lines):
            np.add(BASE * both[j], both[len(self) + j], out=line)
