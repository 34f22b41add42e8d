"""Built indexes: whole or not at all, and only of the data that the set has now."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from eex.embeddings import EmbeddingSet
from eex.errors import (
    BadQueryError,
    DamagedSetError,
    SetError,
    SetNotFoundError,
    UnknownNameError,
)
from eex.index import built, options
from eex.index.base import Hits
from eex.index.engines import Building, EngineSpec, Opening, Option
from eex.index.plain import EXACT, open_exact
from toy_sets import SHORT, embedding_set


class Sums:
    """Ranks nothing; knows what it was built and opened with."""

    def __init__(self, opening: Opening) -> None:
        assert opening.folder is not None
        self.opening = opening
        self.sums = np.load(opening.folder / "sums.npy")
        self.exact = open_exact(opening)
        self.size, self.dim = self.exact.size, self.exact.dim

    def search(self, queries: Any, *, k: int, mask: NDArray[np.bool_] | None = None) -> Hits:
        return self.exact.search(queries, k=k, mask=mask)


def build_sums(building: Building) -> None:
    rows = len(building.embeddings)
    sums = np.empty(rows)
    for row in range(rows):
        sums[row] = building.embeddings.vector(row).sum() * building.options["factor"]
        building.progress(row + 1, rows)
    np.save(building.folder / "sums.npy", sums)
    (building.folder / "database").mkdir()
    (building.folder / "database" / "log").write_text("started")


SUMS = EngineSpec(
    name="sums",
    title="Sums.",
    exact=True,
    scores_all=False,
    open=Sums,
    build=build_sums,
    options=(
        Option(name="factor", default=1.0, about="What sums are multiplied with."),
        Option(name="lists", default=8, about="How many lists."),
        Option(name="wide", default=False, about="Whether all is read.", searching=True),
        Option(name="metric", default="cosine", about="What is near.", searching=True),
    ),
)


MEASURED = {"queries": 5, "made": True, "recall": {"10": 0.5}, "median_ms": 1.5, "p95_ms": 2}


@pytest.fixture(autouse=True)
def _engines(monkeypatch: pytest.MonkeyPatch) -> None:
    known = {"sums": SUMS, "exact": EXACT}
    monkeypatch.setattr(built, "engine", known.__getitem__)
    monkeypatch.setattr(built, "engine_names", lambda: tuple(sorted(known)))


@pytest.fixture
def toys(tmp_path: Path) -> EmbeddingSet:
    return replace(embedding_set(SHORT, rows=50), folder=tmp_path)


def lying(toys: EmbeddingSet) -> list[str]:
    assert toys.folder is not None
    return sorted(path.name for path in (toys.folder / "indexes").iterdir())


def test_what_was_built_is_opened_and_says_what_it_is(toys: EmbeddingSet) -> None:
    told: list[tuple[int, int]] = []
    record = built.build_index(
        toys, "sums", options={"factor": "2"}, progress=lambda *seen: told.append(seen)
    )
    assert told[-1] == (50, 50)
    assert [record] == built.built_indexes(toys)
    assert record.options == {"factor": 2.0, "lists": 8, "wide": False, "metric": "cosine"}
    assert (record.rows, record.dim, record.set_key) == (50, 16, "key")
    assert record.bytes == 128 + 50 * 8 + len("started")
    assert record.bytes_per_vector == record.bytes / 50
    assert record.made_with["eex"]
    index = built.open_index(toys, "sums", options={"wide": "yes"}, threads=3)
    assert isinstance(index, Sums)
    assert index.opening.options == {**record.options, "wide": True}
    assert index.opening.threads == 3
    expected = 2 * toys.vectors.astype(np.float32).sum(axis=1)
    np.testing.assert_allclose(index.sums, expected, atol=1e-5)


def test_an_engine_without_files_opens_at_once(toys: EmbeddingSet) -> None:
    in_memory = replace(toys, folder=None)
    assert built.open_index(in_memory, "exact").size == 50
    assert built.built_indexes(in_memory) == built.built_indexes(toys) == []
    with pytest.raises(BadQueryError, match="nothing built") as caught:
        built.build_index(toys, "exact")
    assert "sums" in caught.value.hint


def test_a_set_in_memory_is_refused_in_words(toys: EmbeddingSet) -> None:
    for call in (built.build_index, built.open_index, built.remove_index):
        with pytest.raises(BadQueryError, match="in memory") as caught:
            call(replace(toys, folder=None), "sums")
        assert "file" in caught.value.hint


def test_what_was_not_built_names_the_command_that_builds_it(toys: EmbeddingSet) -> None:
    with pytest.raises(SetNotFoundError) as caught:
        built.open_index(toys, "sums")
    assert "eex index build SET --engine sums" in caught.value.hint
    for name in ("../sums", ".", "sum", "a/b", ""):
        with pytest.raises(UnknownNameError):
            built.remove_index(toys, name)


def test_an_index_is_replaced_only_when_told(toys: EmbeddingSet) -> None:
    built.build_index(toys, "sums")
    with pytest.raises(BadQueryError, match="already") as caught:
        built.build_index(toys, "sums")
    assert "--force" in caught.value.hint
    built.build_index(toys, "sums", options={"factor": 3}, force=True)
    assert built.built_index(toys, "sums").options["factor"] == 3
    assert lying(toys) == [".sums.lock", "sums"]


def test_an_index_of_other_data_is_refused(toys: EmbeddingSet) -> None:
    built.build_index(toys, "sums")
    for other in (
        replace(toys, key="new"),
        replace(embedding_set(SHORT, rows=49), folder=toys.folder),
    ):
        with pytest.raises(SetError, match="other data") as caught:
            built.open_index(other, "sums")
        assert "--force" in caught.value.hint
        assert "other data" in built.built_indexes(other)[0].problem
    assert built.remove_index(replace(toys, key="new"), "sums") > 400
    assert built.built_indexes(toys) == []


@pytest.mark.parametrize("damage", ["truncated", "lost", "record", "version", "no record"])
def test_a_damaged_index_is_refused(toys: EmbeddingSet, damage: str) -> None:
    folder = built.build_index(toys, "sums").folder
    record = folder / built.RECORD
    if damage == "truncated":
        os.truncate(folder / "sums.npy", 200)
    elif damage == "lost":
        (folder / "sums.npy").unlink()
    elif damage == "record":
        record.write_text(record.read_text()[:-20])
    elif damage == "version":
        record.write_text(json.dumps({**json.loads(record.read_text()), "version": 99}))
    else:
        record.unlink()
    with pytest.raises(DamagedSetError) as caught:
        built.open_index(toys, "sums")
    assert "--force" in caught.value.hint
    assert built.built_indexes(toys)[0].problem == caught.value.message
    built.build_index(toys, "sums", force=True)
    assert not built.built_indexes(toys)[0].problem


def test_a_database_may_write_in_folders_of_its_own(toys: EmbeddingSet) -> None:
    folder = built.build_index(toys, "sums").folder
    (folder / "database" / "log").write_text("opened again")
    (folder / "database" / "more").write_text("new")
    assert built.open_index(toys, "sums").size == 50


@pytest.mark.parametrize("error", [KeyboardInterrupt, OSError(28, "full"), ValueError])
def test_a_build_that_fails_leaves_what_was_there(
    toys: EmbeddingSet, monkeypatch: pytest.MonkeyPatch, error: Any
) -> None:
    before = built.build_index(toys, "sums")

    def broken(building: Building) -> None:
        build_sums(building)
        raise error

    monkeypatch.setattr(built, "engine", lambda _: replace(SUMS, build=broken))
    with pytest.raises((KeyboardInterrupt, OSError, ValueError)):
        built.build_index(toys, "sums", options={"factor": 9}, force=True)
    assert built.built_indexes(toys) == [before]
    assert lying(toys) == [".sums.lock", "sums"]


KILLED = """
import sys, time
from dataclasses import replace
from pathlib import Path
sys.path.insert(0, {tests!r})
import test_built as here
from eex.index import built
def build(building):
    here.build_sums(building)
    print("built", flush=True)
    time.sleep(60)
built.engine = lambda _: replace(here.SUMS, build=build)
built.engine_names = lambda: ("sums",)
toys = here.embedding_set(here.SHORT, rows=50)
built.build_index(replace(toys, folder=Path({folder!r})), "sums")
"""


@pytest.mark.skipif(os.name == "nt", reason="kills with a signal")
def test_a_killed_build_leaves_nothing_that_counts(toys: EmbeddingSet) -> None:
    code = textwrap.dedent(KILLED).format(tests=str(Path(__file__).parent), folder=str(toys.folder))
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"built\n"
        child.send_signal(signal.SIGKILL)
    assert built.built_indexes(toys) == []
    built.build_index(toys, "sums")
    assert lying(toys) == [".sums.lock", "sums"]


def test_what_was_measured_is_kept(toys: EmbeddingSet) -> None:
    record = built.build_index(toys, "sums")
    for share in (0.5, 0.6):
        measured = {"image": {**MEASURED, "recall": {"10": share}}}
        record = built.keep_recall(record, measured)
        assert record.recall == built.built_indexes(toys)[0].recall == measured
    assert built.open_index(toys, "sums").size == 50


@pytest.mark.parametrize("change", ["built again", "other options", "removed", "damaged"])
def test_what_was_measured_is_not_kept_with_another_index(toys: EmbeddingSet, change: str) -> None:
    old = built.build_index(toys, "sums")
    if change == "removed":
        built.remove_index(toys, "sums")
    elif change == "damaged":
        (old.folder / built.RECORD).write_text("{}")
    else:
        factor = 2 if change == "other options" else 1
        built.build_index(toys, "sums", options={"factor": factor}, force=True)
        record = json.loads((old.folder / built.RECORD).read_text())
        (old.folder / built.RECORD).write_text(json.dumps({**record, "seconds": 7.5}))
    before = built.built_indexes(toys)
    with pytest.raises(SetError, match="while it was measured") as caught:
        built.keep_recall(old, {"image": MEASURED})
    assert "eex index verify SET --engine sums" in caught.value.hint
    assert built.built_indexes(toys) == before


def test_an_index_is_not_replaced_while_what_was_measured_is_written(
    toys: EmbeddingSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    record = built.build_index(toys, "sums")
    held: list[bool] = []

    def look(folder: Path) -> Any:
        from filelock import FileLock, Timeout

        try:
            FileLock(folder.with_name(f".{folder.name}.lock")).acquire(timeout=0)
        except Timeout:
            held.append(True)
        return record

    monkeypatch.setattr(built, "read_record", look)
    built.keep_recall(record, {"image": MEASURED})
    assert held == [True]


INFINITE, NO_NUMBER = float("inf"), float("nan")


@pytest.mark.parametrize(
    "odd",
    [
        {"rows": INFINITE},
        {"rows": 50.5},
        {"rows": -1},
        {"rows": None},
        {"dim": "sixteen"},
        {"dim": True},
        {"seconds": NO_NUMBER},
        {"seconds": [1]},
        {"files": {"sums.npy": INFINITE}},
        {"files": ["sums.npy"]},
        {"options": 3},
        {"version": {"a": [1] * 1_000}},
        {"made_with": None},
    ],
)
def test_a_record_of_odd_values_is_damaged(toys: EmbeddingSet, odd: dict[str, Any]) -> None:
    path = built.build_index(toys, "sums").folder / built.RECORD
    path.write_text(json.dumps({**json.loads(path.read_text()), **odd}))
    with pytest.raises(DamagedSetError) as caught:
        built.open_index(toys, "sums")
    assert len(caught.value.message) < 500
    assert built.built_indexes(toys)[0].problem == caught.value.message
    path.write_text("[" * 100_000)
    assert "cannot be read" in built.built_indexes(toys)[0].problem


@pytest.mark.parametrize(
    "odd",
    [
        3,
        {},
        {**MEASURED, "recall": {}},
        {**MEASURED, "recall": 0.5},
        {**MEASURED, "recall": {"10": None}},
        {**MEASURED, "recall": {"10": "0.5"}},
        {**MEASURED, "recall": {"10": INFINITE}},
        {**MEASURED, "queries": "many"},
        {**MEASURED, "median_ms": NO_NUMBER},
        {**MEASURED, "made": "yes"},
    ],
)
def test_recall_that_is_not_as_written_is_left_out(toys: EmbeddingSet, odd: Any) -> None:
    path = built.build_index(toys, "sums").folder / built.RECORD
    for recall in ({"image": odd, "text": MEASURED}, odd):
        path.write_text(json.dumps({**json.loads(path.read_text()), "recall": recall}))
        one = built.built_indexes(toys)[0]
        assert not one.problem
        assert one.recall == ({} if recall is odd else {"text": MEASURED})
        assert built.open_index(toys, "sums").size == 50


def test_of_an_engine_without_files_nothing_can_be_measured_or_removed(toys: EmbeddingSet) -> None:
    for call in (built.built_index, built.remove_index):
        with pytest.raises(BadQueryError, match="nothing to measure or to remove") as caught:
            call(toys, "exact")
        assert "sums" in caught.value.hint
        assert "eex index build" not in caught.value.hint


@pytest.mark.parametrize(
    ("given", "hint"),
    [
        ({"facto": 1}, "'factor'"),
        ({"lists": "many"}, "How many lists"),
        ({"lists": 1.5}, "default is 8"),
        ({"lists": True}, "default is 8"),
        ({"factor": "wide"}, "default is 1.0"),
        ({"wide": "perhaps"}, "default is False"),
        ({"wide": 2}, "default is False"),
        ({"metric": 3}, "default is cosine"),
    ],
)
def test_a_wrong_option_is_refused(toys: EmbeddingSet, given: dict[str, Any], hint: str) -> None:
    with pytest.raises(BadQueryError) as caught:
        built.build_index(toys, "sums", options=given)
    assert hint in caught.value.hint


@pytest.mark.parametrize("given", [{"factor": "nan"}, {"factor": float("inf")}, {"factor": None}])
def test_a_number_is_finite(given: dict[str, Any]) -> None:
    with pytest.raises(BadQueryError):
        options.read_options(SUMS, given)


def test_what_was_chosen_at_building_cannot_be_changed_later(toys: EmbeddingSet) -> None:
    built.build_index(toys, "sums")
    with pytest.raises(BadQueryError, match="when the index is built") as caught:
        built.open_index(toys, "sums", options={"lists": 9})
    assert "--option lists=9 --force" in caught.value.hint
    with pytest.raises(BadQueryError):
        built.open_index(toys, "sums", options={"wid": True})
