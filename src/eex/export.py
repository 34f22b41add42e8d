"""The rows of an answer, and the files that carry them to other tools with licence and credit."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import isfinite
from typing import Any

from eex.places import nearest_city


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One tile of an answer."""

    rank: int
    """1 is the best."""
    row: int
    """Row of the set."""
    id: str
    """Name of the tile, such as the grid cell."""
    lon: float
    """Centre, degrees east."""
    lat: float
    """Centre, degrees north."""
    score: float
    """How well the tile fits: a cosine, -1 to 1, or what the answer's `score_kind` says."""
    parts: dict[str, float] = field(default_factory=dict)
    """Cosine of each part of a mixed query alone; empty where the query has one part."""
    repeats: tuple[int, ...] = ()
    """Rows of tiles that only repeat this one, best first, where that was asked for."""

    def to_json(self) -> dict[str, Any]:
        """Return the result as a JSON-able record."""
        record: dict[str, Any] = {
            "rank": self.rank,
            "row": self.row,
            "id": self.id,
            "lon": round(self.lon, 6),
            "lat": round(self.lat, 6),
            "score": round(self.score, 6),
        }
        if self.parts:
            record["parts"] = {k: round(v, 6) for k, v in self.parts.items() if isfinite(v)}
        if self.repeats:
            record["repeats"] = list(self.repeats)
        return record


@dataclass(frozen=True, kw_only=True)
class Credit:
    """What every export carries."""

    set_id: str
    """Id of the set."""
    model: str
    """Name of the encoder."""
    licence: str
    """Licence of vectors and imagery."""
    attribution: str
    """Credit line."""
    banner: str = ""
    """The demonstration's notice; empty for real imagery."""

    def to_json(self) -> dict[str, Any]:
        """Return the credit as a JSON-able record."""
        record = {
            "set": self.set_id,
            "model": self.model,
            "licence": self.licence,
            "attribution": self.attribution,
        }
        return {**record, "notice": self.banner} if self.banner else record


def to_geojson(
    results: Sequence[Result], *, recipe: dict[str, Any], credit: Credit, score_kind: str = "cosine"
) -> dict[str, Any]:
    """Return the best tiles as a GeoJSON FeatureCollection of their centres.

    Source:
        RFC 7946; what is not geometry is a foreign member: `score_kind`, `recipe`, `credit`.
    """
    features = []
    for result in results:
        properties = result.to_json()
        parts = properties.pop("parts", {})
        properties |= {f"score_{name}": value for name, value in parts.items()}
        features.append(
            {
                "type": "Feature",
                "id": result.row,
                "geometry": {
                    "type": "Point",
                    "coordinates": [properties["lon"], properties["lat"]],
                },
                "properties": properties,
            }
        )
    return {
        "type": "FeatureCollection",
        "features": features,
        "score_kind": score_kind,
        "credit": credit.to_json(),
        "recipe": recipe,
    }


def to_csv(
    results: Sequence[Result],
    *,
    credit: Credit,
    score_kind: str = "cosine",
    recipe: dict[str, Any] | None = None,
) -> str:
    """Return the best tiles as CSV with a header line; licence and credit are columns.

    So is what the score is, since a header line has no room for it, and the query, as JSON in the
    first line only.
    """
    parts = list(results[0].parts) if results else []
    names = ["rank", "row", "id", "lon", "lat", "score", *[f"score_{name}" for name in parts]]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    about = ["score_kind", "set", "model", "licence", "attribution", "repeats", "recipe"]
    writer.writerow([*names, *about])
    tail = [score_kind, credit.set_id, credit.model, credit.licence, credit.attribution]
    told = "" if recipe is None else json.dumps(recipe, ensure_ascii=False)
    for result in results:
        record = result.to_json()
        repeats = " ".join(map(str, result.repeats))
        scores = [record.get("parts", {}).get(name, "") for name in parts]
        writer.writerow([*[record[name] for name in names[:6]], *scores, *tail, repeats, told])
        told = ""
    return out.getvalue()


def to_table(results: Sequence[Result]) -> str:
    """Return the best tiles as a table for a terminal."""
    lines = [f"{'rank':>4}  {'score':>6}  {'place':<18} {'near':<28} {'tile':<12} {'row':>6}"]
    lines += [
        f"{r.rank:>4}  {r.score:6.3f}  {latlon(r.lon, r.lat):<18} {near(r.lon, r.lat):<28} "
        f"{r.id:<12} {r.row:>6}"
        for r in results
    ]
    return "\n".join(lines)


def near(lon: float, lat: float) -> str:
    """Return where a place is in words: the nearest city, and how far it is."""
    city, km = nearest_city(lon, lat)
    return f"{city.name} ({km:,.0f} km)"


def latlon(lon: float, lat: float) -> str:
    """Return a place as people write it, such as `48.90 N, 2.40 E`."""
    return f"{abs(lat):.2f} {'S' if lat < 0 else 'N'}, {abs(lon):.2f} {'W' if lon < 0 else 'E'}"


def dumps(record: dict[str, Any]) -> str:
    """Return a record as indented JSON."""
    return json.dumps(record, ensure_ascii=False, indent=2, allow_nan=False)
