"""The same query gives the same answer in Python, from a file, by command line and over HTTP."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient

import eex
from eex.config import Settings
from eex.errors import BadQueryError, NotOpenError, UnknownNameError
from eex.imagery.bluemarble import BlueMarble
from eex.search.recipe import read_recipe
from eex.search.run import OpenSet
from eex.server.app import create_app

Run = Callable[..., tuple[int, str, str]]

pytestmark = pytest.mark.usefixtures("world")

SQUARE = {
    "type": "Polygon",
    "coordinates": [[[-20, 0], [60, 0], [60, 40], [-20, 40], [-20, 0]]],
}

RECIPES: list[dict[str, Any]] = [
    {"version": 1, "set": "world", "text": "sand desert", "bbox": [-20, 0, 60, 40], "k": 5},
    {"text": ["mountains", "coastline"][0], "row": 5000, "match": "all", "k": 7},
    {
        "version": 2,
        "parts": [
            {"kind": "text", "text": "mountains", "weight": 2},
            {"kind": "place", "lon": 7, "lat": 61},
            {"kind": "rows", "rows": [10, 20, 30], "weight": -0.5},
            {"kind": "area", "bbox": [-10, 35, 30, 60]},
        ],
        "filter": {"area": SQUARE, "where": "lat > 5 AND lon < 50"},
        "fusion": {"method": "sum", "calibration": "quantile"},
        "k": 12,
        "spread_km": 100,
    },
    {
        "parts": [{"kind": "text", "text": "tropical rainforest"}],
        "fusion": "rrf",
        "filter": {"near": {"lon": -60, "lat": -3, "km": 3000}},
        "one_per_cell": 500,
        "diversity": 0.3,
        "repeats": 0.999,
        "spread_km": 0,
    },
    {"text": "fjords", "top_percent": 1, "k": 20},
]


@pytest.fixture
def client(settings: Settings) -> Iterator[TestClient]:
    with TestClient(create_app(settings)) as client:
        yield client


@pytest.fixture
def run(eex_command: Run, settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setenv("EEX_CACHE_DIR", str(settings.cache_dir))
    return eex_command


@pytest.mark.parametrize("record", RECIPES)
def test_a_recipe_answers_alike_everywhere(
    record: dict[str, Any], run: Run, client: TestClient, world: OpenSet, tmp_path: Path
) -> None:
    direct = world.ask(record)
    expected = [tile.to_json() for tile in direct.results]
    assert expected
    file = tmp_path / "q.json"
    file.write_text(json.dumps(record))
    assert eex.ask(file, settings=world.settings).results == direct.results
    code, out, _ = run("search", "--recipe", str(file), "--format", "json")
    assert code == 0
    told = json.loads(out)
    assert told["results"] == expected
    assert told["recipe"] == direct.query.to_json()
    answer = client.post("/api/v1/search", json=record).json()
    dropped = ("near", "time", "distance_km", "repeats", "parts")
    for ours, theirs in zip(expected, answer["results"], strict=True):
        assert {k: v for k, v in theirs.items() if k not in dropped} == {
            k: v for k, v in ours.items() if k not in dropped
        }
        assert (theirs["parts"] or {}) == ours.get("parts", {})
        assert (theirs["repeats"] or []) == ours.get("repeats", [])
    assert answer["recipe"] == told["recipe"]
    assert answer["inside"] == direct.inside
    assert world.ask(told["recipe"]).results == direct.results


def test_an_export_keeps_the_recipe_that_made_it(run: Run, world: OpenSet, tmp_path: Path) -> None:
    found = world.ask(RECIPES[2])
    file = tmp_path / "best.geojson"
    code, _, _ = run(
        *("search", "--recipe", _written(tmp_path, RECIPES[2])),
        *("--format", "geojson", "-o", str(file)),
    )
    assert code == 0
    assert eex.ask(file, settings=world.settings).results == found.results
    rows = list(csv.DictReader(io.StringIO(found.to_csv())))
    assert json.loads(rows[0]["recipe"]) == found.recipe
    assert {row["recipe"] for row in rows[1:]} == {""}
    assert found.to_pandas().attrs["recipe"] == found.recipe


def test_options_add_to_a_recipe(run: Run, tmp_path: Path) -> None:
    file = _written(tmp_path, RECIPES[0])
    code, out, err = run(
        *("search", "--recipe", file, "--row", "5000", "--weight", "row=0.5", "--k", "3"),
        *("--near", "20, 30, 900", "--fusion", "minimum", "--weight", "row=1", "--format", "json"),
    )
    assert code == 0, err
    recipe = json.loads(out)["recipe"]
    assert [part["kind"] for part in recipe["parts"]] == ["row", "text"]
    assert recipe["k"] == 3
    assert recipe["filter"]["bbox"] == [-20, 0, 60, 40]
    assert recipe["filter"]["near"] == {"lon": 30, "lat": 20, "km": 900}
    assert recipe["fusion"] == {"method": "minimum", "calibration": "z"}
    assert "tiles pass the filter" in err


def test_options_change_only_what_they_name(run: Run, tmp_path: Path) -> None:
    file = _written(tmp_path, {**RECIPES[2], "parts": RECIPES[2]["parts"], "filter": None})
    out = run("search", "--recipe", file, "--calibration", "robust-z", "--format", "json")[1]
    assert json.loads(out)["recipe"]["fusion"] == {"method": "sum", "calibration": "robust-z"}
    ranks = {"row": 5, "fusion": {"method": "rrf", "constant": 10, "window": 50}, "parts": None}
    out = run(
        *("search", "--recipe", _written(tmp_path, ranks), "--fusion", "rrf", "--format", "json")
    )[1]
    assert json.loads(out)["recipe"]["fusion"] == ranks["fusion"]
    saved = tmp_path / "saved.json"
    run("search", "--row", "5", "--save-recipe", str(saved))
    out = run("search", "--recipe", str(saved), "--top-percent", "2", "--format", "json")[1]
    assert json.loads(out)["count"] == 354


def test_csv_keeps_a_recipe_that_can_be_asked_again(
    run: Run, world: OpenSet, tmp_path: Path
) -> None:
    found = world.ask(RECIPES[3])
    (tmp_path / "best.csv").write_text(found.to_csv())
    out = run("search", "--recipe", str(tmp_path / "best.csv"), "--format", "csv")[1]
    assert out.strip() == found.to_csv().strip()
    repeats = [row["repeats"] for row in csv.DictReader(io.StringIO(out))]
    assert repeats == [" ".join(map(str, tile.repeats)) for tile in found.results]
    assert any(repeats)


def test_a_recipe_with_a_picture_is_saved_whole(run: Run, world: OpenSet, tmp_path: Path) -> None:
    from PIL import Image

    picture, recipe = tmp_path / "tile.png", tmp_path / "q.json"
    pixels = BlueMarble.open().cut(world.embeddings.lonlat[9648:9649])[0]
    Image.fromarray(pixels).save(picture)
    told = run("search", "--image", str(picture), "--k", "2", "--save-recipe", str(recipe))
    assert told[0] == 0
    picture.unlink()
    assert eex.ask(recipe, settings=world.settings).results[0].row == 9648
    record = read_recipe(recipe)
    assert "data" in record["parts"][0]
    answer = run("search", "--recipe", str(recipe), "--format", "geojson")[1]
    (tmp_path / "out.geojson").write_text(answer)
    code, _, err = run("search", "--recipe", str(tmp_path / "out.geojson"))
    assert code == 1
    assert "SHA-256" in err


def test_vectors_and_areas_come_from_files(run: Run, world: OpenSet, tmp_path: Path) -> None:
    vector = world.embeddings.vector(77)
    np.save(tmp_path / "v.npy", vector)
    (tmp_path / "v.json").write_text(json.dumps(vector.tolist()))
    (tmp_path / "a.geojson").write_text(json.dumps({"type": "Feature", "geometry": SQUARE}))
    found = world.search(vector=vector, area={"area": SQUARE}, weights={"area": 0.5}, k=4)
    for name in ("v.npy", "v.json"):
        out = run(
            *("search", "--vector", str(tmp_path / name), "--k", "4", "--format", "json"),
            *("--like-area", str(tmp_path / "a.geojson"), "--weight", "area=0.5"),
        )[1]
        assert json.loads(out)["results"] == [tile.to_json() for tile in found.results]
    box = run("search", "--like-area", "-20,0,60,40", "--k", "4", "--format", "json")[1]
    same = world.search(area={"bbox": (-20, 0, 60, 40)}, k=4)
    assert json.loads(box)["results"] == [tile.to_json() for tile in same.results]


def test_an_area_as_example_is_the_mean_of_its_tiles(world: OpenSet) -> None:
    lon, lat = world.embeddings.lonlat.T
    inside = np.flatnonzero((lon >= -10) & (lon <= 30) & (lat >= 35) & (lat <= 60))
    wide = np.asarray(world.embeddings.vectors, np.float64)
    wide /= np.linalg.norm(wide, axis=1, keepdims=True)
    mean = wide[inside].mean(axis=0)
    expected = wide @ mean / np.linalg.norm(mean)
    found = world.search(area={"bbox": (-10, 35, 30, 60)}, k=5, spread_km=0)
    assert [t.row for t in found.results] == np.argsort(-expected, kind="stable")[:5].tolist()
    rows = world.ask({"parts": [{"kind": "rows", "rows": inside.tolist()}], "k": 5, "spread_km": 0})
    assert rows.results == found.results


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["--recipe", "none.json"], 1, "cannot be read"),
        (["--recipe", "{folder}/bad.json"], 1, "is not JSON"),
        (["--recipe", "{folder}/list.json"], 1, "holds no query"),
        (["--text", "sand", "--near", "Cairo"], 1, "place and kilometres"),
        (["--text", "sand", "--near", "Cairo, many"], 1, "place and kilometres"),
        (["--text", "sand", "--area", "none.geojson"], 1, "cannot be read from none.geojson"),
        (["--text", "sand", "--where", "hieght > 5"], 1, "hieght"),
        (["--text", "sand", "--match", "all", "--fusion", "rrf"], 1, "short for a fusion"),
        (["--vector", "none.npy"], 1, "cannot be read"),
        (["--vector", "{folder}/list.json"], 1, "numbers"),
        (["--text", "sand", "--engine", "exacct"], 1, "Did you mean 'exact'"),
        (["--text", "sand", "--engine", "int8"], 1, "eex index build"),
        (["--text", "sand", "--option", "nprobe"], 2, "NAME=VALUE"),
        (["--set", "world", "--set", "world", "--text", "sand"], 1, "different sets"),
        (["--like-area", "-140,-10,-130,-5"], 1, "No tile lies in the area"),
        (["--text", "sand", "--repeats", "2"], 1, "repeats must be from 0.01 to 1"),
        (["--text", "sand", "--option", "nprobe=5"], 2, "give --engine too"),
        (["--text", "sand", "--bbox=0,0,9,9", "--area", "0,0,1,1"], 1, "--bbox is given too"),
        (["--row", str(2**70)], 1, "whole number"),
        (["--recipe", "{folder}/parts.json"], 1, "list of parts"),
        (["--recipe", "{folder}/sets.json"], 1, "must be a list"),
        (["--recipe", "{folder}/set.json"], 1, "name of a set"),
        (["--recipe", "{folder}/filter.json", "--cloud", "5"], 1, "object of conditions"),
    ],
)
def test_what_cannot_be_asked_is_told_in_words(
    arguments: list[str], code: int, words: str, run: Run, tmp_path: Path
) -> None:
    (tmp_path / "bad.json").write_text("{")
    (tmp_path / "list.json").write_text("[1, 2]")
    (tmp_path / "parts.json").write_text('{"parts": 5}')
    (tmp_path / "sets.json").write_text('{"sets": "world", "row": 1}')
    (tmp_path / "set.json").write_text('{"set": 5, "row": 1}')
    (tmp_path / "filter.json").write_text('{"filter": [1], "row": 1}')
    given = [word.replace("{folder}", str(tmp_path)) for word in arguments]
    got, _, err = run("search", *given)
    assert got == code
    assert words in err
    assert "Traceback" not in err


def test_sets_of_a_recipe_are_opened_by_name(settings: Settings) -> None:
    with pytest.raises(UnknownNameError):
        eex.ask({"set": "wrold", "row": 1}, settings=settings)
    with pytest.raises(NotOpenError):
        eex.ask({"sets": ["world", "siglip-249k"], "row": 1}, settings=settings)
    with pytest.raises(BadQueryError, match="first of them"):
        eex.ask({"set": "x", "sets": ["world", "y"], "row": 1}, settings=settings)


def test_thresholds_of_an_answer_need_no_further_search(world: OpenSet) -> None:
    found = world.search(text="farmland", k=1)
    top = world.search(text="farmland", top_percent=2, k=1)
    assert found.thresholds.at(2) == pytest.approx(top.scores[top.ranked].min(), abs=1e-6)


def _written(folder: Path, record: dict[str, Any]) -> str:
    (folder / "q.json").write_text(json.dumps(record))
    return str(folder / "q.json")
