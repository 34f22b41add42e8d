"""Results that are not all from one place: a least distance between them."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

EARTH_RADIUS_KM = 6371.0088
"""Mean radius of the Earth, kilometres (IUGG)."""


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
        Greedy non-maximum suppression, with distance on the sphere in place of overlap.
    """
    if km <= 0:
        return order[:k]
    points = unit_sphere(lonlat[order])
    nearest = np.cos(min(km / EARTH_RADIUS_KM, np.pi))
    left = np.arange(len(order))
    taken: list[int] = []
    while len(left) and len(taken) < k:
        best = left[0]
        taken.append(int(best))
        left = left[1:][points[left[1:]] @ points[best] < nearest]
    return order[np.array(taken, np.intp)]
