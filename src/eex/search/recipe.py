"""Queries in files, and asking what one says: sets are opened by their names.

    found = eex.ask("q.json")

The same file gives the same answer here, with `eex search --recipe` and over HTTP.
"""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

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

    Answers are JSON, GeoJSON or CSV.

    Raises:
        BadQueryError: If there is none.
    """
    path = user_path(file)
    hint = "eex search --save-recipe writes one; answers as JSON or GeoJSON hold theirs."
    try:
        if path.stat().st_size > MAX_RECIPE:
            message = f"{path} is too large for a recipe."
            raise BadQueryError(message, hint=hint)
        record = _recipe_of_csv(path) if path.suffix.lower() == ".csv" else _decoded(path)
    except OSError as error:
        message = f"The recipe {path} cannot be read: {error.strerror or error}."
        raise BadQueryError(message, hint="Check the name of the file.") from error
    except (ValueError, RecursionError) as error:
        message = f"{path} is not JSON: {error}."
        raise BadQueryError(message, hint=hint) from error
    if isinstance(record, dict) and isinstance(record.get("recipe"), dict):
        record = record["recipe"]
    if not isinstance(record, dict):
        message = f"{path} holds no query."
        raise BadQueryError(message, hint=hint)
    return record


def _decoded(path: Path) -> Any:  # noqa: ANN401
    return json.loads(path.read_bytes())


def _recipe_of_csv(path: Path) -> Any:  # noqa: ANN401
    """Return what the first line of an export keeps as its recipe."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        first = next(csv.DictReader(file), None) or {}
    return json.loads(first.get("recipe") or "null")
