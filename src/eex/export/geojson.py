"""The best tiles as GeoJSON: centres, or footprints where they are known.

Source:
    RFC 7946; what is not geometry is a foreign member: `score_kind`, `credit`, `recipe`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from eex.export.records import Credit, Result, json_pieces

if TYPE_CHECKING:
    from eex.export.taken import Taken


def to_geojson(
    results: Sequence[Result],
    *,
    recipe: dict[str, Any],
    credit: Credit,
    score_kind: str = "cosine",
    shapes: Sequence[Any] = (),
) -> dict[str, Any]:
    """Return the best tiles as a GeoJSON FeatureCollection.

    Args:
        results: The tiles.
        recipe: The query that asks the same again.
        credit: Licence and attribution.
        score_kind: What a score is.
        shapes: Footprint of each, shapely in degrees; a tile without one is a point, its centre.
    """
    head = _head(recipe, credit, score_kind)
    features = [
        feature(result, shapes[i] if len(shapes) else None) for i, result in enumerate(results)
    ]
    return {"type": head.pop("type"), "features": features, **head}


def geojson_pieces(taken: Taken, *, footprints: bool = False) -> Iterator[str]:
    """Yield the text of a GeoJSON file, a line for each tile."""
    head = _head(taken.recipe, taken.credit, taken.score_kind)
    shapes = taken.footprints if footprints else [None] * len(taken.results)
    features = (feature(r, shape) for r, shape in zip(taken.results, shapes, strict=True))
    return json_pieces(head, "features", features)


def feature(result: Result, shape: Any = None) -> dict[str, Any]:  # noqa: ANN401
    """Return a tile as a GeoJSON Feature.

    Args:
        result: The tile.
        shape: Its footprint, shapely in degrees; by default it is a point.
    """
    properties = flat(result)
    return {
        "type": "Feature",
        "id": result.row,
        "geometry": geometry(result, shape),
        "properties": properties,
    }


def flat(result: Result) -> dict[str, Any]:
    """Return a result as a flat record: scores of parts by names such as `score_text`."""
    record = result.to_json()
    parts = record.pop("parts", {})
    return record | {f"score_{name}": value for name, value in parts.items()}


def geometry(result: Result, shape: Any = None) -> dict[str, Any]:  # noqa: ANN401
    """Return where a tile is as GeoJSON: its footprint, or its centre where that is not known."""
    if shape is None:
        return {"type": "Point", "coordinates": [round(result.lon, 6), round(result.lat, 6)]}
    import shapely

    rounded = shapely.transform(shape, lambda xy: xy.round(7))  # a centimetre
    record: dict[str, Any] = json.loads(shapely.to_geojson(rounded))
    return record


def _head(recipe: dict[str, Any], credit: Credit, score_kind: str) -> dict[str, Any]:
    return {
        "type": "FeatureCollection",
        "score_kind": score_kind,
        "credit": credit.to_json(),
        "recipe": recipe,
    }
