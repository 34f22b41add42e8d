"""What goes around every answer: policy, origins, compression; and what pictures may be."""

from __future__ import annotations

import base64
import gzip
import struct
import zlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import uvicorn
from fastapi.testclient import TestClient

from eex.config import MAX_PICTURE_PIXELS, Settings
from eex.errors import BadQueryError
from eex.search.run import OpenSet
from eex.server import app as apps
from eex.server.app import create_app
from eex.server.page import Page
from eex.server.run import listen, serve_forever


@pytest.fixture(scope="module")
def client(settings: Settings, world: OpenSet) -> Iterator[TestClient]:
    assert len(world)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def directives(client: TestClient, url: str = "/api/v1/health") -> dict[str, list[str]]:
    policy = client.get(url).headers["content-security-policy"]
    pieces = [piece.split() for piece in policy.split(";")]
    return {name: rest for name, *rest in pieces}


JSON = "application/json"

STRICT = {
    "default-src": ["'self'"],
    "script-src": ["'self'"],
    "img-src": ["'self'", "data:", "blob:"],
    "style-src": ["'self'", "'unsafe-inline'"],
    "worker-src": ["'self'", "blob:"],
    "connect-src": ["'self'"],
    "object-src": ["'none'"],
    "base-uri": ["'none'"],
    "form-action": ["'self'"],
    "frame-ancestors": ["'self'"],
}


def test_the_policy_lets_nothing_in_from_elsewhere(client: TestClient) -> None:
    for url in ("/api/v1/health", "/", "/api/v1/nothing"):
        assert directives(client, url) == STRICT


MAPS = (
    "Satellite = https://tiles.example/{z}/{x}/{y}.jpg?key=a%2Cb | © Example; "
    "Streets=https://b.example:8443/{x}/{y}/{z}|Others, 2024"
)


def test_maps_that_the_operator_names_are_let_in_and_listed(settings: Settings) -> None:
    named = Settings.from_env({"EEX_TILE_SOURCES": MAPS})
    told = TestClient(create_app(replace(settings, tile_sources=named.tile_sources)))
    hosts = ["https://tiles.example", "https://b.example:8443"]
    expected = {**STRICT, "connect-src": ["'self'", *hosts]}
    assert directives(told) == expected | {"img-src": [*STRICT["img-src"], *hosts]}
    assert told.get("/api/v1/config").json()["tile_sources"] == [
        {
            "name": "Satellite",
            "url": "https://tiles.example/{z}/{x}/{y}.jpg?key=a%2Cb",
            "attribution": "© Example",
        },
        {
            "name": "Streets",
            "url": "https://b.example:8443/{x}/{y}/{z}",
            "attribution": "Others, 2024",
        },
    ]


def test_without_them_there_are_none(client: TestClient) -> None:
    told = client.get("/api/v1/config").json()
    assert told["tile_sources"] == []
    assert told["limits"]["k"] == 50_000
    assert told["limits"]["picture_pixels"] == MAX_PICTURE_PIXELS


@pytest.mark.parametrize(
    "text",
    [
        "https://tiles.example/{z}/{x}/{y}",
        "A=https://tiles.example/{z}/{x}|me",
        "A=https://tiles.example/{z}/{x}/{y}",
        "A=ftp://tiles.example/{z}/{x}/{y}|me",
        "A=javascript:alert(1)//{z}/{x}/{y}|me",
        "A=https://*/{z}/{x}/{y}|me",
        "A=https://tiles.example' 'unsafe-eval/{z}/{x}/{y}|me",
        "A=https://user:secret@tiles.example/{z}/{x}/{y}|me",
        "A=https://{s}.example/{z}/{x}/{y}|me",
        "A=https://a.example/{z}/{x}/{y}|me;A=https://b.example/{z}/{x}/{y}|me",
        "A=https://a.example:99999999/{z}/{x}/{y}|me",
    ],
)
def test_what_is_no_map_is_refused_in_words(text: str) -> None:
    with pytest.raises(BadQueryError, match="EEX_TILE_SOURCES"):
        Settings.from_env({"EEX_TILE_SOURCES": text})


@pytest.mark.parametrize("name", ["EEX_CORS_ORIGINS", "EEX_FRAME_ANCESTORS"])
def test_what_is_no_origin_is_refused_in_words(name: str) -> None:
    for text in ("*", "earth.example", "https://a.example/path", "https://a b", "null", "'self'"):
        with pytest.raises(BadQueryError, match=name) as caught:
            Settings.from_env({name: f"https://good.example,{text}"})
        assert "https://" in caught.value.hint


def test_sites_that_may_show_the_page_in_a_frame_are_named(settings: Settings) -> None:
    named = Settings.from_env({"EEX_FRAME_ANCESTORS": "https://a.example, https://*.b.example/"})
    told = TestClient(create_app(replace(settings, frame_ancestors=named.frame_ancestors)))
    sites = ["'self'", "https://a.example", "https://*.b.example"]
    assert directives(told) == {**STRICT, "frame-ancestors": sites}


def asked(client: TestClient, origin: str, method: str = "GET", **headers: str) -> Any:
    return client.request(method, "/api/v1/health", headers={"Origin": origin, **headers}).headers


def test_pages_elsewhere_read_nothing_unless_they_are_named(
    client: TestClient, settings: Settings
) -> None:
    ask = {"Access-Control-Request-Method": "POST"}
    for method in ("GET", "OPTIONS"):
        told = asked(client, "https://evil.example", method, **ask)
        assert not [name for name in told if name.startswith("access-control")]
    named = Settings.from_env({"EEX_CORS_ORIGINS": "https://Good.example/, http://localhost:5173"})
    opened = create_app(replace(settings, cors_origins=named.cors_origins, token="secret-token"))
    other = TestClient(opened)
    for origin in ("https://good.example", "http://localhost:5173"):
        told = asked(other, origin)
        assert told["access-control-allow-origin"] == origin
        assert "access-control-allow-credentials" not in told
        assert "ETag" in told["access-control-expose-headers"]
        told = asked(other, origin, "OPTIONS", **ask)  # asked before, without the token
        assert told["access-control-allow-origin"] == origin
        assert "Authorization" in told["access-control-allow-headers"]
        refused = other.get("/api/v1/models", headers={"Origin": origin})
        assert refused.status_code == 401
        assert refused.headers["access-control-allow-origin"] == origin
    for origin in ("https://evil.example", "http://good.example", "https://good.example.evil.net"):
        assert "access-control-allow-origin" not in asked(other, origin)


def raw(client: TestClient, url: str, coding: str = "gzip") -> tuple[Any, bytes]:
    """Return headers and the bytes as they came."""
    with client.stream("GET", url, headers={"Accept-Encoding": coding}) as answer:
        assert answer.status_code == 200
        return answer.headers, b"".join(answer.iter_raw())


def test_what_gets_smaller_is_compressed(client: TestClient) -> None:
    found = client.post("/api/v1/search", json={"text": "sand desert", "k": 100})
    assert found.headers["content-encoding"] == "gzip"
    urls = ["/api/v1/openapi.json", "/api/v1/sets/world/positions", "/api/v1/basemap/places"]
    for url in urls:
        headers, sent = raw(client, url)
        plain, whole = raw(client, url, "identity")
        assert headers["content-encoding"] == "gzip"
        assert "content-encoding" not in plain
        assert gzip.decompress(sent) == whole
        assert len(sent) < 0.9 * len(whole)
        assert "accept-encoding" in headers["vary"].lower()
        if "etag" in headers:
            asks = {"Accept-Encoding": "gzip", "If-None-Match": headers["etag"]}
            again = client.get(url, headers=asks)
            assert (again.status_code, again.content) == (304, b"")
    scores, sent = raw(client, found.json()["scores"]["url"])
    assert "content-encoding" not in scores
    assert len(sent) == 2 * 17_666
    for url in ("/api/v1/sets/world/tiles/5/picture", "/api/v1/health"):
        assert "content-encoding" not in raw(client, url)[0]


def test_the_pages_files_are_compressed_and_not_sent_twice(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apps, "STATIC", tmp_path)
    (tmp_path / "index.html").write_text("<p>")
    (tmp_path / "app.js").write_text("let a = 1;\n" * 1_000)
    client = TestClient(create_app(settings))
    headers, sent = raw(client, "/app.js")
    assert headers["content-encoding"] == "gzip"
    assert gzip.decompress(sent) == (tmp_path / "app.js").read_bytes()
    again = client.get("/app.js", headers={"If-None-Match": headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")


def png(width: int, height: int, rows: bytes) -> bytes:
    """Return a PNG that says it has so many pixels."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    body = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 9)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def bmp(width: int, height: int) -> bytes:
    head = struct.pack("<IIIHHIIIIII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54 + 64, 0, 0, 54) + head[:40] + bytes(64)


BOMBS = {
    "900 million pixels in 2.6 MB": png(30_000, 30_000, bytes(2**28)),
    "one line too long": png(2**31 - 1, 1, bytes(2**20)),
    "more than there is": png(8_000, 8_000, bytes(100)),
    "a bitmap that says so": bmp(40_000, 40_000),
    "a short one": png(60, 60, bytes(10)),
    "nothing": b"",
}


@pytest.mark.parametrize("name", BOMBS)
def test_a_picture_that_grows_is_refused_before_it_does(client: TestClient, name: str) -> None:
    data = base64.b64encode(BOMBS[name]).decode()
    answer = client.post("/api/v1/search", json={"image": data})
    problem = answer.json()
    assert (answer.status_code, problem["code"]) == (422, "bad-picture"), problem
    assert problem["detail"]


def test_a_file_that_is_too_large_is_refused(client: TestClient) -> None:
    data = base64.b64encode(bytes(32 * 2**20 + 100)).decode()
    answer = client.post("/api/v1/search", json={"image": data})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-picture")
    assert "32" in answer.json()["detail"]
    data = base64.b64encode(bytes(33 * 2**20)).decode()
    answer = client.post("/api/v1/search", json={"image": data})
    assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
    parts = [{"kind": "image", "data": "AAAA"}] * 5
    answer = client.post("/api/v1/search", json={"parts": parts})
    assert (answer.status_code, answer.json()["code"]) == (422, "bad-query")


SECRET = "/srv/secret: no such file"


@pytest.mark.parametrize(
    ("method", "url", "place"),
    [
        ("POST", "/api/v1/recipe", "eex.server.asking.recipe_in"),
        ("POST", "/api/v1/search", "eex.server.asking.answer_json"),
        ("POST", "/api/v1/sets/world/count", "eex.server.routes.check_keys"),
        ("GET", "/api/v1/basemap/places", "eex.server.ground._labels"),
        ("GET", "/api/v1/models", "eex.server.routes.encoder_specs"),
        ("GET", "/api/v1/sets/world/tiles/5/picture", "eex.server.tiles.webp"),
    ],
)
def test_an_error_that_nobody_expected_says_nothing_of_itself(
    client: TestClient, monkeypatch: pytest.MonkeyPatch, method: str, url: str, place: str
) -> None:
    def broken(*_: object, **__: object) -> None:
        raise OSError(SECRET)

    monkeypatch.setattr(place, broken)
    body = {"json": {"text": "sand desert"}} if method == "POST" else {}
    answer = client.request(method, url, **body)
    assert (answer.status_code, answer.json()["code"]) == (500, "internal")
    assert "secret" not in answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert "default-src" in answer.headers["content-security-policy"]


def test_only_this_machine_is_served_unless_told_otherwise() -> None:
    settings = Settings.from_env({})
    assert settings.host == "127.0.0.1"
    with listen(settings.host, 0) as taken:
        assert taken.getsockname()[0] == "127.0.0.1"
    assert Settings.from_env({"EEX_HOST": "0.0.0.0"}).host == "0.0.0.0"


@pytest.mark.parametrize(
    ("host", "token", "told"),
    [("127.0.0.1", "", False), ("0.0.0.0", "", True), ("0.0.0.0", "a-long-token", False)],
)
def test_a_server_that_all_may_ask_says_so(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, host: str, token: str, *, told: bool
) -> None:
    monkeypatch.setattr(uvicorn.Server, "run", lambda *_, **__: None)
    said: list[str] = []
    settings = Settings(cache_dir=tmp_path, threads=1, host=host, port=0, token=token)
    serve_forever(settings, say=said.append)
    assert said[0].startswith(f"Serving on http://{host}:")
    assert any("EEX_TOKEN" in line for line in said) == told
    assert not token or token not in " ".join(said)


@pytest.mark.parametrize(
    ("method", "url", "allowed"),
    [
        ("GET", "/api/v1/search", "POST"),
        ("DELETE", "/api/v1/search", "POST"),
        ("PUT", "/api/v1/health", "GET, HEAD"),
        ("DELETE", "/api/v1/sets/world", "GET, HEAD"),
    ],
)
def test_a_method_that_a_route_does_not_take_is_told_with_those_it_takes(
    client: TestClient, method: str, url: str, allowed: str
) -> None:
    answer = client.request(method, url)
    assert (answer.status_code, answer.headers["allow"]) == (405, allowed)
    assert answer.json()["code"] == "http-405"
    assert client.request(method, "/api/v1/nothing").status_code in {404, 405}


@pytest.mark.parametrize(
    "url", ["/api/v1/health", "/api/v1/basemap/places", "/api/v1/sets/world/positions"]
)
def test_head_says_what_get_would_say_without_the_body(client: TestClient, url: str) -> None:
    asked, got = client.head(url), client.get(url)
    assert (asked.status_code, asked.content) == (200, b"")
    assert dict(asked.headers) == dict(got.headers)
    assert client.head("/api/v1/nothing").status_code == 404
    counted = client.get("/api/v1/metrics").text
    assert 'method="HEAD",route="/api/v1/health",status="200"' in counted


def test_an_entity_tag_is_the_same_however_an_answer_is_compressed(client: TestClient) -> None:
    for coding in ("gzip", "identity"):
        got = client.get("/api/v1/basemap/places", headers={"Accept-Encoding": coding})
        assert got.headers["etag"].startswith('W/"')
        known = {"Accept-Encoding": coding, "If-None-Match": got.headers["etag"]}
        again = client.get("/api/v1/basemap/places", headers=known)
        assert (again.status_code, again.headers["etag"]) == (304, got.headers["etag"])


def test_only_files_named_by_their_content_are_kept_unasked(tmp_path: Path) -> None:
    (tmp_path / "assets").mkdir()
    for name in ("index.html", "assets/index-B0kUGiLH.js"):
        (tmp_path / name).write_text("0")
    page = TestClient(Page(directory=tmp_path, html=True))
    first = page.get("/")
    assert first.headers["cache-control"] == "no-cache"
    again = page.get("/", headers={"If-None-Match": first.headers["etag"]})
    assert (again.status_code, again.headers["cache-control"]) == (304, "no-cache")
    assert again.headers["etag"] == first.headers["etag"]
    assert "immutable" in page.get("/assets/index-B0kUGiLH.js").headers["cache-control"]


def test_an_error_repeats_what_is_no_unicode(client: TestClient) -> None:
    body = b'{"set": "\\ud800", "positive": [1]}'
    answer = client.post("/api/v1/feedback", content=body, headers={"Content-Type": JSON})
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown-name")


def test_a_map_at_no_address_is_told_in_words() -> None:
    with pytest.raises(BadQueryError, match="not a map"):
        Settings.from_env({"EEX_TILE_SOURCES": "A=https://[/{z}/{x}/{y}|Example"})
