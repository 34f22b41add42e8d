"""Request and response records: the contract with the web page and other clients."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, JsonValue

EXAMPLE: JsonValue = {"set": "world", "parts": [{"kind": "text", "text": "sand desert"}], "k": 10}


class QueryPart(BaseModel):
    """One part of a query; which fields count depends on its kind."""

    model_config = ConfigDict(extra="allow")

    kind: Literal["text", "image", "place", "row", "rows", "vector", "area"] = Field(
        description="What the part is."
    )
    text: str | None = Field(None, description="Kind text: words, at most 2,000 characters.")
    data: str | None = Field(None, description="Kind image: base64 or a data: URL.")
    lon: float | None = Field(None, description="Kind place: degrees east, -180 to 180.")
    lat: float | None = Field(None, description="Kind place: degrees north, -90 to 90.")
    row: int | None = Field(None, description="Kind row: a row of the set, more like this.")
    rows: list[int] | None = Field(None, description="Kind rows: tiles whose mean is meant.")
    vector: list[float] | None = Field(None, description="Kind vector: as long as the set's.")
    bbox: list[float] | None = Field(None, description="Kind area: the tiles in this box.")
    area: Any = Field(None, description="Kind area: the tiles in these polygons, GeoJSON.")
    near: dict[str, float] | None = Field(None, description="Kind area: lon, lat and km.")
    weight: float = Field(1.0, description="Share in the sum, -100 to 100; negative is away from.")
    set: str = Field("", description="The one set that it is asked of; empty for all that take it.")


class FilterRecord(BaseModel):
    """Conditions that a tile must all meet; what is unknown of a tile meets none."""

    model_config = ConfigDict(extra="allow")

    bbox: list[float] | None = Field(
        None, description="West, south, east, north; west > east crosses the antimeridian."
    )
    area: Any = Field(None, description="Polygons: a GeoJSON geometry or feature.")
    near: dict[str, float] | None = Field(None, description="lon, lat and km.")
    time: list[str] | str | None = Field(
        None, description="First and last date, ISO 8601, each with all that it names; '' is open."
    )
    season: list[str] | str | None = Field(
        None, description="First and last day of the year, MM-DD; may cross New Year."
    )
    cloud: float | None = Field(None, description="Greatest cloud cover, percent.")
    where: str | None = Field(None, description="CQL2 Text over the columns of the set.")


class FusionRecord(BaseModel):
    """How parts are joined."""

    model_config = ConfigDict(extra="allow")

    method: Literal["vector", "sum", "minimum", "rrf"] = "vector"
    calibration: Literal["z", "robust-z", "quantile", "min-max", "none"] | None = None
    constant: float | None = Field(None, description="Of rrf; 60 by default.")
    window: int | None = Field(None, description="Of rrf: rows of each ranking; 10,000 by default.")


class QueryRecord(BaseModel):
    """What is asked. `text`, `place`, `image`, `row` are short for one part each."""

    model_config = ConfigDict(extra="allow", json_schema_extra={"examples": [EXAMPLE]})

    version: int = Field(2, description="Of this record; version 1 is read too.")
    set: str | None = Field(None, description="Name of the set; world by default.")
    sets: list[str] | None = Field(
        None, description="Several sets asked together; results are tiles of the first."
    )
    parts: list[QueryPart] = Field([], description="1 to 16 parts.")
    k: int | None = Field(None, description="Results listed, 1 to 50,000; 10 by default.")
    filter: FilterRecord | None = Field(None, description="Only these tiles, before ranking.")
    bbox: list[float] | None = Field(
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
    place: Any = Field(None, description="Short for a place part: [lon, lat].")
    image: str | None = Field(None, description="Short for an image part: base64.")
    row: int | None = Field(None, description="Short for a row part.")
    weights: dict[str, float] | None = Field(None, description="Weights of the short parts.")
    split: bool | None = Field(
        None, description="Cut texts into the concepts they name, a part each."
    )
    prompts: bool | list[str] | None = Field(
        None, description="Sentences with {} that texts are put into; true for the model's own."
    )
    match: Literal["sum", "all"] | None = Field(
        None, description="Short for a fusion; with all, a tile must fit every part."
    )


class FeedbackRecord(BaseModel):
    """Tiles that were marked, and what was asked before."""

    model_config = ConfigDict(
        extra="allow",
        json_schema_extra={
            "examples": [{"set": "world", "positive": [8702, 8703], "negative": [200], "k": 20}]
        },
    )

    set: str = Field("world", description="Name of the set.")
    positive: list[int] = Field([], description="Rows that fit.")
    negative: list[int] = Field([], description="Rows that do not.")
    method: Literal["mean", "rocchio", "logistic"] | None = Field(
        None, description="How they are asked with; rocchio with `query`, else mean."
    )
    query: dict[str, Any] | None = Field(
        None, description="The query that was asked first; its filter and lists are kept."
    )
    background: int | None = Field(
        None, description="Of logistic: so many random tiles stand for negative ones."
    )
    k: int | None = Field(None, description="Results listed, 1 to 50,000.")
    filter: FilterRecord | None = Field(None, description="Only these tiles, before ranking.")


class ResultRecord(BaseModel):
    """One of the best tiles."""

    rank: int
    row: int
    id: str
    lon: float
    lat: float
    score: float = Field(description="Cosine, -1 to 1, or what `score_kind` says.")
    parts: dict[str, float] | None = Field(None, description="Each part's own cosine.")
    near: str | None = Field(None, description="Nearest city and how far it is; best 200 only.")
    repeats: list[int] | None = Field(None, description="Rows of tiles that only repeat this one.")


class PlaceRecord(BaseModel):
    """A named place."""

    name: str
    kind: str
    lon: float
    lat: float
    country: str = ""


class ReadAsRecord(BaseModel):
    """What words were taken for."""

    phrase: str
    concept: str
    similarity: float


class ScoresRecord(BaseModel):
    """Where every tile's score is, and how to read it."""

    url: str
    count: int = Field(description="Tiles in the set, hence numbers to read.")
    valid: int = Field(description="Tiles that were ranked.")
    min: float
    max: float
    dtype: Literal["uint16"] = Field(
        "uint16",
        description="Little-endian; 0 = not ranked, v >= 1 = min + (v-1)/65534*(max-min).",
    )


class CreditRecord(BaseModel):
    """Licence and credit, to be shown with the answer."""

    set: str
    model: str
    licence: str
    attribution: str
    notice: str | None = None


class SearchAnswer(BaseModel):
    """The answer to a query."""

    id: str
    demo: bool = Field(description="True for the embedded demonstration.")
    banner: str
    recipe: dict[str, Any] = Field(description="The query as asked, defaults filled in.")
    count: int
    score_kind: str = Field(description="What a score is: cosine, or how it was made.")
    inside: int | None = Field(None, description="Tiles that pass the filter; null without one.")
    took_ms: float
    results: list[ResultRecord]
    scores: ScoresRecord
    read_as: list[ReadAsRecord]
    messages: list[str]
    places: list[PlaceRecord]
    credit: CreditRecord


class ConceptRecord(BaseModel):
    """One thing that a concept model knows."""

    name: str
    examples: list[str]
    reliable: bool


class ExampleRecord(BaseModel):
    """A query that works at one click."""

    title: str
    query: dict[str, Any]


class SetInfo(BaseModel):
    """What is known of a set."""

    name: str
    id: str
    title: str
    rows: int
    dim: int
    model: str
    variant: str = Field(description="Way of running the model that made the vectors.")
    takes: list[str] = Field(
        description="Kinds of parts that its model can answer here besides tiles of the set: text, "
        "image, place; none while the model's weights are not on the server."
    )
    pixels: str = Field(description="How pictures of its tiles are read; empty if there are none.")
    heatmaps: bool = Field(description="Whether the model can say where in a tile a query fits.")
    prompts: list[str] = Field(description="Sentences that suit the model; empty if it has none.")
    demo: bool
    banner: str
    licence: str
    attribution: str
    tile_km: float
    spread_km: float
    bbox: list[float]
    concepts: list[ConceptRecord]
    examples: list[ExampleRecord]


class SetList(BaseModel):
    """The sets that are served."""

    sets: list[SetInfo]


class VariantRecord(BaseModel):
    """One way of running an encoder; vectors of two are not compared."""

    name: str
    title: str


class ModelInfo(BaseModel):
    """What is known of an encoder."""

    name: str
    title: str
    dim: int
    modalities: list[str]
    bands: list[str] = Field(description="Of images, in order; empty if it takes none.")
    pixels: str = Field(description="picture, sentinel2-l2a, or empty if it takes no images.")
    variants: list[VariantRecord] = Field(description="The default first.")
    heatmaps: bool = Field(description="Whether it can say where in a picture a query fits.")
    licence: str
    attribution: str
    paper: str
    good_for: str
    demo: bool
    notice: str
    installed: bool = Field(description="Whether its weights are on the server's machine.")
    get: str = Field(description="Command that gets them there; empty if they are.")


class ModelList(BaseModel):
    """The installed encoders."""

    models: list[ModelInfo]


class PlaceList(BaseModel):
    """Named places."""

    places: list[PlaceRecord]


class TileInfo(BaseModel):
    """One tile."""

    row: int
    id: str
    lon: float
    lat: float
    properties: dict[str, Any]


class Health(BaseModel):
    """The server answers."""

    status: Literal["ok"]
    version: str
    demo: bool


class Problem(BaseModel):
    """An error in words, RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    code: str = Field(description="For programs.")
    hint: str = Field(description="What to do next.")
