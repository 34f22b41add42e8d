"""Rows picked here and there out of a mapped file, without what lies around them.

A system that reads one page of a mapped file from disk reads its neighbours along, which is right
for a scan. For a thousand rows out of a quarter of a million it reads the whole file: 255 MB in
place of 5. Whoever picks rows tells it so meanwhile.
"""

from __future__ import annotations

import mmap
from threading import Lock
from typing import TYPE_CHECKING, Any
from weakref import WeakKeyDictionary

if TYPE_CHECKING:
    from numpy.typing import NDArray


_PICKING: WeakKeyDictionary[mmap.mmap, int] = WeakKeyDictionary()
"""Threads that pick rows of a mapped file, by whichever index."""

_LOCK = Lock()


class Picking:
    """A `with` block in which rows of an array are read one by one; for several threads at once."""

    def __init__(self, vectors: NDArray[Any]) -> None:
        """Take the array; does nothing for one that is in memory."""
        self._mapping = _mapping(vectors)

    def __enter__(self) -> None:
        """Tell the system that pages are wanted singly."""
        self._count(1)

    def __exit__(self, *_: object) -> None:
        """Tell it that they are not any more, once no other thread picks rows."""
        self._count(-1)

    def _count(self, step: int) -> None:
        if self._mapping is None:
            return
        with _LOCK:
            before = _PICKING.get(self._mapping, 0)
            _PICKING[self._mapping] = before + step
            if not before or not before + step:
                self._advise("MADV_RANDOM" if step > 0 else "MADV_NORMAL")

    def _advise(self, name: str) -> None:
        if self._mapping is not None and hasattr(mmap, name):  # not on Windows
            self._mapping.madvise(getattr(mmap, name))


def _mapping(array: Any) -> mmap.mmap | None:  # noqa: ANN401
    """Return the mapped file that an array looks into."""
    while array is not None and not isinstance(array, mmap.mmap):
        array = getattr(array, "base", None)
    return array
