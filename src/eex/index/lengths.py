"""1 / length of every row: read once by the first query, or of few rows only while that is enough.

A row without direction (zero, NaN, infinite, or told to be invalid) has NaN.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from threading import Lock
from typing import TYPE_CHECKING

import numpy as np

from eex.index.kernels import over_rows
from eex.index.picking import Picking

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from eex.index.kernels import Rows
    from eex.index.stored import Stored

SHORTEST, LONGEST = 2.0**-60, 2.0**60
"""Lengths of vectors that have a direction; shorter ones count as zero, longer as not finite."""

GATHER_BYTES = 2**19
"""Bytes of rows gathered at a time, by each thread."""

UNKNOWN = -1.0
"""In place of 1 / length for rows that were not read yet."""


class Lengths:
    """1 / length of the rows of an index; safe to use from several threads."""

    def __init__(
        self,
        vectors: Rows,
        stored: Stored,
        *,
        valid: NDArray[np.bool_] | None,
        threads: int,
    ) -> None:
        """Take the rows; none is read.

        Args:
            vectors: Shape (N, dim).
            stored: How they are stored.
            valid: Shape (N,); rows that are False here never rank.
            threads: That read at once.
        """
        self._vectors: Rows = vectors.view(np.ndarray)
        self._stored, self._valid, self._threads = stored, valid, threads
        self._picking, self._all_read = Picking(vectors), False
        self._made: NDArray[np.float32] | None = None
        self._partly: NDArray[np.float32] | None = None
        self._taking = Lock()

    @property
    def known(self) -> bool:
        """Whether those of all rows are known, so that no row need be read for them."""
        return self._made is not None

    def given(self, inverse_lengths: NDArray[np.float32]) -> None:
        """Take them from who has them, shape (N,)."""
        self._made = inverse_lengths.view(np.ndarray)

    def picking(self) -> AbstractContextManager[None]:
        """Give a block in which rows are picked; all are at hand where all were just read."""
        return nullcontext() if self._all_read else self._picking

    def all(self) -> NDArray[np.float32]:
        """Return those of all rows, shape (N,); the first time, all are read."""
        with self._taking:  # of several first queries one reads the rows
            if self._made is None:
                made = np.empty(len(self._vectors), np.float32)

                def work(low: int, high: int) -> None:
                    made[low:high] = self._inverse(self._vectors[low:high], slice(low, high))

                self._over_rows(work, len(self._vectors))
                self._made, self._all_read, self._partly = made, True, None
            return self._made

    def at(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return those of few rows, of which the ones that are not known yet are read."""
        made = self._made
        if made is not None:
            return made[rows]
        partly = self._partly
        if partly is None:
            partly = self._partly = np.full(len(self._vectors), UNKNOWN, np.float32)
        unknown = rows[partly[rows] == UNKNOWN]
        step = max(1, GATHER_BYTES // (self._vectors.shape[1] * self._vectors.itemsize))

        def work(low: int, high: int) -> None:
            for start in range(low, high, step):
                some = unknown[start : min(start + step, high)]
                partly[some] = self._inverse(np.take(self._vectors, some, axis=0), some)

        with self.picking():
            self._over_rows(work, unknown.size)
        return partly[rows]

    def _inverse(self, some: Rows, rows: NDArray[np.int64] | slice) -> NDArray[np.float32]:
        squares = self._stored.squares(some)
        good = (squares >= SHORTEST**2) & (squares <= LONGEST**2)
        if self._valid is not None:
            good &= self._valid[rows]
        return (np.where(good, squares, np.nan) ** -0.5).astype(np.float32)

    def _over_rows(self, work: Callable[[int, int], None], size: int) -> None:
        row_bytes = self._vectors.shape[1] * self._vectors.itemsize
        over_rows(work, size, row_bytes=row_bytes, threads=self._threads)
