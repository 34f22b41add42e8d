"""A set becomes one GeoParquet file, streamed, whole or not at all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eex.embeddings import EmbeddingSet, SetHeader, open_folder, write_opened
from eex.errors import BadQueryError, ShapeError
from eex.files import atomic_path, check_writable, clear_abandoned, guarded, scratch_folder

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from eex.geoparquet.rows import Rows

ROW_GROUP = 5000
"""Rows in a Parquet row group: 249 thousand tiles are 50 groups, of which an area of 5 by 5 degrees
touches two, and the footer stays near 0.1 MB."""

LOOKED_AT = 65_536
"""Rows whose geometry is looked at together before writing."""

DTYPES = ("float16", "float32", "float64", "int8")
"""Formats that vectors can be written in."""

ENCODINGS = ("wkb", "native")
"""How geometry can be written: well-known binary, or GeoParquet's columns of coordinates."""

MOST_INT8 = 127
"""Largest integer that vectors are scaled to."""

Progress = Callable[[int, int], None]
"""Called with rows written and rows in all."""


def write_set(
    embeddings: EmbeddingSet,
    path: Path,
    *,
    dtype: str = "",
    encoding: str = "wkb",
    rows: NDArray[np.int64] | None = None,
    numbered: bool = True,
    progress: Progress | None = None,
) -> int:
    """Write an opened set as GeoParquet 1.1, along a Hilbert curve; memory stays bounded.

    The file has the columns of the Major TOM Embedding Expansion (null where the set does not say),
    what other columns the set has, `row` (its number in the set, as results of searches have it),
    `bbox`, and the vectors as lists of fixed size; the set's header is the key `emb`. Whatever
    happens, `path` is what it was before or the whole new file.

    Args:
        embeddings: The set.
        path: Where to; an old file is replaced at the very end.
        dtype: One of `DTYPES`; as stored unless given. int8, and float16 of wider numbers, take
            vectors at length one, so that short and long ones rank too; int8 has one scale for
            all, which goes into the header.
        encoding: One of `ENCODINGS`.
        rows: Numbers of the rows to write, each once; all unless given.
        numbered: Whether there is a column `row`.
        progress: Called after each row group.

    Returns:
        How many rows were written.

    Raises:
        BadQueryError: If there are no rows, or the format is none of these.
        OutputError: If the file cannot be written.
    """
    from eex.geoparquet.rows import Rows

    for value, known in ((dtype or DTYPES[0], DTYPES), (encoding, ENCODINGS)):
        if value not in known:
            message = f"Sets cannot be written as {value!r}."
            raise BadQueryError(message, hint=f"Choose one of {', '.join(known)}.")
    check_writable(path)
    with guarded(f"writing {path}"):
        _clear_beside(path)
        table = Rows(embeddings.rows, embeddings.lonlat, embeddings.roles, numbered=numbered)
        vectors = _Vectors.of(embeddings, dtype)
        with atomic_path(path) as fresh:
            return _write(fresh, table, vectors, encoding=encoding, rows=rows, progress=progress)


def write_batches(
    batches: Iterable[pa.RecordBatch],
    path: Path,
    *,
    header: SetHeader,
    columns: Mapping[str, str] | None = None,
    dtype: str = "",
    encoding: str = "wkb",
    numbered: bool = True,
    progress: Progress | None = None,
) -> int:
    """Write batches of any patch product, of unknown number, as `write_set` writes a set.

    They lie beside `path` in the opened form until the order of all rows is known.

    Args:
        batches: With one vector a row; see `eex.columns.product` for their columns.
        path: Where to.
        header: What the set says of itself.
        columns: Role to name of a column, where names are not the usual ones.
        dtype: See `write_set`.
        encoding: See `write_set`.
        numbered: See `write_set`; what the rows' numbers among the batches are.
        progress: See `write_set`.

    Raises:
        DamagedSetError: If the batches are no tiles with vectors.
        OutputError: If the file cannot be written.
    """
    check_writable(path)
    with guarded(f"writing {path}"):
        _clear_beside(path)
        with scratch_folder(path) as fresh:
            write_opened(fresh, batches, header=header, columns=columns or {})
            spooled = open_folder(fresh, key="")
            return write_set(
                spooled,
                path,
                dtype=dtype,
                encoding=encoding,
                numbered=numbered,
                progress=progress,
            )


def write_geoparquet(table: pa.Table, path: Path, *, header: SetHeader) -> None:
    """Write a table of tiles and vectors in the order of its rows, straight to `path`.

    Args:
        table: The columns of `eex.tiles.SCHEMA` and `embedding`.
        path: Where to; the caller makes it appear whole.
        header: Goes into the file's key-value metadata as `emb`.
    """
    from eex.geoparquet.rows import Rows

    vectors = table["embedding"].combine_chunks()
    flat = vectors.flatten().to_numpy(zero_copy_only=False)
    lonlat = np.column_stack([table[name].to_numpy() for name in ("centre_lon", "centre_lat")])
    rows = Rows(table.drop_columns(["embedding"]), lonlat.astype(np.float64), {})
    stored = _Vectors(flat.reshape(len(table), -1), header, flat.dtype)
    _write(path, rows, stored, encoding="wkb", rows=np.arange(len(table)), order=False)


def _clear_beside(path: Path) -> None:
    """Remove what killed writes left beside a file, or beside what a link leads to."""
    folder = path.resolve().parent
    if folder.is_dir() and (path.is_file() or not path.exists()):
        clear_abandoned(folder)


class _Vectors:
    """Vectors of a set in the format that they are written in."""

    def __init__(
        self,
        stored: NDArray[Any],
        header: SetHeader,
        dtype: np.dtype[Any],
        *,
        unusable: NDArray[np.int64] | None = None,
        scale: float = 0.0,
    ) -> None:
        self.stored, self.dtype, self.scale = stored, dtype, scale
        self.source = header
        self.header = header
        self.unusable = np.empty(0, np.int64) if unusable is None else unusable
        if scale:
            told = f"int8 of vectors of length one, one scale for all: stored * {scale:.9g}"
            self.header = replace(header, quantization=told, scale=scale, offset=0.0)
        elif stored.dtype.kind == "i" and dtype.kind == "f":
            told = f"none; numbers were {header.quantization}"
            self.header = replace(header, quantization=told, scale=1.0, offset=0.0)

    @classmethod
    def of(cls, embeddings: EmbeddingSet, dtype: str) -> _Vectors:
        """Look at a set's vectors: the scale that integers need."""
        stored, header = embeddings.vectors, embeddings.header
        target = np.dtype(dtype or stored.dtype)
        made = cls(stored, header, target, unusable=embeddings.unusable)
        if target == stored.dtype or target.kind == "f":
            return made
        largest = max(
            (
                float(np.abs(made.wanted(stored[start : start + ROW_GROUP])).max(initial=0.0))
                for start in range(0, len(stored), ROW_GROUP)
            ),
            default=0.0,
        )
        scale = largest / MOST_INT8 or 1.0
        return cls(stored, header, target, unusable=embeddings.unusable, scale=scale)

    def numbers(self, stored: NDArray[Any]) -> NDArray[Any]:
        """Return stored values as numbers."""
        if stored.dtype.kind == "i":
            return stored * np.float32(self.source.scale) + np.float32(self.source.offset)
        return stored

    def wanted(self, stored: NDArray[Any]) -> NDArray[Any]:
        """Return stored values as the numbers that are written; of small formats, unit rows."""
        from eex.columns.vectors import unit_rows

        numbers = self.numbers(stored)
        half = self.dtype == np.float16 and self.stored.dtype != np.float16
        return unit_rows(numbers) if half or self.dtype.kind == "i" else numbers

    def column(self, rows: NDArray[np.int64]) -> pa.Array:
        """Return rows as a column of lists of fixed size; null where integers cannot say zero."""
        import pyarrow as pa

        values = self.stored[rows]
        if values.dtype != self.dtype:
            values = self.wanted(values)
            if self.scale:
                values = np.rint(values / self.scale)
            values = values.astype(self.dtype)
        mask = None
        left_out = np.isin(rows, self.unusable)
        if left_out.any() and self.stored.dtype.kind == "i" and self.source.offset:
            mask = pa.array(left_out)
        flat = pa.array(np.ascontiguousarray(values).ravel())
        return pa.FixedSizeListArray.from_arrays(flat, self.stored.shape[1], mask=mask)


def _write(
    path: Path,
    table: Rows,
    vectors: _Vectors,
    *,
    encoding: str,
    rows: NDArray[np.int64] | None,
    progress: Progress | None = None,
    order: bool = True,
) -> int:
    import pyarrow as pa

    from eex.geoparquet.header import Extent, encoding_of, geo_record
    from eex.geoparquet.order import hilbert
    from eex.geoparquet.shapes import boxes_of, column_of

    rows = np.arange(len(table.lonlat)) if rows is None else _numbers(rows, len(table.lonlat))
    if not len(rows):
        message = "There are no tiles to write."
        raise BadQueryError(message, hint="Choose a larger area.")
    if len(table.lonlat) != len(vectors.stored):
        message = f"There are {len(table.lonlat)} tiles and {len(vectors.stored)} vectors."
        raise ShapeError(message)
    extent, cut = Extent(), np.empty(len(rows), np.bool_)
    for start in range(0, len(rows), LOOKED_AT):
        some = rows[start : start + LOOKED_AT]
        cut[start : start + len(some)] = extent.add(table.shapes(some, table.take(some)))
    if order:
        # Those cut at 180 degrees last: their boxes go round the globe and would widen every group.
        rows = rows[np.lexsort([hilbert(table.lonlat[rows]), cut])]
    encoding = encoding_of(extent, encoding)
    names = [*[field.name for field in table.fields], "geometry", "bbox", "embedding"]
    metadata = {"geo": geo_record(extent, encoding), "emb": vectors.header.to_json()}
    writer: pq.ParquetWriter | None = None
    try:
        for start in range(0, len(rows), ROW_GROUP):
            some = rows[start : start + ROW_GROUP]
            columns, shapes = table.columns(some, table.take(some))
            columns += [column_of(shapes, encoding), boxes_of(shapes), vectors.column(some)]
            group = pa.table(columns, names=names).replace_schema_metadata(metadata)
            if writer is None:
                writer = parquet_writer(path, group.schema, encoding)
            writer.write_table(group, row_group_size=ROW_GROUP)
            if progress is not None:
                progress(start + len(some), len(rows))
    finally:
        if writer is not None:
            writer.close()
    return len(rows)


def _numbers(rows: NDArray[np.int64], count: int) -> NDArray[np.int64]:
    """Return numbers of rows, if they are such.

    Raises:
        BadQueryError: If they are not: a mask, for one.
    """
    rows = np.asarray(rows)
    if len(rows) and (rows.dtype.kind not in "iu" or rows.min() < 0 or rows.max() >= count):
        message = f"Rows to write are to be numbers from 0 to {count - 1}."
        raise BadQueryError(message, hint="Give mask.nonzero()[0] for a mask.")
    return rows.astype(np.int64)


def parquet_writer(path: Path, schema: pa.Schema, encoding: str) -> pq.ParquetWriter:
    """Open a file: all columns packed, no statistics of vectors and shapes."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    sink = pa.BufferOutputStream()
    with pq.ParquetWriter(sink, schema):
        pass
    empty = pq.ParquetFile(pa.BufferReader(sink.getvalue())).schema
    leaves = [empty.column(i).path for i in range(len(empty))]
    numbers = [leaf for leaf in leaves if leaf.split(".")[0] in {"embedding", "bbox"}]
    bare = {leaf for leaf in leaves if leaf.split(".")[0] in {"embedding", "geometry"}}
    numbers_are = schema.field("embedding").type.value_type
    # Half-precision numbers split into streams are smaller by a tenth, but DuckDB cannot read them.
    splits = pa.types.is_float32(numbers_are) or pa.types.is_float64(numbers_are)
    split = [leaf for leaf in numbers if leaf.startswith("embedding.")]
    return pq.ParquetWriter(
        path,
        schema,
        compression="zstd",
        use_dictionary=[leaf for leaf in leaves if leaf not in bare and leaf not in numbers],
        write_statistics=[leaf for leaf in leaves if leaf not in bare or encoding == "point"],
        use_byte_stream_split=split if splits else False,
        store_schema=True,
    )
