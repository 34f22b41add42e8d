"""The int8 engine gives the exact engine's answers, whatever its codes lose."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from eex.embeddings import EmbeddingSet
from eex.embeddings.header import SetHeader
from eex.errors import BadQueryError, CancelledError, DamagedSetError, SetNotFoundError, ShapeError
from eex.index import int8, int8_make, integer_queries, kernels
from eex.index.base import VectorIndex
from eex.index.engines import Building, Opening
from eex.index.exact import ExactIndex
from eex.index.int8 import INT8, Int8Index, open_int8
from eex.index.int8_make import Codes, build_int8, coded
from eex.stopping import stopping
from eex.testing import IndexContract, cosines, toy_vectors
from kernel_choice import use

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    Floats = NDArray[Any]


def made(vectors: Floats, **more: Any) -> Int8Index:
    return Int8Index(coded(vectors), vectors, **more)


def a_set(vectors: Floats) -> EmbeddingSet:
    header = SetHeader(id="toys", title="Toys", model="toy", dim=vectors.shape[1])
    rows = len(vectors)
    table = pa.table({"grid_cell": [f"cell{i}" for i in range(rows)]})
    return EmbeddingSet(header, vectors, np.zeros((rows, 2)), table, "key")


class TestInt8(IndexContract):
    scan_tolerance: ClassVar[float] = 0.02

    @staticmethod
    def make(vectors: Floats) -> Int8Index:
        return made(vectors.astype(np.float16), threads=2)

    @staticmethod
    def stored(vectors: Floats) -> Floats:
        return vectors.astype(np.float16)


class TestInt8ThatRescoresAsMuchAsItTakes(TestInt8):
    """Small sets would nearly always be read whole; here they never are."""

    @pytest.fixture(autouse=True)
    def limits(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(int8, "MOST_RESCORED", 1.0)
        monkeypatch.setattr(int8, "GATHER_SHARE", 0.0)
        monkeypatch.setattr(int8, "BLOCK_BYTES", 300)
        monkeypatch.setattr(integer_queries, "BLOCK_BYTES", 100)
        monkeypatch.setattr(int8, "BATCH_BYTES", 8_000)
        monkeypatch.setattr(kernels, "SLICE_BYTES", 900)


class TestInt8ByNumkong(TestInt8ThatRescoresAsMuchAsItTakes):
    @pytest.fixture(autouse=True)
    def without(self, monkeypatch: pytest.MonkeyPatch) -> None:
        use("numkong", monkeypatch)


class TestInt8WithoutNumkong(TestInt8ThatRescoresAsMuchAsItTakes):
    @pytest.fixture(autouse=True)
    def without(self, monkeypatch: pytest.MonkeyPatch) -> None:
        use("numpy", monkeypatch)


class TestInt8Built(TestInt8ThatRescoresAsMuchAsItTakes):
    path: ClassVar[Path]

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        type(self).path = tmp_path
        monkeypatch.setattr(int8_make, "BATCH_BYTES", 5_000)

    @classmethod
    def make(cls, vectors: Floats) -> VectorIndex:
        embeddings = a_set(vectors.astype(np.float32))
        build_int8(Building(embeddings=embeddings, folder=cls.path))
        opened = INT8.open(Opening(embeddings=embeddings, folder=cls.path))
        assert isinstance(opened, VectorIndex)
        return opened

    @staticmethod
    def stored(vectors: Floats) -> Floats:
        return vectors


ROWS, DIM = 3_000, 64


def damaged() -> Floats:
    vectors = toy_vectors(ROWS, DIM)
    vectors[::7], vectors[3::50, 2], vectors[5::90, 0] = 0, np.nan, np.inf
    return vectors


def spikes(rng: np.random.Generator) -> Floats:
    vectors = rng.normal(size=(ROWS, DIM))
    vectors[np.arange(ROWS), rng.integers(DIM, size=ROWS)] *= 500
    return vectors


KINDS: dict[str, Callable[[np.random.Generator], Floats]] = {
    "clustered": lambda _: toy_vectors(ROWS, DIM),
    "equal": lambda _: np.repeat(toy_vectors(6, DIM), ROWS // 6, axis=0),
    # nearer to each other than a step of the codes
    "near": lambda rng: rng.normal(size=DIM) + 1e-4 * rng.normal(size=(ROWS, DIM)),
    "tiny": lambda _: toy_vectors(ROWS, DIM) * np.float32(2.0**-40),
    "subnormal": lambda _: toy_vectors(ROWS, DIM) * np.float32(2.0**-20),
    # one number so large that the codes of all others are zero
    "spikes": spikes,
    "damaged": lambda _: damaged(),
    # codes are then exact: all that is lost is the query's
    "signs": lambda rng: np.sign(rng.normal(size=(ROWS, DIM))),
    "spread": lambda rng: rng.normal(size=(ROWS, DIM)),
}


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("most", [1.0, 0.1])
def test_rows_and_scores_are_those_of_the_exact_index_to_the_last_bit(
    kind: str, dtype: type[Any], most: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8, "MOST_RESCORED", most)
    rng = np.random.default_rng(5)
    vectors = KINDS[kind](rng).astype(dtype)
    index, exact = made(vectors), ExactIndex(vectors)
    np.testing.assert_array_equal(index.rankable, exact.rankable)
    if not exact.rankable.any():
        assert (dtype, kind) == (np.float16, "tiny")
        return
    at = np.flatnonzero(exact.rankable)[10]
    queries = np.stack([vectors[at].astype(float), rng.normal(size=64)])
    queries[0] /= np.abs(queries[0]).max()
    mask = rng.random(len(vectors)) < 0.5
    truth = cosines(vectors, queries)
    for k in (1, 10, 100, 1_000):
        for among in (None, mask):
            found = index.search(queries, k=k, mask=among)
            wanted = exact.search(queries, k=k, mask=among)
            np.testing.assert_array_equal(found.rows, wanted.rows)
            np.testing.assert_array_equal(found.scores, wanted.scores)
            for i, query in enumerate(queries):
                scores, hits = index.scan(query, k=k, mask=among)
                np.testing.assert_array_equal(hits.rows[0], wanted.rows[i])
                np.testing.assert_array_equal(hits.scores[0], wanted.scores[i])
                passed = exact.rankable if among is None else exact.rankable & among
                off = np.abs(scores - truth[i])[passed]
                assert off.max() <= index.tolerance(query)


components = st.floats(-1, 1, width=16).map(lambda x: x if abs(x) > 1e-4 else 0.0)


@settings(max_examples=150, deadline=None)
@given(data=st.data(), dtype=st.sampled_from([np.float16, np.float32, np.float64]))
def test_any_search_is_the_exact_one(data: st.DataObject, dtype: type[Any]) -> None:
    count, dim = data.draw(st.integers(1, 60)), data.draw(st.integers(1, 12))
    vectors = data.draw(hnp.arrays(np.float32, (count, dim), elements=components)).astype(dtype)
    query = data.draw(hnp.arrays(np.float32, (dim,), elements=components))
    mask = data.draw(st.none() | hnp.arrays(np.bool_, (count,)))
    k = data.draw(st.integers(1, 70))
    if not query.any():
        return
    index, exact = made(vectors), ExactIndex(vectors)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(int8, "MOST_RESCORED", 100.0)
        patch.setattr(int8, "GATHER_SHARE", 0.0)
        found = index.search(query[None], k=k, mask=mask)
        scores = index.scores(query)
    wanted = exact.search(query[None], k=k, mask=mask)
    np.testing.assert_array_equal(found.rows, wanted.rows)
    np.testing.assert_array_equal(found.scores, wanted.scores)
    off = np.abs(scores - cosines(vectors, query[None])[0])[exact.rankable]
    assert off.max(initial=0) <= index.tolerance(query)


@pytest.mark.parametrize("k", [1, 3, 20])
def test_what_rows_lost_in_the_very_direction_of_the_query_is_allowed_for(
    k: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In two dimensions all that rounding takes of a row can lie along the query, whole steps."""
    monkeypatch.setattr(int8, "MOST_RESCORED", 1.0)
    angles = np.random.default_rng(0).uniform(-0.7, 0.7, 4_000)
    vectors = np.column_stack([np.cos(angles), np.sin(angles)])
    index, query = made(vectors), np.array([[0.0, 1.0]])
    found = index.search(query, k=k).rows[0]
    np.testing.assert_array_equal(found, np.argsort(-angles, kind="stable")[:k])
    scores = index.scores(query[0])
    assert np.abs(scores - np.sin(angles)).max() > 0.9 * index.tolerance(query[0])
    assert (np.argsort(-scores, kind="stable")[:20] != np.argsort(-angles)[:20]).any()


def test_the_codes_of_a_row_are_as_far_from_it_as_is_noted() -> None:
    for make in KINDS.values():
        vectors = make(np.random.default_rng(1)).astype(np.float64)
        kept = coded(vectors)
        good = ~np.isnan(kept.scales)
        units = vectors[good] / np.linalg.norm(vectors[good], axis=1, keepdims=True)
        meant = kept.codes[good] * kept.scales[good].astype(float)[:, None]
        lengths = np.linalg.norm(units - meant, axis=1)
        assert (lengths <= kept.errors[good]).all()
        assert (kept.errors[good] <= lengths * (1 + 1e-6) + 1e-9).all()
        assert not kept.codes[~good].any()


def test_few_rows_are_scored_again_and_all_are_read_where_bounds_do_not_part_them() -> None:
    vectors = toy_vectors(20_000, 256, seed=2).astype(np.float16)
    query = np.random.default_rng(0).normal(size=256)
    index = made(vectors)
    near = index.candidates(query, k=50)
    assert 50 <= near.size < 1_000
    assert np.isin(index.search(query[None], k=50).rows[0], near).all()
    scores = index.scan(query, k=50).scores
    assert np.abs(scores - ExactIndex(vectors).scores(query)).max() > 1e-4
    same = made(np.repeat(vectors[:1], 5_000, axis=0))
    assert same.candidates(query, k=5).size == 5_000
    scores, hits = same.scan(query, k=5)
    np.testing.assert_array_equal(scores, ExactIndex(vectors[:1]).scan(query, k=1).scores[0])
    assert hits.rows[0].tolist() == [0, 1, 2, 3, 4]


def test_the_first_search_does_not_read_all_vectors(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = toy_vectors(20_000, 64)
    index = made(vectors)

    def read(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(index.exact, "_score_range", read)
    monkeypatch.setattr(index.exact._lengths, "all", read)
    assert index.search(vectors[:1], k=3).rows[0, 0] == 0


def test_a_build_is_made_of_batches_says_how_far_it_is_and_can_be_stopped(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(int8_make, "BATCH_BYTES", 16 * 8 * 300)
    vectors = toy_vectors(1_000).astype(np.float16)
    told: list[tuple[int, int]] = []
    building = Building(
        embeddings=a_set(vectors), folder=tmp_path, progress=lambda *done: told.append(done)
    )
    build_int8(building)
    assert told == [(300, 1_000), (600, 1_000), (900, 1_000), (1_000, 1_000)]
    whole = coded(vectors)
    for name, part in zip(int8_make.FILES, whole, strict=True):
        np.testing.assert_array_equal(np.load(tmp_path / name), part)
    with stopping(lambda: True), pytest.raises(CancelledError):
        build_int8(building)


def test_a_set_of_int8_gains_nothing_and_is_told_so(tmp_path: Path) -> None:
    embeddings = a_set(np.ones((4, 3), np.int8))
    with pytest.raises(BadQueryError, match="int8 already") as told:
        build_int8(Building(embeddings=embeddings, folder=tmp_path))
    assert "exact" in told.value.hint


def test_an_index_of_nothing_finds_nothing(tmp_path: Path) -> None:
    embeddings = a_set(np.empty((0, 4), np.float16))
    build_int8(Building(embeddings=embeddings, folder=tmp_path))
    index = open_int8(Opening(embeddings=embeddings, folder=tmp_path))
    assert index.search(np.ones((2, 4)), k=3).rows.shape == (2, 0)
    assert index.scan(np.ones(4), k=3).scores.shape == (0,)


def test_what_was_not_built_or_is_damaged_is_told(tmp_path: Path) -> None:
    vectors = toy_vectors(50).astype(np.float16)
    embeddings = a_set(vectors)
    for folder in (None, tmp_path / "none"):
        with pytest.raises(SetNotFoundError):
            open_int8(Opening(embeddings=embeddings, folder=folder))
    with pytest.raises(DamagedSetError):
        open_int8(Opening(embeddings=embeddings, folder=tmp_path))
    build_int8(Building(embeddings=embeddings, folder=tmp_path))
    with pytest.raises(DamagedSetError):
        open_int8(Opening(embeddings=replace(embeddings, vectors=vectors[1:]), folder=tmp_path))
    np.save(tmp_path / "scales.npy", np.ones(50))
    with pytest.raises(DamagedSetError):
        open_int8(Opening(embeddings=embeddings, folder=tmp_path))
    build_int8(Building(embeddings=embeddings, folder=tmp_path))
    whole = (tmp_path / "codes.npy").read_bytes()
    for at in (0, 6, 8, 10, 15, 25, 40):  # the header: magic, version, length, a dict of Python
        (tmp_path / "codes.npy").write_bytes(whole[:at] + b"(" + whole[at + 1 :])
        with pytest.raises(DamagedSetError, match=r"codes\.npy is damaged") as told:
            open_int8(Opening(embeddings=embeddings, folder=tmp_path))
        assert "eex index build SET --engine int8 --force" in told.value.hint
    (tmp_path / "codes.npy").write_bytes(whole[:-1])
    with pytest.raises(DamagedSetError, match="as long as it says"):
        open_int8(Opening(embeddings=embeddings, folder=tmp_path))
    (tmp_path / "codes.npy").write_bytes(b"no")
    with pytest.raises(DamagedSetError):
        open_int8(Opening(embeddings=embeddings, folder=tmp_path))


def test_codes_of_other_vectors_are_refused() -> None:
    vectors = toy_vectors(10)
    kept = coded(vectors)
    with pytest.raises(ShapeError):
        Int8Index(kept, vectors[1:])
    with pytest.raises(ShapeError):
        Int8Index(Codes(kept.codes, *kept[1:3], kept.scales[1:]), vectors)
    with pytest.raises(ShapeError):
        ExactIndex(vectors, inverse_lengths=kept.scales[1:])
