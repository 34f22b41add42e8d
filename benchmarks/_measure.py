"""How we measure: contestants take turns in one process, and ratios are medians of paired ratios.

A machine that is slow for a second is then slow for all of them; times are shown, ratios quoted.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import random
import statistics
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

if sys.path[0] == str(Path(__file__).resolve().parent):  # ray.py here must not hide the package
    sys.path.append(sys.path.pop(0))

Times = dict[str, list[float]]
"""Seconds of each contestant, one for each round."""


def options(description: str) -> argparse.ArgumentParser:
    """Return a parser with the options that every benchmark takes."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--quick", action="store_true", help="under 50 s on two cores")
    parser.add_argument("--json", action="store_true", help="one object on standard output")
    parser.add_argument("--rounds", type=int, help="turns that each contestant takes")
    return parser


def say(message: str) -> None:
    """Tell a person how far we are; standard output is for the result."""
    print(message, file=sys.stderr, flush=True)


def take_turns(
    *groups: Mapping[str, Callable[[int], object]], rounds: int, rest: float = 0.0
) -> Times:
    """Run every contestant once in each round, after one round for warmth.

    Groups run one after another, each in an order that changes. `rest` seconds pass after each
    group: idle threads of some libraries spin for a while, and would take a processor from whoever
    comes next.
    """
    times: Times = {name: [] for group in groups for name in group}
    shuffle = random.Random(0).shuffle
    for turn in range(-1, rounds):
        for group in groups:
            order = list(group)
            shuffle(order)
            for name in order:
                start = time.perf_counter()
                group[name](max(turn, 0))
                seconds = time.perf_counter() - start
                if turn >= 0:
                    times[name].append(seconds)
            time.sleep(rest)
    return times


def paired_ratio(times: Times, above: str, below: str) -> float:
    """Return the median over rounds of one contestant's time over another's."""
    pairs = zip(times[above], times[below], strict=True)
    return round(statistics.median(a / b for a, b in pairs), 3)


def median_ms(times: Times, name: str) -> float:
    return round(statistics.median(times[name]) * 1e3, 3)


def best_ms(times: Times, name: str) -> float:
    return round(min(times[name]) * 1e3, 3)


def processors() -> int:
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def machine() -> dict[str, object]:
    """Return what the figures were measured on."""
    model = platform.processor() or platform.machine()
    memory = None
    if Path("/proc/cpuinfo").exists():
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        model = next((x.split(":")[1].strip() for x in lines if x.startswith("model name")), model)
        memory = round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30, 1)
    load = round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None
    return {
        "processor": model,
        "processors": processors(),
        "memory_gib": memory,
        "system": f"{platform.system()} {platform.release()}",
        "python": platform.python_version(),
        "load_at_start": load,
        "date": time.strftime("%Y-%m-%d", time.gmtime()),
    }


def emit(
    result: Mapping[str, object], *, as_json: bool, tables: Sequence[tuple[str, list[list[str]]]]
) -> None:
    """Print one JSON object, or tables (title, rows with the head first) and the named figures."""
    if as_json:
        print(json.dumps(result))
        return
    for title, rows in tables:
        print(f"\n{title}\n")
        widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
        for row in rows:
            first, *rest = (cell.rjust(width) for cell, width in zip(row, widths, strict=True))
            print("  ".join([row[0].ljust(len(first)), *rest]))
    print()
    for name, value in result.items():
        if not isinstance(value, dict | list):
            print(f"{name}: {value}")
    print("machine:", ", ".join(f"{k} {v}" for k, v in machine().items()))
