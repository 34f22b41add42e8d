"""Footers of Parquet files far away: fetched once, by one thread of one process, and kept."""

from __future__ import annotations

import json
import struct
import threading
import zlib
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from eex.errors import ChangedError, DamagedRemoteError, RemoteError
from eex.remote.answers import Stamp, name_of
from eex.remote.client import RemoteClient
from eex.remote.hubs import repository
from eex.remote.keep import DiskCache

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

MAGIC = b"PAR1"
"""Begins and ends a file."""

END = 8
"""Bytes after a footer: its length and the magic."""

GUESS = 1_250_000
"""Bytes asked for at the end of a file of which nothing is known; footers of Major TOM's shards
have 0.74 to 1.38 MB."""

SPARE = 1.05
"""How many times the longest footer met so far is asked for at the next file beside it."""

MOST_FOOTER = 16 * 2**20
"""Longest footer that is read, bytes."""

LOCK_SECONDS = 60.0
"""Most seconds to wait for another process that fetches the same footer."""

_locks: dict[str, threading.Lock] = {}
_locks_lock = threading.Lock()


def fetched(url: str, client: RemoteClient, cache: DiskCache) -> tuple[Stamp, bytes]:
    """Fetch a footer, in one request if it is no longer than those beside it.

    Raises:
        DamagedRemoteError: If there is none, or it is too long.
        RemoteError: If it cannot be had.
    """
    try:
        return _fetched(url, client, cache)
    except ChangedError:  # between two requests
        return _fetched(url, client, cache)


def _fetched(url: str, client: RemoteClient, cache: DiskCache) -> tuple[Stamp, bytes]:
    guess_key = f"guess\n{repository(url, client.settings)}"
    try:
        longest = int(cache.get(guess_key) or 0)
    except ValueError:
        longest = 0
    guess = min(int(longest * SPARE) + END, MOST_FOOTER) if longest else GUESS
    tail, stamp = client.tail(url, guess)
    if len(tail) < len(MAGIC) + END or tail[-len(MAGIC) :] != MAGIC:
        message = f"What lies at {name_of(url)} is not a Parquet file."
        raise DamagedRemoteError(message, hint="Check the address.")
    length = struct.unpack_from("<I", tail, len(tail) - END)[0]
    if length > min(MOST_FOOTER, stamp.size - END - len(MAGIC)):
        message = f"The footer of the file at {name_of(url)} is said to have {length:,} bytes."
        raise DamagedRemoteError(message, hint="The file is damaged.")
    missing = length + END - len(tail)
    if missing > 0:
        start = stamp.size - length - END
        tail = client.ranges(url, [(start, start + missing)], expect=stamp)[0] + tail
    if length > longest:
        cache.put(guess_key, str(length).encode())
    return stamp, tail[len(tail) - length - END : len(tail) - END]


def parsed(url: str, footer: bytes) -> pq.FileMetaData:
    """Parse a footer.

    Raises:
        DamagedRemoteError: If it is none.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with damaged(url):
        return pq.read_metadata(pa.BufferReader(whole_of(footer)))


def whole_of(footer: bytes) -> bytes:
    """Return a file that has a footer and nothing else."""
    return MAGIC + footer + struct.pack("<I", len(footer)) + MAGIC


def schema_of(url: str, metadata: pq.FileMetaData) -> pa.Schema:
    """Return the columns as Arrow has them.

    Raises:
        DamagedRemoteError: If they make no sense.
    """
    with damaged(url):
        return metadata.schema.to_arrow_schema()


@contextmanager
def damaged(url: str) -> Iterator[None]:
    """Turn what pyarrow says of hostile bytes into our error.

    Raises:
        DamagedRemoteError: In place of it.
    """
    import pyarrow as pa

    try:
        yield
    except RemoteError:
        raise
    except (pa.ArrowException, OSError, ValueError, KeyError, MemoryError) as error:
        raise broken(url, error) from error


def broken(url: str, error: Exception) -> DamagedRemoteError:
    """Return our error for what pyarrow says of bytes."""
    message = f"The file at {name_of(url)} cannot be read as Parquet: {str(error)[:200]}."
    return DamagedRemoteError(message, hint="The file is damaged.")


def kept(cache: DiskCache, url: str) -> tuple[Stamp, bytes] | None:
    """Return the footer that is kept of an address and which content it is of, None if none is."""
    import pyarrow as pa

    content = cache.get(url)
    if content is None:
        return None
    try:
        (length,) = struct.unpack_from("<I", content)
        told = json.loads(content[4 : 4 + length])
        footer = pa.decompress(
            content[4 + length :], decompressed_size=told["length"], codec="zstd", asbytes=True
        )
        return Stamp(size=told["size"], etag=told["etag"], host=told["host"]), footer
    except (ValueError, KeyError, TypeError, struct.error, pa.ArrowException, OSError):
        return None


def keep(cache: DiskCache, url: str, stamp: Stamp, footer: bytes) -> None:
    """Keep a footer of an address, packed to a tenth."""
    import pyarrow as pa

    told = {"size": stamp.size, "etag": stamp.etag, "host": stamp.host, "length": len(footer)}
    head = json.dumps(told).encode()
    body = pa.compress(footer, codec="zstd", asbytes=True)
    cache.put(url, struct.pack("<I", len(head)) + head + body)


@contextmanager
def alone(url: str, folder: Path) -> Iterator[None]:
    """Have one thread of one process fetch a footer while others wait."""
    from filelock import FileLock, Timeout

    with _locks_lock:
        lock = _locks.setdefault(url, threading.Lock())
    with lock, ExitStack() as held:
        with suppress(OSError, NotImplementedError, Timeout):
            folder.mkdir(parents=True, exist_ok=True)
            file = FileLock(folder / f"{zlib.crc32(url.encode()) % 256:02x}", timeout=LOCK_SECONDS)
            file.acquire(poll_interval=0.02)
            held.callback(file.release)
        yield
    with _locks_lock:
        if len(_locks) > 10_000:  # noqa: PLR2004
            _locks.clear()
