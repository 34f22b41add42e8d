"""Where tiles are: centres from columns of degrees, or from geometry in whatever form."""

from __future__ import annotations

import json
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from eex.columns.said import damaged, reason

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.columns.product import Product

LON_LAT = {"CRS84", "CRS84H", "4326", "4979"}
"""Codes of systems whose geometry is longitude, latitude; GeoParquet keeps this order for all."""

_RANGE = (
    "Longitude runs from -180 to 180, latitude from -90 to 90; mend the table, or name other "
    "columns: --column lon=NAME --column lat=NAME."
)

HALF = 180
"""Degrees of longitude: what is wider crosses the antimeridian."""


def centres(
    batch: pa.RecordBatch, product: Product, path: Path | str, *, start: int = 0
) -> NDArray[np.float64]:
    """Return where the tiles' centres are, shape (rows, 2), degrees, longitude first.

    Columns of centres are taken as they are. Else it is the centroid of the geometry: WKB, WKT or
    GeoArrow, in longitude and latitude or in the system that the file names; a shape that crosses
    180 degrees, whole or cut in two there, has its centre where it is.

    Args:
        batch: Of the table.
        product: Which columns say it.
        path: Of the table, for messages.
        start: Row of the table that the batch begins with, for messages.

    Raises:
        DamagedSetError: If the place of a row is missing or not on the globe.
    """
    if product.lon:
        return _from_degrees(batch, product, path, start)
    column = batch[product.geometry]
    shapes = _shapes(column, product.geometry, path)
    _check_all_there(shapes, path, product.geometry, start)
    lonlat = _centroids(_in_degrees(shapes, product, path))
    outside = np.asarray(~(np.abs(lonlat) <= (HALF, HALF / 2)).all(axis=1))
    if outside.any():
        x, y = lonlat[np.flatnonzero(outside)[0]]
        hint = "If they are in metres, convert them: gdf.to_crs(4326).to_parquet(...)."
        such = f"such as {x:.6g}, {y:.6g}: {_where(outside, start)}"
        what = f"has tiles in `{product.geometry}` that are not in degrees, {such}"
        raise damaged(path, what, hint=hint)
    return lonlat


def footprints(batch: pa.RecordBatch, product: Product, path: Path | str) -> NDArray[Any]:
    """Return the tiles' geometry as shapely shapes in longitude and latitude, None where null.

    Raises:
        DamagedSetError: If the column is no geometry, or its coordinate system is not known.
    """
    shapes = _shapes(batch[product.geometry], product.geometry, path)
    return _in_degrees(shapes, product, path)


def is_degrees(crs: Any) -> bool:  # noqa: ANN401
    """Whether a coordinate system, as a file names it, is plain longitude and latitude."""
    known = crs.get("id") if isinstance(crs, dict) else crs
    code = known.get("code") if isinstance(known, dict) else known
    return crs is None or str(code).rpartition(":")[2] in LON_LAT


def _from_degrees(
    batch: pa.RecordBatch, product: Product, path: Path | str, start: int
) -> NDArray[np.float64]:
    columns = []
    for name, most in ((product.lon, HALF), (product.lat, HALF // 2)):
        kind = batch[name].type
        if not (pa.types.is_floating(kind) or pa.types.is_integer(kind)):
            what = f"has {kind} in `{name}`, where degrees belong"
            raise damaged(path, what, hint=_RANGE)
        degrees = batch[name].to_numpy(zero_copy_only=False).astype(np.float64)  # NaN where null
        wrong = ~(np.abs(degrees) <= most)
        if wrong.any():
            first = degrees[wrong][0]
            such = "none" if np.isnan(first) else f"{first:.6g}"
            what = f"has tiles whose `{name}` is missing or beyond {most} degrees"
            what += f": {such} in {_where(wrong, start)}"
            raise damaged(path, what, hint=_RANGE)
        columns.append(degrees)
    return np.column_stack(columns)


def _shapes(column: pa.Array, name: str, path: Path | str) -> NDArray[Any]:
    import shapely

    while isinstance(column.type, pa.BaseExtensionType):
        column = column.storage
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    binary = (pa.types.is_binary, pa.types.is_large_binary, pa.types.is_binary_view)
    text = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    try:
        if any(holds(kind) for holds in binary):
            return np.asarray(shapely.from_wkb(column.to_numpy(zero_copy_only=False)))
        if any(holds(kind) for holds in text):
            texts = column.to_numpy(zero_copy_only=False)
            hexadecimal = any(str(t).startswith("0") for t in texts[:1])
            return np.asarray((shapely.from_wkb if hexadecimal else shapely.from_wkt)(texts))
        return _from_geoarrow(column)
    except (shapely.errors.ShapelyError, ValueError, TypeError, KeyError) as error:
        what = f"has {kind} in `{name}`, which is no geometry: {reason(error)}"
        raise damaged(path, what) from error


def _from_geoarrow(column: pa.Array) -> NDArray[Any]:
    """Return shapes of native GeoArrow: points, lines, polygons, multi-polygons by their depth."""
    import shapely

    kinds = {
        0: shapely.GeometryType.POINT,
        1: shapely.GeometryType.LINESTRING,
        2: shapely.GeometryType.POLYGON,
        3: shapely.GeometryType.MULTIPOLYGON,
    }
    there = np.asarray(column.is_valid())
    column = column.filter(pa.array(there)) if not there.all() else column
    offsets: list[NDArray[np.int64]] = []
    while pa.types.is_list(column.type) or pa.types.is_large_list(column.type):
        starts = np.asarray(column.offsets, np.int64)
        offsets.append(starts - starts[0])
        column = column.flatten()
    if pa.types.is_struct(column.type):
        xy = [column.field(axis).to_numpy(zero_copy_only=False) for axis in ("x", "y")]
        coords = np.column_stack(xy)
    elif pa.types.is_fixed_size_list(column.type):
        numbers = column.flatten().to_numpy(zero_copy_only=False)
        coords = numbers.reshape(-1, column.type.list_size)[:, :2]
    else:
        message = "it is neither WKB, WKT nor GeoArrow"
        raise TypeError(message)
    coords = np.ascontiguousarray(coords, np.float64)
    shapes = np.full(there.size, None, object)
    made = shapely.from_ragged_array(kinds[len(offsets)], coords, tuple(offsets[::-1]) or None)
    shapes[there] = made
    return shapes


def _check_all_there(shapes: NDArray[Any], path: Path | str, name: str, start: int) -> None:
    import shapely

    lacking = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    if lacking.any():
        hint = (
            "Leave these rows out, or name columns of degrees: --column lon=NAME --column lat=NAME."
        )
        what = f"has tiles without a place in `{name}`: {_where(lacking, start)}"
        raise damaged(path, what, hint=hint)


def _where(wrong: NDArray[np.bool_], start: int) -> str:
    """Say which row of a table is the first of some of a batch, and how many there are."""
    first, last = start + int(np.flatnonzero(wrong)[0]), start + len(wrong) - 1
    return f"row {first:,}, {int(wrong.sum()):,} of rows {start:,} to {last:,}"


def _in_degrees(shapes: NDArray[Any], product: Product, path: Path | str) -> NDArray[Any]:
    """Return shapes in longitude and latitude, whatever system they are in."""
    crs = product.crs
    if is_degrees(crs):
        return shapes
    import shapely

    try:
        to_degrees = _projection(json.dumps(crs))
    except ImportError as error:
        hint = "pip install pyproj, or convert it: gdf.to_crs(4326).to_parquet(...)."
        raise damaged(path, "has geometry in metres, not in degrees", hint=hint) from error
    except ValueError as error:
        what = f"names a coordinate system that is not known: {reason(error)}"
        raise damaged(path, what) from error
    if to_degrees is None:
        return shapes
    return np.asarray(
        shapely.transform(shapes, lambda xy: np.column_stack(to_degrees(xy[:, 0], xy[:, 1])))
    )


@cache
def _projection(crs: str) -> Callable[..., Any] | None:
    """Return what turns x and y into degrees; None for a system that is in degrees itself.

    Raises:
        ValueError: If the system, given as JSON, is not known.
    """
    from pyproj import CRS, Transformer
    from pyproj.exceptions import ProjError

    try:
        system = CRS.from_user_input(json.loads(crs))
        if system.is_geographic:
            return None
        return Transformer.from_crs(system, "OGC:CRS84", always_xy=True).transform
    except ProjError as error:
        raise ValueError(str(error)) from error


def _centroids(shapes: NDArray[Any]) -> NDArray[np.float64]:
    import shapely

    bounds = shapely.bounds(shapes)
    wide = bounds[:, 2] - bounds[:, 0] > HALF
    if wide.any():
        shapes = shapes.copy()
        shapes[wide] = shapely.transform(
            shapes[wide], lambda xy: np.column_stack([xy[:, 0] % 360, xy[:, 1]])
        )
    middle = shapely.get_coordinates(shapely.centroid(shapes))
    middle[wide, 0] = (middle[wide, 0] + HALF) % (2 * HALF) - HALF
    return np.asarray(middle, np.float64)
