"""A set that is open here, read as a table: its file may be elsewhere, or gone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from eex.check.table import ABOUT, Table
from eex.columns.product import Product
from eex.columns.vectors import unit_rows
from eex.embeddings import EmbeddingSet

if TYPE_CHECKING:
    from numpy.typing import NDArray


@dataclass(frozen=True)
class OpenedTable(Table):
    """Rows and vectors of an opened set."""

    opened: EmbeddingSet
    """The set."""

    @classmethod
    def of(cls, name: str, opened: EmbeddingSet) -> OpenedTable:
        """Return the table of an opened set, called as it was asked for."""
        about = opened.rows.select([n for n in ABOUT if n in opened.rows.column_names])
        product = Product(name="opened", embedding="")
        return cls(Path(name), opened.header, product, about, opened)

    def lonlat(self, rows: Sequence[int]) -> NDArray[np.float64]:
        """Return tile centres of some rows, shape (n, 2), degrees."""
        return np.asarray(self.opened.lonlat[list(rows)])

    def vectors(self, rows: Sequence[int]) -> NDArray[np.float32]:
        """Return unit vectors of some rows, shape (n, dim), zero for those without a usable one."""
        return unit_rows(np.stack([self.opened.vector(row) for row in rows]))
