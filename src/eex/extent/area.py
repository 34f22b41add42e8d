"""An area: polygons on the globe, read from GeoJSON."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from eex.errors import BadQueryError
from eex.values import shown

if TYPE_CHECKING:
    import shapely


@dataclass(frozen=True)
class Area:
    """Polygons within [-180, 180] x [-90, 90]; an area is all that lies in any of them.

    Edges are straight in longitude and latitude, as RFC 7946, section 3.1.1, has them, and belong
    to the area. 180 W and 180 E are one meridian, the longitudes at a pole are one point.
    """

    parts: tuple[shapely.Polygon, ...]
    """Simple, valid, cut at 180 degrees; outer rings counter-clockwise."""

    @classmethod
    def of(cls, value: object) -> Area:
        """Read an area: one that is read already, or GeoJSON as a record or as text.

        Polygon, MultiPolygon, GeometryCollection, Feature and FeatureCollection are read. Polygons
        that cross 180 degrees need not be cut; longitudes may go on beyond 180; a ring round a pole
        holds the pole; rings that cross themselves are repaired, up to 5,000 crossings.

        Raises:
            BadQueryError: If it is something else, holds no polygon, has more than 20,000 vertices,
                also once it is cut and repaired, or is too tangled; the hint says what to change.
        """
        if isinstance(value, cls):
            return value
        if not isinstance(value, Mapping | str | bytes | bytearray):
            message = f"An area is GeoJSON, got {shown(value)}."
            raise BadQueryError(
                message, hint="Give a Polygon or MultiPolygon, as a record or as text."
            )
        import shapely

        from eex.extent.geojson import MOST_VERTICES, read_polygons
        from eex.extent.rings import polygons_of

        parts = polygons_of(read_polygons(value))
        if shapely.get_num_coordinates(parts).sum() > MOST_VERTICES:
            message = f"Cut and repaired, the area has more than {MOST_VERTICES:,} vertices."
            raise BadQueryError(message, hint="Simplify it, such as with shapely.simplify.")
        return cls(tuple(parts))

    @classmethod
    def from_file(cls, path: Path) -> Area:
        """Read a file of GeoJSON.

        Raises:
            BadQueryError: If there is none, or it is no GeoJSON of polygons.
        """
        from eex.extent.geojson import MOST_TEXT

        try:
            with path.open("rb") as file:
                text = file.read(MOST_TEXT + 1)
        except OSError as error:
            message = f"The area cannot be read from {path}: {error.strerror or error}."
            raise BadQueryError(message, hint="Give the path of a file of GeoJSON.") from error
        try:
            return cls.of(text)
        except BadQueryError as error:
            message = f"{path}: {error.message}"
            raise BadQueryError(message, hint=error.hint) from error

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """The smallest west and south, the greatest east and north of its parts, degrees."""
        west, south, east, north = zip(*(part.bounds for part in self.parts), strict=True)
        return min(west), min(south), max(east), max(north)

    def to_geojson(self) -> dict[str, Any]:
        """Return it as a Polygon or MultiPolygon of RFC 7946, which `of` reads to the same area."""
        polygons = [_coordinates(part) for part in self.parts]
        if len(polygons) == 1:
            return {"type": "Polygon", "coordinates": polygons[0]}
        return {"type": "MultiPolygon", "coordinates": polygons}


def _coordinates(polygon: shapely.Polygon) -> list[list[list[float]]]:
    import shapely

    rings = (polygon.exterior, *polygon.interiors)
    return [shapely.get_coordinates(ring).tolist() for ring in rings]
