"""The routes that ask: a search, feedback, what a file asks, every tile's score."""

from __future__ import annotations

import io
from contextlib import nullcontext
from dataclasses import replace
from functools import partial
from threading import Event

import numpy as np
from fastapi import APIRouter, Request, Response

from eex.search.query import Query as Asked
from eex.search.query import sets_of
from eex.search.recipe import normalised, recipe_in
from eex.search.run import OpenSet
from eex.server import schemas
from eex.server.answers import BINARY, FOREVER, PROBLEM, Served, answered, gives
from eex.server.cancel import in_thread, while_wanted
from eex.server.learn import Lesson
from eex.server.load import rows_looked
from eex.server.requests import AnyFeedback, AnyQuery
from eex.server.results import answer_json
from eex.server.state import State

_BYTES = {"schema": {"type": "string", "format": "binary"}}

FILE = {"requestBody": {"required": True, "content": {BINARY: _BYTES}}}
"""A body that is a file as it is."""

router = APIRouter(prefix="/api/v1", responses=PROBLEM)


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


@router.post("/recipe", operation_id="recipe", openapi_extra=FILE)
async def recipe(request: Request, state: Served) -> schemas.Recipe:
    """Return the query in a file: a query, or an answer as JSON, GeoJSON or CSV."""
    content = await request.body()

    def read() -> schemas.Recipe:
        query, messages = normalised(recipe_in(io.BytesIO(content)))
        absent = [name for name in sets_of(query) if not state.has(name)]
        told = [f"The set {name} is not served here: choose another." for name in absent]
        return schemas.Recipe(query=query, messages=[*messages, *told])

    return await while_wanted(request, partial(in_thread, call=read))


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
    scores = {
        "url": request.url_for("scores", mark=answer.id).path,
        "count": len(found.scores),
        "valid": int(np.count_nonzero(found.ranked)),
        "min": answer.low,
        "max": answer.high,
        "dtype": "uint16",
    }
    return answer_json(found, sets, id=answer.id, scores=scores)


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
    headers["Content-Encoding"] = "identity"  # noise: 3 % smaller for ten times the time
    tag = f"s{answer.id}"
    return answered(request, answer.levels, tag=tag, media=BINARY, age=FOREVER, extra=headers)
