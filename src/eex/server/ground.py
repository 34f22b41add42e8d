"""What a map stands on without a network: named places, their labels, Blue Marble."""

from __future__ import annotations

import hashlib
import json
from functools import cache, lru_cache
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from eex.export import near
from eex.imagery.bluemarble import BlueMarble
from eex.places import CREDIT, find_places, labels, nearest_city
from eex.server import schemas
from eex.server.answers import A_DAY, FOREVER, PROBLEM, answered, gives, webp
from eex.values import check_place

GEOJSON = "application/geo+json"

router = APIRouter(prefix="/api/v1", responses=PROBLEM)


@router.get("/places", operation_id="places")
def places(
    q: Annotated[str, Query(max_length=200, description="The beginning of a place's name.")],
    limit: Annotated[int, Query(ge=1, le=50, description="Most places.")] = 8,
) -> schemas.PlaceList:
    """Find named places, without a network."""
    found = find_places(q, limit=limit)
    records = [schemas.PlaceRecord.model_validate(place.to_json()) for place in found]
    return schemas.PlaceList(places=records)


@router.get("/places/near", operation_id="nearest_place")
def nearest_place(
    lon: Annotated[float, Query(description="Degrees east, -180 to 180.")],
    lat: Annotated[float, Query(description="Degrees north, -90 to 90.")],
) -> schemas.NearestPlace:
    """Name the city nearest to a place."""
    lon, lat = check_place(lon, lat)
    city, km = nearest_city(lon, lat)
    place = schemas.PlaceRecord.model_validate(city.to_json())
    return schemas.NearestPlace(place=place, km=round(km, 3), near=near(lon, lat))


@router.get(
    "/basemap/places",
    operation_id="labels",
    response_class=Response,
    responses=gives(GEOJSON),
)
def label_points(request: Request) -> Response:
    """Return all named places as GeoJSON points, for the labels of a map."""
    content, tag = _labels()
    return answered(request, content, tag=tag, media=GEOJSON, age=A_DAY)


@router.get(
    "/basemap/bluemarble/{zoom}/{x}/{y}",
    operation_id="basemap",
    response_class=Response,
    responses=gives("image/webp"),
)
def basemap(zoom: int, x: int, y: int, request: Request) -> Response:
    """Return a Web-Mercator tile of NASA Blue Marble, WebP, zooms 0 to 4."""
    content = _basemap(zoom, x, y)
    tag = hashlib.sha256(content).hexdigest()[:16]
    return answered(request, content, tag=tag, media="image/webp", age=FOREVER)


@lru_cache(maxsize=400)
def _basemap(zoom: int, x: int, y: int) -> bytes:
    return webp(BlueMarble.open().mercator_tile(zoom, x, y))


@cache
def _labels() -> tuple[bytes, str]:
    """Return the labels and their tag."""
    features: list[dict[str, Any]] = [
        {
            "type": "Feature",
            "geometry": {"type": "Point", "coordinates": [place.lon, place.lat]},
            "properties": {
                "name": place.name,
                "kind": place.kind,
                "rank": rank,
                "country": place.country,
            },
        }
        for place, rank in labels()
    ]
    told = {"type": "FeatureCollection", "attribution": CREDIT, "features": features}
    content = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    return content, hashlib.sha256(content).hexdigest()[:16]
