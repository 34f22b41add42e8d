"""A set as it takes part in a query: its engine, its sample, and which of its rows are whose tiles.

The first set of a query is the one whose tiles are the results. Another set, as a rule of the same
tiles by another model, is joined to it by what its rows are called: grid cell and product, or id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from eex.errors import BadQueryError
from eex.index.base import FindsRows, VectorIndex
from eex.index.engines import Opening
from eex.index.plain import open_exact

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from eex.embeddings import EmbeddingSet
    from eex.index.exact import ExactIndex

SAMPLE = 32_768
"""Most rows that say how a part's scores are spread; sets of no more are taken whole."""

SCAN_ERROR = 1e-3
"""How far a score of a scan may be from the cosine, for indexes that do not say."""


def sample_index(embeddings: EmbeddingSet, *, threads: int) -> ExactIndex:
    """Return the exact index of every n-th row, at most `SAMPLE` of them."""
    step = -(-len(embeddings) // SAMPLE)
    if step > 1:
        unusable = embeddings.unusable
        embeddings = replace(
            embeddings,
            vectors=embeddings.vectors[::step],
            unusable=unusable[unusable % step == 0] // step,
        )
    return open_exact(Opening(embeddings=embeddings, threads=threads))


@dataclass(frozen=True, eq=False)
class Member:
    """One set of a query."""

    name: str
    """As the query calls it."""
    embeddings: EmbeddingSet
    """The set."""
    index: FindsRows
    """Its engine; scores every row if it is a `VectorIndex`."""
    exact: VectorIndex
    """Scores given rows exactly."""
    sample: VectorIndex
    """Of every n-th row; see `sample_index`."""
    partner: NDArray[np.int64] | None = None
    """For each row of the first set the row of this one, -1 for none; None where they are the same.
    Shape (rows of the first,)."""
    size: int = 0
    """Rows of the first set."""

    def scores(
        self, vectors: Sequence[NDArray[np.float32]], mask: NDArray[np.bool_] | None
    ) -> list[NDArray[np.float32]]:
        """Return the cosines of the first set's rows with each vector, NaN where there is none.

        Args:
            vectors: Shape (dim,) each.
            mask: Of the first set's rows; others may be left out.
        """
        own = self._mask(mask)
        index = self.index if isinstance(self.index, VectorIndex) else self.exact
        if len(vectors) == 1 and own is None:
            found = [index.scores(vectors[0])]
        else:
            count = len(vectors)
            scans = index.scan_many(np.stack(vectors), k=[1] * count, masks=[own] * count)
            found = [scan.scores for scan in scans]
        return [self._of_first(scores) for scores in found]

    def score_rows(
        self, vector: NDArray[np.float32], rows: NDArray[np.int64]
    ) -> NDArray[np.float32]:
        """Return the exact cosines of some rows of the first set, NaN where there is none."""
        if self.partner is None:
            return self.exact.score_rows(vector, rows)
        own = self.partner[rows]
        out = np.full(len(rows), np.nan, np.float32)
        out[own >= 0] = self.exact.score_rows(vector, own[own >= 0])
        return out

    def best(
        self, vector: NDArray[np.float32], k: int, mask: NDArray[np.bool_] | None
    ) -> NDArray[np.int64]:
        """Return the first set's rows that are best by a vector, best first, at most `k`."""
        own = self._mask(mask)
        if self.partner is not None and own is None:
            own = np.zeros(self.index.size, np.bool_)  # rows that are nobody's do not rank
            own[self.partner[self.partner >= 0]] = True
        rows = self.index.search(vector[None], k=k, mask=own).rows[0]
        return rows if self.partner is None else self._owners[rows]

    def error(self, vector: NDArray[np.float32]) -> float:
        """Return how far `scores` may be from the true cosine of any row."""
        index = self.index if isinstance(self.index, VectorIndex) else self.exact
        told = getattr(index, "tolerance", None)
        return float(told(vector)) if told is not None else SCAN_ERROR

    @cached_property
    def _owners(self) -> NDArray[np.int64]:
        """For each row of this set the row of the first."""
        owners = np.full(self.index.size, -1, np.int64)
        if self.partner is not None:
            has = np.flatnonzero(self.partner >= 0)
            owners[self.partner[has]] = has
        return owners

    def _mask(self, mask: NDArray[np.bool_] | None) -> NDArray[np.bool_] | None:
        if mask is None or self.partner is None:
            return mask
        own = np.zeros(self.index.size, np.bool_)
        wanted = self.partner[mask]
        own[wanted[wanted >= 0]] = True
        return own

    def _of_first(self, scores: NDArray[np.float32]) -> NDArray[np.float32]:
        if self.partner is None:
            return scores
        return np.where(self.partner >= 0, scores[self.partner], np.float32(np.nan))


def partners(
    first: EmbeddingSet, other: EmbeddingSet, names: tuple[str, str]
) -> NDArray[np.int64] | None:
    """Return for each row of the first set the row of the same tile in another; None if the same.

    Args:
        first: Whose tiles are the results.
        other: Joined to it.
        names: Of both, for messages.

    Returns:
        Shape (rows of the first,), -1 where the other lacks the tile.

    Raises:
        BadQueryError: If they have no tile in common, or the other has one several times.
    """
    import pyarrow.compute as pc

    columns = [name for name in ("grid_cell", "product_id") if _have(name, first, other)]
    ours, theirs = _called(first, columns), _called(other, columns)
    if ours.equals(theirs):
        return None
    if pc.count_distinct(theirs).as_py() < len(theirs):
        message = f"The set {names[1]!r} has several rows for one tile."
        raise BadQueryError(message, hint="Ask it alone, or put it first.")
    found = pc.fill_null(pc.index_in(ours, value_set=theirs), -1)
    rows = found.to_numpy().astype(np.int64)
    if not (rows >= 0).any():
        message = f"The sets {names[0]!r} and {names[1]!r} have no tile in common."
        hint = "Sets are joined by grid cell and product, or by id: are they of the same tiles?"
        raise BadQueryError(message, hint=hint)
    return rows


def _have(name: str, *sets: EmbeddingSet) -> bool:
    """Whether all sets have a column, whole."""
    return all(name in some.rows.column_names and not some.rows[name].null_count for some in sets)


def _called(embeddings: EmbeddingSet, columns: Sequence[str]) -> pa.Array:
    """Return what the rows are called, as one array of text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not columns:
        names = embeddings.ids.cast(pa.large_string())
    else:
        parts = [embeddings.rows[name].cast(pa.large_string()) for name in columns]
        separator = pa.scalar("\x1f", pa.large_string())
        names = parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, separator)
    return names.combine_chunks() if isinstance(names, pa.ChunkedArray) else names
