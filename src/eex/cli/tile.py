"""`eex tile`, `eex set offsets`: pixels of a tile as a file, and where all tiles' pixels lie."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from eex.cli.facts import counted
from eex.cli.say import (
    answer,
    catalog_option,
    check_new,
    force_option,
    open_named,
    progress,
    read_settings,
    say,
)
from eex.cli.sets import one_set
from eex.cli.words import Words, output_words
from eex.errors import BadQueryError

if TYPE_CHECKING:
    from eex.imagery.pixels import Crop, Kind

SHOWN = 12
"""Most shards that a message lists."""


@click.command(cls=Words, bare=output_words)
@click.argument("name", metavar="SET")
@click.argument("row", type=int, required=False)
@click.option("--cell", metavar="NAME", help="The tile of this grid cell, instead of a row.")
@click.option("--id", "mark", metavar="ID", help="The tile of this id, instead of a row.")
@click.option(
    "--kind",
    type=click.Choice(["thumbnail", "rgb", "bands"]),
    help="What is read.  [default: rgb for .tif, thumbnail for pictures]",
)
@click.option("--bands", metavar="B08,B04,…", help="Which bands, in this order; implies bands.")
@click.option(
    "--crop",
    metavar="PART",
    default="embedded",
    show_default=True,
    help="embedded, whole, or the central square of so many pixels of 10 m.",
)
@click.option("--size", type=click.IntRange(8, 4096), help="Height and width of a picture.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    help=".tif: stored numbers with their place; .png, .jpg: a picture.",
)
@force_option
@catalog_option
def tile(
    name: str,
    output: Path,
    *,
    row: int | None,
    cell: str | None,
    mark: str | None,
    kind: Kind | None,
    bands: str | None,
    crop: str,
    size: int | None,
    force: bool,
) -> None:
    """Write a tile's pixels: a GeoTIFF of the stored numbers, or a picture.

    Beside a picture that has a place lie a world file and an .aux.xml: a GIS puts it there.

    \b
    Examples:
      eex tile olmoearth-249k 1042 -o tile.tif
      eex tile olmoearth-249k --cell 454U_120R --crop whole -o napoli.png
      eex tile olmoearth-249k 1042 --bands B08,B04,B03 -o infrared.tif
    """  # noqa: D301 - click reads the backspace
    from eex.imagery.placed import files_beside
    from eex.imagery.save import format_of, save_pixels
    from eex.search.named import row_of

    output = output.expanduser()
    form = format_of(output)
    check_new(output, force=force, beside=files_beside(output))
    if sum(given is not None for given in (row, cell, mark)) != 1:
        message = "Give one of ROW, --cell and --id."
        raise click.UsageError(message)
    if bands is not None and kind not in {None, "bands"}:
        message = f"--bands are named for --kind bands, not {kind}."
        raise click.UsageError(message)
    if size and form == "tif":
        message = "--size is for pictures; a GeoTIFF has the pixels as stored."
        raise click.UsageError(message)
    names = [part.strip() for part in bands.split(",")] if bands is not None else []
    wanted: Kind = "bands" if names else kind or ("rgb" if form == "tif" else "thumbnail")
    part = _crop(crop)
    opened = open_named(name, read_settings())
    number = row if row is not None else row_of(opened.embeddings, cell=cell, mark=mark)
    found = opened.pixels(number, kind=wanted, bands=names, crop=part)
    written = save_pixels(found, output, size=size or 0)
    for old in set(files_beside(output)) - set(written):
        old.unlink(missing_ok=True)  # with --force: it says where other pixels lay
    _, height, width = found.values.shape
    about = found.tile
    what = f"{', '.join(found.bands)}: {width} x {height} pixels"
    place = f"{found.crs}, {abs(found.transform[0]):g} m" if found.crs else "no coordinate system"
    called = " ".join(text for text in (about.grid_cell, about.product_id) if text)
    answer("\n".join(filter(None, [called, f"{what}; {place}", found.attribution])))
    if not found.crs:
        how = " --kind rgb or bands has a place." if about.parquet_url else ""
        say(f"Not georeferenced: these pixels are in no known coordinate system.{how}")
    for notice in found.notices:
        say(f"Warning: {notice}")
    say(f"Wrote {', '.join(map(str, written))}")


@one_set.command()
@click.argument("name", metavar="SET")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="NAME.offsets.parquet to travel, or .arrow to be mapped.  [default: beside the set]",
)
@force_option
@catalog_option
def offsets(name: str, output: Path | None, *, force: bool) -> None:
    """Read where all tiles' pixels lie, so that no footer is asked for when one is shown.

    Every shard is asked once; what was read stays, so an interrupted run goes on where it was. The
    file is found when it lies beside the set's Parquet file as NAME.offsets.parquet.

    \b
    Examples:
      eex set offsets olmoearth-249k.parquet
      eex set offsets olmoearth-249k.parquet --force
    """  # noqa: D301 - click reads the backspace
    from eex.imagery.majortom import MajorTomReader
    from eex.imagery.offsets import NAME, SUFFIX
    from eex.imagery.offsets_make import make_offsets

    opened = open_named(name, read_settings())
    beside = Path(name)
    folder = opened.embeddings.folder
    if output is None and beside.is_file():
        output = beside.with_name(beside.stem + SUFFIX)
    elif output is None and folder is not None:
        output = folder / NAME
    if output is None or output.suffix not in {".parquet", ".arrow"}:
        message = f"A side index is not written as {output or name}."
        raise BadQueryError(message, hint=f"Give -o NAME{SUFFIX}.")
    check_new(output, force=force)
    reader = opened.reader
    if not isinstance(reader, MajorTomReader):
        message = f"The pixels of {name} do not lie in shards far away."
        raise BadQueryError(message, hint="There is nothing to look up.")
    bar = progress("reading footers", "shards")
    counts = make_offsets(opened.embeddings.rows, reader.shards, output, progress=bar)
    answer(f"{counts.found:,} of {counts.tiles:,} tiles in {counted(counts.shards, 'shard')}")
    for line in counts.failed[:SHOWN]:
        say(line)
    if len(counts.failed) > SHOWN:
        say(f"… and {len(counts.failed) - SHOWN} more")
    say(f"Wrote {output}")


def _crop(text: str) -> Crop:
    if text in {"embedded", "whole"}:
        return text  # type: ignore[return-value]
    if text.isdecimal() and len(text) < 6 and int(text):  # noqa: PLR2004
        return int(text)
    message = f"--crop takes embedded, whole or a number of pixels; got {text!r}."
    raise click.UsageError(message)
