"""Records of what a query is made of, as clients send them and recipes keep them.

They describe; what is sent is read by `Query.from_json`, which says in words what is wrong.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from eex.config import MAX_TEXT
from eex.search.parts import MAX_NUMBERS, MAX_ROWS


class Sent(BaseModel):
    """What clients send; nothing else than these fields is taken."""

    model_config = ConfigDict(extra="forbid")


class NearRecord(Sent):
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


class PartRecord(Sent):
    """What every part of a query has."""

    weight: float = Field(1.0, description="Share in the sum, -100 to 100; negative is away from.")
    set: str = Field("", description="The one set that it is asked of; empty for all that take it.")


class TextPartRecord(PartRecord):
    """Words."""

    kind: Literal["text"]
    text: str = Field(description=f"At most {MAX_TEXT:,} characters.")


class ImagePartRecord(PartRecord):
    """A picture."""

    kind: Literal["image"]
    data: str = Field(description="The picture's file in base64, or a data: URL.")


class KeptImagePartRecord(PartRecord):
    """A picture in the recipe of an answer, which keeps what it was but not its bytes."""

    kind: Literal["image"]
    sha256: str = Field(description="Of the picture's file.")


class PlacePartRecord(PartRecord):
    """Tiles that look as the land at a place should look."""

    kind: Literal["place"]
    lon: float = Field(description="Degrees east, -180 to 180.")
    lat: float = Field(description="Degrees north, -90 to 90.")


class RowPartRecord(PartRecord):
    """More like a tile of the set, or less with a negative weight."""

    kind: Literal["row"]
    row: int = Field(description="Row of the set.")


class RowsPartRecord(PartRecord):
    """Tiles whose mean is meant."""

    kind: Literal["rows"]
    rows: Annotated[list[int], Field(max_length=MAX_ROWS)] = Field(description="Rows of the set.")


class VectorPartRecord(PartRecord):
    """A direction in the space of the set's model."""

    kind: Literal["vector"]
    vector: Annotated[list[float], Field(max_length=MAX_NUMBERS)] = Field(
        description="As long as the set's."
    )


class FilterRecord(Sent):
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


class AreaPartRecord(FilterRecord, PartRecord):
    """An area as example, the mean of its tiles; needs `bbox`, `area` or `near`."""

    kind: Literal["area"]


_Others = (
    TextPartRecord
    | PlacePartRecord
    | RowPartRecord
    | RowsPartRecord
    | VectorPartRecord
    | AreaPartRecord
)

AnyPart = Annotated[ImagePartRecord | _Others, Field(discriminator="kind")]
"""One part of a query; its `kind` says which."""

KeptPart = KeptImagePartRecord | ImagePartRecord | _Others
"""One part of a recipe."""


class FusionRecord(Sent):
    """How parts are joined."""

    method: Literal["vector", "sum", "minimum", "rrf"] = "vector"
    calibration: Literal["z", "robust-z", "quantile", "min-max", "none"] | None = None
    constant: float | None = Field(None, description="Of rrf; 60 by default.")
    window: int | None = Field(None, description="Of rrf: rows of each ranking; 10,000 by default.")


class RecipeRecord(BaseModel):
    """A query as it was asked, defaults filled in; asks the same again."""

    version: Literal[2]
    set: str = Field("", description="Name of the set; not there where there are several.")
    sets: list[str] = Field([], description="Several sets asked together; only then there.")
    parts: list[KeptPart]
    filter: FilterRecord
    k: int | None
    spread_km: float | None
    one_per_cell: float | None
    diversity: float | None
    repeats: float | None
    top_percent: float | None
    prompts: list[str] | bool
    fusion: FusionRecord | None
