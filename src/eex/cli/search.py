"""`eex search`: one query, one answer."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eex.cli.asking import (
    engine_options,
    engine_settings,
    filter_options,
    filter_record,
    fusion_options,
    fusion_record,
    part_options,
    part_records,
    recipe_options,
    recipe_record,
    result_options,
)
from eex.cli.say import (
    answer,
    catalog_option,
    check_target,
    json_text,
    open_named,
    read_settings,
    say,
)
from eex.cli.words import Words, search_words
from eex.errors import BadQueryError

if TYPE_CHECKING:
    from eex.search.found import Found
    from eex.search.run import OpenSet

FORMATS = (
    "table",
    "json",
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
)
"""Forms of an answer: two for a terminal, then those of `eex.export.formats`."""

OURS = ("table", "json")
"""Those of the command line alone."""


@click.command(cls=Words, bare=search_words)
@click.option(
    "--set",
    "names",
    multiple=True,
    metavar="NAME",
    help="Name of eex sets, or a file; several of the same tiles are asked together.  "
    "[default: world]",
)
@part_options
@fusion_options
@filter_options
@result_options
@engine_options
@recipe_options
@click.option(
    "--format", "form", type=click.Choice(FORMATS), help="Of the answer.  [default: table]"
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the answer there.")
@click.option(
    "--chips",
    type=click.IntRange(min=0),
    default=100,
    show_default=True,
    help="Best tiles whose pixels go into a .zip.",
)
@click.option("--map", "map_file", type=click.Path(path_type=Path), help="Also write a map, PNG.")
@catalog_option
def search(
    names: tuple[str, ...],
    *,
    form: str | None,
    output: Path | None,
    chips: int,
    map_file: Path | None,
    save_recipe: Path | None,
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
      eex search --text harbour --area coast.geojson --season 06-01/08-31 --where "cloud_cover < 5"
      eex search --text fjords --top-percent 2 --format geojson -o fjords.geojson --map fjords.png
      eex search --text fjords --k 200 -o fjords.zip --chips 20
      eex search --recipe fjords.geojson --k 50
      eex search --recipe fjords.geojson --format python
    """  # noqa: D301 - click reads the backspace
    from eex.search.query import Query, sets_of

    for target in (output, map_file, save_recipe):
        check_target(target)
    form = form or format_of(output)
    check_binary(form, output)
    if map_file is not None and map_file.suffix.lower() != ".png":
        message = f"The map is a PNG, but {map_file} is not called so."
        raise BadQueryError(message)
    record = recipe_record(asked, names)
    opened = _opened(sets_of(record), asked)
    record = {**record, **_given(asked)}
    record["parts"] = [*record.get("parts", ()), *part_records(asked, opened[0].embeddings)]
    record = filter_record(asked, record)
    record = fusion_record(asked, record)
    query = Query.from_json({name: value for name, value in record.items() if value is not None})
    found = opened[0].ask(query, also=opened[1:])
    say_understood(found)
    if map_file is not None:
        found.map(map_file)
        say(f"Wrote {map_file}")
    if save_recipe is not None:
        answer(json_text(found.recipe), save_recipe)
    write_found(found, form, output, opened=opened[0], chips=chips)


def _opened(names: list[str], asked: dict[str, Any]) -> list[OpenSet]:
    """Open the sets that are asked; they share models."""
    from eex.encoders.pool import EncoderPool

    weights = asked["model_weights"]
    if weights is not None and len(names) > 1:
        message = "--model-weights is for one set, and several are asked."
        raise BadQueryError(message, hint="Have the weights where eex models get puts them.")
    engine, options = engine_settings(asked)
    settings = read_settings()
    pool = EncoderPool(settings)
    return [
        open_named(name, settings, weights=weights, engine=engine, options=options, pool=pool)
        for name in names
    ]


def _given(asked: dict[str, Any]) -> dict[str, Any]:
    """Return what was said of the results, by the names of a query."""
    own, given = asked["prompts"], asked["prompt"]
    said = {
        "k": asked["k"],
        "spread_km": asked["spread"],
        "one_per_cell": asked["one_per_cell"],
        "diversity": asked["diversity"],
        "repeats": asked["repeats"],
        "top_percent": asked["top_percent"],
        "prompts": list(given) or (own or None),
        "split": asked["split"] or None,
    }
    return {name: value for name, value in said.items() if value is not None}


def say_understood(found: Found) -> None:
    """Say what words were taken for, and what else a person should know of an answer."""
    if found.credit.banner:
        say(found.credit.banner)
    if found.read_as:
        read = ", ".join(f"{r.phrase} ({r.similarity:.2f})" for r in found.read_as)
        say(f"Read as: {read}")
    for message in found.messages:
        say(message)
    if found.inside is not None:
        say(f"{found.inside:,} tiles pass the filter.")
    for place in found.places:
        where = f'--place "{place.lat:.2f}, {place.lon:.2f}"'
        say(f"{place.name} is a place; for what looks like there: {where}")


def write_found(
    found: Found, form: str, output: Path | None, *, opened: OpenSet, chips: int = 100
) -> None:
    """Write an answer in one of `FORMATS`, to standard output where no file is given.

    Args:
        found: The answer.
        form: One of `FORMATS`.
        output: Where to.
        opened: The set that was asked, for archives.
        chips: Best tiles whose pixels go into one.
    """
    from eex.export import to_table
    from eex.export.chips import reason
    from eex.search.taking import answer_text, save_answer

    if form in OURS:
        told = to_table(found.results) if form == "table" else json_text(found.to_json())
        answer(told, output)
    elif output is None:
        click.echo(answer_text(found, form), nl=False)
    else:
        written = save_answer(found, output, form=form, opened=opened, chips=chips)
        if written.missing:
            count, first = len(written.missing), written.missing[0]
            say(f"Without pixels of {count} tiles, such as {first[0].id}: {reason(first[1])}")
        say(f"Wrote {output}")


def check_binary(form: str, output: Path | None) -> None:
    """Refuse to write what is no text to a terminal, before any work is done."""
    from eex.export.formats import BY_NAME

    if output is None and form not in OURS and BY_NAME[form].binary:
        ending = BY_NAME[form].endings[0]
        message = f"{form} is no text, so it goes into a file."
        raise BadQueryError(message, hint=f"Give one: -o answer{ending}")


def format_of(output: Path | None) -> str:
    """Return the form that the name of a file asks for; a table where there is none.

    Raises:
        BadQueryError: If the name says none of `FORMATS`.
    """
    from eex.export.formats import endings, fits

    if output is None or output.suffix.lower() == ".txt":
        return "table"
    form = fits(output)
    if form is not None:
        return form.name
    if output.suffix.lower() == ".json":
        return "json"
    message = f"The name {output} does not say in which format to write."
    known = f".txt, .json, {endings()}"
    raise BadQueryError(message, hint=f"Give --format, or end the name with {known}.")
