"""Work side by side whose results come in the order of what was given."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def in_order(
    work: Callable[[T], R], given: Iterable[T], *, threads: int, ahead: int, name: str = "eex"
) -> Iterator[R]:
    """Yield `work` of each thing, in their order, each as soon as it is its turn.

    What `work` raises is raised at its turn. Who stops early leaves the rest undone.

    Args:
        work: Called on other threads.
        given: Taken on this thread, as there is room.
        threads: How many work at once.
        ahead: How many are under way at most, those that wait for their turn included.
        name: Begins the names of the threads.
    """
    pool = ThreadPoolExecutor(threads, thread_name_prefix=name)
    waiting: deque[Future[R]] = deque()
    try:
        for each in given:
            if len(waiting) >= ahead:
                yield waiting.popleft().result()
            waiting.append(pool.submit(work, each))
        while waiting:
            yield waiting.popleft().result()
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
