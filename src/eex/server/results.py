"""An answer as JSON: its tiles with the nearest city, when they were seen and how far they are.

Fifty thousand tiles are told in one go, each column at a time; what is written is as
`schemas.SearchAnswer` describes it, without a record being made of each tile.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.export.taken import Taken
from eex.filters.instants import UNKNOWN
from eex.places import distances_km, nearest_cities
from eex.search.parts import PlacePart, RowPart

FIRST, LAST = (int(np.datetime64(at, "us").astype(np.int64)) for at in ("0001-01-01", "9999-12-31"))
"""Instants that ISO 8601 has four digits for, microseconds since 1970."""

if TYPE_CHECKING:
    from eex.search.found import Found
    from eex.search.query import Query
    from eex.search.run import OpenSet


def answer_json(found: Found, sets: Sequence[OpenSet], **more: Any) -> bytes:  # noqa: ANN401
    """Return an answer as JSON.

    Args:
        found: The answer.
        sets: Those that were asked; results are tiles of the first.
        more: Further fields of the answer.
    """
    header = sets[0].embeddings.header
    body = found.to_json()
    results = body["results"]
    lonlat = np.array([(r.lon, r.lat) for r in found.results], np.float64).reshape(-1, 2)
    columns = zip(results, _near(lonlat), _times(found, sets[0]), strict=True)
    for (record, near, time), km in zip(columns, _distances(found, sets, lonlat), strict=True):
        record["near"], record["time"], record["distance_km"] = near, time, km
        record.setdefault("parts", None)
        record.setdefault("repeats", None)
        if near is None:  # JSON has no number for it
            record["lon"] = record["lat"] = None
    body["credit"].setdefault("notice", None)
    body |= {"demo": header.demo, "banner": header.banner}
    body |= {"took_ms": round(1000 * found.seconds, 2), **more}
    return json.dumps(body, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _near(lonlat: np.ndarray[Any, np.dtype[np.float64]]) -> list[str | None]:
    """Return the nearest city of each tile in words; None for a tile without a place."""
    known = np.isfinite(lonlat).all(axis=1)
    cities, km = nearest_cities(np.where(known[:, None], lonlat, 0))
    told = zip(cities, km.tolist(), known.tolist(), strict=True)
    return [f"{city.name} ({far:,.0f} km)" if there else None for city, far, there in told]


def _times(found: Found, opened: OpenSet) -> list[str | None]:
    """Return when each tile was seen, ISO 8601 in UTC; None where the set does not say."""
    taken = Taken(
        title="",
        results=found.results,
        credit=found.credit,
        score_kind=found.score_kind,
        recipe={},
        tiles=opened.embeddings,
    )
    instants = taken.instants
    known = (instants != UNKNOWN) & (instants >= FIRST) & (instants <= LAST)
    moments = np.where(known, instants, 0).astype("datetime64[us]")
    told = np.datetime_as_string(moments, unit="s").tolist()
    return [f"{at}Z" if there else None for at, there in zip(told, known.tolist(), strict=True)]


def _distances(
    found: Found, sets: Sequence[OpenSet], lonlat: np.ndarray[Any, np.dtype[np.float64]]
) -> list[float | None]:
    """Return how far each tile is from where the query says, kilometres."""
    start = _start(found.query, sets)
    if start is None or not np.isfinite(start).all():
        return [None] * len(lonlat)
    km = distances_km(np.array(start), lonlat).round(3)
    return [far if far == far else None for far in km.tolist()]  # noqa: PLR0124, not a number


def _start(query: Query, sets: Sequence[OpenSet]) -> tuple[float, float] | None:
    """Return the first place that a query asks with, else that of its first tile."""
    for part in query.parts:
        if isinstance(part, PlacePart):
            return part.lon, part.lat
    for part in query.parts:
        if isinstance(part, RowPart):
            opened = next((one for one in sets if one.name == part.set), sets[0])
            lon, lat = opened.embeddings.lonlat[part.row].tolist()
            return lon, lat
    return None
