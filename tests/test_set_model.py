"""A set is of use where its model is not: it opens, is listed, and its tiles can be asked with."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from eex.config import Settings
from eex.errors import EexError, MissingWeightsError, UnknownNameError
from eex.search.run import OpenSet
from eex.server.app import create_app
from eex.testing import TOY
from pair_checkpoints import tiny_clip
from toy_sets import embedding_set

ELSEWHERE = "clip:/there/on-another-machine"
ABSENT: list[tuple[str, type[EexError], str]] = [
    (ELSEWHERE, MissingWeightsError, "--model-weights"),
    ("a-plug-in-s", UnknownNameError, "Known:"),
]


def opened(
    model: str, settings: Settings, *, weights: Path | None = None, name: str = "toys"
) -> OpenSet:
    embeddings = embedding_set(replace(TOY, name=model, dim=24), rows=200)
    return OpenSet(name, embeddings, settings, weights=weights)


@pytest.fixture
def client(settings: Settings, world: OpenSet) -> Iterator[TestClient]:
    assert len(world)
    app = create_app(settings)
    state = app.state.eex
    for name, (model, _, _) in zip(("path", "plugin"), ABSENT, strict=True):
        state._given[name], state._opening[name] = name, state._opening["world"]
        state._open[name] = opened(model, settings, name=name)
    with TestClient(app, raise_server_exceptions=False) as client:
        yield client


@pytest.mark.parametrize(("model", "kind", "hint"), ABSENT)
def test_its_tiles_are_asked_with_and_words_are_refused_with_what_to_do(
    settings: Settings, model: str, kind: type[EexError], hint: str
) -> None:
    toys = opened(model, settings)
    assert toys.search(row=5, k=1).results[0].row == 5
    assert toys.concepts() == ()
    for ask in (
        lambda: toys.search(text="forest"),
        lambda: toys.search(place=(7, 61)),
        lambda: toys.search(row=5, templates=True),
        lambda: toys.heatmap("forest", 5),
    ):
        with pytest.raises(kind) as caught:
            ask()
        assert hint in caught.value.hint
        assert "(row)" in caught.value.hint


def test_a_server_lists_it_and_answers_for_its_tiles(client: TestClient) -> None:
    sets = {one["name"]: one for one in client.get("/api/v1/sets").json()["sets"]}
    assert {"world", "path", "plugin"} == set(sets)
    for name, status in (("path", 503), ("plugin", 404)):
        assert (sets[name]["heatmaps"], sets[name]["prompts"]) == (False, [])
        found = client.post("/api/v1/search", json={"set": name, "row": 5, "k": 1})
        assert found.json()["results"][0]["row"] == 5
        problem = client.post("/api/v1/search", json={"set": name, "text": "forest"})
        assert (problem.status_code, "(row)" in problem.json()["hint"]) == (status, True)


def test_weights_that_lie_elsewhere_make_a_path_of_another_machine_work(
    settings: Settings, tmp_path: Path
) -> None:
    tiny_clip().save_pretrained(tmp_path)
    toys = opened(ELSEWHERE, settings, weights=tmp_path)
    assert len(toys.search(text="forest", k=3).results) == 3
    assert (toys.spec.dim, toys.encoder.spec.name) == (24, ELSEWHERE)
