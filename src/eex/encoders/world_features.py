"""What a small picture looks like, in numbers: colours, textures at four scales, colour masses.

In: pictures of 32x32 pixels. Out: one row of numbers each; the fitted maps of `world.py` read
nothing else. Nothing is learnt here. Chunks of tiles are handled together, as planes of
(tiles, 32, 32), which keeps memory small and the work in numpy.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from eex.errors import ShapeError

SIZE = 32
"""Height and width of a picture, pixels."""

CHUNK = 256
"""Tiles handled at once: a plane of them is 1 MB, so that it stays in the processor's cache."""

CHANNELS = 3
"""Red, green, blue."""

BINS = 6
"""Steps per channel of the joint colour histogram, even in the square root of brightness."""

PERCENTILES = (5, 25, 50, 75, 95)
"""Percentiles of each channel."""

SCALES = 4
"""Textures are measured at 32, 16, 8 and 4 pixels a side."""

FEATURES = 9 + 15 + BINS**3 + 3 * (3 + 6 * SCALES) + 7 * 6
"""Length of one row."""

_STEP = np.minimum(np.sqrt(np.arange(256) / 255) * BINS, BINS - 1).astype(np.int16)

Plane = NDArray[np.float32]
"""One number per pixel, shape (n, height, width)."""


def tile_features(tiles: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Describe pictures by colour, texture and layout.

    Args:
        tiles: Shape (n, 32, 32, 3), sRGB.

    Returns:
        Shape (n, FEATURES): per channel mean, deviation, root of mean and percentiles; the root of
        the joint colour histogram; of brightness, red-blue and green-magenta the moments and the
        slopes at four scales; of seven colour masses (water, white, green, tan, red, dark,
        turquoise) share, edges, centring and patchiness.

    Raises:
        ShapeError: If the pictures have another size.
    """
    if tiles.ndim != 4 or tiles.shape[1:] != (SIZE, SIZE, 3):  # noqa: PLR2004
        message = f"Expected pictures of shape (n, {SIZE}, {SIZE}, 3), got {tiles.shape}."
        raise ShapeError(message, hint="Resample them first; encode_image does.")
    rows = np.empty((len(tiles), FEATURES), np.float32)
    for start in range(0, len(tiles), CHUNK):
        chunk = tiles[start : start + CHUNK]
        rows[start : start + CHUNK] = np.concatenate(list(_describe(chunk)), axis=1)
    return rows


def same_size(images: Sequence[NDArray[np.uint8]]) -> Iterator[NDArray[np.uint8]]:
    """Yield batches of pictures at 32x32 pixels, shape (n, 32, 32, 3), averaging over areas.

    Raises:
        ShapeError: If a picture is not of three channels or is empty.
    """
    for start in range(0, len(images), CHUNK):
        part = images[start : start + CHUNK]
        if isinstance(part, np.ndarray) and part.shape[1:] == (SIZE, SIZE, CHANNELS):
            yield part
        else:
            yield np.stack([_resample(np.asarray(image)) for image in part])


def _describe(tiles: NDArray[np.uint8]) -> Iterator[NDArray[np.float32]]:
    count = len(tiles)
    bytes_ = np.ascontiguousarray(tiles.transpose(3, 0, 1, 2))
    planes = bytes_.astype(np.float32) / np.float32(255)
    mean = planes.mean(axis=(2, 3)).T
    yield mean
    yield planes.std(axis=(2, 3)).T
    yield np.sqrt(mean)
    yield _percentiles(bytes_).astype(np.float32)
    red, green, blue = _STEP[bytes_]
    bins = ((red * BINS + green) * BINS + blue).reshape(count, -1).astype(np.int64)
    bins += BINS**3 * np.arange(count)[:, None]
    histogram = np.bincount(bins.ravel(), minlength=BINS**3 * count).reshape(count, -1)
    yield np.sqrt(histogram.astype(np.float32) / np.float32(SIZE * SIZE))
    red, green, blue = planes
    for plane in ((red + green + blue) / 3, red - blue, green - (red + blue) / 2):
        yield from _texture(plane)
    for mass in _masses(red, green, blue):
        yield _layout(mass.astype(np.float32))


def _percentiles(planes: NDArray[np.uint8]) -> NDArray[np.float64]:
    """Return the percentiles of each channel, 0 to 1, shape (n, 5 x 3)."""
    ordered = np.sort(planes.reshape(3, planes.shape[1], -1), axis=2)
    last = ordered.shape[2] - 1
    found = []
    for percent in PERCENTILES:
        at = percent / 100 * last
        low, part = int(at), at - int(at)
        high = min(low + 1, last)
        found.append((ordered[:, :, low] * (1 - part) + ordered[:, :, high] * part).T / 255)
    return np.concatenate(found, axis=1)


def _texture(plane: Plane) -> Iterator[NDArray[np.float32]]:
    """Yield moments, then slopes: mean and deviation by axis, largest, mean length."""
    count = len(plane)
    mean = plane.mean(axis=(1, 2))
    off = plane - mean[:, None, None]
    yield np.stack([mean, np.sqrt((off * off).mean(axis=(1, 2))), (off**3).mean(axis=(1, 2))], 1)
    for _ in range(SCALES):
        across, down = np.diff(plane, axis=2), np.diff(plane, axis=1)
        size_across = np.abs(across)
        length = np.sqrt(across[:, :-1] ** 2 + down[:, :, :-1] ** 2)
        yield np.stack(
            [
                size_across.mean(axis=(1, 2)),
                np.abs(down).mean(axis=(1, 2)),
                across.std(axis=(1, 2)),
                down.std(axis=(1, 2)),
                size_across.max(axis=(1, 2)),
                np.sqrt(length.mean(axis=(1, 2))),
            ],
            axis=1,
        )
        half = plane.shape[1] // 2
        plane = plane.reshape(count, half, 2, half, 2).mean(axis=(2, 4))


def _masses(red: Plane, green: Plane, blue: Plane) -> Iterator[NDArray[np.bool_]]:
    """Yield where the picture looks like water, snow, plants, sand, red earth, dark, shallows."""
    high = np.maximum(np.maximum(red, green), blue)
    low = np.minimum(np.minimum(red, green), blue)
    yield (blue > red * 1.15) & (blue >= green * 1.02) & (high < 0.75)  # noqa: PLR2004
    yield low > 0.66  # noqa: PLR2004
    yield (green >= red * 0.98) & (green > blue * 1.25) & (high < 0.5)  # noqa: PLR2004
    yield (red > green) & (green > blue) & (high > 0.5)  # noqa: PLR2004
    yield (red > green * 1.35) & (red > blue * 1.7)
    yield high < 0.16  # noqa: PLR2004
    yield (blue > red * 1.1) & (green > 0.22)  # noqa: PLR2004


def _layout(mass: Plane) -> NDArray[np.float32]:
    """Return share, its root, edges, edges per share, centre less all, deviation of 16 blocks."""
    share = mass.mean(axis=(1, 2))
    edges = np.abs(np.diff(mass, axis=1)).mean(axis=(1, 2))
    edges += np.abs(np.diff(mass, axis=2)).mean(axis=(1, 2))
    centre = mass[:, 8:24, 8:24].mean(axis=(1, 2))
    blocks = mass.reshape(len(mass), 4, 8, 4, 8).mean(axis=(2, 4)).reshape(len(mass), 16)
    return np.stack(
        [
            share,
            np.sqrt(share),
            edges,
            edges / np.maximum(share, 0.02),
            centre - share,
            blocks.std(1),
        ],
        axis=1,
    )


def _resample(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    if image.ndim != CHANNELS or image.shape[2] != CHANNELS or 0 in image.shape:
        message = f"Expected a picture of shape (height, width, 3), got {image.shape}."
        raise ShapeError(message, hint="Convert it to RGB first.")
    if image.shape[:2] == (SIZE, SIZE):
        return image.astype(np.uint8, copy=False)
    from PIL import Image

    picture = Image.fromarray(np.ascontiguousarray(image, np.uint8))
    return np.asarray(picture.resize((SIZE, SIZE), Image.Resampling.BOX))
