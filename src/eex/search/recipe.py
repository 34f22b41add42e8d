"""Queries in files, and asking what one says: sets are opened by their names.

    found = eex.ask("q.json")

The same file gives the same answer here, with `eex search --recipe` and over HTTP.
"""

from __future__ import annotations

import codecs
import csv
import io
import json
import re
from collections.abc import Mapping
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any

from eex.config import Settings
from eex.encoders.pool import EncoderPool
from eex.errors import BadQueryError
from eex.files import user_path
from eex.search.open import open_set
from eex.search.query import Query

if TYPE_CHECKING:
    from eex.search.found import Found

MAX_RECIPE = 256 * 2**20
"""Largest file that a recipe is looked for in, bytes."""

LEAST_BYTES = 200
"""Of the beginning of a file, which tells what it is."""

_HINT = "eex search --save-recipe writes one; answers as JSON, GeoJSON or CSV hold theirs."


def ask(
    query: Query | Mapping[str, Any] | str | Path,
    *,
    settings: Settings | None = None,
    engine: str = "exact",
    options: Mapping[str, Any] | None = None,
    pool: EncoderPool | None = None,
) -> Found:
    """Answer a query, opening the sets that it names; what is not here is not fetched.

    Args:
        query: A query, its record, or a file that holds one (`read_recipe`).
        settings: Where sets are; read from the environment by default.
        engine: What ranks the rows of each set.
        options: Of the engine.
        pool: Where models are loaded.

    Raises:
        BadQueryError: If it cannot be asked, or the file holds no query.
        NotOpenError: If a set is published and not open here.
        UnknownNameError: If there is no such set.
    """
    if isinstance(query, str | Path):
        query = read_recipe(query)
    asked = query if isinstance(query, Query) else Query.from_json(query)
    settings = settings or Settings.from_env()
    pool = pool or EncoderPool(settings)
    first, *also = (
        open_set(name, fetch=False, settings=settings, pool=pool, engine=engine, options=options)
        for name in asked.sets
    )
    return first.ask(asked, also=also)


def read_recipe(file: str | Path) -> dict[str, Any]:
    """Return the query in a file: a record, or what an answer keeps as its recipe.

    Answers are of any format that `eex.export` writes, but for code.

    Raises:
        BadQueryError: If there is none.
    """
    path = user_path(file)
    try:
        if path.stat().st_size > MAX_RECIPE:
            message = f"{path} is too large for a recipe."
            raise BadQueryError(message, hint=_HINT)
        kept = _kept(path)
        if kept is not None:
            return kept
        with path.open("rb") as opened:
            return recipe_in(opened, called=str(path))
    except OSError as error:
        message = f"The recipe {path} cannot be read: {error.strerror or error}."
        raise BadQueryError(message, hint="Check the name of the file.") from error


def _kept(path: Path) -> dict[str, Any] | None:
    """Return the query that a file of another kind than text keeps; None if it is text."""
    from eex.export.recipes import kept_in

    try:
        return kept_in(path)
    except ValueError as error:
        message = f"{path} holds no query: {error}."
        raise BadQueryError(message, hint=_HINT) from error


def recipe_in(file: IO[bytes], *, called: str = "The file") -> dict[str, Any]:
    """Return the query in the bytes of a file, as `read_recipe`.

    Args:
        file: What is not JSON is taken for CSV.
        called: What an error calls it.

    Raises:
        BadQueryError: If there is none.
    """
    begins = file.read(LEAST_BYTES).removeprefix(codecs.BOM_UTF8).lstrip()
    file.seek(0)
    tabular = begins[:1].isalpha() and b"," in begins
    try:
        record = _recipe_of_csv(file) if tabular else json.loads(file.read())
    except (ValueError, RecursionError, csv.Error) as error:
        message = f"{called} is not JSON: {error}."
        raise BadQueryError(message, hint=_HINT) from error
    if isinstance(record, dict) and isinstance(record.get("recipe"), dict):
        record = record["recipe"]
    if not isinstance(record, dict):
        message = f"{called} holds no query."
        raise BadQueryError(message, hint=_HINT)
    return record


def normalised(record: Mapping[str, Any]) -> tuple[dict[str, Any], tuple[str, ...]]:
    """Return a recipe with defaults filled in, and what it lacks.

    A picture of which a recipe keeps only the SHA-256 stays as it is, and is told.

    Args:
        record: A query, of any version that is read.

    Raises:
        BadQueryError: If anything else in it is missing, unknown or out of range.
    """
    given = record.get("parts")
    parts = list(given) if isinstance(given, list) else []
    lost: dict[int, str] = {}
    for number, part in enumerate(parts):
        if isinstance(part, dict) and part.get("kind") == "image" and "data" not in part:
            sha256 = part.get("sha256")
            if isinstance(sha256, str) and re.fullmatch(r"[0-9a-f]{64}", sha256):
                lost[number] = sha256
                kept = {key: value for key, value in part.items() if key != "sha256"}
                parts[number] = kept | {"data": ""}
    if not lost:
        return Query.from_json(record).to_json(), ()
    if record.get("split"):  # would move the parts, and answers keep none
        message = "A recipe that splits its texts has its pictures whole."
        raise BadQueryError(message, hint="Put the file's bytes into `data`, as base64.")
    made = Query.from_json({**record, "parts": parts}).to_json()
    told = []
    for number, sha256 in lost.items():
        part = made["parts"][number]
        del part["data"]
        part["sha256"] = sha256
        some = f"Part {number + 1} is a picture, of which the file keeps only the SHA-256"
        told.append(f"{some} ({sha256[:8]}…): give the picture again.")
    return made, tuple(told)


def _recipe_of_csv(file: IO[bytes]) -> Any:  # noqa: ANN401
    """Return what the first line of an export keeps as its recipe."""
    csv.field_size_limit(max(csv.field_size_limit(), MAX_RECIPE))  # areas and rows are long
    text = io.TextIOWrapper(file, encoding="utf-8-sig", newline="")
    try:
        first = next(csv.DictReader(text), None) or {}
    finally:
        text.detach()
    return json.loads(first.get("recipe") or "null")
