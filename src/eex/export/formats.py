"""What an answer can be written as: names, endings of files, media types."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from eex.errors import BadQueryError

Name = Literal[
    "geojson",
    "csv",
    "kml",
    "geoparquet",
    "stac",
    "png",
    "chips",
    "zip",
    "python",
    "curl",
    "recipe",
]
"""As `--format` and the API call them."""


@dataclass(frozen=True, kw_only=True)
class Format:
    """A kind of file."""

    name: Name
    endings: tuple[str, ...]
    """Of files, the usual one first."""
    media: str
    """Media type."""
    title: str
    """For people."""
    binary: bool = False
    """Whether it is no text."""
    drawn: bool = False
    """Whether it has a map of every tile's score."""
    pixels: bool = False
    """Whether it holds pixels, so that writing it takes an opened set."""


FORMATS = (
    Format(
        name="geojson",
        endings=(".geojson",),
        media="application/geo+json",
        title="GeoJSON: centres of the tiles",
    ),
    Format(name="csv", endings=(".csv",), media="text/csv; charset=utf-8", title="CSV"),
    Format(
        name="kml",
        endings=(".kml",),
        media="application/vnd.google-earth.kml+xml",
        title="KML for Google Earth",
    ),
    Format(
        name="geoparquet",
        endings=(".parquet", ".geoparquet"),
        media="application/vnd.apache.parquet",
        title="GeoParquet 1.1 for DuckDB, GeoPandas, QGIS",
        binary=True,
    ),
    Format(
        name="stac",
        endings=(".stac.json",),
        media="application/geo+json",
        title="STAC 1.1 item collection",
    ),
    Format(
        name="png",
        endings=(".png",),
        media="image/png",
        title="Map of every tile's score, PNG",
        binary=True,
        drawn=True,
    ),
    Format(
        name="chips",
        endings=(".chips.zip",),
        media="application/zip",
        title="GeoTIFFs of the best tiles, ZIP",
        binary=True,
        pixels=True,
    ),
    Format(
        name="zip",
        endings=(".zip",),
        media="application/zip",
        title="All of it, ZIP",
        binary=True,
        drawn=True,
        pixels=True,
    ),
    Format(
        name="python",
        endings=(".py",),
        media="text/x-python; charset=utf-8",
        title="Python that asks again",
    ),
    Format(
        name="curl",
        endings=(".sh",),
        media="text/x-shellscript; charset=utf-8",
        title="A curl command that asks again",
    ),
    Format(
        name="recipe",
        endings=(".recipe.json",),
        media="application/json",
        title="The query, pictures included",
    ),
)
"""All there are. What they are written by is in `eex.search.taking`."""

BY_NAME: dict[str, Format] = {form.name: form for form in FORMATS}
"""Formats by their names."""


def format_of(path: str | Path) -> Format:
    """Return the format that the name of a file ends on; of several the longest ending counts.

    Raises:
        BadQueryError: If it ends on none; the hint lists all.
    """
    form = fits(path)
    if form is None:
        message = f"The name {path} does not say in which format to write."
        raise BadQueryError(message, hint=f"End it with {endings()}.")
    return form


def fits(path: str | Path) -> Format | None:
    """Return the format that the name of a file ends on; None if it ends on none."""
    name = Path(path).name.lower()
    some = [(len(e), form) for form in FORMATS for e in form.endings if name.endswith(e)]
    return max(some, key=lambda one: one[0])[1] if some else None


def endings() -> str:
    """Return the usual endings of all formats in one line."""
    return ", ".join(form.endings[0] for form in FORMATS)
