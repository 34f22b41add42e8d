"""Areas and distances, against the same written out one row at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eex.search.filter import inside_bbox
from eex.search.spread import EARTH_RADIUS_KM, spread, unit_sphere

places = st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), min_size=1, max_size=40)


def haversine_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    lon1, lat1, lon2, lat2 = map(math.radians, (*one, *other))
    a = (
        math.sin((lat2 - lat1) / 2) ** 2
        + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(a)))


@given(places, st.floats(1, 15_000), st.integers(1, 40))
def test_results_keep_their_distance_and_skip_no_better_row(
    lonlat: list[tuple[float, float]], km: float, k: int
) -> None:
    taken: list[int] = []
    for row, place in enumerate(lonlat):
        gaps = [haversine_km(place, lonlat[other]) for other in taken]
        if any(abs(gap - km) < 1e-3 for gap in gaps):
            return  # on the very edge rounding decides
        if len(taken) < k and all(gap > km for gap in gaps):
            taken.append(row)
    found = spread(np.arange(len(lonlat)), np.array(lonlat), km=km, k=k)
    assert found.tolist() == taken


def test_many_near_rows_are_spread_without_comparing_all_pairs() -> None:
    """A quarter of a million rows: comparing every pair would take minutes."""
    rng = np.random.default_rng(0)
    lat = np.degrees(np.arcsin(rng.uniform(-1, 1, 250_000)))
    lonlat = np.column_stack([rng.uniform(-180, 180, 250_000), lat])
    taken = spread(np.arange(250_000), lonlat, km=20, k=50_000)
    assert len(taken) == 50_000
    sample = rng.choice(50_000, 300, replace=False)
    points = unit_sphere(lonlat[taken])
    chords = np.linalg.norm(points[sample, None] - points[None], axis=2)
    chords[np.arange(300), sample] = 2
    assert chords.min() >= 2 * np.sin(20 / EARTH_RADIUS_KM / 2)


def test_without_a_distance_the_first_rows_stay() -> None:
    order = np.array([5, 2, 9])
    assert spread(order, np.zeros((10, 2)), km=0, k=2).tolist() == [5, 2]


@pytest.mark.parametrize(
    ("bbox", "inside"),
    [
        ((-10, -10, 10, 10), [(0, 0), (10, 10), (-10, 3)]),
        ((170, -20, -170, 0), [(175, -10), (-175, -10), (180, -10), (-180, -10)]),
        ((-180, -90, 180, 90), [(0, 0), (180, 90), (-180, -90)]),
        ((175, -20, 180, 0), [(-180, -10), (180, -10)]),
        ((-180, -20, -175, 0), [(-180, -10), (180, -10)]),
    ],
)
def test_a_box_holds_what_lies_in_it(
    bbox: tuple[float, float, float, float], inside: list[tuple[float, float]]
) -> None:
    assert inside_bbox(np.array(inside, float), bbox).all()


@pytest.mark.parametrize(
    ("bbox", "outside"),
    [
        ((-10, -10, 10, 10), [(11, 0), (0, -11), (180, 0)]),
        ((170, -20, -170, 0), [(0, -10), (169, -10), (-169, -10), (175, 1)]),
    ],
)
def test_a_box_does_not_hold_what_lies_beside_it(
    bbox: tuple[float, float, float, float], outside: list[tuple[float, float]]
) -> None:
    assert not inside_bbox(np.array(outside, float), bbox).any()
