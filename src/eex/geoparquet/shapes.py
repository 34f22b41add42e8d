"""Geometry of any product becomes shapes on the globe, and shapes become columns of a file."""

from __future__ import annotations

from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from numpy.typing import NDArray

from eex.errors import BadQueryError
from eex.grid.footprints import PIXEL_M, Footprints
from eex.grid.utm import project

EDGES = ("xmin", "ymin", "xmax", "ymax")
"""Fields of the `bbox` column."""

MIRRORED_DEGREES = 0.001
"""A footprint whose middle is farther than this from its tile's centre is not that tile's."""


def put_right(
    shapes: NDArray[Any],
    lonlat: NDArray[np.float64],
    boxes: NDArray[np.float64],
    crs: NDArray[np.str_],
) -> tuple[NDArray[Any], dict[int, str]]:
    """Give rows whose footprint does not lie at their centre the square that does.

    Such are the fragments that were published with x and y mixed up; their centres were put right
    when the set was opened.

    Args:
        shapes: Footprints in degrees, shape (n,).
        lonlat: Centres, shape (n, 2).
        boxes: `pixel_bbox`, shape (n, 4); NaN where there is none.
        crs: `utm_crs`, shape (n,); empty where there is none.

    Returns:
        The shapes, and the outline in UTM as WKT of each row that was changed.
    """
    told = (crs != "") & np.isfinite(boxes).all(axis=1) & (boxes[:, 0] != boxes[:, 1])
    told &= np.isin(shapely.get_type_id(shapes), (3, 6))
    rows = np.flatnonzero(told)
    middle = shapely.get_coordinates(shapely.centroid(shapes[rows]))
    away = np.abs(middle - lonlat[rows])
    away[:, 0] = np.minimum(away[:, 0], 360 - away[:, 0]) * np.cos(np.radians(lonlat[rows, 1]))
    bounds = shapely.bounds(shapes[rows])
    rows = rows[(away.max(axis=1) > MIRRORED_DEGREES) & (bounds[:, 2] - bounds[:, 0] < 180)]  # noqa: PLR2004
    if not len(rows):
        return shapes, {}
    size = (boxes[rows, 2:] - boxes[rows, :2]) * PIXEL_M / 2  # height, width
    xy = project(lonlat[rows], crs[rows])
    true = Footprints(crs[rows], np.column_stack([xy - size[:, ::-1], xy + size[:, ::-1]]))
    shapes = shapes.copy()
    shapes[rows] = true.polygons()
    return shapes, dict(zip(rows.tolist(), true.utm_wkt(), strict=True))


def boxes_of(shapes: NDArray[Any]) -> pa.StructArray:
    """Return the `bbox` column: float32, rounded outwards so that each holds its shape.

    A shape in two parts at the antimeridian has a box from -180 to 180: readers compare numbers,
    so that west must never be greater than east here.
    """
    bounds = shapely.bounds(shapes)
    near = bounds.astype(np.float32)
    low = np.where(near > bounds, np.nextafter(near, np.float32(-np.inf)), near)
    high = np.where(near < bounds, np.nextafter(near, np.float32(np.inf)), near)
    nothing = pa.array(np.isnan(bounds[:, 0]))
    columns = [pa.array(part[:, i], pa.float32()) for i, part in enumerate((low, low, high, high))]
    return pa.StructArray.from_arrays(columns, names=EDGES, mask=nothing)


def native_of(kinds: set[str]) -> str:
    """Return GeoParquet's native encoding for shapes of some kinds.

    Raises:
        BadQueryError: If there is none that holds them all.
    """
    if kinds == {"Point"}:
        return "point"
    if kinds and kinds <= {"Polygon", "MultiPolygon"}:
        return "multipolygon" if "MultiPolygon" in kinds else "polygon"
    named = " and ".join(sorted(kinds)) or "nothing"
    message = f"The native encoding holds points or polygons; this set has {named}."
    raise BadQueryError(message, hint="Write the geometry as wkb.")


def native_type(encoding: str) -> pa.DataType:
    """Return the Arrow type of a native encoding, as GeoArrow has it: coordinates x, y apart."""
    point = pa.struct([pa.field(axis, pa.float64(), nullable=False) for axis in "xy"])
    if encoding == "point":
        return point
    polygon = pa.list_(
        pa.field("rings", pa.list_(pa.field("vertices", point, nullable=False)), nullable=False)
    )
    return (
        polygon
        if encoding == "polygon"
        else pa.list_(pa.field("polygons", polygon, nullable=False))
    )


def column_of(shapes: NDArray[Any], encoding: str) -> pa.Array:
    """Return shapes as a column: `WKB`, or one of the native encodings."""
    if encoding == "WKB":
        return pa.array(shapely.to_wkb(shapes), pa.binary())
    kind = native_type(encoding)
    if encoding == "multipolygon":
        single = shapely.get_type_id(shapes) == int(shapely.GeometryType.POLYGON)
        shapes = shapes.copy()
        shapes[single] = shapely.multipolygons(shapes[single][:, None])
    there = ~(shapely.is_missing(shapes) | shapely.is_empty(shapes))
    _, coords, offsets = shapely.to_ragged_array(shapes[there], include_z=False)
    made: pa.Array = pa.StructArray.from_arrays(
        [pa.array(np.ascontiguousarray(coords[:, i])) for i in range(2)],
        fields=list(kind if encoding == "point" else _innermost(kind)),
    )
    types = []
    while encoding != "point" and pa.types.is_list(kind):
        types.append(kind)
        kind = kind.value_type
    for starts, each in zip(offsets, reversed(types), strict=True):
        made = pa.ListArray.from_arrays(pa.array(starts, pa.int32()), made, type=each)
    if there.all():
        return made
    places = np.cumsum(there) - 1
    return made.take(pa.array(places, mask=~there))


def _innermost(kind: pa.DataType) -> pa.DataType:
    while pa.types.is_list(kind):
        kind = kind.value_type
    return kind
