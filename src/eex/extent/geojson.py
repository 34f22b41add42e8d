"""GeoJSON becomes rings of numbers, or is refused in words.

In: a geometry, feature or collection of RFC 7946, as a record or its text. Out: for each polygon
its rings, the outer one first, as arrays of shape (n, 2), longitude and latitude, closed.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eex.errors import BadQueryError
from eex.values import shown

MOST_VERTICES = 20_000
"""Vertices of one area, the last of a ring, which is the first, included."""

MOST_TEXT = 16_000_000
"""Characters of GeoJSON text."""

MOST_NESTED = 16
"""Collections within collections."""

FARTHEST_LON = 360.0
"""Longitudes are read from -360 to 360, since some data go on beyond 180."""

LEAST_POSITIONS = 4
"""Of a ring; the last is the first again."""

Ring = NDArray[np.float64]
"""Shape (n, 2): longitude, latitude, degrees."""

_SUCH = 'Such as {"type": "Polygon", "coordinates": [[[5, 45], [11, 45], [11, 48], [5, 45]]]}.'
_WGS84 = ("CRS84", "EPSG::4326", "EPSG:4326")


def read_polygons(value: object) -> list[list[Ring]]:
    """Return the rings of every polygon in some GeoJSON.

    Args:
        value: Polygon, MultiPolygon, GeometryCollection, Feature or FeatureCollection; a record, or
            its text. Features without geometry are left out; heights are ignored.

    Raises:
        BadQueryError: If it is no GeoJSON, holds something else than polygons or none, has too many
            vertices, or its numbers are no longitudes and latitudes.
    """
    record = _parsed(value) if isinstance(value, str | bytes | bytearray) else value
    polygons: list[list[Ring]] = []
    left = MOST_VERTICES
    for coordinates in _polygons(record):
        if not isinstance(coordinates, list | tuple) or not coordinates:
            message = f"The coordinates of a polygon are a list of rings, got {shown(coordinates)}."
            raise BadQueryError(message, hint=_SUCH)
        left -= sum(len(ring) for ring in coordinates if isinstance(ring, list | tuple))
        if left < 0:
            message = f"The area has more than {MOST_VERTICES:,} vertices."
            raise BadQueryError(message, hint="Simplify it, such as with shapely.simplify.")
        polygons.append([_ring(ring) for ring in coordinates])
    if not polygons:
        message = "The GeoJSON holds no polygon."
        raise BadQueryError(message, hint=_SUCH)
    return polygons


def _parsed(text: str | bytes | bytearray) -> object:
    try:
        if len(text) > MOST_TEXT:
            message = f"The GeoJSON is longer than {MOST_TEXT:,} characters."
            raise BadQueryError(message, hint="Simplify it, such as with shapely.simplify.")
        return json.loads(text)
    except (ValueError, RecursionError) as error:
        if isinstance(error, BadQueryError):
            raise
        message = f"The area is not GeoJSON: {shown(text)}."
        raise BadQueryError(message, hint=_SUCH) from error


def _polygons(record: object, depth: int = 0) -> Iterator[Any]:
    """Walk through GeoJSON to the coordinates of each polygon."""
    if not isinstance(record, Mapping) or not isinstance(record.get("type"), str):
        message = f"The area is not GeoJSON: it has no type, {shown(record)}."
        raise BadQueryError(message, hint=_SUCH)
    if depth > MOST_NESTED:
        message = "The GeoJSON has too many collections within collections."
        raise BadQueryError(message, hint="Put the polygons into one MultiPolygon.")
    _check_crs(record.get("crs"))
    kind = record["type"]
    if kind == "Polygon":
        yield record.get("coordinates")
    elif kind == "MultiPolygon":
        yield from _items(record, "coordinates")
    elif kind == "Feature":
        if record.get("geometry") is not None:
            yield from _polygons(record["geometry"], depth + 1)
    elif kind in ("FeatureCollection", "GeometryCollection"):
        for item in _items(record, "features" if kind[0] == "F" else "geometries"):
            yield from _polygons(item, depth + 1)
    else:
        message = f"An area is made of polygons; this GeoJSON has a {shown(kind)}."
        hint = "For places around a point use `near`, such as 48.9, 2.4, 50."
        raise BadQueryError(
            message, hint=hint if "Point" in kind else f"Close lines to rings. {_SUCH}"
        )


def _items(record: Mapping[str, Any], key: str) -> list[Any]:
    items = record.get(key)
    if not isinstance(items, list | tuple):
        message = f"The {key} of a {record['type']} are a list, got {shown(items)}."
        raise BadQueryError(message, hint=_SUCH)
    return list(items)


def _check_crs(crs: object) -> None:
    """Refuse coordinates that say they are no longitudes and latitudes (GeoJSON of 2008)."""
    if crs is None:
        return
    named = crs.get("properties") if isinstance(crs, Mapping) else None
    name = str(named.get("name", "")) if isinstance(named, Mapping) else ""
    if not name.endswith(_WGS84):
        message = f"The area is in another coordinate system: {shown(crs)}."
        raise BadQueryError(message, hint="Bring it to longitude and latitude (EPSG:4326) first.")


def _ring(value: object) -> Ring:
    """Read a ring: at least four positions, the last being the first."""
    try:
        ring = np.array([position[:2] for position in value], np.float64)  # type: ignore[attr-defined]
        if ring.ndim != 2 or ring.shape[1] != 2 or not np.isfinite(ring).all():  # noqa: PLR2004
            raise ValueError  # noqa: TRY301
    except (ValueError, TypeError, OverflowError) as error:
        message = f"A ring is a list of positions [longitude, latitude], got {shown(value)}."
        raise BadQueryError(message, hint=_SUCH) from error
    _check_range(ring)
    gap = ring[-1] - ring[0]
    if len(ring) < LEAST_POSITIONS or gap[1] or gap[0] % 360:
        what = f"starts at {_place(ring[0])} and ends at {_place(ring[-1])}"
        if len(ring) < LEAST_POSITIONS:
            what = f"has {len(ring)} positions"
        message = f"A ring of the area is not closed: it {what}."
        hint = "A ring has four positions or more; repeat the first one at the end."
        raise BadQueryError(message, hint=hint)
    return ring


def _check_range(ring: Ring) -> None:
    far = (np.abs(ring[:, 0]) > FARTHEST_LON) | (np.abs(ring[:, 1]) > 90)  # noqa: PLR2004
    if not far.any():
        return
    lon, lat = ring[far][0]
    message = f"A vertex of the area is not on the globe: {_place((lon, lat))}."
    hint = "Latitudes run from -90 to 90, longitudes from -180 to 180 (up to 360 is read)."
    if np.abs(ring).max() > FARTHEST_LON:
        hint = "Metres? Bring it to longitude and latitude (EPSG:4326) first."
    elif np.abs(ring[:, 0]).max() <= 90:  # noqa: PLR2004
        hint = f"Swapped? GeoJSON has the longitude first. {hint}"
    raise BadQueryError(message, hint=hint)


def _place(position: Any) -> str:  # noqa: ANN401
    return f"longitude {position[0]:g}, latitude {position[1]:g}"
