"""A process that embeds items for another one.

A job and items come in, what became of them goes out, as pickles over its own pipes.

    python -m eex.build.worker

It ends when whoever started it does. What anything prints goes to standard error.
"""

from __future__ import annotations

import os
import pickle
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from typing import IO, Any

from eex.build.items import Item
from eex.build.work import embed_items
from eex.errors import EexError

PR_SET_PDEATHSIG = 1
"""Of Linux's prctl(2): the signal that this process gets when its parent ends."""


def main() -> None:
    """Work until there are no more items, or nobody is there to give them."""
    take = sys.stdin.buffer
    give = os.fdopen(os.dup(sys.stdout.fileno()), "wb")
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C goes to all; who started us ends us
    parent, job = _load(take)
    end_with(parent)
    try:
        for done in embed_items(_items(take), job):
            _dump(give, done)
    except BrokenPipeError:
        return
    except Exception as error:  # noqa: BLE001 (raised again where we were started)
        with suppress(OSError):
            _dump(give, _portable(error))
    give.close()
    os._exit(0)  # threads that wait for items that do not come


def end_with(parent: int) -> None:
    """Have the system end this process when its parent ends, where it can (Linux)."""
    if not sys.platform.startswith("linux"):
        return
    import ctypes

    with suppress(OSError, AttributeError):
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:  # it ended before
        os._exit(1)


def _items(take: IO[bytes]) -> Iterator[Item]:
    lock = threading.Lock()
    while True:
        with lock:
            item = _load(take)
        if item is None:
            return
        yield item


def _load(take: IO[bytes]) -> Any:  # noqa: ANN401
    """Return what comes next; None at the end, or when whoever gives it is gone."""
    try:
        return pickle.load(take)  # noqa: S301 (from our own parent, over its own pipe)
    except (EOFError, pickle.UnpicklingError):
        return None


def _dump(give: IO[bytes], what: object) -> None:
    pickle.dump(what, give)
    give.flush()


def _portable(error: Exception) -> Exception:
    """Return an error that can travel: ours as they are, others in words."""
    if isinstance(error, EexError):
        error.__cause__ = error.__context__ = None
        with suppress(Exception):
            pickle.loads(pickle.dumps(error))  # noqa: S301
            return error
    return EexError(f"{type(error).__name__}: {error}", hint="This is a fault of ours; report it.")


if __name__ == "__main__":
    # Under its own name, so that pickles of it mean the same here and there.
    from eex.build import worker  # noqa: PLW0406

    worker.main()
