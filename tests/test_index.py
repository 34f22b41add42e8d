from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from eex.errors import BadQueryError, ShapeError
from eex.index import exact, integer_queries, kernels, lengths, stored
from eex.index.base import VectorIndex
from eex.index.exact import ExactIndex
from eex.index.kernels import over_rows
from eex.index.topk import kth_highest, top_percent_threshold, top_rows
from eex.testing import IndexContract, cosines, toy_vectors
from kernel_choice import use

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    Floats = NDArray[Any]
    Rows = NDArray[np.int64]


class TestExactFloat32(IndexContract):
    @staticmethod
    def make(vectors: Floats) -> ExactIndex:
        return ExactIndex(vectors, threads=1)


class TestExactFloat16(IndexContract):
    @staticmethod
    def make(vectors: Floats) -> ExactIndex:
        return ExactIndex(vectors.astype(np.float16))

    @staticmethod
    def stored(vectors: Floats) -> Floats:
        return vectors.astype(np.float16)


class TestExactMemoryMapped(TestExactFloat16):
    path: ClassVar[Path]

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path) -> None:
        type(self).path = tmp_path / "vectors.npy"

    @classmethod
    def make(cls, vectors: Floats) -> ExactIndex:
        np.save(cls.path, vectors.astype(np.float16))
        return ExactIndex(np.load(cls.path, mmap_mode="r"))


class TestExactWithoutNumkong(TestExactFloat16):
    @pytest.fixture(autouse=True)
    def without(self, monkeypatch: pytest.MonkeyPatch) -> None:
        use("numpy", monkeypatch)


class TestExactByLlvm(TestExactFloat16):
    @pytest.fixture(autouse=True)
    def compiled(self, monkeypatch: pytest.MonkeyPatch) -> None:
        use("llvmlite", monkeypatch)


class TestExactByNumkong(TestExactFloat16):
    @pytest.fixture(autouse=True)
    def without(self, monkeypatch: pytest.MonkeyPatch) -> None:
        use("numkong", monkeypatch)


class TestExactFloat32WithoutNumkong(TestExactFloat32):
    @pytest.fixture(autouse=True)
    def without(self, monkeypatch: pytest.MonkeyPatch) -> None:
        use("numpy", monkeypatch)


class TestExactOnThreadsWithSmallSlices(TestExactFloat16):
    @pytest.fixture(autouse=True)
    def slices(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(kernels, "SLICE_BYTES", 300)
        monkeypatch.setattr(kernels, "NUMPY_BYTES", 100)
        monkeypatch.setattr(exact, "GATHER_BYTES", 200)
        monkeypatch.setattr(stored, "EXACT_BYTES", 200)
        monkeypatch.setattr(lengths, "GATHER_BYTES", 200)
        monkeypatch.setattr(exact, "BATCH_BYTES", 8_000)

    @staticmethod
    def make(vectors: Floats) -> ExactIndex:
        return ExactIndex(vectors.astype(np.float16), threads=2)


class TestExactInSmallSlicesWithoutNumkong(TestExactOnThreadsWithSmallSlices):
    @pytest.fixture(autouse=True)
    def without(self, monkeypatch: pytest.MonkeyPatch) -> None:
        use("numpy", monkeypatch)


class TestExactColumnsApart(TestExactFloat32):
    @staticmethod
    def make(vectors: Floats) -> ExactIndex:
        return ExactIndex(np.asfortranarray(vectors))


class TestExactOtherByteOrder(TestExactFloat16):
    @staticmethod
    def make(vectors: Floats) -> ExactIndex:
        return ExactIndex(vectors.astype(">f2"))


class TestExactEverySecondRow(TestExactFloat16):
    @staticmethod
    def make(vectors: Floats) -> ExactIndex:
        return ExactIndex(np.repeat(vectors.astype(np.float16), 2, axis=0)[::2])


class TestExactFloat64(IndexContract):
    @staticmethod
    def make(vectors: Floats) -> ExactIndex:
        return ExactIndex(vectors.astype(np.float64), threads=2)

    @staticmethod
    def stored(vectors: Floats) -> Floats:
        return vectors.astype(np.float64)


class TestExactFloat64WithoutNumkong(TestExactFloat64):
    @pytest.fixture(autouse=True)
    def without(self, monkeypatch: pytest.MonkeyPatch) -> None:
        use("numpy", monkeypatch)


class TestExactInt8(IndexContract):
    """Integers have no way to say that a vector is missing, so rows are told to be invalid."""

    scale: ClassVar[float] = 1 / 127
    offset: ClassVar[float] = 0.0
    dtype = np.int8

    @classmethod
    def rounded(cls, vectors: Floats) -> tuple[NDArray[np.int8], NDArray[np.bool_]]:
        with np.errstate(all="ignore"):
            lengths = np.linalg.norm(vectors.astype(np.float64), axis=1)
            valid = np.isfinite(lengths) & (lengths > 0)
            units = np.where(valid[:, None], vectors, 0) / np.where(valid, lengths, 1)[:, None]
        return np.clip(np.rint((units - cls.offset) / cls.scale), -128, 127).astype(np.int8), valid

    @classmethod
    def make(cls, vectors: Floats) -> ExactIndex:
        kept, valid = cls.rounded(vectors)
        return ExactIndex(kept, scale=cls.scale, offset=cls.offset, valid=valid, threads=2)

    @classmethod
    def stored(cls, vectors: Floats) -> Floats:
        kept, valid = cls.rounded(vectors)
        return np.where(valid[:, None], kept * cls.scale + cls.offset, 0)


class TestExactInt8WithAnOffset(TestExactInt8):
    scale, offset = 1 / 200, 0.25


class TestExactInt8OfNegativeScale(TestExactInt8):
    scale, offset = -1 / 150, -0.1


class TestExactInt8WithoutNumkong(TestExactInt8WithAnOffset):
    @pytest.fixture(autouse=True)
    def without(self, monkeypatch: pytest.MonkeyPatch) -> None:
        use("numpy", monkeypatch)


class TestExactInt8InSmallSlices(TestExactInt8WithAnOffset):
    @pytest.fixture(autouse=True)
    def slices(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(kernels, "SLICE_BYTES", 300)
        monkeypatch.setattr(stored, "BLOCK_BYTES", 100)
        monkeypatch.setattr(integer_queries, "BLOCK_BYTES", 40)
        monkeypatch.setattr(exact, "GATHER_BYTES", 200)
        monkeypatch.setattr(stored, "EXACT_BYTES", 200)
        monkeypatch.setattr(lengths, "GATHER_BYTES", 200)
        monkeypatch.setattr(exact, "BATCH_BYTES", 8_000)


class TestExactInt8InSmallSlicesByNumkong(TestExactInt8InSmallSlices):
    @pytest.fixture(autouse=True)
    def without(self, monkeypatch: pytest.MonkeyPatch) -> None:
        use("numkong", monkeypatch)


class TestExactInt8Mapped(TestExactInt8WithAnOffset):
    path: ClassVar[Path]

    @pytest.fixture(autouse=True)
    def folder(self, tmp_path: Path) -> None:
        type(self).path = tmp_path / "vectors.npy"

    @classmethod
    def make(cls, vectors: Floats) -> ExactIndex:
        kept, valid = cls.rounded(vectors)
        np.save(cls.path, kept)
        mapped = np.load(cls.path, mmap_mode="r")
        return ExactIndex(mapped, scale=cls.scale, offset=cls.offset, valid=valid)


def test_an_exact_index_is_a_vector_index() -> None:
    assert isinstance(ExactIndex(toy_vectors(3)), VectorIndex)


components = st.floats(-1, 1, width=16).map(lambda x: x if abs(x) > 1e-4 else 0.0)


@settings(max_examples=200, deadline=None)
@given(data=st.data(), dtype=st.sampled_from([np.float16, np.float32, np.float64]))
def test_any_search_is_the_one_that_float64_gives(
    data: st.DataObject, dtype: type[np.floating[Any]]
) -> None:
    count, dim = data.draw(st.integers(1, 60)), data.draw(st.integers(1, 12))
    vectors = data.draw(hnp.arrays(np.float32, (count, dim), elements=components)).astype(dtype)
    query = data.draw(hnp.arrays(np.float32, (dim,), elements=components))
    mask = data.draw(st.none() | hnp.arrays(np.bool_, (count,)))
    k = data.draw(st.integers(1, 70))
    index = ExactIndex(vectors, threads=2)
    if not query.any():
        with pytest.raises(BadQueryError):
            index.search(query[None], k=k)
        return
    expected = cosines(vectors, query[None])[0]
    rankable = ~np.isnan(expected) & (True if mask is None else mask)
    rows, scores = (found[0] for found in index.search(query[None], k=k, mask=mask))
    assert rows.size == min(k, rankable.sum())
    assert rankable[rows].all()
    np.testing.assert_allclose(scores, expected[rows], atol=2e-7)
    order = np.lexsort((rows, -scores))
    np.testing.assert_array_equal(order, np.arange(rows.size))
    left = np.setdiff1d(np.flatnonzero(rankable), rows)
    if left.size and rows.size:
        assert expected[left].max() <= scores[-1] + 2e-7
    every = index.scores(query)
    off = np.abs(every - expected)[~np.isnan(expected)]
    assert off.max(initial=0) <= index.tolerance(query)


@settings(max_examples=200, deadline=None)
@given(
    data=st.data(),
    scale=st.floats(1e-3, 10).flatmap(lambda s: st.sampled_from([s, -s])),
    shift=st.just(0.0) | st.floats(-200.3, 200.7),
)
def test_any_search_of_integers_is_the_one_that_their_decoded_numbers_give(
    data: st.DataObject, scale: float, shift: float
) -> None:
    """The shift is the offset in units of the scale: at -128 to 127 whole rows can cancel."""
    count, dim = data.draw(st.integers(1, 40)), data.draw(st.integers(1, 12))
    kept = data.draw(hnp.arrays(np.int8, (count, dim)))
    query = data.draw(hnp.arrays(np.float32, (dim,), elements=components))
    k = data.draw(st.integers(1, 50))
    mask = data.draw(st.none() | hnp.arrays(np.bool_, (count,)))
    decoded = kept * scale + shift * scale
    lengths = np.linalg.norm(decoded, axis=1) / abs(scale)
    valid = lengths > 1e-9  # shorter ones are made of rounding alone
    if not query.any():
        return
    index = ExactIndex(kept, scale=scale, offset=shift * scale, valid=valid)
    expected = cosines(np.where(valid[:, None], decoded, 0), query[None])[0]
    off = np.abs(index.scores(query) - expected)[valid]
    assert off.max(initial=0) <= index.tolerance(query)
    can_rank = valid & (True if mask is None else mask)
    rows, scores = (found[0] for found in index.search(query[None], k=k, mask=mask))
    assert rows.size == min(k, can_rank.sum())
    np.testing.assert_allclose(scores, expected[rows], atol=3e-7)
    left = np.setdiff1d(np.flatnonzero(can_rank), rows)
    if left.size and rows.size:
        assert expected[left].max() <= scores[-1] + 3e-7


def test_near_equal_integers_come_in_the_true_order_after_the_rounded_scan() -> None:
    rng = np.random.default_rng(0)
    kept = np.clip(90 * rng.normal(size=256) + rng.normal(size=(4_000, 256)), -128, 127)
    kept = kept.astype(np.int8)
    query = rng.normal(size=256)
    index = ExactIndex(kept, scale=0.5, offset=3.0)
    expected = cosines(kept * 0.5 + 3.0, query[None])[0]
    found = index.search(query[None], k=3_000).rows[0]
    wanted = np.argsort(-expected.astype(np.float32), kind="stable")[:3_000]
    np.testing.assert_array_equal(found, wanted)
    assert (top_rows(index.scores(query), 3_000) != wanted).any()
    assert np.abs(index.scores(query) - expected).max() <= index.tolerance(query) < 1e-3


@pytest.mark.parametrize("scale", [0.0, np.nan, np.inf])
def test_a_scale_that_makes_no_numbers_is_refused(scale: float) -> None:
    with pytest.raises(ShapeError):
        ExactIndex(np.ones((2, 2), np.int8), scale=scale)
    with pytest.raises(ShapeError):
        ExactIndex(np.ones((2, 2), np.int8), offset=np.nan)
    with pytest.raises(ShapeError, match="Only vectors of integers"):
        ExactIndex(np.ones((2, 2), np.float32), scale=2.0)


@pytest.mark.parametrize("dtype", [np.float16, np.float32])
def test_near_equal_rows_come_in_the_true_order_after_the_rounded_scan(
    dtype: type[np.floating[Any]],
) -> None:
    """Rows so near that the query's rounding alone would order them wrongly."""
    rng = np.random.default_rng(0)
    centre = rng.normal(size=256)
    rows = centre + 0.003 * rng.normal(size=(4_000, 256))
    rows = (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(dtype)
    query = rng.normal(size=256) + 0.3 * centre
    expected = cosines(rows, query[None])[0]
    index = ExactIndex(rows)
    found = index.search(query[None], k=1000).rows[0]
    np.testing.assert_array_equal(
        found, np.argsort(-expected.astype(np.float32), kind="stable")[:1000]
    )
    if dtype == np.float16:
        scanned = top_rows(index.scores(query), 1000)
        assert (scanned != found).any()
    assert np.abs(index.scores(query) - expected).max() <= index.tolerance(query)


def test_equal_vectors_score_the_same_wherever_they_lie() -> None:
    vectors = np.repeat(toy_vectors(1, 100), 1_000, axis=0).astype(np.float16)
    scores = ExactIndex(vectors).score_rows(toy_vectors(1, 100, seed=5)[0], np.arange(1_000))
    assert np.unique(scores).size == 1


def test_rows_told_to_be_invalid_never_rank() -> None:
    vectors = toy_vectors(50)
    valid = np.ones(50, bool)
    valid[[0, 3]] = False
    index = ExactIndex(vectors, valid=valid)
    assert index.search(vectors[:1], k=50).rows.shape == (1, 48)
    assert np.flatnonzero(np.isnan(index.scores(vectors[0]))).tolist() == [0, 3]
    assert index.rankable.sum() == 48
    with pytest.raises(ShapeError):
        ExactIndex(vectors, valid=valid[1:])


@pytest.mark.parametrize("kernel", ["llvmlite", "numkong", "numpy"])
def test_what_multiplies_can_be_asked(kernel: str, monkeypatch: pytest.MonkeyPatch) -> None:
    use(kernel, monkeypatch)
    assert kernels.kernel_of_halves() == kernel


@pytest.mark.parametrize("kernel", ["llvmlite", "numkong", "numpy"])
def test_every_kind_of_damaged_number_is_found_and_nobody_is_warned(
    kernel: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    use(kernel, monkeypatch)
    vectors = toy_vectors(40).astype(np.float16)
    bits = vectors.view(np.uint16)
    bits[3, 0], bits[4, 1], bits[5, 2], bits[6, 3] = 0x7C01, 0xFE00, 0x7C00, 0xFC00
    bits[7] = 0x8000  # minus zero
    scores, hits = ExactIndex(vectors).scan(np.ones(16), k=40)
    assert np.flatnonzero(np.isnan(scores)).tolist() == [3, 4, 5, 6, 7]
    assert hits.rows.shape == (1, 35)
    assert np.isnan(ExactIndex(vectors).score_rows(np.ones(16), [3, 4, 5, 6, 7])).all()


def test_lengths_far_from_one_still_give_cosines() -> None:
    vectors = toy_vectors(64)
    vectors[:32] *= 2.0**-50
    vectors[32:] *= 2.0**50
    for some in (vectors, vectors[:, ::-1]):
        scores = ExactIndex(some).scores(some[1])
        np.testing.assert_allclose(scores, cosines(some, some[1:2])[0], atol=1e-5)


def test_an_index_of_nothing_finds_nothing() -> None:
    index = ExactIndex(np.empty((0, 4), np.float16))
    assert index.search(np.ones((2, 4)), k=3).rows.shape == (2, 0)
    assert index.scores(np.ones(4)).shape == (0,)
    scores, hits = index.scan(np.ones(4), k=3)
    assert scores.shape == (0,)
    assert hits.rows.shape == (1, 0)


def test_no_query_finds_nothing() -> None:
    assert ExactIndex(toy_vectors(5)).search(np.empty((0, 16)), k=3).rows.shape == (0, 3)


@pytest.mark.parametrize(
    "vectors",
    [np.ones(4, np.float32), np.ones((4, 0), np.float32), np.ones((2, 2), int)],
)
def test_what_is_no_matrix_of_floats_is_refused(vectors: Floats) -> None:
    with pytest.raises(ShapeError):
        ExactIndex(vectors)


def test_nothing_is_read_before_the_first_query(monkeypatch: pytest.MonkeyPatch) -> None:
    def read(*_: object) -> None:
        raise AssertionError

    monkeypatch.setattr(stored, "dot_rows", read)
    index = ExactIndex(toy_vectors(50))
    assert index.size == 50
    with pytest.raises(AssertionError):
        index.scores(np.ones(16))


def test_many_threads_may_ask_at_once() -> None:
    vectors = toy_vectors(5_000, 32).astype(np.float16)
    index = ExactIndex(vectors, threads=2)
    wanted = [index.search(vectors[i : i + 1], k=20).rows.tolist() for i in range(16)]
    found: list[object] = [None] * 16

    def ask(i: int) -> None:
        found[i] = index.search(vectors[i : i + 1], k=20).rows.tolist()

    threads = [threading.Thread(target=ask, args=(i,)) for i in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == wanted


# The best of many scores.

scores_with_ties = hnp.arrays(
    np.float32,
    st.integers(1, 200),
    elements=st.sampled_from([-1.0, -0.5, 0.0, 0.25, 0.5, 1.0, float("nan")]),
)


def best(scores: Floats, k: int) -> Rows:
    rows = np.flatnonzero(~np.isnan(scores))
    return rows[np.lexsort((rows, -scores[rows]))][:k]


@given(scores=scores_with_ties, k=st.integers(1, 250))
def test_top_rows_are_the_first_of_a_full_sort(scores: Floats, k: int) -> None:
    np.testing.assert_array_equal(top_rows(scores, k), best(scores, k))


@pytest.mark.parametrize("kind", ["any", "rising", "equal", "rare", "none", "masked"])
@pytest.mark.parametrize("k", [1, 100, 5_000])
def test_the_sample_never_changes_the_answer(kind: str, k: int) -> None:
    rng = np.random.default_rng(0)
    scores = rng.normal(size=60_000).astype(np.float32)
    mask = None
    if kind == "rising":
        scores.sort()
    elif kind == "equal":
        scores[:] = 0.5
    elif kind == "rare":  # the best lie where no sample looks
        scores[:: scores.size // 8_192] = -5
        scores[rng.random(scores.size) < 0.5] = np.nan
    elif kind == "none":
        scores[:] = np.nan
    elif kind == "masked":
        mask = rng.random(scores.size) < 0.4
    expected = best(scores if mask is None else np.where(mask, scores, np.nan), k)
    np.testing.assert_array_equal(top_rows(scores, k, mask=mask), expected)


@pytest.mark.parametrize("percent", [0.001, 1, 10, 50, 100])
def test_the_threshold_keeps_that_share_of_rankable_rows(percent: float) -> None:
    scores = np.random.default_rng(0).normal(size=50_000).astype(np.float32)
    scores[::10] = np.nan
    threshold = top_percent_threshold(scores, percent)
    assert (scores >= threshold).sum() == max(1, np.ceil(45_000 * percent / 100))


@pytest.mark.parametrize("percent", [0, -1, 101, np.nan])
def test_a_share_that_is_none_is_refused(percent: float) -> None:
    with pytest.raises(BadQueryError):
        top_percent_threshold(np.ones(3, np.float32), percent)


def test_no_rankable_row_reaches_any_threshold() -> None:
    scores = np.full(5, np.nan, np.float32)
    assert top_percent_threshold(scores, 5) == np.inf
    assert kth_highest(scores, 1) == np.inf


@pytest.mark.parametrize("queries", [1, 5])
def test_rows_may_be_seen_from_the_end_or_in_steps(queries: int) -> None:
    vectors = toy_vectors(400, 16)
    for view in (vectors[::-1], vectors[::-2], vectors[::3], vectors.repeat(2, axis=1)[:, ::2]):
        for dtype in (np.float32, np.float16):
            kept = view.astype(dtype)[::-1][::-1] if view.strides[0] > 0 else view.astype(dtype)
            turned = kept[::-1]
            found = ExactIndex(turned).search(vectors[:queries], k=7)
            same = ExactIndex(np.ascontiguousarray(turned)).search(vectors[:queries], k=7)
            np.testing.assert_array_equal(found.rows, same.rows)
            scans = ExactIndex(turned).scan_many(
                vectors[:queries], k=[7] * queries, masks=[None] * queries
            )
            for scan, rows in zip(scans, same.rows, strict=True):
                np.testing.assert_array_equal(scan.hits.rows[0], rows)


@pytest.mark.parametrize("share", [None, 0.5])
def test_many_queries_are_answered_slice_after_slice_as_one_by_one(
    share: float | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = np.repeat(toy_vectors(600, 16), 2, axis=0)  # with ties across slices
    mask = None if share is None else np.random.default_rng(4).random(1_200) < share
    index = ExactIndex(vectors.astype(np.float16), threads=2)
    queries = toy_vectors(30, 16, seed=9)
    for k in (1, 40, 5_000):
        alone = [index.search(query[None], k=k, mask=mask) for query in queries]
        monkeypatch.setattr(exact, "BATCH_BYTES", 4 * 30 * 100)  # a hundred rows a slice
        together = index.search(queries, k=k, mask=mask)
        monkeypatch.undo()
        np.testing.assert_array_equal(together.rows, np.concatenate([one.rows for one in alone]))
        scores = np.concatenate([one.scores for one in alone])
        np.testing.assert_array_equal(together.scores, scores)


def test_nobody_writes_any_more_when_an_error_is_raised() -> None:
    working, done = threading.Event(), []

    def work(low: int, _high: int) -> None:
        if low == 0:
            working.wait(5)
            message = "of the first"
            raise ValueError(message)
        working.set()
        time.sleep(0.05)
        done.append(low)
        message = "of another"
        raise ValueError(message)

    with pytest.raises(ValueError, match="of"):
        over_rows(work, 2_000_000, row_bytes=8, threads=3)
    count = len(done)
    time.sleep(0.1)
    assert len(done) == count


def test_a_row_too_long_to_rank_warns_of_nothing_among_several_queries() -> None:
    vectors = toy_vectors(50, 16).astype(np.float64)
    vectors[7] = 1e200
    found = ExactIndex(vectors).search(vectors[:5], k=50)
    assert found.rows.shape == (5, 49)
    assert 7 not in found.rows
