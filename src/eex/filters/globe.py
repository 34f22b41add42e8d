"""Which places lie in a box, in polygons or within a distance: numpy over longitudes and latitudes.

180 W and 180 E are one meridian, and all longitudes at a pole are one point. Edges are inside.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eex.places import EARTH_RADIUS_KM
from eex.values import BBox

LAT_END = 90.0
"""Latitude of a pole, degrees."""

LON_END = 180.0
"""The antimeridian, degrees."""

SLACK_DEGREES = 1e-9
"""What a band of latitudes is widened by, so that rounding loses nothing: 0.1 mm."""


def inside_bbox(lonlat: NDArray[np.float64], bbox: BBox) -> NDArray[np.bool_]:
    """Return which places lie in a box, edges included; shape (n,).

    Args:
        lonlat: Shape (n, 2), degrees.
        bbox: West, south, east, north; where west > east the box crosses the antimeridian.
    """
    west, south, east, north = bbox
    lon, lat = lonlat[:, 0], lonlat[:, 1]
    between = _between(lon, west, east)
    edge = np.abs(lon) == LON_END
    if edge.any():
        between |= edge & _between(-lon, west, east)
    pole = np.abs(lat) == LAT_END
    if pole.any():
        between |= pole
    return between & (lat >= south) & (lat <= north)


def _between(lon: NDArray[np.float64], west: float, east: float) -> NDArray[np.bool_]:
    return (lon >= west) & (lon <= east) if west <= east else (lon >= west) | (lon <= east)


def inside_polygons(lonlat: NDArray[np.float64], polygons: Sequence[Any]) -> NDArray[np.bool_]:
    """Return which places lie in any of some polygons, edges included; shape (n,).

    Args:
        lonlat: Shape (n, 2), degrees.
        polygons: `shapely.Polygon` within [-180, 180] x [-90, 90], edges straight in longitude and
            latitude. Prepared ones (`shapely.prepare`) are quick, but for one thread at a time.
    """
    inside = np.zeros(len(lonlat), np.bool_)
    if not len(lonlat) or not polygons:
        return inside
    lon, lat = np.ascontiguousarray(lonlat[:, 0]), np.ascontiguousarray(lonlat[:, 1])
    edge = np.flatnonzero(np.abs(lon) == LON_END)
    for polygon in polygons:
        west, south, east, north = polygon.bounds
        inside |= _inside_polygon(lon, lat, polygon, inside)
        if len(edge) and (west == -LON_END or east == LON_END):
            skip = inside[edge]
            inside[edge] |= _inside_polygon(-lon[edge], lat[edge], polygon, skip)
        for pole in (south, north):
            if abs(pole) == LAT_END:
                inside |= lat == pole
    return inside


def _inside_polygon(
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    polygon: Any,  # noqa: ANN401
    known: NDArray[np.bool_],
) -> NDArray[np.bool_]:
    """Ask shapely only about places in the polygon's box that are not known to be inside."""
    import shapely

    west, south, east, north = polygon.bounds
    rows = np.flatnonzero((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north) & ~known)
    inside = np.zeros(len(lon), np.bool_)
    inside[rows] = shapely.intersects_xy(polygon, lon[rows], lat[rows])
    return inside


def inside_circle(
    lonlat: NDArray[np.float64], lon: float, lat: float, km: float
) -> NDArray[np.bool_]:
    """Return which places are at most so far from one by the great circle; shape (n,).

    Args:
        lonlat: Shape (n, 2), degrees.
        lon: Of the centre, degrees.
        lat: Of the centre, degrees.
        km: Distance on a sphere of the Earth's mean radius, kilometres.

    Source:
        The haversine formula; R. W. Sinnott, "Virtues of the Haversine", Sky and Telescope 68
        (1984), 159.
    """
    angle = km / EARTH_RADIUS_KM
    if angle >= np.pi:
        return np.asarray(np.isfinite(lonlat).all(axis=1))
    band = np.degrees(angle) + SLACK_DEGREES
    rows = np.flatnonzero(np.abs(lonlat[:, 1] - lat) <= band)
    lons, lats = np.radians(lonlat[rows]).T
    across = np.sin((lons - np.radians(lon)) / 2) ** 2
    along = np.sin((lats - np.radians(lat)) / 2) ** 2
    half = along + np.cos(lats) * np.cos(np.radians(lat)) * across
    inside = np.zeros(len(lonlat), np.bool_)
    inside[rows] = 2 * np.arcsin(np.sqrt(np.minimum(half, 1.0))) <= angle
    return inside
