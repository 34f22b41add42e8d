"""Small tables in the layout of published sets, and the hub that has them."""

from __future__ import annotations

import io
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import shapely

from eex.config import Settings
from loopback_hub import Hub

DIM = 8


def table(rows: int, seed: int = 0, *, dim: int = DIM) -> pa.Table:
    """Return a table with the 15 columns of the 249k sets, south to north."""
    rng = np.random.default_rng(seed)
    lat = np.sort(rng.uniform(-75, 75, rows)).astype(np.float32)
    lon = rng.uniform(-180, 180, rows).astype(np.float32)
    vectors = rng.normal(size=(rows, dim)).astype(np.float32)
    return pa.table(
        {
            "unique_id": [f"{seed:02x}{i:062x}" for i in range(rows)],
            "embedding": pa.array(list(vectors), pa.list_(pa.float32())),
            "timestamp": ["20230119T161811"] * rows,
            "product_id": [f"S2A_{seed}_{i // 2}" for i in range(rows)],
            "grid_cell": [f"{i}U_{seed}R" for i in range(rows)],
            "grid_row_u": pa.array(np.arange(rows) % 1000, pa.int16()),
            "grid_col_r": pa.array([seed] * rows, pa.int16()),
            "geometry": shapely.to_wkb(shapely.points(lon, lat)),
            "centre_lat": lat,
            "centre_lon": lon,
            "utm_footprint": ["POLYGON EMPTY"] * rows,
            "utm_crs": ["EPSG:32632"] * rows,
            "pixel_bbox": [[342, 342, 726, 726]] * rows,
            "parquet_row": pa.array(np.arange(rows) % 500, pa.int64()),
            "parquet_url": ["https://example.org/images/part_00001.parquet"] * rows,
        }
    )


def parquet(table: pa.Table, *, groups: int = 100, **options: Any) -> bytes:
    """Return a table as a Parquet file."""
    out = io.BytesIO()
    pq.write_table(table, out, row_group_size=groups, **options)
    return out.getvalue()


def vectors(table: pa.Table) -> np.ndarray[Any, Any]:
    """Return its vectors."""
    return np.array(table["embedding"].to_pylist(), np.float32)


def at(hub: Hub, folder: Path, **more: Any) -> Settings:
    """Return settings whose Hugging Face is the hub on loopback, with folders of their own."""
    return Settings(
        cache_dir=folder / "cache",
        sets_dir=folder / "sets",
        threads=1,
        **{"hub_endpoint": hub.address} | more,
    )
