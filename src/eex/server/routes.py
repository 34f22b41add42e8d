"""The routes: each parses, makes one call, answers."""

from __future__ import annotations

import hashlib
from contextlib import nullcontext
from dataclasses import replace
from functools import lru_cache, partial
from threading import Event
from typing import Annotated

import numpy as np
from fastapi import APIRouter, Query, Request, Response

import eex
from eex.encoders.listing import encoder_record
from eex.encoders.open import encoder_specs
from eex.export import near
from eex.imagery.bluemarble import BlueMarble
from eex.places import find_places
from eex.search.query import Query as Asked
from eex.search.run import OpenSet
from eex.server import schemas
from eex.server.answers import A_DAY, FOREVER, PROBLEM, Served, answered, gives, webp
from eex.server.cancel import in_thread, while_wanted
from eex.server.examples import examples_of
from eex.server.learn import Lesson
from eex.server.load import rows_looked
from eex.server.requests import AnyFeedback, AnyQuery
from eex.server.state import State
from eex.weights.store import installed

BINARY = "application/octet-stream"

NAMED = 200
"""Most results whose nearest city is looked up."""

router = APIRouter(prefix="/api/v1", responses=PROBLEM)


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
    return schemas.SetList(sets=[_told(opened) for opened in state.all_open()])


@router.get("/sets/{name}", operation_id="set")
def one_set(name: str, state: Served) -> schemas.SetInfo:
    """Tell what is known of a set."""
    return _told(state.open(name))


@router.get(
    "/sets/{name}/positions",
    operation_id="positions",
    response_class=Response,
    responses=gives(BINARY),
)
def positions(name: str, request: Request, state: Served) -> Response:
    """Return the centre of every tile: little-endian float32, lon, lat, in row order."""
    opened = state.open(name)
    content = opened.embeddings.lonlat.astype("<f4").tobytes()
    return answered(request, content, tag=f"p{opened.embeddings.key}", media=BINARY, age=A_DAY)


@router.get("/places", operation_id="places")
def places(
    q: Annotated[str, Query(max_length=200, description="The beginning of a place's name.")],
    limit: Annotated[int, Query(ge=1, le=50)] = 8,
) -> schemas.PlaceList:
    """Find named places, without a network."""
    found = find_places(q, limit=limit)
    records = [schemas.PlaceRecord.model_validate(place.to_json()) for place in found]
    return schemas.PlaceList(places=records)


@router.post(
    "/search",
    operation_id="search",
    response_model=schemas.SearchAnswer,
    responses={503: PROBLEM["4XX"]},
)
async def search(record: AnyQuery, request: Request, state: Served) -> Response:
    """Rank the tiles of a set. The search stops when the client goes away."""

    async def work(gone: Event) -> bytes:
        query, sets = await in_thread(gone, lambda: _asked(record, state))
        return await _in_turn(query, sets, request, state, gone)

    return Response(await while_wanted(request, work), media_type="application/json")


@router.post(
    "/feedback",
    operation_id="feedback",
    response_model=schemas.SearchAnswer,
    responses={503: PROBLEM["4XX"]},
)
async def feedback(record: AnyFeedback, request: Request, state: Served) -> Response:
    """Rank the tiles of a set by tiles that were marked; the answer's recipe asks the same."""
    lesson = Lesson.of(record)

    async def work(gone: Event) -> bytes:
        opened = await in_thread(gone, lambda: state.open(lesson.set))
        memory = lesson.memory(opened.embeddings.header.dim)
        async with (
            state.load.fit() if lesson.fits else nullcontext(),
            state.load.turn(len(opened), further=memory),
        ):
            learned = partial(lesson.query, opened)
            query = await in_thread(gone, learned, limiter=state.load.threads)
        return await _in_turn(query, [opened], request, state, gone, notes=lesson.notes)

    return Response(await while_wanted(request, work), media_type="application/json")


async def _in_turn(
    query: Asked,
    sets: list[OpenSet],
    request: Request,
    state: State,
    gone: Event,
    *,
    notes: tuple[str, ...] = (),
) -> bytes:
    """Return the answer to a query once it has its turn."""
    rows, parts = max(map(len, sets)), len(query.parts) * len(sets)
    async with state.load.turn(rows, parts, looked=rows_looked(query, sets[0])):
        ranked = partial(_ranked, query, sets, request, state, notes)
        return await in_thread(gone, ranked, limiter=state.load.threads)


def _asked(record: AnyQuery, state: State) -> tuple[Asked, list[OpenSet]]:
    """Return what is asked, and the sets, opened."""
    query = Asked.from_json({key: value for key, value in record.items() if value is not None})
    return query, [state.open(name) for name in query.sets]


def _ranked(
    query: Asked, sets: list[OpenSet], request: Request, state: State, notes: tuple[str, ...]
) -> bytes:
    """Return the answer to a query as JSON, and keep what can be fetched later."""
    opened, *also = sets
    found = opened.ask(query, also=also)
    found = replace(found, messages=(*found.messages, *notes))
    answer = state.remember(opened, found, also=also)
    header = opened.embeddings.header
    body = found.to_json() | {"demo": header.demo, "banner": header.banner}
    for result in body["results"][:NAMED]:
        result["near"] = near(result["lon"], result["lat"])
    told = schemas.SearchAnswer.model_validate(
        body
        | {
            "id": answer.id,
            "took_ms": round(1000 * found.seconds, 2),
            "scores": {
                "url": request.url_for("scores", mark=answer.id).path,
                "count": len(found.scores),
                "valid": int(np.count_nonzero(found.ranked)),
                "min": answer.low,
                "max": answer.high,
                "dtype": "uint16",
            },
        }
    )
    return told.model_dump_json().encode()


@router.get(
    "/searches/{mark}/scores",
    operation_id="scores",
    response_class=Response,
    responses=gives(BINARY),
)
def scores(mark: str, request: Request, state: Served) -> Response:
    """Return every tile's score: little-endian uint16 in row order, see `ScoresRecord`."""
    answer = state.recall(mark)
    headers = {"X-Eex-Min": repr(answer.low), "X-Eex-Max": repr(answer.high)}
    tag = f"s{answer.id}"
    return answered(request, answer.levels, tag=tag, media=BINARY, age=FOREVER, extra=headers)


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


def _told(opened: OpenSet) -> schemas.SetInfo:
    spec = opened.known_spec
    here = spec is not None and (not spec.files or installed(spec, opened.settings).ready)
    return _set_info(opened, here=here)


@lru_cache(maxsize=256)
def _set_info(opened: OpenSet, *, here: bool) -> schemas.SetInfo:
    """Return what is known of a set; looked for once, and again when its model is `here`."""
    header, lonlat = opened.embeddings.header, opened.embeddings.lonlat
    low, high = lonlat.min(axis=0), lonlat.max(axis=0)
    spec = opened.known_spec
    own = header.examples if here else ()  # words need the model, tiles of the set do not
    return schemas.SetInfo(
        name=opened.name,
        id=header.id,
        title=header.title,
        rows=len(opened),
        dim=header.dim,
        model=header.model,
        variant=header.variant,
        takes=list(spec.modalities) if here and spec is not None else [],
        pixels=header.pixels,
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
            for t, q in own or examples_of(lonlat, opened.embeddings.ids)
        ],
    )
