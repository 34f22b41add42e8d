"""The bands of a scene on its finest grid: strips of rows, whatever the files behind them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.build.items import Tiling, Want
from eex.build.lattice import Ground, ground_of
from eex.errors import BadQueryError, ShapeError
from eex.imagery.baseline import OFFSET, baseline_of, offset_of
from eex.imagery.cog import Band, Files, Window, read_together
from eex.imagery.numbers import Numbers
from eex.imagery.pixels import CLOUD_MASK
from eex.imagery.scene import check_there
from eex.sources.refs import Ref, SceneRef

if TYPE_CHECKING:
    from numpy.typing import NDArray

SCL = "SCL"
"""Scene classification of Sentinel-2 L2A."""

CLOUDS = {SCL: (8, 9, 10), CLOUD_MASK: (1, 2)}
"""Classes that count as clouds, by the raster that has them: cloud of medium and high probability
and thin cirrus; thick and thin cloud. Shadows of clouds (SCL 3, mask 3) do not count: the ground
is seen in them.

Source:
    SCL: ESA, Sentinel-2 L2A Algorithm Theoretical Basis Document, scene classification; CLOUD_MASK:
    the four classes of SEnSeIv2, with which Major TOM was masked.
"""

OFFSET_SINCE = datetime(2022, 1, 25, tzinfo=UTC)
"""From here on products are made by baseline 04.00 and later.

Source:
    ESA, Copernicus Sentinel-2 processing baseline 04.00, deployed on 25 January 2022.
"""


SHOWN = 20
"""Names of bands that are listed in a message."""


@dataclass(frozen=True, kw_only=True)
class Channel:
    """One band on the finest grid of its scene."""

    name: str
    """Such as B04."""
    band: Band
    """Where it is read."""
    numbers: Numbers
    """How stored numbers are understood."""
    size: tuple[int, int]
    """Pixels of the finest grid down and across."""
    classes: tuple[int, ...] = ()
    """Which of its numbers are clouds, where it is a raster of classes."""

    def on_finest(self, window: Window) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Return in which of its own rows and columns those of the finest grid lie."""
        rows, columns = window
        down = np.arange(*rows) * self.band.size[0] // self.size[0]
        across = np.arange(*columns) * self.band.size[1] // self.size[1]
        return down, across

    def own(self, window: Window) -> Window:
        """Return the window of its own pixels in which one of the finest grid lies."""
        if self.band.size == self.size:
            return window
        down, across = self.on_finest(window)
        return (int(down[0]), int(down[-1]) + 1), (int(across[0]), int(across[-1]) + 1)


def read_strip(
    channels: Sequence[Channel], window: Window
) -> Iterator[tuple[Channel, NDArray[Any]]]:
    """Yield stored numbers of a window of the finest grid; coarser pixels are repeated.

    Bands of one file are read together: where it holds them pixel by pixel, it is decoded once.

    Args:
        channels: Which, each once.
        window: Inside the finest grid.

    Raises:
        BadPictureError: If a file is not whole.
        RemoteError: If it is far away and cannot be had.
    """
    for together in _by_file(channels):
        first = together[0]
        stored = read_together([channel.band for channel in together], first.own(window))
        for channel, values in zip(together, stored, strict=True):
            if first.band.size == first.size:
                yield channel, values
            else:
                down, across = first.on_finest(window)
                yield channel, values[(down - down[0])[:, None], across - across[0]]


def fetch_strip(channels: Sequence[Channel], window: Window, files: Files) -> Callable[[], None]:
    """Begin to fetch what `read_strip` will read of files far away.

    Returns:
        What waits until it is here; to be called before it is read, and after the strip before was.
    """
    waits = [
        files.ahead([channel.band for channel in together], together[0].own(window))
        for together in _by_file(channels)
    ]

    def wait() -> None:
        for one in waits:
            one()

    return wait


def _by_file(channels: Sequence[Channel]) -> Iterable[list[Channel]]:
    """Return channels that are bands of one file together."""
    files: dict[int, list[Channel]] = {}
    for channel in channels:
        files.setdefault(id(channel.band.file), []).append(channel)
    return files.values()


def open_channels(
    ref: SceneRef, names: Sequence[str], tiling: Tiling, files: Files
) -> list[Channel]:
    """Open bands of a scene.

    Args:
        ref: Says where its finest grid lies.
        names: Which, each once.
        tiling: Whether an offset is taken off.
        files: Keeps what is opened.

    Raises:
        ShapeError: If one is not there, or does not lie where the scene does.
        BadPictureError: If a file cannot be read.
        RemoteError: If it is far away and cannot be had.
    """
    ground = ground_of(ref)
    check_there(ref.id, ref.bands, names)
    less = offset_there(ref) if tiling.remove_offset else 0
    files.begin(ref.bands[name].href for name in names)
    channels = []
    for name in names:
        asset = ref.bands[name]
        band = files.band(asset.href, asset.index, name=f"{name} of {ref.id}")
        _check_place(band, ground)
        classes = CLOUDS.get(name, ())
        numbers = Numbers(
            band.dtype,
            scale=1.0 if classes else asset.scale,
            offset=0.0 if classes else asset.offset,
            nodata=band.nodata if asset.nodata is None else asset.nodata,
            less=0 if classes else less,
            name=band.name,
        )
        channel = Channel(name=name, band=band, numbers=numbers, size=ground.size, classes=classes)
        channels.append(channel)
    return channels


def check_bands(refs: Sequence[Ref], wants: Sequence[Want]) -> None:
    """Refuse, before any work, forms of pixels that no scene has the bands for.

    Args:
        refs: What was listed; of shards it is known once they are read.
        wants: What each model takes.

    Raises:
        BadQueryError: If no scene has all bands of one of them.
    """
    scenes = [ref for ref in refs if isinstance(ref, SceneRef)]
    there = list(dict.fromkeys(band for ref in scenes for band in ref.bands))
    if not there or len(scenes) < len(refs):
        return
    for want in wants:
        if any(ref.bands.keys() >= {*want.bands} for ref in scenes):
            continue
        message = f"No scene has {', '.join(want.bands)}; there are {', '.join(there[:SHOWN])}."
        hint = "The model takes these bands and no others."
        if want.stretch:
            such = ("red", "green", "blue") if {"red", "green", "blue"} <= {*there} else "RGB"
            hint = f"Say which are red, green and blue: --rgb {','.join(such)}"
        raise BadQueryError(message, hint=hint)


def offset_there(ref: SceneRef) -> int:
    """Return what is still added to the digital numbers of a scene: 1000, or 0.

    The provider's word goes first, then the baseline in the product's name; names without one tell
    by the day of acquisition, which misses older products that were processed again.
    """
    if ref.offset_removed:
        return 0
    if baseline_of(ref.product_id) is not None:
        return offset_of(ref.product_id)
    return OFFSET if ref.when is not None and ref.when >= OFFSET_SINCE else 0


def _check_place(band: Band, ground: Ground) -> None:
    """Let pass a band whose corners are those of the scene, to half a pixel of the finest grid."""
    a, b, c, d, e, f = band.transform
    height, width = band.size
    fine = ground.transform
    own = np.array([c, f, c + a * width, f + e * height])
    whole = np.array(
        [
            fine[2],
            fine[5],
            fine[2] + fine[0] * ground.size[1],
            fine[5] + fine[4] * ground.size[0],
        ]
    )
    finer = height > ground.size[0] or width > ground.size[1]
    # Tiles of Sentinel-2 in neighbouring zones have the same numbers.
    elsewhere = {band.crs[:5], ground.crs[:5]} == {"EPSG:"} and band.crs != ground.crs
    if b or d or finer or elsewhere or np.abs(own - whole).max() > fine[0] / 2:
        message = f"{band.name} does not lie where the scene does."
        raise ShapeError(message, hint="Give bands of one footprint.")
