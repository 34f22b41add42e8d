"""The windows of an item of a scene, one for each tile, in the order in which they are read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from eex.build.lattice import boxes_in_tile, tile_pixels
from eex.errors import BadQueryError
from eex.grid import Cells

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.build.items import Item, Tiling
    from eex.build.lattice import Ground


@dataclass(frozen=True, kw_only=True)
class Windows:
    """Tiles of a scene, ordered by top, then left."""

    boxes: NDArray[np.int64]
    """Top, left, bottom, right in the scene, shape (n, 4)."""
    told: NDArray[np.int64]
    """The same as rows say it, `pixel_bbox`: in the scene, or in the tile of Major TOM."""
    cells: Cells | None = None
    """Cells of Major TOM's tiles; None: those that hold the tiles' centres."""


def windows_of(item: Item, ground: Ground, tiling: Tiling) -> Windows:
    """Return the windows of an item.

    Raises:
        BadQueryError: If one reaches beyond the scene.
        BadPictureError: If Major TOM's tiles are asked for and the scene is not in UTM.
    """
    given = np.array(item.windows, np.int64)
    cells = None
    if tiling.grid == "majortom":
        wide = tile_pixels(ground)
        inside = boxes_in_tile(tiling, wide, wide)
        boxes = (inside[None] + np.tile(given[:, None, :2], 2)).reshape(-1, 4)
        order = np.lexsort((boxes[:, 1], boxes[:, 0]))
        boxes = boxes[order]
        told = np.tile(inside, (len(given), 1))[order]
        row, column = np.repeat(given[:, 2:], len(inside), axis=0)[order].astype(np.int32).T
        cells = Cells(row, column)
    else:
        top, left, count = given.T
        within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
        corner = np.column_stack([np.repeat(top, count), np.repeat(left, count)])
        corner[:, 1] += within * tiling.stride
        corner = corner[np.lexsort((corner[:, 1], corner[:, 0]))]
        told = boxes = np.column_stack([corner, corner + tiling.size])
    if boxes.min() < 0 or (boxes[:, 2:] > ground.size).any():
        message = f"Tiles of the item reach beyond {item.ref.id}."
        raise BadQueryError(message, hint="Plan the build anew.")
    return Windows(boxes=boxes, told=told, cells=cells)
