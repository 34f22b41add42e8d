"""The same queries under the same filters have the same answers, whatever engine is asked.

What is right is the exact index under the filter's mask. Exact engines must give these rows and
these scores; approximate ones the share of them that is stated.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from eex.embeddings import EmbeddingSet
from eex.filters.mask import mask_of
from eex.filters.record import Filter
from eex.index import faiss_search
from eex.index.base import Hits
from eex.index.engines import EngineSpec, Opening
from eex.index.faiss_engines import (
    FAISS_FLAT,
    FAISS_HNSW,
    FAISS_IVF_PQ,
    FAISS_IVF_RABITQ,
    FAISS_IVF_SQ8,
)
from eex.index.int8 import INT8
from eex.index.plain import open_exact
from eex.index.qdrant import QdrantIndex
from eex.index.qdrant_engines import QDRANT, QDRANT_EDGE
from eex.testing import toy_vectors
from test_qdrant import built, local_mode, set_of

pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]

ROWS, DIM, K = 3_000, 16, 20
FILTERS = 200


@pytest.fixture(autouse=True)
def local(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with local_mode(monkeypatch) as client:
        yield client


def places(rng: np.random.Generator) -> NDArray[np.float64]:
    """Return centres, a third of them where definitions differ: whole degrees, edges and poles."""
    lonlat = np.column_stack([rng.uniform(-180, 180, ROWS), rng.uniform(-90, 90, ROWS)])
    lonlat[:800] = np.round(lonlat[:800] / 10) * 10
    lonlat[800:900, 0] = rng.choice([-180.0, 180.0], 100)
    lonlat[900:940] = np.column_stack([rng.uniform(-180, 180, 40), rng.choice([-90.0, 90.0], 40)])
    lonlat[940:950] = np.nan
    return lonlat


def columns(rng: np.random.Generator) -> pa.Table:
    """Return columns of every kind, with values missing."""

    def some(values: Any, kind: pa.DataType | None = None) -> pa.Array:
        return pa.array(values, kind, mask=rng.random(ROWS) < 0.1)

    days = rng.integers(17_000, 19_500, ROWS).astype("M8[D]")
    seconds = days.astype("M8[s]") + rng.integers(0, 86_400, ROWS).astype("m8[s]")
    cloud = np.round(rng.uniform(0, 100, ROWS), 1)
    cloud[rng.random(ROWS) < 0.05] = np.nan
    return pa.table(
        {
            "grid_cell": [f"{i % 60}U_{i // 60}R" for i in range(ROWS)],
            "timestamp": some([f"{moment}Z" for moment in seconds]),
            "cloud_cover": some(cloud),
            "orbit": some(rng.integers(-5, 6, ROWS)),
            "height": some(rng.normal(0, 100, ROWS).astype(np.float32)),
            "clear": some(rng.random(ROWS) < 0.5),
            "eo:platform": some(rng.choice(["sentinel-2a", "sentinel-2b", "", "Ö'2"], ROWS)),
            "seen": some(days, pa.date32()),
        }
    )


@pytest.fixture(scope="module")
def embeddings() -> EmbeddingSet:
    rng = np.random.default_rng(11)
    vectors = toy_vectors(ROWS, DIM, seed=3)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    vectors[100:130] = vectors[100]  # equal scores
    vectors[[7, 1_500]] = 0
    vectors = vectors.astype(np.float16)
    return set_of(vectors, lonlat=places(rng), table=columns(rng))


class Asking:
    """Makes filters and expressions at random, many of them about values that are there."""

    def __init__(self, embeddings: EmbeddingSet, seed: int) -> None:
        self.rng = np.random.default_rng(seed)
        self.lonlat = embeddings.lonlat[np.isfinite(embeddings.lonlat).all(axis=1)]

    def maybe(self, share: float) -> bool:
        return bool(self.rng.random() < share)

    def one(self, *choices: Any) -> Any:
        return choices[self.rng.integers(len(choices))]

    def place(self) -> tuple[float, float]:
        if self.maybe(0.4):
            lon, lat = self.lonlat[self.rng.integers(len(self.lonlat))]
            return float(lon), float(lat)
        return float(self.rng.uniform(-180, 180)), float(self.rng.uniform(-90, 90))

    def bbox(self) -> tuple[float, float, float, float]:
        (west, a), (east, b) = self.place(), self.place()
        south, north = min(a, b), max(a, b)
        ends = [-180.0 if self.maybe(0.1) else west, -90.0 if self.maybe(0.1) else south]
        ends += [180.0 if self.maybe(0.1) else east, 90.0 if self.maybe(0.1) else north]
        return (ends[0], ends[1], ends[2], ends[3])

    def near(self) -> dict[str, float]:
        lon, lat = self.place()
        lat = float(self.one(lat, lat, lat, 90.0, -89.5))
        lon = float(self.one(lon, lon, lon, 180.0, 179.5))
        return {"lon": lon, "lat": lat, "km": float(10 ** self.rng.uniform(2.3, 4.3))}

    def area(self) -> dict[str, Any]:
        """Return a star or a box of whole degrees, some across 180 degrees, some with a hole."""
        lon, lat = self.rng.uniform(-180, 180), self.rng.uniform(-60, 60)
        if self.maybe(0.3):
            lon, lat = 10.0 * round(lon / 10), 10.0 * round(lat / 10)
            ring = [(lon, lat), (lon + 60, lat), (lon + 60, lat + 30), (lon, lat + 30), (lon, lat)]
            hole = [(x * 0.5 + lon * 0.5 + 10, y * 0.5 + lat * 0.5 + 5) for x, y in reversed(ring)]
        else:
            turns = np.sort(self.rng.uniform(0, 2 * np.pi, 9))
            far = self.rng.uniform(8, 28, 9)
            ring = [
                (lon + 2 * r * np.cos(t), lat + r * np.sin(t))
                for r, t in zip(far, turns, strict=True)
            ]
            ring.append(ring[0])
            hole = [(x * 0.3 + lon * 0.7, y * 0.3 + lat * 0.7) for x, y in reversed(ring)]
        rings = [ring, hole] if self.maybe(0.3) else [ring]
        return {"type": "Polygon", "coordinates": [[list(point) for point in r] for r in rings]}

    def leaf(self) -> str:
        sign = self.one("=", "<>", "<", "<=", ">", ">=")
        number = self.one(self.rng.integers(-6, 7), round(float(self.rng.uniform(-6, 7)), 1))
        text = self.one("'sentinel-2a'", "'sentinel-2b'", "''", "'Ö''2'", "'none'")
        day = self.one("DATE('2018-03-04')", "TIMESTAMP('2020-01-01T00:00:00Z')")
        return str(
            self.one(
                f"orbit {sign} {number}",
                f"{number} {sign} orbit",
                f"height {sign} {20 * number}",
                f"cloud_cover {sign} {round(float(self.rng.uniform(0, 100)), 1)}",
                f"orbit BETWEEN {number} AND {number + 3}",
                f"orbit IN ({number}, {number + 1}, 3)",
                f"orbit NOT IN ({number}, 2)",
                f'"eo:platform" {self.one("=", "<>")} {text}',
                f"\"eo:platform\" IN ({text}, 'sentinel-2b')",
                f"clear = {self.one('TRUE', 'FALSE')}",
                "clear",
                f"{self.one('orbit', 'clear', 'height', 'cloud_cover', 'seen')} IS NULL",
                f"{self.one('orbit', 'clear', 'timestamp')} IS NOT NULL",
                f"seen {sign} {day}",
                f"lat {sign} {10 * number}",
            )
        )

    def where(self, depth: int = 2) -> str:
        if depth == 0 or self.maybe(0.3):
            return self.leaf()
        if self.maybe(0.3):
            return f"NOT ({self.where(depth - 1)})"
        return f"({self.where(depth - 1)}) {self.one('AND', 'OR')} ({self.where(depth - 1)})"

    def filter(self) -> Filter:
        """Return a filter of one to three conditions."""
        kinds = ["bbox", "area", "near", "time", "season", "cloud", "where"]
        made: dict[str, Any] = {}
        for kind in self.rng.choice(kinds, self.rng.choice([1, 1, 2, 3]), replace=False):
            if kind == "time":
                first, last = sorted(self.rng.integers(2016, 2024, 2).tolist())
                made["time"] = self.one(
                    (f"{first}", f"{last}"), (f"{first}-03-05", ".."), ("", f"{last}-06")
                )
            elif kind == "season":
                made["season"] = self.one(
                    ("06-01", "08-31"), ("11-15", "02-29"), ("03-05", "03-05")
                )
            elif kind == "cloud":
                made["cloud"] = float(self.one(0.0, 12.5, 50.0, 100.0))
            else:
                made[kind] = getattr(self, kind)()
        return Filter(**made)


@pytest.fixture(scope="module")
def filters(embeddings: EmbeddingSet) -> list[tuple[Filter, NDArray[np.bool_]]]:
    """Filters and their masks, and one for each condition alone at least."""
    asking = Asking(embeddings, 17)
    made = [asking.filter() for _ in range(FILTERS)]
    masks = [mask_of(where, embeddings) for where in made]
    assert sum(0 < mask.sum() < K for mask in masks) > FILTERS // 20  # some leave hardly any
    assert sum(mask.sum() > K for mask in masks) > FILTERS // 2
    return list(zip(made, masks, strict=True))


@pytest.fixture(scope="module")
def queries() -> NDArray[np.float32]:
    return toy_vectors(3, DIM, seed=8) + 0.1


@pytest.fixture(scope="module")
def expected(
    embeddings: EmbeddingSet,
    filters: list[tuple[Filter, NDArray[np.bool_]]],
    queries: NDArray[np.float32],
) -> list[Hits]:
    exact = open_exact(Opening(embeddings=embeddings))
    return [exact.search(queries, k=K, mask=mask) for _, mask in filters]


def same(found: Hits, right: Hits, where: Filter) -> None:
    np.testing.assert_array_equal(found.rows, right.rows, where.key)
    np.testing.assert_array_equal(found.scores, right.scores, where.key)


def test_the_exact_index_agrees_with_arithmetic(
    embeddings: EmbeddingSet,
    filters: list[tuple[Filter, NDArray[np.bool_]]],
    queries: NDArray[np.float32],
    expected: list[Hits],
) -> None:
    wide, asked = embeddings.vectors.astype(np.float64), queries.astype(np.float64)
    with np.errstate(invalid="ignore"):
        cosines = (asked / np.linalg.norm(asked, axis=1, keepdims=True)) @ (
            wide / np.linalg.norm(wide, axis=1, keepdims=True)
        ).T
    for (where, mask), right in zip(filters, expected, strict=True):
        for line, rows, scores in zip(cosines, right.rows, right.scores, strict=True):
            among = np.flatnonzero(mask & np.isfinite(line))
            best = -np.sort(-line[among])[:K]
            assert mask[rows].all(), where.key
            np.testing.assert_allclose(scores, best, atol=1e-6, err_msg=where.key)


EXACT = {
    "qdrant-edge of float16": (QDRANT_EDGE, {}),
    "qdrant-edge of float32": (QDRANT_EDGE, {"vectors": "float32"}),
    "local mode of the client": (QDRANT, {"exact": True, "collection": "agreement"}),
}


@pytest.mark.parametrize("name", EXACT)
def test_filters_in_qdrant_agree_exactly(
    name: str,
    embeddings: EmbeddingSet,
    filters: list[tuple[Filter, NDArray[np.bool_]]],
    queries: NDArray[np.float32],
    expected: list[Hits],
) -> None:
    spec, options = EXACT[name]
    index = built(spec, embeddings, **options)
    assert isinstance(index, QdrantIndex)
    assert index.exact
    pushed = [index.pushes(where) for where, _ in filters]
    assert all(pushed), [
        where.key for (where, _), one in zip(filters, pushed, strict=True) if not one
    ]
    some = slice(None) if spec is QDRANT_EDGE else slice(0, None, 10)  # local mode is slow
    for (where, mask), right in list(zip(filters, expected, strict=True))[some]:
        same(index.search_where(queries, k=K, where=where), right, where)
        same(index.search(queries, k=K, mask=mask), right, where)


GRAPHS = {
    "graph": ({"m": 16, "full_scan_kb": 1}, 0.98),
    "graph over int8": ({"m": 16, "full_scan_kb": 1, "quantization": "int8"}, 0.98),
}


@pytest.mark.parametrize("name", GRAPHS)
def test_filters_in_a_graph_of_qdrant_have_the_stated_recall(
    name: str,
    embeddings: EmbeddingSet,
    filters: list[tuple[Filter, NDArray[np.bool_]]],
    queries: NDArray[np.float32],
    expected: list[Hits],
) -> None:
    options, recall = GRAPHS[name]
    index = built(QDRANT_EDGE, embeddings, **options)
    assert not index.exact
    shares = []
    for (where, mask), right in list(zip(filters, expected, strict=True))[::6]:
        for found in (
            index.search_where(queries, k=K, where=where),
            index.search(queries, k=K, mask=mask),
        ):
            assert found.rows.shape == right.rows.shape, where.key
            assert mask[found.rows].all(), where.key
            shares += [
                np.isin(a, b).mean() for a, b in zip(right.rows, found.rows, strict=True) if a.size
            ]
    assert np.mean(shares) >= recall


class Passes:
    """Counts the searches of FAISS's codes, and of those the ones under a mask."""

    def __init__(self) -> None:
        self.masked = 0


@pytest.fixture
def passes(monkeypatch: pytest.MonkeyPatch) -> Passes:
    """Have masks searched by FAISS that leave so few rows that these would be read instead."""
    counted, near = Passes(), faiss_search.FaissIndex._near

    def counting(self: Any, *asked: Any) -> Any:
        counted.masked += asked[3] is not None
        return near(self, *asked)

    monkeypatch.setattr(faiss_search.FaissIndex, "_near", counting)
    monkeypatch.setattr(faiss_search, "EXACT_ROWS", 8)
    monkeypatch.setattr(faiss_search, "FEWEST", 60)
    return counted


EXACT_TOO: dict[str, Any] = {"int8": (INT8, {}), "faiss-flat": (FAISS_FLAT, {"bits": 16})}


@pytest.mark.parametrize("name", EXACT_TOO)
def test_other_exact_engines_agree_exactly(
    name: str,
    embeddings: EmbeddingSet,
    filters: list[tuple[Filter, NDArray[np.bool_]]],
    queries: NDArray[np.float32],
    expected: list[Hits],
    *,
    passes: Passes,
) -> None:
    spec, options = EXACT_TOO[name]
    index = built(spec, embeddings, **options)
    for (where, mask), right in zip(filters, expected, strict=True):
        same(index.search(queries, k=K, mask=mask), right, where)
    assert (passes.masked > FILTERS // 2) == (name == "faiss-flat")


FEW = {"rescore": 1}
APPROXIMATE: dict[str, tuple[EngineSpec, dict[str, int], float]] = {
    "faiss-ivf-sq8": (FAISS_IVF_SQ8, {}, 0.999),
    "faiss-ivf-rabitq": (FAISS_IVF_RABITQ, {}, 0.999),
    "faiss-ivf-pq": (FAISS_IVF_PQ, {}, 0.999),
    "faiss-hnsw": (FAISS_HNSW, {}, 0.995),
    "faiss-ivf-sq8 of few candidates": (FAISS_IVF_SQ8, FEW, 0.999),
    "faiss-ivf-rabitq of few candidates": (FAISS_IVF_RABITQ, FEW, 0.98),
    "faiss-ivf-pq of few candidates": (FAISS_IVF_PQ, FEW, 0.99),
    "faiss-hnsw of few candidates": (FAISS_HNSW, FEW, 0.995),
}
"""The engine, its options, and the share of the right rows that it must find where it is asked:
not where a filter leaves so few rows that these are read."""


@pytest.mark.parametrize("name", APPROXIMATE)
def test_other_approximate_engines_have_the_stated_recall(
    name: str,
    embeddings: EmbeddingSet,
    filters: list[tuple[Filter, NDArray[np.bool_]]],
    queries: NDArray[np.float32],
    expected: list[Hits],
    *,
    passes: Passes,
) -> None:
    spec, options, recall = APPROXIMATE[name]
    index = built(spec, embeddings, **options)
    shares = []
    for (where, mask), right in zip(filters, expected, strict=True):
        before = passes.masked
        found = index.search(queries, k=K, mask=mask)
        assert mask[found.rows].all(), where.key
        if passes.masked == before:
            same(found, right, where)  # few rows remain, and these were read
        else:
            shares += [
                np.isin(a, b).mean() for a, b in zip(right.rows, found.rows, strict=True) if a.size
            ]
    assert passes.masked > FILTERS // 3
    assert np.mean(shares) >= recall
