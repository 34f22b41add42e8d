"""Results that differ: maximal marginal relevance, and what else may be asked of a list of results.

`arrange` puts the wishes together, in this order: repeats are grouped, of each cell the best is
kept, results keep their distance, and of those that are left the most different are chosen.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eex.embeddings.units import unit_vectors
from eex.errors import BadQueryError
from eex.index.kernels import dot_rows
from eex.search.repeats import Repeats
from eex.search.spread import OnePerCell, Spread
from eex.stopping import check_stopped

if TYPE_CHECKING:
    from eex.embeddings import EmbeddingSet

POOL = 5_000
"""Most rows that MMR chooses among."""

POOL_BYTES = 64 * 2**20
"""Most memory of their vectors."""

STEPS = 500
"""Most rows that MMR chooses: each step reads the whole pool. Further results follow by score.
Measured: 2 s for these many steps over a pool of vectors of 1,152 numbers, on one thread."""

LOOK = 1_024
"""Fewest rows that are looked at first where some will be passed over."""

MULTIPLICATIONS = 5 * 10**10
"""Most of them that grouping may take, some seconds' work: beyond, no more rows are looked at."""

FARTHEST, EACH = 1_000_000, 20_000
"""Most rows whose distances are looked at, some seconds' work, and most for each result."""

PIECE, SMALL_PIECE = 65_536, 1_024
"""Rows that go through the sieves at a time, without and with vectors being compared."""

Best = Callable[[int], NDArray[np.int64]]
"""How many rows -> the best so many, best first; fewer where there are no more."""


@dataclass(frozen=True, kw_only=True)
class Arrangement:
    """What is asked of a list of results, beside being the best."""

    k: int
    """How many."""
    km: float = 0.0
    """Least distance between two, kilometres; 0 for any."""
    cells: NDArray[np.int64] | None = None
    """Number of each row's cell, shape (rows,), of which one result each is kept; see `spread`."""
    repeats: float | None = None
    """Cosine from which on rows are one result; None to keep all."""
    diversity: float = 0.0
    """0 for the best, 1 for the most different: 1 - λ of MMR."""

    def __post_init__(self) -> None:
        if not 0 <= self.diversity <= 1:
            message = f"Diversity is from 0 to 1, got {self.diversity:g}."
            raise BadQueryError(message, hint="0 lists the best; try 0.3.")

    @property
    def passes_over(self) -> bool:
        """Whether some rows are passed over, so that more than `k` must be looked at."""
        return self.km > 0 or self.cells is not None or self.repeats is not None


@dataclass(frozen=True, kw_only=True)
class Arranged:
    """Results as they were asked for."""

    rows: NDArray[np.int64]
    """The results in their order, shape (found,); by score unless diversity was asked for."""
    groups: Mapping[int, NDArray[np.int64]] = field(default_factory=dict)
    """The rows that repeat a result, best first; results without repeats are not in it."""
    order: NDArray[np.int64]
    """All rows that were looked at, best first."""
    messages: tuple[str, ...] = ()
    """What a person should know: where a limit was met."""


def mmr(
    rows: NDArray[np.int64],
    relevance: NDArray[np.floating],
    vectors: NDArray[np.float32],
    *,
    k: int,
    weight: float,
) -> NDArray[np.int64]:
    """Choose rows that are relevant and unlike those chosen before (maximal marginal relevance).

    Each step takes the row of the highest `weight * relevance - (1 - weight) * nearest`, where
    `nearest` is its highest cosine with any row chosen before, 0 at first. Equal ones are taken by
    row. A step costs one product of the vectors with the row chosen last.

    Args:
        rows: Candidates, shape (m,), none twice.
        relevance: Of each, shape (m,).
        vectors: Of each, at length one, shape (m, dim).
        k: Most rows to choose.
        weight: λ, 0 to 1: 1 for the most relevant, 0 for the most different.

    Returns:
        Shape (min(k, m),), in the order of choice.

    Source:
        J. Carbonell and J. Goldstein, "The Use of MMR, Diversity-Based Reranking for Reordering
        Documents and Producing Summaries", SIGIR 1998, 335-336.
    """
    by_row = np.argsort(rows, kind="stable")
    vectors = np.ascontiguousarray(vectors[by_row])
    gain = weight * np.asarray(relevance, np.float64)[by_row]
    nearest, like = np.full(len(rows), -np.inf), np.zeros(len(rows))
    value = gain.copy()
    chosen: list[int] = []
    while len(chosen) < min(k, len(rows)):
        check_stopped()
        at = int(value.argmax())
        chosen.append(at)
        gain[at] = -np.inf  # never again
        dot_rows(vectors, vectors[at], like)
        np.maximum(nearest, like, out=nearest)
        value = gain - (1 - weight) * nearest
    return rows[by_row[np.array(chosen, np.intp)]]


def first_look(wanted: Arrangement, dim: int) -> int:
    """Return how many of the best rows `arrange` looks at first, for vectors of `dim` numbers."""
    need = _needed(wanted, dim)
    return max(LOOK, 8 * need) if wanted.passes_over else need


def farthest(need: int) -> int:
    """Return how many of the best rows are looked at for `need` results at a distance, at most."""
    return min(FARTHEST, EACH * need)


def arrange(
    best: Best,
    wanted: Arrangement,
    *,
    first: int,
    limit: int,
    scores: NDArray[np.float32],
    embeddings: EmbeddingSet,
) -> Arranged:
    """Make the list of results, looking further down the ranking as long as results are missing.

    Args:
        best: Gives the best rows. What it gives for more begins with what it gave for fewer; where
            it does not, as with an approximate index, all begins anew.
        wanted: What is asked.
        first: How many rows are looked at first, such as `first_look`; then 8 times as many.
        limit: Most rows that may be looked at, such as those that can be a result.
        scores: Of all rows, shape (rows,), as they are when `best` has answered. For diversity they
            are scaled to 0..1 over the rows that are chosen among: cosines of texts with tiles lie
            in another range than those of tiles with each other.
        embeddings: The set: places and vectors.

    Raises:
        CancelledError: If the search should stop.
        BadQueryError: If a wish is not to be had, see `Repeats`.
    """
    need = _needed(wanted, embeddings.header.dim)
    sieves, count = _Sieves(wanted, embeddings), first
    while True:
        order = best(count)[:limit]
        if not sieves.goes_on(order):
            sieves = _Sieves(wanted, embeddings)
        sieves.take(order, need)
        whole = len(order) < min(count, limit) or len(order) == limit
        if len(sieves.rows) >= need or whole or sieves.full or sieves.worn:
            break
        count = 8 * count if wanted.km == 0 else min(8 * count, farthest(need))
    rows, messages = sieves.rows, []
    left = not whole or sieves.looked < len(order)
    if sieves.worn and left and len(rows) < need and not sieves.full:
        messages.append(
            f"{sieves.worn} among the best {sieves.looked:,} tiles; further ones were not looked "
            "at."
        )
    if wanted.diversity > 0 and len(rows) > 1:
        rows = _varied(rows, wanted, scores, embeddings)
        if wanted.k > STEPS < len(rows):
            messages.append(
                f"The first {STEPS:,} results were chosen for diversity; further ones follow by "
                "score."
            )
    rows = rows[: wanted.k]
    return Arranged(rows=rows, groups=sieves.groups(rows), order=order, messages=tuple(messages))


def _pool(dim: int) -> int:
    return max(1, min(POOL, POOL_BYTES // (4 * dim)))


def _needed(wanted: Arrangement, dim: int) -> int:
    """Return how many rows must come out of the sieves."""
    if wanted.diversity == 0:
        return wanted.k
    return max(wanted.k, min(max(10 * wanted.k, 1_000), _pool(dim)))


def _varied(
    rows: NDArray[np.int64],
    wanted: Arrangement,
    scores: NDArray[np.float32],
    embeddings: EmbeddingSet,
) -> NDArray[np.int64]:
    """Return rows, chosen by MMR for as far as that goes, the others behind them."""
    pool = rows[: _pool(embeddings.header.dim)]
    relevance = scores[pool].astype(np.float64)
    low, high = float(relevance.min()), float(relevance.max())
    relevance = (relevance - low) / (high - low) if high > low else np.zeros_like(relevance)
    vectors = unit_vectors(embeddings, pool)
    steps = min(wanted.k, STEPS)
    chosen = mmr(pool, relevance, vectors, k=steps, weight=1 - wanted.diversity)
    return np.concatenate([chosen, rows[~np.isin(rows, chosen)]])


class _Sieves:
    """Rows go through, best first; some stay behind."""

    def __init__(self, wanted: Arrangement, embeddings: EmbeddingSet) -> None:
        self.rows = np.empty(0, np.int64)
        self._farthest = farthest(_needed(wanted, embeddings.header.dim))
        self._seen = np.empty(0, np.int64)
        self._repeats = (
            None
            if wanted.repeats is None
            else Repeats(lambda rows: unit_vectors(embeddings, rows), threshold=wanted.repeats)
        )
        self._cells = None if wanted.cells is None else OnePerCell(wanted.cells)
        self._spread = Spread(embeddings.lonlat, km=wanted.km) if wanted.km > 0 else None

    @property
    def looked(self) -> int:
        """How many rows went in."""
        return len(self._seen)

    @property
    def worn(self) -> str:
        """What was done, where more rows would take too long; else empty."""
        if self._repeats is not None and self._repeats.multiplications > MULTIPLICATIONS:
            return "Repeats were told apart"
        if self._spread is not None and self.looked >= self._farthest:
            return "Results that keep their distance were chosen"
        return ""

    @property
    def full(self) -> bool:
        """Whether no further row can come out."""
        return self._spread is not None and self._spread.full

    def goes_on(self, order: NDArray[np.int64]) -> bool:
        """Whether the rows that went in are the first of `order`."""
        return np.array_equal(order[: len(self._seen)], self._seen)

    def take(self, order: NDArray[np.int64], need: int) -> None:
        """Let the rows of `order` that were not seen through, until `need` came out."""
        piece = PIECE if self._repeats is None else SMALL_PIECE
        kept, found, low = [self.rows], len(self.rows), len(self._seen)
        end = len(order) if self._spread is None else min(len(order), self._farthest)
        while low < end and found < need and not (self.worn or self.full):
            check_stopped()
            rows = order[low : min(low + piece, end)]
            low += len(rows)
            if self._repeats is not None:
                rows = self._repeats.take(rows)
            if self._cells is not None:
                rows = self._cells.take(rows, len(rows))
            if self._spread is not None:
                rows = self._spread.take(rows, need - found)
            kept.append(rows)
            found += len(rows)
        self.rows, self._seen = np.concatenate(kept)[:need], order[:low]

    def groups(self, rows: NDArray[np.int64]) -> dict[int, NDArray[np.int64]]:
        """Return the repeats of each of `rows` that has any."""
        if self._repeats is None:
            return {}
        found = ((row, self._repeats.group(row)) for row in rows.tolist())
        return {row: group for row, group in found if len(group)}
