"""Tiles on the ground: squares in UTM, their fragments, and where those lie on the globe.

A tile's corner is its cell's grid point less a margin, so that tiles overlap. A fragment is a
window of pixels of it, `pixel_bbox`: top, left, bottom, right.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from eex.errors import BadQueryError
from eex.grid.cells import Cells, Grid
from eex.grid.edges import HALF, on_globe
from eex.grid.utm import codes, project, unproject, utm_zones

MARGIN_M = 340.0
"""How far a Major TOM tile of the 10 km grid reaches beyond its cell on each side, metres."""

PIXEL_M = 10.0
"""Size of a Sentinel-2 pixel at its finest, metres."""

TILE_PIXELS = 1068
"""Height and width of a Major TOM tile of the 10 km grid at 10 m."""

METRES_PER_DEGREE = 111_000.0
"""Of latitude, at least about."""

POLAR_LATITUDE = 80.0
"""From here on the edge of a tile bows by more than a pixel in degrees and gets points between."""

POLAR_POINTS = 16
"""Points on each edge of a tile beyond that latitude."""


@dataclass(frozen=True)
class Footprints:
    """Squares on the ground, one entry each, each in its own coordinate system."""

    crs: NDArray[np.str_]
    """Such as EPSG:32633, shape (n,)."""
    bounds: NDArray[np.float64]
    """Left, bottom, right, top in metres, shape (n, 4)."""

    def centres(self) -> NDArray[np.float64]:
        """Return the middles as lon, lat in degrees, shape (n, 2)."""
        middles = (self.bounds[:, :2] + self.bounds[:, 2:]) / 2
        lonlat = unproject(middles, self.crs)
        beyond = np.abs(lonlat[:, 0]) > HALF  # of rasters in degrees that go on there
        lonlat[beyond, 0] = np.mod(lonlat[beyond, 0] + HALF, 2 * HALF) - HALF
        return lonlat

    def polygons(self) -> NDArray[Any]:
        """Return them on the globe: shapely polygons in degrees, counter-clockwise, shape (n,).

        One that crosses the antimeridian is two polygons that meet there; one with a pole in it
        reaches round the globe. Towards the poles edges get points between the corners.
        """
        import shapely

        shapes = np.empty(len(self.crs), object)
        lat = np.abs(self.centres()[:, 1])
        polar = lat >= POLAR_LATITUDE
        for rows, points in ((~polar, 1), (polar, POLAR_POINTS)):
            if rows.any():
                some = Footprints(self.crs[rows], self.bounds[rows])
                rings = unproject(some._rings(points), some.crs)
                shapes[rows] = shapely.polygons(_unwrapped(rings))
        reach = np.ptp(self.bounds[:, (0, 2)], axis=1) / METRES_PER_DEGREE  # over half a diagonal
        for i in np.flatnonzero(lat + reach >= 90).tolist():  # noqa: PLR2004
            if (pole := self._pole(i)) is not None:
                shapes[i] = _cap(shapes[i], pole)
        return on_globe(shapes)

    def utm_wkt(self) -> list[str]:
        """Return them in their own systems as WKT, corners from top right clockwise."""
        return [
            f"POLYGON (({r!r} {b!r}, {r!r} {t!r}, {x!r} {t!r}, {x!r} {b!r}, {r!r} {b!r}))"
            for x, b, r, t in self.bounds.tolist()
        ]

    def windows(self, boxes: NDArray[np.int64], *, pixel_m: float = PIXEL_M) -> Footprints:
        """Return where windows of pixels of them lie.

        Args:
            boxes: Top, left, bottom, right from each square's own top left, shape (n, 4) or (4,).
            pixel_m: Size of a pixel, metres.
        """
        down, right = np.asarray(boxes)[..., (2, 0)], np.asarray(boxes)[..., (1, 3)]
        x = self.bounds[:, :1] + np.broadcast_to(right * pixel_m, (len(self.crs), 2))
        y = self.bounds[:, 3:] - np.broadcast_to(down * pixel_m, (len(self.crs), 2))
        return Footprints(self.crs, np.column_stack([x[:, 0], y[:, 0], x[:, 1], y[:, 1]]))

    def _rings(self, points: int) -> NDArray[np.float64]:
        """Return their outlines, counter-clockwise, `points` to an edge, shape (n, m, 2)."""
        west, south, east, north = self.bounds.T[:, :, None]
        along = np.arange(points) / points
        x = [west + (east - west) * along, east + 0 * along]
        x += [east - (east - west) * along, west + 0 * along]
        y = [south + 0 * along, south + (north - south) * along]
        y += [north + 0 * along, north - (north - south) * along]
        return np.stack([np.hstack(x), np.hstack(y)], axis=2)

    def _pole(self, i: int) -> float | None:
        """Return the latitude of the pole that lies in a square, if one does."""
        for pole in (-90.0, 90.0):
            x, y = project(np.array([[0.0, pole]]), self.crs[i : i + 1])[0]
            west, south, east, north = self.bounds[i]
            if west <= x <= east and south <= y <= north:
                return pole
        return None


def tile_footprints(
    grid: Grid,
    cells: Cells,
    *,
    crs: Sequence[str] | NDArray[np.str_] | None = None,
    margin_m: float = MARGIN_M,
) -> Footprints:
    """Return the tiles of cells: squares in UTM that reach `margin_m` beyond the cell's size.

    Args:
        grid: The grid; a tile is its spacing and two margins wide, 10,680 m for Major TOM's.
        cells: Of that grid.
        crs: The tiles' own coordinate systems where they are known, as in `utm_crs`; they go before
            the zone rule, since a tile follows its satellite product. Empty ones are left to it.
        margin_m: How far a tile reaches beyond the grid point, left and down, metres.

    Source:
        Major TOM, arXiv:2412.05600 and its published metadata; golden values in the tests.
    """
    corner = grid.bottom_left(cells)
    names = codes(utm_zones(corner))
    if crs is not None:
        given = np.asarray(crs, str)
        if given.shape != names.shape:
            message = f"There are {len(names):,} cells and {given.size:,} coordinate systems."
            raise BadQueryError(message, hint="Give one for each cell, or none.")
        names = np.where(given == "", names, given)
    low = project(corner, names) - margin_m
    size = grid.dist_km * 1000 + 2 * margin_m
    return Footprints(names, np.column_stack([low, low + size]))


def fragment_boxes(
    size: int, *, tile: int = TILE_PIXELS, stride: int | None = None
) -> NDArray[np.int64]:
    """Return the windows that a tile is cut into: top, left, bottom, right, shape (n, 4).

    Row after row from the top left. Without a stride they are as few as cover the tile, evenly
    apart: 25 of 224 pixels every 211, 9 of 384 every 342, as in the full Major TOM sets.

    Args:
        size: Height and width of a window, pixels.
        tile: Height and width of the tile, pixels.
        stride: From one window to the next; the last one that fits ends the row.

    Raises:
        BadQueryError: If no window fits.
    """
    if not 0 < size <= tile or (stride is not None and stride < 1):
        step = "" if stride is None else f" every {stride} pixels"
        message = f"A tile of {tile} pixels has no windows of {size}{step}."
        raise BadQueryError(message, hint="Give 224 or 384 pixels, and a stride of 1 or more.")
    if stride is None:
        count = math.ceil(tile / size)
        starts = np.round(np.linspace(0, tile - size, count)).astype(np.int64)
    else:
        starts = np.arange(0, tile - size + 1, stride)
    top, left = (part.ravel() for part in np.meshgrid(starts, starts, indexing="ij"))
    return np.column_stack([top, left, top + size, left + size])


def true_centres(
    lonlat: NDArray[np.float64],
    pixel_bbox: NDArray[np.int64],
    crs: Sequence[str] | NDArray[np.str_],
    *,
    pixel_m: float = PIXEL_M,
) -> NDArray[np.float64]:
    """Return where fragments really are whose places were published with x and y mixed up.

    In the full Major TOM sets `pixel_bbox` is top, left, bottom, right, but the footprint and its
    centre were computed as if it were left, top, right, bottom: each lies mirrored in its tile,
    up to 12 km away. Fragments on the diagonal, such as a centre crop, stay where they are.

    Args:
        lonlat: Published centres, shape (n, 2), degrees.
        pixel_bbox: As published, shape (n, 4).
        crs: Coordinate system of each tile, such as EPSG:32633.
        pixel_m: Size of a pixel, metres.

    Returns:
        Shape (n, 2), degrees.
    """
    boxes = np.asarray(pixel_bbox, np.float64).reshape(-1, 4)
    found = np.array(lonlat, np.float64)
    # x took the row and y, which runs down, the column: both lack (column - row).
    off = ((boxes[:, 1] + boxes[:, 3]) - (boxes[:, 0] + boxes[:, 2])) / 2 * pixel_m
    rows = np.flatnonzero(off)
    names = np.asarray(crs, str)[rows]
    found[rows] = unproject(project(found[rows], names) + off[rows, None], names)
    return found


def _unwrapped(rings: NDArray[np.float64]) -> NDArray[np.float64]:
    """Count longitudes on across 180 degrees, so that no ring jumps; shape as given."""
    steps = np.diff(rings[:, :, 0], axis=1, prepend=rings[:, :1, 0])
    return np.stack(
        [rings[:, :, 0] - 360 * np.cumsum(np.round(steps / 360), axis=1), rings[:, :, 1]], axis=2
    )


def _cap(shape: Any, pole: float) -> Any:  # noqa: ANN401
    """Close a ring that runs round a pole along the edge of the map."""
    import shapely

    xy = shapely.get_coordinates(shape)[:-1]
    xy[:, 0] = np.mod(xy[:, 0] + HALF, 360) - HALF
    xy = xy[np.argsort(xy[:, 0])]
    edge = np.interp(HALF, [xy[-1, 0], xy[0, 0] + 360], [xy[-1, 1], xy[0, 1]])
    ends = ([-HALF, edge], [HALF, edge], [HALF, pole], [-HALF, pole])
    return shapely.Polygon([ends[0], *xy, *ends[1:]])
