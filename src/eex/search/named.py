"""Tiles of a set by what they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

from eex.errors import BadQueryError, DamagedSetError, UnknownNameError

if TYPE_CHECKING:
    from eex.embeddings import EmbeddingSet

SHOWN = 12
"""Most rows that a message lists."""


def row_of(embeddings: EmbeddingSet, *, cell: str | None = None, mark: str | None = None) -> int:
    """Return the row of a grid cell or an id.

    Raises:
        DamagedSetError: If the rows of the set have none.
        UnknownNameError: If there is no such row.
        BadQueryError: If there are several.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    if cell is not None and "grid_cell" not in embeddings.rows.column_names:
        message = "The rows of this set have no grid cells."
        raise DamagedSetError(message, hint="Give the number of a row, or --id.")
    values = embeddings.ids if cell is None else embeddings.rows["grid_cell"]
    told = str(mark if cell is None else cell)
    rows = pc.indices_nonzero(pc.equal(values, pa.scalar(told, values.type))).to_pylist()
    if not rows:
        message = f"The set has no tile {told}."
        raise UnknownNameError(message, hint="eex search lists tiles of the set with their rows.")
    if len(rows) > 1:
        listed = ", ".join(map(str, rows[:SHOWN])) + (", …" if len(rows) > SHOWN else "")
        message = f"The set has {len(rows):,} tiles {told}."
        raise BadQueryError(message, hint=f"Give one of the rows {listed}.")
    return int(rows[0])
