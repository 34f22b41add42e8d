"""Relevance feedback: methods against arithmetic written out, rounds, and what it is good for."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from eex.config import Settings
from eex.embeddings import EmbeddingSet
from eex.errors import BadQueryError, MissingExtraError
from eex.evaluate import truth
from eex.search.classify.blocks import blocks_of
from eex.search.feedback.labels import Labels
from eex.search.feedback.methods import Shares
from eex.search.feedback.query import background_rows, feedback_from_json, feedback_query
from eex.search.feedback.session import Feedback
from eex.search.parts import RowsPart, TextPart, VectorPart
from eex.search.query import Query
from eex.search.run import OpenSet
from eex.testing import TOY
from toy_sets import embedding_set, toy_set

POSITIVE, NEGATIVE = [3, 50, 777, 1200], [9, 10, 1999]


def opened(embeddings: EmbeddingSet | None = None) -> OpenSet:
    made = embedding_set(TOY) if embeddings is None else embeddings
    return OpenSet("toys", made, Settings(cache_dir=Path("none"), threads=1))


@pytest.fixture(scope="module")
def toys() -> OpenSet:
    return opened()


def units(toys: OpenSet) -> NDArray[np.float64]:
    stored = np.asarray(toys.embeddings.vectors, np.float64)
    return stored / np.linalg.norm(stored, axis=1, keepdims=True)


def cosines(vectors: NDArray[np.float64], towards: NDArray[np.float64]) -> NDArray[np.float64]:
    return vectors @ towards / np.linalg.norm(towards)


def test_mean_is_twice_the_positive_less_the_negative_mean(toys: OpenSet) -> None:
    vectors = units(toys)
    towards = 2 * vectors[POSITIVE].mean(axis=0) - vectors[NEGATIVE].mean(axis=0)
    query = feedback_query(toys, Labels.of(POSITIVE, NEGATIVE))
    np.testing.assert_allclose(toys.ask(query).scores, cosines(vectors, towards), atol=2e-4)
    found = toys.ask(query.replaced(k=20, spread_km=0))
    expected = np.argsort(-cosines(vectors, towards), kind="stable")[:20]
    assert [result.row for result in found.results] == expected.tolist()
    assert set(found.results[0].parts) == {"rows_1", "rows_2"}


def test_mean_of_positives_alone_is_their_mean(toys: OpenSet) -> None:
    vectors = units(toys)
    query = feedback_query(toys, Labels.of(POSITIVE))
    towards = vectors[POSITIVE].mean(axis=0)
    np.testing.assert_allclose(toys.ask(query).scores, cosines(vectors, towards), atol=2e-4)
    assert query.parts == (RowsPart(tuple(POSITIVE), weight=query.parts[0].weight),)


@pytest.mark.parametrize("shares", [Shares(), Shares(alpha=0.3, beta=2, gamma=1), Shares(alpha=0)])
@pytest.mark.parametrize("words", ["river", ["river", "sand"]])
def test_rocchio_moves_the_query(
    monkeypatch: pytest.MonkeyPatch, shares: Shares, words: str | list[str]
) -> None:
    toys, _ = toy_set(monkeypatch)
    vectors = units(toys)
    texts = [words] if isinstance(words, str) else words
    start = Query(parts=tuple(TextPart(text, 1.0 + i) for i, text in enumerate(texts)))
    first = toys.ask(start).scores.astype(np.float64)
    query = np.linalg.lstsq(vectors, first, rcond=None)[0]  # whose cosines these are
    towards = shares.alpha * query / np.linalg.norm(query)
    towards += shares.beta * vectors[POSITIVE].mean(axis=0)
    towards -= shares.gamma * vectors[NEGATIVE].mean(axis=0)
    made = feedback_query(
        toys, Labels.of(POSITIVE, NEGATIVE), method="rocchio", start=start, shares=shares
    )
    np.testing.assert_allclose(toys.ask(made).scores, cosines(vectors, towards), atol=5e-4)
    told = [part.text for part in made.parts if isinstance(part, TextPart)]
    assert told == (texts if shares.alpha else [])


def test_rocchio_takes_negatives_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    toys, _ = toy_set(monkeypatch)
    start = Query(parts=(TextPart("river"),))
    made = feedback_query(toys, Labels.of((), NEGATIVE), method="rocchio", start=start)
    before, after = toys.ask(start).scores[NEGATIVE], toys.ask(made).scores[NEGATIVE]
    assert (after < before).all()


def test_logistic_ranks_as_scikit_learn_does(toys: OpenSet) -> None:
    vectors = units(toys)
    labels = Labels.of(POSITIVE, NEGATIVE)
    query = feedback_query(toys, labels, method="logistic", c=3.0)
    kinds = [1] * len(POSITIVE) + [0] * len(NEGATIVE)
    fitted = LogisticRegression(C=3.0, class_weight="balanced", max_iter=10_000)
    fitted.fit(vectors[[*POSITIVE, *NEGATIVE]], kinds)
    expected = np.argsort(-fitted.decision_function(vectors), kind="stable")[:30]
    found = toys.ask(query.replaced(k=30, spread_km=0))
    assert [result.row for result in found.results] == expected.tolist()


def test_random_tiles_stand_for_negative_ones_and_are_the_same_each_time(toys: OpenSet) -> None:
    labels = Labels.of(POSITIVE)
    rows = background_rows(toys.embeddings, labels, 500)
    assert len(set(rows.tolist()) - set(POSITIVE)) == 500
    assert rows.tolist() == background_rows(toys.embeddings, labels, 500).tolist()
    assert len(background_rows(toys.embeddings, labels, 99_999)) == len(toys) - len(POSITIVE)
    with pytest.raises(BadQueryError, match="negative"):
        feedback_query(toys, labels, method="logistic")
    query = feedback_query(toys, labels, method="logistic", background=500)
    scores = toys.ask(query).scores
    assert np.median(scores[POSITIVE]) > np.quantile(scores, 0.99)


def test_a_recipe_asks_the_same_again(monkeypatch: pytest.MonkeyPatch) -> None:
    toys, _ = toy_set(monkeypatch)
    record = {"positive": POSITIVE, "negative": NEGATIVE, "k": 7, "query": {"text": "river"}}
    for method in ("mean", "rocchio", "logistic"):
        query = feedback_from_json({**record, "method": method}, toys)
        found = toys.ask(query)
        again = toys.ask(Query.from_json(json.loads(json.dumps(found.recipe))))
        assert again.scores.tolist() == found.scores.tolist()
        assert [r.row for r in again.results] == [r.row for r in found.results]
        assert len(found) == 7
    session = Feedback(toys, "river").mark(POSITIVE, NEGATIVE)
    asked = session.query(k=7)
    assert asked == feedback_from_json(record, toys)


def test_the_filter_of_the_first_query_is_kept_and_can_be_replaced(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    toys, _ = toy_set(monkeypatch)
    first = {"text": "river", "bbox": [0, 0, 90, 90], "spread_km": 5}
    record: dict[str, Any] = {"positive": POSITIVE, "query": first}
    kept = feedback_from_json(record, toys)
    assert (kept.filter.bbox, kept.spread_km) == ((0, 0, 90, 90), 5)
    other = feedback_from_json({**record, "bbox": [-90, 0, 0, 90], "spread_km": 0}, toys)
    assert (other.filter.bbox, other.spread_km) == ((-90, 0, 0, 90), 0)


@pytest.mark.parametrize(
    ("record", "told"),
    [
        ({"negative": [1]}, "positive"),
        ({"positive": [1], "negative": [1, 2]}, "both"),
        ({"positive": [2000]}, "no row 2000"),
        ({"positive": [-1]}, "from 0"),
        ({"positive": [1.5]}, "from 0"),
        ({"positive": [2**70]}, "no row 118"),
        ({"positive": [1], "negative": [2**63]}, "no row 922"),
        ({"positive": [2**63 - 1]}, "no row 922"),
        ({"positive": "3"}, "list"),
        ({"positive": [1], "method": "magic"}, "method"),
        ({"positive": [1], "method": "rocchio"}, "there is none"),
        ({"positive": [1], "query": "sand"}, "record of the query"),
        ({"positive": [1], "positives": [2]}, "positives"),
        ({"positive": [1], "alpha": -1, "query": {"text": "river"}}, "alpha"),
        ({"positive": [1], "negative": [2], "method": "logistic", "c": 0}, "c is"),
        ({"positive": [1], "method": "logistic", "background": -1}, "background"),
        ({"positive": [1], "query": {"text": ["a"]}}, "text"),
        ([], "object"),
    ],
)
def test_what_makes_no_sense_is_refused_in_words(toys: OpenSet, record: Any, told: str) -> None:
    with pytest.raises(BadQueryError) as refused:
        feedback_from_json(record, toys)
    assert told in f"{refused.value} {refused.value.hint}"


def test_tiles_that_cancel_each_other_out_are_told() -> None:
    embeddings = embedding_set(TOY, rows=10)
    vectors = np.array(embeddings.vectors)
    vectors[1] = -vectors[0]
    vectors[2] = vectors[0]
    vectors[3] = 0
    made = opened(EmbeddingSet(embeddings.header, vectors, embeddings.lonlat, embeddings.rows, "k"))
    with pytest.raises(BadQueryError, match="cancel"):
        feedback_query(made, Labels.of([0, 1]))
    with pytest.raises(BadQueryError, match="told apart"):
        feedback_query(made, Labels.of([0], [2]), method="logistic")
    with pytest.raises(BadQueryError, match="Row 3 is without a usable vector"):
        Feedback(made).mark([0, 3])


def test_labels_of_too_many_tiles_for_rows_are_one_vector() -> None:
    toys = opened(embedding_set(TOY, rows=12_000))
    vectors = units(toys)
    query = feedback_query(toys, Labels.of(range(10_500), [11_000]))
    towards = 2 * vectors[:10_500].mean(axis=0) - vectors[11_000]
    assert isinstance(query.parts[0], VectorPart)
    np.testing.assert_allclose(toys.ask(query).scores, cosines(vectors, towards), atol=2e-4)


def test_scikit_learn_is_named_where_it_is_missing(
    toys: OpenSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "sklearn.linear_model", None)
    labels = Labels.of(POSITIVE, NEGATIVE)
    assert feedback_query(toys, labels).parts
    with pytest.raises(MissingExtraError) as missing:
        feedback_query(toys, labels, method="logistic")
    assert "[feedback]" in missing.value.hint


def test_the_latest_label_counts_and_this_is_told(toys: OpenSet) -> None:
    session = Feedback(toys).mark(positive=[1, 2, 3]).mark(negative=[2])
    assert session.labels == Labels.of([1, 3], number=1).marked((), [2], number=2)
    assert session.messages == ("These rows had the other label, the new one counts: 2.",)
    assert session.mark(positive=[5]).messages == ()
    with pytest.raises(BadQueryError, match="Row 9 is without a label"):
        session.unmark([9])


def test_rounds_keep_what_was_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    toys, _ = toy_set(monkeypatch)
    session = Feedback(toys, "river")
    first = session.search(k=5)
    session.mark(positive=[first.results[0].row], negative=[first.results[1].row])
    second = session.search(k=5)
    third = session.mark(positive=[77]).search("logistic", k=5)
    assert [one.method for one in session.rounds] == [None, "rocchio", "logistic"]
    assert any("Learned from labelled tiles only" in message for message in third.messages)
    assert not any("Learned from" in message for message in second.messages)
    assert [one.query for one in session.rounds] == [first.query, second.query, third.query]
    assert toys.ask(second.recipe).scores.tolist() == second.scores.tolist()
    session.undo()
    assert session.search(k=5).query == second.query
    assert session.undo().search(k=5).query == first.query


class Rounds(RuleBasedStateMachine):
    """Marks, undos and redos in any order, against plain lists."""

    toys = opened(embedding_set(TOY, rows=12))

    def __init__(self) -> None:
        super().__init__()
        self.session = Feedback(self.toys)
        self.past: list[dict[int, int]] = [{}]
        self.future: list[dict[int, int]] = []

    def _go(self, labels: dict[int, int]) -> None:
        if labels != self.past[-1]:
            self.past.append(labels)
            self.future.clear()

    @rule(chosen=st.dictionaries(st.integers(0, 11), st.sampled_from([1, -1]), max_size=4))
    def mark(self, chosen: dict[int, int]) -> None:
        self.session.mark(
            [row for row, value in chosen.items() if value == 1],
            [row for row, value in chosen.items() if value == -1],
        )
        self._go(self.past[-1] | chosen)

    @precondition(lambda self: self.past[-1])
    @rule(data=st.data())
    def unmark(self, data: st.DataObject) -> None:
        row = data.draw(st.sampled_from(sorted(self.past[-1])))
        self.session.unmark([row])
        self._go({k: v for k, v in self.past[-1].items() if k != row})

    @rule()
    def undo(self) -> None:
        if len(self.past) == 1:
            with pytest.raises(BadQueryError, match="nothing to undo"):
                self.session.undo()
            return
        self.session.undo()
        self.future.insert(0, self.past.pop())

    @rule()
    def redo(self) -> None:
        if not self.future:
            with pytest.raises(BadQueryError, match="nothing to redo"):
                self.session.redo()
            return
        self.session.redo()
        self.past.append(self.future.pop(0))

    @rule()
    def saved_and_loaded(self) -> None:
        record = json.loads(json.dumps(self.session.to_geojson()))
        before = self.session.rounds
        self.session = Feedback.load(self.toys, record)
        assert self.session.rounds == before

    @invariant()
    def the_same(self) -> None:
        told = [{label.row: label.value for label in one.labels.all} for one in self.session.rounds]
        assert told == self.past
        undone = [
            {label.row: label.value for label in one.labels.all} for one in self.session.undone
        ]
        assert undone == self.future
        assert [one.number for one in self.session.rounds] == list(range(len(self.past)))


TestRounds = Rounds.TestCase
TestRounds.settings = hypothesis_settings(max_examples=60, stateful_step_count=20, deadline=None)


def test_feedback_finds_more_of_a_class_in_blocks_it_has_not_seen(world: OpenSet) -> None:
    """A tile is asked with, its best 40 are marked by the map layers, other blocks are looked at.

    Labels of all the land on one side, not only of the best tiles, teach more.
    """
    known = truth.read()
    lonlat = np.asarray(world.embeddings.lonlat)
    blocks = blocks_of(lonlat, 2000.0)
    here = np.random.default_rng(0).permutation(blocks.max() + 1)[blocks] % 2 == 0
    texts = ("ice sheet", "savanna", "grassland", "temperate deciduous forest", "high plateau")
    shares: dict[str, list[float]] = {}
    for text in texts:
        right = known.answer[:, [query.text for query in known.queries].index(text)]
        rng = np.random.default_rng(1)
        one = int(rng.choice(np.flatnonzero(here & (right == 1))))
        start = Query.from_json({"row": one, "spread_km": 0})
        first = world.ask(start).scores
        best = np.argsort(np.where(here, -first, 9), kind="stable")[:40]
        near = Labels.of(best[right[best] == 1], best[right[best] != 1])
        wide = Labels.of(
            rng.choice(np.flatnonzero(here & (right == 1)), 30, replace=False),
            rng.choice(np.flatnonzero(here & (right == 0)), 60, replace=False),
        )
        ways = {"start": start}
        for name, labels in (("near", near), ("wide", wide)):
            ways[f"mean {name}"] = feedback_query(world, labels, start=start)
            ways[f"rocchio {name}"] = feedback_query(world, labels, method="rocchio", start=start)
        ways["logistic wide"] = feedback_query(world, wide, method="logistic", start=start)
        ways["logistic near"] = feedback_query(
            world, near, method="logistic", start=start, background=1000
        )
        for name, query in ways.items():
            scores = np.where(here, -9, world.ask(query).scores)
            found = np.argsort(-scores, kind="stable")[:100]
            assert not here[found].any()
            shares.setdefault(name, []).append(float((right[found] == 1).mean()))
    mean = {name: np.mean(each) for name, each in shares.items()}
    start_share = shares["start"]
    assert all(a > b for a, b in zip(shares["mean near"], start_share, strict=True))
    assert all(a > b for a, b in zip(shares["mean wide"], start_share, strict=True))
    assert all(a > b for a, b in zip(shares["logistic wide"], start_share, strict=True))
    assert mean["rocchio near"] > mean["start"]
    assert mean["rocchio wide"] > mean["rocchio near"]
    assert mean["logistic near"] > mean["start"] + 0.1
    assert mean["logistic wide"] > mean["mean wide"] > mean["mean near"] > mean["start"] + 0.1
