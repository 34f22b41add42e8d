"""Searches that nobody waits for any more stop.

    with stopping(lambda: connection.is_closed):
        index.scan(query, k=100)

The question goes along with the thread of control (a context variable), so that no index needs an
argument for it. A scan asks it between slices of rows, on each of its threads.
"""

from __future__ import annotations

from contextlib import contextmanager
from contextvars import ContextVar
from typing import TYPE_CHECKING

from eex.errors import CancelledError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_should_stop: ContextVar[Callable[[], bool] | None] = ContextVar("should_stop", default=None)


@contextmanager
def stopping(should_stop: Callable[[], bool]) -> Iterator[None]:
    """Let what runs inside stop as soon as `should_stop()` is true; so does what runs around it.

    Args:
        should_stop: Asked every few milliseconds, from several threads at once; must be quick.
    """
    around = _should_stop.get()
    joined = should_stop if around is None else lambda: around() or should_stop()
    token = _should_stop.set(joined)
    try:
        yield
    finally:
        _should_stop.reset(token)


def check_stopped() -> None:
    """Return if work should go on.

    Raises:
        CancelledError: If whoever asked wants no answer any more.
    """
    should_stop = _should_stop.get()
    if should_stop is not None and should_stop():
        message = "The search was cancelled."
        raise CancelledError(message)
