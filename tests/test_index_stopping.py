from __future__ import annotations

import pickle
import threading

import numpy as np
import pytest

from eex.errors import CancelledError
from eex.index import kernels
from eex.index.base import Hits, PartialHits
from eex.index.exact import ExactIndex
from eex.index.kernels import over_rows
from eex.stopping import check_stopped, stopping
from eex.testing import toy_vectors


def test_nothing_stops_unless_asked_to() -> None:
    check_stopped()
    with stopping(lambda: False):
        check_stopped()
    with stopping(lambda: True), pytest.raises(CancelledError) as told:
        check_stopped()
    assert told.value.code == "cancelled"
    check_stopped()


def test_what_runs_around_may_stop_what_runs_inside() -> None:
    with stopping(lambda: True), stopping(lambda: False), pytest.raises(CancelledError):
        check_stopped()


@pytest.mark.parametrize("threads", [1, 2, 4])
def test_a_scan_stops_between_slices_on_all_its_threads(
    threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "SLICE_BYTES", 1)
    done: list[int] = []
    seen: set[int] = set()

    def should_stop() -> bool:
        seen.add(threading.get_ident())
        return len(done) >= 20

    both = threading.Barrier(threads)

    def work(low: int, _high: int) -> None:
        if low < threads:  # each thread takes a slice before any goes on
            both.wait(10)
        done.append(low)

    monkeypatch.setattr(kernels, "_slices", lambda size, *_: ((i, i + 1) for i in range(size)))
    with stopping(should_stop), pytest.raises(CancelledError):
        over_rows(work, 10_000, row_bytes=1, threads=threads)
    assert 20 <= len(done) < 20 + threads
    assert len(seen) == threads


def test_a_thread_of_the_pool_does_not_remember_who_stopped() -> None:
    index = ExactIndex(toy_vectors(4_000, 64), threads=2)
    with stopping(lambda: True), pytest.raises(CancelledError):
        index.scores(np.ones(64))
    assert not np.isnan(index.scores(np.ones(64))).any()


@pytest.mark.parametrize("after", range(1, 12))
def test_a_stop_at_any_moment_leaves_nothing_half_done(
    after: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kernels, "SLICE_BYTES", 2_000)
    vectors = toy_vectors(600).astype(np.float16)
    whole = ExactIndex(vectors).scan(vectors[3], k=9)
    index = ExactIndex(vectors, threads=2)
    asked: list[int] = []

    def should_stop() -> bool:
        asked.append(1)
        return len(asked) > after

    with stopping(should_stop), pytest.raises(CancelledError):
        index.scan(vectors[3], k=9)
    found = index.scan(vectors[3], k=9)
    np.testing.assert_array_equal(found.scores, whole.scores)
    np.testing.assert_array_equal(found.hits.rows, whole.hits.rows)


def test_partial_hits_are_hits_that_say_what_is_missing() -> None:
    rows, scores = np.array([[3, 1]]), np.array([[0.5, 0.25]], np.float32)
    hits = PartialHits(rows, scores, missing=[(10, 20)])
    assert isinstance(hits, Hits)
    assert hits.missing == ((10, 20),)
    assert PartialHits(rows, scores).missing == ()
    first, second = hits
    assert first is rows
    assert second is scores
    sent = pickle.loads(pickle.dumps(hits))
    assert sent.missing == hits.missing
    np.testing.assert_array_equal(sent.rows, rows)
