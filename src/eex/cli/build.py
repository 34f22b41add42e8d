"""`eex build`: imagery to tiles to vectors to a set."""

from __future__ import annotations

import math
from collections.abc import Callable
from contextlib import ExitStack
from typing import TYPE_CHECKING, Any

import click

from eex.cli.build_costs import cost_text, costs_text
from eex.cli.build_options import (
    MOST_PIXELS,
    api_options,
    asset_option,
    build_options,
    keep_option,
    scene_options,
    tiling_options,
)
from eex.cli.build_plugins import Sources
from eex.cli.build_told import tell
from eex.cli.say import answer, json_text, progress, read_settings, say
from eex.cli.words import Words, output_words
from eex.config import PRECISIONS
from eex.errors import BadQueryError, MissingWeightsError

if TYPE_CHECKING:
    from eex.build.asked import Asked, Source
    from eex.config import Settings


@click.group(cls=Sources)
def build() -> None:
    """Make an embedding set of your own imagery; what was interrupted goes on.

    \b
    Examples:
      eex build world --bbox 5 44 16 48 -o alps.parquet
      eex build folder scenes/ --model remoteclip-vit-b-32 --stretch keenkite -o mine.parquet
      eex build stac --area "Tokyo, 60" --dates 2024-01/2024-03 --cloud 10 \\
          --model remoteclip-vit-b-32 -o kanto.parquet --dry-run
      eex build estimate --tiles 2200000 --model siglip-so400m-14-384 --rate 400
    """  # noqa: D301 - click reads the backspace


@build.command(cls=Words, bare=output_words)
@api_options
@scene_options
@asset_option
@keep_option
@tiling_options
@build_options
def stac(**given: Any) -> None:  # noqa: ANN401
    """Scenes of a STAC API, Earth Search by default: only what is needed of them is read.

    \b
    Example:
      eex build stac --area "Tokyo, 60" --dates 2024-01/2024-03 --cloud 10 \\
          --model remoteclip-vit-b-32 --stretch keenkite -o kanto.parquet
    """  # noqa: D301
    _build("stac", given, {"api": given.pop("api"), "collection": given.pop("collection")})


@build.command(cls=Words, bare=output_words)
@click.argument("path", metavar="FILE")
@scene_options
@asset_option
@keep_option
@tiling_options
@build_options
def items(path: str, **given: Any) -> None:  # noqa: ANN401
    """Scenes of a file of STAC items: JSON or stac-geoparquet, here or at an address."""
    _build("items", given, {"path": path})


@build.command(cls=Words)
@click.argument("paths", metavar="PATH…", nargs=-1, required=True)
@click.option("--bands", metavar="B04,B03,…", help="Of files with several bands, in their order.")
@click.option("--skip", is_flag=True, help="Leave out what is no GeoTIFF.")
@click.option("--licence", metavar="TEXT", help="Of the pixels.  [default: Sentinel-2: Copernicus]")
@click.option("--credit", metavar="TEXT", help="Whom to name for the pixels.")
@scene_options
@keep_option
@tiling_options
@build_options
def folder(
    paths: tuple[str, ...],
    bands: str | None,
    licence: str | None,
    credit: str | None,
    *,
    skip: bool,
    **given: Any,  # noqa: ANN401
) -> None:
    """GeoTIFFs: files, folders of them, addresses, or a text file that lists them.

    Files of one band each are brought together by their names: x_B04.tif, x_B03.tif.
    """
    own = {"paths": list(paths), "bands": bands, "skip": skip}
    own |= {"licence": licence, "attribution": credit}
    _build("folder", given, own)


@build.command(cls=Words)
@click.argument("paths", metavar="[PATH]…", nargs=-1)
@click.option("--repo", metavar="OWNER/NAME", help="All shards of a hub's data set instead.")
@click.option(
    "--metadata", metavar="FILE", help="Table that says clouds and places of the samples."
)
@scene_options
@tiling_options
@build_options
def shards(
    paths: tuple[str, ...],
    repo: str | None,
    metadata: str | None,
    **given: Any,  # noqa: ANN401
) -> None:
    """Image shards of Major TOM: Parquet files of whole GeoTIFFs, here, at addresses or at a hub.

    Tiles are those of Major TOM; give --centre for the middle of each, as the 249k sets have it.
    """
    given["grid"] = given["grid"] or "majortom"
    own = {"paths": list(paths), "repo": repo, "metadata": metadata}
    _build("shards", given, own)


@build.command(cls=Words, bare=output_words)
@click.option("--bbox", metavar="W S E N", help="Only cells whose centres are in this box.")
@build_options
def world(bbox: str | None, **given: Any) -> None:  # noqa: ANN401
    """Tiles of the embedded world, with the embedded model: to try it without anything else.

    \b
    Example:
      eex build world --bbox 5 44 16 48 -o alps.parquet
    """  # noqa: D301
    from eex.build.items import Tiling
    from eex.build.world import WorldScenes
    from eex.cli.words import Box

    given["models"] = given["models"] or ("demo-bluemarble-concepts",)
    box = None if bbox is None else Box().convert(bbox, None, None)
    asked = _asked(given, Tiling(size=32, stride=16))
    _run(WorldScenes(box), given, asked, read_settings())


@build.command(cls=Words)
@click.option("--tiles", type=click.IntRange(1), required=True, help="Vectors to make.")
@click.option("--model", required=True, metavar="NAME", help="A name of eex models.")
@click.option("--rate", type=float, metavar="N", help="Images a second; else measured here.")
@click.option(
    "--fragments",
    type=click.IntRange(1),
    default=1,
    show_default=True,
    help="Vectors of one sample: 25 for fragments of 224 pixels.",
)
@click.option(
    "--size", type=click.IntRange(8, MOST_PIXELS), default=224, show_default=True, help="Of a tile."
)
@click.option("--device", help="auto, cpu, cuda or mps.  [default: auto]")
@click.option("--precision", type=click.Choice(PRECISIONS), help="[default: float32]")
@click.option("--json", "as_json", is_flag=True, help="As JSON.")
def estimate(
    tiles: int,
    model: str,
    *,
    rate: float | None,
    fragments: int,
    size: int,
    device: str | None,
    precision: str | None,
    as_json: bool,
) -> None:
    """Say what a build from all shards of Major TOM Core-S2L2A costs; computed, nothing is read.

    \b
    Examples:
      eex build estimate --tiles 2245886 --model siglip-so400m-14-384 --rate 400
      eex build estimate --tiles 56147150 --fragments 25 --model dinov2-base
    """  # noqa: D301
    from eex.build.estimate import planet_cost
    from eex.encoders.open import encoder_spec

    spec = encoder_spec(model)
    if rate is None:
        from eex.build.items import Tiling
        from eex.cli.build_run import rate_here

        try:
            rate = rate_here(spec, Tiling(size=size), read_settings(), device, precision)
        except MissingWeightsError as error:
            raise MissingWeightsError(
                error.message, hint=f"{error.hint}, or say how fast it is elsewhere: --rate 400"
            ) from error
        say(f"{model} encodes {rate:,.1f} images a second here.")
    if not 0 < rate < math.inf:
        message = f"Nothing is encoded at {rate:g} images a second."
        raise BadQueryError(message, hint="Such as --rate 400.")
    cost = planet_cost(tiles, spec, rate, fragments=fragments)
    answer(json_text(cost) if as_json else cost_text(cost))


def _build(kind: str, given: dict[str, Any], own: dict[str, Any]) -> None:
    from eex.build.items import Tiling
    from eex.sources.asking import source_of

    settings = read_settings()
    names = ("area", "dates", "season", "cloud_cover", "limit")
    options = {name: given.pop(name) for name in names} | own
    if given.get("asset"):
        options["bands"] = _pairs(given["asset"])
    source = source_of(kind, settings, **options)
    if place := source.asked().get("place"):
        name, _, distance = str(place).rpartition(", ")
        say(f"Area: {distance} round {name}.")
    tiling = Tiling(
        size=given["size"],
        stride=given["stride"] or max(1, given["size"] // 2),
        grid=given["grid"] or "scene",
        centre=given["centre"],
        max_nodata=given["max_nodata"] / 100,
        max_cloud=given["max_cloud"] / 100,
        remove_offset=given["remove_offset"],
    )
    _run(source, given, _asked(given, tiling), settings)


def _asked(given: dict[str, Any], tiling: Any) -> Asked:  # noqa: ANN401
    from eex.build.asked import Asked
    from eex.build.plan import Model

    weights = dict(zip(given["models"], given["weights"], strict=False))
    if len(given["weights"]) > len(given["models"]):
        message = "There are more --weights than --model."
        raise click.UsageError(message)
    _check_for_pictures(given)
    more = {"stretch": given["stretch"]} if given.get("stretch") else {}
    return Asked(
        models=tuple(
            Model(
                name=name,
                weights=str(weights.get(name, "")),
                variant=given["variant"],
                precision=given["precision"] or read_settings().precision,
            )
            for name in given["models"]
        ),
        tiling=tiling,
        bands=tuple(b.strip() for b in (given.get("rgb") or "").split(",") if b.strip()),
        once=given.get("once") or "",
        title=given["title"] or "",
        append=given["append"],
        dtype=given["dtype"] or "",
        engine=given["engine"],
        workers=given["workers"],
        address=given["address"] or "",
        device=given["device"] or "",
        batch=given["batch"],
        piece=given["piece"],
        fresh=given["fresh"],
        retry=given["retry"],
        **more,
    )


def _check_for_pictures(given: dict[str, Any]) -> None:
    """Refuse what no model that was named would heed."""
    from eex.encoders.open import encoder_spec

    named = [option for option in ("stretch", "rgb") if given.get(option)]
    if not named or not given["models"]:
        return
    for at, name in enumerate(given["models"]):
        weights = given["weights"][at] if at < len(given["weights"]) else None
        if encoder_spec(name, weights).pixels == "picture":
            return
    message = f"--{named[0]} is for models of pictures; {given['models'][0]} takes bands as stored."
    raise click.UsageError(message)


def _run(source: Source, given: dict[str, Any], asked: Asked, settings: Settings) -> None:
    from eex.build.make import build as make

    output = given["output"] or given["append"]
    keeps: Source | None = None
    if given.get("keep_scenes") is not None:
        from eex.build.scenes import KeptScenes

        keeps = KeptScenes(source, given["keep_scenes"], asked, settings)
    if given["dry_run"]:
        from eex.cli.build_run import dry_run

        found = dry_run(source, asked, settings, output=output, keeps=keeps)
        answer(json_text(found.to_json()) if given["as_json"] else costs_text(found))
        return
    if output is None:
        message = "Say where to: -o NAME.parquet"
        raise click.UsageError(message)
    source = keeps or source
    with ExitStack() as drawn:
        bars: dict[str, Callable[[int, int], None]] = {}

        def told(what: str, done: int, total: int) -> None:
            units = {"listing": "scenes", "writing": "rows"}
            if what not in bars:
                bars[what] = progress(what, units.get(what, "tiles"), drawn)
            bars[what](done, total)

        try:
            made = make(source, output, asked, settings=settings, progress=told)
        except KeyboardInterrupt:
            drawn.close()
            say("Stopped. What is finished is kept; the same command goes on where it was.")
            raise
    tell(made, output, as_json=given["as_json"], asked=asked)


def _pairs(texts: tuple[str, ...]) -> dict[str, str]:
    pairs = [text.partition("=") for text in texts]
    if bad := [name + equals + value for name, equals, value in pairs if not (name and value)]:
        message = f"--asset takes BAND=NAME, got {bad[0]!r}."
        raise click.UsageError(message)
    return {name.strip(): value.strip() for name, _, value in pairs}


build.run = _build
