"""What the server counts of itself: in few series, whatever is asked."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

import eex
from eex.config import Settings
from eex.search.run import OpenSet
from eex.server.app import create_app
from test_server_load import PATIENCE, Serve, serve, until  # noqa: F401 - a fixture

Told = dict[tuple[str, tuple[tuple[str, str], ...]], float]


@pytest.fixture
def client(settings: Settings, world: OpenSet) -> Iterator[TestClient]:
    assert len(world)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def read(text: str) -> Told:
    """Return the values of all series by name and labels."""
    return {
        (sample.name, tuple(sorted(sample.labels.items()))): sample.value
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    }


def scraped(client: TestClient) -> Told:
    answer = client.get("/api/v1/metrics")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    return read(answer.text)


def requests(told: Told, route: str, method: str, status: int) -> float:
    labels = (("method", method), ("route", route), ("status", str(status)))
    return told.get(("eex_http_requests_total", labels), 0)


def test_requests_are_counted_by_route_method_and_status(client: TestClient) -> None:
    for _ in range(3):
        client.get("/api/v1/sets/world/tiles/5")
    client.get("/api/v1/sets/world/tiles/99999999")
    client.post("/api/v1/search", json={"text": ""})
    client.get("/api/v1/health")
    told = scraped(client)
    tile = "/api/v1/sets/{name}/tiles/{row}"
    assert requests(told, tile, "GET", 200) == 3
    assert requests(told, tile, "GET", 404) == 1
    assert requests(told, "/api/v1/search", "POST", 422) == 1
    seconds = {key: value for key, value in told.items() if key[0].startswith("eex_http_request_s")}
    ends = {dict(labels)["le"] for name, labels in seconds if name.endswith("_bucket")}
    assert {"0.005", "1.0", "+Inf"} <= ends
    count = ("eex_http_request_seconds_count", (("method", "GET"), ("route", tile)))
    assert seconds[count] == 4


def test_no_series_is_named_by_who_asks(client: TestClient) -> None:
    client.get("/api/v1/health")
    known = set(scraped(client))
    for number in range(20):
        client.get(f"/nothing/{number}")
        client.get(f"/api/v1/nothing/{number}")
        client.get(f"/api/v1/sets/none{number}")
        client.request(f"ODD{number}", "/api/v1/health")
        client.get("/api/v1/health", headers={"host": f"evil{number}.example"})
    told = scraped(client)
    text = "".join(str(key) for key in set(told) - known)
    assert not re.search(r"nothing|none\d|ODD|evil", text)
    routes = {dict(labels).get("route") for _, labels in set(told) - known}
    assert routes <= {
        "none",
        "page",
        "/api/v1/health",
        "/api/v1/metrics",
        "/api/v1/sets/{name}",
        None,
    }
    assert {dict(labels).get("method") for _, labels in told} <= {"GET", "other", None}


def test_what_the_server_holds_is_told(client: TestClient) -> None:
    before = scraped(client)
    assert before["eex_build_info", (("version", eex.__version__),)] == 1
    assert before["eex_kept_answers", ()] == before["eex_open_sets", ()] == 0
    client.post("/api/v1/search", json={"text": "sand desert"})
    after = scraped(client)
    assert after["eex_kept_answers", ()] == after["eex_open_sets", ()] == 1
    assert after["eex_kept_answer_bytes", ()] >= 2 * 17_666
    assert after["eex_searches_running", ()] == after["eex_searches_waiting", ()] == 0


def test_searches_that_run_and_wait_are_told(serve: Serve) -> None:  # noqa: F811
    with serve(at_once=1, waiting=4) as running:
        app = TestClient(running.app)
        first, second = running.asks(0), running.asks(1)
        until(lambda: running.state.load.waiting == 1)
        told = scraped(app)
        assert told["eex_searches_running", ()] == told["eex_searches_waiting", ()] == 1
        assert told["eex_search_memory_bytes", ()] > 0
        leaving = running.leaves(2)
        until(lambda: running.state.load.waiting == 2)
        leaving.close()
        until(lambda: running.state.load.waiting == 1)
        running.index.gate.set()
        assert first.result(PATIENCE)[0] == second.result(PATIENCE)[0] == 200
        until(lambda: requests(scraped(app), "/api/v1/search", "POST", 200) == 2)
        assert requests(scraped(app), "/api/v1/search", "POST", 499) == 1


def test_two_servers_of_one_process_count_apart(settings: Settings, world: OpenSet) -> None:
    assert len(world)
    one, two = (TestClient(create_app(settings)) for _ in range(2))
    one.get("/api/v1/health")
    assert requests(scraped(one), "/api/v1/health", "GET", 200) == 1
    assert requests(scraped(two), "/api/v1/health", "GET", 200) == 0
