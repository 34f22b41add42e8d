"""Options of `eex build`: which scenes, how they become tiles, how the set is made."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click

from eex.cli.words import Percent
from eex.config import PRECISIONS

Command = Callable[..., Any]
"""What options are added to."""

MOST_PIXELS = 16_384
"""Largest tile and step."""

_FILE = click.Path(path_type=Path)


def _all(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


api_options = _all(
    click.option("--api", metavar="URL", help="Root of a STAC API.  [default: Earth Search]"),
    click.option("--collection", metavar="NAME", help="[default: sentinel-2-l2a]"),
)
"""Which catalogue."""

scene_options = _all(
    click.option(
        "--area",
        metavar="AREA",
        help='W,S,E,N; "LAT, LON, KM"; a place such as "Tokyo, 60"; or a file of GeoJSON.',
    ),
    click.option("--dates", metavar="START/END", help="Such as 2024, 2024-01/2024-03, 2024-06/.."),
    click.option("--season", metavar="MM-DD/MM-DD", help="Only these days of any year; or MM/MM."),
    click.option(
        "--cloud",
        "cloud_cover",
        type=Percent(),
        metavar="PERCENT",
        help="Most clouds of a scene.",
    ),
    click.option("--limit", metavar="N", help="At most so many scenes, the least cloudy."),
)
"""Which scenes."""

asset_option = click.option(
    "--asset",
    multiple=True,
    metavar="BAND=NAME",
    help="Which asset has a band, where names are not the usual ones; repeatable.",
)
"""Of sources that list STAC items."""

keep_option = click.option(
    "--keep-scenes", type=_FILE, metavar="DIR", help="Fetch scenes whole, and keep them there."
)
"""Of all but shards, which are read where they are."""

tiling_options = _all(
    click.option(
        "--size",
        type=click.IntRange(8, MOST_PIXELS),
        default=224,
        show_default=True,
        help="Pixels of a tile.",
    ),
    click.option(
        "--stride",
        type=click.IntRange(1, MOST_PIXELS),
        help="Pixels to the next tile.  [default: half of it]",
    ),
    click.option(
        "--grid",
        type=click.Choice(["scene", "majortom"]),
        help="How tiles lie.  [default: scene; shards: majortom]",
    ),
    click.option("--centre", is_flag=True, help="Of Major TOM's tiles the middle alone."),
    click.option(
        "--max-nodata",
        type=Percent(),
        default=0.0,
        metavar="PERCENT",
        help="Missing pixels of a tile.",
    ),
    click.option(
        "--max-cloud",
        type=Percent(),
        default=100.0,
        metavar="PERCENT",
        help="Clouds of a tile, where the scene has classes (SCL).  [default: any]",
    ),
    click.option(
        "--stretch",
        metavar="NAME",
        help="How numbers become 8 bits: majortom, keenkite, thumbnail, stored.  "
        "[default: majortom]",
    ),
    click.option("--remove-offset", is_flag=True, help="Take off the 1000 of baseline 04.00."),
    click.option(
        "--rgb", metavar="R,G,B", help="Bands that models of pictures see.  [default: B04,B03,B02]"
    ),
    click.option(
        "--once",
        type=click.Choice(["place", "group"]),
        help="A place once over all dates, or once in each pass.  [default: group]",
    ),
)
"""How scenes become tiles."""

build_options = _all(
    click.option(
        "--model", "models", multiple=True, metavar="NAME", help="A name of eex models; repeatable."
    ),
    click.option(
        "--weights", multiple=True, type=_FILE, help="Of each --model, in their order, if own ones."
    ),
    click.option("--variant", default="", help="Way of running it; see eex models info."),
    click.option("--device", help="auto, cpu, cuda or mps.  [default: auto]"),
    click.option("--precision", type=click.Choice(PRECISIONS), help="[default: float32]"),
    click.option("-o", "--output", type=_FILE, metavar="FILE", help="GeoParquet file to write."),
    click.option("--title", help="Of the set."),
    click.option(
        "--append", type=_FILE, metavar="SET", help="Add to this set; its rows are not made anew."
    ),
    click.option(
        "--dtype",
        type=click.Choice(["float16", "float32"]),
        help="Number format of the vectors.  [default: float16, or that of --append]",
    ),
    click.option(
        "--engine",
        type=click.Choice(["local", "ray", "here"]),
        default="local",
        show_default=True,
        help="Processes of this machine, Ray, or this process itself.",
    ),
    click.option(
        "--workers", type=click.IntRange(1), default=1, show_default=True, help="Processes."
    ),
    click.option("--address", metavar="HOST:PORT", help="Of a Ray that runs; else one is started."),
    click.option("--batch", type=click.IntRange(1), default=64, help="Tiles at a time."),
    click.option(
        "--piece",
        type=click.IntRange(1),
        default=4096,
        help="Tiles of a piece of work: what is done again after a stop.",
    ),
    click.option("--fresh", is_flag=True, help="Begin anew, and replace the set that is there."),
    click.option("--retry", is_flag=True, help="Try again what was set aside."),
    click.option("--dry-run", is_flag=True, help="Say what it would cost; nothing is written."),
    click.option("--json", "as_json", is_flag=True, help="As JSON."),
)
"""How the set is made."""
