"""How many searches run at once, so that memory is bounded and overload is told at once.

A search holds some numbers for each row of its sets while it runs. So many run at once as fit into
the memory for them; others wait in line, first come, first served; when the line is long, who
comes is told to come again.
"""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import anyio

from eex.config import MAX_K, Settings
from eex.errors import BusyError
from eex.search.answer import DEFAULT_K
from eex.search.diversity import POOL, farthest

if TYPE_CHECKING:
    from eex.search.query import Query
    from eex.search.run import OpenSet

ROW_BYTES, PART_BYTES = 4, 12
"""Memory of a running search for each row of its sets, and for each row and part of the query,
bytes, about. Measured: 13 for one part, 22 to 54 for four."""

LOOKED_BYTES = 64
"""Further memory for each row of the ranking that may be looked at, bytes, about. Measured: 45 to
87 where rows are passed over, for the best percent, and for fusing ranks."""

RETRY_AFTER = 3
"""Seconds after which who was turned away should ask again."""


@dataclass(frozen=True, kw_only=True)
class Limits:
    """What searches may take of the machine."""

    at_once: int = 32
    """Most searches that run at once; those of one set share reads of its vectors."""
    waiting: int = 64
    """Most searches that wait for their turn; one more is answered 503."""
    memory: int = 2**30
    """Most memory of running searches, bytes, about; one search always runs."""

    @classmethod
    def of(cls, settings: Settings) -> Limits:
        """Return what the settings say."""
        return cls(
            at_once=settings.searches,
            waiting=settings.searches_waiting,
            memory=settings.search_memory,
        )


class Load:
    """Gives searches their turn. Belongs to one event loop."""

    def __init__(self, limits: Limits) -> None:
        """Start with nothing running."""
        self._limits = limits
        self._running = 0
        self._held = 0
        self._line: deque[_Waiter] = deque()
        self._fitting = anyio.Semaphore(1)
        self.threads = anyio.CapacityLimiter(limits.at_once)
        """Threads that searches run on, so that other requests have their own."""

    @property
    def running(self) -> int:
        """Searches that run."""
        return self._running

    @property
    def waiting(self) -> int:
        """Searches that wait for their turn."""
        return len(self._line)

    @property
    def held(self) -> int:
        """Memory of running searches, bytes, about."""
        return self._held

    @asynccontextmanager
    async def turn(
        self, rows: int, parts: int = 1, *, looked: int = 0, further: int = 0
    ) -> AsyncIterator[None]:
        """Wait for a turn, and have it.

        Args:
            rows: Of all sets that are searched.
            parts: Of the query.
            looked: Rows of the ranking that may be looked at, see `rows_looked`.
            further: Memory that is taken besides, bytes, about.

        Raises:
            BusyError: If too many wait already.
        """
        each = ROW_BYTES + PART_BYTES * parts
        waiter = _Waiter(each * rows + LOOKED_BYTES * looked + further)
        if self._line or not self._fits(waiter):
            if len(self._line) >= self._limits.waiting:
                message = f"{self._running} searches run and {len(self._line)} wait already."
                raise _busy(message)
            self._line.append(waiter)
        else:
            self._enter(waiter)
        try:
            await waiter.entered.wait()
            yield
        finally:
            if waiter.entered.is_set():
                self._running -= 1
                self._held -= waiter.cost
            else:
                self._line.remove(waiter)
            while self._line and self._fits(self._line[0]):
                self._enter(self._line.popleft())

    @asynccontextmanager
    async def fit(self) -> AsyncIterator[None]:
        """Wait until no other classifier is fitted, which takes all processors.

        Raises:
            BusyError: If too many wait already.
        """
        waiting = self._fitting.statistics().tasks_waiting
        if waiting and waiting >= self._limits.waiting:
            message = f"{waiting} classifiers wait to be fitted already."
            raise _busy(message)
        async with self._fitting:
            yield

    def _fits(self, waiter: _Waiter) -> bool:
        room = self._held + waiter.cost <= self._limits.memory
        return self._running == 0 or (self._running < self._limits.at_once and room)

    def _enter(self, waiter: _Waiter) -> None:
        self._running += 1
        self._held += waiter.cost
        waiter.entered.set()


@dataclass(eq=False)
class _Waiter:
    cost: int
    entered: anyio.Event = field(default_factory=anyio.Event)


def rows_looked(query: Query, first: OpenSet) -> int:
    """Return how many rows of the ranking a query may look at, at most.

    Args:
        query: What is asked.
        first: The set whose tiles are the results.
    """
    rows, k = len(first), query.k or (DEFAULT_K if query.top_percent is None else MAX_K)
    km = query.spread_km
    if km is None:
        km = 0.0 if query.top_percent is not None else first.embeddings.header.spread_km
    if query.top_percent is not None or query.one_per_cell or query.repeats is not None:
        return rows
    if query.diversity:
        k = max(k, POOL)
    looked = [k]
    if km:
        looked.append(farthest(k))
    if query.joined_by.method == "rrf":
        looked.append(query.joined_by.window)
    return min(rows, max(looked))


def _busy(message: str) -> BusyError:
    hint = f"Ask again in {RETRY_AFTER} seconds."
    return BusyError(message, hint=hint, retry_after=RETRY_AFTER)
