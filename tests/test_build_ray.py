"""Builds on Ray end in the same set, also when its processes are killed."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from build_world import BOX, DEMO, SIZES, asked, made, rows, small_pieces
from eex.build.job import Done, Job
from eex.build.make import job_of
from eex.build.plan import BuildFolder, Model, Plan
from eex.build.world import WorldScenes
from eex.config import Settings
from eex.errors import MissingWeightsError, OutputError
from test_build_instead import damage, make, same_rows

if find_spec("ray") is None:
    pytest.skip("Ray is not installed", allow_module_level=True)

from eex.build import ray_pool
from eex.cluster import attach, release


@pytest.fixture(scope="module", autouse=True)
def _ray() -> Iterator[None]:
    """Keep one Ray for all tests of this file."""
    attach("", cpus=2)
    yield
    release()


def a_job(path: Path, monkeypatch: pytest.MonkeyPatch, cells: int = 20) -> tuple[Job, list[Any]]:
    small_pieces(monkeypatch, cells)
    items = tuple(WorldScenes(BOX).items())
    wanted = asked(engine="ray")
    plan = Plan(request={"source": "world"}, tiling=SIZES, models=wanted.models, items=items)
    folder = BuildFolder(path)
    folder.begin(plan)
    from eex.encoders.open import encoder_spec

    job = job_of(folder, plan, wanted, [encoder_spec(DEMO)], Settings.from_env())
    return replace(job, device="cpu"), list(items)


def test_ray_makes_the_same_set(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_pieces(monkeypatch)
    path, whole = tmp_path / "ray" / "set.parquet", tmp_path / "whole" / "set.parquet"
    made(whole)
    found = made(path, engine="ray", workers=2, device="cpu")
    one, two = rows(path), rows(whole)
    assert one.drop(["embedding"]).equals(two.drop(["embedding"]))
    vectors = [np.stack(table["embedding"].to_numpy()) for table in (one, two)]
    np.testing.assert_allclose(*vectors, atol=2**-10)  # other numbers of threads
    assert found.tiles == found.rows[0]


def test_a_killed_process_of_ray_is_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, items = a_job(tmp_path / "set.parquet", monkeypatch)
    import ray

    monkeypatch.setattr(ray_pool, "CHUNK", 1)
    monkeypatch.setattr(ray_pool.Embedder, "pid", lambda _: os.getpid(), raising=False)
    done: list[Done] = []
    pools: list[Any] = []
    real = ray_pool._Pool

    def kept(*given: Any, **more: Any) -> Any:
        pools.append(real(*given, **more))
        return pools[-1]

    monkeypatch.setattr(ray_pool, "_Pool", kept)
    running = ray_pool.ray_pool(items, job, workers=2)
    for told in running:
        done.append(told)
        if len(done) == 3:
            (pool,) = pools
            pid = ray.get(pool.actors[0].pid.remote())
            os.kill(pid, signal.SIGKILL)
    assert sorted({d.key for d in done}) == sorted(item.key(SIZES) for item in items)
    assert {d.state for d in done} == {"done"}
    assert pools[0].deaths >= 1
    assert not any(job.missing(item.key(SIZES)) for item in items)


def test_errors_of_rays_processes_arrive_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, items = a_job(tmp_path / "set.parquet", monkeypatch, 200)
    lost = replace(job, models=(Model(name="remoteclip-vit-b-32"),))
    with pytest.raises(MissingWeightsError) as told:
        list(ray_pool.ray_pool(items, lost))
    assert told.value.hint == "eex models get remoteclip-vit-b-32"
    elsewhere = replace(job, parts=str(tmp_path / "not" / "here"))
    with pytest.raises(OutputError, match="does not see the folder"):
        list(ray_pool.ray_pool(items, elsewhere))


def test_nothing_is_started_for_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job, _ = a_job(tmp_path / "set.parquet", monkeypatch, 200)
    began = time.monotonic()
    assert list(ray_pool.ray_pool([], job)) == []
    assert time.monotonic() - began < 1


def test_ray_reads_other_scenes_for_a_damaged_one(tmp_path: Path) -> None:
    damage(tmp_path, "a")
    found = make(tmp_path, "set.parquet", "a", "b", engine="ray", workers=2, device="cpu")
    make(tmp_path, "never.parquet", "b")
    assert {one.ref for one in found.aside} == {"a"}
    same_rows(tmp_path / "set.parquet", tmp_path / "never.parquet")
