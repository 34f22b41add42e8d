"""What a request may take: its body, its memory while it runs, and what is kept of its answer."""

from __future__ import annotations

import gc
import json
import tracemalloc
import weakref
from collections.abc import Callable
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any

import anyio
import numpy as np
import pytest
from anyio.lowlevel import checkpoint
from fastapi.testclient import TestClient

from eex.config import Settings
from eex.errors import BusyError
from eex.search.feedback.methods import NEAR_ONLY
from eex.search.found import Found
from eex.search.query import Query
from eex.search.run import OpenSet
from eex.server import guard as guards
from eex.server import learn
from eex.server import state as states
from eex.server.app import create_app
from eex.server.guard import Guard
from eex.server.learn import Lesson
from eex.server.load import LOOKED_BYTES, PART_BYTES, ROW_BYTES, Limits, Load, rows_looked
from eex.server.state import State
from own_loop import in_own_loop
from toy_sets import toy_set


def settings_of(folder: Path) -> Settings:
    return Settings(cache_dir=folder, threads=1)


def corners(count: int, seed: int) -> dict[str, Any]:
    """Return a polygon that winds round a circle."""
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    radius = 20 + np.random.default_rng(seed).random(count)
    ring = np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]).tolist()
    return {"type": "Polygon", "coordinates": [[*ring, ring[0]]]}


def many_areas(seed: int) -> Query:
    parts = [{"kind": "area", "area": corners(500, seed + i)} for i in range(16)]
    return Query.from_json({"parts": parts, "filter": {"area": corners(1_000, seed)}})


def many_rows(seed: int) -> Query:
    rows = np.random.default_rng(seed).integers(0, 10**7, (8, 3_000)).tolist()
    return Query.from_json({"parts": [{"kind": "rows", "rows": some} for some in rows]})


def long_vectors(seed: int) -> Query:
    vectors = np.random.default_rng(seed).normal(size=(4, 1_500)).tolist()
    return Query.from_json({"parts": [{"kind": "vector", "vector": some} for some in vectors]})


@pytest.mark.parametrize("asked", [None, many_areas, many_rows, long_vectors])
def test_kept_answers_stay_within_their_memory(
    asked: Callable[[int], Query] | None, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened, _ = toy_set(monkeypatch, rows=100_000)
    monkeypatch.setattr(states, "KEPT_BYTES", 2 * 2**20)
    state = State(settings_of(tmp_path))
    opened.search(row=0)
    plain = opened.search(row=0, k=20)
    if asked is not None:
        asked(0)

    def found(row: int) -> Found:
        if asked is None:
            return opened.search(row=row, k=500)
        return replace(plain, query=asked(row))

    tracemalloc.start()
    try:
        before = tracemalloc.get_traced_memory()[0]
        marks = [state.remember(opened, found(row)).id for row in range(12)]
        gc.collect()
        kept = tracemalloc.get_traced_memory()[0] - before
    finally:
        tracemalloc.stop()
    assert 2**20 < kept < 2.5 * 2**20
    answer = state.recall(marks[-1])
    assert len(answer.levels) == 2 * len(opened)
    again = found(11)
    assert answer.found.query == again.query
    assert answer.found.to_csv() == again.to_csv()


def test_polygons_of_kept_answers_are_let_go(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Their memory is not Python's, so that it is not seen by what counts that."""
    opened, _ = toy_set(monkeypatch)
    state = State(settings_of(tmp_path))
    query = many_areas(0)
    gone = weakref.ref(query.filter.area)
    answer = state.remember(opened, replace(opened.search(row=0), query=query))
    assert answer.found.query == query
    del query
    gc.collect()
    assert gone() is None
    assert answer.size > 50_000


QUERIES: list[dict[str, Any]] = [
    {},
    {"parts": [{"kind": "row", "row": row} for row in range(4)], "fusion": "sum"},
    {"spread_km": 19_000, "k": 100},
    {"one_per_cell": 9_000, "k": 5_000},
    {"repeats": 0.2, "k": 50_000},
    {"top_percent": 100},
    {"top_percent": 60, "spread_km": 3_000},
    {"parts": [{"kind": "row", "row": row} for row in range(3)],
     "fusion": {"method": "rrf", "window": 200_000}},
]  # fmt: skip


@pytest.mark.parametrize("wish", QUERIES)
def test_what_a_search_takes_is_counted(
    wish: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, _ = toy_set(monkeypatch, rows=200_000)
    short = {} if "parts" in wish else {"row": 3}
    query = Query.from_json({"spread_km": 0, **short, **wish})
    opened.ask(query.replaced(k=1, top_percent=None))
    for cells in filter(None, [query.one_per_cell]):
        opened.cells(cells)
    tracemalloc.start()
    try:
        opened.ask(query)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    each = ROW_BYTES + PART_BYTES * len(query.parts)
    counted = each * len(opened) + LOOKED_BYTES * rows_looked(query, opened)
    assert peak < 1.5 * counted + 4 * 2**20  # and something for every search


def test_rows_that_may_be_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, _ = toy_set(monkeypatch, rows=100_000)

    def looked(**wish: Any) -> int:
        return rows_looked(Query.from_json({"row": 3, **wish}), opened)

    assert opened.embeddings.header.spread_km == 0
    assert (looked(), looked(k=700), looked(k=7, spread_km=0)) == (10, 700, 7)
    assert (looked(k=2, spread_km=1), looked(k=20, spread_km=1)) == (40_000, 100_000)
    assert looked(diversity=0.5) == 5_000
    assert looked(repeats=0.9) == looked(one_per_cell=5) == looked(top_percent=1) == 100_000
    assert looked(fusion={"method": "rrf", "window": 3_000}) == 3_000


def test_a_search_that_looks_at_many_rows_takes_more_of_the_memory() -> None:
    async def main() -> None:
        each = (ROW_BYTES + PART_BYTES) * 100
        load = Load(Limits(at_once=9, waiting=1, memory=2 * each + 2_000))
        async with load.turn(100), load.turn(100, further=2_000):
            with anyio.move_on_after(0):
                async with load.turn(1):
                    pytest.fail("does not fit")
        async with load.turn(100, looked=50):
            assert load._held == each + 50 * LOOKED_BYTES

    in_own_loop(main)


def test_one_classifier_is_fitted_at_a_time() -> None:
    async def main() -> None:
        load = Load(Limits(waiting=2))
        order: list[int] = []

        async def fits(number: int, gate: anyio.Event) -> None:
            async with load.fit():
                order.append(number)
                await gate.wait()

        gate = anyio.Event()
        async with anyio.create_task_group() as group:
            for number in range(3):
                group.start_soon(fits, number, gate)
                await checkpoint()
                await checkpoint()
            assert order == [0]
            async with AsyncExitStack() as stack:
                with pytest.raises(BusyError, match="2 classifiers wait"):
                    await stack.enter_async_context(load.fit())
            gate.set()
        assert order == [0, 1, 2]

    in_own_loop(main)


@pytest.fixture
def client(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> TestClient:
    opened, _ = toy_set(monkeypatch)
    app = create_app(settings_of(tmp_path))
    app.state.eex.serve(opened)
    return TestClient(app)


def test_feedback_has_limits_of_its_own(client: TestClient) -> None:
    def refused(**record: Any) -> str:
        answer = client.post("/api/v1/feedback", json={"set": "toys", **record})
        assert (answer.status_code, answer.json()["code"]) == (422, "bad-query")
        assert "Traceback" not in answer.text
        told: str = answer.json()["detail"] + answer.json()["hint"]
        return told

    rows = list(range(1_500))
    for told in (
        refused(positive=rows, negative=rows[:501]),
        refused(positive=rows[:2], method="logistic", background=10_001),
    ):
        assert "eex feedback" in told
    assert "no row 118" in refused(positive=[2**70])
    assert "no row 118" in refused(negative=[2**70], positive=[1])
    assert "list" in refused(positive="many")
    assert "set" in refused(set=[5], positive=[1])
    assert "query" in refused(positive=[1], query=[5])
    full = {"set": "toys", "positive": rows, "negative": list(range(1_500, 2_000))}
    assert client.post("/api/v1/feedback", json=full).status_code == 200


def test_a_classifier_of_near_tiles_only_is_told_so(client: TestClient) -> None:
    record = {"query": {"set": "toys", "row": 3}, "positive": [1, 2], "negative": [7, 8]}

    def told(**more: Any) -> list[str]:
        answer = client.post("/api/v1/feedback", json={**record, **more})
        assert answer.status_code == 200, answer.text
        assert answer.json()["recipe"]["set"] == "toys"  # that of the query
        messages: list[str] = answer.json()["messages"]
        return messages

    assert NEAR_ONLY in told(method="logistic")
    assert NEAR_ONLY in told(method="logistic", background=0)
    assert NEAR_ONLY not in told(method="logistic", background=100)
    assert NEAR_ONLY not in told(method="mean", background=None)
    assert NEAR_ONLY not in told()


def test_learning_is_counted_in_its_turn(
    client: TestClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    load: Load = client.app.state.eex.load  # type: ignore[attr-defined]
    held: list[tuple[int, bool]] = []
    known = learn.feedback_from_json

    def learned(record: object, opened: OpenSet) -> Query:
        held.append((load._held, load._fitting.value == 0))
        return known(record, opened)

    monkeypatch.setattr(learn, "feedback_from_json", learned)
    record = {"set": "toys", "positive": [1, 2], "negative": [7]}
    client.post("/api/v1/feedback", json=record)
    client.post("/api/v1/feedback", json={**record, "method": "logistic", "background": 997})
    rows = (ROW_BYTES + PART_BYTES) * 2_000
    assert held == [(rows + 3 * 16 * 16, False), (rows + 1_000 * 16 * 16, True)]
    assert Lesson.of({**record, "background": 5}).tiles == 3
    assert (load._held, load._fitting.value) == (0, 1)


Sent = dict[str, Any]


def piece(body: bytes, *, more: bool = True) -> Sent:
    return {"type": "http.request", "body": body, "more_body": more}


async def request(guard: Guard, sent: list[Sent | float]) -> tuple[int, bytes]:
    """Send pieces of a body, waiting the seconds between them; return status and answer."""
    left, answer = list(sent), list[Any]()

    async def receive() -> Any:
        await checkpoint()
        if isinstance(left[0], float):
            await anyio.sleep(left.pop(0))  # type: ignore[arg-type]
        return left.pop(0)

    async def send(message: Any) -> None:
        await checkpoint()
        answer.append(message)

    scope = {"type": "http", "method": "POST", "path": "/", "headers": []}
    await guard(scope, receive, send)
    return (answer[0]["status"], answer[1]["body"]) if answer else (0, b"")


async def sizes(_: Any, receive: Any, send: Any) -> None:
    """Answer with the size of the body."""
    body = (await receive())["body"]
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": str(len(body)).encode()})


def test_bodies_at_once_are_bounded_and_small_ones_are_always_let_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(guards, "BODIES", 4_500)
    monkeypatch.setattr(guards, "SMALL", 900)

    async def main() -> None:
        held, arrived = anyio.Event(), anyio.Event()

        async def inner(scope: Any, receive: Any, send: Any) -> None:
            await sizes(scope, receive, send)
            if not arrived.is_set():
                assert (await receive())["type"] == "http.disconnect"  # comes through the guard
                arrived.set()
                await held.wait()

        guard, parts = Guard(inner), [piece(bytes(500)), piece(bytes(500), more=False)]
        async with anyio.create_task_group() as group:
            group.start_soon(request, guard, [*parts, {"type": "http.disconnect"}])
            await arrived.wait()
            assert guard.held == 3_000
            status, told = await request(guard, [*parts])
            assert status == 503
            assert json.loads(told)["code"] == "busy"
            assert await request(guard, [piece(bytes(900), more=False)]) == (200, b"900")
            held.set()
        assert await request(guard, [*parts]) == (200, b"1000")
        assert await request(guard, [piece(b"1"), {"type": "http.disconnect"}]) == (0, b"")
        assert guard.held == 0

    in_own_loop(main)


def test_values_are_counted_before_they_are_decoded(client: TestClient) -> None:
    rows = json.dumps({"set": "toys", "parts": [{"kind": "rows", "rows": [0] * 1_000_001}]})
    lists = b"[" * 1_000_001
    head = {"content-type": "application/json"}
    for body in (rows, lists):
        answer = client.post("/api/v1/search", content=body, headers=head)
        assert (answer.status_code, answer.json()["code"]) == (413, "too-large")
        assert "values" in answer.json()["detail"]
    picture = b'{"set": "toys", "image": "' + b"A" * 2_000_000 + b'"}'  # of one value
    assert client.post("/api/v1/search", content=picture, headers=head).status_code == 422


def test_bodies_of_many_values_count_for_more(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "SMALL", 0)
    monkeypatch.setattr(guards, "BODIES", 100_000)

    async def main() -> None:
        guard = Guard(sizes)
        assert (await request(guard, [piece(b"a" * 4_200, more=False)]))[0] == 200
        assert (await request(guard, [piece(b"[1,1,1]" * 600, more=False)]))[0] == 503
        assert guard.held == 0

    in_own_loop(main)


def test_a_body_that_does_not_come_on_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "STALL", 0.2)
    monkeypatch.setattr(guards, "PROGRESS", 100)

    async def main() -> None:
        guard, some, end = Guard(sizes), piece(bytes(100)), piece(b"", more=False)
        status, told = await request(guard, [piece(bytes(5)), 60.0, end])
        assert status == 408
        assert json.loads(told)["hint"]
        drops: list[Sent | float] = [piece(b"1"), 0.01] * 1_000  # drop by drop it does not come on
        assert (await request(guard, drops))[0] == 408
        steps: list[Sent | float] = [0.05, some] * 8
        assert await request(guard, [*steps, end]) == (200, b"800")
        assert guard.held == 0

    in_own_loop(main)


def test_stalled_bodies_keep_small_ones_out_never(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(guards, "BODIES", 6 * 2**20)

    async def main() -> None:
        guard, large = Guard(sizes), piece(bytes(2**20))
        async with anyio.create_task_group() as group:
            for _ in range(8):
                group.start_soon(request, guard, [large, 3_600.0, piece(b"", more=False)])
            for _ in range(10):
                await checkpoint()
            assert guard.held == guards.BODIES
            assert (await request(guard, [large, piece(b"", more=False)]))[0] == 503
            assert await request(guard, [piece(b"{}", more=False)]) == (200, b"2")
            group.cancel_scope.cancel()
        assert guard.held == 0

    in_own_loop(main)
