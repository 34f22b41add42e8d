"""What a search found: the best tiles, every tile's score, and what was understood."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

import eex
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

    from eex.embeddings import EmbeddingSet
    from eex.export.taken import Taken


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
    tiles: EmbeddingSet | None = field(default=None, repr=False)
    """The set that the results are of, for their footprints and times; its file stays mapped."""

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

    @cached_property
    def taken(self) -> Taken:
        """What files are made of, see `eex.export`; pictures of the query by their SHA-256."""
        from eex.export.taken import Taken

        return Taken(
            title=self.title(),
            results=self.results,
            credit=self.credit,
            score_kind=self.score_kind,
            recipe=self.query.to_json(pictures=False),
            tiles=self.tiles,
        )

    def to_geojson(self, *, footprints: bool = False) -> dict[str, Any]:
        """Return the best tiles as a GeoJSON FeatureCollection, with recipe and credit.

        Args:
            footprints: Outlines of tiles where they are known, instead of their centres.
        """
        return export.to_geojson(
            self.results,
            recipe=self.taken.recipe,
            credit=self.credit,
            score_kind=self.score_kind,
            shapes=self.taken.footprints.tolist() if footprints else (),
        )

    def to_kml(self) -> str:
        """Return the best tiles as KML for Google Earth: footprints, coloured by score."""
        from eex.export.kml import kml_pieces

        return "".join(kml_pieces(self.taken))

    def to_stac(self) -> dict[str, Any]:
        """Return the best tiles as a STAC 1.1 ItemCollection."""
        from eex.export.stac import to_stac

        return to_stac(self.taken)

    def to_geoparquet(self, path: str | Path, *, footprints: bool = True) -> None:
        """Write the best tiles as GeoParquet 1.1, best first, whole or not at all.

        Args:
            path: Where to.
            footprints: Outlines of tiles where they are known; otherwise their centres.

        Raises:
            OutputError: If the file cannot be written.
        """
        from eex.search.taking import save_answer

        save_answer(self, path, form="geoparquet", footprints=footprints)

    def save(self, path: str | Path) -> None:
        """Write the answer as the name of a file ends: see `eex.export.formats`.

        Archives with pixels take the set: `opened.save_answer(found, "best.zip")`.

        Raises:
            BadQueryError: If the name ends on nothing known, or on an archive.
            OutputError: If the file cannot be written.
        """
        from eex.search.taking import save_answer

        save_answer(self, path)

    def to_csv(self) -> str:
        """Return the best tiles as CSV; licence, credit and recipe are columns."""
        return export.to_csv(
            self.results,
            credit=self.credit,
            score_kind=self.score_kind,
            recipe=self.taken.recipe,
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
            credit=self._told(),
            results=self.results[: render.MAX_RINGS],
            score_kind=self.score_kind,
        )
        if path is not None:
            write_bytes(Path(path), self._png(picture))
        return picture

    def to_png(self) -> bytes:
        """Return the map as a PNG file that carries licence, credit and the query."""
        return self._png(self.map())

    def _png(self, picture: Image) -> bytes:
        credit = self.credit
        about = {
            "Title": self.title(),
            "Copyright": credit.licence,
            "Source": credit.attribution,
            "Disclaimer": credit.banner,
            "Software": f"eex {eex.__version__}",
            "Score": self.score_kind,
            "Recipe": json.dumps(self.taken.recipe, ensure_ascii=False),
        }
        return render.png(picture, {name: text for name, text in about.items() if text})

    def _told(self) -> str:
        """Return the lines that a map carries."""
        credit = self.credit
        source = f"{credit.attribution}. Licence: {credit.licence}" if credit.licence else ""
        return "\n".join(filter(None, [credit.banner, source or credit.attribution]))


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
