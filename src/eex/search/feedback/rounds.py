"""Rounds of feedback, and their record in a file of labels.

A round is written as what it changed, so that a file grows with its labels, not with their square.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eex.errors import BadQueryError, EexError
from eex.search.feedback.labels import NEGATIVE, POSITIVE, Labels
from eex.search.parts import ImagePart
from eex.search.query import Query
from eex.values import integer, sequence

if TYPE_CHECKING:
    from eex.search.feedback.methods import Method

VERSION = 1
"""Of the record."""

MAX_ROUNDS = 10_000
"""Most rounds that are read."""


@dataclass(frozen=True)
class Round:
    """What was known after a change of labels, and what was asked then."""

    number: int
    """0 is before any label."""
    labels: Labels
    """All of them, not only the new ones."""
    method: Method | None = None
    """By which was asked; None if nothing was."""
    query: Query | None = None
    """What was asked; None if nothing was."""


def rounds_to_json(rounds: Sequence[Round], at: int, start: Query | None) -> dict[str, Any]:
    """Return rounds as a JSON-able record.

    Args:
        rounds: The first is number 0, those that were undone included.
        at: Number of the current one.
        start: The query that was asked before any label; its pictures are written once.
    """
    told, before = [], Labels()
    for one in rounds:
        known = {label.row: label.value for label in before.all}
        new = [label for label in one.labels.all if known.get(label.row) != label.value]
        left = {label.row for label in one.labels.all}
        record: dict[str, Any] = {
            "number": one.number,
            "positive": [label.row for label in new if label.value == POSITIVE],
            "negative": [label.row for label in new if label.value == NEGATIVE],
            "unmarked": [row for row in known if row not in left],
            "method": one.method,
            "query": None if one.query is None else _query_record(one.query, start),
        }
        told.append(record)
        before = one.labels
    return {
        "version": VERSION,
        "at": at,
        "start": None if start is None else start.to_json(),
        "rounds": told,
    }


def rounds_from_json(record: object) -> tuple[tuple[Round, ...], int, Query | None]:
    """Read what `rounds_to_json` wrote: the rounds, the number of the current one, the first query.

    Raises:
        BadQueryError: If it is no such record.
    """
    from eex.search.feedback.methods import check_method

    if not isinstance(record, Mapping) or record.get("version") != VERSION:
        message = "The rounds of these labels are of a version that is not read."
        raise BadQueryError(message, hint="Update earth-embedding-explorer.")
    start = None if record.get("start") is None else Query.from_json(record["start"])
    rounds, labels = [], Labels()
    for number, told in enumerate(sequence(record.get("rounds"), "rounds")[:MAX_ROUNDS]):
        if not isinstance(told, Mapping):
            message = "A round is an object."
            raise BadQueryError(message)
        if gone := told.get("unmarked"):
            labels = labels.unmarked(gone)
        labels = labels.marked(
            told.get("positive") or (), told.get("negative") or (), number=number
        )
        method = None if told.get("method") is None else check_method(told["method"])
        rounds.append(Round(number, labels, method, _query(told.get("query"), start)))
    at = integer(record.get("at"))
    if at is None or not 0 <= at < len(rounds) or len(rounds[0].labels):
        message = "The rounds of these labels do not fit together."
        raise BadQueryError(message)
    return tuple(rounds), at, start


def rounds_of(labels: Labels) -> tuple[Round, ...]:
    """Return rounds that lead to labels whose history is not known, by the round that each is from.

    Numbers follow each other without gaps.
    """
    rounds, known = [Round(0, Labels())], Labels()
    for number, told in enumerate(sorted({label.round for label in labels.all}), start=1):
        some = [label for label in labels.all if label.round == told]
        known = known.marked(
            [label.row for label in some if label.value == POSITIVE],
            [label.row for label in some if label.value == NEGATIVE],
            number=number,
        )
        rounds.append(Round(number, known))
    return tuple(rounds)


def _query_record(query: Query, start: Query | None) -> dict[str, Any]:
    """Return a query without the pictures that the first one has."""
    record = query.to_json()
    known = _pictures(start)
    for part, told in zip(query.parts, record["parts"], strict=True):
        if isinstance(part, ImagePart) and (digest := _digest(part)) in known:
            told["sha256"] = digest
            del told["data"]
    return record


def _query(record: object, start: Query | None) -> Query | None:
    """Read a query of a round; None where it cannot be asked any more."""
    if not isinstance(record, Mapping):
        return None
    known = _pictures(start)
    parts = record.get("parts")
    if isinstance(parts, list):
        filled = [
            {k: v for k, v in part.items() if k != "sha256"} | {"data": known[part["sha256"]]}
            if isinstance(part, dict) and part.get("sha256") in known
            else part
            for part in parts
        ]
        record = {**record, "parts": filled}
    try:
        return Query.from_json(record)
    except EexError:
        return None


def _pictures(query: Query | None) -> dict[str, str]:
    """Return the base64 of a query's pictures by their SHA-256."""
    if query is None:
        return {}
    return {
        _digest(part): part.to_json()["data"] for part in query.parts if isinstance(part, ImagePart)
    }


def _digest(part: ImagePart) -> str:
    return hashlib.sha256(part.data).hexdigest()
