"""A token where the operator set one: nothing is answered without it but the page and health."""

from __future__ import annotations

import http.cookies
import re
from dataclasses import replace
from pathlib import Path

import pytest
from fastapi.testclient import TestClient

from eex.config import Settings
from eex.errors import BadQueryError
from eex.server import app as apps
from eex.server import auth as auths
from eex.server.app import create_app
from eex.server.auth import COOKIE, Auth

TOKEN = "correct horse".replace(" ", "-")

PAGE = {"index.html": "<p>page</p>", "assets/app.js": "1;", "api.txt": "x"}


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    monkeypatch.setattr(apps, "STATIC", tmp_path / "static")
    for name, text in PAGE.items():
        file = tmp_path / "static" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    return client_of(tmp_path)


def client_of(folder: Path, **settings: str) -> TestClient:
    given = Settings(cache_dir=folder, threads=1, token=TOKEN)
    return TestClient(create_app(replace(given, **settings)), base_url="http://localhost")


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_every_route_but_health_and_the_page_needs_the_token(client: TestClient) -> None:
    told = client.get("/api/v1/openapi.json", headers=bearer(TOKEN)).json()
    tried = 0
    for path, operations in told["paths"].items():
        url = re.sub(r"{\w+}", "1", path)
        for method in operations:
            if path in auths.OPEN:
                continue
            answer = client.request(method, url)
            problem = answer.json()
            assert (answer.status_code, problem["code"]) == (401, "token-needed"), path
            assert answer.headers["content-type"] == "application/problem+json"
            assert answer.headers["www-authenticate"] == "Bearer"
            assert "default-src" in answer.headers["content-security-policy"]
            assert problem["hint"]
            tried += 1
    assert tried > 15
    for path in ("/api/v1/openapi.json", "/api/v1/metrics", "/api/v1/nothing", "/nothing"):
        assert client.get(path).status_code == 401
    assert client.get("/api/v1/health").json()["status"] == "ok"
    for path, text in {"/": PAGE["index.html"], **{f"/{n}": t for n, t in PAGE.items()}}.items():
        assert (client.get(path).status_code, client.get(path).text) == (200, text)


@pytest.mark.parametrize(
    "path",
    [
        "/api/v1/health/",
        "/api/v1/health/../sets",
        "/api/v1/health%2f..%2fsets",
        "//api/v1/sets",
        "/api.txt/../api/v1/sets",
        "/./api/v1/sets",
        "/api/v1/sets;/api/v1/health",
        "/earth/api/v1/sets",
    ],
)
def test_no_spelling_of_a_path_goes_around_it(client: TestClient, path: str) -> None:
    answer = client.get(path, follow_redirects=False)
    assert answer.status_code == 401, path


def test_the_token_opens_everything(client: TestClient) -> None:
    for headers in (bearer(TOKEN), {"Authorization": f"bearer  {TOKEN} "}):
        assert client.get("/api/v1/models", headers=headers).status_code == 200
    for wrong in ("", "x", TOKEN[:-1], TOKEN + "x", TOKEN.upper()):
        assert client.get("/api/v1/models", headers=bearer(wrong)).status_code == 401
    odd = {b"Authorization": b"Bearer \xe4\xff"}
    assert client.get("/api/v1/models", headers=odd).status_code == 401
    basic = {"Authorization": f"Basic {TOKEN}"}
    assert client.get("/api/v1/models", headers=basic).status_code == 401
    assert client.get(f"/api/v1/models?token={TOKEN}").status_code == 401
    assert client.get("/api/v1/metrics", headers=bearer(TOKEN)).status_code == 200


def cookie_of(client: TestClient, token: str = TOKEN) -> http.cookies.Morsel[str]:
    answer = client.post("/api/v1/login", json={"token": token})
    assert answer.status_code == 204
    return http.cookies.SimpleCookie(answer.headers["set-cookie"])[COOKIE]


def test_the_page_logs_in_with_a_cookie_that_holds_no_token(client: TestClient) -> None:
    cookie = cookie_of(client)
    assert cookie["httponly"] is True
    assert cookie["samesite"] == "strict"
    assert cookie["path"] == "/"
    assert not cookie["secure"]
    assert TOKEN not in cookie.value
    assert client.get("/api/v1/models").status_code == 200  # the client sends its cookie
    assert client.post("/api/v1/logout").status_code == 204
    assert client.get("/api/v1/models").status_code == 401


def test_over_https_the_cookie_goes_nowhere_else(tmp_path: Path) -> None:
    app = create_app(Settings(cache_dir=tmp_path, threads=1, token=TOKEN))
    client = TestClient(app, base_url="https://localhost")
    assert cookie_of(client)["secure"] is True


def test_a_wrong_token_gives_no_cookie(client: TestClient) -> None:
    answer = client.post("/api/v1/login", json={"token": "wrong-token"})
    assert (answer.status_code, answer.json()["code"]) == (401, "token-wrong")
    assert "set-cookie" not in answer.headers
    for wrong in ({}, {"token": 5}, {"token": "x" * 2_000}, [], {"token": TOKEN, "more": 1}):
        answer = client.post("/api/v1/login", json=wrong)
        assert (answer.status_code, answer.json()["code"]) == (422, "bad-query")
        assert TOKEN not in answer.text


def test_a_cookie_that_was_changed_or_is_old_counts_for_nothing(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    value = cookie_of(client).value
    until, _, signature = value.partition(".")
    client.cookies.clear()

    def status(cookie: str) -> int:
        return client.get("/api/v1/models", headers={"Cookie": f"{COOKIE}={cookie}"}).status_code

    assert status(value) == 200
    other = Auth("another-token").session()
    changed = [f"{int(until) + 1}.{signature}", f"{until}.{signature[:-1]}", until, "", ".", other]
    for wrong in [*changed, f"{until}.", f".{signature}", f"+{until}.{signature}"]:
        assert status(wrong) == 401, wrong
    now = auths.time.time
    monkeypatch.setattr(auths.time, "time", lambda: now() + auths.LASTS + 1)
    assert status(value) == 401


def test_without_a_token_nothing_is_asked_for(tmp_path: Path) -> None:
    client = client_of(tmp_path, token="")
    assert client.get("/api/v1/models").status_code == 200
    assert client.get("/api/v1/metrics").status_code == 200
    answer = client.post("/api/v1/login", json={"token": "anything"})
    assert answer.status_code == 204
    assert "set-cookie" not in answer.headers


def test_what_needs_a_token_is_in_no_shared_cache(client: TestClient, tmp_path: Path) -> None:
    url = "/api/v1/basemap/places"
    assert "private" in client.get(url, headers=bearer(TOKEN)).headers["cache-control"]
    assert "public" in client_of(tmp_path, token="").get(url).headers["cache-control"]


def test_the_token_is_read_from_the_environment_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(f"  {TOKEN}\n")
    read = lambda **env: Settings.from_env(env).token  # noqa: E731
    assert read(EEX_TOKEN=TOKEN) == read(EEX_TOKEN_FILE=str(file)) == TOKEN
    assert read() == read(EEX_TOKEN="") == ""
    assert TOKEN not in repr(Settings.from_env({"EEX_TOKEN": TOKEN}))
    (tmp_path / "empty").write_text("\n")
    wrong = [
        {"EEX_TOKEN": "short"},
        {"EEX_TOKEN": "with a space in it"},
        {"EEX_TOKEN": "x" * 1_001},
        {"EEX_TOKEN": TOKEN, "EEX_TOKEN_FILE": str(file)},
        {"EEX_TOKEN_FILE": str(tmp_path / "none")},
        {"EEX_TOKEN_FILE": str(tmp_path / "empty")},
        {"EEX_TOKEN_FILE": str(tmp_path)},
    ]
    for env in wrong:
        with pytest.raises(BadQueryError) as caught:
            Settings.from_env(env)
        assert caught.value.hint
        assert TOKEN not in str(caught.value)
