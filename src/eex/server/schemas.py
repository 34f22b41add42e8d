"""Records of answers: the contract with the web page and other clients."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, Field


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
