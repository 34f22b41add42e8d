"""Results that are not all from one place: a least distance between them, or one to a cell.

A `Spread` or a `OnePerCell` is asked with rows, best first, and says which of them stay; it
remembers these, so that more rows can follow when the first did not yield enough.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eex.grid import Grid
from eex.places import EARTH_RADIUS_KM

if TYPE_CHECKING:
    import pyarrow as pa

STRIDE = 1 << 20
"""Cubes on a side that keys tell apart."""

MIN_CUBE = 4 / STRIDE
"""Smallest side of a cube, Earth radii: about 24 m."""


def unit_sphere(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return places as points of the unit sphere, shape (n, 3), for lon, lat of shape (n, 2)."""
    lon, lat = np.radians(lonlat).T
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def spread(
    order: NDArray[np.int64], lonlat: NDArray[np.float64], *, km: float, k: int
) -> NDArray[np.int64]:
    """Take the best rows that lie at least `km` from every better row taken.

    Args:
        order: Rows, best first, shape (m,).
        lonlat: Places of all rows, shape (n, 2), degrees.
        km: Least great-circle distance, kilometres.
        k: Most rows to take.

    Returns:
        At most k of the rows, best first.

    Source:
        Greedy non-maximum suppression, with distance on the sphere in place of overlap; cubes of
        the least distance make it linear in the rows looked at.
    """
    return order[:k] if km <= 0 else Spread(lonlat, km=km).take(order, k)


def one_per_cell(
    order: NDArray[np.int64], cells: NDArray[np.int64], *, k: int
) -> NDArray[np.int64]:
    """Take the best row of each cell.

    Args:
        order: Rows, best first, shape (m,).
        cells: Number of each row's cell, shape (n,); see `cell_codes` and `cells_of`.
        k: Most rows to take.

    Returns:
        At most k of the rows, best first.
    """
    return OnePerCell(cells).take(order, k)


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


def cell_codes(names: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return a number for each name of a column, shape (rows,): equal names, equal numbers.

    A row whose name is missing gets a number of its own.
    """
    import pyarrow.compute as pc

    codes = pc.dictionary_encode(names).combine_chunks().indices
    numbers: NDArray[np.int64] = pc.fill_null(codes, -1).to_numpy(zero_copy_only=False).astype("i8")
    missing = np.flatnonzero(numbers < 0)
    numbers[missing] = -1 - missing
    return numbers


class OnePerCell:
    """Keeps the first row of each cell."""

    def __init__(self, cells: NDArray[np.int64]) -> None:
        """Take the number of each row's cell, shape (rows,)."""
        self._cells = cells
        self._full: set[int] = set()

    def take(self, rows: NDArray[np.int64], k: int) -> NDArray[np.int64]:
        """Return the first `k` of `rows`, best first, whose cells have none yet."""
        cells, first = np.unique(self._cells[rows], return_index=True)
        pairs = zip(first.tolist(), cells.tolist(), strict=True)
        free = sorted(pair for pair in pairs if pair[1] not in self._full)[:k]
        self._full.update(cell for _, cell in free)
        return rows[np.array([i for i, _ in free], np.intp)]


class Spread:
    """Keeps rows that lie far enough from every row kept before."""

    def __init__(self, lonlat: NDArray[np.float64], *, km: float) -> None:
        """Take the places of all rows, shape (rows, 2), degrees, and the least distance."""
        chord = 2 * np.sin(min(km / EARTH_RADIUS_KM, np.pi) / 2)
        self._lonlat = lonlat
        self._least = float(chord * chord)
        self._side = max(float(chord), MIN_CUBE)
        self._near: dict[int, list[tuple[float, float, float]]] = {}

    def take(self, rows: NDArray[np.int64], k: int) -> NDArray[np.int64]:
        """Return the first `k` of `rows`, best first, that are far enough from those before."""
        points = unit_sphere(self._lonlat[rows])
        # Only points in the same or a touching cube can be nearer than the side of a cube.
        cubes = np.floor((points + 1) / self._side).astype(np.int64) + 1
        keys = cubes @ (STRIDE * STRIDE, STRIDE, 1)
        least, near = self._least, self._near
        taken: list[int] = []
        for i, (key, (x, y, z)) in enumerate(zip(keys.tolist(), points.tolist(), strict=True)):
            if len(taken) == k:
                break
            if not any(
                (x - a) ** 2 + (y - b) ** 2 + (z - c) ** 2 < least
                for step in _AROUND
                for a, b, c in near.get(key + step, ())
            ):
                taken.append(i)
                near.setdefault(key, []).append((x, y, z))
        return rows[np.array(taken, np.intp)]


_AROUND = tuple(
    dx * STRIDE * STRIDE + dy * STRIDE + dz for dx, dy, dz in product((0, -1, 1), repeat=3)
)
