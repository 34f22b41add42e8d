"""One search over ranges of rows is the search of all of them."""

from __future__ import annotations

import threading
import time
from itertools import pairwise
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from eex.errors import EexError, ShapeError
from eex.index.asked import checked_rows
from eex.index.base import Hits, PartialHits, VectorIndex
from eex.index.exact import ExactIndex
from eex.index.sharded import LocalShards, ShardedIndex
from eex.index.shards import Users, joined, spans
from eex.stopping import stopping
from eex.testing import IndexContract, toy_vectors

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray

    from eex.index.shards import Request, Span

    Floats = NDArray[Any]


def cut(vectors: Floats, cuts: Sequence[int], *, threads: int = 2) -> ShardedIndex:
    """Return an index of `vectors` cut at some rows."""
    edges = [0, *sorted(min(c, len(vectors)) for c in cuts), len(vectors)]
    parts = [ExactIndex(vectors[low:high], threads=1) for low, high in pairwise(edges)]
    return ShardedIndex(LocalShards(parts, threads=threads))


class TestThreeEvenShards(IndexContract):
    @staticmethod
    def make(vectors: Floats) -> ShardedIndex:
        parts = [ExactIndex(vectors[a:b], threads=1) for a, b in spans(len(vectors), 3)]
        return ShardedIndex(LocalShards(parts))


class TestUnevenAndEmptyShards(IndexContract):
    cuts: ClassVar = (0, 1, 1, 7, 500, 500, 10**6)

    @classmethod
    def make(cls, vectors: Floats) -> ShardedIndex:
        return cut(vectors.astype(np.float16), cls.cuts)

    @staticmethod
    def stored(vectors: Floats) -> Floats:
        return vectors.astype(np.float16)


class TestMoreShardsThanRows(IndexContract):
    @staticmethod
    def make(vectors: Floats) -> ShardedIndex:
        count = len(vectors) + 7 if len(vectors) < 100 else 40
        parts = [ExactIndex(vectors[a:b], threads=1) for a, b in spans(len(vectors), count)]
        return ShardedIndex(LocalShards(parts, threads=1))


def same(a: Hits, b: Hits) -> None:
    np.testing.assert_array_equal(a.rows, b.rows)
    np.testing.assert_array_equal(a.scores, b.scores)
    assert (a.rows.dtype, a.scores.dtype) == (b.rows.dtype, b.scores.dtype)


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.int8])
def test_the_answer_is_that_of_one_index_over_all_rows_to_the_last_bit(dtype: Any) -> None:
    vectors = toy_vectors(5_000, 24)
    vectors[100:4_900:3] = vectors[7]  # many equal rows, in every shard
    vectors[[3, 2_000]] = 0
    stored = np.clip(np.rint(vectors * 6), -127, 127).astype(dtype)
    whole, shards = ExactIndex(stored), cut(stored, (10, 1_700, 1_701, 4_000))
    queries = np.concatenate([toy_vectors(4, 24, seed=5), vectors[7:8]])
    rng = np.random.default_rng(1)
    masks = [None, rng.random(5_000) < 0.03, rng.random(5_000) < 0.6, np.arange(5_000) > 4_500]
    for mask in masks:
        for k in (1, 50, 3_000, 6_000):
            same(shards.search(queries, k=k, mask=mask), whole.search(queries, k=k, mask=mask))
    for query in queries:
        np.testing.assert_array_equal(shards.scores(query), whole.scores(query))
        for mask in masks:
            a, b = shards.scan(query, k=40, mask=mask), whole.scan(query, k=40, mask=mask)
            same(a.hits, b.hits)
            both = np.isfinite(a.scores) & np.isfinite(b.scores)
            assert both[mask if mask is not None else slice(None)].sum() >= 50
            off = np.abs(a.scores - b.scores)[both].max()
            assert off <= 2 * whole.tolerance(query)
    some = rng.integers(5_000, size=300)
    np.testing.assert_array_equal(
        shards.score_rows(queries[0], some), whole.score_rows(queries[0], some)
    )
    several = [masks[i % 4] for i in range(5)]
    pairs = zip(
        shards.scan_many(queries, k=[1, 2, 30, 400, 9_999], masks=several),
        whole.scan_many(queries, k=[1, 2, 30, 400, 9_999], masks=several),
        strict=True,
    )
    for a, b in pairs:
        same(a.hits, b.hits)


@given(
    cuts=st.lists(st.integers(0, 60), max_size=6),
    values=st.lists(st.integers(0, 3), min_size=1, max_size=60),
    k=st.integers(1, 70),
    kept=st.integers(0, 2**60 - 1),
)
@settings(max_examples=100, deadline=None)
def test_ties_rank_by_row_wherever_the_shards_are_cut(
    cuts: list[int], values: list[int], k: int, kept: int
) -> None:
    table = np.array([[1, 0], [1, 1], [0, 1], [0, 0]], np.float32)  # the last has no direction
    vectors = table[values]
    mask = np.array([bool(kept >> i & 1) for i in range(len(values))])
    whole, shards = ExactIndex(vectors, threads=1), cut(vectors, cuts, threads=1)
    query = np.array([[1.0, 0.3]])
    same(shards.search(query, k=k), whole.search(query, k=k))
    same(shards.search(query, k=k, mask=mask), whole.search(query, k=k, mask=mask))


def test_the_bound_is_the_largest_of_any_range() -> None:
    vectors = toy_vectors(300).astype(np.float16)
    query = toy_vectors(1, seed=3)[0]
    whole = ExactIndex(vectors).tolerance(query)
    assert cut(vectors, (100,)).tolerance(query) == whole


class LosesOne(LocalShards):
    """Cannot search one of its ranges."""

    lost = 1

    def ask(self, requests: Sequence[Request[Any] | None], masks: Any = ()) -> list[Any]:
        asked = [None if i == self.lost else request for i, request in enumerate(requests)]
        return super().ask(asked, masks)


def test_what_cannot_be_searched_is_told_and_the_rest_is_whole() -> None:
    vectors = toy_vectors(900)
    parts = [ExactIndex(vectors[a:b], threads=1) for a, b in spans(900, 3)]
    index = ShardedIndex(LosesOne(parts))
    assert isinstance(index, VectorIndex)
    query, there = vectors[10], np.r_[0:300, 600:900]
    mask = np.zeros(900, bool)
    mask[there] = True
    expected = ExactIndex(vectors).search(query[None], k=20, mask=mask)
    hits = index.search(query[None], k=20)
    assert isinstance(hits, PartialHits)
    assert hits.missing == ((300, 600),)
    same(hits, expected)
    scores, found = index.scan(query, k=20)
    assert isinstance(found, PartialHits)
    assert found.missing == ((300, 600),)
    assert np.isnan(scores[300:600]).all()
    assert np.isfinite(scores[there]).all()
    assert np.isnan(index.scores(query)[300:600]).all()
    np.testing.assert_array_equal(
        np.isnan(index.score_rows(query, [5, 300, 700, 599])), [False, True, False, True]
    )
    assert index.tolerance(query) == ExactIndex(vectors[there]).tolerance(query)
    # a mask that lets none of the missing rows through misses nothing
    assert not isinstance(index.search(query[None], k=20, mask=mask), PartialHits)


def test_an_answer_of_nothing_but_lost_ranges_is_empty_and_says_so() -> None:
    index = ShardedIndex(LosesOne([ExactIndex(toy_vectors(0)), ExactIndex(toy_vectors(9))]))
    query, mask = toy_vectors(1), np.zeros(9, bool)
    hits = index.search(query, k=3)
    assert hits.rows.shape == hits.scores.shape == (1, 0)
    assert isinstance(hits, PartialHits)
    assert hits.missing == ((0, 9),)
    assert np.isnan(index.scan(query[0], k=3).scores).all()
    assert index.tolerance(query[0]) > 0
    assert not isinstance(index.search(query, k=3, mask=mask), PartialHits)


def test_ranges_that_touch_are_told_as_one() -> None:
    told: list[Span] = [(0, 5), (5, 5), (5, 9), (12, 14)]
    assert joined(told) == ((0, 9), (12, 14))
    assert joined([]) == ()


def test_ranges_cover_all_rows_evenly() -> None:
    for size, count in ((0, 3), (10, 3), (3, 10), (248_719, 32), (5, 1)):
        parts = spans(size, count)
        assert len(parts) == count
        assert [row for a, b in parts for row in range(a, b)] == list(range(size))
        lengths = [b - a for a, b in parts]
        assert max(lengths) - min(lengths) <= 1


def test_ranges_with_gaps_are_refused() -> None:
    class Gap(LocalShards):
        @property
        def spans(self) -> Any:
            return ((0, 3), (4, 9))

    with pytest.raises(ShapeError):
        ShardedIndex(Gap([ExactIndex(toy_vectors(9))]))
    with pytest.raises(ShapeError):
        LocalShards([])
    with pytest.raises(ShapeError):
        LocalShards([ExactIndex(toy_vectors(9, 8)), ExactIndex(toy_vectors(9, 16))])


def test_rows_are_checked_as_one_index_checks_them() -> None:
    given = [[3, 0, 3], np.array([4], np.uint8), 2, []]
    for rows, told in zip(given, ([3, 0, 3], [4], [2], []), strict=True):
        checked = checked_rows(rows, 5)
        assert checked.dtype == np.int64
        assert checked.tolist() == told
    index, query = cut(toy_vectors(5), (2,)), toy_vectors(1)[0]
    for wrong in ([5], [-1], [0.0], [[0, 1]], [True]):
        with pytest.raises(ShapeError, match="from 0 to 4"):
            checked_rows(wrong, 5)
        with pytest.raises(ShapeError, match="from 0 to 4"):
            index.score_rows(query, wrong)


class Waits(ExactIndex):
    """Searches once it is let."""

    def __init__(self, vectors: Floats) -> None:
        super().__init__(vectors, threads=1)
        self.begun, self.let = threading.Event(), threading.Event()

    def search(self, *args: Any, **options: Any) -> Hits:
        self.begun.set()
        assert self.let.wait(20)
        return super().search(*args, **options)


def test_closing_under_a_search_ends_it_well_and_refuses_later_ones() -> None:
    vectors, query = toy_vectors(60), toy_vectors(2, seed=8)
    parts = [Waits(vectors[a:b]) for a, b in spans(60, 3)]
    shards = LocalShards(parts, threads=4)
    index, answers = ShardedIndex(shards), list[Hits]()
    search = threading.Thread(target=lambda: answers.append(index.search(query, k=9)))
    search.start()
    assert all(part.begun.wait(20) for part in parts)
    index.close()
    index.close()
    for late in (
        lambda: index.search(query, k=1),
        lambda: index.scan(query[0], k=1),
        lambda: index.scan_many(query, k=[1, 1], masks=[None, None]),
        lambda: index.scores(query[0]),
        lambda: index.score_rows(query[0], [1]),
        lambda: index.tolerance(query[0]),
    ):
        with pytest.raises(EexError, match="closed; ask again"):
            late()
    assert shards.ask([None] * 3) == [None] * 3  # they are open while somebody is answered
    for part in parts:
        part.let.set()
    search.join()
    same(answers[0], ExactIndex(vectors).search(query, k=9))
    with pytest.raises(EexError, match="closed; ask again"):
        shards.ask([None] * 3)


def test_what_is_used_is_let_go_of_once_and_not_before_the_last_has_left() -> None:
    for turn in range(20):
        there, ends = list[int](), list[int]()

        def end(there: list[int] = there, ends: list[int] = ends) -> None:
            ends.append(len(there))

        users = Users(end)

        def use(number: int, there: list[int] = there, users: Users = users) -> None:
            try:
                while True:
                    with users.one_more():
                        there.append(number)
                        time.sleep(0.0001 * number)
                        there.remove(number)
            except EexError:
                users.close()

        threads = [threading.Thread(target=use, args=(number,)) for number in range(5)]
        for thread in threads:
            thread.start()
        time.sleep(0.0005 * turn)
        users.close()
        for thread in threads:
            thread.join()
        assert ends == [0]


def test_threads_that_ask_at_once_get_their_own_answers() -> None:
    vectors = toy_vectors(4_000)
    index, whole = cut(vectors, (1_000, 2_500)), ExactIndex(vectors)
    wrong: list[int] = []

    def ask(seed: int) -> None:
        for i in range(10):
            query = toy_vectors(1, seed=100 * seed + i)
            with stopping(lambda: False):
                got = index.search(query, k=9)
            if not np.array_equal(got.rows, whole.search(query, k=9).rows):
                wrong.append(seed)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong
    index.close()
