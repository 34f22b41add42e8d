"""Where a picture lies, as files beside it say, and whether that is where its tile is."""

from __future__ import annotations

from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

import numpy as np

from eex.errors import BadPlaceError
from eex.grid.utm import project

if TYPE_CHECKING:
    from eex.imagery.geotiff import Affine
    from eex.imagery.pixels import TilePixels

WORLD = {".png": ".pgw", ".jpg": ".jgw", ".jpeg": ".jgw"}
"""Endings of the files beside a picture that say where its pixels lie, by its own."""

AUX = ".aux.xml"
"""What is added to a picture's name for the file that says in which coordinate system."""

TILE = 10_680
"""Metres that a row's centre may lie beyond the pixels: the side of a tile of Major TOM."""

METRES = 111_320
"""In a degree of latitude, about."""


def files_beside(path: Path) -> tuple[Path, ...]:
    """Return where a world file and a coordinate system would lie; none beside what is no picture.

    GIS read both: the world file has no coordinate system.
    """
    world = WORLD.get(path.suffix.lower())
    return () if world is None else (path.with_suffix(world), path.with_name(path.name + AUX))


def world_file(transform: Affine) -> str:
    """Return the text of a world file: steps, then the middle of the first pixel."""
    a, b, c, d, e, f = transform
    return "".join(f"{n:.12g}\n" for n in (a, d, b, e, c + (a + b) / 2, f + (d + e) / 2))


def aux_file(transform: Affine, crs: str) -> str:
    """Return the text of GDAL's auxiliary file: coordinate system and transform.

    Raises:
        BadPlaceError: If PROJ does not know the coordinate system.
    """
    from pyproj import CRS
    from pyproj.exceptions import CRSError

    try:
        wkt = CRS.from_user_input(crs).to_wkt("WKT1_GDAL")
    except CRSError as error:
        message = f"{crs!r} is not a coordinate system that PROJ knows."
        raise BadPlaceError(message, hint="Write a .tif.") from error
    a, b, c, d, e, f = transform
    numbers = ", ".join(f"{number:.17g}" for number in (c, a, b, f, d, e))
    return (
        f"<PAMDataset>\n  <SRS>{escape(wkt)}</SRS>\n"
        f"  <GeoTransform>{numbers}</GeoTransform>\n</PAMDataset>\n"
    )


def elsewhere(pixels: TilePixels) -> str:
    """Return in a sentence that pixels lie elsewhere than their tile; empty if they do not."""
    tile = pixels.tile
    if not pixels.crs or not np.isfinite([tile.lon, tile.lat]).all():
        return ""
    with suppress(BadPlaceError):
        x, y = project(np.array([[tile.lon, tile.lat]]), np.array([pixels.crs]))[0]
        a, b, c, d, e, f = pixels.transform
        _, height, width = pixels.values.shape
        corners = np.array([(0, 0), (width, 0), (width, height), (0, height)], float)
        across = corners @ (a, b) + c
        down = corners @ (d, e) + f
        metres = 1 if max(np.abs(across).max(), np.abs(down).max()) > 360 else METRES  # noqa: PLR2004
        off = max(across.min() - x, x - across.max(), down.min() - y, y - down.max()) * metres
        if off <= TILE:
            return ""
        return (
            f"These pixels say that they lie {off / 1000:,.0f} km from the tile's centre "
            f"({tile.lat:.4f}, {tile.lon:.4f}): one of both is wrong."
        )
    return f"The tile's centre ({tile.lat:.4f}, {tile.lon:.4f}) has no place in {pixels.crs}."
