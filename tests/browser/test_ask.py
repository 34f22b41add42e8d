"""One query of parts: words, areas, places, tiles, how they are joined, and what a set takes."""

from __future__ import annotations

import json
import re

import pytest
from app_page import TOKEN, App, Open
from playwright.sync_api import Browser, Locator, expect

from eex.search.found import Found
from eex.search.run import OpenSet

pytestmark = pytest.mark.browser


def chips(app: App) -> Locator:
    return app.page.get_by_role("list", name="Parts of the query")


def rows(app: App) -> list[int]:
    cards = app.page.locator(".gallery .card").all()
    return [int(card.get_attribute("data-row") or -1) for card in cards]


def found_rows(found: Found) -> list[int]:
    return [one.row for one in found.results]


def add(app: App, what: str) -> None:
    app.page.get_by_role("button", name="Add another part").click()
    app.page.get_by_role("menuitem", name=what).click()


def open_chip(app: App, name: str) -> Locator:
    chips(app).get_by_role("button", name=re.compile(f"^{name}")).click()
    form = app.page.locator(".weight-form")
    expect(form).to_be_visible()
    return form


def test_words_are_added_taken_away_changed_and_joined(visit: Open, world: OpenSet) -> None:
    app = visit("/?theme=dark&text=sand desert")
    before = app.query_id
    app.page.get_by_role("button", name="Add another part").focus()
    app.page.keyboard.press("Enter")
    expect(app.page.get_by_role("menuitem", name="Further words")).to_be_visible()
    app.page.keyboard.press("ArrowDown")
    expect(app.page.get_by_role("menuitem", name="Further words")).to_be_focused()
    app.page.keyboard.press("ArrowDown")
    app.page.keyboard.press("Enter")
    expect(app.page.get_by_role("textbox", name="Further words")).to_be_focused()
    app.page.keyboard.type("mountains")
    app.page.keyboard.press("Enter")
    app.wait_painted(before)
    both = [
        {"kind": "text", "text": "sand desert"},
        {"kind": "text", "text": "mountains", "weight": -1},
    ]
    asked = {"version": 2, "set": "world", "parts": both, "k": 24}
    assert rows(app) == found_rows(world.ask(asked))
    expect(chips(app)).to_contain_text("\N{MINUS SIGN}1")
    joined = app.page.get_by_role("button", name="Joined by One direction")
    expect(app.page.get_by_text("negative ones taken away")).to_be_visible()
    for name, method in (("All must fit", "minimum"), ("Sum of ranks", "rrf")):
        before = app.query_id
        joined.click()
        app.page.get_by_role("menuitem", name=name).click()
        app.wait_painted(before)
        assert rows(app) == found_rows(world.ask(asked | {"fusion": {"method": method}}))
        app.expect_address(f"fusion={method}")
        joined = app.page.get_by_role("button", name=f"Joined by {name}")
    app.page.go_back()
    before = app.query_id
    app.page.go_back()
    app.wait_painted(before)
    expect(app.page.get_by_role("button", name="Joined by One direction")).to_be_visible()
    form = open_chip(app, "mountains")
    form.get_by_label("Words").fill("dunes")
    before = app.query_id
    form.get_by_label("Words").press("Enter")
    app.wait_painted(before)
    both[1]["text"] = "dunes"
    assert rows(app) == found_rows(world.ask(asked))
    before = app.query_id
    chips(app).get_by_label("Remove dunes").click()
    app.wait_painted(before)
    expect(app.page.get_by_text("Joined by")).to_have_count(0)


def test_an_area_is_an_example_drawn_typed_or_dropped(visit: Open, world: OpenSet) -> None:
    app = visit("/?theme=dark&text=lagoon")
    before = app.query_id
    app.words.fill("")
    add(app, "An area as example")
    app.page.get_by_role("button", name="Draw a box on the map").click()
    box = app.page.get_by_test_id("map").bounding_box()
    assert box is not None
    left, top = box["x"] + 0.47 * box["width"], box["y"] + 0.42 * box["height"]
    app.page.mouse.move(left, top)
    app.page.mouse.down()
    app.page.mouse.move(left + 40, top + 30, steps=3)
    app.page.mouse.up()
    app.wait_painted(before)
    expect(chips(app)).to_contain_text("Drawn area")
    found = re.search(r"[?&]area=([^&]+)", app.page.url)
    assert found
    drawn = [float(number) for number in found[1].replace("%2C", ",").split(",")]
    part = {"kind": "area", "bbox": drawn}
    assert rows(app) == found_rows(world.ask({"parts": [part], "k": 24}))
    # typed over in its chip
    form = open_chip(app, "Drawn area")
    form.get_by_label("West, south, east, north").fill("4, 51, 7, 53")
    before = app.query_id
    form.get_by_label("West, south, east, north").press("Enter")
    app.wait_painted(before)
    part = {"kind": "area", "bbox": [4, 51, 7, 53]}
    assert rows(app) == found_rows(world.ask({"parts": [part], "k": 24}))
    # a file of polygons asks what for
    ring = [[10, 20], [20, 20], [20, 30], [10, 20]]
    area = {"type": "Polygon", "coordinates": [ring]}
    app.give("drop", "oasis.geojson", "application/geo+json", json.dumps(area).encode())
    expect(app.page.get_by_text("“oasis.geojson” holds an area.")).to_be_visible()
    before = app.query_id
    app.page.get_by_role("button", name="Only tiles inside").click()
    app.wait_painted(before)
    asked = {"parts": [part], "filter": {"area": area}, "k": 24}
    assert rows(app) == found_rows(world.ask(asked))


def test_a_place_picked_on_the_map_joins_the_words(visit: Open) -> None:
    app = visit("/?theme=dark&text=farmland")
    before = app.query_id
    app.page.get_by_label("Add a place").click()
    app.page.get_by_role("button", name="Pick on the map").click()
    expect(app.page.get_by_text("Click the place on the map.")).to_be_visible()
    box = app.page.get_by_test_id("map").bounding_box()
    assert box is not None
    app.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    app.wait_painted(before)
    app.expect_address("place=")
    app.expect_address("text=farmland")
    form = open_chip(app, r"\d")
    form.get_by_label("Latitude, longitude").fill("12.9 E, 21.4 N")
    before = app.query_id
    form.get_by_role("button", name="Change").click()
    app.wait_painted(before)
    expect(chips(app)).to_contain_text("21.40° N, 12.90° E")


def test_what_a_set_cannot_take_is_marked_and_models_are_told(visit: Open) -> None:
    app = visit("/?theme=dark")
    app.page.goto(f"{app.server}/?theme=dark&set=alps&text=glacier&row=3")
    expect(app.page.get_by_role("alert")).to_be_visible()
    app.complaints.clear()  # the browser logs the refused request itself
    off = chips(app).get_by_role("button", name=re.compile(r"^glacier ?, not taken by this set"))
    off.click()
    note = app.page.get_by_role("note").filter(has_text="Take it out")
    expect(note).to_contain_text("Takes no words: its model is not known here.")
    note.get_by_role("button", name="Sets and models").click()
    dialog = app.page.get_by_role("dialog", name="Sets and models")
    world = dialog.get_by_role("listitem").filter(has_text="The embedded world")
    expect(world).to_contain_text("takes words, pictures, places")
    expect(world).to_contain_text("Apache-2.0")
    siglip = dialog.get_by_role("listitem").filter(has_text="siglip-so400m-14-384")
    expect(siglip).to_contain_text("Words of any kind")
    expect(siglip).to_contain_text("eex models get siglip-so400m-14-384")
    paper = siglip.get_by_role("link", name="Paper")
    expect(paper).to_have_attribute("href", "https://arxiv.org/abs/2303.15343")
    app.context.grant_permissions(["clipboard-read", "clipboard-write"])
    siglip.get_by_role("button", name=re.compile("^Copy")).click()
    expect(siglip.get_by_role("button", name="Copied")).to_be_visible()
    copied = app.page.evaluate("() => navigator.clipboard.readText()")
    assert copied == "eex models get siglip-so400m-14-384"
    before = app.query_id
    dialog.get_by_role("button", name="The embedded world").click()
    app.wait_painted(before)
    app.expect_address("text=glacier")
    app.expect_address("row=", there=False)  # a row is one of its own set


def test_a_server_with_a_token_asks_for_it(browser: Browser, guarded: str) -> None:
    app = App(browser, guarded)
    app.page.goto(f"{guarded}/?theme=dark&text=sand desert")
    dialog = app.page.get_by_role("dialog", name="This server asks for a token")
    field = dialog.get_by_label("Token")
    expect(field).to_be_focused()
    field.fill("not this one")
    field.press("Enter")
    expect(dialog).to_contain_text("This is not the token.")
    field.fill(TOKEN)
    field.press("Enter")
    app.wait_painted("")
    expect(dialog).to_have_count(0)
    expect(app.page.locator(".mantine-Modal-overlay")).to_have_count(0)  # has faded
    assert app.coloured() > 300
    app.context.close()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_nothing_serious_while_asking(visit: Open, theme: str) -> None:
    query = "text=sand desert&text=-0.5*mountains&area=10,20,20,30&fusion=sum,quantile"
    app = visit(f"/?theme={theme}&{query}")
    add(app, "Words to keep away from")
    open_chip(app, "sand desert")
    assert app.serious_barriers() == []
    app.page.keyboard.press("Escape")
    app.page.get_by_role("button", name="Choose the set of tiles").click()
    expect(app.page.get_by_role("dialog", name="Sets and models")).to_be_visible()
    assert app.serious_barriers() == []
