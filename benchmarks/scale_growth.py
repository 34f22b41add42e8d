"""What one query costs as the set grows: one set is made, smaller ones are its first rows."""

from __future__ import annotations

import shutil
import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
from _measure import median_ms, paired_ratio, processors, say, take_turns
from _search_data import QUERIES, make_queries, stream_ways
from numpy.typing import NDArray

from eex.embeddings import EmbeddingSet
from eex.embeddings.header import SetHeader
from eex.errors import CancelledError
from eex.index.engines import Building
from eex.index.exact import ExactIndex
from eex.index.int8 import Int8Index
from eex.index.int8_make import FILES, Codes, build_int8
from eex.stopping import stopping

K = 100
CENTRES = 200
BLOCK = 131_072
"""Rows that are drawn; further blocks are these with their columns turned, which is quicker and
keeps lengths and clusters."""

KEPT_FREE = 5 * 10**9
"""Bytes of the disk that are left alone."""

MOST_BYTES = 30 * 10**9
"""Most bytes that are written."""

SCAN = "f16: scores + top 100"
INT8_SCAN = "int8: scores + top 100"
MASKED = "f16: top 100 below a mask of 1 %"


def bytes_needed(rows: int, dim: int) -> int:
    """Return the bytes of vectors and int8 codes."""
    return rows * (2 * dim + dim + 12)


def fits(folder: Path, rows: int, dim: int) -> bool:
    needed = bytes_needed(rows, dim)
    return needed <= MOST_BYTES and shutil.disk_usage(folder).free - needed >= KEPT_FREE


def write_many(path: Path, rows: int, dim: int) -> NDArray[np.float16]:
    """Write clustered unit vectors, float16, at the speed of the disk; return them mapped."""
    rng = np.random.default_rng(0)
    centres = rng.standard_normal((CENTRES, dim), dtype=np.float32)
    first = min(rows, BLOCK)
    vectors = centres[rng.integers(CENTRES, size=first)]
    vectors += 0.7 * rng.standard_normal((first, dim), dtype=np.float32)
    vectors /= np.linalg.norm(vectors, axis=1, keepdims=True)
    block = vectors.astype(np.float16)
    kept = np.lib.format.open_memmap(path, "w+", np.float16, (rows, dim))
    for number, low in enumerate(range(0, rows, BLOCK)):
        high = min(rows, low + BLOCK)
        kept[low:high] = np.roll(block, number, axis=1)[: high - low]
    kept.flush()
    del kept
    mapped: NDArray[np.float16] = np.load(path, mmap_mode="r")
    return mapped


def build_codes(vectors: NDArray[np.float16], folder: Path, deadline: float) -> float | None:
    """Write the int8 codes of the vectors; return the seconds that it took, None if too many."""
    say("coding as int8")
    folder.mkdir()
    header = SetHeader(id="s", title="", model="", dim=vectors.shape[1])
    embeddings = EmbeddingSet(header, vectors, np.zeros((0, 2)), folder, "key")
    started = time.perf_counter()
    try:
        with stopping(lambda: time.monotonic() > deadline):
            build_int8(Building(embeddings=embeddings, folder=folder))
    except CancelledError:
        return None
    return round(time.perf_counter() - started, 1)


def first_rows(folder: Path, vectors: NDArray[np.float16], rows: int) -> Int8Index:
    codes = (np.load(folder / name, mmap_mode="r")[:rows] for name in FILES)
    return Int8Index(Codes(*codes), vectors[:rows])


def measure_size(
    vectors: NDArray[np.float16], rows: int, int8_folder: Path | None, *, rounds: int
) -> dict[str, Any]:
    """Return the figures of the first `rows` vectors."""
    some, threads = vectors[:rows], processors()
    queries = make_queries(some)
    index = ExactIndex(some)
    started = time.perf_counter()
    index.scan(queries[0], k=K)
    first = time.perf_counter() - started
    mask = np.zeros(rows, np.bool_)
    mask[np.random.default_rng(2).choice(rows, max(1, rows // 100), replace=False)] = True
    ways: dict[str, Callable[[int], object]] = {
        SCAN: lambda i: index.scan(queries[i % QUERIES], k=K),
        MASKED: lambda i: index.search(queries[i % QUERIES][None], k=K, mask=mask),
    }
    if int8_folder is not None:
        int8 = first_rows(int8_folder, vectors, rows)
        ways[INT8_SCAN] = lambda i: int8.scan(queries[i % QUERIES], k=K)
    with ThreadPoolExecutor(threads) as pool:
        streams = stream_ways(some, pool, threads)
        times = take_turns(streams | ways, rounds=rounds)
    limit = min(streams, key=lambda name: statistics.median(times[name]))
    scan_ms = median_ms(times, SCAN)
    return {
        "rows": rows,
        "mb": round(some.nbytes / 1e6, 1),
        "stream_ms": median_ms(times, limit),
        "stream_gb_per_s": round(some.nbytes / statistics.median(times[limit]) / 1e9, 1),
        "scan_ms": scan_ms,
        "scan_us_per_1000_rows": round(scan_ms * 1e6 / rows, 3),
        "stream_ratio": paired_ratio(times, limit, SCAN),
        "masked_ms": median_ms(times, MASKED),
        "int8_ms": median_ms(times, INT8_SCAN) if INT8_SCAN in times else None,
        "int8_speedup": paired_ratio(times, SCAN, INT8_SCAN) if INT8_SCAN in times else None,
        "first_query_ms": round(first * 1e3, 1),
        "rounds": rounds,
    }


def measure_growth(
    vectors: NDArray[np.float16],
    sizes: list[int],
    int8_folder: Path,
    coded: int,
    *,
    rounds: int,
    deadline: float,
) -> dict[str, dict[str, Any]]:
    """Return the figures of each size that time allows, by its number of rows.

    Sizes up to `coded` rows have int8 codes in `int8_folder`.
    """
    found: dict[str, dict[str, Any]] = {}
    for rows in sizes:
        if time.monotonic() > deadline:
            say(f"{rows:,} rows: left out, the time is over")
            continue
        say(f"{rows:,} rows")
        turns = max(3, rounds if rows <= 10**6 else rounds // 3)
        codes = int8_folder if rows <= coded else None
        found[str(rows)] = measure_size(vectors, rows, codes, rounds=turns)
    return found
