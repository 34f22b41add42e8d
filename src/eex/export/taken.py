"""All that a file of an answer is made of: its tiles, where and when they are, what is said of it.

Footprints and times are read from the set's own columns for the tiles of the answer alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from eex.errors import DamagedSetError
from eex.export.records import Credit, Result

if TYPE_CHECKING:
    import pyarrow as pa

    from eex.embeddings import EmbeddingSet

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
"""Where microseconds are counted from."""

WHERE = ("pixel_bbox", "utm_crs")
"""Columns that, beside the geometry, say where a footprint lies."""

AREAL = 2
"""Dimensions of a footprint; a point or a line is none."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Taken:
    """An answer on its way into a file."""

    title: str
    """The question in one line."""
    results: Sequence[Result]
    """The best tiles, best first."""
    credit: Credit
    """Licence, attribution and notice."""
    score_kind: str
    """What a score is."""
    recipe: dict[str, Any]
    """The query, pictures by their SHA-256."""
    tiles: EmbeddingSet | None = field(default=None, repr=False)
    """The set that the tiles are of; without it neither footprints nor times are known."""

    def about(self) -> dict[str, Any]:
        """Return what every file says beside the tiles, as a JSON-able record."""
        return {
            "title": self.title,
            "score_kind": self.score_kind,
            "credit": self.credit.to_json(),
            "recipe": self.recipe,
        }

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Row of each tile in the set, shape (n,)."""
        return np.array([result.row for result in self.results], np.int64)

    @cached_property
    def footprints(self) -> NDArray[Any]:
        """Outline of each tile, shapely polygons in degrees, cut at 180; None where not known."""
        shapes = np.full(len(self.results), None, object)
        tiles = self.tiles
        if tiles is None or not len(self.results):
            return shapes
        import shapely

        from eex.geoparquet.rows import Rows

        name = tiles.roles.get("geometry", "geometry")
        if name not in tiles.rows.column_names:
            return shapes
        there = [n for n in WHERE if n in tiles.rows.column_names and n != name]
        table = Rows(tiles.rows.select([name, *there]), tiles.lonlat, {"geometry": name})
        with suppress(DamagedSetError):  # of no known system: centres are known all the same
            found = table.shapes(self.rows, table.take(self.rows))
            areal = shapely.get_dimensions(found) == AREAL
            areal &= ~(shapely.is_missing(found) | shapely.is_empty(found))
            shapes[areal] = found[areal]
        return shapes

    @cached_property
    def places(self) -> NDArray[Any]:
        """Footprints, with centres as points in place of those that are not known."""
        import shapely

        centres = [(round(result.lon, 6), round(result.lat, 6)) for result in self.results]
        shapes = self.footprints.copy()
        lacking = np.array([shape is None for shape in shapes], np.bool_)
        if lacking.any():
            shapes[lacking] = shapely.points(np.array(centres)[lacking])
        return shapes

    @cached_property
    def instants(self) -> NDArray[np.int64]:
        """When each tile was seen, microseconds since 1970 in UTC; `UNKNOWN` where not known."""
        from eex.filters.columns import Slice, columns_of, time_column
        from eex.filters.instants import UNKNOWN

        tiles = self.tiles
        kinds = {} if tiles is None else columns_of(tiles)
        name = time_column(kinds)
        if tiles is None or not name or not len(self.results):
            return np.full(len(self.results), UNKNOWN, np.int64)
        some = replace(tiles, table=self._taken(name), lonlat=tiles.lonlat[self.rows])
        return Slice(some, kinds, 0, len(self.results)).read_times()

    @cached_property
    def times(self) -> list[datetime | None]:
        """When each tile was seen, UTC; None where the set does not say."""
        from eex.filters.instants import UNKNOWN

        return [None if at == UNKNOWN else _moment(at) for at in self.instants.tolist()]

    @cached_property
    def products(self) -> list[str | None]:
        """Name of the product that each tile's pixels are of, where the set says so."""
        tiles = self.tiles
        if tiles is None or "product_id" not in tiles.rows.column_names or not len(self.results):
            return [None] * len(self.results)
        return [str(n) if n else None for n in self._taken("product_id")["product_id"].to_pylist()]

    def _taken(self, name: str) -> pa.Table:
        """Return one column of the tiles of the answer; of a field the struct that it is in."""
        import pyarrow as pa

        from eex.geoparquet.rows import Rows

        if self.tiles is None:
            return pa.table({})
        table = self.tiles.rows
        while name not in table.column_names:
            name = name.rpartition(".")[0]
        rows = Rows(table.select([name]), self.tiles.lonlat, {})
        return pa.Table.from_batches([rows.take(self.rows)])


def _moment(microseconds: int) -> datetime | None:
    with suppress(OverflowError):  # beyond the year 9999
        return EPOCH + timedelta(microseconds=microseconds)
    return None
