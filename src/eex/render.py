"""Scores become a world map that a person can look at."""

from __future__ import annotations

import io
import unicodedata
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from eex.export import Result
from eex.export.colours import colour_ramp
from eex.imagery.bluemarble import BlueMarble
from eex.tiles import KM_PER_DEGREE

if TYPE_CHECKING:
    from PIL.Image import Image
    from PIL.ImageDraw import ImageDraw
    from PIL.ImageFont import FreeTypeFont, ImageFont

WIDTH = 1800
"""Width of the map, pixels; a plate carrée world is half as high."""

MAX_RINGS = 30
"""Most results that are ringed on a map."""

MAX_STRETCH = 6
"""Most that a dot is widened near the poles."""

HEADING = 64
"""Height of the strip with title and legend, pixels."""

LINE = 17
"""Height of a line of the credit, pixels."""

PLAIN = 200
"""Characters of a text in a PNG from which it is packed."""


def similarity_map(
    lonlat: NDArray[np.float64],
    scores: NDArray[np.float32],
    *,
    shown: NDArray[np.bool_],
    tile_km: float,
    title: str,
    credit: str = "",
    results: Sequence[Result] = (),
    score_kind: str = "cosine",
) -> Image:
    """Draw every tile's score on a darkened Earth, best tiles ringed.

    Args:
        lonlat: Tile centres, shape (n, 2), degrees.
        scores: Of every tile, shape (n,); NaN is not drawn.
        shown: Which tiles to draw, shape (n,).
        tile_km: Spacing of tiles on the ground, which sets the size of a dot, kilometres.
        title: One line above the map.
        credit: Small lines at the bottom of it; long ones are broken.
        results: Best tiles, ringed and numbered.
        score_kind: What a score is, written above the legend.

    Returns:
        A picture of 1800 x 964 pixels, plate carrée, 180 W on the left.
    """
    from PIL import Image as Images
    from PIL import ImageDraw as Drawing

    height = WIDTH // 2
    canvas = np.concatenate([np.full((HEADING, WIDTH, 3), 16, np.uint8), _background()])
    rows = np.flatnonzero(shown & np.isfinite(scores))
    low, high = _range(scores[rows])
    order = rows[np.argsort(scores[rows], kind="stable")]  # the best are drawn last, on top
    level = np.clip((scores[order] - low) / max(high - low, 1e-9), 0, 1)
    colours = colour_ramp(level)
    x = ((lonlat[order, 0] + 180) / 360 * WIDTH).astype(int) % WIDTH
    y = np.clip(((90 - lonlat[order, 1]) / 180 * height).astype(int), 0, height - 1)
    radius = float(np.clip(tile_km / KM_PER_DEGREE * WIDTH / 360 / 4, 1, 6))
    # The map stretches towards the poles, and the dots with it, so that they stay a field.
    across = np.minimum(radius / np.cos(np.radians(lonlat[order, 1])), MAX_STRETCH * radius) + 0.5
    for dx in range(-int(across.max(initial=0)), int(across.max(initial=0)) + 1):
        wide = np.flatnonzero(abs(dx) <= across)
        for dy in range(-int(radius), int(radius) + 1):
            line = HEADING + np.clip(y[wide] + dy, 0, height - 1)
            canvas[line, (x[wide] + dx) % WIDTH] = colours[wide]
    picture = Images.fromarray(canvas)
    draw = Drawing.Draw(picture)
    for result in reversed(results):
        _ring(draw, result, height)
    _legend(draw, picture, title, (low, high), score_kind)
    _credit(draw, credit, HEADING + height)
    return picture


def png(picture: Image, about: Mapping[str, str] | None = None) -> bytes:
    """Return a picture as PNG.

    Args:
        picture: What is drawn.
        about: Texts that the file carries by their names, such as `Copyright`.
    """
    from PIL.PngImagePlugin import PngInfo

    text = PngInfo()
    for name, value in (about or {}).items():
        text.add_itxt(name, value, zip=len(value) > PLAIN)
    out = io.BytesIO()
    picture.save(out, "PNG", pnginfo=text)
    return out.getvalue()


def _range(scores: NDArray[np.float32]) -> tuple[float, float]:
    if not len(scores):
        return 0.0, 1.0
    return float(np.quantile(scores, 0.02)), float(scores.max())


@cache
def _background() -> NDArray[np.uint8]:
    from PIL import Image as Images

    earth = Images.fromarray(BlueMarble.open().pixels).resize((WIDTH, WIDTH // 2))
    grey = np.asarray(earth.convert("L"), np.float32)[..., None]
    tint = np.array([0.20, 0.23, 0.28], np.float32)
    return (18 + grey * tint).astype(np.uint8)


def _ring(draw: ImageDraw, result: Result, height: int) -> None:
    x = (result.lon + 180) / 360 * WIDTH
    y = HEADING + (90 - result.lat) / 180 * height
    for radius, colour in ((10, "black"), (9, "white"), (8, "white")):
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), outline=colour)
    draw.text(
        (x + 12, y - 8),
        str(result.rank),
        fill="white",
        stroke_width=2,
        stroke_fill="black",
        font=_font(15),
    )


def _legend(
    draw: ImageDraw, picture: Image, title: str, limits: tuple[float, float], kind: str
) -> None:
    from PIL import Image as Images

    low, high = limits
    draw.text((20, 20), _drawable(title), fill="white", font=_font(22))
    bar = np.repeat(colour_ramp(np.linspace(0, 1, 240))[None], 14, axis=0)
    picture.paste(Images.fromarray(bar), (WIDTH - 330, 25))
    for x, text, anchor in ((WIDTH - 340, f"{low:.2f}", "ra"), (WIDTH - 80, f"{high:.2f}", "la")):
        draw.text((x, 24), text, fill="white", font=_font(15), anchor=anchor)
    draw.text((WIDTH - 210, 4), kind, fill="white", font=_font(13), anchor="ma")


def _credit(draw: ImageDraw, credit: str, bottom: int) -> None:
    """Write who made what, on a dark strip, so that it can be read on snow."""
    lines: list[str] = []
    for told in filter(None, map(str.strip, credit.splitlines())):
        line = ""
        for word in _drawable(told).split():
            longer = f"{line} {word}".strip()
            if line and draw.textlength(longer, font=_font(13)) > WIDTH - 28:
                lines.append(line)
                longer = word
            line = longer
        lines.append(line)
    top = bottom - LINE * len(lines) - 6
    if lines:
        draw.rectangle((0, top, WIDTH, bottom), fill=(16, 16, 16))
    for number, line in enumerate(lines):
        draw.text((14, top + 3 + LINE * number), line, fill=(190, 198, 210), font=_font(13))


def _drawable(text: str) -> str:
    """Return the text in the letters that the built-in font has."""
    folded = unicodedata.normalize("NFKD", text.replace("“", '"').replace("”", '"'))
    return folded.replace("…", "...").encode("ascii", "ignore").decode() or "(another script)"


@cache
def _font(size: int) -> FreeTypeFont | ImageFont:
    from PIL import ImageFont as Fonts

    return Fonts.load_default(size)
