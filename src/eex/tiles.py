"""A tile: its key, its footprint, and the Arrow schema of many.

The columns are those of the Major TOM Embedding Expansion, so that tables written here and tables
published by others are read alike (by name, never by order).

Source:
    Czerkawski, Kluczek and Bojanowski, "Global and Dense Embeddings of Earth: Major TOM Floating
    in the Latent Space", 2024, arXiv:2412.05600.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from eex.grid.edges import on_globe
from eex.grid.footprints import true_centres

__all__ = [
    "KM_PER_DEGREE",
    "SCHEMA",
    "TileRef",
    "tile_id",
    "tile_table",
    "true_centres",
    "window_footprints",
    "window_rows",
]

KM_PER_DEGREE = 111.32
"""Kilometres in a degree of latitude, as used to lay out windows of equal ground size."""

SCHEMA = pa.schema(
    [
        pa.field("unique_id", pa.string()),
        pa.field("timestamp", pa.string()),
        pa.field("product_id", pa.string()),
        pa.field("grid_cell", pa.string()),
        pa.field("grid_row_u", pa.int16()),
        pa.field("grid_col_r", pa.int16()),
        pa.field("geometry", pa.binary()),
        pa.field("centre_lat", pa.float64()),
        pa.field("centre_lon", pa.float64()),
        pa.field("utm_footprint", pa.string()),
        pa.field("utm_crs", pa.string()),
        pa.field("pixel_bbox", pa.list_(pa.int32(), 4)),
    ]
)
"""One row a tile; `unique_id` is `tile_id(...)`, geometry is WKB in OGC:CRS84, the pixel box is
[top, left, bottom, right] inside the tile, as Major TOM writes it."""


@dataclass(frozen=True, kw_only=True)
class TileRef:
    """One tile as its row says it: all that a reader of pixels needs to know.

    The key is (grid_cell, product_id): one product covers several cells, one cell has several
    products.
    """

    lon: float
    """Longitude of the centre of what was embedded, degrees."""
    lat: float
    """Latitude of it, degrees."""
    grid_cell: str = ""
    """Cell of the Major TOM grid, such as 454U_120R."""
    product_id: str = ""
    """Product that the pixels are from."""
    timestamp: str = ""
    """When it was taken, as stored: 20230119T161811."""
    parquet_url: str = ""
    """Shard that holds the pixels. It stands in a data file, so it is not trusted."""
    parquet_row: int = -1
    """Row group of the tile in that shard; -1 if not known."""
    pixel_bbox: tuple[int, int, int, int] | None = None
    """Window that was embedded: top, left, bottom, right, pixels of the tile's finest raster."""
    crop: int = 0
    """Height and width of the central square that was embedded, pixels; 0: as `pixel_bbox` says."""
    crs: str = ""
    """Coordinate system of the pixels, such as EPSG:32633, where the row says it."""
    scene: str = ""
    """Id of the reference that its pixels are from, in sets that were built here."""


def tile_id(grid_cell: str, product_id: str, box: Sequence[int] = ()) -> str:
    """Return the tile's unique id: the key (cell, product) hashed, 64 hexadecimal digits.

    The published tables hash the printed vector instead, which no reader can reproduce.

    Args:
        grid_cell: Such as 454U_120R.
        product_id: Product, or scene.
        box: The pixel box, where several tiles share cell and product.
    """
    told = f"{grid_cell}\n{product_id}"
    if box:
        told += "\n" + " ".join(map(str, box))
    return hashlib.sha256(told.encode()).hexdigest()


def window_rows(
    lat: NDArray[np.float64], *, window_km: float, offsets: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Lay out windows of equal ground size: latitude and degrees of longitude per km of each row.

    Args:
        lat: Centres, shape (n,), degrees.
        window_km: Height and width of a window, kilometres.
        offsets: Where the rows lie, from -0.5 (north edge) to 0.5 (south edge), shape (m,).

    Returns:
        Latitude (n, m), stopping just short of the poles, and degrees of longitude in a kilometre
        (n, m), which grow with the latitude of the row.
    """
    rows = lat[:, None] - offsets * window_km / KM_PER_DEGREE
    scale = 1 / (KM_PER_DEGREE * np.cos(np.radians(np.clip(rows, -88, 88))))
    return np.clip(rows, -89.97, 89.97), scale


def window_footprints(lonlat: NDArray[np.float64], *, window_km: float) -> list[bytes]:
    """Return the outlines of windows of equal ground size as WKB polygons, counter-clockwise.

    A window that crosses the antimeridian becomes two polygons that meet there, so that no box
    ever runs the wrong way round the globe.

    Args:
        lonlat: Centres, shape (n, 2), degrees.
        window_km: Height and width, kilometres.
    """
    import shapely

    down = np.linspace(-0.5, 0.5, 5)
    lat, scale = window_rows(lonlat[:, 1], window_km=window_km, offsets=down)
    half = scale * window_km / 2
    west, east = lonlat[:, :1] - half, lonlat[:, :1] + half
    ring = np.stack([np.hstack([west, east[:, ::-1]]), np.hstack([lat, lat[:, ::-1]])], axis=2)
    return list(shapely.to_wkb(on_globe(shapely.polygons(ring))))


def tile_table(columns: dict[str, Sequence[object] | NDArray[np.generic] | pa.Array]) -> pa.Table:
    """Return tiles as a table of `SCHEMA`; columns that are not given are null."""
    rows = len(columns["grid_cell"])
    return pa.table(
        [
            pa.nulls(rows, field.type)
            if field.name not in columns
            else pa.array(columns[field.name], field.type)
            for field in SCHEMA
        ],
        schema=SCHEMA,
    )
