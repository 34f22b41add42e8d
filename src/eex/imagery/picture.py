"""Pictures that users give become arrays; what is none is refused before it costs memory."""

from __future__ import annotations

import base64
import binascii
import io
import threading
import warnings
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eex.config import MAX_PICTURE_BYTES, MAX_PICTURE_PIXELS
from eex.errors import BadPictureError
from eex.files import user_path

if TYPE_CHECKING:
    from PIL import Image

MIN_SIDE = 8
"""Fewest pixels that a side of a query picture has: fewer hold no texture."""

MAX_PIXELS = {"JPEG": 64_000_000, "WEBP": 10_000_000}
"""Where the limit is another one: JPEG is shrunk as it is decoded, WebP is held four times."""

LONG_SIDE = 2048
"""Larger pictures are shrunk by a whole number to at most this, but no side under `MIN_SIDE`; no
encoder looks at more."""

STRIP = 64
"""Rows of the shrunk picture that are made at a time."""

BITS_16_TO_8 = 257
"""Grey levels of 16 bits for one of 8 bits, so that white stays white."""

NO_PICTURES = {"I": "whole numbers of 32 bits", "F": "fractions"}
"""Modes of Pillow whose values have no white, and what they hold."""

FORMATS = ("PNG", "JPEG", "WEBP", "TIFF", "GIF", "BMP")
"""What is read."""

_DECODING = threading.BoundedSemaphore(2)
"""How many pictures are decoded at once: each takes about 4 bytes a pixel of the limit."""

_HINT = "Give a PNG, JPEG, WebP, TIFF, GIF or BMP of at least 8 x 8 pixels."


def read_picture(source: bytes | str | Path | NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Decode a picture, turned upright and without transparency.

    Args:
        source: The file's bytes, its path, or pixels, shape (height, width[, 3]), uint8.

    Returns:
        Shape (height, width, 3), sRGB, 0 to 255.

    Raises:
        BadPictureError: If it is missing, not a picture, under 8 pixels on a side, over 40 million
            pixels (JPEG 64, WebP 10) or over 32 MiB, or of numbers of 32 bits.
    """
    if isinstance(source, np.ndarray):
        return _checked_array(source)
    raw = source if isinstance(source, bytes) else picture_bytes(source)
    if len(raw) > MAX_PICTURE_BYTES:
        raise _too_many_bytes(len(raw))
    return _decode(raw)


def from_pillow(picture: Image.Image) -> NDArray[np.uint8]:
    """Return an opened picture as `read_picture` returns its file: upright, on white, shrunk.

    Raises:
        BadPictureError: If it is too small or too large, or its file cannot be read to its end.
    """
    _check_size(picture.width, picture.height)
    _check_mode(picture.mode)
    try:
        return _upright(picture.copy(), picture)
    except Exception as error:
        message = "This is not a picture that can be read."
        raise BadPictureError(message, hint=_HINT) from error


def picture_bytes(path: str | Path) -> bytes:
    """Return a picture file's bytes.

    Raises:
        BadPictureError: If it cannot be read or is over 32 MiB.
    """
    path = user_path(path)
    try:
        if not S_ISREG(path.stat().st_mode):  # a pipe or a device may have no end
            message = f"The picture {path} cannot be read: it is not a file."
            raise BadPictureError(message, hint="Check the path.")
        with path.open("rb") as file:
            raw = file.read(MAX_PICTURE_BYTES + 1)
        if len(raw) > MAX_PICTURE_BYTES:
            raise _too_many_bytes(path.stat().st_size)
    except OSError as error:
        message = f"The picture {path} cannot be read: {error.strerror or error}."
        raise BadPictureError(message, hint="Check the path.") from error
    return raw


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


def _check_size(width: int, height: int, *, most: int = MAX_PICTURE_PIXELS) -> None:
    if min(width, height) < MIN_SIDE:
        message = f"The picture is {width} x {height} pixels, too small to compare."
        raise BadPictureError(message, hint=_HINT)
    if width * height > most:
        message = (
            f"The picture is {width} x {height} pixels; at most {most // 10**6} million are read."
        )
        raise BadPictureError(message, hint="Make it smaller; 1,000 pixels a side are plenty.")


def _check_mode(mode: str) -> None:
    if mode in NO_PICTURES:
        message = f"The picture holds {NO_PICTURES[mode]}; which of them is white is not known."
        hint = "Save it with 8 bits a channel, or give Sentinel-2 bands as a GeoTIFF."
        raise BadPictureError(message, hint=hint)


def _decode(raw: bytes) -> NDArray[np.uint8]:
    from PIL import Image

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # our own limit is below Pillow's
            picture = Image.open(io.BytesIO(raw), formats=FORMATS)
        with picture:
            most = MAX_PIXELS.get(picture.format or "", MAX_PICTURE_PIXELS)
            _check_size(picture.width, picture.height, most=most)
            _check_mode(picture.mode)
            return _upright(picture, picture)
    except BadPictureError:
        raise
    except Image.DecompressionBombError as error:
        message = f"The picture has over {MAX_PICTURE_PIXELS // 10**6} million pixels."
        raise BadPictureError(message, hint="Make it smaller.") from error
    except Exception as error:
        message = "This is not a picture that can be read."
        raise BadPictureError(message, hint=_HINT) from error


def _upright(picture: Image.Image, told: Image.Image) -> NDArray[np.uint8]:
    """Return a picture shrunk, and turned as the Exif data of `told` say."""
    from PIL import ImageOps
    from PIL.ExifTags import Base

    with _DECODING:
        small = _shrunk(picture)
    small.getexif()[Base.Orientation] = told.getexif().get(Base.Orientation, 1)
    return np.asarray(ImageOps.exif_transpose(small))


def _eight_bits(strip: Image.Image) -> Image.Image:
    """Return grey of 16 bits as 8 bits on white, anything else as it is: Pillow would clip it."""
    if not strip.mode.startswith("I;16"):
        return strip
    from PIL import Image

    values = np.asarray(strip).astype(np.uint32)
    grey = ((values + BITS_16_TO_8 // 2) // BITS_16_TO_8).astype(np.uint8)
    clear = strip.info.get("transparency")
    if isinstance(clear, int):
        grey[values == clear] = 255
    return Image.fromarray(grey)


def _shrunk(picture: Image.Image) -> Image.Image:
    """Return it as RGB on white, at most `LONG_SIDE` long.

    It goes strip by strip, so that nothing but the decoder's own picture is ever held at full size.
    """
    from PIL import Image

    picture.draft("RGB", (LONG_SIDE, LONG_SIDE))
    width, height = picture.size
    factor = max(1, min(-(-max(width, height) // LONG_SIDE), min(width, height) // MIN_SIDE))
    small = Image.new("RGB", (-(-width // factor), -(-height // factor)))
    for top in range(0, small.height, STRIP):
        bottom = min((top + STRIP) * factor, height)
        strip = _eight_bits(picture.crop((0, top * factor, width, bottom)))
        if strip.has_transparency_data:
            white = Image.new("RGBA", strip.size, "white")
            strip = Image.alpha_composite(white, strip.convert("RGBA"))
        small.paste(strip.convert("RGB").reduce(factor), (0, top))
    return small
