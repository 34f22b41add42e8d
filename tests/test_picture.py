"""Pictures are decoded upright and opaque; what is none, is too small or too large is refused."""

from __future__ import annotations

import base64
import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from eex.errors import BadPictureError
from eex.imagery.picture import picture_bytes, picture_from_base64, read_picture


def encoded(pixels: np.ndarray, form: str = "PNG", **options: object) -> bytes:
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, form, **options)
    return out.getvalue()


def huge_png(width: int, height: int) -> bytes:
    """Return a PNG that is large only in its header, as a decompression bomb is."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(1000))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("form", ["PNG", "BMP", "TIFF", "GIF", "WEBP"])
def test_every_format_gives_the_pixels_that_were_written(form: str) -> None:
    pixels = np.zeros((20, 30, 3), np.uint8)
    pixels[:, 15:] = (255, 0, 0)
    lossless = {"lossless": True} if form == "WEBP" else {}
    assert np.array_equal(read_picture(encoded(pixels, form, **lossless)), pixels)


def test_a_picture_is_turned_as_its_camera_was() -> None:
    pixels = np.zeros((20, 30, 3), np.uint8)
    pixels[:10] = 200
    exif = Image.Exif()
    exif[0x0112] = 6  # turn 90 degrees clockwise
    upright = read_picture(encoded(pixels, exif=exif))
    assert np.array_equal(upright, np.rot90(pixels, k=-1))


def test_what_is_transparent_becomes_white() -> None:
    pixels = np.zeros((10, 10, 4), np.uint8)
    assert (read_picture(encoded(pixels)) == 255).all()


def test_grey_and_sixteen_bit_pictures_are_read() -> None:
    assert read_picture(encoded(np.full((9, 9), 77, np.uint8))).tolist()[0][0] == [77, 77, 77]
    assert read_picture(encoded(np.full((9, 9), 7700, np.uint16))).shape == (9, 9, 3)


def test_arrays_are_taken_as_they_are() -> None:
    pixels = np.full((9, 9, 3), 5, np.uint8)
    assert np.array_equal(read_picture(pixels), pixels)
    with pytest.raises(BadPictureError, match="uint8"):
        read_picture(pixels.astype(float))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "bad",
    [b"", b"just some text", b"\x89PNG\r\n\x1a\n", encoded(np.zeros((30, 30, 3), np.uint8))[:60]],
)
def test_what_is_no_picture_is_refused_in_words(bad: bytes) -> None:
    with pytest.raises(BadPictureError, match="not a picture"):
        read_picture(bad)


def test_a_picture_of_one_pixel_is_too_small() -> None:
    with pytest.raises(BadPictureError, match="1 x 1 pixels, too small"):
        read_picture(encoded(np.zeros((1, 1, 3), np.uint8)))


@pytest.mark.parametrize("side", [9_000, 12_000, 20_000])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(side: int) -> None:
    with pytest.raises(BadPictureError, match="64 million"):
        read_picture(huge_png(side, side))


def test_a_large_picture_is_decoded_smaller() -> None:
    assert max(read_picture(encoded(np.zeros((600, 5000, 3), np.uint8))).shape) == 4096


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadPictureError, match="cannot be read"):
        picture_bytes(tmp_path / "none.png")


def test_base64_and_data_urls_are_read() -> None:
    text = base64.b64encode(b"abc").decode()
    assert picture_from_base64(text) == b"abc"
    assert picture_from_base64(f"data:image/png;base64,{text}") == b"abc"
    with pytest.raises(BadPictureError, match="base64"):
        picture_from_base64("no base64!")
