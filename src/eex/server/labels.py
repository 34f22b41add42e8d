"""Labels in files, for the page: what one says of a set that is served."""

from __future__ import annotations

import json
from functools import partial
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Request
from pydantic import Field

from eex.errors import BadQueryError
from eex.search.feedback.files import ReadLabels, labels_from_geojson
from eex.search.feedback.rounds import rounds_to_json
from eex.search.run import OpenSet
from eex.server.answers import PROBLEM, Served
from eex.server.asking import FILE
from eex.server.cancel import in_thread, while_wanted
from eex.server.parts import RecipeRecord
from eex.server.requests import Like
from eex.server.schemas import Told

AnyRecipe = Annotated[dict[str, Any], Like(RecipeRecord)]

router = APIRouter(prefix="/api/v1", responses=PROBLEM)


class LabelRecord(Told):
    """What one tile is."""

    row: int
    id: str
    label: Literal[1, -1] = Field(description="1: what is looked for; -1: not.")
    round: int = Field(description="In which it was given.")


class RoundRecord(Told):
    """What a round changed, and what was asked then."""

    number: int = Field(description="0 is before any label.")
    positive: list[int] = Field(description="Rows that became what is looked for.")
    negative: list[int] = Field(description="Rows that became what is not.")
    unmarked: list[int] = Field(description="Rows whose label was taken off.")
    method: Literal["mean", "rocchio", "logistic"] | None
    query: AnyRecipe | None = Field(
        description="What was asked; pictures that the first query has by their SHA-256."
    )


class LabelsRead(Told):
    """The labels of a file, as rows of the set, and the rounds that they came in."""

    labels: list[LabelRecord] = Field(description="Of the current round.")
    at: int = Field(description="Number of the current round.")
    start: AnyRecipe | None = Field(description="What was asked before any label.")
    rounds: list[RoundRecord]
    messages: list[str] = Field(description="What could not be taken over, what was moved.")


@router.post("/sets/{name}/labels", operation_id="read_labels", openapi_extra=FILE)
async def read_labels(name: str, request: Request, state: Served) -> LabelsRead:
    """Return the labels of a GeoJSON file: ours, of any version of the set, or other points."""
    content = await request.body()

    def read() -> LabelsRead:
        opened = state.open(name)
        return _told(labels_from_geojson(_record(content), opened.embeddings), opened)

    return await while_wanted(request, partial(in_thread, call=read))


def _record(content: bytes) -> object:
    """Return the JSON of a file.

    Raises:
        BadQueryError: If it is something else.
    """
    try:
        return json.loads(content)
    except (ValueError, RecursionError) as error:
        message = f"The file is not GeoJSON: {str(error)[:80]}."
        raise BadQueryError(message, hint="Give a file of labels.") from error


def _told(read: ReadLabels, opened: OpenSet) -> LabelsRead:
    ids = opened.embeddings.ids
    found = [
        {"row": one.row, "id": str(ids[one.row]), "label": one.value, "round": one.round}
        for one in read.labels.all
    ]
    told = rounds_to_json(read.rounds, read.at, read.start)
    return LabelsRead.model_validate(
        {name: told[name] for name in ("at", "start", "rounds")}
        | {"labels": found, "messages": list(read.messages)}
    )
