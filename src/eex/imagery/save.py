"""Pixels of a tile as files: GeoTIFFs of the stored numbers, PNG and JPEG pictures for people.

Each says where it lies, what it is of, its licence and its credit: in the tags of a GeoTIFF, the
text of a PNG, the Exif data of a JPEG.
"""

from __future__ import annotations

import io
import json
import warnings
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, Literal

import eex
from eex.errors import BadPlaceError, BadQueryError, MissingExtraError, OutputError
from eex.files import user_path, write_bytes
from eex.imagery.pixels import CLOUD_MASK, COLOURS, TilePixels
from eex.imagery.placed import aux_file, files_beside, world_file

if TYPE_CHECKING:
    from eex.imagery.geotiff import Affine

Format = Literal["tif", "png", "jpg"]
"""What pixels can be written as."""

FORMATS: dict[str, Format] = {
    ".tif": "tif",
    ".tiff": "tif",
    ".png": "png",
    ".jpg": "jpg",
    ".jpeg": "jpg",
}
"""By the ending of a file's name."""

JPEG_QUALITY = 92
"""Of JPEG files that are written."""

_WARNINGS = Lock()
"""Held while warnings are left out, which Python does for all threads at once."""


def format_of(path: str | Path) -> Format:
    """Return what a file is written as.

    Raises:
        BadQueryError: If its name ends on nothing that can be written.
    """
    suffix = Path(path).suffix.lower()
    if suffix not in FORMATS:
        message = f"Pixels cannot be written as {suffix or Path(path).name!r}."
        raise BadQueryError(message, hint=f"End the name with {', '.join(FORMATS)}.")
    return FORMATS[suffix]


def save_pixels(pixels: TilePixels, path: str | Path, *, size: int = 0) -> tuple[Path, ...]:
    """Write pixels to a file, whole or not at all; see `TilePixels.save`.

    Args:
        pixels: What is written.
        path: Its ending says what it is written as.
        size: Height and width of a picture, pixels; as many as there are by default.

    Returns:
        What was written: the file, and beside a picture that has a place what says where it is.

    Raises:
        BadQueryError: If the ending is none of `FORMATS`, or a size is given for a GeoTIFF.
        MissingExtraError: If it is a GeoTIFF and rasterio is not installed.
        OutputError: If it cannot be written.
    """
    path = user_path(path)
    kind = format_of(path)
    write_bytes(path, pixel_bytes(pixels, kind, size=size))
    if kind == "tif" or not pixels.crs:
        return (path,)
    transform = _resized_transform(pixels, size)
    world, system = files_beside(path)
    write_bytes(world, world_file(transform).encode())
    with suppress(BadPlaceError):  # of a raster whose system nobody knows
        write_bytes(system, aux_file(transform, pixels.crs).encode())
        return path, world, system
    return path, world


def pixel_bytes(
    pixels: TilePixels, kind: Format, *, size: int = 0, tags: Mapping[str, str] | None = None
) -> bytes:
    """Return the bytes of a file of pixels; `tags` are further ones of a GeoTIFF.

    Other arguments and errors are as for `save_pixels`.
    """
    if kind == "tif":
        if size:
            message = "A GeoTIFF has the pixels as stored; it is not resized."
            raise BadQueryError(message, hint="Leave the size out, or write a .png.")
        return _geotiff(pixels, tags or {})
    from PIL import Image
    from PIL.ExifTags import Base
    from PIL.PngImagePlugin import PngInfo

    told = about(pixels)
    shown = Image.fromarray(pixels.picture(size=size))
    out = io.BytesIO()
    if kind == "png":
        text = PngInfo()
        for name, value in told.items():
            text.add_itxt(name, value)
        shown.save(out, "PNG", pnginfo=text)
    else:
        exif = Image.Exif()
        exif[Base.ImageDescription] = json.dumps(told, ensure_ascii=True)
        exif[Base.Software] = told["Software"]
        exif[Base.Copyright] = _credit(pixels).encode("ascii", "replace").decode()
        shown.save(out, "JPEG", quality=JPEG_QUALITY, exif=exif)
    return out.getvalue()


def about(pixels: TilePixels) -> dict[str, str]:
    """Return what every file says of itself, by the usual names of a PNG's text."""
    tile = pixels.tile
    told = {
        "Title": f"{pixels.kind} of {tile.grid_cell or f'{tile.lon:.5f}, {tile.lat:.5f}'}",
        "Copyright": pixels.licence,
        "Source": pixels.attribution,
        "Software": f"eex {eex.__version__}",
        "Creation Time": tile.timestamp,
        "Cell": tile.grid_cell,
        "Product": tile.product_id,
        "Bands": ", ".join(pixels.bands),
        "Units": _units(pixels),
        "CRS": pixels.crs,
        "Transform": ", ".join(f"{n:.12g}" for n in pixels.transform) if pixels.crs else "",
    }
    return {name: value for name, value in told.items() if value}


def _resized_transform(pixels: TilePixels, size: int) -> Affine:
    _, height, width = pixels.values.shape
    across, down = (width / size, height / size) if size else (1.0, 1.0)
    a, b, c, d, e, f = pixels.transform
    return a * across, b * down, c, d * across, e * down, f


def _units(pixels: TilePixels) -> str:
    if pixels.bands == COLOURS:
        return "grey levels"
    offset = pixels.added
    return "1/10000 surface reflectance" + (f", plus {offset}" if offset else "")


def _credit(pixels: TilePixels) -> str:
    return "; ".join(text for text in (pixels.licence, pixels.attribution) if text)


def _geotiff(pixels: TilePixels, tags: Mapping[str, str]) -> bytes:
    """Write a cloud-optimised GeoTIFF of the stored numbers."""
    try:
        import rasterio
        from rasterio.errors import NotGeoreferencedWarning, RasterioError
        from rasterio.io import MemoryFile
    except ImportError as error:
        message = "Writing GeoTIFFs needs rasterio, which is not installed."
        hint = "pip install 'earth-embedding-explorer[raster]'"
        raise MissingExtraError(message, hint=hint) from error
    count, height, width = pixels.values.shape
    told = about(pixels)
    layout: dict[str, Any] = {"compress": "deflate", "overviews": "none", "blocksize": 512}
    if pixels.values.dtype.kind in "ui":
        layout["predictor"] = 2
    if pixels.bands != COLOURS and CLOUD_MASK not in pixels.bands:
        layout["nodata"] = 0
    try:
        with _WARNINGS, warnings.catch_warnings(), MemoryFile() as memory:
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # said by whoever writes
            with memory.open(
                driver="COG",
                width=width,
                height=height,
                count=count,
                dtype=pixels.values.dtype,
                crs=pixels.crs or None,
                transform=rasterio.Affine(*pixels.transform) if pixels.crs else None,
                **layout,
            ) as file:
                file.write(pixels.values)
                file.descriptions = pixels.bands
                file.update_tags(
                    TIFFTAG_IMAGEDESCRIPTION=told["Title"],
                    TIFFTAG_SOFTWARE=told["Software"],
                    **({"TIFFTAG_COPYRIGHT": _credit(pixels)} if _credit(pixels) else {}),
                    **{name.upper().replace(" ", "_"): value for name, value in told.items()},
                    **tags,
                )
            return bytes(memory.getbuffer())
    except RasterioError as error:
        message = f"The GeoTIFF cannot be written: {error}."
        raise OutputError(message, hint="Write a .png, or report this.") from error
