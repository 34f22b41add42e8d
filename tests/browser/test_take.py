"""Taking the answer away: files that their readers read, links and code that ask the same."""

from __future__ import annotations

import csv
import io
import json
import re
import shutil
import subprocess
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import numpy as np
import pyarrow.parquet as pq
import pytest
from app_page import PREFIX, App, Open
from PIL import Image
from playwright.sync_api import Locator, Route, expect

from eex.config import Settings

pytestmark = pytest.mark.browser

START = "/?theme=dark&text=sand desert&k=12"
READ = "() => navigator.clipboard.readText()"
KML = "{http://www.opengis.net/kml/2.2}"


def rows(app: App) -> list[int]:
    cards = app.page.locator(".gallery .card").all()
    return [int(card.get_attribute("data-row") or -1) for card in cards]


def dialog(app: App) -> Locator:
    return app.page.get_by_role("dialog", name="Take the answer away")


def open_dialog(app: App) -> Locator:
    app.page.get_by_role("button", name="Export the answer").click()
    expect(dialog(app)).to_be_visible()
    return dialog(app)


def save(app: App, form: str) -> bytes:
    with app.page.expect_download() as waiting:
        dialog(app).get_by_role("button", name=f"Save as {form}", exact=True).click()
    content = Path(waiting.value.path()).read_bytes()
    name = waiting.value.suggested_filename
    expect(dialog(app).get_by_role("status")).to_have_text(f"{name} is saved.")
    return content


def copied(app: App, button: str) -> str:
    dialog(app).get_by_role("button", name=button).click()
    expect(dialog(app).get_by_role("status")).to_contain_text("is copied.")
    text: str = app.page.evaluate(READ)
    return text


def allow_copying(app: App) -> None:
    app.context.grant_permissions(["clipboard-read", "clipboard-write"])


def of_geojson(content: bytes) -> list[int]:
    return [one["properties"]["row"] for one in json.loads(content)["features"]]


def of_csv(content: bytes) -> list[int]:
    lines = [line for line in content.decode().splitlines() if not line.startswith("#")]
    return [int(line["row"]) for line in csv.DictReader(io.StringIO("\n".join(lines)))]


def of_kml(content: bytes) -> list[int]:
    marks = ET.fromstring(content).iter(f"{KML}Placemark")
    return [int(mark.get("id", "").removeprefix("tile-")) for mark in marks]


def of_geoparquet(content: bytes) -> list[int]:
    table = pq.read_table(io.BytesIO(content))
    assert json.loads(table.schema.metadata[b"geo"])["version"].startswith("1.1")
    found: list[int] = table["row"].to_pylist()
    return found


def of_stac(content: bytes) -> list[int]:
    record = json.loads(content)
    pystac = pytest.importorskip("pystac", reason="pystac is not installed")
    items = pystac.ItemCollection.from_dict(record).items
    return [int(one.id.rpartition("-")[2]) for one in items]


READERS: dict[str, Callable[[bytes], list[int]]] = {
    "GeoJSON": of_geojson,
    "CSV": of_csv,
    "KML": of_kml,
    "GeoParquet": of_geoparquet,
    "STAC items": of_stac,
}


def test_every_file_is_read_by_its_own_reader(visit: Open) -> None:
    app = visit(START)
    best = rows(app)
    assert len(best) == 12
    shown = open_dialog(app)
    expect(shown).to_contain_text("12 best tiles of “sand desert”")
    expect(shown).to_contain_text("Licence: Public domain (imagery)")
    for form, read in READERS.items():
        content = save(app, form)
        assert read(content) == best, form
        assert b"Public domain" in content, form
        assert b"Blue Marble" in content, form
    picture = Image.open(io.BytesIO(save(app, "World map")))
    assert picture.format == "PNG"
    assert len(picture.convert("RGB").getcolors(1 << 24) or []) > 100

    with zipfile.ZipFile(io.BytesIO(save(app, "Pixels"))) as chips:
        names = [name for name in chips.namelist() if name.endswith(".tif")]
        assert len(names) == 12
        assert chips.read(names[0])[:2] in {b"II", b"MM"}
    with zipfile.ZipFile(io.BytesIO(save(app, "Everything"))) as whole:
        assert whole.testzip() is None
        endings = {Path(name).suffix for name in whole.namelist()}
        assert {".geojson", ".csv", ".kml", ".parquet", ".png", ".tif"} <= endings
        about = next(name for name in whole.namelist() if "README" in name.upper())
        assert "Public domain" in whole.read(about).decode()


def test_the_map_is_saved_as_it_is_seen(visit: Open) -> None:
    app = visit(START)
    seen = app.map_pixels()
    open_dialog(app)
    picture = np.asarray(Image.open(io.BytesIO(save(app, "Map as seen"))).convert("RGB"))
    height, width = picture.shape[:2]
    assert width == seen.shape[1]
    assert height > seen.shape[0] + 60  # title above, credit below
    middle = seen.shape[0] // 2  # a line of the map, free of buttons, is found below the title
    wanted = seen[middle, 200:-200]
    assert wanted.std() > 5
    lines = picture[middle : middle + height - seen.shape[0], 200:-200].astype(int)
    apart = np.abs(lines - wanted).mean(axis=(1, 2))  # a screen may lie between two pixels
    assert apart.min() < 0.5 * np.median(apart)
    assert apart.min() < 8
    strong = picture.max(axis=2).astype(int) - picture.min(axis=2) > 70
    assert strong.sum() > 300  # the coloured tiles and the scale


@pytest.mark.parametrize("path", ["", PREFIX])
def test_copied_code_brings_the_same_rows(
    visit: Open, settings: Settings, monkeypatch: pytest.MonkeyPatch, path: str
) -> None:
    app = visit(f"{path}{START}&place=31,30&bbox=-20,0,60,40")
    best = rows(app)
    allow_copying(app)
    open_dialog(app)
    command = copied(app, "Copy as curl")
    assert f"{app.server}{path}/api/v1/search" in command
    if shutil.which("curl"):
        done = subprocess.run(["sh", "-c", command], capture_output=True, check=True)
        assert [one["row"] for one in json.loads(done.stdout)["results"]] == best
    if not path:
        monkeypatch.setenv("EEX_CACHE_DIR", str(settings.cache_dir))
        names: dict[str, Any] = {}
        exec(copied(app, "Copy as Python"), names)
        assert [one.row for one in names["found"].results] == best


def test_a_link_shows_the_same_to_someone_else(visit: Open) -> None:
    app = visit("/?theme=dark&text=sand desert&k=15&cloud=90&season=11-01/02-28&set=dated")
    before = app.query_id
    app.page.get_by_role("button", name=re.compile("^Number 3 ?:")).click()
    app.page.get_by_label("Chosen tile").get_by_role("button", name="Less").first.click()
    app.wait_painted(before)
    app.page.get_by_label("Share of tiles shown in colour").fill("20")
    app.page.get_by_text("Blue Marble", exact=True).click()
    app.page.get_by_label(re.compile("globe", re.IGNORECASE)).first.click()
    app.wait_rest()
    canvas = app.page.get_by_test_id("map").bounding_box()
    assert canvas is not None
    x, y = canvas["x"] + canvas["width"] / 2, canvas["y"] + canvas["height"] / 2
    app.page.mouse.move(x, y)
    app.page.mouse.down()
    app.page.mouse.move(x - 60, y + 30, steps=4)
    app.page.mouse.up()
    app.wait_rest()
    app.page.get_by_role("button", name=re.compile("^Number 2 ?:")).focus()
    allow_copying(app)
    open_dialog(app)
    link = copied(app, "Copy link")
    app.page.keyboard.press("Escape")
    for piece in ("text=sand", "row=-1*", "k=15", "cloud=90", "season=", "set=dated", "percent="):
        assert piece in link.replace("%2A", "*")
    for piece in ("base=bluemarble", "projection=globe", "theme=dark", "at="):
        assert piece in link

    other = visit(link.removeprefix(app.server))
    assert rows(other) == rows(app)
    assert other.count() == app.count()
    assert other.query_id == app.query_id
    app.wait_rest()
    apart = np.abs(other.map_pixels() - app.map_pixels()).max(axis=2) > 40
    assert apart.mean() < 0.02


def test_what_a_link_cannot_hold_is_said_and_saved_otherwise(
    visit: Open, sand_picture: Path
) -> None:
    corners = [[round(x * 0.01, 2), 10 + (x % 7) * 0.01] for x in range(900)]
    ring = [*corners, [9, 30], [0, 30], corners[0]]
    area = {"kind": "area", "area": {"type": "Polygon", "coordinates": [ring]}}
    recipe = {"version": 2, "set": "world", "parts": [area], "k": 12}
    app = visit(START)
    before = app.query_id
    app.give("drop", "area.json", "application/json", json.dumps(recipe).encode())
    app.wait_painted(before)
    shown = open_dialog(app)
    expect(shown.get_by_role("button", name="Copy link")).to_be_disabled()
    expect(shown).to_contain_text("over 7,500 characters")
    with app.page.expect_download() as waiting:
        shown.get_by_role("button", name="Save the recipe").click()
    record = json.loads(Path(waiting.value.path()).read_text(encoding="utf-8"))
    assert len(record["parts"][0]["area"]["coordinates"][0]) == len(ring)
    app.page.keyboard.press("Escape")

    before = app.query_id
    app.give("paste", "sand.png", "image/png", sand_picture.read_bytes())
    app.wait_painted(before)
    app.page.get_by_label("Remove Drawn area").click()
    app.wait_painted(app.query_id if app.query_id == before else before)
    allow_copying(app)
    shown = open_dialog(app)
    expect(shown).to_contain_text("Pictures do not fit into a link")
    code = copied(app, "Copy as Python")
    assert "The picture is not in this script" in code


def test_an_answer_that_is_no_longer_kept_is_asked_again(visit: Open) -> None:
    app = visit(START)
    best = rows(app)
    lost: list[str] = []

    def lose(route: Route) -> None:
        url = route.request.url
        if lost:
            route.continue_()
        else:
            lost.append(url)
            route.continue_(url=re.sub(r"searches/\w+/", "searches/0123456789/", url))

    app.page.route("**/export?*", lose)
    open_dialog(app)
    assert of_csv(save(app, "CSV")) == best
    assert lost
    assert app.requests[-2].endswith("/api/v1/search")
    app.complaints.clear()  # the browser logs the first request itself


def test_slow_files_can_be_cancelled_and_failures_are_told(visit: Open) -> None:
    app = visit(START)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    app.page.route("**/export?format=chips", hold)
    shown = open_dialog(app)
    shown.get_by_role("button", name="Save as Pixels").click()
    expect(shown.get_by_role("progressbar")).to_be_visible()
    expect(shown.get_by_role("button", name="Save as CSV")).to_be_disabled()
    shown.get_by_role("button", name="Cancel").click()
    expect(shown.get_by_role("status")).to_have_text("Cancelled.")
    expect(shown.get_by_role("button", name="Save as CSV")).to_be_enabled()
    assert held
    app.page.unroute("**/export?format=chips")
    app.page.route("**/export?*", lambda route: route.abort())
    shown.get_by_role("button", name="Save as CSV").click()
    expect(shown.get_by_role("alert")).to_contain_text("The server does not answer.")
    app.complaints.clear()  # the browser logs the refused request itself
    app.page.unroute("**/export?*")
    save(app, "CSV")
    expect(shown.get_by_role("alert")).to_have_count(0)


def test_where_the_browser_does_not_copy_the_text_is_shown(visit: Open) -> None:
    app = visit(START)
    app.page.evaluate(
        "() => { Object.defineProperty(navigator, 'clipboard', { value: undefined });"
        " window.tried = []; const own = document.execCommand.bind(document);"
        " document.execCommand = (name) => { window.tried.push(name); return own(name); }; }"
    )
    shown = open_dialog(app)
    shown.get_by_role("button", name="Copy link").click()
    expect(shown.get_by_role("status")).to_contain_text("is copied.")
    assert app.page.evaluate("() => window.tried") == ["copy"]
    app.page.evaluate("() => { document.execCommand = () => false; }")
    shown.get_by_role("button", name="Copy link").click()
    expect(shown.get_by_role("status")).to_contain_text("does not let the page copy")
    link = shown.get_by_role("textbox", name="Text to copy").input_value()
    assert link.startswith(f"{app.server}/?text=sand+desert")


@pytest.mark.parametrize("theme", ["dark", "light"])
def test_the_dialog_is_for_the_keyboard_and_axe_finds_nothing_serious(
    visit: Open, theme: str
) -> None:
    app = visit(START.replace("dark", theme))
    width = 390 if theme == "light" else 1100
    app.page.set_viewport_size({"width": width, "height": 844})
    button = app.page.get_by_role("button", name="Export the answer")
    button.focus()
    app.page.keyboard.press("Enter")
    expect(dialog(app)).to_be_visible()
    assert app.serious_barriers() == []
    assert app.page.evaluate("() => document.documentElement.scrollWidth") <= width
    for _ in range(40):
        app.page.keyboard.press("Tab")
        if app.page.evaluate("() => document.activeElement.ariaLabel") == "Save as CSV":
            break
    with app.page.expect_download() as waiting:
        app.page.keyboard.press("Enter")
    assert waiting.value.suggested_filename.endswith(".csv")
    app.page.keyboard.press("Escape")
    expect(dialog(app)).to_have_count(0)
    expect(button).to_be_focused()
