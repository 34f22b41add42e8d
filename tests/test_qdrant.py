"""Qdrant, in this process and as the client's local mode, keeps what every index must keep."""

from __future__ import annotations

import copy
import itertools
import shutil
import sys
import tempfile
import threading
import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray

from eex.embeddings import EmbeddingSet, SetHeader
from eex.errors import BadQueryError, DamagedSetError, MissingExtraError
from eex.filters.cql2 import parse
from eex.filters.mask import mask_of
from eex.filters.record import Filter
from eex.index import qdrant, qdrant_server
from eex.index.base import FiltersItself, FindsRows, VectorIndex
from eex.index.engines import Building, EngineSpec, Opening
from eex.index.options import read_options
from eex.index.plain import open_exact
from eex.index.qdrant_cql2 import told
from eex.index.qdrant_engines import QDRANT, QDRANT_EDGE
from eex.index.qdrant_payload import Uploaded
from eex.testing import IndexContract, toy_vectors

pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
]


def set_of(vectors: NDArray[Any], *, seed: int = 5, **parts: Any) -> EmbeddingSet:
    import pyarrow as pa

    rng = np.random.default_rng(seed)
    count, dim = vectors.shape
    lonlat = np.column_stack([rng.uniform(-180, 180, count), rng.uniform(-90, 90, count)])
    header = SetHeader(id="toys", title="Toys", model="toy", dim=dim)
    given = {"lonlat": lonlat, "table": pa.table({"grid_cell": list(map(str, range(count)))})}
    return EmbeddingSet(header, vectors, key="key", **{**given, **parts})


MEMORY = Path("/dev/shm")
"""Where files cost no disk, on which Qdrant waits for every one of them."""


def built(spec: EngineSpec, embeddings: EmbeddingSet, **options: Any) -> Any:
    """Build an index in a new folder and open it from there."""
    folder = Path(tempfile.mkdtemp(dir=MEMORY if MEMORY.is_dir() else None))
    try:
        chosen = read_options(spec, options)
        if spec.build is not None:
            spec.build(Building(embeddings=embeddings, folder=folder, options=chosen))
        index = spec.open(Opening(embeddings=embeddings, folder=folder, options=chosen))
    except BaseException:
        shutil.rmtree(folder, ignore_errors=True)
        raise
    weakref.finalize(index, shutil.rmtree, folder, ignore_errors=True)
    return index


@contextmanager
def local_mode(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Have the client's local mode in place of a server, with collections of its own."""
    from qdrant_client import QdrantClient

    client = QdrantClient(":memory:")
    monkeypatch.setattr(qdrant_server, "connect", lambda *_args, **_options: client)
    monkeypatch.setattr(qdrant_server, "POLL_SECONDS", 0.0)
    yield client
    client.close()


@pytest.fixture(autouse=True)
def local(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with local_mode(monkeypatch) as client:
        yield client


NUMBERS = itertools.count()

KEPT: dict[Any, FindsRows] = {}
"""Indexes that several tests of a contract ask."""


class Cached(IndexContract):
    """Builds an index once for the same vectors; each is opened from its files."""

    options: ClassVar[dict[str, Any]] = {}

    def _made(self, vectors: NDArray[np.float32]) -> tuple[FindsRows, NDArray[Any]]:
        key = (str(self.options), vectors.shape, vectors.tobytes())
        if key not in KEPT:
            KEPT[key] = built(QDRANT_EDGE, set_of(vectors), **self.options)
        return KEPT[key], vectors


class TestEdgeOfFloat32(Cached):
    options: ClassVar = {"vectors": "float32"}


class TestEdgeOfFloat16(Cached):
    pass


class TestEdgeWithAGraph(Cached):
    min_recall = 0.95
    options: ClassVar = {"m": 16, "full_scan_kb": 1}


class TestEdgeWithAGraphOverInt8(Cached):
    min_recall = 0.95
    options: ClassVar = {"m": 16, "full_scan_kb": 1, "quantization": "int8"}


class TestEdgeWithAGraphOverBits(Cached):
    min_recall = 0.9
    options: ClassVar = {"m": 16, "full_scan_kb": 1, "quantization": "binary"}


class TestLocalModeOfTheClient(IndexContract):
    @staticmethod
    def make(vectors: NDArray[np.float32]) -> FindsRows:
        name = f"set-{next(NUMBERS)}"
        return built(QDRANT, set_of(vectors), collection=name, exact=True)


@pytest.fixture(scope="module")
def shard() -> Any:
    """Return an exact index of Qdrant Edge, and the set it was built of."""
    vectors = toy_vectors(2_000, 16).astype(np.float16)
    embeddings = set_of(vectors)
    return built(QDRANT_EDGE, embeddings), embeddings


def test_it_finds_rows_and_filters_itself(shard: Any) -> None:
    index, _ = shard
    assert isinstance(index, FindsRows)
    assert isinstance(index, FiltersItself)
    assert not isinstance(index, VectorIndex)


@pytest.mark.parametrize("spare", [1, 20])
def test_more_rows_are_asked_for_until_there_can_be_no_better(
    shard: Any, spare: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, embeddings = shard
    monkeypatch.setattr(qdrant, "_wanted", lambda k: k + spare)
    asked: list[int] = []
    nearest = index._store.nearest

    def noted(units: Any, limit: int, **options: Any) -> Any:
        asked.append(limit)
        return nearest(units, limit, **options)

    monkeypatch.setattr(index._store, "nearest", noted)
    queries = toy_vectors(30, 16, seed=4)
    right = open_exact(Opening(embeddings=embeddings)).search(queries, k=10)
    found = index.search(queries, k=10)
    np.testing.assert_array_equal(found.rows, right.rows)
    np.testing.assert_array_equal(found.scores, right.scores)
    assert asked[0] == 10 + spare
    assert spare > 1 or max(asked) > 10 + spare  # rounding to float16 leaves some in doubt


def test_rounding_never_moves_a_score_by_more_than_the_bound(shard: Any) -> None:
    index, embeddings = shard
    queries = toy_vectors(20, 16, seed=6).astype(np.float64)
    units = queries / np.linalg.norm(queries, axis=1, keepdims=True)
    exact = open_exact(Opening(embeddings=embeddings))
    for unit, (rows, scores) in zip(units, index._store.nearest(units, 2_000), strict=True):
        off = np.abs(scores.astype(np.float64) - exact.score_rows(unit, rows))
        assert 0 < off.max() < index._bound(unit)


def test_beyond_what_is_fetched_the_vectors_are_read(
    shard: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, embeddings = shard
    monkeypatch.setattr(qdrant, "MOST_FETCHED", 300)
    where = Filter(bbox=(-90, -45, 90, 45))
    mask = mask_of(where, embeddings)
    query = toy_vectors(2, 16, seed=4)
    right = open_exact(Opening(embeddings=embeddings)).search(query, k=400, mask=mask)
    for found in (
        index.search_where(query, k=400, where=where),
        index.search(query, k=400, mask=mask),
    ):
        np.testing.assert_array_equal(found.rows, right.rows)


def test_filters_that_leave_most_rows_are_left_to_the_mask(shard: Any) -> None:
    index, _ = shard
    assert index.can_filter(Filter(bbox=(0, 0, 20, 20)))
    assert not index.can_filter(Filter(bbox=(-170, -80, 170, 80)))
    assert index.pushes(Filter(bbox=(-170, -80, 170, 80)))
    assert not index.can_filter(Filter())
    graph = copy.copy(index)
    graph._way = replace(index._way, exact=False)
    assert graph.can_filter(Filter(bbox=(-170, -80, 170, 80)))


@pytest.mark.parametrize(
    "where",
    [
        "grid_cell LIKE '1%'",
        "grid_cell > '5'",
        "lon + 1 > 3",
        "lon > lat",
        "CASEI(grid_cell) = 'a'",
        "S_INTERSECTS(geometry, BBOX(0, 0, 10, 10))",
        "year = 2020",
    ],
)
def test_what_cannot_be_said_exactly_is_not_asked(shard: Any, where: str) -> None:
    index, _ = shard
    assert not index.can_filter(Filter(where=where))
    with pytest.raises(BadQueryError, match="as it is meant"):
        index.search_where(toy_vectors(1), k=1, where=Filter(where=where))


def test_a_circle_round_a_pole_holds_the_places_at_the_pole() -> None:
    vectors = toy_vectors(3_000, 16)
    lonlat = np.column_stack([np.linspace(-180, 180, 3_000), np.linspace(-90, 90, 3_000)])
    lonlat[:4] = [(0, 90), (-180, 90), (33, -90), (180, 0)]
    index = built(QDRANT_EDGE, set_of(vectors, lonlat=lonlat))
    poles = Filter.from_json({"near": {"lon": 100, "lat": 89.9, "km": 60}})
    assert {0, 1} <= set(index.search_where(vectors[:1], k=99, where=poles).rows[0].tolist())
    east = Filter.from_json({"near": {"lon": -179.9, "lat": 0.2, "km": 60}})
    assert 3 in index.search_where(vectors[:1], k=99, where=east).rows[0]
    west = Filter(bbox=(-180, -1, -170, 1))
    assert 3 in index.search_where(vectors[:1], k=99, where=west).rows[0]


def test_several_threads_may_ask_at_once(shard: Any) -> None:
    index, embeddings = shard
    queries = toy_vectors(40, 16, seed=9)
    right = open_exact(Opening(embeddings=embeddings)).search(queries, k=7)
    wrong: list[int] = []

    def ask(low: int) -> None:
        for query in range(low, 40, 4):
            found = index.search(queries[query : query + 1], k=7)
            if not np.array_equal(found.rows[0], right.rows[query]):
                wrong.append(query)

    threads = [threading.Thread(target=ask, args=(low,)) for low in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_integers_with_scale_and_offset_are_searched_as_the_numbers_they_mean() -> None:
    rng = np.random.default_rng(3)
    vectors = rng.integers(-128, 128, size=(500, 16)).astype(np.int8)
    header = replace(set_of(vectors).header, scale=-0.02, offset=0.4)
    embeddings = replace(set_of(vectors), header=header, unusable=np.array([5, 77]))
    index = built(QDRANT_EDGE, embeddings)
    query = toy_vectors(3, 16)
    right = open_exact(Opening(embeddings=embeddings)).search(query, k=50)
    found = index.search(query, k=50)
    np.testing.assert_array_equal(found.rows, right.rows)
    np.testing.assert_array_equal(found.scores, right.scores)


def test_options_that_do_not_fit_are_refused() -> None:
    embeddings = set_of(toy_vectors(20))
    for options in (
        {"quantization": "int8"},
        {"quantization": "pq", "m": 8},
        {"vectors": "float64"},
        {"m": -1},
        {"columns": "grid_cell, height"},
    ):
        with pytest.raises(BadQueryError) as refused:
            built(QDRANT_EDGE, embeddings, **options)
        assert refused.value.hint
    with pytest.raises(BadQueryError):
        built(QDRANT_EDGE, embeddings, ef=0)


def test_a_shard_with_other_vectors_is_damaged(tmp_path: Path) -> None:
    embeddings, chosen = set_of(toy_vectors(50)), read_options(QDRANT_EDGE, {})
    opening = Opening(embeddings=embeddings, folder=tmp_path, options=chosen)
    with pytest.raises(DamagedSetError):
        QDRANT_EDGE.open(opening)
    assert QDRANT_EDGE.build
    QDRANT_EDGE.build(Building(embeddings=embeddings, folder=tmp_path, options=chosen))
    shutil.move(tmp_path / "shard", tmp_path / "away")
    with pytest.raises(DamagedSetError, match="cannot open"):
        QDRANT_EDGE.open(opening)
    shutil.move(tmp_path / "away", tmp_path / "shard")
    more = set_of(toy_vectors(51))
    with pytest.raises(DamagedSetError, match="50 vectors"):
        QDRANT_EDGE.open(replace(opening, embeddings=more))


def test_without_the_package_the_extra_is_named(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "qdrant_edge", None)
    building = Building(
        embeddings=set_of(toy_vectors(5)), folder=tmp_path, options=read_options(QDRANT_EDGE, {})
    )
    assert QDRANT_EDGE.build
    with pytest.raises(MissingExtraError) as missing:
        QDRANT_EDGE.build(building)
    assert "[qdrant]" in missing.value.hint


@pytest.mark.parametrize(
    ("where", "ends"),
    [
        ("n < 4.5", {"lte": 4}),
        ("n < 4", {"lte": 3}),
        ("n >= 4.5", {"gte": 5}),
        ("n > 4", {"gte": 5}),
        ("NOT n > -4.5", {"lte": -5}),
        ("4 >= n", {"lte": 4}),
        ("n = 4.5", {"gte": 5, "lte": 4}),
        ("seen > DATE('1970-01-01')", {"gte": 1}),
    ],
)
def test_whole_numbers_are_asked_with_whole_ends(where: str, ends: dict[str, float]) -> None:
    columns = {"n": "integer", "seen": "time"}
    known = Uploaded(placed=True, named=True, time=True, cloud=False, columns=columns)
    condition = told(parse(where), known)
    assert condition["range"] == ends
