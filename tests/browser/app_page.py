"""The page as a person meets it: what they see, and how long they wait."""

from __future__ import annotations

import base64
import io
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Browser, Locator, Page, expect

PREFIX = "/maps/earth"
"""Path under which the same application is served a second time, as behind a reverse proxy."""

TOKEN = "a token of 32 letters, say the rules"
"""Of the server that asks for one."""

WAIT_MS = 60_000
"""Software rendering on a busy machine is slow; nothing waits this long where it works."""

AXE = Path(__file__).parents[2] / "web" / "node_modules" / "axe-core" / "axe.min.js"

expect.set_options(timeout=WAIT_MS)

READY = """([id]) => document.body.dataset.ready === '1' && document.body.dataset.queryId !== id"""
REST = "() => document.body.dataset.map === 'idle'"
ARRIVED = """() => {
  const shown = '.gallery img, .table-body img, .compare-cards img';
  const pictures = [...document.querySelectorAll(shown)].slice(0, 4);
  return pictures.length > 0 && pictures.every((one) => one.complete && one.naturalWidth > 0);
}"""

GIVE = """([kind, bytes, name, type]) => {
  const carried = new DataTransfer();
  const content = Uint8Array.from(atob(bytes), (c) => c.charCodeAt(0));
  carried.items.add(new File([content], name, { type }));
  const what = { bubbles: true, cancelable: true };
  const event = kind === 'paste'
    ? new ClipboardEvent(kind, { ...what, clipboardData: carried })
    : new DragEvent(kind, { ...what, dataTransfer: carried });
  document.querySelector('main').dispatchEvent(event);
}"""


class App:
    """One open page, with everything it asked for and complained about."""

    def __init__(self, browser: Browser, server: str, **options: Any) -> None:
        chosen: dict[str, Any] = {"viewport": {"width": 1100, "height": 720}} | options
        self.server = server
        self.context = browser.new_context(reduced_motion="reduce", **chosen)
        self.context.set_default_timeout(WAIT_MS)
        self.page: Page = self.context.new_page()
        self.requests: list[str] = []
        self.complaints: list[str] = []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", self._listen)

    def _listen(self, message: Any) -> None:
        if message.type in {"error", "warning"} and "GPU stall" not in message.text:
            self.complaints.append(message.text)

    def open(self, path: str = "/?theme=dark") -> App:
        self.page.goto(self.server + path)
        self.wait_painted("")
        return self

    @property
    def query_id(self) -> str:
        return self.page.locator("body").get_attribute("data-query-id") or ""

    def wait_painted(self, before: str) -> None:
        """Wait until the map shows another answer than `before` and the pictures are there."""
        self.page.wait_for_function(READY, arg=[before], timeout=WAIT_MS)
        self.page.wait_for_function(ARRIVED, timeout=WAIT_MS)
        self.wait_rest()

    def wait_rest(self) -> None:
        self.page.wait_for_function(REST, timeout=WAIT_MS)

    def expect_address(self, part: str, *, there: bool = True) -> None:
        """Wait until the address, in which a star may be written %2A, has a part, or has it not."""
        written = re.compile(re.escape(part).replace(r"\*", r"(\*|%2A)"))
        address = expect(self.page)
        (address.to_have_url if there else address.not_to_have_url)(written)

    @property
    def words(self) -> Locator:
        return self.page.get_by_label("What to look for")

    def ask(self, words: str) -> None:
        before = self.query_id
        self.words.fill(words)
        self.words.press("Enter")
        self.wait_painted(before)

    def give(self, kind: str, name: str, media_type: str, content: bytes) -> None:
        """Drop or paste a file onto the page; `kind` is the name of the event."""
        self.page.evaluate(GIVE, [kind, base64.b64encode(content).decode(), name, media_type])

    def first_pictures(self, count: int = 4) -> list[str]:
        sources = [image.get_attribute("src") for image in self.page.locator(".gallery img").all()]
        return [source or "" for source in sources[:count]]

    def count(self) -> int:
        """Tiles shown in colour, as the page tells it."""
        told = self.page.get_by_test_id("count").inner_text()
        found = re.match(r"([\d,]+) of", told)
        return int(found[1].replace(",", "")) if found else -1

    def map_pixels(self, name: str = "map") -> np.ndarray[Any, Any]:
        shot = self.page.get_by_test_id(name).locator("canvas").screenshot()
        return np.asarray(Image.open(io.BytesIO(shot)).convert("RGB")).astype(int)

    def coloured(self) -> int:
        """Pixels of the map that have the colours of the scale: strong, not the base map's blue."""
        pixels = self.map_pixels()
        red, green, blue = pixels[..., 0], pixels[..., 1], pixels[..., 2]
        strong = pixels.max(axis=2) - pixels.min(axis=2) > 70
        return int((strong & (red > green) & (red + blue > 150)).sum())

    def serious_barriers(self) -> list[tuple[str, list[str]]]:
        """What axe-core finds serious or critical on the page as it stands."""
        if not AXE.is_file():
            pytest.skip("axe-core is not installed: npm ci in web/")
        self.wait_rest()
        self.page.wait_for_timeout(500)  # fades are over
        self.page.evaluate(AXE.read_text(encoding="utf-8"))
        # what passes is a megabyte, and stays in the page
        found = self.page.evaluate("async () => (await axe.run(document)).violations")
        return [
            (one["id"], [node["html"][:160] for node in one["nodes"]])
            for one in found
            if one["impact"] in {"serious", "critical"}
        ]


Open = Callable[..., App]
"""Opens the page at a path; the fixture `visit`."""
