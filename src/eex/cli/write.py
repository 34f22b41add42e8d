"""`eex set write`: a set as one GeoParquet file."""

from __future__ import annotations

from pathlib import Path

import click

from eex.cli.say import check_new, force_option, open_named, progress, read_settings, say
from eex.cli.sets import one_set
from eex.cli.words import Words, bbox_option, output_words
from eex.errors import BadQueryError

SUFFIXES = {".parquet", ".geoparquet"}
"""Endings of files that sets are written to; others are not found again as sets."""


@one_set.command(cls=Words, bare=output_words)
@click.argument("name", metavar="SET")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="GeoParquet file to write.",
)
@click.option(
    "--dtype",
    type=click.Choice(["float16", "float32", "float64", "int8"]),
    help="Number format of the vectors.  [default: as stored]",
)
@click.option(
    "--encoding",
    type=click.Choice(["wkb", "native"]),
    default="wkb",
    show_default=True,
    help="How footprints are written: wkb is read by all tools, native by newer ones.",
)
@bbox_option("Only tiles in this box.")
@force_option
def write(
    name: str,
    *,
    output: Path,
    dtype: str | None,
    encoding: str,
    bbox: tuple[float, float, float, float] | None,
    force: bool,
) -> None:
    """Write a set as GeoParquet 1.1, which DuckDB, GeoPandas, QGIS and GDAL open.

    Tiles come along a Hilbert curve with a bbox column, so that readers find an area quickly. The
    columns are those of the Major TOM Embedding Expansion; the set's header (model, weights, bands,
    licence and so on) is the key `emb`. The file appears whole or not at all.

    \b
    Examples:
      eex set write world -o world.parquet
      eex set write world -o alps.parquet --bbox 5 44 16 48 --dtype float16
      eex set write mine.parquet -o native.parquet --encoding native --force
    """  # noqa: D301 - click reads the backspace
    from eex.extent.globe import inside_bbox
    from eex.geoparquet import write_set

    output = output.expanduser()
    if output.suffix.lower() not in SUFFIXES:
        message = f"A set is not written as {output.suffix or 'a file without an ending'}."
        raise BadQueryError(message, hint=f"It is GeoParquet: -o {output.stem}.parquet")
    check_new(output, force=force)
    embeddings = open_named(name, read_settings()).embeddings
    rows = None
    if bbox is not None:
        rows = inside_bbox(embeddings.lonlat, bbox).nonzero()[0]
    count = write_set(
        embeddings,
        output,
        dtype=dtype or "",
        encoding=encoding,
        rows=rows,
        progress=progress(f"writing {output.name}", "tiles"),
    )
    size = output.stat().st_size / 1e6
    say(f"Wrote {output}: {count:,} tiles, {size:,.1f} MB")
