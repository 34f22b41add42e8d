"""Ranges of rows: how all rows are cut, what each range is asked, and who answers for them.

What is asked of a range is a record that can be pickled, so that it can be answered in this process
or in another one.
"""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Protocol, TypeVar

from eex.errors import EexError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    import numpy as np
    from numpy.typing import NDArray

    from eex.index.base import Hits, Scan, VectorIndex

    Mask = NDArray[np.bool_]

Span = tuple[int, int]
"""A range of rows: the first, and the last + 1."""

Reply = TypeVar("Reply")
Reply_co = TypeVar("Reply_co", covariant=True)


def spans(size: int, count: int) -> tuple[Span, ...]:
    """Return `count` ranges of nearly the same length that cover `size` rows in order.

    Some are empty if there are fewer rows than ranges.
    """
    cuts = [size * i // max(1, count) for i in range(max(1, count) + 1)]
    return tuple(pairwise(cuts))


def joined(parts: Iterable[Span]) -> tuple[Span, ...]:
    """Return ranges in order, those that touch each other as one, without empty ones."""
    out: list[Span] = []
    for low, high in parts:
        if high > low:
            if out and out[-1][1] == low:
                out[-1] = (out[-1][0], high)
            else:
                out.append((low, high))
    return tuple(out)


class Request(Protocol[Reply_co]):
    """What is asked of one range; rows are counted from its first one. Can be pickled."""

    def of(self, index: VectorIndex, masks: Sequence[Mask | None]) -> Reply_co:
        """Return the answer of the index of this range.

        Args:
            index: Over the rows of the range.
            masks: Those of the question, each cut to the range.
        """
        ...


class Shards(Protocol):
    """Ranges of rows, and whoever answers for them."""

    @property
    def dim(self) -> int:
        """Length of one vector."""
        ...

    @property
    def spans(self) -> tuple[Span, ...]:
        """The ranges, in order, without gaps, from row 0 on; they may be empty."""
        ...

    def ask(
        self, requests: Sequence[Request[Reply] | None], masks: Sequence[Mask | None] = ()
    ) -> list[Reply | None]:
        """Return each range's answer to its request.

        Args:
            requests: One for each range; None: this range is not asked.
            masks: Over all rows, shape (N,); each range sees its own part.

        Returns:
            One for each range; None where it was not asked, or cannot be searched now.

        Raises:
            CancelledError: If the search should stop (`eex.stopping`).
            EexError: If they are closed.
        """
        ...

    def close(self) -> None:
        """Answer no new question; let go of what was taken once those under way are answered.

        Does not wait for them. What was returned may not be looked at afterwards.
        """
        ...


class Users:
    """Who uses what another thread may close: it is let go of when the last of them has left."""

    def __init__(self, end: Callable[[], None]) -> None:
        """Take what is called once, by `close` or on the thread of the last who leaves."""
        self._end = end
        self._lock = threading.Lock()
        self._count, self._closed = 0, False

    @contextmanager
    def one_more(self) -> Iterator[None]:
        """Keep it open meanwhile.

        Raises:
            EexError: If it is closed.
        """
        with self._lock:
            if self._closed:
                message = "The set was closed; ask again."
                raise EexError(message, hint="Open it again if this is told once more.")
            self._count += 1
        try:
            yield
        finally:
            with self._lock:
                self._count -= 1
                last = self._closed and not self._count
            if last:
                self._end()

    def close(self) -> None:
        """Let nobody in any more; end at once if nobody is there. A second time does nothing."""
        with self._lock:
            now = not self._closed and not self._count
            self._closed = True
        if now:
            self._end()


@dataclass(frozen=True)
class Search:
    """`VectorIndex.search` of a range."""

    queries: NDArray[np.float64]
    k: int

    def of(self, index: VectorIndex, masks: Sequence[Mask | None]) -> Hits:
        """Return the nearest rows of the range."""
        return index.search(self.queries, k=self.k, mask=masks[0])


@dataclass(frozen=True)
class Scans:
    """`VectorIndex.scan_many` of a range."""

    queries: NDArray[np.float64]
    k: tuple[int, ...]

    def of(self, index: VectorIndex, masks: Sequence[Mask | None]) -> list[Scan]:
        """Return the scans of the range; one query is scanned alone, which is quicker."""
        if len(self.queries) == 1:
            return [index.scan(self.queries[0], k=self.k[0], mask=masks[0])]
        return index.scan_many(self.queries, k=self.k, masks=masks)


@dataclass(frozen=True)
class Scores:
    """`VectorIndex.scores` of a range."""

    query: NDArray[np.float64]

    def of(self, index: VectorIndex, _masks: Sequence[Mask | None]) -> NDArray[np.float32]:
        """Return the score of every row of the range."""
        return index.scores(self.query)


@dataclass(frozen=True)
class RowScores:
    """`VectorIndex.score_rows` of a range."""

    query: NDArray[np.float64]
    rows: NDArray[np.int64]

    def of(self, index: VectorIndex, _masks: Sequence[Mask | None]) -> NDArray[np.float32]:
        """Return the scores of some rows of the range."""
        return index.score_rows(self.query, self.rows)


@dataclass(frozen=True)
class Tolerance:
    """How far the scores of a range may be from the cosine; None if its index does not say."""

    query: NDArray[np.float64]

    def of(self, index: VectorIndex, _masks: Sequence[Mask | None]) -> float | None:
        """Return the bound of the range."""
        told = getattr(index, "tolerance", None)
        return None if told is None else float(told(self.query))
