"""Tiles are collected until a batch is full: the same batches whenever an item is read."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.build.items import TileBatch, Tiling, Want
from eex.build.rows import with_clouds
from eex.errors import ShapeError

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

COLOURS = 3
"""Bands of a picture."""

ROUNDING = 1e-9
"""By which a share may exceed its limit."""


def kept(missing: float, clouds: float, tiling: Tiling) -> bool:
    """Whether a tile with such shares, 0 to 1, is within the limits; one without data never is."""
    within = missing <= tiling.max_nodata + ROUNDING and clouds <= tiling.max_cloud + ROUNDING
    return within and missing < 1


class Batcher:
    """Collects tiles. What is handed out is never written to again."""

    def __init__(self, wants: Mapping[Want, np.dtype[Any]], size: int, batch: int) -> None:
        """Make room for the first batch.

        Args:
            wants: Number format of each form of pixels.
            size: Height and width of a tile.
            batch: Tiles of a batch.
        """
        self.rows = 0
        self._wants, self._size, self._batch = wants, size, batch
        self._begin()

    @property
    def full(self) -> bool:
        """Whether a batch is complete."""
        return self.rows == self._batch

    def add(
        self,
        tiles: pa.Table,
        row: int,
        pixels: Mapping[Want, NDArray[Any]],
        clouds: float | None,
    ) -> None:
        """Copy one tile.

        Args:
            tiles: A table of tiles.
            row: Which of them.
            pixels: Its pixels in each form.
            clouds: Its share of clouds, percent.

        Raises:
            ShapeError: If pixels have another number format than the first ones.
        """
        for want, own in pixels.items():
            if own.dtype != self._wants[want]:
                message = f"Some tiles have numbers of {own.dtype}, others of {self._wants[want]}."
                raise ShapeError(message, hint="Build them apart.")
            self._pixels[want][self.rows] = own
        if not self._tables or self._tables[-1][0] is not tiles:
            self._tables.append((tiles, []))
        self._tables[-1][1].append(row)
        self._clouds.append(clouds)
        self.rows += 1

    def take(self) -> TileBatch:
        """Return what was collected, and begin anew."""
        import pyarrow as pa

        tiles = pa.concat_tables([table.take(rows) for table, rows in self._tables])
        batch = TileBatch(
            tiles=with_clouds(tiles, self._clouds).combine_chunks(),
            pixels={want: array[: self.rows] for want, array in self._pixels.items()},
        )
        self._begin()
        return batch

    def _begin(self) -> None:
        self.rows = 0
        self._tables: list[tuple[pa.Table, list[int]]] = []
        self._clouds: list[float | None] = []
        size = self._size
        self._pixels: dict[Want, NDArray[Any]] = {}
        for want, dtype in self._wants.items():
            inner = (size, size, COLOURS) if want.stretch else (len(want.bands), size, size)
            self._pixels[want] = np.empty((self._batch, *inner), dtype)
