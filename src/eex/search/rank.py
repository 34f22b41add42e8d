"""Vectors of parts become scores of every tile and the best rows.

Two ways to join parts, both over the whole set, whatever the filter:

`sum`: one direction, the sum of the parts' unit vectors, each divided by the standard deviation of
its scores and times its weight. Equal weights then pull equally, however widely a part's scores are
spread, and the score of the whole is a cosine like any other.

`all`: the lowest of the parts' z-scores (`compound.lowest`): a tile must fit every part.

Both are exact: rows that rounding could put among the best are scored again in float64. Equal
scores rank by row.

Source:
    Sum of z-scores as score fusion: Fox and Shaw, "Combination of Multiple Searches", TREC-2, 1994;
    for inner products it is, up to a constant, one query vector.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from eex.errors import BadQueryError
from eex.search.compound import MIN_SPREAD, lowest, moments
from eex.search.spread import spread

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.index.base import VectorIndex

Match = Literal["sum", "all"]
"""How parts are joined."""

SCORE_KINDS: dict[Match, str] = {"sum": "cosine", "all": "lowest z-score of the parts"}
"""What a score is, for people."""

SCAN_ERROR = 1e-3
"""How far a score of a scan may be from the cosine, for indexes that do not say."""


@dataclass(frozen=True, kw_only=True)
class Ranking:
    """Scores of every tile and the best rows."""

    scores: NDArray[np.float32]
    """Shape (rows,), NaN where a tile has no usable vector; exact for the best."""
    rows: NDArray[np.int64]
    """The best, best first."""
    ranked: NDArray[np.bool_]
    """Which tiles could be a result, shape (rows,)."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """What of a ranking is wanted."""

    k: int
    """How many rows."""
    km: float
    """Least distance between them, kilometres."""
    percent: float | None
    """Only the best of those ranked, this many percent."""
    lonlat: NDArray[np.float64]
    """Where all tiles are, shape (rows, 2), degrees."""
    mask: NDArray[np.bool_] | None
    """Which tiles may be ranked; None for all."""


Best = Callable[[int], "NDArray[np.int64]"]
"""How many rows -> the best so many, best first."""


def by_sum(
    index: VectorIndex,
    vectors: Sequence[NDArray[np.float32]],
    weights: Sequence[float],
    own: Sequence[NDArray[np.float32]],
    wanted: Wanted,
) -> Ranking:
    """Rank by the weighted sum of the parts.

    Args:
        index: Of the set.
        vectors: Of each part, shape (dim,).
        weights: Of each part.
        own: Scores of each part alone, shape (rows,); may be empty for a single part.
        wanted: What is wanted of the ranking.

    Raises:
        BadQueryError: If the parts cancel each other out.
    """
    towards = direction(vectors, weights, own)
    first = _first(wanted, len(wanted.lonlat))
    scores, hits = index.scan(towards, k=first, mask=wanted.mask)

    def best(count: int) -> NDArray[np.int64]:
        nonlocal hits
        if count > first:
            hits = index.search(towards[None], k=count, mask=wanted.mask)
            scores[hits.rows[0]] = hits.scores[0]  # as exact in the map as in the ranking
        return hits.rows[0]

    return _ranking(scores, best, wanted)


def direction(
    vectors: Sequence[NDArray[np.float32]],
    weights: Sequence[float],
    own: Sequence[NDArray[np.float32]],
) -> NDArray[np.float64]:
    """Return the unit vector that parts add up to, shape (dim,); arguments as for `by_sum`.

    Raises:
        BadQueryError: If the parts cancel each other out.
    """
    shares = np.array(weights, np.float64)
    if len(vectors) > 1:
        shares /= np.maximum([float(np.nanstd(scores)) for scores in own], 1e-6)
    total = shares @ np.stack(vectors).astype(np.float64)
    length = float(np.linalg.norm(total))
    if length <= 1e-9 * float(np.abs(shares).sum()):
        message = "The parts of the query cancel each other out, so nothing is asked."
        raise BadQueryError(message, hint="Change a weight.")
    return total / length


def by_lowest(
    index: VectorIndex,
    vectors: Sequence[NDArray[np.float32]],
    signs: Sequence[float],
    own: Sequence[NDArray[np.float32]],
    wanted: Wanted,
) -> Ranking:
    """Rank by the lowest z-score of the parts; arguments as for `by_sum`, weights 1 or -1."""
    standards = [moments(scores) for scores in own]
    scores = lowest(own, standards, signs)
    bound = max(
        _error(index, vector) / spread if spread > MIN_SPREAD else 0.0
        for vector, (_, spread) in zip(vectors, standards, strict=True)
    )
    among = np.isfinite(scores) if wanted.mask is None else np.isfinite(scores) & wanted.mask
    rows = np.flatnonzero(among)
    out = scores.astype(np.float32)

    def best(count: int) -> NDArray[np.int64]:
        count = min(count, len(rows))
        if not count:
            return rows[:0]
        some = scores[rows]
        least = np.partition(some, len(some) - count)[len(some) - count]
        near = rows[some >= least - 2 * bound - 1e-6]
        exact = lowest([index.score_rows(v, near) for v in vectors], standards, signs)
        out[near] = exact
        return near[np.lexsort((near, -out[near]))][:count]

    return _ranking(out, best, wanted)


def _error(index: VectorIndex, vector: NDArray[np.float32]) -> float:
    told = getattr(index, "tolerance", None)
    return float(told(vector)) if told is not None else SCAN_ERROR


def _first(wanted: Wanted, count: int) -> int:
    """Return how many rows are looked at first."""
    if wanted.percent is not None:
        return max(1, int(np.ceil(count * wanted.percent / 100)))
    return wanted.k if wanted.km == 0 else max(1024, 8 * wanted.k)


def _ranking(scores: NDArray[np.float32], best: Best, wanted: Wanted) -> Ranking:
    """Take the best rows that are far enough from each other, looking further down as needed."""
    count = _first(wanted, len(scores))
    ranked = np.isfinite(scores) if wanted.mask is None else np.isfinite(scores) & wanted.mask
    limit = int(ranked.sum())
    if wanted.percent is not None:
        limit = int(np.ceil(limit * wanted.percent / 100))
    while True:
        order = best(count)[:limit]
        rows = spread(order, wanted.lonlat, km=wanted.km, k=wanted.k)
        if len(rows) == wanted.k or len(order) == limit:
            break
        count *= 8
    if wanted.percent is not None:
        ranked = np.zeros(len(scores), np.bool_)
        ranked[order] = True
    return Ranking(scores=scores, rows=rows, ranked=ranked)


def part_scores(
    index: VectorIndex,
    kinds: Sequence[str],
    vectors: Sequence[NDArray[np.float32]],
    rows: NDArray[np.int64],
) -> dict[str, NDArray[np.float32]]:
    """Return each part's own cosines of the rows by its kind; nothing for a query of one part."""
    if len(vectors) == 1:
        return {}
    names = [k if kinds.count(k) == 1 else f"{k}_{i}" for i, k in enumerate(kinds, start=1)]
    return {
        name: index.score_rows(vector, rows) for name, vector in zip(names, vectors, strict=True)
    }
