"""The `geo` record of a GeoParquet file."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from eex.geoparquet.shapes import EDGES, native_of

HALF = 180.0
"""Degrees from the prime meridian to the antimeridian."""


@dataclass
class Extent:
    """What the shapes of a file have in common; filled batch by batch."""

    kinds: set[str] = field(default_factory=set)
    """Their types, such as Polygon."""
    low: NDArray[np.float64] = field(default_factory=lambda: np.full(2, np.inf))
    """Westernmost and southernmost coordinate."""
    high: NDArray[np.float64] = field(default_factory=lambda: np.full(2, -np.inf))
    """Easternmost and northernmost coordinate."""
    west_of_180: float = HALF
    """Westernmost coordinate of what lies east of the prime meridian."""
    east_of_180: float = -HALF
    """Easternmost coordinate of what lies west of it."""
    middle: bool = False
    """Whether a shape lies on the prime meridian."""

    def add(self, shapes: NDArray[Any]) -> NDArray[np.bool_]:
        """Take shapes in and return which are cut at the antimeridian."""
        there = shapes[~(shapely.is_missing(shapes) | shapely.is_empty(shapes))]
        self.kinds |= {shapely.GeometryType(i).name for i in set(shapely.get_type_id(there))}
        bounds = shapely.bounds(shapes)
        cut = bounds[:, 2] - bounds[:, 0] > HALF
        parts = shapely.bounds(shapely.get_parts(there))
        if len(parts):
            self.low = np.minimum(self.low, parts[:, :2].min(axis=0))
            self.high = np.maximum(self.high, parts[:, 2:].max(axis=0))
            east, west = parts[:, 0] >= 0, parts[:, 2] <= 0
            self.west_of_180 = min(self.west_of_180, parts[east, 0].min(initial=HALF))
            self.east_of_180 = max(self.east_of_180, parts[west, 2].max(initial=-HALF))
            self.middle |= not (east | west).all()
        return np.asarray(cut)

    def bbox(self) -> list[float]:
        """Return west, south, east, north of all.

        Where shapes meet at the antimeridian and together span less than half the globe, west is
        greater than east, as RFC 7946 (5.2) has it and GeoParquet with it.
        """
        across = self.low[0] == -HALF and self.high[0] == HALF and not self.middle
        if across and self.west_of_180 - self.east_of_180 > HALF:
            return [self.west_of_180, float(self.low[1]), self.east_of_180, float(self.high[1])]
        return [*self.low.tolist(), *self.high.tolist()]


NAMES = {name.upper(): name for name in ("Point", "LineString", "Polygon")} | {
    f"MULTI{name.upper()}": f"Multi{name}" for name in ("Point", "LineString", "Polygon")
}
"""Types as GeoParquet spells them."""


def encoding_of(extent: Extent, wanted: str) -> str:
    """Return GeoParquet's name of the encoding: `WKB`, or the native one that fits.

    Raises:
        BadQueryError: If no native one fits.
    """
    if wanted == "wkb":
        return "WKB"
    return native_of({NAMES.get(kind, "GeometryCollection") for kind in extent.kinds})


def geo_record(extent: Extent, encoding: str) -> str:
    """Return the JSON of the key `geo`.

    Args:
        extent: Of all shapes.
        encoding: `WKB` or a native one.
    """
    from pyproj import CRS

    kinds = sorted(NAMES.get(kind, "GeometryCollection") for kind in extent.kinds)
    if encoding == "multipolygon":
        kinds = ["MultiPolygon"]
    column: dict[str, Any] = {
        "encoding": encoding,
        "geometry_types": kinds,
        "crs": CRS("OGC:CRS84").to_json_dict(),
        "orientation": "counterclockwise",
        "edges": "planar",
        "covering": {"bbox": {edge: ["bbox", edge] for edge in EDGES}},
    }
    if np.isfinite(extent.low).all():
        column["bbox"] = extent.bbox()
    record = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    return json.dumps(record)
