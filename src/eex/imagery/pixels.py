"""What reading a tile gives: pixels as stored, what they are, and where they lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from eex.tiles import TileRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.imagery.geotiff import Affine

Kind = Literal["thumbnail", "rgb", "bands"]
"""What of a tile is read: its stored picture, the bands B04, B03, B02, or any bands."""

Crop = Literal["embedded", "whole"] | int
"""Which part: what the vector was made of, all of it, or the central square of so many pixels."""


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
