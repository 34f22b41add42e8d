"""What may be ranked: an area becomes a mask of rows, before ranking, never after."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eex.values import BBox


def inside_bbox(lonlat: NDArray[np.float64], bbox: BBox) -> NDArray[np.bool_]:
    """Return which places lie in a box, edges included; shape (n,).

    Args:
        lonlat: Shape (n, 2), degrees.
        bbox: West, south, east, north; where west > east the box crosses the antimeridian.
    """
    west, south, east, north = bbox
    lon, lat = lonlat[:, 0], lonlat[:, 1]
    between = _between(lon, west, east)
    edge = np.abs(lon) == 180  # noqa: PLR2004
    if edge.any():  # 180 W and 180 E are one meridian
        between |= edge & _between(-lon, west, east)
    return between & (lat >= south) & (lat <= north)


def _between(lon: NDArray[np.float64], west: float, east: float) -> NDArray[np.bool_]:
    return (lon >= west) & (lon <= east) if west <= east else (lon >= west) | (lon <= east)
