"""One Parquet file far away: its footer once, then only the column chunks that are asked for."""

from __future__ import annotations

import json
import struct
import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eex.errors import ChangedError, DamagedRemoteError, TooMuchError
from eex.remote.answers import Stamp, name_of
from eex.remote.client import RemoteClient
from eex.remote.hubs import repository
from eex.remote.keep import DiskCache
from eex.remote.pages import unpacked_size
from eex.remote.sparse import SparseFile

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

MAGIC = b"PAR1"

END = 8
"""Bytes after a footer: its length and the magic."""

GUESS = 1_250_000
"""Bytes asked for at the end of a file of which nothing is known; footers of Major TOM's shards
have 0.74 to 1.38 MB."""

SPARE = 1.05
"""How many times the longest footer met so far is asked for at the next file beside it."""

MOST_FOOTER = 16 * 2**20
"""Longest footer that is read, bytes."""

MOST_CHUNK = 64 * 2**20
"""Longest column chunk that is read, bytes, unless the caller says otherwise."""

UNPACKED = 4
"""How many times `chunk_limit` a chunk may have once unpacked."""

MOST_ROWS = 2**24
"""Most rows of a row group that is read."""

FOOTERS = 512 * 2**20
"""Most disk that footers take, bytes."""

LOCK_SECONDS = 60.0
"""Most seconds to wait for another process that fetches the same footer."""

_locks: dict[str, threading.Lock] = {}
_locks_lock = threading.Lock()


class RemoteParquet:
    """One Parquet file, read by column chunk."""

    def __init__(
        self, url: str, stamp: Stamp, footer: bytes, *, client: RemoteClient, cache: DiskCache
    ) -> None:
        """Parse a footer; `open` fetches it.

        Raises:
            DamagedRemoteError: If it is not one.
        """
        self.url = url
        self.stamp = stamp
        self.footer = footer
        self.metadata: pq.FileMetaData = _parsed(url, footer)
        self.schema: pa.Schema = _schema(url, self.metadata)
        self.chunk_limit = MOST_CHUNK
        self._client = client
        self._cache = cache

    @classmethod
    def open(
        cls, url: str, *, client: RemoteClient, cache_dir: Path, chunk_limit: int = MOST_CHUNK
    ) -> RemoteParquet:
        """Open a file by its footer: from the disk if it was read before, or in one request.

        Args:
            url: http or https.
            client: Reads it.
            cache_dir: Footers are kept in `remote/footers` there.
            chunk_limit: Longest column chunk that is read, bytes.

        Raises:
            DamagedRemoteError: If it is not a Parquet file, or its footer is too long.
            RemoteError: If it cannot be read.
        """
        cache = DiskCache(cache_dir / "remote" / "footers", FOOTERS)
        with _alone(url, cache_dir / "remote" / "locks"):
            known = _kept(cache, url)
            stamp, footer = known or _fetched(url, client, cache)
            try:
                opened = cls(url, stamp, footer, client=client, cache=cache)
            except DamagedRemoteError:
                cache.drop(url)
                raise
            if known is None:
                _keep(cache, url, stamp, footer)
        opened.chunk_limit = chunk_limit
        return opened

    def forget(self) -> None:
        """Drop the footer from the disk, so that it is read anew by the next `open`."""
        self._cache.drop(self.url)

    def spans(self, group: int) -> dict[str, tuple[int, int]]:
        """Return where the column chunks of a row group lie.

        Returns:
            Path of each leaf column, such as `thumbnail` or `bbox.xmin`, with the first byte of
            its chunk and the byte after the last.

        Raises:
            DamagedRemoteError: If the footer says something impossible.
        """
        row_group = self._group(group)
        found = {}
        for index in range(row_group.num_columns):
            column = row_group.column(index)
            found[column.path_in_schema] = self._span(column)
        return found

    def read(
        self, groups: Sequence[int], columns: Sequence[str], *, limit: int | None = None
    ) -> pa.Table:
        """Read columns of row groups, fetching only their chunks.

        Args:
            groups: Row groups, in the order in which their rows are wanted.
            columns: Names of columns, or paths of leaves.
            limit: Most bytes that are fetched; by default 256 MiB.

        Raises:
            ChangedError: If the file is another one than its footer; open it anew.
            DamagedRemoteError: If it cannot be read as Parquet, or lacks a column.
            RemoteError: If its bytes cannot be had.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        spans = [self._span(c) for group in groups for c in self._columns(group, columns)]
        try:
            got = self._client.ranges(self.url, spans, expect=self.stamp, limit=limit)
        except ChangedError:
            self.forget()
            raise
        pieces = [(span[0], piece) for span, piece in zip(spans, got, strict=True)]
        if any(unpacked_size(piece) > UNPACKED * self.chunk_limit for _, piece in pieces):
            message = f"A column chunk at {name_of(self.url)} has too large pages, or none."
            raise DamagedRemoteError(message, hint="The file is damaged.")
        with _damaged(self.url):
            source = pa.PythonFile(SparseFile(self.stamp.size, pieces), mode="r")
            file = pq.ParquetFile(source, metadata=self.metadata, pre_buffer=False)
            return file.read_row_groups(list(groups), columns=list(columns), use_threads=False)

    def groups_where(self, within: Mapping[str, tuple[float, float]]) -> list[int]:
        """Return the row groups that may have rows within ranges, by their statistics.

        Args:
            within: Path of a leaf column, such as `centre_lat` or `bbox.xmin`, and the lowest
                and the highest value that is wanted there, both included.

        Returns:
            Row groups in order; also those without statistics.

        Raises:
            DamagedRemoteError: If there is no such column.
        """
        paths = self.leaves()
        for name in within:
            if name not in paths:
                raise self._lacks(name)
        wanted = [(paths[name], low, high) for name, (low, high) in within.items()]
        found = []
        for group in range(self.metadata.num_row_groups):
            row_group = self.metadata.row_group(group)
            if all(_may_have(row_group.column(i), low, high) for i, low, high in wanted):
                found.append(group)
        return found

    def leaves(self) -> dict[str, int]:
        """Return the leaf columns: path and number."""
        schema = self.metadata.schema
        return {schema.column(i).path: i for i in range(self.metadata.num_columns)}

    def _columns(self, group: int, columns: Sequence[str]) -> Iterator[Any]:
        row_group, paths = self._group(group), self.leaves()
        for name in columns:
            indices = [i for p, i in paths.items() if p == name or p.startswith(f"{name}.")]
            if not indices:
                raise self._lacks(name)
            for index in indices:
                yield row_group.column(index)

    def _group(self, group: int) -> Any:  # noqa: ANN401
        if not 0 <= group < self.metadata.num_row_groups:
            count = self.metadata.num_row_groups
            message = f"The file at {name_of(self.url)} has {count} row groups, none {group}."
            raise DamagedRemoteError(message, hint="The set does not fit its pixels' files.")
        row_group = self.metadata.row_group(group)
        if not 0 <= row_group.num_rows <= MOST_ROWS:
            message = f"Row group {group} has {row_group.num_rows} rows, too many to read at once."
            raise TooMuchError(message, hint="Fetch the whole file.")
        return row_group

    def _span(self, column: Any) -> tuple[int, int]:  # noqa: ANN401
        """Return where a column chunk lies, checked against the length of the file."""
        start = column.data_page_offset
        if column.has_dictionary_page and 0 < column.dictionary_page_offset < start:
            start = column.dictionary_page_offset
        size = column.total_compressed_size
        if start < len(MAGIC) or size < 0 or start + size > self.stamp.size - END:
            message = f"The footer at {name_of(self.url)} points outside its file."
            raise DamagedRemoteError(message, hint="The file is damaged.")
        if size > self.chunk_limit or column.total_uncompressed_size > UNPACKED * self.chunk_limit:
            message = f"A column chunk of {size:,} bytes is more than the limit."
            raise TooMuchError(message, hint="Fetch the whole file.")
        return start, start + size

    def _lacks(self, name: str) -> DamagedRemoteError:
        message = f"The file at {name_of(self.url)} has no column {name!r}."
        return DamagedRemoteError(message, hint=f"It has {', '.join(self.schema.names)[:300]}.")


def _may_have(column: Any, low: float, high: float) -> bool:  # noqa: ANN401
    statistics = column.statistics if column.is_stats_set else None
    if statistics is None or not statistics.has_min_max:
        return True
    try:
        return not (statistics.max < low or statistics.min > high)
    except TypeError:
        return True


def _fetched(url: str, client: RemoteClient, cache: DiskCache) -> tuple[Stamp, bytes]:
    """Fetch a footer, in one request if it is no longer than those beside it."""
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


def _parsed(url: str, footer: bytes) -> pq.FileMetaData:
    import pyarrow as pa
    import pyarrow.parquet as pq

    whole = MAGIC + footer + struct.pack("<I", len(footer)) + MAGIC
    with _damaged(url):
        return pq.read_metadata(pa.BufferReader(whole))


def _schema(url: str, metadata: pq.FileMetaData) -> pa.Schema:
    with _damaged(url):
        return metadata.schema.to_arrow_schema()


@contextmanager
def _damaged(url: str) -> Iterator[None]:
    """Turn what pyarrow says of hostile bytes into our error.

    Raises:
        DamagedRemoteError: In place of it.
    """
    import pyarrow as pa

    try:
        yield
    except DamagedRemoteError:
        raise
    except (pa.ArrowException, OSError, ValueError, KeyError, MemoryError) as error:
        message = f"The file at {name_of(url)} cannot be read as Parquet: {str(error)[:200]}."
        raise DamagedRemoteError(message, hint="The file is damaged.") from error


def _kept(cache: DiskCache, url: str) -> tuple[Stamp, bytes] | None:
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


def _keep(cache: DiskCache, url: str, stamp: Stamp, footer: bytes) -> None:
    import pyarrow as pa

    told = {"size": stamp.size, "etag": stamp.etag, "host": stamp.host, "length": len(footer)}
    head = json.dumps(told).encode()
    body = pa.compress(footer, codec="zstd", asbytes=True)
    cache.put(url, struct.pack("<I", len(head)) + head + body)


@contextmanager
def _alone(url: str, folder: Path) -> Iterator[None]:
    """Have one thread of one process fetch a footer while others wait."""
    import zlib

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
