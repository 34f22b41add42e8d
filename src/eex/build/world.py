"""The embedded world as items, so that a build can be tried without imagery of one's own."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.build.items import Item, TileBatch, Want
from eex.errors import BadQueryError
from eex.sources.refs import Listed, Ref, SceneRef
from eex.sources.world import SPEC, WorldSource

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

WORLD = "eex:bluemarble"
"""Stands for the mosaic of the package where others have an address."""

RGB = ("red", "green", "blue")
"""Bands of the mosaic."""

PIECE = 500
"""Cells of an item."""


class WorldScenes:
    """The embedded world as a source of one scene."""

    name = "world"
    title = SPEC.title

    def __init__(self, bbox: tuple[float, float, float, float] | None = None) -> None:
        """Take the cells whose centres lie in `bbox` (west, south, east, north); all by default."""
        self.bbox = bbox

    def refs(self, *, listed: Listed | None = None) -> list[Ref]:
        """Return the mosaic."""
        if listed is not None:
            listed(1, 1)
        return [
            SceneRef(
                id="bluemarble",
                href=WORLD,
                licence=SPEC.licence,
                attribution=SPEC.attribution,
            )
        ]

    def asked(self) -> dict[str, Any]:
        """Return what was asked for."""
        return {"bbox": list(self.bbox)} if self.bbox else {}

    def items(self) -> list[Item]:
        """Return runs of cells, south to north, at most `PIECE` an item.

        Raises:
            BadQueryError: If no cell lies in the box.
        """
        from eex.grid import Grid
        from eex.sources.world import GRID_KM

        source = WorldSource()
        rows = np.arange(source.count())
        if self.bbox is not None:
            west, south, east, north = self.bbox
            lon, lat = Grid(GRID_KM).centres(source.cells).T
            across = (
                (lon >= west) & (lon <= east) if west <= east else (lon >= west) | (lon <= east)
            )
            rows = rows[across & (lat >= south) & (lat <= north)]
        if not len(rows):
            message = "The embedded world has no cells there; it has land only."
            raise BadQueryError(message, hint="Choose a larger area.")
        (ref,) = self.refs()
        items = []
        for low in range(0, len(rows), PIECE):
            some = rows[low : low + PIECE]
            runs = np.split(some, np.flatnonzero(np.diff(some) != 1) + 1)
            windows = tuple((int(run[0]), len(run)) for run in runs)
            items.append(Item(ref=ref, windows=windows, tiles=len(some)))
        return items


def read_world(item: Item, wants: Sequence[Want], *, batch: int) -> Iterator[TileBatch]:
    """Cut the windows of an item.

    Raises:
        BadQueryError: If digital numbers are wanted: the mosaic is a picture.
    """
    from eex.imagery.bluemarble import BlueMarble

    if any(not want.stretch for want in wants):
        message = "The embedded world is a picture; it has no bands of Sentinel-2."
        raise BadQueryError(message, hint="Choose a model that takes pictures.")
    rows = np.concatenate([np.arange(start, start + count) for start, count in item.windows])
    tiles = _tiles()
    mosaic = BlueMarble.open()
    for low in range(0, len(rows), batch):
        some = rows[low : low + batch]
        table = tiles.take(some)
        lonlat = np.column_stack([table[n].to_numpy() for n in ("centre_lon", "centre_lat")])
        pixels: NDArray[Any] = mosaic.cut(lonlat)
        yield TileBatch(tiles=_told(table, item), pixels=dict.fromkeys(wants, pixels))


@cache
def _tiles() -> pa.Table:
    source = WorldSource()
    (table,) = source.tiles(batch=source.count())
    return table


def _told(table: pa.Table, item: Item) -> pa.Table:
    import pyarrow as pa

    rows = len(table)
    when = pa.nulls(rows, pa.timestamp("us", "UTC"))
    table = table.append_column("datetime", when)
    table = table.append_column("cloud_cover", pa.nulls(rows, pa.float32()))
    return table.append_column("scene", pa.array([item.ref.id] * rows, pa.string()))
