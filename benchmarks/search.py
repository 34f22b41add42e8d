"""All scores and the best rows of 248,719 vectors: ours beside the original's way, other engines,
and the time it takes to stream the same bytes once, which nothing that reads every row can beat.

    python benchmarks/search.py [--quick] [--json] [--rows N] [--dims 256 512 1152] [--rounds N]
    python benchmarks/search.py --rows 2245886 --dims 512

Keys of the JSON (milliseconds are medians; ratios are medians over rounds of paired times; each is
of 512 dimensions if these are among `dims`, else of the first; `dims` has them for each):

    stream_ratio_f16        time to stream the float16 matrix once / time of our scan (all scores
                            and the exact 100 best), both from the same memory map; goal 0.8
    speedup_vs_torch        the original's way, torch float32 `M @ q`, partition for the top 1 %,
                            argsort / our scan; null when torch is not installed
    compiled_speedup        our scan by numkong's kernel / by the one compiled with llvmlite, which
                            all other figures are of where llvmlite is installed (`[fast]`); else 1
    whole_speedup_vs_torch  the same / our whole query: scan, thresholds and histogram of the
                            slider, the exact 1,000 best; goal 3
    speedup_vs_numpy_f32    numpy float32 `M @ q`, argpartition, sort / our scan
    filtered_speedup        scanning all and masking / our search below a mask of 1 % of the rows,
                            anywhere; `filtered_speedup_box` in runs as inside a box; goal 5
    batch8_speedup          eight scans / one scan of eight queries
    int8_speedup            our scan / the same by the int8 engine
    int8_exact_top100       share of queries whose 100 best by int8 are the exact engine's, rows and
                            scores; goal 1
    top100_identical        share of queries whose 100 best are those of float64 arithmetic
    anon_mb                 anonymous memory of a process that opens the map and answers a whole
                            query, MB; goal: below 50. `memory_mb` of each dim has all ways, beside
                            file-backed memory (mapped data, which the system takes back when it
                            needs room, and libraries)

FAISS and Qdrant give the 100 best only, no other scores. Qdrant takes part at one dim, with at
most `--qdrant-rows` rows, because filling it takes minutes; ours over as many rows stands beside
it. Ways that hold float32 in memory are left out where there is no room for that, and it is said.

The limit is the fastest of three ways to touch every byte from all threads at once: memmove of
1 MiB chunks into a buffer that stays in cache, numpy's bitwise or over 64-bit words, numpy's
maximum over bytes. All release Python's lock. The way with the lowest median is the limit.
"""

from __future__ import annotations

import os

# Idle threads of one library must not spin while the next contestant runs.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import statistics
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from unittest import mock

import numpy as np
from _measure import best_ms, emit, machine, median_ms, options, paired_ratio, say, take_turns
from _measure import processors as count_processors
from _search_data import QUERIES, Contestant, make_masks, make_queries, stream_ways, write_vectors
from _search_peers import (
    FAISS,
    INT8,
    NUMPY,
    OURS,
    QDRANT,
    TORCH,
    K,
    faiss_way,
    installed,
    memory_of,
    numpy_way,
    open_int8_files,
    qdrant_way,
    torch_way,
    whole_query,
    write_qdrant,
)
from numpy.typing import NDArray

from eex.embeddings import EmbeddingSet
from eex.embeddings.header import SetHeader
from eex.index import kernels
from eex.index.engines import Building
from eex.index.exact import ExactIndex
from eex.index.int8 import Int8Index
from eex.index.int8_make import build_int8
from eex.index.topk import top_rows

ROWS = 248_719
"""Sentinel-2 tiles in the set that the original app searches."""
DIMS = (256, 512, 1024, 1152)
QUICK_DIMS = (512,)
NAMED_DIM = 512
FILTERED = 0.01
QDRANT_ROWS, QUICK_QDRANT_ROWS = 250_000, 20_000
REST = 0.1
ROOM = 1.25
"""Free memory that a way must leave, times what it holds."""

SCAN = f"{OURS}: scores + top 100"
BY_NUMKONG = f"{OURS}, numkong's kernel: scores + top 100"
SCORES = f"{OURS}: scores"
WHOLE = f"{OURS}: whole query"
EIGHT = f"{OURS}: 8 scans"
BATCH8 = f"{OURS}: 8 queries in one scan"
MASKED = f"{OURS}: all scores, then the mask"
INT8_SCAN = f"{INT8}: scores + top 100"
INT8_SCORES = f"{INT8}: scores"
INT8_WHOLE = f"{INT8}: whole query"

NAMED = (
    "stream_ratio_f16",
    "speedup_vs_torch",
    "compiled_speedup",
    "whole_speedup_vs_torch",
    "speedup_vs_numpy_f32",
    "filtered_speedup",
    "filtered_speedup_box",
    "batch8_speedup",
    "int8_speedup",
    "int8_whole_speedup_vs_torch",
    "anon_mb",
)


def filtered(kind: str) -> str:
    return f"{OURS}: top 100 of 1 %, {kind}"


def our_ways(
    index: ExactIndex, int8: Int8Index, queries: NDArray[np.float64]
) -> dict[str, Contestant]:
    masks = make_masks(index.size, FILTERED)

    def query(turn: int) -> NDArray[np.float64]:
        return np.asarray(queries[turn % QUERIES])

    def masked(turn: int) -> object:
        return top_rows(index.scores(query(turn)), K, mask=masks["scattered"])

    def by_numkong(turn: int) -> object:
        with mock.patch.object(kernels, "compiler", return_value=None):
            return index.scan(query(turn), k=K)

    def below(mask: NDArray[np.bool_]) -> Contestant:
        return lambda i: index.search(query(i)[None], k=K, mask=mask)

    return {
        SCAN: lambda i: index.scan(query(i), k=K),
        BY_NUMKONG: by_numkong,
        SCORES: lambda i: index.scores(query(i)),
        WHOLE: lambda i: whole_query(index, query(i)),
        EIGHT: lambda _: [index.scan(one, k=K) for one in queries],
        BATCH8: lambda _: index.scan_many(queries, k=[K] * QUERIES, masks=[None] * QUERIES),
        MASKED: masked,
        **{filtered(kind): below(mask) for kind, mask in masks.items()},
        INT8_SCAN: lambda i: int8.scan(query(i), k=K),
        INT8_SCORES: lambda i: int8.scores(query(i)),
        INT8_WHOLE: lambda i: whole_query(int8, query(i)),
    }


def wide_ways(
    wide: NDArray[np.float32], queries: NDArray[np.float32], threads: int
) -> list[dict[str, Contestant]]:
    """Return the ways that hold float32 in memory, each a group: their threads may spin after."""
    groups: list[dict[str, Contestant]] = [{NUMPY: lambda i: numpy_way(wide, queries[i % QUERIES])}]
    if installed(TORCH):
        import torch

        torch.set_num_threads(threads)
        tensor = torch.from_numpy(wide)
        groups.append({TORCH: lambda i: torch_way(tensor, queries[i % QUERIES])})
    if installed(FAISS) and room_for(wide.nbytes):
        search = faiss_way(wide, threads)
        groups.append({FAISS: lambda i: search(queries[i % QUERIES])})
    return groups


def room_for(size: int) -> bool:
    """Whether that many bytes more may be held; says so if not."""
    path = Path("/proc/meminfo")
    if not path.exists():
        return True
    told = dict(line.split(":") for line in path.read_text().splitlines())
    if int(told["MemAvailable"].split()[0]) * 1024 > ROOM * size:
        return True
    say(f"no room for {size / 1e9:.1f} GB more: a way that needs it is left out")
    return False


def identical(index: ExactIndex, queries: NDArray[np.float64], vectors: NDArray[Any]) -> float:
    """Return the share of queries whose best rows are those of float64 arithmetic."""
    same = 0
    for query in queries:
        near = np.sort(top_rows(index.scores(query), 10 * K))
        wide = vectors[near].astype(np.float64)
        cosines = (wide @ query / np.linalg.norm(wide, axis=1)).astype(np.float32)
        best = near[np.argsort(-cosines, kind="stable")][:K]
        same += bool(np.array_equal(index.search(query[None], k=K).rows[0], best))
    return same / len(queries)


def int8_identical(int8: Int8Index, index: ExactIndex, queries: NDArray[np.float64]) -> float:
    """Return the share of queries whose best rows and scores by int8 are the exact index's."""
    pairs = [(int8.scan(q, k=K).hits, index.scan(q, k=K).hits) for q in queries]
    same = [np.array_equal(a.rows, b.rows) and np.array_equal(a.scores, b.scores) for a, b in pairs]
    return sum(same) / len(same)


def made_int8(vectors: NDArray[np.float16], folder: Path) -> tuple[Int8Index, float]:
    """Return the int8 index of the vectors, and the seconds that it took to build."""
    (folder / "int8").mkdir()
    header = SetHeader(id="bench", title="", model="", dim=vectors.shape[1])
    nowhere = np.empty((0, 2))
    embeddings = EmbeddingSet(header, vectors, nowhere, Path(), "")
    started = time.perf_counter()
    build_int8(Building(embeddings=embeddings, folder=folder / "int8"))
    return open_int8_files(vectors, folder / "int8"), time.perf_counter() - started


def measure(path: Path, *, rounds: int, qdrant_rows: int) -> dict[str, Any]:
    """Return the figures of one file of vectors."""
    vectors = np.load(path, mmap_mode="r")
    threads, folder = count_processors(), path.parent
    queries = make_queries(vectors)
    index = ExactIndex(vectors)
    started = time.perf_counter()
    index.scan(queries[0], k=K)
    first_ms = (time.perf_counter() - started) * 1e3
    int8, int8_seconds = made_int8(vectors, folder)
    narrow = queries.astype(np.float32)
    groups: list[dict[str, Contestant]] = []
    wide_fits = room_for(2 * vectors.nbytes)
    if wide_fits:
        groups += wide_ways(vectors.astype(np.float32), narrow, threads)
    ours = our_ways(index, int8, queries)
    few = min(qdrant_rows, len(vectors))
    if few:
        write_qdrant(vectors[:few], folder / "qdrant")
        ask = qdrant_way(folder / "qdrant", vectors.shape[1], threads)
        some = ExactIndex(vectors[:few])
        groups.append({f"{QDRANT}: top 100 of {few:,}": lambda i: ask(narrow[i % QUERIES])})
        ours[f"{OURS}: scores + top 100 of {few:,}"] = lambda i: some.scan(
            queries[i % QUERIES], k=K
        )
    with ThreadPoolExecutor(threads) as pool:
        streams = stream_ways(vectors, pool, threads)
        times = take_turns(streams | ours, *groups, rounds=rounds, rest=REST)
    limit = min(streams, key=lambda name: statistics.median(times[name]))

    def ratio(above: str, below: str) -> float | None:
        return paired_ratio(times, above, below) if above in times else None

    ways = [OURS, INT8]
    ways += [way for way in (NUMPY, TORCH, FAISS) if way in times]
    ways += [QDRANT] if few else []
    memory = {way: memory_of(way, path, folder) for way in ways}
    ours_memory = memory[OURS]
    return {
        "stream_ratio_f16": ratio(limit, SCAN),
        "stream_ratio_f16_scores_only": ratio(limit, SCORES),
        "speedup_vs_torch": ratio(TORCH, SCAN),
        "compiled_speedup": ratio(BY_NUMKONG, SCAN),
        "whole_speedup_vs_torch": ratio(TORCH, WHOLE),
        "speedup_vs_numpy_f32": ratio(NUMPY, SCAN),
        "filtered_speedup": ratio(MASKED, filtered("scattered")),
        "filtered_speedup_box": ratio(MASKED, filtered("box")),
        "batch8_speedup": ratio(EIGHT, BATCH8),
        "int8_speedup": ratio(SCAN, INT8_SCAN),
        "int8_whole_speedup_vs_torch": ratio(TORCH, INT8_WHOLE),
        "int8_exact_top100": int8_identical(int8, index, queries),
        "int8_rescored": [int(int8.candidates(query, k=K).size) for query in queries],
        "int8_build_s": round(int8_seconds, 2),
        "top100_identical": identical(index, queries, vectors),
        "anon_mb": ours_memory and ours_memory["anonymous"],
        "memory_mb": memory,
        "qdrant_rows": few,
        "stream_way": limit.removeprefix("stream: "),
        "stream_gb_per_s": round(vectors.nbytes / statistics.median(times[limit]) / 1e9, 1),
        "first_query_ms": round(first_ms, 3),
        "median_ms": {name: median_ms(times, name) for name in times},
        "best_ms": {name: best_ms(times, name) for name in times},
        "of_limit": {name: paired_ratio(times, limit, name) for name in times},
    }


def main() -> None:
    parser = options(__doc__ or "")
    parser.add_argument("--rows", type=int, default=ROWS)
    parser.add_argument("--dims", type=int, nargs="+")
    parser.add_argument("--qdrant-rows", type=int, help="0 leaves Qdrant out")
    asked = parser.parse_args()
    rounds = asked.rounds or (12 if asked.quick else 60)
    dims = asked.dims or list(QUICK_DIMS if asked.quick else DIMS)
    named = NAMED_DIM if NAMED_DIM in dims else dims[0]
    qdrant_rows = asked.qdrant_rows
    if qdrant_rows is None:
        qdrant_rows = QUICK_QDRANT_ROWS if asked.quick else QDRANT_ROWS
    missing = [way for way in (TORCH, FAISS, QDRANT) if not installed(way)]
    for way in missing:
        say(f"not installed, so left out: {way}")
    found: dict[str, dict[str, Any]] = {}
    for dim in dims:
        with tempfile.TemporaryDirectory(prefix="eex-bench-") as folder:
            path = Path(folder) / "vectors.npy"
            say(f"{asked.rows:,} x {dim}: writing")
            write_vectors(path, asked.rows, dim)
            say(f"{asked.rows:,} x {dim}: {rounds} rounds")
            few = qdrant_rows if dim == named and QDRANT not in missing else 0
            found[str(dim)] = measure(path, rounds=rounds, qdrant_rows=few)
    first = found[str(named)]
    result = {
        "benchmark": "search",
        **{name: first[name] for name in NAMED},
        "int8_exact_top100": min(one["int8_exact_top100"] for one in found.values()),
        "top100_identical": min(one["top100_identical"] for one in found.values()),
        "kernel": kernels.kernel_of_halves(),
        "rows": asked.rows,
        "named_dim": named,
        "k": K,
        "rounds": rounds,
        "dims": found,
        "machine": machine(),
    }
    shown = [t for dim, one in found.items() for t in tables(f"{asked.rows:,} x {dim}", one)]
    emit(result, as_json=asked.json, tables=shown)


def tables(title: str, one: dict[str, Any]) -> list[tuple[str, list[list[str]]]]:
    times = [["contestant", "median ms", "best ms", "of the limit"]]
    times += [
        [name, f"{one['median_ms'][name]:.2f}", f"{one['best_ms'][name]:.2f}", f"{ratio:.2f}"]
        for name, ratio in sorted(one["of_limit"].items(), key=lambda item: -item[1])
    ]
    memory = [["in a process of its own", "anonymous MB", "file-backed MB"]]
    memory += [
        [way, f"{size['anonymous']:.0f}", f"{size['file']:.0f}"]
        for way, size in one["memory_mb"].items()
        if size
    ]
    ratios = [["ratio", ""]]
    ratios += [[name, str(one[name])] for name in (*NAMED, "int8_exact_top100", "int8_rescored")]
    limit = f"limit: {one['stream_way']}, {one['stream_gb_per_s']} GB/s"
    return [
        (f"{title} ({limit})", times),
        (f"{title}, ratios", ratios),
        (f"{title}, memory", memory),
    ]


if __name__ == "__main__":
    main()
