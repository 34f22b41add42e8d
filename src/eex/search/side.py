"""The same query asked of several sets, each for itself, and how far their answers agree."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.errors import BadQueryError
from eex.search.answer import answer, is_for
from eex.search.fusion import Fusion
from eex.search.parts import Part, RowPart, RowsPart
from eex.search.query import Query

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.search.found import Found
    from eex.search.run import OpenSet


@dataclass(frozen=True, kw_only=True, eq=False)
class SideBySide:
    """Answers of several sets to one query."""

    found: tuple[Found, ...]
    """Of each set, about its own tiles."""
    ranks: NDArray[np.int64]
    """For each result of the first set its rank in each set, shape (results, sets); 0 where it is
    not among the results there, or not in that set."""

    def overlap(self) -> NDArray[np.float64]:
        """Return the share of the first set's results that each set lists too, shape (sets,)."""
        count = max(1, len(self.ranks))
        return np.asarray((self.ranks > 0).sum(axis=0) / count)

    def shifts(self) -> NDArray[np.int64]:
        """Return how many places lower each set ranks what both list, 0 elsewhere; as `ranks`."""
        return np.where(self.ranks > 0, self.ranks - self.ranks[:, :1], 0)


def side_by_side(query: Query | Mapping[str, Any], sets: Sequence[OpenSet]) -> SideBySide:
    """Ask each set for itself.

    Tiles that a query names are those of the first set, and the same tiles in the others. A set is
    asked with the parts that its model takes.

    Args:
        query: What is asked; the sets that it names are not looked at.
        sets: At least one, opened.

    Raises:
        BadQueryError: If a set takes no part of the query, or lacks a tile that it names.
    """
    asked = query if isinstance(query, Query) else Query.from_json(query)
    found = tuple(_alone(asked, opened, sets[0]) for opened in sets)
    rows = np.array([tile.row for tile in found[0].results], np.int64)
    ranks = np.zeros((len(rows), len(sets)), np.int64)
    for column, (opened, one) in enumerate(zip(sets, found, strict=True)):
        there = np.zeros(len(opened) + 1, np.int64)  # the last stands for tiles that are not there
        there[[tile.row for tile in one.results]] = [tile.rank for tile in one.results]
        ranks[:, column] = there[_rows_in(rows, opened, sets[0])]
    return SideBySide(found=found, ranks=ranks)


def _alone(query: Query, opened: OpenSet, first: OpenSet) -> Found:
    """Ask one set with the parts that it takes."""
    plain = [replace(part, set="") for part in query.parts]
    parts = [_of(p, opened, first) for p in plain if is_for(p, opened, first=opened is first)]
    if not parts:
        message = f"The set {opened.name!r} takes no part of this query."
        raise BadQueryError(message, hint="Ask a set whose model takes it; see eex models.")
    fusion = query.fusion or Fusion()
    return answer(
        query.replaced(set=opened.name, also=(), parts=tuple(parts), fusion=fusion), (opened,)
    )


def _of(part: Part, opened: OpenSet, first: OpenSet) -> Part:
    """Return a part with the rows of a set in place of those of the first."""
    if not isinstance(part, RowPart | RowsPart) or opened is first:
        return part
    asked = np.array([part.row] if isinstance(part, RowPart) else part.rows, np.int64)
    if len(wrong := asked[(asked < 0) | (asked >= len(first))]):
        message = f"The set {first.name!r} has no row {wrong[0]}."
        raise BadQueryError(message, hint=f"It has rows 0 to {len(first) - 1}.")
    rows = _rows_in(asked, opened, first)
    if len(absent := asked[rows < 0]):
        message = f"Tile {absent[0]} of {first.name!r} is not in {opened.name!r}."
        raise BadQueryError(message, hint="Choose a tile that all sets have.")
    if isinstance(part, RowPart):
        return replace(part, row=int(rows[0]))
    return replace(part, rows=tuple(rows.tolist()))


def _rows_in(rows: NDArray[np.int64], opened: OpenSet, first: OpenSet) -> NDArray[np.int64]:
    """Return the rows of the same tiles in a set, -1 where it lacks them."""
    partner = None if opened is first else first.partner_of(opened)
    return rows if partner is None else partner[rows]
