"""The API keeps its contract, and every error is a problem in words."""

from __future__ import annotations

import base64
import io
import json
import shutil
import socket
from collections.abc import Iterator
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from PIL import Image

from eex.config import Settings
from eex.errors import BadQueryError, PortInUseError, UnknownNameError
from eex.export import near
from eex.extent.area import Area
from eex.filters.record import Filter
from eex.search import query
from eex.search.feedback import query as learned
from eex.search.query import Query
from eex.search.run import OpenSet
from eex.server.app import create_app
from eex.server.run import listen
from eex.server.state import State, encode_scores

SQUARE = {"type": "Polygon", "coordinates": [[[0, 20], [9, 20], [9, 29], [0, 29], [0, 20]]]}


@pytest.fixture(scope="module")
def client(settings: Settings, world: OpenSet) -> Iterator[TestClient]:
    assert len(world)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def ask(client: TestClient, **query: Any) -> dict[str, Any]:
    answer = client.post("/api/v1/search", json=query)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_health_models_and_sets_say_that_this_is_a_demo(client: TestClient) -> None:
    assert client.get("/api/v1/health").json()["demo"] is True
    listed = client.get("/api/v1/models").json()["models"]
    models = {model["name"]: model for model in listed}
    demo = models.pop("demo-bluemarble-concepts")
    assert (demo["demo"], demo["installed"], demo["get"]) == (True, True, "")
    for name, model in models.items():
        assert not model["demo"]
        assert model["installed"] or model["get"] == f"eex models get {name}"
        assert model["variants"]
    info = client.get("/api/v1/sets").json()["sets"][0]
    assert info["demo"] is True
    assert "not Sentinel-2" in info["banner"]
    assert {"name", "examples", "reliable"} == set(info["concepts"][0])
    assert client.get("/api/v1/sets/demo-bluemarble-100km").json()["name"] == "world"


def test_a_search_answers_as_python_does(client: TestClient, world: OpenSet) -> None:
    answer = ask(client, parts=[{"kind": "text", "text": "sand desert"}], k=5)
    found = world.search(text="sand desert", k=5)
    wanted = [
        tile.to_json()
        | {"parts": None, "repeats": None, "near": near(tile.lon, tile.lat)}
        | {"time": None, "distance_km": None}
        for tile in found.results
    ]
    assert answer["results"] == wanted
    assert answer["demo"] is True
    assert answer["recipe"]["spread_km"] == 500
    assert answer["read_as"][0]["concept"] == "sand desert"
    assert answer["id"] == ask(client, text="sand desert", k=5)["id"]


def test_scores_arrive_as_numbers_of_every_tile(client: TestClient, world: OpenSet) -> None:
    answer = ask(client, text="sand desert", bbox=[-20, 0, 60, 40])
    meta = answer["scores"]
    raw = client.get(meta["url"])
    levels = np.frombuffer(raw.content, "<u2")
    found = world.search(text="sand desert", bbox=(-20, 0, 60, 40))
    assert len(levels) == meta["count"] == len(world)
    assert ((levels > 0) == found.ranked).all()
    scores = meta["min"] + (levels[found.ranked] - 1.0) / 65534 * (meta["max"] - meta["min"])
    np.testing.assert_allclose(scores, found.scores[found.ranked], atol=2e-5)
    assert (levels > 0).sum() == meta["valid"]


def test_what_does_not_change_is_not_sent_twice(client: TestClient) -> None:
    answer = ask(client, text="sand desert")
    urls = [
        answer["scores"]["url"],
        "/api/v1/sets/world/positions",
        "/api/v1/sets/world/tiles/5/picture?size=64",
        "/api/v1/basemap/bluemarble/1/0/1",
    ]
    for url in urls:
        first = client.get(url)
        assert first.status_code == 200
        again = client.get(url, headers={"If-None-Match": first.headers["etag"]})
        assert (again.status_code, again.content) == (304, b"")


def test_positions_are_the_centres_in_row_order(client: TestClient, world: OpenSet) -> None:
    raw = client.get("/api/v1/sets/world/positions").content
    positions = np.frombuffer(raw, "<f4").reshape(-1, 2)
    np.testing.assert_allclose(positions, world.embeddings.lonlat, atol=2e-5)


def test_tiles_have_facts_and_pictures(client: TestClient) -> None:
    info = client.get("/api/v1/sets/world/tiles/5000").json()
    assert info["properties"]["grid_cell"] == info["id"]
    raw = client.get("/api/v1/sets/world/tiles/5000/picture?size=96")
    assert raw.headers["content-type"] == "image/webp"
    assert Image.open(io.BytesIO(raw.content)).size == (96, 96)


def test_a_picture_can_be_asked_with(client: TestClient) -> None:
    out = io.BytesIO()
    Image.fromarray(np.full((30, 40, 3), 200, np.uint8)).save(out, "PNG")
    data = base64.b64encode(out.getvalue()).decode()
    answer = ask(client, parts=[{"kind": "image", "data": f"data:image/png;base64,{data}"}])
    assert any("colour and texture" in message for message in answer["messages"])
    assert "data" not in answer["recipe"]["parts"][0]


def test_a_mix_has_the_scores_of_its_parts(client: TestClient) -> None:
    answer = ask(client, text="mountains", place=[7, 61], weights={"place": 0.5}, k=2)
    assert set(answer["results"][0]["parts"]) == {"text", "place"}


def test_places_are_found_by_the_beginning_of_their_name(client: TestClient) -> None:
    places = client.get("/api/v1/places", params={"q": "pari"}).json()["places"]
    assert places[0]["name"] == "Paris"


def test_exports_are_files_with_credit(client: TestClient) -> None:
    mark = ask(client, text="sand desert", k=3)["id"]
    answer = client.get(f"/api/v1/searches/{mark}/export?format=geojson")
    assert answer.headers["content-disposition"].endswith('.geojson"')
    assert len(json.loads(answer.content)["features"]) == 3
    csv = client.get(f"/api/v1/searches/{mark}/export?format=csv").text
    assert csv.count("R. Stöckli") == 3


WRONG: list[tuple[Any, int, str]] = [
    ({"text": ""}, 422, "bad-query"),
    ({"text": "x" * 10_000}, 422, "bad-query"),
    ({"text": "quantum computer keyboard"}, 422, "not-understood"),
    ({"text": "sand", "k": 0}, 422, "bad-query"),
    ({"text": "sand", "k": 10**9}, 422, "bad-query"),
    ({"text": "sand", "k": "many"}, 422, "bad-query"),
    ({"text": "sand", "bbox": [0, 50, 10, 40]}, 422, "bad-query"),
    ({"text": "sand", "set": "wrold"}, 404, "unknown-name"),
    ({"text": "sand", "set": "/etc/passwd"}, 404, "unknown-name"),
    ({"place": [500, 0]}, 422, "bad-place"),
    ({"place": [45.0, 120.0]}, 422, "bad-place"),
    ({"image": base64.b64encode(b"just text").decode()}, 422, "bad-picture"),
    ({"row": 10**7}, 422, "bad-query"),
    ({"txt": "sand"}, 422, "bad-query"),
    ({"text": ["sand"]}, 422, "bad-query"),
    ({"parts": "sand"}, 422, "bad-query"),
    ({"parts": [5]}, 422, "bad-query"),
    ({"text": "sand", "set": 5}, 422, "bad-query"),
    ({"text": "sand", "filter": []}, 422, "bad-query"),
    ({"text": "sand", "filter": {"near": 5}}, 422, "bad-query"),
    ({"parts": [{"kind": "rows", "rows": [0] * 10_001}]}, 422, "bad-query"),
    ({"parts": [{"kind": "vector", "vector": [1.0] * 16_385}]}, 422, "bad-query"),
    ([1, 2], 422, "bad-query"),
]


@pytest.mark.parametrize(("body", "status", "code"), WRONG)
def test_a_wrong_query_is_a_problem_in_words(
    client: TestClient, body: object, status: int, code: str
) -> None:
    answer = client.post("/api/v1/search", json=body)
    problem = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert (answer.status_code, problem["status"], problem["code"]) == (status, status, code)
    assert problem["detail"]
    assert "Traceback" not in answer.text


ODD: list[dict[str, Any]] = [
    {"text": "sand", "version": None, "set": None, "k": None, "parts": None, "filter": None},
    {"text": "sand", "filter": {"near": "24, 10, 900"}},
    {"text": "sand", "filter": {"near": {"lon": 10, "lat": 24, "km": 900}}, "match": "all"},
    {"text": "sand", "filter": {"bbox": [0, 10, 20, 30], "where": None, "cloud": None}},
    {"text": "sand", "bbox": [170, -50, -10, 50], "fusion": "vector", "weights": None},
    {"parts": [{"kind": "area", "near": "24, 10, 300", "weight": 2}], "prompts": None},
    {"parts": [{"kind": "area", "area": json.dumps(Area.of(SQUARE).to_geojson())}]},
    {"parts": [{"kind": "rows", "rows": [5, 6]}, {"kind": "row", "row": 7, "set": ""}]},
    {"place": {"lon": 10, "lat": 24}, "prompts": [], "sets": ["world"]},
    {"text": "sand", "filter": {"time": [None, "2030"]}, "k": 3},
    {"text": "sand", "filter": {"time": "../2030", "season": ["11-01", "02-01"]}},
]
"""Records as Python and files may have them."""


@pytest.mark.parametrize("record", ODD)
def test_what_python_takes_is_taken(
    client: TestClient, world: OpenSet, record: dict[str, Any]
) -> None:
    known = {name: value for name, value in record.items() if value is not None}
    answer = client.post("/api/v1/search", json=record)
    found = world.ask(Query.from_json(known))
    assert answer.status_code == 200, answer.text
    assert answer.json()["recipe"] == found.query.to_json(pictures=False)
    rows = [result["row"] for result in answer.json()["results"]]
    assert rows == [result.row for result in found.results]


def test_what_is_not_json_is_a_problem(client: TestClient) -> None:
    answer = client.post(
        "/api/v1/search", content=b"{", headers={"content-type": "application/json"}
    )
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-query")


def test_unknown_words_list_what_is_known(client: TestClient) -> None:
    answer = client.post("/api/v1/search", json={"text": "quantum computer keyboard"}).json()
    assert "sand desert" in answer["concepts"]
    assert answer["hint"]


@pytest.mark.parametrize(
    "url",
    [
        "/api/v1/sets/none",
        "/api/v1/sets/world/tiles/99999999/picture",
        "/api/v1/sets/world/tiles/-1",
        "/api/v1/searches/none/scores",
        "/api/v1/nothing",
    ],
)
def test_what_is_not_there_is_a_problem(client: TestClient, url: str) -> None:
    answer = client.get(url)
    assert answer.status_code == 404
    assert answer.json()["status"] == 404


def test_tiles_of_the_base_map_end_where_the_picture_does(client: TestClient) -> None:
    assert client.get("/api/v1/basemap/bluemarble/9/0/0").status_code == 422
    assert client.get("/api/v1/basemap/bluemarble/0/0/5").status_code == 422


def test_a_body_over_the_limit_is_refused(client: TestClient) -> None:
    def chunks() -> Iterator[bytes]:
        for _ in range(50):
            yield bytes(2**20)

    answer = client.post("/api/v1/search", content=chunks())
    assert answer.status_code == 413


def test_an_unexpected_error_does_not_show_its_text(
    settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object, **__: object) -> None:
        message = "secret path"
        raise RuntimeError(message)

    monkeypatch.setattr("eex.server.ground.find_places", broken)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        answer = client.get("/api/v1/places?q=a")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "secret" not in answer.text


def test_a_set_is_served_under_one_name_and_never_by_its_path(
    settings: Settings, world: OpenSet, tmp_path: Path
) -> None:
    path = tmp_path / "mine.parquet"
    shutil.copy(next((settings.cache_dir / "sets").glob("*.parquet")), path)
    with TestClient(create_app(settings, sets=(path,))) as client:
        info = client.get("/api/v1/sets/mine").json()
        assert (info["name"], info["rows"]) == ("mine", len(world))
        answer = client.post("/api/v1/search", json={"text": "sand", "set": "mine"}).json()
        assert answer["recipe"]["set"] == answer["credit"]["set"] == "mine"
        assert str(tmp_path) not in json.dumps([info, answer])
    for name in ("world.parquet", "demo-bluemarble-100km.parquet", "mine.parquet"):
        with pytest.raises(BadQueryError, match="another set's name"):
            create_app(settings, sets=(path, tmp_path / name))


def test_a_page_elsewhere_cannot_reach_a_server_on_loopback(
    settings: Settings, client: TestClient
) -> None:
    assert client.get("/api/v1/health", headers={"host": "evil.example"}).status_code == 400
    assert client.get("/api/v1/health", headers={"host": "localhost:8000"}).status_code == 200
    public = TestClient(create_app(replace(settings, host="0.0.0.0")))
    assert public.get("/api/v1/health", headers={"host": "earth.example"}).status_code == 200
    named = TestClient(create_app(replace(settings, allowed_hosts=("earth.example",))))
    assert named.get("/api/v1/health", headers={"host": "earth.example"}).status_code == 200


def test_every_answer_has_the_security_headers(client: TestClient) -> None:
    for url in ("/api/v1/health", "/api/v1/nothing"):
        headers = client.get(url).headers
        assert "default-src 'self'" in headers["content-security-policy"]
        assert headers["x-content-type-options"] == "nosniff"


def test_the_description_names_every_route(client: TestClient) -> None:
    paths = client.get("/api/v1/openapi.json").json()["paths"]
    ids = {method["operationId"] for path in paths.values() for method in path.values()}
    assert {"search", "scores", "positions", "picture", "models", "sets", "health"} <= ids


def test_the_description_has_the_fields_of_a_query(client: TestClient) -> None:
    told = client.get("/api/v1/openapi.json").json()
    kept = told["components"]["schemas"]
    for name, known in (
        ("QueryRecord", query._KEYS),
        ("FeedbackRecord", (*learned._OWN, *learned._RESULTS)),
    ):
        assert set(kept[name]["properties"]) == set(known)
        assert kept[name]["examples"]
    where = {field.name for field in fields(Filter)}
    assert set(kept["FilterRecord"]["properties"]) == where


def test_only_so_many_answers_are_kept(settings: Settings, world: OpenSet) -> None:
    state = State(settings)
    marks = [state.remember(world, world.search(row=row, k=3)).id for row in range(70)]
    with pytest.raises(UnknownNameError, match="no longer kept"):
        state.recall(marks[0])
    assert state.recall(marks[-1]).id == marks[-1]
    for row in range(8):  # 17,666 results each: more than are kept
        last = state.remember(world, world.search(row=row, top_percent=100)).id
    with pytest.raises(UnknownNameError):
        state.recall(marks[-1])
    assert state.recall(last).id == last


def test_scores_of_nothing_are_zeros() -> None:
    low, high, raw = encode_scores(np.full(3, np.nan, np.float32), np.zeros(3, bool))
    assert (low, high, raw) == (0.0, 0.0, bytes(6))


def test_a_port_in_use_is_told_in_words() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with pytest.raises(PortInUseError, match=f"127.0.0.1:{port}") as caught:
            listen("127.0.0.1", port)
    assert "--port" in caught.value.hint
    with pytest.raises(PortInUseError, match="no port 99999"):
        listen("127.0.0.1", 99_999)
