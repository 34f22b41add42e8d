"""Items become tiles and pixels: the same ones, in the same batches, whenever they are read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from eex.build.bands import CLOUDS, Channel, fetch_strip, open_channels
from eex.build.batches import COLOURS, Batcher, kept
from eex.build.items import Item, TileBatch, Tiling, Want
from eex.build.lattice import check_tiling, ground_of
from eex.build.rolling import Rolling, strips
from eex.build.rows import Origin, tile_rows
from eex.build.windows import windows_of
from eex.errors import BadQueryError, ShapeError
from eex.imagery.cog import Files
from eex.imagery.stretch import stretch_of
from eex.sources.refs import SceneRef, ShardRef

if TYPE_CHECKING:
    from eex.config import Settings

BATCH = 64
"""Tiles that are given at once: 9.6 MB of 224 x 224 pictures."""


def read_item(
    item: Item,
    tiling: Tiling,
    wants: Sequence[Want],
    *,
    settings: Settings,
    batch: int = BATCH,
) -> Iterator[TileBatch]:
    """Read the tiles of an item.

    Tiles come from top to bottom, then left to right, those of shards row after row. A tile whose
    share of missing pixels or clouds is over the limit, or that has no data at all, is left out; a
    pixel is missing where none of the bands that are read has a value. Every batch but the last has
    `batch` tiles, so that batches depend on nothing but the arguments.

    Args:
        item: Which tiles.
        tiling: How they were planned.
        wants: Forms of pixels, at least one.
        settings: Which hosts may be asked.
        batch: Tiles at a time.

    Raises:
        BadQueryError: If tiling or wants make no sense.
        ShapeError: If bands are not there, do not lie on each other, or hold no digital numbers.
        BadPictureError: If a file is missing or not whole.
        RemoteError: If it is far away and cannot be had.
        MissingExtraError: If rasterio is not installed.
    """
    check_tiling(tiling)
    _check_wants(wants)
    if batch < 1:
        message = f"A batch has 1 tile or more, not {batch}."
        raise BadQueryError(message)
    if isinstance(item.ref, ShardRef):
        from eex.build.shards import read_shard

        yield from read_shard(item, item.ref, tiling, wants, settings=settings, batch=batch)
    elif item.windows:
        yield from _read_scene(item, item.ref, tiling, wants, settings=settings, batch=batch)


def _read_scene(
    item: Item,
    ref: SceneRef,
    tiling: Tiling,
    wants: Sequence[Want],
    *,
    settings: Settings,
    batch: int,
) -> Iterator[TileBatch]:
    ground = ground_of(ref)
    windows = windows_of(item, ground, tiling)
    boxes = windows.boxes
    origin = Origin(scene=ref.id, product_id=ref.product_id, when=ref.when)
    tiles = tile_rows(origin, ground.squares(boxes), windows.told, cells=windows.cells)
    classes = next((name for name in CLOUDS if name in ref.bands), "")
    clouds = classes if tiling.max_cloud < 1 else ""
    names = dict.fromkeys(band for want in wants for band in want.bands)
    with Files(settings) as files:
        channels = open_channels(ref, [*names, *filter(None, [clouds])], tiling, files)
        height = min(map(_block_height, channels))
        down = list(strips(boxes, height, ground.size[0]))
        room = tiling.size + max(strip.rows[1] - strip.rows[0] for strip in down)
        rolling = Rolling(channels, wants, boxes, rows=room)
        found = Batcher({want: rolling.dtype(want) for want in wants}, tiling.size, batch)
        begin = 0
        wait = fetch_strip(channels, (down[0].rows, down[0].columns), files)
        for number, strip in enumerate(down, 1):
            wait()
            if number < len(down):
                below = down[number]
                wait = fetch_strip(channels, (below.rows, below.columns), files)
            rolling.add(strip, keep_from=int(boxes[begin, 0]))
            while begin < len(boxes) and boxes[begin, 2] <= rolling.bottom:
                end = int(np.searchsorted(boxes[:, 0], boxes[begin, 0], side="right"))
                missing, cloudy = rolling.shares(boxes[begin:end]).tolist()
                for row, lacks, covered in zip(range(begin, end), missing, cloudy, strict=True):
                    if not kept(lacks, covered, tiling):
                        continue
                    pixels = {want: rolling.cut(want, boxes[row]) for want in wants}
                    found.add(tiles, row, pixels, 100 * covered if clouds else ref.cloud_cover)
                    if found.full:
                        yield found.take()
                begin = end
    if found.rows:
        yield found.take()


def _block_height(channel: Channel) -> int:
    """Return rows of the finest grid that a row of blocks of a band covers."""
    return channel.band.block[0] * max(1, channel.size[0] // channel.band.size[0])


def _check_wants(wants: Sequence[Want]) -> None:
    if not wants:
        message = "No form of pixels is asked for."
        raise BadQueryError(message, hint="Name an encoder.")
    for want in wants:
        if not want.bands:
            message = "A form of pixels has no bands."
            raise BadQueryError(message, hint="Name bands, such as B04, B03 and B02.")
        if want.stretch:
            stretch_of(want.stretch)
            if len(want.bands) != COLOURS:
                message = f"A picture has three bands, not {', '.join(want.bands)}."
                raise ShapeError(message, hint="Name B04, B03 and B02, or use no stretch.")
