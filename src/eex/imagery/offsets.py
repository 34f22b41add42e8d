"""A set's side index: where the cells of its tiles lie, so that no footer is asked for.

A shard's footer is three times a thumbnail, and the tiles that an answer lists are rarely of one
shard. The side index travels with a set: `offsets.arrow` in its opened folder, mapped into memory,
or `NAME.offsets.parquet` beside `NAME.parquet`, 40 bytes a tile. One row a tile:

    parquet_url, parquet_row   the shard and the row group that the set's row names
    key                        CRC-32 of grid cell and product: no other tile is taken for it
    row_group                  where the tile really lies
    size, etag, host           content of the shard, and who says so: of another, this says nothing
    layout                     JSON: [column, compression, may be missing] in the order of the file
    start, 0, 1, 2, …          first byte of the first of them, and bytes of each
"""

from __future__ import annotations

import json
import zlib
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from eex.errors import DamagedSetError
from eex.imagery.chunks import Layout
from eex.imagery.shards import Group
from eex.remote.answers import Stamp
from eex.tiles import TileRef

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

NAME = "offsets.arrow"
"""What the side index is called in the folder of an opened set."""

SUFFIX = ".offsets.parquet"
"""What the name of the one beside a set's file ends on, in place of .parquet."""

SAID = ("row_group", "size", "etag", "host", "layout", "start")
"""Columns that are looked up for a tile."""


class SetOffsets:
    """Where the cells of a set's tiles lie."""

    def __init__(self, table: pa.Table) -> None:
        """Take a table of the columns that the module tells of, in any order of rows.

        Raises:
            DamagedSetError: If it is another one.
        """
        import pyarrow as pa

        try:
            urls = _encoded(table["parquet_url"])
            self._shard_of = {url: n for n, url in enumerate(urls.dictionary.to_pylist())}
            shard = urls.indices.to_numpy(zero_copy_only=False).astype(np.int64)
            place = shard << 32 | _numbers(table["parquet_row"])
            key = _numbers(table["key"])
            sizes = [name for name in table.column_names if name.isdecimal()]
            self._sizes = [table[name] for name in sorted(sizes, key=int)]
            self._rest = {n: table[n] for n in SAID}
        except (KeyError, ValueError, pa.ArrowException) as error:
            message = f"This is no side index of a set: {error}."
            raise DamagedSetError(message, hint="Make it again: eex set offsets SET.") from error
        self._order = np.argsort(place, kind="stable")
        self._place = place[self._order]
        self._key = key

    @classmethod
    def open(cls, path: Path) -> SetOffsets:
        """Open one: Arrow is mapped into memory, Parquet is read.

        Raises:
            DamagedSetError: If it cannot be read as one.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            if path.suffix == ".arrow":
                table = pa.ipc.open_file(pa.memory_map(str(path))).read_all()
            else:
                table = pq.read_table(path, partitioning=None)
        except (OSError, pa.ArrowException) as error:
            message = f"The side index {path.name} cannot be read: {error}."
            hint = f"Delete {path}, and make it again: eex set offsets SET."
            raise DamagedSetError(message, hint=hint) from error
        return cls(table)

    def __len__(self) -> int:
        return len(self._place)

    def find(self, tile: TileRef) -> Group | None:
        """Return where a tile's cells lie; None if this does not say."""
        shard = self._shard_of.get(tile.parquet_url)
        if shard is None or tile.parquet_row < 0:
            return None
        wanted = shard << 32 | tile.parquet_row
        mark = key_of(tile)
        at = int(np.searchsorted(self._place, wanted))
        while at < len(self._place) and self._place[at] == wanted:
            row = int(self._order[at])
            if self._key[row] == mark:
                return self._group(row)
            at += 1
        return None

    def _group(self, row: int) -> Group | None:
        told = {name: column[row].as_py() for name, column in self._rest.items()}
        layouts = _layouts(told["layout"])
        sizes = [column[row].as_py() for column in self._sizes[: len(layouts)]]
        numbers = [told["row_group"], told["size"], told["start"], *sizes]
        texts = [told["etag"], told["host"]]
        if len(sizes) < len(layouts) or any(type(n) is not int or n < 0 for n in numbers):
            return None
        if any(type(text) is not str for text in texts):
            return None
        spans, at = {}, told["start"]
        for name, size in zip(layouts, sizes, strict=True):
            spans[name] = (at, at + size)
            at += size
        if at > told["size"]:
            return None
        stamp = Stamp(size=told["size"], etag=told["etag"], host=told["host"])
        return Group(stamp=stamp, number=told["row_group"], spans=spans, layouts=layouts)


def key_of(tile: TileRef) -> int:
    """Return the check number of a tile's key."""
    return zlib.crc32(f"{tile.grid_cell}\n{tile.product_id}".encode())


def offsets_beside(path: Path) -> Path | None:
    """Return the side index of a set's file or opened folder, if one lies there."""
    places = [path.with_name(path.stem + SUFFIX)] if path.name else []
    if path.is_dir():
        places = [path / NAME, path / SUFFIX[1:]]
    return next((place for place in places if place.is_file()), None)


@lru_cache(maxsize=256)
def _layouts(text: str) -> dict[str, Layout]:
    try:
        return {name: Layout(str(codec), bool(opt)) for name, codec, opt in json.loads(text)}
    except (ValueError, TypeError) as error:
        message = "The side index of the set is damaged."
        raise DamagedSetError(message, hint="Make it again: eex set offsets SET.") from error


def _encoded(column: pa.ChunkedArray) -> pa.DictionaryArray:
    import pyarrow as pa

    if not pa.types.is_dictionary(column.type):
        column = column.dictionary_encode()
    return column.unify_dictionaries().combine_chunks()


def _numbers(column: pa.ChunkedArray) -> NDArray[np.int64]:
    return np.asarray(column.to_numpy(), np.int64)
