"""Tiles become polygons with their area: what touches or overlaps is one, nothing counts twice.

Edges are those of the tiles' footprints; holes stay. What crosses 180 degrees is cut there into
parts of one MultiPolygon, as RFC 7946 (3.1.9) asks for. Areas are on the ellipsoid, with edges as
geodesics.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.errors import BadQueryError

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray
    from pyproj import Geod

    from eex.embeddings import EmbeddingSet

PRECISION = 1e-7
"""Degrees, about 1 cm: what is no farther apart touches, and what coordinates are written with."""

BATCH = 65_536
"""Tiles whose footprints are looked at together."""

OCTANT = 90.0
"""Degrees: wider or higher shapes are measured in pieces, since a ring does not say which side is
inside where it holds more than half the globe."""

NEEDED = ("utm_footprint", "utm_crs", "pixel_bbox")
"""Columns that footprints come from, beside the geometry."""


@dataclass(frozen=True, eq=False)
class Region:
    """Tiles that hang together."""

    shape: Any
    """Shapely Polygon or MultiPolygon, degrees, counter-clockwise, cut at 180 degrees."""
    area_km2: float
    """On WGS 84."""
    tiles: int
    """How many it is made of."""
    mean_probability: float
    """Of these tiles."""


def regions_of(
    embeddings: EmbeddingSet,
    rows: NDArray[np.int64],
    probabilities: NDArray[np.floating[Any]],
    *,
    tile_km: float | None = None,
) -> tuple[Region, ...]:
    """Merge tiles into polygons, largest area first.

    Args:
        embeddings: The set.
        rows: Of the tiles, shape (n,).
        probabilities: Of the tiles, shape (n,).
        tile_km: Width of a tile whose row has no footprint; what the header says unless given.

    Raises:
        BadQueryError: If there is neither a footprint nor a width.
    """
    import shapely

    if not len(rows):
        return ()
    merged, points = [], []
    for low in range(0, len(rows), BATCH):
        shapes = footprints_of(embeddings, rows[low : low + BATCH], tile_km=tile_km)
        points.append(shapely.point_on_surface(shapes))
        merged.append(_union(shapes))
    # rounding once, at the end, joins what touches but for the last digits
    parts = shapely.get_parts(shapely.set_precision(_union(merged), PRECISION))
    parts = shapely.orient_polygons(parts[shapely.get_type_id(parts) == 3])  # noqa: PLR2004
    together = _joined_at_180(parts)
    inside = _part_of(parts, np.concatenate(points))
    of = together[inside]
    count = int(together.max()) + 1
    tiles = np.bincount(of, minlength=count)
    total = np.bincount(of, weights=probabilities, minlength=count)
    area = np.zeros(count)
    np.add.at(area, together, [area_km2(part) for part in parts])
    regions = []
    for i in np.lexsort((np.arange(count), -area)).tolist():
        some = parts[together == i]
        shape = some[0] if len(some) == 1 else shapely.multipolygons(some)
        regions.append(Region(shape, float(area[i]), int(tiles[i]), float(total[i] / tiles[i])))
    return tuple(regions)


def footprints_of(
    embeddings: EmbeddingSet, rows: NDArray[np.int64], *, tile_km: float | None = None
) -> NDArray[Any]:
    """Return where tiles lie: shapely polygons on the globe, shape (n,).

    The geometry of the rows where it has an area; else their square in UTM (`utm_footprint` and
    `utm_crs`, as in Major TOM); else a square of the tile's width around its centre.

    Raises:
        BadQueryError: If a row has none of these and the width of a tile is not known.
    """
    import shapely

    from eex.geoparquet.rows import Rows

    geometry = embeddings.roles.get("geometry", "geometry")
    names = [name for name in (geometry, *NEEDED) if name in embeddings.rows.column_names]
    shapes = np.full(len(rows), None, object)
    if names:
        table = embeddings.rows.select(names)
        source = Rows(table, embeddings.lonlat, {"geometry": geometry})
        batch = source.take(rows)
        shapes = np.array(source.shapes(rows, batch), object)
        shapes[~_areal(shapes)] = None
        bare = np.flatnonzero(shapely.is_missing(shapes))
        if len(bare) and {"utm_footprint", "utm_crs"} <= set(names):
            shapes[bare] = _from_utm(batch, bare)
    bare = np.flatnonzero(shapely.is_missing(shapes))
    if len(bare):
        width = embeddings.header.tile_km if tile_km is None else tile_km
        if not width > 0:
            message = "The set says neither where its tiles end nor how large they are."
            raise BadQueryError(message, hint="Give the width of a tile, tile_km.")
        shapes[bare] = _squares(embeddings.lonlat[rows[bare]], width)
    broken = ~shapely.is_valid(shapes)
    shapes[broken] = shapely.make_valid(shapes[broken])
    return shapes


def area_km2(shape: Any) -> float:  # noqa: ANN401
    """Return the area of a polygon in degrees, holes taken off, square kilometres.

    Source:
        Karney, "Algorithms for geodesics", Journal of Geodesy 87 (2013), through PROJ.
    """
    import shapely

    west, south, east, north = shapely.bounds(shape)
    if east - west > OCTANT or north - south > OCTANT:
        boxes = [
            shapely.box(lon, lat, lon + OCTANT, lat + OCTANT)
            for lon in np.arange(-180, 180, OCTANT)
            for lat in (-OCTANT, 0.0)
        ]
        pieces = shapely.get_parts(shapely.intersection(shape, boxes))
        return sum(_ring_area(piece) for piece in pieces)
    return sum(_ring_area(part) for part in shapely.get_parts(shape))


def _ring_area(polygon: Any) -> float:  # noqa: ANN401
    """Return the area of one polygon that lies in an octant or is as small."""
    import shapely

    if shapely.is_empty(polygon) or shapely.get_dimensions(polygon) < 2:  # noqa: PLR2004
        return 0.0
    if shapely.get_num_geometries(polygon) > 1:
        return sum(_ring_area(part) for part in shapely.get_parts(polygon))
    areas = []
    for ring in shapely.get_rings(polygon):
        lon, lat = shapely.get_coordinates(ring).T
        areas.append(abs(_geod().polygon_area_perimeter(lon, lat)[0]) / 1e6)
    return float(areas[0] - sum(areas[1:]))


@cache
def _geod() -> Geod:
    from pyproj import Geod

    return Geod(ellps="WGS84")


def _union(shapes: Any) -> Any:  # noqa: ANN401
    """Return the union of shapes; groups that lie apart are merged apart, which is quicker."""
    import shapely

    if shapely.geos_version < (3, 12):
        return shapely.union_all(shapes)
    return shapely.disjoint_subset_union_all(shapes)


def _areal(shapes: NDArray[Any]) -> NDArray[np.bool_]:
    import shapely

    kinds = shapely.get_type_id(shapes)
    return np.asarray(np.isin(kinds, (3, 6)) & ~shapely.is_empty(shapes))


def _from_utm(batch: pa.RecordBatch, at: NDArray[np.int64]) -> NDArray[Any]:
    """Return squares of rows that tell them in UTM; None where they do not."""
    import shapely

    from eex.grid import Footprints

    wkt, crs = (batch[name].to_pylist() for name in ("utm_footprint", "utm_crs"))
    found = np.full(len(at), None, object)
    told = np.array([bool(wkt[i] and crs[i]) for i in at], np.bool_)
    there = at[told]
    if len(there):
        outlines = shapely.from_wkt([wkt[i] for i in there], on_invalid="ignore")
        bounds = shapely.bounds(outlines)
        square = np.isfinite(bounds).all(axis=1)
        square &= np.isclose(shapely.area(outlines), shapely.area(shapely.box(*bounds.T)))
        names = np.array([str(crs[i]) for i in there])[square]
        places = np.flatnonzero(told)[square]
        found[places] = Footprints(names, bounds[square]).polygons()
    return found


def _squares(lonlat: NDArray[np.float64], tile_km: float) -> NDArray[Any]:
    from eex.grid import Footprints, utm_zones
    from eex.grid.utm import codes, project

    crs = codes(utm_zones(lonlat))
    middle, half = project(lonlat, crs), tile_km * 500
    return Footprints(crs, np.column_stack([middle - half, middle + half])).polygons()


def _joined_at_180(parts: NDArray[Any]) -> NDArray[np.int64]:
    """Return a number for each polygon, the same where two meet at 180 degrees; from 0 on."""
    import shapely

    bounds = shapely.bounds(parts)
    number = np.arange(len(parts))
    seams = [shapely.linestrings([[side, -90], [side, 90]]) for side in (-180, 180)]
    west = np.flatnonzero(bounds[:, 0] <= -180 + PRECISION)
    east = np.flatnonzero(bounds[:, 2] >= 180 - PRECISION)
    edges_west = shapely.intersection(parts[west], seams[0])
    edges_east = shapely.transform(shapely.intersection(parts[east], seams[1]), _round_the_globe)
    tree = shapely.STRtree(edges_west)
    for i, j in tree.query(edges_east).T.tolist():
        if shapely.length(shapely.intersection(edges_east[i], edges_west[j])) > PRECISION:
            one, other = number[east[i]], number[west[j]]
            number[number == other] = one
    return np.unique(number, return_inverse=True)[1].reshape(-1).astype(np.int64)


def _round_the_globe(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    return xy - [360.0, 0.0]


def _part_of(parts: NDArray[Any], points: NDArray[Any]) -> NDArray[np.int64]:
    """Return which polygon each point lies in, or is nearest to."""
    import shapely

    tree = shapely.STRtree(parts)
    found = np.full(len(points), -1, np.int64)
    at, part = tree.query(points, predicate="intersects")
    found[at] = part
    lost = np.flatnonzero(found < 0)  # a sliver that rounding has moved
    if len(lost):
        found[lost] = tree.nearest(points[lost])
    return found
