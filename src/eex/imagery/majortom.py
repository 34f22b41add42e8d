"""Tiles of Major TOM Core-S2L2A: thumbnails, true colour and bands out of their remote shards.

A row of an embedding table says where its tile lies: `parquet_url`, a shard, and `parquet_row`, the
row group in it. One request brings the cells of one tile; tiles are read side by side.

Source:
    Francis and Czerkawski, "Major TOM: Expandable Datasets for Earth Observation", IGARSS 2024,
    arXiv:2402.12095; Major-TOM/Core-S2L2A on Hugging Face.
"""

from __future__ import annotations

import io
import warnings
from collections.abc import Iterator, Sequence
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from eex.config import MAX_PICTURE_PIXELS
from eex.errors import BadPictureError
from eex.imagery.crop import cut_scene, moved, place_of, window_of
from eex.imagery.pixels import CLOUD_MASK, COLOURS, Crop, Kind, TilePixels, check_asked
from eex.imagery.scene import L2A, RGB, Scene
from eex.imagery.sentinel2 import scene_of_cells
from eex.imagery.shards import Shards, called
from eex.ordered import in_order
from eex.registry import unknown_name
from eex.sources.names import taken, time_of

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.config import Settings
    from eex.imagery.offsets import SetOffsets
    from eex.remote.client import RemoteClient
    from eex.tiles import TileRef

THUMBNAIL = "thumbnail"
"""Column of the stored picture."""

BANDS = (*L2A, CLOUD_MASK)
"""What can be read as bands, in the usual order."""

SIDE_BY_SIDE = 8
"""Tiles that are read at once; more bring nothing at 100 Mbit/s."""

LICENCE = "CC-BY-SA-4.0"
"""Licence of Major TOM Core-S2L2A."""

ATTRIBUTION = (
    "Contains modified Copernicus Sentinel data{year}; Major TOM Core-{level}, Francis and "
    "Czerkawski (2024), ESA Φ-lab"
)
"""Credit line of its pixels."""

MOST_SCANS = 32
"""Most passes of a JPEG over its pixels; progressive ones have some ten. A pass takes a hundred
bytes, so that a cell could hold hours of them."""

SCAN = b"\xff\xda"
"""How each of them begins; no compressed bytes look so."""

MAGIC = {b"\xff\xd8\xff": "JPEG", b"\x89PNG\r\n\x1a\n": "PNG"}
"""How a thumbnail begins."""


class MajorTomReader:
    """Reads tiles of Major TOM; see `eex.imagery.read.PixelReader`."""

    def __init__(self, settings: Settings, *, client: RemoteClient | None = None) -> None:
        """Nothing is fetched before the first tile.

        Args:
            settings: Cache, hub, which hosts may be asked.
            client: What asks; one of its own by default.
        """
        self.shards = Shards(settings, client=client)

    def use_offsets(self, offsets: SetOffsets) -> None:
        """Take where cells lie from a set's side index, so that no footer is asked for."""
        self.shards.use_offsets(offsets)

    def encoder_input(self, tiles: Sequence[TileRef], *, bands: Sequence[str] = RGB) -> list[Scene]:
        """Return the stored numbers of what was embedded, one scene for each tile.

        Raises:
            RemoteError: If a shard cannot be had, or does not hold its tile.
        """
        read = self.pixels_of(tiles, kind="bands", bands=bands or RGB)
        return [pixels.scene() for pixels in read]

    def picture(self, tile: TileRef, *, size: int) -> NDArray[np.uint8]:
        """Return what was embedded for people, shape (size, size, 3); baselines look alike.

        It is the stored thumbnail, which is a sixteenth of the bytes of the bands.
        """
        kind: Kind = "thumbnail" if THUMBNAIL in self.shards.columns(tile) else "rgb"
        return self.pixels(tile, kind=kind).picture(size=size)

    def pixels(
        self,
        tile: TileRef,
        *,
        kind: Kind = "rgb",
        bands: Sequence[str] = (),
        crop: Crop = "embedded",
    ) -> TilePixels:
        """Return pixels of one tile as stored.

        Args:
            tile: The tile.
            kind: The stored picture, B04, B03 and B02, or any bands.
            bands: For "bands": which of B01 to B12, B8A and cloud_mask, in this order; by default
                the 12 bands. They are brought to the finest of their grids by repeating pixels.
            crop: What was embedded, the whole, or the central square of so many pixels of 10 m.

        Raises:
            BadQueryError: If there are no such bands, or no such crop.
            NoPixelsError: If the tile does not say where its pixels are.
            DamagedRemoteError: If the shard does not hold the tile.
            BadPictureError: If a cell is not a picture, or too large.
            ShapeError: If the tile is smaller than the crop, or lacks bands.
            MissingExtraError: If it takes rasterio, which is not installed.
            RemoteError: If the shard cannot be had.
        """
        wanted = columns_of(kind, bands, crop)
        cells = self.shards.cells(tile, wanted)
        if kind == "thumbnail":
            return thumbnail_pixels(cells[THUMBNAIL], tile, crop)
        name = tile.product_id or called(tile)
        scene = scene_of_cells(cells, name=name, when=time_of(tile.timestamp))
        cut = cut_scene(scene, tile, crop)
        return TilePixels(
            kind=kind,
            values=cut.dn,
            bands=cut.bands,
            transform=cut.transform,
            crs=cut.crs,
            tile=tile,
            licence=LICENCE,
            attribution=attribution_of(tile),
        )

    def pixels_of(
        self,
        tiles: Sequence[TileRef],
        *,
        kind: Kind = "rgb",
        bands: Sequence[str] = (),
        crop: Crop = "embedded",
    ) -> Iterator[TilePixels]:
        """Yield pixels of several tiles, in their order, each as soon as it is its turn.

        They are read side by side, 8 at a time; arguments and errors as for `pixels`. Who stops
        early leaves the rest unread.
        """
        columns_of(kind, bands, crop)
        read = partial(self.pixels, kind=kind, bands=bands, crop=crop)
        yield from in_order(
            read, tiles, threads=SIDE_BY_SIDE, ahead=2 * SIDE_BY_SIDE, name="eex-tiles"
        )


def columns_of(kind: Kind, bands: Sequence[str], crop: Crop) -> tuple[str, ...]:
    """Return the columns that are read.

    Raises:
        BadQueryError: If the request makes no sense.
        UnknownNameError: If a band is not one of Sentinel-2 L2A.
    """
    check_asked(kind, bands, crop)
    if kind == "thumbnail":
        return (THUMBNAIL,)
    if kind == "rgb":
        return RGB
    for band in bands:
        if band not in BANDS:
            kind_of_name = "band of Sentinel-2 L2A"
            raise unknown_name(kind_of_name, band, BANDS)
    return tuple(bands) or L2A


def thumbnail_pixels(raw: bytes, tile: TileRef, crop: Crop = "embedded") -> TilePixels:
    """Decode a thumbnail, a JPEG or PNG file.

    Where it lies follows from its cell, and is left out where that is not known.

    Raises:
        BadPictureError: If it is neither, over 40 million pixels, of over 32 passes, or not whole.
        ShapeError: If it is smaller than the crop.
    """
    from PIL import Image

    name = f"The thumbnail of {called(tile)}"
    form = next((form for magic, form in MAGIC.items() if raw.startswith(magic)), "")
    if not form:
        message = f"{name} is neither JPEG nor PNG."
        raise BadPictureError(message, hint="Ask for rgb.")
    if form == "JPEG" and raw.count(SCAN) > MOST_SCANS:
        message = f"{name} goes over its pixels {raw.count(SCAN):,} times."
        raise BadPictureError(message, hint="Ask for rgb.")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # our own limit is below Pillow's
            with Image.open(io.BytesIO(raw), formats=(form,)) as file:
                fits = file.width * file.height <= MAX_PICTURE_PIXELS
                pixels = np.asarray(file.convert("RGB")) if fits else None
    except Exception as error:
        message = f"{name} cannot be read to its end."
        raise BadPictureError(message, hint="Ask for rgb.") from error
    if pixels is None:
        message = f"{name} has over {MAX_PICTURE_PIXELS // 10**6} million pixels."
        raise BadPictureError(message, hint="Ask for rgb.")
    size = (pixels.shape[0], pixels.shape[1])
    top, left, bottom, right = window_of(tile, crop, size)
    transform, crs = place_of(tile, size)
    values = np.ascontiguousarray(pixels[top:bottom, left:right].transpose(2, 0, 1))
    return TilePixels(
        kind="thumbnail",
        values=values,
        bands=COLOURS,
        transform=moved(transform, top, left),
        crs=crs,
        tile=tile,
        licence=LICENCE,
        attribution=attribution_of(tile),
    )


def attribution_of(tile: TileRef) -> str:
    """Return the credit line of a tile's pixels, with the year that Copernicus asks for."""
    when = time_of(tile.timestamp) or taken(tile.product_id)
    level = "S2L1C" if "_MSIL1C_" in tile.product_id else "S2L2A"
    return ATTRIBUTION.format(year=f" {when.year}" if when else "", level=level)
