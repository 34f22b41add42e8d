"""Which of many places lie in any of some polygons, quickly whatever their shape.

In: polygons of shapely, within [-180, 180] x [-90, 90], and places of shape (n, 2). Out: one
boolean a place. All edges of all polygons are asked at once: a place lies in one of them if the
rings wind around it (D. Sunday, "Inclusion of a Point in a Polygon", 2001: the sum over the edges
that a ray meets, 1 for those that go one way across it, -1 for the others), since outer rings run
one way and holes the other. Places are sorted into strips, as many in each, and along the strip: an
edge that passes through a whole strip counts for all places before it in one addition, and only
places beside it, or in the strips where it ends, are compared with it one by one. Strips run along
parallels or along meridians, whichever fewer edges pass through; there are as many as make the
least work.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from eex.stopping import check_stopped

LAT_END = 90.0
"""Latitude of a pole, degrees."""

LON_END = 180.0
"""The antimeridian, degrees."""

SLACK_DEGREES = 1e-9
"""What the reach of an edge within a strip is widened by, so that rounding loses nothing."""

ROUNDING = 8 * float(np.finfo(np.float64).eps)
"""Of the terms of a cross product: what is nearer to an edge lies on it (10 nanometres at most)."""

PLACES_A_STRIP = 16
"""At least, where there are many."""

MEETING_COST = 4.0
"""What an edge in one strip more costs, in pairs of a place and an edge."""

BLOCK = 1 << 18
"""Pairs of a place and an edge that are compared at a time."""

STRIDE = 512.0
"""More than any longitudes are apart: keys are strips times this, plus longitudes."""

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class _Turned(NamedTuple):
    """Edges turned so that they run upward; first what runs along the strips, then what rises."""

    low: Floats
    """Shape (edges, 2)."""
    high: Floats
    way: NDArray[np.int64]
    """1 if the ring runs the same way, else -1; of a level edge it says nothing."""

    @classmethod
    def of(cls, start: Floats, end: Floats) -> _Turned:
        up = start[:, 1] <= end[:, 1]
        low, high = np.where(up[:, None], start, end), np.where(up[:, None], end, start)
        return cls(low, high, np.where(up, 1, -1))


@dataclass(frozen=True, eq=False)
class Edges:
    """The edges of polygons; for any number of threads."""

    start: Floats
    """Shape (edges, 2): longitude, latitude, degrees."""
    end: Floats

    @classmethod
    def of(cls, polygons: Sequence[Any]) -> Edges:
        """Return the edges of valid `shapely.Polygon`s, whichever way their rings run."""
        import shapely

        oriented = shapely.orient_polygons(np.asarray(polygons, object), exterior_cw=False)
        places, ring = shapely.get_coordinates(shapely.get_rings(oriented), return_index=True)
        joined = np.flatnonzero(ring[1:] == ring[:-1])
        return cls(places[joined], places[joined + 1])

    def inside(self, lonlat: Floats) -> NDArray[np.bool_]:
        """Return which places lie in any of the polygons, edges included; shape (n,).

        180 W and 180 E are one meridian, and all longitudes at a pole are one point. What is nearer
        to an edge than numbers tell apart, 10 nanometres, lies on it.

        Args:
            lonlat: Shape (n, 2), degrees; what is not finite lies nowhere.

        Raises:
            CancelledError: If the search should stop.
        """
        inside = np.zeros(len(lonlat), np.bool_)
        if not len(lonlat) or not len(self.start):
            return inside
        (west, south), (east, north) = self.start.min(axis=0), self.start.max(axis=0)
        lon, lat = lonlat[:, 0], lonlat[:, 1]
        rows = np.flatnonzero((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north))
        inside[rows] = self._inside(lonlat[rows])
        if west == -LON_END or east == LON_END:
            rows = np.flatnonzero((np.abs(lon) == LON_END) & ~inside)
            inside[rows] = self._inside(lonlat[rows] * (-1.0, 1.0))
        for pole, reach in ((-LAT_END, south), (LAT_END, north)):
            if reach == pole:
                inside |= lat == pole
        return inside

    def _inside(self, places: Floats) -> NDArray[np.bool_]:
        """Return which places the rings wind around, or pass through; shape (n,)."""
        if not len(places):
            return np.zeros(0, np.bool_)
        levels = [np.sort(places[:, axis]) for axis in (0, 1)]
        spans = [_spans(levels[a], self.start[:, a], self.end[:, a]) for a in (0, 1)]
        turn = 1 if spans[1] <= spans[0] else -1  # -1: strips run along meridians
        edges = _Turned.of(self.start[:, ::turn], self.end[:, ::turn])
        places = places[:, ::turn]
        strips = _Strips.of(places, len(self.start), min(spans))
        return _wound(edges, places, strips)


def _spans(levels: Floats, start: Floats, end: Floats) -> float:
    """Return what share of all places each edge passes by at their level, summed over the edges."""
    low, high = np.minimum(start, end), np.maximum(start, end)
    passed = np.searchsorted(levels, high, "right") - np.searchsorted(levels, low, "left")
    return float(passed.sum()) / len(levels)


def _wound(edges: _Turned, places: Floats, strips: _Strips) -> NDArray[np.bool_]:
    """Return which places the rings wind around, or pass through; shape (n,)."""
    x, y = np.ascontiguousarray(places[strips.order].T)
    met = strips.meetings(edges)
    steps = np.zeros(len(places) + 1, np.int64)
    ways = edges.way[met.edge[met.whole]]
    np.add.at(steps, met.start[met.whole], ways)  # to all of the strip that lie before the edge
    np.subtract.at(steps, met.first[met.whole], ways)
    around, on = np.cumsum(steps[:-1]), np.zeros(len(places), np.bool_)
    part = np.flatnonzero(~met.whole)
    for at, edge in _pairs(met.start[part], met.first[part], met.edge[part]):
        check_stopped()
        level = y[at]
        hit = np.flatnonzero((level >= edges.low[edge, 1]) & (level < edges.high[edge, 1]))
        np.add.at(around, at[hit], edges.way[edge[hit]])
    for at, edge in _pairs(met.first, met.last, met.edge):
        check_stopped()
        after, held = _compared(edges, edge, x[at], y[at])
        np.add.at(around, at[after], edges.way[edge[after]])
        on[at[held]] = True
    inside = np.empty(len(places), np.bool_)
    inside[strips.order] = on | (around != 0)
    return inside


def _compared(
    edges: _Turned, edge: Ints, x: Floats, y: Floats
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Return, for pairs of an edge and a place, which edges come after it, and which hold it."""
    (x0, y0), (x1, y1) = edges.low[edge].T, edges.high[edge].T
    one, other = (x1 - x0) * (y - y0), (x - x0) * (y1 - y0)
    cross, sure = one - other, ROUNDING * (np.abs(one) + np.abs(other))
    beside = (y >= y0) & (y <= y1) & (x >= np.minimum(x0, x1)) & (x <= np.maximum(x0, x1))
    return (cross > 0) & (y >= y0) & (y < y1), beside & (np.abs(cross) <= sure)


class _Meetings(NamedTuple):
    """Where edges and strips meet, each of shape (meetings,)."""

    edge: Ints
    start: Ints
    """The first place of the strip."""
    first: Ints
    """The first place to be compared with the edge; those of the strip before it lie before it."""
    last: Ints
    """The end of them; the others lie behind it."""
    whole: NDArray[np.bool_]
    """Whether the edge passes by all places of the strip."""


@dataclass(frozen=True, eq=False)
class _Strips:
    """Places in strips, as many in each, and in order along the strip."""

    order: Ints
    """Numbers of the places in this order."""
    begin: Ints
    """The first place of each strip, shape (strips + 1,)."""
    lowest: Floats
    highest: Floats
    keys: Floats
    """Of the places, never falling."""

    @classmethod
    def of(cls, places: Floats, edges: int, spans: float) -> _Strips:
        """Make as many strips as cost least: each place meets the edges that end in its strip."""
        count = len(places)
        best = np.sqrt(count * edges / (MEETING_COST * max(spans, 1.0)))
        strips = int(np.clip(best, 1, max(1, count // PLACES_A_STRIP)))
        by_level = np.argsort(places[:, 1], kind="stable")
        levels = places[by_level, 1]
        begin = np.arange(strips + 1) * count // strips
        strip = np.repeat(np.arange(strips), np.diff(begin))
        keys = strip * STRIDE + (places[by_level, 0] + STRIDE / 2)
        again = np.argsort(keys, kind="stable")
        return cls(by_level[again], begin, levels[begin[:-1]], levels[begin[1:] - 1], keys[again])

    def meetings(self, edges: _Turned) -> _Meetings:
        (x0, y0), (x1, y1) = edges.low.T, edges.high.T
        lowest = np.searchsorted(self.highest, y0, "left")
        count = np.maximum(np.searchsorted(self.lowest, y1, "right") - lowest, 0)
        edge = np.repeat(np.arange(len(y0)), count)
        strip = np.arange(len(edge)) - np.repeat(np.cumsum(count) - count - lowest, count)
        low, high = self.lowest[strip], self.highest[strip]
        whole = (y0[edge] <= low) & (y1[edge] > high)
        tall = np.where(y1 > y0, y1 - y0, 1.0)
        wide, shift = (x1 - x0)[edge], x0[edge]
        at_low = shift + wide * np.clip((low - y0[edge]) / tall[edge], 0, 1)
        at_high = shift + wide * np.clip((high - y0[edge]) / tall[edge], 0, 1)
        level = (y1 == y0)[edge]
        ends = np.where(level, shift, at_low), np.where(level, x1[edge], at_high)
        key, start = strip * STRIDE + STRIDE / 2, self.begin[strip]
        first = np.searchsorted(self.keys, key + (np.minimum(*ends) - SLACK_DEGREES), "left")
        last = np.searchsorted(self.keys, key + (np.maximum(*ends) + SLACK_DEGREES), "right")
        return _Meetings(edge, start, first, last, whole)


def _pairs(first: Ints, last: Ints, edges: Ints) -> Iterator[tuple[Ints, Ints]]:
    """Give places and edges to compare, about `BLOCK` pairs at a time."""
    count = np.maximum(last - first, 0)
    some = np.flatnonzero(count)
    first, count, edges = first[some], count[some], edges[some]
    ends = np.cumsum(count)
    start = 0
    while start < len(ends):
        done = int(ends[start - 1]) if start else 0
        stop = max(int(np.searchsorted(ends, done + BLOCK, "right")), start + 1)
        these = count[start:stop]
        shift = first[start:stop] - (ends[start:stop] - these - done)
        at = np.arange(int(these.sum())) + np.repeat(shift, these)
        yield at, np.repeat(edges[start:stop], these)
        start = stop
