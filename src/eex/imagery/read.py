"""Tiles to pixels, by the way of reading that the set's header names."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from eex.errors import UnknownNameError
from eex.imagery.bluemarble import BlueMarble

GAMMA = 0.75
"""Exponent that lightens Blue Marble for the eye; its forests are very dark."""


class PixelReader(Protocol):
    """Gives the pixels of tiles."""

    def encoder_input(self, lonlat: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Return what encoders are fed, shape (n, height, width, 3), for tile centres (n, 2)."""
        ...

    def picture(self, lonlat: NDArray[np.float64], *, size: int) -> NDArray[np.uint8]:
        """Return a picture for people, shape (size, size, 3), of the tile centred at `lonlat`."""
        ...


class BlueMarbleReader:
    """Tiles of the embedded world: 200 km windows of NASA Blue Marble."""

    def encoder_input(self, lonlat: NDArray[np.float64]) -> NDArray[np.uint8]:
        """Cut the windows at 32 x 32 pixels, 6.25 km each, as the model was fitted."""
        return BlueMarble.open().cut(lonlat)

    def picture(self, lonlat: NDArray[np.float64], *, size: int) -> NDArray[np.uint8]:
        """Cut one window and lighten it (gamma 0.75); it holds no more detail than 27 pixels."""
        from PIL import Image

        cut = BlueMarble.open().cut(np.reshape(lonlat, (1, 2)), size=64)[0]
        light = (255 * (cut / 255.0) ** GAMMA + 0.5).astype(np.uint8)
        return np.asarray(Image.fromarray(light).resize((size, size), Image.Resampling.BICUBIC))


_READERS: dict[str, Callable[[], PixelReader]] = {"bluemarble": BlueMarbleReader}


def pixel_reader(name: str) -> PixelReader:
    """Return the reader that a set's header names.

    Raises:
        UnknownNameError: If this version has no such reader.
    """
    if name not in _READERS:
        if not name:
            message = "This set does not say how the pixels of its tiles are read."
            raise UnknownNameError(message, hint="Give the tile's own file as a picture.")
        message = f"The pixels of this set are read by {name!r}, which is not known here."
        raise UnknownNameError(message, hint=f"Known: {', '.join(_READERS)}.")
    return _READERS[name]()
