"""Exports over HTTP: media types, names of files, what is kept, and clients that go away."""

from __future__ import annotations

import base64
import http.client
import io
import json
import socket
import threading
import time
import zipfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest
import uvicorn
from fastapi.testclient import TestClient
from PIL import Image

from eex.config import Settings
from eex.errors import BadPictureError, OfflineError, RemoteError
from eex.export.chips import SIDE_BY_SIDE
from eex.export.formats import FORMATS
from eex.export.records import Result
from eex.search import taking
from eex.search.found import Found
from eex.search.run import OpenSet
from eex.server.app import create_app
from eex.server.run import listen
from eex.stopping import check_stopped

pytest.importorskip("rasterio")

PATIENCE = 60.0
"""Seconds after which a test fails instead of hanging."""


@pytest.fixture(scope="module")
def client(settings: Settings, world: OpenSet) -> Iterator[TestClient]:
    assert len(world)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


@pytest.fixture(scope="module")
def mark(client: TestClient) -> str:
    return ask(client)


@pytest.fixture(scope="module")
def found(world: OpenSet) -> Found:
    return world.search(text="fjords", k=6)


def ask(client: TestClient) -> str:
    answer = client.post("/api/v1/search", json={"text": "fjords", "k": 6})
    assert answer.status_code == 200, answer.text
    mark: str = answer.json()["id"]
    return mark


def url(mark: str, form: str, more: str = "") -> str:
    return f"/api/v1/searches/{mark}/export?format={form}{more}"


@pytest.mark.parametrize("form", FORMATS, ids=lambda form: form.name)
def test_every_format_has_its_type_and_a_plain_name(
    client: TestClient, mark: str, form: Any
) -> None:
    plain = {"Accept-Encoding": "identity"}
    got = client.get(url(mark, form.name, "&limit=1"), headers=plain)
    assert got.status_code == 200
    assert got.headers["content-type"] == form.media
    name = f"earth-{mark[:8]}{form.endings[0]}"
    assert got.headers["content-disposition"] == f'attachment; filename="{name}"'
    assert name.isascii()
    assert int(got.headers["content-length"]) == len(got.content) > 0
    again = client.get(
        url(mark, form.name, "&limit=1"), headers={"If-None-Match": got.headers["etag"]}
    )
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["etag"] == got.headers["etag"]


def test_what_is_packed_is_not_packed_again(client: TestClient, mark: str) -> None:
    for form in ("geoparquet", "png", "zip"):
        got = client.get(url(mark, form, "&limit=1"), headers={"Accept-Encoding": "gzip"})
        assert "content-encoding" not in got.headers
        assert int(got.headers["content-length"]) == len(got.content)


def test_files_are_those_of_python(
    client: TestClient, mark: str, found: Found, world: OpenSet, tmp_path: Path
) -> None:
    for form in ("geojson", "csv", "kml", "stac", "python", "recipe"):
        assert client.get(url(mark, form)).text == taking.answer_text(found, form)
    table = pq.read_table(io.BytesIO(client.get(url(mark, "geoparquet")).content))
    found.to_geoparquet(tmp_path / "best.parquet")
    assert table.equals(pq.read_table(tmp_path / "best.parquet"), check_metadata=True)
    world.save_answer(found, tmp_path / "best.zip", chips=2)
    theirs = zipfile.ZipFile(io.BytesIO(client.get(url(mark, "zip", "&limit=2")).content))
    ours = zipfile.ZipFile(tmp_path / "best.zip")
    assert theirs.namelist() == ours.namelist()
    for name in set(ours.namelist()) - {"map.png"}:
        assert theirs.read(name) == ours.read(name)


def test_the_map_is_that_of_python_but_for_rounding(
    client: TestClient, mark: str, found: Found
) -> None:
    theirs = np.asarray(Image.open(io.BytesIO(client.get(url(mark, "png")).content)), int)
    assert theirs.shape == (964, 1800, 3)
    assert np.abs(theirs - np.asarray(found.map(), int)).max() <= 2


def test_outlines_where_asked_for(client: TestClient, mark: str) -> None:
    kinds = [
        client.get(url(mark, "geojson", more)).json()["features"][0]["geometry"]["type"]
        for more in ("", "&footprints=true", "&footprints=false")
    ]
    assert kinds == ["Point", "Polygon", "Point"]


def test_a_picture_stays_in_the_recipe_alone(client: TestClient) -> None:
    out = io.BytesIO()
    Image.fromarray(np.full((40, 40, 3), (200, 170, 120), np.uint8)).save(out, "PNG")
    data = base64.b64encode(out.getvalue()).decode()
    record = {"parts": [{"kind": "image", "data": data}], "k": 3}
    mark = client.post("/api/v1/search", json=record).json()["id"]
    recipe = client.get(url(mark, "recipe")).json()
    assert recipe["parts"][0]["data"] == data
    assert client.post("/api/v1/search", json=recipe).json()["id"] == mark
    for form in ("geojson", "csv", "kml", "stac", "python", "curl"):
        text = client.get(url(mark, form)).text
        assert data not in text
    assert "sha256" in client.get(url(mark, "geojson")).json()["recipe"]["parts"][0]
    inside = zipfile.ZipFile(io.BytesIO(client.get(url(mark, "zip", "&limit=1")).content))
    assert json.loads(inside.read("recipe.json")) == recipe


def test_curl_asks_the_server_that_was_asked(settings: Settings) -> None:
    with TestClient(create_app(settings), base_url="http://localhost:8123") as client:
        text = client.get(url(ask(client), "curl")).text
    assert "http://localhost:8123/api/v1/search" in text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/api/v1/searches/none/export?format=kml", 404),
        ("/api/v1/searches/{mark}/export?format=shp", 422),
        ("/api/v1/searches/{mark}/export?format=zip&limit=101", 422),
        ("/api/v1/searches/{mark}/export?format=zip&limit=0", 422),
    ],
)
def test_mistakes_are_told(client: TestClient, mark: str, path: str, status: int) -> None:
    got = client.get(path.replace("{mark}", mark))
    assert got.status_code == status
    assert got.headers["content-type"] == "application/problem+json"
    assert got.json()["hint"]


class TestMissing:
    @pytest.fixture
    def lost(self, monkeypatch: pytest.MonkeyPatch) -> Callable[[Exception, int], None]:
        """Have the pixels of all tiles from a rank on fail."""
        real = taking.chip

        def losing(error: Exception, rank: int) -> None:
            def chip(opened: OpenSet, found: Found, result: Result) -> bytes:
                if result.rank >= rank:
                    raise error
                return real(opened, found, result)

            monkeypatch.setattr(taking, "chip", chip)

        return losing

    def test_an_archive_that_lacks_pixels_is_not_kept(
        self, client: TestClient, mark: str, lost: Callable[[Exception, int], None]
    ) -> None:
        lost(RemoteError("http://10.1.2.3/x refused", hint="ask 10.1.2.3"), 3)
        got = client.get(url(mark, "zip", "&limit=5"))
        assert got.status_code == 200
        assert got.headers["cache-control"] == "no-store"
        assert "etag" not in got.headers
        archive = zipfile.ZipFile(io.BytesIO(got.content))
        told = archive.read("chips/MISSING.txt").decode()
        assert told.count("The pixels cannot be had from where they lie.") == 3
        assert "10.1.2.3" not in told

    @pytest.mark.parametrize(
        ("error", "status"),
        [
            (RemoteError("10.1.2.3", hint="10.1.2.3"), 502),
            (OfflineError("10.1.2.3", hint="10.1.2.3"), 503),
            (BadPictureError("What lies at 10.1.2.3 is none.", hint="10.1.2.3"), 502),
        ],
    )
    def test_pixels_alone_of_which_there_are_none_are_an_error(
        self,
        client: TestClient,
        mark: str,
        lost: Callable[[Exception, int], None],
        error: Exception,
        status: int,
    ) -> None:
        lost(error, 1)
        got = client.get(url(mark, "chips"))
        assert got.status_code == status
        assert "10.1.2.3" not in got.text

    def test_an_unknown_error_is_not_shown(
        self, client: TestClient, mark: str, lost: Callable[[Exception, int], None]
    ) -> None:
        lost(ZeroDivisionError("secret"), 1)
        got = client.get(url(mark, "zip"))
        assert got.status_code == 500
        assert "secret" not in got.text


class Gated:
    """Pixels that wait until they are let through, or until nobody wants them."""

    def __init__(self) -> None:
        self.gate = threading.Event()
        self.begun = 0
        self.stopped = 0
        self.lock = threading.Lock()

    def __call__(self, *_: object) -> bytes:
        with self.lock:
            self.begun += 1
        deadline = time.monotonic() + PATIENCE
        while not self.gate.wait(0.002):
            try:
                check_stopped()
            except BaseException:
                with self.lock:
                    self.stopped += 1
                raise
            assert time.monotonic() < deadline
        return b"pixels"


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


@pytest.fixture
def port(settings: Settings, world: OpenSet) -> Iterator[int]:
    """Of a real server."""
    assert len(world)
    opened = listen("127.0.0.1", 0)
    config = uvicorn.Config(create_app(settings), log_level="error", lifespan="off")
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, args=([opened],))
    thread.start()
    until(lambda: server.started)
    yield opened.getsockname()[1]
    server.should_exit = True
    thread.join(PATIENCE)
    opened.close()
    assert not thread.is_alive()


def call(port: int, method: str, path: str, record: Any = None) -> tuple[int, bytes]:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=PATIENCE)
    try:
        body = None if record is None else json.dumps(record)
        connection.request(method, path, body, {"Content-Type": "application/json"})
        answer = connection.getresponse()
        return answer.status, answer.read()
    finally:
        connection.close()


def leaves(port: int, path: str) -> socket.socket:
    connection = socket.create_connection(("127.0.0.1", port), timeout=PATIENCE)
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode())
    return connection


def test_reading_stops_with_its_client_and_holds_up_nobody(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    gated = Gated()
    monkeypatch.setattr(taking, "chip", gated)
    _, body = call(port, "POST", "/api/v1/search", {"text": "fjords", "k": 60})
    mark = json.loads(body)["id"]
    connections = [leaves(port, url(mark, "zip")) for _ in range(5)]
    try:
        until(lambda: gated.begun == 2 * SIDE_BY_SIDE)
        assert call(port, "GET", "/api/v1/health")[0] == 200  # archives wait, others do not
        assert call(port, "GET", url(mark, "csv"))[0] == 200
        assert gated.begun == 2 * SIDE_BY_SIDE
    finally:
        for connection in connections:
            connection.close()
    until(lambda: gated.stopped == gated.begun)
    begun = gated.begun
    gated.gate.set()
    time.sleep(0.05)
    assert gated.begun == begun
    status, body = call(port, "GET", url(mark, "zip", "&limit=2"))
    assert status == 200
    assert zipfile.ZipFile(io.BytesIO(body)).testzip() is None
