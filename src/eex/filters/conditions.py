"""The conditions of a filter become questions to a slice of rows, the cheapest first."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np
from numpy.typing import NDArray

from eex.embeddings import EmbeddingSet
from eex.errors import BadQueryError
from eex.extent.edges import Edges
from eex.extent.globe import inside_bbox, inside_circle
from eex.extent.periods import season_of, span_of
from eex.filters.columns import (
    CLOUDS,
    NAMES,
    TIMES,
    Kind,
    Slice,
    cloud_column,
    columns_of,
    time_column,
)
from eex.filters.instants import UNKNOWN, calendar
from eex.filters.record import Filter

Question = Callable[[Slice], NDArray[np.bool_]]
"""Slice to one boolean a row."""


def questions_of(where: Filter, embeddings: EmbeddingSet) -> list[Question]:
    """Return what must be true of a row, in the order to ask.

    Raises:
        BadQueryError: If the set lacks what a condition asks about; nothing is read to find out.
    """
    asked: list[Question] = []
    if where.bbox is not None:
        box = where.bbox
        asked.append(lambda rows: inside_bbox(rows.lonlat, box))
    if where.near is not None:
        near = where.near
        asked.append(lambda rows: inside_circle(rows.lonlat, near.lon, near.lat, near.km))
    if where.area is not None:
        edges = Edges.of(where.area.parts)
        asked.append(lambda rows: edges.inside(rows.lonlat))
    if where.cloud is None and where.time is None and where.season is None and not where.where:
        return asked
    kinds = columns_of(embeddings)
    if where.cloud is not None:
        asked.append(_at_most(_named(cloud_column(kinds), kinds, "cloud"), where.cloud))
    if where.where:
        from eex.filters.cql2 import parse
        from eex.filters.where import question

        geometries = tuple({"geometry": 0, embeddings.roles.get("geometry") or "geometry": 0})
        asked.append(question(parse(where.where), kinds, geometries))
    if where.time is not None or where.season is not None:
        _named(time_column(kinds), kinds, "time")
    if where.time is not None:
        asked.append(_within(*span_of(where.time)))
    if where.season is not None:
        asked.append(_in_season(*season_of(where.season)))
    return asked


def _named(name: str, kinds: Mapping[str, Kind], what: str) -> str:
    """Return the name of a column that there is.

    Raises:
        BadQueryError: If there is none.
    """
    if name:
        return name
    looked = CLOUDS if what == "cloud" else TIMES + NAMES
    said = "how cloudy its tiles are" if what == "cloud" else "when its tiles were seen"
    message = f"The set does not say {said}: it has no column {', '.join(looked)}."
    hint = f"Leave the condition out, or use `where` with a column it has: {', '.join(kinds)}."
    raise BadQueryError(message, hint=hint)


def _at_most(name: str, limit: float) -> Question:
    def ask(rows: Slice) -> NDArray[np.bool_]:
        import pyarrow as pa

        array = rows.column(name).cast(pa.float64(), safe=False)
        values = np.asarray(array.to_numpy(zero_copy_only=False), np.float64)  # null is NaN
        return np.asarray(values <= limit)

    return ask


def _within(start: int, end: int) -> Question:
    def ask(rows: Slice) -> NDArray[np.bool_]:
        times = rows.times
        return np.asarray((times != UNKNOWN) & (times >= start) & (times < end))

    return ask


def _in_season(first: int, last: int) -> Question:
    def ask(rows: Slice) -> NDArray[np.bool_]:
        known = rows.times != UNKNOWN
        _, month, day = calendar(np.where(known, rows.times, 0))
        days = month * 100 + day
        after, before = days >= first, days <= last
        return np.asarray(known & (after & before if first <= last else after | before))

    return ask
