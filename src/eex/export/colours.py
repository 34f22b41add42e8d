"""Levels from 0 to 1 become colours that colour-blind people can read."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

VIRIDIS = (
    (0.267, 0.005, 0.329),
    (0.283, 0.141, 0.458),
    (0.254, 0.265, 0.530),
    (0.207, 0.372, 0.553),
    (0.164, 0.471, 0.558),
    (0.128, 0.567, 0.551),
    (0.135, 0.659, 0.518),
    (0.267, 0.749, 0.441),
    (0.478, 0.821, 0.318),
    (0.741, 0.873, 0.150),
    (0.993, 0.906, 0.144),
)
"""Viridis at eleven even steps: perceptually even, readable by colour-blind people.

Source: S. van der Walt and N. Smith, matplotlib, CC0."""


def colour_ramp(level: NDArray[np.floating[Any]]) -> NDArray[np.uint8]:
    """Return viridis colours, shape (n, 3), for levels from 0 to 1."""
    stops = np.linspace(0, 1, len(VIRIDIS))
    channels = [np.interp(level, stops, channel) for channel in np.array(VIRIDIS).T]
    return (255 * np.stack(channels, axis=-1) + 0.5).astype(np.uint8)
