"""Do the shipped files say what a fresh run of the recipe says? Compared by what they do.

Axes of the space may turn from one linear algebra library to the next, so scores and cosines are
compared, not weights.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
from safetensors.numpy import load_file

from eex.encoders.world import WorldEncoder
from eex.encoders.world_maps import Maps, lift

TILES = 2_000
"""Tiles compared, evenly over the world."""

TOLERANCE = 0.02
"""Largest difference of a cosine, text to tile or tile to tile, at the 99.9th percentile."""

TABLE_STEPS = 1
"""Largest difference in the word table, steps of int8."""

TABLE_SHARE = 0.001
"""Share of its entries that may differ by more."""


def same_cells(shipped: Path, rebuilt: Path) -> list[str]:
    """Return what differs between the lists of cells or the truths."""
    old, new = load_file(shipped), load_file(rebuilt)
    names = sorted(old.keys() | new.keys())
    return [
        f"{shipped.name}: {name} differs"
        for name in names
        if name not in old or name not in new or not np.array_equal(old[name], new[name])
    ]


def same_scores(shipped: WorldEncoder, rebuilt: Maps, features: np.ndarray) -> list[str]:
    """Return which cosines differ by more than the tolerance."""
    some = features[:: max(1, len(features) // TILES)]
    found = []
    for maps in (shipped.maps, rebuilt):
        tiles = lift(maps.of_features(some), maps.radius)
        texts = maps.concept / np.linalg.norm(maps.concept, axis=1, keepdims=True)
        found.append((tiles[:, :-1] @ texts.T, tiles @ tiles.T))
    differ = []
    for name, old, new in zip(("text to tile", "tile to tile"), *found, strict=True):
        worst = float(np.percentile(np.abs(old - new), 99.9))
        print(f"{name}: 99.9 % of cosines within {worst:.4f}")
        if worst > TOLERANCE:
            differ.append(f"{name}: cosines differ by {worst:.4f}")
    return differ


def same_words(shipped: Path, rebuilt: Path) -> list[str]:
    """Return what differs between the word tables."""
    old, new = load_file(shipped), load_file(rebuilt)
    if not np.array_equal(old["pieces"], new["pieces"]):
        return ["the word tables have different pieces"]
    steps = np.abs(old["table"].astype(int) - new["table"].astype(int))
    share = float((steps > TABLE_STEPS).mean())
    print(f"word table: {share:.2%} of entries differ by more than {TABLE_STEPS} step")
    return [] if share <= TABLE_SHARE else ["the word tables differ"]
