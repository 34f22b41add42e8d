"""Workers of Ray, on loopback: their answer is that of one index, also when they are killed."""

from __future__ import annotations

import itertools
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pyarrow as pa
import pytest

from eex import cluster as ray_cluster
from eex.embeddings import SetHeader, open_folder
from eex.embeddings.write import write_opened
from eex.errors import (
    BadQueryError,
    CancelledError,
    DamagedSetError,
    EexError,
    SetError,
    UnavailableError,
)
from eex.index import ray_shards
from eex.index.base import Hits, PartialHits, VectorIndex
from eex.index.engines import Opening
from eex.index.exact import ExactIndex
from eex.index.ray_engine import RAY
from eex.index.ray_shards import RayShards
from eex.stopping import check_stopped, stopping
from eex.testing import IndexContract, toy_vectors

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from numpy.typing import NDArray

    from eex.embeddings import EmbeddingSet
    from eex.index.sharded import ShardedIndex

if find_spec("ray") is None:
    pytest.skip("Ray is not installed", allow_module_level=True)

ROWS = 3_000

Opened = tuple["ShardedIndex", "EmbeddingSet", ExactIndex]


def written(folder: Path, vectors: NDArray[Any], **header: Any) -> EmbeddingSet:
    """Return a set whose folder lies on disk, as workers need it."""
    folder.mkdir(parents=True)
    rng = np.random.default_rng(0)
    table = pa.record_batch(
        {
            "lon": rng.uniform(-180, 180, len(vectors)),
            "lat": rng.uniform(-90, 90, len(vectors)),
            "embedding": list(vectors),
        }
    )
    about = SetHeader(id="toys", title="Toys", model="toy", dim=vectors.shape[1], **header)
    write_opened(folder, [table], header=about)
    return open_folder(folder, key="k1")


def opened(embeddings: EmbeddingSet, **options: Any) -> ShardedIndex:
    given = {"shards": 2, "patience": 30.0, **options}
    index = RAY.open(Opening(embeddings=embeddings, options=given, threads=2))
    assert isinstance(index, VectorIndex)
    return index  # type: ignore[return-value]


def shards_of(index: ShardedIndex) -> RayShards:
    assert isinstance(index.shards, RayShards)
    return index.shards


def pids(index: ShardedIndex) -> list[int]:
    return [pid for _, pid in shards_of(index).processes()]


def same(a: Hits, b: Hits) -> None:
    np.testing.assert_array_equal(a.rows, b.rows)
    np.testing.assert_array_equal(a.scores, b.scores)


@pytest.fixture(scope="module", autouse=True)
def index(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Opened]:
    """Keep one Ray for all tests of this file; afterwards nothing of it is left."""
    before = set(Path("/tmp").glob("eex-ray-*"))
    embeddings = written(tmp_path_factory.mktemp("ray") / "set", toy_vectors(ROWS, seed=4))
    made = opened(embeddings)
    import ray.cloudpickle

    ray.cloudpickle.register_pickle_by_value(sys.modules[__name__])  # for the requests below
    yield made, embeddings, ExactIndex(embeddings.vectors)
    made.close()
    assert not [args for pid, args in family() if pid != os.getpid() and "ray" in args]
    assert set(Path("/tmp").glob("eex-ray-*")) == before


def family() -> list[tuple[int, str]]:
    """Return this process and those that descend from it, with their arguments."""
    command = ["ps", "-eo", "pid=,ppid=,args="]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines = [line.split(None, 2) for line in told.splitlines()]
    ours = {str(os.getpid())}
    for _ in range(5):
        ours |= {pid for pid, parent, _ in lines if parent in ours}
    return [(int(pid), args) for pid, _, args in lines if pid in ours and args[:3] != "ps "]


class TestRayWorkers(IndexContract):
    folder: ClassVar[Path]
    cache: ClassVar[dict[bytes, ShardedIndex]] = {}
    """Many tests ask the same vectors; workers take a second to start."""

    @pytest.fixture(autouse=True, scope="class")
    @classmethod
    def _folder(cls, tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
        cls.folder = tmp_path_factory.mktemp("contract")
        yield
        for index in cls.cache.values():
            index.close()
        cls.cache.clear()

    @classmethod
    def make(cls, vectors: NDArray[np.float32]) -> ShardedIndex:
        key = vectors.tobytes() + str(vectors.shape).encode()
        index = cls.cache.pop(key, None)
        if index is None:
            index = opened(written(cls.folder / str(time.monotonic_ns()), vectors))
        cls.cache[key] = index  # the last used at the end
        while len(cls.cache) > 4:
            cls.cache.pop(next(iter(cls.cache))).close()
        return index


def test_a_set_of_integers_answers_as_one_index(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    stored = rng.integers(-127, 128, size=(500, 16), dtype=np.int8)
    stored[[5, 300]] = 0
    embeddings = written(tmp_path / "set", stored, scale=0.01, offset=0.1)
    from eex.index.plain import open_exact

    whole = open_exact(Opening(embeddings=embeddings))
    with opened(embeddings) as index:
        same(index.search(toy_vectors(3), k=40), whole.search(toy_vectors(3), k=40))


def test_own_ray_listens_on_this_machine_only() -> None:
    open_to_all = set()
    for table in ("/proc/net/tcp", "/proc/net/tcp6"):
        for line in Path(table).read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and not loopback(fields[1]):  # LISTEN
                open_to_all.add(fields[9])
    processes = family()
    assert len(processes) >= 5
    assert not {name for pid, _ in processes for name in open_sockets(pid)} & open_to_all


def open_sockets(pid: int) -> list[str]:
    names = []
    for link in Path(f"/proc/{pid}/fd").glob("*"):
        try:
            target = str(link.readlink())
        except OSError:
            continue
        if target.startswith("socket:["):
            names.append(target[8:-1])
    return names


def loopback(address: str) -> bool:
    host = address.split(":", maxsplit=1)[0]
    return host == "0100007F" or host.endswith(("FFFF00000100007F", "00000000000001000000"))


def test_a_killed_worker_is_replaced_and_the_answer_is_whole(index: Opened) -> None:
    made, _, whole = index
    query = toy_vectors(1, seed=9)
    os.kill(pids(made)[0], signal.SIGKILL)
    hits = made.search(query, k=30)
    assert not isinstance(hits, PartialHits)
    same(hits, whole.search(query, k=30))
    np.testing.assert_array_equal(made.scores(query[0]), whole.scores(query[0]))
    assert not shards_of(made).lost


def test_workers_killed_during_searches_change_no_answer(index: Opened) -> None:
    made, _, whole = index
    queries = toy_vectors(400, seed=11)
    mask = np.arange(ROWS) % 3 == 0
    expected = whole.search(queries, k=5, mask=mask)
    victims, done, killed = iter(pids(made)), threading.Event(), []

    def kill() -> None:
        for victim in victims:
            if done.wait(0.3):
                return
            os.kill(victim, signal.SIGKILL)
            killed.append(victim)

    thread = threading.Thread(target=kill)
    thread.start()
    for i in range(400):
        hits = made.search(queries[i : i + 1], k=5, mask=mask)
        assert not isinstance(hits, PartialHits)
        np.testing.assert_array_equal(hits.rows[0], expected.rows[i])
        np.testing.assert_array_equal(hits.scores[0], expected.scores[i])
        if len(killed) == 2 and i >= 20:
            break
    done.set()
    thread.join()
    assert len(killed) == 2
    assert not set(pids(made)) & set(killed)


def test_a_worker_that_cannot_come_back_is_told_until_it_can(
    index: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, embeddings, whole = index
    query, there = toy_vectors(1, seed=9), np.arange(ROWS) >= 1_500
    assert embeddings.folder is not None
    aside = embeddings.folder.with_name("aside")
    embeddings.folder.rename(aside)  # those that have it open go on; a new one finds nothing
    os.kill(pids(made)[0], signal.SIGKILL)
    hits = made.search(query, k=30)
    assert isinstance(hits, PartialHits)
    assert hits.missing == ((0, 1_500),)
    same(hits, whole.search(query, k=30, mask=there))
    assert "set.json" in shards_of(made).lost[0, 1_500]
    started = time.monotonic()
    scores, found = made.scan(query[0], k=30)
    assert isinstance(found, PartialHits)
    assert time.monotonic() - started < 5  # it is known to be lost: nobody waits for it again
    np.testing.assert_array_equal(np.isnan(scores), ~there)
    aside.rename(embeddings.folder)
    monkeypatch.setattr(ray_shards, "RETRY_SECONDS", 0.0)
    until = time.monotonic() + 20
    while isinstance(made.search(query, k=30), PartialHits):
        assert time.monotonic() < until
        time.sleep(0.1)
    same(made.search(query, k=30), whole.search(query, k=30))
    assert not shards_of(made).lost


class Slow:
    """A request that takes as long as it is told, in a place."""

    def __init__(self, seconds: float, path: Path) -> None:
        self.seconds, self.path = seconds, path

    def of(self, _index: VectorIndex, _masks: Sequence[object]) -> str:
        end = time.monotonic() + self.seconds
        try:
            while time.monotonic() < end:
                check_stopped()
                time.sleep(0.01)
        except CancelledError:
            self.path.write_text("stopped")
            raise
        return "done"


def test_a_worker_that_is_too_slow_is_told_and_asked_again_later(
    tmp_path: Path, index: Opened, monkeypatch: pytest.MonkeyPatch
) -> None:
    made, _, whole = index
    query, shards = toy_vectors(1), shards_of(made)
    workers = pids(made)
    with monkeypatch.context() as impatient:
        impatient.setattr(shards, "_patience", 0.5)
        quick, slow = Slow(0.0, tmp_path / "a"), Slow(30.0, tmp_path / "b")
        assert shards.ask([quick, slow]) == ["done", None]
    assert "0.5 s" in shards.lost[1_500, ROWS]
    until = time.monotonic() + 20
    while isinstance(made.search(query, k=5), PartialHits):
        assert time.monotonic() < until
        time.sleep(0.05)
    same(made.search(query, k=5), whole.search(query, k=5))
    while not (tmp_path / "b").exists():
        assert time.monotonic() < until
        time.sleep(0.02)
    assert (tmp_path / "b").read_text() == "stopped"
    assert not shards.lost
    assert pids(made) == workers  # it was slow, not lost


def test_closing_under_searches_ends_them_well_and_refuses_later_ones(tmp_path: Path) -> None:
    embeddings = written(tmp_path / "set", toy_vectors(100))
    made, query = opened(embeddings), toy_vectors(1)
    expected, shards, workers = made.search(query, k=9), shards_of(made), pids(made)
    answers: list[list[str | None]] = []
    others: list[object] = []

    def ask_slowly() -> None:
        answers.append(shards.ask([Begins(1.0, tmp_path / name) for name in "ab"]))

    def search_on() -> None:
        try:
            while True:
                same(made.search(query, k=9), expected)
        except (EexError, AssertionError) as error:
            others.append(error)

    threads = [threading.Thread(target=some) for some in (ask_slowly, search_on, search_on)]
    for thread in threads:
        thread.start()
    until = time.monotonic() + 20
    while not ((tmp_path / "a").exists() and (tmp_path / "b").exists()):
        assert time.monotonic() < until
        time.sleep(0.01)
    made.close()
    made.close()
    for thread in threads:
        thread.join(30)
    assert answers == [["done", "done"]]
    assert [str(error) for error in others] == ["The set was closed; ask again."] * 2
    for late in (pids, lambda some: some.scan(query[0], k=1)):
        with pytest.raises(EexError, match="closed"):
            late(made)
    assert not shards.lost
    assert shards.spans == ((0, 50), (50, 100))
    while set(workers) & {pid for pid, _ in running()}:
        assert time.monotonic() < until
        time.sleep(0.05)


def test_who_attaches_while_the_last_one_lets_go_gets_a_ray_that_lives(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    fresh = {"lock": threading.RLock(), "own_token": "", "cluster": None, "users": 0}
    held: Any = type("Held", (), fresh)
    number, ended, leaves, end = itertools.count(), [], threading.Event(), ray_cluster._end

    def attached(*_: object) -> Any:
        name = next(number)
        return ray_cluster.Cluster(name, ""), lambda: ended.append(name)

    def end_late() -> None:
        leaves.set()
        time.sleep(0.2)
        end()

    monkeypatch.setattr(ray_cluster, "_Held", held)
    monkeypatch.setattr(ray_cluster, "_attached", attached)
    monkeypatch.setattr(ray_cluster, "_end", end_late)
    assert ray_cluster.attach("", cpus=1).ray == 0
    last = threading.Thread(target=ray_cluster.release)
    last.start()
    leaves.wait()
    new = ray_cluster.attach("", cpus=1)
    last.join()
    assert (new.ray, held.users, ended) == (1, 1, [0])
    ray_cluster.release()
    assert (held.users, ended) == (0, [0, 1])
    ray_cluster.release()
    assert (held.users, ended) == (0, [0, 1])


def test_a_search_that_should_stop_stops_its_workers(tmp_path: Path, index: Opened) -> None:
    shards = shards_of(index[0])
    started = time.monotonic()
    with (
        stopping(lambda: time.monotonic() - started > 0.5),
        pytest.raises(CancelledError),
    ):
        shards.ask([Slow(30.0, tmp_path / "a"), Slow(30.0, tmp_path / "b")])
    assert time.monotonic() - started < 10
    until = time.monotonic() + 10
    while not ((tmp_path / "a").exists() and (tmp_path / "b").exists()):
        assert time.monotonic() < until
        time.sleep(0.02)
    assert not shards.lost


class Begins(Slow):
    """The same, and tells when it begins."""

    def of(self, index: VectorIndex, masks: Sequence[object]) -> str:
        self.path.touch()
        return super().of(index, masks)


class Fails:
    """A request with a mistake in it."""

    def of(self, _index: VectorIndex, _masks: Sequence[object]) -> str:
        message = "a mistake"
        raise KeyError(message)


def test_a_mistake_in_a_worker_is_raised_not_taken_for_a_lost_one(index: Opened) -> None:
    with pytest.raises(KeyError, match="a mistake"):
        shards_of(index[0]).ask([Fails(), None])
    assert not shards_of(index[0]).lost


def test_a_mask_is_put_once(index: Opened) -> None:
    made, _, whole = index
    query, masks = toy_vectors(1, seed=3), shards_of(made)._masks
    for i in range(ray_shards.MASKS + 3):
        mask = np.arange(ROWS) % (i + 2) == 0
        same(made.search(query, k=9, mask=mask), whole.search(query, k=9, mask=mask))
        refs = masks.of(mask)
        assert masks.of(mask.copy()) is refs
        mask[:10] = ~mask[:10]  # the same array, another mask
        same(made.search(query, k=9, mask=mask), whole.search(query, k=9, mask=mask))
        assert masks.of(mask) is not refs
    assert len(masks._kept) == ray_shards.MASKS


def test_threads_that_ask_at_once_get_their_own_answers(index: Opened) -> None:
    made, _, whole = index
    wrong: list[int] = []

    def ask(seed: int) -> None:
        for i in range(5):
            query = toy_vectors(1, seed=1_000 * seed + i)
            got, expected = made.scan(query[0], k=7), whole.scan(query[0], k=7)
            if not np.array_equal(got.hits.rows, expected.hits.rows):
                wrong.append(seed)

    threads = [threading.Thread(target=ask, args=(seed,)) for seed in range(1, 7)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong


def test_a_folder_with_another_set_is_refused(tmp_path: Path) -> None:
    embeddings = written(tmp_path / "set", toy_vectors(100))
    shutil.rmtree(tmp_path / "set")
    written(tmp_path / "set", toy_vectors(100, seed=1))
    with pytest.raises(DamagedSetError, match="not the one"):
        opened(embeddings, shards=1)


def test_what_cannot_be_opened_is_told(tmp_path: Path) -> None:
    embeddings = written(tmp_path / "set", toy_vectors(100))
    from dataclasses import replace

    with pytest.raises(SetError, match="memory only"):
        opened(replace(embeddings, folder=None))
    for wrong in ({"shards": -1}, {"cpus": 0}, {"patience": 0.0}, {"engine": "ray"}):
        with pytest.raises(BadQueryError):
            opened(embeddings, **wrong)
    with pytest.raises(BadQueryError, match="already"):
        opened(embeddings, address="127.0.0.1:1")


ALONE = """
import sys, warnings
from pathlib import Path
from eex.embeddings import open_folder
from eex.index.engines import Opening
from eex.index.ray_engine import RAY
import os, signal, numpy as np
if __name__ == "__main__":
    embeddings = open_folder(Path(sys.argv[1]), key="k1")
    options = {"shards": 2, "address": sys.argv[2], "patience": 30.0}
    index = RAY.open(Opening(embeddings=embeddings, options=options, threads=2))
    os.kill(index.shards.processes()[0][1], signal.SIGKILL)
    hits = index.search(np.ones((1, index.dim)), k=3)
    print(hits.rows.tolist())
    print([pid for _, pid in index.shards.processes()], flush=True)
    if sys.argv[3] == "killed":
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.parametrize("ends", ["well", pytest.param("killed", marks=pytest.mark.slow)])
def test_a_program_that_never_closes_leaves_no_process_and_prints_nothing(
    tmp_path: Path, ends: str
) -> None:
    embeddings = written(tmp_path / "set", toy_vectors(100))
    command = [sys.executable, "-c", ALONE, str(tmp_path / "set"), "", ends]
    with tempfile.TemporaryDirectory(prefix="eex-", ignore_cleanup_errors=True) as short:
        environ = {**os.environ, "TMPDIR": short}
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=60, env=environ
        )
        assert done.stderr == ""
        rows, workers = (json.loads(line) for line in done.stdout.splitlines())
        expected = ExactIndex(embeddings.vectors).search(np.ones((1, 16)), k=3).rows
        assert rows == expected.tolist()
        assert done.returncode == (0 if ends == "well" else -signal.SIGKILL)
        until = time.monotonic() + 10
        while left := [args for pid, args in running() if pid in workers or short in args]:
            assert time.monotonic() < until, left
            time.sleep(0.1)
        if ends == "well":
            assert not list(Path(short).glob("eex-ray-*"))


def running() -> list[tuple[int, str]]:
    command = ["ps", "-eo", "pid=,args="]
    told = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    lines = [line.split(None, 1) for line in told.splitlines()]
    return [(int(line[0]), line[-1]) for line in lines]


def test_folders_of_programs_that_were_killed_go_after_a_day(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(ray_cluster, "TEMPORARY_LETTERS", 1_000)
    gone = subprocess.Popen(["true"])
    gone.wait()
    names = [f"eex-ray-{gone.pid}-old", f"eex-ray-{os.getpid()}-old", f"eex-ray-{gone.pid}-new"]
    for name in names:
        (tmp_path / name / "logs").mkdir(parents=True)
        if name.endswith("old"):
            os.utime(tmp_path / name, (0, 0))
    made = ray_cluster._temporary()
    assert {path.name for path in tmp_path.iterdir()} == {*names[1:], made.name}


def test_an_address_where_no_ray_is_says_so(tmp_path: Path) -> None:
    written(tmp_path / "set", toy_vectors(100))
    command = [sys.executable, "-c", ALONE, str(tmp_path / "set"), "127.0.0.1:1", "well"]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=100)
    last, hint = done.stderr.splitlines()[-2:]
    assert UnavailableError.__name__ in last
    assert "127.0.0.1:1" in last
    assert "ray start --head" in hint


SEVERAL = """
import os, subprocess, sys, time
from pathlib import Path
import numpy as np
from ray.cluster_utils import Cluster
from eex.embeddings import open_folder
from eex.index.engines import Opening
from eex.index.exact import ExactIndex
from eex.index.ray_engine import RAY
if __name__ == "__main__":
    machines = Cluster(initialize_head=True, head_node_args={"num_cpus": 0})
    for _ in range(3):
        machines.add_node(num_cpus=1)
    embeddings = open_folder(Path(sys.argv[1]), key="k1")
    query = np.ones((1, embeddings.header.dim))
    whole = ExactIndex(embeddings.vectors).search(query, k=9).rows.tolist()
    options = {"shards": 2, "address": machines.address, "patience": 20.0}
    with RAY.open(Opening(embeddings=embeddings, options=options)) as index:
        for _ in range(2):
            worker = index.shards.processes()[0][1]
            parent = ["ps", "-o", "ppid=", "-p", str(worker)]
            raylet = int(subprocess.run(parent, capture_output=True, check=True).stdout)
            for node in list(machines.worker_nodes):
                if node.all_processes["raylet"][0].process.pid == raylet:
                    machines.remove_node(node)
            hits = index.search(query, k=9)
            print(hits.rows.tolist() == whole, getattr(hits, "missing", ()))
        machines.add_node(num_cpus=1)
        until = time.monotonic() + 60
        while getattr(index.search(query, k=9), "missing", ()) and time.monotonic() < until:
            time.sleep(0.1)
        print(index.search(query, k=9).rows.tolist() == whole)
    machines.shutdown()
"""


@pytest.mark.slow
def test_a_lost_machine_is_made_up_for_by_another_or_told(tmp_path: Path) -> None:
    written(tmp_path / "set", toy_vectors(100))
    environ = {"RAY_ENABLE_WINDOWS_OR_OSX_CLUSTER": "0", "RAY_AUTH_MODE": "disabled"}
    command = [sys.executable, "-W", "ignore", "-c", SEVERAL, str(tmp_path / "set")]
    with tempfile.TemporaryDirectory(prefix="eex-", ignore_cleanup_errors=True) as short:
        environ = {**os.environ, **environ, "RAY_TMPDIR": short, "RAY_USAGE_STATS_ENABLED": "0"}
        done = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=200, env=environ
        )
    assert done.returncode == 0, done.stderr
    told = [line for line in done.stdout.splitlines() if line.startswith(("True", "False"))]
    # a spare machine takes over; then none is left, which is told; then one comes
    assert told == ["True ()", "False ((0, 50),)", "True"]
