"""What is searched in `search.py`, and the quickest ways to read it once."""

from __future__ import annotations

import ctypes
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

CENTRES = 200
"""Clusters that vectors lie in."""

QUERIES = 8
BATCH = 16_384
CHUNK = 2**20
RUN = 100
"""Rows of a set in the order of its grid that follow each other inside a box on the map."""

Contestant = Callable[[int], object]


def write_vectors(path: Path, rows: int, dim: int) -> None:
    """Write clustered unit vectors, float16."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((CENTRES, dim), dtype=np.float32)
    kept = np.lib.format.open_memmap(path, "w+", np.float16, (rows, dim))
    for low in range(0, rows, BATCH):
        part = kept[low : low + BATCH]
        near = centres[rng.integers(CENTRES, size=len(part))]
        vectors = near + 0.7 * rng.standard_normal(part.shape, dtype=np.float32)
        part[:] = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    kept.flush()


def make_queries(vectors: NDArray[np.float16]) -> NDArray[np.float64]:
    """Return unit queries: every other one near a row (image-like), the rest near none (text)."""
    rng = np.random.default_rng(1)
    dim = vectors.shape[1]
    queries = rng.standard_normal((QUERIES, dim)) / np.sqrt(dim)
    queries[::2] = 0.2 * queries[::2] + vectors[rng.integers(len(vectors), size=QUERIES // 2)]
    return queries / np.linalg.norm(queries, axis=1, keepdims=True)


def make_masks(rows: int, share: float) -> dict[str, NDArray[np.bool_]]:
    """Return masks of about this share of rows: anywhere, and in runs as inside a box."""
    rng = np.random.default_rng(2)
    scattered = np.zeros(rows, np.bool_)
    scattered[rng.choice(rows, max(1, int(share * rows)), replace=False)] = True
    runs = np.zeros(rows, np.bool_)
    for low in rng.integers(max(1, rows - RUN), size=max(1, int(share * rows / RUN))):
        runs[low : low + RUN] = True
    return {"scattered": scattered, "box": runs}


def stream_ways(
    vectors: NDArray[np.float16], pool: ThreadPoolExecutor, threads: int
) -> dict[str, Contestant]:
    """Return ways to read every byte of the matrix once, each on all threads."""
    data = vectors.reshape(-1).view(np.uint8)
    size = data.size // (8 * threads) * 8
    parts = [data[i * size : (i + 1) * size] for i in range(threads)]
    move = ctypes.CDLL(None).memmove
    move.argtypes, move.restype = [ctypes.c_void_p] * 2 + [ctypes.c_size_t], ctypes.c_void_p

    def copied(part: NDArray[np.uint8]) -> None:
        buffer = np.empty(CHUNK, np.uint8)
        start, target = part.ctypes.data, buffer.ctypes.data
        for low in range(0, part.size, CHUNK):
            move(target, start + low, min(CHUNK, part.size - low))

    def ored(part: NDArray[np.uint8]) -> object:
        return np.bitwise_or.reduce(part.view(np.uint64))

    def highest(part: NDArray[np.uint8]) -> object:
        return part.max()

    def on_all(work: Callable[[NDArray[np.uint8]], object]) -> Contestant:
        return lambda _turn: list(pool.map(work, parts))

    return {
        "stream: memmove": on_all(copied),
        "stream: bitwise or": on_all(ored),
        "stream: maximum": on_all(highest),
    }
