"""A Parquet file that lists imagery: here or far away, read by column and row group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, Protocol

from eex.errors import SourceError
from eex.files import user_path

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from eex.config import Settings
    from eex.remote.client import RemoteClient

MOST_FETCHED = 2**31
"""Most bytes of column chunks that one reading of a file far away brings."""


class Table(Protocol):
    """One Parquet file."""

    label: str
    """What messages call it."""
    metadata: pq.FileMetaData
    schema: pa.Schema
    bytes: int
    """Its size."""

    def groups_where(self, within: Mapping[str, tuple[float, float]]) -> list[int]:
        """Return the row groups that may have rows within ranges of leaf columns."""
        ...

    def read(self, group: int, columns: Sequence[str]) -> pa.Table:
        """Return columns of a row group; those that the file lacks are left out."""
        ...

    def told(self, group: int, names: Sequence[str]) -> dict[str, str]:
        """Return the texts of the only row of a row group, from statistics where they tell."""
        ...


def is_address(text: str) -> bool:
    """Whether a text is an address rather than a path."""
    return text.lower().startswith(("http://", "https://"))


def check_read_here(given: str) -> None:
    """Refuse addresses of kinds that are not read, such as s3://.

    Raises:
        SourceError: If it is one.
    """
    kind, there, _ = given.partition("://")
    if there and kind.isalnum() and not is_address(given):
        message = f"{given[:200]} is not read: only files, http:// and https:// are."
        raise SourceError(message, hint="Give its https address, or fetch it first.")


def client_of(settings: Settings) -> RemoteClient:
    """Return what reads addresses that a user typed, which may be inside a network."""
    from eex.remote.addresses import Policy
    from eex.remote.client import RemoteClient

    return RemoteClient(settings, policy=Policy(public=False))


@contextmanager
def opened(place: str, settings: Settings) -> Iterator[Table]:
    """Have a file open by its footer until the block ends.

    Args:
        place: Path or address.
        settings: Where footers are kept, and whether anything may be fetched.

    Raises:
        SourceError: If it is not there or not a whole Parquet file.
        RemoteError: If an address cannot be read.
    """
    if not is_address(place):
        yield _Here(place)
        return
    client = client_of(settings)
    try:
        yield _Far(place, settings, client)
    finally:
        client.close()


def rows_of(
    table: Table, columns: Sequence[str], within: Mapping[str, tuple[float, float]] | None = None
) -> Iterator[tuple[int, pa.Table]]:
    """Yield row groups that may have rows within ranges: number and columns of each."""
    leaves = _leaves(table.metadata)
    known = {name: span for name, span in (within or {}).items() if name in leaves}
    for group in table.groups_where(known):
        yield group, table.read(group, columns)


class _Here:
    def __init__(self, place: str) -> None:
        import pyarrow as pa
        import pyarrow.parquet as pq

        path = user_path(place)
        self.label = str(path)
        try:
            self.bytes = path.stat().st_size
            self._file = pq.ParquetFile(path)
        except (OSError, pa.ArrowException) as error:
            raise _damaged(self.label, error) from error
        self.metadata = self._file.metadata
        self.schema = self._file.schema_arrow

    def groups_where(self, within: Mapping[str, tuple[float, float]]) -> list[int]:
        return [
            number
            for number in range(self.metadata.num_row_groups)
            if all(self._may(number, name, span) for name, span in within.items())
        ]

    def read(self, group: int, columns: Sequence[str]) -> pa.Table:
        import pyarrow as pa

        names = [name for name in columns if name in self.schema.names]
        try:
            return self._file.read_row_group(group, columns=names)
        except (OSError, pa.ArrowException) as error:
            raise _damaged(self.label, error) from error

    def told(self, group: int, names: Sequence[str]) -> dict[str, str]:
        return _texts(self.read(group, names))

    def _may(self, number: int, name: str, span: tuple[float, float]) -> bool:
        column = self.metadata.row_group(number).column(_leaves(self.metadata)[name])
        told = column.statistics if column.is_stats_set else None
        if told is None or not told.has_min_max:
            return True
        return bool(told.min <= span[1] and told.max >= span[0])


class _Far:
    def __init__(self, url: str, settings: Settings, client: RemoteClient) -> None:
        from eex.remote.parquet import RemoteParquet

        self._file = RemoteParquet.open(
            url, client=client, cache_dir=settings.cache_dir, chunk_limit=MOST_FETCHED
        )
        self.label, self.bytes = url, self._file.stamp.size
        self.metadata, self.schema = self._file.metadata, self._file.schema

    def groups_where(self, within: Mapping[str, tuple[float, float]]) -> list[int]:
        return self._file.groups_where(within)

    def read(self, group: int, columns: Sequence[str]) -> pa.Table:
        names = [name for name in columns if name in self.schema.names]
        return self._file.read([group], names, limit=MOST_FETCHED)

    def told(self, group: int, names: Sequence[str]) -> dict[str, str]:
        there = [name for name in names if name in self.schema.names]
        found = self._file.told(group, there)
        missing = [name for name in there if name not in found]
        return found | (_texts(self.read(group, missing)) if missing else {})


def _texts(rows: pa.Table) -> dict[str, str]:
    row = rows.slice(0, 1).to_pylist()
    return {name: str(value) for name, value in row[0].items() if value is not None} if row else {}


def _leaves(metadata: Any) -> dict[str, int]:  # noqa: ANN401
    return {metadata.schema.column(i).path: i for i in range(metadata.num_columns)}


def _damaged(label: str, error: Exception) -> SourceError:
    if isinstance(error, FileNotFoundError):
        message = f"There is no file {label}."
        return SourceError(message, hint="Check the path.")
    reason = str(error).strip().splitlines()[0].rstrip(".") if str(error).strip() else "unreadable"
    message = f"{label} is not a whole Parquet file: {reason}."
    return SourceError(message, hint="Get the file again, or check the path.")
