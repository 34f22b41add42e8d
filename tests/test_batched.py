"""Shared reads give each asker the answer it would have had alone."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, Self

import numpy as np
import pytest
from numpy.typing import ArrayLike, NDArray

from eex.errors import BadQueryError, BusyError, CancelledError, ShapeError
from eex.index.base import Scan
from eex.index.batched import BatchedIndex
from eex.index.exact import ExactIndex
from eex.stopping import check_stopped, stopping
from eex.testing import IndexContract, toy_vectors

PATIENCE = 30.0
"""Seconds after which a test fails instead of hanging."""


class TestBatched(IndexContract):
    @staticmethod
    def make(vectors: NDArray[np.float32]) -> BatchedIndex:
        return BatchedIndex(ExactIndex(vectors, threads=2))


class Gated(ExactIndex):
    """Its reads wait until they are let through; it notes how many queries each answered."""

    def __init__(self, vectors: NDArray[Any]) -> None:
        super().__init__(vectors, threads=1)
        self.reads: list[int] = []
        self.gate = threading.Event()
        self.inside = threading.Semaphore(0)
        self.broken = False
        self.slices = 0

    def scan(self, query: ArrayLike, *, k: int, mask: NDArray[np.bool_] | None = None) -> Scan:
        self._pass(1)
        return super().scan(query, k=k, mask=mask)

    def scan_many(
        self,
        queries: ArrayLike,
        *,
        k: Sequence[int],
        masks: Sequence[NDArray[np.bool_] | None],
    ) -> list[Scan]:
        self._pass(len(k))
        if self.broken:
            message = "broken"
            raise RuntimeError(message)
        return super().scan_many(queries, k=k, masks=masks)

    def scores(
        self, query: ArrayLike, *, out: NDArray[np.float32] | None = None
    ) -> NDArray[np.float32]:
        self._pass(1)
        return super().scores(query, out=out)

    def _pass(self, count: int) -> None:
        self.reads.append(count)
        self.inside.release()
        deadline = time.monotonic() + PATIENCE
        while not self.gate.wait(0.001):
            self.slices += 1
            check_stopped()
            assert time.monotonic() < deadline


VECTORS = toy_vectors(2_000)


@pytest.fixture
def inner() -> Gated:
    return Gated(VECTORS)


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.001)


def entered(inner: Gated) -> None:
    assert inner.inside.acquire(timeout=PATIENCE)


class Crowd:
    """Threads that ask, each for the rows near its own vector."""

    def __init__(self, index: BatchedIndex) -> None:
        self.index = index
        self.pool = ThreadPoolExecutor(40)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.pool.shutdown()

    def asks(self, row: int, gone: threading.Event | None = None, **more: Any) -> Any:
        """Ask on a thread of its own; return when it waits or reads."""
        entered = len(self.index._queue)

        def ask() -> Scan:
            with stopping((gone or threading.Event()).is_set):
                return self.index.scan(VECTORS[row], k=more.get("k", 5), mask=more.get("mask"))

        answer = self.pool.submit(ask)
        until(lambda: len(self.index._queue) > entered or answer.done())
        return answer


def check(answer: Any, row: int, *, k: int = 5, mask: NDArray[np.bool_] | None = None) -> None:
    scores, hits = answer.result(PATIENCE)
    plain = ExactIndex(VECTORS, threads=1).scan(VECTORS[row], k=k, mask=mask)
    np.testing.assert_array_equal(hits.rows, plain.hits.rows)
    np.testing.assert_array_equal(hits.scores, plain.hits.scores)
    np.testing.assert_allclose(scores, plain.scores, atol=1e-6)


def test_who_finds_nobody_reading_reads_at_once(inner: Gated) -> None:
    inner.gate.set()
    index = BatchedIndex(inner)
    plain = ExactIndex(VECTORS, threads=1)
    for row in range(3):
        scan = index.scan(VECTORS[row], k=4)
        np.testing.assert_array_equal(scan.scores, plain.scan(VECTORS[row], k=4).scores)
    np.testing.assert_array_equal(index.scores(VECTORS[0]), plain.scores(VECTORS[0]))
    assert inner.reads == [1, 1, 1, 1]


def test_who_comes_while_a_read_runs_shares_the_next_one(inner: Gated) -> None:
    index, mask = BatchedIndex(inner), np.arange(2_000) % 3 > 0
    with Crowd(index) as crowd:
        first = crowd.pool.submit(index.scan, VECTORS[0], k=5)
        entered(inner)
        others = [crowd.asks(row, k=row, mask=mask if row % 2 else None) for row in range(1, 9)]
        alike = crowd.pool.submit(index.search, VECTORS[50:51], k=3)
        until(lambda: len(index._queue) == 9)
        whole = crowd.pool.submit(index.scores, VECTORS[60])
        until(lambda: len(index._queue) == 10)
        inner.gate.set()
        check(first, 0)
        for row, answer in enumerate(others, start=1):
            check(answer, row, k=row, mask=mask if row % 2 else None)
        plain = ExactIndex(VECTORS, threads=1)
        np.testing.assert_array_equal(alike.result().rows, plain.search(VECTORS[50:51], k=3).rows)
        np.testing.assert_allclose(whole.result(), plain.scores(VECTORS[60]), atol=1e-6)
    assert inner.reads == [1, 10]


def test_one_read_answers_only_so_many_and_first_come_are_first_served(inner: Gated) -> None:
    index = BatchedIndex(inner, scores_bytes=3 * 4 * 2_000 + 1)
    with Crowd(index) as crowd:
        first = crowd.pool.submit(index.scan, VECTORS[0], k=5)
        entered(inner)
        others = [crowd.asks(row) for row in range(1, 8)]
        assert [ask.queries[0][0] for ask in index._queue] == VECTORS[1:8, 0].tolist()
        inner.gate.set()
        for row, answer in enumerate([first, *others]):
            check(answer, row)
    assert inner.reads == [1, 3, 3, 1]
    assert BatchedIndex(inner, scores_bytes=0)._most == 1


def test_queries_of_one_caller_share_the_read_too_and_count_each(inner: Gated) -> None:
    index, mask = BatchedIndex(inner, most=6), np.arange(2_000) % 3 > 0
    plain = ExactIndex(VECTORS, threads=1)

    def several(rows: Sequence[int]) -> list[Scan]:
        masks = [mask if row % 2 else None for row in rows]
        return index.scan_many(VECTORS[list(rows)], k=[row + 1 for row in rows], masks=masks)

    with Crowd(index) as crowd:
        first = crowd.pool.submit(index.scan, VECTORS[0], k=5)
        entered(inner)
        asked = [range(1, 5), range(5, 7), range(7, 12), range(12, 20)]
        answers = []
        for waiting, rows in enumerate(asked, start=1):
            answers.append(crowd.pool.submit(several, rows))
            until(lambda waiting=waiting: len(index._queue) == waiting)  # type: ignore[misc]
        last = crowd.asks(20)
        inner.gate.set()
        check(first, 0)
        check(last, 20)
        for rows, answer in zip(asked, answers, strict=True):
            for row, scan in zip(rows, answer.result(PATIENCE), strict=True):
                some = mask if row % 2 else None
                right = plain.scan(VECTORS[row], k=row + 1, mask=some)
                np.testing.assert_array_equal(scan.hits.rows, right.hits.rows)
                np.testing.assert_array_equal(scan.hits.scores, right.hits.scores)
                seen = slice(None) if some is None else some
                np.testing.assert_allclose(scan.scores[seen], right.scores[seen], atol=1e-6)
    assert inner.reads == [1, 6, 5, 8, 1]  # in their order, and what is too much for one read alone


def test_several_queries_that_cannot_wait_or_be_asked_are_refused(inner: Gated) -> None:
    index = BatchedIndex(inner, waiting=3)
    few, free = np.arange(2_000) < 20, [None, None]
    with Crowd(index) as crowd:
        first = crowd.pool.submit(index.scan, VECTORS[0], k=5)
        entered(inner)
        large = crowd.pool.submit(index.scan_many, VECTORS[1:5], k=[5] * 4, masks=[None] * 4)
        until(lambda: len(index._queue) == 1)  # as nobody else waits
        with pytest.raises(BusyError, match="4 searches wait"):
            index.scan_many(VECTORS[:2], k=[1, 1], masks=free)
        with pytest.raises(ShapeError, match="2 queries came with 1"):
            index.scan_many(VECTORS[:2], k=[1], masks=free)
        with pytest.raises(BadQueryError):
            index.scan_many(np.zeros((2, 16)), k=[1, 1], masks=free)
        with pytest.raises(BadQueryError):
            index.scan_many(VECTORS[:2], k=[1, 0], masks=free)
        with pytest.raises(ShapeError):
            index.scan_many(VECTORS[:2], k=[1, 1], masks=[None, np.ones(7, bool)])
        inner.gate.set()
        scans = index.scan_many(VECTORS[:2], k=[1, 1], masks=[few, few])  # of few rows: never waits
        assert [scan.hits.rows.shape for scan in scans] == [(1, 1), (1, 1)]
        check(first, 0)
        assert [scan.hits.rows[0, 0] for scan in large.result(PATIENCE)] == [1, 2, 3, 4]
    assert index.scan_many(np.empty((0, 16)), k=[], masks=[]) == []


def test_one_more_than_may_wait_is_refused(inner: Gated) -> None:
    index = BatchedIndex(inner, waiting=2)
    with Crowd(index) as crowd:
        answers = [crowd.pool.submit(index.scan, VECTORS[0], k=5)]
        entered(inner)
        answers += [crowd.asks(row) for row in (1, 2)]
        with pytest.raises(BusyError, match="2 searches wait") as caught:
            index.scan(VECTORS[3], k=5)
        assert caught.value.hint
        few = np.arange(2_000) < 20  # reads its own rows only, so does not wait
        inner.gate.set()
        assert index.scan(VECTORS[3], k=5, mask=few).hits.rows.shape == (1, 5)
        for row, answer in enumerate(answers):
            check(answer, row)


def test_what_cannot_be_asked_is_refused_before_it_waits(inner: Gated) -> None:
    index = BatchedIndex(inner)
    with Crowd(index) as crowd:
        first = crowd.pool.submit(index.scan, VECTORS[0], k=5)
        entered(inner)
        second = crowd.asks(1)
        with pytest.raises(BadQueryError):
            index.scan(np.zeros(16), k=5)
        with pytest.raises(BadQueryError):
            index.scan(VECTORS[2], k=0)
        with pytest.raises(ShapeError):
            index.scan(VECTORS[2], k=1, mask=np.ones(7, bool))
        with pytest.raises(ShapeError):
            index.scan(VECTORS[2, :5], k=1)
        inner.gate.set()
        check(first, 0)
        check(second, 1)
    assert inner.reads == [1, 1]


def test_an_error_of_one_is_nobody_elses(inner: Gated) -> None:
    """A read of several that fails is made again for each."""
    index, inner.broken = BatchedIndex(inner), True
    with Crowd(index) as crowd:
        first = crowd.pool.submit(index.scan, VECTORS[0], k=5)
        entered(inner)
        others = [crowd.asks(row) for row in range(1, 5)]
        index._queue[2].alone = lambda: 1 / 0
        inner.gate.set()
        for row, answer in enumerate([first, *others]):
            if row == 3:
                assert isinstance(answer.exception(PATIENCE), ZeroDivisionError)
            else:
                check(answer, row)
    assert inner.reads == [1, 4, 1, 1, 1]
    assert not index._reading


def test_who_waits_and_goes_leaves_the_queue_at_once(inner: Gated) -> None:
    index, gone = BatchedIndex(inner), threading.Event()
    with Crowd(index) as crowd:
        first = crowd.pool.submit(index.scan, VECTORS[0], k=5)
        entered(inner)
        leaving, staying = crowd.asks(1, gone), crowd.asks(2)
        gone.set()
        assert isinstance(leaving.exception(PATIENCE), CancelledError)
        assert len(index._queue) == 1
        assert inner.reads == [1]  # while the first read still runs
        inner.gate.set()
        check(first, 0)
        check(staying, 2)
    assert inner.reads == [1, 1]


def test_a_leader_that_goes_reads_on_for_the_others(inner: Gated) -> None:
    index, gone = BatchedIndex(inner), threading.Event()
    with Crowd(index) as crowd:
        blocker = threading.Event()
        first = crowd.pool.submit(_asks, index, 0, blocker)
        entered(inner)
        leader, others = crowd.asks(1, gone), [crowd.asks(row) for row in (2, 3)]
        blocker.set()  # the first goes, and with it its read, as nobody else is in it
        assert isinstance(first.exception(PATIENCE), CancelledError)
        entered(inner)
        assert inner.reads == [1, 3]
        gone.set()
        seen = inner.slices
        until(lambda: inner.slices > seen + 5)  # it goes on
        inner.gate.set()
        check(others[0], 2)
        check(others[1], 3)
        leader.exception(PATIENCE)
    assert inner.reads == [1, 3]


def test_a_read_stops_when_all_of_it_have_gone(inner: Gated) -> None:
    index, gone = BatchedIndex(inner), threading.Event()
    with Crowd(index) as crowd:
        first_gone = threading.Event()
        first = crowd.pool.submit(_asks, index, 0, first_gone)
        entered(inner)
        others = [crowd.asks(row, gone) for row in (1, 2, 3)]
        first_gone.set()
        entered(inner)
        assert inner.reads == [1, 3]
        gone.set()
        for answer in (first, *others):
            assert isinstance(answer.exception(PATIENCE), CancelledError)
        until(lambda: not index._reading)
        seen = inner.slices
        time.sleep(0.02)
        assert inner.slices == seen
        inner.gate.set()
        check(crowd.pool.submit(index.scan, VECTORS[5], k=5), 5)


def _asks(index: BatchedIndex, row: int, gone: threading.Event) -> Scan:
    with stopping(gone.is_set):
        return index.scan(VECTORS[row], k=5)


def test_many_at_once_with_all_kinds_of_questions_get_their_own_answers() -> None:
    vectors = toy_vectors(20_000, seed=3)
    plain = ExactIndex(vectors, threads=1)
    index = BatchedIndex(ExactIndex(vectors, threads=2), most=7)
    masks = [None, np.arange(20_000) % 2 == 0, np.arange(20_000) < 300]
    failures: list[str] = []

    def work(seed: int) -> int:
        rng, cancelled = np.random.default_rng(seed), 0
        for _ in range(25):
            query = rng.normal(size=16)
            k, mask = int(rng.integers(1, 60)), masks[rng.integers(3)]
            checks = int(rng.integers(1, 40)) if rng.random() < 0.2 else 10**9
            left = iter(range(checks))
            try:
                with stopping(lambda left=left: next(left, None) is None):  # type: ignore[misc]
                    if (kind := rng.random()) < 0.3:
                        rows, scores = index.scan(query, k=k, mask=mask).hits
                    elif kind < 0.6:
                        count = int(rng.integers(1, 10))
                        several = np.stack([*rng.normal(size=(count, 16)), query])
                        each = [masks[rng.integers(3)] for _ in range(count)]
                        found = index.scan_many(several, k=[k] * (count + 1), masks=[*each, mask])
                        rows, scores = found[-1].hits
                    else:
                        rows, scores = index.search(query[None], k=k, mask=mask)
            except CancelledError:
                cancelled += 1
                continue
            right = plain.search(query[None], k=k, mask=mask)
            same = np.array_equal(rows, right.rows) and np.array_equal(scores, right.scores)
            failures.extend([] if same else [f"{seed} {k}"])
        return cancelled

    with ThreadPoolExecutor(16) as pool:
        cancelled = sum(pool.map(work, range(16)))
    assert not failures
    assert cancelled < 16 * 25
    assert not index._reading
    assert not index._queue


def test_what_else_the_index_inside_has_is_there() -> None:
    index = BatchedIndex(ExactIndex(VECTORS))
    assert index.tolerance(VECTORS[0]) == ExactIndex(VECTORS).tolerance(VECTORS[0])
    assert not hasattr(index, "nothing_like_it")
