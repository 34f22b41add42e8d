"""A real Chromium in front of the real server, which serves the embedded world on loopback."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from app_page import PREFIX, TOKEN, App, Open
from chromium import TEST_FLAGS, find_chromium
from loopback_world import part_of_world, serving
from PIL import Image
from starlette.applications import Starlette
from starlette.routing import Mount

from eex.config import Settings
from eex.search.run import OpenSet
from eex.server.app import STATIC, create_app

DATED = 6_000
"""Tiles of the set that has dates and clouds."""

playwright_api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")


@pytest.fixture(scope="session")
def dated(settings: Settings, world: OpenSet, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A set whose tiles have a date and clouds: the south of Africa to the middle of Asia."""
    assert len(world) > 0
    path = tmp_path_factory.mktemp("dated") / "dated.parquet"
    part_of_world(settings, path, first=3_000, rows=DATED, title="With dates")
    table = pq.read_table(path)
    number = np.arange(table.num_rows)
    first = np.datetime64("2021-01-01T10:00:00", "us")
    times = first + (37 * number % 730) * np.timedelta64(1, "D")
    table = table.append_column("datetime", pa.array(times, pa.timestamp("us", "UTC")))
    table = table.append_column("cloud_cover", pa.array(13.0 * number % 100))
    pq.write_table(table, path)
    return path


@pytest.fixture(scope="session")
def server(
    settings: Settings, world: OpenSet, dated: Path, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """Address of the server, with no slash at the end."""
    assert len(world) > 0
    folder = tmp_path_factory.mktemp("sets")
    part = part_of_world(settings, folder / "southern-tip.parquet")
    mute = part_of_world(
        settings, folder / "alps.parquet", first=14_000, rows=60, title="Mute", model="nobody's"
    )
    if not (STATIC / "index.html").is_file():
        pytest.skip("the web page is not built: pip install -e . without EEX_SKIP_WEB")
    both = [
        Mount(PREFIX, create_app(settings)),
        Mount("/", create_app(settings, sets=(part, mute, dated))),
    ]
    with serving(Starlette(routes=both)) as address:
        yield address


@pytest.fixture(scope="session")
def guarded(settings: Settings, world: OpenSet) -> Iterator[str]:
    """Address of a server that lets in only those who have its token."""
    assert len(world) > 0
    with serving(create_app(replace(settings, token=TOKEN))) as address:
        yield address


@pytest.fixture(scope="session")
def browser() -> Iterator[playwright_api.Browser]:
    path = find_chromium()
    if path is None:
        pytest.skip("no Chromium: apt-get install chromium, or name one in CHROMIUM_PATH")
    with playwright_api.sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=path, args=list(TEST_FLAGS))
        yield started
        started.close()


@pytest.fixture
def visit(browser: playwright_api.Browser, server: str) -> Iterator[Open]:
    """Open the page; at the end nothing may have been complained about or asked of other hosts."""
    opened: list[App] = []

    def one(path: str = "/?theme=dark", **options: Any) -> App:
        opened.append(App(browser, server, **options))
        return opened[-1].open(path)

    yield one
    for app in opened:
        app.context.close()
        assert app.complaints == []
        strangers = [
            url for url in app.requests if not url.startswith((server, "data:", f"blob:{server}"))
        ]
        assert strangers == []


@pytest.fixture
def sand_picture(tmp_path: Path) -> Path:
    rng = np.random.default_rng(0)
    pixels = np.array([205, 170, 120]) + rng.normal(0, 6, size=(64, 64, 1))
    path = tmp_path / "sand.png"
    Image.fromarray(pixels.clip(0, 255).astype(np.uint8)).save(path)
    return path
