"""Pictures of the web page at three widths, written to docs/images.

    python scripts/screenshots.py [--url http://127.0.0.1:8000] [--out docs/images]

Without --url a server of our own is started on a free port. Needs playwright and Chromium
(CHROMIUM_PATH, else the system's).
"""

from __future__ import annotations

import argparse
import io
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

from chromium import FLAGS, find_chromium
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

WAIT_MS = 120_000
MAX_BYTES = 900_000
"""Largest picture; a larger one is stored with fewer colours."""


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One picture."""

    name: str
    """Of the file, without app- and .png."""
    query: str
    """Of the page's address."""
    width: int
    height: int
    tile: int | None = None
    """Rank of the result whose card is opened, or none."""


SHOTS = (
    Shot(name="desktop-dark", query="text=fjords&theme=dark&percent=5", width=1440, height=900),
    Shot(
        name="desktop-light",
        query="text=snow covered mountains&theme=light&percent=4",
        width=1440,
        height=900,
        tile=1,
    ),
    Shot(
        name="globe",
        query="text=tropical rainforest&theme=dark&base=bluemarble&projection=globe",
        width=1440,
        height=900,
    ),
    Shot(name="tablet", query="text=farmland&theme=light&percent=10", width=820, height=1180),
    Shot(name="phone", query="text=sand desert&theme=dark&percent=10", width=390, height=844),
)


@contextmanager
def own_server() -> Iterator[str]:
    """Serve the embedded world on a free port while the pictures are taken."""
    import uvicorn

    from eex.server.app import create_app
    from eex.server.run import listen

    taken = listen("127.0.0.1", 0)
    server = uvicorn.Server(uvicorn.Config(create_app(), log_level="warning"))
    thread = threading.Thread(target=server.run, kwargs={"sockets": [taken]}, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{taken.getsockname()[1]}"
    server.should_exit = True
    thread.join(timeout=20)


def wait_painted(page: Page) -> None:
    """Wait until the map rests and every picture in view has arrived."""
    page.wait_for_timeout(300)
    for condition in (
        "() => document.body.dataset.ready === '1'",
        "() => document.body.dataset.map === 'idle'",
        """() => [...document.querySelectorAll('.gallery img')].slice(0, 6)
                 .every((one) => one.complete && one.naturalWidth > 0)""",
    ):
        page.wait_for_function(condition, timeout=WAIT_MS)
    page.wait_for_timeout(500)


def take(browser: Browser, url: str, shot: Shot) -> bytes:
    """Return one picture as PNG."""
    size = {"width": shot.width, "height": shot.height}
    page = browser.new_page(viewport=size, reduced_motion="reduce")  # type: ignore[arg-type]
    page.goto(f"{url}/?{shot.query}")
    wait_painted(page)
    if shot.tile is not None:
        page.locator(".gallery .card-main").nth(shot.tile - 1).click()
        wait_painted(page)
    png = page.screenshot()
    page.close()
    return png


def store(png: bytes, path: Path) -> None:
    """Write a picture, with 256 colours if it would be too large otherwise."""
    if len(png) > MAX_BYTES:
        out = io.BytesIO()
        Image.open(io.BytesIO(png)).convert("RGB").quantize(256).save(out, "PNG", optimize=True)
        png = out.getvalue()
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(png)
    print(f"{path}  {len(png) // 1000} kB", file=sys.stderr)


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", help="address of a running server; default: one of our own")
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    asked = parser.parse_args()
    chromium = find_chromium()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        with nullcontext(asked.url) if asked.url else own_server() as url:
            pictures = {shot.name: take(browser, url.rstrip("/"), shot) for shot in SHOTS}
        browser.close()
    for name, png in pictures.items():
        store(png, asked.out / f"app-{name}.png")


if __name__ == "__main__":
    main()
