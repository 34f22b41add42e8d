"""The best of many scores: exact, the same every time, and quick beside the scan that made them.

NaN means "cannot rank" and is never chosen. Equal scores are taken in row order.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eex.errors import BadQueryError

if TYPE_CHECKING:
    from numpy.typing import NDArray

SAMPLE = 8_192
"""Scores looked at to guess where the best begin; a wrong guess costs time, never a row."""


def top_rows(
    scores: NDArray[np.float32], k: int, *, mask: NDArray[np.bool_] | None = None
) -> NDArray[np.int64]:
    """Return the rows of the `k` highest scores, best first, equal ones in row order.

    Args:
        scores: Shape (N,); NaN never ranks.
        k: How many, at least 1; fewer come back where fewer can rank.
        mask: Shape (N,); only rows that are True here rank.

    Returns:
        Shape (found,).
    """
    if mask is not None:
        among = np.flatnonzero(mask)
        return among[top_rows(scores[among], k)]
    least = kth_highest(scores, k)
    rows = np.flatnonzero(scores >= least)
    if rows.size > k:  # rows equal to the last place: the first of them get in
        chosen = scores[rows]
        above, level = rows[chosen > least], rows[chosen == least]
        rows = np.sort(np.concatenate([above, level[: k - above.size]]))
    return rows[np.argsort(-scores[rows], kind="stable")]


def kth_highest(scores: NDArray[np.float32], k: int) -> np.float32:
    """Return the k-th highest of `scores`, shape (N,); the least of them where fewer than k rank.

    Method: a strided sample gives a threshold that about 2 k scores reach; only these are
    partitioned. If fewer than k reach it, all are.
    """
    if k * 4 < scores.size and scores.size > 2 * SAMPLE:
        sample = scores[:: scores.size // SAMPLE]
        sample = sample[~np.isnan(sample)]
        rank = int(2 * k * sample.size / scores.size) + 8
        if rank < sample.size:
            reached = scores[scores >= np.partition(sample, -rank)[-rank]]
            if reached.size >= k:
                return np.float32(np.partition(reached, reached.size - k)[reached.size - k])
    ranked = scores[~np.isnan(scores)]
    if ranked.size == 0:
        return np.float32(np.inf)
    return np.float32(ranked.min() if ranked.size <= k else np.partition(ranked, -k)[-k])


def still_best(
    kept: tuple[NDArray[np.int64], NDArray[np.float32]],
    line: NDArray[np.float32],
    start: int,
    k: int,
    slack: float,
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the rows that may be among the `k` best, of those kept and those of another slice.

    The k-th best of any rows is no better than that of all, so what lies below it by more than the
    slack (twice the bound) is not among the best.
    """
    rows, scores = kept
    least = _reached(scores, k, slack)
    near = np.flatnonzero(line >= max(least, _reached(line, k, slack)))
    rows = np.concatenate([rows, near + start])
    scores = np.concatenate([scores, line[near]])
    stay = scores >= _reached(scores, k, slack)
    return rows[stay], scores[stay]


def _reached(scores: NDArray[np.float32], k: int, slack: float) -> np.float32:
    """Return the score that rows among the `k` best reach for certain; -infinity for fewer."""
    if np.count_nonzero(~np.isnan(scores)) < k:
        return np.float32(-np.inf)
    least = float(kth_highest(scores, k)) - slack
    return np.nextafter(np.float32(least), np.float32(-np.inf))


def top_percent_threshold(scores: NDArray[np.float32], percent: float) -> float:
    """Return the score that the best `percent` of the rows that can rank reach.

    `scores >= threshold` are then ceil(percent / 100 * rankable) rows, and those equal to the
    last of them. Infinity if no row can rank.

    Raises:
        BadQueryError: If `percent` is not above 0 and at most 100.
    """
    rankable = scores.size - int(np.count_nonzero(np.isnan(scores)))
    return float(kth_highest(scores, rank_of_percent(rankable, percent)))


def rank_of_percent(rankable: int, percent: float) -> int:
    """Return the rank of the last row of the best `percent` of `rankable` rows, at least 1.

    Raises:
        BadQueryError: If `percent` is not above 0 and at most 100.
    """
    if not 0 < percent <= 100:  # noqa: PLR2004
        message = f"The share of best tiles must be above 0 and at most 100 percent, got {percent}."
        raise BadQueryError(message, hint="Try 1.")
    return max(1, int(np.ceil(rankable * percent / 100 - 1e-9)))  # 0.07 of 10,000 are 7
