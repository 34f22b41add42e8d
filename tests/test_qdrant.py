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
from typing import Any, ClassVar, cast

import numpy as np
import pytest
from numpy.typing import NDArray

from eex.embeddings import EmbeddingSet, SetHeader
from eex.errors import BadQueryError, DamagedSetError, EexError, MissingExtraError, SetError
from eex.filters import columns as filter_columns
from eex.filters.cql2 import parse
from eex.filters.mask import mask_of
from eex.filters.record import Filter
from eex.index import qdrant, qdrant_columns, qdrant_server, qdrant_waiting
from eex.index.base import FiltersItself, FindsRows, VectorIndex
from eex.index.engines import Building, EngineSpec, Opening
from eex.index.options import read_options
from eex.index.plain import open_exact
from eex.index.qdrant_cql2 import told
from eex.index.qdrant_edge_shard import EdgeShard
from eex.index.qdrant_engines import QDRANT, QDRANT_EDGE
from eex.index.qdrant_payload import Uploaded, batches
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
    """Have the client's local mode in place of a server, with collections of its own.

    Whoever closes it is counted (`closed`), and the next finds it open.
    """
    from qdrant_client import QdrantClient

    client = QdrantClient(":memory:")
    monkeypatch.setattr(qdrant_server, "connect", lambda *_args, **_options: client)
    monkeypatch.setattr(qdrant_waiting, "POLL_SECONDS", 0.0)
    really, given = client.close, cast("Any", client)
    given.closed = 0

    def close() -> None:
        given.closed += 1

    given.close = close
    yield given
    really()


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


@pytest.mark.parametrize(
    "corners",
    [
        [[179, 0], [179.9999985, 0.5], [179, 1]],
        [[179, 0], [179.9999975, 0.5], [179, 1]],
        [[-179, 0], [-179.9999975, 0.001], [-179, 0.002]],
        [[0, 89], [0.5, 89.9999985], [1, 89]],
        [[0, -89], [0.0005, -89.9999975], [0.001, -89]],
    ],
)
def test_sharp_corners_near_the_ends_of_the_globe_stay_on_it(
    corners: list[list[float]],
) -> None:
    vectors = toy_vectors(60, 8)
    lonlat = np.column_stack([np.full(60, 33.0), np.linspace(-80, 80, 60)])
    lonlat[:3] = corners  # edges are inside
    lonlat[3] = np.mean(corners, axis=0)
    embeddings = set_of(vectors, lonlat=lonlat)
    where = Filter.from_json({"area": {"type": "Polygon", "coordinates": [[*corners, corners[0]]]}})
    right = np.flatnonzero(mask_of(where, embeddings))
    assert {0, 1, 2, 3} >= set(right.tolist()) >= {3}
    index = built(QDRANT_EDGE, embeddings)
    index.can_filter(where)  # which asks for a count
    found = index.search_where(vectors[:1], k=60, where=where)
    assert sorted(found.rows[0].tolist()) == right.tolist()
    index.close()


def test_a_needle_keeps_its_points() -> None:
    vectors = toy_vectors(4, 8)
    lonlat = np.array([(20.0, 10.0000001), (10, 10), (10, 10.0000002), (15, 11)])
    corners = [[10, 10], [20, 10.0000001], [10, 10.0000002], [10, 10]]
    where = Filter.from_json({"area": {"type": "Polygon", "coordinates": [corners]}})
    index = built(QDRANT_EDGE, set_of(vectors, lonlat=lonlat))
    assert sorted(index.search_where(vectors[:1], k=4, where=where).rows[0].tolist()) == [0, 1, 2]


def test_what_the_package_does_not_take_is_told_in_words(shard: Any) -> None:
    index, _ = shard
    point = {"lon": 181.0, "lat": 0.0}
    wrong = {"must": [{"key": "centre", "geo_radius": {"center": point, "radius": 5.0}}]}
    for ask in (
        lambda: index._store.estimate(wrong),
        lambda: index._store.nearest(np.eye(16)[:1], 3, where=wrong),
    ):
        with pytest.raises(EexError, match="does not take this filter") as refused:
            ask()
        assert "--engine exact" in refused.value.hint


def test_the_first_batch_reads_no_more_than_its_rows() -> None:
    class Noted(np.ndarray[Any, Any]):
        taken: ClassVar[list[Any]] = []

        def __getitem__(self, key: Any) -> Any:
            self.taken.append(key)
            return np.asarray(self)[key]

    plain = toy_vectors(64, 8)
    plain[[3, 40]] = 0
    plain[50, 2] = np.inf
    embeddings = set_of(plain.view(Noted))
    known = Uploaded(placed=True, named=True, time=False, cloud=False)
    some = batches(embeddings, known, half=False, batch_bytes=16 * 8 * 4)
    first = next(some)
    assert Noted.taken == [slice(0, 16)]
    assert first.left_out.tolist() == [3]
    rest = list(some)
    left_out = np.concatenate([batch.left_out for batch in rest])
    assert left_out.tolist() == [40, 50]
    ranked = open_exact(Opening(embeddings=set_of(plain))).rankable
    rows = np.concatenate([batch.rows for batch in (first, *rest)])
    np.testing.assert_array_equal(rows, np.flatnonzero(ranked))
    assert max(batch.lost for batch in rest) < 2.0**-23


def test_integers_that_nearly_cancel_their_offset_are_decoded_exactly() -> None:
    vectors = np.full((4, 8), 20, np.int8)
    vectors[[0, 1, 2], [1, 4, 7]] = 21  # the last row is zero, but for rounding
    header = replace(set_of(vectors).header, scale=0.1, offset=-2.0)
    embeddings = replace(set_of(vectors), header=header, unusable=np.array([3]))
    known = Uploaded(placed=True, named=True, time=False, cloud=False)
    (batch,) = batches(embeddings, known, half=False)
    assert batch.left_out.tolist() == [3]
    np.testing.assert_array_equal(batch.units, np.eye(8, dtype=np.float32)[[1, 4, 7]])


def test_columns_are_looked_at_in_slices_up_to_the_first_proof(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    import pyarrow as pa

    monkeypatch.setattr(qdrant_columns, "SLICE", 10)
    rows: dict[str, list[int]] = {}
    read = filter_columns.Slice.column

    def noted(slice_: filter_columns.Slice, name: str) -> pa.Array:
        assert slice_.stop - slice_.start <= 10
        rows.setdefault(name, []).append(slice_.start)
        return read(slice_, name)

    monkeypatch.setattr(filter_columns.Slice, "column", noted)
    numbers = list(range(35))
    table = pa.table(
        {
            "large": [2**60, *numbers[1:]],
            "late": [*numbers[:-1], -(2**60)],
            "endless": pa.array([*map(float, numbers[:-1]), float("inf")]),
            "small": numbers,
            "long": ["x" * 5_000] * 10 + ["y"] * 25,
            "short": ["x" * 1_000, *["y"] * 34],
            "few": [None] * 34 + ["x" * 1_000],
            "yes": [True] * 35,
        }
    )
    known = qdrant_columns.to_upload(set_of(toy_vectors(35, 4), table=table), "auto")
    assert known.columns == {"small": "integer", "short": "text", "yes": "boolean"}
    every = [0, 10, 20, 30]
    assert rows["large"] == rows["yes"] == [0]
    assert rows["late"] == rows["endless"] == rows["small"] == every
    assert rows["long"] == [0, 0]  # its kind, and that it is long
    assert rows["short"] == rows["few"] == [0, *every]
    assert qdrant_columns.to_upload(set_of(toy_vectors(35, 4), table=table), "long").columns


def test_only_what_is_left_is_read_and_its_mask_is_made_once(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    vectors = toy_vectors(600, 16)
    vectors[100:500] = vectors[100]  # equal ones, between which rounding cannot tell
    lonlat = np.column_stack([np.linspace(-20, 20, 600), np.zeros(600)])
    embeddings = set_of(vectors, lonlat=lonlat)
    index = built(QDRANT_EDGE, embeddings)
    monkeypatch.setattr(qdrant, "MOST_FETCHED", 100)
    monkeypatch.setattr(qdrant, "_wanted", lambda k: k + 20)
    where = Filter(bbox=(-19, -1, 19, 1))
    mask = mask_of(where, embeddings)
    queries = vectors[[50, 100, 550, 300]]
    read: list[int] = []
    masks: list[Any] = []
    search = index._rows.search

    def noted(some: Any, **options: Any) -> Any:
        read.append(len(some))
        masks.append(options["mask"])
        return search(some, **options)

    monkeypatch.setattr(index._rows, "search", noted)
    right = open_exact(Opening(embeddings=embeddings)).search(queries, k=5, mask=mask)
    for _ in range(2):
        found = index.search_where(queries, k=5, where=where)
        np.testing.assert_array_equal(found.rows, right.rows)
        np.testing.assert_array_equal(found.scores, right.scores)
    assert read == [2, 2]
    assert masks[0] is masks[1]


def test_an_index_that_is_closed_lets_go_of_its_files() -> None:
    vectors = toy_vectors(20, 8)
    index = built(QDRANT_EDGE, set_of(vectors))
    index.search(vectors[:1], k=2)
    index.close()
    index.close()
    with pytest.raises(Exception, match="not initialized"):
        index._store._shard.info()


def test_what_fails_lets_go_of_the_shard(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[EdgeShard] = []
    close = EdgeShard.close

    def noted(shard: EdgeShard) -> None:
        closed.append(shard)
        close(shard)

    monkeypatch.setattr(EdgeShard, "close", noted)
    embeddings, chosen = set_of(toy_vectors(9)), read_options(QDRANT_EDGE, {})
    building = Building(embeddings=embeddings, folder=tmp_path, options=chosen)
    opening = Opening(embeddings=embeddings, folder=tmp_path, options=chosen)
    assert QDRANT_EDGE.build
    QDRANT_EDGE.build(building)
    closed.clear()
    with pytest.raises(DamagedSetError):
        QDRANT_EDGE.open(replace(opening, embeddings=set_of(toy_vectors(10))))
    assert len(closed) == 1
    shutil.rmtree(tmp_path / "shard")

    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(EdgeShard, "upsert", full)
    with pytest.raises(OSError, match="space"):
        QDRANT_EDGE.build(building)
    assert len(closed) == 2


@pytest.mark.parametrize("name", ["left_out.npy", "uploaded.json"])
def test_damaged_files_are_said_to_be_so(tmp_path: Path, name: str) -> None:
    vectors = toy_vectors(20)
    vectors[[3, 7]] = 0
    embeddings, chosen = set_of(vectors), read_options(QDRANT_EDGE, {})
    opening = Opening(embeddings=embeddings, folder=tmp_path, options=chosen)
    assert QDRANT_EDGE.build
    QDRANT_EDGE.build(Building(embeddings=embeddings, folder=tmp_path, options=chosen))
    whole = (tmp_path / name).read_bytes()
    wrong = [b"", b"PK\x03\x04" + whole, whole[:5], whole[:60], whole[: len(whole) // 2], b"[]"]
    if name == "left_out.npy":
        for rows in ([3, 20], [7, 3], [3, 3], [-1, 3], [[3, 7]], [3.0, 7.0]):
            np.save(tmp_path / name, np.array(rows))
            wrong.append((tmp_path / name).read_bytes())
    else:
        wrong += [whole.replace(b"true", b"7"), whole.replace(b'"text"', b"4")]
    for damaged in wrong:
        assert damaged != whole
        (tmp_path / name).write_bytes(damaged)
        with pytest.raises(DamagedSetError, match="is damaged") as told_so:
            QDRANT_EDGE.open(opening)
        assert "--force" in told_so.value.hint
    (tmp_path / name).write_bytes(whole)
    index = QDRANT_EDGE.open(opening)
    assert index.search(vectors[:1], k=20).rows.shape == (1, 18)


@pytest.mark.parametrize("spec", [QDRANT, QDRANT_EDGE])
def test_what_was_not_built_is_told_with_the_command(spec: EngineSpec) -> None:
    opening = Opening(embeddings=set_of(toy_vectors(3)), options=read_options(spec, {}))
    with pytest.raises(SetError) as refused:
        spec.open(opening)
    assert f"eex index build SET --engine {spec.name}" in refused.value.hint
