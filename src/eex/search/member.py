"""A set as it takes part in a query: its engine, its sample, and which of its rows are whose tiles.

The first set of a query is the one whose tiles are the results. Another set, as a rule of the same
tiles by another model, is joined to it by what its rows are called: grid cell and product, or id.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from eex.errors import BadQueryError
from eex.index.base import FindsRows, Hits, VectorIndex
from eex.index.engines import Opening
from eex.index.plain import open_exact
from eex.places import EARTH_RADIUS_KM
from eex.search.spread import unit_sphere

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

    from eex.embeddings import EmbeddingSet
    from eex.index.exact import ExactIndex

SAMPLE = 32_768
"""Most rows that say how a part's scores are spread; sets of no more are taken whole."""

CHECKED = 4_096
"""Tiles whose places are compared when sets are joined."""

BOX = "pixel_bbox"
"""Column that tells tiles of one cell and product apart."""

LEAST_KM = 12.0
"""Distance that tiles which are the same may be apart, at least: about one of Major TOM."""

SCAN_ERROR = 1e-3
"""How far a score of a scan may be from the cosine, for indexes that do not say."""


def sample_index(embeddings: EmbeddingSet, *, threads: int) -> ExactIndex:
    """Return the exact index of every n-th row, at most `SAMPLE` of them.

    Where most of these could not rank, of every n-th of the rows that can.
    """
    step = -(-len(embeddings) // SAMPLE)
    if step == 1:
        return open_exact(Opening(embeddings=embeddings, threads=threads))
    unusable = embeddings.unusable[embeddings.unusable % step == 0] // step
    vectors = embeddings.vectors[::step]
    if 2 * len(unusable) > len(vectors):
        can_rank = np.ones(len(embeddings), np.bool_)
        can_rank[embeddings.unusable] = False
        rows = np.flatnonzero(can_rank)
        vectors = embeddings.vectors[rows[:: -(-len(rows) // SAMPLE)]]
        unusable = unusable[:0]
    some = replace(embeddings, vectors=vectors, unusable=unusable)
    return open_exact(Opening(embeddings=some, threads=threads))


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
    Shape (rows of the first,). Several rows may have one: a tile at several dates."""
    missing: list[tuple[int, int]] = field(default_factory=list)
    """Ranges of this set's rows that its engine could not search, noted as it is asked."""

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
        if len(vectors) == 1:
            scans = [index.scan(vectors[0], k=1, mask=own)]
        else:
            count = len(vectors)
            scans = index.scan_many(np.stack(vectors), k=[1] * count, masks=[own] * count)
        for scan in scans:
            self.note(scan.hits)
        return [self._of_first(scan.scores) for scan in scans]

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
        """Return the first set's rows that are best by a vector, best first, at most `k`.

        Rows that are the same row here follow each other.
        """
        own = self._mask(mask)
        if self.partner is not None and own is None:
            own = np.zeros(self.index.size, np.bool_)  # rows that are nobody's do not rank
            own[self.partner[self.partner >= 0]] = True
        hits = self.index.search(vector[None], k=k, mask=own)
        self.note(hits)
        if self.partner is None:
            return hits.rows[0]
        owners, begins = self._owners
        each = [owners[begins[row] : begins[row + 1]] for row in hits.rows[0].tolist()]
        rows = np.concatenate(each) if each else np.empty(0, np.int64)
        return (rows if mask is None else rows[mask[rows]])[:k]

    def note(self, hits: Hits) -> None:
        """Note what an engine could not search."""
        told = getattr(hits, "missing", ())
        self.missing.extend(span for span in told if span not in self.missing)

    def error(self, vector: NDArray[np.float32]) -> float:
        """Return how far `scores` may be from the true cosine of any row."""
        index = self.index if isinstance(self.index, VectorIndex) else self.exact
        told = getattr(index, "tolerance", None)
        return float(told(vector)) if told is not None else SCAN_ERROR

    @cached_property
    def _owners(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of the first set in the order of their rows here, and where those of each begin."""
        assert self.partner is not None
        order = np.argsort(self.partner, kind="stable")
        begins = np.searchsorted(self.partner[order], np.arange(self.index.size + 1))
        return order, begins

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
    for some, name in zip((first, other), names, strict=True):
        if not columns and not some.named:
            message = f"The rows of {name!r} have no names, by which its tiles could be joined."
            hint = "Sets need grid_cell and product_id, or an id, to be asked together."
            raise BadQueryError(message, hint=hint)
    ours, theirs = _called(first, columns), _called(other, columns)
    if columns and _twice(theirs) and _have(BOX, first, other):  # tiles of one cell and product
        ours, theirs = _called(first, [*columns, BOX]), _called(other, [*columns, BOX])
    if ours.equals(theirs):
        _check_places(first, other, None, names)
        return None
    if _twice(theirs):
        message = f"The set {names[1]!r} has several rows for one tile."
        raise BadQueryError(message, hint="Ask it alone, or put it first.")
    found = pc.fill_null(pc.index_in(ours, value_set=theirs), -1)
    rows = found.to_numpy().astype(np.int64)
    if not (rows >= 0).any():
        message = f"The sets {names[0]!r} and {names[1]!r} have no tile in common."
        hint = "Sets are joined by grid cell and product, or by id: are they of the same tiles?"
        raise BadQueryError(message, hint=hint)
    _check_places(first, other, rows, names)
    return rows


def _check_places(
    first: EmbeddingSet,
    other: EmbeddingSet,
    rows: NDArray[np.int64] | None,
    names: tuple[str, str],
) -> None:
    """Refuse sets whose tiles are called alike and lie elsewhere; some thousands are looked at."""
    ours = np.arange(len(first)) if rows is None else np.flatnonzero(rows >= 0)
    ours = ours[:: -(-len(ours) // CHECKED)]
    theirs = ours if rows is None else rows[ours]
    apart = np.linalg.norm(
        unit_sphere(np.asarray(first.lonlat)[ours]) - unit_sphere(np.asarray(other.lonlat)[theirs]),
        axis=1,
    )
    allowed = max(first.header.tile_km, other.header.tile_km, LEAST_KM) / EARTH_RADIUS_KM
    if np.count_nonzero(apart > allowed) > len(ours) // 100:
        message = f"Tiles of {names[0]!r} and {names[1]!r} are called alike but lie elsewhere."
        raise BadQueryError(message, hint="They are not of the same tiles: ask them apart.")


def _have(name: str, *sets: EmbeddingSet) -> bool:
    """Whether all sets have a column, whole."""
    return all(name in some.rows.column_names and not some.rows[name].null_count for some in sets)


def _twice(names: pa.Array) -> bool:
    """Whether a name is there more than once."""
    import pyarrow.compute as pc

    return bool(pc.count_distinct(names).as_py() < len(names))


def _text(column: pa.ChunkedArray) -> pa.ChunkedArray:
    """Return a column of texts, or of lists of numbers, as text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not (pa.types.is_list(column.type) or pa.types.is_fixed_size_list(column.type)):
        return column.cast(pa.large_string())
    lists = column.cast(pa.list_(column.type.value_type)).cast(pa.list_(pa.string()))
    return pc.binary_join(lists, " ").cast(pa.large_string())


def _called(embeddings: EmbeddingSet, columns: Sequence[str]) -> pa.Array:
    """Return what the rows are called, as one array of text."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not columns:
        names = embeddings.ids.cast(pa.large_string())
    else:
        parts = [_text(embeddings.rows[name]) for name in columns]
        separator = pa.scalar("\x1f", pa.large_string())
        names = parts[0] if len(parts) == 1 else pc.binary_join_element_wise(*parts, separator)
    return names.combine_chunks() if isinstance(names, pa.ChunkedArray) else names
