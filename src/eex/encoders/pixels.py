"""Images that are given as pixels, or as pictures: turned into arrays, or refused in words."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.config import MAX_PICTURE_PIXELS
from eex.errors import BadQueryError, ShapeError
from eex.imagery.picture import from_pillow, read_picture
from eex.imagery.scene import REFLECTANCE_MAX

if TYPE_CHECKING:
    from numpy.typing import NDArray


def as_picture(image: Any) -> NDArray[np.uint8]:  # noqa: ANN401
    """Return pixels (height, width, 3), uint8, of a path, bytes, a Pillow image or an array."""
    if isinstance(image, str | Path | bytes | np.ndarray):
        return read_picture(image)
    if hasattr(image, "convert"):
        return from_pillow(image)
    message = f"A picture is a path, bytes, pixels or a Pillow image, got {type(image).__name__}."
    raise BadQueryError(message)


def checked_raster(
    image: Any,  # noqa: ANN401
    bands: tuple[str, ...],
    *,
    counts: tuple[int, ...] = (),
) -> NDArray[Any]:
    """Return digital numbers (bands, height, width), or say what is wrong with them.

    Args:
        image: What was given.
        bands: Bands that the encoder takes.
        counts: How many bands there may be, where that is not only their number.
    """
    try:
        array = np.asarray(image)
    except ValueError as error:
        message = "The rows of a raster are not equally long."
        raise ShapeError(message, hint="Give an array (bands, height, width).") from error
    counts = counts or (len(bands),)
    if array.ndim != 3 or len(array) not in counts:  # noqa: PLR2004
        expected = " or ".join(map(str, counts))
        message = f"Expected ({expected}, height, width), got {array.shape}."
        raise ShapeError(message, hint=f"Bands, in this order: {', '.join(bands)}.")
    if array.shape[1] * array.shape[2] > MAX_PICTURE_PIXELS:
        message = f"The raster is {array.shape[2]} x {array.shape[1]} pixels, too large to compare."
        raise ShapeError(message, hint="Cut it into tiles; models look at some hundred pixels.")
    if not np.issubdtype(array.dtype, np.number) or np.iscomplexobj(array):
        message = f"Expected digital numbers, got {array.dtype}."
        raise ShapeError(message, hint="Give Sentinel-2 L2A as stored: 1/10 000 reflectance.")
    if array.dtype.kind == "f" and not all(np.isfinite(band).all() for band in array):
        message = "The raster holds NaN or infinity."
        raise ShapeError(message, hint="Fill missing pixels, with 0 as in Sentinel-2 products.")
    if array.dtype.kind == "f" and 0 < array.max() <= REFLECTANCE_MAX:
        message = f"The raster holds reflectances up to {array.max():g}, not digital numbers."
        raise ShapeError(message, hint="Multiply them by 10 000.")
    if min(array.shape[1:]) < 8:  # noqa: PLR2004
        message = f"The raster is {array.shape[2]} x {array.shape[1]} pixels, too small to compare."
        raise ShapeError(message, hint="Give at least 8 x 8 pixels.")
    return array
