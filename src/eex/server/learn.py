"""Feedback over HTTP: marked tiles become a query, within limits that a shared server can keep."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from eex.errors import BadQueryError
from eex.search.feedback.methods import NEAR_ONLY
from eex.search.feedback.query import feedback_from_json
from eex.values import integer, shown

if TYPE_CHECKING:
    from eex.search.query import Query
    from eex.search.run import OpenSet

MOST_LABELS = 2_000
"""Most marked tiles of one request."""

MOST_BACKGROUND = 10_000
"""Most random tiles of one request."""

NUMBER_BYTES = 16
"""Memory of a number of a vector that is learned from: float32, and float64 twice over."""

ELSEWHERE = "In Python (OpenSet.feedback) and with eex feedback there is room for more."


@dataclass(frozen=True)
class Lesson:
    """What is learned from."""

    record: Mapping[str, Any]
    """As it was sent."""
    set: str
    """Name of the set: its own, else that of the query to start from, else the world."""
    tiles: int
    """Tiles whose vectors are read, random ones included."""
    fits: bool
    """Whether a classifier is fitted."""
    notes: tuple[str, ...]
    """What a person should know."""

    @classmethod
    def of(cls, record: Mapping[str, Any]) -> Lesson:
        """Read what is needed to give it its turn; the rest is checked when it is learned.

        Raises:
            BadQueryError: If it is more than one request may have, or the set has no name.
        """
        first = record.get("query")
        named = first.get("set") if isinstance(first, Mapping) else None
        name = record.get("set") or named or "world"
        if not isinstance(name, str):
            message = f"The name of a set is text, got {shown(name)}."
            raise BadQueryError(message)
        marked = [record.get("positive"), record.get("negative")]
        labels = sum(len(rows) for rows in marked if isinstance(rows, Sequence))
        if labels > MOST_LABELS:
            message = f"At most {MOST_LABELS:,} tiles are learned from at once, got {labels:,}."
            raise BadQueryError(message, hint=ELSEWHERE)
        random = integer(record.get("background")) or 0
        if random > MOST_BACKGROUND:
            message = f"At most {MOST_BACKGROUND:,} random tiles are taken, got {shown(random)}."
            raise BadQueryError(message, hint=ELSEWHERE)
        fits = record.get("method") == "logistic"
        notes = (NEAR_ONLY,) if fits and not random else ()
        return cls(record, name, labels + max(0, random) if fits else labels, fits, notes)

    def memory(self, dim: int) -> int:
        """Return the memory of learning from vectors of `dim` numbers, bytes, about."""
        return self.tiles * dim * NUMBER_BYTES

    def query(self, opened: OpenSet) -> Query:
        """Learn, and return the query that the tiles ask.

        Raises:
            BadQueryError: If something in the record is missing, unknown or out of range.
            MissingExtraError: If a classifier is asked for and scikit-learn is not installed.
        """
        said = {name: value for name, value in self.record.items() if value is not None}
        return feedback_from_json({**said, "set": opened.name}, opened)
