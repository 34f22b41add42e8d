"""Where tiles of a scene begin: lattices of its own pixels, and its tiles of Major TOM's grid.

Rows and columns are counted twice: in the scene, from its own first pixel, and on the ground, from
the origin of its coordinate system, where overlapping scenes of one UTM zone agree.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from eex.build.items import Tiling
from eex.errors import BadPictureError, BadQueryError
from eex.grid import Cells, Grid, fragment_boxes, tile_footprints
from eex.grid.footprints import Footprints
from eex.grid.utm import unproject
from eex.imagery.geotiff import central
from eex.sources.refs import Affine, SceneRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

GRID_KM = 10.0
"""Spacing of Major TOM's grid, whose cells every row names."""

TILE_M = 10_680.0
"""Height and width of its tiles, metres."""

DEGREES = ("EPSG:4326", "OGC:CRS84")
"""Systems in degrees; rasters in them may go on beyond 180."""

SAMPLE_M = 2_500.0
"""Metres between points at which a scene is asked for its cells: no cell lies between them."""


@dataclass(frozen=True, kw_only=True)
class Ground:
    """The finest grid of pixels of a scene, where it is known."""

    crs: str
    """Such as EPSG:32654."""
    transform: Affine
    """Pixels to map coordinates, north up."""
    size: tuple[int, int]
    """Pixels down and across."""

    @property
    def origin(self) -> tuple[int, int]:
        """Row and column of its first pixel, counted from the origin of the coordinate system.

        They are rounded, halves up, where pixels do not lie on whole multiples of their size.
        """
        a, _, c, _, e, f = self.transform
        return math.floor(f / e + 0.5), math.floor(c / a + 0.5)

    @property
    def kind(self) -> tuple[str, float, float]:
        """What scenes share whose rows and columns on the ground are the same."""
        return self.crs, round(self.transform[0], 9), round(self.transform[4], 9)

    def squares(self, boxes: NDArray[np.int64]) -> Footprints:
        """Return where windows lie: top, left, bottom, right in its pixels, shape (n, 4)."""
        a, _, c, _, e, f = self.transform
        top, left, bottom, right = boxes.reshape(-1, 4).T
        bounds = np.column_stack([c + a * left, f + e * bottom, c + a * right, f + e * top])
        return Footprints(np.full(len(bounds), self.crs), bounds)


def ground_of(ref: SceneRef) -> Ground:
    """Return the finest grid that a reference names.

    Raises:
        BadQueryError: If it does not say one; open the scene first.
        BadPictureError: If its pixels are turned, or rows do not run southwards.
    """
    if not ref.crs or ref.transform is None or ref.size is None:
        message = f"{ref.id} does not say where its pixels lie."
        raise BadQueryError(message, hint="Give files that are georeferenced.")
    a, b, _, d, e, _ = ref.transform
    if b or d or a <= 0 or e >= 0:
        message = f"The pixels of {ref.id} are not north up."
        raise BadPictureError(message, hint="Warp it first: gdalwarp in.tif out.tif.")
    return Ground(crs=ref.crs, transform=ref.transform, size=ref.size)


def with_ground(ref: SceneRef, ground: Ground) -> SceneRef:
    """Return a reference that says where its pixels lie."""
    return replace(ref, crs=ground.crs, transform=ground.transform, size=ground.size)


def check_tiling(tiling: Tiling) -> None:
    """Let pass a tiling that makes sense.

    Raises:
        BadQueryError: If it does not.
    """
    if tiling.size < 1 or tiling.stride < 1:
        message = f"There are no tiles of {tiling.size} pixels every {tiling.stride}."
        raise BadQueryError(message, hint="Give 224 and 112, or other numbers from 1 on.")
    for name, share in (("nodata", tiling.max_nodata), ("cloud", tiling.max_cloud)):
        if not 0 <= share <= 1:
            message = f"The largest share of {name} in a tile is {share:g}, not 0 to 1."
            raise BadQueryError(message, hint="Give 0.1 for a tenth of the tile.")


def starts(first: int, count: int, tiling: Tiling) -> NDArray[np.int64]:
    """Return where tiles begin along one side of a scene, on the ground, ascending, each once.

    They begin at whole multiples of the stride from the origin of the coordinate system, so that
    scenes that overlap have the very same tiles. What this lattice leaves free at both ends of the
    scene, less than a stride, is covered by one tile more that begins, or ends, exactly at the
    edge; plans leave such a tile out where the lattice tiles of a neighbour cover it. Had the
    lattice begun at each scene's corner instead, tiles of neighbours would overlap at random.

    With a stride beyond the size, tiles are samples, and edges get none of their own.

    Args:
        first: Row or column of the first pixel, on the ground.
        count: Pixels along this side.
        tiling: Size and stride.
    """
    size, stride = tiling.size, tiling.stride
    if count < size:
        return np.empty(0, np.int64)
    last = first + count - size
    edges = np.array([first, last], np.int64)
    regular = np.arange(-(-first // stride) * stride, last + 1, stride, dtype=np.int64)
    return np.union1d(regular, edges) if stride <= size else regular


def boxes_in_tile(tiling: Tiling, height: int, width: int) -> NDArray[np.int64]:
    """Return the windows that a tile of Major TOM is cut into: top, left, bottom, right.

    On Major TOM's grid as the full sets have them: as few as cover it, evenly apart, 25 of 224
    pixels or 9 of 384; or the central one. On a scene's grid every stride from the upper left, and
    once more at the right and lower edges.

    Raises:
        BadQueryError: If the tile is smaller than a window.
        ShapeError: If it is smaller than the centre.
    """
    size = tiling.size
    if tiling.centre:
        top, left = central((height, width), size)
        return np.array([[top, left, top + size, left + size]], np.int64)
    if tiling.grid == "majortom" and height == width:
        return fragment_boxes(size, tile=height)
    rows, columns = starts(0, height, tiling), starts(0, width, tiling)
    if not len(rows) or not len(columns):
        message = f"A tile of {width} x {height} pixels has no windows of {size}."
        raise BadQueryError(message, hint="Choose smaller tiles.")
    tops, lefts = (part.ravel() for part in np.meshgrid(rows, columns, indexing="ij"))
    return np.column_stack([tops, lefts, tops + size, lefts + size])


def tile_pixels(ground: Ground) -> int:
    """Return how many pixels of a scene a tile of Major TOM is wide: 1068 of 10 m.

    Raises:
        BadPictureError: If the scene is not in metres, or its pixels are not square.
    """
    a, _, _, _, e, _ = ground.transform
    if not ground.crs.startswith(("EPSG:326", "EPSG:327")) or abs(a + e) > a * 1e-6:
        message = f"Major TOM's tiles are squares in UTM; the scene is in {ground.crs[:40]}."
        raise BadPictureError(message, hint="Use the scene's own grid: --grid scene.")
    return round(TILE_M / a)


def cells_of(ground: Ground) -> tuple[Cells, NDArray[np.int64]]:
    """Return the cells of Major TOM's 10 km grid whose tiles lie wholly in a scene.

    A tile begins at its cell's grid point in the scene's system, less 340 m, which seldom is the
    corner of a pixel: it is moved to the nearest one (halves to the even one), up to 5 m away, and
    nothing is resampled. What is written of the tile is where its pixels lie.

    Returns:
        The cells, south to north and west to east, and row and column of the pixel in the scene at
        which each tile begins, its upper left, shape (n, 2).

    Raises:
        BadPictureError: If the scene is not in UTM.
    """
    wide = tile_pixels(ground)
    a, _, c, _, e, f = ground.transform
    height, width = ground.size
    step = max(1, int(SAMPLE_M / a))
    rows = np.append(np.arange(0, height, step), height)
    columns = np.append(np.arange(0, width, step), width)
    x, y = np.meshgrid(c + a * columns, f + e * rows)
    points = np.column_stack([x.ravel(), y.ravel()])
    lonlat = unproject(points, np.full(len(points), ground.crs))
    grid = Grid(GRID_KM)
    found = grid.cells_at(lonlat)
    both = np.unique(np.column_stack([found.row, found.col]), axis=0)
    cells = Cells(both[:, 0], both[:, 1])
    bounds = tile_footprints(grid, cells, crs=np.full(len(both), ground.crs)).bounds
    exact = np.column_stack([(bounds[:, 3] - f) / e, (bounds[:, 0] - c) / a])
    corner = np.rint(exact).astype(np.int64)
    inside = ((corner >= 0) & (corner + wide <= (height, width))).all(axis=1)
    return Cells(cells.row[inside], cells.col[inside]), corner[inside]
