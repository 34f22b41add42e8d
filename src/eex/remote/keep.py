"""A folder of bytes that are kept as long as there is room: what was used least goes first.

Safe among threads and processes: a write is whole or not at all, and what is read is what was
written, or nothing. A disk that is full or read-only costs the keeping, never the work.
"""

from __future__ import annotations

import hashlib
import os
import struct
import threading
import time
import zlib
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

HEADER = struct.Struct("<4sII")
"""Mark, checksum (CRC-32) and low 32 bits of the length, before the bytes."""

MARK = b"EEX1"

FULL = 0.9
"""Share of the limit that is left in use when the oldest have gone."""

LOOKS = 16
"""After so many parts of the limit were written, the folder is looked over again."""

LEFT_SECONDS = 3600.0
"""What another process has not finished writing for so long, it never will."""


class DiskCache:
    """Bytes by key, at most so many of them."""

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        """Keep bytes in a folder of their own, which is made when it is needed.

        Args:
            folder: Nothing else may lie there.
            limit_bytes: Most bytes of all files; 0 keeps nothing. Processes that write at the
                same time may pass it by a sixteenth each for a moment.
        """
        self.folder = folder
        self.limit = limit_bytes
        self._lock = threading.Lock()
        self._written = float("inf")  # since the folder was looked over
        self._total = 0

    def get(self, key: str) -> bytes | None:
        """Return what was kept under a key; None if it is not there (any more)."""
        path = self._path(key)
        try:
            content = path.read_bytes()
        except OSError:
            return None
        if len(content) >= HEADER.size:
            mark, crc, length = HEADER.unpack_from(content)
            body = content[HEADER.size :]
            if (mark, crc, length) == (MARK, zlib.crc32(body), len(body) & 0xFFFFFFFF):
                with suppress(OSError):
                    os.utime(path)
                return body
        with suppress(OSError):
            path.unlink()
        return None

    def put(self, key: str, content: bytes) -> bool:
        """Keep bytes under a key, and let go of the oldest if there is no room.

        Returns:
            Whether they are kept; not if they are more than fits, or the disk refuses.
        """
        size = len(content) + HEADER.size
        if size > self.limit * FULL:
            return False
        path = self._path(key)
        fresh = path.parent / f".{os.getpid()}-{os.urandom(6).hex()}"
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            head = HEADER.pack(MARK, zlib.crc32(content), len(content) & 0xFFFFFFFF)
            with fresh.open("xb") as file:
                file.write(head)
                file.write(content)
            fresh.replace(path)
        except OSError:
            with suppress(OSError):
                fresh.unlink()
            return False
        self._grown(size)
        return True

    def drop(self, key: str) -> None:
        """Forget what was kept under a key."""
        with suppress(OSError):
            self._path(key).unlink()

    def _path(self, key: str) -> Path:
        name = hashlib.sha256(key.encode("utf-8", "surrogatepass")).hexdigest()
        return self.folder / name[:2] / name[2:]

    def _grown(self, size: int) -> None:
        with self._lock:
            self._written += size
            self._total += size
            if self._total <= self.limit and self._written <= self.limit / LOOKS:
                return
            self._written = 0
            self._total = self._tidied()

    def _tidied(self) -> int:
        """Let go of the oldest until there is room; return the bytes that are left."""
        files = sorted(self._files())
        total = sum(size for _, size, _ in files)
        if total <= self.limit:
            return total
        for _, size, path in files:
            with suppress(OSError):
                path.unlink()
                total -= size
            if total <= self.limit * FULL:
                break
        return total

    def _files(self) -> Iterator[tuple[float, int, Path]]:
        """Yield time of last use, bytes and path of what is kept."""
        now = time.time()
        for folder, _, names in os.walk(self.folder):
            for name in names:
                path = Path(folder, name)
                with suppress(OSError):
                    told = path.stat()
                    if not name.startswith("."):
                        yield told.st_mtime, told.st_size, path
                    elif now - told.st_mtime > LEFT_SECONDS:
                        path.unlink()
