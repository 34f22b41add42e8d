"""An embedding set: a GeoParquet table of tiles with one vector each, and its opened form.

The table is the set: ordinary GeoParquet 1.1 that other tools read. Opening it once makes the form
that search maps into memory, beside each other in one folder of the cache:

    set.json       the header
    vectors.npy    unit vectors, float16, row-major, one row a tile; zero where unusable
    lonlat.npy     tile centres, float64
    rows.arrow     everything but the vectors, uncompressed Arrow

A folder appears whole or not at all. It is a cache: where it is damaged, it is made again.
"""

from __future__ import annotations

import glob
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from functools import cached_property
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from eex.columns import damaged, lonlat_of, record_of, unit_rows, vectors_of
from eex.errors import DamagedSetError, SetNotFoundError
from eex.files import atomic_folder, guarded, making
from eex.tiles import TileRef

if TYPE_CHECKING:
    import pyarrow.parquet as pq

OPENED_VERSION = 3
"""Raised when the opened form changes, so that old ones are made again."""

BATCH = 8192
"""Rows converted at a time."""

BOX = 4
"""Numbers of a pixel box."""


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
    variant: str = ""
    """Way of running the encoder that made the vectors; empty is its default."""
    bands: tuple[str, ...] = ()
    """Bands that the encoder was fed, in order."""
    preprocessing: str = ""
    """What was done to the stored numbers before the encoder."""
    quantization: str = "none"
    """How the vectors were quantised."""
    scale: float = 1.0
    """Stored integers times this, plus `offset`, are the numbers (as in CF: scale_factor)."""
    offset: float = 0.0
    """See `scale` (as in CF: add_offset)."""
    pixels: str = ""
    """How the tiles' pixels are read; empty if they cannot be."""
    crop: int = 0
    """Height and width of the centre of a tile that was embedded, pixels; 0: `pixel_bbox` says."""
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
            header = cls(**record)
            if not isinstance(header.dim, int) or header.dim < 1:
                message = f"dim is {header.dim!r}"
                raise ValueError(message)  # noqa: TRY301
        except (ValueError, TypeError, AttributeError) as error:
            message = f"The header of the embedding set cannot be read: {error}."
            raise DamagedSetError(message, hint="Make or download the set again.") from error
        return header

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
        """What a row is called: its grid cell or unique id, or its number where rows lack those."""
        for name in ("grid_cell", "unique_id"):
            if name in self.rows.column_names and not self.rows[name].null_count:
                return self.rows[name]
        return pa.chunked_array([pa.array(range(len(self))).cast(pa.string())])

    def vector(self, row: int) -> NDArray[np.float32]:
        """Return one row's vector as numbers, shape (dim,), of any length; zero if unusable."""
        stored = self.vectors[row]
        if stored.dtype.kind == "i":
            return np.asarray(stored * self.header.scale + self.header.offset, np.float32)
        return stored.astype(np.float32)

    def tile(self, row: int) -> TileRef:
        """Return what a reader of pixels needs to know of a row.

        Raises:
            SetNotFoundError: If there is no such row.
        """
        told = self.properties(row)
        box = told.get("pixel_bbox")
        return TileRef(
            lon=float(self.lonlat[row, 0]),
            lat=float(self.lonlat[row, 1]),
            grid_cell=str(told.get("grid_cell") or ""),
            product_id=str(told.get("product_id") or ""),
            timestamp=str(told.get("timestamp") or ""),
            parquet_url=str(told.get("parquet_url") or ""),
            parquet_row=int(told.get("parquet_row", -1)),
            pixel_bbox=(box[0], box[1], box[2], box[3]) if box and len(box) == BOX else None,
            crop=self.header.crop,
            crs=str(told.get("utm_crs") or ""),
        )

    def properties(self, row: int) -> dict[str, Any]:
        """Return the row's columns as JSON-able values, without binary and empty ones."""
        if not 0 <= row < len(self):
            message = f"The set has rows 0 to {len(self) - 1}; there is no row {row}."
            raise SetNotFoundError(message)
        return record_of(self.rows, row)


def open_table(path: Path, *, cache_dir: Path) -> EmbeddingSet:
    """Open a GeoParquet set, making its memory-mapped form in the cache when it is not there.

    One process makes it while others wait; forms of the file as it was before are removed.

    Raises:
        SetNotFoundError: If there is no such file.
        DamagedSetError: If the file is not a whole embedding table.
        OutputError: If the cache cannot be written.
    """
    name, key = _name_and_key(path)
    folder = cache_dir / "opened"
    with suppress(DamagedSetError):
        return open_folder(folder / f"{name}-{key}", key=key)
    with guarded(f"opening {path.name}"), making(folder / name):
        name, key = _name_and_key(path)  # it may have changed while another process held it
        opened = folder / f"{name}-{key}"
        with suppress(DamagedSetError):
            return open_folder(opened, key=key)
        for older in folder.glob(f"{glob.escape(name)}-{'?' * len(key)}"):
            shutil.rmtree(older, ignore_errors=True)  # who has it mapped keeps it
        with atomic_folder(opened) as fresh:
            try:
                _convert(path, fresh)
            except pa.ArrowException as error:
                raise _not_whole(path, error) from error
        return open_folder(opened, key=key)


def open_folder(folder: Path, *, key: str) -> EmbeddingSet:
    """Map an opened set into memory.

    Raises:
        DamagedSetError: If the folder is not whole.
    """
    try:
        header = SetHeader.from_json((folder / "set.json").read_bytes())
        vectors = np.lib.format.open_memmap(folder / "vectors.npy", mode="r")
        lonlat = np.lib.format.open_memmap(folder / "lonlat.npy", mode="r")
        rows = pa.ipc.open_file(pa.memory_map(str(folder / "rows.arrow"))).read_all()
    except (OSError, EOFError, ValueError, pa.ArrowException) as error:
        message = f"The prepared set in {folder} is damaged: {error}."
        raise DamagedSetError(message, hint=f"Delete {folder} and open the set again.") from error
    parts = [(array.shape, array.dtype.name) for array in (vectors, lonlat)]
    if parts != [((rows.num_rows, header.dim), "float16"), ((rows.num_rows, 2), "float64")]:
        message = f"The prepared set in {folder} is damaged: its parts do not fit."
        raise DamagedSetError(message, hint=f"Delete {folder} and open the set again.")
    return EmbeddingSet(header, vectors, lonlat, rows, key)


def _name_and_key(path: Path) -> tuple[str, str]:
    """Return what the opened forms of a file begin with, and what tells them from each other."""
    try:
        stat = path.stat()
    except OSError as error:
        message = f"There is no embedding set at {path}."
        raise SetNotFoundError(message, hint="eex sets lists what is known.") from error
    if not S_ISREG(stat.st_mode):
        message = f"{path} is not a file, so no embedding set."
        raise SetNotFoundError(message, hint="Give the path of a GeoParquet file.")
    place = hashlib.sha256(os.fsencode(path.resolve())).hexdigest()
    stamp = f"{OPENED_VERSION}\n{place}\n{stat.st_size}\n{stat.st_mtime_ns}"
    key = hashlib.sha256(stamp.encode()).hexdigest()
    return f"{path.stem[:40]}-{place[:8]}", key[:16]


def _convert(path: Path, folder: Path) -> None:
    header, table = _parquet(path)
    shape = (table.metadata.num_rows, header.dim)
    layout = {"descr": "<f2", "fortran_order": False, "shape": shape}
    rest = pa.schema(
        [
            # The categories of a dictionary may change from batch to batch, which IPC cannot hold.
            field.with_type(field.type.value_type) if pa.types.is_dictionary(field.type) else field
            for field in table.schema_arrow
            if field.name != "embedding"
        ]
    )
    lonlat: list[NDArray[np.float64]] = []
    # Plain writes, not a writable map: on a full disk a map ends the process, a write says so.
    with (
        (folder / "vectors.npy").open("wb") as vectors,
        pa.ipc.new_file(str(folder / "rows.arrow"), rest) as rows,
    ):
        np.lib.format.write_array_header_1_0(vectors, layout)
        for batch in _batches(path, table):
            lonlat.append(lonlat_of(batch, path))
            unit = unit_rows(vectors_of(batch, header.dim, path))
            vectors.write(unit.astype("<f2").tobytes())
            rows.write_batch(batch.drop_columns(["embedding"]).cast(rest))
    np.save(folder / "lonlat.npy", np.concatenate(lonlat))
    (folder / "set.json").write_text(header.to_json(), encoding="utf-8")


def _parquet(path: Path) -> tuple[SetHeader, pq.ParquetFile]:
    import pyarrow.parquet as pq

    try:
        table = pq.ParquetFile(path)
        names = table.schema_arrow.names
        metadata = table.schema_arrow.metadata or {}
    except OSError as error:
        raise _not_whole(path, error) from error
    missing = {"embedding", "centre_lat", "centre_lon"} - set(names)
    if missing or b"emb" not in metadata:
        lacks = ", ".join(sorted(missing)) or "the header `emb`"
        raise damaged(path, f"is not an embedding set that can be searched: it lacks {lacks}")
    if len(set(names)) < len(names):
        raise damaged(path, "has two columns of one name")
    if not table.metadata.num_rows:
        raise damaged(path, "is empty: it holds no tiles")
    return SetHeader.from_json(metadata[b"emb"]), table


def _batches(path: Path, table: pq.ParquetFile) -> Iterator[pa.RecordBatch]:
    try:
        yield from table.iter_batches(batch_size=BATCH)
    except OSError as error:
        raise _not_whole(path, error) from error


def _not_whole(path: Path, error: Exception) -> DamagedSetError:
    reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
    return damaged(path, f"is not a whole GeoParquet file: {reason}")
