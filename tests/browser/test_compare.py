"""Two answers side by side, as a person compares them; the figures against numpy's own."""

from __future__ import annotations

import re
from typing import Any

import numpy as np
import pytest
from app_page import WAIT_MS, App, Open
from numpy.typing import NDArray
from playwright.sync_api import expect

pytestmark = pytest.mark.browser

RIVAL = "([id]) => (document.body.dataset.rivalId || '') !== id"


def wait_rival(app: App, before: str = "") -> None:
    """Wait until the second map shows another answer than `before`."""
    app.page.wait_for_function(RIVAL, arg=[before], timeout=WAIT_MS)
    app.wait_rest()


def rival_id(app: App) -> str:
    return app.page.locator("body").get_attribute("data-rival-id") or ""


def levels(app: App, words: str, name: str = "world") -> NDArray[np.uint16]:
    """Scores of every tile as the server sends them."""
    api = app.server + "/api/v1"
    parts = [{"kind": "text", "text": words}]
    asked = app.page.request.post(f"{api}/search", data={"set": name, "parts": parts, "k": 24})
    found = app.page.request.get(f"{api}/searches/{asked.json()['id']}/scores")
    return np.frombuffer(found.body(), dtype="<u2")


def mean_ranks(values: NDArray[Any]) -> NDArray[np.float64]:
    """Ranks from 1, equal values at the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(counts)
    return ((last - counts + 1 + last) / 2)[inverse]


def share(ours: NDArray[Any], theirs: NDArray[Any], part: float) -> float:
    """Part of the best tiles that both sides have; all that are equal at the cut count."""
    count = round(part * len(ours))
    best = [set(np.flatnonzero(side >= np.sort(side)[-count])) for side in (ours, theirs)]
    return len(best[0] & best[1]) / min(len(best[0]), len(best[1]))


def rows(app: App, side: str) -> list[int]:
    cards = app.page.locator(f".compare-row[data-side={side}] .compare-card")
    return [int(card.get_attribute("data-row") or -1) for card in cards.all()]


def figure(app: App, name: str) -> str:
    shown = app.page.locator(".figure").filter(has_text=re.compile(name))
    return shown.locator(".figure-value").inner_text()


def test_two_queries_are_compared_and_the_figures_are_right(visit: Open) -> None:
    app = visit("/?theme=dark&text=sand desert")
    app.page.get_by_role("button", name="Compare two answers").click()
    app.page.get_by_label("Other words, same set").fill("desert")
    app.page.keyboard.press("Enter")
    wait_rival(app)
    app.expect_address("vs=")

    ours, theirs = levels(app, "sand desert"), levels(app, "desert")
    rho = np.corrcoef(mean_ranks(ours), mean_ranks(theirs))[0, 1]
    expect(app.page.get_by_text("Rank correlation")).to_be_visible()
    assert figure(app, "Rank correlation") == f"{rho:.2f}"
    assert figure(app, "Shared of the best 5") == f"{round(100 * share(ours, theirs, 0.05))} %"
    both = set(rows(app, "main")) & set(rows(app, "rival"))
    assert figure(app, "In both lists") == f"{len(both)} of 24"
    assert len(both) > 0

    first = app.page.locator(".compare-row[data-side=main] .compare-card").first
    place = rows(app, "rival").index(rows(app, "main")[0]) + 1
    expect(first.get_by_role("button")).to_have_accessible_name(
        re.compile(f"Number 1, number {place} on side B")
    )
    app.page.get_by_label("Share of tiles shown in colour").fill("20")  # 31.6 %
    assert figure(app, "Shared of the best 32") == f"{round(100 * share(ours, theirs, 0.316))} %"


def test_both_maps_move_together_and_show_their_own_answer(visit: Open) -> None:
    app = visit(
        "/?theme=dark&text=sand desert&vs=text%3Dglacier", viewport={"width": 1400, "height": 900}
    )
    wait_rival(app)

    def pictures() -> tuple[NDArray[Any], NDArray[Any]]:
        app.wait_rest()
        both = app.map_pixels("map"), app.map_pixels("map-rival")
        high, wide = np.min([side.shape[:2] for side in both], axis=0)
        return both[0][:high, :wide], both[1][:high, :wide]

    main, rival = pictures()
    assert (main != rival).any(axis=2).sum() > 300
    app.page.get_by_test_id("map-rival").locator("canvas").focus()
    app.page.keyboard.press("+")
    app.page.wait_for_timeout(800)
    zoomed = pictures()
    assert (zoomed[0] != main).any(axis=2).mean() > 0.05
    assert (zoomed[1] != rival).any(axis=2).mean() > 0.05


def test_the_other_question_is_changed_undone_swapped_and_left(visit: Open) -> None:
    app = visit("/?theme=light&text=sand desert&vs=text%3Dsteppe")
    wait_rival(app)
    before = rival_id(app)
    box = app.page.get_by_label("Words of B")
    box.fill("glacier")
    box.press("Enter")
    wait_rival(app, before)
    before = rival_id(app)
    app.page.get_by_role("button", name="Undo", exact=True).click()
    wait_rival(app, before)
    expect(box).to_have_value("steppe")
    assert app.words.input_value() == "sand desert"

    ours, theirs = rows(app, "main"), rows(app, "rival")
    app.page.get_by_role("button", name="Swap the sides").click()
    expect(app.words).to_have_value("steppe")
    expect(box).to_have_value("sand desert")
    app.wait_rest()
    assert (rows(app, "main"), rows(app, "rival")) == (theirs, ours)

    app.page.get_by_role("button", name="End the comparison").last.press("Enter")
    expect(app.page.get_by_label("Words of B")).to_have_count(0)
    expect(app.page.get_by_role("button", name="Compare two answers")).to_be_focused()
    app.expect_address("vs=", there=False)
    expect(app.page.locator(".gallery .card").first).to_be_visible()


def test_two_sets_are_compared_over_the_tiles_that_both_have(visit: Open) -> None:
    app = visit("/?theme=dark&text=mountains")
    app.page.get_by_role("button", name="Compare two answers").click()
    app.page.get_by_role("button", name="Southern tip").click()
    wait_rival(app)
    expect(app.page.get_by_text(re.compile("Compared over 900 of 17,666 tiles"))).to_be_visible()
    # The part has the vectors of the whole: the same order, tile by tile.
    assert figure(app, "Rank correlation") == "1.00"
    assert figure(app, "Shared of the best 5") == "100 %"

    before = rival_id(app)
    app.ask("snow")  # asked of both, since both were asked the same
    wait_rival(app, before)
    expect(app.page.get_by_label("Words of B")).to_have_value("snow")

    tile = app.page.locator(".compare-row[data-side=rival] .compare-card").first
    tile.get_by_role("button").click()
    expect(app.page.get_by_label("Chosen tile")).to_be_visible()
    row = int(tile.get_attribute("data-row") or -1)
    app.expect_address(f"tile={row}")  # the part begins where the whole does
    expect(tile).to_have_attribute("data-selected", "true")

    app.page.get_by_label("Set of B").select_option("alps")
    expect(app.page.get_by_text("Nothing of this question can be asked of set B")).to_be_visible()


def test_where_they_disagree_is_mapped_and_listed(visit: Open) -> None:
    app = visit("/?theme=dark&text=sand desert&vs=text%3Dglacier")
    wait_rival(app)
    app.page.get_by_text(re.compile("^A . B$")).click()
    expect(app.page.get_by_role("region", name="Map of the difference")).to_be_visible()
    expect(app.page.get_by_text("Difference of percentiles")).to_be_visible()
    app.page.wait_for_timeout(500)
    app.wait_rest()
    app.expect_address("contrast=difference")
    red, _, blue = np.moveaxis(app.map_pixels("map-rival"), 2, 0)
    assert (red - blue > 60).sum() > 300  # orange
    assert (blue - red > 60).sum() > 300  # blue

    apart = mean_ranks(levels(app, "sand desert")) - mean_ranks(levels(app, "glacier"))
    assert rows(app, "main")[0] == int(np.argmax(apart))
    assert rows(app, "rival")[0] == int(np.argmin(apart))
    app.page.locator(".compare-row[data-side=rival] .compare-tile").first.click()
    expect(app.page.get_by_label("Chosen tile")).to_be_visible()


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_axe_finds_nothing_serious_in_a_comparison(visit: Open, theme: str) -> None:
    app = visit(f"/?theme={theme}&text=sand desert&vs=text%3Ddesert&contrast=difference")
    wait_rival(app)
    assert app.serious_barriers() == []
    assert app.page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")


def test_a_phone_shows_one_side_at_a_time(visit: Open) -> None:
    app = visit(
        "/?theme=light&text=sand desert&vs=text%3Dsteppe", viewport={"width": 320, "height": 720}
    )
    wide = app.page.evaluate("() => document.documentElement.scrollWidth")
    assert wide <= 320
    expect(app.page.get_by_role("region", name="Map of A")).to_be_visible()
    expect(app.page.get_by_label("Words of B")).to_be_hidden()
    app.page.get_by_text("Side B", exact=True).first.click()
    expect(app.page.get_by_label("Words of B")).to_be_visible()
    wait_rival(app)
    expect(app.page.get_by_role("region", name="Map of A")).to_be_hidden()
    assert app.page.evaluate("() => document.documentElement.scrollWidth") <= 320
