"""Parts become a set: in the order of the plan, no tile twice, one GeoParquet file for each model.

Vectors are made unit and cast here, once, so that a set that is appended to keeps its own numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.build.items import Item, Tiling
from eex.build.plan import Model, part_path
from eex.columns.vectors import unit_rows
from eex.embeddings import SetHeader
from eex.errors import BadQueryError, DamagedSetError
from eex.geoparquet import write_batches

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

DTYPES = ("float16", "float32")
"""Formats that vectors of a build can be written in, the usual one first."""

SHARD = ("product_id", "parquet_row")
"""Columns of tiles of shards, one of which holds several passes over the ground."""

KEYS = ("unique_id", "grid_cell", "pixel_bbox", "utm_crs", "utm_footprint", "scene", *SHARD)
"""Columns that tell one tile from another."""

KEY_BYTES = 16
"""Of a key, as it is compared: a hash of what the columns say."""

MADE = ("bbox", "row")
"""Columns that are made on writing."""

BATCH = 4096
"""Rows at a time."""

Progress = Callable[[int, int], None]
"""Called with rows written and rows in all."""


@dataclass(frozen=True, kw_only=True)
class Parts:
    """The tiles of one model that are to become a set."""

    folder: Path
    """Of all parts."""
    model: Model
    """Whose."""
    items: tuple[Item, ...]
    """In the order of rows; those without a part are passed over."""
    tiling: Tiling
    """Of the items."""
    groups: Mapping[str, str] | None = None
    """Group of each scene by its id: a place is there once in each; None: once over all."""
    before: Path | None = None
    """A set whose rows come first."""

    def paths(self) -> list[Path]:
        """Return the parts that are there."""
        named = [part_path(self.folder, self.model, i.key(self.tiling)) for i in self.items]
        return [path for path in named if path.is_file()]


def write_result(
    parts: Parts,
    output: Path,
    *,
    header: SetHeader,
    keep: NDArray[np.bool_] | None = None,
    dtype: str = "float16",
    progress: Progress | None = None,
) -> int:
    """Write the set; `output` is the old file or the whole new one.

    Args:
        parts: What it is made of.
        output: The file.
        header: What it says of itself.
        keep: What `kept_rows` found, if it was asked.
        dtype: One of `DTYPES`.
        progress: Called as rows are written.

    Returns:
        How many rows it has.

    Raises:
        BadQueryError: If there are no tiles.
        DamagedSetError: If a part cannot be read.
        OutputError: If the file cannot be written.
    """
    keep = kept_rows(parts) if keep is None else keep
    if not keep.any():
        message = "No tile is left: there is nothing to write."
        raise BadQueryError(message, hint="Allow more clouds or missing pixels, or a larger area.")
    batches = _rows(parts, keep, np.dtype(dtype))
    return write_batches(batches, output, header=header, numbered=False, progress=progress)


def kept_rows(parts: Parts) -> NDArray[np.bool_]:
    """Return which of all rows become rows of the set, those of the set before first."""
    keep = first_of_each(_keys(parts))
    if parts.before is not None:
        keep[: _count(parts.before)] = True  # whatever rules it was built by
    return keep


def scenes_there(parts: Parts, keep: NDArray[np.bool_]) -> tuple[set[str], set[str] | None]:
    """Return ids of the scenes and shards that rows are from.

    Args:
        parts: What the set is made of.
        keep: Which rows it has, see `kept_rows`.

    Returns:
        Those of new rows, and those of the set before; None where that does not tell of each row.
    """
    import pyarrow.parquet as pq

    start = 0 if parts.before is None else _count(parts.before)
    old: set[str] | None = set()
    if parts.before is not None and start:
        old = None
        if "scene" in pq.read_schema(parts.before).names:
            column = pq.read_table(parts.before, columns=["scene"])["scene"]
            old = None if column.null_count else set(column.unique().to_pylist())
    new: set[str] = set()
    for path in parts.paths():
        column = _read(path, ["scene"])["scene"].to_numpy()
        mask, start = keep[start : start + len(column)], start + len(column)
        new.update(column[mask].tolist())
    return new, old


def first_of_each(keys: NDArray[np.bytes_]) -> NDArray[np.bool_]:
    """Return which rows hold a key that no row before them has."""
    keep = np.zeros(len(keys), np.bool_)
    keep[np.unique(keys, return_index=True)[1]] = True
    return keep


def first_table(parts: Parts) -> pa.Table | None:
    """Return the first part that holds tiles; None if there is none."""
    for path in parts.paths():
        table = _read(path)
        if table.num_rows:
            return table
    return None


def stored_format(path: Path) -> str:
    """Return the number format of the vectors of a set.

    Raises:
        BadQueryError: If a build does not write it.
    """
    import pyarrow.parquet as pq

    name = str(pq.read_schema(path).field("embedding").type.value_type)
    name = {"halffloat": "float16", "float": "float32"}.get(name, name)
    if name not in DTYPES:
        message = f"{path} holds vectors as {name}; a build appends {' or '.join(DTYPES)}."
        raise BadQueryError(message, hint="Write it anew: eex set write SET --dtype float16 -o …")
    return name


def place_keys(
    tiles: pa.Table, tiling: Tiling, *, groups: Mapping[str, str] | None = None
) -> NDArray[np.bytes_]:
    """Return what tells places apart, hashed, shape (n,).

    Plans give a place to the least cloudy scene that is known to have data there. Where that is
    not known in advance, several scenes are read, and the first in the order of items is kept,
    which begins with the least cloudy scene.

    Args:
        tiles: With the columns of `KEYS`; those of `SHARD` where there are such.
        tiling: A place is a cell and a box in it on Major TOM's grid, else a square on the ground.
        groups: Group of each scene by its id, where a place may be there once in each group; a
            scene without one is a group of its own, and each product of a shard is.
    """
    names = ("grid_cell", "pixel_bbox") if tiling.grid == "majortom" else KEYS[3:5]
    first, second, scenes = (tiles[name].to_pylist() for name in (*names, "scene"))
    if tiles[names[1]].null_count:  # tiles without a grid of pixels have a name only
        first = tiles["unique_id"].to_pylist()
    passes: Sequence[str] = [""] * len(tiles)
    if groups is not None:
        products, in_shard = (
            tiles[name].to_pylist() if name in tiles.column_names else scenes for name in SHARD
        )
        passes = [
            product if isinstance(row, int) else groups.get(scene) or scene
            for scene, product, row in zip(scenes, products, in_shard, strict=True)
        ]
    made = [f"{one}|{other}|{own}" for one, other, own in zip(first, second, passes, strict=True)]
    digests = [blake2b(key.encode(), digest_size=KEY_BYTES).digest() for key in made]
    return np.array(digests, dtype=f"S{KEY_BYTES}")


def _keys(parts: Parts) -> NDArray[np.bytes_]:
    """Return the keys of all rows, in order."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    found = [np.empty(0, f"S{KEY_BYTES}")]

    def add(table: pa.Table) -> None:
        if table.num_rows:
            found.append(place_keys(table, parts.tiling, groups=parts.groups))

    if parts.before is not None:
        with pq.ParquetFile(parts.before) as file:
            names = [name for name in KEYS if name in file.schema_arrow.names]
            for batch in file.iter_batches(batch_size=BATCH, columns=names):
                add(pa.Table.from_batches([batch]))
    for path in parts.paths():
        add(_read(path, list(KEYS)))
    return np.concatenate(found)


def _count(path: Path) -> int:
    import pyarrow.parquet as pq

    return int(pq.read_metadata(path).num_rows)


def _rows(parts: Parts, keep: NDArray[np.bool_], dtype: np.dtype[Any]) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa
    import pyarrow.parquet as pq

    schema, start = _schema(parts, dtype), 0
    if parts.before is not None:
        with pq.ParquetFile(parts.before) as file:
            for batch in file.iter_batches(batch_size=BATCH):
                table = pa.Table.from_batches([batch])
                mask, start = keep[start : start + len(table)], start + len(table)
                yield from _aligned(table.filter(pa.array(mask)), schema)
    for path in parts.paths():
        table = _read(path)
        if not table.num_rows:
            continue
        mask, start = keep[start : start + len(table)], start + len(table)
        table = table.filter(pa.array(mask))
        yield from _aligned(_cast(table, dtype), schema)


def _schema(parts: Parts, dtype: np.dtype[Any]) -> pa.Schema:
    """Return the columns of all rows: those of the set before, then what parts have besides."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    fields: dict[str, pa.Field] = {}
    if parts.before is not None:
        fields = {f.name: f for f in pq.read_schema(parts.before)}
    for path in parts.paths():
        for field in pq.read_schema(path):
            fields.setdefault(field.name, field)
    vectors = fields.pop("embedding")
    for name in MADE:
        fields.pop(name, None)
    kept = pa.list_(pa.from_numpy_dtype(dtype), vectors.type.list_size)
    return pa.schema([*fields.values(), pa.field("embedding", kept)])


def _aligned(table: pa.Table, schema: pa.Schema) -> Iterator[pa.RecordBatch]:
    import pyarrow as pa

    columns = [
        table[field.name].cast(field.type)
        if field.name in table.column_names
        else pa.nulls(len(table), field.type)
        for field in schema
    ]
    yield from pa.table(columns, schema=schema.remove_metadata()).to_batches(BATCH)


def _cast(table: pa.Table, dtype: np.dtype[Any]) -> pa.Table:
    """Return a part with unit vectors of a number format."""
    import pyarrow as pa

    column = table["embedding"].combine_chunks()
    flat = column.flatten().to_numpy(zero_copy_only=False)
    vectors = unit_rows(flat.reshape(len(table), column.type.list_size)).astype(dtype)
    made = pa.FixedSizeListArray.from_arrays(pa.array(vectors.ravel()), vectors.shape[1])
    return table.set_column(table.column_names.index("embedding"), "embedding", made)


def _read(path: Path, columns: list[str] | None = None) -> pa.Table:
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        if columns is not None:
            columns = [name for name in columns if name in pq.read_schema(path).names]
        return pq.read_table(path, columns=columns, partitioning=None)
    except (pa.ArrowException, OSError) as error:
        message = f"{path} cannot be read: {error}."
        raise DamagedSetError(message, hint="Remove it and run the same command again.") from error
