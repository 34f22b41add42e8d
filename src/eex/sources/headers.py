"""What a GeoTIFF says of itself at its beginning: bands, grid, where it lies. No pixels.

Of files far away only the first bytes are asked for, where files made for range reads (COG) say
everything; what says it at its end says nothing here.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eex.errors import MissingExtraError, SourceError
from eex.sources.wanted import footprint_of

if TYPE_CHECKING:
    from eex.remote.client import RemoteClient
    from eex.sources.refs import Affine

FIRST_BYTES = 2**16
"""What is asked of a file far away; the index of a scene of 10980 x 10980 pixels takes 15 kB."""

MAGIC = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+")
"""How TIFF and BigTIFF begin."""

ALONG = 8
"""Pieces of an edge in a footprint: edges are straight on the map, not in degrees."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """What a file says."""

    descriptions: tuple[str, ...]
    """Of all bands, empty where there is none."""
    crs: str
    """Such as EPSG:32633; empty if it does not say."""
    transform: Affine
    """Pixels to map coordinates."""
    size: tuple[int, int]
    """Pixels down and across."""

    @property
    def footprint(self) -> str:
        """Where it lies, WKT in degrees, cut at 180 degrees; empty if not known."""
        return outline(self.crs, self.transform, self.size)


def is_tiff(beginning: bytes) -> bool:
    """Whether bytes are how a TIFF begins."""
    return beginning[:4] in MAGIC


def header_here(path: Path) -> Header:
    """Read the header of a file on this machine.

    Raises:
        SourceError: If it is no GeoTIFF.
        MissingExtraError: If rasterio is not installed.
    """
    with _told(str(path)), _rasterio().open(path, driver="GTiff") as file:
        return _header(file)


def header_far(url: str, client: RemoteClient) -> tuple[Header, int]:
    """Read the header of a file far away, and its size in bytes.

    Raises:
        SourceError: If it is no GeoTIFF, or has its header elsewhere than at its beginning.
        RemoteError: If it cannot be read.
        MissingExtraError: If rasterio is not installed.
    """
    rasterio = _rasterio()
    tail, stamp = client.tail(url, 1)
    beginning = client.ranges(url, [(0, min(FIRST_BYTES, stamp.size))], expect=stamp)[0]
    if not tail or not is_tiff(beginning):
        raise no_geotiff(url)
    with (
        _told(url),
        rasterio.io.MemoryFile(beginning) as memory,
        memory.open(driver="GTiff") as file,
    ):
        return _header(file), stamp.size


def no_geotiff(name: str) -> SourceError:
    """Return the error for a file that is no GeoTIFF."""
    message = f"{name} is no GeoTIFF that can be read."
    hint = "Only GeoTIFFs are read: gdal_translate makes one. --skip leaves out what is none."
    return SourceError(message, hint=hint)


def outline(crs: str, transform: Affine, size: tuple[int, int]) -> str:
    """Return the outline of a raster: WKT in degrees, cut at 180 degrees; empty if not known."""
    from pyproj import Transformer
    from pyproj.exceptions import ProjError

    if not crs:
        return ""
    a, b, c, d, e, f = transform
    height, width = size
    corners = [(0, 0), (0, height), (width, height), (width, 0), (0, 0)]
    ring = []
    for (x, y), (x2, y2) in pairwise(corners):
        for step in range(ALONG):
            column, row = x + (x2 - x) * step / ALONG, y + (y2 - y) * step / ALONG
            ring.append((a * column + b * row + c, d * column + e * row + f))
    try:
        to_degrees = Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
        places = [list(to_degrees.transform(*place, errcheck=True)) for place in ring]
    except ProjError:
        return ""
    return footprint_of({"type": "Polygon", "coordinates": [[*places, places[0]]]})


def _header(file: Any) -> Header:  # noqa: ANN401
    a, b, c, d, e, f = tuple(file.transform)[:6]
    return Header(
        descriptions=tuple(text or "" for text in file.descriptions),
        crs=file.crs.to_string() if file.crs else "",
        transform=(a, b, c, d, e, f),
        size=(file.height, file.width),
    )


@contextmanager
def _told(name: str) -> Iterator[None]:
    from rasterio.errors import NotGeoreferencedWarning, RasterioError

    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # said by an empty crs
            yield
    except (RasterioError, OSError) as error:
        raise no_geotiff(name) from error


def _rasterio() -> Any:  # noqa: ANN401
    try:
        import rasterio
        import rasterio.io
    except ImportError as error:
        message = "Reading what GeoTIFFs say of themselves needs rasterio, which is not installed."
        hint = "pip install 'earth-embedding-explorer[raster]'"
        raise MissingExtraError(message, hint=hint) from error
    return rasterio
