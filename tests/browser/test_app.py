"""What a person does with the web page, done in a real browser against the real server."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from app_page import PREFIX, App, Open
from playwright.sync_api import Browser, expect

pytestmark = pytest.mark.browser


def test_a_newcomer_sees_a_map_and_pictures_without_doing_anything(visit: Open) -> None:
    app = visit()
    assert app.coloured() > 300
    assert app.count() > 0
    assert app.page.locator(".gallery .card").count() >= 10
    expect(app.page.get_by_role("note")).to_contain_text("not Sentinel-2, not SigLIP")


def test_words_change_map_and_pictures(visit: Open) -> None:
    app = visit("/?theme=dark&text=tropical rainforest")
    map_before, pictures_before = app.map_pixels(), app.first_pictures()
    app.ask("sand desert")
    assert (app.map_pixels() != map_before).any(axis=2).sum() > 300
    assert not set(app.first_pictures()) & set(pictures_before)
    expect(app.page.locator(".read-as")).to_contain_text("sand desert")
    app.expect_address("text=sand+desert")


def test_another_set_is_chosen_from_the_menu_and_asked_the_same(visit: Open) -> None:
    app = visit("/?theme=dark&text=mountains&row=1000")
    before = app.query_id
    app.page.get_by_role("button", name="Choose the set of tiles").click()
    app.page.get_by_role("button", name="Southern tip").click()
    app.wait_painted(before)
    app.expect_address("set=southern-tip")
    app.expect_address("text=mountains")
    app.expect_address("row=", there=False)  # a row is one of its own set
    expect(app.page.get_by_test_id("count")).to_contain_text("of 900")
    assert all("/sets/southern-tip/tiles/" in source for source in app.first_pictures())
    app.page.go_back()
    expect(app.page.get_by_test_id("count")).to_contain_text("17,666")


def test_a_set_without_examples_of_its_own_answers_at_once(visit: Open) -> None:
    app = visit("/?theme=dark&set=southern-tip")
    assert app.count() > 0
    expect(app.page.get_by_role("button", name="Like tile").first).to_be_visible()


def test_a_set_whose_model_is_not_here_is_asked_with_its_own_tiles(visit: Open) -> None:
    app = visit("/?theme=dark&text=mountains")
    before = app.query_id
    app.page.get_by_role("button", name="Choose the set of tiles").click()
    expect(app.page.get_by_role("button", name="Mute")).to_be_disabled()
    app.page.get_by_role("button", name="Leave out words and turn to it").click()
    app.wait_painted(before)
    app.expect_address("text=", there=False)
    app.expect_address("row=")
    expect(app.page.get_by_role("button", name="Add a picture")).to_be_disabled()
    expect(app.page.get_by_role("button", name="Add a place")).to_be_disabled()
    expect(app.page.get_by_test_id("count")).to_contain_text("of 60")


def test_a_picture_that_cannot_be_had_is_said_so(browser: Browser, server: str) -> None:
    app = App(browser, server)
    app.page.route("**/picture?*", lambda route: route.fulfill(status=502))
    app.page.goto(server + "/?theme=dark")
    lost = app.page.locator(".gallery .picture-none")
    expect(lost.first).to_be_visible()
    expect(app.page.get_by_role("img", name="not to be had").first).to_be_visible()
    app.context.close()


def test_the_back_button_brings_the_query_before(visit: Open) -> None:
    app = visit("/?theme=dark&text=tropical rainforest")
    pictures_before = app.first_pictures()
    app.ask("sand desert")
    before = app.query_id
    app.page.go_back()
    app.wait_painted(before)
    assert app.words.input_value() == "tropical rainforest"
    assert app.first_pictures() == pictures_before


def test_the_slider_recolours_the_map_without_asking_the_server(visit: Open) -> None:
    app = visit("/?theme=dark&text=sand desert&percent=5")
    few, area_before = app.count(), app.coloured()
    app.page.wait_for_load_state("networkidle")
    app.requests.clear()
    app.page.get_by_label("Share of tiles shown in colour").fill("20")
    app.wait_rest()
    expect(app.page.get_by_test_id("count")).not_to_contain_text(f"{few:,} of")
    assert app.count() > 5 * few
    assert app.coloured() > 3 * area_before
    assert [url for url in app.requests if "/api/" in url] == []
    app.page.wait_for_function("() => location.search.includes('percent=31.6')")


def test_dragging_the_histogram_moves_the_cut(visit: Open) -> None:
    app = visit("/?theme=dark&text=sand desert&percent=5")
    few = app.count()
    box = app.page.get_by_label("Histogram of the scores of all tiles").bounding_box()
    assert box is not None
    app.page.mouse.click(box["x"] + 0.05 * box["width"], box["y"] + 30)
    expect(app.page.get_by_test_id("count")).not_to_contain_text(f"{few:,} of")
    assert app.count() > few


def test_more_like_a_result_asks_with_that_tile(visit: Open) -> None:
    app = visit("/?theme=dark&text=sand desert")
    card = app.page.locator(".gallery .card").nth(2)
    row = card.get_attribute("data-row")
    before = app.query_id
    card.hover()
    app.page.get_by_label("More like number 3").click()
    app.wait_painted(before)
    app.expect_address(f"row={row}")
    assert app.page.locator(".gallery .card").first.get_attribute("data-row") == row
    expect(app.page.get_by_role("list", name="Parts of the query")).to_contain_text(f"Tile {row}")


def test_a_click_on_a_result_flies_there_and_opens_its_card(visit: Open) -> None:
    app = visit("/?theme=dark&text=sand desert")
    view_before = app.map_pixels()
    app.page.get_by_role("button", name=re.compile("^Number 1 ?:")).click()
    card = app.page.get_by_label("Chosen tile")
    expect(card).to_contain_text("Score")
    app.wait_rest()
    assert (app.map_pixels() != view_before).any(axis=2).mean() > 0.2
    before = app.query_id
    card.get_by_role("button", name="Less").click()
    app.wait_painted(before)
    app.expect_address("row=-1*")
    expect(card).to_have_count(0)  # another answer, another choice
    app.page.get_by_role("button", name=re.compile("^Number 2 ?:")).click()
    expect(card).to_contain_text("Score")
    app.page.get_by_label("Close the tile").click()
    expect(card).to_have_count(0)


def test_a_click_on_the_map_opens_the_tile_there(visit: Open) -> None:
    app = visit("/?theme=dark&text=sand desert")
    box = app.page.get_by_test_id("map").bounding_box()
    assert box is not None
    middle = (box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    app.page.mouse.move(*middle)
    expect(app.page.locator(".hover-tip")).to_contain_text("best")
    app.page.mouse.click(*middle)
    expect(app.page.get_by_label("Chosen tile")).to_be_visible()


def test_a_typed_place_is_a_query(visit: Open) -> None:
    app = visit()
    before = app.query_id
    app.page.get_by_label("Add a place").click()
    field = app.page.get_by_role("combobox", name="Place")
    field.fill("139.7, 35.7")
    expect(app.page.get_by_text("Latitude comes first")).to_be_visible()
    field.fill("-3.1, -60")
    field.press("Enter")
    app.wait_painted(before)
    chips = app.page.get_by_role("list", name="Parts of the query")
    expect(chips).to_contain_text("3.10° S, 60.00° W")
    app.expect_address("place=-60")


def test_a_place_is_found_by_name_and_its_weight_turned_round(visit: Open) -> None:
    app = visit("/?theme=dark&text=farmland")
    before = app.query_id
    app.page.get_by_label("Add a place").click()
    app.page.get_by_role("combobox", name="Place").fill("Cair")
    app.page.get_by_role("option", name=re.compile("Cairo")).first.click()
    app.wait_painted(before)
    chips = app.page.get_by_role("list", name="Parts of the query")
    expect(chips).to_contain_text("Cairo")
    before = app.query_id
    chips.get_by_role("button", name=re.compile("^Cairo")).click()
    app.page.get_by_text("Less like it").click()
    app.wait_painted(before)
    expect(chips).to_contain_text("\N{MINUS SIGN}1")
    before = app.query_id
    app.page.keyboard.press("Escape")
    chips.get_by_label("Remove Cairo").click()
    app.wait_painted(before)
    expect(chips).to_have_count(0)


def test_a_place_is_picked_on_the_map(visit: Open) -> None:
    app = visit()
    before = app.query_id
    app.page.get_by_label("Add a place").click()
    app.page.get_by_role("button", name="Pick on the map").click()
    box = app.page.get_by_test_id("map").bounding_box()
    assert box is not None
    app.page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    app.wait_painted(before)
    app.expect_address("place=")


def test_a_picture_is_a_query(visit: Open, sand_picture: Path) -> None:
    app = visit()
    before = app.query_id
    app.page.locator(".query input[type=file]").set_input_files(sand_picture)
    app.wait_painted(before)
    chips = app.page.get_by_role("list", name="Parts of the query")
    expect(chips).to_contain_text("sand.png")
    expect(app.page.locator(".notice")).to_contain_text(re.compile("colour", re.IGNORECASE))


@pytest.mark.parametrize("kind", ["drop", "paste"])
def test_a_picture_is_dropped_or_pasted(visit: Open, sand_picture: Path, kind: str) -> None:
    app = visit()
    before = app.query_id
    app.give(kind, "a.png", "image/png", sand_picture.read_bytes())
    app.wait_painted(before)
    expect(app.page.get_by_role("list", name="Parts of the query")).to_contain_text("a.png")


def test_what_is_no_picture_is_refused_in_words(visit: Open, tmp_path: Path) -> None:
    text = tmp_path / "notes.png"
    text.write_text("not a picture")
    app = visit()
    app.page.locator(".query input[type=file]").set_input_files(text)
    expect(app.page.get_by_text("“notes.png” cannot be read")).to_be_visible()


def test_unknown_words_offer_what_is_known_in_place_of_a_map(visit: Open) -> None:
    app = visit()
    app.words.fill("pizza in Paris")
    app.words.press("Enter")
    problem = app.page.get_by_role("alert")
    expect(problem).to_contain_text("does not know")
    expect(problem.get_by_role("button", name=re.compile("places like Paris"))).to_be_visible()
    expect(app.page.locator(".gallery .card")).to_have_count(0)
    app.wait_rest()
    assert app.coloured() < 50
    app.complaints.clear()  # the browser logs the refused request itself
    before = app.query_id
    problem.get_by_role("button", name="tundra", exact=True).click()
    app.wait_painted(before)
    expect(problem).to_have_count(0)


def test_a_silent_server_is_told_in_words_and_asked_again(visit: Open) -> None:
    app = visit()
    app.page.route("**/api/v1/search", lambda route: route.abort())
    app.words.fill("tundra")
    app.words.press("Enter")
    problem = app.page.get_by_role("alert")
    expect(problem).to_contain_text("The server does not answer.")
    assert app.page.locator(".gallery .card").count() > 0  # the answer before stays
    with app.page.expect_request("**/api/v1/search"):
        problem.get_by_role("button", name="Try again").click()
    expect(problem).to_contain_text("The server does not answer.")
    before = app.query_id
    app.page.unroute("**/api/v1/search")
    app.wait_painted(before)  # the page asks by itself, now and then
    app.complaints.clear()
    expect(problem).to_have_count(0)


def test_light_and_dark_are_one_click_apart_and_in_the_address(visit: Open) -> None:
    app = visit("/?theme=dark&text=tundra")
    ground_before = app.map_pixels().mean()
    app.page.get_by_label("Switch to light colours").click()
    expect(app.page.locator("html")).to_have_attribute("data-mantine-color-scheme", "light")
    app.page.wait_for_function("() => location.search.includes('theme=light')")
    app.wait_rest()
    assert app.map_pixels().mean() > ground_before + 80


def test_examples_and_concepts_are_one_click(visit: Open) -> None:
    app = visit()
    examples = app.page.get_by_role("group", name="Examples").get_by_role("button")
    assert examples.count() >= 4
    before = app.query_id
    examples.nth(1).click()
    app.wait_painted(before)
    before = app.query_id
    app.page.get_by_label("Filter the concepts").fill("glaci")
    app.page.get_by_role("group", name="Known concepts").get_by_role("button").first.click()
    app.wait_painted(before)
    assert "glaci" in app.words.input_value()


def test_everything_can_be_done_with_the_keyboard(visit: Open) -> None:
    app = visit()
    press = app.page.keyboard.press

    def tab_to(name: str) -> None:
        for _ in range(120):
            press("Tab")
            focused = app.page.evaluate(
                "() => document.activeElement.getAttribute('aria-label')"
                " || document.activeElement.textContent"
            )
            if re.match(name, focused or ""):
                return
        pytest.fail(f"Tab never comes to {name!r}")

    tab_to("What to look for")
    before = app.query_id
    press("Control+A")
    app.page.keyboard.type("sand desert")
    press("Enter")
    app.wait_painted(before)
    tab_to("Share of tiles")
    few = app.count()
    press("ArrowLeft")
    expect(app.page.get_by_test_id("count")).not_to_contain_text(f"{few:,} of")
    assert app.count() > few
    tab_to("World map")
    tab_to("Number 1:")
    press("Enter")
    expect(app.page.get_by_label("Chosen tile")).to_be_visible()
    before = app.query_id
    tab_to("More like number 1")
    press("Enter")
    app.wait_painted(before)
    app.expect_address("row=")


@pytest.mark.parametrize("theme", ["dark", "light"])
@pytest.mark.parametrize("state", ["answer", "problem"])
def test_axe_finds_nothing_serious(visit: Open, theme: str, state: str) -> None:
    app = visit(f"/?theme={theme}&text=farmland&place=31,30&row=12")
    app.page.get_by_role("button", name=re.compile("^Number 1 ?:")).click()
    if state == "problem":
        app.words.fill("zzzz qqqq")
        app.words.press("Enter")
        expect(app.page.get_by_role("alert")).to_be_visible()
        app.complaints.clear()
    assert app.serious_barriers() == []


def test_blue_marble_and_globe_are_drawn(visit: Open) -> None:
    app = visit("/?theme=dark&text=sand desert&base=bluemarble&projection=globe")
    pixels = app.map_pixels()
    assert app.coloured() > 300
    assert pixels[5, 5].max() < 40  # space
    assert any("/basemap/bluemarble/" in url for url in app.requests)
    app.page.get_by_label("Show the flat map").click()
    app.page.get_by_text("Map", exact=True).click()
    app.wait_rest()
    app.expect_address("globe", there=False)
    app.expect_address("bluemarble", there=False)


def test_the_page_works_under_a_path_prefix(visit: Open) -> None:
    app = visit(f"{PREFIX}/?theme=dark&text=tundra")
    assert app.coloured() > 300
    assert all(PREFIX in url for url in app.requests if not url.startswith(("data:", "blob:")))


def test_a_phone_shows_everything_below_each_other(visit: Open) -> None:
    app = visit("/?theme=light", viewport={"width": 390, "height": 844}, has_touch=True)
    wide = app.page.evaluate("() => document.documentElement.scrollWidth")
    assert wide <= 390
    tops = [
        app.page.locator(name).bounding_box()["y"]  # type: ignore[index]
        for name in (".query", ".map-area", ".scores", ".results")
    ]
    assert tops == sorted(tops)
