"""What an index is: vectors in, cosines and nearest rows out.

One meaning of score everywhere: the cosine of query and stored vector, -1 to 1, larger is nearer,
float32. Equal scores rank by row. A vector without direction (zero, NaN, infinite) never ranks;
its score is NaN. A mask is applied before ranking, never after it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, Protocol, runtime_checkable

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray


class Hits(NamedTuple):
    """The nearest rows of each query, best first."""

    rows: NDArray[np.int64]
    """Shape (n, found); `found` is k, or the number of rows that can rank if that is less."""
    scores: NDArray[np.float32]
    """Shape (n, found), cosines."""


class Scan(NamedTuple):
    """One query's answer over all rows."""

    scores: NDArray[np.float32]
    """Shape (N,), the cosine of every row, NaN where a row cannot rank; ignores the mask."""
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
        first `k` rows of the mask by `Scan.scores` are `Scan.hits`.
        """
        ...

    def score_rows(self, query: ArrayLike, rows: ArrayLike) -> NDArray[np.float32]:
        """Return the cosines of some rows, in their order, shape (len(rows),); NaN as above.

        Raises:
            ShapeError: If a row is not in the index.
        """
        ...
