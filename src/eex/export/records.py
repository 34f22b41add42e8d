"""The rows of an answer, and what every file of them says beside: licence, credit, the query."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
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


def json_pieces(
    head: Mapping[str, Any], name: str, items: Iterable[Mapping[str, Any]]
) -> Iterator[str]:
    """Yield the text of a JSON object whose last member is a long list, a line for each item.

    Args:
        head: The other members.
        name: Of the list.
        items: In the list.
    """
    yield "{\n"
    for key, value in head.items():
        yield f"{_json(key)}: {_json(value)},\n"
    yield f"{_json(name)}: ["
    between = "\n"
    for item in items:
        yield f"{between}{_json(item)}"
        between = ",\n"
    yield "\n]\n}\n"


def _json(value: object) -> str:
    return json.dumps(value, ensure_ascii=False, allow_nan=False)
