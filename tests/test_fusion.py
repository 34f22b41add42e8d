"""Scores of parts are joined as the papers say, against the arithmetic written out."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eex.embeddings import EmbeddingSet
from eex.errors import BadQueryError
from eex.index.base import Hits, PartialHits, Scan
from eex.search import member
from eex.search.fusion import Fusion, Scale, bounds, joined, reciprocal_ranks
from eex.search.parts import RowPart
from eex.search.query import Query
from eex.search.run import OpenSet
from eex.search.side import side_by_side
from toy_sets import SHORT, embedding_set, toy_set

CALIBRATIONS = ("z", "robust-z", "quantile", "min-max", "none")


def cosines_of(opened: OpenSet, rows: list[int]) -> np.ndarray[Any, np.dtype[np.float64]]:
    """Return float64 cosines of every row with each of some, shape (rows, n)."""
    wide = np.asarray(opened.embeddings.vectors, np.float64)
    lengths = np.linalg.norm(wide, axis=1, keepdims=True)
    wide /= np.where(lengths > 0, lengths, 1)
    return np.asarray(wide @ wide[rows].T)


def calibrated(kind: str, x: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """Return scores calibrated by all of them, each method written out anew."""
    if kind == "z":
        return (x - x.mean()) / x.std()
    if kind == "robust-z":
        middle = np.median(x)
        return 0.6745 * (x - middle) / np.median(np.abs(x - middle))
    if kind == "min-max":
        return (x - x.min()) / (x.max() - x.min())
    if kind == "quantile":
        values = np.sort(x)
        places = np.arange(1, len(x) + 1) / (len(x) + 1)
        return np.interp(x, [-1, *values, 1], [0, *places, 1])
    return x


@pytest.mark.parametrize("kind", CALIBRATIONS)
def test_the_sum_is_the_weighted_mean_of_calibrated_scores(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, _ = toy_set(monkeypatch)
    parts = (RowPart(3, 2.0), RowPart(500), RowPart(77, -0.5))
    fusion = {"method": "sum", "calibration": kind}
    found = opened.ask(Query(parts=parts, fusion=fusion, k=30))  # type: ignore[arg-type]
    scores = cosines_of(opened, [3, 500, 77])
    weights = (2.0, 1.0, -0.5)
    each = [w * calibrated(kind, s) for w, s in zip(weights, scores.T, strict=True)]
    expected = np.sum(each, axis=0) / 3.5
    rows = [tile.row for tile in found.results]
    np.testing.assert_allclose([t.score for t in found.results], expected[rows], atol=2e-3)
    best = np.sort(expected)[::-1][:30]
    np.testing.assert_allclose(expected[rows], best, atol=2e-3)
    assert found.results[0].parts.keys() == {"row_1", "row_2", "row_3"}
    assert found.results[0].parts["row_2"] == pytest.approx(scores[rows[0], 1], abs=1e-5)
    assert found.score_kind.startswith("weighted mean of the parts'")


@pytest.mark.parametrize("kind", CALIBRATIONS)
def test_the_minimum_is_and_and_its_complement_is_not(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, _ = toy_set(monkeypatch)
    fusion = {"method": "minimum", "calibration": kind}
    query = Query(parts=(RowPart(3), RowPart(77, -1)), fusion=fusion, k=30)  # type: ignore[arg-type]
    found = opened.ask(query)
    first, second = (calibrated(kind, s) for s in cosines_of(opened, [3, 77]).T)
    away = 1 - second if kind in {"quantile", "min-max"} else -second
    expected = np.minimum(first, away)
    rows = [tile.row for tile in found.results]
    np.testing.assert_allclose([t.score for t in found.results], expected[rows], atol=2e-3)
    np.testing.assert_allclose(expected[rows], np.sort(expected)[::-1][:30], atol=2e-3)


@pytest.mark.parametrize("window", [40, 10_000])
def test_reciprocal_ranks_are_those_of_the_paper(
    window: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, _ = toy_set(monkeypatch)
    fusion = {"method": "rrf", "constant": 60, "window": window}
    query = Query(parts=(RowPart(3), RowPart(77, 0.5)), fusion=fusion, k=20)  # type: ignore[arg-type]
    found = opened.ask(query)
    expected = np.zeros(2000)
    for scores, weight in zip(cosines_of(opened, [3, 77]).T, (1, 0.5), strict=True):
        order = np.lexsort((np.arange(2000), -scores.astype(np.float32)))[:window]
        expected[order] += weight / (60 + np.arange(1, len(order) + 1))
    best = np.lexsort((np.arange(2000), -expected.astype(np.float32)))[:20]
    assert [tile.row for tile in found.results] == best.tolist()
    np.testing.assert_allclose([t.score for t in found.results], expected[best], rtol=1e-6)
    assert found.ranked.sum() == np.count_nonzero(expected)
    away = opened.ask(Query(parts=(RowPart(3, -1),), fusion=fusion, k=1))  # type: ignore[arg-type]
    assert away.results[0].row == cosines_of(opened, [3])[:, 0].argmin()


def test_plain_arithmetic_of_vectors_is_a_minus_b(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, _ = toy_set(monkeypatch)
    fusion = {"method": "vector", "calibration": "none"}
    query = Query(parts=(RowPart(3), RowPart(77, -0.5)), fusion=fusion, k=10)  # type: ignore[arg-type]
    found = opened.ask(query)
    wide = np.asarray(opened.embeddings.vectors, np.float64)
    wide /= np.linalg.norm(wide, axis=1, keepdims=True)
    towards = wide[3] - 0.5 * wide[77]
    expected = wide @ towards / np.linalg.norm(towards)
    assert [t.row for t in found.results] == np.argsort(-expected, kind="stable")[:10].tolist()
    np.testing.assert_allclose(
        [t.score for t in found.results], np.sort(expected)[::-1][:10], atol=1e-5
    )
    assert found.score_kind == "cosine"


@pytest.mark.parametrize("kind", CALIBRATIONS)
@pytest.mark.parametrize("method", ["sum", "minimum"])
def test_the_list_is_that_of_float64_however_near_scores_are(
    kind: str, method: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(member, "SAMPLE", 700)  # the best lie beyond the sample
    opened, _ = toy_set(monkeypatch)
    fusion = {"method": method, "calibration": kind}
    axis = [1.0] + 15 * [0.0]  # which rounding leaves as it is
    parts = [{"kind": "vector", "vector": axis}]
    found = opened.ask({"parts": parts, "fusion": fusion, "k": 2_000})
    cosines = opened.exact.score_rows(axis, np.arange(2_000))
    assert [t.row for t in found.results] == np.argsort(-cosines, kind="stable").tolist()
    other = axis[::-1]
    parts.append({"kind": "vector", "vector": other})
    two = opened.ask({"parts": parts, "fusion": fusion, "k": 2_000})
    each = [opened.exact.score_rows(some, np.arange(2_000)) for some in (axis, other)]
    scales = [Scale.of(kind, opened.sample.scores(some)) for some in (axis, other)]  # type: ignore[arg-type]
    expected = joined(Fusion.from_json(fusion), each, scales, [1, 1])
    rows = [t.row for t in two.results]
    assert rows == np.argsort(-expected, kind="stable").tolist()


def test_weights_of_nothing_ask_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, _ = toy_set(monkeypatch)
    for fusion in ("vector", "sum", "rrf"):
        with pytest.raises(BadQueryError, match="weight 0"):
            opened.search(row=[3, 4], weights={"row": 0}, fusion=fusion)


def test_a_sample_is_taken_of_rows_that_can_rank(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(member, "SAMPLE", 700)
    opened, _ = toy_set(monkeypatch)
    vectors = np.asarray(opened.embeddings.vectors).copy()
    unusable = np.flatnonzero(np.arange(2_000) % 3 != 1)
    vectors[unusable] = 0
    some = replace(opened.embeddings, vectors=vectors, unusable=unusable, key="few")
    few = OpenSet("few", some, opened.settings, pool=opened.pool)
    found = few.search(row=[4, 7], fusion="sum", k=5)
    each = cosines_of(few, [4, 7])
    usable = np.flatnonzero(np.arange(2_000) % 3 == 1)
    z = np.mean([(s - s[usable].mean()) / s[usable].std() for s in each.T], axis=0)
    best = usable[np.argsort(-z[usable], kind="stable")][:5]
    assert [t.row for t in found.results] == best.tolist()


def test_what_calibrates_does_not_depend_on_the_filter(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, _ = toy_set(monkeypatch)
    for method in ("sum", "minimum", "vector"):
        everywhere = opened.search(row=[3, 77], fusion=method, k=2_000)
        inside = opened.search(row=[3, 77], fusion=method, k=2_000, bbox=(-30, -40, 100, 60))
        scores = {tile.row: tile.score for tile in everywhere.results}
        assert 100 < len(inside) < 1_000
        assert inside.inside == len(inside)
        for tile in inside.results:
            assert tile.score == pytest.approx(scores[tile.row], abs=1e-6)


def test_a_large_set_is_calibrated_by_every_nth_row(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(member, "SAMPLE", 700)
    opened, _ = toy_set(monkeypatch)
    assert opened.sample.size == 667
    found = opened.search(row=[3, 500], fusion="sum", k=5)
    each = cosines_of(opened, [3, 500])
    z = [(s - s[::3].mean()) / s[::3].std() for s in each.T]
    rows = [tile.row for tile in found.results]
    assert rows == np.argsort(-np.mean(z, axis=0), kind="stable")[:5].tolist()


scores = st.lists(st.floats(-1, 1, width=32), min_size=2, max_size=50)


@given(scores, st.sampled_from(CALIBRATIONS))
def test_calibration_never_turns_an_order_round(values: list[float], kind: Any) -> None:
    sample = np.array(values, np.float32)
    made = Scale.of(kind, sample)(np.sort(sample))
    assert (np.diff(made) >= 0).all()


@given(scores, scores, st.floats(0, 0.01), st.sampled_from(CALIBRATIONS), st.floats(-2, 2))
def test_the_truth_lies_between_the_bounds(
    one: list[float], other: list[float], error: float, kind: Any, weight: float
) -> None:
    count = min(len(one), len(other))
    true = [np.array(some[:count]) for some in (one, other)]
    scales = [Scale.of(kind, some.astype(np.float32)) for some in true]
    wrong = [some + error * np.cos(np.arange(count) + i) for i, some in enumerate(true)]
    for fusion in (
        Fusion(method="sum", calibration=kind),
        Fusion(method="minimum", calibration=kind),
    ):
        weights = [1.0, weight if fusion.method == "sum" else float(np.sign(weight) or 1)]
        low, high = bounds(fusion, wrong, [error * 1.001 + 1e-12] * 2, scales, weights)
        exact = joined(fusion, true, scales, weights)
        assert (low <= exact + 1e-9).all()
        assert (exact <= high + 1e-9).all()


def test_ranks_add_up_where_rankings_meet() -> None:
    found = reciprocal_ranks([np.array([2, 0]), np.array([0])], [1, 2], 4)
    np.testing.assert_allclose(found, [1 / 62 + 2 / 61, 0, 1 / 61, 0])


@pytest.mark.parametrize(
    ("fusion", "words"),
    [
        ("mean", "no method of fusion"),
        ({"method": "sum", "calibration": "rank"}, "no calibration"),
        ({"methods": "sum"}, "has no 'methods'"),
        ({"method": "vector", "calibration": "quantile"}, "not added up by quantile"),
        ({"method": "rrf", "window": 0}, "from 1"),
        ({"method": "rrf", "constant": -1}, "from 0"),
        (5, "fusion is an object"),
    ],
)
def test_a_wrong_fusion_is_refused_in_words(fusion: Any, words: str) -> None:
    with pytest.raises(BadQueryError, match=words) as caught:
        Query.from_json({"text": "sand", "fusion": fusion})
    assert caught.value.hint


def second(embeddings: EmbeddingSet, rows: list[int], monkeypatch: pytest.MonkeyPatch) -> OpenSet:
    """Return another set of some of the same tiles, in another order, with other vectors."""
    vectors = np.asarray(embeddings.vectors)[rows][:, ::-1].copy()
    order = embeddings.rows.take(rows)
    made = EmbeddingSet(
        embeddings.header, vectors, np.asarray(embeddings.lonlat)[rows], order, "other"
    )
    opened, _ = toy_set(monkeypatch)
    return OpenSet("second", made, opened.settings, pool=opened.pool)


def test_several_sets_are_joined_by_their_tiles(monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = toy_set(monkeypatch)
    rows = np.random.default_rng(3).permutation(2000)[:1500].tolist()
    other = second(first.embeddings, rows, monkeypatch)
    tile = rows[10]
    found = first.search(row=tile, also=[other], k=50)
    ours = cosines_of(first, [tile])[:, 0]
    theirs = cosines_of(other, [10])[:, 0]
    mean = np.full(2000, np.nan)
    z = [(s - s.mean()) / s.std() for s in (ours, theirs)]
    mean[rows] = (z[0][rows] + z[1]) / 2
    best = np.argsort(-np.nan_to_num(mean, nan=-9), kind="stable")[:50]
    assert [t.row for t in found.results] == best.tolist()
    np.testing.assert_allclose(found.results[0].score, mean[best[0]], atol=1e-3)
    assert found.results[0].parts.keys() == {"row@toys", "row@second"}
    assert np.isnan(found.scores).sum() == 500
    assert any("1,500 of 2,000 tiles" in message for message in found.messages)
    assert found.recipe["sets"] == ["toys", "second"]
    again = first.ask(found.recipe, also=[other])
    assert again.results == found.results
    for fusion in ("minimum", "rrf", "sum"):
        some = first.search(row=tile, also=[other], k=2_000, fusion=fusion)
        assert some.results[0].row == tile
        assert {t.row for t in some.results} == set(rows)
        json.dumps(some.to_geojson(), allow_nan=False)


@pytest.mark.parametrize("fusion", ["sum", "minimum", "rrf"])
def test_tiles_at_several_dates_share_a_row_of_another_set(
    fusion: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, _ = toy_set(monkeypatch)
    cells = pa.table({"grid_cell": [f"cell{i // 2}" for i in range(2_000)]})
    dates = EmbeddingSet(
        first.embeddings.header,
        first.embeddings.vectors,
        np.repeat(first.embeddings.lonlat[:1_000], 2, axis=0),
        cells,
        "dates",
    )
    opened = OpenSet("dates", dates, first.settings, pool=first.pool)
    rows = np.random.default_rng(5).permutation(1_000).tolist()
    other = second(first.embeddings, rows, monkeypatch)
    east = {"where": "lon > 0"}
    found = opened.search(row=4, also=[other], fusion=fusion, filter=east, k=2_000)
    inside = np.flatnonzero(dates.lonlat[:, 0] > 0)
    assert sorted(t.row for t in found.results) == inside.tolist()
    assert np.flatnonzero(found.ranked).tolist() == inside.tolist()
    if fusion == "rrf":
        theirs = cosines_of(other, [rows.index(2)])[:, 0]
        order = np.argsort(-theirs.astype(np.float32), kind="stable")
        ranked = [r for t in order for r in (2 * rows[t], 2 * rows[t] + 1) if r in set(inside)]
        ours = inside[np.argsort(-cosines_of(opened, [4])[inside, 0], kind="stable")]
        expected = np.zeros(2_000)
        for ranking in (ours, np.array(ranked)):
            expected[ranking] += 1 / (60 + np.arange(1, len(ranking) + 1))
        rows_found = [t.row for t in found.results]
        np.testing.assert_allclose(
            [t.score for t in found.results], expected[rows_found], rtol=1e-5
        )


def test_rows_that_an_engine_lost_are_told_whatever_joins_them(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    opened, _ = toy_set(monkeypatch)
    inner = opened.exact

    class Lossy:
        size, dim = inner.size, inner.dim

        def __getattr__(self, name: str) -> Any:
            return getattr(inner, name)

        def lost(self, hits: Hits) -> Hits:
            return PartialHits(*hits, ((100, 200),))

        def search(self, queries: Any, **how: Any) -> Hits:
            return self.lost(inner.search(queries, **how))

        def scan(self, query: Any, **how: Any) -> Scan:
            scan = inner.scan(query, **how)
            return Scan(scan.scores, self.lost(scan.hits))

        def scan_many(self, queries: Any, **how: Any) -> list[Scan]:
            return [Scan(s.scores, self.lost(s.hits)) for s in inner.scan_many(queries, **how)]

        def scores(self, query: Any, **how: Any) -> Any:
            return inner.scores(query, **how)

        def score_rows(self, query: Any, rows: Any) -> Any:
            return inner.score_rows(query, rows)

    opened._index = Lossy()  # type: ignore[assignment]
    for asked in ({"row": 5}, {"row": [5, 6]}):
        for fusion in ("vector", "sum", "minimum", "rrf"):
            found = opened.search(fusion=fusion, k=3, **asked)  # type: ignore[arg-type]
            told = [m for m in found.messages if "Rows 100 to 199 could not be searched" in m]
            assert len(told) == 1, fusion


def test_a_set_that_takes_no_part_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = toy_set(monkeypatch)
    other = second(first.embeddings, list(range(300)), monkeypatch)
    found = first.search(vector=first.embeddings.vector(3), also=[other], k=2_000)
    assert len(found) == 2_000
    assert "The set second takes no part of this query and was not asked." in found.messages
    assert not any("only they rank" in message for message in found.messages)


def test_sets_are_not_joined_by_chance(monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = toy_set(monkeypatch)
    nameless = [
        EmbeddingSet(
            first.embeddings.header,
            first.embeddings.vectors,
            first.embeddings.lonlat,
            pa.table({"note": ["x"] * 2_000}),
            key,
        )
        for key in ("one", "two")
    ]
    sets = [OpenSet(s.key, s, first.settings, pool=first.pool) for s in nameless]
    with pytest.raises(BadQueryError, match="have no names"):
        sets[0].search(row=1, also=sets[1:])
    moved = EmbeddingSet(
        first.embeddings.header,
        first.embeddings.vectors,
        np.asarray(first.embeddings.lonlat)[::-1],
        first.embeddings.rows,
        "moved",
    )
    with pytest.raises(BadQueryError, match="lie elsewhere"):
        first.search(row=1, also=[OpenSet("moved", moved, first.settings, pool=first.pool)])


def test_sets_side_by_side_answer_each_for_itself(monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = toy_set(monkeypatch)
    rows = np.random.default_rng(3).permutation(2000)[:1500].tolist()
    other = second(first.embeddings, rows, monkeypatch)
    both = side_by_side({"row": rows[10], "k": 40}, [first, other])
    assert both.found[0].results == first.search(row=rows[10], k=40).results
    assert both.found[1].results == other.search(row=10, k=40).results
    listed = {rows[tile.row]: tile.rank for tile in both.found[1].results}
    for tile, ranks in zip(both.found[0].results, both.ranks.tolist(), strict=True):
        assert ranks == [tile.rank, listed.get(tile.row, 0)]
    shared = len({tile.row for tile in both.found[0].results} & set(listed))
    assert both.overlap().tolist() == [1, shared / 40]
    assert both.shifts()[0].tolist() == [0, 0]
    lacking = next(row for row in range(2000) if row not in set(rows))
    with pytest.raises(BadQueryError, match=f"Tile {lacking} of 'toys' is not in 'second'"):
        side_by_side({"row": lacking}, [first, other])
    with pytest.raises(BadQueryError, match="'second' takes no part"):
        side_by_side({"parts": [{"kind": "vector", "vector": [1.0] * 16}]}, [first, other])


def test_a_filter_is_of_the_first_set_and_few_rows_are_read(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    first, _ = toy_set(monkeypatch)
    other = second(first.embeddings, list(range(2000))[::-1], monkeypatch)
    box = (-20, -30, 20, 30)
    found = first.search(row=7, also=[other], k=500, bbox=box)
    everywhere = first.search(row=7, also=[other], k=2_000)
    inside = [t.row for t in everywhere.results if abs(t.lon) <= 20 and abs(t.lat) <= 30]
    assert [t.row for t in found.results] == inside
    assert found.inside == len(inside) < 200
    assert np.isfinite(found.scores).sum() == len(inside)  # others were not read


def test_sets_without_a_common_tile_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    first, _ = toy_set(monkeypatch)
    other = second(first.embeddings, [3, 3], monkeypatch)
    with pytest.raises(BadQueryError, match="several rows for one tile"):
        first.search(row=1, also=[other])
    lacking = second(first.embeddings, [3, 4], monkeypatch)
    with pytest.raises(BadQueryError, match="not in every set"):
        first.search(row=1, also=[lacking])
    apart, _ = toy_set(monkeypatch)
    some = embedding_set(SHORT, rows=10)
    cells = some.rows.set_column(0, "grid_cell", [[f"x{i}" for i in range(10)]])
    strange = EmbeddingSet(some.header, some.vectors, some.lonlat, cells, "strange")
    with pytest.raises(BadQueryError, match="no tile in common"):
        first.search(row=1, also=[OpenSet("apart", strange, apart.settings, pool=apart.pool)])
    with pytest.raises(BadQueryError, match="cannot be added up"):
        first.search(row=1, also=[other], fusion="vector")
