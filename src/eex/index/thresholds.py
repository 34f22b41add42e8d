"""What a slider over scores needs: sorted once, every position is a look-up.

    live = Thresholds(scan.scores, mask=mask)
    live.at(1.0)            # the score that the best percent of the tiles reach
    live.histogram(64)      # what is drawn behind the slider

NaN means "cannot rank" and is left out, as are rows outside the mask.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from eex.errors import ShapeError
from eex.index.asked import checked_mask
from eex.index.topk import rank_of_percent

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray


class Thresholds:
    """Scores of one query in order: 4 bytes for each row that can rank."""

    def __init__(
        self, scores: NDArray[np.float32], *, mask: NDArray[np.bool_] | None = None
    ) -> None:
        """Sort the scores that can rank, O(n log n): milliseconds for a quarter of a million.

        Args:
            scores: Shape (N,), float32; NaN cannot rank. Copied.
            mask: Shape (N,); only rows that are True here count.

        Raises:
            ShapeError: If `scores` are no float32 one after another, or `mask` has another size.
        """
        if scores.ndim != 1 or scores.dtype != np.float32:
            message = f"Scores must be float32 one after another, got {scores.dtype}."
            raise ShapeError(message, hint="Give the scores of a scan.")
        some = scores if mask is None else scores[checked_mask(mask, scores.size)]
        ordered = np.sort(some)  # NaN comes last
        self._ordered = ordered[: int(np.searchsorted(ordered, np.float32(np.nan)))]

    def __len__(self) -> int:
        """Return how many rows can rank."""
        return len(self._ordered)

    def at(self, percent: float) -> float:
        """Return the score that the best `percent` of the rows reach, O(1).

        The same number as `eex.index.topk.top_percent_threshold`; infinity if no row can rank.

        Raises:
            BadQueryError: If `percent` is not above 0 and at most 100.
        """
        rank = rank_of_percent(len(self), percent)
        return float(self._ordered[-rank]) if len(self) else float("inf")

    def reached(self, threshold: ArrayLike) -> NDArray[np.int64]:
        """Return how many rows score at least this, of the shape of `threshold`, O(log n) each."""
        below = np.searchsorted(self._ordered, _up(np.asarray(threshold, np.float64)))
        return np.asarray(len(self) - below, np.int64)

    def histogram(
        self, bins: int = 64, *, low: float | None = None, high: float | None = None
    ) -> tuple[NDArray[np.int64], NDArray[np.float64]]:
        """Return counts, shape (bins,), and edges, shape (bins + 1,), O(bins log n).

        A score that is an edge counts above it, the highest edge below it, as in numpy.

        Args:
            bins: How many, of equal width.
            low: First edge; the lowest score by default, -1 if there is none.
            high: Last edge; the highest score by default, 1 if there is none.

        Raises:
            ShapeError: If there is no bin, or `low` is not below `high`.
        """
        first = (float(self._ordered[0]) if len(self) else -1.0) if low is None else float(low)
        last = (float(self._ordered[-1]) if len(self) else 1.0) if high is None else float(high)
        if first == last and low is None and high is None:
            first, last = first - 0.5, last + 0.5
        if bins < 1 or not first < last:
            message = f"There are no {bins} bins from {first} to {last}."
            raise ShapeError(message, hint="Give at least one bin, and `low` below `high`.")
        edges = np.linspace(first, last, bins + 1)
        below = np.searchsorted(self._ordered, _up(edges))
        below[-1] = np.searchsorted(self._ordered, _down(edges[-1:]), side="right")[0]
        return np.diff(below), edges


def _up(edges: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the least float32 from each edge on: a float32 reaches both or neither."""
    with np.errstate(over="ignore"):
        near = edges.astype(np.float32)
    return np.where(near < edges, np.nextafter(near, np.float32(np.inf)), near)


def _down(edges: NDArray[np.float64]) -> NDArray[np.float32]:
    """Return the largest float32 up to each edge."""
    return -_up(-edges)
