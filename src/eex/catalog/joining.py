"""Rows that do not say where their pixels are get it from another file, by grid cell and product.

Of a part of a set, only those row groups of the file are read that have its rows of the grid; of a
whole set, all of it is fetched first. A set whose file cannot be had is opened without.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.catalog.fetching import FileProgress, addresses, have_files, here_already
from eex.catalog.finding import Found, find_files
from eex.catalog.opened import downloads_folder
from eex.catalog.pixel_places import KEY, PLACE, PixelPlaces
from eex.catalog.records import PlacesRecord, SetFile, SetRecord
from eex.catalog.tables import MOST_CHUNK, LocalTable, RemoteTable
from eex.catalog.targets import Target
from eex.errors import DamagedSetError, DownloadError, EexError, NoRangesError, OutputError
from eex.weights.hubs import source_of
from eex.weights.receipts import file_here, read_receipt

if TYPE_CHECKING:
    import pyarrow as pa

    from eex.config import Settings
    from eex.remote.client import RemoteClient
    from eex.weights.records import WeightFile

MOST_ROWS = 2**25
"""Most tiles that a file may tell of; each takes 44 bytes of memory, 130 while it is sorted."""

ROW = "grid_row_u"
"""Column by which the row groups that are needed are known."""

_LOGGER = logging.getLogger("eex")


@dataclass(frozen=True, kw_only=True)
class Wanting:
    """How the file may be had."""

    settings: Settings
    """For folders, hubs, the token, and whether anything may be fetched."""
    part: bool
    """Whether only a part of the set is opened."""
    source: str = ""
    """Where the user wants the set from: a hub, a mirror or a path."""
    refresh: bool = False
    """Whether it shall be asked for again."""
    progress: FileProgress
    """Told how much of it is here."""
    waiting: Callable[[], None] | None = None
    """Called once if another process is fetching the same."""


class Join:
    """One file of places, asked batch by batch; it tells of trouble and never raises it."""

    def __init__(self, record: PlacesRecord, wanting: Wanting) -> None:
        """Have the file, or its footer.

        Raises:
            OutputError: If the disk has no room for it or refuses.
        """
        self.record, self.problem, self.mark = record, "", ""
        self.places = PixelPlaces()
        self.found = self.missing = 0
        self.commit = self.downloads = ""
        self._wanting = wanting
        self._client: RemoteClient | None = None
        self._table: LocalTable | RemoteTable | None = None
        self._groups: set[int] = set()
        self._asked: tuple[int, int] | None = None
        try:
            self._open()
        except OutputError:
            raise
        except EexError as error:
            self._failed(error)

    @property
    def bytes_read(self) -> int:
        """Bytes that came by range."""
        return 0 if self._client is None else self._client.counted().bytes

    def close(self) -> None:
        """End its connections."""
        if self._client is not None:
            self._client.close()

    def note(self, *, keep: bool = True) -> dict[str, Any]:
        """Return what is written down of it; with the folder it was fetched to if that is kept."""
        home = self.record.homes[0].repo if self.record.homes else ""
        told = {
            "file": self.record.file,
            "repo": home,
            "commit": self.commit,
            "downloads": self.downloads if keep else "",
            "found": self.found,
            "missing": self.missing,
            "bytes_read": self.bytes_read,
            "problem": self.problem,
        }
        return {key: value for key, value in told.items() if value != ""}

    def schema(self, schema: pa.Schema) -> pa.Schema:
        """Return the columns of a table with those that are added."""
        import pyarrow as pa

        for name in PLACE:
            if name in schema.names:
                schema = schema.remove(schema.get_field_index(name))
        for name, kind in zip(PLACE, (pa.string(), pa.int64()), strict=True):
            schema = schema.append(pa.field(name, kind))
        return schema

    def add(self, batch: pa.RecordBatch) -> pa.RecordBatch:
        """Return a batch with `parquet_url` and `parquet_row`, null where no place is told."""
        import pyarrow as pa

        columns = [pa.nulls(batch.num_rows, pa.string()), pa.nulls(batch.num_rows, pa.int64())]
        if not self.problem:
            try:
                _check_columns(batch.schema, KEY, "The table")
                self._read_for(batch)
                columns = list(self.places.find(batch))
            except (EexError, pa.ArrowException) as error:
                self._failed(error)
        there = batch.num_rows - columns[1].null_count
        self.found += there
        self.missing += batch.num_rows - there
        batch = batch.drop_columns([name for name in PLACE if name in batch.schema.names])
        for name, column in zip(PLACE, columns, strict=True):
            batch = batch.append_column(name, column)
        return batch

    def _failed(self, error: Exception) -> None:
        self.problem = str(error)
        self.mark = ""
        what = "Where pixels are cannot be told, so there will be no pictures of some or all tiles"
        hint = getattr(error, "hint", "")
        _LOGGER.warning("%s: %s %s", what, error, hint)

    def _open(self) -> None:
        found = _found(self.record, self._wanting)
        if isinstance(found, Path):
            self._open_here(found)
            return
        self.commit = found.commit
        if self._wanting.part and not here_already(found, self._wanting.settings):
            with suppress(NoRangesError):
                self._open_afar(found)
                return
        self._fetch(found)

    def _fetch(self, found: Found) -> None:
        """Have all of it here."""
        wanting = self._wanting
        paths, sources = have_files(
            found,
            wanting.settings,
            progress=wanting.progress,
            waiting=wanting.waiting,
            anew=wanting.refresh,
        )
        self.downloads = "" if found.paths or found.folder is None else found.folder.name
        self._open_here(paths[0], sources[0].sha256)

    def _open_here(self, path: Path, sha256: str = "") -> None:
        self._table = LocalTable(path)
        self._check(self._table)
        stat = path.stat()
        self.mark = sha256 or f"{path} {stat.st_size} {stat.st_mtime_ns}"

    def _open_afar(self, found: Found) -> None:
        from eex.remote.addresses import Policy
        from eex.remote.client import RemoteClient
        from eex.remote.parquet import RemoteParquet

        settings = self._wanting.settings
        if found.source is not None:
            settings = replace(settings, hub=found.source.name)
        self._client = RemoteClient(settings, policy=Policy(public=False))
        (url,) = addresses(found, settings)
        file = RemoteParquet.open(
            url, client=self._client, cache_dir=settings.cache_dir, chunk_limit=MOST_CHUNK
        )
        self._table = RemoteTable(file)
        self._check(self._table)
        self.mark = f"{file.stamp.size} {file.stamp.etag}"

    def _check(self, table: LocalTable | RemoteTable) -> None:
        _check_columns(table.schema, (*KEY, *PLACE), self.record.file)
        if table.metadata.num_rows > MOST_ROWS:
            message = f"{self.record.file} has {table.metadata.num_rows:,} rows, too many."
            raise DamagedSetError(message, hint="Check `places` in the set's record.")

    def _read_for(self, batch: pa.RecordBatch) -> None:
        """Read what is needed for a batch and was not read before."""
        assert self._table is not None
        count = self._table.metadata.num_row_groups
        if len(self._groups) == count:
            return
        bounds = _bounds(batch) if isinstance(self._table, RemoteTable) else None
        needed = set(range(count))
        if bounds is not None and isinstance(self._table, RemoteTable):
            asked = self._asked
            if asked is not None and asked[0] <= bounds[0] and bounds[1] <= asked[1]:
                return
            if ROW in self._table.schema.names:
                needed = set(self._table.file.groups_where({ROW: bounds}))
        fresh = sorted(needed - self._groups)
        if fresh:
            self._read(fresh)
        self._groups |= needed
        self._asked = bounds

    def _read(self, groups: Sequence[int]) -> None:
        assert self._table is not None
        metadata = self._table.metadata
        sizes = [metadata.row_group(g).num_rows for g in range(metadata.num_row_groups)]
        begins = np.cumsum([0, *sizes])
        numbers = np.concatenate([np.arange(begins[g], begins[g + 1]) for g in groups])
        low = 0
        for batch in self._table.read(groups, (*KEY, *PLACE)):
            self.places.add(batch, numbers[low : low + batch.num_rows])
            low += batch.num_rows
            if self._client is not None:
                self._wanting.progress(f"{self.record.file} (by range)", self.bytes_read, 0)


def join_for(record: SetRecord, schemas: Sequence[pa.Schema], wanting: Wanting) -> Join | None:
    """Return what tells where the pixels of a set are; None where its rows do, or nobody does.

    Args:
        record: The set.
        schemas: Of its files.
        wanting: How the file may be had.

    Raises:
        OutputError: If the disk has no room for it or refuses.
    """
    if record.places is None or all(set(PLACE) <= set(schema.names) for schema in schemas):
        return None
    return Join(record.places, wanting)


def words_of(note: Mapping[str, Any]) -> str:
    """Return what was written down of a join, for people; empty if there was none."""
    if not note:
        return ""
    found, missing = int(note.get("found", 0)), int(note.get("missing", 0))
    if note.get("problem"):
        told = f"Where pixels are is not told for {missing:,} of {found + missing:,} tiles"
        return f"{told}: {note['problem']} Try again with --refresh."
    if missing:
        file = note.get("file", "the file")
        return f"{missing:,} of {found + missing:,} tiles are not in {file}: no pictures of them."
    return ""


def _found(record: PlacesRecord, wanting: Wanting) -> Found | Path:
    """Return where the file is: a path of the user's own, or a hub's or an address's.

    Raises:
        EexError: If nobody has it.
    """
    settings, source = wanting.settings, wanting.source
    chosen = source_of(source or settings.hub, settings)
    if chosen.layout == "local":
        source = ""
        settings = replace(settings, hub="huggingface")
        folder = chosen.path if chosen.path.is_dir() else chosen.path.parent
        for path in (folder / record.file, folder / Path(record.file).name):
            if record.homes and path.is_file():
                return path
    file = SetFile(name=record.file, sha256=record.sha256, size=record.size)
    known = SetRecord(name="places", title=record.file, homes=record.homes, files=(file,))
    if record.homes:
        target = Target(kind="hub", record=known, known=True)
    else:
        target = Target(kind="url" if "://" in record.file else "path", record=known)
    try:
        return find_files(target, settings, source=source if record.homes else "")
    except DownloadError:
        kept = _kept(record, file, settings)
        if kept is None:
            raise
        return kept


def _kept(record: PlacesRecord, file: SetFile, settings: Settings) -> Path | None:
    """Return the file as it was fetched before, when no hub can be asked."""
    from eex.weights.records import WeightFile

    wanted: WeightFile = WeightFile(name=file.name, sha256=file.sha256)
    for home in record.homes:
        folder = downloads_folder(settings) / f"{home.hub}--{home.repo.replace('/', '--')}"
        receipt = read_receipt(folder)
        path = None if receipt is None else file_here(folder, wanted, receipt)
        if path is not None:
            return path
    return None


def _bounds(batch: pa.RecordBatch) -> tuple[int, int] | None:
    """Return the least and the greatest row of the grid in a batch; None if it does not tell."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if ROW not in batch.schema.names or not pa.types.is_integer(batch[ROW].type):
        return None
    edges = pc.min_max(batch[ROW]).as_py()
    if batch[ROW].null_count or edges["min"] is None:
        return None
    return edges["min"], edges["max"]


def _check_columns(schema: pa.Schema, names: Sequence[str], label: str) -> None:
    lacking = [name for name in names if name not in schema.names]
    if lacking:
        message = f"{label} lacks {', '.join(lacking)}, by which the places of pixels are told."
        raise DamagedSetError(message, hint="Check `places` in the set's record.")
