"""Labels: which tiles of a set are what is looked for, and which are not.

A row has one label or none. Labels never change: each change makes new ones, so that every round
of a search can be gone back to.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from operator import attrgetter
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.errors import BadQueryError
from eex.values import integer, sequence, shown

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.embeddings import EmbeddingSet

POSITIVE, NEGATIVE = 1, -1
"""Values of a label."""

MAX_LABELS = 100_000
"""Most labels that are kept."""

MAX_ROW = 2**63 - 1
"""Largest number of a row that can be stored."""

LISTED = 8
"""Most rows that a message names."""


@dataclass(frozen=True, order=True)
class Label:
    """What one tile is."""

    row: int
    """Of the set."""
    value: int
    """1: what is looked for; -1: not."""
    round: int = 0
    """In which it was given."""


@dataclass(frozen=True)
class Labels:
    """Labels of tiles of one set, in the order of their rows, each row once."""

    all: tuple[Label, ...] = ()
    """Every label."""

    @classmethod
    def of(
        cls, positive: Iterable[object] = (), negative: Iterable[object] = (), *, number: int = 0
    ) -> Labels:
        """Return labels of these rows.

        Raises:
            BadQueryError: If a row is no whole number from 0, or is in both lists.
        """
        return cls().marked(positive, negative, number=number)

    def __len__(self) -> int:
        return len(self.all)

    @cached_property
    def rows(self) -> NDArray[np.int64]:
        """Every row with a label, rising."""
        return np.array([label.row for label in self.all], np.int64)

    @cached_property
    def values(self) -> NDArray[np.int64]:
        """1 or -1 for each of `rows`."""
        return np.array([label.value for label in self.all], np.int64)

    @property
    def positive(self) -> NDArray[np.int64]:
        """Rows of what is looked for, rising."""
        return self.rows[self.values == POSITIVE]

    @property
    def negative(self) -> NDArray[np.int64]:
        """Rows of what is not, rising."""
        return self.rows[self.values == NEGATIVE]

    def marked(
        self,
        positive: Iterable[object] = (),
        negative: Iterable[object] = (),
        *,
        number: int = 0,
    ) -> Labels:
        """Return these labels and those; where a row has one already, the new one counts.

        A row that has the same label keeps the round that it is from.

        Args:
            positive: Rows of what is looked for.
            negative: Rows of what is not.
            number: Of the round.

        Raises:
            BadQueryError: If a row is no whole number from 0, or is in both lists.
        """
        wanted, away = rows_of(positive, "positive"), rows_of(negative, "negative")
        if both := sorted(set(wanted) & set(away)):
            message = f"{_named(both)} both positive and negative."
            raise BadQueryError(message, hint="Give each row one label.")
        known = {label.row: label for label in self.all}
        for rows, value in ((wanted, POSITIVE), (away, NEGATIVE)):
            for row in rows:
                if row not in known or known[row].value != value:
                    known[row] = Label(row, value, number)
        if len(known) > MAX_LABELS:
            message = f"At most {MAX_LABELS:,} tiles have labels, these are {len(known):,}."
            raise BadQueryError(message, hint="A few hundred of each kind are enough.")
        return Labels(tuple(sorted(known.values(), key=attrgetter("row"))))

    def unmarked(self, rows: Iterable[object]) -> Labels:
        """Return these labels without those of some rows.

        Raises:
            BadQueryError: If a row has no label.
        """
        gone = set(rows_of(rows, "rows"))
        if unknown := sorted(gone - {label.row for label in self.all}):
            message = f"{_named(unknown)} without a label."
            raise BadQueryError(message, hint="Only what was marked can be unmarked.")
        return Labels(tuple(label for label in self.all if label.row not in gone))

    def same(self, other: Labels) -> bool:
        """Whether the same rows have the same labels, whatever their rounds."""
        same_rows = np.array_equal(self.rows, other.rows)
        return same_rows and np.array_equal(self.values, other.values)

    def turned(self, later: Labels) -> list[int]:
        """Return the rows whose label is another one in `later`."""
        before = {label.row: label.value for label in self.all}
        return [one.row for one in later.all if before.get(one.row, one.value) != one.value]

    def to_json(self) -> dict[str, Any]:
        """Return the rows of both kinds as a JSON-able record."""
        return {"positive": self.positive.tolist(), "negative": self.negative.tolist()}


def rows_of(rows: object, name: str) -> list[int]:
    """Return rows as plain numbers, each once, in their order.

    Args:
        rows: One row, or several.
        name: Of the argument, for messages.

    Raises:
        BadQueryError: If one is no whole number from 0.
    """
    one = integer(rows)
    several = sequence(rows, name) if one is None else [one]
    found: dict[int, None] = {}
    for given in several:
        row = integer(given)
        if row is None or row < 0:
            message = f"A row is a whole number from 0, got {shown(given)}."
            raise BadQueryError(message, hint="Results of a search have the number of their row.")
        if row > MAX_ROW:
            message = f"There is no row {shown(row)}."
            raise BadQueryError(message, hint="Results of a search have the number of their row.")
        found[row] = None
    return list(found)


def check_rows(labels: Labels, embeddings: EmbeddingSet) -> None:
    """Refuse labels of rows that the set does not have, or whose vector says nothing.

    Raises:
        BadQueryError: If there are such; says which.
    """
    count = len(embeddings)
    if unknown := labels.rows[labels.rows >= count].tolist():
        message = f"The set has rows 0 to {count - 1:,}; there is no row {unknown[0]}."
        raise BadQueryError(message)
    if bare := without_vector(embeddings, labels.rows).tolist():
        message = f"{_named(bare)} without a usable vector and cannot teach anything."
        raise BadQueryError(message, hint="Choose other tiles.")


def without_vector(embeddings: EmbeddingSet, rows: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return which of some rows have a vector of zeros, or none."""
    from eex.embeddings.units import unit_batches

    bare = [some[~units.any(axis=1)] for some, units in unit_batches(embeddings, rows)]
    return np.concatenate([rows[:0], *bare])


def _named(rows: list[int]) -> str:
    """Return rows as the beginning of a sentence: `Row 3 is`, `Rows 3, 4 are`."""
    listed = ", ".join(map(str, rows[:LISTED])) + (", …" if len(rows) > LISTED else "")
    return f"Row {listed} is" if len(rows) == 1 else f"Rows {listed} are"
