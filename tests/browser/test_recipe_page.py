"""A recipe file asks the page what it asks in Python, and comes out of the page again."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from app_page import App, Open
from playwright.sync_api import expect

import eex
from eex.config import Settings
from eex.search.query import Query

pytestmark = pytest.mark.browser

RECIPE: dict[str, Any] = {
    "version": 2,
    "set": "dated",
    "parts": [
        {"kind": "text", "text": "sand desert", "weight": 1.5},
        {"kind": "text", "text": "mountains", "weight": -0.375},
        {"kind": "area", "bbox": [10, 20, 20, 30], "where": "cloud_cover < 60", "weight": 0.5},
    ],
    "filter": {"bbox": [-20.5, -10.25, 120, 45], "season": ["11-01", "02-28"]},
    "fusion": {"method": "sum", "calibration": "quantile"},
    "k": 7,
    "spread_km": 350,
}


def shown(app: App) -> list[tuple[int, str]]:
    """Rows and scores of the gallery, best first."""
    cards = app.page.locator(".gallery .card").all()
    return [
        (
            int(card.get_attribute("data-row") or -1),
            card.locator(".card-score").inner_text().split()[-1],
        )
        for card in cards
    ]


def saved(app: App) -> dict[str, Any]:
    app.page.get_by_role("button", name="Files").click()
    with app.page.expect_download() as waiting:
        app.page.get_by_role("menuitem", name="Save the recipe").click()
    record: dict[str, Any] = json.loads(Path(waiting.value.path()).read_text(encoding="utf-8"))
    return record


@pytest.mark.parametrize("way", ["chosen", "dropped"])
def test_a_recipe_is_answered_as_in_python_and_saved_the_same(
    visit: Open, settings: Settings, dated: Path, tmp_path: Path, way: str
) -> None:
    here = RECIPE | {"set": str(dated)}
    expected = eex.ask(here, settings=settings)
    assert len(expected.results) == RECIPE["k"]
    assert expected.inside is not None
    assert 0 < expected.inside < len(expected.scores)
    app = visit()
    before = app.query_id
    if way == "chosen":
        path = tmp_path / "q.json"
        path.write_text(json.dumps(RECIPE), encoding="utf-8")
        app.page.get_by_role("button", name="Files").click()
        with app.page.expect_file_chooser() as choosing:
            app.page.get_by_role("menuitem", name="Open a recipe").click()
        choosing.value.set_files(path)
    else:  # what an export keeps: the answer to it, as GeoJSON
        exported = expected.to_geojson()
        exported["recipe"]["set"] = RECIPE["set"]
        app.give("drop", "q.geojson", "", json.dumps(exported).encode())
    app.wait_painted(before)
    assert shown(app) == [(one.row, f"{one.score:.3f}") for one in expected.results]
    assert app.words.input_value() == "sand desert"
    assert Query.from_json(saved(app) | {"set": str(dated)}) == Query.from_json(here)
    # the address alone asks the same
    again = visit(app.page.url.removeprefix(app.server))
    assert shown(again) == shown(app)
    assert Query.from_json(saved(again) | {"set": str(dated)}) == Query.from_json(here)


def test_a_file_that_is_no_recipe_is_told_in_words(visit: Open) -> None:
    app = visit()
    cards = shown(app)
    app.give("drop", "notes.json", "application/json", b'{"colour": "red"}')
    problem = app.page.get_by_role("alert")
    expect(problem).to_contain_text("colour")
    app.complaints.clear()  # the browser logs the refused request itself
    elsewhere = json.dumps({"set": "atlantis", "text": "sand"}).encode()
    app.give("drop", "q.json", "application/json", elsewhere)
    expect(problem).to_contain_text("atlantis is not served here")
    assert shown(app) == cards  # the answer before stays
