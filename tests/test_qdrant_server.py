"""A Qdrant server as far as it can be tested without one.

The client's local mode stands in for the server where its answers matter. Where requests and
refusals matter, a loopback server answers them; it knows nothing of vectors and is no Qdrant
server.
"""

from __future__ import annotations

import itertools
import json
import shutil
import threading
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest

from eex.embeddings import EmbeddingSet
from eex.errors import (
    AbsentError,
    BadAnswerError,
    BadQueryError,
    CancelledError,
    ChangedError,
    EexError,
    RemoteError,
    UnavailableError,
)
from eex.filters.record import Filter
from eex.index import qdrant_server, qdrant_waiting
from eex.index.engines import Building, Opening
from eex.index.options import read_options
from eex.index.plain import open_exact
from eex.index.qdrant import QdrantIndex
from eex.index.qdrant_engines import QDRANT, collection_name
from eex.index.qdrant_waiting import State, wait_indexed
from eex.stopping import stopping
from eex.testing import toy_vectors
from test_qdrant import local_mode, set_of

pytestmark = [
    pytest.mark.filterwarnings("ignore:Payload indexes have no effect in the local"),
    pytest.mark.filterwarnings("ignore:Local mode performs exact"),
    pytest.mark.filterwarnings("ignore:Api key is used with an insecure connection"),
]

KEY = "a-secret-key"

CONNECT = qdrant_server.connect
"""Before anything is put in its place."""


@pytest.fixture(autouse=True)
def local(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    with local_mode(monkeypatch) as client:
        yield client


@pytest.fixture
def embeddings() -> EmbeddingSet:
    vectors = toy_vectors(300, 8)
    vectors[[4, 200]] = 0
    return set_of(vectors)


def build(embeddings: EmbeddingSet, folder: Path, **options: Any) -> None:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    assert QDRANT.build
    chosen = read_options(QDRANT, options)
    QDRANT.build(Building(embeddings=embeddings, folder=folder, options=chosen))


def opened(embeddings: EmbeddingSet, folder: Path, **options: Any) -> QdrantIndex:
    chosen = read_options(QDRANT, options)
    index = QDRANT.open(Opening(embeddings=embeddings, folder=folder, options=chosen))
    assert isinstance(index, QdrantIndex)
    return index


def test_a_set_is_uploaded_with_what_can_be_filtered_by(
    embeddings: EmbeddingSet, tmp_path: Path, local: Any
) -> None:
    build(embeddings, tmp_path / "index")
    name = collection_name(embeddings)
    assert name == "eex-toys-key"
    assert local.count(name).count == 298
    (point,) = local.retrieve(name, [17], with_vectors=True)
    lon, lat = embeddings.lonlat[17]
    assert point.payload == {
        "centre": {"lon": lon, "lat": lat},
        "columns": {"grid_cell": "17"},
    }
    assert np.linalg.norm(point.vector) == pytest.approx(1)
    assert local.retrieve(name, [4, 200]) == []


def test_building_again_sends_only_what_is_missing(
    embeddings: EmbeddingSet, tmp_path: Path, local: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(embeddings, tmp_path / "index")
    name = collection_name(embeddings)
    local.delete(name, [3, 77, 299])
    sent: list[int] = []
    upsert = local.upsert

    def noted(collection: str, points: Any, **options: Any) -> Any:
        sent.extend(point.id for point in points)
        return upsert(collection, points, **options)

    monkeypatch.setattr(local, "upsert", noted)
    with pytest.raises(BadAnswerError, match="295 vectors, not 298"):
        opened(embeddings, tmp_path / "index")
    build(embeddings, tmp_path / "index")
    assert sent == [3, 77, 299]
    query = toy_vectors(2, 8, seed=5)
    found = opened(embeddings, tmp_path / "index", exact=True).search(query, k=9)
    right = open_exact(Opening(embeddings=embeddings)).search(query, k=9)
    np.testing.assert_array_equal(found.rows, right.rows)
    np.testing.assert_array_equal(found.scores, right.scores)


def test_a_collection_of_other_data_is_neither_filled_nor_searched(
    embeddings: EmbeddingSet, tmp_path: Path, local: Any
) -> None:
    from qdrant_client import models

    build(embeddings, tmp_path / "index", collection="mine")
    other = replace(embeddings, key="other")
    for given, options in ((other, {}), (embeddings, {"vectors": "float16"})):
        with pytest.raises(ChangedError) as refused:
            build(given, tmp_path / "again", collection="mine", **options)
        assert "collection=NAME" in refused.value.hint
    local.delete_collection("mine")
    with pytest.raises(AbsentError):
        opened(embeddings, tmp_path / "index", collection="mine")
    vectors = models.VectorParams(size=8, distance=models.Distance.COSINE)
    local.create_collection("mine", vectors_config=vectors)
    with pytest.raises(ChangedError, match="does not say"):
        opened(embeddings, tmp_path / "index", collection="mine")


class Told(BaseHTTPRequestHandler):
    """Answers as told and notes what it was asked."""

    server: Server

    def _answer(self) -> None:
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length)
        self.server.asked.append((self.command, self.path, dict(self.headers), body))
        status, answer = self.server.answer(self.command, self.path)
        text = json.dumps(answer).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        with suppress(ConnectionError):  # who asked has gone
            self.wfile.write(text)

    do_GET = do_PUT = do_POST = do_PATCH = _answer  # noqa: N815

    def log_message(self, *_: Any) -> None:
        pass


class Server(ThreadingHTTPServer):
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Told)
        self.asked: list[tuple[str, str, dict[str, str], bytes]] = []
        self.answers: dict[str, tuple[int, Any]] = {}

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_address[1]}"

    def answer(self, command: str, path: str) -> tuple[int, Any]:
        return self.answers.get(f"{command} {urlsplit(path).path}", (404, {"status": "none"}))


@pytest.fixture
def server(monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setattr(qdrant_server, "connect", CONNECT)
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    running = Server()
    thread = threading.Thread(target=running.serve_forever, args=(0.01,))
    thread.start()
    yield running
    running.shutdown()
    thread.join()
    running.server_close()


def ok(result: Any) -> tuple[int, Any]:
    return 200, {"result": result, "status": "ok", "time": 0.0}


def described(metadata: dict[str, Any] | None) -> tuple[int, Any]:
    """Return what a server says of a collection."""
    optimizer = {
        "deleted_threshold": 0.2,
        "vacuum_min_vector_number": 1_000,
        "default_segment_number": 0,
        "flush_interval_sec": 5,
    }
    config = {
        "params": {},
        "hnsw_config": {"m": 16, "ef_construct": 100, "full_scan_threshold": 10_000},
        "optimizer_config": optimizer,
        "metadata": metadata,
    }
    about = {"status": "green", "optimizer_status": "ok", "segments_count": 1}
    return ok({**about, "config": config, "payload_schema": {}})


def collection(server: Server) -> qdrant_server.Collection:
    client = qdrant_server.connect(server.url, prefer_grpc=False, timeout=1)
    return qdrant_server.Collection(client, "tiles", server.url)


def test_requests_carry_the_filter_the_way_of_searching_and_the_key(
    server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    from eex.index.qdrant_payload import Uploaded
    from eex.index.qdrant_where import pushed

    monkeypatch.setenv(qdrant_server.API_KEY, KEY)
    points = [{"id": 5, "version": 1, "score": 0.5}, {"id": 2, "version": 1, "score": 0.25}]
    server.answers["POST /collections/tiles/points/query/batch"] = ok([{"points": points}])
    known = Uploaded(placed=True, named=True, time=True, cloud=True, columns={"n": "integer"})
    where = Filter(bbox=(170, -10, -170, 10), time=("2020", "2020"), where="NOT n = 3", cloud=20)
    asked = pushed(where, known)
    assert asked is not None
    unit = np.eye(4)[:1]
    ((rows, scores),) = collection(server).nearest(
        unit, 2, where=asked.condition, exact=False, ef=64, oversampling=3.0
    )
    assert (rows.tolist(), scores.tolist()) == ([5, 2], [0.5, 0.25])
    _, _, headers, body = server.asked[-1]
    assert {name.lower(): value for name, value in headers.items()}["api-key"] == KEY
    (search,) = json.loads(body)["searches"]
    assert search["query"]["nearest"] == [1.0, 0.0, 0.0, 0.0]
    assert search["params"]["hnsw_ef"] == 64
    assert search["params"]["quantization"] == {"ignore": False, "rescore": True, "oversampling": 3}
    place, time, cloud, number = _bare(search["filter"])["must"]
    assert place["must"][0] == {"key": "centre.lat", "range": {"gte": -10, "lte": 10}}
    assert {"key": "centre.lon", "range": {"gte": 170}} in place["must"][1]["should"]
    start = int(np.datetime64("2020-01-01", "us").astype(np.int64))
    end = int(np.datetime64("2021-01-01", "us").astype(np.int64))
    assert time == {"key": "time", "range": {"gte": start, "lt": end}}
    assert cloud == {"key": "cloud", "range": {"lte": 20}}
    none, three = number["must_not"]
    assert none == {"is_empty": {"key": 'columns."n"'}}
    assert three == {"key": 'columns."n"', "range": {"gte": 3, "lte": 3}}


def _bare(value: Any) -> Any:
    """Leave out what is null."""
    if isinstance(value, dict):
        return {key: _bare(one) for key, one in value.items() if one is not None}
    return [_bare(one) for one in value] if isinstance(value, list) else value


@pytest.mark.parametrize(
    ("status", "error", "hint"),
    [
        (401, RemoteError, qdrant_server.API_KEY),
        (403, RemoteError, qdrant_server.API_KEY),
        (404, AbsentError, "Build the index again"),
        (400, BadAnswerError, "1.16"),
        (429, UnavailableError, "timeout"),
        (500, UnavailableError, "timeout"),
    ],
)
def test_refusals_are_told_without_the_key(
    server: Server,
    monkeypatch: pytest.MonkeyPatch,
    status: int,
    error: type[EexError],
    hint: str,
) -> None:
    monkeypatch.setenv(qdrant_server.API_KEY, KEY)
    said = {"status": {"error": "no such luck"}, "time": 0.0}
    server.answers["POST /collections/tiles/points/query/batch"] = (status, said)
    with pytest.raises(error) as refused:
        collection(server).nearest(np.eye(4)[:1], 2)
    assert hint in refused.value.hint
    assert KEY not in f"{refused.value} {refused.value.hint} {refused.value.__cause__}"
    assert server.url in str(refused.value)


def test_a_server_that_is_not_there_is_said_to_be_so(server: Server) -> None:
    there = collection(server)
    server.shutdown()
    server.server_close()
    with pytest.raises(UnavailableError, match="does not answer"):
        there.estimate({"must": []})


def test_a_server_that_does_not_answer_in_time_is_said_to_be_so(server: Server) -> None:
    waiting = threading.Event()

    def slow(_command: str, _path: str) -> tuple[int, Any]:
        waiting.wait(5)
        return ok({"count": 1})

    server.answer = slow  # type: ignore[method-assign]
    with pytest.raises(UnavailableError, match="timed out"):
        collection(server).estimate({"must": []})
    waiting.set()


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_grpc_is_told_alike(server: Server) -> None:
    client = qdrant_server.connect("http://127.0.0.1:1", prefer_grpc=True, timeout=1)
    there = qdrant_server.Collection(client, "tiles", "http://127.0.0.1:1")
    with pytest.raises(UnavailableError):
        there.nearest(np.eye(4)[:1], 2)
    client.close()
    assert server.asked == []


def test_a_collection_is_made_as_asked(
    server: Server, embeddings: EmbeddingSet, tmp_path: Path
) -> None:
    name = collection_name(embeddings)
    path = f"/collections/{name}"
    server.answers |= {
        f"GET {path}/exists": ok({"exists": False}),
        f"GET {path}": described({"earth-embedding-explorer": {"key": "key"}}),
        f"PUT {path}": ok(result=True),
        f"PUT {path}/index": ok({"operation_id": 1, "status": "completed"}),
        f"PUT {path}/points": (500, {"status": {"error": "disk full"}}),
    }
    options = {"shards": 6, "replicas": 2, "quantization": "int8", "m": 24, "vectors": "float16"}
    with pytest.raises(UnavailableError, match="disk full"):
        build(embeddings, tmp_path / "index", url=server.url, **options)
    put = [(urlsplit(to).path, body) for how, to, _, body in server.asked if how == "PUT"]
    sent = [(to, _bare(json.loads(body))) for to, body in put]
    (made,) = (body for to, body in sent if to == path)
    assert made["shard_number"] == 6
    assert made["replication_factor"] == 2
    assert made["vectors"] == {
        "size": 8, "distance": "Cosine", "datatype": "float16", "on_disk": True
    }  # fmt: skip
    assert made["hnsw_config"]["m"] == 24
    assert made["quantization_config"]["scalar"]["type"] == "int8"
    assert made["metadata"]["earth-embedding-explorer"]["key"] == "key"
    indexed = [body for to, body in sent if to == f"{path}/index"]
    kinds = {one["field_name"]: one["field_schema"] for one in indexed}
    assert kinds["centre"] == "geo"
    assert kinds["centre.lon"] == kinds["centre.lat"] == "float"
    assert kinds['columns."grid_cell"'] == "keyword"


def test_a_server_too_old_for_metadata_is_said_to_be_so(
    server: Server, embeddings: EmbeddingSet, tmp_path: Path
) -> None:
    path = f"/collections/{collection_name(embeddings)}"
    server.answers |= {
        f"GET {path}/exists": ok({"exists": False}),
        f"PUT {path}": ok(result=True),
        f"GET {path}": described(None),
    }
    with pytest.raises(BadAnswerError, match="keeps no metadata") as refused:
        build(embeddings, tmp_path / "index", url=server.url)
    assert "1.16" in refused.value.hint


def test_addresses_that_hold_a_password_or_are_none_are_refused() -> None:
    for url in ("localhost:6333", "ftp://host", "http://", "https://me:secret@host:6333"):
        with pytest.raises(BadQueryError) as refused:
            CONNECT(url, prefer_grpc=False, timeout=1)
        assert "secret" not in f"{refused.value} {refused.value.hint}"


def test_the_key_is_not_written_down(
    embeddings: EmbeddingSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(qdrant_server.API_KEY, KEY)
    build(embeddings, tmp_path / "index")
    files = [path for path in (tmp_path / "index").rglob("*") if path.is_file()]
    assert files
    assert all(KEY.encode() not in path.read_bytes() for path in files)
    assert not any("key" in option.name for option in QDRANT.options)


def wait(states: Iterable[State], *, patience: float = 60.0) -> tuple[list[int], int]:
    """Wait on what a server says; return what was told, and how often it was made to begin."""
    said, told, begun = iter(states), list[int](), list[None]()
    wait_indexed(
        lambda: next(said),
        lambda: begun.append(None),
        told=told.append,
        patience=patience,
        named="tiles at http://host",
    )
    return told, len(begun)


def test_a_server_is_waited_for_until_it_has_said_twice_that_all_is_done() -> None:
    green, yellow = State("green", 9, 1), State("yellow", 4, 3)
    assert wait([green, yellow, green, green, yellow]) == ([9, 4, 9, 9], 0)


def test_what_a_server_has_put_off_it_is_made_to_begin() -> None:
    grey, yellow, green = (State(name, 4, 3) for name in ("grey", "yellow", "green"))
    told, begun = wait([grey, grey, yellow, grey, yellow, green, green])
    assert (len(told), begun) == (7, 2)


def test_a_server_that_does_not_get_on_is_given_up_in_words(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = itertools.count(0, 60)
    monkeypatch.setattr(qdrant_waiting.time, "monotonic", lambda: float(next(clock)))
    for status in ("yellow", "grey", "of another version"):
        slow = [State(status, 1_000 * n, 9) for n in range(5)]
        joined = [State(status, 4_000, 9 - n) for n in range(5)]
        stuck = itertools.repeat(State(status, 4_000, 5))
        with pytest.raises(UnavailableError, match="4,000 vectors indexed") as refused:
            wait([*slow, *joined, *itertools.islice(stuck, 10)], patience=120.0)
        assert f"it is {status}" in str(refused.value)
        assert "for 2 minutes" in str(refused.value)
        assert "not sent again" in refused.value.hint


def test_a_server_that_failed_is_not_waited_for() -> None:
    with pytest.raises(BadAnswerError, match="could not index"):
        wait([State("yellow", 0, 1), State("red", 0, 1)])


def test_waiting_stops_when_it_should() -> None:
    asked: list[None] = []

    def enough() -> bool:
        asked.append(None)
        return len(asked) > 3

    with stopping(enough), pytest.raises(CancelledError):
        wait(itertools.repeat(State("yellow", 0, 1)))


def test_a_change_of_nothing_makes_a_server_begin(server: Server) -> None:
    path = "/collections/tiles"
    _, grey = described({})
    grey["result"] |= {"status": "grey", "indexed_vectors_count": 3}
    server.answers |= {
        f"GET {path}": (200, grey),
        f"PATCH {path}": (200, {"result": True, "status": "ok", "time": 0.0}),
        f"POST {path}/points/count": ok({"count": 5}),
    }
    answer = server.answer

    def begun(command: str, to: str) -> tuple[int, Any]:
        if command == "PATCH":
            server.answers[f"GET {path}"] = described({})
        return answer(command, to)

    server.answer = begun  # type: ignore[method-assign]
    told: list[int] = []
    there = collection(server)
    there.finish(5, told=told.append)
    there.close()
    (body,) = (body for how, _, _, body in server.asked if how == "PATCH")
    assert _bare(json.loads(body)) == {"optimizers_config": {}}
    assert told == [3, 0, 0]


def test_progress_is_told_of_sending_and_of_indexing(
    embeddings: EmbeddingSet, tmp_path: Path
) -> None:
    told: list[tuple[int, int]] = []
    assert QDRANT.build
    QDRANT.build(
        Building(
            embeddings=embeddings,
            folder=tmp_path,
            options=read_options(QDRANT, {}),
            progress=lambda done, total: told.append((done, total)),
        )
    )
    done = [one for one, _ in told]
    assert done == sorted(done)
    assert (done[0], done[-1]) == (150, 300)
    assert {total for _, total in told} == {300}


def test_connections_are_closed_whatever_happens(
    embeddings: EmbeddingSet, tmp_path: Path, local: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    build(embeddings, tmp_path / "index")
    assert local.closed == 1
    index = opened(embeddings, tmp_path / "index")
    assert local.closed == 1
    index.close()
    assert local.closed == 2
    with pytest.raises(BadAnswerError):
        opened(set_of(toy_vectors(305, 8)), tmp_path / "index")
    assert local.closed == 3

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(local, "upsert", full)
    with pytest.raises(OSError, match="space"):
        build(embeddings, tmp_path / "index", collection="another")
    assert local.closed == 4


@pytest.mark.parametrize("name", ["timeout", "patience"])
def test_times_of_nothing_are_refused(embeddings: EmbeddingSet, tmp_path: Path, name: str) -> None:
    for given in (0, -5):
        with pytest.raises(BadQueryError, match=f"{name} must be at least 1") as refused:
            build(embeddings, tmp_path / "index", **{name: given})
        assert f"{name}=" in refused.value.hint
