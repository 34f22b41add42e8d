"""Sets of any size for `web.py`: the embedded world, cut finer.

Tiles lie on a Major TOM grid over land. A tile's vector is the mean of a few of the embedded
world's around it, and some noise, so maps look as real ones do, and the demo's words can be asked.
"""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

import eex
from eex.embeddings import SetHeader
from eex.grid import Cells, Grid

AROUND = 4
"""Places near a tile whose vectors make its own."""

REACH_KM = 40.0
"""How far off those lie, standard deviation."""

NOISE = 0.06
"""Standard deviation of what is added to each number, in mean sizes of a number."""

BATCH = 65_536
WORLD_KM = 100.0
KM_PER_DEGREE = 111.195
TILE_KM = 100.0
"""Width of the pictures, cut out of Blue Marble."""


class World:
    """The embedded world, looked up by place."""

    def __init__(self) -> None:
        opened = eex.open_set("world")
        self.header: SetHeader = opened.embeddings.header
        self.vectors = np.asarray(opened.embeddings.vectors, np.float32)
        self.grid = Grid(WORLD_KM)
        keys = self._keys(self.grid.cells_at(opened.embeddings.lonlat))
        self._order = np.argsort(keys)
        self._keys_sorted = keys[self._order]

    def rows_at(self, lonlat: NDArray[np.float64]) -> NDArray[np.int64]:
        """Return the row of the tile at each place; -1 at sea."""
        keys = self._keys(self.grid.cells_at(lonlat))
        at = np.searchsorted(self._keys_sorted, keys).clip(max=len(self._order) - 1)
        return np.where(self._keys_sorted[at] == keys, self._order[at], -1)

    @staticmethod
    def _keys(cells: Cells) -> NDArray[np.int64]:
        return cells.row.astype(np.int64) * 100_000 + cells.col


def land(world: World, rows: int) -> NDArray[np.float64]:
    """Return so many places on land, lon and lat, south to north, on a grid as coarse as fits."""
    area = len(world.vectors) * WORLD_KM**2
    spacing = float(np.sqrt(area / rows))
    while True:
        grid = Grid(spacing)
        centres = grid.centres(grid.all_cells())
        there = centres[world.rows_at(centres) >= 0]
        if len(there) >= rows:
            kept = np.linspace(0, len(there) - 1, rows).round().astype(np.int64)
            return there[kept]
        spacing *= 0.985


def vectors_at(
    world: World, lonlat: NDArray[np.float64], rng: np.random.Generator
) -> NDArray[np.float16]:
    """Return unit vectors that change smoothly over the ground."""
    total = world.vectors[world.rows_at(lonlat)].copy()
    stretch = np.cos(np.radians(lonlat[:, 1]))[:, None].clip(min=0.1)
    for _ in range(AROUND):
        off = rng.normal(0, REACH_KM / KM_PER_DEGREE, lonlat.shape) / np.hstack(
            [stretch, np.ones_like(stretch)]
        )
        moved = lonlat + off
        moved[:, 0] = np.mod(moved[:, 0] + 180, 360) - 180
        moved[:, 1] = moved[:, 1].clip(-85, 85)
        found = world.rows_at(moved)
        total += np.where((found >= 0)[:, None], world.vectors[found], 0)
    size = np.abs(total).mean()
    total += rng.normal(0, NOISE * size, total.shape).astype(np.float32)
    return (total / np.linalg.norm(total, axis=1, keepdims=True)).astype(np.float16)


def write_set(path: Path, rows: int) -> Path:
    """Write a set of so many tiles, unless it is there."""
    if path.is_file() and pq.ParquetFile(path).metadata.num_rows == rows:
        return path
    world, rng = World(), np.random.default_rng(0)
    lonlat = land(world, rows)
    title = f"{rows:,} tiles made for measuring"
    header = replace(
        world.header, id=path.stem, title=title, tile_km=TILE_KM, examples=(), banner=title
    )
    dim = world.vectors.shape[1]
    schema = pa.schema(
        [
            ("unique_id", pa.string()),
            ("centre_lat", pa.float64()),
            ("centre_lon", pa.float64()),
            ("embedding", pa.list_(pa.float16(), dim)),
        ],
        metadata={"emb": header.to_json()},
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_suffix(".part")
    with pq.ParquetWriter(partial, schema, compression="zstd") as out:
        for low in range(0, rows, BATCH):
            some = lonlat[low : low + BATCH]
            vectors = vectors_at(world, some, rng)
            flat = pa.array(vectors.reshape(-1), pa.float16())
            columns = [
                pa.array([f"t{low + at}" for at in range(len(some))]),
                pa.array(some[:, 1]),
                pa.array(some[:, 0]),
                pa.FixedSizeListArray.from_arrays(flat, dim),
            ]
            out.write_table(pa.table(columns, schema=schema))
    partial.replace(path)
    return path
