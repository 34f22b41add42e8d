"""Tables of embeddings as published: only the rows and columns that are looked at are read."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from eex.columns.places import centres
from eex.columns.product import Product, product_of
from eex.columns.said import damaged, reason
from eex.columns.vectors import number_format, unit_rows, vectors_of
from eex.embeddings import SetHeader
from eex.embeddings.table import READ_BYTES
from eex.embeddings.write import BATCH
from eex.errors import SetNotFoundError

if TYPE_CHECKING:
    import pyarrow.parquet as pq
    from numpy.typing import NDArray

ABOUT = (
    *("grid_cell", "product_id", "centre_lon", "centre_lat", "pixel_bbox", "unique_id"),
    *("timestamp", "utm_crs", "parquet_url", "parquet_row", "scene"),
)
"""Columns that say which pixels a row is of; those that are there are read."""


@dataclass(frozen=True)
class Table:
    """A table of embeddings, ours with a header or any product (`eex.columns.product`)."""

    path: Path
    """The file."""
    header: SetHeader | None
    """What it says of itself; None for tables that eex did not write."""
    product: Product
    """Which of its columns plays which role."""
    about: pa.Table
    """The columns of `ABOUT` that it has, and those of places, every row."""

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
            schema = file.schema_arrow
            product = product_of(schema, path=path)
            number_format(schema.field(product.embedding).type, product.embedding, path)
            if not file.metadata.num_rows:
                raise damaged(path, "is empty: it holds no tiles")
            metadata = schema.metadata or {}
            header = SetHeader.told_by(metadata[b"emb"]) if b"emb" in metadata else None
            places = (product.lon, product.lat) if product.lon else (product.geometry,)
            wanted = dict.fromkeys([*ABOUT, *places])
            about = _read(path, lambda: file.read(columns=[c for c in wanted if c in schema.names]))
        return cls(path, header, product, about)

    def __len__(self) -> int:
        return int(self.about.num_rows)

    def column(self, name: str) -> list[Any]:
        """Return a column of `ABOUT`, None for every row where the table lacks it."""
        if name not in self.about.column_names:
            return [None] * len(self)
        return list(self.about[name].to_pylist())

    def lonlat(self, rows: Sequence[int]) -> NDArray[np.float64]:
        """Return tile centres of some rows, shape (n, 2), degrees.

        Raises:
            DamagedSetError: If the place of one is missing or not on the globe.
        """
        some = self.about.take(pa.array(rows, pa.int64())).combine_chunks()
        return centres(some.to_batches()[0], self.product, self.path)

    def vectors(self, rows: Sequence[int]) -> NDArray[np.float32]:
        """Return unit vectors of some rows, shape (n, dim), zero for those without a usable one.

        Only their row groups are read, a few thousand rows at a time.

        Raises:
            DamagedSetError: If they are not lists of numbers of one length.
        """
        found: dict[int, NDArray[np.float32]] = {}
        with _file(self.path) as file:
            first = 0
            for number in range(file.num_row_groups):
                count = file.metadata.row_group(number).num_rows
                if any(first <= row < first + count for row in rows):
                    _read(
                        self.path,
                        lambda n=number, at=first: self._collect(file, n, at, rows, found),
                    )
                first += count
        lengths = {len(vector) for vector in found.values() if len(vector)}
        if len(lengths) > 1:
            raise damaged(self.path, "has vectors of several lengths")
        missing = np.zeros(max(lengths, default=0), np.float32)
        return np.stack([found[row] if len(found[row]) else missing for row in rows])

    def _collect(
        self,
        file: pq.ParquetFile,
        group: int,
        first: int,
        rows: Sequence[int],
        found: dict[int, NDArray[np.float32]],
    ) -> None:
        """Add the unit vectors of those of the rows that lie in a row group."""
        name = self.product.embedding
        for batch in file.iter_batches(batch_size=BATCH, row_groups=[group], columns=[name]):
            inside = sorted({row for row in rows if first <= row < first + batch.num_rows})
            if inside:
                column = batch[name].take(pa.array([row - first for row in inside], pa.int64()))
                values, missing = vectors_of(column, name, self.path)
                if values.dtype.kind == "i" and self.header is not None:
                    values = values * self.header.scale + self.header.offset
                    values[missing] = 0
                found |= dict(zip(inside, unit_rows(values), strict=True))
            first += batch.num_rows
            if first > max(rows):
                return


def _file(path: Path) -> pq.ParquetFile:
    import pyarrow.parquet as pq

    return _read(path, lambda: pq.ParquetFile(path, buffer_size=READ_BYTES, pre_buffer=False))


def _read(path: Path, work: Any) -> Any:  # noqa: ANN401
    try:
        return work()
    except (OSError, pa.ArrowException) as error:
        raise damaged(path, f"is not a whole Parquet file: {reason(error)}") from error
