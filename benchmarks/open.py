"""Opening a set of the size of the published ones: once, and again, beside pandas and np.stack.

    python benchmarks/open.py [--quick] [--json] [--rows N] [--dim D] [--rounds N]

A Parquet file is made as the published ones are (lists of float32, snappy, one row group) in a
temporary folder: 1.2 GB, and as much again for the opened form. Each contestant has a process of
its own in every round; the file is in the system's cache for all. Times are of the call, imports
counted apart; the process ends with one vector read.

Keys of the JSON (medians over rounds; ratios are medians of paired ratios):

    reopen_ms       opening again: open_table in a fresh process, milliseconds
    reopen_anon_mb  anonymous memory of that whole process afterwards, MB
    speedup         pd.read_parquet + np.stack, as the original app does / opening again
    first_speedup   the same / the first opening, which writes the memory-mapped form
    first_s, first_peak_mb, pandas_s, pandas_peak_mb
                    seconds of both and the most anonymous memory that they held, MB
    float16_s       first opening that converts to float16, seconds
    process_ms      the whole of a process that opens again, interpreter and imports with it
    import_ms       imports of that process
    search_ms       its first query, which reads every vector
"""

from __future__ import annotations

import importlib.util
import json
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from _measure import emit, machine, options, paired_ratio, say

ROWS, DIM = 248_719, 1152
"""Sentinel-2 tiles of the published sets; length of the vectors of SigLIP SO400M."""

AT_ONCE = 16_384

WATCH = """
import json, sys, threading, time
from pathlib import Path

def anonymous():
    try:
        lines = open("/proc/self/status").read().split("RssAnon:")
        return int(lines[1].split()[0]) / 1000
    except (OSError, IndexError):
        return float("nan")

peak, over = 0.0, threading.Event()

def watch():
    global peak
    while not over.wait(0.01):
        peak = max(peak, anonymous())

path, cache = map(Path, sys.argv[1:])
"""

OPEN = (
    WATCH
    + """
started = time.perf_counter()
from eex.embeddings import open_table
imported = time.perf_counter()
if {watched}:
    threading.Thread(target=watch, daemon=True).start()
began = time.perf_counter()
opened = open_table(path, cache_dir=cache, dtype={dtype!r})
done = time.perf_counter()
assert opened.vector(0).any()
here = anonymous()
over.set()
found = dict(seconds=done - began, imports=imported - started, anon=here, peak=max(peak, here))
if not {watched}:
    import numpy as np
    from eex.index.exact import ExactIndex
    began = time.perf_counter()
    ExactIndex(opened.vectors).scan(np.ones(opened.header.dim), k=100)
    found["search"] = time.perf_counter() - began
print(json.dumps(found))
"""
)

PANDAS = (
    WATCH
    + """
import numpy as np, pandas as pd
threading.Thread(target=watch, daemon=True).start()
began = time.perf_counter()
table = pd.read_parquet(path)
vectors = np.stack(table["embedding"].to_list())
done = time.perf_counter()
over.set()
assert vectors[0].any()
print(json.dumps(dict(seconds=done - began, peak=max(peak, anonymous()))))
"""
)


def write_set(path: Path, rows: int, dim: int) -> None:
    """Write a set with the columns and the layout of the published ones, as one row group."""
    rng = np.random.default_rng(0)
    flat = np.empty(rows * dim, np.float32)
    for low in range(0, len(flat), AT_ONCE * dim):
        rng.standard_normal(out=flat[low : low + AT_ONCE * dim], dtype=np.float32)
    offsets = pa.array(np.arange(rows + 1, dtype=np.int32) * dim)
    lon, lat = rng.uniform(-180, 180, rows), rng.uniform(-80, 80, rows)
    columns = {
        "unique_id": [f"{i:064x}" for i in range(rows)],
        "embedding": pa.ListArray.from_arrays(offsets, pa.array(flat)),
        "timestamp": ["20221115T161819"] * rows,
        "product_id": [f"S2B_MSIL2A_20221115T161819_N0400_R111_T{i:06d}" for i in range(rows)],
        "grid_cell": [f"{i // 1000}U_{i % 1000}R" for i in range(rows)],
        "grid_row_u": np.arange(rows, dtype=np.int32) // 1000,
        "grid_col_r": np.arange(rows, dtype=np.int32) % 1000,
        "geometry": [bytes(93)] * rows,
        "centre_lat": lat.astype(np.float32),
        "centre_lon": lon.astype(np.float32),
        "utm_footprint": ["POLYGON ((0 0, 1 0, 1 1, 0 1, 0 0))"] * rows,
        "utm_crs": ["EPSG:32701"] * rows,
        "pixel_bbox": [[342, 342, 726, 726]] * rows,
        "parquet_row": np.arange(rows) % 500,
        "parquet_url": ["https://example.org/images/part_00001.parquet"] * rows,
    }
    pq.write_table(pa.table(columns), path, compression="snappy", row_group_size=rows)


def run(code: str, path: Path, cache: Path) -> dict[str, float]:
    """Run a contestant in a process of its own; return what it says, and its whole time."""
    started = time.perf_counter()
    command = [sys.executable, "-c", code, str(path), str(cache)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    whole = time.perf_counter() - started
    if done.returncode:
        raise SystemExit(done.stderr)
    return {**json.loads(done.stdout), "whole": whole}


def measure(folder: Path, rows: int, dim: int, rounds: int) -> dict[str, list[dict[str, float]]]:
    """Return what each contestant said in each round."""
    path, cache = folder / "set.parquet", folder / "cache"
    say(f"{rows:,} x {dim}: writing")
    write_set(path, rows, dim)
    found: dict[str, list[dict[str, float]]] = {name: [] for name in ("first", "again", "float16")}
    pandas = importlib.util.find_spec("pandas") is not None
    if not pandas:
        say("pandas is not installed: no speedup (pip install pandas)")
    for turn in range(rounds):
        say(f"round {turn + 1} of {rounds}")
        shutil.rmtree(cache, ignore_errors=True)
        found["float16"].append(run(OPEN.format(dtype="float16", watched=True), path, cache))
        shutil.rmtree(cache, ignore_errors=True)
        found["first"].append(run(OPEN.format(dtype="", watched=True), path, cache))
        found["again"].append(run(OPEN.format(dtype="", watched=False), path, cache))
        if pandas:
            found.setdefault("pandas", []).append(run(PANDAS, path, cache))
    return found


def main() -> None:
    parser = options(__doc__ or "")
    parser.add_argument("--rows", type=int)
    parser.add_argument("--dim", type=int, default=DIM)
    asked = parser.parse_args()
    rows = asked.rows or (20_000 if asked.quick else ROWS)
    rounds = asked.rounds or 3
    with tempfile.TemporaryDirectory(prefix="eex-bench-") as folder:
        found = measure(Path(folder), rows, asked.dim, rounds)

    def median(name: str, what: str) -> float | None:
        values = [one[what] for one in found.get(name, ())]
        return round(statistics.median(values), 4) if values else None

    def ms(name: str, what: str) -> float | None:
        seconds = median(name, what)
        return None if seconds is None else round(seconds * 1e3, 2)

    times = {name: [one["seconds"] for one in some] for name, some in found.items()}
    beside = "pandas" in times
    result: dict[str, Any] = {
        "benchmark": "open",
        "reopen_ms": ms("again", "seconds"),
        "reopen_anon_mb": median("again", "anon"),
        "speedup": paired_ratio(times, "pandas", "again") if beside else None,
        "first_speedup": paired_ratio(times, "pandas", "first") if beside else None,
        "first_s": median("first", "seconds"),
        "first_peak_mb": median("first", "peak"),
        "pandas_s": median("pandas", "seconds"),
        "pandas_peak_mb": median("pandas", "peak"),
        "float16_s": median("float16", "seconds"),
        "float16_peak_mb": median("float16", "peak"),
        "process_ms": ms("again", "whole"),
        "import_ms": ms("again", "imports"),
        "search_ms": ms("again", "search"),
        "rows": rows,
        "dim": asked.dim,
        "rounds": rounds,
        "machine": machine(),
    }
    names = {
        "again": "eex, opening again",
        "first": "eex, opening once",
        "float16": "eex, opening once as float16",
        "pandas": "pandas + np.stack, as the original",
    }
    lines = [["contestant", "median s", "anonymous MB"]]
    for name, title in names.items():
        seconds, peak = median(name, "seconds"), median(name, "peak")
        if seconds is not None and peak is not None:
            lines.append([title, f"{seconds:.4f}", f"{peak:.0f}"])
    emit(result, as_json=asked.json, tables=[(f"{rows:,} x {asked.dim}", lines)])


if __name__ == "__main__":
    main()
