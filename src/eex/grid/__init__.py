"""The Major TOM grid: cells, their tiles on the ground, and the globe's edges.

`cells` is arithmetic on names and places, `utm` says which zone a tile is in and projects,
`footprints` lays tiles and their fragments on the ground, `edges` cuts shapes at 180 degrees.
"""

from eex.grid.cells import Cells, Grid, every
from eex.grid.footprints import (
    MARGIN_M,
    Footprints,
    fragment_boxes,
    tile_footprints,
    true_centres,
)
from eex.grid.utm import utm_zones

__all__ = [
    "MARGIN_M",
    "Cells",
    "Footprints",
    "Grid",
    "every",
    "fragment_boxes",
    "tile_footprints",
    "true_centres",
    "utm_zones",
]
