"""Records of requests: what clients may send. What is sent is read by `Query.from_json`."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    GetCoreSchemaHandler,
    GetJsonSchemaHandler,
    JsonValue,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import core_schema

from eex.origins import LONGEST_TOKEN
from eex.search.query import MAX_PARTS, MAX_PROMPTS, MAX_SETS
from eex.server.learn import MOST_BACKGROUND, MOST_LABELS
from eex.server.parts import AnyPart, BBox, FilterRecord, FusionRecord, Sent

EXAMPLE: JsonValue = {"set": "world", "parts": [{"kind": "text", "text": "sand desert"}], "k": 10}


NAME = "x-name"
"""Key of the name of a record, for `eex.server.openapi`, which puts it under that name."""


class Like:
    """Takes any object of JSON; is described as a model.

    What is asked is read by `Query.from_json`, which takes the same records from files, in Python
    and here, and says in words what is wrong with one.
    """

    def __init__(self, model: type[BaseModel]) -> None:
        self.model = model

    def __get_pydantic_core_schema__(
        self, source: object, handler: GetCoreSchemaHandler
    ) -> core_schema.CoreSchema:
        return handler(source)

    def __get_pydantic_json_schema__(
        self, schema: core_schema.CoreSchema, handler: GetJsonSchemaHandler
    ) -> JsonSchemaValue:
        return {**handler(self.model.__pydantic_core_schema__), NAME: self.model.__name__}


Short = Literal["text", "place", "image", "row"]
"""Parts that have a short form."""

Marked = Annotated[list[int], Field(max_length=MOST_LABELS)]


class PointRecord(Sent):
    """A place."""

    lon: float = Field(description="Degrees east, -180 to 180.")
    lat: float = Field(description="Degrees north, -90 to 90.")


class QueryRecord(Sent):
    """What is asked. `text`, `place`, `image`, `row` are short for one part each."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    version: int | None = Field(2, description="Of this record; version 1 is read too.")
    set: str | None = Field(None, description="Name of the set; world by default.")
    sets: Annotated[list[str], Field(max_length=MAX_SETS)] | None = Field(
        None, description="Several sets asked together; results are tiles of the first."
    )
    parts: Annotated[list[AnyPart], Field(max_length=MAX_PARTS)] | None = Field(
        None, description="1 to 16 parts."
    )
    k: int | None = Field(None, description="Results listed, 1 to 50,000; 10 by default.")
    filter: FilterRecord | None = Field(None, description="Only these tiles, before ranking.")
    bbox: BBox = Field(
        None, description="Short for the filter's; west > east crosses the antimeridian."
    )
    fusion: FusionRecord | str | None = Field(
        None, description="How parts are joined: a record, or the name of a method."
    )
    spread_km: float | None = Field(None, description="Least distance between results.")
    one_per_cell: float | None = Field(
        None, description="At most one result for each grid cell of so many kilometres."
    )
    diversity: float | None = Field(None, description="Share of novelty in the results, 0 to 1.")
    repeats: float | None = Field(
        None, description="Cosine from which a tile repeats a better one and joins it, 0 to 1."
    )
    top_percent: float | None = Field(None, description="Only the best tiles, percent.")
    text: str | None = Field(None, description="Short for a text part.")
    place: Annotated[list[float], Field(min_length=2, max_length=2)] | PointRecord | None = Field(
        None, description="Short for a place part: [lon, lat], or a record of both."
    )
    image: str | None = Field(None, description="Short for an image part: base64.")
    row: int | None = Field(None, description="Short for a row part.")
    weights: dict[Short, float] | None = Field(None, description="Weights of the short parts.")
    split: bool | None = Field(
        None, description="Cut texts into the concepts they name, a part each."
    )
    prompts: bool | Annotated[list[str], Field(max_length=MAX_PROMPTS)] | None = Field(
        None, description="Sentences with {} that texts are put into; true for the model's own."
    )
    match: Literal["sum", "all"] | None = Field(
        None, description="Short for a fusion; with all, a tile must fit every part."
    )


class FeedbackRecord(Sent):
    """Tiles that were marked, and what was asked before."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [{"set": "world", "positive": [8702, 8703], "negative": [200], "k": 20}]
        },
    )

    set: str | None = Field(None, description="Name of the set; by default that of `query`.")
    positive: Marked | None = Field(None, description="Rows that fit.")
    negative: Marked | None = Field(
        None, description="Rows that do not; with those that fit 2,000 at most."
    )
    method: Literal["mean", "rocchio", "logistic"] | None = Field(
        None, description="How they are asked with; rocchio with `query`, else mean."
    )
    query: QueryRecord | None = Field(
        None, description="The query that was asked first; its filter and lists are kept."
    )
    alpha: float | None = Field(None, description="Of rocchio: share of the query; 1 by default.")
    beta: float | None = Field(None, description="Of rocchio: share of tiles that fit; 0.75.")
    gamma: float | None = Field(None, description="Of rocchio: share of tiles that do not; 0.15.")
    c: float | None = Field(None, description="Of logistic: inverse strength of regularisation.")
    background: Annotated[int, Field(le=MOST_BACKGROUND)] | None = Field(
        None, description="Of logistic: so many random tiles stand for negative ones."
    )
    k: int | None = Field(None, description="Results listed, 1 to 50,000.")
    filter: FilterRecord | None = Field(None, description="Only these tiles, before ranking.")
    bbox: BBox = Field(None, description="Short for the filter's.")
    spread_km: float | None = Field(None, description="Least distance between results.")
    one_per_cell: float | None = Field(None, description="As in a query.")
    diversity: float | None = Field(None, description="As in a query.")
    repeats: float | None = Field(None, description="As in a query.")
    top_percent: float | None = Field(None, description="As in a query.")


class CountRecord(Sent):
    """What is counted."""

    model_config = ConfigDict(
        json_schema_extra={"examples": [{"filter": {"bbox": [-20, 0, 60, 40]}}]}
    )

    filter: FilterRecord | None = Field(None, description="Which tiles; all without one.")


class LoginRecord(Sent):
    """The server's token."""

    token: str = Field(max_length=LONGEST_TOKEN, description="What the operator set.")


AnyQuery = Annotated[dict[str, Any], Like(QueryRecord)]
"""A query as it was sent."""

AnyFeedback = Annotated[dict[str, Any], Like(FeedbackRecord)]
"""Feedback as it was sent."""

AnyCount = Annotated[dict[str, Any], Like(CountRecord)]
"""What is counted, as it was sent."""
