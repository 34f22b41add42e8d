"""Marking tiles, asking with the labels, keeping them: in the page and on the command line."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from app_page import App, Open
from click.testing import CliRunner
from playwright.sync_api import Locator, expect

from eex.cli import cli
from eex.config import Settings
from eex.search.query import Query
from eex.search.run import OpenSet

pytestmark = pytest.mark.browser

START = "/?theme=dark&text=sand desert"

RIGHT, WRONG = (29, 101, 201), (179, 71, 0)
"""Colours of the two signs on the map."""


def rows(app: App) -> list[int]:
    cards = app.page.locator(".gallery .card").all()
    return [int(card.get_attribute("data-row") or -1) for card in cards]


def panel(app: App) -> Locator:
    return app.page.get_by_role("region", name="Labels")


def counts(app: App) -> Locator:
    return app.page.get_by_test_id("label-count")


def press_on(app: App, number: int, key: str) -> None:
    """Press a key with the focus on one of the best tiles."""
    app.page.get_by_role("button", name=re.compile(f"^Number {number} ?:")).focus()
    app.page.keyboard.press(key)


def mark(app: App, keys: str) -> None:
    """Mark the best tiles, best first; a dot passes one over."""
    for number, key in enumerate(keys, start=1):
        if key != ".":
            press_on(app, number, key)


def ask(app: App, method: str = "") -> None:
    before = app.query_id
    if method:
        panel(app).get_by_text(method, exact=True).first.click()
    panel(app).get_by_role("button", name="Ask with the labels").click()
    app.wait_painted(before)


def saved(app: App) -> tuple[Path, dict[str, Any]]:
    with app.page.expect_download() as waiting:
        panel(app).get_by_role("button", name="Save the project").click()
    path = Path(waiting.value.path())
    return path, json.loads(path.read_text(encoding="utf-8"))


def open_by_menu(app: App, path: Path) -> None:
    app.page.get_by_role("button", name="Files").click()
    with app.page.expect_file_chooser() as choosing:
        app.page.get_by_role("menuitem", name="Open a recipe or project").click()
    choosing.value.set_files(path)


def near_colour(app: App, colour: tuple[int, int, int]) -> int:
    return int((np.abs(app.map_pixels() - colour).max(axis=2) < 12).sum())


def wait_for_colour(app: App, colour: tuple[int, int, int]) -> None:
    """Wait until signs of this colour are on the map, which draws them a little later."""
    for _ in range(40):
        if near_colour(app, colour) > 20:
            return
        app.page.wait_for_timeout(250)
    pytest.fail(f"no sign of the colour {colour} is on the map")


def test_tiles_are_marked_by_keys_and_buttons_and_undone(visit: Open) -> None:
    app = visit(START)
    best = rows(app)
    assert near_colour(app, RIGHT) == near_colour(app, WRONG) == 0
    mark(app, "rrw")
    expect(counts(app)).to_have_text("2 right, 1 wrong")
    wait_for_colour(app, RIGHT)
    wait_for_colour(app, WRONG)
    listed = panel(app).get_by_role("list", name="Labelled tiles").get_by_role("listitem")
    told = [int(one.get_attribute("data-row") or -1) for one in listed.all()]
    assert told == best[2::-1]  # the latest first
    app.page.keyboard.press("Control+z")
    expect(counts(app)).to_have_text("2 right, 0 wrong")
    app.page.keyboard.press("Control+Shift+Z")
    expect(counts(app)).to_have_text("2 right, 1 wrong")
    turn = panel(app).get_by_role("button", name=f"Tile {best[2]} is right")
    turn.click()  # a tile has one label
    expect(counts(app)).to_have_text("3 right, 0 wrong")
    expect(turn).to_have_attribute("aria-pressed", "true")
    expect(panel(app).get_by_role("status")).to_contain_text(f"Tile {best[2]} marked as right")
    turn.click()
    expect(counts(app)).to_have_text("2 right, 0 wrong")
    panel(app).get_by_role("button", name="More with labels").click()
    app.page.get_by_role("menuitem", name="Take all labels off").click()
    expect(panel(app)).to_contain_text("Mark tiles as right or wrong")
    panel(app).get_by_role("button", name="Undo the last change").click()
    expect(counts(app)).to_have_text("2 right, 0 wrong")
    app.words.focus()  # where one types, keys are letters
    app.page.keyboard.type("rw")
    expect(counts(app)).to_have_text("2 right, 0 wrong")


def test_undo_goes_back_through_labels_and_questions_as_they_came(visit: Open) -> None:
    app = visit(START)
    before = app.query_id
    press_on(app, 1, "r")
    app.ask("tundra")
    press_on(app, 1, "w")
    expect(counts(app)).to_have_text("1 right, 1 wrong")
    app.page.keyboard.press("Control+z")
    expect(counts(app)).to_have_text("1 right, 0 wrong")
    app.page.keyboard.press("Control+z")  # the question before
    app.page.wait_for_function("(id) => document.body.dataset.queryId === id", arg=before)
    expect(counts(app)).to_have_text("1 right, 0 wrong")
    app.page.keyboard.press("Control+z")
    expect(panel(app)).to_contain_text("Mark tiles as right or wrong")


def test_labels_ask_as_in_python_and_rounds_can_be_gone_back_to(
    visit: Open, world: OpenSet
) -> None:
    app = visit(START)
    first = rows(app)
    mark(app, "rr....w")
    ask(app)
    session = world.feedback(Query.from_json({"text": "sand desert", "k": 24}))
    session.mark(positive=first[:2], negative=[first[6]])
    assert rows(app) == [one.row for one in session.search().results]
    second = rows(app)
    again = visit(app.page.url.removeprefix(app.server))  # the address alone asks the same
    assert rows(again) == second

    press_on(app, 12, "w")
    added = second[11]
    ask(app, "Mean")
    session.mark(negative=[added])
    assert rows(app) == [one.row for one in session.search("mean").results]
    ask(app, "Classifier")
    assert rows(app) == [one.row for one in session.search("logistic", background=1000).results]

    before = app.query_id
    rounds = panel(app).get_by_role("list", name="Rounds").get_by_role("button")
    expect(rounds).to_have_count(4)
    rounds.nth(1).click()
    app.wait_painted(before)
    assert rows(app) == second
    expect(counts(app)).to_have_text("2 right, 1 wrong")
    expect(rounds.nth(1)).to_have_attribute("aria-current", "true")
    before = app.query_id
    rounds.nth(0).click()
    app.wait_painted(before)
    assert rows(app) == first
    assert app.words.input_value() == "sand desert"


def test_a_method_that_lacks_labels_says_so_and_a_failure_keeps_the_answer(visit: Open) -> None:
    app = visit(START)
    cards = rows(app)
    mark(app, "w")
    panel(app).get_by_text("Classifier", exact=True).click()
    button = panel(app).get_by_role("button", name="Ask with the labels")
    expect(button).to_be_disabled()
    expect(panel(app)).to_contain_text("Mark at least one tile as right.")
    mark(app, ".r")
    app.page.route("**/api/v1/feedback", lambda route: route.abort())
    button.click()
    expect(panel(app).get_by_role("alert")).to_contain_text("The server does not answer.")
    assert rows(app) == cards
    app.complaints.clear()  # the browser logs the refused request itself
    app.page.unroute("**/api/v1/feedback")
    ask(app)
    expect(panel(app).get_by_role("alert")).to_have_count(0)


def test_a_project_goes_to_the_command_line_and_back(
    visit: Open, world: OpenSet, settings: Settings, tmp_path: Path
) -> None:
    app = visit(START + "&percent=20&projection=globe&at=3.5/20/10&bbox=-20,0,60,40")
    best = rows(app)
    mark(app, "rrr..w")
    panel(app).get_by_label(f"Note on tile {best[0]}").fill("dunes")
    ask(app)
    answer = rows(app)
    mark(app, "." * 9 + "w")
    path, record = saved(app)
    assert [one["properties"]["label"] for one in record["features"]].count(1) == 3
    ids = world.embeddings.ids
    for feature in record["features"]:
        told = feature["properties"]
        assert told["id"] == str(ids[told["row"]])
        assert np.allclose(
            feature["geometry"]["coordinates"], world.embeddings.lonlat[told["row"]], atol=1e-6
        )
    assert "Blue Marble" in record["credit"]["attribution"]
    assert record["credit"]["licence"]

    # `eex feedback` reads what the page wrote, and goes on from its latest round
    later = tmp_path / "later.geojson"
    environment = {"EEX_CACHE_DIR": str(settings.cache_dir)}
    words = ["feedback", "world", "--labels", str(path), "--positive", "200"]
    done = CliRunner().invoke(
        cli, [*words, "--save", str(later), "--format", "json"], env=environment
    )
    assert done.exit_code == 0, done.output
    assert "another version" not in done.output
    assert "Round 3: 4 positive, 2 negative" in done.stderr
    found = [one["row"] for one in json.loads(done.stdout)["results"]]

    # what the command line wrote opens in the page, with its rounds
    other = visit("/?theme=dark&text=tundra")
    before = other.query_id
    open_by_menu(other, later)
    other.wait_painted(before)
    expect(counts(other)).to_have_text("4 right, 2 wrong")
    assert rows(other) == found
    rounds = panel(other).get_by_role("list", name="Rounds").get_by_role("button")
    expect(rounds).to_have_count(4)
    before = other.query_id
    rounds.nth(1).click()
    other.wait_painted(before)
    assert rows(other) == answer

    # what the page wrote comes back whole, dropped onto another page
    again = visit("/?theme=dark&text=tundra")
    before = again.query_id
    again.give("drop", "sand.geojson", "application/geo+json", path.read_bytes())
    again.wait_painted(before)
    assert rows(again) == answer
    expect(counts(again)).to_have_text("3 right, 2 wrong")
    expect(panel(again).get_by_label(f"Note on tile {best[0]}")).to_have_value("dunes")
    for piece in ("percent=20", "projection=globe", "at=3.5", "bbox=-20"):
        again.page.wait_for_function(f"() => location.search.includes({piece!r})")


def test_points_of_other_tools_become_labels(visit: Open, world: OpenSet) -> None:
    lon, lat = world.embeddings.lonlat[8702].tolist()
    point = {"type": "Point", "coordinates": [lon + 0.02, lat]}
    feature = {"type": "Feature", "geometry": point, "properties": {"Class": "pos"}}
    record = {"type": "FeatureCollection", "features": [feature]}
    app = visit(START)
    app.give("drop", "points.geojson", "", json.dumps(record).encode())
    expect(counts(app)).to_have_text("1 right, 0 wrong")
    expect(panel(app).get_by_role("button", name="Tile 8702 is right")).to_be_visible()
    expect(app.page.locator(".notice")).to_contain_text("nearest tile")
    strange = json.dumps(record).replace("pos", "maybe").encode()
    app.give("drop", "points.geojson", "", strange)
    expect(app.page.get_by_role("alert")).to_contain_text("A label is 1, 0, -1")
    app.complaints.clear()  # the browser logs the refused request itself


def test_labels_survive_a_reload_and_who_leaves_with_unsaved_ones_is_warned(visit: Open) -> None:
    app = visit(START)
    asked: list[str] = []
    app.page.on("dialog", lambda dialog: (asked.append(dialog.type), dialog.accept()))
    mark(app, "rrw")
    expect(counts(app)).to_have_text("2 right, 1 wrong")
    app.page.reload()
    app.wait_painted("")
    assert asked == ["beforeunload"]
    offer = panel(app).get_by_role("note")
    expect(offer).to_contain_text("Restore 3 labels")
    mark(app, "...w")  # what is marked meanwhile stays
    offer.get_by_role("button", name="Restore").click()
    expect(counts(app)).to_have_text("2 right, 2 wrong")
    expect(offer).to_have_count(0)
    saved(app)
    expect(panel(app).get_by_text("Not saved to a file yet.")).to_have_count(0)
    app.page.reload()
    app.wait_painted("")
    assert asked == ["beforeunload"]  # nothing would have been lost
    expect(offer).to_have_count(0)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_nothing_serious_in_labels(visit: Open, theme: str) -> None:
    app = visit(START.replace("dark", theme))
    mark(app, "rw")
    ask(app)
    press_on(app, 5, "w")
    width = 390 if theme == "light" else 1100
    app.page.set_viewport_size({"width": width, "height": 844})
    panel(app).get_by_text("Classifier", exact=True).click()
    assert app.serious_barriers() == []
    assert app.page.evaluate("() => document.documentElement.scrollWidth") <= width
