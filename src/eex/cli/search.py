"""`eex search`: one query, one answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eex.cli.running import prompt_options
from eex.cli.say import (
    answer,
    catalog_option,
    check_target,
    json_text,
    open_named,
    read_settings,
    say,
)
from eex.cli.words import Words, bbox_option, search_words
from eex.errors import BadQueryError

if TYPE_CHECKING:
    from eex.search.found import Found
    from eex.search.run import OpenSet

FORMATS = ("table", "json", "geojson", "csv")
"""Forms of an answer."""


@click.command(cls=Words, bare=search_words)
@click.option(
    "--set", "name", default="world", show_default=True, help="Name of eex sets, or a file."
)
@click.option(
    "--text", "texts", multiple=True, help="Words that describe what to look for; may be repeated."
)
@click.option("--image", metavar="FILE", help="A picture to compare with.")
@click.option("--place", metavar='"LAT, LON"', help="A place, or its name: what looks like there.")
@click.option(
    "--row", "rows", type=int, multiple=True, help="A tile of the set: more like it; repeatable."
)
@click.option("--cell", "cells", multiple=True, metavar="NAME", help="The same, by grid cell.")
@click.option("--id", "marks", multiple=True, metavar="ID", help="The same, by its id.")
@click.option("--weight", "weights", multiple=True, metavar="PART=NUMBER", help="Share of a part.")
@click.option(
    "--match",
    type=click.Choice(["sum", "all"]),
    default="sum",
    show_default=True,
    help="Add the parts up, or rank by the one that fits least: a tile must fit all.",
)
@click.option("--split", is_flag=True, help="Cut texts into the things they name, a part each.")
@prompt_options
@click.option("--model-weights", type=click.Path(path_type=Path), help="Of the set's model.")
@click.option("--k", type=int, help="How many results.  [default: 10]")
@bbox_option("Only inside this box.")
@click.option("--spread", type=float, metavar="KM", help="Least distance between results.")
@click.option("--top-percent", type=float, metavar="P", help="Every tile among the best P percent.")
@click.option(
    "--format", "form", type=click.Choice(FORMATS), help="Of the answer.  [default: table]"
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the answer there.")
@click.option("--map", "map_file", type=click.Path(path_type=Path), help="Also write a map, PNG.")
@catalog_option
def search(
    name: str,
    form: str | None,
    output: Path | None,
    map_file: Path | None,
    model_weights: Path | None,
    **asked: Any,  # noqa: ANN401
) -> None:
    """Find the tiles that fit best.

    \b
    Examples:
      eex search --text "tropical rainforest"
      eex search --text "snow covered mountains" --bbox -85 -60 -30 15
      eex search --place "-14.2, -69.1" --text lake --weight text=2
      eex search --row 1042 --row 77 --weight row=2 --text snow
      eex search --text "mountains and coastline" --split --match all
      eex search --text fjords --top-percent 2 --format geojson -o fjords.geojson --map fjords.png
    """  # noqa: D301 - click reads the backspace
    for target in (output, map_file):
        check_target(target)
    form = form or _format_of(output)
    if map_file is not None and map_file.suffix.lower() != ".png":
        message = f"The map is a PNG, but {map_file} is not called so."
        raise BadQueryError(message)
    rows, named = list(asked.pop("rows")), (asked.pop("cells"), asked.pop("marks"))
    parts = _parts(asked)
    opened = open_named(name, read_settings(), weights=model_weights)
    parts["row"] = [*rows, *_named(opened, *named)] or None
    found = opened.search(**parts)
    _explain(found)
    if map_file is not None:
        found.map(map_file)
        say(f"Wrote {map_file}")
    answer(_formatted(found, form), output)


def _named(opened: OpenSet, cells: tuple[str, ...], marks: tuple[str, ...]) -> list[int]:
    from eex.search.named import row_of

    found = [row_of(opened.embeddings, cell=cell) for cell in cells]
    return found + [row_of(opened.embeddings, mark=mark) for mark in marks]


def _parts(asked: dict[str, Any]) -> dict[str, Any]:
    from eex.search.place import POINT, parse_place

    weights = {}
    for entry in asked.pop("weights"):
        part, equals, number = entry.partition("=")
        try:
            weights[part] = float(number)
        except ValueError:
            equals = ""
        if not equals:
            message = f"--weight takes PART=NUMBER, such as text=2; got {entry!r}."
            raise click.UsageError(message)
    if asked["place"] is not None:
        place = parse_place(asked["place"])
        asked["place"] = (place.lon, place.lat)
        if place.kind != POINT:
            where = f"{place.lat:.2f}, {place.lon:.2f}"
            say(f"Place: {place.name}, {place.kind} ({where})")
    asked["spread_km"] = asked.pop("spread")
    texts = asked.pop("texts")
    asked["text"] = (texts[0] if len(texts) == 1 else list(texts)) if texts else None
    own, given = asked.pop("prompts"), asked.pop("prompt")
    asked["templates"] = given or own
    return {**asked, "weights": weights}


def _explain(found: Found) -> None:
    if found.credit.banner:
        say(found.credit.banner)
    if found.read_as:
        read = ", ".join(f"{r.phrase} ({r.similarity:.2f})" for r in found.read_as)
        say(f"Read as: {read}")
    for message in found.messages:
        say(message)
    for place in found.places:
        where = f'--place "{place.lat:.2f}, {place.lon:.2f}"'
        say(f"{place.name} is a place; for what looks like there: {where}")


def _formatted(found: Found, form: str) -> str:
    from eex.export import to_table

    if form == "csv":
        return found.to_csv().rstrip("\n")
    if form == "table":
        return to_table(found.results)
    return json_text(found.to_geojson() if form == "geojson" else found.to_json())


def _format_of(output: Path | None) -> str:
    if output is None or output.suffix.lower() == ".txt":
        return "table"
    form = output.suffix.lower().removeprefix(".")
    if form not in FORMATS:
        message = f"The name {output} does not say in which format to write."
        raise BadQueryError(message, hint=f"Give --format: {', '.join(FORMATS)}.")
    return form
