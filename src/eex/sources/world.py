"""The embedded world: windows of NASA Blue Marble around the cells of a coarse Major TOM grid."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from importlib import resources
from typing import ClassVar

import numpy as np
import pyarrow as pa

from eex.grid import Cells, Grid
from eex.sources.base import SourceSpec
from eex.tiles import tile_id, tile_table, window_footprints

GRID_KM = 100.0
"""Spacing of the grid."""

WINDOW_KM = 200.0
"""Height and width of a tile: neighbours overlap by half."""

PRODUCT = "BlueMarbleNG_topo_bathy_5400x2700"
"""The mosaic that every tile is cut from; it is a composite without a date."""

BANNER = "Built-in demo: NASA Blue Marble, 7 km pixels, named concepts; not Sentinel-2, not SigLIP."
"""Shown by the command line, the API and the web page with every answer."""

SPEC = SourceSpec(
    name="world",
    set_id="demo-bluemarble-100km",
    title="The embedded world (NASA Blue Marble)",
    encoder="demo-bluemarble-concepts",
    pixels="bluemarble",
    tile_km=WINDOW_KM,
    spread_km=500.0,
    licence="Public domain (imagery); Apache-2.0 (vectors)",
    attribution=(
        "NASA Blue Marble Next Generation, R. Stöckli, NASA Earth Observatory; "
        "vectors by Earth Embedding Explorer"
    ),
    banner=BANNER,
    demo=True,
    examples=(
        ("Tropical rainforest", {"text": "tropical rainforest"}),
        ("Sand desert", {"text": "sand desert"}),
        ("Snow covered mountains", {"text": "snow covered mountains"}),
        ("Archipelago", {"text": "archipelago"}),
        ("Farmland", {"text": "farmland"}),
        ("Fjords", {"text": "fjords"}),
        ("Like the Nile delta", {"place": [31.0, 30.9]}),
        ("Like the Alps", {"place": [10.5, 46.6]}),
    ),
)


class WorldSource:
    """The cells with at least 5 % land in their window, south to north and west to east."""

    spec: ClassVar[SourceSpec] = SPEC

    @cached_property
    def cells(self) -> Cells:
        """The cells, in the order of the set's rows."""
        from safetensors.numpy import load

        packed = resources.files("eex.sources").joinpath("data/world-cells.safetensors")
        every = Grid(GRID_KM).all_cells()
        land = np.unpackbits(load(packed.read_bytes())["cells"])[: len(every.row)].astype(bool)
        return Cells(every.row[land], every.col[land])

    def count(self) -> int:
        """Return how many tiles there are."""
        return len(self.cells.row)

    def tiles(self, *, batch: int) -> Iterator[pa.Table]:
        """Yield tables of `eex.tiles.SCHEMA`, at most `batch` rows each."""
        grid = Grid(GRID_KM)
        for start in range(0, self.count(), batch):
            part = slice(start, start + batch)
            cells = Cells(self.cells.row[part], self.cells.col[part])
            names, lonlat = cells.names(), grid.centres(cells)
            yield tile_table(
                {
                    "unique_id": [tile_id(name, PRODUCT) for name in names],
                    "product_id": [PRODUCT] * len(names),
                    "grid_cell": names,
                    "grid_row_u": cells.row,
                    "grid_col_r": cells.col,
                    "geometry": window_footprints(lonlat, window_km=WINDOW_KM),
                    "centre_lat": lonlat[:, 1],
                    "centre_lon": lonlat[:, 0],
                    "pixel_bbox": [[0, 0, 32, 32]] * len(names),
                }
            )
