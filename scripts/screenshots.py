"""Pictures of the main views of the web page at three widths, written to docs/images.

    python scripts/screenshots.py [--url http://127.0.0.1:8000] [--out docs/images] [--only compare]

Without --url a server of our own is started on a free port, with the embedded world and a part of
it as a second set. Needs playwright and Chromium (CHROMIUM_PATH, else the system's); the Chinese
view needs a font that has Chinese.
"""

from __future__ import annotations

import argparse
import io
import sys
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from pathlib import Path

from chromium import FLAGS, find_chromium
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

WAIT_MS = 120_000
COLOURS = 224
"""Of a stored picture: few enough to be small, enough for the scale of scores."""
MOST_BYTES = 4_000_000
"""All pictures together."""
PART = 900
"""Tiles of the second set."""

WIDTHS = {"wide": (1440, 900), "tablet": (820, 1180), "phone": (390, 844)}


@dataclass(frozen=True, kw_only=True)
class Shot:
    """One view, taken at every width."""

    name: str
    """Of the file, before the width."""
    query: str
    """Of the page's address."""
    clicks: tuple[str, ...] = ()
    """Selectors that are clicked first, one after the other."""
    top: str = ""
    """Selector of what a phone or a tablet is scrolled to, if not the top of the page."""


SHOTS = (
    Shot(name="ask", query="text=fjords&theme=dark&percent=5"),
    Shot(
        name="filter",
        query="text=farmland&theme=light&percent=10&bbox=-12,35,42,60",
        top=".map-area",
    ),
    Shot(
        name="table",
        query="text=sand desert&theme=light&layout=table&k=2000&spread_km=0",
        top=".results",
    ),
    Shot(
        name="tile",
        query="text=snow covered mountains&theme=dark&percent=4",
        clicks=(".gallery .card-main",),
    ),
    Shot(
        name="compare",
        query="text=sand desert&theme=dark&vs=text%3Ddesert",
        top=".compare-head-main",
    ),
    Shot(
        name="difference",
        query="text=mountains&theme=light&vs=text%3Dsnow&contrast=difference",
        top=".compare-head-main",
    ),
    Shot(
        name="globe",
        query="text=tropical rainforest&theme=dark&base=bluemarble&projection=globe",
        top=".map-area",
    ),
    Shot(name="chinese", query="text=archipelago&theme=light&lang=zh&percent=3"),
)


def part_of_world(folder: Path) -> Path:
    """Write the southernmost tiles of the embedded world as a set of their own."""
    import pyarrow.parquet as pq

    from eex.catalog.known import prepare
    from eex.config import Settings
    from eex.embeddings import SetHeader

    path = folder / "southern-tip.parquet"
    table = pq.read_table(prepare("world", settings=Settings.from_env())).slice(0, PART)
    header = SetHeader.from_json(table.schema.metadata[b"emb"])
    named = replace(header, id=path.stem, title="Southern tip", examples=())
    pq.write_table(table.replace_schema_metadata({"emb": named.to_json()}), path)
    return path


@contextmanager
def own_server() -> Iterator[str]:
    """Serve the embedded world and a part of it on a free port while the pictures are taken."""
    import uvicorn

    from eex.server.app import create_app
    from eex.server.run import listen

    with tempfile.TemporaryDirectory() as folder:
        app = create_app(sets=(part_of_world(Path(folder)),))
        taken = listen("127.0.0.1", 0)
        server = uvicorn.Server(uvicorn.Config(app, log_level="warning"))
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
        "() => !document.querySelector('.map-rival') || document.body.dataset.rivalId",
        "() => document.body.dataset.map === 'idle'",
        """() => [...document.querySelectorAll('.results img, .compare-cards img')].slice(0, 6)
                 .every((one) => one.complete && one.naturalWidth > 0)""",
    ):
        page.wait_for_function(condition, timeout=WAIT_MS)
    page.wait_for_timeout(700)


def take(browser: Browser, url: str, shot: Shot, width: str) -> bytes:
    """Return one picture as PNG."""
    wide, high = WIDTHS[width]
    page = browser.new_page(viewport={"width": wide, "height": high}, reduced_motion="reduce")
    page.goto(f"{url}/?{shot.query}", timeout=WAIT_MS)
    wait_painted(page)
    for selector in shot.clicks:
        page.locator(selector).first.click()
        wait_painted(page)
    if shot.top and width != "wide":
        page.locator(shot.top).first.evaluate("(one) => one.scrollIntoView({ block: 'start' })")
        wait_painted(page)
    png = page.screenshot()
    page.close()
    return png


def small(png: bytes) -> bytes:
    """Store a picture with few colours, chosen for it; flat grounds stay flat."""
    out = io.BytesIO()
    image = Image.open(io.BytesIO(png)).convert("RGB")
    image.quantize(COLOURS, dither=Image.Dither.NONE).save(out, "PNG", optimize=True)
    return out.getvalue()


def main() -> None:
    """Take all pictures."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--url", help="address of a running server; default: one of our own")
    parser.add_argument("--out", type=Path, default=Path("docs/images"))
    parser.add_argument("--only", help="name of the one view that is taken")
    asked = parser.parse_args()
    asked.out.mkdir(parents=True, exist_ok=True)
    chromium = find_chromium()
    total = 0
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        with nullcontext(asked.url) if asked.url else own_server() as url:
            for width in WIDTHS:
                for shot in (one for one in SHOTS if asked.only in {None, one.name}):
                    png = small(take(browser, url.rstrip("/"), shot, width))
                    path = asked.out / f"{shot.name}-{width}.png"
                    path.write_bytes(png)
                    total += len(png)
                    print(f"{path}  {len(png) // 1000} kB", file=sys.stderr)
        browser.close()
    if total > MOST_BYTES:
        sys.exit(f"{total // 1000} kB of pictures are more than {MOST_BYTES // 1000} kB.")


if __name__ == "__main__":
    main()
