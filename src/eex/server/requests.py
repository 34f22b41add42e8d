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

from eex.search.parts import MAX_NUMBERS, MAX_ROWS
from eex.search.query import MAX_PARTS, MAX_PROMPTS, MAX_SETS
from eex.server.learn import MOST_BACKGROUND, MOST_LABELS

EXAMPLE: JsonValue = {"set": "world", "parts": [{"kind": "text", "text": "sand desert"}], "k": 10}


class _Like:
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
        return handler(self.model.__pydantic_core_schema__)


class NearRecord(BaseModel):
    """A place and a distance."""

    lon: float = Field(description="Degrees east, -180 to 180.")
    lat: float = Field(description="Degrees north, -90 to 90.")
    km: float = Field(description="Kilometres along the great circle.")


Near = NearRecord | str | None
"""A text is "LAT, LON, KM"."""

Span = Annotated[list[str | None], Field(min_length=2, max_length=2)] | str | None
"""A text is START/END."""

BBox = Annotated[list[float], Field(min_length=4, max_length=4)] | None

GeoJson = dict[str, Any] | str | None

Rows = Annotated[list[int], Field(max_length=MAX_ROWS)]

Marked = Annotated[list[int], Field(max_length=MOST_LABELS)]


class QueryPart(BaseModel):
    """One part of a query; which fields count depends on its kind."""

    kind: Literal["text", "image", "place", "row", "rows", "vector", "area"] = Field(
        description="What the part is."
    )
    text: str | None = Field(None, description="Kind text: words, at most 2,000 characters.")
    data: str | None = Field(None, description="Kind image: base64 or a data: URL.")
    lon: float | None = Field(None, description="Kind place: degrees east, -180 to 180.")
    lat: float | None = Field(None, description="Kind place: degrees north, -90 to 90.")
    row: int | None = Field(None, description="Kind row: a row of the set, more like this.")
    rows: Rows | None = Field(None, description="Kind rows: tiles whose mean is meant.")
    vector: Annotated[list[float], Field(max_length=MAX_NUMBERS)] | None = Field(
        None, description="Kind vector: as long as the set's."
    )
    bbox: BBox = Field(None, description="Kind area: the tiles in this box.")
    area: GeoJson = Field(None, description="Kind area: the tiles in these polygons, GeoJSON.")
    near: Near = Field(None, description='Kind area: lon, lat and km, or "LAT, LON, KM".')
    weight: float = Field(1.0, description="Share in the sum, -100 to 100; negative is away from.")
    set: str = Field("", description="The one set that it is asked of; empty for all that take it.")


class FilterRecord(BaseModel):
    """Conditions that a tile must all meet; what is unknown of a tile meets none."""

    bbox: BBox = Field(
        None, description="West, south, east, north; west > east crosses the antimeridian."
    )
    area: GeoJson = Field(None, description="Polygons: a GeoJSON geometry or feature.")
    near: Near = Field(None, description='lon, lat and km, or "LAT, LON, KM".')
    time: Span = Field(
        None,
        description="First and last date, ISO 8601, each with all that it names; '', '..' and null "
        "are open. Or START/END.",
    )
    season: Span = Field(
        None, description="First and last day of the year, MM-DD; may cross New Year."
    )
    cloud: float | None = Field(None, description="Greatest cloud cover, percent.")
    where: str | None = Field(None, description="CQL2 Text over the columns of the set.")


class FusionRecord(BaseModel):
    """How parts are joined."""

    method: Literal["vector", "sum", "minimum", "rrf"] = "vector"
    calibration: Literal["z", "robust-z", "quantile", "min-max", "none"] | None = None
    constant: float | None = Field(None, description="Of rrf; 60 by default.")
    window: int | None = Field(None, description="Of rrf: rows of each ranking; 10,000 by default.")


class QueryRecord(BaseModel):
    """What is asked. `text`, `place`, `image`, `row` are short for one part each."""

    model_config = ConfigDict(json_schema_extra={"examples": [EXAMPLE]})

    version: int | None = Field(2, description="Of this record; version 1 is read too.")
    set: str | None = Field(None, description="Name of the set; world by default.")
    sets: Annotated[list[str], Field(max_length=MAX_SETS)] | None = Field(
        None, description="Several sets asked together; results are tiles of the first."
    )
    parts: Annotated[list[QueryPart], Field(max_length=MAX_PARTS)] | None = Field(
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
    place: Annotated[list[float], Field(min_length=2, max_length=2)] | dict[str, float] | None = (
        Field(None, description="Short for a place part: [lon, lat].")
    )
    image: str | None = Field(None, description="Short for an image part: base64.")
    row: int | None = Field(None, description="Short for a row part.")
    weights: dict[str, float] | None = Field(None, description="Weights of the short parts.")
    split: bool | None = Field(
        None, description="Cut texts into the concepts they name, a part each."
    )
    prompts: bool | Annotated[list[str], Field(max_length=MAX_PROMPTS)] | None = Field(
        None, description="Sentences with {} that texts are put into; true for the model's own."
    )
    match: Literal["sum", "all"] | None = Field(
        None, description="Short for a fusion; with all, a tile must fit every part."
    )


class FeedbackRecord(BaseModel):
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


AnyQuery = Annotated[dict[str, Any], _Like(QueryRecord)]
"""A query as it was sent."""

AnyFeedback = Annotated[dict[str, Any], _Like(FeedbackRecord)]
"""Feedback as it was sent."""
