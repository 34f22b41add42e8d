"""Heatmaps become pictures and files.

In: a `Heatmap`. Out: viridis colours over the picture, GeoTIFFs of float32, plain arrays; each with
licence and credit where the format has room for words.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from eex.errors import BadQueryError, MissingExtraError
from eex.export.colours import colour_ramp
from eex.files import write_bytes

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from PIL.Image import Image

    from eex.heatmaps.record import Heatmap

SMALLEST, LARGEST = 512, 4096
"""Long side of an overlay, pixels: smaller pictures are enlarged, larger ones shrunk."""


def overlay(heatmap: Heatmap, *, opacity: float = 0.6, size: int = 0) -> Image:
    """Draw the grid over its picture, bilinear between the middles of cells.

    Beyond the middles of the outermost cells their values go on (what PyTorch calls
    align_corners=False).

    Raises:
        BadQueryError: If opacity is not from 0 to 1.
    """
    from PIL import Image as Images

    if not 0 <= opacity <= 1:
        message = f"Opacity is from 0 to 1, got {opacity:g}."
        raise BadQueryError(message, hint="0 shows the picture alone, 1 the colours alone.")
    colours = _colours(heatmap, size)
    below = Images.fromarray(heatmap.picture).resize(
        colours.shape[1::-1], Images.Resampling.BICUBIC
    )
    mixed = np.asarray(below, np.float32) * (1 - opacity) + colours * np.float32(opacity)
    return Images.fromarray((mixed + 0.5).astype(np.uint8))


def layer(heatmap: Heatmap, *, size: int = 0) -> Image:
    """Draw the colours alone, for who lays them over the picture at any opacity of their own."""
    from PIL import Image as Images

    return Images.fromarray(_colours(heatmap, size))


def _colours(heatmap: Heatmap, size: int) -> NDArray[np.uint8]:
    """Return the colours of the grid, shape (height, width, 3), the long side as `size` says."""
    height, width = heatmap.picture.shape[:2]
    long = size or min(max(height, width, SMALLEST), LARGEST)
    factor = long / max(height, width)
    shape = (max(1, round(height * factor)), max(1, round(width * factor)))
    return colour_ramp(upsampled(heatmap.levels(), shape))


def upsampled(grid: NDArray[np.float64], shape: tuple[int, int]) -> NDArray[np.float64]:
    """Return a grid (down, across) at another shape, bilinear, edges carried on."""
    for axis, wanted in enumerate(shape):
        have = grid.shape[axis]
        at = np.clip((np.arange(wanted) + 0.5) * have / wanted - 0.5, 0, have - 1)
        low = np.minimum(at.astype(int), max(have - 2, 0))
        high = np.minimum(low + 1, have - 1)
        share = (at - low).reshape((-1, 1) if axis == 0 else (1, -1))
        grid = np.take(grid, low, axis) * (1 - share) + np.take(grid, high, axis) * share
    return grid


def png_bytes(
    heatmap: Heatmap, *, opacity: float = 0.6, size: int = 0, alone: bool = False
) -> bytes:
    """Return the overlay as PNG, with what it is, licence and credit in its text chunks.

    Args:
        heatmap: What is drawn.
        opacity: Of the colours.
        size: Long side, pixels.
        alone: The colours without the picture below, see `layer`.
    """
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    for name, value in about(heatmap).items():
        text.add_itxt(name, value)
    out = io.BytesIO()
    drawn = layer(heatmap, size=size) if alone else overlay(heatmap, opacity=opacity, size=size)
    drawn.save(out, "PNG", pnginfo=text)
    return out.getvalue()


def about(heatmap: Heatmap) -> dict[str, str]:
    """Return what a file says of itself, by the names that PNG gives such texts."""
    told = {
        "Title": f"{heatmap.query} in {heatmap.title}" if heatmap.title else heatmap.query,
        "Description": heatmap.caption,
        "Software": f"Earth Embedding Explorer, {heatmap.model} {heatmap.variant}".strip(),
        "CRS": heatmap.crs,
    }
    if heatmap.credit is not None:
        told["Copyright"] = heatmap.credit.licence
        told["Source"] = heatmap.credit.attribution
        told["Comment"] = heatmap.credit.banner
    return {name: value for name, value in told.items() if value}


def _write_png(heatmap: Heatmap, path: Path, opacity: float) -> tuple[Path, ...]:
    content = png_bytes(heatmap, opacity=opacity)
    write_bytes(path, content)
    if heatmap.transform is None:
        return (path,)
    from PIL import Image as Images

    with Images.open(io.BytesIO(content)) as drawn:
        across = heatmap.picture.shape[1] / drawn.width
        down = heatmap.picture.shape[0] / drawn.height
    a, b, c, d, e, f = heatmap.transform
    a, b, d, e = a * across, b * down, d * across, e * down
    middle = (c + (a + b) / 2, f + (d + e) / 2)  # a world file has the middle of the first pixel
    lines = "".join(f"{number:.12g}\n" for number in (a, d, b, e, *middle))
    world = path.with_suffix(".pgw")
    write_bytes(world, lines.encode())
    return path, world


def _write_npy(heatmap: Heatmap, path: Path, _opacity: float) -> tuple[Path, ...]:
    out = io.BytesIO()
    np.save(out, heatmap.grid)
    write_bytes(path, out.getvalue())
    return (path,)


def _write_tif(heatmap: Heatmap, path: Path, _opacity: float) -> tuple[Path, ...]:
    try:
        import rasterio
        from rasterio.errors import NotGeoreferencedWarning
        from rasterio.io import MemoryFile
    except ImportError as error:
        message = "Writing GeoTIFFs needs rasterio, which is not installed."
        hint = "pip install 'earth-embedding-explorer[raster]'"
        raise MissingExtraError(message, hint=hint) from error
    down, across = heatmap.grid.shape
    cells = heatmap.cells
    with warnings.catch_warnings(), MemoryFile() as memory:
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        with memory.open(
            driver="GTiff",
            width=across,
            height=down,
            count=2,
            dtype="float32",
            crs=heatmap.crs or None,
            transform=None if cells is None else rasterio.Affine(*cells),
        ) as file:
            file.write(np.stack([heatmap.grid, heatmap.raw]).astype(np.float32))
            file.descriptions = (heatmap.kind, "cosine")
            told = about(heatmap)
            credit = "; ".join(told[name] for name in ("Copyright", "Source") if name in told)
            file.update_tags(
                TIFFTAG_IMAGEDESCRIPTION=told["Description"],
                TIFFTAG_SOFTWARE=told["Software"],
                **({"TIFFTAG_COPYRIGHT": credit} if credit else {}),
                **{name.upper(): value for name, value in told.items()},
            )
        write_bytes(path, bytes(memory.getbuffer()))
    return (path,)


Writer = Callable[["Heatmap", Path, float], tuple[Path, ...]]

WRITERS: dict[str, Writer] = {
    ".png": _write_png,
    ".tif": _write_tif,
    ".tiff": _write_tif,
    ".npy": _write_npy,
}
"""What can be written, by the ending of the name."""
