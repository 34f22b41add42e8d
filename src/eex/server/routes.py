"""The routes of what is served: health, models, sets, where their tiles are, how many pass."""

from __future__ import annotations

from dataclasses import asdict
from functools import lru_cache, partial
from threading import Event

import numpy as np
from fastapi import APIRouter, Request, Response

import eex
from eex.config import MAX_K, MAX_PICTURE_BYTES, MAX_PICTURE_PIXELS, MAX_TEXT
from eex.encoders.listing import encoder_record
from eex.encoders.open import encoder_specs
from eex.filters.record import Filter
from eex.search.query import MAX_PARTS, MAX_PICTURES
from eex.search.run import OpenSet
from eex.server import schemas
from eex.server.answers import A_DAY, BINARY, PROBLEM, Served, answered, gives
from eex.server.cancel import in_thread, while_wanted
from eex.server.examples import examples_of
from eex.server.guard import MAX_BODY
from eex.server.requests import AnyCount
from eex.values import check_keys
from eex.weights.store import installed

router = APIRouter(prefix="/api/v1", responses=PROBLEM)


@router.get("/health", operation_id="health")
def health(state: Served) -> schemas.Health:
    """Say that the server answers."""
    demo = "world" in state.names
    return schemas.Health(status="ok", version=eex.__version__, demo=demo)


@router.get("/config", operation_id="config")
def config(state: Served) -> schemas.Config:
    """Tell what the operator chose and what a query may have, for the page."""
    sources = [asdict(source) for source in state.settings.tile_sources]
    return schemas.Config(
        tile_sources=[schemas.TileSourceRecord.model_validate(source) for source in sources],
        limits=schemas.LimitsRecord(
            k=MAX_K,
            text=MAX_TEXT,
            parts=MAX_PARTS,
            pictures=MAX_PICTURES,
            picture_bytes=MAX_PICTURE_BYTES,
            picture_pixels=MAX_PICTURE_PIXELS,
            body_bytes=MAX_BODY,
        ),
    )


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


@router.post("/sets/{name}/count", operation_id="count")
async def count(
    name: str, record: AnyCount, request: Request, state: Served
) -> schemas.CountAnswer:
    """Count the tiles that pass a filter; nothing is ranked."""
    check_keys(record, ["filter"], "A count")
    wanted = Filter.from_json(record.get("filter"))

    async def work(gone: Event) -> schemas.CountAnswer:
        opened = await in_thread(gone, lambda: state.open(name))
        async with state.load.turn(len(opened)):
            masked = partial(opened.masks.of, wanted)
            mask = await in_thread(gone, masked, limiter=state.load.threads)
        rows = len(opened)
        inside = rows if mask is None else int(np.count_nonzero(mask))
        return schemas.CountAnswer(inside=inside, rows=rows)

    return await while_wanted(request, work)


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
        key=opened.embeddings.key,
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
