"""Figures of retrieval: AUC, precision among the first k, agreement of neighbours."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from eex.places import EARTH_RADIUS_KM

BATCH = 1024


def auc(scores: NDArray[np.floating], truth: NDArray[np.floating]) -> float:
    """Return the chance that a right tile scores above a wrong one; unknown tiles are left out.

    Ties count half. NaN if there are no right or no wrong tiles.
    """
    known = ~np.isnan(truth)
    scores, right = scores[known], truth[known] == 1
    hits = int(right.sum())
    misses = len(right) - hits
    if not hits or not misses:
        return float("nan")
    _, rank, count = np.unique(scores, return_inverse=True, return_counts=True)
    middle = np.cumsum(count) - (count - 1) / 2
    return float((middle[rank][right].sum() - hits * (hits + 1) / 2) / (hits * misses))


def precision(scores: NDArray[np.floating], truth: NDArray[np.floating], k: int) -> float:
    """Return the share of right tiles among the k best; unknown tiles count as wrong."""
    return float((truth[np.argsort(-scores, kind="stable")[:k]] == 1).mean())


def agreement(
    queries: NDArray[np.floating],
    gallery: NDArray[np.floating],
    classes: tuple[tuple[NDArray[np.uint8], NDArray[np.uint8]], ...],
    *,
    k: int = 10,
) -> tuple[list[float], NDArray[np.intp]]:
    """Return how often the k nearest have the query's class, and which they are.

    Args:
        queries: Vectors, shape (q, d).
        gallery: Vectors, shape (g, d); the largest inner product is the nearest.
        classes: Pairs of the classes of the queries and of the gallery.
        k: Neighbours per query.
    """
    nearest = np.array([_best(scores, k) for scores in queries @ gallery.T])
    shares = [float((there[nearest] == here[:, None]).mean()) for here, there in classes]
    return shares, nearest


def _best(scores: NDArray[np.floating], k: int) -> NDArray[np.intp]:
    """Return the k largest, the largest first; of equals the first, as a stable sort has them."""
    k = min(k, len(scores))
    least = np.partition(scores, len(scores) - k)[len(scores) - k]
    rows = np.flatnonzero(scores >= least)
    return rows[np.argsort(-scores[rows], kind="stable")[:k]]


def sphere(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return places as points of the unit sphere, shape (n, 3)."""
    lon, lat = np.radians(lonlat.T)
    return np.column_stack([np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)])


def far_from(
    points: NDArray[np.float64], others: NDArray[np.float64], km: float
) -> NDArray[np.bool_]:
    """Return which points of the unit sphere are farther than `km` from all others."""
    limit = np.cos(km / EARTH_RADIUS_KM)
    near = [
        (points[i : i + BATCH] @ others.T).max(axis=1) < limit for i in range(0, len(points), BATCH)
    ]
    return np.concatenate(near)
