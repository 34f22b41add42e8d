"""What reading a tile gives: pixels as stored, what they are, and where they lie."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from eex.errors import BadQueryError, ShapeError
from eex.imagery.baseline import less, offset_of, thumbnail_less
from eex.imagery.scene import RGB, Scene
from eex.imagery.tone import thumbnail_tone
from eex.sources.names import time_of
from eex.tiles import TileRef

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from eex.imagery.geotiff import Affine

Kind = Literal["thumbnail", "rgb", "bands"]
"""What of a tile is read: its stored picture, the bands B04, B03, B02, or any bands."""

Crop = Literal["embedded", "whole"] | int
"""Which part: what the vector was made of, all of it, or the central square of so many pixels
(of 10 m, also where coarser bands are read)."""

KINDS = ("thumbnail", "rgb", "bands")
"""What `Kind` may be."""

COLOURS = ("red", "green", "blue")
"""Bands of a stored picture."""

CLOUD_MASK = "cloud_mask"
"""Name of the raster of classes, which is no band."""


@dataclass(frozen=True, kw_only=True)
class TilePixels:
    """Pixels of one tile."""

    kind: Kind
    """What was read."""
    values: NDArray[Any]
    """Shape (bands, height, width): stored digital numbers; of a thumbnail red, green and blue."""
    bands: tuple[str, ...]
    """Names of the bands in `values`, such as B04; of a thumbnail red, green, blue."""
    transform: Affine
    """Pixels to map coordinates."""
    crs: str
    """What these are, such as EPSG:32633; empty if not known."""
    tile: TileRef
    """The tile."""
    licence: str = ""
    """Licence of the pixels; every file carries it."""
    attribution: str = ""
    """Credit line of the pixels; every file carries it."""
    offset: int | None = None
    """What is added to the digital numbers; None: as the product's name says."""

    @property
    def added(self) -> int:
        """What is added to the digital numbers, 1000 or 0."""
        return offset_of(self.tile.product_id) if self.offset is None else self.offset

    @property
    def notices(self) -> tuple[str, ...]:
        """What a person should know of them, such as that they lie elsewhere than their tile."""
        from eex.imagery.placed import elsewhere

        return tuple(filter(None, (elsewhere(self),)))

    def picture(self, *, size: int = 0) -> NDArray[np.uint8]:
        """Return a picture for people, shape (height, width, 3), old and new baselines alike.

        Three bands become red, green and blue, B04, B03 and B02 where they are there; one band
        becomes grey. The tone is that of the thumbnails: 1.3 (dn / 10 000) ** 0.6, the offset of
        new baselines taken off.

        Args:
            size: Height and width, pixels; as many as there are by default.

        Raises:
            ShapeError: If it cannot be told which bands to show, or they are no light.
        """
        if self.bands == COLOURS:
            stored = np.ascontiguousarray(self.values.transpose(1, 2, 0))
            shown = thumbnail_less(stored, self.added)
        else:
            places = self._shown()
            dn = less(self.values[places], self.added)
            shown = thumbnail_tone(dn)
        return shown if not size else resized(shown, size)

    def scene(self) -> Scene:
        """Return the stored numbers as encoders take them.

        Raises:
            ShapeError: If these are a thumbnail: its numbers are no digital numbers.
        """
        if self.bands == COLOURS:
            message = "A thumbnail has no digital numbers."
            raise ShapeError(message, hint="Ask for rgb or bands.")
        product = self.tile.product_id
        told = offset_of(product) == self.added  # else the name would say another offset
        return Scene(
            bands=self.bands,
            dn=self.values,
            transform=self.transform,
            crs=self.crs,
            when=time_of(self.tile.timestamp),
            name=(product if told else "") or self.tile.grid_cell,
        )

    def save(self, path: str | Path) -> tuple[Path, ...]:
        """Write a file, as its name ends: .tif (stored numbers), .png or .jpg (a picture).

        Returns:
            What was written: the file, and beside a picture that has a place a world file
            and GDAL's `.aux.xml` with the coordinate system.

        Raises:
            BadQueryError: If the ending is none of these.
            OutputError: If it cannot be written.
        """
        from eex.imagery.save import save_pixels

        return save_pixels(self, path)

    def _shown(self) -> list[int]:
        names = self.bands
        if set(RGB) <= set(names):
            return [names.index(band) for band in RGB]
        if CLOUD_MASK not in names and len(names) == 3:  # noqa: PLR2004
            return [0, 1, 2]
        if names != (CLOUD_MASK,) and len(names) == 1:
            return [0, 0, 0]
        message = f"{', '.join(names)}: it cannot be told which of these to show."
        raise ShapeError(message, hint="Choose one or three bands, or save them as a .tif.")


def check_asked(kind: str, bands: Sequence[str], crop: object) -> None:
    """Let pass what can be asked of a tile.

    Raises:
        BadQueryError: If the request makes no sense.
    """
    if crop not in {"embedded", "whole"} and (not isinstance(crop, int) or crop < 1):
        message = f"{crop!r} is no part of a tile."
        raise BadQueryError(message, hint="Give embedded, whole, or pixels from 1 on.")
    if bands and kind != "bands":
        message = f"Bands are named for the kind bands, not {kind}."
        raise BadQueryError(message, hint='Ask for kind="bands".')
    if kind not in KINDS:
        message = f"There is no kind {kind!r} of pixels."
        raise BadQueryError(message, hint="Ask for thumbnail, rgb or bands.")
    if len(set(bands)) < len(bands):
        message = f"A band is named twice: {', '.join(bands)}."
        raise BadQueryError(message, hint="Name each once.")


def resized(pixels: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """Return a picture of (size, size, 3), smoothed; square pictures keep their shape."""
    from PIL import Image

    if pixels.shape[:2] == (size, size):
        return pixels
    small = Image.fromarray(pixels).resize((size, size), Image.Resampling.LANCZOS)
    return np.asarray(small)
