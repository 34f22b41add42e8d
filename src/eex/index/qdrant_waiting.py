"""Waiting until a Qdrant server has indexed what it was sent: as long as it gets on.

It indexes after it has taken a row, one large segment after another, and says of a collection

- `yellow`: it is at work.
- `grey`: there is work that nothing has begun, as after the server was started again. Any change
  of the collection begins it, one of nothing as well.
- `green`: all is done; or, just after rows were sent, nothing has begun yet.
- `red`: it failed.

Source: https://qdrant.tech/documentation/concepts/collections, "Collection info".
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from eex.errors import BadAnswerError, UnavailableError
from eex.stopping import check_stopped

POLL_SECONDS = 0.5
"""Between two questions."""

CERTAIN = 2
"""Times in a row that a server must say that all is done; once may be before it began."""


@dataclass(frozen=True)
class State:
    """What a server says of a collection."""

    status: str
    """green, yellow, grey or red."""
    indexed: int
    """Vectors that are indexed, about."""
    segments: int
    """Of the collection; they become fewer as they are joined."""


def wait_indexed(
    look: Callable[[], State],
    begin: Callable[[], None],
    *,
    told: Callable[[int], None],
    patience: float,
    named: str,
) -> None:
    """Return when the server says that all is indexed.

    Args:
        look: Asks the server.
        begin: Makes it begin what it has put off.
        told: Called with the vectors that are indexed.
        patience: Seconds without a change after which to give up.
        named: The collection and where it is, for messages.

    Raises:
        BadAnswerError: If the server failed.
        CancelledError: If the work should stop.
        UnavailableError: If it does not get on.
    """
    ready, begun, last, moved = 0, False, (-1, -1), time.monotonic()
    while True:
        check_stopped()
        state = look()
        told(state.indexed)
        if state.status == "red":
            message = f"The Qdrant server could not index the collection {named}."
            raise BadAnswerError(message, hint="Look into the server's log.")
        ready = ready + 1 if state.status == "green" else 0
        if ready == CERTAIN:
            return
        if state.status == "grey" and not begun:
            begin()
        begun = state.status == "grey"
        now = time.monotonic()
        if (state.indexed, state.segments) != last:
            last, moved = (state.indexed, state.segments), now
        elif not ready and now - moved >= patience:
            message = (
                f"The Qdrant server does not get on with indexing the collection {named}: it is "
                f"{state.status}, with {state.indexed:,} vectors indexed, and nothing has changed "
                f"for {patience / 60:.3g} minutes."
            )
            hint = (
                "Look into the server's log. Build the index again to go on waiting: what is there "
                "is not sent again. Longer waits: --option patience=240"
            )
            raise UnavailableError(message, hint=hint)
        time.sleep(POLL_SECONDS)
