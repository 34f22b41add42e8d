"""Engines other than the exact one: what they find, what they cannot say, what is told of it."""

from __future__ import annotations

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from numpy.typing import NDArray

from eex.config import Settings
from eex.embeddings import open_folder
from eex.errors import BadQueryError, SetNotFoundError, UnknownNameError
from eex.filters.mask import mask_of
from eex.filters.record import Filter
from eex.index.base import FindsRows, Hits, PartialHits, VectorIndex
from eex.index.built import build_index
from eex.index.exact import ExactIndex
from eex.search.run import OpenSet
from eex.server.app import create_app
from toy_sets import toy_set


class FindsOnly:
    """Finds the best rows of an exact index, and scores no others."""

    def __init__(self, inner: ExactIndex, missing: tuple[tuple[int, int], ...] = ()) -> None:
        self.inner, self.missing = inner, missing
        self.masks: list[int] = []

    @property
    def size(self) -> int:
        return self.inner.size

    @property
    def dim(self) -> int:
        return self.inner.dim

    def search(self, queries: Any, *, k: int, mask: NDArray[np.bool_] | None = None) -> Hits:
        self.masks.append(-1 if mask is None else int(mask.sum()))
        return PartialHits(*self.inner.search(queries, k=k, mask=mask), self.missing)


class FiltersToo(FindsOnly):
    """Also filters itself, boxes only."""

    def __init__(self, opened: OpenSet) -> None:
        super().__init__(opened.exact)
        self.embeddings = opened.embeddings
        self.asked: list[Filter] = []

    def can_filter(self, where: Filter) -> bool:
        return not where.where

    def search_where(self, queries: Any, *, k: int, where: Filter) -> Hits:
        self.asked.append(where)
        return self.inner.search(queries, k=k, mask=mask_of(where, self.embeddings))


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> OpenSet:
    return toy_set(monkeypatch)[0]


def with_engine(opened: OpenSet, index: FindsRows) -> OpenSet:
    made = OpenSet(opened.name, opened.embeddings, opened.settings, pool=opened.pool, engine="own")
    made._index = index
    return made


def test_an_engine_without_a_map_gives_the_same_best_and_says_so(opened: OpenSet) -> None:
    index = FindsOnly(opened.exact)
    assert isinstance(index, FindsRows)
    assert not isinstance(index, VectorIndex)
    other = with_engine(opened, index)
    for asked in (
        {"row": 5},
        {"row": [5, 900], "weights": {"row": 0.5}},
        {"row": [5, 900], "fusion": "sum"},
        {"row": [5, 900], "fusion": "minimum"},
        {"row": [5, 900], "fusion": "rrf"},
        {"row": 5, "bbox": (-90, -60, 90, 60)},
        {"row": 5, "spread_km": 2_000},
    ):
        plain, found = opened.search(k=15, **asked), other.search(k=15, **asked)
        assert found.results == plain.results
        assert any("Found by own" in message for message in found.messages)
        assert not any("Found by" in message for message in plain.messages)
    single = other.search(row=5, k=15)
    assert np.isfinite(single.scores).sum() == single.ranked.sum() == 15
    with pytest.raises(BadQueryError, match="needs every tile's score") as caught:
        other.search(row=5, top_percent=1)
    assert "exact" in caught.value.hint


def test_what_could_not_be_searched_is_told(opened: OpenSet) -> None:
    found = with_engine(opened, FindsOnly(opened.exact, ((100, 200),))).search(row=5, k=3)
    assert any("Rows 100 to 199 could not be searched" in message for message in found.messages)


def test_a_filter_goes_into_the_engine_where_it_takes_it(opened: OpenSet) -> None:
    index = FiltersToo(opened)
    other, box = with_engine(opened, index), (-90.0, -60.0, 90.0, 60.0)
    found = other.search(row=5, k=15, bbox=box)
    assert found.results == opened.search(row=5, k=15, bbox=box).results
    assert [where.bbox for where in index.asked] == [box]
    assert found.inside is None
    masked = other.search(row=5, k=15, filter={"where": "lat > 0"})
    assert masked.results == opened.search(row=5, k=15, filter={"where": "lat > 0"}).results
    assert index.masks[-1] == masked.inside
    assert len(index.asked) == 1


@pytest.fixture
def folder(world: OpenSet, tmp_path: Path) -> Path:
    assert world.embeddings.folder is not None
    copy = tmp_path / "world"
    shutil.copytree(world.embeddings.folder, copy)
    return copy


def test_a_built_engine_answers_as_the_exact_one(world: OpenSet, folder: Path) -> None:
    embeddings = open_folder(folder, key=world.embeddings.key)
    other = OpenSet("world", embeddings, world.settings, pool=world.pool, engine="int8")
    with pytest.raises(SetNotFoundError) as caught:
        other.search(row=5)
    assert "eex index build" in caught.value.hint
    build_index(embeddings, "int8")
    found = other.search(text="sand desert", k=40, spread_km=0)
    assert found.results == world.search(text="sand desert", k=40, spread_km=0).results
    assert np.nanmax(np.abs(found.scores - world.search(text="sand desert").scores)) < 0.02
    assert found.ranked.all()
    with pytest.raises(UnknownNameError, match="No index is called 'int9'"):
        OpenSet("world", embeddings, world.settings, engine="int9").search(row=5)


def test_feedback_over_http_is_that_of_python(settings: Settings, world: OpenSet) -> None:
    best = [tile.row for tile in world.search(text="sand desert", k=6, spread_km=0).results]
    session = world.feedback("sand desert").mark(positive=best[:4], negative=[200, 300])
    found = session.search(k=5)
    record = {"positive": best[:4], "negative": [200, 300], "query": {"text": "sand desert"}}
    with TestClient(create_app(settings)) as client:
        answer = client.post("/api/v1/feedback", json={**record, "k": 5}).json()
        assert [r["row"] for r in answer["results"]] == [t.row for t in found.results]
        again = client.post("/api/v1/search", json=answer["recipe"]).json()
        assert again["results"] == answer["results"]
        wrong = client.post("/api/v1/feedback", json={"positive": [5], "methd": "mean"})
        assert wrong.status_code == 422
        assert "method" in wrong.json()["hint"]
        none = client.post("/api/v1/feedback", json={"negative": [5]})
        assert none.status_code == 422
