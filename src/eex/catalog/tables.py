"""The rows of a set that are wanted, out of files here or far away, in batches.

Of files far away only the column chunks that are needed are read: where tiles are, and then all of
the row groups that have some that are wanted. Row groups that cannot have any are known by their
statistics.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from eex.catalog.selection import HALF, Box, Selection, inside
from eex.errors import BadQueryError, DamagedSetError

if TYPE_CHECKING:
    import pyarrow as pa
    import pyarrow.parquet as pq

    from eex.columns.product import Product
    from eex.remote.parquet import RemoteParquet

BATCH = 4096
"""Rows of a batch."""

AT_ONCE = 64 * 2**20
"""Bytes of column chunks that are fetched at once, about."""

MOST_CHUNK = 2**31
"""Longest column chunk that is fetched, bytes; files of one row group have long ones."""

BOX_OFF = 2e-5
"""Degrees that a box in float32 may be off."""

MIXED_UP = 0.15
"""Degrees that a centre may be off in tables with rows and columns mixed up: 12 km, and some."""


class Table(Protocol):
    """One Parquet file."""

    label: str
    metadata: pq.FileMetaData
    schema: pa.Schema

    def read(
        self, groups: Sequence[int], columns: Sequence[str] | None
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows of some row groups in order, all columns where none are named."""
        ...


class LocalTable:
    """A Parquet file on this machine."""

    def __init__(self, path: Path) -> None:
        """Read the footer.

        Raises:
            DamagedSetError: If it is not a whole Parquet file.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        from eex.columns.said import damaged, reason

        self.label = str(path)
        try:
            self.file = pq.ParquetFile(path, buffer_size=2**20, pre_buffer=False)
        except (OSError, pa.ArrowException) as error:
            raise damaged(path, f"is not a whole Parquet file: {reason(error)}") from error
        self.metadata = self.file.metadata
        self.schema = self.file.schema_arrow

    def read(
        self, groups: Sequence[int], columns: Sequence[str] | None
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows of some row groups."""
        import pyarrow as pa

        from eex.columns.said import damaged, reason

        try:
            for group in groups:  # one by one, so that batches do not span them
                yield from self.file.iter_batches(BATCH, row_groups=[group], columns=columns)
        except (OSError, pa.ArrowException) as error:
            raise damaged(self.label, f"is not a whole Parquet file: {reason(error)}") from error


class RemoteTable:
    """A Parquet file far away."""

    def __init__(self, file: RemoteParquet) -> None:
        """Take an opened one."""
        self.label, self.file = file.url, file
        self.metadata, self.schema = file.metadata, file.schema

    def read(
        self, groups: Sequence[int], columns: Sequence[str] | None
    ) -> Iterator[pa.RecordBatch]:
        """Yield the rows of some row groups, several fetched at once."""
        names = list(self.schema.names if columns is None else columns)
        for some in self._together(groups, names):
            table = self.file.read(some, names, limit=MOST_CHUNK)
            for number, rows in enumerate(self.metadata.row_group(g).num_rows for g in some):
                start = sum(self.metadata.row_group(g).num_rows for g in some[:number])
                yield from table.slice(start, rows).to_batches(BATCH)

    def _together(self, groups: Sequence[int], names: list[str]) -> Iterator[list[int]]:
        waiting: list[int] = []
        size = 0
        for group in groups:
            spans = self.file.spans(group).items()
            own = sum(high - low for path, (low, high) in spans if path.partition(".")[0] in names)
            if waiting and size + own > AT_ONCE:
                yield waiting
                waiting, size = [], 0
            waiting.append(group)
            size += own
        if waiting:
            yield waiting


@dataclass
class Chosen:
    """How many rows were looked at and chosen; filled while they are read."""

    rows: int = 0
    """Rows that are wanted."""
    of: int = 0
    """Rows of all files that were opened."""
    groups: int = 0
    """Row groups whose vectors were read."""


def batches_of(
    tables: Sequence[Table],
    selection: Selection,
    *,
    columns: Mapping[str, str],
    transposed: bool,
    chosen: Chosen,
) -> Iterator[pa.RecordBatch]:
    """Yield the rows that are wanted, in the order of the files.

    Args:
        tables: The files that were chosen, see `Selection.shards`.
        selection: Rows and box.
        columns: Role to name of a column.
        transposed: Whether centres must be put right before they are compared with the box.
        chosen: Filled while they are read.

    Raises:
        DamagedSetError: If a table lacks what is needed, or cannot be read.
    """
    from eex.columns.product import product_of

    first, last = selection.rows or (0, -1)
    begin = 0
    chosen.of = sum(table.metadata.num_rows for table in tables)
    for table in tables:
        product = product_of(table.schema, columns, path=table.label)
        groups = _groups(table, product, selection.bbox, margin=MIXED_UP if transposed else 0.0)
        masks = _masks(table, begin, (first, last), groups)
        if selection.bbox is not None:
            masks = _inside(table, product, masks, selection.bbox, transposed=transposed)
        yield from _wanted(table, masks, chosen)
        begin += table.metadata.num_rows
        if 0 <= last <= begin:
            return


def _masks(
    table: Table, begin: int, rows: tuple[int, int], groups: set[int]
) -> dict[int, NDArray[np.bool_]]:
    """Return which rows of each row group are in the stretch; no row group that has none."""
    first, last = rows
    found = {}
    for group in range(table.metadata.num_row_groups):
        count = table.metadata.row_group(group).num_rows
        low = max(first - begin, 0)
        high = min(last - begin, count) if last >= 0 else count
        if low < high and group in groups:
            mask = np.zeros(count, np.bool_)
            mask[low:high] = True
            found[group] = mask
        begin += count
    return found


def _inside(
    table: Table,
    product: Product,
    masks: dict[int, NDArray[np.bool_]],
    box: Box,
    *,
    transposed: bool,
) -> dict[int, NDArray[np.bool_]]:
    """Keep the rows whose centre lies in the box."""
    from eex.columns.places import centres

    names = [product.lon, product.lat] if product.lon else [product.geometry]
    if transposed:
        names += [n for n in ("pixel_bbox", "utm_crs") if n in table.schema.names]
    parts: list[NDArray[np.bool_]] = []
    for batch in table.read(list(masks), names):
        lonlat = centres(batch, product, table.label)
        if transposed:
            lonlat = _put_right(lonlat, batch, table.label)
        parts.append(inside(lonlat, box))
    within = np.concatenate(parts) if parts else np.zeros(0, np.bool_)
    begin, found = 0, {}
    for group, mask in masks.items():
        kept = mask & within[begin : begin + len(mask)]
        begin += len(mask)
        if kept.any():
            found[group] = kept
    return found


def _put_right(
    lonlat: NDArray[np.float64], batch: pa.RecordBatch, label: str
) -> NDArray[np.float64]:
    from eex.columns.said import damaged

    if not {"pixel_bbox", "utm_crs"} <= set(batch.schema.names):
        raise damaged(label, "lacks pixel_bbox or utm_crs, by which its footprints are put right")
    from eex.grid import true_centres

    boxes = np.array(batch["pixel_bbox"].to_pylist(), np.int64)
    return np.asarray(true_centres(lonlat, boxes, batch["utm_crs"].to_pylist()), np.float64)


def _wanted(
    table: Table, masks: dict[int, NDArray[np.bool_]], chosen: Chosen
) -> Iterator[pa.RecordBatch]:
    """Read whole rows of the row groups that have some that are wanted."""
    import pyarrow as pa

    mask = np.concatenate([*masks.values()]) if masks else np.zeros(0, np.bool_)
    chosen.groups += len(masks)
    begin = 0
    for batch in table.read(list(masks), None):
        some = mask[begin : begin + batch.num_rows]
        begin += batch.num_rows
        count = int(some.sum())
        chosen.rows += count
        if count == batch.num_rows:
            yield batch
        elif count:
            yield batch.filter(pa.array(some))


def _groups(table: Table, product: Product, box: Box | None, *, margin: float) -> set[int]:
    """Return the row groups that may have tiles in a box, by the statistics of where they are."""
    every = set(range(table.metadata.num_row_groups))
    if box is None:
        return every
    west, south, east, north = box
    wide = margin / max(np.cos(np.radians(min(max(abs(south), abs(north)) + margin, 89.0))), 0.01)
    west, east = west - wide, east + wide
    parts = [(west, east)] if box[0] <= box[2] else [(west, HALF), (-HALF, east)]
    if west < -HALF:
        parts.append((west + 2 * HALF, HALF))
    if east > HALF:
        parts.append((-HALF, east - 2 * HALF))
    leaves = _leaves(table.metadata)
    lon, lat = _place_leaves(product, leaves)
    if not lon or not lat:
        return every
    lats = (south - margin, north + margin)
    return {
        group
        for group in every
        if _may(table.metadata, group, leaves, lat, lats)
        and any(_may(table.metadata, group, leaves, lon, part) for part in _with_edges(parts))
    }


def _with_edges(parts: list[tuple[float, float]]) -> list[tuple[float, float]]:
    """Add the other name of the antimeridian where a part ends there: it is one meridian."""
    more = [(-HALF, -HALF) for low, high in parts if low <= HALF <= high]
    more += [(HALF, HALF) for low, high in parts if low <= -HALF <= high]
    return parts + more


def _leaves(metadata: pq.FileMetaData) -> dict[str, int]:
    return {metadata.schema.column(i).path: i for i in range(metadata.num_columns)}


def _place_leaves(
    product: Product, leaves: Mapping[str, int]
) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """Return the leaf columns that bound longitude and latitude: lowest and highest."""
    if product.lon in leaves and product.lat in leaves:
        return (product.lon, product.lon), (product.lat, product.lat)
    edges = ("bbox.xmin", "bbox.xmax", "bbox.ymin", "bbox.ymax")
    if product.crs is None and all(edge in leaves for edge in edges):
        return edges[:2], edges[2:]
    return (), ()


def _may(
    metadata: pq.FileMetaData,
    group: int,
    leaves: Mapping[str, int],
    names: tuple[str, ...],
    wanted: tuple[float, float],
) -> bool:
    """Whether a row group may have numbers between two, both included.

    A box round a tile across 180 degrees goes round the globe, or has its west in the east: the
    tile lies outside of what such boxes bound.
    """
    bounds: list[Any] = []
    for name in names:
        column = metadata.row_group(group).column(leaves[name])
        told = column.statistics if column.is_stats_set else None
        if told is None or not told.has_min_max:
            return True
        bounds += [told.min, told.max]
    if not all(isinstance(n, float | int) for n in bounds):
        return True
    low, high = min(bounds), max(bounds)
    if names[0] != names[-1]:
        low, high = low - BOX_OFF, high + BOX_OFF
        if high - low > HALF:
            return True
    return not (high < wanted[0] or low > wanted[1])


def nothing_there(selection: Selection, label: str) -> BadQueryError:
    """Return the error for a part of a set that has no rows."""
    message = f"{label} has no tiles in {selection.words()}."
    return BadQueryError(message, hint="Choose a larger part: west,south,east,north; rows A:B.")


def check_rows(tables: Sequence[Table], selection: Selection, label: str) -> None:
    """Refuse a stretch that begins after the last row.

    Raises:
        BadQueryError: If it does.
    """
    count = sum(table.metadata.num_rows for table in tables)
    if not count:
        message = f"{label} is empty: it holds no tiles."
        raise DamagedSetError(message, hint="Check where it came from.")
    if selection.rows is not None and selection.rows[0] >= count:
        message = f"{label} has {count:,} rows, none from {selection.rows[0]:,} on."
        raise BadQueryError(message, hint="Rows are counted from 0.")
