"""Rounds of feedback, and their record in a file of labels.

A round is written as what it changed, so that a file grows with its labels, not with their square.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate
from typing import TYPE_CHECKING, Any, NamedTuple

from eex.errors import BadQueryError, EexError
from eex.search.feedback.labels import NEGATIVE, POSITIVE, Label, Labels, rows_of
from eex.search.parts import ImagePart
from eex.search.query import Query
from eex.values import integer, sequence

if TYPE_CHECKING:
    from eex.search.feedback.methods import Method

VERSION = 1
"""Of the record."""

MAX_ROUNDS = 1_000
"""Most rounds that are read as such; of more, the oldest are made one."""

MAX_HELD = 10_000_000
"""Most labels of all rounds together, as each has all of its own: 80 MB."""


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


class History(NamedTuple):
    """Rounds as they were read."""

    rounds: tuple[Round, ...]
    """The first is number 0, without labels."""
    at: int
    """Number of the current round."""
    start: Query | None = None
    """What was asked before any label."""
    message: str = ""
    """What a person should know: that rounds were made one, or left out."""


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


def rounds_from_json(record: object) -> History:
    """Read what `rounds_to_json` wrote; of very many rounds those around the current one.

    Raises:
        BadQueryError: If it is no such record.
    """
    if not isinstance(record, Mapping) or record.get("version") != VERSION:
        message = "The rounds of these labels are of a version that is not read."
        raise BadQueryError(message, hint="Update earth-embedding-explorer.")
    start = None if record.get("start") is None else Query.from_json(record["start"])
    changes = [_Change.of(told) for told in sequence(record.get("rounds"), "rounds")]
    at = integer(record.get("at"))
    wrong = at is None or not 0 <= at < len(changes)
    if wrong or at is None or changes[0].positive or changes[0].negative:
        message = "The rounds of these labels do not fit together."
        raise BadQueryError(message)
    rows: set[int] = set()
    sizes = []
    for change in changes:
        rows.difference_update(change.unmarked)
        rows.update(change.positive, change.negative)
        sizes.append(len(rows))
    first, end = _kept(sizes, at)
    rounds, labels = [Round(0, Labels())], Labels()
    if first > 0:
        labels = _joined(changes[: first + 1])
        rounds.append(changes[first].round(1, labels, start))
    for change in changes[first + 1 : end]:
        if change.unmarked:
            labels = labels.unmarked(change.unmarked)
        labels = labels.marked(change.positive, change.negative, number=len(rounds))
        rounds.append(change.round(len(rounds), labels, start))
    if not first:
        rounds[0] = changes[0].round(0, Labels(), start)
    at -= max(0, first - 1)
    return History(tuple(rounds), at, start, _told(first, len(changes) - end))


def rounds_of(labels: Labels) -> History:
    """Return rounds that lead to labels whose history is not known, by the round that each is from.

    Numbers follow each other without gaps; of very many rounds the oldest are made one.
    """
    by_round: dict[int, list[Label]] = {}
    for label in labels.all:
        by_round.setdefault(label.round, []).append(label)
    groups = [by_round[number] for number in sorted(by_round)]
    sizes = [0, *accumulate(map(len, groups))]
    first = max(1, _kept(sizes, len(groups))[0])
    if groups:
        groups = [[label for group in groups[:first] for label in group], *groups[first:]]
    rounds, known = [Round(0, Labels())], Labels()
    for number, some in enumerate(groups, start=1):
        known = known.marked(
            [label.row for label in some if label.value == POSITIVE],
            [label.row for label in some if label.value == NEGATIVE],
            number=number,
        )
        rounds.append(Round(number, known))
    return History(tuple(rounds), len(rounds) - 1, message=_told(first, 0))


@dataclass(frozen=True)
class _Change:
    """What a round changed, as it was read."""

    positive: list[int]
    negative: list[int]
    unmarked: list[int]
    method: object
    query: object

    @classmethod
    def of(cls, told: object) -> _Change:
        if not isinstance(told, Mapping):
            message = "A round is an object."
            raise BadQueryError(message)
        rows = [rows_of(told.get(name) or (), name) for name in ("positive", "negative")]
        gone = rows_of(told.get("unmarked") or (), "unmarked")
        return cls(rows[0], rows[1], gone, told.get("method"), told.get("query"))

    def round(self, number: int, labels: Labels, start: Query | None) -> Round:
        from eex.search.feedback.methods import check_method

        method = None if self.method is None else check_method(self.method)
        return Round(number, labels, method, _query(self.query, start))


def _kept(sizes: Sequence[int], at: int) -> tuple[int, int]:
    """Return which rounds are kept, the first and the last + 1: the latest, `at` among them.

    Args:
        sizes: Labels of each round.
        at: The current round.
    """
    first, end, room = at, at + 1, MAX_HELD - sizes[at]
    while end < len(sizes) and end - at < MAX_ROUNDS // 2 and sizes[end] <= room:
        room, end = room - sizes[end], end + 1
    while first > 0 and end - first < MAX_ROUNDS and sizes[first - 1] <= room:
        first, room = first - 1, room - sizes[first - 1]
    return first, end


def _joined(changes: Sequence[_Change]) -> Labels:
    """Return the labels that changes lead to, as one round."""
    known: dict[int, int] = {}
    for change in changes:
        for row in change.unmarked:
            known.pop(row, None)
        known |= dict.fromkeys(change.positive, POSITIVE)
        known |= dict.fromkeys(change.negative, NEGATIVE)
    sides = [[row for row in known if known[row] == value] for value in (POSITIVE, NEGATIVE)]
    return Labels.of(*sides, number=1)


def _told(first: int, beyond: int) -> str:
    told = []
    if first > 1:
        told.append(f"The oldest {first:,} rounds of this file are one round now.")
    if beyond > 0:
        told.append(f"The latest {beyond:,} of its undone rounds are left out.")
    return " ".join(told)


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
