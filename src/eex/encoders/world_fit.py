"""How the embedded encoder is fitted, in closed form: linear maps into one space of concepts.

In: what tiles look like (`world_features`), where they lie, and a three-valued truth per concept.
Out: `Maps`, from which `world.py` makes vectors. The recipe fits the shipped maps with this, and
`eex evaluate world` fits the held-out ones with the same lines, so that the figures are about the
method that is shipped.

1. Ridge regression from the standardised features, and random cosine features of them, to the
   concepts' standardised truth.
2. The principal components of the predicted concept scores are the dimensions of the space.
3. Ridge regression from spherical harmonics of the place to the same scores, into the same space.

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

RANDOM_FEATURES = 1500
"""Number of random cosine features."""

RANDOM_WIDTH = 2.0
"""Squared frequency of the random features, in units of 1 / median squared distance."""

RANDOM_GAIN = 10.0
"""Length of the random features beside the plain ones, so how little they are regularised."""

RIDGE, PLACE_RIDGE = 100.0, 10.0
"""Ridge penalties from looks and from places."""

KIND_GAIN = 3.0
"""Weight of kinds of land beside names when the dimensions of the space are chosen."""

DEGREE = 14
"""Largest degree of the spherical harmonics; there are (DEGREE + 1)² of them."""

Array = NDArray[np.float32]


@dataclass(frozen=True)
class RandomFeatures:
    """Directions and phases of random cosines."""

    direction: Array
    """Shape (features, RANDOM_FEATURES)."""
    phase: Array
    """Shape (RANDOM_FEATURES,), radians."""

    @classmethod
    def draw(cls, standard: Array, *, seed: int = 0) -> RandomFeatures:
        """Draw them for features of this scale, shape (n, features), standardised."""
        rng = np.random.default_rng(seed)
        few = standard[:: max(1, len(standard) // 500)].astype(np.float64)
        squares = (few**2).sum(axis=1)
        distance = squares[:, None] + squares - 2 * few @ few.T
        width = np.sqrt(RANDOM_WIDTH / np.median(distance))
        direction = rng.normal(size=(standard.shape[1], RANDOM_FEATURES)) * width
        phase = rng.uniform(0, 2 * np.pi, RANDOM_FEATURES)
        return cls(direction.astype(np.float32), phase.astype(np.float32))


@dataclass(frozen=True)
class Looks:
    """From features to the inputs of the linear map."""

    columns: NDArray[np.int16]
    """Features that are used, shape (f,)."""
    mean: Array
    """Their mean, shape (f,)."""
    deviation: Array
    """Their standard deviation, shape (f,)."""
    random: RandomFeatures
    """Random features of the standardised ones."""

    def standard(self, features: Array) -> Array:
        """Return the used features standardised and clipped, shape (n, f)."""
        off = (features[:, self.columns] - self.mean) / self.deviation
        return np.clip(off, -CLIP, CLIP)

    def __call__(self, features: Array) -> Array:
        """Return the inputs: random cosines, standardised features, one. Shape (n, inputs)."""
        standard = self.standard(features)
        cosines = standard @ self.random.direction
        cosines += self.random.phase
        np.cos(cosines, out=cosines)
        cosines *= np.float32(RANDOM_GAIN * np.sqrt(2 / RANDOM_FEATURES))
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

    def embed(self, features: Array) -> Array:
        """Return where pictures lie in the space, shape (n, DIM), of any length."""
        return self.looks(features) @ self.image


def fit(
    features: Array,
    lonlat: NDArray[np.float64],
    truth: Array,
    *,
    is_kind: NDArray[np.bool_],
    columns: NDArray[np.int16],
    random: RandomFeatures | None = None,
) -> Maps:
    """Fit the maps on tiles.

    Args:
        features: Shape (n, FEATURES), of `tile_features`.
        lonlat: Centres, shape (n, 2), degrees.
        truth: 1, 0 or NaN (unknown), shape (n, concepts).
        is_kind: True for kinds of land, False for names, shape (concepts,).
        columns: Features to use.
        random: Random features; drawn if not given.
    """
    mean = features[:, columns].mean(axis=0)
    deviation = features[:, columns].std(axis=0) + np.float32(1e-6)
    standard = np.clip((features[:, columns] - mean) / deviation, -CLIP, CLIP)
    looks = Looks(columns, mean, deviation, random or RandomFeatures.draw(standard))
    target = _standard_truth(truth)
    inputs = looks(features)
    to_score = ridge(inputs, target, RIDGE)
    score = inputs @ to_score.astype(np.float32)
    middle, spread = score.mean(axis=0), score.std(axis=0) + np.float32(1e-9)
    gain = np.where(is_kind, np.float32(KIND_GAIN), np.float32(1))
    centred = (score - middle) * gain
    _, axes = np.linalg.eigh((centred.T @ centred).astype(np.float64))
    axes = axes[:, ::-1][:, :DIM] * np.sign(axes[:, ::-1][:, :DIM].sum(axis=0))
    into_space = gain[:, None] * axes
    image = to_score @ into_space
    image[-1] -= middle @ into_space  # the last input is one
    harmonics = spherical_harmonics(lonlat)
    place = ridge(harmonics, target, PLACE_RIDGE) @ into_space
    place[0] -= middle @ into_space / harmonics[0, 0]  # the first harmonic is constant
    vectors = inputs @ image.astype(np.float32)
    return Maps(
        looks=looks,
        image=image.astype(np.float32),
        place=place.astype(np.float32),
        concept=(axes / (gain * spread)[:, None]).astype(np.float32),
        radius=float(np.linalg.norm(vectors, axis=1).max()),
    )


def ridge(inputs: Array, target: NDArray[np.float64], penalty: float) -> NDArray[np.float64]:
    """Return the ridge regression's map, shape (inputs, targets)."""
    exact = inputs.astype(np.float64)
    gram = exact.T @ exact
    gram[np.diag_indices_from(gram)] += penalty
    return np.asarray(np.linalg.solve(gram, exact.T @ target), np.float64)


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


def _standard_truth(truth: Array) -> NDArray[np.float64]:
    """Return truth less its mean over its deviation; zero where unknown."""
    known = ~np.isnan(truth)
    mean = np.where(known, truth, 0).sum(axis=0, dtype=np.float64) / np.maximum(
        known.sum(axis=0), 1
    )
    return np.where(known, truth - mean, 0) / np.sqrt(mean * (1 - mean) + 1e-4)
