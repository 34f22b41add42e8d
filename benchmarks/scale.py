"""What a search costs as the set grows, what many clients get, and what workers of Ray cost.

    python benchmarks/scale.py [--quick] [--json] [--sizes N ...] [--dim N] [--folder PATH]
                               [--seconds S] [--limit S] [--rounds N] [--int8-rows N]
                               [--without ray clients int8]

Synthetic clustered unit vectors, float16, memory-mapped; every query is all scores and the exact
100 best. Needs room on the disk, at most 30 GB: 2 bytes for each number of the largest set, 1 more
for those coded as int8 (11.6 GB for 20 million rows of 256), in a folder below `--folder` that is
deleted afterwards. Sizes that do not fit the disk, or come after `--limit` seconds, are left out,
which is said in `left_out`.

Keys of the JSON (milliseconds are medians; ratios are medians over rounds of paired times):

    cost_ratio          microseconds for each 1,000 rows at the largest size / at 1 million rows, or
                        the next size below; 1 if cost grows with the rows and nothing else
    largest_rows        rows of the largest size that was measured
    largest_ms          its scan; `largest_int8_ms` with the int8 first pass, null where not coded
    stream_ratio        time to stream its bytes once / its scan
    sizes               by rows: `mb` of float16, `stream_ms` and `stream_gb_per_s` (the same bytes
                        read once), `scan_ms`, `scan_us_per_1000_rows`, `stream_ratio`, `masked_ms`
                        (below a mask of 1 %), `int8_ms`, `int8_speedup` (scan / int8),
                        `first_query_ms` (lengths are taken, page tables are filled)
    write_s             seconds to write the largest set
    int8_rows, int8_build_s     rows that were coded as int8, and the seconds that it took; coding
                        is slow beside a scan, so only sizes up to `--int8-rows` are
    shared_speedup_8    searches a second of 8 clients that share reads / that read one by one;
                        `shared_speedup_32` of 32
    clients             by number of clients: "one by one" and "shared reads", each with `per_s`
                        (searches a second), `p50_ms`, `p95_ms`, `searches`; and `shared_speedup`
    clients_rows        rows that the clients search
    ray_ratio           time of a scan through workers of Ray on this machine / in this process,
                        same rows, same processors; null without Ray
    ray                 null, or `rows`, `workers`, `start_s` (Ray and workers), `ray_ms`, `own_ms`,
                        `identical` (share of queries with the same rows and scores), `killed_s` (a
                        search under which a worker is killed, until a new one answers),
                        `killed_identical`, `kills` (those that came before the answer; only they
                        count), `kills_late` (after it); null where no kill came before
    left_out            what was left out, and why
"""

from __future__ import annotations

import os

# Idle threads of one library must not spin while the next contestant runs.
os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")

import argparse
import importlib.util
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from _measure import emit, machine, options, say
from scale_clients import CLIENTS, OWN, SHARED, measure_clients
from scale_growth import build_codes, fits, measure_growth, write_many
from scale_ray import measure_ray

SIZES = (10_000, 100_000, 1_000_000, 5_000_000, 20_000_000)
QUICK_SIZES = (10_000, 100_000, 1_000_000)
DIM = 256
MILLION = 1_000_000
LIMIT = 900.0
"""Seconds after which nothing new is begun."""
INT8_SHARE = 0.6
"""Share of the time left that int8 codes may take."""


def read_options() -> argparse.Namespace:
    parser = options(__doc__ or "")
    parser.add_argument("--sizes", type=int, nargs="+")
    parser.add_argument("--dim", type=int, default=DIM)
    parser.add_argument("--int8-rows", type=int, default=5 * MILLION, help="most that are coded")
    parser.add_argument("--folder", type=Path, help="where there is room; a subfolder is made")
    parser.add_argument("--seconds", type=float, help="that clients ask for, in each round")
    parser.add_argument("--limit", type=float, default=LIMIT, help="seconds of all")
    parser.add_argument("--without", nargs="+", default=[], choices=["ray", "clients", "int8"])
    asked = parser.parse_args()
    asked.sizes = sorted(asked.sizes or (QUICK_SIZES if asked.quick else SIZES))
    asked.rounds = asked.rounds or (6 if asked.quick else 15)
    asked.seconds = asked.seconds or (0.5 if asked.quick else 3.0)
    return asked


def main() -> None:
    asked = read_options()
    sizes = list(asked.sizes)
    deadline = time.monotonic() + asked.limit
    left_out: list[str] = []
    with tempfile.TemporaryDirectory(prefix="eex-scale-", dir=asked.folder) as name:
        folder = Path(name)
        while sizes and not fits(folder, sizes[-1], asked.dim):
            left_out.append(f"{sizes.pop():,} rows: no room on the disk of {folder.parent}")
        if not sizes:
            sys.exit(f"There is no room for any size in {folder.parent}.")
        say(f"{sizes[-1]:,} x {asked.dim}: writing")
        began = time.monotonic()
        vectors = write_many(folder / "vectors.npy", sizes[-1], asked.dim)
        result: dict[str, Any] = {"write_s": round(time.monotonic() - began, 1)}
        coded = 0
        if "int8" not in asked.without:
            coded = max((n for n in sizes if n <= asked.int8_rows), default=0)
            until = time.monotonic() + INT8_SHARE * (deadline - time.monotonic())
            took = build_codes(vectors[:coded], folder / "int8", until)
            coded = 0 if took is None else coded
            result |= {"int8_rows": coded, "int8_build_s": took}
        growth = measure_growth(
            vectors, sizes, folder / "int8", coded, rounds=asked.rounds, deadline=deadline
        )
        left_out += [f"{n:,} rows: time" for n in sizes if str(n) not in growth]
        few = vectors[: min(len(vectors), 100_000 if asked.quick else MILLION)]
        clients: dict[str, dict[str, Any]] = {}
        if "clients" not in asked.without and time.monotonic() < deadline:
            turns = 1 if asked.quick else 3
            clients = measure_clients(few, CLIENTS, seconds=asked.seconds, rounds=turns)
        elif "clients" not in asked.without:
            left_out.append("clients: time")
        ray = None
        if importlib.util.find_spec("ray") is None:
            left_out.append("ray: not installed (pip install 'earth-embedding-explorer[ray]')")
        elif "ray" not in asked.without and time.monotonic() < deadline:
            kills = 1 if asked.quick else 5
            ray = measure_ray(few, folder / "set", rounds=asked.rounds, kills=kills)
        elif "ray" not in asked.without:
            left_out.append("ray: time")
        del vectors, few
    result = {
        "benchmark": "scale",
        **named(growth, clients, ray),
        **result,
        "dim": asked.dim,
        "sizes": growth,
        "clients": clients,
        "clients_rows": min(sizes[-1], 100_000 if asked.quick else MILLION),
        "ray": ray,
        "left_out": left_out,
        "machine": machine(),
    }
    emit(result, as_json=asked.json, tables=tables(growth, clients, ray))


def named(
    growth: dict[str, dict[str, Any]],
    clients: dict[str, dict[str, Any]],
    ray: dict[str, Any] | None,
) -> dict[str, Any]:
    """Return the figures that are quoted."""
    sizes = list(growth.values())
    last = sizes[-1] if sizes else None
    base = max((s for s in sizes if s["rows"] <= MILLION), key=lambda s: s["rows"], default=last)
    per_row = "scan_us_per_1000_rows"
    return {
        "cost_ratio": round(last[per_row] / base[per_row], 3) if last and base else None,
        "largest_rows": last["rows"] if last else None,
        "largest_ms": last["scan_ms"] if last else None,
        "largest_int8_ms": last["int8_ms"] if last else None,
        "stream_ratio": last["stream_ratio"] if last else None,
        **{
            f"shared_speedup_{n}": clients[str(n)]["shared_speedup"] if clients else None
            for n in (8, 32)
        },
        "ray_ratio": ray["ray_ratio"] if ray else None,
    }


def tables(
    growth: dict[str, dict[str, Any]],
    clients: dict[str, dict[str, Any]],
    ray: dict[str, Any] | None,
) -> list[tuple[str, list[list[str]]]]:
    shown = []
    if growth:
        columns = [name for name in next(iter(growth.values())) if name not in {"rows", "rounds"}]
        lines = [[f"{int(n):,}", *(str(one[c]) for c in columns)] for n, one in growth.items()]
        shown.append(("one query", [["rows", *columns], *lines]))
    if clients:
        kinds = [(way, key) for way in (OWN, SHARED) for key in ("per_s", "p50_ms", "p95_ms")]
        lines = [
            [n, *(str(one[way][key]) for way, key in kinds), str(one["shared_speedup"])]
            for n, one in clients.items()
        ]
        head = ["clients", *(f"{way}: {key}" for way, key in kinds), "speed-up"]
        shown.append(("many clients", [head, *lines]))
    if ray:
        shown.append(("workers of Ray", [["", ""], *([k, str(v)] for k, v in ray.items())]))
    return shown


if __name__ == "__main__":
    main()
