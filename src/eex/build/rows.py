"""Rows of the table of tiles: where each lies, what it is called, what it is from."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa

from eex.grid import Cells, Grid
from eex.tiles import SCHEMA, tile_id, tile_table

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.grid.footprints import Footprints

GRID_KM = 10.0
"""Spacing of the grid whose cells rows name."""

MORE = (
    pa.field("datetime", pa.timestamp("us", tz="UTC")),
    pa.field("cloud_cover", pa.float64()),
    pa.field("scene", pa.string()),
)
"""Columns of tiles that were cut from scenes, after those of Major TOM."""

SCENE_TILES = pa.schema([*SCHEMA, *MORE])
"""What tiles of scenes have."""

SHARD_PLACE = (pa.field("parquet_url", pa.string()), pa.field("parquet_row", pa.int64()))
"""Columns of tiles of shards that say where their pixels are."""

SHARD_TILES = pa.schema([*SCENE_TILES, *SHARD_PLACE])
"""What tiles of shards have."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What the tiles of a table share."""

    scene: str
    """Id of the reference."""
    product_id: str
    """Product that the pixels are from."""
    when: datetime | None
    """When it was taken (UTC)."""


def tile_rows(
    origin: Origin,
    squares: Footprints,
    boxes: NDArray[np.int64],
    *,
    cells: Cells | None = None,
) -> pa.Table:
    """Return rows of `SCENE_TILES`, without the share of clouds, which reading tells.

    A row's cell is the one of Major TOM's 10 km grid that holds the tile's centre. Several tiles
    share cell and product, so `unique_id` is made of the pixel box too.

    Args:
        origin: What they are from.
        squares: Where they lie, n of them.
        boxes: Top, left, bottom, right in the raster that they were cut from, shape (n, 4).
        cells: Their cells where these are known, as those of Major TOM's tiles.
    """
    import shapely

    count = len(boxes)
    centres = squares.centres()
    if cells is None:
        cells = Grid(GRID_KM).cells_at(centres)
    names = cells.names()
    product = origin.product_id or origin.scene
    stamp = None if origin.when is None else f"{origin.when:%Y%m%dT%H%M%S}"
    table = tile_table(
        {
            "unique_id": [
                tile_id(name, product, box) for name, box in zip(names, boxes.tolist(), strict=True)
            ],
            "timestamp": [stamp] * count,
            "product_id": [product] * count,
            "grid_cell": names,
            "grid_row_u": cells.row,
            "grid_col_r": cells.col,
            "geometry": list(shapely.to_wkb(squares.polygons())),
            "centre_lat": centres[:, 1],
            "centre_lon": centres[:, 0],
            "utm_footprint": squares.utm_wkt(),
            "utm_crs": squares.crs,
            "pixel_bbox": boxes.tolist(),
        }
    )
    more: list[Any] = [[origin.when] * count, [None] * count, [origin.scene] * count]
    for field, values in zip(MORE, more, strict=True):
        table = table.append_column(field, pa.array(values, field.type))
    return table


def with_clouds(tiles: pa.Table, percent: list[float | None]) -> pa.Table:
    """Return rows with the share of clouds, percent."""
    place = tiles.schema.get_field_index("cloud_cover")
    return tiles.set_column(place, MORE[1], pa.array(percent, MORE[1].type))
