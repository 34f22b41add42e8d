"""What every index must keep, as tests to subclass, and toys to try it on."""

# The names of tests say what they promise; that is their documentation.
# ruff: noqa: D102

from __future__ import annotations

from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pytest

from eex.errors import BadQueryError, CancelledError, ShapeError
from eex.index.base import FindsRows, VectorIndex
from eex.stopping import stopping

if TYPE_CHECKING:
    from numpy.typing import NDArray

TOLERANCE = 1e-5
"""How far a score of `search` may be from the cosine."""

SCAN_TOLERANCE = 5e-4
"""How far a score of `scores` may be from the cosine: room for queries rounded to float16."""


def toy_vectors(count: int = 1_000, dim: int = 16, *, seed: int = 0) -> NDArray[np.float32]:
    """Return clustered vectors of many lengths, shape (count, dim); none is zero."""
    rng = np.random.default_rng(seed)
    centres = rng.normal(size=(8, dim))
    vectors = centres[rng.integers(8, size=count)] + 0.5 * rng.normal(size=(count, dim))
    return (vectors * rng.uniform(0.1, 10, size=(count, 1))).astype(np.float32)


def cosines(vectors: NDArray[Any], queries: NDArray[Any]) -> NDArray[np.float64]:
    """Return cosines in float64, shape (queries, rows); NaN where a vector has no direction."""
    rows, asked = vectors.astype(np.float64), queries.astype(np.float64)
    with np.errstate(all="ignore"):
        dots = asked @ rows.T
        lengths = np.outer(np.sqrt((asked**2).sum(axis=1)), np.sqrt((rows**2).sum(axis=1)))
        return np.asarray(np.where(lengths > 0, dots / lengths, np.nan))


class IndexContract:
    """What every index must keep. Subclasses give `make`, a static method."""

    min_recall: ClassVar[float] = 1.0
    """Share of the true nearest rows that a search must find; 1 for exact indexes."""

    scan_tolerance: ClassVar[float] = SCAN_TOLERANCE
    """How far a score of `scores` may be from the cosine, where rows are stored coarsely."""

    @staticmethod
    def make(vectors: NDArray[np.float32]) -> FindsRows:
        """Return an index of `vectors`, shape (N, dim), as the storage under test keeps them."""
        raise NotImplementedError

    @staticmethod
    def stored(vectors: NDArray[np.float32]) -> NDArray[Any]:
        """Return the vectors as the index stores them, where that is not float32."""
        return vectors

    def _made(self, vectors: NDArray[np.float32]) -> tuple[FindsRows, NDArray[Any]]:
        return type(self).make(vectors), type(self).stored(vectors)

    def _every_row(self, vectors: NDArray[np.float32]) -> tuple[VectorIndex, NDArray[Any]]:
        index, stored = self._made(vectors)
        if not isinstance(index, VectorIndex):
            pytest.skip("finds rows, does not score every row")
        return index, stored

    def test_size_and_dim_are_those_of_the_vectors(self) -> None:
        index, _ = self._made(toy_vectors(100, 16))
        assert (index.size, index.dim) == (100, 16)

    def test_scores_are_cosines_and_rows_are_nearest(self) -> None:
        vectors = toy_vectors()
        index, stored = self._made(vectors)
        queries = vectors[:20] + 0.1
        expected = cosines(stored, queries)
        rows, scores = index.search(queries, k=5)
        assert rows.shape == scores.shape == (20, 5)
        assert rows.dtype == np.int64
        assert scores.dtype == np.float32
        taken = np.take_along_axis(expected, rows, axis=1)
        np.testing.assert_allclose(scores, taken, atol=TOLERANCE)
        nearest = np.argsort(-expected, axis=1)[:, :5]
        recall = np.mean([np.isin(a, b).mean() for a, b in zip(rows, nearest, strict=True)])
        assert recall >= self.min_recall

    def test_best_comes_first_and_no_row_comes_twice(self) -> None:
        vectors = toy_vectors()
        rows, scores = self._made(vectors)[0].search(vectors[:5], k=50)
        assert (np.diff(scores, axis=1) <= 0).all()
        assert all(np.unique(some).size == some.size for some in rows)

    def test_equal_scores_rank_by_row(self) -> None:
        vectors = np.repeat(toy_vectors(10), 7, axis=0)
        rows, scores = self._made(vectors)[0].search(vectors[21:22], k=10)
        np.testing.assert_array_equal(rows[0, :7], range(21, 28))
        assert np.unique(scores[0, :7]).size == 1
        level = np.diff(scores[0]) == 0
        assert (np.diff(rows[0])[level] > 0).all()

    def test_vectors_without_direction_never_rank(self) -> None:
        vectors = toy_vectors(200)
        vectors[[3, 50]], vectors[7, 2], vectors[9, 0], vectors[11, 5] = 0, np.nan, np.inf, -np.inf
        rows, scores = self._made(vectors)[0].search(vectors[:2], k=200)
        assert rows.shape == (2, 195)
        assert not np.isin(rows, [3, 50, 7, 9, 11]).any()
        assert np.isfinite(scores).all()

    def test_a_mask_is_applied_before_ranking(self) -> None:
        vectors = toy_vectors()
        index, stored = self._made(vectors)
        rng = np.random.default_rng(1)
        masks = [rng.random(len(vectors)) < share for share in (0.01, 0.05, 0.3, 0.9)]
        runs = np.arange(len(vectors)) % 250
        masks += [runs < length for length in (2, 20, 200)]  # as inside a box
        for mask in masks:
            rows, scores = index.search(vectors[:3], k=5, mask=mask)
            expected = np.where(mask, cosines(stored, vectors[:3]), -np.inf)
            best = -np.sort(-expected, axis=1)[:, :5]
            assert rows.shape == (3, 5)
            assert mask[rows].all()
            found = (scores >= best[:, -1:] - TOLERANCE).mean()
            assert found >= self.min_recall
            if self.min_recall == 1:
                np.testing.assert_allclose(scores, best, atol=TOLERANCE)

    def test_a_mask_that_keeps_few_rows_or_none_returns_these(self) -> None:
        index, _ = self._made(toy_vectors())
        mask = np.zeros(1_000, bool)
        assert index.search(toy_vectors(2), k=5, mask=mask).rows.shape == (2, 0)
        mask[[999, 500]] = True
        rows = index.search(toy_vectors(2), k=5, mask=mask).rows
        assert [sorted(some) for some in rows.tolist()] == [[500, 999], [500, 999]]

    def test_more_than_there_is_returns_all_there_is(self) -> None:
        rows, _ = self._made(toy_vectors(30))[0].search(toy_vectors(1), k=10**9)
        assert sorted(rows[0].tolist()) == list(range(30))

    def test_the_length_of_a_query_does_not_matter(self) -> None:
        vectors = toy_vectors()
        index, _ = self._made(vectors)
        small, large = (index.search(vectors[:1] * f, k=9) for f in (2.0**-40, 2.0**40))
        np.testing.assert_array_equal(small.rows, large.rows)
        np.testing.assert_array_equal(small.scores, large.scores)

    @pytest.mark.parametrize("k", [0, -1, 1.5])
    def test_k_below_one_is_refused(self, k: int) -> None:
        with pytest.raises(BadQueryError):
            self._made(toy_vectors(9))[0].search(toy_vectors(1), k=k)

    @pytest.mark.parametrize("wrong", [0.0, np.nan, np.inf])
    def test_a_query_without_direction_is_refused(self, wrong: float) -> None:
        queries = toy_vectors(2)
        queries[1] = wrong
        with pytest.raises(BadQueryError):
            self._made(toy_vectors(9))[0].search(queries, k=1)

    def test_another_shape_is_refused(self) -> None:
        index, _ = self._made(toy_vectors(9, 16))
        with pytest.raises(ShapeError):
            index.search(toy_vectors(1, 15), k=1)
        with pytest.raises(ShapeError):
            index.search(toy_vectors(1)[0], k=1)
        with pytest.raises(ShapeError):
            index.search(toy_vectors(1), k=1, mask=np.ones(8, bool))

    def test_every_row_is_scored(self) -> None:
        vectors = toy_vectors()
        vectors[5] = 0
        index, stored = self._every_row(vectors)
        expected = cosines(stored, vectors[:1])[0]
        scores = index.scores(vectors[0])
        assert scores.shape == (1_000,)
        assert scores.dtype == np.float32
        np.testing.assert_array_equal(np.isnan(scores), np.isnan(expected))
        np.testing.assert_allclose(scores, expected, atol=self.scan_tolerance)
        assert np.nanmax(np.abs(scores)) <= 1

    def test_scores_go_where_they_are_told(self) -> None:
        index, _ = self._every_row(toy_vectors())
        out = np.empty(1_000, np.float32)
        assert index.scores(toy_vectors(1)[0], out=out) is out
        np.testing.assert_array_equal(out, index.scores(toy_vectors(1)[0]))
        with pytest.raises(ShapeError):
            index.scores(toy_vectors(1)[0], out=out[1:])

    @pytest.mark.parametrize("share", [None, 0.02, 0.5])
    def test_a_scan_is_scores_and_search_in_one(self, share: float | None) -> None:
        vectors = toy_vectors()
        index, stored = self._every_row(vectors)
        mask = None if share is None else np.random.default_rng(2).random(1_000) < share
        scores, hits = index.scan(vectors[4], k=11, mask=mask)
        found = index.search(vectors[4:5], k=11, mask=mask)
        np.testing.assert_array_equal(hits.rows, found.rows)
        np.testing.assert_array_equal(hits.scores, found.scores)
        np.testing.assert_array_equal(scores[hits.rows], hits.scores)
        expected = cosines(stored, vectors[4:5])[0]
        if mask is not None:  # outside it, what was not read is NaN
            assert not np.isnan(scores[mask]).any()
            expected[np.isnan(scores)] = np.nan
        np.testing.assert_allclose(scores, expected, atol=self.scan_tolerance)
        ranked = scores if mask is None else np.where(mask, scores, -2)
        np.testing.assert_array_equal(np.argsort(-ranked, kind="stable")[:11], hits.rows[0])

    def test_several_scans_over_one_read_are_the_scans_of_each(self) -> None:
        vectors = toy_vectors()
        vectors[5] = 0
        index, _ = self._every_row(vectors)
        rng = np.random.default_rng(3)
        kept = [rng.random(1_000) < share for share in (0.6, 0.02, 0.0)]
        masks = [None, kept[0], kept[1], None, kept[2]]
        ks = [1, 40, 5, 2_000, 3]
        scans = index.scan_many(vectors[:5] + 0.1, k=ks, masks=masks)
        assert len(scans) == len(masks)
        for i, (scores, hits) in enumerate(scans):
            alone = index.scan(vectors[i] + 0.1, k=ks[i], mask=masks[i])
            np.testing.assert_array_equal(hits.rows, alone.hits.rows)
            np.testing.assert_array_equal(hits.scores, alone.hits.scores)
            np.testing.assert_array_equal(scores[hits.rows], hits.scores)
            both = ~np.isnan(scores) & ~np.isnan(alone.scores)
            mask = masks[i]
            among = np.ones(1_000, bool) if mask is None else mask
            assert (both == ~np.isnan(scores))[among].all()
            off = np.abs(scores - alone.scores)[both]
            assert off.max(initial=0) <= 2 * self.scan_tolerance

    def test_several_scans_take_one_k_and_one_mask_for_each_query(self) -> None:
        index, _ = self._every_row(toy_vectors(20))
        assert index.scan_many(np.empty((0, 16)), k=[], masks=[]) == []
        with pytest.raises(ShapeError):
            index.scan_many(toy_vectors(2), k=[1], masks=[None, None])
        with pytest.raises(ShapeError):
            index.scan_many(toy_vectors(2), k=[1, 1], masks=[None])
        with pytest.raises(ShapeError):
            index.scan_many(toy_vectors(1), k=[1], masks=[np.ones(19, bool)])
        with pytest.raises(BadQueryError):
            index.scan_many(toy_vectors(2), k=[1, 0], masks=[None, None])

    def test_a_search_that_should_stop_stops_and_the_next_one_is_right(self) -> None:
        vectors = toy_vectors()
        index, _ = self._every_row(vectors)
        with stopping(lambda: True):
            with pytest.raises(CancelledError):
                index.scan(vectors[0], k=5)
            with pytest.raises(CancelledError):
                index.scan_many(vectors[:4], k=[5] * 4, masks=[None] * 4)
        fresh, _ = self._every_row(vectors)
        with stopping(lambda: False):
            after, whole = index.scan(vectors[0], k=5), fresh.scan(vectors[0], k=5)
        np.testing.assert_array_equal(after.scores, whole.scores)
        np.testing.assert_array_equal(after.hits.rows, whole.hits.rows)

    def test_some_rows_are_scored_in_the_order_asked(self) -> None:
        vectors = toy_vectors()
        vectors[8] = 0
        index, stored = self._every_row(vectors)
        scores = index.score_rows(vectors[0], [9, 8, 0, 9])
        expected = cosines(stored, vectors[:1])[0, [9, 8, 0, 9]]
        np.testing.assert_allclose(scores, expected, atol=TOLERANCE)
        for wrong in ([-1], [1_000], [0.5], [[1]]):
            with pytest.raises(ShapeError):
                index.score_rows(vectors[0], wrong)
