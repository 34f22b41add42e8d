"""A build ends in the same set however it ran: interrupted, in other processes, tried again."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq
import pytest

from build_world import BOX, DEMO, SIZES, asked, made, parts, rows, small_pieces
from eex.build import pool, work
from eex.build.items import Item, TileBatch
from eex.build.job import Done, Job
from eex.build.make import build, job_of
from eex.build.plan import BuildFolder, Model, Plan
from eex.build.world import WorldScenes
from eex.config import Settings
from eex.embeddings import open_table
from eex.encoders.open import encoder
from eex.errors import (
    BadPictureError,
    BadQueryError,
    BusyError,
    EexError,
    MissingWeightsError,
    OutputError,
    UnavailableError,
    UnknownNameError,
)
from eex.imagery.bluemarble import BlueMarble

posix = pytest.mark.skipif(os.name == "nt", reason="processes are killed by signal")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a set that was built at one go."""
    path = tmp_path_factory.mktemp("whole") / "set.parquet"
    with pytest.MonkeyPatch.context() as patch:
        small_pieces(patch)
        made(path)
    return path


def same(path: Path, other: Path) -> None:
    assert rows(path).equals(rows(other))
    assert path.read_bytes() == other.read_bytes()


def alike(path: Path, other: Path) -> None:
    """Compare sets whose vectors were computed by other numbers of threads."""
    one, two = rows(path), rows(other)
    assert one.drop(["embedding"]).equals(two.drop(["embedding"]))
    vectors = [np.stack(table["embedding"].to_numpy()) for table in (one, two)]
    np.testing.assert_allclose(*vectors, atol=2**-10)


def test_rows_are_the_cells_of_the_box_and_vectors_are_the_encoders(whole: Path) -> None:
    table = rows(whole)
    lon, lat = (table[name].to_numpy() for name in ("centre_lon", "centre_lat"))
    west, south, east, north = BOX
    assert ((lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)).all()
    from eex.sources.world import WorldSource

    (every,) = WorldSource().tiles(batch=100_000)
    lons, lats = (every[name].to_numpy() for name in ("centre_lon", "centre_lat"))
    inside = (lons >= west) & (lons <= east) & (lats >= south) & (lats <= north)
    assert sorted(table["grid_cell"].to_pylist()) == sorted(
        every.filter(inside)["grid_cell"].to_pylist()
    )
    pictures = BlueMarble.open().cut(np.column_stack([lon, lat]))
    expected = encoder(DEMO).encode_image(pictures).astype(np.float64)
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    found = np.stack(table["embedding"].to_numpy())
    assert table.schema.field("embedding").type.value_type == "halffloat"
    np.testing.assert_allclose(found.astype(np.float64), expected, atol=2**-11)


def test_the_set_opens_and_says_what_it_is(whole: Path, tmp_path: Path) -> None:
    opened = open_table(whole, cache_dir=tmp_path)
    header = opened.header
    assert (header.model, header.dim, header.pixels) == (DEMO, 64, "bluemarble")
    assert header.sources == ("bluemarble",)
    assert "Stöckli" in header.attribution
    assert header.weights.startswith("eex.encoders/")


@pytest.mark.parametrize("workers", [1, 2])
def test_processes_make_the_same_set(
    workers: int, whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pieces(monkeypatch)
    path = tmp_path / "set.parquet"
    found = made(path, engine="local", workers=workers)
    if workers == 1:
        same(path, whole)
    alike(path, whole)
    assert found.rows == (rows(path).num_rows,)
    assert found.tiles == found.rows[0]
    assert 0 < found.waited < 1


def test_the_same_command_again_finds_all_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "set.parquet"
    first = made(path)
    stamp = path.stat().st_mtime_ns
    monkeypatch.setattr(work, "read_tiles", None)  # nothing may be read
    again = made(path)
    assert again.before
    assert again.rows == first.rows
    assert path.stat().st_mtime_ns == stamp
    assert sorted(p.name for p in BuildFolder(path).path.iterdir()) == [".lock", "done.json"]


def test_another_request_on_the_same_folder_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "set.parquet"
    made(path)
    with pytest.raises(BadQueryError, match="another build: size differ") as refused:
        made(path, tiling=SIZES.__class__(size=64, stride=16))
    assert "--fresh" in refused.value.hint
    found = made(path, box=(0.0, 40.0, 10.0, 50.0), fresh=True)
    assert found.rows[0] < rows(path).num_rows + 1 == found.rows[0] + 1


def test_a_set_that_is_there_is_not_replaced_unasked(tmp_path: Path) -> None:
    path = tmp_path / "set.parquet"
    path.write_bytes(b"mine")
    with pytest.raises(BadQueryError, match="is there already"):
        made(path)
    assert path.read_bytes() == b"mine"


def test_two_builds_of_one_output_keep_apart(tmp_path: Path) -> None:
    path = tmp_path / "set.parquet"
    with BuildFolder(path).held(), pytest.raises(BusyError, match=f"Process {os.getpid()}"):
        made(path)
    made(path)


def test_what_cannot_be_asked_for_is_told_before_any_work(tmp_path: Path) -> None:
    path = tmp_path / "set.parquet"
    for error, match, more in (
        (UnknownNameError, "encoder", {"models": (Model(name="demo-blumarble"),)}),
        (UnknownNameError, "engine", {"engine": "lokal"}),
        (UnknownNameError, "number format", {"dtype": "float61"}),
        (MissingWeightsError, "weights", {"models": (Model(name="remoteclip-vit-b-32"),)}),
        (BadQueryError, "No model", {"models": ()}),
        (BadQueryError, "0 pixels", {"tiling": SIZES.__class__(size=0)}),
        (BadQueryError, "twice", {"models": (Model(name=DEMO), Model(name=DEMO))}),
    ):
        with pytest.raises(error, match=match):
            made(path, **more)
    with pytest.raises(BadQueryError, match=r"not written as \.csv"):
        made(tmp_path / "set.csv")
    with pytest.raises(BadQueryError, match="no cells there"):
        made(path, box=(-30.0, 20.0, -29.0, 21.0))
    assert not list(tmp_path.glob("*.parquet"))


class Faulty:
    """Reads the embedded world; some items fail."""

    def __init__(self, bad: dict[int, Exception]) -> None:
        self.bad, self.read = bad, list[str]()
        self.real = work.read_tiles

    def __call__(self, item: Item, job: Job, wants: Any) -> Iterator[TileBatch]:
        self.read.append(item.key(job.tiling))
        items = WorldScenes(BOX).items()
        batches = self.real(item, job, wants)
        if (error := self.bad.get(items.index(item))) is not None:
            yield next(batches)  # it fails in the middle
            raise error
        yield from batches


def test_a_bad_scene_is_set_aside_and_tried_again_when_asked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pieces(monkeypatch)
    path, whole = tmp_path / "set.parquet", tmp_path / "whole" / "set.parquet"
    made(whole, batch=16)
    faulty = Faulty({2: BadPictureError("The file is damaged."), 4: ValueError("no such band")})
    monkeypatch.setattr(work, "read_tiles", faulty)
    found = made(path, batch=16)
    assert [(a.ref, a.reason, a.code) for a in found.aside] == [
        ("bluemarble", "The file is damaged.", "bad-picture"),
        ("bluemarble", "ValueError: no such band", "error"),
    ]
    items = WorldScenes(BOX).items()
    lost = items[2].tiles + items[4].tiles
    assert found.rows == (rows(whole).num_rows - lost,)
    faulty.bad, faulty.read = {}, []
    again = made(path, batch=16)
    assert not faulty.read  # not without --retry
    assert len(again.aside) == 2
    last = made(path, batch=16, retry=True)
    assert sorted(faulty.read) == sorted(items[i].key(SIZES) for i in (2, 4))
    assert not last.aside
    same(path, whole)


def test_a_network_that_fails_leaves_items_for_the_next_run(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pieces(monkeypatch)
    path = tmp_path / "set.parquet"
    count = len(WorldScenes(BOX).items())
    faulty = Faulty({i: UnavailableError("No answer.") for i in range(3, count)})
    monkeypatch.setattr(work, "read_tiles", faulty)
    with pytest.raises(UnavailableError, match=f"{count - 3} pieces are left") as stopped:
        made(path)
    assert "same command" in stopped.value.hint
    assert len(faulty.read) <= 3 + 5 + 2 + 3  # it does not try every one
    assert not path.exists()
    kept = parts(path)
    assert len(kept) == 3
    faulty.bad, faulty.read = {}, []
    made(path)
    assert not set(faulty.read) & set(kept)
    same(path, whole)


def test_a_full_disk_is_told_and_finished_parts_stay(
    whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pieces(monkeypatch)
    path = tmp_path / "set.parquet"
    real, count = pq.write_table, 0

    def full(*given: Any, **more: Any) -> None:
        nonlocal count
        count += 1
        if count > 2:
            raise OSError(28, "No space left on device")
        real(*given, **more)

    monkeypatch.setattr(pq, "write_table", full)
    with pytest.raises(OutputError, match="the disk is full"):
        made(path)
    assert len(parts(path)) == 2
    assert not list(BuildFolder(path).parts.rglob(".*"))
    monkeypatch.setattr(pq, "write_table", real)
    made(path)
    same(path, whole)


def test_a_plan_survives_the_disk(tmp_path: Path) -> None:
    items = tuple(WorldScenes(BOX).items())
    plan = Plan(request={"a": 1}, tiling=SIZES, models=(Model(name=DEMO),), items=items)
    folder = BuildFolder(tmp_path / "set.parquet")
    with folder.held():
        folder.begin(plan)
        assert folder.plan() == plan
        (folder.path / "plan.json").write_text(plan.to_json()[:-5])
        with pytest.raises(EexError, match="not the plan of a build"):
            folder.plan()


# Builds argv[1] with argv[2] workers; is killed in between.
BUILDER = """
import sys
from pathlib import Path
import eex.build.world
eex.build.world.PIECE = 12
sys.path.insert(0, sys.argv[3])
from build_world import made
made(Path(sys.argv[1]), engine=sys.argv[2], workers=1)
"""


def started(path: Path, engine: str = "local") -> subprocess.Popen[bytes]:
    here = str(Path(__file__).parent)
    return subprocess.Popen(
        [sys.executable, "-c", BUILDER, str(path), engine, here], stderr=subprocess.PIPE
    )


@posix
def test_a_build_killed_at_ten_moments_ends_in_the_same_set(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    small_pieces(monkeypatch, 12)
    undisturbed = tmp_path / "whole" / "set.parquet"
    made(undisturbed)
    path = tmp_path / "killed" / "set.parquet"
    count = len(WorldScenes(BOX).items())
    rng = np.random.default_rng(7)
    seen, kills = [0], 0
    while kills < 10:
        process = started(path)
        goal = min(count - 1, len(parts(path)) + int(rng.integers(0, 3)))
        while len(parts(path)) < goal and process.poll() is None:
            time.sleep(0.002)
        time.sleep(float(rng.uniform(0, 0.05 if goal else 1.0)))
        process.kill()
        process.communicate()
        kills += 1
        seen.append(len(parts(path)))
        if path.exists():
            break
    assert kills == 10 or path.exists()
    assert seen == sorted(seen)  # nothing finished was lost
    assert any(0 < n < count for n in seen)  # kills fell into the work, or this saw nothing
    before = parts(path)
    process = started(path)
    _, told = process.communicate()
    assert process.returncode == 0, told.decode()
    assert len(before) <= count
    same(path, undisturbed)
    assert sorted(p.name for p in BuildFolder(path).path.iterdir()) == [".lock", "done.json"]


@posix
def test_no_worker_outlives_a_killed_build(tmp_path: Path) -> None:
    if not sys.platform.startswith("linux"):
        pytest.skip("prctl is of Linux")
    path = tmp_path / "set.parquet"
    process = started(path)
    children: list[int] = []
    while not children and process.poll() is None:
        told = subprocess.run(
            ["ps", "--ppid", str(process.pid), "-o", "pid="],
            capture_output=True,
            text=True,
            check=False,
        ).stdout
        children = [int(pid) for pid in told.split()]
        time.sleep(0.01)
    process.kill()
    process.communicate()
    assert children
    until = time.monotonic() + 5
    while time.monotonic() < until and any(alive(pid) for pid in children):
        time.sleep(0.02)
    assert not any(alive(pid) for pid in children)


def alive(pid: int) -> bool:
    try:
        state = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def a_job(path: Path, monkeypatch: pytest.MonkeyPatch) -> tuple[Job, list[Item]]:
    small_pieces(monkeypatch, 20)
    source, wanted = WorldScenes(BOX), asked()
    plan = Plan(
        request={"source": "world"},
        tiling=SIZES,
        models=wanted.models,
        items=tuple(source.items()),
    )
    folder = BuildFolder(path)
    folder.begin(plan)
    from eex.encoders.open import encoder_spec

    job = job_of(folder, plan, wanted, [encoder_spec(DEMO)], Settings.from_env())
    return job, list(plan.items)


@posix
def test_a_killed_worker_is_replaced_and_nothing_is_done_twice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, items = a_job(tmp_path / "set.parquet", monkeypatch)
    running = pool._Pool(items, job, 1)
    done: list[Done] = []
    for told in running.run():
        done.append(told)
        if len(done) in (2, 5):
            running.workers[0].process.send_signal(signal.SIGKILL)
    assert running.deaths == 2
    assert sorted(d.key for d in done) == sorted(item.key(SIZES) for item in items)
    assert {d.state for d in done} == {"done"}
    running.end()


@posix
def test_workers_that_die_again_and_again_are_given_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, items = a_job(tmp_path / "set.parquet", monkeypatch)
    running = pool._Pool(items, job, 1)
    stop = threading.Event()

    def kill() -> None:
        while not stop.wait(0.02):
            for worker in list(running.workers):
                worker.process.kill()

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        with pytest.raises(EexError, match=r"died 6 times.*-9") as given_up:
            list(running.run())
    finally:
        stop.set()
        thread.join()
        running.end()
    assert "same command" in given_up.value.hint


def test_errors_of_workers_arrive_as_they_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job, items = a_job(tmp_path / "set.parquet", monkeypatch)
    from dataclasses import replace

    lost = replace(job, models=(Model(name="remoteclip-vit-b-32"),))
    with pytest.raises(MissingWeightsError) as told:
        list(pool.local_pool(items, lost))
    assert told.value.hint == "eex models get remoteclip-vit-b-32"


def test_several_models_share_one_reading(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    job, items = a_job(tmp_path / "set.parquet", monkeypatch)
    from dataclasses import replace

    two = replace(
        job,
        models=(*job.models, Model(name=DEMO, weights="other")),
        wants=job.wants * 2,
    )
    monkeypatch.setattr(Model, "stem", property(lambda m: f"m{m.weights}"))
    for model in two.models:
        (Path(job.parts) / model.stem).mkdir()
    faulty = Faulty({})
    monkeypatch.setattr(WorldScenes, "items", lambda _: items)
    monkeypatch.setattr(work, "read_tiles", faulty)
    one = encoder(DEMO)
    done = list(work.embed_items(items, two, encoders=[one, one]))
    assert len(faulty.read) == len(items) == len(done)
    for item in items:
        first, second = (
            (Path(job.parts) / m.stem / f"{item.key(SIZES)}.parquet").read_bytes()
            for m in two.models
        )
        assert first == second


def test_time_without_work_is_counted_by_the_clock() -> None:
    now = [0.0]
    idle = work.Idle(lambda: now[0])
    now[0] = 2.0  # two seconds of nothing
    with idle:
        now[0] = 5.0
        with idle:  # another thread
            now[0] = 6.0
        now[0] = 7.0
    now[0] = 7.5  # and half a second
    assert idle.take() == 2.5
    now[0] = 8.0
    assert idle.take() == 0.5


def test_a_build_says_how_far_it_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    small_pieces(monkeypatch)
    told: list[tuple[str, int, int]] = []
    found = build(
        WorldScenes(BOX),
        tmp_path / "set.parquet",
        asked(),
        settings=Settings.from_env(),
        progress=lambda *step: told.append(step),
    )
    steps = [(done, total) for what, done, total in told if what == "embedding"]
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)
    assert steps[-1] == (found.rows[0], found.rows[0])
    record = json.loads((tmp_path / "set.build" / "done.json").read_text())
    assert record["rows"] == list(found.rows)
