"""A filter becomes conditions of Qdrant, and never lets a tile go that it should let through.

What Qdrant decides as we do is left to it. What it decides otherwise at an edge is asked a little
wider, and the rows that come back are looked at again. Measured with qdrant-edge-py 0.9.0:

- A box lets through what lies strictly inside, and one that ends at 180 E or at a pole loses nearly
  everything. So inner boxes are made wider by one step of float64, which is the same as edges
  included; others are asked as ranges of longitude and latitude, which are exact.
- A circle that reaches a pole loses the places at the pole. It is asked as a band of latitudes.
- A polygon lets through what lies strictly inside. It is asked wider by `MARGIN`, with corners cut
  round, since pointed ones reach several times as far and could leave the globe.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.extent.periods import season_of, span_of
from eex.index.qdrant_cql2 import CannotSayError, told
from eex.index.qdrant_payload import SAFE
from eex.places import EARTH_RADIUS_KM

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.filters.record import Filter, Near
    from eex.index.qdrant_edge_shard import Condition
    from eex.index.qdrant_payload import Uploaded

MARGIN = 1e-6
"""Degrees, 0.1 m, that circles and polygons are made wider by; a round corner nowhere by more."""

FREE = 2 * MARGIN
"""Degrees from 180 E, 180 W and the poles that a polygon must keep to be asked as one."""

MOST_VERTICES = 2_000
"""Vertices of all polygons of an area above which its box is asked for."""

LON_END, LAT_END = 180.0, 90.0
"""Where longitudes and latitudes end, degrees."""


@dataclass(frozen=True)
class Pushed:
    """A filter as Qdrant is asked."""

    condition: Condition
    """Lets through at least what the filter does."""
    again: Filter | None = None
    """What is to be looked at again, of the rows that come back; places alone."""

    def keeps(self, lonlat: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Return which places, shape (n, 2), the filter lets through."""
        from eex.extent.globe import inside_circle, inside_polygons

        inside = np.ones(len(lonlat), np.bool_)
        if self.again is not None and self.again.near is not None:
            near = self.again.near
            inside &= inside_circle(lonlat, near.lon, near.lat, near.km)
        if self.again is not None and self.again.area is not None:
            inside &= inside_polygons(lonlat, self.again.area.parts)
        return inside


def pushed(where: Filter, known: Uploaded) -> Pushed | None:
    """Return a filter as Qdrant is asked; None if it cannot be asked.

    Args:
        where: Not empty.
        known: What was uploaded.
    """
    places = (where.bbox, where.near, where.area)
    if any(place is not None for place in places) and not known.placed:
        return None
    must: list[Condition] = []
    if where.bbox is not None:
        must.append(box(*where.bbox))
    if where.near is not None:
        must.append(circle(where.near))
    if where.area is not None:
        must.append(polygons(where.area.parts))
    try:
        must += _known_of(where, known)
    except CannotSayError:
        return None
    again = None
    if where.near is not None or where.area is not None:
        from eex.filters.record import Filter

        again = Filter(near=where.near, area=where.area)
    return Pushed({"must": must}, again)


def _known_of(where: Filter, known: Uploaded) -> list[Condition]:
    """Return the conditions that are not about places; raise CannotSayError."""
    must: list[Condition] = []
    if (where.time or where.season) and not known.time:
        raise CannotSayError
    if where.time is not None:
        start, end = span_of(where.time)
        ends = {"gte": start, "lt": end}
        must.append({"key": "time", "range": {n: e for n, e in ends.items() if abs(e) < SAFE}})
        if not must[-1]["range"]:  # before or after all that is there, or open
            must[-1]["range"] = {"gte": -SAFE} if start < 0 < end else {"gt": SAFE}
    if where.season is not None:
        first, last = season_of(where.season)
        if first <= last:
            must.append(_range("day", first, last))
        else:
            must.append({"should": [_range("day", first, None), _range("day", None, last)]})
    if where.cloud is not None:
        if not known.cloud:
            raise CannotSayError
        must.append(_range("cloud", None, where.cloud))
    if where.where:
        from eex.filters.cql2 import parse

        must.append(told(parse(where.where), known))
    return must


def box(west: float, south: float, east: float, north: float) -> Condition:
    """Return what lies in a box, edges included; 180 W is 180 E, and a pole is one point."""
    inner = max(-west, east) < LON_END and max(-south, north) < LAT_END
    if inner and west <= east:
        low, high = np.nextafter([west, south], -np.inf), np.nextafter([east, north], np.inf)
        corners = {
            "top_left": {"lon": float(low[0]), "lat": float(high[1])},
            "bottom_right": {"lon": float(high[0]), "lat": float(low[1])},
        }
        return {"key": "centre", "geo_bounding_box": corners}
    lon, lat = "centre.lon", "centre.lat"
    should = [_range(lon, west, east)]
    if west > east:
        should = [_range(lon, west, None), _range(lon, None, east)]
    if west > east or west == -LON_END:
        should.append(_range(lon, LON_END, None))
    if west > east or east == LON_END:
        should.append(_range(lon, None, -LON_END))
    if north == LAT_END:
        should.append(_range(lat, LAT_END, None))
    if south == -LAT_END:
        should.append(_range(lat, None, -LAT_END))
    return {"must": [_range(lat, south, north), {"should": should}]}


def circle(near: Near) -> Condition:
    """Return at least what lies within a distance of a place."""
    degrees = math.degrees(near.km / EARTH_RADIUS_KM) + MARGIN
    if abs(near.lat) + degrees >= LAT_END - MARGIN:
        return _range("centre.lat", near.lat - degrees, near.lat + degrees)
    radius = 1000 * EARTH_RADIUS_KM * math.radians(degrees)
    around = {"center": {"lon": near.lon, "lat": near.lat}, "radius": radius}
    return {"key": "centre", "geo_radius": around}


def polygons(parts: Any) -> Condition:  # noqa: ANN401
    """Return at least what lies in any of some polygons of shapely."""
    import shapely

    simple = sum(map(shapely.get_num_coordinates, parts)) <= MOST_VERTICES
    should: list[Condition] = []
    for part in parts:
        west, south, east, north = part.bounds
        inner = max(-west, east) < LON_END - FREE and max(-south, north) < LAT_END - FREE
        if inner and simple:
            wider = shapely.buffer(part, MARGIN, quad_segs=1)  # by 0.7 MARGIN at corners, at least
            should += [_polygon(one) for one in shapely.get_parts(wider)]
        else:
            should.append(box(west, south, east, north))
    return {"should": should}


def _polygon(polygon: Any) -> Condition:  # noqa: ANN401
    exterior, *interiors = (
        {"points": [{"lon": x, "lat": y} for x, y, *_ in ring.coords]}
        for ring in (polygon.exterior, *polygon.interiors)
    )
    return {"key": "centre", "geo_polygon": {"exterior": exterior, "interiors": interiors}}


def _range(path: str, least: float | None, most: float | None) -> Condition:
    ends = {"gte": least, "lte": most}
    return {"key": path, "range": {name: end for name, end in ends.items() if end is not None}}
