"""Builds on Ray beside builds in processes of this machine, and one whose worker is killed.

    python benchmarks/ray.py [--quick] [--json]

The work: tiles of the embedded world through the embedded model, in pieces of 100. Both ways start
from nothing in every round, and so pay for their start; the time without it is told beside.
"""

# ruff: noqa: E402 - imports come after the path is put right
from __future__ import annotations

import logging
import os
import shutil
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from _measure import emit, machine, options, paired_ratio, processors, say, take_turns

HERE = Path(__file__).resolve().parent
sys.path[:] = [part for part in sys.path if Path(part).resolve() != HERE]  # else this is `ray`

from eex.build import ray_pool, world
from eex.build.asked import Asked
from eex.build.items import Item, Tiling
from eex.build.job import Done, Job
from eex.build.make import job_of
from eex.build.plan import BuildFolder, Model, Plan
from eex.build.pool import local_pool
from eex.build.world import WorldScenes
from eex.config import Settings
from eex.encoders.open import encoder_spec

DEMO = "demo-bluemarble-concepts"
PIECE = 100
LOCAL, RAY = "local processes", "Ray"


class Embedder(ray_pool.Embedder):
    """Says which process it is, so that it can be killed."""

    def pid(self) -> int:
        return os.getpid()


def job_in(folder: Path, workers: int, pieces: int) -> tuple[Job, list[Item]]:
    """Begin a build; return its job and its items."""
    items = tuple(WorldScenes().items()[:pieces])
    asked = Asked(
        models=(Model(name=DEMO),),
        tiling=Tiling(size=32, stride=16),
        workers=workers,
        device="cpu",
    )
    plan = Plan(request={"source": "world"}, tiling=asked.tiling, models=asked.models, items=items)
    build = BuildFolder(folder / "set.parquet")
    build.begin(plan)
    return job_of(build, plan, asked, [encoder_spec(DEMO)], Settings.from_env()), list(items)


class Runs:
    """Builds, each in a folder of its own; keeps how long they took from the first piece on."""

    def __init__(self, folder: Path, workers: int, pieces: int) -> None:
        self.folder, self.workers, self.pieces = folder, workers, pieces
        self.steady: dict[str, list[float]] = {LOCAL: [], RAY: []}
        self.tiles = 0

    def run(self, name: str, on_done: Callable[[int], None] | None = None) -> float:
        folder = Path(tempfile.mkdtemp(dir=self.folder))
        try:
            job, items = job_in(folder, self.workers, self.pieces)
            pool = local_pool if name == LOCAL else ray_pool.ray_pool
            began = time.perf_counter()
            first, done = 0.0, list[Done]()
            for told in pool(items, job, workers=self.workers):
                first = first or time.perf_counter()
                done.append(told)
                if on_done is not None:
                    on_done(len(done))
            ended = time.perf_counter()
            keys = {told.key for told in done if told.state == "done"}
            missing = [item for item in items if job.missing(item.key(job.tiling))]
            if len(keys) != len(items) or missing:
                message = f"{name}: {len(keys)} of {len(items)} pieces, {len(missing)} missing"
                raise RuntimeError(message)
            self.tiles = sum(item.tiles for item in items)
            self.steady[name].append(ended - first)
            return ended - began
        finally:
            shutil.rmtree(folder, ignore_errors=True)


def killed(runs: Runs) -> dict[str, float]:
    """Run once on Ray, killing a worker a third of the way."""
    import ray

    pools: list[Any] = []
    pids: list[Any] = []
    real = ray_pool._Pool  # noqa: SLF001

    def kept(*given: Any, **more: Any) -> Any:
        pools.append(real(*given, **more))
        pids.append(pools[-1].actors[0].pid.remote())  # before it is given work
        return pools[-1]

    def on_done(count: int) -> None:
        if count == runs.pieces // 3:
            os.kill(ray.get(pids[-1]), signal.SIGKILL)

    ray_pool._Pool, plain = kept, ray_pool.Embedder  # type: ignore[assignment,misc]  # noqa: SLF001
    ray_pool.Embedder = Embedder  # type: ignore[misc]
    try:
        seconds = runs.run(RAY, on_done)
    finally:
        ray_pool._Pool, ray_pool.Embedder = real, plain  # type: ignore[misc]  # noqa: SLF001
    return {"seconds": round(seconds, 2), "workers_replaced": pools[-1].deaths}


def main() -> None:
    parser = options(__doc__ or "")
    parser.add_argument("--workers", type=int, default=processors())
    given = parser.parse_args()
    rounds = given.rounds or (1 if given.quick else 3)
    world.PIECE = PIECE
    ray_pool.CHUNK = 1  # small lots: the kill falls into the work
    logging.getLogger("ray").setLevel(logging.ERROR)
    pieces = 12 if given.quick else 60
    about = machine()
    with tempfile.TemporaryDirectory() as folder:
        runs = Runs(Path(folder), given.workers, pieces)
        say(f"{pieces} pieces of {PIECE} tiles, {given.workers} workers, {rounds} rounds")
        times = take_turns({n: lambda _, n=n: runs.run(n) for n in (LOCAL, RAY)}, rounds=rounds)
        say("a worker of Ray is killed")
        kill = killed(runs)
    rates = {n: round(runs.tiles / statistics.median(times[n]), 1) for n in times}
    steady = {n: round(statistics.median(runs.steady[n]), 2) for n in times}
    result = {
        "ray_over_local_seconds_ratio": paired_ratio(times, RAY, LOCAL),
        "local_tiles_per_s": rates[LOCAL],
        "ray_tiles_per_s": rates[RAY],
        "ray_over_local_after_first_piece_ratio": round(steady[RAY] / steady[LOCAL], 3),
        "killed_worker_seconds": kill["seconds"],
        "killed_worker_replaced": kill["workers_replaced"],
        "killed_worker_all_pieces_there": True,
        "machine": about,
    }
    rows = [["way", "seconds, median", "tiles/s", "seconds after the first piece"]]
    rows += [
        [n, f"{statistics.median(times[n]):.2f}", f"{rates[n]:,.1f}", f"{steady[n]:.2f}"]
        for n in times
    ]
    rows.append(["Ray, a worker killed", f"{kill['seconds']:.2f}", "", ""])
    emit(result, as_json=given.json, tables=[(f"{runs.tiles:,} tiles, start included", rows)])


if __name__ == "__main__":
    main()
