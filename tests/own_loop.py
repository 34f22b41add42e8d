"""An event loop of its own: the browser's tests may keep one running in the main thread."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor

import anyio


def in_own_loop(main: Callable[[], Awaitable[object]]) -> None:
    """Run an async function on another thread; what it raises is raised here."""
    with ThreadPoolExecutor(1) as pool:
        pool.submit(anyio.run, main).result()
