"""One search over ranges of rows: each is searched where it lies, the answers become one.

    shards = LocalShards([ExactIndex(vectors[low:high]) for low, high in spans(len(vectors), 4)])
    ShardedIndex(shards).search(queries, k=100)

Each range returns its own k nearest rows and its part of the score map. The nearest of all rows are
among the nearest of each range, so merging k of each gives exactly what one index over all rows
would: the same rows, the same scores, equal ones in row order. Where a range cannot be searched,
the answer says so (`PartialHits.missing`) and its scores are NaN; the others answer as ever.

Who holds the ranges is behind one protocol, `Shards`: threads of this process here, Ray's actors in
`eex.index.ray_shards`.
"""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from contextvars import copy_context
from functools import cached_property
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Self

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
from eex.index.base import Hits, PartialHits, Scan
from eex.index.shards import RowScores, Scans, Scores, Search, Tolerance, Users, joined
from eex.index.topk import top_rows

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from eex.index.base import VectorIndex
    from eex.index.shards import Reply, Request, Shards, Span

    Mask = NDArray[np.bool_]


UNTOLD = 1e-3
"""How far a score of a scan may be from the cosine, for ranges that do not say."""


class ShardedIndex:
    """A `VectorIndex` over ranges of rows. Safe to use from several threads if its shards are.

    It may be closed under a search: that one ends as ever, later ones raise EexError.
    """

    def __init__(self, shards: Shards) -> None:
        """Take the ranges and whoever answers for them.

        Raises:
            ShapeError: If the ranges leave rows out, or have some twice.
        """
        self.shards = shards
        self._spans = shards.spans
        last = 0
        for low, high in self._spans:
            if low != last or high < low:
                message = f"Ranges of rows must follow each other from row 0 on: {self._spans}."
                raise ShapeError(message, hint="See `spans`.")
            last = high
        self._size = last
        self._users = Users(shards.close)  # answers are read where the shards keep them

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Let no new search begin; let go of what was taken to answer after the last one's end.

        Does not wait for searches under way in other threads.
        """
        self._users.close()

    @property
    def size(self) -> int:
        """Number of rows, those that cannot rank included."""
        return self._size

    @property
    def dim(self) -> int:
        """Length of one vector."""
        return self.shards.dim

    def search(self, queries: ArrayLike, *, k: int, mask: Mask | None = None) -> Hits:
        """Return the `k` nearest rows; `PartialHits` if some rows could not be searched."""
        count, request = len(unit_rows(queries, self.dim)), Search(_wide(queries), checked_k(k))
        masks = [None if mask is None else checked_mask(mask, self.size)]
        asked = [request if self._wanted(span, masks) else None for span in self._spans]
        with self._users.one_more():
            return self._merged(self.shards.ask(asked, masks), asked, count, k)

    def scan(self, query: ArrayLike, *, k: int, mask: Mask | None = None) -> Scan:
        """Return every row's score and the `k` nearest; what could not be searched is NaN."""
        unit_row(query, self.dim)
        return self.scan_many(_wide(query)[None], k=[k], masks=[mask])[0]

    def scan_many(
        self, queries: ArrayLike, *, k: Sequence[int], masks: Sequence[Mask | None]
    ) -> list[Scan]:
        """Return the `scan` of each query; each range is read once for all of them."""
        units = unit_rows(queries, self.dim)
        checked_each(units, k, masks)
        request = Scans(_wide(queries), tuple(checked_k(some) for some in k))
        masks = [None if mask is None else checked_mask(mask, self.size) for mask in masks]
        if not len(units):
            return []
        asked = [request if self._wanted(span, masks) else None for span in self._spans]
        scans = []
        with self._users.one_more():
            replies = self.shards.ask(asked, masks)
            for i, some in enumerate(request.k):
                scores = np.full(self.size, np.nan, np.float32)
                for (low, high), reply in zip(self._spans, replies, strict=True):
                    if reply is not None:
                        scores[low:high] = reply[i].scores
                hits = [None if reply is None else reply[i].hits for reply in replies]
                scans.append(Scan(scores, self._merged(hits, asked, 1, some)))
        return scans

    def scores(
        self, query: ArrayLike, *, out: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Return every row's cosine; NaN also where rows could not be searched."""
        unit_row(query, self.dim)
        out = checked_out(out, self.size)
        request = Scores(_wide(query))
        asked = [request if high > low else None for low, high in self._spans]
        with self._users.one_more():
            for (low, high), reply in zip(self._spans, self.shards.ask(asked), strict=True):
                out[low:high] = np.nan if reply is None else reply
        return out

    def score_rows(self, query: ArrayLike, rows: ArrayLike) -> NDArray[np.float32]:
        """Return the cosines of some rows; NaN also where they could not be searched."""
        unit_row(query, self.dim)
        wanted, wide = checked_rows(rows, self.size), _wide(query)
        places = [np.flatnonzero((wanted >= low) & (wanted < high)) for low, high in self._spans]
        asked = [
            RowScores(wide, wanted[some] - low) if some.size else None
            for (low, _), some in zip(self._spans, places, strict=True)
        ]
        out = np.full(wanted.size, np.nan, np.float32)
        with self._users.one_more():
            for some, reply in zip(places, self.shards.ask(asked), strict=True):
                if reply is not None:
                    out[some] = reply
        return out

    def tolerance(self, query: ArrayLike) -> float:
        """Return how far `scores` can be from the true cosine of any row that was searched.

        Where no range says so, or none can be asked, it is `UNTOLD`.
        """
        unit_row(query, self.dim)
        request = Tolerance(_wide(query))
        asked = [request if high > low else None for low, high in self._spans]
        with self._users.one_more():
            told = [bound for bound in self.shards.ask(asked) if bound is not None]
        return max(told, default=UNTOLD)

    def _wanted(self, span: Span, masks: Sequence[Mask | None]) -> bool:
        """Whether a range has rows that any of the masks lets through."""
        low, high = span
        return high > low and any(mask is None or mask[low:high].any() for mask in masks)

    def _merged(
        self,
        parts: Sequence[Hits | None],
        asked: Sequence[Request[Any] | None],
        count: int,
        k: int,
    ) -> Hits:
        """Return the k best of all ranges for each of `count` queries, equal ones in row order.

        Ranges come in row order and so do equal scores within each: what comes first among equal
        scores, side by side, has the lowest row.
        """
        rows = [np.empty((count, 0), np.int64)]
        scores = [np.empty((count, 0), np.float32)]
        for (low, _), part in zip(self._spans, parts, strict=True):
            if part is not None:
                rows.append(part.rows + low)
                scores.append(part.scores)
        all_rows, all_scores = np.concatenate(rows, axis=1), np.concatenate(scores, axis=1)
        best = [top_rows(line, k) for line in all_scores]
        found = min(k, all_rows.shape[1])
        at = np.array(best, np.intp).reshape(count, found)
        near = np.take_along_axis(all_rows, at, axis=1)
        cosines = np.take_along_axis(all_scores, at, axis=1)
        missing = joined(
            span
            for span, part, request in zip(self._spans, parts, asked, strict=True)
            if part is None and request is not None
        )
        return PartialHits(near, cosines, missing) if missing else Hits(near, cosines)


class LocalShards:
    """Ranges of rows held by this process, searched at once by its threads."""

    def __init__(self, indexes: Sequence[VectorIndex], *, threads: int | None = None) -> None:
        """Take one index for each range, in row order, all of the same dim.

        Args:
            indexes: At least one; give each one thread.
            threads: Ranges that are searched at once; all processors of this process unless told.

        Raises:
            ShapeError: If there is none, or their vectors differ in length.
        """
        if len({index.dim for index in indexes}) != 1:
            message = f"{len(indexes)} ranges of rows have no one length of vectors."
            raise ShapeError(message, hint="Give at least one, all of one set.")
        self._indexes = list(indexes)
        self._threads = processors() if threads is None else max(1, threads)
        self._users = Users(self._end)

    @property
    def dim(self) -> int:
        """Length of one vector."""
        return self._indexes[0].dim

    @cached_property
    def spans(self) -> tuple[Span, ...]:
        """The ranges."""
        cuts = np.cumsum([0, *(index.size for index in self._indexes)]).tolist()
        return tuple(pairwise(cuts))

    @cached_property
    def _pool(self) -> ThreadPoolExecutor:
        return ThreadPoolExecutor(self._threads, thread_name_prefix="eex-shard")

    def ask(
        self, requests: Sequence[Request[Reply] | None], masks: Sequence[Mask | None] = ()
    ) -> list[Reply | None]:
        """Return each range's answer; see `Shards.ask`. None is ever missing here."""

        def answer(number: int) -> Reply | None:
            request, (low, high) = requests[number], self.spans[number]
            if request is None:
                return None
            cut = [None if mask is None else mask[low:high] for mask in masks]
            return request.of(self._indexes[number], cut)

        with self._users.one_more():
            futures = [
                self._pool.submit(copy_context().run, answer, number)
                for number in range(len(requests))
            ]
            return [future.result() for future in futures]

    def close(self) -> None:
        """Answer no new question; end the threads once those under way are answered."""
        self._users.close()

    def _end(self) -> None:
        self._pool.shutdown()


def _wide(queries: ArrayLike) -> NDArray[np.float64]:
    """Return queries as they were given: each range takes their lengths as one index would."""
    return np.asarray(queries, np.float64)
