"""How soon the page shows an answer: a real Chromium in front of the real server.

    python benchmarks/web.py [--quick] [--json] [--rounds N] [--rows N ...] [--cache FOLDER]

Words are typed into the box and Enter is pressed, in a page that shows a set of made-up tiles
(`_web_data.py`; 248,719 and 2,245,886 by default) on software WebGL. The peer is the way of the
original: scores by matrix product, every tile and the best 5 % scattered with matplotlib on a map
of 3,500 x 1,750 pixels (350 dpi), as PNG in the page. Its vectors are in memory as float32 and its
model is the same one, so both do the same work up to the map. Without matplotlib it is left out.

Keys of the JSON, of the first number of rows (milliseconds are medians; `sets` has all of them):

    enter_to_map_speedup      peer / page, from Enter to the map on screen, paired, median
    bytes_per_query           bytes of the answer and of every tile's score that the page gets
    enter_to_map_ms           until the GPU has drawn every tile's new score
    enter_to_picture_ms       until the first of the best tiles' pictures is there
    slider_ms                 from moving the slider to the map drawn again; nothing is asked of the
                              server meanwhile, which is checked
    peer_ms, peer_bytes       the same of the peer, and its PNG
    open_ms                   from the address to the first map
    open_bytes                all that is got for it, pictures apart: page, places of tiles, scores
    longest_task_ms           longest time that the page's main thread was busy, from the address on
"""

from __future__ import annotations

import base64
import io
import re
import shutil
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from _measure import emit, machine, options, say
from _web_data import write_set

import eex
from eex.config import Settings

sys.path.insert(0, str(Path(__file__).parent.parent / "scripts"))

from chromium import FLAGS, find_chromium

ROWS = (248_719, 2_245_886)
QUICK_ROWS = (30_000,)
WORDS = (
    "sand desert",
    "tropical rainforest",
    "snow covered mountains",
    "farmland",
    "fjords",
    "tundra",
    "savanna",
    "boreal forest",
)
"""Asked in turn; the browser keeps no answers, so that asking again is asking."""

BEST_PERCENT = 5
SIZE = {"width": 1440, "height": 900}
WAIT_MS = 120_000
EEX = [sys.executable, "-c", "import sys; from eex.cli import main; sys.exit(main())"]

LISTEN = """() => {
  window.bench = { longest: 0 };
  new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      window.bench.longest = Math.max(window.bench.longest, entry.duration);
    }
  }).observe({ type: 'longtask', buffered: true });
}"""
"""Before the page's own scripts."""

FOLLOW = """() => {
  const drawn = () => {  // waits until the GPU is through with all that it was told
    const gl = document.querySelector('[data-testid=map] canvas').getContext('webgl2');
    gl.readPixels(0, 0, 1, 1, gl.RGBA, gl.UNSIGNED_BYTE, new Uint8Array(4));
    return performance.now();
  };
  const bench = window.bench;
  bench.drawn = drawn;
  addEventListener('keydown', (event) => {
    if (event.key === 'Enter') {
      Object.assign(bench, { enter: performance.now(), painted: 0, picture: 0,
        before: document.body.dataset.queryId });
    }
  }, true);
  new MutationObserver(() => {
    const { ready, queryId } = document.body.dataset;
    if (bench.enter && !bench.painted && ready === '1' && queryId !== bench.before) {
      bench.painted = drawn();  // it is ready one frame after the scores were drawn
    }
  }).observe(document.body, { attributes: true });
  document.addEventListener('load', ({ target }) => {
    const isPicture = target instanceof HTMLImageElement && target.closest('.gallery');
    if (isPicture && bench.enter && !bench.picture) { bench.picture = performance.now(); }
  }, true);
}"""
"""Times of the last question, from Enter on, in window.bench."""

ANSWERED = "() => window.bench.painted > 0 && window.bench.picture > 0"
READY = "() => document.body.dataset.ready === '1' && document.body.dataset.map === 'idle'"

SLIDE = """async (value) => {
  const slider = document.querySelector('input.percent');
  const set = Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set;
  const frame = () => new Promise(requestAnimationFrame);
  const start = performance.now();
  set.call(slider, value);
  slider.dispatchEvent(new Event('input', { bubbles: true }));
  await frame();  // MapLibre draws in this one
  await frame();
  return window.bench.drawn() - start;
}"""

SHOW_PNG = """async (data) => {
  const picture = document.createElement('img');
  picture.src = 'data:image/png;base64,' + data;
  await picture.decode();
  document.body.replaceChildren(picture);
  await new Promise(requestAnimationFrame);
  await new Promise(requestAnimationFrame);
}"""


@contextmanager
def served(path: Path) -> Iterator[str]:
    """Serve a set in a process of its own; yield the address."""
    command = [*EEX, "serve", "--port", "0", "--set", str(path)]
    with subprocess.Popen(
        command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True
    ) as server:
        try:
            said = ""
            for line in server.stderr or ():
                said += line
                found = re.search(r"http://[\w.:]+", line)
                if found:
                    yield found[0]
                    break
            else:
                message = f"The server did not start: {said}"
                raise RuntimeError(message)
        finally:
            server.terminate()
            server.wait()


class Traffic:
    """Bytes that a page gets, headers included, by kind."""

    def __init__(self, page: Any) -> None:
        self.session = page.context.new_cdp_session(page)
        self.kind: dict[str, str] = {}
        self.bytes = {"page": 0, "api": 0, "picture": 0}
        self.asked: list[str] = []
        self.session.on("Network.requestWillBeSent", self._ask)
        self.session.on("Network.loadingFinished", self._got)
        self.session.send("Network.enable")
        self.session.send("Network.setCacheDisabled", {"cacheDisabled": True})

    def _ask(self, event: dict[str, Any]) -> None:
        url = event["request"]["url"]
        self.asked.append(url)
        kind = "picture" if "/picture?" in url else "api" if "/api/" in url else "page"
        self.kind[event["requestId"]] = kind

    def _got(self, event: dict[str, Any]) -> None:
        kind = self.kind.pop(event["requestId"], None)
        if kind:
            self.bytes[kind] += int(event["encodedDataLength"])

    def clear(self) -> None:
        self.bytes = dict.fromkeys(self.bytes, 0)
        self.asked.clear()


class Peer:
    """The original's way: all vectors in memory, a picture of a map for each query."""

    def __init__(self, path: Path) -> None:
        self.opened = eex.open_set(str(path))
        embeddings = self.opened.embeddings
        self.lonlat = np.asarray(embeddings.lonlat)
        self.vectors = np.asarray(embeddings.vectors, np.float32)
        self.encoder: Any = eex.encoder(embeddings.header.model)

    def png(self, words: str) -> bytes:
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        query = np.asarray(self.encoder.encode_text([words])[0], np.float32)
        scores = self.vectors @ query
        best = scores >= np.percentile(scores, 100 - BEST_PERCENT)
        figure = Figure(figsize=(10, 5), dpi=350)
        FigureCanvasAgg(figure)
        axes = figure.add_axes((0.03, 0.05, 0.9, 0.9))
        axes.set_xlim(-180, 180)
        axes.set_ylim(-90, 90)
        axes.scatter(*self.lonlat[~best].T, s=0.2, c="#cccccc", linewidths=0)
        shown = axes.scatter(*self.lonlat[best].T, s=0.4, c=scores[best], cmap="plasma", lw=0)
        figure.colorbar(shown, ax=axes, fraction=0.02)
        out = io.BytesIO()
        figure.savefig(out, format="png")
        return out.getvalue()


def peer_of(path: Path) -> Peer | None:
    try:
        import matplotlib as mpl
    except ImportError:
        say("the peer is left out: matplotlib is not installed")
        return None
    say(f"peer: matplotlib {mpl.__version__}")
    return Peer(path)


def ask(page: Any, words: str) -> tuple[float, float]:
    """Type words and press Enter; return milliseconds to the map and to the first picture."""
    box = page.get_by_label("What to look for")
    box.fill(words)
    box.press("Enter")
    page.wait_for_function(ANSWERED)
    told = page.evaluate("() => window.bench")
    page.wait_for_function(READY)
    return told["painted"] - told["enter"], told["picture"] - told["enter"]


def slide(page: Any, traffic: Traffic, count: int) -> list[float]:
    """Move the slider so often; return milliseconds until the map is drawn again."""
    page.wait_for_load_state("networkidle")
    traffic.clear()
    page.evaluate(SLIDE, "30")
    steps = [20 + (7 * step) % 60 for step in range(count)]
    times = [float(page.evaluate(SLIDE, str(step))) for step in steps]
    if any("/api/" in url for url in traffic.asked):
        message = "Moving the slider asked the server."
        raise RuntimeError(message)
    return times


def measure(browser: Any, folder: Path, rows: int, rounds: int, slides: int) -> dict[str, Any]:
    """Measure the page and the peer with a set of so many tiles."""
    say(f"{rows:,} tiles: the set is made if it is not there")
    path = write_set(folder / f"tiles-{rows}.parquet", rows)
    peer = peer_of(path)
    with served(path) as address:
        context = browser.new_context(viewport=SIZE, reduced_motion="reduce")
        context.set_default_timeout(WAIT_MS)
        context.add_init_script(f"({LISTEN})()")
        page, blank = context.new_page(), context.new_page()
        traffic = Traffic(page)
        page.bring_to_front()
        say("opening it once for warmth, then again")
        page.goto(f"{address}/?set={path.stem}&text=lake&theme=dark&percent={BEST_PERCENT}")
        page.wait_for_function(READY)
        traffic.clear()
        start = time.perf_counter()
        page.reload()
        page.wait_for_function(READY)
        open_ms = (time.perf_counter() - start) * 1e3
        page.wait_for_load_state("networkidle")
        open_bytes = traffic.bytes["page"] + traffic.bytes["api"]
        longest = float(page.evaluate("() => window.bench.longest"))
        page.evaluate(FOLLOW)
        ask(page, "coast")  # for warmth
        maps, pictures, peers, sizes, bytes_got = [], [], [], [], []
        for turn in range(rounds):
            words = WORDS[turn % len(WORDS)]
            say(f"round {turn + 1} of {rounds}: {words}")
            page.wait_for_load_state("networkidle")
            traffic.clear()
            to_map, to_picture = ask(page, words)
            page.wait_for_load_state("networkidle")
            maps.append(to_map)
            pictures.append(to_picture)
            bytes_got.append(traffic.bytes["api"])
            if peer:
                blank.bring_to_front()
                start = time.perf_counter()
                png = peer.png(words)
                blank.evaluate(SHOW_PNG, base64.b64encode(png).decode())
                peers.append((time.perf_counter() - start) * 1e3)
                sizes.append(len(png))
                page.bring_to_front()
        slid = slide(page, traffic, slides)
        context.close()
    ratios = [theirs / ours for theirs, ours in zip(peers, maps, strict=False)]
    return {
        "rows": rows,
        "enter_to_map_speedup": round(statistics.median(ratios), 3) if ratios else None,
        "bytes_per_query": round(statistics.median(bytes_got)),
        "enter_to_map_ms": round(statistics.median(maps), 1),
        "enter_to_picture_ms": round(statistics.median(pictures), 1),
        "slider_ms": round(statistics.median(slid), 1),
        "peer_ms": round(statistics.median(peers), 1) if peers else None,
        "peer_bytes": round(statistics.median(sizes)) if sizes else None,
        "open_ms": round(open_ms, 1),
        "open_bytes": open_bytes,
        "longest_task_ms": round(longest, 1),
    }


def main() -> None:
    parser = options(__doc__ or "")
    parser.add_argument("--rows", type=int, nargs="+", help="tiles of each set")
    parser.add_argument("--cache", type=Path, help="folder for the sets; by default of the cache")
    asked = parser.parse_args()
    chromium = find_chromium()
    if chromium is None:
        sys.exit("No Chromium: apt-get install chromium, or name one in CHROMIUM_PATH.")
    from playwright.sync_api import sync_playwright

    rounds = asked.rounds or (3 if asked.quick else 12)
    slides = 5 if asked.quick else 40
    folder = asked.cache or Settings.from_env().cache_dir / "bench-web"
    sets = {}
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=list(FLAGS))
        version = browser.version
        for rows in asked.rows or (QUICK_ROWS if asked.quick else ROWS):
            sets[str(rows)] = measure(browser, folder, rows, rounds, slides)
        browser.close()
    if asked.quick and asked.cache is None:
        shutil.rmtree(folder, ignore_errors=True)
    first = next(iter(sets.values()))
    result = {
        "benchmark": "web",
        **first,
        "chromium": version,
        "rounds": rounds,
        "sets": sets,
        "machine": machine(),
    }
    names = [name for name in first if name != "rows"]
    head = ["what", *(f"{int(rows):,} tiles" for rows in sets)]
    lines = [[name, *(str(one[name]) for one in sets.values())] for name in names]
    emit(result, as_json=asked.json, tables=[("the page", [head, *lines])])


if __name__ == "__main__":
    main()
