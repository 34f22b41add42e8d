"""Which places lie in a box, in polygons or within a distance: numpy over longitudes and latitudes.

180 W and 180 E are one meridian, and all longitudes at a pole are one point. Edges are inside.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eex.extent.edges import LAT_END, LON_END, Edges
from eex.places import EARTH_RADIUS_KM
from eex.values import BBox

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
        polygons: Valid `shapely.Polygon`s within [-180, 180] x [-90, 90], edges straight in
            longitude and latitude. To ask many times, keep their `eex.extent.edges.Edges`.
    """
    return Edges.of(polygons).inside(lonlat)


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
