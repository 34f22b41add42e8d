"""All scores and the 100 best of 248,719 vectors: ours beside numpy, the original's way and the
time it takes to stream the same bytes once, which nothing that reads every row can beat.

    python benchmarks/search.py [--quick] [--json] [--rows N] [--dims 512 1152] [--rounds N]

Keys of the JSON (milliseconds are medians; ratios are medians over rounds of paired times):

    stream_ratio_f16      time to stream the float16 matrix once / time of our scan (all scores and
                          the exact 100 best), both from the same memory map, at the first of
                          `dims` (512 unless told); goal: at least 0.75
    speedup_vs_torch      the original's way, torch float32 `M @ q`, partition for the top 1 %,
                          argsort / ours, same dim; null when torch is not installed
    speedup_vs_numpy_f32  numpy float32 `M @ q`, argpartition, sort / ours, same dim
    anon_mb               anonymous memory of a process that opens the map and answers a query, MB
    top100_identical      share of queries whose 100 best are those of float64 arithmetic
    dims                  the same and more for each dim

The limit is the fastest of three ways to touch every byte from all threads at once: memmove of
1 MiB chunks into a buffer that stays in cache, numpy's bitwise or over 64-bit words, numpy's
maximum over bytes. All release Python's lock. The way with the lowest median is the limit.
"""

from __future__ import annotations

import os

# Idle threads of one library must not spin while the next contestant runs.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import ctypes
import importlib.util
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any

import numpy as np
from _measure import best_ms, emit, machine, median_ms, options, paired_ratio, say, take_turns
from _measure import processors as count_processors
from numpy.typing import NDArray

from eex.index.exact import ExactIndex

if TYPE_CHECKING:
    import torch

ROWS = 248_719
"""Sentinel-2 tiles in the set that the original app searches."""
DIMS = (512, 1152)
K = 100
TOP_PERCENT = 1.0
QUERIES = 8
CHUNK = 2**20
REST = 0.1

OURS = "eex f16 map: scores + top 100"
OURS_SCORES = "eex f16 map: scores"
NUMPY = "numpy f32: scores + top 100"
TORCH = "torch f32: the original's way"
CENTRES = 200

ONE_QUERY = """
import sys, numpy as np
from eex.index.exact import ExactIndex
vectors = np.load(sys.argv[1], mmap_mode="r")
ExactIndex(vectors).scan(np.ones(vectors.shape[1]), k=100)
lines = dict(line.split(":") for line in open("/proc/self/smaps_rollup") if ":" in line[:16])
print(int(lines["Anonymous"].split()[0]) * 1024 / 1e6)
"""


def write_vectors(path: Path, rows: int, dim: int) -> None:
    """Write clustered unit vectors, float16."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((CENTRES, dim), dtype=np.float32)
    kept = np.lib.format.open_memmap(path, "w+", np.float16, (rows, dim))
    for low in range(0, rows, 16_384):
        part = kept[low : low + 16_384]
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


def stream_ways(
    vectors: NDArray[np.float16], pool: ThreadPoolExecutor, threads: int
) -> dict[str, Callable[[int], object]]:
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

    def on_all(work: Callable[[NDArray[np.uint8]], object]) -> Callable[[int], object]:
        return lambda _turn: list(pool.map(work, parts))

    return {
        "stream: memmove": on_all(copied),
        "stream: bitwise or": on_all(ored),
        "stream: maximum": on_all(highest),
    }


def numpy_way(wide: NDArray[np.float32], query: NDArray[np.float32]) -> NDArray[np.int64]:
    scores = wide @ query
    best = np.argpartition(-scores, min(K, len(scores) - 1))[:K]
    return best[np.argsort(-scores[best])]


def torch_way(wide: torch.Tensor, query: NDArray[np.float32]) -> object:
    """Do as the original app: every score, the threshold of the top percent, a full argsort."""
    import torch

    scores = (wide @ torch.from_numpy(query)).numpy()
    rank = int(len(scores) * (1 - TOP_PERCENT / 100))
    threshold = np.partition(scores, rank)[rank]
    return np.flatnonzero(scores >= threshold), np.argsort(scores)[::-1][:K]


def identical(index: ExactIndex, wide: NDArray[np.float32], queries: NDArray[np.float64]) -> float:
    """Return the share of queries whose best rows are those of float64 arithmetic."""
    same = 0
    for query in queries:
        near = np.argpartition(-(wide @ query.astype(np.float32)), min(4 * K, len(wide) - 1))[
            : 4 * K
        ]
        rows = np.sort(near)
        vectors = wide[rows].astype(np.float64)
        cosines = (vectors @ query / np.linalg.norm(vectors, axis=1)).astype(np.float32)
        best = rows[np.argsort(-cosines, kind="stable")][:K]
        same += bool(np.array_equal(index.search(query[None], k=K).rows[0], best))
    return same / len(queries)


def measure(path: Path, *, rounds: int, torch: ModuleType | None) -> dict[str, Any]:
    """Return the figures of one file of vectors."""
    vectors = np.load(path, mmap_mode="r")
    wide = vectors.astype(np.float32)
    queries = make_queries(vectors)
    narrow = queries.astype(np.float32)
    threads = count_processors()
    index = ExactIndex(vectors)
    started = time.perf_counter()
    index.scan(queries[0], k=K)
    first_ms = (time.perf_counter() - started) * 1e3
    with ThreadPoolExecutor(threads) as pool:
        streams = stream_ways(vectors, pool, threads)
        ours: dict[str, Callable[[int], object]] = {
            OURS: lambda i: index.scan(queries[i % QUERIES], k=K),
            OURS_SCORES: lambda i: index.scores(queries[i % QUERIES]),
        }
        wide_numpy = {NUMPY: lambda i: numpy_way(wide, narrow[i % QUERIES])}
        wide_torch = {}
        if torch is not None:
            torch.set_num_threads(threads)
            tensor = torch.from_numpy(wide)
            wide_torch = {TORCH: lambda i: torch_way(tensor, narrow[i % QUERIES])}
        times = take_turns(streams | ours, wide_torch, wide_numpy, rounds=rounds, rest=REST)
    limit = min(streams, key=lambda name: statistics.median(times[name]))
    return {
        "stream_ratio_f16": paired_ratio(times, limit, OURS),
        "stream_ratio_f16_scores_only": paired_ratio(times, limit, OURS_SCORES),
        "speedup_vs_torch": paired_ratio(times, TORCH, OURS) if torch else None,
        "speedup_vs_numpy_f32": paired_ratio(times, NUMPY, OURS),
        "stream_way": limit.removeprefix("stream: "),
        "stream_gb_per_s": round(vectors.nbytes / statistics.median(times[limit]) / 1e9, 1),
        "first_query_ms": round(first_ms, 3),
        "top100_identical": identical(index, wide, queries),
        "anon_mb": anonymous_mb(path),
        "median_ms": {name: median_ms(times, name) for name in times},
        "best_ms": {name: best_ms(times, name) for name in times},
        "of_limit": {name: paired_ratio(times, limit, name) for name in times},
    }


def anonymous_mb(path: Path) -> float | None:
    """Return the anonymous memory of a process that opens the map and answers one query."""
    if not Path("/proc/self/smaps_rollup").exists():
        return None
    command = [sys.executable, "-c", ONE_QUERY, str(path)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return round(float(done.stdout), 1)


def main() -> None:
    parser = options(__doc__ or "")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--dims", type=int, nargs="+", default=list(DIMS))
    asked = parser.parse_args()
    rounds = asked.rounds or (18 if asked.quick else 100)
    torch: ModuleType | None = None
    if importlib.util.find_spec("torch"):
        import torch
    else:
        say("torch is not installed: no speedup_vs_torch (pip install torch==2.13.0)")
    found: dict[str, dict[str, Any]] = {}
    with tempfile.TemporaryDirectory(prefix="eex-bench-") as folder:
        for dim in asked.dims:
            path = Path(folder) / f"{dim}.npy"
            say(f"{asked.rows:,} x {dim}: writing")
            write_vectors(path, asked.rows, dim)
            say(f"{asked.rows:,} x {dim}: {rounds} rounds")
            found[str(dim)] = measure(path, rounds=rounds, torch=torch)
            path.unlink()
    first = found[str(asked.dims[0])]
    named = ("stream_ratio_f16", "speedup_vs_torch", "speedup_vs_numpy_f32", "anon_mb")
    result = {
        "benchmark": "search",
        **{name: first[name] for name in named},
        "top100_identical": min(one["top100_identical"] for one in found.values()),
        "rows": asked.rows,
        "k": K,
        "rounds": rounds,
        "dims": found,
        "machine": machine(),
    }
    emit(result, as_json=asked.json, tables=[table(asked.rows, d, one) for d, one in found.items()])


def table(rows: int, dim: str, one: dict[str, Any]) -> tuple[str, list[list[str]]]:
    head = ["contestant", "median ms", "best ms", "of the limit"]
    lines = [
        [name, f"{one['median_ms'][name]:.2f}", f"{one['best_ms'][name]:.2f}", f"{ratio:.2f}"]
        for name, ratio in sorted(one["of_limit"].items(), key=lambda item: -item[1])
    ]
    limit = f"limit: {one['stream_way']}, {one['stream_gb_per_s']} GB/s"
    return f"{rows:,} x {dim} ({limit})", [head, *lines]


if __name__ == "__main__":
    main()
