"""Making a set's side index: the footer of each of its shards is read once.

In: the rows of a set. Out: the file that `eex.imagery.offsets` tells of.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eex.errors import DamagedSetError, EexError, RemoteError
from eex.files import atomic_path, guarded
from eex.imagery.offsets import key_of
from eex.imagery.shards import Group, Shards, group_of, number_of
from eex.remote.keep import DiskCache
from eex.tiles import TileRef

if TYPE_CHECKING:
    import pyarrow as pa

VERSION = 1
"""Raised when parts that are kept while one is made change their form."""

MOST_KEPT = 512 * 2**20
"""Most disk that such parts take, bytes."""

IDS = frozenset({"product_id", "grid_cell", "timestamp", "product_datetime"})
"""Columns of a shard that are no pixels."""

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
        except EexError as error:
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
