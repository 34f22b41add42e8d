"""Masks that are being made while searches stop."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np
import pytest

from eex.errors import CancelledError
from eex.filters import mask as mask_module
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
