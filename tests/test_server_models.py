"""The server with models: shared between sets, absent, and told in words."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient

from eex.config import Settings
from eex.search.run import OpenSet
from eex.server.app import create_app
from toy_sets import toy_set


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch) -> OpenSet:
    examples = (("Forest", {"text": "forest"}),)
    return toy_set(monkeypatch, missing=True, examples=examples)[0]


@pytest.fixture
def client(toys: OpenSet, settings: Settings) -> Iterator[TestClient]:
    app = create_app(settings)
    app.state.eex.serve(toys)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


def test_tiles_can_be_asked_with_while_the_weights_are_not_here(client: TestClient) -> None:
    found = client.post("/api/v1/search", json={"set": "toys", "row": 5, "k": 1})
    assert found.status_code == 200
    assert found.json()["results"][0]["row"] == 5
    info = client.get("/api/v1/sets/toys").json()
    assert (info["concepts"], info["prompts"]) == ([], ["a picture of {}", "{} from above"])
    assert info["takes"] == []
    examples = [example["query"] for example in info["examples"]]
    assert examples
    assert all(list(query) == ["row"] for query in examples)  # what can be answered all the same
    problem = client.post("/api/v1/search", json={"set": "toys", "text": "forest"})
    assert problem.status_code == 503
    assert problem.headers["content-type"] == "application/problem+json"
    record = problem.json()
    assert (record["code"], record["hint"]) == ("missing-weights", "eex models get short")
    assert "not on the server" in record["detail"]


def test_an_answer_says_how_it_was_made(settings: Settings, world: OpenSet) -> None:
    assert len(world)
    with TestClient(create_app(settings)) as client:
        query = {"text": "mountains and coastline", "split": True, "match": "all", "k": 3}
        answer = client.post("/api/v1/search", json=query).json()
        again = client.post("/api/v1/search", json=answer["recipe"]).json()
        plain = client.post("/api/v1/search", json={"text": "sand desert"}).json()
        wrong = client.post("/api/v1/search", json={"text": "a", "match": "any"})
    assert answer["score_kind"] == "lowest z-score of the parts"
    assert plain["score_kind"] == "cosine"
    assert (again["id"], again["results"]) == (answer["id"], answer["results"])
    assert wrong.status_code == 422


def test_sets_share_one_pool_of_models(settings: Settings, world: OpenSet) -> None:
    assert len(world)
    state = create_app(settings).state.eex
    assert state.open("world").pool is state.pool
    state.open("world").search(text="sand desert")
    assert state.pool.names == ("demo-bluemarble-concepts",)
