"""What is true of each tile of the embedded world, as the map layers say: read, never searched.

In: `data/world-truth.safetensors`, made by `recipes/world`. Out: three-valued truth of every
concept and every test query, the classes of climate and land cover, and the held-out blocks.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from importlib import resources

import numpy as np
from numpy.typing import NDArray

FILE = "data/world-truth.safetensors"
"""File in the package `eex`."""

NO, YES, UNKNOWN = 0, 1, 2
"""How truth is stored, two bits each."""


@dataclass(frozen=True)
class Query:
    """A test query."""

    text: str
    """As a person would type it."""
    kind: str
    """`seen` words, `new` words or a `place`."""


@dataclass(frozen=True)
class Known:
    """A concept and the words that a held-out fit may use."""

    name: str
    """As people see it."""
    kind: bool
    """True for a kind of land, False for a name."""
    phrases: tuple[str, ...]
    """Words it is fitted with."""
    held_out: tuple[str, ...]
    """Words kept back; they test refusal."""


@dataclass(frozen=True)
class Truth:
    """Everything that is needed to measure, for n tiles in the order of the world's cells."""

    concepts: tuple[Known, ...]
    """Concepts, kinds of land first."""
    concept: NDArray[np.float32]
    """1, 0 or NaN (unknown), shape (n, concepts)."""
    queries: tuple[Query, ...]
    """Test queries."""
    answer: NDArray[np.float32]
    """1, 0 or NaN, shape (n, queries)."""
    climate: NDArray[np.uint8]
    """Köppen-Geiger class that covers most, shape (n,)."""
    climate_group: NDArray[np.uint8]
    """Its first letter, shape (n,)."""
    cover: NDArray[np.uint8]
    """IGBP class that covers most of the land, 0 where most is sea, shape (n,)."""
    held_out: NDArray[np.bool_]
    """Tiles that each split keeps back, shape (splits, n)."""
    foreign: tuple[str, ...]
    """Words that mean nothing at this scale."""


def pack(truth: NDArray[np.floating]) -> NDArray[np.uint8]:
    """Return three-valued truth as compressed bytes, tiles of one concept after another."""
    code = np.where(np.isnan(truth), UNKNOWN, truth).astype(np.uint8).T
    bits = np.packbits(np.stack([code & 1, code >> 1]))
    return np.frombuffer(zlib.compress(bits.tobytes(), 9), np.uint8)


def unpack(packed: NDArray[np.uint8], count: int) -> NDArray[np.float32]:
    """Return what `pack` stored, shape (n, count)."""
    bits = np.unpackbits(np.frombuffer(zlib.decompress(packed.tobytes()), np.uint8))
    tiles = len(bits) // (2 * count)
    low, high = bits[: 2 * tiles * count].reshape(2, count, tiles)
    values = np.array([0, 1, np.nan], np.float32)
    return np.ascontiguousarray(values[low + 2 * high].T)


def read() -> Truth:
    """Read the truth of the package."""
    from safetensors import safe_open

    with (
        resources.as_file(resources.files("eex").joinpath(FILE)) as path,
        safe_open(path, framework="numpy") as file,
    ):
        listed = json.loads(file.metadata()["truth"])
        tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
    concepts = tuple(
        Known(c["name"], c["kind"], tuple(c["phrases"]), tuple(c["held_out"]))
        for c in listed["concepts"]
    )
    queries = tuple(Query(q["text"], q["kind"]) for q in listed["queries"])
    climate = tensors["climate"]
    held_out = np.unpackbits(tensors["held_out"], axis=1)[:, : len(climate)].astype(bool)
    return Truth(
        concepts=concepts,
        concept=unpack(tensors["concept"], len(concepts)),
        queries=queries,
        answer=unpack(tensors["answer"], len(queries)),
        climate=climate,
        climate_group=tensors["climate_group"],
        cover=tensors["cover"],
        held_out=held_out,
        foreign=tuple(listed["foreign"]),
    )
