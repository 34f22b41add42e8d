"""Records of answers: the contract with the web page and other clients."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from eex.encoders.base import Modality
from eex.server.parts import RecipeRecord
from eex.server.requests import Like, QueryRecord

Box = Annotated[list[float], Field(min_length=4, max_length=4)]
"""West, south, east, north, degrees."""


class Told(BaseModel):
    """What is answered; every field is there."""

    model_config = ConfigDict(json_schema_serialization_defaults_required=True)


class ResultRecord(Told):
    """One of the best tiles."""

    rank: int
    row: int
    id: str
    lon: float
    lat: float
    score: float = Field(description="Cosine, -1 to 1, or what `score_kind` says.")
    parts: dict[str, float] | None = Field(None, description="Each part's own cosine.")
    near: str | None = Field(None, description="Nearest city, and how far it is, in words.")
    time: str | None = Field(
        None, description="When it was seen, ISO 8601 in UTC; null where the set does not say."
    )
    distance_km: float | None = Field(
        None,
        description="From the first place that was asked with, else from the first tile; null "
        "without one.",
    )
    repeats: list[int] | None = Field(None, description="Rows of tiles that only repeat this one.")


class PlaceRecord(Told):
    """A named place."""

    name: str
    kind: str
    lon: float
    lat: float
    country: str = ""


class ReadAsRecord(Told):
    """What words were taken for."""

    phrase: str
    concept: str
    similarity: float


class ScoresRecord(Told):
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


class CreditRecord(Told):
    """Licence and credit, to be shown with the answer."""

    set: str
    model: str
    licence: str
    attribution: str
    notice: str | None = None


class SearchAnswer(Told):
    """The answer to a query."""

    id: str
    demo: bool = Field(description="True for the embedded demonstration.")
    banner: str
    recipe: Annotated[dict[str, Any], Like(RecipeRecord)] = Field(
        description="The query as asked, defaults filled in."
    )
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


class ConceptRecord(Told):
    """One thing that a concept model knows."""

    name: str
    examples: list[str]
    reliable: bool


class ExampleRecord(Told):
    """A query that works at one click."""

    title: str
    query: Annotated[dict[str, Any], Like(QueryRecord)]


class SetInfo(Told):
    """What is known of a set."""

    name: str
    id: str
    key: str = Field(description="Of its data; another when they change.")
    title: str
    rows: int
    dim: int
    model: str
    variant: str = Field(description="Way of running the model that made the vectors.")
    takes: list[Modality] = Field(
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
    bbox: Box
    concepts: list[ConceptRecord]
    examples: list[ExampleRecord]


class SetList(Told):
    """The sets that are served."""

    sets: list[SetInfo]


class VariantRecord(Told):
    """One way of running an encoder; vectors of two are not compared."""

    name: str
    title: str


class ModelInfo(Told):
    """What is known of an encoder."""

    name: str
    title: str
    dim: int
    modalities: list[Modality]
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


class ModelList(Told):
    """The installed encoders."""

    models: list[ModelInfo]


class PlaceList(Told):
    """Named places."""

    places: list[PlaceRecord]


class NearestPlace(Told):
    """The city nearest to a place."""

    place: PlaceRecord
    km: float = Field(description="How far it is, kilometres along the great circle.")
    near: str = Field(description="Both in words.")


class CountAnswer(Told):
    """How many tiles pass a filter."""

    inside: int
    rows: int = Field(description="Tiles of the set.")


class Recipe(Told):
    """The query in a file, defaults filled in."""

    query: Annotated[dict[str, Any], Like(RecipeRecord)]
    messages: list[str] = Field(description="What it lacks here, such as pictures.")


class TileInfo(Told):
    """One tile."""

    row: int
    id: str
    lon: float
    lat: float
    properties: dict[str, Any]


class Health(Told):
    """The server answers."""

    status: Literal["ok"]
    version: str
    demo: bool


class TileSourceRecord(Told):
    """An online map that the operator chose to offer."""

    name: str
    url: str = Field(description="Address of a Web-Mercator tile, with {z}, {x} and {y}.")
    attribution: str


class LimitsRecord(Told):
    """What one request may have."""

    k: int = Field(description="Results listed.")
    text: int = Field(description="Characters of a text.")
    parts: int
    pictures: int
    picture_bytes: int = Field(description="Of one picture's file.")
    picture_pixels: int = Field(description="Width times height of one picture.")
    body_bytes: int = Field(description="Of the request.")


class Config(Told):
    """What the operator chose, and what a query may have."""

    tile_sources: list[TileSourceRecord]
    limits: LimitsRecord


class Problem(BaseModel):
    """An error in words, RFC 9457."""

    type: str
    title: str
    status: int
    detail: str
    code: str = Field(description="For programs.")
    hint: str = Field(description="What to do next.")
    concepts: list[str] | None = Field(None, description="What the model knows, for other words.")
    places: list[PlaceRecord] | None = Field(None, description="Places that the words name.")
    retry_after: float | None = Field(None, description="Seconds to wait before asking again.")
