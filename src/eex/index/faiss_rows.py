"""Rows of a set as FAISS takes them, and exact answers about some of them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import nullcontext
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.index.exact import ExactIndex
from eex.index.lengths import LONGEST, SHORTEST
from eex.index.picking import Picking

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from eex.embeddings import EmbeddingSet

BATCH_BYTES = 64 * 2**20
"""Bytes of float64 that rows are decoded to at a time."""

SPARSE = 0.1
"""Share of rows below which rows are picked singly, without what lies around them."""


def unit_batches(
    embeddings: EmbeddingSet,
) -> Iterator[tuple[NDArray[np.int64], NDArray[np.float32], int]]:
    """Give the rows that can rank, in order, a batch at a time.

    Yields:
        Row numbers, shape (n,); their vectors at length 1, shape (n, dim), contiguous; and the
        number of rows of the set that were read so far.
    """
    size, dim = embeddings.vectors.shape
    step = max(1, BATCH_BYTES // (8 * dim))
    for low in range(0, size, step):
        rows = np.arange(low, min(size, low + step), dtype=np.int64)
        kept, units = _units(embeddings, embeddings.vectors[low : low + step], rows)
        yield kept, units, int(rows[-1]) + 1


def sampled_units(embeddings: EmbeddingSet, count: int, *, seed: int) -> NDArray[np.float32]:
    """Return vectors of `count` rows at length 1, drawn without repeats, those that can rank.

    Rows are read in order, so that a map far larger than the memory is read once at most.
    """
    size, dim = embeddings.vectors.shape
    rng = np.random.default_rng(seed)
    rows = np.arange(size) if count >= size else _drawn(rng, size, count)
    step = max(1, BATCH_BYTES // (8 * dim))
    made = np.empty((rows.size, dim), np.float32)
    filled = 0
    for low in range(0, rows.size, step):
        some = rows[low : low + step]
        with Picking(embeddings.vectors) if count < SPARSE * size else nullcontext():
            stored = np.take(embeddings.vectors, some, axis=0)
        _, units = _units(embeddings, stored, some)
        made[filled : filled + len(units)] = units
        filled += len(units)
    return made[:filled]


def exact_among(embeddings: EmbeddingSet, rows: NDArray[np.int64], *, threads: int) -> ExactIndex:
    """Return the exact index of some rows; its row numbers are places in `rows`, in order.

    The rows are copied: `rows.size * dim` numbers as they are stored.
    """
    vectors, valid = np.take(embeddings.vectors, rows, axis=0), None
    if vectors.dtype.kind != "i":
        return ExactIndex(vectors, threads=threads)
    if len(embeddings.unusable):
        valid = ~np.isin(rows, embeddings.unusable)
    header = embeddings.header
    return ExactIndex(
        vectors, scale=header.scale, offset=header.offset, valid=valid, threads=threads
    )


def _drawn(rng: np.random.Generator, size: int, count: int) -> NDArray[np.int64]:
    return np.sort(rng.choice(size, count, replace=False, shuffle=False))


def _units(
    embeddings: EmbeddingSet, stored: NDArray[Any], rows: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return which of some rows can rank, and their vectors at length 1."""
    wide = stored.astype(np.float64)
    good = np.ones(len(rows), np.bool_)
    if stored.dtype.kind == "i":  # in the measure of the exact index: cosines stay the same
        scale = embeddings.header.scale
        wide *= np.sign(scale)
        wide += embeddings.header.offset / abs(scale)
        if len(embeddings.unusable):
            good &= ~np.isin(rows, embeddings.unusable)
    with np.errstate(all="ignore"):
        squares = np.einsum("ij,ij->i", wide, wide)
        good &= (squares >= SHORTEST**2) & (squares <= LONGEST**2)
    if not good.all():
        wide, squares, rows = wide[good], squares[good], rows[good]
    wide /= np.sqrt(squares)[:, None]
    return rows, wide.astype(np.float32)
