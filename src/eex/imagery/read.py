"""Tiles to pixels, by the way of reading that the set's header names."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING, Protocol, cast

import numpy as np
from numpy.typing import NDArray

from eex.errors import BadQueryError, UnknownNameError
from eex.imagery.bluemarble import CREDIT, BlueMarble
from eex.imagery.pixels import Crop, Kind, TilePixels
from eex.imagery.scene import RGB, Scene
from eex.registry import find, names
from eex.tiles import TileRef

if TYPE_CHECKING:
    from eex.config import Settings

GAMMA = 0.75
"""Exponent that lightens Blue Marble for the eye; its forests are very dark."""


class PixelReader(Protocol):
    """Gives the pixels of tiles. Made once for a set, called from several threads."""

    def encoder_input(
        self, tiles: Sequence[TileRef], *, bands: Sequence[str] = RGB
    ) -> Sequence[NDArray[np.uint8] | Scene]:
        """Return what encoders are fed, one for each tile: the part that was embedded.

        Args:
            tiles: Any number of them.
            bands: Bands that the encoder takes, where pixels are stored numbers.

        Returns:
            Pictures (height, width, 3), or scenes of the stored numbers.
        """
        ...

    def picture(self, tile: TileRef, *, size: int) -> NDArray[np.uint8]:
        """Return a picture for people, shape (size, size, 3), of what was embedded."""
        ...

    def pixels(
        self,
        tile: TileRef,
        *,
        kind: Kind = "rgb",
        bands: Sequence[str] = (),
        crop: Crop = "embedded",
    ) -> TilePixels:
        """Return pixels as stored, with where they lie.

        Args:
            tile: The tile.
            kind: What is read.
            bands: For "bands": which, in this order; all by default.
            crop: Which part of the tile.
        """
        ...

    def pixels_of(
        self,
        tiles: Sequence[TileRef],
        *,
        kind: Kind = "rgb",
        bands: Sequence[str] = (),
        crop: Crop = "embedded",
    ) -> Iterator[TilePixels]:
        """Yield `pixels` of several tiles, in their order, each as soon as it is its turn."""
        ...


class BlueMarbleReader:
    """Tiles of the embedded world: 200 km windows of NASA Blue Marble."""

    def __init__(self, settings: Settings | None = None) -> None:
        """Nothing is read before the first tile; there is nothing to set."""

    def encoder_input(
        self,
        tiles: Sequence[TileRef],
        *,
        bands: Sequence[str] = RGB,  # noqa: ARG002, there are no others
    ) -> Sequence[NDArray[np.uint8]]:
        """Cut the windows at 32 x 32 pixels, 6.25 km each, as the model was fitted."""
        lonlat = np.array([(tile.lon, tile.lat) for tile in tiles], np.float64).reshape(-1, 2)
        return list(BlueMarble.open().cut(lonlat))

    def picture(self, tile: TileRef, *, size: int) -> NDArray[np.uint8]:
        """Cut one window and lighten it (gamma 0.75); it holds no more detail than 27 pixels."""
        from PIL import Image

        cut = BlueMarble.open().cut(np.array([[tile.lon, tile.lat]]), size=64)[0]
        light = (255 * (cut / 255.0) ** GAMMA + 0.5).astype(np.uint8)
        return np.asarray(Image.fromarray(light).resize((size, size), Image.Resampling.BICUBIC))

    def pixels(
        self,
        tile: TileRef,
        *,
        kind: Kind = "rgb",
        bands: Sequence[str] = (),
        crop: Crop = "embedded",  # noqa: ARG002, a window is never cut
    ) -> TilePixels:
        """Return the window at 32 x 32 pixels, red, green and blue of the mosaic.

        Raises:
            BadQueryError: If bands are asked for: the mosaic is a picture.
        """
        if kind == "bands" or bands:
            message = "The embedded world is a picture; it has no bands of Sentinel-2."
            raise BadQueryError(message, hint="Ask for rgb or thumbnail.")
        cut = self.encoder_input([tile])[0]
        return TilePixels(
            kind=kind,
            values=cut.transpose(2, 0, 1),
            bands=("red", "green", "blue"),
            transform=(1, 0, 0, 0, 1, 0),
            crs="",
            tile=tile,
            attribution=CREDIT,
        )

    def pixels_of(
        self,
        tiles: Sequence[TileRef],
        *,
        kind: Kind = "rgb",
        bands: Sequence[str] = (),
        crop: Crop = "embedded",
    ) -> Iterator[TilePixels]:
        """Yield the windows of several tiles."""
        for tile in tiles:
            yield self.pixels(tile, kind=kind, bands=bands, crop=crop)


def pixel_reader(name: str, *, settings: Settings) -> PixelReader:
    """Return the reader that a set's header names.

    Raises:
        UnknownNameError: If this version has no such reader.
    """
    if not name:
        message = "This set does not say how the pixels of its tiles are read."
        raise UnknownNameError(message, hint="Give the tile's own file as a picture.")
    known = names("eex.readers")
    if name not in known:
        message = f"The pixels of this set are read by {name!r}, which is not known here."
        raise UnknownNameError(message, hint=f"Known: {', '.join(known)}.")
    make = cast("Callable[[Settings], PixelReader]", find("eex.readers", name))
    return make(settings)
