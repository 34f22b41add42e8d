"""Cells of image shards far away: where each lies, one request a tile, what came is kept.

In: a tile, which says its shard and its row there, and names of columns. Out: the bytes of these
cells. A row is never believed: what lies there must have the tile's own key, grid cell and product,
else the key is looked for in that shard.
"""

from __future__ import annotations

import hashlib
from collections import OrderedDict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import TYPE_CHECKING

from eex.errors import BadPictureError, ChangedError, DamagedRemoteError, NoPixelsError
from eex.imagery.chunks import Layout, cell_of_chunk
from eex.imagery.scene import check_there
from eex.remote.answers import Stamp
from eex.remote.client import RemoteClient
from eex.remote.keep import DiskCache
from eex.remote.parquet import RemoteParquet, forget
from eex.tiles import TileRef

if TYPE_CHECKING:
    from eex.config import Settings
    from eex.imagery.offsets import SetOffsets

KEPT_FOOTERS = 16
"""Footers that are held in memory, about 6 MB each; all others are on the disk."""

MOST_BYTES = 96 * 2**20
"""Most bytes of one tile; a real one has 11 MB, and a server reads eight at a time."""

IDS = ("grid_cell", "product_id")
"""Columns that hold the key."""


@dataclass(frozen=True, kw_only=True)
class Group:
    """Where the cells of one row lie."""

    stamp: Stamp
    """Content of the shard for which this holds."""
    number: int
    """Row group."""
    spans: Mapping[str, tuple[int, int]]
    """First byte and byte after the last of each column's chunk."""
    layouts: Mapping[str, Layout]
    """How each column is stored."""


class Shards:
    """Reads cells of shards; one for a reader, shared by its threads."""

    def __init__(self, settings: Settings, *, client: RemoteClient | None = None) -> None:
        """Keep where things are kept; nothing is fetched before the first tile."""
        self.cache_dir = settings.cache_dir
        self._settings = settings
        self._client = client
        self._cache = DiskCache(self.cache_dir / "pixels", settings.pixel_cache)
        self._footers: OrderedDict[str, RemoteParquet] = OrderedDict()
        self._opening: dict[str, Lock] = {}
        self._lock = Lock()
        self._offsets: tuple[SetOffsets, ...] = ()
        self._stale: set[str] = set()

    @property
    def client(self) -> RemoteClient:
        """What asks; made when it is first needed."""
        with self._lock:
            if self._client is None:
                self._client = RemoteClient(self._settings)
            return self._client

    def use_offsets(self, offsets: SetOffsets) -> None:
        """Look a tile up here before its shard's footer is asked for."""
        self._offsets = (*self._offsets, offsets)

    def columns(self, tile: TileRef) -> tuple[str, ...]:
        """Return the columns of a tile's shard, those of its key and time among them or not.

        Raises:
            RemoteError: If the shard cannot be had.
        """
        return tuple(self._find(tile).spans)

    def cells(self, tile: TileRef, columns: Sequence[str]) -> dict[str, bytes]:
        """Return cells of a tile, in one request where they lie together.

        Raises:
            NoPixelsError: If the tile does not say where its pixels are.
            DamagedRemoteError: If the shard does not hold the tile.
            ShapeError: If the shard lacks columns.
            BadPictureError: If a cell is empty or cannot be decoded.
            RemoteError: If the shard cannot be had.
        """
        try:
            return self._cells(tile, columns, self._find(tile))
        except ChangedError:  # since its offsets or its footer were read
            self._forget(tile.parquet_url)
        return self._cells(tile, columns, self._find(tile))

    def _cells(self, tile: TileRef, columns: Sequence[str], group: Group) -> dict[str, bytes]:
        check_there(f"The shard of {called(tile)}", group.spans, columns)
        url = tile.parquet_url
        keys = {name: _key(url, group, name) for name in columns}
        found = {name: self._cache.get(key) for name, key in keys.items()}
        missing = [name for name, cell in found.items() if cell is None]
        if missing:
            spans = [group.spans[name] for name in missing]
            chunks = self.client.ranges(url, spans, expect=group.stamp, limit=MOST_BYTES)
            for name, chunk in zip(missing, chunks, strict=True):
                what = f"{name} of {called(tile)}"
                cell = cell_of_chunk(chunk, group.layouts[name], name=what)
                if not cell:
                    message = f"{what} is empty in its shard."
                    raise BadPictureError(message, hint="Ask for other bands, or another tile.")
                self._cache.put(keys[name], cell)
                found[name] = cell
        return {name: found[name] or b"" for name in columns}

    def _find(self, tile: TileRef) -> Group:
        if not tile.parquet_url or tile.parquet_row < 0:
            message = f"The row of {called(tile)} does not say where its pixels are."
            hint = "Its table lacks parquet_url and parquet_row, or has none for this tile."
            raise NoPixelsError(message, hint=hint)
        if tile.parquet_url not in self._stale:
            for offsets in self._offsets:
                if (group := offsets.find(tile)) is not None:
                    return group
        footer = self.footer(tile.parquet_url)
        return group_of(footer, number_of(footer, tile))

    def footer(self, url: str) -> RemoteParquet:
        """Return a shard's footer: from memory, from the disk, else in one request."""
        with self._lock:
            opening = self._opening.setdefault(url, Lock())
        with opening:  # of five tiles of one shard, one asks
            with self._lock:
                if url in self._footers:
                    self._footers.move_to_end(url)
                    return self._footers[url]
            opened = RemoteParquet.open(url, client=self.client, cache_dir=self.cache_dir)
            with self._lock:
                self._footers[url] = opened
                while len(self._footers) > KEPT_FOOTERS:
                    self._opening.pop(self._footers.popitem(last=False)[0], None)
            return opened

    def _forget(self, url: str) -> None:
        """Read the footer anew: the shard is another one than its footer or the offsets say."""
        self._stale.add(url)
        with self._lock:
            self._footers.pop(url, None)
        forget(url, self.cache_dir)  # also one that an earlier process left there


def group_of(footer: RemoteParquet, number: int) -> Group:
    """Return where the cells of a row group lie, from a shard's footer.

    Raises:
        DamagedRemoteError: If there is no such row group, or it points outside the file.
    """
    schema = footer.metadata.schema
    group = footer.metadata.row_group
    spans = footer.spans(number)
    layouts = {}
    for index in range(footer.metadata.num_columns):
        column = schema.column(index)
        flat = column.max_definition_level <= 1 and not column.max_repetition_level
        if not flat or column.physical_type != "BYTE_ARRAY":
            continue  # nothing of Major TOM's
        codec = group(number).column(index).compression
        layouts[column.path] = Layout(codec=codec, optional=bool(column.max_definition_level))
    return Group(
        stamp=footer.stamp,
        number=number,
        spans={name: span for name, span in spans.items() if name in layouts},
        layouts=layouts,
    )


def number_of(footer: RemoteParquet, tile: TileRef) -> int:
    """Return the row group that has a tile's key: the one that it says, or whichever has it.

    Raises:
        DamagedRemoteError: If none has it, so that another place's picture is never shown.
    """
    if not tile.grid_cell:  # a product covers several cells
        message = "The row does not name its grid cell, so its pixels cannot be told from others."
        raise NoPixelsError(message, hint="Use a table that has grid_cell and product_id.")
    wanted = (tile.grid_cell, tile.product_id)
    groups = footer.metadata.num_row_groups
    if tile.parquet_row < groups and _fits(key_of(footer, tile.parquet_row), wanted):
        return tile.parquet_row
    for number in range(groups if tile.product_id else 0):  # a cell has several products
        if _told_key(footer, number) == wanted:
            return number
    there = key_of(footer, tile.parquet_row) if tile.parquet_row < groups else None
    message = f"The shard does not hold {called(tile)} of {tile.product_id or 'any product'}."
    hint = f"Its row {tile.parquet_row} holds {there[0]} of {there[1]}." if there else ""
    raise DamagedRemoteError(message, hint=hint or "The set does not fit its pixels' files.")


def key_of(footer: RemoteParquet, number: int) -> tuple[str, str] | None:
    """Return cell and product of a row group: from its statistics, else from its columns.

    None where the row group does not have exactly one row.
    """
    told = _told_key(footer, number)
    if told is None and footer.metadata.row_group(number).num_rows == 1:
        rows = footer.read([number], IDS).to_pylist()
        if len(rows) != 1:  # the pages say something else than the footer
            return None
        row = rows[0]
        return str(row["grid_cell"] or ""), str(row["product_id"] or "")
    return told


def called(tile: TileRef) -> str:
    """Return what messages call a tile."""
    return tile.grid_cell or tile.product_id or f"the tile at {tile.lon:.3f}, {tile.lat:.3f}"


def _told_key(footer: RemoteParquet, number: int) -> tuple[str, str] | None:
    """Return the key of a row group by its statistics; None if they do not tell."""
    told = footer.told(number, IDS)
    return (told["grid_cell"], told["product_id"]) if len(told) == len(IDS) else None


def _fits(key: tuple[str, str] | None, wanted: tuple[str, str]) -> bool:
    """Whether a key is the wanted one; what a row does not name may be anything."""
    return key is not None and all(b in {"", a} for a, b in zip(key, wanted, strict=True))


def _key(url: str, group: Group, name: str) -> str:
    """Return what a cell is kept by: content of the shard, row, column."""
    text = f"{url}\n{group.stamp.size}\n{group.stamp.etag}\n{group.number}\n{name}"
    return hashlib.sha256(text.encode()).hexdigest()
