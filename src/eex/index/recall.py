"""What an approximate index finds of what the exact one finds, for pictures and for words apart.

Words are what breaks these indexes: their vectors lie far from all rows, the best rows are hardly
nearer than thousands of others, and codes blur the difference. One number for both would hide it.

    image-like   rows of the set with noise, cosine with the row about 0.8: what a picture of
                 somewhere near such a tile gives
    text-like    directions that have nothing to do with the rows: the hardest case. CLIP-like
                 models put texts in a cone of their own, apart from that of pictures, so real
                 texts lie between the two kinds, near this one; give theirs as `text` to have them
                 measured.

Source:
    Liang et al., Mind the Gap, NeurIPS 2022 (texts and pictures lie apart).
    Jaiswal et al., OOD-DiskANN, arXiv 2211.12850 (queries of another distribution break indexes).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from eex.errors import BadQueryError
from eex.index.asked import unit_rows
from eex.index.base import Hits
from eex.index.exact import ExactIndex
from eex.index.faiss_rows import sampled_units

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from eex.embeddings import EmbeddingSet
    from eex.index.base import FindsRows
    from eex.index.engines import Progress

KS = (10, 100)
"""Numbers of best rows of which recall is told."""

QUERIES = 100
"""Of each kind, unless told."""

NOISE = 0.75
"""Length of what is added to a row of length 1 for an image-like query: cosine 0.8."""

BLOCK_ROWS = 2**18
"""Rows that are read at a time for the exact answers of all queries; scores of these are held."""


def measure_recall(
    index: FindsRows,
    embeddings: EmbeddingSet,
    *,
    queries: int = QUERIES,
    text: ArrayLike | None = None,
    ks: Sequence[int] = KS,
    seed: int = 0,
    threads: int = 1,
    reading: Progress | None = None,
    progress: Progress | None = None,
) -> dict[str, Any]:
    """Compare an index with the exact one, for which the set is read once.

    That takes as long as the disk needs, or as the products do: rows times queries times length.

    Args:
        index: Of this set.
        embeddings: The set.
        queries: Of each kind, at least 1.
        text: Shape (n, dim): vectors of real texts, taken in place of made ones.
        ks: Each at least 1.
        seed: Of the queries that are made.
        threads: Of the exact search.
        reading: Called with rows read and rows in all, while the exact answers are made.
        progress: Called with queries done and queries in all, while the index is asked.

    Returns:
        For `image` and `text`: `queries`, `recall` (k as text to share of the true k best rows
        that the first k found have), `median_ms` and `p95_ms` of one search for the largest k,
        asked one at a time, and `made`, whether the queries were made.

    Raises:
        BadQueryError: If there is nothing to ask, or no row can rank.
        ShapeError: If `text` has another length.
    """
    if queries < 1 or not ks or min(ks) < 1:
        message = "Recall needs at least one query and one k."
        raise BadQueryError(message, hint=f"Try {QUERIES} queries.")
    asked = {"image": image_like(embeddings, queries, seed=seed)}
    asked["text"] = text_like(embeddings.header.dim, queries, seed=seed)
    if text is not None:
        asked["text"] = unit_rows(text, embeddings.header.dim)
    most, done, every = max(ks), 0, np.concatenate(list(asked.values()))
    right = exact_best(embeddings, every, k=most, threads=threads, progress=reading)
    index.search(asked["image"][:1], k=most)  # what is read once is no one query's cost
    found: dict[str, Any] = {}
    for kind, units in asked.items():
        shares: dict[int, list[float]] = {k: [] for k in ks}
        times = []
        for unit in units:
            started = time.perf_counter()
            rows = index.search(unit[None], k=most).rows[0]
            times.append(time.perf_counter() - started)
            for k in ks:
                shares[k].append(float(np.isin(right.rows[done, :k], rows[:k]).mean()))
            done += 1
            if progress is not None:
                progress(done, len(every))
        found[kind] = {
            "queries": len(units),
            "made": kind == "image" or text is None,
            "recall": {str(k): round(float(np.mean(share)), 4) for k, share in shares.items()},
            "median_ms": round(float(np.median(times)) * 1e3, 3),
            "p95_ms": round(float(np.quantile(times, 0.95)) * 1e3, 3),
        }
    return found


def exact_best(
    embeddings: EmbeddingSet,
    units: NDArray[np.float64],
    *,
    k: int,
    threads: int = 1,
    progress: Progress | None = None,
) -> Hits:
    """Return what the exact index finds, reading the set once and telling how far it is.

    Args:
        embeddings: The set.
        units: Queries, shape (n, dim).
        k: How many rows of each, at least 1.
        threads: That read.
        progress: Called with rows read and rows in all.
    """
    size = len(embeddings)
    rows, scores = np.empty((len(units), 0), np.int64), np.empty((len(units), 0), np.float32)
    for low in range(0, size, BLOCK_ROWS):
        high = min(size, low + BLOCK_ROWS)
        best = _part(embeddings, low, high, threads).search(units, k=k)
        rows = np.concatenate([rows, best.rows + low], axis=1)
        scores = np.concatenate([scores, best.scores], axis=1)
        order = np.lexsort((rows, -scores), axis=1)[:, :k]
        rows = np.take_along_axis(rows, order, axis=1)
        scores = np.take_along_axis(scores, order, axis=1)
        if progress is not None:
            progress(high, size)
    return Hits(rows, scores)


def _part(embeddings: EmbeddingSet, low: int, high: int, threads: int) -> ExactIndex:
    """Return the exact index of rows that lie one after another; nothing is copied."""
    vectors, header = embeddings.vectors[low:high], embeddings.header
    if vectors.dtype.kind != "i":
        return ExactIndex(vectors, threads=threads)
    unusable = embeddings.unusable
    valid = np.ones(high - low, np.bool_)
    valid[unusable[(unusable >= low) & (unusable < high)] - low] = False
    return ExactIndex(
        vectors, scale=header.scale, offset=header.offset, valid=valid, threads=threads
    )


def image_like(embeddings: EmbeddingSet, count: int, *, seed: int = 0) -> NDArray[np.float64]:
    """Return queries near rows of a set, shape (count, dim), length 1.

    Raises:
        BadQueryError: If no row of the set can rank.
    """
    rows = sampled_units(embeddings, min(len(embeddings), 2 * count), seed=seed)
    if not len(rows):
        message = f"No row of {embeddings.header.id} can rank."
        raise BadQueryError(message, hint="All its vectors are zero or not finite.")
    rng = np.random.default_rng(seed)
    near = rows[rng.integers(len(rows), size=count)].astype(np.float64)
    noise = rng.standard_normal(near.shape)
    noise *= NOISE / np.linalg.norm(noise, axis=1, keepdims=True)
    return unit_rows(near + noise, embeddings.header.dim)


def text_like(dim: int, count: int, *, seed: int = 0) -> NDArray[np.float64]:
    """Return queries near no row, shape (count, dim), length 1."""
    rng = np.random.default_rng([seed, 1])
    return unit_rows(rng.standard_normal((count, dim)), dim)
