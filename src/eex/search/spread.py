"""Results that are not all from one place: a least distance between them."""

from __future__ import annotations

from itertools import product

import numpy as np
from numpy.typing import NDArray

from eex.places import EARTH_RADIUS_KM

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
    if km <= 0:
        return order[:k]
    chord = 2 * np.sin(min(km / EARTH_RADIUS_KM, np.pi) / 2)
    points = unit_sphere(lonlat[order])
    # Only points in the same or a touching cube can be nearer than the side of a cube.
    cubes = np.floor((points + 1) / max(chord, MIN_CUBE)).astype(np.int64) + 1
    keys = cubes @ (STRIDE * STRIDE, STRIDE, 1)
    least = chord * chord
    taken: list[int] = []
    near: dict[int, list[tuple[float, float, float]]] = {}
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
    return order[np.array(taken, np.intp)]


_AROUND = tuple(
    dx * STRIDE * STRIDE + dy * STRIDE + dz for dx, dy, dz in product((0, -1, 1), repeat=3)
)
