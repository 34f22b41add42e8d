"""The best tiles as tables: CSV for other tools, columns for a terminal."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from eex.export.records import Credit, Result, latlon, near

if TYPE_CHECKING:
    from eex.export.taken import Taken

ABOUT = ("score_kind", "set", "model", "licence", "attribution", "notice", "repeats", "recipe")
"""Columns that say the same in every line, but for the last two."""


def to_csv(
    results: Sequence[Result],
    *,
    credit: Credit,
    score_kind: str = "cosine",
    recipe: dict[str, Any] | None = None,
) -> str:
    """Return the best tiles as CSV with a header line; licence and credit are columns.

    So is what the score is, since a header line has no room for it, and the query, as JSON in the
    first line only.
    """
    return "".join(_lines(results, credit=credit, score_kind=score_kind, recipe=recipe))


def csv_pieces(taken: Taken) -> Iterator[str]:
    """Yield the lines of a CSV file, see `to_csv`."""
    return _lines(
        taken.results, credit=taken.credit, score_kind=taken.score_kind, recipe=taken.recipe
    )


def _lines(
    results: Sequence[Result],
    *,
    credit: Credit,
    score_kind: str,
    recipe: dict[str, Any] | None,
) -> Iterator[str]:
    parts = list(results[0].parts) if results else []
    names = ["rank", "row", "id", "lon", "lat", "score", *[f"score_{name}" for name in parts]]
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")

    def line(cells: list[Any]) -> str:
        out.seek(0)
        out.truncate()
        writer.writerow(cells)
        return out.getvalue()

    yield line([*names, *ABOUT])
    tail = [score_kind, credit.set_id, credit.model, credit.licence, credit.attribution]
    tail.append(credit.banner)
    told = "" if recipe is None else json.dumps(recipe, ensure_ascii=False)
    for result in results:
        record = result.to_json()
        repeats = " ".join(map(str, result.repeats))
        scores = [record.get("parts", {}).get(name, "") for name in parts]
        yield line([*[record[name] for name in names[:6]], *scores, *tail, repeats, told])
        told = ""


def to_table(results: Sequence[Result]) -> str:
    """Return the best tiles as a table for a terminal."""
    lines = [f"{'rank':>4}  {'score':>6}  {'place':<18} {'near':<28} {'tile':<12} {'row':>6}"]
    lines += [
        f"{r.rank:>4}  {r.score:6.3f}  {latlon(r.lon, r.lat):<18} {near(r.lon, r.lat):<28} "
        f"{r.id:<12} {r.row:>6}"
        for r in results
    ]
    return "\n".join(lines)
