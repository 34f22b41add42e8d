"""The shipped files: the encoder's weights and the list of cells."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
from concepts import KINDS
from named import ALSO, Named
from numpy.typing import NDArray
from safetensors.numpy import save_file
from words import WordTable

from eex.encoders.world_maps import Maps

UNRELIABLE = frozenset({"big city", "river", "river delta", "salt flat", "wetland", "coral reef"})
"""Kinds of land that held-out blocks show to be weak, P@10 below 0.4 and AUC below 0.95, or that
are too rare to measure: see README.md."""


def listed_concepts(named: tuple[Named, ...]) -> list[dict[str, object]]:
    """Return every concept with all its phrases, the held-out ones among them."""
    kinds = [
        {
            "name": kind.name,
            "kind": True,
            "reliable": kind.name not in UNRELIABLE,
            "phrases": [*kind.phrases, *kind.held_out, *kind.shipped],
        }
        for kind in KINDS
    ]
    names = [
        {
            "name": place.name,
            "kind": False,
            "reliable": True,
            "phrases": [place.name, *ALSO.get(place.name, ())],
        }
        for place in named
    ]
    return kinds + names


def save_weights(
    path: Path, maps: Maps, concepts: list[dict[str, object]], words: WordTable
) -> None:
    """Write the encoder's weights."""
    half = np.float16
    save(
        {
            "columns": maps.looks.columns,
            "mean": maps.looks.mean,
            "deviation": maps.looks.deviation,
            "direction": maps.looks.direction.astype(half),
            "phase": maps.looks.phase,
            "image": maps.image.astype(half),
            "place": maps.place.astype(half),
            "concept": maps.concept.astype(half),
            "radius": np.array([maps.radius], np.float32),
            "pieces": np.frombuffer("\n".join(words.pieces).encode(), np.uint8),
            "table": words.table,
            "scale": words.scale,
        },
        path,
        {"concepts": json.dumps(concepts, ensure_ascii=False)},
    )


def save_cells(path: Path, is_land: NDArray[np.bool_]) -> None:
    """Write which cells of the grid are in the world set, one bit each."""
    save({"cells": np.packbits(is_land)}, path)


def save(
    tensors: dict[str, NDArray[np.generic]], path: Path, metadata: dict[str, str] | None = None
) -> None:
    """Write a safetensors file that everybody may read."""
    path.parent.mkdir(parents=True, exist_ok=True)
    save_file(tensors, path, metadata=metadata)
    path.chmod(0o644)
