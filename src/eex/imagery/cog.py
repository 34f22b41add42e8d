"""GeoTIFFs that are read in windows, a band at a time, and never whole."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from eex.errors import BadPictureError, EexError
from eex.imagery.geotiff import Affine, check_file, needs_rasterio
from eex.imagery.ranged import Kept, RangedFile, address_of, client_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.config import Settings
    from eex.remote.client import RemoteClient

CACHE_BYTES = 128 * 2**20
"""Blocks that GDAL keeps decoded, bytes: two rows of blocks of three bands of a Sentinel-2 scene.
GDAL takes small numbers for bytes too, and 512 of them hold nothing."""

SIDE_BY_SIDE = 4
"""Files that are fetched from at once; each asks in several requests."""

OPTIONS = {
    "GDAL_CACHEMAX": CACHE_BYTES,
    "GDAL_DISABLE_READDIR_ON_OPEN": "EMPTY_DIR",  # no files beside it, which may be anybody's
}
"""Of GDAL, while a file of ours is open."""

_NUMBER = count()
"""Names of files far away are made of it: GDAL must never take one for another."""


@dataclass(frozen=True, kw_only=True)
class Band:
    """One band of a file that is open."""

    file: Any
    """Rasterio's dataset; one thread at a time."""
    index: int
    """Number of the band, from 1."""
    name: str
    """What messages call it."""
    ranged: RangedFile | None = None
    """What it is read through, if it is far away."""

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


Window = tuple[tuple[int, int], tuple[int, int]]
"""First row, and row after the last; first column, and column after the last."""


def read_together(bands: Sequence[Band], window: Window) -> NDArray[Any]:
    """Return stored numbers of bands of one file, shape (bands, height, width).

    Args:
        bands: At least one.
        window: Inside the file.

    Raises:
        BadPictureError: If the file is not whole.
        RemoteError: If it is far away and cannot be had.
    """
    with refusals(bands[0].name, bands[0].ranged):
        values: NDArray[Any] = bands[0].file.read([band.index for band in bands], window=window)
    return values


def spans_of(bands: Sequence[Band], window: Window) -> list[tuple[int, int]]:
    """Return which bytes of a file hold a window of its bands: first, and after the last.

    Args:
        bands: Of one file.
        window: Inside the file.

    Raises:
        BadPictureError: If the file is not whole.
        RemoteError: If it is far away and cannot be had.
    """
    (top, bottom), (left, right) = window
    spans = set()
    with refusals(bands[0].name, bands[0].ranged):
        for band in bands:
            height, width = band.block
            for row in range(top // height, -(-bottom // height)):
                for column in range(left // width, -(-right // width)):
                    where = [
                        band.file.get_tag_item(f"BLOCK_{what}_{column}_{row}", "TIFF", band.index)
                        for what in ("OFFSET", "SIZE")
                    ]
                    if all(where):  # a block that holds nothing is not stored
                        spans.add((int(where[0]), int(where[0]) + int(where[1])))
    return sorted(spans)


class Files:
    """Files of one scene, each opened once; to be used in one thread and closed.

    with Files(settings) as files:
        red = files.band("B04.tif", 1)
    """

    def __init__(
        self,
        settings: Settings,
        *,
        client: RemoteClient | None = None,
        kept: Kept | None = None,
    ) -> None:
        """Open nothing yet.

        Args:
            settings: Which hosts may be asked.
            client: What asks; that of the process by default.
            kept: Where parts of files far away are looked for first, and kept.
        """
        self._settings, self._client, self._kept = settings, client, kept
        self._stack = ExitStack()
        self._open: dict[str, tuple[Any, RangedFile | None]] = {}
        self._coming: dict[str, Future[RangedFile]] = {}
        self._threads = ThreadPoolExecutor(SIDE_BY_SIDE, thread_name_prefix="eex-ahead")

    def __enter__(self) -> Self:
        rasterio = needs_rasterio()
        self._stack.enter_context(rasterio.Env(**OPTIONS))
        return self

    def __exit__(self, *exc: object) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
        self._open.clear()
        self._stack.close()

    def begin(self, hrefs: Iterable[str]) -> None:
        """Fetch the beginnings of files far away, side by side; each is waited for when opened."""
        for href in dict.fromkeys(hrefs):
            if (url := address_of(href)) and href not in self._open:
                client = self._client or client_of(self._settings)
                self._coming[href] = self._threads.submit(RangedFile, url, client, kept=self._kept)

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
            self._open[href] = self._opened(href, name)
        file, ranged = self._open[href]
        if not 1 <= index <= file.count:
            message = f"{name} has {file.count} bands; there is no band {index}."
            raise BadPictureError(message, hint="Bands of a file are counted from 1.")
        return Band(file=file, index=index, name=name, ranged=ranged)

    def ahead(self, bands: Sequence[Band], window: Window) -> Callable[[], None]:
        """Fetch a window of bands of one file, if that is far away, while others are read.

        Returns:
            What waits until it is here, and has it read from here. It raises what `read_together`
            does.
        """
        ranged = bands[0].ranged
        if ranged is None:
            return lambda: None
        fetched = self._threads.submit(ranged.fetch, spans_of(bands, window))
        return lambda: ranged.hold(fetched.result())

    def _opened(self, href: str, name: str) -> tuple[Any, RangedFile | None]:
        from rasterio.errors import NotGeoreferencedWarning

        rasterio = needs_rasterio()
        ranged: RangedFile | None = None
        told: dict[str, Any] = {"fp": href}
        if address_of(href):
            if href not in self._coming:
                self.begin([href])
            ranged = self._coming.pop(href).result()
            told = {"fp": f"eex-{next(_NUMBER)}.tif", "opener": _opener(ranged)}
        else:
            check_file(Path(href))
        with refusals(name, ranged), warnings.catch_warnings():
            warnings.simplefilter("ignore", NotGeoreferencedWarning)  # said by an empty `crs`
            file = self._stack.enter_context(rasterio.open(**told, driver="GTiff", sharing=False))
        return file, ranged


@contextmanager
def refusals(name: str, ranged: RangedFile | None = None) -> Iterator[None]:
    """Turn what GDAL refuses into one sentence.

    Args:
        name: What messages call the file.
        ranged: What it is read through, if it is far away.

    Raises:
        BadPictureError: In place of rasterio's errors.
        RemoteError: Where that is why.
    """
    from rasterio.errors import RasterioError

    try:
        yield
    except EexError:
        raise
    except (RasterioError, OSError) as error:
        if ranged is not None and ranged.error is not None:
            raise ranged.error from error
        message = f"{name} is not a GeoTIFF that can be read to its end."
        raise BadPictureError(message, hint="Get the file again, or check the path.") from error


def _opener(ranged: RangedFile) -> Callable[..., RangedFile]:
    """Return what GDAL opens a file through; what would lie beside it is not there."""

    def opened(path: str, mode: str = "rb") -> RangedFile:  # noqa: ARG001, as rasterio calls it
        if not path.endswith(".tif"):
            raise FileNotFoundError(path)
        return ranged

    return opened
