"""Pictures are decoded upright and opaque; what is none, is too small or too large is refused."""

from __future__ import annotations

import base64
import io
import os
import struct
import subprocess
import sys
import tempfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from eex.encoders.pixels import as_picture
from eex.errors import BadPictureError, BadQueryError
from eex.imagery.picture import LONG_SIDE, picture_bytes, picture_from_base64, read_picture


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


@pytest.mark.parametrize("side", [6_400, 12_000, 20_000])
def test_a_picture_of_too_many_pixels_is_refused_before_it_is_decoded(side: int) -> None:
    with pytest.raises(BadPictureError, match="40 million"):
        read_picture(huge_png(side, side))


@pytest.mark.parametrize(("form", "side", "most"), [("WEBP", 3200, 10), ("JPEG", 8001, 64)])
def test_formats_have_the_limit_that_their_decoder_needs(form: str, side: int, most: int) -> None:
    out = io.BytesIO()
    Image.new("L", (side, side)).save(out, form)
    with pytest.raises(BadPictureError, match=f"at most {most} million"):
        read_picture(out.getvalue())


@pytest.mark.parametrize("form", ["PNG", "JPEG"])
@pytest.mark.parametrize("shape", [(600, 5000), (4097, 30), (3001, 2999)])
def test_a_large_picture_is_shrunk_evenly(form: str, shape: tuple[int, int]) -> None:
    pixels = np.zeros((*shape, 3), np.uint8)
    pixels[: shape[0] // 2, :, 0] = 200
    pixels[:, : shape[1] // 2, 1] = 100
    small = read_picture(encoded(pixels, form)).astype(float)
    assert LONG_SIDE / 2 < max(small.shape) <= LONG_SIDE
    assert small.shape[0] / small.shape[1] == pytest.approx(shape[0] / shape[1], rel=0.1)
    np.testing.assert_allclose(small.mean(axis=(0, 1)), pixels.mean(axis=(0, 1)), atol=3)


def test_what_is_transparent_in_a_large_picture_becomes_white_before_it_is_shrunk() -> None:
    pixels = np.zeros((3000, 3000, 4), np.uint8)
    pixels[::2, :, 3] = 255  # black, every other row
    small = read_picture(encoded(pixels))
    assert np.abs(small.astype(int) - 127.5).max() < 1


@pytest.mark.parametrize("mode", ["P", "L", "1", "RGB"])
def test_a_transparent_colour_becomes_white(mode: str) -> None:
    picture = Image.new(mode, (9, 9), 0)
    out = io.BytesIO()
    picture.save(out, "PNG", transparency=(0, 0, 0) if mode == "RGB" else 0)
    assert (read_picture(out.getvalue()) == 255).all()


def test_decoding_large_pictures_costs_little_memory() -> None:
    """Six at once take two decoders' worth, 4 bytes a pixel each, and what is returned."""
    code = (
        "import io, resource, sys; from concurrent.futures import ThreadPoolExecutor\n"
        "from PIL import Image; from eex.imagery.picture import read_picture\n"
        "out = io.BytesIO(); Image.new('RGBA', (16, 16)).save(out, 'PNG')\n"
        "read_picture(out.getvalue())\n"
        "raw = open(sys.argv[1], 'rb').read()\n"
        "peak = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss\n"
        "before = peak()\n"
        "with ThreadPoolExecutor(6) as pool: list(pool.map(read_picture, [raw] * 6))\n"
        "print((peak() - before) / 1024)"
    )
    with tempfile.NamedTemporaryFile(suffix=".png") as file:
        Image.new("RGBA", (4000, 4000)).save(file, "PNG")
        done = subprocess.run(
            [sys.executable, "-c", code, file.name], capture_output=True, text=True, check=True
        )
    decoded, returned = 4 * 4000**2 / 2**20, 3 * 2000**2 / 2**20
    assert float(done.stdout) < 2.6 * decoded + 6 * returned + 40


def test_a_missing_file_is_told(tmp_path: Path) -> None:
    with pytest.raises(BadPictureError, match="cannot be read"):
        picture_bytes(tmp_path / "none.png")


def test_what_is_no_plain_file_is_not_read(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", tmp_path, Path("/dev/zero")):
        with pytest.raises(BadPictureError, match="not a file"):
            picture_bytes(path)


@pytest.mark.parametrize("path", ["~nouserofthisname/x.png", "a\0b.png", "a" * 300])
def test_what_cannot_be_a_path_is_told(path: str) -> None:
    with pytest.raises(BadQueryError, match="cannot be a path"):
        picture_bytes(path)


def test_a_file_of_too_many_bytes_is_told(tmp_path: Path) -> None:
    with (tmp_path / "a.png").open("wb") as file:
        file.truncate(33 * 2**20)
    with pytest.raises(BadPictureError, match="33 MiB; at most 32"):
        picture_bytes(tmp_path / "a.png")
    with pytest.raises(BadPictureError, match="33 MiB; at most 32"):
        read_picture(bytes(33 * 2**20))


def test_base64_and_data_urls_are_read() -> None:
    text = base64.b64encode(b"abc").decode()
    assert picture_from_base64(text) == b"abc"
    assert picture_from_base64(f"data:image/png;base64,{text}") == b"abc"
    with pytest.raises(BadPictureError, match="base64"):
        picture_from_base64("no base64!")


def test_an_opened_picture_is_what_its_file_is() -> None:
    clear = Image.new("RGBA", (20, 10), (200, 0, 0, 0))
    turned = Image.fromarray(np.tile(np.arange(60, dtype=np.uint8)[:, None, None], (1, 40, 3)))
    turned.getexif()[0x0112] = 6  # a quarter to the right
    wide = Image.new("RGB", (4100, 20), "green")
    for made, form in ((clear, "PNG"), (turned, "PNG"), (wide, "PNG")):
        stream = io.BytesIO()
        made.save(stream, form, exif=made.getexif())
        opened = Image.open(io.BytesIO(stream.getvalue()))
        expected = read_picture(stream.getvalue())
        np.testing.assert_array_equal(as_picture(opened), expected)
        assert opened.size == made.size
    with pytest.raises(BadPictureError, match="too small"):
        as_picture(Image.new("RGB", (1, 1)))


@pytest.mark.parametrize("size", [(30_000, 8), (8, 30_000), (30_000, 100)])
def test_long_pictures_are_shrunk_no_further_than_the_short_side_allows(
    size: tuple[int, int],
) -> None:
    pixels = read_picture(encoded(np.full((size[1], size[0], 3), (0, 128, 0), np.uint8)))
    assert min(pixels.shape[:2]) >= 8
    np.testing.assert_array_equal(read_picture(pixels), pixels)
    np.testing.assert_allclose(pixels.reshape(-1, 3).mean(0), (0, 128, 0), atol=1)


@pytest.mark.parametrize("form", ["PNG", "TIFF"])
def test_grey_of_16_bits_keeps_its_greys(form: str) -> None:
    levels = np.arange(256, dtype=np.uint16).repeat(8).reshape(16, 128)
    made = read_picture(encoded(levels * 257, form))
    np.testing.assert_array_equal(made, np.repeat(levels[:, :, None], 3, axis=2))
    np.testing.assert_array_equal(as_picture(Image.fromarray(levels * 257)), made)
    clear = read_picture(encoded(np.zeros((9, 9), np.uint16), transparency=0))
    assert (clear == 255).all()


@pytest.mark.parametrize("kind", [np.int32, np.float32])
def test_numbers_without_a_white_are_no_picture(kind: type) -> None:
    values = np.full((20, 20), 0.5, np.float64).astype(kind)
    for take, given in (
        (read_picture, encoded(values, "TIFF")),
        (as_picture, Image.fromarray(values)),
    ):
        with pytest.raises(BadPictureError, match="which of them is white") as told:
            take(given)
        assert "8 bits" in told.value.hint
        assert "GeoTIFF" in told.value.hint
