"""The same query through workers of Ray and in this process; and with a worker killed under it."""

from __future__ import annotations

import os
import signal
import statistics
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from _measure import median_ms, paired_ratio, processors, say, take_turns
from _search_data import QUERIES, make_queries
from numpy.typing import NDArray

from eex.embeddings import EmbeddingSet, SetHeader, open_folder
from eex.embeddings.write import write_opened
from eex.index.base import Hits, PartialHits
from eex.index.engines import Opening
from eex.index.exact import ExactIndex
from eex.index.ray_engine import RAY
from eex.index.ray_shards import RayShards
from eex.index.sharded import ShardedIndex

K = 100
BATCH = 65_536
RAY_SCAN, OWN_SCAN = "workers of Ray", "in this process"
KILLED_AFTER = 0.005
"""Seconds into a search after which a worker is killed; half of it after each kill too late."""
TRIES = 4
"""Kills that are tried for each that is wanted: some come after the answer."""


@dataclass(frozen=True)
class Kill:
    """A worker that was killed, and the search beside it."""

    hits: Hits
    seconds: float
    """Until the answer was there and the worker back."""
    late: bool
    """Whether the answer was there before the kill: then it says nothing."""


def written_set(folder: Path, vectors: NDArray[np.float16]) -> EmbeddingSet:
    """Return the vectors as a set with a folder, which workers need."""
    folder.mkdir()

    def batches() -> Iterator[pa.RecordBatch]:
        for low in range(0, len(vectors), BATCH):
            some = np.ascontiguousarray(vectors[low : low + BATCH])
            flat = pa.array(some.reshape(-1))
            column = pa.FixedSizeListArray.from_arrays(flat, vectors.shape[1])
            places = pa.array(np.linspace(-80, 80, len(some)))
            yield pa.record_batch({"lon": places, "lat": places, "embedding": column})

    header = SetHeader(id="scale", title="", model="", dim=vectors.shape[1])
    write_opened(folder, batches(), header=header)
    return open_folder(folder, key="scale")


def measure_ray(
    vectors: NDArray[np.float16], folder: Path, *, rounds: int, kills: int
) -> dict[str, Any]:
    """Return the figures; workers are as many as processors, with one each."""
    embeddings = written_set(folder, vectors)
    queries = make_queries(vectors)
    whole = ExactIndex(embeddings.vectors)
    options = {"shards": processors(), "patience": 60.0}
    started = time.perf_counter()
    index = RAY.open(Opening(embeddings=embeddings, options=options, threads=processors()))
    start_s = time.perf_counter() - started
    if not isinstance(index, ShardedIndex):
        message = "The engine of Ray gave another index."
        raise TypeError(message)
    with index:
        say(f"Ray: {processors()} workers")
        ways: dict[str, Callable[[int], object]] = {
            RAY_SCAN: lambda i: index.scan(queries[i % QUERIES], k=K),
            OWN_SCAN: lambda i: whole.scan(queries[i % QUERIES], k=K),
        }
        times = take_turns(ways, rounds=rounds)
        same = [
            np.array_equal(a.rows, b.rows) and np.array_equal(a.scores, b.scores)
            for a, b in ((index.scan(q, k=K).hits, whole.scan(q, k=K).hits) for q in queries)
        ]
        killed, late = kill_under(index, whole, queries, kills)
    return {
        "rows": len(vectors),
        "workers": processors(),
        "start_s": round(start_s, 2),
        "ray_ms": median_ms(times, RAY_SCAN),
        "own_ms": median_ms(times, OWN_SCAN),
        "ray_ratio": paired_ratio(times, RAY_SCAN, OWN_SCAN),
        "identical": sum(same) / len(same),
        "killed_s": round(statistics.median(s for s, _ in killed), 2) if killed else None,
        "killed_identical": sum(right for _, right in killed) / len(killed) if killed else None,
        "kills": len(killed),
        "kills_late": late,
    }


def kill_under(
    index: ShardedIndex, whole: ExactIndex, queries: NDArray[np.float64], kills: int
) -> tuple[list[tuple[float, bool]], int]:
    """Kill a worker under searches, one after another.

    Returns:
        Seconds, and whether the answer was whole and right, of each kill that came before the
        answer, at most `kills`; and how many came after it.
    """
    shards = index.shards
    if not isinstance(shards, RayShards):
        message = "These are not workers of Ray."
        raise TypeError(message)
    under: list[tuple[float, bool]] = []
    late = 0
    while len(under) < kills and len(under) + late < TRIES * kills:
        query = queries[(len(under) + late) % len(queries)]
        kill = one_kill(
            lambda query=query: index.scan(query, k=K).hits,
            lambda: shards.processes()[0][1],
            KILLED_AFTER / 2**late,
        )
        if kill.late:
            late += 1
            continue
        hits, right = kill.hits, whole.scan(query, k=K).hits
        same = np.array_equal(hits.rows, right.rows) and np.array_equal(hits.scores, right.scores)
        under.append((kill.seconds, same and not isinstance(hits, PartialHits)))
    return under, late


def one_kill(search: Callable[[], Hits], worker: Callable[[], int], after: float) -> Kill:
    """Kill a worker some seconds into a search, and wait for both and for a new worker.

    Args:
        search: Returns the answer.
        worker: Returns the process of the worker, once there is one.
        after: Seconds.
    """
    victim, killed = worker(), [0.0]

    def kill() -> None:
        os.kill(victim, signal.SIGKILL)
        killed[0] = time.perf_counter()

    timer = threading.Timer(after, kill)
    started = time.perf_counter()
    timer.start()
    hits = search()
    answered = time.perf_counter()
    timer.join()
    if victim == worker():
        message = "The worker was not killed."
        raise RuntimeError(message)
    return Kill(hits, time.perf_counter() - started, late=killed[0] > answered)
