"""One Parquet file far away: its footer once, then only the column chunks that are asked for."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eex.errors import ChangedError, DamagedRemoteError, TooMuchError
from eex.remote.answers import Stamp, name_of
from eex.remote.client import RemoteClient
from eex.remote.footers import (
    END,
    MAGIC,
    alone,
    broken,
    damaged,
    fetched,
    keep,
    kept,
    parsed,
    schema_of,
    whole_of,
)
from eex.remote.keep import DiskCache
from eex.remote.pages import sizes
from eex.remote.sparse import NoFile, SparseFile

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

MOST_CHUNK = 64 * 2**20
"""Longest column chunk that is read, bytes, unless the caller says otherwise."""

UNPACKED = 4
"""How many times `chunk_limit` a chunk may have once unpacked."""

MOST_ROWS = 2**24
"""Most rows of a row group that is read."""

MOST_TEXT = 4 * 2**30
"""Most bytes of text of one column, if all of its values were as long as its pages."""

FOOTERS = 512 * 2**20
"""Most disk that footers take, bytes."""


def forget(url: str, cache_dir: Path) -> None:
    """Drop the footer of a file from the disk, so that it is read anew by the next `open`."""
    footers(cache_dir).drop(url)


@lru_cache(maxsize=64)
def footers(cache_dir: Path) -> DiskCache:
    """Return where footers are kept: one cache for a folder, so that it is rarely looked over."""
    return DiskCache(cache_dir / "remote" / "footers", FOOTERS)


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
        self.metadata: pq.FileMetaData = parsed(url, footer)
        self.schema: pa.Schema = schema_of(url, self.metadata)
        self.chunk_limit = MOST_CHUNK
        self._client = client
        self._sound: set[int] = set()
        self._leaves: dict[str, int] = {}
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
        cache = footers(cache_dir)
        with alone(url, cache_dir / "remote" / "locks"):
            known = kept(cache, url)
            stamp, footer = known or fetched(url, client, cache)
            try:
                opened = cls(url, stamp, footer, client=client, cache=cache)
            except DamagedRemoteError:
                cache.drop(url)
                raise
            if known is None:
                keep(cache, url, stamp, footer)
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
        row_group = self.group(group)
        found = {}
        for index in range(row_group.num_columns):
            column = self._chunk(row_group, index)
            found[column.path_in_schema] = self._span(column)
        return found

    def read(
        self,
        groups: Sequence[int],
        columns: Sequence[str],
        *,
        limit: int | None = None,
        stop: threading.Event | None = None,
    ) -> pa.Table:
        """Read columns of row groups, fetching only their chunks.

        Args:
            groups: Row groups, in the order in which their rows are wanted.
            columns: Names of columns, or paths of leaves.
            limit: Most bytes that are fetched; by default 256 MiB.
            stop: Set it to have this call stop.

        Raises:
            ChangedError: If the file is another one than its footer; open it anew.
            DamagedRemoteError: If it cannot be read as Parquet, or lacks a column.
            TooMuchError: If it is more than the limits.
            RemoteError: If its bytes cannot be had.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        chunks = [chunk for group in groups for chunk in self._columns(group, columns)]
        spans = [self._span(chunk) for chunk in chunks]
        try:
            got = self._client.ranges(self.url, spans, expect=self.stamp, limit=limit, stop=stop)
        except ChangedError:
            self.forget()
            raise
        pieces = [(span[0], piece) for span, piece in zip(spans, got, strict=True)]
        repeated = set()
        for chunk, (_, piece) in zip(chunks, pieces, strict=True):
            unpacked, values = sizes(piece)
            if unpacked > UNPACKED * self.chunk_limit or values > self.chunk_limit:
                message = f"A column chunk at {name_of(self.url)} has too large pages, or none."
                raise DamagedRemoteError(message, hint="The file is damaged.")
            if chunk.physical_type == "BYTE_ARRAY" and unpacked * values > MOST_TEXT:
                repeated.add(chunk.path_in_schema)
        with damaged(self.url):
            source = pa.PythonFile(SparseFile(self.stamp.size, pieces), mode="r")
            file = pq.ParquetFile(
                source, metadata=self.metadata, pre_buffer=False, read_dictionary=sorted(repeated)
            )
            table = file.read_row_groups(list(groups), columns=list(columns), use_threads=False)
            return self._written_out(table, repeated)

    def _written_out(self, table: pa.Table, names: set[str]) -> pa.Table:
        """Give columns of repeated texts their own type, if all of it is not too much.

        A megabyte that is said once and meant a million times takes a few bytes in a file.
        """
        import pyarrow as pa
        import pyarrow.compute as pc

        for name in sorted(names):
            if name not in table.column_names:
                message = f"Column {name} at {name_of(self.url)} repeats its texts too often."
                raise TooMuchError(message, hint="Fetch the whole file.")
            column, total = table[name], 0
            if not pa.types.is_dictionary(column.type):  # such as decimals
                continue
            for chunk in column.chunks:
                lengths = pc.binary_length(chunk.dictionary)
                total += pc.sum(pc.take(lengths, chunk.indices)).as_py() or 0
            if total > MOST_TEXT:
                message = f"Column {name} at {name_of(self.url)} has {total:,} bytes of text."
                raise TooMuchError(message, hint="Ask for fewer row groups at once.")
            field = self.schema.field(name)
            table = table.set_column(table.column_names.index(name), field, column.cast(field.type))
        return table

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
        import pyarrow as pa
        import pyarrow.compute as pc
        import pyarrow.dataset as ds

        paths = self.leaves()
        for name in within:
            if name not in paths:
                raise self._lacks(name)
        if not within:
            return list(range(self.metadata.num_row_groups))
        self._look_through(range(self.metadata.num_row_groups))
        for number in range(self.metadata.num_row_groups):
            row_group = self.metadata.row_group(number)
            for name in within:
                self._chunk(row_group, paths[name])
        # statistics that are too short end the process where they are asked for one by one
        with damaged(self.url):
            footer = pa.BufferReader(whole_of(self.footer))
            fragment = ds.ParquetFileFormat().make_fragment(footer)
            wanted = pc.scalar(value=True)
            for name, (low, high) in within.items():
                value = pc.field(name) if name in self.schema.names else pc.field(*name.split("."))
                wanted = wanted & (value >= low) & (value <= high)
            parts = fragment.split_by_row_group(filter=wanted)
            return [group.id for part in parts for group in part.row_groups]

    def told(self, number: int, names: Sequence[str]) -> dict[str, str]:
        """Return the values of texts that statistics tell of the only row of a row group.

        Args:
            number: Row group.
            names: Columns of texts, such as `grid_cell`.

        Returns:
            Value by name; names of which nothing is told, or not one value for certain, are left
            out. `read` fetches them.

        Raises:
            DamagedRemoteError: If the footer says something impossible.
        """
        if number < self.metadata.num_row_groups:
            self._look_through(range(self.metadata.num_row_groups))  # once, for all
        row_group, paths, found = self.group(number), self.leaves(), dict[str, str]()
        if row_group.num_rows != 1:
            return found
        for name in names:
            if name not in paths:
                continue
            column = self._chunk(row_group, paths[name])
            if column.physical_type != "BYTE_ARRAY" or not column.is_stats_set:
                continue
            statistics = column.statistics
            with suppress(ValueError):  # not text
                if statistics.has_min_max and statistics.min == statistics.max:
                    found[name] = str(statistics.min)
        return found

    def leaves(self) -> dict[str, int]:
        """Return the leaf columns: path and number."""
        if not self._leaves:
            schema = self.metadata.schema
            self._leaves = {schema.column(i).path: i for i in range(self.metadata.num_columns)}
        return self._leaves

    def _columns(self, group: int, columns: Sequence[str]) -> Iterator[Any]:
        row_group, paths = self.group(group), self.leaves()
        for name in columns:
            indices = [i for p, i in paths.items() if p == name or p.startswith(f"{name}.")]
            if not indices:
                raise self._lacks(name)
            for index in indices:
                yield self._chunk(row_group, index)

    def _chunk(self, row_group: Any, index: int) -> Any:  # noqa: ANN401
        """Return what the footer says of a column chunk, if it fits the schema.

        pyarrow ends the process where a chunk's statistics are of another type than its column.
        """
        column = row_group.column(index)
        if column.physical_type == self.metadata.schema.column(index).physical_type:
            return column
        message = f"The footer at {name_of(self.url)} contradicts itself."
        raise DamagedRemoteError(message, hint="The file is damaged.")

    def group(self, number: int) -> pq.RowGroupMetaData:
        """Return what the footer says of a row group, looked through for what cannot be.

        Raises:
            DamagedRemoteError: If there is no such row group, or what is said of it is damaged.
            TooMuchError: If it has too many rows to be read at once.
        """
        count = self.metadata.num_row_groups
        if not 0 <= number < count:
            message = f"The file at {name_of(self.url)} has {count} row groups, none {number}."
            raise DamagedRemoteError(message, hint="The set does not fit its pixels' files.")
        self._look_through([number])
        row_group = self.metadata.row_group(number)
        if not 0 <= row_group.num_rows <= MOST_ROWS:
            message = f"Row group {number} has {row_group.num_rows} rows, too many to read at once."
            raise TooMuchError(message, hint="Fetch the whole file.")
        return row_group

    def _look_through(self, groups: Sequence[int]) -> None:
        """Have pyarrow look at row groups as it does before it reads, where it tells of faults.

        Where it is asked about a damaged column chunk directly, it ends the process (pyarrow 26).
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        if len(self._sound) == self.metadata.num_row_groups:  # of which there may be 100,000
            return
        fresh = [group for group in groups if group not in self._sound]
        if not fresh:
            return
        nothing = NoFile(self.stamp.size)
        try:
            source = pa.PythonFile(nothing, mode="r")
            file = pq.ParquetFile(source, metadata=self.metadata, pre_buffer=True)
            file.read_row_groups(fresh, use_threads=False)
        except (pa.ArrowException, OSError, ValueError, KeyError, MemoryError) as error:
            if not nothing.asked:
                raise broken(self.url, error) from error
        self._sound.update(fresh)

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
