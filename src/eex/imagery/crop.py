"""Which part of a tile is meant, and where a tile lies when its pixels do not say it.

A tile of Major TOM is a square of 10,680 m in UTM; its finest rasters have 1068 x 1068 pixels of
10 m. The image set of the 249k tiles holds their centres alone, 384 x 384.
"""

from __future__ import annotations

import re
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from eex.errors import EexError, ShapeError
from eex.grid import MARGIN_M, Cells, Grid
from eex.grid.utm import project
from eex.imagery.geotiff import Affine, central
from eex.imagery.scene import Scene
from eex.tiles import TileRef

if TYPE_CHECKING:
    from eex.imagery.pixels import Crop

FINEST_M = 10
"""Metres of the finest pixels, in which crops and pixel boxes are told."""

WHOLE = 1068
"""Such pixels across a whole tile."""

Window = tuple[int, int, int, int]
"""Top, left, bottom, right."""

_MGRS = re.compile(r"_T(\d{2})([C-HJ-NP-X])[A-Z]{2}(_|$)")
"""The square of a Sentinel-2 product: zone and band of latitude."""

_UTM = re.compile(r"EPSG:32[67](0[1-9]|[1-5]\d|60)")
"""Coordinate systems of Major TOM's tiles."""


def window_of(tile: TileRef, crop: Crop, size: tuple[int, int]) -> Window:
    """Return the window that is meant.

    What was embedded is the centre where the tile says its size, else its pixel box; a raster of
    the very size of the box was cut to it before.

    Args:
        tile: The tile.
        crop: Which part of it.
        size: Pixels of 10 m down and across that there are.

    Raises:
        ShapeError: If there are not so many pixels.
    """
    whole = (0, 0, *size)
    if crop == "whole" or (crop == "embedded" and not tile.crop and tile.pixel_bbox is None):
        return whole
    side = tile.crop if crop == "embedded" else int(crop)
    if side or tile.pixel_bbox is None:
        top, left = central(size, side)
        return top, left, top + side, left + side
    top, left, bottom, right = tile.pixel_bbox
    if (bottom - top, right - left) == size:
        return whole
    if not (0 <= top < bottom <= size[0] and 0 <= left < right <= size[1]):
        message = f"The box {list(tile.pixel_bbox)} of the tile is not inside its {size} pixels."
        raise ShapeError(message, hint="Ask for the whole tile.")
    return tile.pixel_bbox


def cut_scene(scene: Scene, tile: TileRef, crop: Crop) -> Scene:
    """Return the part of a scene that is meant, whatever the size of its pixels.

    Coarser pixels are cut where the window runs between them, else repeated to 10 m first.

    Raises:
        ShapeError: If the scene is smaller.
    """
    step = max(1, round(abs(scene.transform[0]) / FINEST_M)) if scene.crs else 1
    _, height, width = scene.dn.shape
    window = window_of(tile, crop, (height * step, width * step))
    if any(edge % step for edge in window):
        a, b, c, d, e, f = scene.transform
        scene = replace(
            scene,
            dn=np.repeat(np.repeat(scene.dn, step, axis=1), step, axis=2),
            transform=(a / step, b / step, c, d / step, e / step, f),
        )
        step = 1
    top, left, bottom, right = (edge // step for edge in window)
    return replace(
        scene,
        dn=scene.dn[:, top:bottom, left:right],
        transform=moved(scene.transform, top, left),
    )


def moved(transform: Affine, top: int, left: int) -> Affine:
    """Return the transform of a window that begins at this row and column."""
    a, b, c, d, e, f = transform
    return a, b, a * left + b * top + c, d, e, d * left + e * top + f


def crs_of(tile: TileRef) -> str:
    """Return the coordinate system of a tile's pixels; empty if it is not known.

    Its row says it; else it is that of its product's square, as in Major TOM, which may be the
    neighbour of the zone that the place lies in.
    """
    if tile.crs:
        return tile.crs
    square = _MGRS.search(tile.product_id)
    if square is None or not 1 <= int(square[1]) <= 60:  # noqa: PLR2004, zones of UTM
        return ""
    return f"EPSG:{326 if square[2] >= 'N' else 327}{square[1]}"


def place_of(tile: TileRef, size: tuple[int, int]) -> tuple[Affine, str]:
    """Return transform and coordinate system of a tile's picture of this size, from its cell.

    Smaller pictures than the whole are the centre or the box that was embedded, if they have its
    very size; others may be made smaller, and then it is not known where they lie.

    Returns:
        They; where cell or coordinate system are not known, a transform of plain pixels and "".
    """
    crs = crs_of(tile)
    nowhere: tuple[Affine, str] = ((1, 0, 0, 0, 1, 0), "")
    corner = _corner_of_picture(tile, size)
    if corner is None or not _UTM.fullmatch(crs) or not tile.grid_cell:
        return nowhere
    try:
        left, top = _corner(tile.grid_cell, crs)
    except EexError:  # a cell of another grid
        return nowhere
    whole: Affine = (FINEST_M, 0, left, 0, -FINEST_M, top)
    return moved(whole, *corner), crs


def _corner_of_picture(tile: TileRef, size: tuple[int, int]) -> tuple[int, int] | None:
    """Return row and column of the whole tile where its picture begins; None if not known."""
    if size == (WHOLE, WHOLE):
        return 0, 0
    if size == (tile.crop, tile.crop) and tile.crop <= WHOLE:
        return central((WHOLE, WHOLE), tile.crop)
    if tile.pixel_bbox is None or tile.crop:
        return None
    top, left, bottom, right = tile.pixel_bbox
    there = 0 <= top < bottom <= WHOLE and 0 <= left < right <= WHOLE
    # a box that begins at 0, 0 may be of a raster that was cut before
    return (top, left) if there and (top or left) and (bottom - top, right - left) == size else None


def _corner(grid_cell: str, crs: str) -> tuple[float, float]:
    """Return left and top of a tile of the 10 km grid, metres: its cell's corner, less 340 m."""
    corner = Grid(10.0).bottom_left(Cells.parse([grid_cell]))
    x, y = project(corner, np.array([crs]))[0].tolist()
    return x - MARGIN_M, y - MARGIN_M + FINEST_M * WHOLE
