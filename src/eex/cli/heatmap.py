"""`eex heatmap`: where in a picture a query fits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from eex.cli.running import (
    as_source,
    bands_option,
    loaded,
    model_options,
    prompt_options,
    templates_of,
)
from eex.cli.say import answer, check_target, say
from eex.cli.words import Words, picture_words
from eex.errors import BadQueryError


@click.command(cls=Words, bare=picture_words)
@click.argument("image", type=click.Path(path_type=Path))
@click.option("--text", help="Words: where in the picture are they?")
@click.option("--like", type=click.Path(path_type=Path), help="Another picture: where is it?")
@click.option("--patch", metavar="ROW,COL", help="A cell of the picture: what is like it?")
@click.option("--background", multiple=True, metavar="TEXT", help="Words that compete.")
@click.option("--no-centre", is_flag=True, help="Keep what all of the picture has in common.")
@click.option("--size", type=int, default=0, help="Short side to look at, pixels.")
@click.option("--opacity", type=float, default=0.6, show_default=True, help="Of the colours.")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    default=Path("heat.png"),
    show_default=True,
    help=".png over the picture, .tif or .npy with the numbers.",
)
@bands_option
@model_options
@prompt_options
def heatmap(
    image: Path,
    output: Path,
    *,
    text: str | None,
    like: Path | None,
    patch: str | None,
    background: tuple[str, ...],
    no_centre: bool,
    size: int,
    opacity: float,
    bands: str | None,
    prompts: bool,
    prompt: tuple[str, ...],
    **model: Any,  # noqa: ANN401
) -> None:
    """Show where in a picture, or a GeoTIFF of Sentinel-2 bands, a query fits.

    \b
    Examples:
      eex heatmap port.png --model farslip-vit-b-16 --text "ships" -o ships.png
      eex heatmap tile.tif --model dinov2-large --patch 3,12 -o alike.tif
      eex heatmap tile.tif --model siglip-so400m-14-384 --text water --background land
    """  # noqa: D301 - click reads the backspace
    from eex.heatmaps.draw import WRITERS
    from eex.heatmaps.make import heatmap as make

    check_target(output)
    if output.suffix.lower() not in WRITERS:
        message = f"The name {output} does not say in which format to write."
        raise BadQueryError(message, hint=f"Formats: {', '.join(WRITERS)}.")
    cell = None if patch is None else _cell(patch)
    if sum(given is not None for given in (text, like, patch)) != 1:
        message = "Give one of --text, --like and --patch."
        raise click.UsageError(message)
    encoder = loaded(**model)
    templates = templates_of(encoder, prompts=prompts, prompt=prompt)
    found = make(
        encoder,
        as_source(image, bands),
        text=text,
        like=like,
        patch=cell,
        background=background,
        templates=templates,
        centre=not no_centre,
        size=size,
    )
    written = found.save(output, opacity=opacity)
    down, across = found.grid.shape
    row, column = divmod(int(found.grid.argmax()), across)
    answer(f"{found.caption}\n{down} x {across} cells; brightest at row {row}, column {column}")
    say(f"Wrote {', '.join(map(str, written))}")


def _cell(text: str) -> tuple[int, int]:
    row, comma, column = text.partition(",")
    try:
        if comma:
            return int(row), int(column)
    except ValueError:
        pass
    message = f"--patch takes ROW,COL, such as 3,12; got {text!r}."
    raise click.UsageError(message)
