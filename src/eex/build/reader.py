"""Pictures and pixels of a set's own tiles, out of the scenes that it was built from.

The references that lie beside the set (`eex.sources.beside`) say where its scenes are; a row says
which scene, and where in it. Of files here and far away only the blocks under a tile are read.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.build.bands import offset_there, open_channels, read_strip
from eex.build.items import Tiling
from eex.build.lattice import DEGREES, Ground, ground_of
from eex.build.layout import layout_opener
from eex.build.public import whole_ref
from eex.build.shards import samples
from eex.errors import BadPictureError, ChangedError, NoPixelsError, ShapeError
from eex.grid.utm import project
from eex.imagery.baseline import less
from eex.imagery.cog import Files
from eex.imagery.crop import cut_scene, moved
from eex.imagery.pixels import CLOUD_MASK, COLOURS, Crop, Kind, TilePixels, check_asked
from eex.imagery.ranged import Kept, address_of
from eex.imagery.scene import RGB, Scene
from eex.imagery.sentinel2 import scene_of_cells
from eex.imagery.shards import called
from eex.imagery.stretch import stretch_of
from eex.imagery.tone import thumbnail_tone
from eex.ordered import in_order
from eex.sources.names import time_of
from eex.sources.refs import SceneRef, ShardRef
from eex.tiles import TileRef

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

    from eex.config import Settings
    from eex.embeddings import SetHeader
    from eex.sources.refs import Ref

SIDE_BY_SIDE = 8
"""Tiles that are read at once."""

FINEST_M = 10.0
"""Metres of the pixels in which crops are told."""

TURN = 360
"""Degrees of longitude once around."""

FED = ("", "majortom")
"""Stretches that encoders make by themselves from digital numbers."""


class ScenesReader:
    """Reads tiles of sets that were built here; see `eex.imagery.read.PixelReader`."""

    def __init__(self, settings: Settings) -> None:
        """Nothing is read before the first tile."""
        self._settings = settings
        self._kept = Kept(settings)
        self._refs: Mapping[str, Ref] = {}
        self._header: SetHeader | None = None

    def use_scenes(self, refs: Mapping[str, Ref], header: SetHeader, folder: Path) -> None:
        """Take where the scenes of a set are, and what was done to their numbers.

        Args:
            refs: References by id.
            header: Of the set.
            folder: Where the set lies; paths of files begin there unless they are whole.
        """
        self._refs = {name: _there(whole_ref(ref, folder)) for name, ref in refs.items()}
        self._header = header

    def encoder_input(
        self, tiles: Sequence[TileRef], *, bands: Sequence[str] = RGB
    ) -> list[Scene | NDArray[np.uint8]]:
        """Return what encoders were fed: digital numbers, or the picture if the set says how.

        Raises:
            NoPixelsError: If it is not known where a tile's pixels are, or they are gone.
            RemoteError: If they are far away and cannot be had.
        """
        header = self._header
        stretch = "" if header is None else header.stretch
        wanted = (header.bands if header is not None and stretch else ()) or bands or RGB
        found: list[Scene | NDArray[np.uint8]] = []
        for pixels in self.pixels_of(tiles, kind="bands", bands=wanted):
            if header is not None and header.remove_offset:
                pixels = _without_offset(pixels)  # noqa: PLW2901
            if stretch in FED and wanted == bands:
                found.append(pixels.scene())
                continue
            form, dn = stretch_of(stretch or "majortom"), pixels.values
            levels = form.table[dn] if dn.dtype == np.uint16 else form.of(dn)
            found.append(np.ascontiguousarray(levels.transpose(1, 2, 0)))
        return found

    def picture(self, tile: TileRef, *, size: int) -> NDArray[np.uint8]:
        """Return a tile for people, shape (size, size, 3); baselines look alike."""
        return self.pixels(tile).picture(size=size)

    def pixels(
        self,
        tile: TileRef,
        *,
        kind: Kind = "rgb",
        bands: Sequence[str] = (),
        crop: Crop = "embedded",
    ) -> TilePixels:
        """Return pixels of one tile: digital numbers as stored, coarser bands repeated.

        Args:
            tile: The tile.
            kind: "rgb" is B04, B03 and B02, or the three bands that the set was made of where its
                scenes have none of these; "thumbnail" is a picture made of them.
            bands: For "bands": which, in this order; all but classes by default.
            crop: The tile, or the square of so many pixels of 10 m around its middle.

        Raises:
            BadQueryError: If the request makes no sense.
            NoPixelsError: If it is not known where the pixels are, or their file is gone.
            ShapeError: If there are no such bands, or the scene ends within the crop.
            BadPictureError: If a file is not whole.
            RemoteError: If it is far away and cannot be had.
        """
        ref = self._ref(tile)
        check_asked(kind, bands, crop)
        wanted = self._bands(ref, kind, bands)
        if isinstance(ref, ShardRef):
            pixels = self._of_shard(ref, tile, wanted, crop)
        else:
            try:
                pixels = self._of_scene(ref, tile, wanted, crop)
            except ChangedError:  # since its beginning was read
                pixels = self._of_scene(ref, tile, wanted, crop)
        if kind != "thumbnail":
            return replace(pixels, kind=kind)
        toned = thumbnail_tone(_without_offset(pixels).values).transpose(2, 0, 1)
        return replace(pixels, kind=kind, values=toned, bands=COLOURS, offset=0)

    def pixels_of(
        self,
        tiles: Sequence[TileRef],
        *,
        kind: Kind = "rgb",
        bands: Sequence[str] = (),
        crop: Crop = "embedded",
    ) -> Iterator[TilePixels]:
        """Yield `pixels` of several tiles, in their order, read side by side."""
        read = partial(self.pixels, kind=kind, bands=bands, crop=crop)
        yield from in_order(
            read, tiles, threads=SIDE_BY_SIDE, ahead=2 * SIDE_BY_SIDE, name="eex-scenes"
        )

    def _ref(self, tile: TileRef) -> Ref:
        ref = self._refs.get(tile.scene)
        if ref is not None:
            return ref
        message = f"It is not known where the pixels of {called(tile)} are."
        if not tile.scene:
            raise NoPixelsError(message, hint="Its row names no scene.")
        hint = f"Scene {tile.scene} is not among the references beside the set (NAME.scenes.json)."
        raise NoPixelsError(message, hint=hint)

    def _bands(self, ref: Ref, kind: Kind, bands: Sequence[str]) -> tuple[str, ...]:
        own = self._header.bands if self._header is not None else ()
        if kind == "bands":
            every = own if isinstance(ref, ShardRef) else ref.bands
            return tuple(bands) or tuple(b for b in every if b not in {"SCL", CLOUD_MASK})
        no_rgb = isinstance(ref, SceneRef) and not set(RGB) <= set(ref.bands)
        return own if no_rgb and len(own) == len(RGB) else RGB

    def _of_scene(
        self, ref: SceneRef, tile: TileRef, bands: Sequence[str], crop: Crop
    ) -> TilePixels:
        if not ref.bands:
            raise _not_published(ref)
        for asset in ref.bands.values():
            if not address_of(asset.href) and not Path(asset.href).is_file():
                message = f"The scene {ref.id} is no longer at {asset.href}."
                hint = "Put it back, or change its path in the set's NAME.scenes.json."
                raise NoPixelsError(message, hint=hint)
        if not ref.crs or ref.transform is None or ref.size is None:
            ref = layout_opener(self._settings)(ref)
        ground = ground_of(ref)
        top, left, bottom, right = _window(tile, ground, crop)
        with Files(self._settings, kept=self._kept) as files:
            channels = open_channels(ref, bands, Tiling(), files)
            window = ((top, bottom), (left, right))
            for band in channels:
                files.ahead([band.band], band.own(window))()
            found = {c.name: c.numbers.dn(v) for c, v in read_strip(channels, window)}
        return TilePixels(
            kind="bands",
            values=np.stack([found[band] for band in bands]),
            bands=tuple(bands),
            transform=moved(ground.transform, top, left),
            crs=ground.crs,
            tile=tile,
            offset=offset_there(ref),
            **self._credit(ref),
        )

    def _of_shard(
        self, ref: ShardRef, tile: TileRef, bands: Sequence[str], crop: Crop
    ) -> TilePixels:
        if tile.parquet_row < 0:
            message = f"The row of {called(tile)} does not say which row of its shard it is from."
            raise NoPixelsError(message, hint="Its table lacks parquet_row.")
        if not ref.href:
            raise _not_published(ref)
        if not address_of(ref.href) and not Path(ref.href).is_file():
            message = f"The shard {ref.id} is no longer at {ref.href}."
            hint = "Put it back, or change its path in the set's NAME.scenes.json."
            raise NoPixelsError(message, hint=hint)
        (sample,) = samples(ref, [tile.parquet_row], bands, self._settings)
        if (sample.grid_cell, sample.product_id) != (tile.grid_cell, tile.product_id):
            message = f"Row {sample.row} of {ref.id} is {sample.grid_cell}, not {called(tile)}."
            raise BadPictureError(message, hint="The set does not fit its shards.")
        name = sample.product_id or called(tile)
        scene = scene_of_cells(sample.rasters, name=name, when=time_of(tile.timestamp))
        cut = cut_scene(scene, tile, crop)
        return TilePixels(
            kind="bands",
            values=cut.dn,
            bands=cut.bands,
            transform=cut.transform,
            crs=cut.crs,
            tile=tile,
            **self._credit(ref),
        )

    def _credit(self, ref: Ref) -> dict[str, Any]:
        header = self._header
        return {
            "licence": ref.licence or ("" if header is None else header.licence),
            "attribution": ref.attribution or ("" if header is None else header.attribution),
        }


def _window(tile: TileRef, ground: Ground, crop: Crop) -> tuple[int, int, int, int]:
    """Return which pixels of a scene are meant: top, left, bottom, right.

    The row's middle says where; its pixel box, how large, and exactly where if it is a box in the
    scene, not one in a tile of Major TOM.

    Raises:
        NoPixelsError: If the row does not say it.
        ShapeError: If the scene ends within.
    """
    box = tile.pixel_bbox
    if box is None:
        message = f"The row of {called(tile)} has no pixel box."
        raise NoPixelsError(message, hint="Its table lacks pixel_bbox.")
    a, _, c, _, e, f = ground.transform
    x, y = project(np.array([[tile.lon, tile.lat]]), np.array([ground.crs]))[0].tolist()
    if ground.crs in DEGREES:  # they may go on beyond 180
        x += TURN * round((c + a * ground.size[1] / 2 - x) / TURN)
    middle = (y - f) / e, (x - c) / a
    height, width = box[2] - box[0], box[3] - box[1]
    near = max(abs((box[0] + box[2]) / 2 - middle[0]), abs((box[1] + box[3]) / 2 - middle[1])) < 1
    top, left = box[:2] if near else (round(middle[0] - height / 2), round(middle[1] - width / 2))
    if isinstance(crop, int):
        side = round(crop * FINEST_M / a) if ground.crs.startswith("EPSG:32") else crop
        top, left = top + height // 2 - side // 2, left + width // 2 - side // 2
        height = width = max(1, side)
    if top < 0 or left < 0 or top + height > ground.size[0] or left + width > ground.size[1]:
        message = f"The scene of {called(tile)} ends within {width} x {height} pixels around it."
        raise ShapeError(message, hint="Ask for fewer pixels.")
    return top, left, top + height, left + width


def _without_offset(pixels: TilePixels) -> TilePixels:
    return replace(pixels, values=less(pixels.values, pixels.added), offset=0)


def _there(ref: Ref) -> Ref:
    """Return a reference that leads to where files came from if copies of them are gone."""
    if isinstance(ref, ShardRef):
        return ref
    bands = {
        band: replace(asset, href=asset.origin, origin="")
        if asset.origin and not Path(asset.href).is_file()
        else asset
        for band, asset in ref.bands.items()
    }
    return replace(ref, bands=bands)


def _not_published(ref: Ref) -> NoPixelsError:
    what = "shard" if isinstance(ref, ShardRef) else "scene"
    message = f"The {what} {ref.id} is not available: it lies with whoever published the set."
    return NoPixelsError(message, hint="Its tiles are searched; there are no pictures of them.")
