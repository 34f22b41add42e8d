from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from eex.errors import BadQueryError, ShapeError
from eex.index.thresholds import Thresholds
from eex.index.topk import top_percent_threshold

if TYPE_CHECKING:
    from numpy.typing import NDArray

few = st.sampled_from([-1.0, -0.5, 0.0, 0.25, 0.5, 1.0, float("nan")])
scores = hnp.arrays(np.float32, st.integers(0, 200), elements=few | st.floats(-1, 1, width=32))


@given(scores=scores, percent=st.floats(0, 100, exclude_min=True), data=st.data())
def test_every_position_of_the_slider_is_the_threshold_of_a_full_search(
    scores: NDArray[Any], percent: float, data: st.DataObject
) -> None:
    mask = data.draw(st.none() | hnp.arrays(np.bool_, scores.shape))
    kept = scores if mask is None else np.where(mask, scores, np.float32(np.nan))
    live = Thresholds(scores, mask=mask)
    threshold = live.at(percent)
    assert threshold == top_percent_threshold(kept, percent)
    assert len(live) == np.count_nonzero(~np.isnan(kept))
    assert live.reached(threshold) == np.count_nonzero(kept >= threshold)


@given(scores=scores, thresholds=hnp.arrays(np.float64, (7,), elements=st.floats(-2, 2)))
def test_counts_above_a_threshold_are_those_of_counting(
    scores: NDArray[Any], thresholds: NDArray[Any]
) -> None:
    counted = [np.count_nonzero(scores.astype(np.float64) >= x) for x in thresholds]
    np.testing.assert_array_equal(Thresholds(scores).reached(thresholds), counted)


@given(scores=scores, bins=st.integers(1, 20), data=st.data())
def test_a_histogram_is_the_one_that_numpy_makes(
    scores: NDArray[Any], bins: int, data: st.DataObject
) -> None:
    limits = data.draw(st.none() | st.tuples(st.floats(-2, 0), st.floats(0.1, 2)))
    kept = scores[~np.isnan(scores)]
    if limits is None:
        counts, edges = Thresholds(scores).histogram(bins)
        assert counts.sum() == kept.size
        if kept.size:
            assert edges[0] <= kept.min()
            assert kept.max() <= edges[-1]
    else:
        counts, edges = Thresholds(scores).histogram(bins, low=limits[0], high=limits[1])
        np.testing.assert_array_equal(edges, np.linspace(*limits, bins + 1))
    np.testing.assert_array_equal(counts, np.histogram(kept.astype(np.float64), edges)[0])


def test_scores_are_copied() -> None:
    some = np.array([0.5, np.nan, 0.25], np.float32)
    live = Thresholds(some)
    some[:] = 9
    assert live.at(1) == 0.5
    assert live.at(100) == 0.25


def test_what_is_no_position_and_no_histogram_is_refused() -> None:
    live = Thresholds(np.ones(3, np.float32))
    for percent in (0, -1, 100.5, float("nan")):
        with pytest.raises(BadQueryError):
            live.at(percent)
    for bins, low, high in ((0, None, None), (3, 1.0, 0.0), (3, 0.5, 0.5)):
        with pytest.raises(ShapeError):
            live.histogram(bins, low=low, high=high)
    with pytest.raises(ShapeError):
        Thresholds(np.ones((3, 1), np.float32))
    with pytest.raises(ShapeError):
        Thresholds(np.ones(3))  # type: ignore[arg-type]
    with pytest.raises(ShapeError):
        Thresholds(np.ones(3, np.float32), mask=np.ones(2, bool))
