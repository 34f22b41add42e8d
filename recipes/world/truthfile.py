"""The truth that `eex evaluate world` measures against, as the package ships it."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from concepts import KINDS
from named import Named
from numpy.typing import NDArray
from queries import FOREIGN, QUERIES
from rules import Shares
from weights import save

from eex.evaluate.truth import pack

SPLITS, BLOCK_DEGREES, BLOCK_SHARE = 5, 10, 5
"""Splits, height and width of a block, and one block in how many is kept back."""

FIRST_SEED = 100
"""Seed of the first split; the others follow."""

MOSTLY_SEA = 0.75
"""Share of sea above which a tile's land cover is none."""


def splits(lonlat: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Return which tiles each split keeps back: a fifth of the blocks. Shape (5, n)."""
    lon, lat = lonlat.T
    block = np.floor((lat + 90) / BLOCK_DEGREES) * 36 + np.floor((lon + 180) / BLOCK_DEGREES)
    blocks = np.unique(block)
    kept_back = [
        np.random.default_rng(FIRST_SEED + i).permutation(blocks)[: len(blocks) // BLOCK_SHARE]
        for i in range(SPLITS)
    ]
    return np.stack([np.isin(block, some) for some in kept_back])


def save_truth(
    path: Path, shares: Shares, named: tuple[Named, ...], truth: NDArray[np.float32]
) -> None:
    """Write the truth of every concept and query, the classes, and the splits."""
    facts = shares.facts
    climate = facts.climate[:, 1:32].argmax(axis=1) + 1
    letter = {number: ord(name[0]) for name, number in facts.climate_names.items()}
    cover = facts.cover[:, 1:].argmax(axis=1) + 1
    cover[shares.sea > MOSTLY_SEA] = 0
    concepts = [
        {"name": k.name, "kind": True, "phrases": k.phrases, "held_out": k.held_out} for k in KINDS
    ]
    names = [{"name": n.name, "kind": False, "phrases": [n.name], "held_out": []} for n in named]
    listed = {
        "concepts": concepts + names,
        "queries": [{"text": query.text, "kind": query.kind} for query in QUERIES],
        "foreign": FOREIGN,
    }
    save(
        {
            "concept": pack(truth),
            "answer": pack(np.stack([query.rule(shares) for query in QUERIES], axis=1)),
            "climate": climate.astype(np.uint8),
            "climate_group": np.array([letter[n] for n in climate.tolist()], np.uint8),
            "cover": cover.astype(np.uint8),
            "held_out": np.packbits(splits(facts.lonlat), axis=1),
        },
        path,
        {"truth": json.dumps(listed, ensure_ascii=False)},
    )
