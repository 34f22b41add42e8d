"""UTM: which zone a place is in by Major TOM's rule, and there and back by PROJ.

Zones go on to the poles: Major TOM has no UPS, its tiles at 82 degrees south are in UTM too.

Source:
    Zones and their exceptions: Snyder, "Map Projections", USGS Professional Paper 1395.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eex.errors import BadPlaceError

if TYPE_CHECKING:
    from pyproj import Transformer

NORTH, SOUTH = 32600, 32700
"""EPSG codes of WGS 84 / UTM, less the zone."""


def utm_zones(lonlat: NDArray[np.float64]) -> NDArray[np.int32]:
    """Return the EPSG code of the UTM zone of each place, such as 32633; shape (n,).

    South-western Norway is in zone 32 and Svalbard in 31, 33, 35 and 37, as on maps. A published
    tile can be in the zone beside this one, that of its satellite product: then use that one.

    Args:
        lonlat: Shape (n, 2), degrees; longitudes are taken round the globe.
    """
    lon = np.mod(lonlat[:, 0] + 180, 360) - 180
    lat = lonlat[:, 1]
    zone = np.minimum(np.floor((lon + 180) / 6).astype(np.int32) + 1, 60)
    zone[(lat >= 56) & (lat < 64) & (lon >= 3) & (lon < 12)] = 32  # noqa: PLR2004
    svalbard = (lat >= 72) & (lat < 84)  # noqa: PLR2004
    for west, east, there in ((0, 9, 31), (9, 21, 33), (21, 33, 35), (33, 42, 37)):
        zone[svalbard & (lon >= west) & (lon < east)] = there
    return np.where(lat < 0, SOUTH, NORTH).astype(np.int32) + zone


def project(lonlat: NDArray[np.float64], crs: NDArray[np.str_]) -> NDArray[np.float64]:
    """Return places in each one's own coordinate system, metres, shape (n, 2).

    Raises:
        BadPlaceError: If a system is not known, or has no such place.
    """
    return _by_crs(lonlat, crs, inverse=False)


def unproject(xy: NDArray[np.float64], crs: NDArray[np.str_]) -> NDArray[np.float64]:
    """Return longitude and latitude of places in each one's own coordinate system.

    Raises:
        BadPlaceError: If a system is not known, or has no such place.
    """
    return _by_crs(xy, crs, inverse=True)


def codes(epsg: NDArray[np.int32]) -> NDArray[np.str_]:
    """Return EPSG codes as `EPSG:32633`."""
    return np.char.add("EPSG:", epsg.astype(str))


def _by_crs(
    points: NDArray[np.float64], crs: NDArray[np.str_], *, inverse: bool
) -> NDArray[np.float64]:
    """Project points of shape (n, 2) or (n, m, 2), each row in its own system."""
    found = np.empty(points.shape)
    if not len(points):
        return found
    known, which = np.unique(crs, return_inverse=True)
    order = np.argsort(which, kind="stable")
    ends = np.cumsum(np.bincount(which, minlength=len(known)))[:-1]
    direction = "INVERSE" if inverse else "FORWARD"
    for name, rows in zip(known.tolist(), np.split(order, ends), strict=True):
        xy = points[rows]
        x, y = _transformer(name).transform(xy[..., 0], xy[..., 1], direction=direction)
        found[rows] = np.stack([x, y], axis=-1)
    if not np.isfinite(found).all():
        message = "A place is not in the coordinate system that its tile names."
        raise BadPlaceError(message, hint="Check longitude, latitude and utm_crs of the tiles.")
    return found


@lru_cache(maxsize=512)
def _transformer(crs: str) -> Transformer:
    from pyproj import Transformer
    from pyproj.exceptions import CRSError

    try:
        return Transformer.from_crs("OGC:CRS84", crs, always_xy=True)
    except CRSError as error:
        message = f"{crs!r} is not a coordinate system that PROJ knows."
        raise BadPlaceError(message, hint="Tiles name theirs like EPSG:32633.") from error
