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

import anyio

from eex.config import Settings
from eex.errors import BusyError

ROW_BYTES, PART_BYTES = 4, 12
"""Memory of a running search for each row of its sets, and for each row and part of the query,
bytes, about. Measured: 13 for one part, 22 to 54 for four."""

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
        self.threads = anyio.CapacityLimiter(limits.at_once)
        """Threads that searches run on, so that other requests have their own."""

    @asynccontextmanager
    async def turn(self, rows: int, parts: int = 1) -> AsyncIterator[None]:
        """Wait for a turn, and have it.

        Args:
            rows: Of all sets that are searched.
            parts: Of the query.

        Raises:
            BusyError: If too many wait already.
        """
        waiter = _Waiter((ROW_BYTES + PART_BYTES * parts) * rows)
        if self._line or not self._fits(waiter):
            if len(self._line) >= self._limits.waiting:
                message = f"{self._running} searches run and {len(self._line)} wait already."
                hint = f"Ask again in {RETRY_AFTER} seconds."
                raise BusyError(message, hint=hint, retry_after=RETRY_AFTER)
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
