"""Files of labels over HTTP: what the page reads is what `eex feedback` reads."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient
from PIL import Image

from eex.config import Settings
from eex.search.query import Query
from eex.search.run import OpenSet
from eex.server.app import create_app


def picture() -> str:
    """Return a picture of sand, base64."""
    out = io.BytesIO()
    Image.new("RGB", (16, 16), (205, 170, 120)).save(out, "PNG")
    return base64.b64encode(out.getvalue()).decode()


@pytest.fixture(scope="module")
def client(settings: Settings, world: OpenSet) -> Iterator[TestClient]:
    assert len(world)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def read(client: TestClient, content: bytes, name: str = "world") -> dict[str, Any]:
    answer = client.post(f"/api/v1/sets/{name}/labels", content=content)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_a_file_that_was_saved_comes_back_with_all_its_rounds(
    client: TestClient, world: OpenSet, tmp_path: Path
) -> None:
    session = world.feedback("sand desert")
    session.mark(positive=[8702, 8703], negative=[200])
    found = session.search(k=5)
    session.mark(negative=[8703]).unmark([200]).undo()
    told = read(client, session.save(tmp_path / "sand.geojson").read_bytes())
    ids = world.embeddings.ids
    assert [(one["row"], one["label"], one["round"]) for one in told["labels"]] == [
        (200, -1, 1),
        (8702, 1, 1),
        (8703, -1, 2),
    ]
    assert [one["id"] for one in told["labels"]] == [str(ids[row]) for row in (200, 8702, 8703)]
    assert told["at"] == 2
    assert told["messages"] == []
    assert told["start"]["parts"][0]["text"] == "sand desert"
    assert [one["method"] for one in told["rounds"]] == [None, "rocchio", None, None]
    assert [one["unmarked"] for one in told["rounds"]] == [[], [], [], [200]]
    asked = client.post("/api/v1/search", json=told["rounds"][1]["query"]).json()
    assert [one["row"] for one in asked["results"]] == [one.row for one in found.results]


def test_the_key_of_a_set_is_the_one_that_its_labels_are_saved_with(
    client: TestClient, world: OpenSet
) -> None:
    session = world.feedback().mark(positive=[5])
    told = client.get("/api/v1/sets/world").json()
    of = session.to_geojson()["features"][0]["properties"]
    assert (told["key"], told["id"]) == (of["key"], of["set"])
    record = session.to_geojson()
    record["features"][0]["properties"]["key"] = "older"
    assert "another version of the set" in read(client, json.dumps(record).encode())["messages"][0]


def test_points_of_other_tools_become_tiles(client: TestClient, world: OpenSet) -> None:
    lon, lat = world.embeddings.lonlat[8702].tolist()
    point = {"type": "Point", "coordinates": [lon + 0.01, lat]}
    feature = {"type": "Feature", "geometry": point, "properties": {"class": "pos"}}
    told = read(client, json.dumps({"type": "FeatureCollection", "features": [feature]}).encode())
    assert [(one["row"], one["label"]) for one in told["labels"]] == [(8702, 1)]
    assert "nearest tile" in told["messages"][0]


@pytest.mark.parametrize("content", [b"", b"sand", b"{}", b'{"features": 3}', b"[" * 100_000])
def test_what_is_no_file_of_labels_is_told_in_words(client: TestClient, content: bytes) -> None:
    answer = client.post("/api/v1/sets/world/labels", content=content)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-query")
    assert answer.json()["hint"]
    assert client.post("/api/v1/sets/none/labels", content=b"{}").status_code == 404


def test_pictures_of_the_first_query_are_told_once(client: TestClient, world: OpenSet) -> None:
    start = Query.from_json({"image": picture(), "set": "world"})
    session = world.feedback(start)
    session.mark(positive=[8702])
    session.search(k=3)
    told = read(client, json.dumps(session.to_geojson()).encode())
    assert told["start"]["parts"][0]["data"] == picture()
    kept = told["rounds"][1]["query"]["parts"][0]
    assert "data" not in kept
    assert len(kept["sha256"]) == 64
