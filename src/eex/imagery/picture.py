"""Pictures that users give become arrays; what is none is refused before it costs memory."""

from __future__ import annotations

import base64
import binascii
import io
import warnings
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from eex.config import MAX_PICTURE_BYTES, MAX_PICTURE_PIXELS
from eex.errors import BadPictureError

MIN_SIDE = 8
"""Fewest pixels that a side of a query picture has: fewer hold no texture."""

LONG_SIDE = 4096
"""Larger pictures are decoded at about this size; no encoder looks at more."""

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP")
"""What is read."""

_HINT = "Give a PNG, JPEG, WebP, TIFF, GIF or BMP of at least 8 x 8 pixels."


def read_picture(source: bytes | str | Path | NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Decode a picture, turned upright and without transparency.

    Args:
        source: The file's bytes, its path, or pixels, shape (height, width[, 3]), uint8.

    Returns:
        Shape (height, width, 3), sRGB, 0 to 255.

    Raises:
        BadPictureError: If it is missing, not a picture, under 8 pixels on a side, over 64 million
            pixels or over 32 MiB.
    """
    if isinstance(source, np.ndarray):
        return _checked_array(source)
    raw = source if isinstance(source, bytes) else picture_bytes(source)
    return _decode(raw)


def picture_bytes(path: str | Path) -> bytes:
    """Return a picture file's bytes.

    Raises:
        BadPictureError: If it cannot be read or is over 32 MiB.
    """
    path = Path(path).expanduser()
    try:
        if path.stat().st_size > MAX_PICTURE_BYTES:
            raise _too_many_bytes(path.stat().st_size)
        return path.read_bytes()
    except OSError as error:
        message = f"The picture {path} cannot be read: {error.strerror or error}."
        raise BadPictureError(message, hint="Check the path.") from error


def picture_from_base64(text: str) -> bytes:
    """Return the bytes of a base64 string or a `data:` URL.

    Raises:
        BadPictureError: If it is not base64, or is over 32 MiB.
    """
    payload = text.partition(",")[2] if text.startswith("data:") else text
    if len(payload) > MAX_PICTURE_BYTES * 4 // 3 + 4:
        raise _too_many_bytes(len(payload) * 3 // 4)
    try:
        return base64.b64decode(payload, validate=True)
    except (binascii.Error, ValueError) as error:
        message = "The picture is not valid base64."
        raise BadPictureError(message, hint="Send the file's bytes as base64.") from error


def _too_many_bytes(size: int) -> BadPictureError:
    message = f"The picture has {size / 2**20:.0f} MiB; at most {MAX_PICTURE_BYTES >> 20} are read."
    return BadPictureError(message, hint="Make it smaller; 1,000 pixels a side are plenty.")


def _checked_array(pixels: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if pixels.ndim == 2:  # noqa: PLR2004
        pixels = np.repeat(pixels[:, :, None], 3, axis=2)
    if pixels.ndim != 3 or pixels.shape[2] != 3 or pixels.dtype != np.uint8:  # noqa: PLR2004
        message = f"Expected (height, width, 3) of uint8, got {pixels.shape} of {pixels.dtype}."
        raise BadPictureError(message, hint="Scale the values to 0-255 and put the bands last.")
    _check_size(pixels.shape[1], pixels.shape[0])
    return pixels


def _check_size(width: int, height: int) -> None:
    if min(width, height) < MIN_SIDE:
        message = f"The picture is {width} x {height} pixels, too small to compare."
        raise BadPictureError(message, hint=_HINT)
    if width * height > MAX_PICTURE_PIXELS:
        message = (
            f"The picture is {width} x {height} pixels; at most "
            f"{MAX_PICTURE_PIXELS // 10**6} million are read."
        )
        raise BadPictureError(message, hint="Make it smaller; 1,000 pixels a side are plenty.")


def _decode(raw: bytes) -> NDArray[np.uint8]:
    from PIL import Image, ImageOps

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # our own limit is below Pillow's
            picture = Image.open(io.BytesIO(raw), formats=FORMATS)
        with picture:
            _check_size(picture.width, picture.height)
            picture.draft("RGB", (LONG_SIDE, LONG_SIDE))
            upright = ImageOps.exif_transpose(picture)
            if max(upright.size) > LONG_SIDE:
                upright.thumbnail((LONG_SIDE, LONG_SIDE), Image.Resampling.BOX)
            if upright.mode in {"RGBA", "LA", "PA", "P"}:
                opaque = Image.new("RGBA", upright.size, "white")
                upright = Image.alpha_composite(opaque, upright.convert("RGBA"))
            return np.asarray(upright.convert("RGB"))
    except BadPictureError:
        raise
    except Image.DecompressionBombError as error:
        message = f"The picture has over {MAX_PICTURE_PIXELS // 10**6} million pixels."
        raise BadPictureError(message, hint="Make it smaller.") from error
    except Exception as error:
        message = "This is not a picture that can be read."
        raise BadPictureError(message, hint=_HINT) from error
