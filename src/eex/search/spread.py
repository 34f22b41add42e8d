"""Results that are not all from one place: a least distance between them, or one to a cell.

A `Spread` or a `OnePerCell` is asked with rows, best first, and says which of them stay; it
remembers these, so that more rows can follow when the first did not yield enough.
"""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from eex.grid import Grid
from eex.places import EARTH_RADIUS_KM
from eex.stopping import check_stopped

STRIDE = 1 << 20
"""Cubes on a side that keys tell apart."""

MIN_CUBE = 4 / STRIDE
"""Smallest side of a cube, Earth radii: about 24 m."""

BLOCK = 4_096
"""Rows whose distances are looked at at a time, some milliseconds' work."""

FEW = 256
"""Places kept, up to which most rows are told to be near one of them by one product."""

SMALL, MANY = 0.01, 10**9
"""Below so many Earth radii there is room for over 100,000 places: more than anybody lists."""

ROUNDING = 1e-9
"""Of angles and cosines, generously."""

Point = tuple[float, float, float]
"""On the unit sphere."""


def unit_sphere(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return places as points of the unit sphere, shape (n, 3), for lon, lat of shape (n, 2)."""
    lon, lat = np.radians(lonlat).T
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def cells_of(lonlat: NDArray[np.float64], *, km: float) -> NDArray[np.int64]:
    """Return a number for the cell of the Major TOM grid of `km` that each place lies in.

    Args:
        lonlat: Shape (n, 2), degrees.
        km: Height of a cell and most width, kilometres, such as 100 for cells of 100 km.

    Raises:
        BadQueryError: If there is no such grid; from 0.01 to 20,037 km work.
    """
    cells = Grid(km).cells_at(lonlat)
    return (cells.row.astype(np.int64) << 32) + cells.col


def most_apart(km: float) -> int:
    """Return how many places there can be, at most, each `km` from all others, over 0.

    Source:
        L. Fejes Toth, "Ueber die Abschaetzung des kuerzesten Abstandes zweier Punkte eines auf
        einer Kugelflaeche liegenden Punktsystems", Jber. DMV 53 (1943): of n places some two are at
        most arccos((cot(w)^2 - 1) / 2) apart, w = n pi / (6 (n - 2)). Reached by 3, 4, 6 and 12.
    """
    angle = km / EARTH_RADIUS_KM * (1 - ROUNDING)
    if angle < SMALL:
        return MANY
    if angle > 2 * np.pi / 3:
        return 2
    w = np.arctan2(1, np.sqrt(max(0.0, 1 + 2 * np.cos(angle))))
    return int(12 * w / (6 * w - np.pi) * (1 + ROUNDING))


class OnePerCell:
    """Keeps the first row of each cell."""

    def __init__(self, cells: NDArray[np.int64]) -> None:
        """Take the number of each row's cell, shape (rows,)."""
        self._cells = cells
        self._full = np.empty(0, cells.dtype)

    def take(self, rows: NDArray[np.int64], k: int) -> NDArray[np.int64]:
        """Return the first `k` of `rows`, best first, whose cells have none yet."""
        cells, first = np.unique(self._cells[rows], return_index=True)
        free = first[~np.isin(cells, self._full, assume_unique=True)]
        free.sort()
        free = free[:k]
        self._full = np.union1d(self._full, self._cells[rows[free]])
        return rows[free]


class Spread:
    """Keeps rows that lie far enough from every row kept before.

    Source:
        Greedy non-maximum suppression, with distance on the sphere in place of overlap; cubes of
        the least distance make it linear in the rows looked at.
    """

    def __init__(self, lonlat: NDArray[np.float64], *, km: float) -> None:
        """Take the places of all rows, shape (rows, 2), degrees, and the least distance."""
        chord = 2 * np.sin(min(km / EARTH_RADIUS_KM, np.pi) / 2)
        self._lonlat = lonlat
        self._least = float(chord * chord)
        self._side = max(float(chord), MIN_CUBE)
        self._near: dict[int, list[Point]] = {}
        self._kept: list[Point] = []
        self._most = most_apart(km)

    @property
    def full(self) -> bool:
        """Whether no further row can be far enough from all that were kept."""
        return len(self._kept) >= self._most

    def take(self, rows: NDArray[np.int64], k: int) -> NDArray[np.int64]:
        """Return the first `k` of `rows`, best first, that are far enough from those before.

        Raises:
            CancelledError: If the search should stop.
        """
        taken, found = [rows[:0]], 0
        for low in range(0, len(rows), BLOCK):
            if found == k or self.full:
                break
            check_stopped()
            some = rows[low : low + BLOCK]
            taken.append(some[self._take(unit_sphere(self._lonlat[some]), k - found)])
            found += len(taken[-1])
        return np.concatenate(taken)

    def _take(self, points: NDArray[np.float64], k: int) -> NDArray[np.intp]:
        """Return which of some points are kept, at most `k`."""
        at = self._not_near(points)
        # Only points in the same or a touching cube can be nearer than the side of a cube.
        cubes = np.floor((points[at] + 1) / self._side).astype(np.int64) + 1
        keys = cubes @ (STRIDE * STRIDE, STRIDE, 1)
        least, near = self._least, self._near
        taken: list[int] = []
        for i, key, (x, y, z) in zip(at.tolist(), keys.tolist(), points[at].tolist(), strict=True):
            if len(taken) == k:
                break
            if not any(
                (x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2 < least
                for step in _AROUND
                for a, b, c in near.get(key + step, ())
            ):
                taken.append(i)
                near.setdefault(key, []).append((x, y, z))
                self._kept.append((x, y, z))
        return np.array(taken, np.intp)

    def _not_near(self, points: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return which points are not certainly too near to one of the few kept so far."""
        if not 0 < len(self._kept) <= FEW:
            return np.arange(len(points))
        cosines = points @ np.array(self._kept).T
        return np.flatnonzero(cosines.max(axis=1) <= 1 - self._least / 2 + ROUNDING)


_AROUND = tuple(
    dx * STRIDE * STRIDE + dy * STRIDE + dz for dx, dy, dz in product((0, -1, 1), repeat=3)
)
