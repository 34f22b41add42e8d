"""How well the spread of a text's scores foretells how well it is found: `eex.search.contrast`.

    python recipes/world/contrast.py

Five held-out fits of the embedded model. For each query with known truth: `reach` of its scores,
and how well it finds the tiles that were kept back; beside them random directions, and words that
mean nothing at 7 km a pixel. Prints the figures that the module quotes, in a minute.
"""

from __future__ import annotations

import numpy as np

from eex.encoders.world_maps import lift
from eex.evaluate.metrics import auc, precision
from eex.evaluate.world import _Split, _World
from eex.search.contrast import LOW, reach

MIN_ANSWERS = 20
"""A query with fewer right tiles among those kept back is not looked at in that split."""

WELL, BADLY = 0.9, 0.3
"""AUC from which a query counts as found well, P@10 under which as found badly."""

RANDOM = 400
"""Random directions."""


def reaches(directions: np.ndarray, tiles: np.ndarray) -> np.ndarray:
    """Return the reach of each direction's cosines with the tiles."""
    lengths = np.linalg.norm(directions, axis=1, keepdims=True)
    return np.array([reach(scores) for scores in (directions / lengths) @ tiles.T])


def rank_correlation(a: np.ndarray, b: np.ndarray) -> float:
    """Return Spearman's, for numbers without ties."""
    ranks = [np.argsort(np.argsort(x)) for x in (a, b)]
    return float(np.corrcoef(*ranks)[0, 1])


def split_figures(world: _World, number: int) -> dict[str, float]:
    split = _Split.fit(world, number)
    rows = split.held_out
    tiles = lift(split.points, world.encoder.maps.radius)[rows, :-1]
    asked = world.asked() @ split.maps.concept
    scores = asked @ tiles.T
    found = np.full((2, len(asked)), np.nan)
    for i, score in enumerate(scores):
        right = world.truth.answer[rows, i]
        if (right == 1).sum() >= MIN_ANSWERS:
            found[:, i] = auc(score, right), precision(score, right, 10)
    foreign = world.phrases.weights(world.phrases.similarity(list(world.truth.foreign)))
    chance = np.random.default_rng(number).normal(size=(RANDOM, asked.shape[1]))
    known = np.isfinite(found[0])
    low = reaches(asked, tiles)
    return {
        "rank correlation with AUC": rank_correlation(low[known], found[0, known]),
        "rank correlation with P@10": rank_correlation(low[known], found[1, known]),
        "warned, of queries found well": float((low[found[0] >= WELL] < LOW).mean()),
        "warned, of queries found badly": float((low[found[1] < BADLY] < LOW).mean()),
        "warned, of random directions": float((reaches(chance, tiles) < LOW).mean()),
        "warned, of words that mean nothing here": float(
            (reaches(foreign @ split.maps.concept, tiles) < LOW).mean()
        ),
    }


def main() -> None:
    world = _World.open()
    splits = [split_figures(world, i) for i in range(len(world.truth.held_out))]
    for name in splits[0]:
        values = [split[name] for split in splits]
        print(f"{name:<42} {np.mean(values):.2f}  ({min(values):.2f} to {max(values):.2f})")


if __name__ == "__main__":
    main()
