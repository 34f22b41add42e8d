"""Qdrant's engine in this process, over the files of one folder: all that is used of `qdrant_edge`.

The package is a beta whose interface moves (pinned to 0.9), so nothing else imports it. Conditions
are those of Qdrant's REST interface, as dictionaries.

A shard may be asked from several threads at once; the package holds Python's global lock while it
works, so their searches run one after another.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.errors import DamagedSetError, EexError, MissingExtraError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from numpy.typing import NDArray

Condition = dict[str, Any]
"""One of Qdrant's REST interface, https://api.qdrant.tech: a filter (`must`, `should`, `must_not`),
or what a field must be."""

EXTRA = "pip install 'earth-embedding-explorer[qdrant]'"
"""What installs the package."""

INDEXED_ABOVE_KB = 1
"""Size from which the optimiser makes a segment's files final: all of them, which open at once."""

LINKED = ("centre", "time", "day", "cloud")
"""Fields whose values get links of their own in a graph, so that it holds under conditions;
each costs about as much as the graph itself."""


@dataclass(frozen=True, kw_only=True)
class Layout:
    """How a shard or a collection stores vectors."""

    dim: int
    """Length of one vector."""
    half: bool = True
    """Whether they are float16; else float32."""
    m: int = 0
    """Edges of one node of the HNSW graph; 0 for none, where every search reads all vectors."""
    ef_construct: int = 128
    """Candidates that are looked at when a node of the graph is made."""
    full_scan_kb: int = 10_000
    """Kilobytes of vectors up to which all are read in place of asking the graph."""
    quantization: str = "none"
    """none, int8 or binary: what the graph's search looks at first."""


class EdgeShard:
    """One shard, opened for reading or being filled."""

    def __init__(self, shard: Any, *, graph: bool = False) -> None:  # noqa: ANN401
        """Take what `create` and `open` make; `graph` if one is to be built."""
        self._shard, self._edge, self._graph = shard, _package(), graph

    @classmethod
    def create(cls, folder: Path, layout: Layout, *, threads: int) -> EdgeShard:
        """Make an empty shard in a new folder; `finish` makes it whole.

        Raises:
            MissingExtraError: If the package is missing.
        """
        edge = _package()
        quantizations = {
            "none": None,
            "int8": edge.ScalarQuantizationConfig(edge.ScalarType.Int8, memory=edge.Memory.Cached),
            "binary": edge.BinaryQuantizationConfig(memory=edge.Memory.Cached),
        }
        folder.mkdir()
        config = edge.EdgeConfig(
            vectors=_vectors(edge, layout),
            hnsw_config=edge.HnswIndexConfig(
                m=layout.m,
                ef_construct=layout.ef_construct,
                full_scan_threshold=layout.full_scan_kb,
                max_indexing_threads=threads,
            ),
            quantization_config=quantizations[layout.quantization],
            optimizers=edge.EdgeOptimizersConfig(
                default_segment_number=1, indexing_threshold=INDEXED_ABOVE_KB
            ),
            wal_enabled=False,  # what is being built appears whole or not at all anyway
        )
        return cls(edge.EdgeShard.create(str(folder), config), graph=layout.m > 0)

    @classmethod
    def open(cls, folder: Path) -> EdgeShard:
        """Open a shard that was finished, without writing to it.

        Raises:
            DamagedSetError: If it cannot be read.
            MissingExtraError: If the package is missing.
        """
        edge = _package()
        try:
            return cls(edge.EdgeShard.load(str(folder)))
        except Exception as error:
            message = f"Qdrant Edge cannot open {folder}: {error}"
            hint = "Build the index again, with --force."
            raise DamagedSetError(message, hint=hint) from error

    @property
    def count(self) -> int:
        """Number of vectors."""
        return int(self._shard.info().points_count)

    def upsert(
        self,
        rows: NDArray[np.int64],
        units: NDArray[np.float32],
        payloads: Sequence[Mapping[str, Any]],
    ) -> None:
        """Store vectors of length 1 and what is known of them, by row."""
        point = self._edge.Point
        points = [
            point(row, unit, payload)
            for row, unit, payload in zip(rows.tolist(), units, payloads, strict=True)
        ]
        self._shard.update(self._edge.UpdateOperation.upsert_points(points))

    def finish(self, fields: Mapping[str, str]) -> None:
        """Index fields of the payload, make all files final and close them.

        A graph is built with the fields in view, so that it can be searched under conditions.
        Without one they are indexed in the final files, which takes a quarter of the memory.

        Args:
            fields: Path in the payload to geo, integer, float or keyword.
        """
        edge, cold = self._edge, self._edge.Memory.Cold
        kinds = {
            "geo": edge.GeoIndexParams,
            "integer": edge.IntegerIndexParams,
            "float": edge.FloatIndexParams,
            "keyword": edge.KeywordIndexParams,
        }
        if not self._graph:
            self._shard.optimize()
        for path, kind in fields.items():
            index = kinds[kind](memory=cold, enable_hnsw=path in LINKED)
            self._shard.update(edge.UpdateOperation.create_field_index(path, index))
        self._shard.optimize()
        self._shard.flush()
        self.close()

    def close(self) -> None:
        """Let go of the files; it may be done more than once."""
        self._shard.close()

    def nearest(
        self,
        units: NDArray[np.float64],
        limit: int,
        *,
        where: Condition | None = None,
        exact: bool = True,
        ef: int = 0,
        oversampling: float = 1.0,
    ) -> list[tuple[NDArray[np.int64], NDArray[np.float32]]]:
        """Return rows and scores of the `limit` nearest vectors of each query, best first.

        Args:
            units: Queries of length 1, shape (n, dim).
            limit: How many, at least 1.
            where: Only those that it lets through.
            exact: Whether every vector is read as it is stored; else the graph is asked.
            ef: Candidates of the graph's search; `limit` if that is more.
            oversampling: How many times `limit` quantised vectors are looked at again.
        """
        edge = self._edge
        params = edge.SearchParams(
            hnsw_ef=None if exact else max(ef, limit),
            exact=exact,
            quantization=edge.QuantizationSearchParams(
                ignore=exact, rescore=True, oversampling=None if exact else oversampling
            ),
        )
        chosen = None if where is None else self._chosen(where)
        asked = [
            edge.QueryRequest(
                limit=limit, query=edge.Query.Nearest(unit), filter=chosen, params=params
            )
            for unit in units.astype(np.float32)
        ]
        try:
            found = self._shard.query_batch(edge.QueryBatchRequest(asked))
        except Exception as error:
            message = f"Qdrant Edge cannot search: {error}"
            raise EexError(message, hint="Build the index again, with --force.") from error
        return [_arrays([(point.id, point.score) for point in points]) for points in found]

    def estimate(self, where: Condition) -> int:
        """Return about how many vectors `where` lets through, without looking at them."""
        request = self._edge.CountRequest(exact=False, filter=self._chosen(where))
        try:
            return int(self._shard.count(request))
        except Exception as error:
            message = f"Qdrant Edge cannot count: {error}"
            raise EexError(message, hint="Build the index again, with --force.") from error

    def _chosen(self, where: Condition) -> Any:  # noqa: ANN401
        try:
            return self._filter(where)
        except Exception as error:
            message = f"Qdrant Edge does not take this filter: {error}"
            raise EexError(message, hint="Search with the exact engine, --engine exact.") from error

    def _filter(self, where: Condition) -> Any:  # noqa: ANN401
        lists = {name: [self._condition(one) for one in some] for name, some in where.items()}
        return self._edge.Filter(**lists)

    def _condition(self, one: Condition) -> Any:  # noqa: ANN401
        edge: Any = self._edge
        if "is_empty" in one:
            return edge.IsEmptyCondition(one["is_empty"]["key"])
        if "key" not in one:
            return self._filter(one)
        path = one["key"]
        given: dict[str, Any] = {}
        if "range" in one:
            given["range"] = edge.RangeFloat(**one["range"])
        elif "match" in one:
            value = one["match"]
            match = edge.MatchAny(value["any"]) if "any" in value else edge.MatchValue(**value)
            given["match"] = match
        elif "geo_bounding_box" in one:
            box = one["geo_bounding_box"]
            corners = (edge.GeoPoint(**box["top_left"]), edge.GeoPoint(**box["bottom_right"]))
            given["geo_bounding_box"] = edge.GeoBoundingBox(*corners)
        elif "geo_radius" in one:
            circle = one["geo_radius"]
            centre = edge.GeoPoint(**circle["center"])
            given["geo_radius"] = edge.GeoRadius(centre, circle["radius"])
        else:
            polygon = one["geo_polygon"]
            rings = [polygon["exterior"], *polygon["interiors"]]
            outer, *holes = ([edge.GeoPoint(**point) for point in ring["points"]] for ring in rings)
            given["geo_polygon"] = edge.GeoPolygon(outer, holes)
        return edge.FieldCondition(path, **given)


def _vectors(edge: Any, layout: Layout) -> Any:  # noqa: ANN401
    kinds = edge.VectorStorageDatatype
    return edge.EdgeVectorParams(
        size=layout.dim,
        distance=edge.Distance.Cosine,
        datatype=kinds.Float16 if layout.half else kinds.Float32,
        memory=edge.Memory.Cold,
    )


def _arrays(
    points: Sequence[tuple[int, float]],
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    if not points:
        return np.empty(0, np.int64), np.empty(0, np.float32)
    rows, scores = zip(*points, strict=True)
    return np.array(rows, np.int64), np.array(scores, np.float32)


def _package() -> Any:  # noqa: ANN401
    try:
        import qdrant_edge
    except ImportError as error:
        message = "The index 'qdrant-edge' needs qdrant-edge-py, which is not installed."
        raise MissingExtraError(message, hint=EXTRA, missing="qdrant_edge") from error
    return qdrant_edge
