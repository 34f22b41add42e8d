"""Options that make a query, and the record that they make.

A recipe comes first: a record in a file, or any answer that holds one. Options add to it: parts are
more parts, other options take the place of what it says.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from eex.cli.running import prompt_options
from eex.cli.say import say
from eex.cli.words import FOUR, bbox_option, numbers_in
from eex.errors import BadQueryError

if TYPE_CHECKING:
    from eex.embeddings import EmbeddingSet

Command = Callable[..., Any]


def _all(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def add(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return add


part_options = _all(
    click.option(
        "--text",
        "texts",
        multiple=True,
        help="Words that describe what to look for; may be repeated.",
    ),
    click.option("--image", metavar="FILE", help="A picture to compare with."),
    click.option(
        "--place", metavar='"LAT, LON"', help="A place, or its name: what looks like there."
    ),
    click.option(
        "--row",
        "rows",
        type=int,
        multiple=True,
        help="A tile of the set: more like it; repeatable.",
    ),
    click.option("--cell", "cells", multiple=True, metavar="NAME", help="The same, by grid cell."),
    click.option("--id", "marks", multiple=True, metavar="ID", help="The same, by its id."),
    click.option(
        "--vector", metavar="FILE", help="A vector of the set's model: .npy or a JSON list."
    ),
    click.option(
        "--like-area", metavar="FILE", help="GeoJSON, or W,S,E,N: the mean of the tiles inside."
    ),
    click.option(
        "--weight",
        "weights",
        multiple=True,
        metavar="PART=NUMBER",
        help="Share of a part, such as text=2; negative is away from it.",
    ),
    click.option("--split", is_flag=True, help="Cut texts into the things they name, a part each."),
    prompt_options,
    click.option("--model-weights", type=click.Path(path_type=Path), help="Of the set's model."),
)
"""What to look for."""

fusion_options = _all(
    click.option(
        "--match",
        type=click.Choice(["sum", "all"]),
        help="Add the parts up, or rank by the one that fits least: a tile must fit all.  "
        "[default: sum]",
    ),
    click.option(
        "--fusion",
        type=click.Choice(["vector", "sum", "minimum", "rrf"]),
        help="How parts are joined, in full.  [default: vector; sum for several sets]",
    ),
    click.option(
        "--calibration",
        type=click.Choice(["z", "robust-z", "quantile", "min-max", "none"]),
        help="What makes scores of parts comparable.  [default: z]",
    ),
)
"""How parts are joined."""

filter_options = _all(
    bbox_option("Only inside this box."),
    click.option("--area", metavar="FILE", help="Only inside these polygons: GeoJSON."),
    click.option("--near", metavar='"LAT, LON, KM"', help="Only so near to a place."),
    click.option(
        "--time", metavar="START/END", help="Only of these dates, such as 2021/2022-06 or 2022/.."
    ),
    click.option("--season", metavar="MM-DD/MM-DD", help="Only of these days of any year."),
    click.option("--cloud", type=float, metavar="PERCENT", help="Only with at most so much cloud."),
    click.option("--where", metavar="CQL2", help="Only where this holds of the set's columns."),
)
"""What may be ranked."""

result_options = _all(
    click.option("--k", type=int, help="How many results.  [default: 10]"),
    click.option("--spread", type=float, metavar="KM", help="Least distance between results."),
    click.option(
        "--one-per-cell", type=float, metavar="KM", help="At most one a grid cell of this size."
    ),
    click.option(
        "--diversity", type=float, metavar="SHARE", help="Results that differ: 0 to 1, try 0.3."
    ),
    click.option(
        "--repeats",
        type=float,
        metavar="COSINE",
        help="Join tiles this much alike to the best of them; try 0.98.",
    ),
    click.option(
        "--top-percent", type=float, metavar="P", help="Every tile among the best P percent."
    ),
)
"""Which of the best are listed."""

engine_options = _all(
    click.option(
        "--engine",
        default="",
        metavar="NAME",
        help="What ranks the tiles; see eex index engines.  [default: exact]",
    ),
    click.option(
        "--option",
        "options",
        multiple=True,
        metavar="NAME=VALUE",
        help="Of the engine, such as nprobe=64; may be repeated.",
    ),
)
"""What ranks."""

recipe_options = _all(
    click.option(
        "--recipe",
        metavar="FILE",
        help="Ask what a file says: a query, or an answer that holds one. Options add to it.",
    ),
    click.option(
        "--save-recipe",
        type=click.Path(path_type=Path),
        metavar="FILE",
        help="Also write the query, pictures included: the same everywhere.",
    ),
)
"""Queries in files."""


def recipe_record(asked: dict[str, Any], names: tuple[str, ...]) -> dict[str, Any]:
    """Return the record to begin with: that of a recipe, with the sets that were named."""
    from eex.search.recipe import read_recipe
    from eex.values import shown

    record = read_recipe(asked["recipe"]) if asked["recipe"] is not None else {}
    for name, kind, what in (
        ("parts", list, "a list of parts"),
        ("filter", dict, "an object of conditions"),
    ):
        if record.get(name) is None:
            record.pop(name, None)
        elif not isinstance(record[name], kind):
            message = f"{name} of the recipe is {what}, got {shown(record[name])}."
            raise BadQueryError(message, hint="eex search --save-recipe writes one that is whole.")
    if asked["top_percent"] is not None and record.get("top_percent") is None:
        for name in ("k", "spread_km"):  # what was filled in for the best few
            record.pop(name, None)
    if names:
        record = {name: value for name, value in record.items() if name not in {"set", "sets"}}
        record |= {"sets": list(names)} if len(names) > 1 else {"set": names[0]}
    return record


def part_records(asked: dict[str, Any], embeddings: EmbeddingSet) -> list[dict[str, Any]]:
    """Return the parts that options give, each with its weight.

    Raises:
        BadQueryError: If something cannot be read.
    """
    from eex.search.ask import parts_of
    from eex.search.named import row_of

    place = None
    if asked["place"] is not None:
        place = _place(asked["place"])
    rows = [
        *asked["rows"],
        *(row_of(embeddings, cell=cell) for cell in asked["cells"]),
        *(row_of(embeddings, mark=mark) for mark in asked["marks"]),
    ]
    parts = parts_of(
        list(asked["texts"]) or None,
        asked["image"],
        place,
        rows or None,
        vector=None if asked["vector"] is None else _vector(asked["vector"]),
        area=None if asked["like_area"] is None else _area(asked["like_area"]),
        weights=_weights(asked["weights"]),
        split=False,
    )
    return [part.to_json() for part in parts]


def filter_record(asked: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
    """Return the record with the filter that options give."""
    said = {
        "bbox": asked["bbox"],
        "near": None if asked["near"] is None else _near(asked["near"]),
        "time": asked["time"],
        "season": asked["season"],
        "cloud": asked["cloud"],
        "where": asked["where"],
    }
    given = {name: value for name, value in said.items() if value is not None}
    if asked["area"] is not None:
        area = _area(asked["area"])
        if given.keys() & area:
            message = "--area is a box here, and --bbox is given too."
            raise BadQueryError(message, hint="Give one of both.")
        given |= area
    if not given:
        return record
    before = record.get("filter") or {}
    if record.get("bbox") is not None:  # of version 1
        before = {**before, "bbox": record["bbox"]}
    rest = {name: value for name, value in record.items() if name != "bbox"}
    return {**rest, "filter": {**before, **given}}


def fusion_record(asked: dict[str, Any], record: dict[str, Any]) -> dict[str, Any]:
    """Return the record with the way of joining parts that options give."""
    match, method, calibration = asked["match"], asked["fusion"], asked["calibration"]
    if match is not None and (method is not None or calibration is not None):
        message = "--match is short for a fusion."
        raise BadQueryError(message, hint="Give --match, or --fusion and --calibration.")
    if match is None and method is None and calibration is None:
        return record
    rest = {name: value for name, value in record.items() if name not in {"match", "fusion"}}
    if match is not None:
        return {**rest, "match": match}
    before = _fusion_before(record)
    if method is not None and method != before.get("method"):
        before = {"method": method}
    said = {"method": method, "calibration": calibration}
    given = {name: value for name, value in said.items() if value is not None}
    return {**rest, "fusion": {**before, **given}}


def _fusion_before(record: dict[str, Any]) -> dict[str, Any]:
    """Return how a recipe joins its parts."""
    from eex.search.fusion import Fusion
    from eex.search.query import fusion_of

    if record.get("match") is not None:
        return fusion_of(record["match"]).to_json()
    if record.get("fusion") is not None:
        return Fusion.from_json(record["fusion"]).to_json()
    return {"method": "sum"} if len(record.get("sets") or ()) > 1 else {"method": "vector"}


def engine_settings(asked: dict[str, Any]) -> tuple[str, dict[str, str]]:
    """Return the name of an engine and its options as text.

    Raises:
        click.UsageError: If an option is not NAME=VALUE.
    """
    options = {}
    for entry in asked["options"]:
        name, equals, value = entry.partition("=")
        if not equals or not name:
            message = f"--option takes NAME=VALUE, such as nprobe=64; got {entry!r}."
            raise click.UsageError(message)
        options[name] = value
    if options and asked["engine"] in {"", "exact"}:
        message = "--option is of an engine, and exact has none: give --engine too."
        raise click.UsageError(message)
    return asked["engine"] or "exact", options


def _weights(entries: tuple[str, ...]) -> dict[str, float]:
    weights = {}
    for entry in entries:
        part, equals, number = entry.partition("=")
        try:
            weights[part] = float(number)
        except ValueError:
            equals = ""
        if not equals:
            message = f"--weight takes PART=NUMBER, such as text=2; got {entry!r}."
            raise click.UsageError(message)
    return weights


def _place(text: str) -> tuple[float, float]:
    from eex.search.place import POINT, parse_place

    place = parse_place(text)
    if place.kind != POINT:
        say(f"Place: {place.name}, {place.kind} ({place.lat:.2f}, {place.lon:.2f})")
    return place.lon, place.lat


def _near(text: str) -> dict[str, float]:
    """Read a place, which may be a name, and kilometres behind the last comma."""
    place, comma, km = text.rpartition(",")
    try:
        distance = float(km.lower().removesuffix("km"))
    except ValueError:
        comma = ""
    if not comma or not place.strip():
        message = f"--near takes a place and kilometres, got {text!r}."
        raise BadQueryError(message, hint='Such as --near "48.9, 2.4, 50" or --near "Cairo, 200".')
    lon, lat = _place(place)
    return {"lon": lon, "lat": lat, "km": distance}


def _area(given: str) -> dict[str, Any]:
    """Return the filter of an area: GeoJSON in a file or as text, or four numbers."""
    from eex.extent.area import Area
    from eex.files import user_path

    if given.lstrip().startswith("{"):
        return {"area": given}
    numbers = numbers_in(given)
    if len(numbers) == FOUR:
        return {"bbox": [float(number) for number in numbers]}
    return {"area": Area.from_file(user_path(given)).to_geojson()}


def _vector(file: str) -> Any:  # noqa: ANN401
    """Return the numbers in a file."""
    import numpy as np

    from eex.files import user_path

    path = user_path(file)
    try:
        if path.suffix.lower() == ".npy":
            return np.load(path, allow_pickle=False).reshape(-1)
        return json.loads(path.read_bytes())
    except (OSError, ValueError, EOFError) as error:
        message = f"The vector {path} cannot be read: {error}."
        raise BadQueryError(message, hint="Give a .npy file or a JSON list of numbers.") from error
