"""FAISS behind the protocol of indexes: the same promises, its recall stated."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from eex.embeddings import EmbeddingSet, SetHeader
from eex.embeddings.header import Counts
from eex.errors import (
    BadQueryError,
    CancelledError,
    DamagedSetError,
    MissingExtraError,
    OutputError,
)
from eex.index import built, faiss_build, faiss_engines, faiss_rows, faiss_search
from eex.index.engines import EngineSpec, Opening
from eex.index.exact import ExactIndex
from eex.index.faiss_search import FaissIndex
from eex.index.plain import open_exact
from eex.stopping import stopping
from eex.testing import IndexContract, toy_vectors

pytest.importorskip("faiss")

ENGINES: dict[str, EngineSpec] = {
    spec.name: spec
    for spec in (
        faiss_engines.FAISS_FLAT,
        faiss_engines.FAISS_IVF_RABITQ,
        faiss_engines.FAISS_IVF_SQ8,
        faiss_engines.FAISS_IVF_PQ,
        faiss_engines.FAISS_HNSW,
    )
}
LISTED = ("faiss-ivf-rabitq", "faiss-ivf-sq8", "faiss-ivf-pq")


@pytest.fixture(autouse=True)
def _engines(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(built, "engine", ENGINES.__getitem__)
    monkeypatch.setattr(built, "engine_names", lambda: tuple(sorted(ENGINES)))
    monkeypatch.setattr(faiss_search, "EXACT_ROWS", 8)  # so that masks go to FAISS
    monkeypatch.setattr(faiss_search, "FEWEST", 60)


def set_of(vectors: NDArray[Any], folder: Path, **header: Any) -> EmbeddingSet:
    """Return a set of these vectors that lies in a folder, mapped."""
    path = folder / "vectors.npy"
    np.save(path, vectors)
    about = SetHeader(id="toys", title="Toys", model="toy", dim=vectors.shape[1], **header)
    lonlat = np.zeros((len(vectors), 2))
    with np.errstate(all="ignore"):
        squares = (vectors.astype(np.float64) ** 2).sum(axis=1)
    left_out = np.flatnonzero(~(np.isfinite(squares) & (squares > 0)))
    return EmbeddingSet(
        about,
        np.load(path, mmap_mode="r"),
        lonlat,
        pa.table({"row": np.arange(len(vectors))}),
        "key",
        counted=Counts(rows=len(vectors), zero=len(left_out)),
        unusable=left_out,
        folder=folder,
    )


def opened(embeddings: EmbeddingSet, name: str, **options: Any) -> FaissIndex:
    """Build an index and open it from the disk."""
    fixed = {option.name for option in ENGINES[name].options if not option.searching}
    building = {key: value for key, value in options.items() if key in fixed}
    searching = {key: value for key, value in options.items() if key not in fixed}
    built.build_index(embeddings, name, options=building)
    index = built.open_index(embeddings, name, options=searching)
    assert isinstance(index, FaissIndex)
    return index


class FaissContract(IndexContract):
    """Built, written and mapped again; each test has a folder of its own."""

    engine: ClassVar[str]
    options: ClassVar[dict[str, Any]] = {}
    min_recall = 0.95

    folder: ClassVar[Path]

    @pytest.fixture(autouse=True)
    def _folder(self, tmp_path: Path) -> None:
        type(self).folder = tmp_path

    @classmethod
    def make(cls, vectors: NDArray[np.float32]) -> FaissIndex:  # type: ignore[override]
        folder = Path(tempfile.mkdtemp(dir=cls.folder))
        return opened(set_of(vectors, folder), cls.engine, **cls.options)


class TestFlat(FaissContract):
    engine = "faiss-flat"


class TestFlatRaBitQ(FaissContract):
    engine = "faiss-flat"
    options: ClassVar[dict[str, Any]] = {"bits": 1}


class TestRaBitQ(FaissContract):
    engine = "faiss-ivf-rabitq"


class TestRaBitQOneBit(FaissContract):
    engine = "faiss-ivf-rabitq"
    options: ClassVar[dict[str, Any]] = {"bits": 1}


class TestScalar(FaissContract):
    engine = "faiss-ivf-sq8"


class TestProduct(FaissContract):
    engine = "faiss-ivf-pq"


class TestGraph(FaissContract):
    engine = "faiss-hnsw"


def recall_of(
    index: FaissIndex,
    exact: ExactIndex,
    queries: NDArray[Any],
    *,
    k: int,
    mask: NDArray[np.bool_] | None = None,
) -> float:
    found, right = (one.search(queries, k=k, mask=mask) for one in (index, exact))
    assert found.rows.shape == right.rows.shape
    assert mask is None or mask[found.rows].all()
    for i, row in enumerate(found.rows):
        np.testing.assert_array_equal(exact.score_rows(queries[i], row), found.scores[i])
    pairs = zip(found.rows, right.rows, strict=True)
    return float(np.mean([np.isin(best, rows).mean() for rows, best in pairs]))


@pytest.mark.parametrize("name", ENGINES)
def test_random_filters_lose_few_of_the_best_and_none_of_the_wanted(
    name: str, tmp_path: Path
) -> None:
    vectors = toy_vectors(2_500, 32)
    vectors[::97] = 0
    embeddings = set_of(vectors, tmp_path)
    index = opened(embeddings, name)
    exact = open_exact(Opening(embeddings=embeddings))
    rng = np.random.default_rng(3)
    shares = []
    for i in range(200):
        share = 10.0 ** rng.uniform(-3, 0)
        mask = rng.random(2_500) < share
        if i % 3 == 0:  # what lies together, as tiles of one place do
            mask = np.zeros(2_500, bool)
            low = int(rng.integers(2_400))
            mask[low : low + int(2_500 * share) + 1] = True
        queries = (
            rng.standard_normal((1, 32)) if i % 2 else vectors[rng.integers(1, 90)][None] + 0.1
        )
        shares.append(recall_of(index, exact, queries, k=10, mask=mask))
    assert np.mean(shares) >= 0.95


@pytest.mark.parametrize("name", ENGINES)
def test_a_mask_that_leaves_few_rows_is_answered_exactly(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faiss_search, "EXACT_ROWS", 500)
    embeddings = set_of(toy_vectors(2_000, 32), tmp_path)
    index, exact = opened(embeddings, name), open_exact(Opening(embeddings=embeddings))
    queries = np.random.default_rng(4).standard_normal((5, 32))
    mask = np.arange(2_000) % 5 == 0
    assert recall_of(index, exact, queries, k=30, mask=mask) == 1


@pytest.mark.parametrize("name", LISTED)
def test_a_filter_far_from_the_query_still_finds_its_rows(name: str, tmp_path: Path) -> None:
    vectors = toy_vectors(4_000, 32)
    embeddings = set_of(vectors, tmp_path)
    index = opened(embeddings, name, nprobe=1)
    exact = open_exact(Opening(embeddings=embeddings))
    scores = exact.scores(vectors[0])
    mask = scores < np.quantile(scores, 0.05)
    rows = index.search(vectors[:1], k=50, mask=mask).rows
    assert rows.shape == (1, 50)
    assert mask[rows].all()


class Counted:
    """An index of FAISS that notes how each of its searches was asked."""

    def __init__(self, inner: Any) -> None:
        self.inner, self.asked = inner, []

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)

    def search(self, queries: NDArray[Any], k: int, params: Any) -> Any:
        self.asked.append((len(queries), params.efSearch))
        return self.inner.search(queries, k, params=params)


@pytest.mark.parametrize(
    ("share", "seen", "rounds"), [(0.05, 0.05, 0), (0.3, 0.05, 1), (0.3, 1.0, 2), (1.0, 1.0, 1)]
)
def test_a_graph_is_not_searched_whole_for_what_lies_far_from_the_query(
    share: float, seen: float, rounds: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faiss_search, "GRAPH_SEEN", seen)
    vectors = toy_vectors(4_000, 32)
    embeddings = set_of(vectors, tmp_path)
    index = opened(embeddings, "faiss-hnsw", efsearch=1, rescore=1)
    monkeypatch.setattr(index, "_in_view", lambda wanted, _allowed: wanted)
    counted = Counted(index._index)
    monkeypatch.setattr(index, "_index", counted)
    exact = open_exact(Opening(embeddings=embeddings))
    scores = exact.scores(vectors[0])
    mask = None if share == 1 else scores <= np.quantile(scores, share)
    queries = np.repeat(vectors[:1], 3, axis=0)
    assert recall_of(index, exact, queries, k=50, mask=mask) >= (0.9 if share == 1 else 1)
    assert len(counted.asked) == rounds
    assert all(count == 3 and ef < 1_000 for count, ef in counted.asked)


def test_a_graph_keeps_as_many_more_nodes_in_view_as_a_mask_leaves_fewer(tmp_path: Path) -> None:
    index = opened(set_of(toy_vectors(2_000, 32), tmp_path), "faiss-hnsw", efsearch=10)
    assert index._in_view(20, 2_000) == 20
    assert index._in_view(20, 500) == 80
    assert index._in_view(20, 250) == 100  # and no more than a share of all
    assert index._in_view(150, 1_500) == 150


@pytest.mark.parametrize("name", LISTED)
def test_looking_everywhere_with_all_candidates_is_exact(name: str, tmp_path: Path) -> None:
    embeddings = set_of(toy_vectors(1_500, 32), tmp_path)
    index = opened(embeddings, name, nprobe=10_000, rescore=150)
    exact = open_exact(Opening(embeddings=embeddings))
    queries = np.random.default_rng(5).standard_normal((10, 32))
    assert recall_of(index, exact, queries, k=10) == 1


@pytest.mark.parametrize("dtype", ["<f2", "<f8", "|i1", "offset"])
@pytest.mark.parametrize("name", ENGINES)
def test_every_format_of_vectors_is_decoded(name: str, dtype: str, tmp_path: Path) -> None:
    vectors, header = toy_vectors(1_200, 32), {}
    if dtype == "<f8":
        stored = vectors.astype(np.float64) * 1e15
    elif dtype == "<f2":
        stored = vectors.astype(np.float16)
    else:
        shift = 40 if dtype == "offset" else 0
        stored = np.clip(np.rint(vectors * 4) + shift, -128, 127).astype(np.int8)
        header = {"scale": -0.25, "offset": shift * 0.25}
    stored[7] = 0
    embeddings = set_of(stored, tmp_path, **header)
    index, exact = opened(embeddings, name), open_exact(Opening(embeddings=embeddings))
    queries = np.stack([embeddings.vector(row) for row in range(10, 30)])
    assert recall_of(index, exact, queries, k=10) >= 0.95
    assert 7 not in index.search(queries, k=400).rows


@pytest.mark.parametrize("name", ENGINES)
def test_the_same_set_gives_the_same_files(name: str, tmp_path: Path) -> None:
    embeddings = set_of(toy_vectors(1_000, 32), tmp_path)
    contents = []
    for _ in range(2):
        folder = built.build_index(embeddings, name, force=True).folder
        files = sorted(path for path in folder.iterdir() if path.name != built.RECORD)
        contents.append({path.name: path.read_bytes() for path in files})
    assert contents[0] == contents[1]
    other = built.build_index(embeddings, name, options={"seed": 1, "sample": 300}, force=True)
    assert (other.folder / "index.faiss").read_bytes() != contents[0]["index.faiss"]


@pytest.mark.parametrize("name", LISTED)
def test_lists_that_outgrow_the_memory_are_joined_on_the_disk(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    vectors = toy_vectors(2_000, 32)
    vectors[::50] = np.nan
    embeddings = set_of(vectors, tmp_path)
    queries = np.random.default_rng(6).standard_normal((20, 32))
    whole = opened(embeddings, name).search(queries, k=20)
    monkeypatch.setattr(faiss_build, "SHARD_BYTES", 10_000)
    monkeypatch.setattr(faiss_rows, "BATCH_BYTES", 8 * 32 * 100)
    record = built.build_index(embeddings, name, force=True)
    assert sorted(record.files) == ["index.faiss", "lists.bin", "lists.npy"]
    joined = built.open_index(embeddings, name).search(queries, k=20)
    np.testing.assert_array_equal(joined.rows, whole.rows)
    moved = tmp_path / "moved"  # a set's folder may be carried elsewhere
    moved.mkdir()
    (tmp_path / "indexes").rename(moved / "indexes")
    again = built.open_index(replace(embeddings, folder=moved), name).search(queries, k=20)
    np.testing.assert_array_equal(again.rows, whole.rows)


@pytest.mark.parametrize("name", ENGINES)
def test_codes_are_far_smaller_than_vectors(name: str, tmp_path: Path) -> None:
    embeddings = set_of(toy_vectors(2_000, 256).astype(np.float16), tmp_path)
    record = built.build_index(embeddings, name, options={"sample": 1_000})
    code = {"faiss-ivf-rabitq": 2 * 32 + 20, "faiss-ivf-pq": 64}.get(name, 256)
    code += {"faiss-hnsw": 64 * 4 + 40, "faiss-flat": 0}.get(name, 8)
    learned = 4 * 256 * (256 + faiss_build.lists_for(2_000))  # a turn or a codebook, and centres
    assert record.bytes_per_vector == pytest.approx(code, abs=10 + learned / 2_000)
    assert (record.bytes - learned) / 2_000 < code + 10


MAPPED = """
import sys, json
sys.path.insert(0, {tests!r})
import numpy as np, test_faiss as here
from pathlib import Path
from eex.index import built
built.engine = here.ENGINES.__getitem__
built.engine_names = lambda: tuple(here.ENGINES)
held, told = [], {{}}
for home in sorted(Path({folder!r}).iterdir()):
    embeddings = here.set_of(np.load(home / "vectors.npy"), home)
    held.append(built.open_index(embeddings, home.name.split("+")[0]))
    kinds, inside = {{}}, False
    for line in Path("/proc/self/smaps").read_text().splitlines():
        if "-" in line.split(" ")[0]:
            inside = str(home / "indexes") in line
        elif inside and line.split()[-1] == "kB":
            key, size = line.split(":")[0], int(line.split()[-2])
            kinds[key] = kinds.get(key, 0) + size
    told[home.name] = kinds
print(json.dumps(told))
"""


@pytest.mark.skipif(not Path("/proc/self/smaps").exists(), reason="needs /proc")
def test_codes_stay_on_the_disk_until_they_are_needed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    sizes = {}
    for name in (*ENGINES, "faiss-ivf-rabitq+joined"):
        if name.endswith("joined"):
            monkeypatch.setattr(faiss_build, "SHARD_BYTES", 100_000)
            monkeypatch.setattr(faiss_rows, "BATCH_BYTES", 2**19)
        (tmp_path / name).mkdir()
        embeddings = set_of(toy_vectors(4_000, 64), tmp_path / name)
        record = built.build_index(embeddings, name.split("+")[0], options={"sample": 1_500})
        sizes[name] = record.bytes
    assert "lists.bin" in record.files
    code = MAPPED.format(tests=str(Path(__file__).parent), folder=str(tmp_path))
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    told = json.loads(done.stdout)
    assert set(told) == set(sizes)
    for name, kinds in told.items():
        assert kinds["Size"] * 1024 >= 0.8 * sizes[name], name
        assert kinds["Anonymous"] == 0, name


def _overwritten(path: Path, values: NDArray[Any]) -> None:
    """Write other numbers of the same size, so that the record finds nothing amiss."""
    size = path.stat().st_size
    np.save(path, values)
    assert path.stat().st_size == size


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("bad", [-1, 1_000, 2**40])
def test_rows_that_the_set_has_not_are_told(bad: int, masked: bool, tmp_path: Path) -> None:  # noqa: FBT001
    vectors = toy_vectors(1_000, 32)
    vectors[5] = 0  # so that codes are numbered, and their rows kept
    embeddings = set_of(vectors, tmp_path)
    folder = built.build_index(embeddings, "faiss-flat").folder
    rows = np.load(folder / "rows.npy")
    rows[3:600] = bad
    _overwritten(folder / "rows.npy", rows)
    index = built.open_index(embeddings, "faiss-flat")
    mask = np.ones(1_000, bool) if masked else None
    with pytest.raises(DamagedSetError, match="rows the set has not") as caught:
        index.search(vectors[:1], k=20, mask=mask)
    assert "eex index build SET --engine faiss-flat --force" in caught.value.hint


@pytest.mark.parametrize("name", ["rows.npy", "lists.npy"])
def test_a_damaged_array_is_refused_in_words(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(faiss_build, "SHARD_BYTES", 10_000)
    monkeypatch.setattr(faiss_rows, "BATCH_BYTES", 8 * 32 * 100)
    vectors = toy_vectors(1_000, 32)
    vectors[5] = 0
    embeddings = set_of(vectors, tmp_path)
    engine = "faiss-flat" if name == "rows.npy" else "faiss-ivf-sq8"
    path = built.build_index(embeddings, engine).folder / name
    whole = path.read_bytes()
    for at in (0, 6, 8, 10, 15, 25, 40, 61, 63):
        path.write_bytes(whole[:at] + b"(" + whole[at + 1 :])
        with pytest.raises(DamagedSetError, match=name):
            built.open_index(embeddings, engine)
    if name == "lists.npy":
        sizes = np.load(path.parent / name) if path.write_bytes(whole) else None
        assert sizes is not None
        sizes[0], sizes[1] = -1, sizes[0] + sizes[1] + 1
        _overwritten(path, sizes)
        with pytest.raises(DamagedSetError, match="does not fit"):
            built.open_index(embeddings, engine)


@pytest.mark.parametrize("name", ENGINES)
def test_a_damaged_file_is_refused_in_words(name: str, tmp_path: Path) -> None:
    embeddings = set_of(toy_vectors(1_000, 32), tmp_path)
    folder = built.build_index(embeddings, name).folder
    whole = (folder / "index.faiss").read_bytes()
    (folder / "index.faiss").write_bytes(whole[: len(whole) // 2])
    with pytest.raises(DamagedSetError, match="not whole") as caught:
        built.open_index(embeddings, name)
    assert "--force" in caught.value.hint
    (folder / "index.faiss").write_bytes(bytes(len(whole)))
    with pytest.raises(DamagedSetError, match="damaged"):
        built.open_index(embeddings, name)


def test_an_interrupted_build_leaves_nothing(tmp_path: Path) -> None:
    embeddings = set_of(toy_vectors(1_000, 32), tmp_path)

    def stop(done: int, _total: int) -> None:
        if done:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        built.build_index(embeddings, "faiss-ivf-sq8", progress=stop)
    assert built.built_indexes(embeddings) == []
    assert [path.name for path in (tmp_path / "indexes").iterdir()] == [".faiss-ivf-sq8.lock"]


def test_a_full_disk_is_told_in_words(tmp_path: Path) -> None:
    import faiss

    with (
        pytest.raises(OutputError, match=r"index\.faiss"),
        faiss_build.told_in_words("writing index.faiss"),
    ):
        faiss.write_index(faiss.IndexFlatIP(4), str(tmp_path / "no" / "index.faiss"))


@pytest.mark.parametrize(
    ("name", "given", "hint"),
    [
        ("faiss-flat", {"bits": 5}, "1, 2, 3, 4, 8, 16"),
        ("faiss-ivf-rabitq", {"bits": 8}, "1, 2, 3, 4"),
        ("faiss-ivf-pq", {"parts": 7}, "1, 2, 4, 8, 16, 32"),
        ("faiss-ivf-sq8", {"nlist": -1}, "default"),
        ("faiss-hnsw", {"links": 1}, "default"),
        ("faiss-ivf-sq8", {"nprob": 4}, "nprobe"),
    ],
)
def test_an_option_out_of_range_is_refused(
    name: str, given: dict[str, Any], hint: str, tmp_path: Path
) -> None:
    with pytest.raises(BadQueryError) as caught:
        built.build_index(set_of(toy_vectors(300, 32), tmp_path), name, options=given)
    assert hint in caught.value.hint


@pytest.mark.parametrize("name", ENGINES)
def test_sets_of_few_rows_or_none_that_rank_can_be_built(name: str, tmp_path: Path) -> None:
    for rows in (1, 9, 300):
        folder = tmp_path / str(rows)
        folder.mkdir()
        index = opened(set_of(toy_vectors(rows, 32), folder), name)
        assert index.search(toy_vectors(1, 32), k=5).rows.shape == (1, min(5, rows))
    empty = opened(set_of(np.zeros((400, 32), np.float32), tmp_path), name)
    assert empty.search(toy_vectors(3, 32), k=5).rows.shape == (3, 0)


@pytest.mark.parametrize("name", ENGINES)
def test_options_of_a_search_widen_it(name: str, tmp_path: Path) -> None:
    embeddings = set_of(np.random.default_rng(7).standard_normal((6_000, 48)), tmp_path)
    opened(embeddings, name)
    exact = open_exact(Opening(embeddings=embeddings))
    queries = np.random.default_rng(8).standard_normal((20, 48))
    wider: dict[str, Any] = {"rescore": 100}
    wider |= {"nprobe": 500} if name in LISTED else {}
    wider |= {"efsearch": 3_000} if name == "faiss-hnsw" else {}
    shares = []
    for given in ({"rescore": 1}, wider):
        index = built.open_index(embeddings, name, options=given)
        assert isinstance(index, FaissIndex)
        shares.append(recall_of(index, exact, queries, k=10))
    assert shares[1] >= max(0.99, shares[0])
    assert name in {"faiss-flat", "faiss-hnsw"} or shares[0] < 1


def test_a_search_that_nobody_waits_for_stops(tmp_path: Path) -> None:
    index = opened(set_of(toy_vectors(1_000, 32), tmp_path), "faiss-ivf-sq8")
    with pytest.raises(CancelledError), stopping(lambda: True):
        index.search(toy_vectors(2, 32), k=5)


def test_without_faiss_the_command_that_installs_it_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "faiss", None)
    with pytest.raises(MissingExtraError) as caught:
        built.build_index(set_of(toy_vectors(50, 32), tmp_path), "faiss-flat")
    assert "[faiss]" in caught.value.hint
    assert os.listdir(tmp_path / "indexes") == [".faiss-flat.lock"]  # noqa: PTH208
