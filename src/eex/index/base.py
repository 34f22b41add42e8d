"""What an index is: vectors in, cosines and nearest rows out.

One meaning of score everywhere: the cosine of query and stored vector, -1 to 1, larger is nearer,
float32. Equal scores rank by row. A vector without direction (zero, NaN, infinite) never ranks;
its score is NaN. A mask is applied before ranking, never after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, Self, runtime_checkable

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    from eex.filters.record import Filter


class Hits(NamedTuple):
    """The nearest rows of each query, best first."""

    rows: NDArray[np.int64]
    """Shape (n, found); `found` is k, or the number of rows that can rank if that is less."""
    scores: NDArray[np.float32]
    """Shape (n, found), cosines."""


class PartialHits(Hits):
    """The nearest rows among those that could be searched."""

    missing: tuple[tuple[int, int], ...] = ()
    """Ranges of rows that could not be searched, (first, last + 1); empty when none is missing."""

    def __new__(
        cls,
        rows: NDArray[np.int64],
        scores: NDArray[np.float32],
        missing: Sequence[tuple[int, int]] = (),
    ) -> Self:
        """Return hits as `Hits(rows, scores)`, with what is missing."""
        hits = super().__new__(cls, rows, scores)
        hits.missing = tuple(missing)
        return hits


class Scan(NamedTuple):
    """One query's answer over all rows."""

    scores: NDArray[np.float32]
    """Shape (N,), the cosine of every row, NaN where a row cannot rank. Outside a mask, a score may
    be NaN as well: it was not read."""
    hits: Hits
    """The nearest rows among those of the mask, shape (1, found)."""


@runtime_checkable
class FindsRows(Protocol):
    """Finds the nearest rows; the whole of what an approximate index or a database must do."""

    @property
    def size(self) -> int:
        """Number of rows, those that cannot rank included."""
        ...

    @property
    def dim(self) -> int:
        """Length of one vector."""
        ...

    def search(self, queries: ArrayLike, *, k: int, mask: NDArray[np.bool_] | None = None) -> Hits:
        """Return the `k` nearest rows of each query.

        Args:
            queries: Shape (n, dim), any lengths above 0.
            k: How many rows, at least 1. Where fewer can rank, all of these are returned.
            mask: Shape (N,); only rows that are True here rank.

        Raises:
            ShapeError: If `queries` or `mask` has another shape.
            BadQueryError: If k < 1, or a query is zero or not finite.
        """
        ...


@runtime_checkable
class VectorIndex(FindsRows, Protocol):
    """Also scores every row, which is what a map of the whole set needs."""

    def scores(
        self, query: ArrayLike, *, out: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        """Return the cosine of every row, shape (N,), NaN where a row cannot rank.

        Args:
            query: Shape (dim,), any length above 0.
            out: Written to and returned if given: shape (N,), contiguous.

        Raises:
            ShapeError: If `query` or `out` has another shape.
            BadQueryError: If the query is zero or not finite.
        """
        ...

    def scan(self, query: ArrayLike, *, k: int, mask: NDArray[np.bool_] | None = None) -> Scan:
        """Return `scores` and `search` of one query, from one pass over the data.

        The scores of the rows found are the same numbers in both, and so is their order: the
        first `k` rows of the mask by `Scan.scores` are `Scan.hits`. With a mask, rows outside it
        need not be read: their scores may be NaN.

        Raises:
            CancelledError: If the search should stop, see `eex.stopping`.
        """
        ...

    def scan_many(
        self,
        queries: ArrayLike,
        *,
        k: Sequence[int],
        masks: Sequence[NDArray[np.bool_] | None],
    ) -> list[Scan]:
        """Return what `scan` gives for each query, reading the data once for all of them.

        Args:
            queries: Shape (n, dim), any lengths above 0.
            k: How many rows for each query.
            masks: For each query, shape (N,) or None.

        Returns:
            One for each query; together they hold n * N scores. Scores may differ from those of
            `scan` by rounding; the rows found and their scores do not.

        Raises:
            ShapeError: If there is not one `k` and one mask for each query.
        """
        ...

    def score_rows(self, query: ArrayLike, rows: ArrayLike) -> NDArray[np.float32]:
        """Return the cosines of some rows, in their order, shape (len(rows),); NaN as above.

        Raises:
            ShapeError: If a row is not in the index.
        """
        ...


@runtime_checkable
class FiltersItself(Protocol):
    """Finds the nearest rows under conditions that it looks at itself, so no mask is made."""

    def can_filter(self, where: Filter) -> bool:
        """Return whether all conditions of the filter can be looked at here."""
        ...

    def search_where(self, queries: ArrayLike, *, k: int, where: Filter) -> Hits:
        """Return the `k` nearest rows of each query among those that `where` lets through.

        Args:
            queries: Shape (n, dim), any lengths above 0.
            k: How many rows, at least 1.
            where: One for which `can_filter` is true.

        Raises:
            ShapeError: If `queries` has another shape.
            BadQueryError: If k < 1, a query is zero or not finite, or `where` cannot be looked at.
        """
        ...
