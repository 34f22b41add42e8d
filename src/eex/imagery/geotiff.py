"""GeoTIFF files to arrays, with where they lie; what is none is refused in one sentence.

Files are read by GDAL through rasterio, its GeoTIFF driver only: other formats of GDAL can point
to further files and hosts. Rasterio is optional and imported when something is read.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.config import MAX_PICTURE_PIXELS
from eex.errors import BadPictureError, MissingExtraError, ShapeError
from eex.files import user_path

if TYPE_CHECKING:
    from numpy.typing import NDArray

MAX_VALUES = 4 * MAX_PICTURE_PIXELS
"""Most numbers that are read of one file, all its bands together: a small file can hold many."""

Affine = tuple[float, float, float, float, float, float]
"""a, b, c, d, e, f: pixel (column, row) lies at x = a column + b row + c, y = d column + e row + f;
whole numbers are corners of pixels, the first that of the upper left one."""

MOST_BYTES = 2 * 2**30
"""Most that the pixels of all bands read take: 13 bands of 40 million pixels are half of it. A
file of some kilobytes can announce thousands of bands."""


@dataclass(frozen=True, kw_only=True)
class Raster:
    """Some bands of one file, in the order asked for."""

    values: NDArray[Any]
    """Shape (bands, height, width), as stored."""
    names: tuple[str, ...]
    """What whoever chose the bands calls them."""
    transform: Affine
    """Pixels to map coordinates."""
    crs: str
    """What the map coordinates are, such as EPSG:32633; empty if the file does not say."""
    nodata: float | None
    """Value of missing pixels, where the file says one."""
    whole: tuple[int, int]
    """Pixels down and across of the whole file, of which these may be the centre."""

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """Left, bottom, right and top in map coordinates, for rasters that are not rotated."""
        a, _, c, _, e, f = self.transform
        _, height, width = self.values.shape
        return c, f + e * height, c + a * width, f


@dataclass(frozen=True, kw_only=True)
class Layout:
    """What a file says of itself before any pixel is read."""

    descriptions: tuple[str, ...]
    """Of all bands, empty where there is none."""
    dtypes: frozenset[str]
    """Number formats of the bands."""
    whole: tuple[int, int]
    """Pixels down and across."""
    transform: Affine
    """Pixels to map coordinates."""
    crs: str
    """What the map coordinates are; empty if the file does not say."""


def raster_layout(source: Path | bytes, *, name: str = "") -> Layout:
    """Return what a GeoTIFF says of itself; arguments and errors as for `read_raster`."""
    with _opened(source, _called(source, name)) as file:
        return Layout(
            descriptions=tuple(text or "" for text in file.descriptions),
            dtypes=frozenset(file.dtypes),
            whole=(file.height, file.width),
            transform=tuple(file.transform)[:6],
            crs=file.crs.to_string() if file.crs else "",
        )


def read_raster(
    source: Path | bytes,
    choose: Callable[[tuple[str, ...]], Sequence[tuple[str, int]]],
    *,
    name: str = "",
    centre: int | None = None,
    most: int | None = None,
) -> Raster:
    """Read bands of a GeoTIFF.

    Args:
        source: The file, or its bytes.
        choose: Descriptions of all bands -> what the wanted ones are called, and where they are.
        name: What messages call it; the path by default.
        centre: Pixels down and across to read around its centre; all of it by default.
        most: Pixels that a side has at most; longer ones are cut to their middle.

    Raises:
        MissingExtraError: If rasterio is not installed.
        BadPictureError: If it is missing, not a whole GeoTIFF, or over 40 million pixels.
        ShapeError: If it is smaller than the centre that is asked for.
    """
    name = _called(source, name)
    with _opened(source, name) as file:
        chosen = choose(tuple(text or "" for text in file.descriptions))
        size = (file.height, file.width)
        top, left, height, width = 0, 0, *size
        if centre is not None:
            top, left = central(size, centre)
            height = width = centre
        room = MOST_BYTES // max(np.dtype(kind).itemsize for kind in file.dtypes)
        if height * width > MAX_PICTURE_PIXELS or height * width * len(chosen) > room:
            message = (
                f"{name} is {len(chosen)} x {width} x {height} pixels; at most "
                f"{MAX_PICTURE_PIXELS // 10**6} million are read, and {MOST_BYTES >> 20:,} MiB."
            )
            raise BadPictureError(message, hint="Read its centre only, or cut it first.")
        if height * width * len(chosen) > MAX_VALUES:
            message = f"{name} has {len(chosen)} bands of {width} x {height} pixels, too many."
            raise BadPictureError(message, hint="Read its centre only, or cut it first.")
        if max(h * w for h, w in file.block_shapes) * file.count > room:  # which GDAL reads whole
            message = f"{name} is stored in pieces over {MOST_BYTES >> 20:,} MiB."
            raise BadPictureError(message, hint="Save it in tiles, or cut it first.")
        if most is not None:
            top, left = top + max(0, height - most) // 2, left + max(0, width - most) // 2
            height, width = min(height, most), min(width, most)
        window = ((top, top + height), (left, left + width))
        values = file.read([index + 1 for _, index in chosen], window=window)
        a, b, c, d, e, f = tuple(file.transform)[:6]
        return Raster(
            values=values,
            names=tuple(band for band, _ in chosen),
            transform=(a, b, a * left + b * top + c, d, e, d * left + e * top + f),
            crs=file.crs.to_string() if file.crs else "",
            nodata=file.nodata,
            whole=size,
        )


def central(size: tuple[int, int], wanted: int) -> tuple[int, int]:
    """Return the first row and column of the central square, half // 2 from the middle.

    Raises:
        ShapeError: If there are not so many pixels.
    """
    if wanted < 1 or wanted > min(size):
        message = f"There is no square of {wanted} pixels in {size[1]} x {size[0]}."
        raise ShapeError(message, hint=f"Ask for 1 to {min(size)} pixels.")
    return size[0] // 2 - wanted // 2, size[1] // 2 - wanted // 2


def lonlat_of(x: float, y: float, crs: str) -> tuple[float, float] | None:
    """Return longitude and latitude (WGS 84, degrees) of a point in map coordinates.

    None if these are not tied to the globe, or the point lies outside of what they cover.

    Raises:
        MissingExtraError: If rasterio is not installed.
    """
    needs_rasterio()
    from rasterio._err import CPLE_BaseError
    from rasterio.errors import RasterioError
    from rasterio.warp import transform

    try:
        (lon,), (lat,) = transform(crs, "EPSG:4326", [x], [y])
    except (RasterioError, CPLE_BaseError):
        return None
    there = abs(lon) <= 180 and abs(lat) <= 90  # noqa: PLR2004
    return (float(lon), float(lat)) if there else None


@contextmanager
def _opened(source: Path | bytes, name: str) -> Iterator[Any]:
    rasterio = needs_rasterio()
    from rasterio.errors import NotGeoreferencedWarning, RasterioError
    from rasterio.io import MemoryFile

    if isinstance(source, Path):
        check_file(source)
    try:
        with ExitStack() as stack:
            stack.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # said by an empty `crs`
            if isinstance(source, bytes):
                memory = stack.enter_context(MemoryFile(source))
                yield stack.enter_context(memory.open(driver="GTiff"))
            else:
                yield stack.enter_context(rasterio.open(source, driver="GTiff"))
    except (RasterioError, OSError) as error:
        if isinstance(error, BadPictureError | ShapeError):
            raise
        message = f"{name} is not a GeoTIFF that can be read to its end."
        raise BadPictureError(message, hint="Get the file again, or check the path.") from error


def _called(source: Path | bytes, name: str) -> str:
    return name or ("The raster" if isinstance(source, bytes) else str(source))


def check_file(path: Path) -> None:
    """Let nothing but a file on this machine come to GDAL, which also opens addresses."""
    try:
        if S_ISREG(user_path(path).stat().st_mode):
            return
        reason = "it is not a file"
    except OSError as error:
        reason = error.strerror or str(error)
    message = f"The raster {path} cannot be read: {reason}."
    raise BadPictureError(message, hint="Check the path.")


def needs_rasterio() -> Any:  # noqa: ANN401
    """Return rasterio.

    Raises:
        MissingExtraError: If it is not installed.
    """
    try:
        import rasterio
    except ImportError as error:
        message = "Reading GeoTIFFs needs rasterio, which is not installed."
        hint = "pip install 'earth-embedding-explorer[raster]'"
        raise MissingExtraError(message, hint=hint) from error
    return rasterio
