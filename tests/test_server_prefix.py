"""Behind a proxy with a path prefix, whether it takes the prefix away or not."""

from __future__ import annotations

import http.client
import http.cookies
import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi.testclient import TestClient

from eex.config import Settings
from eex.errors import BadQueryError
from eex.search.run import OpenSet
from eex.server import app as apps
from eex.server.app import create_app
from eex.server.auth import COOKIE
from eex.server.run import listen
from toy_sets import toy_set

PREFIX = "/earth/embedding"

TOKEN = "a-token-of-some-length"

PATIENCE = 30.0


class Proxy:
    """Serves an application under a prefix; others are not found."""

    def __init__(self, app: Any, *, strips: bool) -> None:
        self.app, self.strips = app, strips

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        if scope["type"] == "http":
            assert scope["path"].startswith(PREFIX), scope["path"]
            if self.strips:
                path = scope["path"].removeprefix(PREFIX) or "/"
                scope = {**scope, "path": path, "raw_path": path.encode()}
        await self.app(scope, receive, send)


@pytest.fixture
def toys(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> OpenSet:
    monkeypatch.setattr(apps, "STATIC", tmp_path)
    (tmp_path / "index.html").write_text("<p>page</p>")
    (tmp_path / "app.js").write_text("1;")
    return toy_set(monkeypatch)[0]


def app_of(toys: OpenSet, **settings: Any) -> Any:
    given = replace(toys.settings, root_path=PREFIX, **settings)
    app = create_app(given)
    app.state.eex.serve(toys)
    return app


@pytest.fixture(params=[True, False], ids=["taken away", "left on"])
def client(toys: OpenSet, request: pytest.FixtureRequest) -> TestClient:
    return TestClient(Proxy(app_of(toys), strips=request.param))


def test_everything_is_found_under_the_prefix(client: TestClient) -> None:
    for path, status in (
        ("/", 200),
        ("/index.html", 200),
        ("/app.js", 200),
        ("/api/v1/health", 200),
        ("/api/v1/sets/toys/tiles/5", 200),
        ("/api/v1/nothing", 404),
        ("/nothing.js", 404),
    ):
        assert client.get(f"{PREFIX}{path}").status_code == status, path


def test_addresses_in_answers_are_under_the_prefix(client: TestClient) -> None:
    answer = client.post(f"{PREFIX}/api/v1/search", json={"set": "toys", "row": 3}).json()
    url = answer["scores"]["url"]
    assert url == f"{PREFIX}/api/v1/searches/{answer['id']}/scores"
    assert len(client.get(url).content) == 2 * 2_000
    servers = client.get(f"{PREFIX}/api/v1/openapi.json").json()["servers"]
    assert servers == [{"url": PREFIX}]


def test_a_prefix_that_a_client_names_is_not_believed(client: TestClient, toys: OpenSet) -> None:
    evil = {"X-Forwarded-Prefix": "/evil", "X-Script-Name": "/evil", "Forwarded": "prefix=/evil"}
    query = {"set": "toys", "row": 3}
    answer = client.post(f"{PREFIX}/api/v1/search", json=query, headers=evil)
    assert answer.json()["scores"]["url"].startswith(f"{PREFIX}/api/")
    app = create_app(toys.settings)
    app.state.eex.serve(toys)
    answer = TestClient(app).post("/api/v1/search", json=query, headers=evil)
    assert answer.json()["scores"]["url"].startswith("/api/")


@pytest.mark.parametrize("strips", [True, False])
def test_the_token_holds_under_the_prefix(toys: OpenSet, strips: bool) -> None:  # noqa: FBT001
    client = TestClient(Proxy(app_of(toys, token=TOKEN), strips=strips))
    for path in ("/", "/app.js", "/api/v1/health"):
        assert client.get(f"{PREFIX}{path}").status_code == 200
    for path in ("/api/v1/models", f"{PREFIX}/api/v1/models", f"{PREFIX}{PREFIX}/api/v1/models"):
        assert client.get(f"{PREFIX}{path}").status_code == 401
    answer = client.post(f"{PREFIX}/api/v1/login", json={"token": TOKEN})
    cookie = http.cookies.SimpleCookie(answer.headers["set-cookie"])[COOKIE]
    assert cookie["path"] == PREFIX
    assert client.get(f"{PREFIX}/api/v1/models").status_code == 200
    client.post(f"{PREFIX}/api/v1/logout")
    assert client.get(f"{PREFIX}/api/v1/models").status_code == 401


def test_the_prefix_alone_leads_to_the_page(toys: OpenSet) -> None:
    client = TestClient(Proxy(app_of(toys), strips=False))
    answer = client.get(PREFIX, follow_redirects=False)
    assert answer.status_code in {307, 308}
    assert answer.headers["location"].endswith(f"{PREFIX}/")
    assert client.get(PREFIX).text == "<p>page</p>"


def test_a_prefix_is_read_as_people_write_it() -> None:
    read = lambda text: Settings.from_env({"EEX_ROOT_PATH": text}).root_path  # noqa: E731
    assert read("") == read("/") == ""
    assert read("earth") == read("/earth") == read("/earth/") == "/earth"
    assert read("/a/b-c_d.e~f") == "/a/b-c_d.e~f"
    for wrong in ("https://a.example", "/a b", "/a//b", "/a/../b", "/ä", "/a?b", "/a;b"):
        with pytest.raises(BadQueryError, match="EEX_ROOT_PATH"):
            read(wrong)


@contextmanager
def listening(app: Any) -> Iterator[int]:
    """Serve for a while on a port of loopback."""
    with listen("127.0.0.1", 0) as taken:
        server = uvicorn.Server(uvicorn.Config(app, log_level="error", lifespan="off"))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]})
        thread.start()
        deadline = time.monotonic() + PATIENCE
        while not server.started:
            assert time.monotonic() < deadline
            time.sleep(0.01)
        try:
            yield taken.getsockname()[1]
        finally:
            server.should_exit = True
            thread.join(PATIENCE)


def ask(port: int, path: str, record: Any = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        method, body = ("GET", None) if record is None else ("POST", json.dumps(record))
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def test_a_real_server_answers_with_and_without_the_prefix(toys: OpenSet) -> None:
    with listening(app_of(toys)) as port:
        for front in ("", PREFIX):  # as it comes from a proxy that takes the prefix away, or not
            assert ask(port, f"{front}/api/v1/health")[0] == 200
            assert ask(port, f"{front}/")[1] == b"<p>page</p>"
            status, body = ask(port, f"{front}/api/v1/search", {"set": "toys", "row": 3})
            assert status == 200
            url = json.loads(body)["scores"]["url"]
            assert url.startswith(f"{PREFIX}/api/v1/searches/")
            assert len(ask(port, url)[1]) == 2 * 2_000
