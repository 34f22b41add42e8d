"""Rows along a Hilbert curve: what lies close on the ground lies close in the file.

Row groups are then small boxes, and a reader that wants an area skips the others.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

LEVELS = 16
"""Halvings of each axis: cells of 0.0055 by 0.0027 degrees."""


def hilbert(lonlat: NDArray[np.float64]) -> NDArray[np.uint32]:
    """Return how far along the curve each place is, shape (n,).

    Args:
        lonlat: Shape (n, 2), degrees.

    Source:
        Hilbert's curve by quadrants, as in H. S. Warren, Hacker's Delight, 2nd edition, chapter 16.
    """
    steps = 1 << LEVELS
    unit = np.add(lonlat, [180, 90]) / [360, 180]
    x, y = np.clip(unit * steps, 0, steps - 1).astype(np.uint32).T
    along = np.zeros(len(x), np.uint32)
    for level in range(LEVELS - 1, -1, -1):
        right, up = (x >> level) & 1, (y >> level) & 1
        along = (along << np.uint32(2)) | ((3 * right) ^ up)
        # Each quadrant holds the curve turned: the lower two mirrored on a diagonal.
        flip = (up == 0) & (right == 1)
        x, y = np.where(flip, ~x, x), np.where(flip, ~y, y)
        swap = up == 0
        x, y = np.where(swap, y, x), np.where(swap, x, y)
    return along
