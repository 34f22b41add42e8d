"""GeoTIFFs that are read in windows, a band at a time, and never whole."""

from __future__ import annotations

import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from eex.errors import BadPictureError, EexError
from eex.imagery.geotiff import Affine, check_file, needs_rasterio

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.config import Settings

CACHE_BYTES = 128 * 2**20
"""Blocks that GDAL keeps decoded, bytes: two rows of blocks of three bands of a Sentinel-2 scene.
GDAL takes small numbers for bytes too, and 512 of them hold nothing."""

OPTIONS = {
    "GDAL_CACHEMAX": CACHE_BYTES,
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",  # no files beside it, which may be anybody's
}
"""Of GDAL, while a file of ours is open."""


@dataclass(frozen=True, kw_only=True)
class Band:
    """One band of a file that is open."""

    file: Any
    """Rasterio's dataset; one thread at a time."""
    index: int
    """Number of the band, from 1."""
    name: str
    """What messages call it."""

    @property
    def size(self) -> tuple[int, int]:
        """Pixels down and across."""
        return self.file.height, self.file.width

    @property
    def transform(self) -> Affine:
        """Pixels to map coordinates."""
        a, b, c, d, e, f = tuple(self.file.transform)[:6]
        return a, b, c, d, e, f

    @property
    def crs(self) -> str:
        """What the map coordinates are; empty if the file does not say."""
        return self.file.crs.to_string() if self.file.crs else ""

    @property
    def dtype(self) -> np.dtype[Any]:
        """Of the stored numbers."""
        return np.dtype(self.file.dtypes[self.index - 1])

    @property
    def nodata(self) -> float | None:
        """Value of missing pixels as the file says it."""
        value: float | None = self.file.nodatavals[self.index - 1]
        return value

    @property
    def block(self) -> tuple[int, int]:
        """Pixels down and across that are stored, and read, together."""
        height, width = self.file.block_shapes[self.index - 1]
        return height, width


def read_together(
    bands: Sequence[Band], rows: tuple[int, int], columns: tuple[int, int]
) -> NDArray[Any]:
    """Return stored numbers of bands of one file, shape (bands, height, width).

    Args:
        bands: At least one.
        rows: First row of a window that lies in the file, and row after the last.
        columns: First column, and column after the last.

    Raises:
        BadPictureError: If the file is not whole.
        RemoteError: If it is far away and cannot be had.
    """
    with refusals(bands[0].name):
        values: NDArray[Any] = bands[0].file.read(
            [band.index for band in bands], window=(rows, columns)
        )
    return values


class Files:
    """Files of one scene, each opened once; to be used in one thread and closed.

    with Files(settings) as files:
        red = files.band("B04.tif", 1)
    """

    def __init__(self, settings: Settings) -> None:
        """Open nothing yet.

        Args:
            settings: Which hosts may be asked.
        """
        self._settings = settings
        self._stack = ExitStack()
        self._open: dict[str, Any] = {}

    def __enter__(self) -> Self:
        rasterio = needs_rasterio()
        self._stack.enter_context(rasterio.Env(**OPTIONS))
        return self

    def __exit__(self, *exc: object) -> None:
        self._open.clear()
        self._stack.close()

    def band(self, href: str, index: int, *, name: str = "") -> Band:
        """Open a file, unless it is open, and return one of its bands.

        Args:
            href: Path, or address.
            index: Number of the band, from 1.
            name: What messages call it; the address by default.

        Raises:
            BadPictureError: If it is missing, no GeoTIFF, or has no such band.
            RemoteError: If it is far away and cannot be had.
            MissingExtraError: If rasterio is not installed.
        """
        name = name or href
        if href not in self._open:
            with refusals(name):
                self._open[href] = self._stack.enter_context(_opened(href))
        file = self._open[href]
        if not 1 <= index <= file.count:
            message = f"{name} has {file.count} bands; there is no band {index}."
            raise BadPictureError(message, hint="Bands of a file are counted from 1.")
        return Band(file=file, index=index, name=name)


@contextmanager
def refusals(name: str) -> Iterator[None]:
    """Turn what GDAL refuses into one sentence.

    Raises:
        BadPictureError: In place of rasterio's errors.
    """
    from rasterio.errors import RasterioError

    try:
        yield
    except EexError:
        raise
    except (RasterioError, OSError) as error:
        message = f"{name} is not a GeoTIFF that can be read to its end."
        raise BadPictureError(message, hint="Get the file again, or check the path.") from error


@contextmanager
def _opened(href: str) -> Iterator[Any]:
    from rasterio.errors import NotGeoreferencedWarning

    rasterio = needs_rasterio()
    check_file(Path(href))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)  # said by an empty `crs`
        file = rasterio.open(href, driver="GTiff")
    with file:
        yield file
