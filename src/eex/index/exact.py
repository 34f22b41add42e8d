"""The exact index: every row is read, and the answer is provably the right one.

One pass in the precision the rows are stored in gives every row's score to within a bound (the
query is rounded to that precision, sums are rounded). A row can be among the k best only if its
score is within twice the bound of the k-th best; those rows, a few hundred, are scored again in
float64. The vectors stay where they are: a memory-mapped file is read through the system's cache
and costs this process almost no memory of its own (one float32 for each row).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from eex.config import processors
from eex.errors import ShapeError
from eex.index.asked import (
    checked_each,
    checked_k,
    checked_mask,
    checked_out,
    checked_rows,
    unit_row,
    unit_rows,
)
from eex.index.base import Hits, Scan
from eex.index.integer_queries import checked_length
from eex.index.kernels import over_rows
from eex.index.lengths import GATHER_BYTES, Lengths
from eex.index.stored import FloatRows, IntegerRows
from eex.index.topk import kth_highest, still_best, top_rows

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from numpy.typing import ArrayLike, NDArray

    from eex.index.kernels import Rows
    from eex.index.stored import Stored

GATHER_SHARE = 0.1
"""Below this share of rows, a masked search reads these rows only. Measured: gathering a row costs
about ten times what reading it in order does."""

BATCH_BYTES = 64 * 2**20
"""Bytes of scores held at a time when several queries are asked at once."""

FLOATS = (np.float16, np.float32, np.float64)
"""Formats of rows beside int8."""


Best = tuple["NDArray[np.int64]", "NDArray[np.float32]", "NDArray[np.intp]"]
"""Rows that may be among the best, their exact scores, and which of them are, best first."""


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
                `inverse_lengths` has another size, the scale is zero, floats are to be scaled, or
                rows of int8 are longer than 131,071.
        """
        if vectors.ndim != 2 or vectors.shape[1] == 0:  # noqa: PLR2004
            message = f"Vectors must have shape (rows, dim), got {vectors.shape}."
            raise ShapeError(message, hint="Put one vector on each row.")
        if vectors.dtype == np.int8:
            checked_length(vectors.shape[1])
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
        self._threads = processors() if threads is None else max(1, threads)
        checked = None if valid is None else checked_mask(valid, vectors.shape[0])
        self._lengths = Lengths(vectors, self._stored, valid=checked, threads=self._threads)
        if inverse_lengths is not None:
            if inverse_lengths.shape != vectors.shape[:1] or vectors.dtype.kind != "f":
                message = f"Lengths of shape {inverse_lengths.shape} are not those of the rows."
                raise ShapeError(message, hint="Leave them away to have them taken.")
            self._lengths.given(inverse_lengths)

    @property
    def size(self) -> int:
        """Number of rows, those that cannot rank included."""
        return int(self._vectors.shape[0])

    @property
    def dim(self) -> int:
        """Length of one vector."""
        return int(self._vectors.shape[1])

    @property
    def _row_bytes(self) -> int:
        return self.dim * self._vectors.itemsize

    @property
    def threads(self) -> int:
        """Threads that scan at once."""
        return self._threads

    @property
    def inverse_lengths(self) -> NDArray[np.float32]:
        """Shape (N,): 1 / length of every row as stored, NaN where a row cannot rank."""
        return self._lengths.all()

    @property
    def rankable(self) -> NDArray[np.bool_]:
        """Shape (N,): which rows can rank."""
        return ~np.isnan(self._lengths.all())

    def tolerance(self, query: ArrayLike) -> float:
        """Return how far `scores` can be from the true cosine of any row, for this query."""
        unit = unit_row(query, self.dim)
        if self._vectors.dtype == np.int8:
            self._lengths.all()
        return self._stored.bound(unit)

    def scores(
        self, query: ArrayLike, *, out: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Return every row's cosine, to within `tolerance`; see `VectorIndex.scores`."""
        out = checked_out(out, self.size)
        self._score_range(unit_row(query, self.dim)[None], [out], 0, self.size)
        return out

    def search(self, queries: ArrayLike, *, k: int, mask: NDArray[np.bool_] | None = None) -> Hits:
        """Return the `k` nearest rows of each query, from one read; see `FindsRows.search`."""
        units, k = unit_rows(queries, self.dim), checked_k(k)
        if mask is not None and self._is_few(mask):
            found: Iterable[Best] = self._best_of_few(units, self._among(mask), k)
        else:
            found = self._search_all(units, mask, k)
        best = [(rows[order], scores[order]) for rows, scores, order in found]
        if best:
            count = len(best[0][0])
        else:
            can_rank = self.rankable if mask is None else self.rankable & mask
            count = min(k, int(np.count_nonzero(can_rank)))
        rows = np.array([some for some, _ in best], np.int64).reshape(len(units), count)
        return Hits(rows, np.array([some for _, some in best], np.float32).reshape(rows.shape))

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
        return self.exact_scores(unit_row(query, self.dim), checked_rows(rows, self.size))

    # What the public methods share. A `unit` is a query of length 1, float64, shape (dim,).

    def scan_units(
        self,
        units: NDArray[np.float64],
        ks: Sequence[int],
        masks: Sequence[NDArray[np.bool_] | None],
    ) -> list[Scan]:
        """Return a scan of each unit; see `scan_many`."""
        few = [mask is not None and self._is_few(mask) for mask in masks]
        lines = [np.empty(self.size, np.float32) for _ in units]
        whole = [i for i in range(len(units)) if not few[i]]
        if whole:
            self._score_range(units[whole], [lines[i] for i in whole], 0, self.size)
        scans = []
        for i, (unit, scores, mask) in enumerate(zip(units, lines, masks, strict=True)):
            if mask is not None and few[i]:
                few_best = self._best_of_few(unit[None], self._among(mask), ks[i])
                near, exact, best = next(few_best)
                scores.fill(np.nan)
            else:
                if mask is not None:
                    scores[~checked_mask(mask, self.size)] = np.nan
                near, exact, best = self._best(unit, scores, None, ks[i])
            scores[near] = exact
            scans.append(Scan(scores, Hits(near[best][None], exact[best][None])))
        return scans

    def _search_all(
        self, units: NDArray[np.float64], mask: NDArray[np.bool_] | None, k: int
    ) -> list[Best]:
        """Return the best rows of each query, reading the rows once, slice after slice.

        Of each slice those rows stay that may be among the `k` best so far; memory is that of one
        slice's scores, however many queries there are.
        """
        if mask is not None:
            mask = checked_mask(mask, self.size)
        step = max(1, min(self.size, BATCH_BYTES // (4 * max(1, len(units)))))
        self._lengths.all()  # by which integers with an offset know how long their rows are
        slack = [2 * self._stored.bound(unit) for unit in units]
        kept = [(np.empty(0, np.int64), np.empty(0, np.float32)) for _ in units]
        buffer = np.empty((len(units), step), np.float32)
        for low in range(0, self.size, step):
            high = min(low + step, self.size)
            lines = [line[: high - low] for line in buffer]
            self._score_range(units, lines, low, high)
            for i, line in enumerate(lines):
                if mask is not None:
                    line[~mask[low:high]] = np.nan
                kept[i] = still_best(kept[i], line, low, k, slack[i])
        return [
            self._best(unit, scores, rows, k)
            for unit, (rows, scores) in zip(units, kept, strict=True)
        ]

    def _best_of_few(
        self, units: NDArray[np.float64], among: NDArray[np.int64], k: int
    ) -> Iterator[Best]:
        """Yield `among`, their scores and which are the k best, for each unit.

        Where a kernel for picked rows was compiled, all are scored exactly; else in the rows' own
        precision first, which is several times quicker.
        """
        if self._stored.has_kernel(self._vectors):
            for unit in units:
                exact = self.exact_scores(unit, among)
                yield among, exact, top_rows(exact, k)
            return
        at_once = max(1, BATCH_BYTES // (4 * max(1, among.size)))
        for low in range(0, len(units), at_once):
            some = units[low : low + at_once]
            for unit, scores in zip(some, self._score_gathered(some, among), strict=True):
                near, exact, best = self._best(unit, scores, among, k)
                scores[np.searchsorted(among, near)] = exact
                yield among, scores, np.searchsorted(among, near[best])

    def _best(
        self,
        unit: NDArray[np.float64],
        scores: NDArray[np.float32],
        among: NDArray[np.int64] | None,
        k: int,
    ) -> Best:
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

    def _score_range(
        self,
        units: NDArray[np.float64],
        lines: Sequence[NDArray[np.float32]],
        first: int,
        last: int,
    ) -> None:
        """Write cosines of a range of rows with each unit to its line, within the bound."""
        vectors, scales, asked = self._vectors, self._lengths.all(), self._stored.asked(units)

        def work(low: int, high: int) -> None:
            parts = [line[low:high] for line in lines]
            rows = slice(first + low, first + high)
            self._stored.dots(vectors[rows], asked, parts)
            for part in parts:
                _scale(part, scales[rows])

        over_rows(work, last - first, row_bytes=self._row_bytes, threads=self._threads)

    def _score_gathered(
        self, units: NDArray[np.float64], among: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Return the cosines of some rows, shape (m, len(among)), within the bound."""
        vectors, scales, asked = self._vectors, self._lengths.at(among), self._stored.asked(units)
        out = np.empty((units.shape[0], among.size), np.float32)
        step = max(1, GATHER_BYTES // (self.dim * vectors.itemsize))

        def work(low: int, high: int) -> None:
            for start in range(low, high, step):
                part = slice(start, min(start + step, high))
                lines = list(out[:, part])
                self._stored.dots(np.take(vectors, among[part], axis=0), asked, lines)
                for line in lines:
                    _scale(line, scales[part])

        with self._lengths.picking():
            over_rows(work, among.size, row_bytes=self._row_bytes, threads=self._threads)
        return out

    def _is_few(self, mask: NDArray[np.bool_]) -> bool:
        """Whether so few rows pass that only these are read."""
        return bool(np.count_nonzero(checked_mask(mask, self.size)) < GATHER_SHARE * self.size)

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

        def work(low: int, high: int) -> None:
            some = rows[low:high]
            with np.errstate(all="ignore"):  # rows without direction become NaN
                dots, squares = self._stored.exact(self._vectors, some, unit)
                cosines = dots / np.sqrt(squares)
            np.clip(cosines, -1, 1, out=cosines)
            cosines[np.isnan(scales[low:high])] = np.nan
            out[low:high] = cosines

        with self._lengths.picking():
            scales, cost = self._lengths.at(rows), int(self._row_bytes / GATHER_SHARE)
            over_rows(work, rows.size, row_bytes=cost, threads=self._threads)
        return out

    def _among(self, mask: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Return the few rows of a mask that can rank, in order."""
        rows = np.flatnonzero(mask)
        return rows[~np.isnan(self._lengths.at(rows))]


def _scale(scores: NDArray[np.float32], scales: NDArray[np.float32]) -> None:
    with np.errstate(all="ignore"):
        np.multiply(scores, scales, out=scores)
    np.clip(scores, -1, 1, out=scores)
