"""Work for a client that may go away: when it does, the work stops.

Scans look at `eex.stopping` between slices of rows, so an answer that nobody waits for any
more is given up within some milliseconds.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from threading import Event
from typing import TypeVar

import anyio
import anyio.to_thread
from starlette.requests import Request

from eex.errors import CancelledError
from eex.stopping import stopping

T = TypeVar("T")


async def while_wanted(request: Request, work: Callable[[Event], Awaitable[T]]) -> T:
    """Do some work as long as the client is there.

    Args:
        request: Whose body has been read.
        work: Told of an event that is set when the client has gone. It is then cancelled; what it
            runs in threads must look at the event, see `in_thread`.

    Raises:
        CancelledError: If the client went away.
    """
    gone = Event()
    done: list[T] = []
    failed: list[Exception] = []
    async with anyio.create_task_group() as group:

        async def watch() -> None:
            try:
                while (await request.receive())["type"] != "http.disconnect":
                    pass
                group.cancel_scope.cancel()
            finally:  # also when the server ends
                gone.set()

        group.start_soon(watch)
        try:
            done.append(await work(gone))
        except Exception as error:  # noqa: BLE001, raised below as itself, not in a group
            failed.append(error)
        group.cancel_scope.cancel()
    if failed:
        raise failed[0]
    if not done:
        message = "Who asked has gone."
        raise CancelledError(message)
    return done[0]


async def in_thread(
    gone: Event, call: Callable[[], T], *, limiter: anyio.CapacityLimiter | None = None
) -> T:
    """Run what may search on a worker thread; it stops when `gone` is set.

    Raises:
        CancelledError: If it stopped.
    """
    return await anyio.to_thread.run_sync(partial(_stoppable, gone, call), limiter=limiter)


def _stoppable(gone: Event, call: Callable[[], T]) -> T:
    with stopping(gone.is_set):
        return call()
