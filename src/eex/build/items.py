"""The unit of work of a build: some tiles of one scene or shard, and what reading them gives.

A plan cuts references into items. An item is data, is read alone, and gives the same tiles with the
same pixels in the same batches every time, so that it can be done anywhere and done again.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal

from eex.sources.refs import Ref, from_json, to_json

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

GridName = Literal["scene", "majortom"]
"""How tiles are laid out: a lattice of the scene's own pixels, or the tiles of Major TOM."""


@dataclass(frozen=True, kw_only=True)
class Want:
    """One form of pixels that encoders take; several encoders may share one."""

    bands: tuple[str, ...]
    """Names, in the order of the encoder."""
    stretch: str = ""
    """How numbers become 8 bits, a name in `eex.imagery.stretch`; empty: digital numbers."""


@dataclass(frozen=True, kw_only=True)
class Tiling:
    """How scenes become tiles."""

    size: int = 224
    """Height and width of a tile, pixels of the finest grid."""
    stride: int = 112
    """Pixels from one tile to the next; Major TOM's tiles are cut as its full sets are."""
    grid: GridName = "scene"
    """See `GridName`. Of Major TOM's tiles, fragments of `size` are cut, or the centre alone."""
    centre: bool = False
    """Of Major TOM's tiles only the central square of `size` pixels, as the 249k sets have it."""
    max_nodata: float = 0.0
    """Largest share of missing pixels of a tile, 0 to 1."""
    max_cloud: float = 1.0
    """Largest share of clouds in a tile, 0 to 1, where the scene has classes; 1: not looked at."""
    remove_offset: bool = False
    """Take off the 1000 of baseline 04.00 before anything else, where it is still there."""


@dataclass(frozen=True, kw_only=True)
class Item:
    """Some tiles of one reference."""

    ref: Ref
    """The scene or the shard."""
    windows: tuple[tuple[int, ...], ...]
    """Which: of a scene runs of tiles in a row (top, left, count) in pixels of its finest grid, a
    stride apart; of a scene on Major TOM's grid whole tiles (top, left, row, column), the last two
    those of the cell; of a shard (row,)."""
    tiles: int
    """How many tiles at most; those without data or under clouds are left out on reading."""

    def to_json(self) -> dict[str, Any]:
        """Return it as JSON."""
        windows = [list(window) for window in self.windows]
        return {"ref": to_json(self.ref), "windows": windows, "tiles": self.tiles}

    @classmethod
    def from_json(cls, record: Mapping[str, Any]) -> Item:
        """Return the item that `to_json` wrote."""
        windows = tuple(tuple(window) for window in record["windows"])
        return cls(ref=from_json(record["ref"]), windows=windows, tiles=record["tiles"])

    def key(self, tiling: Tiling) -> str:
        """Return what names this piece of work, 16 hexadecimal digits: same key, same tiles."""
        told = json.dumps([self.to_json(), asdict(tiling)], sort_keys=True)
        return hashlib.sha256(told.encode()).hexdigest()[:16]


@dataclass(frozen=True, kw_only=True)
class TileBatch:
    """Tiles that were read."""

    tiles: pa.Table
    """Columns of `eex.tiles.SCHEMA`, then `datetime` (timestamp, UTC), `cloud_cover` (percent of
    the tile, else of the scene) and `scene` (id of its reference); `parquet_url` and
    `parquet_row` too where pixels are in a shard. All in one order of columns."""
    pixels: Mapping[Want, NDArray[Any]]
    """For each want as many arrays as there are tiles: (n, size, size, 3) uint8 where there is a
    stretch, (n, bands, size, size) uint16 or float32 where there is none."""
