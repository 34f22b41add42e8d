"""Repeats, cells, distance and diversity, against the same written out one row at a time."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from eex.embeddings import EmbeddingSet
from eex.embeddings.units import unit_vectors
from eex.errors import BadQueryError, CancelledError
from eex.search import diversity
from eex.search.diversity import Arranged, Arrangement, arrange, first_look, mmr
from eex.search.repeats import Repeats
from eex.search.spread import OnePerCell, Spread, cells_of
from eex.stopping import stopping
from eex.testing import toy_vectors
from toy_sets import SHORT, embedding_set


def units(count: int, dim: int = 16, *, seed: int = 0) -> NDArray[np.float32]:
    vectors = toy_vectors(count, dim, seed=seed)
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def naive_mmr(
    rows: NDArray[np.int64],
    relevance: NDArray[np.float64],
    vectors: NDArray[np.float32],
    k: int,
    weight: float,
) -> list[int]:
    """The formula of the paper, in float64, over every pair."""
    cosines = vectors.astype(np.float64) @ vectors.T.astype(np.float64)
    left, chosen = sorted(range(len(rows)), key=lambda i: rows[i]), []
    while left and len(chosen) < k:
        gains = [
            weight * relevance[i] - (1 - weight) * max((cosines[i, j] for j in chosen), default=0)
            for i in left
        ]
        chosen.append(left.pop(int(np.argmax(gains))))
    return rows[chosen].tolist()


@pytest.mark.parametrize("weight", [0.0, 0.3, 0.7, 1.0])
def test_mmr_is_the_formula_of_the_paper(weight: float) -> None:
    rng = np.random.default_rng(1)
    rows, vectors, relevance = rng.permutation(1_000)[:300], units(300), rng.random(300)
    found = mmr(rows, relevance, vectors, k=40, weight=weight)
    assert found.tolist() == naive_mmr(rows, relevance, vectors, 40, weight)


def test_mmr_of_equals_goes_by_row_and_takes_each_once() -> None:
    vectors = np.repeat(units(3), 5, axis=0)
    rows = np.arange(15)[::-1].copy()
    found = mmr(rows, np.zeros(15), vectors[rows], k=99, weight=0.5)
    assert sorted(found.tolist()) == list(range(15))
    assert found.tolist() == naive_mmr(rows, np.zeros(15), vectors[rows], 99, 0.5)
    for group in (found[found < 5], found[(found >= 5) & (found < 10)], found[found >= 10]):
        assert (np.diff(group) > 0).all()


def naive_groups(
    order: list[int], vectors: NDArray[np.float32], threshold: float
) -> dict[int, list[int]]:
    wide, groups = vectors.astype(np.float64), dict[int, list[int]]()
    alike = wide @ wide.T >= threshold
    for row in order:
        for leader, group in groups.items():
            if alike[row, leader]:
                group.append(row)
                break
        else:
            groups[row] = []
    return groups


def grouped(
    order: NDArray[np.int64], vectors: NDArray[np.float32], threshold: float
) -> dict[int, list[int]]:
    repeats = Repeats(vectors.__getitem__, threshold=threshold)
    return {leader: repeats.group(leader).tolist() for leader in repeats.take(order).tolist()}


@pytest.mark.parametrize("threshold", [0.3, 0.8, 0.98])
def test_repeats_join_the_best_row_that_they_are_like(threshold: float) -> None:
    vectors = units(2_500, 8)
    order = np.random.default_rng(2).permutation(2_500)
    found = grouped(order, vectors, threshold)
    plain = naive_groups(order.tolist(), vectors, threshold)
    assert found == plain
    assert list(found) == list(plain)


def test_equal_vectors_are_repeats_even_at_one() -> None:
    vectors = np.repeat(units(4, 512), 3, axis=0)
    found = grouped(np.arange(12), vectors, 1)
    assert found == {0: [1, 2], 3: [4, 5], 6: [7, 8], 9: [10, 11]}


def test_repeats_may_come_in_pieces() -> None:
    vectors = units(2_500, 8)
    repeats = Repeats(vectors.__getitem__, threshold=0.9)
    pieces = [repeats.take(np.arange(low, min(low + 300, 2_500))) for low in range(0, 2_500, 300)]
    plain = naive_groups(list(range(2_500)), vectors, 0.9)
    assert np.concatenate(pieces).tolist() == list(plain)
    assert all(repeats.group(leader).tolist() == group for leader, group in plain.items())


@pytest.mark.parametrize("wrong", [0, -1, 1.01, float("nan")])
def test_what_is_no_threshold_and_no_diversity_is_refused(wrong: float) -> None:
    with pytest.raises(BadQueryError):
        Repeats(units(2).__getitem__, threshold=wrong)
    if wrong != 0:
        with pytest.raises(BadQueryError):
            Arrangement(k=1, diversity=wrong)


class Ranked:
    """A toy set, ranked by a query; counts what it is asked for."""

    def __init__(self, rows: int = 2_000) -> None:
        self.embeddings: EmbeddingSet = embedding_set(SHORT, rows=rows)
        self.units = unit_vectors(self.embeddings, np.arange(rows))
        self.scores = self.units @ units(1, seed=9)[0]
        self.order = np.argsort(-self.scores, kind="stable")
        self.asked: list[int] = []

    def best(self, count: int) -> NDArray[np.int64]:
        self.asked.append(count)
        return self.order[:count]

    def arranged(self, wanted: Arrangement, *, limit: int | None = None) -> Arranged:
        return arrange(
            self.best,
            wanted,
            first=first_look(wanted, 16),
            limit=len(self.order) if limit is None else limit,
            scores=self.scores,
            embeddings=self.embeddings,
        )


@pytest.fixture
def ranked() -> Ranked:
    return Ranked()


def test_with_no_wish_the_best_are_listed(ranked: Ranked) -> None:
    found = ranked.arranged(Arrangement(k=7))
    assert found.rows.tolist() == ranked.order[:7].tolist()
    assert (found.groups, found.messages, ranked.asked) == ({}, (), [7])


@pytest.mark.parametrize("k", [3, 60, 2_000])
def test_wishes_are_met_in_their_order(ranked: Ranked, k: int) -> None:
    lonlat, cells = ranked.embeddings.lonlat, cells_of(ranked.embeddings.lonlat, km=700)
    wanted = Arrangement(k=k, km=900, cells=cells, repeats=0.93)
    groups = naive_groups(ranked.order.tolist(), ranked.units, 0.93)
    expected = OnePerCell(cells).take(np.array(list(groups)), 2_000)
    expected = Spread(lonlat, km=900).take(expected, k)
    found = ranked.arranged(wanted)
    assert found.rows.tolist() == expected.tolist()
    looked = set(found.order.tolist())
    for row in found.rows.tolist():
        repeats = found.groups.get(row, np.empty(0, np.int64)).tolist()
        assert repeats == groups[row][: len(repeats)]  # those among the rows looked at
        assert set(repeats) <= looked
    if k == 2_000:
        assert {row: group.tolist() for row, group in found.groups.items()} == {
            row: groups[row] for row in expected.tolist() if groups[row]
        }


def test_further_down_is_looked_as_long_as_results_are_missing(ranked: Ranked) -> None:
    wanted = Arrangement(k=40, km=1_500)
    found = ranked.arranged(wanted)
    everything = Spread(ranked.embeddings.lonlat, km=1_500).take(ranked.order, 40)
    assert found.rows.tolist() == everything.tolist()
    many = Arrangement(k=200, km=2_500)
    assert len(ranked.arranged(many).rows) < 200
    assert ranked.asked == [1_024, 1_600, 12_800]
    assert ranked.arranged(many, limit=500).order.tolist() == ranked.order[:500].tolist()


def test_an_index_that_changes_its_mind_is_heard_again(ranked: Ranked) -> None:
    answers = [np.random.default_rng(0).permutation(ranked.order[:1_024]), ranked.order]
    found = arrange(
        lambda _: answers.pop(0),
        Arrangement(k=1_500, cells=np.arange(2_000)),
        first=1_024,
        limit=2_000,
        scores=ranked.scores,
        embeddings=ranked.embeddings,
    )
    assert found.rows.tolist() == ranked.order[:1_500].tolist()


def test_diversity_is_mmr_among_the_best_with_scores_from_nought_to_one(ranked: Ranked) -> None:
    found = ranked.arranged(Arrangement(k=20, diversity=0.4))
    pool = ranked.order[:1_000]
    scores = ranked.scores[pool].astype(np.float64)
    relevance = (scores - scores.min()) / (scores.max() - scores.min())
    expected = naive_mmr(pool, relevance, ranked.units[pool], 20, 0.6)
    assert found.rows.tolist() == expected
    assert found.messages == ()
    assert ranked.arranged(Arrangement(k=20, diversity=0)).rows.tolist() == pool[:20].tolist()


def test_diversity_comes_after_all_other_wishes(ranked: Ranked) -> None:
    cells = cells_of(ranked.embeddings.lonlat, km=2_000)
    found = ranked.arranged(Arrangement(k=20, cells=cells, diversity=0.9))
    left = OnePerCell(cells).take(ranked.order, 1_000)
    scores = ranked.scores[left].astype(np.float64)
    relevance = (scores - scores.min()) / (scores.max() - scores.min())
    assert found.rows.tolist() == naive_mmr(left, relevance, ranked.units[left], 20, 0.1)


def test_many_results_do_not_take_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 50,000 results only the first are chosen for diversity, and only some are grouped."""
    ranked = Ranked(30_000)
    monkeypatch.setattr(diversity, "POOL", 600)
    monkeypatch.setattr(diversity, "STEPS", 50)
    found = ranked.arranged(Arrangement(k=20_000, diversity=0.5))
    assert len(np.unique(found.rows)) == 20_000
    assert "first 50 results" in found.messages[0]
    assert set(found.rows[:50].tolist()) <= set(ranked.order[:600].tolist())
    rest = [row for row in ranked.order.tolist() if row not in set(found.rows[:50].tolist())]
    assert found.rows[50:].tolist() == rest[: 20_000 - 50]
    monkeypatch.setattr(diversity, "MULTIPLICATIONS", 10**7)
    found = ranked.arranged(Arrangement(k=20_000, repeats=0.999))
    assert len(found.rows) < 20_000
    assert "were not looked at" in found.messages[0]
    groups = grouped(ranked.order[:5_000], ranked.units, 0.999)
    assert found.rows.tolist() == list(groups)[: len(found.rows)]


def test_distances_are_not_looked_at_for_ever(
    ranked: Ranked, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(diversity, "FARTHEST", 1_100)
    monkeypatch.setattr(diversity, "LOOK", 64)
    wanted = Arrangement(k=120, km=2_000)
    found = ranked.arranged(wanted)
    best = Spread(ranked.embeddings.lonlat, km=2_000).take(ranked.order[:1_100], 120)
    assert found.rows.tolist() == best.tolist()
    assert len(best) < len(Spread(ranked.embeddings.lonlat, km=2_000).take(ranked.order, 120))
    assert ranked.asked == [960, 1_100]  # nothing is ranked that will not be looked at
    (told,) = found.messages
    assert "among the best 1,100 tiles; further ones were not looked at" in told
    everything = arrange(  # as with top_percent: all of them are ranked, some are looked at
        ranked.best,
        wanted,
        first=2_000,
        limit=2_000,
        scores=ranked.scores,
        embeddings=ranked.embeddings,
    )
    assert everything.rows.tolist() == best.tolist()
    assert everything.order.tolist() == ranked.order.tolist()
    assert everything.messages == found.messages
    monkeypatch.setattr(diversity, "FARTHEST", 10**6)
    monkeypatch.setattr(diversity, "EACH", 100)  # rows for each result
    assert len(ranked.arranged(replace(wanted, k=15)).rows) == 15
    far = ranked.arranged(Arrangement(k=11, km=8_000))
    assert "among the best 1,100 tiles" in far.messages[0]
    monkeypatch.setattr(diversity, "FARTHEST", 1_100)
    assert ranked.arranged(wanted, limit=1_100).messages == ()
    assert ranked.arranged(replace(wanted, k=20)).messages == ()


def test_where_nothing_more_can_lie_no_row_is_looked_at(ranked: Ranked) -> None:
    lonlat = ranked.embeddings.lonlat
    lonlat[ranked.order[50]] = ((lonlat[ranked.order[0], 0] + 360) % 360 - 180, 0)
    lonlat[ranked.order[50], 1] = -lonlat[ranked.order[0], 1]  # the antipode of the best
    found = ranked.arranged(Arrangement(k=10, km=20_000))
    assert found.rows.tolist() == ranked.order[[0, 50]].tolist()
    assert (found.messages, ranked.asked) == ((), [1_024])


@pytest.mark.parametrize("wish", [{"km": 1.0}, {"repeats": 0.98}, {"diversity": 0.5}])
def test_arranging_stops_when_nobody_waits(ranked: Ranked, wish: dict[str, float]) -> None:
    with stopping(lambda: True), pytest.raises(CancelledError):
        ranked.arranged(replace(Arrangement(k=10), **wish))
