"""How the embedded encoder is fitted: three maps into one space of concepts, no random restarts.

In: what tiles look like (`world_features`), where they lie, and a three-valued truth per concept.
Out: `Maps`. The recipe fits the shipped maps with this, and `eex evaluate world` fits the held-out
ones with the same lines, so that the figures are about the method that is shipped.

1. Ridge regression from the features, and random cosines of them, to the concepts' truth.
2. The features that this regression is sensitive to get longer: random cosines are drawn again,
   along the directions in which the scores change most; ridge regression again, for names.
3. Logistic regression for kinds of land, by accelerated steps that share one matrix.
4. The principal components of the concepts' scores are the dimensions of the space.
5. Ridge regression from spherical harmonics of the place to the concepts' truth, and so into it.

Each step is linear algebra or a convex descent of fixed length: the same tiles give the same maps.

Source:
    Step 2 is one round of a recursive feature machine, with random features in place of the
    kernel: Radhakrishnan, Beaglehole, Pandit and Belkin, Science 383 (2024), 1461-1467.
    Step 3 bounds the Hessian as in Böhning, Annals of the Institute of Statistical Mathematics
    44 (1992), and adds momentum.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from eex.encoders.world_maps import (
    CLIP,
    DIM,
    RANDOM_GAIN,
    Array,
    Looks,
    Maps,
    spherical_harmonics,
)

RANDOM_FEATURES = 1500
"""Number of random cosines."""

RANDOM_WIDTH = 2.0
"""Their squared frequency, in units of 1 / median squared distance of two tiles."""

SEED = 0
"""Of the random cosines."""

RIDGE, LOGISTIC_RIDGE, PLACE_RIDGE = 100.0, 30.0, 30.0
"""Penalties of the regressions."""

PLACE_GAIN = 1.5
"""Length of the points of places beside those of tiles, whose regression shrinks less."""

STEPS, MOMENTUM = 15, 0.9
"""Of the logistic regression."""

KIND_GAIN = 3.0
"""Weight of kinds of land beside names when the dimensions of the space are chosen."""

SENSITIVITY_SAMPLE = 7
"""Sensitivities are averaged over every such tile."""

MEDIAN_SAMPLE = 600
"""Tiles whose distances give the median."""


class Space(NamedTuple):
    """The space that scores of concepts span."""

    middle: Array
    """Mean score of each concept."""
    spread: Array
    """Deviation of each concept's score."""
    gain: Array
    """Weight of each concept, shape (concepts,)."""
    axes: NDArray[np.float64]
    """Principal axes of the weighted scores, shape (concepts, DIM)."""

    @property
    def into(self) -> NDArray[np.float64]:
        """From scores less `middle` to points, shape (concepts, DIM)."""
        return self.gain[:, None] * self.axes

    @property
    def concept(self) -> NDArray[np.float64]:
        """From weights of standardised scores to directions, shape (concepts, DIM)."""
        return self.axes / (self.gain * self.spread)[:, None]


def fit(
    features: Array,
    lonlat: NDArray[np.float64],
    truth: Array,
    *,
    is_kind: NDArray[np.bool_],
    columns: NDArray[np.int16],
) -> Maps:
    """Fit the maps on tiles.

    Args:
        features: Shape (n, FEATURES), of `tile_features`.
        lonlat: Centres, shape (n, 2), degrees.
        truth: 1, 0 or NaN (unknown), shape (n, concepts).
        is_kind: True for kinds of land, False for names, shape (concepts,); kinds come first.
        columns: Features to use.
    """
    rng = np.random.default_rng(SEED)
    mean = features[:, columns].mean(axis=0)
    deviation = features[:, columns].std(axis=0) + np.float32(1e-6)
    standard = np.clip((features[:, columns] - mean) / deviation, -CLIP, CLIP)
    target = _standard_truth(truth)

    plain = np.eye(len(columns), dtype=np.float32)
    looks = Looks(columns, mean, deviation, *_cosines(rng, standard, plain))
    inputs = looks(features)
    first = ridge(inputs, target, RIDGE).astype(np.float32)
    towards = first @ _space(inputs @ first, is_kind).into.astype(np.float32)

    metric = _sensitivity(looks, standard[::SENSITIVITY_SAMPLE], towards)
    looks = Looks(columns, mean, deviation, *_cosines(rng, standard, metric))
    inputs = looks(features)
    to_score = ridge(inputs, target, RIDGE)
    kinds = np.flatnonzero(is_kind)
    to_score[:, kinds] = logistic(inputs, truth[:, kinds])

    space = _space(inputs @ to_score.astype(np.float32), is_kind)
    image = to_score @ space.into
    image[-1] -= space.middle @ space.into  # the last input is one
    points = inputs @ image.astype(np.float32)
    place = ridge(spherical_harmonics(lonlat), target, PLACE_RIDGE) * space.spread @ space.into
    return Maps(
        looks=looks,
        image=image.astype(np.float32),
        place=(PLACE_GAIN * place).astype(np.float32),
        concept=space.concept.astype(np.float32),
        radius=float(np.linalg.norm(points, axis=1).max()),
    )


def ridge(inputs: Array, target: NDArray[np.floating], penalty: float) -> NDArray[np.float64]:
    """Return the ridge regression's map, shape (inputs, targets)."""
    gram = (inputs.T @ inputs).astype(np.float64)
    gram[np.diag_indices_from(gram)] += penalty
    moment = (inputs.T @ target.astype(np.float32)).astype(np.float64)
    return np.asarray(np.linalg.solve(gram, moment), np.float64)


def logistic(inputs: Array, truth: Array) -> NDArray[np.float64]:
    """Return the map of many logistic regressions, shape (inputs, targets).

    Unknown truth is left out. The last input is one and is not penalised. A quarter of the inputs'
    Gram matrix bounds every Hessian, so one inverse serves all targets and steps.
    """
    known = ~np.isnan(truth)
    yes = np.where(known, truth, 0).astype(np.float32)
    gram = (inputs.T @ inputs).astype(np.float64) / 4
    gram[np.diag_indices_from(gram)] += LOGISTIC_RIDGE
    step = np.linalg.inv(gram).astype(np.float32)
    penalty = np.full((inputs.shape[1], 1), LOGISTIC_RIDGE, np.float32)
    penalty[-1] = 0
    share = (yes.sum(axis=0) + 1) / (known.sum(axis=0) + 2)
    weights = np.zeros((inputs.shape[1], truth.shape[1]), np.float32)
    weights[-1] = np.log(share / (1 - share))
    speed = np.zeros_like(weights)
    for _ in range(STEPS):
        ahead = weights + np.float32(MOMENTUM) * speed
        chance = 1 / (1 + np.exp(-np.clip(inputs @ ahead, -50, 50)))
        slope = inputs.T @ np.where(known, yes - chance, 0) - penalty * ahead
        speed = np.float32(MOMENTUM) * speed + step @ slope
        weights += speed
    return weights.astype(np.float64)


def _cosines(rng: np.random.Generator, standard: Array, metric: Array) -> tuple[Array, Array]:
    """Draw directions and phases of random cosines, for distances under this metric."""
    few = standard[:: max(1, len(standard) // MEDIAN_SAMPLE)].astype(np.float64) @ metric
    squares = (few**2).sum(axis=1)
    median = np.median(squares[:, None] + squares - 2 * few @ few.T)
    draw = rng.normal(size=(len(metric), RANDOM_FEATURES))
    phase = rng.uniform(0, 2 * np.pi, RANDOM_FEATURES)
    direction = metric @ draw * np.sqrt(RANDOM_WIDTH / median)
    return direction.astype(np.float32), phase.astype(np.float32)


def _sensitivity(looks: Looks, standard: Array, towards: Array) -> Array:
    """Return the root of the mean outer product of the map's gradients, shape (f, f).

    At tile i the gradient of axis a is `direction @ (sines[i] * cosines[:, a]) + plain[:, a]`. Its
    outer products are summed over tiles and axes at once, with no loop over either.
    """
    count = len(looks.phase)
    sines = -np.sin(standard @ looks.direction + looks.phase)
    sines *= np.float32(RANDOM_GAIN * np.sqrt(2 / count))
    cosines, plain = np.split(towards[:-1].astype(np.float64), [count])
    direction = looks.direction.astype(np.float64)
    mixed = direction @ (sines.sum(axis=0, dtype=np.float64)[:, None] * cosines) @ plain.T
    total = direction @ ((sines.T @ sines) * (cosines @ cosines.T)) @ direction.T
    total += mixed + mixed.T + len(sines) * plain @ plain.T
    size, axes = np.linalg.eigh(total / np.trace(total))
    return np.asarray((axes * np.sqrt(np.maximum(size, 0))) @ axes.T, np.float32)


def _space(score: Array, is_kind: NDArray[np.bool_]) -> Space:
    """Return the space of principal components of the scores."""
    middle, spread = score.mean(axis=0), score.std(axis=0) + np.float32(1e-9)
    gain = np.where(is_kind, np.float32(KIND_GAIN), np.float32(1))
    weighted = (score - middle) * gain
    _, axes = np.linalg.eigh((weighted.T @ weighted).astype(np.float64))
    axes = axes[:, ::-1][:, :DIM]
    largest = axes[np.abs(axes).argmax(axis=0), np.arange(DIM)]
    return Space(middle, spread, gain, axes * np.sign(largest))


def _standard_truth(truth: Array) -> NDArray[np.float64]:
    """Return truth less its mean over its deviation; zero where unknown."""
    known = ~np.isnan(truth)
    mean = np.where(known, truth, 0).sum(axis=0, dtype=np.float64) / np.maximum(
        known.sum(axis=0), 1
    )
    return np.where(known, truth - mean, 0) / np.sqrt(mean * (1 - mean) + 1e-4)
