"""Tables of embeddings as published: only the rows and columns that are looked at are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from eex.columns.said import damaged
from eex.columns.vectors import unit_rows, vectors_of
from eex.embeddings import SetHeader
from eex.errors import SetNotFoundError

if TYPE_CHECKING:
    import pyarrow.parquet as pq
    from numpy.typing import NDArray

ABOUT = ("grid_cell", "product_id", "centre_lon", "centre_lat", "pixel_bbox", "unique_id")
"""Columns that say which pixels a row is of; those that are there are read."""


@dataclass(frozen=True)
class Table:
    """A table of embeddings, ours with a header or anybody's with the columns of Major TOM."""

    path: Path
    """The file."""
    header: SetHeader | None
    """What it says of itself; None for tables that eex did not write."""
    about: pa.Table
    """The columns of `ABOUT` that it has, every row."""

    @classmethod
    def open(cls, path: Path) -> Table:
        """Read which rows there are.

        Raises:
            SetNotFoundError: If there is no such file.
            DamagedSetError: If it is not a table of embeddings.
        """
        if not path.is_file():
            message = f"There is no embedding set at {path}."
            raise SetNotFoundError(message, hint="Give a .parquet file, or a name of eex sets.")
        with _file(path) as file:
            names = file.schema_arrow.names
            if "embedding" not in names:
                raise damaged(path, "has no column `embedding`")
            if not file.metadata.num_rows:
                raise damaged(path, "is empty: it holds no tiles")
            metadata = file.schema_arrow.metadata or {}
            header = SetHeader.from_json(metadata[b"emb"]) if b"emb" in metadata else None
            about = _read(path, lambda: file.read(columns=[c for c in ABOUT if c in names]))
        return cls(path, header, about)

    def __len__(self) -> int:
        return int(self.about.num_rows)

    def column(self, name: str) -> list[Any]:
        """Return a column of `ABOUT`, None for every row where the table lacks it."""
        if name not in self.about.column_names:
            return [None] * len(self)
        return list(self.about[name].to_pylist())

    def lonlat(self, rows: Sequence[int]) -> NDArray[np.float64]:
        """Return tile centres of some rows, shape (n, 2), degrees."""
        if not {"centre_lon", "centre_lat"} <= set(self.about.column_names):
            raise damaged(self.path, "does not say where its tiles are")
        some = self.about.take(pa.array(rows, pa.int64()))
        names = ("centre_lon", "centre_lat")
        return np.column_stack([some[n].to_numpy().astype(np.float64) for n in names])

    def vectors(self, rows: Sequence[int]) -> NDArray[np.float32]:
        """Return unit vectors of some rows, shape (n, dim); only their row groups are read.

        Raises:
            DamagedSetError: If they are not lists of numbers of one length.
        """
        found: dict[int, NDArray[np.float32]] = {}
        with _file(self.path) as file:
            first = 0
            for number in range(file.num_row_groups):
                count = file.metadata.row_group(number).num_rows
                inside = sorted({row for row in rows if first <= row < first + count})
                if inside:
                    group = _read(self.path, lambda n=number: file.read_row_group(n, ["embedding"]))
                    some = group.take(pa.array([row - first for row in inside], pa.int64()))
                    batch = some.combine_chunks().to_batches()[0]
                    made = unit_rows(vectors_of(batch["embedding"], "embedding", self.path)[0])
                    found |= dict(zip(inside, made, strict=True))
                first += count
        lengths = {len(vector) for vector in found.values()}
        if len(lengths) > 1:
            raise damaged(self.path, "has vectors of several lengths")
        return np.stack([found[row] for row in rows])


def _file(path: Path) -> pq.ParquetFile:
    import pyarrow.parquet as pq

    return _read(path, lambda: pq.ParquetFile(path))


def _read(path: Path, work: Any) -> Any:  # noqa: ANN401
    try:
        return work()
    except (OSError, pa.ArrowException) as error:
        reason = str(error).splitlines()[0].rstrip(".") if str(error) else type(error).__name__
        raise damaged(path, f"is not a whole Parquet file: {reason}") from error
