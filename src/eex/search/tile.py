"""Where the pixels of a tile lie, from what its row says."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eex.encoders.inputs import ImageInput, scene_input
from eex.imagery.geotiff import Affine
from eex.imagery.scene import Scene

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from eex.embeddings import EmbeddingSet
    from eex.encoders.base import EncoderSpec

LONLAT = "EPSG:4326"

HALF_ROUND = 180.0
"""Degrees; a footprint wider than this crosses the antimeridian and has no plain box."""


def tile_input(
    embeddings: EmbeddingSet, row: int, pixels: NDArray[np.uint8] | Scene, spec: EncoderSpec
) -> ImageInput:
    """Return a tile as an encoder is fed it, with where it lies.

    Args:
        embeddings: The set.
        row: Of the tile.
        pixels: What its reader gave.
        spec: Of the encoder.
    """
    if isinstance(pixels, Scene):
        return scene_input(pixels, spec)
    transform, crs = tile_affine(embeddings, row, pixels.shape)
    return ImageInput(
        pixels=pixels,
        shown=pixels,
        name=str(embeddings.ids[row]),
        transform=transform if crs else None,
        crs=crs,
    )


def tile_affine(embeddings: EmbeddingSet, row: int, shape: tuple[int, ...]) -> tuple[Affine, str]:
    """Return pixels to map coordinates of a tile's picture, and what these are.

    The footprint in UTM where the row has one (`utm_footprint` and `utm_crs`, as in Major TOM),
    else the box of its geometry in degrees, which is close where a tile is small.

    Args:
        embeddings: The set.
        row: Of the tile.
        shape: Height and width of the picture, pixels.

    Returns:
        The affine and its coordinate system; an empty name where the tile lies nowhere.
    """
    import shapely

    nowhere: tuple[Affine, str] = ((1, 0, 0, 0, 1, 0), "")
    columns, rows = embeddings.rows.column_names, embeddings.rows
    try:
        if {"utm_footprint", "utm_crs"} <= set(columns) and rows["utm_footprint"][row].as_py():
            shape_there = shapely.from_wkt(rows["utm_footprint"][row].as_py())
            crs = str(rows["utm_crs"][row].as_py())
        elif "geometry" in columns and rows["geometry"][row].as_py():
            shape_there, crs = shapely.from_wkb(rows["geometry"][row].as_py()), LONLAT
        else:
            return nowhere
    except (shapely.errors.ShapelyError, TypeError):
        return nowhere
    west, south, east, north = shapely.bounds(shape_there)
    if not (west < east and south < north) or (crs == LONLAT and east - west > HALF_ROUND):
        return nowhere
    height, width = shape[:2]
    return ((east - west) / width, 0, west, 0, (south - north) / height, north), crs
