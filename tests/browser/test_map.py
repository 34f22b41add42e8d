"""The map as a person uses it: names, degrees, base maps, histogram, a lost graphics context."""

from __future__ import annotations

import io
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import uvicorn
from app_page import WAIT_MS, App, Open
from PIL import Image
from playwright.sync_api import Browser, expect
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from eex.config import Settings
from eex.origins import TileSource
from eex.search.run import OpenSet
from eex.server.app import STATIC, create_app
from eex.server.run import listen

pytestmark = pytest.mark.browser

expect.set_options(timeout=WAIT_MS)

ALPS = "&at=4.6/46.5/9"
GREEN = (20, 160, 60)

LOSE = """() => {
  const canvas = document.querySelector('[data-testid=map] canvas');
  window.loser = canvas.getContext('webgl2').getExtension('WEBGL_lose_context');
  window.loser.loseContext();
}"""
RESTORE = "() => window.loser.restoreContext()"


def changed(app: App, before: np.ndarray[Any, Any]) -> int:
    """Pixels of the map that are not as before."""
    app.wait_rest()
    return int((app.map_pixels() != before).any(axis=2).sum())


def choose_names(app: App, choice: str) -> None:
    app.page.get_by_role("button", name="Names on the map").click()
    app.page.get_by_role("menuitemradio", name=choice).click()
    app.wait_rest()


def test_names_are_there_and_go_and_those_of_countries_come_only_when_chosen(visit: Open) -> None:
    app = visit(f"/?theme=dark&text=snow covered mountains{ALPS}")
    usual = app.map_pixels()
    choose_names(app, "Countries too")
    assert changed(app, usual) > 200
    app.expect_address("names=countries")
    choose_names(app, "No names")
    assert changed(app, usual) > 400
    bare = app.map_pixels()
    choose_names(app, "Seas, landscapes, cities")
    assert changed(app, bare) > 400
    app.expect_address("names=", there=False)
    assert changed(app, usual) < 50


def test_the_view_of_the_address_is_kept_and_its_degrees_stand_on_the_edges(visit: Open) -> None:
    app = visit(f"/?theme=light&text=tropical rainforest{ALPS}")
    below = app.page.locator(".degrees .under")
    expect(below.first).to_be_visible()
    assert {"5° E", "10° E", "15° E"} & set(below.all_inner_texts())
    assert "45° N" in app.page.locator(".degrees .beside").all_inner_texts()
    app.page.get_by_label("Show the whole world").click()
    expect(app.page.locator(".degrees span")).to_have_count(0)


def test_the_histogram_tells_its_bars_and_bends_them(visit: Open) -> None:
    app = visit("/?theme=dark&text=sand desert")
    bars = app.page.get_by_label("Histogram of the scores of all tiles")
    bars.hover()
    told = app.page.locator(".bar-value")
    expect(told).to_contain_text("tiles, best")
    heights = "(svg) => [...svg.querySelectorAll('rect')].map((bar) => +bar.getAttribute('height'))"
    by_root = bars.evaluate(heights)
    button = app.page.get_by_role("button", name="Heights by the square root")
    button.focus()
    app.page.keyboard.press("Enter")
    expect(app.page.get_by_role("button", name="Heights by the logarithm")).to_be_focused()
    by_log = bars.evaluate(heights)
    assert sum(by_log) > 1.3 * sum(by_root)
    assert max(by_log) == pytest.approx(max(by_root))
    app.page.mouse.move(5, 5)
    expect(told).to_have_count(0)


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_nothing_serious_in_what_the_map_offers(visit: Open, theme: str) -> None:
    app = visit(f"/?theme={theme}&text=farmland{ALPS}")
    app.page.get_by_role("button", name="Names on the map").click()
    expect(app.page.get_by_role("menuitemradio", name="No names")).to_be_visible()
    assert app.serious_barriers() == []


def test_a_lost_graphics_context_comes_back_with_its_tiles(visit: Open) -> None:
    app = visit("/?theme=dark&text=sand desert&percent=10")
    before = app.coloured()
    app.page.evaluate(LOSE)
    app.page.wait_for_timeout(300)
    app.page.evaluate(RESTORE)
    app.page.wait_for_function("() => document.body.dataset.map === 'busy'")
    app.wait_rest()
    app.page.wait_for_timeout(500)
    app.wait_rest()
    assert app.coloured() == pytest.approx(before, rel=0.1)
    app.page.get_by_label("Share of tiles shown in colour").fill("20")
    app.wait_rest()
    assert app.coloured() > 1.5 * before


def serve(app: Any) -> tuple[str, uvicorn.Server, threading.Thread]:
    taken = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]}, daemon=True)
    thread.start()
    return f"http://127.0.0.1:{taken.getsockname()[1]}", server, thread


class Elsewhere:
    """Another host with tiles of one colour; counts what is asked of it."""

    def __init__(self) -> None:
        self.asked: list[str] = []
        self.is_up = True
        out = io.BytesIO()
        Image.new("RGB", (256, 256), GREEN).save(out, "PNG")
        self.tile = out.getvalue()
        self.app = Starlette(routes=[Route("/tiles/{z}/{x}/{y}.png", self.answer)])

    async def answer(self, request: Request) -> Response:
        self.asked.append(request.url.path)
        status = 200 if self.is_up else 503
        headers = {"Access-Control-Allow-Origin": "*"}
        return Response(self.tile, status, headers, media_type="image/png")


@pytest.fixture
def with_satellite(settings: Settings, world: OpenSet) -> Iterator[tuple[str, Elsewhere]]:
    """Address of a server whose operator offers a map of another host, and that host."""
    assert len(world) > 0
    if not (STATIC / "index.html").is_file():
        pytest.skip("the web page is not built: pip install -e . without EEX_SKIP_WEB")
    elsewhere = Elsewhere()
    host, *other = serve(elsewhere.app)
    source = TileSource(
        name="Satellite", url=host + "/tiles/{z}/{x}/{y}.png", attribution="© <b>Somebody</b>"
    )
    address, *own = serve(create_app(replace(settings, tile_sources=(source,))))
    yield address, elsewhere
    for server, thread in (other, own):
        server.should_exit = True
        thread.join(timeout=20)


def green_share(app: App) -> float:
    away = np.abs(app.map_pixels() - np.array(GREEN)).max(axis=2)
    return float((away < 45).mean())


def test_a_map_of_another_host_is_asked_for_only_once_it_is_chosen(
    browser: Browser, with_satellite: tuple[str, Elsewhere]
) -> None:
    address, elsewhere = with_satellite
    app = App(browser, address).open("/?theme=dark&text=sand desert")
    assert elsewhere.asked == []
    app.page.get_by_role("button", name="Base map").click()
    app.page.get_by_role("menuitemradio", name="Satellite").click()
    app.page.wait_for_function("() => location.search.includes('base=Satellite')")
    app.page.wait_for_timeout(300)
    app.wait_rest()
    assert elsewhere.asked != []
    assert green_share(app) > 0.5
    credit = app.page.locator(".maplibregl-ctrl-attrib-inner")
    expect(credit).to_contain_text("© <b>Somebody</b>")  # as text: it came from a setting
    count = len(elsewhere.asked)
    app.page.get_by_role("button", name="Base map").click()
    app.page.get_by_role("menuitemradio", name="Map", exact=True).click()
    app.wait_rest()
    assert green_share(app) < 0.05
    assert len(elsewhere.asked) == count
    assert app.complaints == []
    app.context.close()


def test_a_map_that_does_not_answer_is_told_in_words_and_the_tiles_stay(
    browser: Browser, with_satellite: tuple[str, Elsewhere]
) -> None:
    address, elsewhere = with_satellite
    elsewhere.is_up = False
    app = App(browser, address).open("/?theme=dark&text=sand desert&base=Satellite")
    expect(app.page.get_by_role("status").filter(has_text="does not answer")).to_be_visible()
    assert app.coloured() > 300
    app.context.close()
