"""Vectors of some rows as numbers of length one, whatever the set stores."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from eex.embeddings.opened import EmbeddingSet

BATCH_BYTES = 32 * 2**20
"""Memory of the rows that are turned into numbers at a time."""


def unit_vectors(embeddings: EmbeddingSet, rows: slice | ArrayLike) -> NDArray[np.float32]:
    """Return vectors at length one, float32, shape (n, dim); zero for rows that never rank.

    Args:
        embeddings: The set.
        rows: Numbers of rows in any order, shape (n,), or a slice, which is read in one piece.
    """
    chosen = rows if isinstance(rows, slice) else np.asarray(rows, np.int64)
    stored = np.asarray(embeddings.vectors[chosen])
    with np.errstate(all="ignore"):  # damaged rows become zero below
        if stored.dtype.kind == "i":
            header = embeddings.header
            wide = stored.astype(np.float32) * np.float32(header.scale) + np.float32(header.offset)
        else:
            wide = stored.astype(np.float64 if stored.itemsize > 4 else np.float32)  # noqa: PLR2004
            largest = np.abs(wide).max(axis=1, initial=0.0, keepdims=True)
            wide = np.divide(wide, largest, out=np.zeros_like(wide), where=largest > 0)
        wide = wide.astype(np.float32, copy=False)
        lengths = np.sqrt(np.einsum("ij,ij->i", wide, wide, dtype=np.float64))
        usable = np.isfinite(lengths) & (lengths > 0)
        wide /= np.where(usable, lengths, 1)[:, None].astype(np.float32)
    usable &= ~unusable_among(embeddings, chosen)
    wide[~usable] = 0
    return wide


def unit_batches(
    embeddings: EmbeddingSet, rows: NDArray[np.int64] | None = None
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32]]]:
    """Yield rows and their unit vectors, some at a time, in order.

    Args:
        embeddings: The set.
        rows: Which, in order; all unless given.
    """
    count = len(embeddings) if rows is None else len(rows)
    step = max(1, BATCH_BYTES // (4 * max(1, embeddings.header.dim)))
    for low in range(0, count, step):
        high = min(low + step, count)
        if rows is None:
            yield np.arange(low, high), unit_vectors(embeddings, slice(low, high))
        else:
            yield rows[low:high], unit_vectors(embeddings, rows[low:high])


def mean_direction(embeddings: EmbeddingSet, rows: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the mean of the unit vectors of some rows, shape (dim,), float64; not of length one.

    Rows that never rank are left out; zero where none is left.
    """
    total, count = np.zeros(embeddings.header.dim), 0
    for _, units in unit_batches(embeddings, rows):
        total += units.sum(axis=0, dtype=np.float64)
        count += int(units.any(axis=1).sum())
    return total / max(1, count)


def unusable_among(embeddings: EmbeddingSet, rows: slice | NDArray[np.int64]) -> NDArray[np.bool_]:
    """Return which of some rows never rank, shape (n,)."""
    if isinstance(rows, slice):
        rows = np.arange(*rows.indices(len(embeddings)))
    if not len(embeddings.unusable):
        return np.zeros(len(rows), np.bool_)
    at = np.minimum(np.searchsorted(embeddings.unusable, rows), len(embeddings.unusable) - 1)
    return np.asarray(embeddings.unusable[at] == rows)
