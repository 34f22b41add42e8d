"""Rows of a set as they are written: columns of the Embedding Expansion, and what else is there.

Rows are gathered from a memory-mapped table in any order, a group at a time, so that memory does
not grow with the set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from eex.geoparquet.shapes import put_right
from eex.grid.edges import on_globe
from eex.tiles import SCHEMA, tile_id

OURS = ("geometry", "bbox", "embedding")
"""Columns that are made on writing, whatever they were."""

ROW = "row"
"""Column of the number of each row in the set, as results of searches name it."""


class Rows:
    """The rows of a set, gathered in any order."""

    def __init__(
        self,
        table: pa.Table,
        lonlat: NDArray[np.float64],
        roles: Mapping[str, str],
        *,
        numbered: bool = False,
    ) -> None:
        """Keep the table.

        Args:
            table: Everything but the vectors; in memory or mapped.
            lonlat: Centres, shape (n, 2), degrees.
            roles: Role to column: geometry, id.
            numbered: Add the number of each row in the set as `ROW`, since rows are written in
                another order; a column of that name keeps its values under another.
        """
        self.batches = table.to_batches()
        self.starts = np.cumsum([0, *[batch.num_rows for batch in self.batches]])
        self.schema, self.lonlat, self.roles = table.schema, lonlat, dict(roles)
        if "geometry" in table.column_names:
            self.roles.setdefault("geometry", "geometry")
        away = {*OURS, self.roles.get("geometry", "")}
        others = [f for f in table.schema if f.name not in {*away, *SCHEMA.names}]
        plain = [f for f in SCHEMA if f.name not in OURS]
        self.sources: dict[str, str] = {}
        if numbered:
            others = [self._aside(f) if f.name == ROW else f for f in others]
            others.append(pa.field(ROW, pa.int64()))
        self.numbered = numbered
        self.fields = [self._widened(f) for f in plain] + others
        """Of every column but those of `OURS`, in the order that they are written in."""

    def take(self, rows: NDArray[np.int64]) -> pa.RecordBatch:
        """Return rows, in the order asked for, as they are in the table."""
        which = np.searchsorted(self.starts, rows, side="right") - 1
        order = np.argsort(which, kind="stable")
        parts = []
        for batch in np.unique(which).tolist():
            mine = rows[which == batch] - self.starts[batch]
            parts.append(self.batches[batch].take(pa.array(mine)))
        taken = pa.Table.from_batches(parts, self.schema).combine_chunks()
        back = np.empty_like(order)
        back[order] = np.arange(len(order))
        return taken.take(pa.array(back)).combine_chunks().to_batches()[0]

    def shapes(self, rows: NDArray[np.int64], batch: pa.RecordBatch) -> NDArray[Any]:
        """Return the geometry of rows on the globe; their centres where there is none."""
        return self._placed(rows, batch)[0]

    def columns(
        self, rows: NDArray[np.int64], batch: pa.RecordBatch
    ) -> tuple[list[pa.Array], NDArray[Any]]:
        """Return the columns of `fields` for rows, and their geometry."""
        shapes, outlines = self._placed(rows, batch)
        columns = []
        for field in self.fields:
            name = self.sources.get(field.name, field.name)
            if field.name == ROW and self.numbered:
                column = pa.array(rows, pa.int64())
            elif field.name == "centre_lon":
                column = pa.array(self.lonlat[rows, 0])
            elif field.name == "centre_lat":
                column = pa.array(self.lonlat[rows, 1])
            elif field.name == "unique_id" and "unique_id" not in batch.schema.names:
                column = self._ids(batch)
            elif name not in batch.schema.names:
                column = pa.nulls(len(rows), field.type)
            else:
                column = batch[name].cast(field.type)
            if field.name == "utm_footprint" and outlines:
                texts = column.to_pylist()
                for row, text in outlines.items():
                    texts[row] = text
                column = pa.array(texts, field.type)
            columns.append(column)
        return columns, shapes

    def parts(self, size: int) -> Iterator[NDArray[np.int64]]:
        """Yield the numbers of all rows in their own order, `size` at a time."""
        for start in range(0, len(self.lonlat), size):
            yield np.arange(start, min(start + size, len(self.lonlat)))

    def _placed(
        self, rows: NDArray[np.int64], batch: pa.RecordBatch
    ) -> tuple[NDArray[Any], dict[int, str]]:
        name, lonlat = self.roles.get("geometry", ""), self.lonlat[rows]
        if name not in batch.schema.names:
            return np.asarray(shapely.points(lonlat)), {}
        from eex.columns.places import footprints
        from eex.columns.product import Product, crs_of

        product = Product(name="table", embedding="", geometry=name, crs=crs_of(self.schema, name))
        shapes = on_globe(footprints(batch, product, "The set"))
        if not {"pixel_bbox", "utm_crs"} <= set(batch.schema.names):
            return shapes, {}
        boxes = np.full((len(rows), 4), np.nan)
        told = batch["pixel_bbox"].to_pylist()
        for i, box in enumerate(told):
            if box is not None and len(box) == 4 and None not in box:  # noqa: PLR2004
                boxes[i] = box
        crs = np.array([name or "" for name in batch["utm_crs"].to_pylist()], str)
        return put_right(shapes, lonlat, boxes, crs)

    def _ids(self, batch: pa.RecordBatch) -> pa.Array:
        name = self.roles.get("id", "")
        if name in batch.schema.names and name != "grid_cell":
            return batch[name].cast(pa.string())
        if {"grid_cell", "product_id"} <= set(batch.schema.names):
            cells, products = (batch[n].to_pylist() for n in ("grid_cell", "product_id"))
            ids = [tile_id(c, p or "") if c else None for c, p in zip(cells, products, strict=True)]
            return pa.array(ids, pa.string())
        return pa.nulls(batch.num_rows, pa.string())

    def _aside(self, field: pa.Field) -> pa.Field:
        """Return a field under a name that nothing else has."""
        free = field.name
        while free in self.schema.names:
            free += "_before"
        self.sources[free] = field.name
        return field.with_name(free)

    def _widened(self, field: pa.Field) -> pa.Field:
        """Return a field of the Embedding Expansion, of the table's own type where wider."""
        if field.name not in self.schema.names or field.name.startswith("centre_"):
            return field
        own = self.schema.field(field.name).type
        if pa.types.is_integer(own) and own.bit_width > field.type.bit_width:
            return field.with_type(own)  # a fine grid has more rows than int16 can count
        if field.name == "pixel_bbox" and not pa.types.is_fixed_size_list(own):
            return field.with_type(own)  # which casting refuses where a list is null
        if field.name == "timestamp":
            return field.with_type(own)
        return field
