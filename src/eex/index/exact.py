"""The exact index: every row is read, and the answer is provably the right one.

One pass in the precision the rows are stored in gives every row's score to within a bound (the
query is rounded to that precision, sums are rounded). A row can be among the k best only if its
score is within twice the bound of the k-th best; those rows, a few hundred, are scored again in
float64. The vectors stay where they are: a memory-mapped file is read through the system's cache
and costs this process almost no memory of its own (one float32 for each row).
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.config import processors
from eex.errors import ShapeError
from eex.index.asked import checked_each, checked_k, checked_mask, checked_out, unit_row, unit_rows
from eex.index.base import Hits, Scan
from eex.index.kernels import over_rows
from eex.index.picking import Picking
from eex.index.stored import FloatRows, IntegerRows
from eex.index.topk import kth_highest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import ArrayLike, NDArray

    from eex.index.kernels import Rows
    from eex.index.stored import Stored

SHORTEST, LONGEST = 2.0**-60, 2.0**60
"""Lengths of vectors that have a direction; shorter ones count as zero, longer as not finite."""

GATHER_SHARE = 0.1
"""Below this share of rows, a masked search reads these rows only. Measured: gathering a row costs
about ten times what reading it in order does."""

GATHER_BYTES = 2**19
"""Bytes of rows gathered at a time, by each thread."""

BATCH_BYTES = 64 * 2**20
"""Bytes of scores held at a time when several queries are asked at once."""

UNKNOWN = -1.0
"""In place of 1 / length for rows that were not read yet."""

FLOATS = (np.float16, np.float32, np.float64)
"""Formats of rows beside int8."""


class ExactIndex:
    """Brute force over rows in memory or in a memory-mapped file."""

    def __init__(
        self,
        vectors: NDArray[Any],
        *,
        scale: float = 1.0,
        offset: float = 0.0,
        valid: NDArray[np.bool_] | None = None,
        threads: int | None = None,
        inverse_lengths: NDArray[np.float32] | None = None,
    ) -> None:
        """Take the vectors as they are; nothing is read before the first query.

        Args:
            vectors: Shape (N, dim), float16, float32, float64 or int8, any lengths: scores are
                cosines. Kept, not copied; must not change while the index lives. Fastest when rows
                lie one after another.
            scale: For int8: the numbers are `stored * scale + offset`; may be negative.
            offset: See `scale`.
            valid: Shape (N,); rows that are False here never rank, whatever their vector.
            threads: That scan at once; all processors of this process unless told.
            inverse_lengths: Of these vectors, floats, as an index of them has them: then the first
                query need not read all rows for that.

        Raises:
            ShapeError: If `vectors` is no matrix of one of these formats, `valid` or
                `inverse_lengths` has another size, the scale is zero, or floats are to be scaled.
        """
        if vectors.ndim != 2 or vectors.shape[1] == 0:  # noqa: PLR2004
            message = f"Vectors must have shape (rows, dim), got {vectors.shape}."
            raise ShapeError(message, hint="Put one vector on each row.")
        if vectors.dtype == np.int8:
            self._stored: Stored = IntegerRows(scale, offset)
        elif vectors.dtype.newbyteorder("=") not in FLOATS:
            message = f"Vectors must be float16, float32, float64 or int8, got {vectors.dtype}."
            raise ShapeError(message, hint="Convert them with .astype('float32').")
        elif (scale, offset) != (1.0, 0.0):
            message = "Only vectors of integers have a scale and an offset."
            raise ShapeError(message, hint="Leave both away.")
        else:
            self._stored = FloatRows(vectors.dtype)
        self._vectors: Rows = vectors.view(np.ndarray)  # slices of a memmap cost more to make
        self._picking, self._all_read = Picking(vectors), False
        self._valid = None if valid is None else checked_mask(valid, vectors.shape[0])
        self._threads = processors() if threads is None else max(1, threads)
        self._scales_made: NDArray[np.float32] | None = None
        self._scales_partly: NDArray[np.float32] | None = None
        if inverse_lengths is not None:
            if inverse_lengths.shape != vectors.shape[:1] or vectors.dtype.kind != "f":
                message = f"Lengths of shape {inverse_lengths.shape} are not those of the rows."
                raise ShapeError(message, hint="Leave them away to have them taken.")
            self._scales_made = inverse_lengths.view(np.ndarray)

    @property
    def size(self) -> int:
        """Number of rows, those that cannot rank included."""
        return int(self._vectors.shape[0])

    @property
    def dim(self) -> int:
        """Length of one vector."""
        return int(self._vectors.shape[1])

    @property
    def threads(self) -> int:
        """Threads that scan at once."""
        return self._threads

    @property
    def inverse_lengths(self) -> NDArray[np.float32]:
        """Shape (N,): 1 / length of every row as stored, NaN where a row cannot rank."""
        return self._scales()

    @property
    def rankable(self) -> NDArray[np.bool_]:
        """Shape (N,): which rows can rank."""
        return ~np.isnan(self._scales())

    def tolerance(self, query: ArrayLike) -> float:
        """Return how far `scores` can be from the true cosine of any row, for this query."""
        unit = unit_row(query, self.dim)
        if self._vectors.dtype == np.int8:
            self._scales()  # by which integers with an offset know how long their rows are
        return self._stored.bound(unit)

    def scores(
        self, query: ArrayLike, *, out: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Return every row's cosine, to within `tolerance`; see `VectorIndex.scores`."""
        out = checked_out(out, self.size)
        self._score_all(unit_row(query, self.dim)[None], [out])
        return out

    def search(self, queries: ArrayLike, *, k: int, mask: NDArray[np.bool_] | None = None) -> Hits:
        """Return the `k` nearest rows of each query; see `FindsRows.search`."""
        units, k = unit_rows(queries, self.dim), checked_k(k)
        among = None if mask is None else self._among(mask)
        can_rank = np.count_nonzero(self.rankable) if among is None else among.size
        found = min(k, int(can_rank))
        rows = np.empty((units.shape[0], found), np.int64)
        scores = np.empty((units.shape[0], found), np.float32)
        if found:
            at_once = max(1, BATCH_BYTES // (4 * self.size))
            for low in range(0, units.shape[0], at_once):
                batch = slice(low, low + at_once)
                self._search(units[batch], among, rows[batch], scores[batch])
        return Hits(rows, scores)

    def scan(self, query: ArrayLike, *, k: int, mask: NDArray[np.bool_] | None = None) -> Scan:
        """Return every row's score and the `k` nearest; see `VectorIndex.scan`.

        Below a mask that leaves few rows (`GATHER_SHARE`) only these are read; other scores are
        NaN.
        """
        return self.scan_units(unit_row(query, self.dim)[None], [checked_k(k)], [mask])[0]

    def scan_many(
        self,
        queries: ArrayLike,
        *,
        k: Sequence[int],
        masks: Sequence[NDArray[np.bool_] | None],
    ) -> list[Scan]:
        """Return a `scan` of each query, from one pass over the data; see `VectorIndex.scan_many`.

        Beside what is returned, this takes a few MB for each thread. Queries whose masks leave few
        rows read these only.
        """
        units = unit_rows(queries, self.dim)
        checked_each(units, k, masks)
        return self.scan_units(units, [checked_k(some) for some in k], masks)

    def score_rows(self, query: ArrayLike, rows: ArrayLike) -> NDArray[np.float32]:
        """Return the cosines of some rows, exact to float32; see `VectorIndex.score_rows`."""
        unit, wanted = unit_row(query, self.dim), np.atleast_1d(np.asarray(rows))
        if wanted.size == 0:
            return np.empty(0, np.float32)
        outside = wanted.dtype.kind not in "iu" or wanted.min() < 0 or wanted.max() >= self.size
        if wanted.ndim != 1 or outside:
            message = f"Rows must be whole numbers from 0 to {self.size - 1}, one after another."
            raise ShapeError(message, hint="Use the rows that a search of this set returned.")
        return self.exact_scores(unit, wanted.astype(np.int64))

    # What the public methods share. A `unit` is a query of length 1, float64, shape (dim,).

    def scan_units(
        self,
        units: NDArray[np.float64],
        ks: Sequence[int],
        masks: Sequence[NDArray[np.bool_] | None],
    ) -> list[Scan]:
        """Return a scan of each unit; see `scan_many`."""
        among = [None if mask is None else self._among(mask) for mask in masks]
        lines = [np.empty(self.size, np.float32) for _ in units]
        whole = [i for i, rows in enumerate(among) if rows is None or not self._few(rows)]
        if whole:
            self._score_all(units[whole], [lines[i] for i in whole])
        scans = []
        for i, (unit, scores, rows) in enumerate(zip(units, lines, among, strict=True)):
            if rows is None:
                some = scores
            elif i in whole:
                some = scores[rows]
            else:
                some = self._score_gathered(unit[None], rows)[0]
                scores.fill(np.nan)
                scores[rows] = some
            near, exact, best = self._best(unit, some, rows, ks[i])
            scores[near] = exact
            scans.append(Scan(scores, Hits(near[best][None], exact[best][None])))
        return scans

    def _search(
        self,
        units: NDArray[np.float64],
        among: NDArray[np.int64] | None,
        rows: NDArray[np.int64],
        scores: NDArray[np.float32],
    ) -> None:
        """Fill `rows` and `scores`, shape (m, found), for `units` of shape (m, dim)."""
        if among is not None and self._few(among):
            approximate = self._score_gathered(units, among)
        else:
            approximate = np.empty((units.shape[0], self.size), np.float32)
            self._score_all(units, list(approximate))
            if among is not None:
                approximate = approximate[:, among]
        for i, unit in enumerate(units):
            nearby, exact, best = self._best(unit, approximate[i], among, rows.shape[1])
            rows[i], scores[i] = nearby[best], exact[best]

    def _best(
        self,
        unit: NDArray[np.float64],
        scores: NDArray[np.float32],
        among: NDArray[np.int64] | None,
        k: int,
    ) -> tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.intp]]:
        """Return the rows that may be among the k best, their exact scores, and which k are best.

        `scores` are within the bound, one for each row or for each of `among`. The k-th best row
        has at least the k-th highest of them less the bound; a row that reaches this has at least
        that less the bound again.
        """
        least = float(kth_highest(scores, k)) - 2 * self._stored.bound(unit)
        near = np.flatnonzero(scores >= np.nextafter(np.float32(least), np.float32(-np.inf)))
        rows = near if among is None else among[near]
        exact = self.exact_scores(unit, rows)
        return rows, exact, np.argsort(-exact, kind="stable")[:k]

    def _score_all(self, units: NDArray[np.float64], lines: Sequence[NDArray[np.float32]]) -> None:
        """Write every row's cosine with each unit to its line, shape (N,), within the bound."""
        vectors, scales, asked = self._vectors, self._scales(), self._stored.asked(units)

        def work(low: int, high: int) -> None:
            parts = [line[low:high] for line in lines]
            self._stored.dots(vectors[low:high], asked, parts)
            for part in parts:
                _scale(part, scales[low:high])

        self._over_rows(work, self.size)

    def _score_gathered(
        self, units: NDArray[np.float64], among: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Return the cosines of some rows, shape (m, len(among)), within the bound."""
        vectors, scales, asked = self._vectors, self._scales_at(among), self._stored.asked(units)
        out = np.empty((units.shape[0], among.size), np.float32)
        step = max(1, GATHER_BYTES // (self.dim * vectors.itemsize))

        def work(low: int, high: int) -> None:
            for start in range(low, high, step):
                part = slice(start, min(start + step, high))
                lines = list(out[:, part])
                self._stored.dots(np.take(vectors, among[part], axis=0), asked, lines)
                for line in lines:
                    _scale(line, scales[part])

        with self._few_read():
            self._over_rows(work, among.size)
        return out

    def _few_read(self) -> AbstractContextManager[None]:
        """Give a block in which rows are picked; all are at hand where all were just read."""
        return nullcontext() if self._all_read else self._picking

    def _few(self, among: NDArray[np.int64]) -> bool:
        return among.size < GATHER_SHARE * self.size

    def exact_scores(
        self, unit: NDArray[np.float64], rows: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Return float64 cosines rounded to float32; equal vectors get equal scores.

        Args:
            unit: A query of length 1, shape (dim,).
            rows: Of the index, shape (n,).

        Returns:
            Shape (n,), NaN where a row cannot rank. Only these rows are read.
        """
        out = np.empty(rows.size, np.float32)
        step = max(1, GATHER_BYTES // (self.dim * 8))

        def work(first: int, last: int) -> None:
            for low in range(first, last, step):
                part = slice(low, min(low + step, last))
                some = self._vectors[rows[part]]
                with np.errstate(all="ignore"):  # rows without direction become NaN
                    vectors = self._stored.wide(some)
                    lengths = np.sqrt(np.einsum("ij,ij->i", vectors, vectors))
                    cosines = np.einsum("ij,j->i", vectors, unit) / lengths
                np.clip(cosines, -1, 1, out=cosines)
                cosines[np.isnan(self._scales_of(some, rows[part]))] = np.nan
                out[part] = cosines

        with self._few_read():
            over_rows(work, rows.size, row_bytes=self.dim * 8, threads=self._threads)
        return out

    def _among(self, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the rows of the mask that can rank, in order."""
        rows = np.flatnonzero(checked_mask(mask, self.size))
        scales = self._scales_at(rows) if self._few(rows) else self._scales()[rows]
        return rows[~np.isnan(scales)]

    def _scales(self) -> NDArray[np.float32]:
        """Return 1 / length of every row, NaN where a row cannot rank; made by the first query."""
        if self._scales_made is None:
            scales = np.empty(self.size, np.float32)

            def work(low: int, high: int) -> None:
                scales[low:high] = self._inverse(self._vectors[low:high], slice(low, high))

            self._over_rows(work, self.size)
            self._scales_made, self._all_read, self._scales_partly = scales, True, None
        return self._scales_made

    def _scales_at(self, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the same of few rows, of which those that are not known yet are read."""
        if self._scales_made is not None:
            return self._scales_made[rows]
        if self._scales_partly is None:
            self._scales_partly = np.full(self.size, UNKNOWN, np.float32)
        partly = self._scales_partly
        unknown = rows[partly[rows] == UNKNOWN]
        step = max(1, GATHER_BYTES // (self.dim * self._vectors.itemsize))

        def work(low: int, high: int) -> None:
            for start in range(low, high, step):
                some = unknown[start : min(start + step, high)]
                partly[some] = self._inverse(np.take(self._vectors, some, axis=0), some)

        with self._few_read():
            self._over_rows(work, unknown.size)
        return partly[rows]

    def _scales_of(self, some: Rows, rows: NDArray[np.int64]) -> NDArray[np.float32]:
        """Return the same of some rows, whose vectors are given."""
        made = self._scales_made
        return self._inverse(some, rows) if made is None else made[rows]

    def _inverse(self, some: Rows, rows: NDArray[np.int64] | slice) -> NDArray[np.float32]:
        squares = self._stored.squares(some)
        good = (squares >= SHORTEST**2) & (squares <= LONGEST**2)
        if self._valid is not None:
            good &= self._valid[rows]
        return (np.where(good, squares, np.nan) ** -0.5).astype(np.float32)

    def _over_rows(self, work: Callable[[int, int], None], size: int) -> None:
        row_bytes = self.dim * self._vectors.itemsize
        over_rows(work, size, row_bytes=row_bytes, threads=self._threads)


def _scale(scores: NDArray[np.float32], scales: NDArray[np.float32]) -> None:
    with np.errstate(all="ignore"):
        np.multiply(scores, scales, out=scores)
    np.clip(scores, -1, 1, out=scores)
