"""Whoever comes: by keyboard alone, in Chinese, on a small screen, with a bad connection."""

from __future__ import annotations

import re

import pytest
from app_page import App, Open
from playwright.sync_api import Browser, expect

pytestmark = pytest.mark.browser


def focused(app: App) -> str:
    """What has the focus: its label, else its text."""
    told = app.page.evaluate(
        "() => document.activeElement.getAttribute('aria-label')"
        " || document.activeElement.textContent"
    )
    return str(told)


def test_the_page_is_used_by_keyboard_alone(visit: Open) -> None:
    app = visit("/?theme=dark&text=tundra")
    press = app.page.keyboard.press
    press("Tab")
    assert focused(app) == "Skip to the best tiles"
    press("Enter")
    assert focused(app).startswith("Best tiles")

    press("/")
    expect(app.words).to_be_focused()
    before = app.query_id
    app.page.keyboard.type("fjords / inlets")  # in a field, keys are letters
    press("Enter")
    app.wait_painted(before)
    expect(app.page.get_by_test_id("announcer")).to_contain_text("24 tiles found of 17,666")
    expect(app.words).to_be_focused()
    assert app.words.input_value() == "fjords / inlets"

    press("Shift+Tab")
    press("m")
    assert "map" in focused(app).lower()
    press("]")
    expect(app.page.get_by_label("Chosen tile")).to_be_visible()
    rows = [card.get_attribute("data-row") for card in app.page.locator(".gallery .card").all()]
    app.page.wait_for_function(f"() => location.search.includes('tile={rows[0]}')")
    press("]")
    app.page.wait_for_function(f"() => location.search.includes('tile={rows[1]}')")
    press("Escape")

    before = app.query_id
    press("Control+z")
    app.wait_painted(before)
    assert app.words.input_value() == "tundra"
    before = app.query_id
    press("Control+Shift+Z")
    app.wait_painted(before)
    assert app.words.input_value() == "fjords / inlets"


def test_help_tells_and_single_keys_can_be_switched_off(visit: Open) -> None:
    app = visit("/?theme=light&text=tundra")
    press = app.page.keyboard.press
    app.page.get_by_role("button", name="Help").focus()
    press("?")
    help_ = app.page.get_by_role("dialog", name="Help")
    expect(help_.get_by_role("heading", name="What a score means")).to_be_visible()
    described = help_.get_by_role("link", name=re.compile("OpenAPI")).get_attribute("href")
    assert app.page.request.get(described or "").json()["openapi"].startswith("3.")
    assert app.serious_barriers() == []
    help_.get_by_label("Single keys").press("Space")
    press("Escape")
    expect(help_).to_have_count(0)
    expect(app.page.get_by_role("button", name="Help")).to_be_focused()
    press("?")
    expect(help_).to_have_count(0)
    app.page.reload()
    app.wait_painted("")
    press("?")
    expect(help_).to_have_count(0)
    app.page.get_by_role("button", name="Help").press("Enter")
    help_.get_by_label("Single keys").press("Space")
    press("Escape")
    expect(help_).to_have_count(0)
    press("?")
    expect(help_).to_be_visible()


def test_the_page_speaks_chinese_and_english(visit: Open) -> None:
    app = visit("/?theme=dark&text=tundra")
    expect(app.page.locator("html")).to_have_attribute("lang", "en")
    app.page.get_by_role("button", name=re.compile("Language")).click()
    app.page.get_by_role("menuitem", name="中文").click()
    expect(app.page.locator("html")).to_have_attribute("lang", "zh-Hans")
    headings = app.page.get_by_role("heading", level=2).all_inner_texts()
    assert headings
    assert [one for one in headings if not re.search(r"[\u4e00-\u9fff]", one)] == []
    app.expect_address("lang=zh")
    assert app.serious_barriers() == []
    app.page.set_viewport_size({"width": 320, "height": 800})
    app.wait_rest()
    assert app.page.evaluate("() => document.documentElement.scrollWidth") <= 320
    app.page.get_by_role("button", name=re.compile("Language")).click()
    app.page.get_by_role("menuitem", name="English").click()
    expect(app.words).to_be_visible()
    app.expect_address("lang=", there=False)


def test_a_chinese_browser_is_spoken_to_in_chinese(visit: Open) -> None:
    app = visit("/?theme=light&text=tundra", locale="zh-CN")
    expect(app.page.locator("html")).to_have_attribute("lang", "zh-Hans")
    app.expect_address("lang=", there=False)
    assert app.serious_barriers() == []


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_nothing_needs_sideways_scrolling_at_400_percent(visit: Open, theme: str) -> None:
    app = visit(
        f"/?theme={theme}&text=farmland&place=31,30", viewport={"width": 320, "height": 1400}
    )
    assert app.page.evaluate("() => document.documentElement.scrollWidth") <= 320
    cut = app.page.evaluate(
        """() => [...document.querySelectorAll('button, input, a, [role=tab]')]
          .filter((one) => !one.closest('.skip, .gallery, .map-area') && one.checkVisibility())
          .map((one) => [one, one.getBoundingClientRect()])
          .filter(([, box]) => box.width > 0 && (box.left < -1 || box.right > 321))
          .map(([one]) => one.outerHTML.slice(0, 120))"""
    )
    assert cut == []


def test_a_server_that_comes_back_is_asked_again_without_a_click(visit: Open) -> None:
    app = visit("/?theme=dark&text=tundra")
    app.page.route("**/api/v1/search", lambda route: route.abort())
    app.words.fill("glacier")
    app.words.press("Enter")
    expect(app.page.get_by_role("alert")).to_contain_text("The server does not answer.")
    before = app.query_id
    app.page.unroute("**/api/v1/search")
    app.wait_painted(before)
    expect(app.page.get_by_role("alert")).to_have_count(0)
    app.complaints.clear()  # the browser logs the request that failed


def test_a_part_that_breaks_leaves_the_rest_in_use(browser: Browser, server: str) -> None:
    app = App(browser, server)
    app.page.route("**/assets/Compare-*.js", lambda route: route.abort())
    app.open("/?theme=dark&text=tundra")
    app.page.get_by_role("button", name="Compare two answers").click()
    app.page.get_by_label("Other words, same set").fill("desert")
    app.page.keyboard.press("Enter")
    broken = app.page.get_by_role("alert").first
    expect(broken).to_contain_text("This part of the page broke")
    expect(broken.get_by_role("button", name="Reload the page")).to_be_visible()
    expect(app.words).to_be_visible()
    app.wait_rest()
    assert app.coloured() > 300
    app.context.close()
