"""Areas and distances, against the same written out one row at a time."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from eex.errors import BadQueryError
from eex.extent.globe import inside_bbox
from eex.grid import Grid
from eex.search.spread import (
    EARTH_RADIUS_KM,
    OnePerCell,
    Spread,
    cells_of,
    most_apart,
    unit_sphere,
)

places = st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), min_size=1, max_size=40)


def haversine_km(one: tuple[float, float], other: tuple[float, float]) -> float:
    lon1, lat1, lon2, lat2 = map(math.radians, (*one, *other))
    a = (
        math.sin((lat2 - lat1) / 2) ** 2
        + math.cos(lat1) * math.cos(lat2) * math.sin((lon2 - lon1) / 2) ** 2
    )
    return 2 * EARTH_RADIUS_KM * math.asin(min(1.0, math.sqrt(a)))


@given(places, st.floats(1, 20_040), st.integers(1, 40))
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
    found = Spread(np.array(lonlat), km=km).take(np.arange(len(lonlat)), k)
    assert found.tolist() == taken


def test_many_near_rows_are_spread_without_comparing_all_pairs() -> None:
    """A quarter of a million rows: comparing every pair would take minutes."""
    rng = np.random.default_rng(0)
    lat = np.degrees(np.arcsin(rng.uniform(-1, 1, 250_000)))
    lonlat = np.column_stack([rng.uniform(-180, 180, 250_000), lat])
    taken = Spread(lonlat, km=20).take(np.arange(250_000), 50_000)
    assert len(taken) == 50_000
    sample = rng.choice(50_000, 300, replace=False)
    points = unit_sphere(lonlat[taken])
    chords = np.linalg.norm(points[sample, None] - points[None], axis=2)
    chords[np.arange(300), sample] = 2
    assert chords.min() >= 2 * np.sin(20 / EARTH_RADIUS_KM / 2)


@pytest.mark.parametrize("km", [500.0, 900.0, 4_000.0, 9_900.0, 19_000.0])
def test_rows_near_what_was_kept_are_told_from_others_at_once(km: float) -> None:
    """In blocks, by one product and by cubes: always as one row at a time."""
    rng = np.random.default_rng(3)
    lat = np.degrees(np.arcsin(rng.uniform(-1, 1, 20_000)))
    lonlat = np.column_stack([rng.uniform(-180, 180, 20_000), lat])
    points, kept = unit_sphere(lonlat), list[int]()
    least = 2 * np.sin(km / EARTH_RADIUS_KM / 2)
    for row in range(20_000):
        if not kept or np.linalg.norm(points[kept] - points[row], axis=1).min() >= least:
            kept.append(row)
    sieve = Spread(lonlat, km=km)
    assert sieve.take(np.arange(20_000), 20_000).tolist() == kept
    assert len(kept) <= most_apart(km)
    assert sieve.take(np.arange(20_000), 9).size == 0


def test_only_so_many_places_can_be_so_far_apart() -> None:
    """Of the platonic solids and of caps that do not overlap."""
    corners = {2: 180.0, 3: 120.0, 4: 109.47122, 6: 90.0, 12: 63.434948}
    for count, degrees in corners.items():
        km = math.radians(degrees) * EARTH_RADIUS_KM
        assert most_apart(km * (1 - 1e-6)) == count
    assert most_apart(20_040) == 2
    for km in (60, 70, 300, 2_000, 6_000):
        caps = 2 / (1 - math.cos(km / EARTH_RADIUS_KM / 2))
        assert most_apart(km) > 50_000 or 0.85 * caps < most_apart(km) < caps
    assert most_apart(70) >= most_apart(100) >= most_apart(101)


@given(places, st.floats(1, 20_040), st.integers(1, 40))
def test_rows_may_come_in_pieces(lonlat: list[tuple[float, float]], km: float, piece: int) -> None:
    order, where = np.arange(len(lonlat)), np.array(lonlat)
    sieve = Spread(where, km=km)
    pieces = [sieve.take(order[i : i + piece], 50) for i in range(0, len(order), piece)]
    assert np.concatenate(pieces).tolist() == Spread(where, km=km).take(order, 50).tolist()


@given(st.lists(st.integers(-3, 3), min_size=1, max_size=40), st.integers(1, 9), st.integers(1, 40))
def test_the_best_row_of_each_cell_stays(cells: list[int], k: int, piece: int) -> None:
    codes = np.array(cells)
    order = np.random.default_rng(len(cells)).permutation(len(cells))
    best: dict[int, int] = {}
    for row in order.tolist():
        best.setdefault(cells[row], row)
    assert OnePerCell(codes).take(order, k).tolist() == list(best.values())[:k]
    sieve = OnePerCell(codes)
    pieces = [sieve.take(order[i : i + piece], 50) for i in range(0, len(order), piece)]
    assert np.concatenate(pieces).tolist() == list(best.values())


def test_cells_may_be_coarser_than_tiles() -> None:
    lonlat = np.random.default_rng(0).uniform((-180, -90), (180, 90), (3_000, 2))
    names = Grid(100).cells_at(lonlat).names()
    found = OnePerCell(cells_of(lonlat, km=100)).take(np.arange(3_000), 3_000)
    assert found.tolist() == [i for i, name in enumerate(names) if name not in names[:i]]
    assert len(np.unique(cells_of(lonlat, km=1_000))) < len(np.unique(cells_of(lonlat, km=100)))
    with pytest.raises(BadQueryError, match="cells of 0 km"):
        cells_of(lonlat, km=0)


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
