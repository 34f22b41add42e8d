"""What a page asks besides a search: how many tiles pass, what a file asks, names on the map."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

from eex.config import Settings
from eex.errors import BadQueryError
from eex.places import distances_km, find_places, nearest_cities, nearest_city
from eex.search.query import Query
from eex.search.recipe import read_recipe
from eex.search.run import OpenSet
from eex.server.app import create_app

PICTURE = "R0lGODlhAQABAIAAAP///wAAACwAAAAAAQABAAACAkQBADs="
"""A GIF of one pixel."""


@pytest.fixture(scope="module")
def client(settings: Settings, world: OpenSet) -> Iterator[TestClient]:
    assert len(world)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def test_tiles_inside_a_filter_are_counted(client: TestClient, world: OpenSet) -> None:
    lon, lat = world.embeddings.lonlat.T
    expected = int(((lon >= -20) & (lon <= 60) & (lat >= 0) & (lat <= 40)).sum())
    told = client.post(
        "/api/v1/sets/world/count", json={"filter": {"bbox": [-20, 0, 60, 40]}}
    ).json()
    assert told == {"inside": expected, "rows": len(world)}
    for nothing in ({}, {"filter": None}, {"filter": {}}):
        told = client.post("/api/v1/sets/world/count", json=nothing).json()
        assert told == {"inside": len(world), "rows": len(world)}
    by_id = client.post("/api/v1/sets/demo-bluemarble-100km/count", json={})
    assert by_id.json()["rows"] == len(world)


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"filter": {"bbox": [0, 50, 10, 40]}}, 422, "bad-query"),
        ({"filter": {"where": "no_such_column > 3"}}, 422, "bad-query"),
        ({"filter": "sand"}, 422, "bad-query"),
        ({"bbox": [0, 0, 1, 1]}, 422, "bad-query"),
        ([], 422, "bad-query"),
    ],
)
def test_what_cannot_be_counted_is_told(
    client: TestClient, body: Any, status: int, code: str
) -> None:
    answer = client.post("/api/v1/sets/world/count", json=body)
    assert (answer.status_code, answer.json()["code"]) == (status, code)
    assert client.post("/api/v1/sets/none/count", json={}).status_code == 404


def recipe_of(client: TestClient, content: bytes) -> dict[str, Any]:
    answer = client.post("/api/v1/recipe", content=content)
    assert answer.status_code == 200, answer.text
    told: dict[str, Any] = answer.json()
    return told


def test_every_file_that_keeps_a_query_gives_it(
    client: TestClient, world: OpenSet, tmp_path: Path
) -> None:
    found = world.search(text="sand desert", row=5000, filter={"where": "lat > 5"}, k=4)
    answer = client.post("/api/v1/search", json=found.recipe).json()
    files = {
        "query.json": json.dumps({"text": "sand desert", "row": 5000, "k": 4}),
        "recipe.json": json.dumps(found.recipe),
        "answer.json": json.dumps(answer),
        "python.json": json.dumps(found.to_json()),
        "best.geojson": json.dumps(found.to_geojson(), indent=2),
        "best.csv": found.to_csv(),
        "bom.csv": "\ufeff" + found.to_csv(),
        "bom.json": "\ufeff" + json.dumps(found.recipe),
    }
    for name, text in files.items():
        told = recipe_of(client, text.encode())
        (tmp_path / name).write_text(text, encoding="utf-8")
        assert told["query"] == Query.from_json(read_recipe(tmp_path / name)).to_json()
        assert told["messages"] == []
        if name != "query.json":
            assert told["query"] == found.recipe
        again = client.post("/api/v1/search", json=told["query"])
        assert again.status_code == 200


def test_a_long_recipe_in_csv_is_read(client: TestClient, world: OpenSet) -> None:
    found = world.search(row=3, k=1)
    record = {**found.recipe, "parts": [{"kind": "vector", "vector": [1.5] * 16_000}] * 3}
    text = "rank,recipe\n1," + '"' + json.dumps(record).replace('"', '""') + '"\n'
    assert len(text) > 2**17  # more than Python's csv reads unasked
    assert len(recipe_of(client, text.encode())["query"]["parts"]) == 3


def test_a_lost_picture_is_told_and_the_rest_kept(client: TestClient) -> None:
    data = base64.b64decode(PICTURE)
    query = Query.from_json(
        {
            "parts": [
                {"kind": "text", "text": "lakes"},
                {"kind": "image", "data": PICTURE, "weight": -0.5},
            ],
            "k": 7,
        }
    )
    assert data in {getattr(part, "data", b"") for part in query.parts}
    whole, short = query.to_json(), query.to_json(pictures=False)
    told = recipe_of(client, json.dumps(whole).encode())
    assert (told["query"], told["messages"]) == (whole, [])
    told = recipe_of(client, json.dumps({"recipe": short}).encode())
    assert told["query"] == short
    assert len(told["messages"]) == 1
    assert "Part 2 is a picture" in told["messages"][0]
    short["parts"][1]["weight"] = 1_000
    refused = client.post("/api/v1/recipe", json=short)
    assert (refused.status_code, refused.json()["code"]) == (422, "bad-query")
    short["parts"][1] |= {"weight": 1, "sha256": "abc"}
    assert client.post("/api/v1/recipe", json=short).status_code == 422
    assert client.post("/api/v1/recipe", json={**whole, "split": True}).status_code == 200
    lost = {"split": True, "parts": query.to_json(pictures=False)["parts"]}
    assert "splits" in client.post("/api/v1/recipe", json=lost).json()["detail"]


def test_a_set_that_is_not_served_is_told(client: TestClient) -> None:
    told = recipe_of(client, b'{"sets": ["world", "far"], "text": "sand"}')
    assert told["query"]["sets"] == ["world", "far"]
    assert told["messages"] == ["The set far is not served here: choose another."]


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"{",
        b"null",
        b"[1, 2]",
        b"a,b\n1,2\n",
        b"rank,recipe\n1,{\n",
        b"rank,recipe\n",
        b"\x89PNG\r\n\x1a\n\x00\xff",
        b"<kml></kml>",
        b"[" * 100_000,
        b'{"txt": "sand"}',
        b'{"text": "sand", "k": 0}',
        '{"text": "s\\u00e4nd", "bbox": 5}'.encode("utf-16"),
    ],
)
def test_a_file_without_a_query_is_refused_in_words(client: TestClient, content: bytes) -> None:
    answer = client.post("/api/v1/recipe", content=content)
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-query")
    assert answer.json()["detail"]
    assert "Traceback" not in answer.text


def test_files_on_this_machine_are_told_by_their_name(tmp_path: Path) -> None:
    (tmp_path / "q.json").write_text("{")
    with pytest.raises(BadQueryError, match=r"q\.json is not JSON"):
        read_recipe(tmp_path / "q.json")


def test_the_nearest_city_is_named(client: TestClient) -> None:
    told = client.get("/api/v1/places/near?lon=2.5&lat=48.8").json()
    assert told["place"]["name"] == "Paris"
    assert told["near"].startswith("Paris (")
    assert 0 < told["km"] < 30
    for wrong in ("lon=500&lat=0", "lon=0&lat=nan", "lon=0", "lon=a&lat=0"):
        answer = client.get(f"/api/v1/places/near?{wrong}")
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"


def test_many_nearest_cities_are_each_ones() -> None:
    rng = np.random.default_rng(0)
    places = np.column_stack([rng.uniform(-180, 180, 700), rng.uniform(-90, 90, 700)])
    places = np.vstack([places, [(180, 0), (-180, 0), (0, 90), (0, -90), (2.4, 48.9)]])
    cities, km = nearest_cities(places)
    for (lon, lat), city, distance in zip(places.tolist(), cities, km.tolist(), strict=True):
        assert (city, pytest.approx(distance)) == nearest_city(lon, lat)
    assert nearest_cities(np.empty((0, 2)))[0] == ()


def test_distances_are_along_the_great_circle() -> None:
    ends = np.array([(0.0, 90.0), (180.0, 0.0), (0.0, 0.0), (-179.0, 0.0)])
    quarter = np.pi / 2 * 6371.0088
    expected = [quarter, 2 * quarter, 0, 2 * quarter * 179 / 180]
    np.testing.assert_allclose(distances_km(np.array([0.0, 0.0]), ends), expected, atol=1e-6)


def test_labels_are_points_with_names_best_known_first(client: TestClient) -> None:
    answer = client.get("/api/v1/basemap/places")
    assert answer.headers["content-type"] == "application/geo+json"
    told = answer.json()
    assert "Natural Earth" in told["attribution"]
    features = told["features"]
    assert len(features) > 3_000
    ranks = [feature["properties"]["rank"] for feature in features]
    assert ranks == sorted(ranks)
    cairo = next(f for f in features if f["properties"]["name"] == "Cairo")
    known = find_places("Cairo")[0]
    assert cairo["geometry"] == {"type": "Point", "coordinates": [known.lon, known.lat]}
    assert cairo["properties"]["kind"] == "city"
    assert cairo["properties"]["country"] == "Egypt"
    tag = {"If-None-Match": answer.headers["etag"]}
    again = client.get("/api/v1/basemap/places", headers=tag)
    assert (again.status_code, again.content) == (304, b"")
