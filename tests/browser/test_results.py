"""The best tiles: pictures that block nothing, a table of thousands, a tile shown large."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from app_page import App, Open
from loopback_world import part_of_world, serving
from numpy.typing import NDArray
from PIL import Image
from playwright.sync_api import Browser, Locator, Route, expect

from eex.config import Settings
from eex.embeddings import SetHeader
from eex.encoders.open import encoder
from eex.imagery.bluemarble import BlueMarble
from eex.places import distances_km
from eex.search.run import OpenSet
from eex.server.app import create_app

pytestmark = pytest.mark.browser

PICTURES = re.compile(r"/tiles/\d+/picture\?size=192$")
CARDS = ".gallery .card"
ALL = "/?theme=dark&text=sand desert&k=17666&spread_km=0"

HEATED = 300
"""Tiles of the set whose model has heatmaps."""


@pytest.fixture(scope="module")
def heated(settings: Settings, world: OpenSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Tiles of the embedded world with vectors of a small CLIP of random weights."""
    pytest.importorskip("torch")
    from pair_checkpoints import tiny_clip

    folder = tmp_path_factory.mktemp("heated")
    tiny_clip().save_pretrained(folder / "clip")
    model = f"clip:{folder / 'clip'}"
    path = part_of_world(settings, folder / "heated.parquet", first=9_000, rows=HEATED)
    table = pq.read_table(path)
    header = SetHeader.from_json(table.schema.metadata[b"emb"])
    lonlat = world.embeddings.lonlat[9_000 : 9_000 + HEATED]
    made = encoder(model, device="cpu").encode_image(list(BlueMarble.open().cut(lonlat)))
    column = pa.FixedSizeListArray.from_arrays(pa.array(made.ravel(), pa.float32()), made.shape[1])
    at = table.schema.get_field_index("embedding")
    named = replace(header, title="Heated", model=model, variant="", weights="", dim=made.shape[1])
    table = table.set_column(at, "embedding", column)
    pq.write_table(table.replace_schema_metadata({"emb": named.to_json()}), path)
    return path


@pytest.fixture(scope="module")
def hot_server(settings: Settings, heated: Path) -> Iterator[str]:
    with serving(create_app(settings, sets=(heated,))) as address:
        yield address


def rows_of(app: App) -> list[int]:
    return [int(card.get_attribute("data-row") or -1) for card in app.page.locator(CARDS).all()]


def nearest_pair_km(world: OpenSet, rows: list[int]) -> float:
    lonlat = world.embeddings.lonlat[rows]
    apart = np.array([distances_km(lonlat, one) for one in lonlat])
    return float(apart[~np.eye(len(rows), dtype=bool)].min())


def scale(stage: Locator) -> float:
    return float(stage.get_attribute("data-scale") or 0)


def test_a_slow_picture_holds_up_no_other_and_no_question(browser: Browser, server: str) -> None:
    app = App(browser, server)
    held: list[Route] = []
    running, most = set[str](), [0]

    def ask(route: Route) -> None:
        running.add(route.request.url)
        most[0] = max(most[0], len(running))
        if held:
            route.continue_()
        else:
            held.append(route)

    app.page.route(PICTURES, ask)
    app.page.on("requestfinished", lambda request: running.discard(request.url))
    app.page.on("requestfailed", lambda request: running.discard(request.url))
    app.page.goto(server + "/?theme=dark&text=sand desert")
    expect(app.page.locator(f"{CARDS} img[data-phase=arrived]").nth(3)).to_be_visible()
    row = held[0].request.url.split("/")[-2]
    slow = app.page.locator(f"{CARDS}[data-row='{row}']")
    expect(slow.locator("img")).to_have_attribute("data-phase", "waiting")
    assert most[0] <= 4  # of the browser's six connections two are free for questions
    held[0].continue_()
    expect(slow.locator("img")).to_have_attribute("data-phase", "arrived")
    app.context.close()


def test_a_picture_that_failed_is_asked_for_again(browser: Browser, server: str) -> None:
    app = App(browser, server)
    app.page.route(PICTURES, lambda route: route.fulfill(status=502))
    app.page.goto(server + "/?theme=dark&text=sand desert")
    first = app.page.locator(CARDS).first
    again = first.get_by_role("button", name="Load the picture again")
    expect(again).to_be_visible()
    app.page.unroute(PICTURES)
    again.click()
    expect(first.locator("img[data-phase=arrived]")).to_be_visible()
    app.context.close()


def test_arrow_keys_go_from_card_to_card_and_the_tab_key_stops_once(visit: Open) -> None:
    app = visit("/?theme=dark&text=sand desert&k=300&spread_km=0")
    app.page.get_by_role("button", name=re.compile("^Number 1:")).focus()
    for key, rank in [("ArrowRight", 2), ("ArrowRight", 3), ("ArrowLeft", 2), ("End", 300)]:
        app.page.keyboard.press(key)
        app.page.wait_for_function(
            "start => document.activeElement.textContent.startsWith(start)",
            arg=f"Number {rank}:",
        )
    assert app.page.locator(CARDS).count() < 60  # of 300
    app.page.keyboard.press("Enter")
    expect(app.page.get_by_label("Chosen tile")).to_be_visible()
    stops = app.page.locator(".gallery [tabindex='0']")
    assert {one.get_attribute("data-place") for one in stops.all()} == {"299", None}
    app.page.keyboard.press("Home")
    app.page.wait_for_function("() => document.activeElement.textContent.startsWith('Number 1:')")


def test_the_spread_and_how_many_change_the_list(visit: Open, world: OpenSet) -> None:
    app = visit("/?theme=dark&text=sand desert")
    usual = rows_of(app)
    assert nearest_pair_km(world, usual) >= 500
    app.page.get_by_label("What is listed: 24 best").click()
    options = app.page.get_by_role("dialog")
    before = app.query_id
    options.get_by_role("button", name="Off").click()
    app.wait_painted(before)
    crowded = rows_of(app)
    assert nearest_pair_km(world, crowded) < 200
    app.expect_address("spread_km=0")
    before = app.query_id
    options.get_by_role("textbox", name="Spread").fill("1500")
    options.get_by_role("textbox", name="Spread").press("Enter")
    app.wait_painted(before)
    assert nearest_pair_km(world, rows_of(app)) >= 1_500
    before = app.query_id
    options.get_by_role("button", name=re.compile("As this set has it")).click()
    app.wait_painted(before)
    assert rows_of(app) == usual
    app.expect_address("spread_km", there=False)
    before = app.query_id
    options.get_by_label("How many").get_by_text("100", exact=True).click()
    app.wait_painted(before)
    app.expect_address("k=100")
    before = app.query_id
    options.get_by_role("button", name="More", exact=True).click()
    options.get_by_label("One per grid cell").fill("4000")
    options.get_by_label("One per grid cell").press("Tab")
    app.wait_painted(before)
    app.expect_address("one_per_cell=4000")
    expect(app.page.locator(".results-what")).to_contain_text("no more fit")


def test_seventeen_thousand_rows_are_read_sorted_and_chosen_with_keys(
    visit: Open, world: OpenSet
) -> None:
    app = visit(ALL)
    app.page.get_by_text("Table", exact=True).click()
    app.page.wait_for_function("() => location.search.includes('layout=table')")
    table = app.page.get_by_role("grid")
    expect(table).to_have_attribute("aria-rowcount", "17667")
    rows = app.page.locator(".table-body [role=row]")
    active = app.page.locator(".table-body [data-active]")
    table.focus()
    for key, line in [("ArrowDown", 3), ("End", 17_667), ("ArrowUp", 17_666), ("Home", 2)]:
        app.page.keyboard.press(key)
        expect(active).to_have_attribute("aria-rowindex", str(line))
        expect(active).to_be_in_viewport()
        assert rows.count() < 60
    app.page.mouse.move(700, 600)
    app.page.get_by_role("columnheader", name="Latitude").get_by_role("button").click()
    south = world.embeddings.lonlat[:, 1].min()
    expect(rows.first.locator("[data-column=lat]")).to_have_text(f"{south:.3f}")
    table.focus()
    app.page.keyboard.press("PageDown")
    row = active.get_attribute("data-row")
    app.page.keyboard.press("Enter")
    expect(app.page.get_by_label("Chosen tile")).to_be_visible()
    assert active.get_attribute("aria-selected") == "true"
    app.page.wait_for_function("row => location.search.includes(`tile=${row}`)", arg=row)
    # and the other way round: what is chosen on the map is shown in the table
    app.page.get_by_label("Close the tile").click()
    app.page.get_by_role("button", name="Show the whole world").click()
    app.page.wait_for_timeout(300)
    app.wait_rest()
    box = app.page.get_by_test_id("map").bounding_box()
    assert box is not None
    app.page.mouse.click(box["x"] + 0.55 * box["width"], box["y"] + 0.5 * box["height"])
    chosen = app.page.locator(f".table-body [aria-selected=true]:not([data-row='{row}'])")
    expect(chosen).to_be_in_viewport()
    chosen.dblclick()
    expect(app.page.get_by_role("dialog")).to_be_visible()


def test_the_list_is_made_higher_and_takes_the_whole_page(visit: Open) -> None:
    app = visit("/?theme=dark&text=sand desert", viewport={"width": 1100, "height": 800})
    panel = app.page.locator(".results")

    def height() -> float:
        box = panel.bounding_box()
        assert box is not None
        return box["height"]

    usual = height()
    edge = app.page.get_by_role("separator", name="Height of the list")
    edge.focus()
    app.page.keyboard.press("PageUp")
    assert height() > usual + 100
    at = edge.bounding_box()
    assert at is not None
    app.page.mouse.move(at["x"] + 200, at["y"] + 5)
    app.page.mouse.down()
    app.page.mouse.move(at["x"] + 200, at["y"] - 75, steps=4)
    app.page.mouse.up()
    assert height() > usual + 180
    expect(app.page.locator(".gallery-scroll")).not_to_have_attribute("data-strip", "true")
    app.page.get_by_role("button", name="List over the whole page").click()
    assert height() > 600
    app.page.locator(".card-main").first.click()  # there is no map to fly over
    expect(app.page.get_by_role("dialog")).to_be_visible()
    app.page.keyboard.press("Escape")
    app.page.keyboard.press("Escape")
    assert usual + 180 < height() < 600
    edge.dblclick()
    assert height() == pytest.approx(usual, abs=2)


def zoom_and_move(app: App, stage: Locator, picture: Locator) -> None:
    """With keys, wheel and button; at the end the whole picture is seen again."""
    expect(picture).to_be_visible()
    expect(stage).to_be_focused()
    whole = scale(stage)
    app.page.keyboard.press("+")
    app.page.keyboard.press("+")
    assert scale(stage) == pytest.approx(whole * 2.25, rel=0.02)
    at = picture.bounding_box()
    app.page.keyboard.press("ArrowRight")  # moves the picture, not to the next tile
    moved = picture.bounding_box()
    assert at is not None
    assert moved is not None
    assert moved["x"] < at["x"] - 30
    box = stage.bounding_box()
    assert box is not None
    app.page.mouse.move(box["x"] + 200, box["y"] + 200)
    app.page.mouse.wheel(0, -900)
    app.page.wait_for_function(
        "() => getComputedStyle(document.querySelector('.stage-picture img')).imageRendering"
        " === 'pixelated'"
    )
    app.page.get_by_role("button", name="The whole picture").click()
    assert scale(stage) == pytest.approx(whole)


def test_a_tile_is_shown_large_with_all_that_is_known(visit: Open) -> None:
    app = visit("/?theme=dark&text=sand desert&place=31.2,30.0")
    app.page.get_by_role("button", name=re.compile("^Number 1:")).focus()
    opener = app.page.get_by_role("button", name="Enlarge number 1", exact=True)
    opener.focus()
    app.page.keyboard.press("Enter")
    dialog = app.page.get_by_role("dialog")
    stage = dialog.get_by_role("application")
    picture = stage.get_by_role("img", name=re.compile("^Satellite view"))
    zoom_and_move(app, stage, picture)
    app.page.keyboard.press("ArrowRight")
    expect(dialog.locator(".viewer-rank")).to_have_text("2")
    expect(dialog).to_contain_text("km")  # how far from the place
    expect(dialog).to_contain_text("Scores of the parts")
    expect(dialog).to_contain_text("BlueMarbleNG_topo_bathy_5400x2700")
    expect(dialog).to_contain_text("demo-bluemarble-concepts, compares tiles as a whole")
    for name, host in [("Copernicus Browser", "dataspace.copernicus.eu"), ("OpenStreetMap", "")]:
        link = dialog.get_by_role("link", name=name)
        assert link.get_attribute("rel") == "noopener noreferrer"
        assert host in (link.get_attribute("href") or "")
    expect(dialog.get_by_role("button", name="Copy the coordinates as geo:")).to_be_visible()
    with app.page.expect_download() as waiting:
        dialog.get_by_role("button", name="Picture", exact=True).click()
    with Image.open(waiting.value.path()) as saved:
        assert saved.size == (1024, 1024)
    app.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    second = app.page.get_by_role("button", name=re.compile("^Number 2:"))
    expect(second).to_be_focused()  # where one is now, not where one began
    app.page.keyboard.press("ArrowLeft")
    opener.click()
    before = app.query_id
    dialog.get_by_role("button", name="Less like this").click()
    app.wait_painted(before)
    expect(dialog).to_have_count(0)
    app.expect_address("row=-1*")


def mean_colour(stage: Locator) -> NDArray[np.float64]:
    shot = stage.locator(".stage-picture img").last.screenshot()
    return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB"), float).mean(axis=(0, 1))


def test_a_heatmap_lies_over_the_picture_as_opaque_as_one_likes(
    browser: Browser, hot_server: str
) -> None:
    app = App(browser, hot_server).open("/?theme=dark&set=heated&text=a lake")
    app.page.locator(CARDS).first.hover()
    app.page.get_by_role("button", name="Enlarge number 1", exact=True).click()
    dialog = app.page.get_by_role("dialog")
    stage = dialog.get_by_role("application")
    dialog.get_by_role("switch", name="Heatmap").click(force=True)
    heat = stage.get_by_role("img", name="Heatmap")
    expect(heat).to_be_visible()
    expect(dialog.get_by_role("group", name="Colours of the heatmap")).to_contain_text("cosine")
    app.requests.clear()
    slider = dialog.get_by_role("slider", name="Opacity of the heatmap")
    slider.focus()
    app.page.keyboard.press("Home")
    expect(heat).to_have_css("opacity", "0")
    bare = mean_colour(stage)
    app.page.keyboard.press("End")
    expect(heat).to_have_css("opacity", "1")
    full = mean_colour(stage)
    assert app.requests == []  # the slider asks nobody
    row = rows_of(app)[0]
    url = f"{hot_server}/api/v1/searches/{app.query_id}/tiles/{row}/heatmap"
    drawn = {}
    for opacity in (0, 1):
        content = app.page.request.get(f"{url}?opacity={opacity}").body()
        drawn[opacity] = np.asarray(Image.open(io.BytesIO(content)), float).mean(axis=(0, 1))
    np.testing.assert_allclose(full, drawn[1], atol=8)
    assert np.abs(full - drawn[0]).max() > 20
    assert np.abs(bare - full).max() > 20
    app.page.route("**/heatmap?*", lambda route: route.abort())
    stage.focus()
    app.page.keyboard.press("ArrowRight")
    expect(dialog.get_by_role("alert")).to_contain_text("does not answer")
    app.page.unroute("**/heatmap?*")
    dialog.get_by_role("button", name="Try again").click()
    expect(heat).to_be_visible()
    app.context.close()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_nothing_serious(visit: Open, theme: str) -> None:
    app = visit(f"/?theme={theme}&text=farmland&place=31,30&layout=table")
    for part in ("farmland", "30.00° N, 31.00° E"):  # not `text` and `place`
        expect(app.page.get_by_role("columnheader", name=part)).to_be_attached()
    app.page.get_by_label(re.compile("^What is listed")).click()
    app.page.get_by_role("button", name="More", exact=True).click()
    assert app.serious_barriers() == []
    app.page.keyboard.press("Escape")
    app.page.locator(".table-body [role=row]").nth(1).dblclick()
    expect(app.page.get_by_role("dialog").locator(".fact")).not_to_have_count(0)
    assert app.serious_barriers() == []


def test_a_phone_has_table_and_large_view(visit: Open) -> None:
    phone = {"width": 390, "height": 844}
    app = visit("/?theme=dark&text=sand desert&layout=table", viewport=phone, has_touch=True)
    shown = [cell.inner_text() for cell in app.page.get_by_role("columnheader").all()]
    assert "Place" in shown
    assert "Longitude" not in shown
    app.page.get_by_role("button", name="Choose the columns").click()
    app.page.get_by_role("checkbox", name="Longitude").check()
    expect(app.page.get_by_role("columnheader", name="Longitude")).to_be_attached()
    app.page.keyboard.press("Escape")
    app.page.get_by_role("button", name="List over the whole page").click()
    app.page.locator(".table-body [role=row]").first.click()
    dialog = app.page.get_by_role("dialog")
    expect(dialog.get_by_role("application")).to_be_visible()
    assert app.page.evaluate("() => document.documentElement.scrollWidth") <= 390
