"""A filter and a set become a mask of rows, before anything is ranked.

In: a `Filter` and an `EmbeddingSet`. Out: one boolean for each row. Rows are looked at in slices,
so that a set of many millions needs little more memory than its mask.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from concurrent.futures import Future, wait
from sys import getsizeof

import numpy as np
from numpy.typing import NDArray

from eex.embeddings import EmbeddingSet
from eex.errors import CancelledError
from eex.filters.columns import Slice, columns_of
from eex.filters.conditions import Question, questions_of
from eex.filters.record import Filter
from eex.filters.times import Times
from eex.stopping import check_stopped

__all__ = ["Masks", "columns_of", "count", "mask_of"]

SLICE = 1 << 16
"""Rows looked at at a time."""

FEW = 4
"""Rows that are left are taken out once they are fewer than one in so many."""

KEPT_BYTES = 1 << 28
"""Of masks that are kept, one byte a row, and their keys."""

WAIT = 0.05
"""Seconds that a thread waits for another's mask before it looks whether it should stop."""

Mask = NDArray[np.bool_]


def mask_of(
    filter: Filter,  # noqa: A002
    embeddings: EmbeddingSet,
    *,
    times: Times | None = None,
) -> Mask:
    """Return which rows meet all conditions, shape (rows,).

    What is asked about places holds for the centres of tiles. A row that lacks what a condition
    asks about does not meet it.

    Args:
        filter: The conditions.
        embeddings: Whose rows.
        times: Where times of this set are kept that were read from text.

    Raises:
        BadQueryError: If the set lacks what a condition asks about, or an expression does not fit
            its columns.
        CancelledError: If the search should stop.
    """
    questions = questions_of(filter, embeddings)
    mask: Mask = np.ones(len(embeddings), np.bool_)
    kinds = columns_of(embeddings) if len(questions) else {}
    for start in range(0, len(mask) if questions else 0, SLICE):
        check_stopped()
        stop = min(start + SLICE, len(mask))
        mask[start:stop] = _asked(questions, Slice(embeddings, kinds, start, stop, kept=times))
    return mask


def _asked(questions: list[Question], rows: Slice) -> Mask:
    """Ask one question after another, and once few rows remain only about those."""
    part, chosen = np.ones(len(rows), np.bool_), None
    for ask in questions:
        answer = ask(rows)
        if chosen is None:
            part &= answer
        else:
            part[chosen[~answer]] = False
        left = int(np.count_nonzero(part))
        if not left:
            break
        if left * FEW < len(rows):
            chosen = np.flatnonzero(part)
            rows = rows.narrowed(chosen)
    return part


def count(filter: Filter, embeddings: EmbeddingSet) -> int:  # noqa: A002
    """Return how many rows meet all conditions; raises as `mask_of`."""
    return int(np.count_nonzero(mask_of(filter, embeddings)))


class Masks:
    """Masks of one set, each made once and kept while there is room; for any number of threads."""

    def __init__(self, embeddings: EmbeddingSet, *, kept_bytes: int = KEPT_BYTES) -> None:
        """Keep at most so many bytes of masks, those asked for last."""
        self._embeddings = embeddings
        self._kept_bytes = kept_bytes
        self._lock = threading.Lock()
        self._times = Times.kept_of(embeddings)
        self._kept: OrderedDict[str, Mask] = OrderedDict()
        self._making: dict[str, Future[Mask]] = {}

    @property
    def kept(self) -> int:
        """Bytes of masks and their keys that are kept now."""
        with self._lock:
            return self._bytes()

    def _bytes(self) -> int:
        return sum(getsizeof(key) + getsizeof(mask) for key, mask in self._kept.items())

    def of(self, filter: Filter | None) -> Mask | None:  # noqa: A002
        """Return the mask of a filter, read-only; None if it lets every row through.

        Who asks for one that another thread is making waits for it.

        Raises:
            BadQueryError: As `mask_of` does.
            CancelledError: If the search should stop.
        """
        if filter is None or filter.empty:
            return None
        key = filter.key
        with self._lock:
            if key in self._kept:
                self._kept.move_to_end(key)
                return self._kept[key]
            others = self._making.get(key)
            if others is None:
                mine = self._making[key] = Future()
        if others is None:
            return self._make(filter, key, mine)
        try:
            return _waited(others)
        except CancelledError:  # of who made it; who asks here may still want it
            check_stopped()
            return self.of(filter)

    def _make(self, filter: Filter, key: str, future: Future[Mask]) -> Mask:  # noqa: A002
        try:
            mask = mask_of(filter, self._embeddings, times=self._times)
            mask.flags.writeable = False
        except BaseException as error:
            with self._lock:
                del self._making[key]
            future.set_exception(error)
            raise
        with self._lock:
            del self._making[key]
            if getsizeof(key) + getsizeof(mask) <= self._kept_bytes:
                self._kept[key] = mask
            while self._bytes() > self._kept_bytes:
                self._kept.popitem(last=False)
        future.set_result(mask)
        return mask


def _waited(others: Future[Mask]) -> Mask:
    """Wait for a mask that another thread makes, as long as this one's search goes on."""
    while True:
        check_stopped()
        if wait([others], timeout=WAIT).done:
            return others.result()
