"""Rings on the globe become polygons in longitude and latitude, cut at 180 degrees.

Edges are straight in longitude and latitude (RFC 7946, section 3.1.1). Two vertices that are more
than 180 degrees of longitude apart are joined the short way, across the antimeridian: RFC 7946,
section 3.1.9, wants such polygons cut, but many are not. Such a ring is unwrapped, so that its
longitudes go on beyond 180, cut at the antimeridian, and its parts are brought back. A ring that
goes round a pole holds that pole and is closed along it.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from eex.errors import BadQueryError
from eex.extent.geojson import Ring
from eex.extent.mending import TINY, Mender
from eex.stopping import check_stopped

LON_END = 180.0
LAT_END = 90.0
TURN = 360.0

LONGEST_EDGE = 90.0
"""Longitude that an edge may span in what is written, so that it is never read as the short way."""

POLYGON = 3
"""What shapely calls it."""

SOME = 256
"""Polygons that are looked at before a search may stop."""

SAME = 1e-9
"""Longitudes nearer than this after a turn are one vertex's, degrees."""

_HINT = "Is a vertex missing or out of order? Such shapes can be mended with shapely.make_valid."


def polygons_of(polygons: list[list[Ring]]) -> list[Any]:
    """Return polygons of GeoJSON as `shapely.Polygon`s within [-180, 180] x [-90, 90].

    Args:
        polygons: For each its rings, outer ring first, then holes; closed.

    Returns:
        Valid polygons, outer rings counter-clockwise, no edge longer than 180 degrees of longitude.

    Raises:
        BadQueryError: If nothing is left of one, a ring goes round the globe more than once, or
            there is too much to be mended.
    """
    mender = Mender()
    for rings in polygons:
        mender.look(rings)
    plain = _plain(polygons)
    made = dict(zip(plain.tolist(), _simply([polygons[at] for at in plain], mender), strict=True))
    parts: list[Any] = []
    for at, rings in enumerate(polygons):
        if at % SOME == 0:
            check_stopped()
        parts += made.get(at) or _parts(rings, mender)
    return parts


def _plain(polygons: list[list[Ring]]) -> NDArray[np.int64]:
    """Return the numbers of those that keep within 180 degrees, and cross nothing there."""
    rings = [ring for each in polygons for ring in each]
    owner = np.repeat(np.arange(len(polygons)), [len(each) for each in polygons])
    sizes = np.array([len(ring) for ring in rings])
    places, ring = np.concatenate(rings), np.repeat(np.arange(len(rings)), sizes)
    odd = np.abs(places[:, 0]) > LON_END
    odd[1:] |= (ring[1:] == ring[:-1]) & (np.abs(np.diff(places[:, 0])) > LON_END)
    ends = np.cumsum(sizes)
    odd[ends - 1] |= places[ends - 1, 0] != places[ends - sizes, 0]  # closed a turn further on
    return np.setdiff1d(np.arange(len(polygons)), owner[ring[odd]])


def _simply(polygons: list[list[Ring]], mender: Mender) -> list[list[Any]]:
    """Return the parts of plain polygons all at once; none of those to be looked at one by one."""
    if not polygons:
        return []
    rings = [ring for each in polygons for ring in each]
    owner = np.repeat(np.arange(len(polygons)), [len(each) for each in polygons])
    number = np.repeat(np.arange(len(rings)), [len(ring) for ring in rings])
    made = shapely.polygons(
        shapely.linearrings(np.concatenate(rings), indices=number), indices=owner
    )
    good = shapely.is_valid(made)
    tiny = ~good & (shapely.get_num_coordinates(made) <= TINY)
    for some in np.array_split(np.flatnonzero(tiny), max(1, int(tiny.sum()) // SOME)):
        check_stopped()
        mended = shapely.make_valid(made[some], method="structure", keep_collapsed=False)
        made[some] = [mender.made(shape) for shape in mended]
    pieces, of = shapely.get_parts(made, return_index=True)
    fine = (shapely.get_type_id(pieces) == POLYGON) & (shapely.area(pieces) > 0) & (good | tiny)[of]
    oriented = shapely.orient_polygons(pieces[fine], exterior_cw=False)
    parts: list[list[Any]] = [[] for _ in polygons]
    for at, piece in zip(of[fine].tolist(), oriented, strict=True):
        parts[at].append(piece if good[at] else _split(piece))
    return parts


def _parts(rings: list[Ring], mender: Mender) -> list[Any]:
    """Return the parts of one polygon; raises as `polygons_of`."""
    paths = [_unwrapped(ring) for ring in rings]
    turns = [_turns(path) for path in paths]
    plain = not any(turns) and all(np.abs(path[:, 0]).max() <= LON_END for path in paths)
    if plain:
        whole = mender.valid(shapely.Polygon(paths[0], paths[1:]))
    else:
        mender.cut(len(rings))
        pole = _pole(paths, turns)
        outer, *holes = (
            mender.valid(shapely.Polygon(_closed(path, pole) if turn else path))
            for path, turn in zip(paths, turns, strict=True)
        )
        whole = (
            shapely.difference(outer, shapely.union_all(_copies(holes, outer))) if holes else outer
        )
    parts = [part for piece in _cut(whole) for part in _simple(piece)]
    if not parts:
        message = "A polygon of the area has no inside."
        raise BadQueryError(message, hint=_HINT)
    if not plain:
        parts = _restored(parts, rings)
    return [_split(shapely.orient_polygons(part, exterior_cw=False)) for part in parts]


def _unwrapped(ring: Ring) -> Ring:
    """Let longitudes go on where the ring crosses 180 degrees; latitudes stay."""
    lon = ring[:, 0]
    step = np.diff(lon)
    jumps = np.abs(step) > LON_END
    if not jumps.any():
        return ring
    whole = np.abs(step) == TURN  # from 180 W to 180 E or back: one meridian, or round the globe?
    if (jumps == whole).all() and shapely.Polygon(ring).is_valid:
        return ring  # round the globe, as it is written: a box of the whole world
    turns = np.where(jumps, np.round(step / TURN), 0.0)
    return np.column_stack([lon - TURN * np.concatenate([[0.0], np.cumsum(turns)]), ring[:, 1]])


def _turns(path: Ring) -> int:
    """Return how often a ring goes round the globe: 0, 1 eastwards or -1."""
    turns = int(np.round((path[-1, 0] - path[0, 0]) / TURN))
    if abs(turns) > 1 or np.ptp(path[:, 0]) > 2 * TURN or (not turns and np.ptp(path[:, 0]) > TURN):
        message = "A ring of the area goes round the globe more than once."
        raise BadQueryError(message, hint=_HINT)
    return turns


def _pole(paths: list[Ring], turns: list[int]) -> float:
    """Return the latitude of the pole that a polygon holds: the nearer one, whatever its direction.

    Where a hole goes round the globe as well, the polygon is the belt between the two.
    """
    lats = [_middle(path) for path, turn in zip(paths, turns, strict=True) if turn]
    if not turns[0] or len(lats) < 2:  # noqa: PLR2004
        return LAT_END if lats and lats[0] > 0 else -LAT_END
    return LAT_END if lats[1] > lats[0] else -LAT_END


def _middle(path: Ring) -> float:
    """Return the mean latitude of a ring round the globe, by longitude."""
    width = np.diff(path[:, 0])
    return float((width * (path[1:, 1] + path[:-1, 1]) / 2).sum() / width.sum())


def _closed(path: Ring, pole: float) -> Ring:
    """Close a ring round the globe along a pole."""
    return np.vstack([path, [path[-1, 0], pole], [path[0, 0], pole], path[:1]])


def _copies(shapes: list[Any], around: Any) -> list[Any]:  # noqa: ANN401
    """Return shapes as they are, and turns to the east and west, where they reach another one."""
    west, _, east, _ = around.bounds
    return [
        _moved(shape, TURN * turn)
        for shape in shapes
        for turn in range(-2, 3)
        if shape.bounds[2] + TURN * turn >= west and shape.bounds[0] + TURN * turn <= east
    ]


def _moved(shape: Any, degrees: float) -> Any:  # noqa: ANN401
    return shapely.transform(shape, lambda xy: xy + (degrees, 0.0)) if degrees else shape  # noqa: RUF005


def _cut(shape: Any) -> list[Any]:  # noqa: ANN401
    """Cut a shape at every 180 degrees, and bring its parts back to -180 to 180."""
    if shape.is_empty:
        return []
    west, _, east, _ = shape.bounds
    if west >= -LON_END and east <= LON_END:
        return [shape]
    pieces = []
    for turn in range(
        int(np.floor((west + LON_END) / TURN)), int(np.ceil((east + LON_END) / TURN))
    ):
        middle = TURN * turn
        strip = shapely.box(middle - LON_END, -LAT_END, middle + LON_END, LAT_END)
        pieces.append(_moved(shapely.intersection(shape, strip), -middle))
    return pieces


def _simple(shape: Any) -> list[Any]:  # noqa: ANN401
    """Return the polygons of a shape that have an inside."""
    return [part for part in shapely.get_parts(shape) if part.geom_type == "Polygon" and part.area]


def _restored(parts: list[Any], rings: list[Ring]) -> list[Any]:
    """Give vertices the longitudes that were written where turns have rounded them."""
    told = np.concatenate([ring[:, 0] for ring in rings])
    back = (told + LON_END) % TURN - LON_END
    known = np.unique(np.where(np.abs(told) <= LON_END, told, back))

    def put_right(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        after = np.clip(np.searchsorted(known, xy[:, 0]), 0, len(known) - 1)
        ends = np.stack([known[np.maximum(after - 1, 0)], known[after]])
        gaps = np.abs(ends - xy[:, 0])
        near = np.where(gaps[0] < gaps[1], ends[0], ends[1])
        return np.column_stack([np.where(gaps.min(axis=0) < SAME, near, xy[:, 0]), xy[:, 1]])

    exact = [shapely.transform(part, put_right) for part in parts]
    return [new if new.is_valid else old for new, old in zip(exact, parts, strict=True)]


def _split(polygon: Any) -> Any:  # noqa: ANN401
    """Give edges that span more than 180 degrees of longitude vertices between."""
    west, _, east, _ = polygon.bounds
    if east - west <= LON_END:
        return polygon
    shell, *holes = (
        _split_ring(shapely.get_coordinates(r)) for r in (polygon.exterior, *polygon.interiors)
    )
    return shapely.Polygon(shell, holes)


def _split_ring(ring: Ring) -> Ring:
    made = [ring[:1]]
    for start, end in pairwise(ring):
        wide = abs(end[0] - start[0])
        pieces = int(np.ceil(wide / LONGEST_EDGE)) if wide > LON_END else 1
        made.append(start + (end - start) * (np.arange(1, pieces)[:, None] / pieces))
        made.append(end[None])
    return np.concatenate(made)
