"""What a search found: the best tiles, every tile's score, and what was understood."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eex import export, render
from eex.encoders.base import ReadAs
from eex.errors import MissingExtraError
from eex.export import Credit, Result
from eex.files import write_bytes
from eex.index.thresholds import Thresholds
from eex.places import Place
from eex.search.parts import Part, PlacePart, RowPart, RowsPart, TextPart, VectorPart
from eex.search.query import Query

if TYPE_CHECKING:
    import pandas as pd
    from PIL.Image import Image


SHOWN = 20
"""Results that a printed answer lists."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Found:
    """The answer to one query."""

    query: Query
    """What was asked, with defaults filled in."""
    results: tuple[Result, ...]
    """The best tiles, best first."""
    scores: NDArray[np.float32]
    """Score of every tile of the set, see `score_kind`, shape (rows,); NaN where a tile has no
    usable vector."""
    ranked: NDArray[np.bool_]
    """Which tiles could be a result: inside the filter and the top percentage; shape (rows,)."""
    lonlat: NDArray[np.float64]
    """Centres of all tiles, shape (rows, 2), degrees."""
    tile_km: float
    """Height and width of a tile, kilometres."""
    credit: Credit
    """Licence and attribution."""
    read_as: tuple[ReadAs, ...]
    """What the words were taken for."""
    messages: tuple[str, ...]
    """What a person should know about this answer."""
    places: tuple[Place, ...]
    """Places that the words name, to be asked for as places."""
    seconds: float
    """How long it took."""
    inside: int | None = None
    """Tiles that pass the filter; None where there is none, or the engine filtered itself."""

    def __len__(self) -> int:
        return len(self.results)

    def __repr__(self) -> str:
        head = f"<eex.Found {len(self)} tiles for {self.title()!r}>"
        more = f"\n… and {len(self) - SHOWN:,} more" if len(self) > SHOWN else ""
        read = ", ".join(f"{r.phrase} ({r.similarity:.2f})" for r in self.read_as)
        notes = [f"Read as: {read}"] if read else []
        notes += [note for note in (self.credit.banner, *self.messages) if note]
        return "\n".join([head, *notes, f"{export.to_table(self.results[:SHOWN])}{more}"])

    @property
    def score_kind(self) -> str:
        """What a score is: "cosine", or how it was made of those of the parts."""
        return self.query.joined_by.score_kind

    @cached_property
    def thresholds(self) -> Thresholds:
        """Scores of the ranked tiles in order: the threshold of any percentage, a histogram."""
        return Thresholds(self.scores, mask=self.ranked)

    @property
    def recipe(self) -> dict[str, Any]:
        """The query as a JSON-able record that asks the same again."""
        return self.query.to_json()

    def title(self) -> str:
        """Return the question in one line."""
        joint = " and " if self.query.joined_by.method == "minimum" else ", "
        return joint.join(part_title(part) for part in self.query.parts)

    def to_json(self) -> dict[str, Any]:
        """Return recipe, count, results and what was understood; pictures by their SHA-256."""
        record: dict[str, Any] = {
            "recipe": self.query.to_json(pictures=False),
            "count": len(self.results),
            "inside": self.inside,
            "score_kind": self.score_kind,
            "results": [result.to_json() for result in self.results],
            "read_as": [
                {"phrase": r.phrase, "concept": r.concept, "similarity": round(r.similarity, 3)}
                for r in self.read_as
            ],
            "messages": list(self.messages),
            "places": [place.to_json() for place in self.places],
            "credit": self.credit.to_json(),
        }
        return (
            {"demo": True, "banner": self.credit.banner, **record} if self.credit.banner else record
        )

    def to_geojson(self) -> dict[str, Any]:
        """Return the best tiles as a GeoJSON FeatureCollection, with recipe and credit."""
        recipe = self.query.to_json(pictures=False)
        return export.to_geojson(
            self.results, recipe=recipe, credit=self.credit, score_kind=self.score_kind
        )

    def to_csv(self) -> str:
        """Return the best tiles as CSV; licence, credit and recipe are columns."""
        return export.to_csv(
            self.results,
            credit=self.credit,
            score_kind=self.score_kind,
            recipe=self.query.to_json(pictures=False),
        )

    def to_pandas(self) -> pd.DataFrame:
        """Return the best tiles as a data frame; licence and credit are in its `attrs`.

        Raises:
            MissingExtraError: If pandas is not installed.
        """
        try:
            import pandas as pd
        except ImportError as error:
            message = "A data frame needs pandas, which is not installed."
            hint = "pip install 'earth-embedding-explorer[pandas]'"
            raise MissingExtraError(message, hint=hint) from error
        records = []
        for result in self.results:
            record = result.to_json()
            parts = record.pop("parts", {})
            records.append(record | {f"score_{name}": value for name, value in parts.items()})
        names = ["rank", "row", "id", "lon", "lat", "score"]
        frame = pd.DataFrame(records, columns=None if records else names)
        frame.attrs["credit"] = self.credit.to_json()
        frame.attrs["score_kind"] = self.score_kind
        frame.attrs["recipe"] = self.query.to_json(pictures=False)
        return frame

    def map(self, path: str | Path | None = None) -> Image:
        """Draw every ranked tile's score on a world map, the best tiles ringed.

        Args:
            path: Also write it there, as PNG.

        Returns:
            A Pillow image, 1800 x 964 pixels.

        Raises:
            OutputError: If the file cannot be written.
        """
        picture = render.similarity_map(
            self.lonlat,
            self.scores,
            shown=self.ranked,
            tile_km=self.tile_km,
            title=self.title(),
            credit=" ".join(filter(None, [self.credit.banner, self.credit.attribution])),
            results=self.results[: render.MAX_RINGS],
            score_kind=self.score_kind,
        )
        if path is not None:
            write_bytes(Path(path), render.png(picture))
        return picture


def part_title(part: Part) -> str:
    """Return a part in a few words."""
    sign = "" if part.weight > 0 else "not "
    if isinstance(part, TextPart):
        words = " ".join(part.text.split())
        return f"{sign}“{words if len(words) <= 80 else words[:79] + '…'}”"  # noqa: PLR2004
    match part:
        case PlacePart():
            told = f"like {export.latlon(part.lon, part.lat)}"
        case RowPart():
            told = f"like tile {part.row}"
        case RowsPart():
            told = f"like {len(part.rows):,} tiles"
        case VectorPart():
            told = "along the vector"
        case _:
            told = "like the picture" if part.kind == "image" else "like the area"
    return f"{sign}{told}"
