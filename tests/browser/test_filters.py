"""Filters as a person sets them: drawn, typed, opened, by date, season, clouds and condition."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from app_page import App, Open
from numpy.typing import NDArray
from playwright.sync_api import Locator, expect

from eex.config import Settings
from eex.filters.mask import count
from eex.filters.record import Filter
from eex.search.open import open_set
from eex.search.run import OpenSet

pytestmark = pytest.mark.browser

WHERE = {"type": "Polygon", "coordinates": [[[0, 0], [40, 0], [40, 30], [0, 0]]]}


def chips(app: App) -> Locator:
    return app.page.get_by_role("list", name="Active filters")


def inside(app: App) -> Locator:
    return app.page.get_by_test_id("inside")


def open_filters(app: App) -> None:
    app.page.get_by_role("button", name="Filters").click()


def spot(app: App, x: float, y: float) -> tuple[float, float]:
    """A place on the map by shares of its width and height, in pixels of the page."""
    box = app.page.get_by_test_id("map").bounding_box()
    assert box is not None
    return box["x"] + x * box["width"], box["y"] + y * box["height"]


def within(world: OpenSet, west: float, south: float, east: float, north: float) -> int:
    lon, lat = world.embeddings.lonlat.T
    wide = (lon >= west) & (lon <= east) if west <= east else (lon >= west) | (lon <= east)
    found: NDArray[np.bool_] = wide & (lat >= south) & (lat <= north)
    return int(found.sum())


def box_in(url: str) -> list[float]:
    found = re.search(r"[?&]bbox=([^&]+)", url)
    assert found, url
    return [float(number) for number in found[1].replace("%2C", ",").split(",")]


def test_a_box_is_dragged_and_the_back_button_takes_it_off(visit: Open, world: OpenSet) -> None:
    app = visit("/?theme=dark&text=sand desert&percent=20")
    coloured = app.coloured()
    open_filters(app)
    app.page.get_by_role("button", name="Draw a box on the map").click()
    expect(app.page.get_by_text("Drag a box on the map.")).to_be_visible()
    before = app.query_id
    app.page.mouse.move(*spot(app, 0.42, 0.35))
    app.page.mouse.down()
    app.page.mouse.move(*spot(app, 0.5, 0.5), steps=4)
    app.page.mouse.move(*spot(app, 0.6, 0.6))
    app.page.mouse.up()
    app.wait_painted(before)
    box = box_in(app.page.url)
    expect(inside(app)).to_have_text(f"{within(world, *box):,} of 17,666 tiles")
    expect(app.page.get_by_test_id("count")).to_contain_text(f"of {within(world, *box):,}")
    expect(chips(app)).to_contain_text("Box")
    assert 0 < app.coloured() < coloured
    before = app.query_id
    app.page.go_back()
    app.wait_painted(before)
    expect(chips(app)).to_have_count(0)
    expect(app.page.get_by_test_id("count")).to_contain_text("of 17,666")


def test_a_polygon_is_drawn_by_clicks_and_keys(visit: Open) -> None:
    app = visit("/?theme=dark&text=sand desert")
    open_filters(app)
    draw = app.page.get_by_role("button", name="Draw a polygon on the map")
    draw.click()
    app.page.mouse.click(*spot(app, 0.45, 0.3))
    app.page.keyboard.press("Escape")
    expect(app.page.get_by_text("Click the corners")).to_have_count(0)
    expect(app.page.get_by_label("Chosen tile")).to_have_count(0)  # a corner chooses no tile
    draw.click()
    for x, y in ((0.4, 0.35), (0.6, 0.35), (0.9, 0.9), (0.5, 0.6)):
        app.page.mouse.click(*spot(app, x, y))
        if x == 0.9:  # a slip
            app.page.keyboard.press("Backspace")
    before = app.query_id
    app.page.keyboard.press("Enter")
    app.wait_painted(before)
    expect(chips(app)).to_contain_text("Area of 3 corners")
    app.page.get_by_role("button", name=re.compile("Remove the filter Area")).click()
    expect(chips(app)).to_have_count(0)


def test_areas_are_typed_pasted_and_opened(visit: Open, world: OpenSet, tmp_path: Path) -> None:
    app = visit("/?theme=dark&text=lagoon")
    open_filters(app)
    field = app.page.get_by_label("Area: west, south, east, north")
    field.fill("170, 40, -170, 10")
    field.press("Enter")
    expect(app.page.locator(".filter-form")).to_contain_text("south")  # in the server's words
    app.complaints.clear()  # the browser logs the refused request itself
    app.expect_address("bbox=", there=False)
    before = app.query_id
    field.fill("160, -50, -140, 0")
    field.press("Enter")
    app.wait_painted(before)
    expect(inside(app)).to_have_text(f"{within(world, 160, -50, -140, 0):,} of 17,666 tiles")
    before = app.query_id
    path = tmp_path / "where.geojson"
    feature = {"type": "Feature", "properties": {"a": 1}, "geometry": WHERE}
    path.write_text(json.dumps({"type": "FeatureCollection", "features": [feature]}))
    app.page.get_by_label("File of GeoJSON").set_input_files(path)
    app.wait_painted(before)
    triangle = count(Filter.from_json({"area": WHERE}), world.embeddings)
    expect(inside(app)).to_have_text(f"{triangle:,} of 17,666 tiles")
    expect(chips(app).get_by_role("listitem")).to_have_count(1)
    paste(field, '{"type": "Point", "coordinates": [0, 0]}')
    expect(app.page.get_by_text("No polygon in this GeoJSON")).to_be_visible()
    before = app.query_id
    app.page.get_by_role("button", name="Around a place").click()
    app.page.get_by_label("At most so many kilometres").fill("800")
    place = app.page.get_by_role("combobox", name="Place")
    place.fill("-18, 178")
    place.press("Enter")
    app.wait_painted(before)
    near = count(Filter.from_json({"near": {"lon": 178, "lat": -18, "km": 800}}), world.embeddings)
    expect(inside(app)).to_have_text(f"{near:,} of 17,666 tiles")
    expect(app.page.get_by_text("The tiles of this set have no dates.")).to_be_visible()


def paste(field: Locator, text: str) -> None:
    field.evaluate(
        """(element, text) => {
          const clipboardData = new DataTransfer();
          clipboardData.setData('text', text);
          const what = { clipboardData, bubbles: true, cancelable: true };
          element.dispatchEvent(new ClipboardEvent('paste', what));
        }""",
        text,
    )


def test_dates_seasons_clouds_and_conditions(visit: Open, settings: Settings, dated: Path) -> None:
    embeddings = open_set(str(dated), settings=settings).embeddings

    def told(record: dict[str, Any]) -> str:
        return f"{count(Filter.from_json(record), embeddings):,} of 6,000 tiles"

    app = visit("/?theme=dark&set=dated&text=sand desert")
    open_filters(app)
    before = app.query_id
    app.page.get_by_label("First month").select_option("Nov")
    app.wait_painted(before)
    before = app.query_id
    app.page.get_by_label("Last month").select_option("Feb")
    app.wait_painted(before)
    expect(chips(app)).to_contain_text("Nov \N{EN DASH} Feb")
    winter: dict[str, Any] = {"season": "11-01/02-29"}
    expect(inside(app)).to_have_text(told(winter))
    asked = app.query_id
    app.page.get_by_label("First date").fill("2022")
    expect(inside(app)).to_have_text(told(winter | {"time": "2022/.."}))  # before it is asked
    assert app.query_id == asked
    app.expect_address("time=", there=False)
    app.page.get_by_label("First date").press("Enter")
    app.wait_painted(asked)
    app.page.get_by_label("Last date").fill("no date")
    app.page.get_by_label("Last date").press("Enter")
    expect(app.page.locator(".filter-wrong")).to_contain_text("no date")
    app.complaints.clear()
    app.page.get_by_label("Last date").fill("")
    before = app.query_id
    app.page.get_by_role("slider", name="Greatest cloud cover").press("Home")
    app.wait_painted(before)
    clear = winter | {"time": "2022/..", "cloud": 0}
    expect(inside(app)).to_have_text(told(clear))
    condition = app.page.get_by_label("Condition in CQL2")
    condition.fill("lat > 20 AND nowhere = 3")
    expect(app.page.locator(".filter-form")).to_contain_text("nowhere")
    app.complaints.clear()
    before = app.query_id
    condition.fill("lat > 20")
    condition.press("Enter")
    app.wait_painted(before)
    expect(inside(app)).to_have_text(told(clear | {"where": "lat > 20"}))
    expect(chips(app).get_by_role("listitem")).to_have_count(4)
    before = app.query_id
    app.page.get_by_role("button", name="Clear all").click()
    app.wait_painted(before)
    expect(chips(app)).to_have_count(0)
    expect(inside(app)).to_have_text("")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_nothing_serious_in_filters(visit: Open, theme: str) -> None:
    app = visit(f"/?theme={theme}&set=dated&text=lake&season=11-01/02-29&bbox=-20,-10,60,40")
    open_filters(app)
    app.page.get_by_label("Condition in CQL2").fill("nowhere = 3")
    expect(app.page.locator(".filter-form")).to_contain_text("nowhere")
    app.complaints.clear()
    app.page.get_by_role("button", name="Draw a polygon on the map").click()
    assert app.serious_barriers() == []
    app.complaints.clear()  # leaving the field asks once more
