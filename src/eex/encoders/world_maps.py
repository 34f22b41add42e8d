"""The fitted maps of the embedded encoder, as they run: features and places into one space.

In: rows of `world_features`, or places. Out: points of the concept space, of any length; `world.py`
makes unit vectors of them. How the maps are found is in `world_fit.py`, what they are good for in
`recipes/world/README.md`.

Source:
    Random features: Rahimi and Recht, "Random Features for Large-Scale Kernel Machines", 2007.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

DIM = 63
"""Dimensions of the concept space; one more completes every vector to unit length."""

CLIP = 6.0
"""Standardised features are clipped to this many deviations."""

RANDOM_GAIN = 10.0
"""Length of the random features beside the plain ones, so how little they are regularised."""

DEGREE = 14
"""Largest degree of the spherical harmonics; there are (DEGREE + 1)² of them."""

Array = NDArray[np.float32]


@dataclass(frozen=True)
class Looks:
    """From features to the inputs of the linear map."""

    columns: NDArray[np.int16]
    """Features that are used, shape (f,)."""
    mean: Array
    """Their mean, shape (f,)."""
    deviation: Array
    """Their standard deviation, shape (f,)."""
    direction: Array
    """Directions of the random cosines, shape (f, r)."""
    phase: Array
    """Their phases, radians, shape (r,)."""

    def standard(self, features: Array) -> Array:
        """Return the used features standardised and clipped, shape (n, f)."""
        off = (features[:, self.columns] - self.mean) / self.deviation
        return np.clip(off, -CLIP, CLIP)

    def __call__(self, features: Array) -> Array:
        """Return the inputs: random cosines, standardised features, one. Shape (n, r + f + 1)."""
        standard = self.standard(features)
        cosines = standard @ self.direction
        cosines += self.phase
        np.cos(cosines, out=cosines)
        cosines *= np.float32(RANDOM_GAIN * np.sqrt(2 / len(self.phase)))
        return np.hstack([cosines, standard, np.ones((len(features), 1), np.float32)])


@dataclass(frozen=True)
class Maps:
    """What is learnt: the space of concepts and the ways into it."""

    looks: Looks
    """From features to inputs."""
    image: Array
    """From inputs to the space, shape (inputs, DIM)."""
    place: Array
    """From spherical harmonics to the space, shape ((DEGREE + 1)², DIM)."""
    concept: Array
    """Each concept's direction: a weighted sum of them is a text's. Shape (concepts, DIM)."""
    radius: float
    """Longest vector of any fitted tile."""

    def of_features(self, features: Array) -> Array:
        """Return where pictures lie in the space, shape (n, DIM)."""
        return self.looks(features) @ self.image

    def of_places(self, lonlat: NDArray[np.float64]) -> Array:
        """Return where land at these places lies in the space on average, shape (n, DIM)."""
        return spherical_harmonics(lonlat) @ self.place


def lift(points: NDArray[np.float32], radius: float) -> NDArray[np.float32]:
    """Return points of the concept space as unit vectors of one more coordinate.

    Points beyond the radius are moved onto it, along their direction.
    """
    inside = points.astype(np.float64) / radius
    length = np.linalg.norm(inside, axis=1, keepdims=True)
    inside /= np.maximum(length, 1)
    rest = np.sqrt(1 - np.minimum(length, 1) ** 2)
    return np.hstack([inside, rest]).astype(np.float32)


def spherical_harmonics(lonlat: NDArray[np.float64]) -> Array:
    """Return real orthonormal spherical harmonics, shape (n, (DEGREE + 1)²).

    Ordered by degree l, then order m from -l to l; m < 0 are the sines.

    Source:
        The stable recurrence in l of the normalised associated Legendre functions, as in
        Holmes and Featherstone, Journal of Geodesy 76 (2002), equations 11 and 12.
    """
    lon, lat = np.radians(lonlat.T)
    sine, cosine = np.sin(lat), np.cos(lat)
    rows = np.empty((len(lonlat), (DEGREE + 1) ** 2), np.float32)
    diagonal = np.full(len(lonlat), np.sqrt(1 / (4 * np.pi)))
    for m in range(DEGREE + 1):
        if m:
            diagonal = diagonal * np.sqrt((2 * m + 1) / (2 * m)) * cosine
        before, here = np.zeros_like(diagonal), diagonal
        for degree in range(m, DEGREE + 1):
            if degree > m:
                a = np.sqrt((4 * degree**2 - 1) / (degree**2 - m**2))
                b = (
                    np.sqrt(((degree - 1) ** 2 - m**2) / (4 * (degree - 1) ** 2 - 1))
                    if degree > m + 1
                    else 0
                )
                before, here = here, a * (sine * here - b * before)
            middle = degree * (degree + 1)
            root2 = np.sqrt(2) if m else 1
            rows[:, middle + m] = root2 * here * np.cos(m * lon)
            if m:
                rows[:, middle - m] = root2 * here * np.sin(m * lon)
    return rows
