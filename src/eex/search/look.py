"""What the tiles of a set look like: pictures for people, pixels as stored."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from threading import Lock
from typing import TYPE_CHECKING, Any, overload

import numpy as np

from eex.imagery.read import PixelReader, pixel_reader

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.config import Settings
    from eex.embeddings import EmbeddingSet
    from eex.imagery.pixels import Crop, Kind, TilePixels


class Looks:
    """The part of an `OpenSet` that reads pixels of its tiles."""

    name: str
    embeddings: EmbeddingSet
    settings: Settings
    offsets: Path | None = None
    """Side index of where pixels lie; by default the one in the set's own folder, or beside
    its file, if it has one."""
    _reader: PixelReader | None = None

    @property
    def reader(self) -> PixelReader:
        """Reads the tiles' pixels; with the set's side index where it has one.

        Raises:
            UnknownNameError: If the set does not say how.
            DamagedSetError: If the side index cannot be read.
        """
        with vars(self).setdefault("_looking", Lock()):  # threads of a server come at once
            if self._reader is None:
                self._reader = self._made()
            return self._reader

    def _made(self) -> PixelReader:
        reader = pixel_reader(self.embeddings.header.pixels, settings=self.settings)
        path = Path(self.name)  # of a file or folder, or a set's name: then nothing is beside
        places = [p for p in (self.embeddings.folder, path if path.exists() else None) if p]
        if (use := getattr(reader, "use_offsets", None)) is not None:
            from eex.imagery.offsets import SetOffsets, offsets_beside

            beside = (found for p in places if (found := offsets_beside(p)) is not None)
            side_index = self.offsets or next(beside, None)
            if side_index is not None:
                use(SetOffsets.open(side_index))
        if (use := getattr(reader, "use_scenes", None)) is not None:
            from eex.sources.beside import find_scenes, load_scenes

            place = next((p for p in reversed(places) if find_scenes(p) is not None), path)
            folder = (find_scenes(place) or place).absolute().parent
            use(load_scenes(place), self.embeddings.header, folder)
        return reader

    def picture(self, row: int, *, size: int = 192) -> NDArray[np.uint8]:
        """Return a tile's picture for people, shape (size, size, 3), sRGB.

        Raises:
            SetNotFoundError: If there is no such row.
            UnknownNameError: If the set does not say how its pixels are read.
            RemoteError: If they cannot be had.
        """
        return self.reader.picture(self.embeddings.tile(row), size=size)

    @overload
    def pixels(
        self,
        row: int,
        *,
        kind: Kind = "rgb",
        bands: Sequence[str] = (),
        crop: Crop = "embedded",
    ) -> TilePixels: ...

    @overload
    def pixels(
        self,
        row: Sequence[int],
        *,
        kind: Kind = "rgb",
        bands: Sequence[str] = (),
        crop: Crop = "embedded",
    ) -> Iterator[TilePixels]: ...

    def pixels(
        self,
        row: int | np.integer[Any] | Sequence[int],
        *,
        kind: Kind = "rgb",
        bands: Sequence[str] = (),
        crop: Crop = "embedded",
    ) -> TilePixels | Iterator[TilePixels]:
        """Read a tile's pixels as stored, or those of several tiles side by side.

        Args:
            row: Of the set; of several rows, pixels are yielded in this order as they arrive.
            kind: "thumbnail" (the stored picture), "rgb" (B04, B03, B02) or "bands".
            bands: For "bands": which, in this order, such as ["B08", "B04"]; by default all 12.
            crop: "embedded" (what the vector was made of), "whole", or the central square of so
                many pixels of 10 m.

        Returns:
            Pixels with coordinate system and transform; `.save("tile.tif")` writes them.

        Raises:
            BadQueryError: If the request makes no sense.
            SetNotFoundError: If there is no such row.
            UnknownNameError: If the set does not say how its pixels are read.
            NoPixelsError: If the row does not say where they are.
            RemoteError: If they cannot be had.
        """
        if isinstance(row, int | np.integer):
            tile = self.embeddings.tile(int(row))
            return self.reader.pixels(tile, kind=kind, bands=bands, crop=crop)
        tiles = [self.embeddings.tile(int(one)) for one in row]
        return self.reader.pixels_of(tiles, kind=kind, bands=bands, crop=crop)
