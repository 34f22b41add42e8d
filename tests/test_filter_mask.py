"""Masks that are being made while searches stop, and what is kept for the next ones."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from eex.embeddings import EmbeddingSet, SetHeader
from eex.errors import CancelledError
from eex.filters import columns
from eex.filters import mask as mask_module
from eex.filters import times as times_module
from eex.filters.mask import Masks, mask_of
from eex.filters.record import Filter
from eex.stopping import stopping
from toy_sets import SHORT, embedding_set


def test_a_mask_whose_maker_is_cancelled_is_made_by_who_waits_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    some = embedding_set(SHORT)
    masks, begun, go = Masks(some), threading.Event(), threading.Event()
    where = Filter(bbox=(0, 0, 90, 90))
    expected = mask_of(where, some)
    gone = threading.Event()
    made = mask_module.questions_of
    failed: list[BaseException] = []

    def slow(*given: Any) -> Any:
        begun.set()
        go.wait(10)
        return made(*given)

    def first() -> None:
        try:
            with stopping(gone.is_set):
                masks.of(where)
        except CancelledError as error:
            failed.append(error)

    monkeypatch.setattr(mask_module, "questions_of", slow)
    maker = threading.Thread(target=first)
    maker.start()
    assert begun.wait(10)
    found: list[Any] = []
    waiter = threading.Thread(target=lambda: found.append(masks.of(where)))
    waiter.start()
    gone.set()
    go.set()
    maker.join(10)
    waiter.join(10)
    assert len(failed) == 1
    np.testing.assert_array_equal(found[0], expected)


def test_who_waits_for_a_mask_stops_with_its_own_search(monkeypatch: pytest.MonkeyPatch) -> None:
    masks, begun, go = Masks(embedding_set(SHORT)), threading.Event(), threading.Event()
    where = Filter(bbox=(0, 0, 90, 90))
    made = mask_module.questions_of

    def slow(*given: Any) -> Any:
        begun.set()
        go.wait(10)
        return made(*given)

    monkeypatch.setattr(mask_module, "questions_of", slow)
    maker = threading.Thread(target=lambda: masks.of(where))
    maker.start()
    assert begun.wait(10)
    asked: list[int] = []

    def later() -> bool:
        asked.append(1)
        return len(asked) > 2  # once it has waited in vain

    with stopping(later), pytest.raises(CancelledError):
        masks.of(where)
    assert maker.is_alive()
    go.set()
    maker.join(10)
    assert masks.of(where) is not None


def timed(rows: int, kind: str = "text") -> EmbeddingSet:
    """Return a set whose rows are seen day after day from 2020, every tenth at no known time."""
    days = np.datetime64("2020-01-01") + np.arange(rows) % 1_000
    text = [None if n % 10 == 0 else f"{day}T10:10:10Z" for n, day in enumerate(days)]
    column = pa.array(text)
    if kind == "dictionary":
        column = column.dictionary_encode()
    if kind == "time":
        column = pa.array(days.astype("M8[us]"))
    table = pa.table({"datetime": column, "cloud_cover": np.arange(rows) % 100.0})
    about = SetHeader(id="toys", title="Toys", model="toy", dim=2)
    return EmbeddingSet(about, np.ones((rows, 2), np.float16), np.zeros((rows, 2)), table, "k")


FILTERS = [
    Filter(time="2020-03/2021"),
    Filter(season="12-01/02-29"),
    Filter(cloud=9, time="2021"),  # few rows are left for the time
    Filter(where="year = 2021 AND month > 6"),
    Filter(time="2022"),
]


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """How many rows each reading of a column of times has read."""
    rows: list[int] = []
    instants = columns.instants

    def counted(array: Any, **given: Any) -> Any:
        rows.append(len(array))
        return instants(array, **given)

    monkeypatch.setattr(columns, "instants", counted)
    return rows


@pytest.mark.parametrize("kind", ["text", "dictionary"])
def test_times_are_read_from_text_once_for_all_filters(
    kind: str, read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mask_module, "SLICE", 300)
    some = timed(1_000, kind)
    right = [mask_of(where, some) for where in FILTERS]
    assert all(0 < mask.sum() < 1_000 for mask in right)
    masks = Masks(some)
    read.clear()
    for where, mask in zip(FILTERS, right, strict=True):
        np.testing.assert_array_equal(masks.of(where), mask)
    assert read == [300, 300, 300, 100]


def test_times_of_few_rows_are_read_alone_at_first(read: list[int]) -> None:
    some = timed(1_000)
    wheres = [Filter(cloud=4, time=year) for year in ("2020", "2021", "2022")]
    right = [mask_of(where, some) for where in wheres]
    masks = Masks(some)
    read.clear()
    for where, mask in zip(wheres, right, strict=True):
        np.testing.assert_array_equal(masks.of(where), mask)
    assert read == [50, 1_000]


def test_times_are_kept_within_their_bytes_and_only_of_text(
    read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(times_module, "KEPT_TIMES_BYTES", 8_000)
    assert times_module.Times.kept_of(timed(1_000)) is not None
    assert times_module.Times.kept_of(timed(1_001)) is None
    for some in (timed(1_001), timed(1_000, "time")):
        masks = Masks(some)
        read.clear()
        for where in FILTERS[:2]:
            np.testing.assert_array_equal(masks.of(where), mask_of(where, some))
        assert len(read) == 4


def test_times_are_read_once_by_many_threads(
    read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(mask_module, "SLICE", 100)
    some, together = timed(1_000), threading.Barrier(5)
    masks = Masks(some)
    right = [mask_of(where, some) for where in FILTERS]
    read.clear()

    def ask(where: Filter) -> Any:
        together.wait(10)
        return masks.of(where)

    with ThreadPoolExecutor(5) as pool:
        for mask, found in zip(right, pool.map(ask, FILTERS), strict=True):
            np.testing.assert_array_equal(found, mask)
    assert sorted(read, reverse=True)[:10] == [100] * 10
    assert all(rows < 50 for rows in read[10:] if rows != 100)
    assert read.count(100) == 10


def test_keys_of_large_areas_are_as_short_as_others_and_count() -> None:
    """Masks of a set of three rows with areas of 2,000 vertices: what is kept is what is said."""
    turn = np.linspace(0, 2 * np.pi, 2_000)
    ring = np.column_stack([np.cos(turn), np.sin(turn)])
    ring[-1] = ring[0]
    masks = Masks(timed(3), kept_bytes=3_000)
    for far in (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15):
        area = {"type": "Polygon", "coordinates": [(ring * far).tolist()]}
        masks.of(Filter.from_json({"area": area}))
        assert 0 < masks.kept <= 3_000
    assert masks.kept > 15 * 3 + 10 * 64
