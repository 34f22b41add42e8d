"""What a Sentinel-2 raster is here: named bands of digital numbers on one grid of pixels.

Digital numbers are as stored: 1/10 000 reflectance, plus 1000 from processing baseline 04.00 on; 0
is no data. Nothing removes that offset, as nothing did when the published embeddings were made.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.errors import ShapeError
from eex.imagery.geotiff import Affine, central, lonlat_of
from eex.sources.names import BANDS, band_name

if TYPE_CHECKING:
    from numpy.typing import NDArray

L1C = BANDS
"""Bands of Sentinel-2 at the top of the atmosphere, in the usual order."""

RGB = ("B04", "B03", "B02")
"""Bands of a true-colour picture."""

L2A = tuple(band for band in L1C if band != "B10")
"""Bands of Sentinel-2 at the surface, in the usual order; B10 sees only the atmosphere."""

OFFSET = -1000
"""Least digital number where the offset of baseline 04.00 was taken off."""

LARGEST = 2**16 - 1
"""Largest digital number that products store."""

REFLECTANCE_MAX = 2.0
"""Fractional values up to this are reflectances, not digital numbers."""


@dataclass(frozen=True, kw_only=True)
class Scene:
    """Bands of one piece of land, on one grid of pixels."""

    bands: tuple[str, ...]
    """Names of the bands in `dn`, such as B04."""
    dn: NDArray[Any]
    """Digital numbers, shape (bands, height, width), uint16, or float32 where the file has such."""
    transform: Affine
    """Pixels to map coordinates."""
    crs: str = ""
    """What the map coordinates are, such as EPSG:32633; empty if not known."""
    when: datetime | None = None
    """When it was taken (UTC), where a product's name says so."""
    name: str = ""
    """Product, file or cell that it is from."""

    def take(self, bands: Sequence[str]) -> NDArray[Any]:
        """Return digital numbers of these bands, in this order, shape (bands, height, width).

        Raises:
            ShapeError: If some are not in the scene; the message names them.
        """
        check_there(self.name or "The scene", self.bands, bands)
        return self.dn[[self.bands.index(band) for band in bands]]

    def centre(self, size: int) -> Scene:
        """Return the central square of `size` pixels.

        Raises:
            ShapeError: If the scene is smaller.
        """
        top, left = central((self.dn.shape[1], self.dn.shape[2]), size)
        a, b, c, d, e, f = self.transform
        return replace(
            self,
            dn=self.dn[:, top : top + size, left : left + size],
            transform=(a, b, a * left + b * top + c, d, e, d * left + e * top + f),
        )

    @property
    def lonlat(self) -> tuple[float, float] | None:
        """Longitude and latitude of the centre, degrees; None if the file does not say where."""
        if not self.crs:
            return None
        a, b, c, d, e, f = self.transform
        down, across = self.dn.shape[1] / 2, self.dn.shape[2] / 2
        x, y = a * across + b * down + c, d * across + e * down + f
        return lonlat_of(x, y, self.crs)


def named(
    descriptions: tuple[str, ...], given: tuple[str, ...] = (), *, name: str = "The raster"
) -> list[tuple[str, int]]:
    """Return which band is where: those that were given, else the file's own, else the usual ones.

    Raises:
        ShapeError: If that cannot be told, or two have one name.
    """
    count = len(descriptions)
    if given and len(given) != count:
        message = f"{name} has {count} bands; {len(given)} were named."
        raise ShapeError(message, hint="Name every band of the file, in its order.")
    own = [band_name(text) for text in descriptions]
    usual = {len(L2A): L2A, len(L1C): L1C}
    if not given and not any(own) and count not in usual:
        message = f"{name} has {count} bands and does not say which."
        hint = (
            "Name them in the order of the file: --bands B04,B03,B02,…, or read_scene(path, "
            "bands=[...]) in Python; or write them into its band descriptions."
        )
        raise ShapeError(message, hint=hint)
    names = given or (own if any(own) else usual[count])
    found = [(band, index) for index, band in enumerate(names) if band]
    twice = [band for band, _ in found if names.count(band) > 1]
    if twice:
        message = f"{name} has {twice[0]} more than once."
        raise ShapeError(message, hint="Keep one of them.")
    return found


def digital_numbers(
    values: NDArray[Any], *, nodata: float | None = None, name: str = "The raster"
) -> NDArray[Any]:
    """Return values as digital numbers, uint16 or float32, missing pixels 0 as in products.

    Raises:
        ShapeError: If they are NaN or infinite, far below 0, or reflectances.
    """
    if values.dtype.kind not in "uif":
        message = f"{name} holds {values.dtype}, not digital numbers."
        raise ShapeError(message, hint="Give Sentinel-2 L2A as stored: 1/10 000 reflectance.")
    if nodata is not None and np.isnan(nodata):
        values = np.nan_to_num(values, nan=0, posinf=np.inf, neginf=-np.inf)
    if not np.isfinite(values).all():
        message = f"{name} holds NaN or infinity."
        raise ShapeError(message, hint="Fill missing pixels, with 0 as in Sentinel-2 products.")
    if nodata and not np.isnan(nodata):
        values = np.where(values == nodata, 0, values)
    low, high = values.min(initial=0), values.max(initial=0)
    if low < OFFSET or high > LARGEST:
        message = f"{name} holds values from {low:g} to {high:g}, no digital numbers."
        raise ShapeError(message, hint="Fill missing pixels, with 0 as in Sentinel-2 products.")
    if values.dtype.kind == "f" and 0 < high <= REFLECTANCE_MAX:
        message = f"{name} holds reflectances up to {high:g}, not digital numbers."
        raise ShapeError(message, hint="Multiply them by 10 000.")
    if values.dtype.kind == "f" or low < 0:
        return values.astype(np.float32)
    return values.astype(np.uint16)


def check_there(where: str, there: Collection[str], bands: Sequence[str]) -> None:
    """Let pass bands that are there.

    Raises:
        ShapeError: If some are not; the message names them.
    """
    if missing := [band for band in bands if band not in there]:
        message = f"{where} has no {', '.join(missing)}."
        listed = ", ".join(sorted(there)) or "none"
        raise ShapeError(message, hint=f"Bands that are there: {listed}.")
