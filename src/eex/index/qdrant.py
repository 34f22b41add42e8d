"""Qdrant behind the protocol of indexes: in this process, or a server or cluster.

Qdrant names rows that may be among the nearest; their scores are computed again from the set's own
vectors, so they are the same numbers as of every other engine. Without a graph the answer is the
exact one: how far Qdrant's rounding can move a score is known, and it is asked for more rows until
none that it did not name can belong to the best.

A mask is not sent to Qdrant. Where it leaves few rows, these are read from the set's own file,
which is exact and quicker; where it leaves many, more rows are asked for and those outside are
dropped.
"""

from __future__ import annotations

import platform
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol

import numpy as np

from eex.errors import BadQueryError
from eex.filters.mask import Masks
from eex.index.asked import checked_k, checked_mask, unit_rows
from eex.index.base import Hits
from eex.index.engines import Opening
from eex.index.plain import open_exact
from eex.index.qdrant_where import pushed
from eex.stopping import check_stopped

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from eex.embeddings import EmbeddingSet
    from eex.filters.record import Filter
    from eex.index.qdrant_edge_shard import Condition
    from eex.index.qdrant_payload import Uploaded

SPARE = 256
"""Rows asked for beyond those wanted, at least: with float16 about as many lie within rounding."""

GROWTH = 4
"""How many times more rows are asked for when there may be others."""

MOST_FETCHED = 100_000
"""Rows asked for at most; where more are needed, the set's own vectors are read instead."""

MASK_SHARE = 0.25
"""Share of rows from which a mask is applied to what Qdrant names; below, the rows are read."""

PUSHED_SHARE = 0.3
"""Share of rows from which an exact search with a mask is taken to be quicker than with conditions,
which Qdrant looks at row by row. Measured on 249 k rows of 512, against no filter: 0.6 to 1.2 times
as long where 11 % are left, 3 to 10 times where 93 % are."""

HALF_ROUNDOFF, ROUNDOFF = 2.0**-11, 2.0**-24
"""Of float16 and float32."""

NORMALISED = 1e-6
"""What Qdrant's own scaling of vectors to length 1 may change."""

MASKS_BYTES = 2**26
"""Of masks that are kept for filters that Qdrant was asked but did not answer; two fit always."""

ARRAYS = 200_000
"""Rows that several queries ask for at once."""

Found = tuple["NDArray[np.int64]", "NDArray[np.float32]"]
"""Rows and scores, best first."""


class Stores(Protocol):
    """What is asked for the nearest vectors: a shard here, or a collection of a server."""

    @property
    def count(self) -> int:
        """Number of vectors."""
        ...

    def nearest(
        self,
        units: NDArray[np.float64],
        limit: int,
        *,
        where: Condition | None = None,
        exact: bool = True,
        ef: int = 0,
        oversampling: float = 1.0,
    ) -> list[Found]:
        """Return rows and scores of the `limit` nearest vectors of each query, best first."""
        ...

    def estimate(self, where: Condition) -> int:
        """Return about how many vectors `where` lets through."""
        ...

    def close(self) -> None:
        """Let go of files and connections; it may be done more than once."""
        ...


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a store is searched."""

    half: bool
    """Whether vectors are stored as float16."""
    exact: bool
    """Whether all vectors are read; else the graph is asked."""
    ef: int = 128
    """Candidates of the graph's search."""
    oversampling: float = 3.0
    """How many times more quantised vectors are looked at again."""
    sums_in_half: bool = platform.machine().lower() in {"arm64", "aarch64"}
    """Whether float16 may also be summed as float16, as Qdrant does on ARM."""


@dataclass(frozen=True)
class _Asked:
    """What one search wants of Qdrant."""

    k: int
    limit: int
    condition: Condition | None = None
    keeps: Callable[[NDArray[np.int64]], NDArray[np.bool_]] | None = None


class QdrantIndex:
    """Finds the nearest rows with Qdrant; filters there too."""

    def __init__(
        self,
        opening: Opening,
        store: Stores,
        known: Uploaded,
        left_out: NDArray[np.int64],
        way: Way,
    ) -> None:
        """Take an opened store.

        Args:
            opening: With the set that was uploaded.
            store: Where its vectors are.
            known: What was uploaded.
            left_out: Rows that were not: those that never rank.
            way: How to search.
        """
        self._embeddings: EmbeddingSet = opening.embeddings
        self._store, self._known, self._way = store, known, way
        self._rows = open_exact(opening)
        self._rankable = np.ones(len(self._embeddings), np.bool_)
        self._rankable[left_out] = False
        kept_bytes = max(MASKS_BYTES, 3 * self.size)
        self._masks = Masks(self._embeddings, kept_bytes=kept_bytes)

    def close(self) -> None:
        """Let go of the shard's files or the connection; the index cannot be used afterwards."""
        self._store.close()

    @property
    def size(self) -> int:
        """Number of rows, those that cannot rank included."""
        return len(self._embeddings)

    @property
    def dim(self) -> int:
        """Length of one vector."""
        return self._rows.dim

    @property
    def exact(self) -> bool:
        """Whether the best rows are provably the best."""
        return self._way.exact

    def search(self, queries: ArrayLike, *, k: int, mask: NDArray[np.bool_] | None = None) -> Hits:
        """Return the `k` nearest rows of each query; see `FindsRows.search`."""
        units, k = unit_rows(queries, self.dim), checked_k(k)
        among = self._rankable if mask is None else self._rankable & checked_mask(mask, self.size)
        count = int(np.count_nonzero(among))
        found, share = min(k, count), count / max(1, self.size)
        limit = int(_wanted(found) / max(share, 1 / MOST_FETCHED)) if mask is not None else 0
        if mask is not None and (share < MASK_SHARE or limit > MOST_FETCHED):
            return self._rows.search(units, k=k, mask=mask)
        keeps = None if mask is None else mask.__getitem__
        asked = _Asked(found, max(limit, _wanted(found)), None, keeps)
        return self._fetched(units, asked, lambda some: self._rows.search(some, k=k, mask=mask))

    def pushes(self, where: Filter) -> bool:
        """Return whether `where` can be asked of Qdrant, worth it or not."""
        return not where.empty and pushed(where, self._known) is not None

    def can_filter(self, where: Filter) -> bool:
        """Return whether `where` can be asked of Qdrant, and is not answered quicker by a mask.

        That is where an exact search is left with a large share of the rows (`PUSHED_SHARE`).
        """
        asked = None if where.empty else pushed(where, self._known)
        if asked is None:
            return False
        few = PUSHED_SHARE * self._store.count
        return not self._way.exact or self._store.estimate(asked.condition) <= few

    def search_where(self, queries: ArrayLike, *, k: int, where: Filter) -> Hits:
        """Return the `k` nearest rows under a filter; see `FiltersItself.search_where`."""
        units, k = unit_rows(queries, self.dim), checked_k(k)
        if where.empty:
            return self.search(units, k=k)
        asked = pushed(where, self._known)
        if asked is None:
            message = "Qdrant cannot be asked this filter as it is meant here."
            raise BadQueryError(message, hint="Search with the filter's mask.")
        lonlat = self._embeddings.lonlat

        def instead(some: NDArray[np.float64]) -> Hits:
            return self._rows.search(some, k=k, mask=self._masks.of(where))

        keeps = None if asked.again is None else lambda rows: asked.keeps(np.asarray(lonlat[rows]))
        return self._fetched(units, _Asked(k, _wanted(k), asked.condition, keeps), instead)

    def _fetched(
        self,
        units: NDArray[np.float64],
        asked: _Asked,
        instead: Callable[[NDArray[np.float64]], Hits],
    ) -> Hits:
        """Ask for more and more rows until the best of each query are known.

        Those for which that takes too many are answered by `instead`.
        """
        found: dict[int, Found] = {}
        left, limit, exact = list(range(len(units))), asked.limit, self._way.exact
        while left:
            most = min(limit, self._store.count)
            if most > MOST_FETCHED or not most or not asked.k:
                rest = instead(units[left])
                found |= zip(left, zip(rest.rows, rest.scores, strict=True), strict=True)
                break
            unknown = []
            for low in range(0, len(left), max(1, ARRAYS // most)):
                check_stopped()
                some = left[low : low + max(1, ARRAYS // most)]
                answers = self._store.nearest(
                    units[some],
                    most,
                    where=asked.condition,
                    exact=exact,
                    ef=self._way.ef,
                    oversampling=self._way.oversampling,
                )
                for query, answer in zip(some, answers, strict=True):
                    whole = exact and (len(answer[0]) < most or most == self._store.count)
                    best, sure = self._best(units[query], answer, asked, whole=whole, exact=exact)
                    if sure:
                        found[query] = best
                    else:
                        unknown.append(query)
            left, limit, exact = unknown, limit * GROWTH, True
        rows, scores = zip(*(found[query] for query in range(len(units))), strict=True)
        return Hits(np.stack(rows), np.stack(scores))

    def _best(
        self, unit: NDArray[np.float64], answer: Found, asked: _Asked, *, whole: bool, exact: bool
    ) -> tuple[Found, bool]:
        """Return the best of what Qdrant named, and whether there can be no better one.

        A vector that was not named has at most the last score that was, and its cosine is at most
        that and what rounding can make.
        """
        rows, scores = answer
        if asked.keeps is not None:
            rows = rows[asked.keeps(rows)]
        cosines = self._rows.score_rows(unit, rows)
        best = np.lexsort((rows, -cosines))[: asked.k]
        rows, cosines = rows[best], cosines[best]
        sure = whole
        if rows.size == asked.k and not whole:
            sure = not exact or cosines[-1] > scores[-1] + self._bound(unit)
        return (rows, cosines), bool(sure)

    def _bound(self, unit: NDArray[np.float64]) -> float:
        """Return how far a score of Qdrant's can be from the cosine, for one query.

        As of the exact index: Cauchy-Schwarz for what storing lost of vector and query, and
        Higham's bound for sums. On ARM, Qdrant sums float16 in 32 lanes of float16.
        """
        half = self._way.half
        kept = unit.astype(np.float32)
        kept = kept.astype(np.float16) if half else kept
        asked, lost = float(np.linalg.norm(unit - kept)), self._known.lost
        summing = unit.size * ROUNDOFF / (1 - unit.size * ROUNDOFF)
        if half and self._way.sums_in_half:
            summing += (unit.size / 32 + 2) * HALF_ROUNDOFF + unit.size * 2.0**-25
        return asked * (1 + lost) + lost + summing * (1 + lost) * (1 + asked) + NORMALISED


def _wanted(k: int) -> int:
    return k + max(SPARE, k // 2)
