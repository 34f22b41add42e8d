"""Near-identical tiles among the best: the first stands for the others, which form its group.

Tiles repeat where one place was taken at several dates, where tiles overlap, and where nothing is
to be seen (open water, sand). Their vectors are nearly the same.

Source:
    Leader clustering, one pass in the order of rank: J. A. Hartigan, "Clustering Algorithms",
    Wiley 1975, chapter 3.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from eex.errors import BadQueryError
from eex.stopping import check_stopped

ROUNDING = 1e-6
"""How far a cosine of two unit vectors in float32 may be from the true one."""

BLOCK = 1_024
"""Rows, and leaders, that are multiplied with each other at a time: 4 MB of products."""

Vectors = Callable[[NDArray[np.int64]], NDArray[np.float32]]
"""Rows -> their unit vectors, shape (n, dim)."""


class Repeats:
    """Groups rows; it remembers the groups, so that more rows can follow."""

    def __init__(self, vectors: Vectors, *, threshold: float) -> None:
        """Take what gives vectors, and when two of them are one.

        Args:
            vectors: Of the set.
            threshold: Cosine from which on a row repeats another, above 0 and at most 1; compared
                to within `ROUNDING`.

        Raises:
            BadQueryError: If the threshold is not above 0 and at most 1.
        """
        if not 0 < threshold <= 1:
            message = f"Repeats are told by a cosine above 0 and at most 1, got {threshold:g}."
            raise BadQueryError(message, hint="Try 0.98.")
        self.multiplications = 0
        """How much was computed so far."""
        self._vectors = vectors
        self._least = np.float32(threshold - ROUNDING)
        self._rows: list[int] = []
        self._groups: dict[int, list[int]] = {}
        self._blocks: list[NDArray[np.float32]] = []

    def group(self, leader: int) -> NDArray[np.int64]:
        """Return the rows that repeat a leader, best first; empty if there are none."""
        return np.array(self._groups.get(leader, ()), np.int64)

    def take(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        """Return those of `rows`, best first, that repeat none before; put others into groups.

        A row that is like several leaders joins the best of them.
        """
        leaders = [self._take(rows[low : low + BLOCK]) for low in range(0, len(rows), BLOCK)]
        return np.concatenate([rows[:0], *leaders])

    def _take(self, rows: NDArray[np.int64]) -> NDArray[np.int64]:
        check_stopped()
        vectors = self._vectors(rows)
        owner = self._known(vectors)
        new = self._led(rows, vectors, owner)
        self._keep(vectors[new])
        for row, at in zip(rows.tolist(), owner.tolist(), strict=True):
            if self._rows[at] != row:
                self._groups.setdefault(self._rows[at], []).append(row)
        return rows[new]

    def _known(self, vectors: NDArray[np.float32]) -> NDArray[np.int64]:
        """Return which of the leaders so far each row repeats, as its position; -1 for none."""
        owner = np.full(len(vectors), -1, np.int64)
        first = 0
        for block in self._blocks:
            free = np.flatnonzero(owner < 0)
            like = block @ vectors[free].T >= self._least
            self.multiplications += block.size * free.size
            owner[free] = np.where(like.any(axis=0), first + like.argmax(axis=0), -1)
            first += len(block)
        return owner

    def _led(
        self, rows: NDArray[np.int64], vectors: NDArray[np.float32], owner: NDArray[np.int64]
    ) -> NDArray[np.intp]:
        """Make leaders of rows that repeat none; fill `owner`; return the leaders' positions."""
        free = np.flatnonzero(owner < 0)
        like = vectors[free] @ vectors[free].T >= self._least
        self.multiplications += free.size * free.size * vectors.shape[1]
        new = []
        for i, position in enumerate(free.tolist()):
            if owner[position] >= 0:
                continue
            owner[position] = len(self._rows)
            later = free[i + 1 :][like[i, i + 1 :]]
            owner[later[owner[later] < 0]] = len(self._rows)
            self._rows.append(int(rows[position]))
            new.append(position)
        return np.array(new, np.intp)

    def _keep(self, vectors: NDArray[np.float32]) -> None:
        """Keep the vectors of new leaders, in blocks neither small nor copied again and again."""
        if self._blocks and len(self._blocks[-1]) + len(vectors) <= BLOCK:
            vectors = np.concatenate([self._blocks.pop(), vectors])
        if len(vectors):
            self._blocks.append(vectors)
