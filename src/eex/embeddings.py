"""An embedding set: a GeoParquet table of tiles with one vector each, and its opened form.

The table is the set: ordinary GeoParquet 1.1 that other tools read. Opening it once makes the form
that search maps into memory, beside each other in one folder of the cache:

    set.json       the header
    vectors.npy    unit vectors, float16, row-major, one row a tile; zero where unusable
    lonlat.npy     tile centres, float64
    rows.arrow     everything but the vectors, uncompressed Arrow

A folder appears whole or not at all.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from eex.errors import DamagedSetError, SetNotFoundError, ShapeError
from eex.files import atomic_folder, guarded

if TYPE_CHECKING:
    import pyarrow.parquet as pq

OPENED_VERSION = 2
"""Raised when the opened form changes, so that old ones are made again."""

BATCH = 8192
"""Rows converted at a time."""


@dataclass(frozen=True, kw_only=True)
class SetHeader:
    """What a set says of itself; stored as JSON under the Parquet key `emb`."""

    id: str
    """Stable id, such as demo-bluemarble-100km."""
    title: str
    """For people."""
    model: str
    """Name of the encoder that made the vectors; queries use the same."""
    dim: int
    """Length of a vector."""
    weights: str = ""
    """Which weights: file and SHA-256, or hub id and commit."""
    bands: tuple[str, ...] = ()
    """Bands that the encoder was fed, in order."""
    preprocessing: str = ""
    """What was done to the stored numbers before the encoder."""
    quantization: str = "none"
    """How the vectors were quantised."""
    pixels: str = ""
    """How the tiles' pixels are read; empty if they cannot be."""
    tile_km: float = 0.0
    """Height and width of a tile on the ground, kilometres; 0 if not known."""
    spread_km: float = 0.0
    """Least distance between results by default, kilometres."""
    licence: str = ""
    """Licence of vectors and imagery."""
    attribution: str = ""
    """Credit line that every answer and export carries."""
    banner: str = ""
    """Shown with every answer; empty for real imagery."""
    demo: bool = False
    """True for the embedded world only."""
    examples: tuple[tuple[str, dict[str, Any]], ...] = ()
    """Titles and query parts that work at one click."""

    @classmethod
    def from_json(cls, text: bytes | str) -> SetHeader:
        """Read a header; keys of later versions are passed over.

        Raises:
            DamagedSetError: If it is not the JSON of a header.
        """
        known = {field.name for field in fields(cls)}
        try:
            record = {k: v for k, v in json.loads(text).items() if k in known}
            record["bands"] = tuple(record.get("bands", ()))
            record["examples"] = tuple((t, dict(q)) for t, q in record.get("examples", ()))
            return cls(**record)
        except (ValueError, TypeError, AttributeError) as error:
            message = f"The header of the embedding set cannot be read: {error}."
            raise DamagedSetError(message, hint="Make or download the set again.") from error

    def to_json(self) -> str:
        """Return the header as JSON."""
        return json.dumps(asdict(self), ensure_ascii=False)


@dataclass(frozen=True)
class EmbeddingSet:
    """An opened set: vectors and rows mapped from disk, nothing read before it is needed."""

    header: SetHeader
    """What the set says of itself."""
    vectors: NDArray[np.float16]
    """Shape (rows, dim), unit length or zero, memory-mapped and read-only."""
    lonlat: NDArray[np.float64]
    """Tile centres, shape (rows, 2), degrees, memory-mapped and read-only."""
    rows: pa.Table
    """Everything but the vectors, in row order, memory-mapped."""
    key: str
    """Changes whenever the data changes; for caches."""

    def __len__(self) -> int:
        return len(self.vectors)

    @cached_property
    def ids(self) -> pa.ChunkedArray:
        """What a row is called: its grid cell, or its unique id where it has no cell."""
        name = "grid_cell" if "grid_cell" in self.rows.column_names else "unique_id"
        return self.rows[name]

    def properties(self, row: int) -> dict[str, Any]:
        """Return the row's columns as JSON-able values, without geometry and empty ones."""
        if not 0 <= row < len(self):
            message = f"The set has rows 0 to {len(self) - 1}; there is no row {row}."
            raise SetNotFoundError(message)
        record = self.rows.slice(row, 1).drop_columns(["geometry"]).to_pylist()[0]
        return {key: value for key, value in record.items() if value is not None}


def open_table(path: Path, *, cache_dir: Path) -> EmbeddingSet:
    """Open a GeoParquet set, making its memory-mapped form in the cache when it is not there.

    Raises:
        SetNotFoundError: If there is no such file.
        DamagedSetError: If the file is not a whole embedding table.
        OutputError: If the cache cannot be written.
    """
    try:
        stat = path.stat()
    except OSError as error:
        message = f"There is no embedding set at {path}."
        raise SetNotFoundError(message, hint="eex sets lists what is known.") from error
    stamp = f"{OPENED_VERSION}\n{path.resolve()}\n{stat.st_size}\n{stat.st_mtime_ns}"
    key = hashlib.sha256(stamp.encode()).hexdigest()[:16]
    folder = cache_dir / "opened" / f"{path.stem[:60]}-{key}"
    if not folder.is_dir():
        with guarded(f"opening {path.name}"), atomic_folder(folder) as fresh:
            _convert(path, fresh)
    return open_folder(folder, key=key)


def open_folder(folder: Path, *, key: str) -> EmbeddingSet:
    """Map an opened set into memory.

    Raises:
        DamagedSetError: If the folder is not whole.
    """
    try:
        header = SetHeader.from_json((folder / "set.json").read_bytes())
        vectors = np.load(folder / "vectors.npy", mmap_mode="r")
        lonlat = np.load(folder / "lonlat.npy", mmap_mode="r")
        rows = pa.ipc.open_file(pa.memory_map(str(folder / "rows.arrow"))).read_all()
    except (OSError, ValueError, pa.ArrowInvalid) as error:
        message = f"The prepared set in {folder} is damaged: {error}."
        raise DamagedSetError(message, hint=f"Delete {folder} and open the set again.") from error
    if vectors.shape != (rows.num_rows, header.dim) or lonlat.shape != (rows.num_rows, 2):
        message = f"The prepared set in {folder} is damaged: its parts differ in length."
        raise DamagedSetError(message, hint=f"Delete {folder} and open the set again.")
    return EmbeddingSet(header, vectors, lonlat, rows, key)


def unit_rows(vectors: NDArray[np.floating[Any]]) -> NDArray[np.float32]:
    """Scale rows to unit length; rows that are zero or not finite become zero.

    Args:
        vectors: Shape (n, dim).
    """
    if vectors.ndim != 2:  # noqa: PLR2004
        message = f"Expected (rows, dim), got {vectors.shape}."
        raise ShapeError(message)
    rows = vectors.astype(np.float64)
    rows[~np.isfinite(rows).all(axis=1)] = 0
    length = np.linalg.norm(rows, axis=1, keepdims=True)
    return np.divide(rows, length, out=np.zeros_like(rows), where=length > 0).astype(np.float32)


def _convert(path: Path, folder: Path) -> None:
    header, table = _parquet(path)
    shape = (table.metadata.num_rows, header.dim)
    layout = {"descr": "<f2", "fortran_order": False, "shape": shape}
    rest = pa.schema([field for field in table.schema_arrow if field.name != "embedding"])
    rest = rest.remove_metadata()
    lonlat: list[NDArray[np.float64]] = [np.empty((0, 2))]
    # Plain writes, not a writable map: on a full disk a map ends the process, a write says so.
    with (
        (folder / "vectors.npy").open("wb") as vectors,
        pa.ipc.new_file(str(folder / "rows.arrow"), rest) as rows,
    ):
        np.lib.format.write_array_header_1_0(vectors, layout)
        for batch in _batches(path, table):
            unit = unit_rows(_vectors(batch, header.dim, path))
            vectors.write(unit.astype("<f2").tobytes())
            lonlat.append(_lonlat(batch))
            rows.write_table(batch.drop_columns(["embedding"]).replace_schema_metadata())
    np.save(folder / "lonlat.npy", np.concatenate(lonlat))
    (folder / "set.json").write_text(header.to_json(), encoding="utf-8")


def _parquet(path: Path) -> tuple[SetHeader, pq.ParquetFile]:
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path)
        metadata = table.schema_arrow.metadata or {}
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error
    missing = {"embedding", "centre_lat", "centre_lon"} - set(table.schema_arrow.names)
    if missing or b"emb" not in metadata:
        lacks = ", ".join(sorted(missing)) or "the header `emb`"
        message = f"{path} is not an embedding set that can be searched: it lacks {lacks}."
        raise DamagedSetError(message, hint="Sets are written by eex, columns as in Major TOM.")
    return SetHeader.from_json(metadata[b"emb"]), table


def _batches(path: Path, table: pq.ParquetFile) -> Iterator[pa.Table]:
    try:
        for batch in table.iter_batches(batch_size=BATCH):
            yield pa.Table.from_batches([batch])
    except (pa.ArrowException, OSError) as error:
        raise _damaged(path, error) from error


def _lonlat(batch: pa.Table) -> NDArray[np.float64]:
    columns = [batch[name].combine_chunks() for name in ("centre_lon", "centre_lat")]
    return np.column_stack([np.asarray(column, np.float64) for column in columns])


def _vectors(batch: pa.Table, dim: int, path: Path) -> NDArray[np.float32]:
    column = batch["embedding"].combine_chunks()
    flat = column.flatten().to_numpy(zero_copy_only=False)
    if column.null_count or len(flat) != len(column) * dim:
        message = f"{path} has vectors that are not of length {dim}."
        raise DamagedSetError(message, hint="Make or download the set again.")
    return np.asarray(flat, np.float32).reshape(len(column), dim)


def _damaged(path: Path, error: Exception) -> DamagedSetError:
    reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
    message = f"{path} is not a whole GeoParquet file: {reason}."
    return DamagedSetError(message, hint="Make or download the set again.")
