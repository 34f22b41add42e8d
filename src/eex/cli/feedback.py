"""`eex feedback`: one round of a search that learns. `eex classify`: labels become polygons."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eex.cli.asking import filter_options, filter_record, result_options
from eex.cli.running import prompt_options
from eex.cli.say import (
    Command,
    answer,
    catalog_option,
    check_new,
    check_target,
    force_option,
    json_text,
    open_named,
    read_settings,
    say,
)
from eex.cli.search import FORMATS, check_binary, format_of, say_understood, write_found
from eex.cli.words import Words, output_words
from eex.errors import BadQueryError

if TYPE_CHECKING:
    from eex.embeddings import EmbeddingSet
    from eex.search.feedback.session import Feedback
    from eex.search.query import Query
    from eex.search.run import OpenSet

METHODS = ("mean", "rocchio", "logistic")
"""As in `eex.search.feedback.methods`, which is not loaded for --help."""

DIGITS = 19
"""Most digits of a row; a longer number can only be an id."""


def _classifier_options(command: Command) -> Command:
    """Add --c and --background, of logistic regression."""
    options: tuple[Callable[[Command], Command], ...] = (
        click.option(
            "--c", type=float, help="Logistic: inverse strength of regularisation.  [default: 10]"
        ),
        click.option(
            "--background",
            type=int,
            default=0,
            metavar="N",
            help="Logistic: N random tiles stand for further negative ones; try 1000.",
        ),
        click.option(
            "--model-weights", type=click.Path(path_type=Path), help="Of the set's model."
        ),
    )
    for option in reversed(options):
        command = option(command)
    return command


@click.command(cls=Words, bare=output_words)
@click.argument("name", metavar="SET")
@click.option(
    "--labels",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="GeoJSON to go on with: saved here, or points of another tool with a label or class.",
)
@click.option(
    "--positive",
    multiple=True,
    metavar="ROW[,ROW…]",
    help="Tiles that are what you look for: rows, or ids; may be repeated.",
)
@click.option(
    "--negative", multiple=True, metavar="ROW[,ROW…]", help="Tiles that are not; may be repeated."
)
@click.option("--unmark", multiple=True, metavar="ROW[,ROW…]", help="Take labels off again.")
@click.option("--undo", is_flag=True, help="Go back a round first.")
@click.option("--redo", is_flag=True, help="Bring back the round that was undone last.")
@click.option("--text", help="Words to start from.")
@click.option("--recipe", metavar="FILE", help="A query to start from, in a file.")
@click.option(
    "--method",
    type=click.Choice(METHODS),
    help="How labels are asked with.  [default: rocchio with something to start from, else mean]",
)
@click.option("--alpha", type=float, help="Rocchio: share of the query.  [default: 1]")
@click.option("--beta", type=float, help="Rocchio: share of the positive tiles.  [default: 0.75]")
@click.option("--gamma", type=float, help="Rocchio: share of the negative tiles.  [default: 0.15]")
@_classifier_options
@prompt_options
@filter_options
@result_options
@click.option(
    "--save",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the labels and their rounds there; may be the file of --labels.",
)
@click.option(
    "--format", "form", type=click.Choice(FORMATS), help="Of the answer.  [default: table]"
)
@click.option("-o", "--output", type=click.Path(path_type=Path), help="Write the answer there.")
@click.option("--map", "map_file", type=click.Path(path_type=Path), help="Also write a map, PNG.")
@force_option
@catalog_option
def feedback(
    name: str,
    *,
    labels: Path | None,
    save: Path | None,
    form: str | None,
    output: Path | None,
    map_file: Path | None,
    model_weights: Path | None,
    force: bool,
    **asked: Any,  # noqa: ANN401
) -> None:
    """Mark tiles, ask with them, see what is found: one round of a search that learns.

    \b
    Examples:
      eex feedback world --text "salt flat" --positive 2921 --negative 1214 --save salt.geojson
      eex feedback world --labels salt.geojson --positive 10776 --save salt.geojson
      eex feedback world --labels salt.geojson --undo --save salt.geojson
      eex feedback world --labels salt.geojson --method logistic --background 1000 --k 50
    """  # noqa: D301 - click reads the backspace
    for target in (output, map_file):
        check_target(target)
    if save is not None:
        check_new(save, force=force or (labels is not None and _same(save, labels)))
    form = form or format_of(output)
    check_binary(form, output)
    opened = open_named(name, read_settings(), weights=model_weights)
    session = _session(opened, labels, asked)
    _change(session, asked)
    say(f"Round {session.round.number}: {_counted(session)}")
    found = session.search(**_how(asked, session.start))
    say_understood(found)
    if map_file is not None:
        found.map(map_file)
        say(f"Wrote {map_file}")
    if save is not None:
        session.save(save)
        say(f"Wrote {save}")
    write_found(found, form, output, opened=opened)


@click.command(cls=Words, bare=output_words)
@click.argument("name", metavar="SET")
@click.option(
    "--labels",
    type=click.Path(path_type=Path),
    required=True,
    metavar="FILE",
    help="GeoJSON of eex feedback --save, or points of another tool with a label or class.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Write the polygons: .geojson, or GeoParquet as .parquet.",
)
@click.option(
    "--threshold",
    type=float,
    metavar="P",
    help="Least probability.  [default: the best F1 on other blocks of land]",
)
@click.option("--validate", is_flag=True, help="Say how well labels predict labels elsewhere.")
@click.option(
    "--block-km",
    type=float,
    metavar="KM",
    help="Side of a block of land.  [default: 100, or ten tiles]",
)
@click.option("--tile-km", type=float, metavar="KM", help="Width of a tile without a footprint.")
@click.option(
    "--format",
    "form",
    type=click.Choice(["table", "json"]),
    default="table",
    show_default=True,
    help="Of the summary.",
)
@_classifier_options
@filter_options
@force_option
@catalog_option
def classify(
    name: str,
    *,
    labels: Path,
    output: Path | None,
    threshold: float | None,
    validate: bool,
    block_km: float | None,
    tile_km: float | None,
    form: str,
    c: float | None,
    background: int,
    model_weights: Path | None,
    force: bool,
    **asked: Any,  # noqa: ANN401
) -> None:
    """Learn from labels, and merge the tiles that are likely into polygons with their area.

    \b
    Examples:
      eex classify world --labels salt.geojson -o salt-areas.geojson
      eex classify world --labels salt.geojson --threshold 0.8 --bbox -75 -30 -60 -15 -o puna.parquet
      eex classify world --labels salt.geojson --background 1000 --validate
    """  # noqa: D301, E501 - click reads the backspace
    from eex.filters.record import Filter
    from eex.search.classify.run import check_name
    from eex.search.feedback.methods import C
    from eex.search.feedback.session import Feedback

    if output is not None:
        output = check_name(output.expanduser())
        check_new(output, force=force)
    within = Filter.from_json(filter_record(asked, {}).get("filter"))
    opened = open_named(name, read_settings(), weights=model_weights)
    session = Feedback.load(opened, labels)
    for message in session.messages:
        say(message)
    found = session.classify(
        threshold=threshold,
        filter=within,
        c=C if c is None else c,
        background=background,
        block_km=block_km,
        validated=validate or None,
        tile_km=tile_km,
    )
    if found.credit.banner:
        say(found.credit.banner)
    shown = found.validation.messages if found.validation and validate else ()
    for message in found.messages:
        if form == "json" or message not in shown:  # else they are in the table
            say(message)
    if output is not None:
        found.save(output)
        say(f"Wrote {output}")
    if form == "json":
        record = {
            "tiles": len(found.rows),
            "polygons": len(found.regions),
            "area_km2": round(found.area_km2, 6),
            "recipe": found.recipe,
            "credit": found.credit.to_json(),
        }
        answer(json_text(record))
        return
    lines = found.validation.lines() if validate and found.validation else []
    answer("\n".join([*lines, found.summary()]))


def _session(opened: OpenSet, labels: Path | None, asked: dict[str, Any]) -> Feedback:
    """Return the rounds to go on with."""
    from eex.search.feedback.session import Feedback

    start = _start(asked)
    if labels is None:
        return Feedback(opened, start)
    session = Feedback.load(opened, labels, start=start)
    for message in session.messages:
        say(message)
    return session


def _start(asked: dict[str, Any]) -> Query | None:
    """Return the query to start from."""
    from eex.search.query import Query
    from eex.search.recipe import read_recipe

    text, recipe = asked.pop("text"), asked.pop("recipe")
    own, given = asked.pop("prompts"), asked.pop("prompt")
    if text is not None and recipe is not None:
        message = "--text and --recipe both say what to start from."
        raise click.UsageError(message)
    if text is None and recipe is None:
        return None
    record = read_recipe(recipe) if recipe is not None else {"text": text}
    if given or own:
        record = {**record, "prompts": list(given) or own}
    return Query.from_json(record)


def _change(session: Feedback, asked: dict[str, Any]) -> None:
    """Undo, redo and mark as the options say."""
    undo, redo = asked.pop("undo"), asked.pop("redo")
    if undo and redo:
        message = "--undo and --redo make up for each other."
        raise click.UsageError(message)
    if undo:
        session.undo()
    if redo:
        session.redo()
    embeddings = session.opened.embeddings
    gone, positive, negative = (
        _rows(asked.pop(name), embeddings) for name in ("unmark", "positive", "negative")
    )
    if gone:
        session.unmark(gone)
    if positive or negative:
        session.mark(positive, negative)
        for message in session.messages:
            say(message)
    if not len(session.labels) and session.start is None:
        message = "No tile is marked, and there is nothing to start from."
        raise BadQueryError(message, hint="Give --positive ROW, --labels FILE or --text WORDS.")


def _how(asked: dict[str, Any], start: Query | None) -> dict[str, Any]:
    """Return how to ask: the method, and what is said of the results.

    Conditions join those of the query to start from; one that it has already takes its place.
    """
    from eex.filters.record import Filter
    from eex.search.feedback.methods import C, Shares

    names = ("alpha", "beta", "gamma")
    shares = {name: asked[name] for name in names if asked[name] is not None}
    said = {
        "k": asked["k"],
        "spread_km": asked["spread"],
        "one_per_cell": asked["one_per_cell"],
        "diversity": asked["diversity"],
        "repeats": asked["repeats"],
        "top_percent": asked["top_percent"],
    }
    how = {name: value for name, value in said.items() if value is not None}
    before = {} if start is None else {"filter": start.filter.to_json()}
    if within := filter_record(asked, before).get("filter"):
        how["filter"] = Filter.from_json(within)
    return {
        **how,
        "method": asked["method"],
        "shares": Shares(**shares),
        "c": C if asked["c"] is None else asked["c"],
        "background": asked["background"],
    }


def _rows(words: tuple[str, ...], embeddings: EmbeddingSet) -> list[int]:
    """Return the rows that words name: numbers, or ids of tiles."""
    from eex.search.named import row_of

    rows = []
    for word in (piece.strip() for given in words for piece in given.split(",")):
        if word.isdecimal() and len(word) <= DIGITS:
            rows.append(int(word))
        elif word:
            rows.append(row_of(embeddings, mark=word))
    return rows


def _counted(session: Feedback) -> str:
    from eex.search.feedback.files import label_counts

    return label_counts(session.labels)


def _same(one: Path, other: Path) -> bool:
    return one.expanduser().resolve() == other.expanduser().resolve()
