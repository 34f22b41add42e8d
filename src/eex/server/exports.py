"""The files that an answer is taken away as.

A file is written by a thread of its own into memory, beyond some megabytes onto the disk, and sent
from there: however large an archive is, the server's memory is not. When the client goes away, the
reading of pixels stops.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import replace
from io import SEEK_END
from tempfile import SpooledTemporaryFile
from threading import Event
from typing import Annotated, Any

import numpy as np
from anyio import CapacityLimiter
from fastapi import APIRouter, Query, Request, Response
from fastapi.responses import StreamingResponse
from starlette.types import Receive, Scope, Send

from eex.errors import BadPictureError, DamagedRemoteError
from eex.export.formats import BY_NAME, FORMATS, Format, Name
from eex.search.found import Found
from eex.search.taking import CHIPS, Written, write_answer
from eex.server.answers import PROBLEM, Served, answered, etag, has
from eex.server.cancel import in_thread, while_wanted
from eex.server.state import LEVELS, Answer, State

PRIVATE = "private, max-age=86400"
"""For what has the query of one person in it, and never changes."""

IN_MEMORY = 4 * 2**20
"""Bytes of a file beyond which it is written to the disk."""

PIECE = 2**18
"""Bytes that are sent at a time."""

router = APIRouter(prefix="/api/v1", responses=PROBLEM)

GIVEN: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The file.",
        "content": {
            form.media.partition(";")[0]: {"schema": {"type": "string", "format": "binary"}}
            for form in FORMATS
        },
    }
}
"""How the answer is described."""


class Spooled(StreamingResponse):
    """A file that is sent piece by piece, and closed whatever happens."""

    def __init__(self, file: SpooledTemporaryFile[bytes], headers: dict[str, str]) -> None:
        """Send a file from its beginning; `headers` say what it is."""
        self._file = file
        super().__init__(self._pieces(), headers=headers)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        with self._file:
            await super().__call__(scope, receive, send)

    def _pieces(self) -> Iterator[bytes]:
        while piece := self._file.read(PIECE):
            yield piece


@router.get(
    "/searches/{mark}/export",
    operation_id="export",
    response_class=Response,
    responses=GIVEN,
)
async def export(
    mark: str,
    request: Request,
    state: Served,
    *,
    format: Annotated[Name, Query(description="What it is written as.")] = "geojson",  # noqa: A002
    limit: Annotated[
        int, Query(ge=1, le=CHIPS, description="Best tiles whose pixels go into an archive.")
    ] = CHIPS,
    footprints: Annotated[
        bool | None,
        Query(
            description="Outlines of tiles or their centres. GeoJSON has centres and GeoParquet "
            "outlines unless told otherwise; KML and STAC always have outlines where known."
        ),
    ] = None,
) -> Response:
    """Return the best tiles as a file, with licence, credit, notice and the query in it.

    `chips` and `zip` are archives with the pixels of the best tiles; those that cannot be had are
    listed in `chips/MISSING.txt`. `python` and `curl` are code that asks again, `recipe` the query
    with its pictures.
    """
    answer, form, base = state.recall(mark), BY_NAME[format], str(request.base_url)
    told = hashlib.sha256(f"{limit} {footprints} {base}".encode()).hexdigest()[:8]
    tag = f"e{answer.id}-{format}-{told}"
    if has(request, tag):  # before anything is read
        return answered(request, b"", tag=tag, media=form.media, age=PRIVATE)
    file = SpooledTemporaryFile[bytes](IN_MEMORY)

    def write() -> Written:
        return write_answer(
            _with_scores(answer) if form.drawn else answer.found,
            form,
            file,
            opened=answer.opened,
            chips=limit,
            footprints=footprints,
            base=base,
            token=bool(state.settings.token),
        )

    async def work(gone: Event) -> Written:
        return await in_thread(gone, write, limiter=_threads(state, form))

    try:
        written = await while_wanted(request, work)
    except BaseException as error:
        file.close()
        if isinstance(error, BadPictureError):  # which is not the fault of who asks
            raise DamagedRemoteError(str(error), hint=error.hint) from error
        raise
    size = file.seek(0, SEEK_END)
    file.seek(0)
    headers = {
        "Content-Type": form.media,
        "Content-Length": str(size),
        "Content-Disposition": f'attachment; filename="earth-{mark[:8]}{form.endings[0]}"',
        "Cache-Control": "no-store" if written.missing else PRIVATE,
    }
    if form.binary:  # it is packed already
        headers["Content-Encoding"] = "identity"
    if not written.missing:  # what is missing may come the next time
        headers["ETag"] = etag(tag)
    return Spooled(file, headers)


def _threads(state: State, form: Format) -> CapacityLimiter:
    """Return which threads write a format: long work holds up no short work."""
    return state.packing if form.pixels else state.exporting


def _with_scores(answer: Answer) -> Found:
    """Return an answer with the scores of all tiles, as they were sent: in steps of 1 / 65,534."""
    levels = np.frombuffer(answer.levels, "<u2")
    ranked = levels > 0
    step = (answer.high - answer.low) / LEVELS
    scores = np.full(len(levels), np.nan, np.float32)
    scores[ranked] = answer.low + (levels[ranked] - 1.0) * step
    return replace(answer.found, scores=scores, ranked=ranked)
