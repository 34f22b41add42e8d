"""Whether a text tells tiles apart: how its scores are spread.

A text that means something to a model lifts the tiles that fit out of the rest, so the best scores
reach further above the middle than the worst fall below it. The scores of a direction that means
nothing lie about evenly on both sides.

Measured on the embedded world (held-out fits, five splits, 52 queries with known truth;
`recipes/world/contrast.py`):

- Rank correlation of `reach` with AUC is 0.73, with the precision among the first ten 0.54. Other
  figures told less: standard deviation 0.4 (it follows the share of right tiles instead, 0.7), how
  far the best 1 % stand out in robust deviations 0.6, kurtosis 0.4.
- Below `LOW` lie 4 % of the queries found well (AUC of 0.9 or more), 12 % of those found badly
  (P@10 under 0.3), 60 % of random directions, and 19 % of words that mean nothing at this scale.

So a warning is rarely wrong, and silence says little. On real models it was not measured. What most
tiles of a set show, such as water in a set of the sea, can be warned of although it is found.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

LOW = 1.2
"""Reach below which a text is said to tell tiles badly apart."""

MIN_ROWS = 1_000
"""Fewest scores that say anything about their distribution."""

_SHARES = (0.01, 0.001)
"""Ends of the distribution that are looked at: one for kinds of land, one for rare things."""


def reach(scores: NDArray[np.floating]) -> float:
    """Return how many times further the best scores are from the median than the worst are.

    The larger of two ratios, at the last 1 % and at the last 0.1 % on both sides, so that a rare
    thing counts too. NaN where there are too few scores, or all are one.

    Args:
        scores: Of every tile, shape (n,); NaN is left out.
    """
    some = scores[np.isfinite(scores)]
    if len(some) < MIN_ROWS:
        return float("nan")
    ends = [end for share in _SHARES for end in (share, 1 - share)]
    middle, *quantiles = np.quantile(some, [0.5, *ends])
    below = middle - np.array(quantiles[0::2])
    above = np.array(quantiles[1::2]) - middle
    usable = below > 0
    return float((above[usable] / below[usable]).max()) if usable.any() else float("nan")
