from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pytest

from eex.index.exact import ExactIndex
from eex.index.picking import Picking
from eex.testing import toy_vectors

if TYPE_CHECKING:
    from numpy.typing import NDArray

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="asks Linux what it was told")


@pytest.fixture
def mapped(tmp_path: Path) -> NDArray[Any]:
    np.save(tmp_path / "vectors.npy", toy_vectors(4_000, 32))
    vectors: NDArray[Any] = np.load(tmp_path / "vectors.npy", mmap_mode="r")
    return vectors


def told_random(mapped: NDArray[Any]) -> bool:
    """Whether Linux was told that pages of the mapped file are wanted singly (flag rr)."""
    text = Path("/proc/self/smaps").read_text()
    part = text[text.index(str(mapped.filename)) :]  # type: ignore[attr-defined]
    flags = next(line for line in part.splitlines() if line.startswith("VmFlags"))
    return "rr" in flags.split()


@needs_linux
def test_pages_are_wanted_singly_until_the_last_thread_has_picked_its_rows(
    mapped: NDArray[Any],
) -> None:
    picking = Picking(mapped[5:])
    assert not told_random(mapped)
    with picking:
        assert told_random(mapped)
        with picking, Picking(mapped):  # another index of the same file
            assert told_random(mapped)
        assert told_random(mapped)
    assert not told_random(mapped)


def test_an_array_in_memory_needs_no_telling() -> None:
    with Picking(np.ones(4)):
        pass


@needs_linux
def test_rows_are_picked_singly_until_all_have_been_read(
    mapped: NDArray[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    index = ExactIndex(mapped, threads=1)
    seen: list[bool] = []
    exact = index._stored.exact

    def watched(*given: Any) -> Any:
        seen.append(told_random(mapped))
        return exact(*given)

    monkeypatch.setattr(index._stored, "exact", watched)
    index.score_rows(np.ones(32), [3, 900])
    index.search(np.ones((1, 32)), k=2)
    assert seen == [True, False]
    lengths = ExactIndex(mapped, threads=1).inverse_lengths
    index = ExactIndex(mapped, threads=1, inverse_lengths=lengths)
    monkeypatch.setattr(index._stored, "exact", watched)
    index.search(np.ones((1, 32)), k=2)
    assert seen[2:] == [True]
    assert not told_random(mapped)


@pytest.mark.parametrize("dtype", [np.float16, np.float64, np.int8])
def test_a_first_search_under_a_narrow_mask_reads_no_more_than_its_rows(dtype: Any) -> None:
    vectors = np.random.default_rng(0).normal(size=(4_000, 24)) * 20
    vectors[[7, 90]] = 0
    kept, mask = vectors.astype(dtype), np.zeros(4_000, bool)
    mask[5:100] = True
    offset = {"offset": 3.5} if dtype == np.int8 else {}
    fresh, used = ExactIndex(kept, **offset), ExactIndex(kept, **offset)
    used.scores(vectors[0])
    for k in (3, 200):
        found = fresh.search(vectors[50:52], k=k, mask=mask)
        np.testing.assert_array_equal(found.rows, used.search(vectors[50:52], k=k, mask=mask).rows)
        scan = fresh.scan(vectors[50], k=k, mask=mask)
        np.testing.assert_array_equal(scan.hits.rows[0], found.rows[0])
        assert np.isnan(scan.scores[~mask]).all()
    assert not fresh._lengths.known
    np.testing.assert_array_equal(fresh.scores(vectors[3]), used.scores(vectors[3]))
