"""Samples of Major TOM that are wanted: out of the metadata table, or a shard's own columns."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from pathlib import PurePosixPath
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

import numpy as np

from eex.errors import BadQueryError, SourceError
from eex.grid.cells import Cells, Grid
from eex.grid.footprints import tile_footprints
from eex.sources.names import taken, time_of
from eex.sources.parquet import Table, rows_of
from eex.sources.wanted import Wanted

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

COLUMNS = (
    "grid_cell",
    "product_id",
    "timestamp",
    "cloud_cover",
    "centre_lat",
    "centre_lon",
    "crs",
    "parquet_url",
    "parquet_row",
)
"""What is read of the metadata table."""

NEEDED = ("parquet_url", "parquet_row")
"""What it must have."""

GRID_KM = 10.0
"""Spacing of Major TOM's grid."""

NEAR = 0.1
"""Degrees of latitude from a centre that no part of a sample is beyond: half its diagonal is
7.6 km, 0.07 degrees."""

CELL = re.compile(r"\d{1,4}[UD]_\d{1,4}[RL]")
"""Name of a cell of the grid of 10 km."""

UNKNOWN_CLOUDS = 101.0
"""Sorts behind everything that is known."""


@dataclass(frozen=True)
class Sample:
    """One row of a shard."""

    file: str
    """Name of the shard's file."""
    row: int
    clouds: float = UNKNOWN_CLOUDS
    """Percent."""


def samples_of_metadata(table: Table, wanted: Wanted) -> Iterator[tuple[str, int, Sample | None]]:
    """Yield shard, row and, if it is wanted, the sample, for all rows that tell a place.

    Raises:
        SourceError: If the table lacks columns for what is asked.
    """
    names = set(table.schema.names)
    asked = {
        "centre_lat": wanted.area is not None,
        "centre_lon": wanted.area is not None,
        "cloud_cover": wanted.cloud_cover is not None,
        "timestamp": (wanted.time is not None or wanted.season is not None)
        and "product_id" not in names,
    }
    needed = [*NEEDED, *(name for name, is_asked in asked.items() if is_asked)]
    lacking = [name for name in needed if name not in names]
    if lacking:
        message = f"{table.label} lacks {', '.join(lacking)}."
        raise SourceError(message, hint="Give metadata.parquet of the repository of the shards.")
    for _, rows in rows_of(table, COLUMNS):
        yield from _of_rows(rows, wanted)


def samples_of_shard(table: Table, wanted: Wanted, file: str) -> Iterator[Sample]:
    """Yield the samples of a shard that are wanted, by its keys: its clouds are not known."""
    whens = [name for name in ("timestamp", "product_datetime") if name in table.schema.names]
    for group in range(table.metadata.num_row_groups):
        told = table.told(group, ("grid_cell", "product_id", *whens[:1]))
        when = time_of(told.get(whens[0], "")) if whens else None
        if not wanted.takes_time(when or taken(told.get("product_id", ""))):
            continue
        if wanted.area is not None:
            (shape,) = footprints([told.get("grid_cell", "")], [""])
            if shape is None or not wanted.takes_shape(shape):
                continue
        yield Sample(file, group)


def _of_rows(rows: pa.Table, wanted: Wanted) -> Iterator[tuple[str, int, Sample | None]]:
    files = [_name(url) for url in rows["parquet_url"].to_pylist()]
    numbers = rows["parquet_row"].to_pylist()
    clouds = _floats(rows, "cloud_cover")
    keep = np.ones(rows.num_rows, np.bool_)
    if wanted.cloud_cover is not None:
        keep &= clouds <= wanted.cloud_cover
    if wanted.area is not None:
        keep &= _in_area(rows, wanted)
    if wanted.time is not None or wanted.season is not None:
        keep &= _in_time(rows, keep, wanted)
    for at, (file, number) in enumerate(zip(files, numbers, strict=True)):
        if file and number is not None and number >= 0:
            said = float(clouds[at])
            sample = Sample(file, number, said if said == said else UNKNOWN_CLOUDS)  # noqa: PLR0124
            yield file, number, sample if keep[at] else None


def _in_area(rows: pa.Table, wanted: Wanted) -> NDArray[np.bool_]:
    """Return which samples have a part of the area: by their centres nearly, then exactly."""
    lon, lat = _floats(rows, "centre_lon"), _floats(rows, "centre_lat")
    near = np.zeros(len(lon), np.bool_)
    wide = NEAR / np.maximum(np.cos(np.radians(lat)), 1e-3)
    for west, south, east, north in wanted.boxes():
        inside = (lat >= south - NEAR) & (lat <= north + NEAR)
        near |= inside & ((lon - west + wide) % 360 <= (east - west) + 2 * wide)
    at = np.flatnonzero(near)
    some = rows.take(at)
    crs = some["crs"].to_pylist() if "crs" in rows.column_names else [""] * len(at)
    cells = some["grid_cell"].to_pylist() if "grid_cell" in rows.column_names else [""] * len(at)
    shapes = footprints([c or "" for c in cells], [c or "" for c in crs])
    places = [shape or (float(lon[i]), float(lat[i])) for i, shape in zip(at, shapes, strict=True)]
    near[at] = [_takes(wanted, place) for place in places]
    return near


def footprints(cells: Sequence[str], crs: Sequence[str]) -> list[Any]:
    """Return the polygons of samples by cell; None for what is no cell.

    Args:
        cells: Such as 454U_120R.
        crs: Of the product of each, such as EPSG:32633; by the rule of zones where it is empty.
    """
    good = [at for at, cell in enumerate(cells) if CELL.fullmatch(cell)]
    found: list[Any] = [None] * len(cells)
    if not good:
        return found
    parsed = Cells.parse([cells[at] for at in good])
    try:
        made = tile_footprints(Grid(GRID_KM), parsed, crs=[crs[at] for at in good]).polygons()
    except BadQueryError:  # cells that the grid does not have
        return found
    for at, shape in zip(good, made, strict=True):
        found[at] = shape
    return found


def _takes(wanted: Wanted, place: Any) -> bool:  # noqa: ANN401
    return wanted.takes_point(*place) if isinstance(place, tuple) else wanted.takes_shape(place)


def _in_time(rows: pa.Table, keep: NDArray[np.bool_], wanted: Wanted) -> NDArray[np.bool_]:
    column = "timestamp" if "timestamp" in rows.column_names else "product_id"
    values = rows[column].to_pylist()
    found = np.zeros(rows.num_rows, np.bool_)
    for at in np.flatnonzero(keep):
        found[at] = wanted.takes_time(_when(values[at]))
    return found


def _when(value: object) -> datetime | None:
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    text = str(value or "")
    return time_of(text) or taken(text)


@lru_cache(maxsize=8192)
def _name(url: str | None) -> str:
    path = unquote(urlsplit(url).path) if url and "://" in url else url or ""
    return PurePosixPath(path).name


def _floats(rows: pa.Table, name: str) -> NDArray[np.float64]:
    if name not in rows.column_names:
        return np.full(rows.num_rows, np.nan)
    import pyarrow as pa

    column = rows[name].cast(pa.float64()).fill_null(np.nan)
    found: Any = column.to_numpy()
    return np.asarray(found, np.float64)
