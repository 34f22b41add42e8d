"""An opened set: mapped from disk, nothing read before it is needed.

Opening reads `set.json` and looks at the sizes of the other files; vectors and centres are mapped,
rows only when one is asked for, so that opening costs milliseconds whatever the set's size.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eex.embeddings.header import Counts, SetHeader
from eex.errors import DamagedSetError, SetNotFoundError

if TYPE_CHECKING:
    import pyarrow as pa

    from eex.tiles import TileRef

OPENED_VERSION = 4
"""Raised when the opened form changes, so that old ones are made again."""

PARTS = ("vectors.npy", "lonlat.npy", "unusable.npy", "rows.arrow")
"""Files of an opened set beside `set.json`."""

NPY_HEADER = 128
"""Bytes before the numbers of a .npy file: room for a number of rows that is known at the end."""

DTYPES = ("<f2", "<f4", "<f8", "|i1")
"""Formats of vectors, as numpy writes them."""

BOX = 4
"""Numbers of a pixel box."""


@dataclass(frozen=True)
class EmbeddingSet:
    """An opened set: vectors and rows mapped from disk, nothing read before it is needed."""

    header: SetHeader
    """What the set says of itself."""
    vectors: NDArray[Any]
    """Shape (rows, dim), as stored: float16, float32, float64, or int8 to be scaled as the header
    says; of any length, memory-mapped and read-only."""
    lonlat: NDArray[np.float64]
    """Tile centres, shape (rows, 2), degrees, memory-mapped and read-only."""
    table: pa.Table | Path
    """Everything but the vectors, or the Arrow file of it; see `rows`."""
    key: str
    """Changes whenever the data changes; for caches."""
    counted: Counts | None = None
    """How many rows can rank; None if all can."""
    unusable: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    """Numbers of the rows that never rank, in order."""
    roles: Mapping[str, str] = field(default_factory=dict)
    """Role to column of `rows`: geometry, lon, lat, id."""
    folder: Path | None = None
    """Where it lies; None for one in memory."""

    def __len__(self) -> int:
        return len(self.vectors)

    @property
    def counts(self) -> Counts:
        """How many rows there are, and how many can rank."""
        return self.counted or Counts(rows=len(self))

    @cached_property
    def rows(self) -> pa.Table:
        """Everything but the vectors, in row order, memory-mapped.

        Raises:
            DamagedSetError: If the file cannot be read.
        """
        if not isinstance(self.table, Path):
            return self.table
        import pyarrow as pa

        try:
            rows = pa.ipc.open_file(pa.memory_map(str(self.table))).read_all()
        except (OSError, pa.ArrowException) as error:
            raise _damaged(self.table.parent, str(error)) from error
        if rows.num_rows != len(self):
            raise _damaged(self.table.parent, "its parts do not fit")
        return rows

    @property
    def named(self) -> bool:
        """Whether rows have names of their own, see `ids`."""
        return bool(self._id_column)

    @cached_property
    def _id_column(self) -> str:
        for name in (self.roles.get("id", ""), "grid_cell", "unique_id"):
            if name in self.rows.column_names and not self.rows[name].null_count:
                return name
        return ""

    @cached_property
    def ids(self) -> pa.ChunkedArray:
        """What a row is called: its grid cell or id, or its number where rows lack those."""
        import pyarrow as pa

        if self._id_column:
            return self.rows[self._id_column]
        return pa.chunked_array([pa.array(np.arange(len(self))).cast(pa.string())])

    def vector(self, row: int) -> NDArray[np.float32]:
        """Return one row's vector as numbers, shape (dim,), of any length; zero if unusable."""
        stored = self.vectors[row]
        at = int(np.searchsorted(self.unusable, row))
        if at < len(self.unusable) and self.unusable[at] == row:
            return np.zeros(stored.shape, np.float32)
        if stored.dtype.kind == "i":
            return np.asarray(stored * self.header.scale + self.header.offset, np.float32)
        if stored.dtype == np.float64:  # which may be too large or too small for float32
            largest = float(np.abs(stored).max(initial=0.0))
            if largest and not np.finfo(np.float32).tiny < largest < np.finfo(np.float32).max:
                stored = stored / largest
        return stored.astype(np.float32)

    def tile(self, row: int) -> TileRef:
        """Return what a reader of pixels needs to know of a row.

        Raises:
            SetNotFoundError: If there is no such row.
        """
        from eex.tiles import TileRef

        told = self.properties(row)
        given = told.get("pixel_bbox")
        box = [_whole(n) for n in given] if isinstance(given, list) else []
        return TileRef(
            lon=float(self.lonlat[row, 0]),
            lat=float(self.lonlat[row, 1]),
            grid_cell=str(told.get("grid_cell") or ""),
            product_id=str(told.get("product_id") or ""),
            timestamp=str(told.get("timestamp") or ""),
            parquet_url=str(told.get("parquet_url") or ""),
            parquet_row=_whole(told.get("parquet_row")),
            pixel_bbox=(box[0], box[1], box[2], box[3])
            if len(box) == BOX and -1 not in box
            else None,
            crop=self.header.crop,
            crs=str(told.get("utm_crs") or ""),
            scene=str(told.get("scene") or ""),
        )

    def properties(self, row: int) -> dict[str, Any]:
        """Return the row's columns as JSON-able values, without binary and empty ones."""
        if not 0 <= row < len(self):
            message = f"The set has rows 0 to {len(self) - 1}; there is no row {row}."
            raise SetNotFoundError(message)
        from eex.columns.rows import record_of

        return record_of(self.rows, row)


def _whole(value: object) -> int:
    """Return a whole number from 0 on; -1 for anything else, as a table of others may have it."""
    if not isinstance(value, int | float | str):
        return -1
    try:
        return max(-1, int(value))
    except ValueError:
        return -1


def open_folder(folder: Path, *, key: str) -> EmbeddingSet:
    """Map an opened set into memory.

    Args:
        folder: Made by `write_opened`.
        key: Of the set, for caches; changes with its data.

    Raises:
        DamagedSetError: If the folder is not whole.
    """
    try:
        record = json.loads((folder / "set.json").read_bytes())
        if record["version"] != OPENED_VERSION:
            raise _damaged(folder, f"it has version {record['version']}, not {OPENED_VERSION}")
        if record["dtype"] not in DTYPES:
            raise _damaged(folder, f"its vectors are {record['dtype']!r}")
        header = SetHeader.from_json(json.dumps(record["header"]))
        counts = Counts(**record["counts"])
        changed = [n for n in PARTS if (folder / n).stat().st_size != record["files"][n]]
        if changed:
            raise _damaged(folder, f"{changed[0]} is not whole")
        rows, left_out = counts.rows, counts.rows - counts.usable
        vectors = _mapped(folder / PARTS[0], record["dtype"], (rows, header.dim))
        lonlat = _mapped(folder / PARTS[1], "<f8", (rows, 2))
        unusable = _mapped(folder / PARTS[2], "<i8", (left_out,))
        roles = {str(role): str(name) for role, name in record["roles"].items()}
    except DamagedSetError:
        raise
    except (OSError, EOFError, ValueError, KeyError, TypeError, AttributeError) as error:
        raise _damaged(folder, str(error)) from error
    return EmbeddingSet(
        header,
        vectors,
        lonlat,
        folder / "rows.arrow",
        key,
        counted=counts,
        unusable=unusable,
        roles=roles,
        folder=folder,
    )


def describe(
    folder: Path, header: SetHeader, counts: Counts, roles: Mapping[str, str], dtype: str
) -> None:
    """Write `set.json` for the parts that lie in a folder, the last file of an opened set."""
    record = {
        "version": OPENED_VERSION,
        "header": asdict(header),
        "counts": asdict(counts),
        "roles": dict(roles),
        "dtype": dtype,
        "files": {name: (folder / name).stat().st_size for name in PARTS},
    }
    text = json.dumps(record, ensure_ascii=False, indent=1)
    (folder / "set.json").write_text(text, encoding="utf-8")


def _mapped(path: Path, dtype: str, shape: tuple[int, ...]) -> NDArray[Any]:
    """Map the numbers of a .npy file, whose header need not be read: what it says is known.

    Raises:
        ValueError: If they do not fill the file.
    """
    size = math.prod(shape) * np.dtype(dtype).itemsize
    if path.stat().st_size != NPY_HEADER + size:
        message = f"{path.name} does not hold {' x '.join(map(str, shape))} numbers"
        raise ValueError(message)
    if not size:  # nothing cannot be mapped
        return np.empty(shape, dtype)
    return np.memmap(path, dtype, "r", NPY_HEADER, shape)


def _damaged(folder: Path, what: str) -> DamagedSetError:
    message = f"The prepared set in {folder} is damaged: {what.rstrip('.')}."
    return DamagedSetError(message, hint=f"Delete {folder} and open the set again.")
