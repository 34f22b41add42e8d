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
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.errors import DamagedSetError, EexError, RemoteError
from eex.files import atomic_path, guarded
from eex.imagery.chunks import Layout
from eex.imagery.shards import Group, Shards, group_of, number_of
from eex.remote.answers import Stamp
from eex.remote.keep import DiskCache
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

IDS = frozenset({"product_id", "grid_cell", "timestamp", "product_datetime"})
"""Columns of a shard that are no pixels."""

VERSION = 1
"""Raised when parts that are kept while one is made change their form."""

MOST_KEPT = 512 * 2**20
"""Most disk that such parts take, bytes."""

SIDE_BY_SIDE = 8
"""Footers that are fetched at once."""


@dataclass(frozen=True, kw_only=True)
class Counts:
    """What a side index covers."""

    tiles: int
    """Tiles of the set that say where their pixels are."""
    found: int
    """Tiles that the side index has."""
    shards: int
    """Shards that were looked at."""
    failed: tuple[str, ...]
    """What was wrong with others: one line for each shard, at most a hundred."""


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
        if len(sizes) < len(layouts) or any(size is None or size < 0 for size in sizes):
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


def make_offsets(
    rows: pa.Table,
    shards: Shards,
    path: Path,
    *,
    progress: Callable[[int, int], None] | None = None,
) -> Counts:
    """Make a set's side index: read the footer of each of its shards once, 8 at a time.

    What is done is kept, so that a making that was cut short goes on where it was.

    Args:
        rows: The set's rows, of which parquet_url, parquet_row, grid_cell and product_id are read.
        shards: Reads the footers.
        path: What is written, whole or not at all: .parquet to travel, .arrow to be mapped.
        progress: Called with shards done and shards in all.

    Raises:
        DamagedSetError: If the rows do not say where their pixels are.
        RemoteError: If not one shard could be read.
        OutputError: If the file cannot be written.
    """
    import pyarrow as pa

    wanted = list(_by_shard(rows))
    kept = DiskCache(shards.cache_dir / "remote" / "offsets", MOST_KEPT)
    parts: list[pa.Table] = []
    failed: list[str] = []
    last: EexError | None = None
    with ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="eex-offsets") as threads:
        try:
            made = threads.map(lambda one: _part(shards, kept, *one), wanted)
            for done, (part, errors) in enumerate(made, start=1):
                if part is not None:
                    parts.append(part)
                failed += [str(error) for error in errors[:1]]
                last = errors[0] if errors else last
                if progress is not None:
                    progress(done, len(wanted))
        except BaseException:
            threads.shutdown(wait=False, cancel_futures=True)
            raise
    if not parts and last is not None:
        raise last
    table = pa.concat_tables([_padded(part, parts) for part in parts]) if parts else None
    if table is None:
        message = "No row of the set says where its pixels are."
        raise DamagedSetError(message, hint="Use a table with parquet_url and parquet_row.")
    write_offsets(table, path)
    for url, tiles in wanted:
        kept.drop(_kept_as(url, tiles))
    return Counts(
        tiles=sum(len(tiles) for _, tiles in wanted),
        found=table.num_rows,
        shards=len(wanted),
        failed=tuple(failed[:100]),
    )


def write_offsets(table: pa.Table, path: Path) -> None:
    """Write a side index, whole or not at all; a name on .arrow makes the form to be mapped.

    Raises:
        OutputError: If it cannot be written.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    with guarded(f"writing {path}"), atomic_path(path) as fresh:
        if path.suffix == ".arrow":
            with pa.ipc.new_file(str(fresh), table.schema) as file:
                file.write_table(table.unify_dictionaries())
            return
        words = [f.name for f in table.schema if pa.types.is_dictionary(f.type)]
        plain = [name for name in table.column_names if name not in words]
        pq.write_table(
            table,
            fresh,
            compression="zstd",
            use_dictionary=words,
            column_encoding=dict.fromkeys(plain, "DELTA_BINARY_PACKED"),
            write_statistics=False,
            store_schema=False,
        )


def _by_shard(rows: pa.Table) -> Iterator[tuple[str, list[TileRef]]]:
    """Yield each shard with its tiles, fragments of one tile once, in the order of their rows."""
    names = ("parquet_url", "parquet_row", "grid_cell", "product_id")
    if missing := [name for name in names if name not in rows.column_names]:
        message = f"The rows of the set lack {', '.join(missing)}."
        raise DamagedSetError(message, hint="Use a table with parquet_url and parquet_row.")
    tiles = rows.select(names).group_by(list(names)).aggregate([])
    tiles = tiles.sort_by([("parquet_url", "ascending"), ("parquet_row", "ascending")])
    url, found = "", list[TileRef]()
    for batch in tiles.to_batches(max_chunksize=8192):
        for row in batch.to_pylist():
            if not row["parquet_url"] or row["parquet_row"] is None:
                continue
            if row["parquet_url"] != url and found:
                yield url, found
                found = []
            url = row["parquet_url"]
            found.append(
                TileRef(
                    lon=0,
                    lat=0,
                    grid_cell=row["grid_cell"] or "",
                    product_id=row["product_id"] or "",
                    parquet_url=url,
                    parquet_row=row["parquet_row"],
                )
            )
    if found:
        yield url, found


def _part(
    shards: Shards, kept: DiskCache, url: str, tiles: Sequence[TileRef]
) -> tuple[pa.Table | None, list[EexError]]:
    """Return the rows of one shard, and what was wrong with it or with some of its tiles."""
    import pyarrow as pa

    mark = _kept_as(url, tiles)
    if (done := kept.get(mark)) is not None:
        return pa.ipc.open_stream(done).read_all(), []
    try:
        footer = shards.footer(url)
    except RemoteError as error:
        return None, [error]
    found, errors = list[tuple[TileRef, Group]](), list[EexError]()
    for tile in tiles:
        try:
            found.append((tile, group_of(footer, number_of(footer, tile))))
        except (RemoteError, DamagedSetError) as error:
            errors.append(error)
    part = _table([pair for pair in found if _runs(pair[1])])
    if part is not None and not errors:
        out = pa.BufferOutputStream()
        with pa.ipc.new_stream(out, part.schema) as stream:
            stream.write_table(part)
        kept.put(mark, out.getvalue().to_pybytes())
    return part, errors


def _kept_as(url: str, tiles: Sequence[TileRef]) -> str:
    told = zlib.crc32(repr([(t.parquet_row, key_of(t)) for t in tiles]).encode())
    return f"{VERSION}\n{url}\n{told}"


def _payload(group: Group) -> list[str]:
    """Return the columns of pixels, in the order of the file, with whatever lies between them."""
    names = sorted(group.spans, key=lambda name: group.spans[name][0])
    places = [at for at, name in enumerate(names) if name not in IDS]
    return names[places[0] : places[-1] + 1] if places else []


def _runs(group: Group) -> bool:
    """Whether the cells of a row lie one after another, as one start and their sizes say."""
    names = _payload(group)
    ends = [group.spans[name][1] for name in names[:-1]]
    return bool(names) and ends == [group.spans[name][0] for name in names[1:]]


def _table(found: Sequence[tuple[TileRef, Group]]) -> pa.Table | None:
    import pyarrow as pa

    if not found:
        return None
    names = _payload(found[0][1])
    sizes = [
        [b - a for a, b in (group.spans[name] for name in _payload(group))] for _, group in found
    ]
    layouts = [
        json.dumps(
            [[n, group.layouts[n].codec, group.layouts[n].optional] for n in _payload(group)],
            separators=(",", ":"),
        )
        for _, group in found
    ]
    stamps = [group.stamp for _, group in found]
    columns: dict[str, Any] = {
        "parquet_url": pa.array([t.parquet_url for t, _ in found]).dictionary_encode(),
        "parquet_row": pa.array([t.parquet_row for t, _ in found], pa.int32()),
        "key": pa.array([key_of(t) for t, _ in found], pa.int64()),
        "row_group": pa.array([group.number for _, group in found], pa.int32()),
        "size": pa.array([stamp.size for stamp in stamps], pa.int64()),
        "etag": pa.array([stamp.etag for stamp in stamps]).dictionary_encode(),
        "host": pa.array([stamp.host for stamp in stamps]).dictionary_encode(),
        "layout": pa.array(layouts).dictionary_encode(),
        "start": pa.array([group.spans[_payload(group)[0]][0] for _, group in found], pa.int64()),
    }
    for place in range(max(map(len, sizes), default=len(names))):
        values = [size[place] if place < len(size) else -1 for size in sizes]
        columns[str(place)] = pa.array(values, pa.int32())
    return pa.table(columns)


def _padded(part: pa.Table, parts: Sequence[pa.Table]) -> pa.Table:
    """Give a part the columns of the widest one, so that they can be joined."""
    import pyarrow as pa

    for name in max((other.column_names for other in parts), key=len):
        if name not in part.column_names:
            part = part.append_column(name, pa.array([-1] * len(part), pa.int32()))
    return part


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
