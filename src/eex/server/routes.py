"""The routes: each parses, makes one call, answers."""

from __future__ import annotations

import hashlib
import io
from functools import lru_cache
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, Query, Request, Response
from numpy.typing import NDArray

import eex
from eex.encoders.listing import encoder_record
from eex.encoders.open import encoder_specs
from eex.export import dumps, near
from eex.heatmaps.draw import png_bytes
from eex.imagery.bluemarble import BlueMarble
from eex.places import find_places
from eex.search.query import Query as Asked
from eex.search.run import OpenSet
from eex.server import schemas
from eex.server.examples import examples_of
from eex.server.state import State

FOREVER = "public, max-age=31536000, immutable"
"""For what can never change under its URL."""

A_DAY = "public, max-age=86400"
"""For what changes only when the set is made again."""

BINARY = "application/octet-stream"

NAMED = 200
"""Most results whose nearest city is looked up."""

PROBLEM: dict[int | str, dict[str, Any]] = {
    "4XX": {
        "model": schemas.Problem,
        "description": "What is wrong, and what to do.",
        "content": {
            "application/problem+json": {"schema": {"$ref": "#/components/schemas/Problem"}}
        },
    }
}
"""How every error is described."""


def _gives(media: str) -> dict[int | str, dict[str, Any]]:
    """Describe an answer of bytes."""
    schema = {"type": "string", "format": "binary"}
    return {200: {"description": "The bytes.", "content": {media: {"schema": schema}}}}


router = APIRouter(prefix="/api/v1", responses=PROBLEM)


def get_state(request: Request) -> State:
    """Return the application's state."""
    state: State = request.app.state.eex
    return state


Served = Annotated[State, Depends(get_state)]


@router.get("/health", operation_id="health")
def health(state: Served) -> schemas.Health:
    """Say that the server answers."""
    demo = "world" in state.names
    return schemas.Health(status="ok", version=eex.__version__, demo=demo)


@router.get("/models", operation_id="models")
def models(state: Served) -> schemas.ModelList:
    """List the installed encoders; loads none."""
    records = [encoder_record(spec, state.settings) for spec in encoder_specs()]
    return schemas.ModelList(models=[schemas.ModelInfo.model_validate(r) for r in records])


@router.get("/sets", operation_id="sets")
def sets(state: Served) -> schemas.SetList:
    """List the sets that are served."""
    return schemas.SetList(sets=[_set_info(state.open(name)) for name in state.names])


@router.get("/sets/{name}", operation_id="set")
def one_set(name: str, state: Served) -> schemas.SetInfo:
    """Tell what is known of a set."""
    return _set_info(state.open(name))


@router.get(
    "/sets/{name}/positions",
    operation_id="positions",
    response_class=Response,
    responses=_gives(BINARY),
)
def positions(name: str, request: Request, state: Served) -> Response:
    """Return the centre of every tile: little-endian float32, lon, lat, in row order."""
    opened = state.open(name)
    content = opened.embeddings.lonlat.astype("<f4").tobytes()
    return _cached(request, content, tag=f"p{opened.embeddings.key}", media=BINARY, age=A_DAY)


@router.get("/sets/{name}/tiles/{row}", operation_id="tile")
def tile(name: str, row: int, state: Served) -> schemas.TileInfo:
    """Tell what is known of a tile."""
    found = state.open(name).embeddings
    properties = found.properties(row)
    lon, lat = found.lonlat[row]
    return schemas.TileInfo(
        row=row, id=str(found.ids[row]), lon=lon, lat=lat, properties=properties
    )


@router.get(
    "/sets/{name}/tiles/{row}/picture",
    operation_id="picture",
    response_class=Response,
    responses=_gives("image/webp"),
)
def picture(
    name: str,
    row: int,
    request: Request,
    state: Served,
    size: Annotated[int, Query(ge=16, le=1024, description="Height and width, pixels.")] = 192,
) -> Response:
    """Return a tile's picture for people, WebP."""
    opened = state.open(name)
    content = _webp(opened.picture(row, size=size))
    tag = f"t{opened.embeddings.key}-{row}-{size}"
    return _cached(request, content, tag=tag, media="image/webp", age=A_DAY)


@router.get("/places", operation_id="places")
def places(
    q: Annotated[str, Query(max_length=200, description="The beginning of a place's name.")],
    limit: Annotated[int, Query(ge=1, le=50)] = 8,
) -> schemas.PlaceList:
    """Find named places, without a network."""
    found = find_places(q, limit=limit)
    records = [schemas.PlaceRecord.model_validate(place.to_json()) for place in found]
    return schemas.PlaceList(places=records)


@router.post("/search", operation_id="search")
def search(record: schemas.QueryRecord, request: Request, state: Served) -> schemas.SearchAnswer:
    """Rank the tiles of a set."""
    given = record.model_dump(exclude_unset=True)
    query = Asked.from_json({key: value for key, value in given.items() if value is not None})
    opened = state.open(query.set)
    found = opened.ask(query)
    answer = state.remember(opened, found)
    header = opened.embeddings.header
    body = found.to_json() | {"demo": header.demo, "banner": header.banner}
    for result in body["results"][:NAMED]:
        result["near"] = near(result["lon"], result["lat"])
    return schemas.SearchAnswer.model_validate(
        body
        | {
            "id": answer.id,
            "took_ms": round(1000 * found.seconds, 2),
            "scores": {
                "url": request.url_for("scores", mark=answer.id).path,
                "count": len(found.scores),
                "valid": int(found.ranked.sum()),
                "min": answer.low,
                "max": answer.high,
                "dtype": "uint16",
            },
        }
    )


@router.get(
    "/searches/{mark}/scores",
    operation_id="scores",
    response_class=Response,
    responses=_gives(BINARY),
)
def scores(mark: str, request: Request, state: Served) -> Response:
    """Return every tile's score: little-endian uint16 in row order, see `ScoresRecord`."""
    answer = state.recall(mark)
    headers = {"X-Eex-Min": repr(answer.low), "X-Eex-Max": repr(answer.high)}
    tag = f"s{answer.id}"
    return _cached(request, answer.levels, tag=tag, media=BINARY, age=FOREVER, extra=headers)


@router.get(
    "/searches/{mark}/export",
    operation_id="export",
    response_class=Response,
    responses=_gives("application/geo+json"),
)
def export(
    mark: str,
    state: Served,
    format: Annotated[Literal["geojson", "csv"], Query()] = "geojson",  # noqa: A002
) -> Response:
    """Return the best tiles as a file, licence and credit included."""
    found = state.recall(mark).found
    if format == "csv":
        content, media = found.to_csv(), "text/csv; charset=utf-8"
    else:
        content, media = dumps(found.to_geojson()), "application/geo+json"
    name = f'attachment; filename="earth-{mark[:8]}.{format}"'
    return Response(content, media_type=media, headers={"Content-Disposition": name})


@router.get(
    "/searches/{mark}/tiles/{row}/heatmap",
    operation_id="heatmap",
    response_class=Response,
    responses=_gives("image/png"),
)
def heatmap(
    mark: str,
    row: int,
    request: Request,
    state: Served,
    *,
    size: Annotated[int, Query(ge=64, le=2048, description="Long side, pixels.")] = 512,
    opacity: Annotated[float, Query(ge=0, le=1, description="Of the colours.")] = 0.6,
) -> Response:
    """Return where in a tile the query of an answer fits, drawn over its picture, PNG."""
    answer = state.recall(mark)
    tag = f"h{mark}-{row}-{size}-{opacity:g}"
    if _has(request, tag):  # before the network runs
        return _cached(request, b"", tag=tag, media="image/png", age=A_DAY)
    found = answer.opened.heatmap(answer.found.query, row)
    content = png_bytes(found, opacity=opacity, size=size)
    low, high = found.limits
    extra = {"X-Eex-Kind": found.kind, "X-Eex-Min": repr(low), "X-Eex-Max": repr(high)}
    return _cached(request, content, tag=tag, media="image/png", age=A_DAY, extra=extra)


@router.get(
    "/basemap/bluemarble/{zoom}/{x}/{y}",
    operation_id="basemap",
    response_class=Response,
    responses=_gives("image/webp"),
)
def basemap(zoom: int, x: int, y: int, request: Request) -> Response:
    """Return a Web-Mercator tile of NASA Blue Marble, WebP, zooms 0 to 4."""
    content = _basemap(zoom, x, y)
    tag = hashlib.sha256(content).hexdigest()[:16]
    return _cached(request, content, tag=tag, media="image/webp", age=FOREVER)


@lru_cache(maxsize=400)
def _basemap(zoom: int, x: int, y: int) -> bytes:
    return _webp(BlueMarble.open().mercator_tile(zoom, x, y))


def _webp(pixels: NDArray[np.uint8]) -> bytes:
    from PIL import Image

    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "WEBP", quality=82, method=2)
    return out.getvalue()


def _cached(
    request: Request,
    content: bytes,
    *,
    tag: str,
    media: str,
    age: str,
    extra: dict[str, str] | None = None,
) -> Response:
    headers = {"ETag": f'"{tag}"', "Cache-Control": age, **(extra or {})}
    if _has(request, tag):
        return Response(status_code=304, headers=headers)
    return Response(content, media_type=media, headers=headers)


def _has(request: Request, tag: str) -> bool:
    """Whether who asks has this already."""
    return f'"{tag}"' in request.headers.get("if-none-match", "")


def _set_info(opened: OpenSet) -> schemas.SetInfo:
    header, lonlat = opened.embeddings.header, opened.embeddings.lonlat
    low, high = lonlat.min(axis=0), lonlat.max(axis=0)
    spec = opened.known_spec
    return schemas.SetInfo(
        name=opened.name,
        id=header.id,
        title=header.title,
        rows=len(opened),
        dim=header.dim,
        model=header.model,
        variant=header.variant,
        heatmaps=spec is not None and spec.heatmaps,
        prompts=[] if spec is None else list(spec.templates),
        demo=header.demo,
        banner=header.banner,
        licence=header.licence,
        attribution=header.attribution,
        tile_km=header.tile_km,
        spread_km=header.spread_km,
        bbox=[low[0], low[1], high[0], high[1]],
        concepts=[
            schemas.ConceptRecord(
                name=concept.name, examples=list(concept.phrases[:3]), reliable=concept.reliable
            )
            for concept in opened.concepts()
        ],
        examples=[
            schemas.ExampleRecord(title=t, query=q)
            for t, q in header.examples or examples_of(lonlat, opened.embeddings.ids)
        ],
    )
