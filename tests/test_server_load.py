"""Many clients at once, clients that go away, and more clients than the server can take."""

from __future__ import annotations

import http.client
import json
import socket
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any, Self

import anyio
import numpy as np
import pytest
import uvicorn
from anyio.lowlevel import checkpoint
from fastapi import FastAPI
from numpy.typing import ArrayLike, NDArray

from eex.config import Settings
from eex.errors import BusyError
from eex.index.base import Scan
from eex.index.batched import BatchedIndex
from eex.index.exact import ExactIndex
from eex.search.run import OpenSet
from eex.server import state as states
from eex.server.app import create_app
from eex.server.load import PART_BYTES, ROW_BYTES, Limits, Load
from eex.server.run import listen
from eex.server.state import State
from eex.stopping import check_stopped
from own_loop import in_own_loop
from toy_sets import toy_set

PATIENCE = 30.0
"""Seconds after which a test fails instead of hanging."""


class Gated(ExactIndex):
    """Its scans wait, slice after slice, until they are let through or stopped."""

    def __init__(self, vectors: NDArray[Any]) -> None:
        super().__init__(vectors, threads=1)
        self.gate = threading.Event()
        self.reads: list[int] = []
        self.slices = 0
        self.stopped = 0

    def scan(self, query: ArrayLike, *, k: int, mask: NDArray[np.bool_] | None = None) -> Scan:
        self._pass(1)
        return super().scan(query, k=k, mask=mask)

    def scan_many(
        self,
        queries: ArrayLike,
        *,
        k: Sequence[int],
        masks: Sequence[NDArray[np.bool_] | None],
    ) -> list[Scan]:
        self._pass(len(k))
        return super().scan_many(queries, k=k, masks=masks)

    def _pass(self, count: int) -> None:
        self.reads.append(count)
        deadline = time.monotonic() + PATIENCE
        while not self.gate.wait(0.001):
            self.slices += 1
            try:
                check_stopped()
            except BaseException:
                self.stopped += 1
                raise
            assert time.monotonic() < deadline


class Running:
    """A server on loopback with one toy set, whose scans wait for `gate`."""

    def __init__(self, opened: OpenSet, limits: Limits) -> None:
        self.opened = opened
        self.index = Gated(opened.embeddings.vectors)
        self.batched = BatchedIndex(self.index)
        opened._index = self.batched
        settings = replace(opened.settings, host="127.0.0.1", port=0)
        self.app: FastAPI = create_app(settings, limits=limits)
        self.state: State = self.app.state.eex
        self.state.serve(opened)
        self.socket = listen("127.0.0.1", 0)
        self.port = self.socket.getsockname()[1]
        self.server = uvicorn.Server(uvicorn.Config(self.app, log_level="error", lifespan="off"))
        self.thread = threading.Thread(target=self.server.run, args=([self.socket],))
        self.pool = ThreadPoolExecutor(40)

    def __enter__(self) -> Self:
        self.thread.start()
        until(lambda: self.server.started)
        return self

    def __exit__(self, *_: object) -> None:
        self.index.gate.set()
        self.pool.shutdown()
        self.server.should_exit = True
        self.thread.join(PATIENCE)
        self.socket.close()
        assert not self.thread.is_alive()

    def call(self, method: str, path: str, record: Any = None) -> tuple[int, dict[str, str], Any]:
        body = None if record is None else json.dumps(record)
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=PATIENCE)
        try:
            connection.request(method, path, body, {"Content-Type": "application/json"})
            answer = connection.getresponse()
            headers = {name.lower(): value for name, value in answer.getheaders()}
            return answer.status, headers, json.loads(answer.read())
        finally:
            connection.close()

    def asks(self, row: int, k: int = 5) -> Future[tuple[int, dict[str, str], Any]]:
        return self.pool.submit(self.call, "POST", "/api/v1/search", question(row, k))

    def leaves(
        self, row: int, *, path: str = "/api/v1/search", record: Any = None
    ) -> socket.socket:
        """Ask, and return the connection, to be closed before the answer comes."""
        body = json.dumps(question(row) if record is None else record).encode()
        head = (
            f"POST {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        connection = socket.create_connection(("127.0.0.1", self.port), timeout=PATIENCE)
        connection.sendall(head.encode() + body)
        return connection


def question(row: int, k: int = 5) -> dict[str, Any]:
    return {"set": "toys", "parts": [{"kind": "row", "row": row}], "k": k, "spread_km": 0}


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)


Serve = Callable[..., Running]


@pytest.fixture
def serve(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Serve:
    def serving(**limits: int) -> Running:
        opened, _ = toy_set(monkeypatch)
        opened.settings = Settings(cache_dir=tmp_path, threads=1)
        return Running(opened, Limits(**limits))

    return serving


def test_clients_at_once_get_right_answers_from_few_reads(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, _ = toy_set(monkeypatch)
    with serve() as running:
        answers = [running.asks(row, k=row + 1) for row in range(16)]
        until(lambda: len(running.batched._queue) == 15)
        assert running.call("GET", "/api/v1/health")[0] == 200
        running.index.gate.set()
        for row, answer in enumerate(answers):
            status, _, body = answer.result(PATIENCE)
            assert status == 200
            plain = alone.search(row=row, k=row + 1, spread_km=0)
            told = [result.to_json() for result in plain.results]
            shown = [{key: some[key] for key in told[0]} for some in body["results"]]
            assert shown == told
            url = body["scores"]["url"]
            connection = http.client.HTTPConnection("127.0.0.1", running.port, timeout=PATIENCE)
            connection.request("GET", url)
            levels = np.frombuffer(connection.getresponse().read(), "<u2")
            connection.close()
            low, high = body["scores"]["min"], body["scores"]["max"]
            scores = low + (levels - 1.0) / 65_534 * (high - low)
            np.testing.assert_allclose(scores, plain.scores, atol=2e-5)
        assert running.index.reads == [1, 15]


def test_a_client_that_goes_away_stops_its_scan(serve: Serve) -> None:
    with serve() as running:
        connection = running.leaves(3)
        until(lambda: running.index.slices > 3)
        connection.close()
        until(lambda: running.index.stopped == 1)
        seen = running.index.slices
        until(lambda: running.state.load._running == 0)
        time.sleep(0.02)
        assert running.index.slices == seen
        running.index.gate.set()
        assert running.asks(3).result(PATIENCE)[0] == 200


def test_a_client_that_goes_away_while_others_wait_leaves_these_alone(serve: Serve) -> None:
    with serve() as running:
        first = running.asks(0)
        until(lambda: running.index.reads == [1])
        leaving = running.leaves(1)
        until(lambda: len(running.batched._queue) == 1)
        staying = running.asks(2)
        until(lambda: len(running.batched._queue) == 2)
        leaving.close()
        until(lambda: len(running.batched._queue) == 1)
        running.index.gate.set()
        assert first.result(PATIENCE)[0] == staying.result(PATIENCE)[0] == 200
        assert running.index.reads == [1, 1]
        assert running.index.stopped == 0


def test_one_too_many_is_told_to_come_again_at_once(serve: Serve) -> None:
    with serve(at_once=1, waiting=1) as running:
        first = running.asks(0)
        until(lambda: running.index.reads == [1])
        second = running.leaves(1)
        until(lambda: len(running.state.load._line) == 1)
        status, headers, problem = running.call("POST", "/api/v1/search", question(2))
        assert (status, problem["status"], problem["code"]) == (503, 503, "busy")
        assert headers["content-type"] == "application/problem+json"
        assert int(headers["retry-after"]) > 0
        assert "1 searches run and 1 wait" in problem["detail"]
        assert problem["hint"]
        assert running.call("GET", "/api/v1/sets/toys")[0] == 200
        second.close()  # who waits may go, too, and makes room
        until(lambda: len(running.state.load._line) == 0)
        third = running.asks(2)
        until(lambda: len(running.state.load._line) == 1)
        running.index.gate.set()
        assert first.result(PATIENCE)[0] == third.result(PATIENCE)[0] == 200
        assert running.index.reads == [1, 1]


def test_a_wrong_query_is_still_told_in_words(serve: Serve) -> None:
    with serve() as running:
        status, _, problem = running.call("POST", "/api/v1/search", question(10**7))
        assert (status, problem["code"]) == (422, "bad-query")
        assert running.state.load._running == 0


def test_turns_are_first_come_first_served_and_bounded_by_memory() -> None:
    async def main() -> None:
        each = (ROW_BYTES + PART_BYTES) * 100
        load = Load(Limits(at_once=3, waiting=9, memory=2 * each))
        order: list[str] = []
        gates = {name: anyio.Event() for name in "abcd"}

        async def search(name: str, rows: int) -> None:
            async with load.turn(rows):
                order.append(name)
                await gates[name].wait()

        async def settled() -> None:
            for _ in range(10):
                await checkpoint()

        async with anyio.create_task_group() as group:
            for name, rows in (("a", 100), ("b", 150), ("c", 10), ("d", 10_000)):
                group.start_soon(search, name, rows)
                await settled()
            assert order == ["a"]  # b does not fit, and c does not overtake it
            gates["a"].set()
            await settled()
            assert order == ["a", "b", "c"]
            gates["b"].set()
            await settled()
            assert order == ["a", "b", "c"]
            gates["c"].set()
            await settled()
            assert order == ["a", "b", "c", "d"]  # larger than all memory, so it runs alone
            gates["d"].set()
        assert (load._running, load._held) == (0, 0)

    in_own_loop(main)


def test_who_leaves_the_line_makes_room_for_those_behind() -> None:
    async def main() -> None:
        load = Load(Limits(at_once=2, waiting=2, memory=(ROW_BYTES + PART_BYTES) * 100))
        async with load.turn(60), anyio.create_task_group() as group:
            done = anyio.Event()

            async def large() -> None:
                async with load.turn(90):
                    pytest.fail("does not fit")

            async def small() -> None:
                async with load.turn(30):
                    done.set()

            with anyio.CancelScope() as leaving:
                async with anyio.create_task_group() as inner:
                    inner.start_soon(large)
                    await checkpoint()
                    group.start_soon(small)
                    await checkpoint()
                    with pytest.raises(BusyError, match="1 searches run and 2 wait") as caught:
                        async with load.turn(1):
                            pytest.fail("the line is full")
                    assert caught.value.details["retry_after"] > 0
                    leaving.cancel()
            await done.wait()

    in_own_loop(main)


def test_levels_are_the_same_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    rng = np.random.default_rng(0)
    scores, ranked = rng.normal(size=10_000).astype(np.float32), rng.random(10_000) < 0.5
    whole = states.encode_scores(scores, ranked)
    monkeypatch.setattr(states, "AT_ONCE", 999)
    assert states.encode_scores(scores, ranked) == whole
    levels, low, high = np.frombuffer(whole[2], "<u2"), scores[ranked].min(), scores[ranked].max()
    expected = 1 + np.rint((scores.astype(np.float64) - low) / (high - low) * 65_534)
    assert np.abs(levels[ranked] - expected[ranked]).max() <= 1
    assert not levels[~ranked].any()


def test_a_count_has_its_turn_and_stops_when_its_client_goes(
    serve: Serve, monkeypatch: pytest.MonkeyPatch
) -> None:
    reached, stopped = threading.Event(), threading.Event()

    def endless(_: object) -> None:
        reached.set()
        try:
            while True:
                check_stopped()
                time.sleep(0.001)
        finally:
            stopped.set()

    with serve(at_once=1, waiting=0) as running:
        monkeypatch.setattr(running.opened.masks, "of", endless)
        connection = running.leaves(0, path="/api/v1/sets/toys/count", record={"filter": None})
        assert reached.wait(PATIENCE)
        status, _, problem = running.call("POST", "/api/v1/sets/toys/count", {})
        assert (status, problem["code"]) == (503, "busy")
        connection.close()
        assert stopped.wait(PATIENCE)
        until(lambda: running.state.load._running == 0)
