"""How many searches a second many clients get: each reads for itself, or they share reads."""

from __future__ import annotations

import statistics
import threading
import time
from collections.abc import Callable
from typing import Any

import numpy as np
from _measure import processors, say
from _search_data import QUERIES, make_queries
from numpy.typing import NDArray

from eex.index.batched import BatchedIndex
from eex.index.exact import ExactIndex

K = 100
CLIENTS = (1, 2, 4, 8, 16, 32)
OWN, SHARED = "one by one", "shared reads"


def load(scan: Callable[[int], object], clients: int, seconds: float) -> dict[str, float]:
    """Let clients ask one scan after another for some seconds; return rate and waiting times.

    A client asks again as soon as it has its answer. Searches that end after the time is over
    count for the time until the last has ended.
    """
    took: list[list[float]] = [[] for _ in range(clients)]
    start = threading.Barrier(clients + 1)
    ends = [0.0]

    def client(number: int) -> None:
        start.wait()
        turn = number
        while True:
            began = time.perf_counter()
            if began >= ends[0]:
                return
            scan(turn)
            took[number].append(time.perf_counter() - began)
            turn += clients

    threads = [threading.Thread(target=client, args=(number,)) for number in range(clients)]
    for thread in threads:
        thread.start()
    began = time.perf_counter()
    ends[0] = began + seconds
    start.wait()
    for thread in threads:
        thread.join()
    whole = time.perf_counter() - began
    every = sorted(second for some in took for second in some)
    return {
        "per_s": round(len(every) / whole, 2),
        "p50_ms": round(statistics.median(every) * 1e3, 2),
        "p95_ms": round(every[min(len(every) - 1, int(0.95 * len(every)))] * 1e3, 2),
        "searches": len(every),
    }


def measure_clients(
    vectors: NDArray[np.float16], clients: tuple[int, ...], *, seconds: float, rounds: int
) -> dict[str, dict[str, Any]]:
    """Return both ways' figures by number of clients; rounds alternate, the median rate is kept."""
    queries = make_queries(vectors)
    own = ExactIndex(vectors, threads=processors())
    shared = BatchedIndex(own)
    own.scan(queries[0], k=K)
    ways: dict[str, Callable[[int], object]] = {
        OWN: lambda i: own.scan(queries[i % QUERIES], k=K),
        SHARED: lambda i: shared.scan(queries[i % QUERIES], k=K),
    }
    found: dict[str, dict[str, Any]] = {}
    for number in clients:
        say(f"{number} clients")
        runs: dict[str, list[dict[str, float]]] = {name: [] for name in ways}
        for turn in range(rounds):
            for name in list(ways) if turn % 2 == 0 else list(ways)[::-1]:
                runs[name].append(load(ways[name], number, seconds))
        middle = {
            name: sorted(some, key=lambda run: run["per_s"])[len(some) // 2]
            for name, some in runs.items()
        }
        pairs = zip(runs[SHARED], runs[OWN], strict=True)
        ratio = statistics.median(a["per_s"] / b["per_s"] for a, b in pairs)
        found[str(number)] = {**middle, "shared_speedup": round(ratio, 3)}
    return found
