"""A file of which only some spans are here, for readers that want a file."""

from __future__ import annotations

import io
from collections.abc import Iterable

from eex.errors import DamagedRemoteError


class SparseFile(io.RawIOBase):
    """Reads inside the spans that are here; anything else is an error, not zeros."""

    def __init__(self, size: int, pieces: Iterable[tuple[int, bytes]]) -> None:
        """Keep the length of the whole file, and pieces of it with where they begin."""
        super().__init__()
        self._size = size
        self._pieces = sorted(pieces, key=lambda piece: piece[0])
        self._at = 0

    def readable(self) -> bool:
        """It is."""
        return True

    def seekable(self) -> bool:
        """It is."""
        return True

    def tell(self) -> int:
        """Return the next byte."""
        return self._at

    def seek(self, offset: int, whence: int = io.SEEK_SET) -> int:
        """Go to a byte."""
        base = {io.SEEK_SET: 0, io.SEEK_CUR: self._at, io.SEEK_END: self._size}[whence]
        self._at = max(0, base + offset)
        return self._at

    def size(self) -> int:
        """Return the length of the whole file."""
        return self._size

    def read(self, size: int = -1) -> bytes:
        """Read bytes that are here.

        Raises:
            DamagedRemoteError: If they are not: the file says something else than its footer.
        """
        stop = self._size if size < 0 else min(self._at + size, self._size)
        low = self._at
        if low >= stop:
            return b""
        for start, content in self._pieces:
            if start <= low and stop <= start + len(content):
                self._at = stop
                return content[low - start : stop - start]
        message = f"Bytes {low} to {stop} of a Parquet file were asked for, which no column has."
        raise DamagedRemoteError(message, hint="The file is damaged.")

    def readinto(self, buffer: object) -> int:
        """Read into a buffer."""
        view = memoryview(buffer).cast("B")  # type: ignore[arg-type]
        got = self.read(len(view))
        view[: len(got)] = got
        return len(got)


class NoFile(SparseFile):
    """A file of which nothing is here, which knows whether it was asked for anything."""

    def __init__(self, size: int) -> None:
        """Take the length of the file."""
        super().__init__(size, ())
        self.asked = False

    def read(self, size: int = -1) -> bytes:  # noqa: ARG002
        """Give nothing, and remember that it was asked for; an error here would cost memory."""
        self.asked = True
        return b""
