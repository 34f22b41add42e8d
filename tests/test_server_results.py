"""What an answer tells of each tile: nearest city, time, distance; for 50,000 as for one."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pytest
from fastapi.testclient import TestClient

from eex.config import Settings
from eex.export import near
from eex.places import distances_km
from eex.search.run import OpenSet
from eex.server import schemas
from eex.server.app import create_app
from eex.server.results import answer_json
from toy_sets import toy_set


@pytest.fixture(scope="module")
def client(settings: Settings, world: OpenSet) -> Iterator[TestClient]:
    assert len(world)
    with TestClient(create_app(settings), raise_server_exceptions=False) as client:
        yield client


def ask(client: TestClient, **query: Any) -> list[dict[str, Any]]:
    answer = client.post("/api/v1/search", json=query)
    assert answer.status_code == 200, answer.text
    told = answer.json()
    record = schemas.SearchAnswer.model_validate(told, strict=True)
    assert record.model_dump(mode="json") == told  # as it is described, no field more or less
    results: list[dict[str, Any]] = told["results"]
    return results


def test_every_tile_of_a_long_list_has_its_nearest_city(client: TestClient) -> None:
    results = ask(client, text="sand desert", top_percent=100)
    assert len(results) > 17_000
    for result in results[:: len(results) // 50]:
        assert result["near"] == near(result["lon"], result["lat"])
    assert all(result["near"] for result in results)
    assert {result["time"] for result in results} == {None}  # the world has no times


def test_distances_are_from_the_first_place_else_from_the_first_tile(
    client: TestClient, world: OpenSet
) -> None:
    parts: list[dict[str, Any]] = [
        {"kind": "text", "text": "mountains"},
        {"kind": "row", "row": 5000},
        {"kind": "place", "lon": 7, "lat": 61},
        {"kind": "place", "lon": -70, "lat": -30},
    ]
    for some, start in ((parts, (7, 61)), (parts[:2], world.embeddings.lonlat[5000])):
        for result in ask(client, parts=some, k=20):
            there = np.array([result["lon"], result["lat"]])
            expected = distances_km(np.array(start, float), there)
            assert result["distance_km"] == pytest.approx(expected, abs=0.01)
    assert {r["distance_km"] for r in ask(client, parts=parts[:1])} == {None}
    assert ask(client, row=5000, k=1)[0]["distance_km"] == 0


TIMES: list[tuple[Any, list[str | None]]] = [
    (
        pa.array([1_654_425_031_000_000, None, -62_135_596_800_000_000], pa.timestamp("us", "UTC")),
        ["2022-06-05T10:30:31Z", None, "0001-01-01T00:00:00Z"],
    ),
    (pa.array(["2022-06-05", "nonsense", ""]), ["2022-06-05T00:00:00Z", None, None]),
    (pa.array([None, None, None]), [None, None, None]),
]


@pytest.mark.parametrize(("column", "expected"), TIMES)
def test_times_are_told_as_iso_8601(
    column: Any, expected: list[str | None], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    opened, _ = toy_set(monkeypatch, rows=3)
    cells = opened.embeddings.table
    timed = replace(opened.embeddings, table=cells.append_column("datetime", column))
    app = create_app(Settings(cache_dir=tmp_path, threads=1))
    app.state.eex.serve(OpenSet("toys", timed, opened.settings, pool=opened.pool))
    results = ask(TestClient(app), set="toys", row=1, k=3, spread_km=0)
    assert len(results) == 3
    for result in results:
        assert result["time"] == expected[result["row"]]


def test_a_tile_without_a_place_is_told_without_one(monkeypatch: pytest.MonkeyPatch) -> None:
    opened, _ = toy_set(monkeypatch, rows=30)
    found = opened.search(row=2, k=2, spread_km=0)
    best, second = found.results
    nowhere = replace(second, lon=float("nan"), lat=float("nan"))
    told = json.loads(answer_json(replace(found, results=(best, nowhere)), [opened]))["results"]
    assert told[0]["near"] == near(best.lon, best.lat)
    assert told[0]["distance_km"] == 0
    for name in ("lon", "lat", "near", "distance_km"):
        assert told[1][name] is None


def test_rows_of_a_further_set_are_where_that_set_says(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    one, _ = toy_set(monkeypatch, rows=50)
    turned = one.embeddings.table.take(pa.array(np.arange(50)[::-1].copy()))
    other = replace(
        one.embeddings,
        table=turned,
        lonlat=one.embeddings.lonlat[::-1].copy(),
        vectors=one.embeddings.vectors[::-1].copy(),
        key="other",
    )
    app = create_app(Settings(cache_dir=tmp_path, threads=1))
    app.state.eex.serve(one)
    app.state.eex.serve(OpenSet("turned", other, one.settings, pool=one.pool))
    part = {"kind": "row", "row": 4, "set": "turned"}
    results = ask(TestClient(app), sets=["toys", "turned"], parts=[part], k=5, spread_km=0)
    start = other.lonlat[4]
    for result in results:
        there = np.array([result["lon"], result["lat"]])
        assert result["distance_km"] == pytest.approx(distances_km(start, there), abs=0.01)
    assert results[0]["row"] == 45
