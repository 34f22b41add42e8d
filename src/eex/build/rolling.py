"""A window that rolls down a scene: some rows of pixels, stretched once, and what is missing there.

Tiles overlap, so each pixel is in several of them. It is read, understood and stretched once; tiles
are cut from what is at hand. Shares of missing pixels and clouds are sums over columns between
edges of tiles, which are a thousandth of the pixels.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.build.bands import Channel, read_strip
from eex.build.items import Want

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST_ROWS = 256
"""Rows that are read together at least, where blocks are lower: fewer calls."""


@dataclass(frozen=True, kw_only=True)
class Strip:
    """Rows that are read together."""

    rows: tuple[int, int]
    """First row, and row after the last."""
    columns: tuple[int, int]
    """First column, and column after the last."""


def strips(boxes: NDArray[np.int64], block_height: int, height: int) -> Iterator[Strip]:
    """Yield what is read for windows, down the scene, whole rows of blocks at a time.

    Args:
        boxes: Top, left, bottom, right, ordered by top, shape (n, 4), at least one.
        block_height: Rows of a block of the file.
        height: Rows of the scene.
    """
    step = block_height * max(1, -(-LEAST_ROWS // block_height))
    row = int(boxes[0, 0])
    while True:
        stop = min((row // step + 1) * step, height, int(boxes[:, 2].max()))
        there = boxes[(boxes[:, 0] < stop) & (boxes[:, 2] > row)]
        if len(there):
            columns = int(there[:, 1].min()), int(there[:, 3].max())
            yield Strip(rows=(row, stop), columns=columns)
        below = boxes[boxes[:, 2] > stop]
        if not len(below):
            return
        row = max(stop, int(below[:, 0].min()))


class Rolling:
    """The rows at hand. Strips go in downwards, tiles come out."""

    def __init__(
        self,
        channels: Sequence[Channel],
        wants: Sequence[Want],
        boxes: NDArray[np.int64],
        *,
        rows: int,
    ) -> None:
        """Make room.

        Args:
            channels: Bands of the scene, and its classes where clouds are looked at.
            wants: Forms that are asked for.
            boxes: All windows that will be, shape (n, 4).
            rows: Most rows that are at hand at once.
        """
        self.left, right = int(boxes[:, 1].min()), int(boxes[:, 3].max())
        self.top = self.bottom = 0
        self._edges = np.unique(boxes[:, (1, 3)])
        self._channels = channels
        wide = right - self.left
        self.pixels = {
            want: np.empty((rows, wide, len(want.bands)), self.dtype(want)) for want in wants
        }
        self._sums = np.zeros((2, rows, len(self._edges) - 1), np.uint16)

    def dtype(self, want: Want) -> np.dtype[Any]:
        """Return the number format of a want."""
        if want.stretch:
            return np.dtype(np.uint8)
        fractions = any(c.numbers.as_float for c in self._channels if c.name in want.bands)
        return np.dtype(np.float32 if fractions else np.uint16)

    def add(self, strip: Strip, *, keep_from: int) -> None:
        """Read a strip; rows above `keep_from` are given up.

        Raises:
            BadPictureError: If a file is not whole.
            RemoteError: If it is far away and cannot be had.
            ShapeError: If numbers are no digital numbers.
        """
        self._give_up(keep_from, strip.rows[0])
        first = strip.rows[0] - self.top
        rows = slice(first, first + strip.rows[1] - strip.rows[0])
        columns = slice(strip.columns[0] - self.left, strip.columns[1] - self.left)
        gone: NDArray[np.bool_] | None = None
        for channel, stored in read_strip(self._channels, (strip.rows, strip.columns)):
            if channel.classes:
                cloudy = np.isin(stored, channel.classes)
                self._sums[1, rows] = self._summed(cloudy, columns)
                continue
            if gone is None or gone.any():  # a pixel is missing if all bands lack it
                lacking = channel.numbers.missing(stored)
                gone = lacking if gone is None else gone & lacking
            for want, pixels in self.pixels.items():
                for place in np.flatnonzero(np.array(want.bands) == channel.name).tolist():
                    pixels[rows, columns, place] = (
                        channel.numbers.levels(stored, want.stretch)
                        if want.stretch
                        else channel.numbers.dn(stored)
                    )
        self._sums[0, rows] = self._summed(gone, columns)
        self.bottom = strip.rows[1]

    def shares(self, boxes: NDArray[np.int64]) -> NDArray[np.float64]:
        """Return shares of windows of one top: missing pixels, and clouds in the rest; (2, n)."""
        top, bottom = int(boxes[0, 0]), int(boxes[0, 2])
        sums = self._sums[:, top - self.top : bottom - self.top].sum(axis=1, dtype=np.int64)
        before = np.concatenate([np.zeros((2, 1), np.int64), np.cumsum(sums, axis=1)], axis=1)
        low = np.searchsorted(self._edges, boxes[:, 1])
        high = np.searchsorted(self._edges, boxes[:, 3])
        missing, cloudy = before[:, high] - before[:, low]
        area = (boxes[:, 2] - boxes[:, 0]) * (boxes[:, 3] - boxes[:, 1])
        return np.stack([missing / area, cloudy / np.maximum(area - missing, 1)])

    def cut(self, want: Want, box: NDArray[np.int64]) -> NDArray[Any]:
        """Return pixels of one window, a view: bands last where stretched, else first."""
        top, left, bottom, right = box.tolist()
        pixels = self.pixels[want]
        part = pixels[top - self.top : bottom - self.top, left - self.left : right - self.left]
        return part if want.stretch else part.transpose(2, 0, 1)

    def _give_up(self, keep_from: int, bottom: int) -> None:
        """Move the rows that stay to the beginning; the next strip begins at `bottom`."""
        if self.bottom < bottom:  # rows between were not needed
            self.top = self.bottom = bottom
            return
        keep_from = min(keep_from, self.bottom)
        first, stay = keep_from - self.top, self.bottom - keep_from
        for array in self.pixels.values():
            array[:stay] = array[first : first + stay]
        self._sums[:, :stay] = self._sums[:, first : first + stay]
        self.top = keep_from

    def _summed(self, mask: NDArray[np.bool_] | None, columns: slice) -> NDArray[np.uint16] | int:
        """Return pixels that are set, row by row, between edges of tiles."""
        if mask is None or not mask.any():
            return 0
        whole = np.zeros((len(mask), int(self._edges[-1]) - self.left), np.uint8)
        whole[:, columns] = mask
        low = self._edges[:-1] - self.left
        return np.asarray(np.add.reduceat(whole, low, axis=1, dtype=np.uint16))
